//! Running sums and products along one axis.

use array_api::{DType, Error, Result};

use crate::array::NdArray;
use crate::engine::binary::{ADD, MULTIPLY};
use crate::engine::cast::astype;
use crate::engine::kernel::Op;
use crate::engine::reduce_kernel::{Kernels, PROD, SUM, find};
use crate::engine::share;

/// The sums of the first 1, 2, ... elements along an axis, accumulated in `dtype`, preceded by 0 if `include_initial`.
///
/// The axis of the result is longer by one then. Elements are added one after the other.
///
/// # Errors
/// [`ErrorKind::DType`](array_api::ErrorKind::DType) if `dtype` is `bool`, or real where `x` is complex.
///
/// ```
/// use array_ndarray::{NdArray, cumulative::cumulative_sum};
/// let x = NdArray::from_vec(vec![1_i64, 2, 3], &[3]);
/// assert_eq!(cumulative_sum(&x, 0, true, x.dtype())?.to_vec::<i64>().unwrap(), [0, 1, 3, 6]);
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn cumulative_sum(x: &NdArray, axis: usize, include_initial: bool, dtype: DType) -> Result<NdArray> {
    run("cumulative_sum", &SUM, &ADD, false, x, axis, include_initial, dtype)
}

/// The products of the first 1, 2, ... elements along an axis, preceded by 1 if `include_initial`; otherwise as
/// [`cumulative_sum`].
///
/// # Errors
/// As [`cumulative_sum`].
pub fn cumulative_prod(x: &NdArray, axis: usize, include_initial: bool, dtype: DType) -> Result<NdArray> {
    run("cumulative_prod", &PROD, &MULTIPLY, true, x, axis, include_initial, dtype)
}

struct Pointers(*const u8, *mut u8);
// SAFETY: threads read, and write disjoint parts.
unsafe impl Sync for Pointers {}

#[allow(clippy::too_many_arguments)]
fn run(
    name: &'static str,
    kernels: &'static Kernels,
    op: &'static Op,
    identity: bool,
    x: &NdArray,
    axis: usize,
    include_initial: bool,
    dtype: DType,
) -> Result<NdArray> {
    let (Some(scan), Some(step)) = (find(kernels, dtype), op.kernels[dtype as usize]) else {
        return Err(Error::dtype(name, format!("is not defined for {dtype}, only for numbers")));
    };
    let x = astype(x, dtype)?.contiguous();
    let first = astype(&NdArray::scalar(identity), dtype)?;
    let (scan, step, size) = (scan.scan, step.inner(), dtype.size());
    let mut shape = x.shape().to_vec();
    let length = shape[axis];
    let outer: usize = shape[..axis].iter().product();
    let inner: usize = shape[axis + 1..].iter().product();
    let extra = include_initial as usize;
    shape[axis] += extra;
    // SAFETY: every line is written: its initial element, its first, and each next one from the one before.
    let out = unsafe {
        NdArray::build(dtype, &shape, &mut |out| {
            let pointers = Pointers(x.ptr(), out);
            let pointers = &pointers;
            let slab = |o: usize| {
                let from = pointers.0.wrapping_add(o * length * inner * size);
                let mut to = pointers.1.wrapping_add(o * (length + extra) * inner * size);
                if include_initial {
                    for i in 0..inner {
                        std::ptr::copy_nonoverlapping(first.ptr(), to.wrapping_add(i * size), size);
                    }
                    to = to.wrapping_add(inner * size);
                }
                if inner == 1 {
                    return scan(length, from, to);
                }
                let row = inner * size;
                if length > 0 {
                    std::ptr::copy_nonoverlapping(from, to, row);
                }
                for r in 1..length {
                    let before = to.wrapping_add((r - 1) * row).cast_const();
                    step(inner, to.wrapping_add(r * row), [before, from.wrapping_add(r * row), std::ptr::null()]);
                }
            };
            if outer * length * inner >= 1 << 14 && share::alone() {
                share::parts(outer, &slab);
            } else {
                (0..outer).for_each(slab);
            }
        })
    };
    Ok(out)
}
