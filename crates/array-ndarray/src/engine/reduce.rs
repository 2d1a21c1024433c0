//! Reductions over any axes of any layout.
//!
//! The elements of a result are joined in an order that depends only on how many there are: in blocks of fixed order
//! (`reduce_kernel.rs`), and blocks pairwise as a binary counter carries. So a sum has the same bits alone or in
//! a batch, along contiguous or strided axes, and on any number of threads: threads take whole subtrees.
//!
//! In every function `axes` are valid, distinct axes of `x` in ascending order (all of them for a full reduction), and `shape`
//! is that of the result, with or without the reduced axes.

use array_api::{Complex, DType, Error, Result};
use smallvec::SmallVec;

use crate::array::NdArray;
use crate::engine::cast::astype;
use crate::engine::count;
use crate::engine::pack::{Axis, merged};
use crate::engine::position_kernel::{self, PositionKernel};
use crate::engine::reduce_kernel::{BLOCK, Kernels, MAX, MIN, PROD, ReduceKernel, SUM, find};
use crate::engine::share;

/// The sum, accumulated in `dtype`; 0 of nothing. Integers wrap.
///
/// # Errors
/// [`ErrorKind::DType`](array_api::ErrorKind::DType) if `dtype` is `bool`, or real where `x` is complex.
///
/// ```
/// use array_ndarray::{NdArray, reduce::sum};
/// let x = NdArray::from_vec(vec![1_i8, 100, 100, 2], &[2, 2]);
/// assert_eq!(sum(&x, &[1], &[2], array_api::DType::Int64)?.to_vec::<i64>().unwrap(), [101, 102]);
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn sum(x: &NdArray, axes: &[usize], shape: &[usize], dtype: DType) -> Result<NdArray> {
    if let Some(sum) = count::sum(x, axes, shape, dtype) {
        return sum;
    }
    reduce("sum", &SUM, &astype(x, dtype)?, axes, shape)
}

/// The product, accumulated in `dtype`; 1 of nothing. Integers wrap. Errors as in [`sum`].
pub fn prod(x: &NdArray, axes: &[usize], shape: &[usize], dtype: DType) -> Result<NdArray> {
    reduce("prod", &PROD, &astype(x, dtype)?, axes, shape)
}

/// The largest element; NaN if there is one.
///
/// # Errors
/// [`ErrorKind::DType`](array_api::ErrorKind::DType) for `bool` and complex arrays,
/// [`ErrorKind::Value`](array_api::ErrorKind::Value) if there is nothing to choose from.
pub fn max(x: &NdArray, axes: &[usize], shape: &[usize]) -> Result<NdArray> {
    ordered("max", x)?;
    choose("max", &MAX, true, x, axes, shape)
}

/// The smallest element; NaN if there is one. Errors as in [`max`].
pub fn min(x: &NdArray, axes: &[usize], shape: &[usize]) -> Result<NdArray> {
    ordered("min", x)?;
    choose("min", &MIN, false, x, axes, shape)
}

/// Whether an element is not zero; false of nothing.
///
/// # Errors
/// None for valid axes.
pub fn any(x: &NdArray, axes: &[usize], shape: &[usize]) -> Result<NdArray> {
    Ok(count::any(x, axes, shape))
}

/// Whether no element is zero; true of nothing.
///
/// # Errors
/// None for valid axes.
pub fn all(x: &NdArray, axes: &[usize], shape: &[usize]) -> Result<NdArray> {
    Ok(count::all(x, axes, shape))
}

/// The number of elements that are not zero, in `dtype`.
///
/// # Errors
/// [`ErrorKind::DType`](array_api::ErrorKind::DType) if `dtype` is `bool`.
pub fn count_nonzero(x: &NdArray, axes: &[usize], shape: &[usize], dtype: DType) -> Result<NdArray> {
    count::count_nonzero(x, axes, shape, dtype)
}

/// The loops of a reduction whose results have the data type of its elements, real numbers or booleans.
pub(crate) fn joining(name: &str, dtype: DType) -> Option<&'static ReduceKernel> {
    let kernels = match (name, dtype) {
        ("any", DType::Bool) => &MAX,
        ("all", DType::Bool) => &MIN,
        ("sum", DType::Float32 | DType::Float64) => &SUM,
        ("prod", DType::Float32 | DType::Float64) => &PROD,
        ("max", DType::Float32 | DType::Float64) => &MAX,
        ("min", DType::Float32 | DType::Float64) => &MIN,
        _ => return None,
    };
    find(kernels, dtype)
}

