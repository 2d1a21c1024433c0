//! Quicksort of unsigned integers by vectors of AVX-512, after Bramas: parts are split by moving the lanes of vectors, and
//! short ones sorted in registers (`network.rs`).
//!
//! Keys that are equal are the same, so the result is that of any sort. A million keys of four bytes take a third of the time
//! that counting digits takes.

use std::arch::x86_64::*;
use std::sync::{Mutex, PoisonError};

pub(crate) use crate::engine::network::Lane;
use crate::engine::network::{VECTORS, short};
use crate::engine::share;
use crate::engine::simd::{Level, level};

/// Vectors that are read at a time from either end.
const AT_ONCE: usize = 4;

/// Moves keys less than the pivot (or equal to it, if so said) before the others, and returns how many they are. There must be
/// at least `2 * AT_ONCE` vectors.
///
/// Vectors are read from the end where less room has been made, so that there is room for a vector at both ends.
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,bmi1,bmi2,lzcnt,popcnt")]
unsafe fn split<K: Lane>(keys: &mut [K], pivot: K, equal_too: bool) -> usize {
    let (n, x) = (keys.len(), keys.as_mut_ptr());
    let step = AT_ONCE * K::LANES;
    debug_assert!(n >= 2 * step);
    // SAFETY: the room between `low` and `left` and that between `right` and `high` are `2 * step` keys together. The smaller
    // one grows by `step` when as many are read, so that both have a vector for each of those that follow.
    unsafe {
        let pivot = K::splat(pivot);
        let all = ((1_u32 << K::LANES) - 1) as u16;
        let below = |v| if equal_too { all & !K::less(pivot, v) } else { K::less(v, pivot) };
        let read =
            |at: usize| -> [__m512i; AT_ONCE] { std::array::from_fn(|k| K::load(x.add(at + k * K::LANES), K::LANES)) };
        let put = |(low, high): &mut (usize, usize), lanes: u16, v: __m512i| {
            let v = K::parted(lanes, v);
            K::store(x.add(*low), K::LANES, v);
            K::store(x.add(*high - K::LANES), K::LANES, v);
            let count = lanes.count_ones() as usize;
            *low += count;
            *high -= K::LANES - count;
        };
        let ends = [read(0), read(n - step)];
        let (mut left, mut right) = (step, n - step);
        let mut room = (0, n);
        while right - left >= step {
            // Without a branch, which would be guessed wrong half of the time.
            let from_left = left - room.0 <= room.1 - right;
            right -= if from_left { 0 } else { step };
            let v = read(if from_left { left } else { right });
            left += if from_left { step } else { 0 };
            let lanes = v.map(below);
            for (v, lanes) in v.into_iter().zip(lanes) {
                put(&mut room, lanes, v);
            }
        }
        // What is left in the middle is read before the ends are written.
        let rest: [__m512i; AT_ONCE] = std::array::from_fn(|k| {
            let at = left + k * K::LANES;
            K::load(x.wrapping_add(at), right.saturating_sub(at).min(K::LANES))
        });
        let (whole, few) = ((right - left) / K::LANES, (right - left) % K::LANES);
        let there = ((1_u32 << few) - 1) as u16;
        let lanes = below(rest[whole]) & there;
        let count = lanes.count_ones() as usize;
        K::store(x.add(room.0), count, K::compress(lanes, rest[whole]));
        K::store(x.add(room.1 + count - few), few - count, K::compress(there & !lanes, rest[whole]));
        room = (room.0 + count, room.1 + count - few);
        for &v in ends.as_flattened().iter().chain(&rest[..whole]) {
            put(&mut room, below(v), v);
        }
        room.0
    }
}

/// The least, the middle and the greatest of some of the keys.
fn sampled<K: Lane>(keys: &[K]) -> [K; 3] {
    const SAMPLES: usize = 64;
    let n = keys.len();
    let count = if n < 1 << 13 { SAMPLES / 4 } else { SAMPLES };
    let mut samples = [K::default(); SAMPLES];
    let samples = &mut samples[..count];
    samples.iter_mut().enumerate().for_each(|(i, s)| *s = keys[(2 * i + 1) * n / (2 * count)]);
    // SAFETY: keys are sorted here on processors with AVX-512 only.
    unsafe { short(samples) };
    [samples[0], samples[count / 2], samples[count - 1]]
}

