//! Where elements are not zero: places are counted piece by piece, so that each piece of the result can be written by itself.

use std::mem::MaybeUninit;

use crate::array::NdArray;
use crate::engine::by_size::{Movement, moved};
use crate::engine::count_kernel::{Until, of};
use crate::engine::{pool, share};

/// Elements of a piece.
const PIECE: usize = 1 << 12;
/// Elements from which on a second thread pays.
const PARALLEL: usize = 1 << 14;

/// The elements of an array that are not zero, in C order.
pub(crate) struct Nonzero {
    x: NdArray,
    /// How many come before each piece, and at last all.
    before: Vec<usize>,
}

impl Nonzero {
    pub(crate) fn of(x: &NdArray) -> Nonzero {
        let x = x.contiguous();
        let pieces = x.len().div_ceil(PIECE);
        let mut before = vec![0; pieces + 1];
        for piece in 0..pieces {
            let first = piece * PIECE;
            let mut count = 0;
            // SAFETY: the piece is the array's, which is contiguous.
            unsafe {
                (of(x.dtype()).loops().lines)(1, PIECE.min(x.len() - first), at(&x, first), Until::End, &mut count)
            };
            before[piece + 1] = before[piece] + count as usize;
        }
        Nonzero { x, before }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.before.last().copied().unwrap_or_default()
    }

    /// Calls `work` for every piece: where it begins, the places in it, and how many come before.
    fn each(&self, work: impl Fn(usize, &[u32], usize) + Sync) {
        let piece = |piece: usize| {
            let first = piece * PIECE;
            let (mut places, mut count) = ([const { MaybeUninit::<u32>::uninit() }; PIECE], 0);
            let (n, to) = (PIECE.min(self.x.len() - first), places.as_mut_ptr().cast::<u32>());
            // SAFETY: the piece is the array's, which is contiguous, and there is room for its places, of which so many are written.
            let places = unsafe {
                of(self.x.dtype()).places()(n, at(&self.x, first), to, &mut count);
                std::slice::from_raw_parts(to, count)
            };
            work(first, places, self.before[piece]);
        };
        let pieces = self.before.len() - 1;
        match self.x.len() >= PARALLEL && share::alone() {
            true => share::parts(pieces, &piece),
            false => (0..pieces).for_each(piece),
        }
    }

    /// The positions along each axis.
    pub(crate) fn positions(&self) -> Vec<NdArray> {
        let (shape, count) = (self.x.shape(), self.count());
        let mut axes: Vec<Vec<i64>> = shape.iter().map(|_| pool::vector(count)).collect();
        let targets: Vec<Target<i64>> = axes.iter_mut().map(|axis| Target(axis.as_mut_ptr())).collect();
        let Some((last, others)) = targets.split_last() else { return vec![] };
        let columns = shape[shape.len() - 1];
        self.each(|first, places, before| {
            let mut index = vec![0; others.len()];
            let mut rest = first / columns;
            for (i, &extent) in index.iter_mut().zip(shape).rev() {
                *i = rest % extent;
                rest /= extent;
            }
            let mut row = first / columns * columns;
            for (k, &place) in places.iter().enumerate() {
                let flat = first + place as usize;
                while flat >= row + columns {
                    row += columns;
                    for (i, &extent) in index.iter_mut().zip(shape).rev() {
                        *i += 1;
                        if *i < extent {
                            break;
                        }
                        *i = 0;
                    }
                }
                // SAFETY: as many positions come before as were counted, and no other piece writes these.
                unsafe {
                    last.at(before + k).write((flat - row) as i64);
                    others.iter().zip(&index).for_each(|(to, &i)| to.at(before + k).write(i as i64));
                }
            }
        });
        let whole = |mut axis: Vec<i64>| {
            // SAFETY: the pieces have written all of the positions that were counted.
            unsafe { axis.set_len(count) };
            NdArray::from_vec(axis, &[count])
        };
        axes.into_iter().map(whole).collect()
    }

    /// The rows of `x` where the array is not zero: it has the first extents of `x`, and a row is what they leave.
    pub(crate) fn rows(&self, x: &NdArray) -> NdArray {
        let rest = &x.shape()[self.x.shape().len()..];
        let shape: Vec<usize> = std::iter::once(self.count()).chain(rest.iter().copied()).collect();
        moved(x, &shape, &Rows(self, rest.iter().product()))
    }
}

