//! Inner products of lines with lines: sums of products in one pass over memory.
//!
//! A line is cut into blocks, each is summed in parts (`dots.rs`), and the sums of blocks are added pairwise. So the bits depend
//! on the line's length and elements alone.

use crate::array::NdElement;
use crate::engine::dots::{Summed, dot};
use crate::engine::simd::by_level;
use crate::engine::{pool, share};

/// Elements of a block: rounding errors grow with its parts' lengths, and then with the logarithm of the number of blocks.
const BLOCK: usize = 1 << 12;

/// The inner product of each line of `x` with that of `y`; both are lines of `n >= 1` elements, one after the other.
pub(crate) fn inner<T: Summed + NdElement>(n: usize, x: &[T], y: &[T]) -> Vec<T> {
    let (lines, blocks) = (x.len() / n, n.div_ceil(BLOCK));
    let mut sums = pool::cleared::<T>(lines * blocks);
    // Some blocks at a time, so that a turn is worth taking.
    let turn = (2 * BLOCK).div_ceil(n.min(BLOCK));
    let turns = sums.chunks_mut(turn).enumerate();
    share::turns_if_worth(x.len(), turns, |(i, sums)| of_blocks(n, i * turn, x, y, sums));
    if blocks == 1 {
        return sums;
    }
    let mut totals = pool::vector::<T>(lines);
    totals.extend(sums.chunks_exact(blocks).map(pairwise));
    pool::keep(sums);
    totals
}

by_level!(of_blocks = each_block, blocks_baseline, blocks_avx2, blocks_avx512
    <T: Summed>(n: usize, first: usize, x: &[T], y: &[T], sums: &mut [T]));

/// The sums of products of blocks from the `first` on.
#[inline(always)]
unsafe fn each_block<T: Summed>(n: usize, first: usize, x: &[T], y: &[T], sums: &mut [T]) {
    let blocks = n.div_ceil(BLOCK);
    let (mut line, mut block) = (first / blocks, first % blocks);
    for sum in sums {
        let (start, end) = (line * n + block * BLOCK, line * n + n.min((block + 1) * BLOCK));
        *sum = dot(&x[start..end], &y[start..end]);
        block += 1;
        if block == blocks {
            (line, block) = (line + 1, 0);
        }
    }
}

fn pairwise<T: Summed>(sums: &[T]) -> T {
    match sums {
        [sum] => *sum,
        _ => {
            let (left, right) = sums.split_at(sums.len().next_power_of_two() / 2);
            T::plus(pairwise(left), pairwise(right))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_any_length() {
        for (lines, n) in [(0, 5), (1, 1), (3, 63), (50, 128), (2, 4096), (3, 4097), (1, 70_001), (40, 9000)] {
            let x: Vec<f64> = (0..lines * n).map(|i| (i * 7919 % 101) as f64 - 50.0).collect();
            let y: Vec<f64> = (0..lines * n).map(|i| (i * 104_729 % 97) as f64 - 48.0).collect();
            // Whole numbers, whose sums are exact.
            let due: Vec<f64> = (0..lines).map(|l| (l * n..(l + 1) * n).map(|i| x[i] * y[i]).sum()).collect();
            assert_eq!(inner(n, &x, &y), due, "{lines} lines of {n}");
            let single = |x: &[f64]| x.iter().map(|&x| x as f32).collect::<Vec<_>>();
            let made = inner(n, &single(&x), &single(&y));
            assert!(
                made.iter().zip(&due).all(|(&made, due)| (f64::from(made) - due).abs() <= 1e-6 * 2500.0 * n as f64)
            );
        }
    }

    #[test]
    fn a_line_does_not_know_its_neighbours_or_the_threads() {
        let (lines, n) = (9, 20_001);
        let x: Vec<f64> = (0..lines * n).map(|i| (i as f64 * 0.37).sin()).collect();
        let all = inner(n, &x, &x);
        for l in 0..lines {
            let line = &x[l * n..(l + 1) * n];
            assert_eq!(inner(n, line, line)[0].to_bits(), all[l].to_bits());
        }
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        assert_eq!(one.install(|| inner(n, &x, &x)), all);
    }
}
