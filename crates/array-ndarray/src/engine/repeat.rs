//! Rows written several times, one after the other.

use std::mem::MaybeUninit;

use crate::engine::by_size::Movement;
use crate::engine::share;

/// Elements of the result that a thread writes in one turn, about.
const TURN: usize = 1 << 13;

/// Rows of `inner` elements, each as often as its count says, or all as often as the one count.
pub(crate) struct Repeated {
    pub(crate) inner: usize,
    pub(crate) counts: Vec<usize>,
}

// SAFETY: the result is as long as the rows and their counts make it; what is left of it is looked at.
unsafe impl Movement for Repeated {
    fn run<T: Copy + Send + Sync>(&self, from: &[T], mut to: &mut [MaybeUninit<T>]) {
        let Repeated { inner, counts } = self;
        if *inner == 0 || to.is_empty() {
            return;
        }
        if let [count] = counts[..] {
            let to_len = to.len();
            assert_eq!(from.len() * count, to_len);
            let rows = (TURN / (inner * count)).max(1) * inner;
            let pieces = from.chunks(rows).zip(to.chunks_mut(rows * count));
            // Whole rows are copied by wide vectors.
            let operations = if *inner == 1 { to_len } else { to_len * size_of::<T>() / 32 };
            return share::turns_if_worth(operations, pieces, |(from, to)| match (inner, count) {
                (1, 2) => elements::<T, 2>(from, to),
                (1, 3) => elements::<T, 3>(from, to),
                (1, 4) => elements::<T, 4>(from, to),
                (1, _) => {
                    for (to, &value) in to.chunks_exact_mut(count).zip(from) {
                        to.fill(MaybeUninit::new(value));
                    }
                }
                _ => {
                    for (to, row) in to.chunks_exact_mut(inner * count).zip(from.chunks_exact(*inner)) {
                        to.chunks_exact_mut(*inner).for_each(|to| _ = to.write_copy_of_slice(row));
                    }
                }
            });
        }
        for (row, count) in from.chunks_exact(*inner).zip(counts.iter().cycle()) {
            for _ in 0..*count {
                let (now, rest) = to.split_at_mut(*inner);
                match (now, row) {
                    ([to], [value]) => _ = to.write(*value),
                    (to, row) => _ = to.write_copy_of_slice(row),
                }
                to = rest;
            }
        }
        assert!(to.is_empty());
    }
}

/// Writes each element so many times, which the compiler knows.
fn elements<T: Copy, const COUNT: usize>(from: &[T], to: &mut [MaybeUninit<T>]) {
    for (to, &value) in to.as_chunks_mut::<COUNT>().0.iter_mut().zip(from) {
        *to = [MaybeUninit::new(value); COUNT];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::NdArray;
    use crate::engine::by_size::moved;

    #[test]
    fn rows_come_as_often_as_their_counts_say() {
        for (rows, inner) in [(0, 1), (1, 1), (7, 1), (5, 3), (3, 0), (40_000, 1), (300, 300), (2, 50_000)] {
            for counts in [vec![0], vec![1], vec![2], vec![3], vec![4], vec![7], (0..rows).map(|i| i % 3).collect()] {
                let x: Vec<i32> = (0..rows * inner).map(|i| i as i32).collect();
                let count = |r: usize| if counts.len() == 1 { counts[0] } else { counts[r] };
                let row = |r: usize| x[r * inner..(r + 1) * inner].repeat(count(r));
                let want: Vec<i32> = (0..rows).flat_map(row).collect();
                let x = NdArray::from_vec(x.clone(), &[rows, inner]);
                let movement = Repeated { inner, counts: counts.clone() };
                macro_rules! agrees {
                    ($($t:ty)*) => { $(
                        let typed = NdArray::from_vec(x.to_vec::<i32>().unwrap().iter().map(|&i| i as $t).collect(), x.shape());
                        let got = moved(&typed, &[want.len()], &movement).to_vec::<$t>().unwrap();
                        assert!(got == want.iter().map(|&i| i as $t).collect::<Vec<_>>(), "{rows} {inner} {counts:?}");
                    )* };
                }
                agrees!(i32 i64 i16 u8 f64);
            }
        }
    }
}
