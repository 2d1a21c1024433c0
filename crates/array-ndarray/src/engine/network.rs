//! Keys in vectors of AVX-512, and sorting networks for as many as the registers hold: first each lane by itself, which needs
//! nothing but the lesser and the greater of two vectors, then ever more lanes one after the other.

use std::arch::x86_64::*;

use crate::array::NdElement;

/// A key, many of which are a vector.
pub(crate) trait Lane: NdElement + Ord {
    const LANES: usize;
    unsafe fn splat(self) -> __m512i;
    /// Lanes that are not read are the largest key.
    unsafe fn load(from: *const Self, lanes: usize) -> __m512i;
    unsafe fn store(to: *mut Self, lanes: usize, v: __m512i);
    /// The smaller and the larger ones.
    unsafe fn ordered(a: __m512i, b: __m512i) -> (__m512i, __m512i);
    /// The larger ones in some lanes, the smaller ones in the others.
    unsafe fn ordered_in(lanes: u16, a: __m512i, b: __m512i) -> __m512i;
    /// Lane `i` of the result is lane `i ^ MASK`.
    unsafe fn crossed<const MASK: usize>(v: __m512i) -> __m512i;
    /// Lanes of both in turn, and of what is in turn, the lanes of each.
    unsafe fn mixed(a: __m512i, b: __m512i) -> (__m512i, __m512i);
    unsafe fn unmixed(a: __m512i, b: __m512i) -> (__m512i, __m512i);
    unsafe fn less(a: __m512i, b: __m512i) -> u16;
    /// The lanes asked for first, the others after them.
    unsafe fn parted(lanes: u16, v: __m512i) -> __m512i;
    /// The lanes asked for, moved to the first.
    unsafe fn compress(lanes: u16, v: __m512i) -> __m512i;
}

macro_rules! lane {
    ($t:ty, $mask:ty, $lanes:literal, [$($i:literal)*]: $set1:ident $load:ident $store:ident $ordered:ident $ordered_in:ident
        $set:ident $permute:ident $two:ident $less:ident $compress:ident $parted:ident) => {
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
            unsafe fn ordered(a: __m512i, b: __m512i) -> (__m512i, __m512i) {
                unsafe { $ordered(a, b) }
            }
            #[inline(always)]
            unsafe fn ordered_in(lanes: u16, a: __m512i, b: __m512i) -> __m512i {
                unsafe { $ordered_in(lanes, a, b) }
            }
            #[inline(always)]
            unsafe fn crossed<const MASK: usize>(v: __m512i) -> __m512i {
                unsafe { $permute($set($(($i ^ MASK) as _),*), v) }
            }
            #[inline(always)]
            unsafe fn mixed(a: __m512i, b: __m512i) -> (__m512i, __m512i) {
                const HALF: usize = <$t>::LANES / 2;
                unsafe {
                    let first = $set($(($i / 2 + $i % 2 * <$t>::LANES) as _),*);
                    let second = $set($((HALF + $i / 2 + $i % 2 * <$t>::LANES) as _),*);
                    ($two(a, first, b), $two(a, second, b))
                }
            }
            #[inline(always)]
            unsafe fn unmixed(a: __m512i, b: __m512i) -> (__m512i, __m512i) {
                unsafe { ($two(a, $set($((2 * $i) as _),*), b), $two(a, $set($((2 * $i + 1) as _),*), b)) }
            }
            #[inline(always)]
            unsafe fn less(a: __m512i, b: __m512i) -> u16 {
                unsafe { u16::from($less(a, b)) }
            }
            #[inline(always)]
            unsafe fn parted(lanes: u16, v: __m512i) -> __m512i {
                unsafe { $parted(lanes, v) }
            }
            #[inline(always)]
            unsafe fn compress(lanes: u16, v: __m512i) -> __m512i {
                unsafe { $compress(lanes as $mask, v) }
            }
        }
    };
}
lane!(u32, __mmask16, 16, [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15]: _mm512_set1_epi32 _mm512_mask_loadu_epi32
    _mm512_mask_storeu_epi32 ordered_16 ordered_in_16 _mm512_setr_epi32
    _mm512_permutexvar_epi32 _mm512_permutex2var_epi32 _mm512_cmplt_epu32_mask _mm512_maskz_compress_epi32 parted_16);
