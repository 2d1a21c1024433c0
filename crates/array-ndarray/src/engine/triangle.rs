//! Triangles of matrices: of each row the elements on one side of a diagonal, and zeros on the other.

use std::mem::MaybeUninit;

use crate::array::NdArray;
use crate::engine::by_size::{Movement, moved};
use crate::engine::share;

/// Which elements are kept.
#[derive(Clone, Copy)]
pub(crate) enum Side {
    /// Those on the `k`-th diagonal and below.
    Lower,
    /// Those on the `k`-th diagonal and above.
    Upper,
}

/// Elements that a thread moves in one turn, about.
const TURN: usize = 1 << 13;

struct Triangle {
    side: Side,
    k: isize,
    rows: usize,
    columns: usize,
}

// SAFETY: each row of the result is written, on both sides of where it is cut.
unsafe impl Movement for Triangle {
    fn run<T: Copy + Send + Sync>(&self, from: &[T], to: &mut [MaybeUninit<T>]) {
        let &Triangle { side, k, rows, columns } = self;
        if to.is_empty() {
            return;
        }
        let together = (TURN / columns).max(1);
        let pieces = from.chunks(together * columns).zip(to.chunks_mut(together * columns)).enumerate();
        share::turns_if_worth(from.len(), pieces, |(piece, (from, to))| {
            for (r, (from, to)) in from.chunks_exact(columns).zip(to.chunks_exact_mut(columns)).enumerate() {
                let row = ((piece * together + r) % rows) as isize;
                // The first column on the upper side.
                let first = match side {
                    Side::Lower => row.saturating_add(k).saturating_add(1),
                    Side::Upper => row.saturating_add(k),
                };
                let cut = first.clamp(0, columns as isize) as usize;
                let ((low_from, high_from), (low, high)) = (from.split_at(cut), to.split_at_mut(cut));
                let (kept, kept_from, gone) = match side {
                    Side::Lower => (low, low_from, high),
                    Side::Upper => (high, high_from, low),
                };
                kept.write_copy_of_slice(kept_from);
                // All bits zero are the zero of every data type.
                gone.fill(MaybeUninit::zeroed());
            }
        });
    }
}

/// Of each matrix in an array's last two axes one side of the `k`-th diagonal.
pub(crate) fn triangle(x: &NdArray, side: Side, k: isize) -> NdArray {
    let shape = x.shape();
    let (rows, columns) = (shape[shape.len() - 2], shape[shape.len() - 1]);
    moved(x, shape, &Triangle { side, k, rows, columns })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::cast::astype;
    use array_api::{DTYPES, DType};

    #[test]
    fn elements_on_the_other_side_are_zero() {
        for shape in [vec![0, 3], vec![3, 0], vec![1, 1], vec![5, 3], vec![3, 7], vec![2, 4, 5], vec![400, 450]] {
            let [rows, columns] = shape[shape.len() - 2..] else { unreachable!() };
            let n: usize = shape.iter().product();
            let whole: Vec<f64> = (0..n).map(|i| (i % 99 + 1) as f64).collect();
            for dtype in DTYPES.into_iter().filter(|d| n < 1000 || *d == DType::Float32) {
                let x = astype(&NdArray::from_vec(whole.clone(), &shape), dtype).unwrap();
                let order: Vec<usize> = (0..shape.len() - 2).chain([shape.len() - 1, shape.len() - 2]).collect();
                let crossed = x.clone().permuted(&order).contiguous().permuted(&order);
                for k in [isize::MIN, -5, -1, 0, 1, 2, 300, isize::MAX] {
                    for (side, keeps) in [(Side::Lower, true), (Side::Upper, false)] {
                        let kept = |i: usize| {
                            let above = (i % columns) as i128 - (i / columns % rows) as i128;
                            if keeps { above <= k as i128 } else { above >= k as i128 }
                        };
                        let want = (0..n).map(|i| if kept(i) { whole[i] } else { 0.0 }).collect::<Vec<f64>>();
                        let want = astype(&NdArray::from_vec(want, &shape), dtype).unwrap();
                        for x in [&x, &crossed] {
                            let got = triangle(x, side, k);
                            assert_eq!(format!("{got:?}"), format!("{want:?}"), "{shape:?} {dtype} {k}");
                        }
                    }
                }
            }
        }
    }
}
