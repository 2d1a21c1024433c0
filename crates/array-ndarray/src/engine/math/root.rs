//! The square root on processors with AVX-512, correctly rounded as everywhere.
//!
//! The divider takes as long for a root of eight numbers as for sixteen operations that multiply and add. So an estimate of
//! `1 / sqrt(x)` to 14 bits is refined after Goldschmidt, `g` towards `sqrt(x)` and `h` towards `1 / (2 sqrt(x))`, and the last
//! step, `g + h (x - g g)`, rounds correctly (Markstein 1990, IBM J. Res. Dev. 34, section 3).

use array_api::DType;

use crate::engine::kernel::Kernel;

/// Kernels of the square root with the faster loops, where there are any.
pub(crate) const fn faster(mut kernels: [Option<Kernel>; 13]) -> [Option<Kernel>; 13] {
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(single) = kernels[DType::Float32 as usize] {
            kernels[DType::Float32 as usize] = Some(single.with_avx512(x86::single));
        }
        if let Some(double) = kernels[DType::Float64 as usize] {
            kernels[DType::Float64 as usize] = Some(double.with_avx512(x86::double));
        }
    }
    kernels
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;
    use std::mem::MaybeUninit;

    use crate::engine::kernel::{slice_in, slice_out};

    macro_rules! root {
        ($name:ident: $t:ident, $lanes:literal, between $least:literal and $most:literal, refined $rounds:literal;
     $load:ident, $store:ident, $set:ident, $mask:ident, $estimate:ident, $multiply:ident, $add:ident, $subtract:ident, $root:ident) => {
            /// The square roots of `n` numbers.
            ///
            /// # Safety
            /// A loop's contract (`kernel::Loop`), and a processor with AVX-512.
            #[target_feature(enable = "avx512f")]
            pub(crate) unsafe fn $name(n: usize, out: *mut u8, ins: [*const u8; 3]) {
                // SAFETY: the loop's contract gives `n` elements behind each pointer, without overlap.
                let (out, x) = unsafe { (slice_out::<$t>(out, n), slice_in::<$t>(ins[0], n)) };
                let (groups, rest) = x.as_chunks::<$lanes>();
                let (out, out_rest) = out.as_chunks_mut::<$lanes>();
                let half = $set(0.5);
                for (out, x) in out.iter_mut().zip(groups) {
                    // SAFETY: a group has as many elements as a vector.
                    let x = unsafe { $load(x.as_ptr()) };
                    // Where no step over- or underflows.
                    let plain = $mask::<_CMP_GT_OQ>(x, $set($least)) & $mask::<_CMP_LT_OQ>(x, $set($most));
                    let root = if plain.count_zeros() > 0 {
                        $root(x)
                    } else {
                        let estimate = $estimate(x);
                        let (mut g, mut h) = ($multiply(x, estimate), $multiply(half, estimate));
                        for _ in 0..$rounds {
                            let rest = $subtract(g, h, half);
                            (g, h) = ($add(g, rest, g), $add(h, rest, h));
                        }
                        $add($subtract(g, g, x), h, g)
                    };
                    // SAFETY: the same.
                    unsafe { $store(out.as_mut_ptr().cast(), root) };
                }
                for (out, x) in out_rest.iter_mut().zip(rest) {
                    *out = MaybeUninit::new(x.sqrt());
                }
            }
        };
    }

    root!(single: f32, 16, between 1e-30 and 1e37, refined 1;
    _mm512_loadu_ps, _mm512_storeu_ps, _mm512_set1_ps, _mm512_cmp_ps_mask, _mm512_rsqrt14_ps, _mm512_mul_ps, _mm512_fmadd_ps,
    _mm512_fnmadd_ps, _mm512_sqrt_ps);
    root!(double: f64, 8, between 1e-290 and 1e300, refined 2;
    _mm512_loadu_pd, _mm512_storeu_pd, _mm512_set1_pd, _mm512_cmp_pd_mask, _mm512_rsqrt14_pd, _mm512_mul_pd, _mm512_fmadd_pd,
    _mm512_fnmadd_pd, _mm512_sqrt_pd);
}