lane!(u64, __mmask8, 8, [0 1 2 3 4 5 6 7]: _mm512_set1_epi64 _mm512_mask_loadu_epi64
    _mm512_mask_storeu_epi64 ordered_8 ordered_in_8 _mm512_setr_epi64
    _mm512_permutexvar_epi64 _mm512_permutex2var_epi64 _mm512_cmplt_epu64_mask _mm512_maskz_compress_epi64 parted_8);

#[inline(always)]
unsafe fn ordered_16(a: __m512i, b: __m512i) -> (__m512i, __m512i) {
    // SAFETY: the processor has AVX-512 F.
    unsafe { (_mm512_min_epu32(a, b), _mm512_max_epu32(a, b)) }
}

#[inline(always)]
unsafe fn ordered_in_16(lanes: u16, a: __m512i, b: __m512i) -> __m512i {
    // SAFETY: the processor has AVX-512 F.
    unsafe { _mm512_mask_max_epu32(_mm512_min_epu32(a, b), lanes, a, b) }
}

/// The truth table of an exclusive or of three.
const XOR: i32 = 0x96;

// Of eight bytes the least takes as long as two other instructions: the most is what is left of both without it.
#[inline(always)]
unsafe fn ordered_8(a: __m512i, b: __m512i) -> (__m512i, __m512i) {
    // SAFETY: the processor has AVX-512 F.
    unsafe {
        let least = _mm512_min_epu64(a, b);
        (least, _mm512_ternarylogic_epi64::<XOR>(least, a, b))
    }
}

#[inline(always)]
unsafe fn ordered_in_8(lanes: u16, a: __m512i, b: __m512i) -> __m512i {
    // SAFETY: the processor has AVX-512 F.
    unsafe { _mm512_mask_ternarylogic_epi64::<XOR>(_mm512_min_epu64(a, b), lanes as u8, a, b) }
}

/// For each set of eight lanes, which lane each one comes from so that they are first and the others last.
static PARTED: [[u8; 8]; 256] = {
    let mut table = [[0; 8]; 256];
    let mut lanes = 0;
    while lanes < 256 {
        let (mut first, mut last, mut i) = (0, 7, 0);
        while i < 8 {
            if lanes >> i & 1 == 1 {
                table[lanes][first] = i as u8;
                first += 1;
            }
            if lanes >> (7 - i) & 1 == 0 {
                table[lanes][last] = 7 - i as u8;
                last = if last == 0 { 0 } else { last - 1 };
            }
            i += 1;
        }
        lanes += 1;
    }
    table
};

#[inline(always)]
unsafe fn parted_8(lanes: u16, v: __m512i) -> __m512i {
    // SAFETY: eight bytes of the table are read, and the processor has AVX-512 F.
    unsafe {
        let from = _mm_loadl_epi64(PARTED[usize::from(lanes as u8)].as_ptr().cast());
        _mm512_permutexvar_epi64(_mm512_cvtepu8_epi64(from), v)
    }
}

#[inline(always)]
unsafe fn parted_16(lanes: u16, v: __m512i) -> __m512i {
    // SAFETY: the processor has AVX-512 F.
    unsafe {
        let last = _mm512_maskz_compress_epi32(!lanes, v);
        let places = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        // Indices of lanes are read modulo 16.
        let places = _mm512_sub_epi32(places, _mm512_set1_epi32(lanes.count_ones() as i32));
        _mm512_mask_compress_epi32(_mm512_permutexvar_epi32(places, last), lanes, v)
    }
}

/// Vectors of keys sorted in registers.
pub(crate) const VECTORS: usize = 16;

/// Lanes with the highest bit of a mask: they come after the ones that they are compared with.
const AFTER: [u16; 4] = [0xaaaa, 0xcccc, 0xf0f0, 0xff00];

