//! The positions of elements in sorted order.
//!
//! Numbers of eight bytes are sorted fastest, by vectors where the processor can (`quick.rs`). Such a number is an element's
//! key, less the leading bits that all keys have in common, with the position in its last bits. Where these take bits in which
//! keys differ, elements that the others do not tell apart lie side by side afterwards, and are sorted among themselves.

use crate::engine::order::{Digits, Ordered};
use crate::engine::radix::{self, Placed, two_runs};
use crate::engine::simd::{Level, compiled, level};
use crate::engine::{pool, share};

/// Elements from which on all threads make the numbers, and those that one makes at a time.
const PARALLEL: usize = 1 << 16;
const PIECE: usize = 1 << 13;

/// Writes the positions of a line's elements in sorted order; equal elements keep theirs.
pub(crate) fn argsort<T: Ordered>(line: &[T], positions: &mut [i64], descending: bool) {
    let runs = two_runs(line, |a, b| a.place(descending) <= b.place(descending));
    if runs == Some(line.len()) {
        return positions.iter_mut().zip(0..).for_each(|(to, i)| *to = i);
    }
    // Keys of four bytes are sorted by their digits where there are no vectors, and two runs are merged.
    let packs = T::Key::BYTES == 8 || (T::Key::BYTES == 4 && level() == Level::Avx512);
    if packs && runs.is_none() && u32::try_from(line.len()).is_ok() {
        packed(line, positions, descending)
    } else {
        by_pairs(line, positions, descending)
    }
}

/// Sorts keys beside their positions.
fn by_pairs<T: Ordered>(line: &[T], positions: &mut [i64], descending: bool) {
    if u32::try_from(line.len()).is_err() {
        positions.iter_mut().zip(0..).for_each(|(to, i)| *to = i);
        return positions.sort_by_key(|&i| line[i as usize].place(descending));
    }
    let mut pairs: Vec<_> = line.iter().zip(0_u32..).map(|(x, i)| Placed(x.place(descending), i)).collect();
    radix::sort(&mut pairs);
    positions.iter_mut().zip(pairs).for_each(|(to, Placed(_, i))| *to = i64::from(i));
}

/// How a key and a position make a number.
#[derive(Clone, Copy)]
struct Packing {
    descending: bool,
    /// The leading bits that all keys have in common.
    shift: u32,
    /// The bits that positions take.
    positions: u64,
}

/// Sorts numbers made of keys and positions.
fn packed<T: Ordered>(line: &[T], positions: &mut [i64], descending: bool) {
    let n = line.len();
    let mut differing = 0;
    // SAFETY: the processor has this level.
    unsafe {
        match level() {
            Level::Baseline => differing_baseline(line, descending, &mut differing),
            Level::Avx2 => differing_avx2(line, descending, &mut differing),
            Level::Avx512 => differing_avx512(line, descending, &mut differing),
        }
    }
    let how = Packing {
        descending,
        shift: differing.leading_zeros().min(63),
        positions: u64::MAX >> (n as u64 - 1).leading_zeros(),
    };
    let mut numbers = pool::vector::<u64>(n);
    numbers.resize(n, 0);
    pieces(line, &mut numbers, |start, line, to| {
        // SAFETY: the processor has this level.
        unsafe {
            match level() {
                Level::Baseline => pack_baseline(line, start, to, how),
                Level::Avx2 => pack_avx2(line, start, to, how),
                Level::Avx512 => pack_avx512(line, start, to, how),
            }
        }
    });
    radix::sort(&mut numbers);
    pieces(&numbers, positions, |_, numbers, to| {
        to.iter_mut().zip(numbers).for_each(|(to, x)| *to = (x & how.positions) as i64);
    });
    if differing << how.shift & how.positions != 0 {
        told_apart(line, &numbers, positions, how);
    }
    pool::keep(numbers);
}