fn ordered(name: &str, x: &NdArray) -> Result<()> {
    if x.dtype() == DType::Bool || x.dtype().is_complex() {
        return Err(Error::dtype(name, format!("is not defined for {}, only for real numbers", x.dtype())));
    }
    Ok(())
}

/// Bytes from which on a second thread pays: some 8 microseconds.
const PARALLEL: usize = 1 << 19;
/// Elements below which choosing one is as quick in order.
const SHORT: usize = 32;
/// Columns reduced together: their partial results stay in the first-level cache.
const COLUMNS: usize = 256;

fn reduce(name: &str, kernels: &'static Kernels, x: &NdArray, axes: &[usize], shape: &[usize]) -> Result<NdArray> {
    run(name, kernels, None, x, axes, shape)
}

/// A reduction to one of the elements, the largest or the smallest.
fn choose(
    name: &str,
    kernels: &'static Kernels,
    largest: bool,
    x: &NdArray,
    axes: &[usize],
    shape: &[usize],
) -> Result<NdArray> {
    let extreme = position_kernel::find(x.dtype()).map(|kernel| (kernel, largest));
    run(name, kernels, extreme, x, axes, shape)
}

fn run(
    name: &str,
    kernels: &'static Kernels,
    extreme: Option<(&'static PositionKernel, bool)>,
    x: &NdArray,
    axes: &[usize],
    shape: &[usize],
) -> Result<NdArray> {
    let dtype = x.dtype();
    let Some(kernel) = find(kernels, dtype) else {
        return Err(Error::dtype(name, format!("is not defined for {dtype}")));
    };
    let plan = Plan { extreme, ..Plan::new(kernel, x, axes) };
    if plan.length == 0 && plan.outputs > 0 {
        return empty(name, dtype, shape);
    }
    // SAFETY: the plan writes every output, and the shape has as many elements.
    Ok(unsafe { NdArray::build(dtype, shape, &mut |out| plan.execute(&Target(out))) })
}

/// The result of reducing nothing.
fn empty(name: &str, dtype: DType, shape: &[usize]) -> Result<NdArray> {
    let value = match name {
        "sum" => NdArray::scalar(false),
        "prod" => NdArray::scalar(true),
        _ => return Err(Error::value(name, "there is no element to choose: a reduced axis has length 0")),
    };
    let value = astype(&value, dtype)?;
    // SAFETY: each element is a copy of a valid one.
    Ok(unsafe {
        NdArray::build(dtype, shape, &mut |out| {
            for i in 0..shape.iter().product() {
                std::ptr::copy_nonoverlapping(value.ptr(), out.add(i * dtype.size()), dtype.size());
            }
        })
    })
}

struct Target(*mut u8);
// SAFETY: threads write disjoint parts.
unsafe impl Sync for Target {}

/// How one array is reduced: the layout of what is kept and of what is joined.
struct Plan {
    kernel: &'static ReduceKernel,
    /// The loop that chooses, if one element is chosen, and whether that is the largest: contiguous elements need no order
    /// then, hence no blocks.
    extreme: Option<(&'static PositionKernel, bool)>,
    size: usize,
    ptr: *const u8,
    /// Axes of the outputs, without the columns.
    kept: SmallVec<[Axis; 6]>,
    /// Axes of the elements that are joined, in C order.
    joined: SmallVec<[Axis; 6]>,
    /// Contiguous outputs reduced as columns of rows; 1 if the elements of an output are gathered instead.
    columns: usize,
    outputs: usize,
    length: usize,
    /// The byte offsets of all elements of an output, where these are few enough to be listed once.
    offsets: Vec<isize>,
}

// SAFETY: read only, from an array that outlives it.
unsafe impl Sync for Plan {}

/// Lengths up to which offsets are listed once for all outputs.
const LISTED: usize = 4096;

fn offset_of(axes: &[Axis], mut index: usize) -> isize {
    let mut offset = 0;
    for axis in axes.iter().rev() {
        offset += (index % axis.len) as isize * axis.step;
        index /= axis.len;
    }
    offset
}

impl Plan {
    fn new(kernel: &'static ReduceKernel, x: &NdArray, axes: &[usize]) -> Plan {
        let size = x.dtype().size();
        let axis = |i: usize| Axis { len: x.shape()[i], step: x.strides()[i] * size as isize };
        let rank = x.shape().len();
        let mut kept = merged((0..rank).filter(|i| !axes.contains(i)).map(axis));
        let joined = merged(axes.iter().map(|&i| axis(i)));
        let outputs = kept.iter().map(|a| a.len).product();
        let length = joined.iter().map(|a| a.len).product();
        let run = joined.len() == 1 && joined[0].step == size as isize;
        let columns = match kept.last() {
            Some(last) if !run && last.step == size as isize && last.len >= 4 => last.len,
            _ => 1,
        };
        if columns > 1 {
            kept.pop();
        }
        let offsets = if !run && length <= LISTED && outputs > 0 {
            (0..length).map(|r| offset_of(&joined, r)).collect()
        } else {
            Vec::new()
        };
        Plan { kernel, extreme: None, size, ptr: x.ptr(), kept, joined, columns, outputs, length, offsets }
    }

    fn execute(&self, out: &Target) {
        if self.outputs == 0 {
            return;
        }
        let per_row = self.columns.div_ceil(COLUMNS);
        let units = self.outputs / self.columns * per_row;
        let blocks = self.length.div_ceil(BLOCK);
        let parallel = self.outputs * self.length * self.size >= PARALLEL && share::alone();
        let threads = if parallel { rayon::current_num_threads() } else { 1 };
        let unit = |u: usize| {
            let (row, chunk) = (u / per_row, u % per_row);
            let from = chunk * COLUMNS;
            let columns = COLUMNS.min(self.columns - from);
            let base = self.ptr.wrapping_offset(offset_of(&self.kept, row)).wrapping_add(from * self.size);
            (base, columns, (row * self.columns + from) * self.size)
        };
        if threads == 1 || units >= 2 * threads {
            // Neighbouring units share scratch space, and threads a cache line seldom.
            let parts = if threads == 1 { 1 } else { (4 * threads).min(units) };
            let part = |p: usize| {
                let mut scratch = Scratch::default();
                for u in units * p / parts..units * (p + 1) / parts {
                    let (base, columns, at) = unit(u);
                    // SAFETY: the unit's outputs are its own.
                    unsafe { self.subtree(base, columns, 0, blocks, out.0.wrapping_add(at), &mut scratch) };
                }
            };
            if parts == 1 {
                part(0)
            } else {
                share::parts(parts, &part)
            }
            return;
        }
        for u in 0..units {
            let (_, columns, at) = unit(u);
            // Subtrees of a power of two of blocks are what the counter would have built; there are many, so that threads end
            // together.
            let span = (blocks / (16 * threads)).next_power_of_two().max(1);
            let parts = blocks.div_ceil(span);
            let row = columns * self.size;
            let mut partial = vec![0_u64; (parts * row).div_ceil(8)];
            let target = Target(partial.as_mut_ptr().cast());
            let whole = &target; // captured whole: the address alone is not shared between threads
            share::parts(parts, &|p| {
                let (first, last) = (p * span, ((p + 1) * span).min(blocks));
                let to = whole.0.wrapping_add(p * row);
                let (base, ..) = unit(u);
                // SAFETY: each part has a row of its own.
                unsafe { self.subtree(base, columns, first, last, to, &mut Scratch::default()) };
            });
            let (mut scratch, from) = (Scratch::default(), target.0.cast_const());
            // SAFETY: a row is read and written once.
            unsafe {
                let to = out.0.wrapping_add(at);
                counter(self.kernel, self.size, columns, parts, to, &mut scratch, |p, to| {
                    std::ptr::copy_nonoverlapping(from.add(p * row), to, row)
                })
            };
        }
    }

    /// Joins blocks `first..last` of `columns` outputs at `base`.
    unsafe fn subtree(
        &self,
        base: *const u8,
        columns: usize,
        first: usize,
        last: usize,
        to: *mut u8,
        scratch: &mut Scratch,
    ) {
        let run = self.joined.is_empty() || self.joined.len() == 1 && self.joined[0].step == self.size as isize;
        let (of_run, of_rows) = (self.kernel.run(), self.kernel.rows());
        if run && self.columns == 1 {
            let (start, end) = (first * BLOCK, (last * BLOCK).min(self.length));
            // SAFETY: the blocks lie within the length, one element after the other.
            unsafe {
                if !self.choose(base, start, end, to) {
                    of_run(end - start, base.wrapping_add(start * self.size), to);
                }
            }
            return;
        }
        let mut gathered = [std::mem::MaybeUninit::<u64>::uninit(); BLOCK * 2];
        let mut listed = Vec::new();
        // SAFETY: blocks lie within the length; a gathered block has at most 256 elements of 16 bytes.
        unsafe {
            counter(self.kernel, self.size, columns, last - first, to, scratch, |b, to| {
                let start = (first + b) * BLOCK;
                let n = BLOCK.min(self.length - start);
                let offsets = if self.offsets.is_empty() {
                    listed.resize(n, 0);
                    self.list(start, &mut listed);
                    &listed[..]
                } else {
                    &self.offsets[start..start + n]
                };
                if self.columns > 1 {
                    of_rows(n, base, offsets.as_ptr(), columns, to)
                } else {
                    let space = gathered.as_mut_ptr().cast::<u8>();
                    gather(self.size, base, offsets, space);
                    of_run(n, space, to)
                }
            })
        }
    }

    /// Chooses one of the contiguous elements `start..end`, if one is chosen and it does not depend on the order which.
    unsafe fn choose(&self, base: *const u8, start: usize, end: usize, to: *mut u8) -> bool {
        let Some((kernel, largest)) = self.extreme else { return false };
        if end - start < SHORT {
            return false;
        }
        let mut sure = false;
        // SAFETY: the elements lie within the output's, and `to` has room for one.
        unsafe { kernel.value()(end - start, base.wrapping_add(start * self.size), largest, to, &mut sure) };
        sure
    }

    /// The byte offsets of elements `start..` of an output.
    fn list(&self, start: usize, offsets: &mut [isize]) {
        let (inner, outer) = self.joined.split_last().map_or((Axis { len: 1, step: 0 }, &[][..]), |(i, o)| (*i, o));
        let (mut row, mut column) = (start / inner.len, start % inner.len);
        let mut base = offset_of(outer, row);
        for offset in offsets {
            if column == inner.len {
                (row, column) = (row + 1, 0);
                base = offset_of(outer, row);
            }
            *offset = base + column as isize * inner.step;
            column += 1;
        }
    }
}

/// Joins `count >= 1` rows of `columns` elements that `fill` produces in turn, as a binary counter carries.
///
/// # Safety
/// The kernel must be of elements of `size` bytes, and `to` have room for a row, which `fill` must write.
pub(super) unsafe fn counter(
    kernel: &ReduceKernel,
    size: usize,
    columns: usize,
    count: usize,
    to: *mut u8,
    scratch: &mut Scratch,
    mut fill: impl FnMut(usize, *mut u8),
) {
    if count == 1 {
        return fill(0, to);
    }
    let row = columns * size;
    let levels = count.ilog2() as usize + 2;
    let stack = scratch.reserve(levels * row);
    let join = kernel.join();
    let mut top = 0;
    // SAFETY: at most one row per bit of `count` and the new one are on the stack.
    unsafe {
        for i in 0..count {
            fill(i, stack.add(top * row));
            top += 1;
            for _ in 0..(i + 1).trailing_zeros() {
                top -= 1;
                join(columns, stack.add(top * row), stack.add((top - 1) * row));
            }
        }
        while top > 1 {
            top -= 1;
            join(columns, stack.add(top * row), stack.add((top - 1) * row));
        }
        std::ptr::copy_nonoverlapping(stack, to, row);
    }
}

/// Space for partial results, kept from unit to unit.
#[derive(Default)]
pub(super) struct Scratch(Vec<u64>);

impl Scratch {
    fn reserve(&mut self, bytes: usize) -> *mut u8 {
        if self.0.len() * 8 < bytes {
            self.0.resize(bytes.div_ceil(8), 0);
        }
        self.0.as_mut_ptr().cast()
    }
}

unsafe fn gather(size: usize, base: *const u8, offsets: &[isize], to: *mut u8) {
    unsafe fn typed<T: Copy>(base: *const u8, offsets: &[isize], to: *mut T) {
        for (i, &offset) in offsets.iter().enumerate() {
            // SAFETY: the caller's.
            unsafe { *to.add(i) = *base.offset(offset).cast::<T>() };
        }
    }
    // SAFETY: the offsets are of elements, and `to` has room for as many.
    unsafe {
        match size {
            1 => typed::<u8>(base, offsets, to),
            2 => typed::<u16>(base, offsets, to.cast()),
            4 => typed::<u32>(base, offsets, to.cast()),
            8 => typed::<[u32; 2]>(base, offsets, to.cast()),
            _ => typed::<Complex<f64>>(base, offsets, to.cast()),
        }
    }
}
