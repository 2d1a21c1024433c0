//! Running sums and products along one axis.

use array_api::{DType, Error, Result};

use crate::array::NdArray;
use crate::engine::binary::{ADD, MULTIPLY};
use crate::engine::cast::astype;
use crate::engine::chain::CACHE_LINE;
use crate::engine::kernel::Op;
use crate::engine::reduce_kernel::{Kernels, PROD, SUM, find};
use crate::engine::scan_kernel::TOGETHER;
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

/// Elements from which on a second thread pays.
const PARALLEL: usize = 1 << 14;
/// Bytes of one slab from which on threads share its rows.
const SHARED: usize = 1 << 20;

fn in_parts(count: usize, threads: usize, part: &(dyn Fn(usize) + Sync)) {
    match threads {
        1 => (0..count).for_each(part),
        _ => share::parts(count, part),
    }
}

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
            if outer * inner == 0 {
                return;
            }
            let parallel = outer * length * inner >= PARALLEL && share::alone();
            let threads = if parallel { rayon::current_num_threads() } else { 1 };
            let begin = |line: usize, count: usize| {
                for i in line..line + count {
                    let at = i / inner * (length + 1) * inner + i % inner;
                    std::ptr::copy_nonoverlapping(first.ptr(), pointers.1.wrapping_add(at * size), size);
                }
            };
            if inner == 1 {
                let group = |g: usize| {
                    let line = g * TOGETHER;
                    let count = TOGETHER.min(outer - line);
                    if include_initial {
                        begin(line, count);
                    }
                    let to = pointers.1.wrapping_add((line * (length + extra) + extra) * size);
                    scan.lines()(count, length, pointers.0.wrapping_add(line * length * size), to, length + extra);
                };
                return in_parts(outer.div_ceil(TOGETHER), threads, &group);
            }
            // Columns of one slab do not wait for each other either, but threads that share its rows wait for their cache lines.
            let shared = outer > 1 || length * inner * size >= SHARED;
            let threads = if shared { threads } else { 1 };
            let width = inner.div_ceil(threads.div_ceil(outer)).next_multiple_of(CACHE_LINE / size).min(inner);
            let per_slab = inner.div_ceil(width);
            let columns = |u: usize| {
                let (o, c) = (u / per_slab, u % per_slab * width);
                let count = width.min(inner - c);
                if include_initial {
                    begin(o * inner + c, count);
                }
                let row = inner * size;
                let from = pointers.0.wrapping_add((o * length * inner + c) * size);
                let to = pointers.1.wrapping_add((o * (length + extra) * inner + extra * inner + c) * size);
                if length > 0 {
                    std::ptr::copy_nonoverlapping(from, to, count * size);
                }
                for r in 1..length {
                    let before = to.wrapping_add((r - 1) * row).cast_const();
                    step(count, to.wrapping_add(r * row), [before, from.wrapping_add(r * row), std::ptr::null()]);
                }
            };
            in_parts(outer * per_slab, threads, &columns);
        })
    };
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::NdElement;

    /// Element by element, in order.
    fn plain<T: NdElement>(
        x: &[T],
        [outer, n, inner]: [usize; 3],
        first: Option<T>,
        join: impl Fn(T, T) -> T,
    ) -> Vec<T> {
        let extra = usize::from(first.is_some());
        let mut out = vec![T::default(); outer * (n + extra) * inner];
        for line in 0..outer * inner {
            let (o, i) = (line / inner, line % inner);
            let to = |k: usize| (o * (n + extra) + k) * inner + i;
            if let Some(first) = first {
                out[to(0)] = first;
            }
            for k in 0..n {
                let now = x[(o * n + k) * inner + i];
                out[to(k + extra)] = if k == 0 { now } else { join(out[to(k - 1 + extra)], now) };
            }
        }
        out
    }

    #[test]
    fn every_type_layout_and_length() {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        };
        let extents: [[usize; 3]; 14] = [
            [1, 0, 1],
            [0, 3, 2],
            [3, 2, 0],
            [1, 1, 1],
            [1, 300, 1],
            [5, 15, 1],
            [5, 17, 1],
            [37, 64, 1],
            [19, 129, 1],
            [200, 150, 1],
            [1, 70, 300],
            [1, 2, 9000],
            [3, 40, 170],
            [2000, 9, 2],
        ];
        macro_rules! agrees {
            ($($t:ty: |$i:ident| $value:expr, $add:expr, $multiply:expr;)*) => { $(
                for shape in extents {
                    let x: Vec<$t> = (0..shape.iter().product()).map(|_| { let $i = next(); $value }).collect();
                    let array = NdArray::from_vec(x.clone(), &shape);
                    let crossed = array.clone().permuted(&[2, 0, 1]).contiguous().permuted(&[1, 2, 0]);
                    let dtype = array.dtype();
                    for array in [array, crossed] {
                        for initial in [false, true] {
                            let zero = initial.then(|| <$t>::default());
                            let one = initial.then(|| <$t>::default() + 1 as u8 as $t);
                            let got = cumulative_sum(&array, 1, initial, dtype).unwrap().to_vec::<$t>().unwrap();
                            let want = plain(&x, shape, zero, $add);
                            assert_eq!(format!("{got:?}"), format!("{want:?}"), "{shape:?} {dtype}");
                            let got = cumulative_prod(&array, 1, initial, dtype).unwrap().to_vec::<$t>().unwrap();
                            let want = plain(&x, shape, one, $multiply);
                            assert_eq!(format!("{got:?}"), format!("{want:?}"), "{shape:?} {dtype}");
                        }
                    }
                }
            )* };
        }
        agrees! {
            i8: |i| i as i8, i8::wrapping_add, i8::wrapping_mul;
            i16: |i| i as i16, i16::wrapping_add, i16::wrapping_mul;
            i32: |i| i as i32, i32::wrapping_add, i32::wrapping_mul;
            i64: |i| i as i64, i64::wrapping_add, i64::wrapping_mul;
            u8: |i| i as u8, u8::wrapping_add, u8::wrapping_mul;
            u64: |i| i, u64::wrapping_add, u64::wrapping_mul;
            f32: |i| (i % 2000) as f32 * 1e-3 - 1.0, |a, b| a + b, |a, b| a * b;
            f64: |i| (i % 2000) as f64 * 1e-3 - 1.0, |a, b| a + b, |a, b| a * b;
        }
    }
}
