//! Quicksort of unsigned integers by vectors of AVX-512, after Bramas: parts are split by compressing vectors, and short ones
//! sorted in registers.
//!
//! Keys that are equal are the same, so the result is that of any sort. A million keys of four bytes take a third of the time
//! that counting digits takes.

use std::arch::x86_64::*;
use std::sync::{Mutex, PoisonError};

use crate::array::NdElement;
use crate::engine::simd::{Level, level};
use crate::engine::{pool, share};

/// A key, many of which are a vector.
pub(crate) trait Lane: NdElement + Ord {
    const LANES: usize;
    unsafe fn splat(self) -> __m512i;
    /// Lanes that are not read are the largest key.
    unsafe fn load(from: *const Self, lanes: usize) -> __m512i;
    unsafe fn store(to: *mut Self, lanes: usize, v: __m512i);
    unsafe fn least(a: __m512i, b: __m512i) -> __m512i;
    unsafe fn most(a: __m512i, b: __m512i) -> __m512i;
    /// The larger ones in some lanes, `rest` in the others.
    unsafe fn most_in(lanes: u16, rest: __m512i, a: __m512i, b: __m512i) -> __m512i;
    /// Lane `i` of the result is lane `i ^ MASK`.
    unsafe fn crossed<const MASK: usize>(v: __m512i) -> __m512i;
    unsafe fn less(a: __m512i, b: __m512i) -> u16;
    /// The lanes asked for, moved to the first.
    unsafe fn compress(lanes: u16, v: __m512i) -> __m512i;
}

macro_rules! lane {
    ($t:ty, $mask:ty, $lanes:literal, [$($i:literal)*]: $set1:ident $load:ident $store:ident $min:ident $max:ident $max_in:ident
        $set:ident $permute:ident $less:ident $compress:ident) => {
        // SAFETY: of all functions: they are called on processors with AVX-512 F only, with memory for the lanes.
        impl Lane for $t {
            const LANES: usize = $lanes;
            #[inline(always)]
            unsafe fn splat(self) -> __m512i {
                unsafe { $set1(self as _) }
            }
            #[inline(always)]
            unsafe fn load(from: *const $t, lanes: usize) -> __m512i {
                unsafe { $load($set1(-1), ((1_u32 << lanes) - 1) as $mask, from.cast()) }
            }
            #[inline(always)]
            unsafe fn store(to: *mut $t, lanes: usize, v: __m512i) {
                unsafe { $store(to.cast(), ((1_u32 << lanes) - 1) as $mask, v) }
            }
            #[inline(always)]
            unsafe fn least(a: __m512i, b: __m512i) -> __m512i {
                unsafe { $min(a, b) }
            }
            #[inline(always)]
            unsafe fn most(a: __m512i, b: __m512i) -> __m512i {
                unsafe { $max(a, b) }
            }
            #[inline(always)]
            unsafe fn most_in(lanes: u16, rest: __m512i, a: __m512i, b: __m512i) -> __m512i {
                unsafe { $max_in(rest, lanes as $mask, a, b) }
            }
            #[inline(always)]
            unsafe fn crossed<const MASK: usize>(v: __m512i) -> __m512i {
                unsafe { $permute($set($(($i ^ MASK) as _),*), v) }
            }
            #[inline(always)]
            unsafe fn less(a: __m512i, b: __m512i) -> u16 {
                unsafe { u16::from($less(a, b)) }
            }
            #[inline(always)]
            unsafe fn compress(lanes: u16, v: __m512i) -> __m512i {
                unsafe { $compress(lanes as $mask, v) }
            }
        }
    };
}
lane!(u32, __mmask16, 16, [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15]: _mm512_set1_epi32 _mm512_mask_loadu_epi32
    _mm512_mask_storeu_epi32 _mm512_min_epu32 _mm512_max_epu32 _mm512_mask_max_epu32 _mm512_setr_epi32
    _mm512_permutexvar_epi32 _mm512_cmplt_epu32_mask _mm512_maskz_compress_epi32);
lane!(u64, __mmask8, 8, [0 1 2 3 4 5 6 7]: _mm512_set1_epi64 _mm512_mask_loadu_epi64
    _mm512_mask_storeu_epi64 _mm512_min_epu64 _mm512_max_epu64 _mm512_mask_max_epu64 _mm512_setr_epi64
    _mm512_permutexvar_epi64 _mm512_cmplt_epu64_mask _mm512_maskz_compress_epi64);

/// Vectors of keys sorted in registers.
const VECTORS: usize = 8;

