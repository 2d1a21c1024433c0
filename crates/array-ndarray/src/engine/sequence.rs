//! Evenly spaced numbers, computed by vectors and by all threads.
//!
//! Each number depends on its place alone, so it has the same bits in whatever piece it is computed.

use std::mem::MaybeUninit;

use crate::array::NdElement;
use crate::engine::simd::by_level;
use crate::engine::{pool, share};

/// Elements that a thread computes in one turn.
const TURN: usize = 1 << 13;
/// Elements from which on a second thread pays.
const PARALLEL: usize = 1 << 16;
/// Places that are counted side by side: an addition need not wait for the one before.
const SIDE_BY_SIDE: usize = 32;

/// A number that is computed as `f64`.
pub(crate) trait Rounded: NdElement {
    fn rounded(x: f64) -> Self;
}
impl Rounded for f32 {
    #[inline(always)]
    fn rounded(x: f64) -> f32 {
        x as f32
    }
}
impl Rounded for f64 {
    #[inline(always)]
    fn rounded(x: f64) -> f64 {
        x
    }
}

/// An integer that keeps the last bits of an `i64`.
pub(crate) trait Wrapped: NdElement {
    fn wrapped(x: i64) -> Self;
}
macro_rules! wrapped {
    ($($t:ty)*) => { $( impl Wrapped for $t { #[inline(always)] fn wrapped(x: i64) -> $t { x as $t } } )* };
}
wrapped!(i8 i16 i32 i64 u8 u16 u32 u64);

/// The numbers `start + i * step`.
pub(crate) fn progression<T: Rounded>(n: usize, start: f64, step: f64) -> Vec<T> {
    pieces(n, |first, to| by_step(to, first as f64, start, step))
}

/// The integers `start + i * step`, of which as many bits are kept as the type has.
pub(crate) fn integers<T: Wrapped>(n: usize, start: i64, step: i64) -> Vec<T> {
    pieces(n, |first, to| by_integer(to, start.wrapping_add(step.wrapping_mul(first as i64)), step))
}

/// `n` numbers from `start` on, of which number `steps` is `stop`, or would be. Each is reached from the nearer end, so that the
/// sequence is symmetric.
pub(crate) fn between<T: Rounded>(n: usize, [start, stop]: [f64; 2], steps: usize) -> Vec<T> {
    let (span, whole) = (stop - start, steps as f64);
    let mut all = pieces(n, |first, to: &mut [MaybeUninit<T>]| {
        let half = steps.div_ceil(2).saturating_sub(first).min(to.len());
        let (low, high) = to.split_at_mut(half);
        by_part(low, first as f64, 1.0, whole, start, span);
        by_part(high, whole - (first + half) as f64, -1.0, whole, stop, -span);
    });
    // Also where the span is not finite.
    if let Some(last) = all.get_mut(steps) {
        *last = T::rounded(stop);
    }
    if let Some(first) = all.first_mut() {
        *first = T::rounded(start);
    }
    all
}

/// Computes pieces of a vector from where they begin on; `piece` must write all of one.
fn pieces<T: NdElement>(n: usize, piece: impl Fn(usize, &mut [MaybeUninit<T>]) + Sync) -> Vec<T> {
    let mut all = pool::vector::<T>(n);
    let room = &mut all.spare_capacity_mut()[..n];
    match n >= PARALLEL {
        true => share::pieces(room, TURN, &piece),
        false => piece(0, room),
    }
    // SAFETY: the pieces are all of it, and each was written.
    unsafe { all.set_len(n) };
    all
}

by_level!(by_step = each_step, step_baseline, step_avx2, step_avx512
    <T: Rounded>(to: &mut [MaybeUninit<T>], first: f64, start: f64, step: f64));
by_level!(by_part = each_part, part_baseline, part_avx2, part_avx512
    <T: Rounded>(to: &mut [MaybeUninit<T>], first: f64, next: f64, whole: f64, from: f64, span: f64));
by_level!(by_integer = each_integer, integer_baseline, integer_avx2, integer_avx512
    <T: Wrapped>(to: &mut [MaybeUninit<T>], start: i64, step: i64));

#[inline(always)]
unsafe fn each_step<T: Rounded>(to: &mut [MaybeUninit<T>], first: f64, start: f64, step: f64) {
    by_place(to, first, 1.0, |place| start + place * step);
}

#[inline(always)]
unsafe fn each_part<T: Rounded>(to: &mut [MaybeUninit<T>], first: f64, next: f64, whole: f64, from: f64, span: f64) {
    by_place(to, first, next, |place| from + span * (place / whole));
}

/// Writes what comes of the places `first`, `first + next`, ..., which are integers that `f64` has.
#[inline(always)]
fn by_place<T: Rounded>(to: &mut [MaybeUninit<T>], first: f64, next: f64, value: impl Fn(f64) -> f64) {
    let mut places: [f64; SIDE_BY_SIDE] = std::array::from_fn(|l| first + next * l as f64);
    let (groups, rest) = to.as_chunks_mut::<SIDE_BY_SIDE>();
    for group in groups {
        for l in 0..SIDE_BY_SIDE {
            group[l].write(T::rounded(value(places[l])));
            places[l] += next * SIDE_BY_SIDE as f64;
        }
    }
    for (to, place) in rest.iter_mut().zip(places) {
        to.write(T::rounded(value(place)));
    }
}

#[inline(always)]
unsafe fn each_integer<T: Wrapped>(to: &mut [MaybeUninit<T>], start: i64, step: i64) {
    for (i, to) in to.iter_mut().enumerate() {
        to.write(T::wrapped(start.wrapping_add(step.wrapping_mul(i as i64))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTHS: [usize; 12] = [0, 1, 2, 3, 31, 32, 33, 100, 8191, 8193, 70_000, 140_001];

    #[test]
    fn a_progression_has_the_bits_of_its_formula() {
        for n in LENGTHS {
            for (start, step) in [(0.0, 1.0), (-3.7, 0.1), (1e300, -1e297), (0.5, f64::NAN), (5.0, 0.0)] {
                let want: Vec<f64> = (0..n).map(|i| start + i as f64 * step).collect();
                let bits = |x: &[f64]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(&progression::<f64>(n, start, step)), bits(&want));
                let single = progression::<f32>(n, start, step);
                assert!(single.iter().zip(&want).all(|(x, y)| x.to_bits() == (*y as f32).to_bits()));
            }
        }
    }

    #[test]
    fn integers_wrap() {
        for n in LENGTHS {
            for (start, step) in [(0, 1), (-5, 3), (i64::MAX, 1), (7, -1_000_000_007)] {
                let value = |i: usize| i128::from(start) + i as i128 * i128::from(step);
                macro_rules! agrees {
                    ($($t:ty)*) => { $(
                        assert_eq!(integers::<$t>(n, start, step), (0..n).map(|i| value(i) as $t).collect::<Vec<_>>());
                    )* };
                }
                agrees!(i8 i16 i32 i64 u8 u16 u32 u64);
            }
        }
    }

    /// A number between two, as the documentation says.
    fn plain(i: usize, [start, stop]: [f64; 2], steps: usize) -> f64 {
        let t = i as f64 / steps.max(1) as f64;
        match () {
            () if steps == 0 || i == 0 => start,
            () if i == steps => stop,
            () if t < 0.5 => start + (stop - start) * t,
            () => stop - (stop - start) * ((steps - i) as f64 / steps as f64),
        }
    }

    #[test]
    fn numbers_between_two_have_the_bits_of_their_formula() {
        for n in LENGTHS {
            for steps in [n.saturating_sub(1), n] {
                for ends in [[0.0, 1.0], [-2.5, 7.1], [3.0, -3.0], [-0.0, -0.0], [0.0, f64::INFINITY], [1e308, -1e308]]
                {
                    let want: Vec<f64> = (0..n).map(|i| plain(i, ends, steps)).collect();
                    let got = between::<f64>(n, ends, steps);
                    let same = |(x, y): (&f64, &f64)| x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan();
                    assert!(got.iter().zip(&want).all(same), "{n} of {steps} steps between {ends:?}");
                    let single = between::<f32>(n, ends, steps);
                    let same = |(x, y): (&f32, &f64)| x.to_bits() == (*y as f32).to_bits() || x.is_nan() && y.is_nan();
                    assert!(single.iter().zip(&want).all(same), "{n} of {steps} steps between {ends:?}");
                }
            }
        }
    }
}
