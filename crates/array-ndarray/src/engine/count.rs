//! Counts of elements that are not zero, over any axes of any layout: also whether there is one, or no other. Sums of small
//! integers are made the same way.
//!
//! None of them depends on the order in which one looks, so axes that are joined may be looked at as they lie in memory.

use array_api::{DType, Error, Result};

use crate::array::NdArray;
use crate::engine::cast::astype;
use crate::engine::count_kernel::{COLUMNS, Loops, Until, of};
use crate::engine::{pool, share, total_kernel};

/// The number of elements that are not zero along axes, in `dtype`; `shape` is that of the result.
pub(crate) fn count_nonzero(x: &NdArray, axes: &[usize], shape: &[usize], dtype: DType) -> Result<NdArray> {
    if dtype == DType::Bool {
        return Err(Error::dtype("count_nonzero", "is not defined for bool"));
    }
    let (counts, _) = counts(x, axes, Until::End);
    astype(&NdArray::from_vec(counts, shape), dtype)
}

/// The sum along axes of integers of fewer than 64 bits, or of truth values, as one of the types of 64 bits; of others none.
pub(crate) fn sum(x: &NdArray, axes: &[usize], shape: &[usize], dtype: DType) -> Option<Result<NdArray>> {
    if !matches!(dtype, DType::Int64 | DType::UInt64) {
        return None;
    }
    let loops = if x.dtype() == DType::Bool { of(x.dtype()).loops() } else { total_kernel::of(x.dtype())? };
    let (sums, _) = tallied(x, axes, loops, Until::End);
    Some(astype(&NdArray::from_vec(sums, shape), dtype))
}

/// Whether an element along axes is not zero; false of nothing.
pub(crate) fn any(x: &NdArray, axes: &[usize], shape: &[usize]) -> NdArray {
    let (counts, _) = counts(x, axes, Until::Some);
    decided(counts, shape, |count| count > 0)
}

/// Whether no element along axes is zero; true of nothing.
pub(crate) fn all(x: &NdArray, axes: &[usize], shape: &[usize]) -> NdArray {
    let (counts, n) = counts(x, axes, Until::Zero);
    decided(counts, shape, |count| count == n as i64)
}

fn decided(counts: Vec<i64>, shape: &[usize], is: impl Fn(i64) -> bool) -> NdArray {
    let mut all = pool::vector::<bool>(counts.len());
    all.extend(counts.iter().map(|&count| is(count)));
    pool::keep(counts);
    NdArray::from_vec(all, shape)
}

/// Bytes from which on a second thread pays: some 10 microseconds.
const PARALLEL: usize = 1 << 19;