/// Compares each lane with the one that `MASK` crosses it with: the first of both keeps the smaller key.
#[inline(always)]
unsafe fn step<K: Lane, const MASK: usize, const M: usize>(v: &mut [__m512i; M]) {
    // Lanes with the highest bit of the mask come after the ones they are compared with.
    const AFTER: [u16; 5] = [0, 0xaaaa, 0xcccc, 0xf0f0, 0xff00];
    let after = AFTER[MASK.ilog2() as usize + 1];
    for v in v {
        // SAFETY: the caller's.
        unsafe {
            let other = K::crossed::<MASK>(*v);
            *v = K::most_in(after, K::least(*v, other), *v, other);
        }
    }
}

/// Sorts up to `M` vectors of keys by a bitonic network.
#[inline(always)]
unsafe fn network<K: Lane, const M: usize>(keys: *mut K, n: usize) {
    // SAFETY: vectors are read and written as far as there are keys.
    unsafe {
        let lanes = |i: usize| n.saturating_sub(i * K::LANES).min(K::LANES);
        let mut v = [K::default().splat(); M];
        for (i, v) in v.iter_mut().enumerate() {
            *v = K::load(keys.wrapping_add(i * K::LANES), lanes(i));
        }
        step::<K, 1, M>(&mut v);
        step::<K, 3, M>(&mut v);
        step::<K, 1, M>(&mut v);
        step::<K, 7, M>(&mut v);
        step::<K, 2, M>(&mut v);
        step::<K, 1, M>(&mut v);
        if K::LANES == 16 {
            step::<K, 15, M>(&mut v);
            step::<K, 4, M>(&mut v);
            step::<K, 2, M>(&mut v);
            step::<K, 1, M>(&mut v);
        }
        let mut together = 2;
        while together <= M {
            let half = together / 2;
            for block in v.chunks_exact_mut(together) {
                // The second half, turned around, and the first make a bitonic sequence.
                let mut turned = [block[0]; M];
                for i in 0..half {
                    let other = block[together - 1 - i];
                    turned[i] = if K::LANES == 16 { K::crossed::<15>(other) } else { K::crossed::<7>(other) };
                }
                for i in 0..half {
                    let one = block[i];
                    (block[i], block[half + i]) = (K::least(one, turned[i]), K::most(one, turned[i]));
                }
            }
            let mut apart = half / 2;
            while apart > 0 {
                for block in v.chunks_exact_mut(2 * apart) {
                    for i in 0..apart {
                        let (one, other) = (block[i], block[apart + i]);
                        (block[i], block[apart + i]) = (K::least(one, other), K::most(one, other));
                    }
                }
                apart /= 2;
            }
            if K::LANES == 16 {
                step::<K, 8, M>(&mut v);
            }
            step::<K, 4, M>(&mut v);
            step::<K, 2, M>(&mut v);
            step::<K, 1, M>(&mut v);
            together *= 2;
        }
        for (i, v) in v.iter().enumerate() {
            K::store(keys.wrapping_add(i * K::LANES), lanes(i), *v);
        }
    }
}

#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,bmi1,bmi2,lzcnt,popcnt")]
unsafe fn short<K: Lane>(keys: &mut [K]) {
    let (keys, n) = (keys.as_mut_ptr(), keys.len());
    // SAFETY: there are so many keys.
    unsafe {
        match n.div_ceil(K::LANES) {
            0 => {}
            1 => network::<K, 1>(keys, n),
            2 => network::<K, 2>(keys, n),
            3..=4 => network::<K, 4>(keys, n),

            _ => network::<K, VECTORS>(keys, n),
        }
    }
}

/// Moves keys less than the pivot before the others, and returns how many they are; `room` has space for all keys and a
/// vector.
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,bmi1,bmi2,lzcnt,popcnt")]
unsafe fn split<K: Lane>(keys: &mut [K], room: *mut K, pivot: K, equal_too: bool) -> usize {
    let (n, x) = (keys.len(), keys.as_mut_ptr());
    let (mut low, mut high) = (0, 0);
    // SAFETY: what is stored behind the `low` keys was read before, since `low <= i`; `room` has a vector to spare.
    unsafe {
        let pivot = K::splat(pivot);
        let all = ((1_u32 << K::LANES) - 1) as u16;
        let below = |v| if equal_too { all & !K::less(pivot, v) } else { K::less(v, pivot) };
        let mut i = 0;
        while i + 4 * K::LANES <= n {
            // Read together, so that no store is between the loads.
            let v: [_; 4] = std::array::from_fn(|k| K::load(x.add(i + k * K::LANES), K::LANES));
            let lanes = v.map(&below);
            for (v, lanes) in v.into_iter().zip(lanes) {
                K::store(x.add(low), K::LANES, K::compress(lanes, v));
                K::store(room.add(high), K::LANES, K::compress(all & !lanes, v));
                let count = lanes.count_ones() as usize;
                low += count;
                high += K::LANES - count;
            }
            i += 4 * K::LANES;
        }
        while i + K::LANES <= n {
            let v = K::load(x.add(i), K::LANES);
            let lanes = below(v);
            K::store(x.add(low), K::LANES, K::compress(lanes, v));
            K::store(room.add(high), K::LANES, K::compress(all & !lanes, v));
            let count = lanes.count_ones() as usize;
            low += count;
            high += K::LANES - count;
            i += K::LANES;
        }
        let v = K::load(x.add(i), n - i);
        let there = ((1_u32 << (n - i)) - 1) as u16;
        let lanes = below(v) & there;
        let count = lanes.count_ones() as usize;
        K::store(x.add(low), count, K::compress(lanes, v));
        K::store(room.add(high), n - i - count, K::compress(there & !lanes, v));
        low += count;
        std::ptr::copy_nonoverlapping(room, x.add(low), n - low);
    }
    low
}