/// Sorts among themselves the elements whose numbers differ in nothing but their positions.
fn told_apart<T: Ordered>(line: &[T], numbers: &[u64], positions: &mut [i64], how: Packing) {
    let place = |i: i64| line[i as usize].place(how.descending);
    let mut rest = positions;
    for alike in numbers.chunk_by(|a, b| a ^ b <= how.positions) {
        let (here, after) = rest.split_at_mut(alike.len());
        rest = after;
        if here.len() > 1 && !here.is_sorted_by_key(|&i| place(i)) {
            // Positions ascend, so that the order of pairs is that of keys and positions.
            let mut pairs: Vec<_> = here.iter().map(|&i| Placed(place(i), i as u32)).collect();
            radix::sort(&mut pairs);
            here.iter_mut().zip(pairs).for_each(|(to, Placed(_, i))| *to = i64::from(i));
        }
    }
}

/// Computes pieces of a result from those of an operand, and where they begin; by all threads where they are many.
fn pieces<A: Sync, B: Send>(from: &[A], to: &mut [B], piece: impl Fn(usize, &[A], &mut [B]) + Sync) {
    match from.len() >= PARALLEL && share::alone() {
        true => share::turns(from.chunks(PIECE).zip(to.chunks_mut(PIECE)).enumerate(), |(i, (from, to))| {
            piece(i * PIECE, from, to);
        }),
        false => piece(0, from, to),
    }
}

compiled!(differing_baseline, differing_avx2, differing_avx512 =
    differing<T: Ordered>(line: &[T], descending: bool, bits: &mut u64));

/// The bits that are not the same in all keys.
#[inline(always)]
unsafe fn differing<T: Ordered>(line: &[T], descending: bool, bits: &mut u64) {
    let Some(first) = line.first().map(|x| x.place(descending).widened()) else { return };
    *bits = line.iter().fold(0, |bits, x| bits | (x.place(descending).widened() ^ first));
}

compiled!(pack_baseline, pack_avx2, pack_avx512 =
    pack<T: Ordered>(line: &[T], start: usize, to: &mut [u64], how: Packing));

#[inline(always)]
unsafe fn pack<T: Ordered>(line: &[T], start: usize, to: &mut [u64], how: Packing) {
    for (i, (to, x)) in to.iter_mut().zip(line).enumerate() {
        let key = x.place(how.descending).widened() << how.shift;
        *to = key & !how.positions | (start + i) as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agrees<T: Ordered>(line: &[T]) {
        for descending in [false, true] {
            let mut want: Vec<i64> = (0..line.len() as i64).collect();
            want.sort_by_key(|&i| line[i as usize].place(descending));
            let mut got = vec![0; line.len()];
            argsort(line, &mut got, descending);
            assert!(got == want, "{} elements, descending: {descending}", line.len());
        }
    }

    #[test]
    fn agrees_with_a_stable_sort() {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 11
        };
        let unit = 0.5_f64.powi(53);
        for n in [0, 1, 2, 3, 5, 64, 1000, 70_001] {
            let bits: Vec<u64> = (0..n).map(|_| next()).collect();
            let each = |f: &dyn Fn(u64) -> f64| bits.iter().map(|&b| f(b)).collect::<Vec<f64>>();
            agrees(&each(&|b| b as f64 * unit));
            agrees(&each(&|b| (b as f64 * unit - 0.5) * f64::from((b % 600) as u32 as f32 - 300.0).exp2()));
            // Whole numbers, and such as differ in their last bits alone.
            agrees(&each(&|b| (b % 50) as f64 - 25.0));
            agrees(&each(&|b| f64::from_bits(1.0_f64.to_bits() + b % 5000)));
            agrees(&each(&|b| if b % 7 == 0 { 1e300 } else { f64::from_bits(b % 300) }));
            agrees(&each(&|b| [f64::NAN, -f64::NAN, 0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY][b as usize % 6]));
            agrees(&bits.iter().map(|&b| (b % 900) as i64 - 450).collect::<Vec<_>>());
            agrees(&bits.iter().map(|&b| if b % 90 == 0 { i64::MIN } else { b as i64 % 9 }).collect::<Vec<_>>());
            agrees(&bits.iter().map(|&b| b as u32).collect::<Vec<_>>());
            agrees(&bits.iter().map(|&b| b as f32).collect::<Vec<_>>());
            agrees(&bits.iter().map(|&b| b as i8).collect::<Vec<_>>());
            agrees(&bits.iter().map(|&b| array_api::Complex::new(b as i8 as f32, b as f32)).collect::<Vec<_>>());
        }
    }
}