/// Compares each lane with the one that `MASK` crosses it with: the first of both keeps the smaller key.
#[inline(always)]
unsafe fn step<K: Lane, const MASK: usize, const M: usize>(v: &mut [__m512i; M]) {
    let after = AFTER[MASK.ilog2() as usize];
    for v in v {
        // SAFETY: the caller's.
        unsafe {
            let other = K::crossed::<MASK>(*v);
            *v = K::ordered_in(after, *v, other);
        }
    }
}

/// Sorts each lane of vectors of which `2 * apart` together are bitonic.
#[inline(always)]
unsafe fn merge_rows<K: Lane, const M: usize>(v: &mut [__m512i; M], mut apart: usize) {
    // SAFETY: the caller's.
    unsafe {
        while apart > 0 {
            for block in v.chunks_exact_mut(2 * apart) {
                for i in 0..apart {
                    (block[i], block[apart + i]) = K::ordered(block[i], block[apart + i]);
                }
            }
            apart /= 2;
        }
    }
}

/// Merges neighbouring groups of sorted lanes: each lane with the one that `MASK` crosses it with, read backwards.
#[inline(always)]
unsafe fn merge_lanes<K: Lane, const MASK: usize, const M: usize>(v: &mut [__m512i; M]) {
    let after = AFTER[MASK.ilog2() as usize];
    // SAFETY: the caller's.
    unsafe {
        for i in 0..M.div_ceil(2) {
            let (one, other) = (v[i], v[M - 1 - i]);
            v[i] = K::ordered_in(after, one, K::crossed::<MASK>(other));
            v[M - 1 - i] = K::ordered_in(after, other, K::crossed::<MASK>(one));
        }
        if MASK > 7 {
            step::<K, 4, M>(v);
        }
        if MASK > 3 {
            step::<K, 2, M>(v);
        }
        if MASK > 1 {
            step::<K, 1, M>(v);
        }
        merge_rows::<K, M>(v, M / 2);
    }
}

/// Puts the keys of lanes that are sorted one after the other in the order of memory.
///
/// Row `r` of lane `c` goes to place `c * M + r`: the bits of a place are rotated, one by each time that halves are mixed.
#[inline(always)]
unsafe fn in_order<K: Lane, const M: usize>(v: &mut [__m512i; M]) {
    // SAFETY: the caller's.
    unsafe {
        let rows = M.ilog2();
        let lanes = K::LANES.ilog2();
        for _ in 0..rows.min(lanes) {
            let old = *v;
            for i in 0..M / 2 {
                if rows <= lanes {
                    (v[2 * i], v[2 * i + 1]) = K::mixed(old[i], old[M / 2 + i]);
                } else {
                    (v[i], v[M / 2 + i]) = K::unmixed(old[2 * i], old[2 * i + 1]);
                }
            }
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
        let mut together = 2;
        while together <= M {
            for block in v.chunks_exact_mut(together) {
                for i in 0..together / 2 {
                    (block[i], block[together - 1 - i]) = K::ordered(block[i], block[together - 1 - i]);
                }
            }
            merge_rows::<K, M>(&mut v, together / 4);
            together *= 2;
        }
        merge_lanes::<K, 1, M>(&mut v);
        merge_lanes::<K, 3, M>(&mut v);
        merge_lanes::<K, 7, M>(&mut v);
        if K::LANES == 16 {
            merge_lanes::<K, 15, M>(&mut v);
        }
        in_order::<K, M>(&mut v);
        for (i, v) in v.iter().enumerate() {
            K::store(keys.wrapping_add(i * K::LANES), lanes(i), *v);
        }
    }
}

#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,bmi1,bmi2,lzcnt,popcnt")]
pub(crate) unsafe fn short<K: Lane>(keys: &mut [K]) {
    let (keys, n) = (keys.as_mut_ptr(), keys.len());
    // SAFETY: there are so many keys.
    unsafe {
        match n.div_ceil(K::LANES) {
            0 => {}
            1 => network::<K, 1>(keys, n),
            2 => network::<K, 2>(keys, n),
            3..=4 => network::<K, 4>(keys, n),
            5..=8 => network::<K, 8>(keys, n),
            _ => network::<K, VECTORS>(keys, n),
        }
    }
}