/// About the middle one of the keys.
fn middle<K: Lane>(keys: &[K]) -> K {
    const SAMPLES: usize = 64;
    let n = keys.len();
    let count = if n < 1 << 13 { SAMPLES / 4 } else { SAMPLES };
    let mut samples = [K::default(); SAMPLES];
    let samples = &mut samples[..count];
    samples.iter_mut().enumerate().for_each(|(i, s)| *s = keys[(2 * i + 1) * n / (2 * count)]);
    // SAFETY: keys are sorted here on processors with AVX-512 only.
    unsafe { short(samples) };
    samples[count / 2]
}

/// Splits keys in two parts, the second of which is not empty; the first is sorted if so said.
unsafe fn halves<K: Lane>(keys: &mut [K], room: *mut K) -> (&mut [K], &mut [K], bool) {
    let pivot = middle(keys);
    // SAFETY: the caller's.
    let low = unsafe { split(keys, room, pivot, false) };
    if low > 0 {
        let (left, right) = keys.split_at_mut(low);
        return (left, right, false);
    }
    // The pivot is the least key. Keys that are equal to it need no more sorting.
    let low = unsafe { split(keys, room, pivot, true) };
    let (left, right) = keys.split_at_mut(low);
    (left, right, true)
}

unsafe fn sort_by_parts<K: Lane>(keys: &mut [K], room: *mut K, depth: u32) {
    // SAFETY: the caller's.
    unsafe {
        if keys.len() <= VECTORS * K::LANES {
            return short(keys);
        }
        if depth == 0 {
            // Pivots were bad again and again.
            return keys.sort_unstable();
        }
        let (left, right, sorted) = halves(keys, room);
        if !sorted {
            sort_by_parts(left, room, depth - 1);
        }
        sort_by_parts(right, room, depth - 1);
    }
}

/// Room for keys of one thread, which the pool keeps: of a power of two, so that it fits again.
struct Room<K: Lane>(Vec<K>);

impl<K: Lane> Room<K> {
    fn new(keys: usize) -> Room<K> {
        let few = keys <= VECTORS * K::LANES;
        Room(if few { Vec::new() } else { pool::vector((keys + K::LANES).next_power_of_two()) })
    }
}

impl<K: Lane> Drop for Room<K> {
    fn drop(&mut self) {
        pool::keep(std::mem::take(&mut self.0));
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
    let whole = |room: &mut Room<K>, part: &mut [K]| {
        // SAFETY: the caller's; the room is that of a longer part.
        unsafe { sort_by_parts(part, room.0.as_mut_ptr(), depth) }
    };
    if threads < 2 {
        return whole(&mut Room::new(keys.len()), keys);
    }
    // Splits once, twice, and so on, each time by more threads; equal keys alone make fewer parts.
    let mut parts = vec![keys];
    let mut rounds = 0;
    while parts.len() < 2 * threads && rounds <= threads.ilog2() + 1 {
        let longest = parts.iter().map(|p| p.len()).max().unwrap_or(0);
        let next = Mutex::new(vec![]);
        share::turns_with(
            parts.into_iter(),
            || Room::new(longest),
            |room, part| {
                let mut halved = vec![];
                if part.len() > VECTORS * K::LANES {
                    // SAFETY: the caller's; the room is that of a longer part.
                    let (left, right, sorted) = unsafe { halves(part, room.0.as_mut_ptr()) };
                    halved.extend((!sorted).then_some(left));
                    halved.push(right);
                } else {
                    halved.push(part);
                }
                next.lock().unwrap_or_else(PoisonError::into_inner).extend(halved);
            },
        );
        parts = next.into_inner().unwrap_or_else(PoisonError::into_inner);
        rounds += 1;
    }
    let longest = parts.iter().map(|p| p.len()).max().unwrap_or(0);
    share::turns_with(parts.into_iter(), || Room::new(longest), whole);
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
        let (mut got, mut room) = (keys.to_vec(), vec![K::default(); keys.len() + K::LANES]);
        // SAFETY: the processor has AVX-512, and there is room.
        unsafe { sort_by_parts(&mut got, room.as_mut_ptr(), 1) };
        assert_eq!(got, want);
    }
}