#[cfg(test)]
mod tests {
    use crate::engine::simd::{Level, level};
    use crate::engine::unary::SQRT;
    use array_api::DType;

    /// `x` at the loop's disposal, and what the divider makes of it.
    fn check64(x: &[f64]) {
        let mut out = vec![0.0_f64; x.len()];
        let null = std::ptr::null();
        let inner = SQRT.kernels[DType::Float64 as usize].unwrap().inner();
        // SAFETY: as many elements on both sides.
        unsafe { inner(x.len(), out.as_mut_ptr().cast(), [x.as_ptr().cast(), null, null]) };
        for (&x, &y) in x.iter().zip(&out) {
            assert!(y.to_bits() == x.sqrt().to_bits() || y.is_nan() && x.sqrt().is_nan(), "{x:e}: {y:e}");
        }
    }

    fn check32(x: &[f32]) {
        let mut out = vec![0.0_f32; x.len()];
        let null = std::ptr::null();
        let inner = SQRT.kernels[DType::Float32 as usize].unwrap().inner();
        // SAFETY: as many elements on both sides.
        unsafe { inner(x.len(), out.as_mut_ptr().cast(), [x.as_ptr().cast(), null, null]) };
        for (&x, &y) in x.iter().zip(&out) {
            assert!(y.to_bits() == x.sqrt().to_bits() || y.is_nan() && x.sqrt().is_nan(), "{x:e}: {y:e}");
        }
    }

    /// All mantissas of single precision with an even and an odd exponent, and the others' with fewer.
    #[test]
    fn single_precision_is_correctly_rounded() {
        if level() < Level::Avx512 {
            return;
        }
        for from in (0..1 << 24).step_by(1 << 16) {
            check32(&(from..from + (1 << 16)).map(|m| f32::from_bits(0x3f80_0000 + m)).collect::<Vec<_>>());
        }
        check32(&(0..u32::MAX / 4001).map(|i| f32::from_bits(i * 4001)).collect::<Vec<_>>());
    }

    /// Those whose root is nearest to the middle of two numbers: `x 2^i = k^2 - c` for odd `k` of 54 bits and a small `c`,
    /// where `k` is a root of `c` modulo a power of two, digit by digit.
    #[test]
    fn double_precision_is_correctly_rounded_next_to_ties() {
        let mut hardest = vec![];
        for c in (-4095_i64..4096).filter(|c| c.rem_euclid(8) == 1) {
            for start in [1_u128, 3] {
                let mut k = start;
                // k^2 = c modulo 2^(bit + 2) from there on.
                for bit in 2..54 {
                    let modulus = 1_u128 << (bit + 2);
                    if (k * k).wrapping_sub(c as i128 as u128) % modulus != 0 {
                        k += 1 << bit;
                    }
                }
                let k = k % (1 << 54);
                let k = k.max((1 << 54) - k);
                let square = (k * k).wrapping_sub(c as i128 as u128);
                let x = (square >> square.trailing_zeros()) as f64;
                hardest.extend([x, x * 2.0, x.next_up(), x.next_down()]);
            }
        }
        assert!(hardest.len() > 1000, "{}", hardest.len());
        check64(&hardest);
        let mut state = 1_u64;
        let mut bits = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state ^ state >> 29
        };
        check64(&(0..1_000_000).map(|_| f64::from_bits(bits())).collect::<Vec<_>>());
        let roots = (0..1_000_000).map(|_| 1.0 + (bits() >> 12) as f64 / (1_u64 << 52) as f64);
        check64(&roots.flat_map(|r| [r * r, (r * r).next_up(), (r * r).next_down()]).collect::<Vec<_>>());
    }
}
