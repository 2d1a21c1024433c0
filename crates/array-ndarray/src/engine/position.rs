//! Positions of the largest and smallest elements.

use array_api::{Error, Result};

use crate::array::NdArray;
use crate::engine::position_kernel::{COLUMNS, PositionKernel, find};
use crate::engine::share;

/// The position of the first largest element along an axis, or in C order of the whole array; a NaN counts as largest.
///
/// The result is `int64` of the given shape.
///
/// # Errors
/// [`ErrorKind::DType`](array_api::ErrorKind::DType) for `bool` and complex arrays,
/// [`ErrorKind::Value`](array_api::ErrorKind::Value) if there is nothing to choose from.
///
/// ```
/// use array_ndarray::{NdArray, position::argmax};
/// let x = NdArray::from_vec(vec![1.0, 3.0, 3.0, 7.0, f64::NAN, f64::NAN], &[2, 3]);
/// assert_eq!(argmax(&x, Some(1), &[2])?.to_vec::<i64>().unwrap(), [1, 1]);
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn argmax(x: &NdArray, axis: Option<usize>, shape: &[usize]) -> Result<NdArray> {
    run("argmax", x, axis, shape, true)
}

/// The position of the first smallest element; a NaN counts as smallest; otherwise as [`argmax`].
///
/// # Errors
/// As [`argmax`].
pub fn argmin(x: &NdArray, axis: Option<usize>, shape: &[usize]) -> Result<NdArray> {
    run("argmin", x, axis, shape, false)
}

/// Bytes from which on a second thread pays.
const PARALLEL: usize = 1 << 20;

struct Target(*mut i64);
// SAFETY: threads write disjoint parts.
unsafe impl Sync for Target {}

impl Target {
    fn at(&self, i: usize) -> *mut i64 {
        self.0.wrapping_add(i)
    }
}

struct Source(*const u8);
// SAFETY: only read.
unsafe impl Sync for Source {}

impl Source {
    fn at(&self, byte: usize) -> *const u8 {
        self.0.wrapping_add(byte)
    }
}

fn run(name: &'static str, x: &NdArray, axis: Option<usize>, shape: &[usize], largest: bool) -> Result<NdArray> {
    let Some(kernel) = find(x.dtype()) else {
        return Err(Error::dtype(name, format!("is not defined for {}, only for real numbers", x.dtype())));
    };
    let lens = x.shape();
    let (outer, length, inner) = match axis {
        Some(axis) => (lens[..axis].iter().product(), lens[axis], lens[axis + 1..].iter().product::<usize>()),
        None => (1, x.len(), 1),
    };
    let outputs: usize = outer * inner;
    if outputs > 0 && length == 0 {
        return Err(Error::value(name, "there is no element to choose: the axis has length 0"));
    }
    let mut positions = vec![0_i64; outputs];
    if outputs == 0 {
        return Ok(NdArray::from_vec(positions, shape));
    }
    let x = x.contiguous();
    let size = x.dtype().size();
    let (from, to) = (&Source(x.ptr()), &Target(positions.as_mut_ptr()));
    let threads = if x.len() * size >= PARALLEL && share::alone() { rayon::current_num_threads() } else { 1 };
    if inner == 1 && outer < 2 * threads && threads > 1 {
        for (o, position) in positions.iter_mut().enumerate() {
            *position = long_line(kernel, size, from.at(o * length * size), length, threads, largest) as i64;
        }
        return Ok(NdArray::from_vec(positions, shape));
    }
    let (line, columns) = (kernel.line(), kernel.columns());
    let per_row = inner.div_ceil(COLUMNS);
    let unit = |u: usize| {
        let (o, c) = (u / per_row, u % per_row * COLUMNS);
        let start = from.at((o * length * inner + c) * size);
        // SAFETY: a line, or columns of one, of the contiguous array, and their own part of the result.
        unsafe {
            if inner == 1 {
                let mut position = 0;
                line(length, start, largest, &mut position);
                *to.at(o) = position as i64;
            } else {
                columns(length, start, inner, COLUMNS.min(inner - c), largest, to.at(o * inner + c));
            }
        }
    };
    let units = outer * per_row;
    if threads == 1 {
        (0..units).for_each(unit);
    } else {
        let parts = (4 * threads).min(units);
        share::parts(parts, &|p| (units * p / parts..units * (p + 1) / parts).for_each(unit));
    }
    Ok(NdArray::from_vec(positions, shape))
}

/// The best of one line by all threads: of the best in each part the first best one.
fn long_line(
    kernel: &PositionKernel,
    size: usize,
    from: *const u8,
    length: usize,
    threads: usize,
    largest: bool,
) -> usize {
    let line = kernel.line();
    let parts = (4 * threads).min(length);
    let mut best = vec![0_i64; parts];
    let (source, target) = (&Source(from), &Target(best.as_mut_ptr()));
    share::parts(parts, &|p| {
        let (first, end) = (length * p / parts, length * (p + 1) / parts);
        let mut position = 0;
        // SAFETY: a part of the line, with one element at least, and its own place for a position.
        unsafe {
            line(end - first, source.at(first * size), largest, &mut position);
            *target.at(p) = (first + position) as i64;
        }
    });
    let mut values = vec![0_u64; (parts * size).div_ceil(8)];
    let mut winner = 0;
    // SAFETY: an element of the line for each part, in a vector aligned for all of them.
    unsafe {
        for (p, &position) in best.iter().enumerate() {
            let value = values.as_mut_ptr().cast::<u8>().add(p * size);
            std::ptr::copy_nonoverlapping(from.add(position as usize * size), value, size);
        }
        line(parts, values.as_ptr().cast(), largest, &mut winner);
    }
    best[winner] as usize
}