/// The array in C order as slabs before the axes that are joined, these, and what lies behind them.
fn arranged(x: &NdArray, axes: &[usize]) -> (NdArray, [usize; 3]) {
    let rank = x.shape().len();
    let extent = |axes: &[usize]| axes.iter().map(|&a| x.shape()[a]).product::<usize>();
    let kept: Vec<usize> = (0..rank).filter(|a| !axes.contains(a)).collect();
    let mut joined = axes.to_vec();
    joined.sort_by_key(|&a| std::cmp::Reverse(x.strides()[a].unsigned_abs()));
    let last: Vec<usize> = kept.iter().chain(&joined).copied().collect();
    let turned = x.clone().permuted(&last);
    let side_by_side = axes.windows(2).all(|pair| pair[0] + 1 == pair[1]);
    match axes {
        [first, .., end] | [first @ end] if side_by_side && !turned.is_contiguous() => {
            let [before, behind] = [0..*first, end + 1..rank].map(|range| range.map(|a| x.shape()[a]).product());
            (x.contiguous(), [before, extent(axes), behind])
        }
        _ => (turned.contiguous(), [extent(&kept), extent(&joined), 1]),
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

struct Target(*mut i64);
// SAFETY: threads write disjoint parts.
unsafe impl Sync for Target {}

impl Target {
    fn at(&self, i: usize) -> *mut i64 {
        self.0.wrapping_add(i)
    }
}

/// The count of each output, as far as it was looked, and how many elements an output has.
fn counts(x: &NdArray, axes: &[usize], until: Until) -> (Vec<i64>, usize) {
    tallied(x, axes, of(x.dtype()).loops(), until)
}

/// What loops give for each output, and how many elements an output has.
fn tallied(x: &NdArray, axes: &[usize], loops: Loops, until: Until) -> (Vec<i64>, usize) {
    let (x, [outer, n, inner]) = arranged(x, axes);
    let mut counts = pool::cleared::<i64>(outer * inner);
    if x.is_empty() {
        return (counts, n);
    }
    let size = x.dtype().size();
    let (from, to) = (&Source(x.ptr()), &Target(counts.as_mut_ptr()));
    let threads = if x.len() * size >= PARALLEL && share::alone() { rayon::current_num_threads() } else { 1 };
    if inner > 1 {
        let per_slab = inner.div_ceil(COLUMNS);
        let unit = |u: usize| {
            let (o, c) = (u / per_slab, u % per_slab * COLUMNS);
            // SAFETY: columns of the contiguous array, and their own part of the result.
            unsafe {
                let from = from.at((o * n * inner + c) * size);
                (loops.columns)(n, from, inner, COLUMNS.min(inner - c), to.at(o * inner + c));
            }
        };
        in_parts(outer * per_slab, threads, &|units| units.for_each(unit));
    } else if outer >= 2 * threads || threads == 1 {
        in_parts(outer, threads, &|lines| {
            let (from, to) = (from.at(lines.start * n * size), to.at(lines.start));
            // SAFETY: lines of the contiguous array, and their own part of the result.
            unsafe { (loops.lines)(lines.len(), n, from, until, to) };
        });
    } else {
        for (o, count) in counts.iter_mut().enumerate() {
            *count = long_line(loops, size, from.at(o * n * size), n, threads, until);
        }
    }
    (counts, n)
}

/// Shares units among threads, a range of them at a time.
fn in_parts(units: usize, threads: usize, part: &(dyn Fn(std::ops::Range<usize>) + Sync)) {
    if threads == 1 {
        return part(0..units);
    }
    let parts = (4 * threads).min(units);
    share::parts(parts, &|p| part(units * p / parts..units * (p + 1) / parts));
}

/// One line by all threads.
fn long_line(loops: Loops, size: usize, from: *const u8, n: usize, threads: usize, until: Until) -> i64 {
    let parts = (4 * threads).min(n);
    let mut counts = vec![0_i64; parts];
    let (source, target) = (&Source(from), &Target(counts.as_mut_ptr()));
    share::parts(parts, &|p| {
        let (first, end) = (n * p / parts, n * (p + 1) / parts);
        // SAFETY: a part of the line, and its own place for a count.
        unsafe { (loops.lines)(1, end - first, source.at(first * size), until, target.at(p)) };
    });
    counts.iter().fold(0, |sum, &count| sum.wrapping_add(count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use array_api::{Complex, DTYPES, with_element};

    fn agrees(x: &NdArray, axes: &[usize]) {
        // Truth values as bytes, counted one by one.
        let truth = astype(x, DType::Bool).unwrap();
        let kept: Vec<usize> = (0..x.shape().len()).filter(|a| !axes.contains(a)).collect();
        let shape: Vec<usize> = kept.iter().map(|&a| x.shape()[a]).collect();
        let order: Vec<usize> = kept.iter().chain(axes).copied().collect();
        let outputs = shape.iter().product();
        let n: usize = axes.iter().map(|&a| x.shape()[a]).product();
        let lines = truth.permuted(&order).to_vec::<bool>().unwrap();
        let want: Vec<i64> =
            (0..outputs).map(|o| lines[o * n..(o + 1) * n].iter().map(|&b| i64::from(b)).sum()).collect();
        let got = count_nonzero(x, axes, &shape, DType::Int64).unwrap();
        assert_eq!(got.to_vec::<i64>().unwrap(), want, "{:?} {axes:?} {:?}", x.shape(), x.dtype());
        let bools = |is: &dyn Fn(i64) -> bool| want.iter().map(|&c| is(c)).collect::<Vec<_>>();
        assert_eq!(any(x, axes, &shape).to_vec::<bool>().unwrap(), bools(&|c| c > 0));
        assert_eq!(all(x, axes, &shape).to_vec::<bool>().unwrap(), bools(&|c| c == n as i64));
        let Some(sums) = sum(x, axes, &shape, DType::Int64) else { return };
        let lines = astype(x, DType::Int64).unwrap().permuted(&order).to_vec::<i64>().unwrap();
        let want: Vec<i64> = (0..outputs).map(|o| lines[o * n..(o + 1) * n].iter().sum()).collect();
        assert_eq!(sums.unwrap().to_vec::<i64>().unwrap(), want, "{:?} {axes:?} {:?}", x.shape(), x.dtype());
        let unsigned = sum(x, axes, &shape, DType::UInt64).unwrap().unwrap();
        assert_eq!(unsigned.to_vec::<u64>().unwrap(), want.iter().map(|&s| s as u64).collect::<Vec<_>>());
    }

    #[test]
    fn every_type_layout_and_length() {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        };
        let shapes: [&[usize]; 12] = [
            &[0],
            &[1],
            &[7],
            &[191],
            &[4, 0, 3],
            &[3, 193, 5],
            &[5, 2, 8],
            &[300, 260],
            &[2, 9000],
            &[1, 1, 40],
            &[700, 300],
            &[150_000],
        ];
        for dtype in DTYPES {
            for shape in shapes {
                // Few zeros, many, and none.
                for zeros in [0, 1, 9] {
                    let n = shape.iter().product();
                    let values = (0..n).map(|_| if next() % 10 < zeros { 0.0 } else { (next() % 3) as f64 + 1.0 });
                    let x = astype(&NdArray::from_vec(values.collect::<Vec<f64>>(), shape), dtype).unwrap();
                    for axes in [&[][..], &[0], &[1], &[2], &[0, 1], &[0, 2], &[1, 2], &[0, 1, 2]] {
                        if axes.iter().all(|&a| a < shape.len()) {
                            agrees(&x, axes);
                            let order: Vec<usize> = (0..shape.len()).rev().collect();
                            let axes: Vec<usize> = axes.iter().rev().map(|a| shape.len() - 1 - a).collect();
                            agrees(&x.clone().permuted(&order), &axes);
                        }
                    }
                    with_element!(dtype, T => if let Some(a) = <T as crate::array::NdElement>::peel(&x) {
                        let step = vec![ndarray::SliceInfoElem::Slice { start: 0, end: None, step: -2 }; shape.len()];
                        agrees(&<T as crate::array::NdElement>::wrap(a.clone().slice_move(&step[..])), &[0]);
                    });
                }
            }
        }
    }

    #[test]
    fn sums_of_small_integers_are_exact() {
        let (n, [rows, columns]) = (1_000_001_usize, [70_000_usize, 3]);
        for (extreme, dtype) in [
            (i64::from(i8::MIN), DType::Int8),
            (i64::from(i16::MIN), DType::Int16),
            (i64::from(i32::MIN), DType::Int32),
            (i64::from(u8::MAX), DType::UInt8),
            (i64::from(u16::MAX), DType::UInt16),
            (i64::from(u32::MAX), DType::UInt32),
        ] {
            let long = astype(&NdArray::from_vec(vec![extreme; n], &[n]), dtype).unwrap();
            let total = sum(&long, &[0], &[], DType::Int64).unwrap().unwrap();
            assert_eq!(total.to_vec::<i64>().unwrap(), [extreme * n as i64], "{dtype:?}");
            let wide = astype(&NdArray::from_vec(vec![extreme; rows * columns], &[rows, columns]), dtype).unwrap();
            let totals = sum(&wide, &[0], &[columns], DType::Int64).unwrap().unwrap();
            assert_eq!(totals.to_vec::<i64>().unwrap(), [extreme * rows as i64; 3], "{dtype:?}");
        }
        assert!(sum(&NdArray::from_vec(vec![1.0_f32], &[1]), &[0], &[], DType::Int64).is_none());
        assert!(sum(&NdArray::from_vec(vec![1_i32], &[1]), &[0], &[], DType::Int32).is_none());
    }

    #[test]
    fn what_is_zero() {
        let x = NdArray::from_vec(vec![0.0, -0.0, f64::NAN, 5e-324, f64::INFINITY], &[5]);
        assert_eq!(count_nonzero(&x, &[0], &[], DType::Int64).unwrap().to_vec::<i64>().unwrap(), [3]);
        let z = |re, im| Complex::<f32>::new(re, im);
        let x = NdArray::from_vec(vec![z(0.0, -0.0), z(0.0, 1.0), z(f32::NAN, 0.0), z(2.0, 0.0)], &[4]);
        assert_eq!(count_nonzero(&x, &[0], &[], DType::Float32).unwrap().to_vec::<f32>().unwrap(), [3.0]);
        assert!(count_nonzero(&x, &[0], &[], DType::Bool).is_err());
    }
}