/// Whether all keys are this one.
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,bmi1,bmi2,lzcnt,popcnt")]
fn all_are<K: Lane>(one: K, keys: &[K]) -> bool {
    keys.chunks(256).all(|some| some.iter().fold(true, |all, key| all & (*key == one)))
}

/// Splits keys in two parts that are to be sorted yet, each of fewer keys: what is equal to the pivot may be in none.
unsafe fn halves<K: Lane>(keys: &mut [K]) -> [&mut [K]; 2] {
    let [least, pivot, greatest] = sampled(keys);
    // Of keys that are equal many may be: to look is sooner done than to split.
    // SAFETY: the caller's.
    unsafe {
        if least == greatest && all_are(pivot, keys) {
            return [&mut [], &mut []];
        }
        let low = split(keys, pivot, least == pivot);
        if low < keys.len() {
            return keys.split_at_mut(low).into();
        }
        // The pivot is the greatest key, and not all are equal to it.
        let low = split(keys, pivot, false);
        [&mut keys[..low], &mut []]
    }
}

unsafe fn sort_by_parts<K: Lane>(keys: &mut [K], depth: u32) {
    // SAFETY: the caller's.
    unsafe {
        if keys.len() <= VECTORS * K::LANES {
            return short(keys);
        }
        if depth == 0 {
            // Pivots were bad again and again.
            return keys.sort_unstable();
        }
        for part in halves(keys) {
            sort_by_parts(part, depth - 1);
        }
    }
}

/// Keys from which on a second thread pays.
const PARALLEL: usize = 1 << 14;

/// Sorts keys if the processor can do it by vectors, and says whether it can.
///
/// Uses the threads of the pool unless called from one of them; the result is the same.
pub(crate) fn sort<K: Lane>(keys: &mut [K]) -> bool {
    let can = level() >= Level::Avx512;
    if can {
        let threads = if keys.len() >= PARALLEL && share::alone() { rayon::current_num_threads() } else { 1 };
        // SAFETY: the processor has AVX-512.
        unsafe { sort_by_threads(keys, threads) };
    }
    can
}

unsafe fn sort_by_threads<K: Lane>(keys: &mut [K], threads: usize) {
    let depth = 2 * (keys.len() | 1).ilog2();
    // SAFETY: the caller's.
    let whole = |part: &mut [K]| unsafe { sort_by_parts(part, depth) };
    if threads < 2 {
        return whole(keys);
    }
    // Splits once, twice, and so on, each time by more threads; equal keys alone make fewer parts.
    let mut parts = vec![keys];
    let mut rounds = 0;
    while parts.len() < 2 * threads && rounds <= threads.ilog2() + 1 {
        let next = Mutex::new(vec![]);
        share::turns(parts.into_iter(), |part| {
            let halved = match part.len() {
                // SAFETY: the caller's.
                n if n > VECTORS * K::LANES => unsafe { halves(part) },
                _ => [part, &mut []],
            };
            next.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .extend(halved.into_iter().filter(|part| !part.is_empty()));
        });
        parts = next.into_inner().unwrap_or_else(PoisonError::into_inner);
        rounds += 1;
    }
    share::turns(parts.into_iter(), whole);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_standard_library() {
        if level() < Level::Avx512 {
            return;
        }
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state ^ (state >> 29)
        };
        for n in (0..300).chain([1000, 4097, 70_001]) {
            for span in [u64::MAX, 1 << 31, 100, 3, 1] {
                let random: Vec<u64> = (0..n).map(|_| next() % span).collect();
                agrees(&random);
                agrees(&random.iter().map(|&x| x as u32).collect::<Vec<_>>());
            }
            agrees(&(0..n as u64).collect::<Vec<_>>());
            agrees(&(0..n as u32).rev().collect::<Vec<_>>());
            agrees(&(0..n as u32).map(|i| if i % 2 == 0 { i } else { u32::MAX }).collect::<Vec<_>>());
        }
    }

    fn agrees<K: Lane + std::fmt::Debug>(keys: &[K]) {
        let mut want = keys.to_vec();
        want.sort_unstable();
        for threads in if keys.len() < 1000 { [1, 1, 1] } else { [1, 2, 7] } {
            let mut got = keys.to_vec();
            // SAFETY: the processor has AVX-512.
            unsafe { sort_by_threads(&mut got, threads) };
            assert_eq!(got, want, "{threads} threads");
        }
        // No pivot is good enough.
        let mut got = keys.to_vec();
        // SAFETY: the processor has AVX-512.
        unsafe { sort_by_parts(&mut got, 1) };
        assert_eq!(got, want);
    }
}