fn at(x: &NdArray, i: usize) -> *const u8 {
    x.ptr().wrapping_add(i * x.dtype().size())
}

/// A result of which every piece writes its own part.
struct Target<T>(*mut T);
// SAFETY: threads write disjoint parts.
unsafe impl<T: Send> Sync for Target<T> {}

impl<T> Target<T> {
    fn at(&self, i: usize) -> *mut T {
        self.0.wrapping_add(i)
    }
}

/// Rows of so many elements.
struct Rows<'a>(&'a Nonzero, usize);

// SAFETY: the result has as many rows as were counted, and each is written.
unsafe impl Movement for Rows<'_> {
    fn run<T: Copy + Send + Sync>(&self, from: &[T], to: &mut [MaybeUninit<T>]) {
        let &Rows(nonzero, inner) = self;
        // An array without elements may stand for one of any extents.
        if to.is_empty() {
            return;
        }
        assert_eq!((from.len(), to.len()), (nonzero.x.len() * inner, nonzero.count() * inner));
        let target = Target(to.as_mut_ptr());
        nonzero.each(|first, places, before| {
            // SAFETY: as many rows come before as were counted, and no other piece writes these.
            let to = unsafe { std::slice::from_raw_parts_mut(target.at(before * inner), places.len() * inner) };
            if inner == 1 {
                let from = &from[first..nonzero.x.len().min(first + PIECE)];
                for (to, &i) in to.iter_mut().zip(places) {
                    to.write(from[i as usize]);
                }
            } else if inner > 0 {
                for (to, &i) in to.chunks_exact_mut(inner).zip(places) {
                    to.write_copy_of_slice(&from[(first + i as usize) * inner..][..inner]);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::cast::astype;
    use array_api::{DTYPES, DType};

    #[test]
    fn positions_and_rows_are_those_of_a_plain_loop() {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        };
        for shape in
            [vec![0], vec![1], vec![4096], vec![4097], vec![3, 0], vec![5, 1, 3], vec![150, 201], vec![9, 2, 700]]
        {
            let n: usize = shape.iter().product();
            for few in [0, 1, 5, 10] {
                let values: Vec<f64> = (0..n).map(|_| if next() % 10 < few { 1.0 } else { 0.0 }).collect();
                let flat: Vec<usize> = (0..n).filter(|&i| values[i] != 0.0).collect();
                for dtype in DTYPES {
                    let x = astype(&NdArray::from_vec(values.clone(), &shape), dtype).unwrap();
                    let order: Vec<usize> = (0..shape.len()).rev().collect();
                    let crossed = x.clone().permuted(&order).contiguous().permuted(&order);
                    for x in [x, crossed] {
                        let found = Nonzero::of(&x);
                        assert_eq!(found.count(), flat.len());
                        for (a, got) in found.positions().into_iter().enumerate() {
                            let step: usize = shape[a + 1..].iter().product();
                            let want: Vec<i64> = flat.iter().map(|i| (i / step % shape[a]) as i64).collect();
                            assert_eq!(got.to_vec::<i64>().unwrap(), want, "{shape:?} {dtype} axis {a}");
                        }
                        if dtype == DType::Bool {
                            rows(&found, &shape, &flat);
                        }
                    }
                }
            }
        }
    }

    fn rows(found: &Nonzero, shape: &[usize], flat: &[usize]) {
        for rest in [&[][..], &[3], &[0], &[2, 2]] {
            let all = [shape, rest].concat();
            let inner: usize = rest.iter().product();
            let n: usize = all.iter().product();
            let whole = NdArray::from_vec((0..n as i64).collect::<Vec<_>>(), &all);
            let want: Vec<i64> = flat.iter().flat_map(|i| i * inner..(i + 1) * inner).map(|i| i as i64).collect();
            for dtype in [DType::Int16, DType::Int64, DType::Complex128, DType::UInt8] {
                let got = found.rows(&astype(&whole, dtype).unwrap());
                let want = astype(&NdArray::from_vec(want.clone(), got.shape()), dtype).unwrap();
                assert_eq!(format!("{got:?}"), format!("{want:?}"));
            }
        }
    }
}
