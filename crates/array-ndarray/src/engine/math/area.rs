//! The inverse hyperbolic functions, also called area functions, for both precisions: within 1.8 ulp, without fused
//! operations 2.5.
//!
//! Each is the logarithm of a quotient, from which powers of two are taken out until half of what is left is the
//! inverse hyperbolic tangent of a small `s`: a minimax polynomial, our own by Remez' algorithm. Where nothing is
//! taken out `s` follows from half-angle formulas, `tanh(t/2) = sinh t / (1 + cosh t)`, so small results lose nothing.

macro_rules! precision {
    ($float:ident, $bits:ident, mantissa: $mantissa:literal, tiny: $tiny:literal, huge: $huge:literal,
     ln2: $ln2_hi:literal + $ln2_lo:literal, whole: $whole:literal, least: $least:literal,
     // (atanh(s) / s - 1) / s^2 as a polynomial in s^2, highest power first
     [$highest:literal $(, $c:literal)*]) => {
        pub(crate) mod $float {
            use crate::engine::math::arithmetic::Arithmetic;

            type F = $float;
            type I = $bits;
            const LN2_HI: F = $ln2_hi;
            const LN2_LO: F = $ln2_lo;
            /// From here on every number is whole.
            const WHOLE: F = $whole;
            /// 2^(-1/4): the least mantissa there is.
            const LEAST: F = $least;
            const ONE: I = (1.0 as F).to_bits();
            /// What makes a difference of bits that of exponents.
            const STEP: I = ONE - LEAST.to_bits();

            /// The octaves `k`, and `2^k`, of the difference of the bits of two numbers.
            #[inline(always)]
            fn octaves(bits: I) -> (F, F) {
                let k = bits.wrapping_add(STEP) >> $mantissa;
                (F::from_bits(k | WHOLE.to_bits()) - WHOLE, F::from_bits((k << $mantissa).wrapping_add(ONE)))
            }

            /// `k ln2 + 2 atanh(s + low)`, halved.
            #[inline(always)]
            fn half_log<M: Arithmetic>(k: F, s: F, low: F) -> F {
                let z = s * s;
                let mut p = $highest;
                $( p = M::fma(p, z, $c); )*
                let rest = M::fma(s * z, p, M::fma(k, LN2_LO * 0.5, low));
                M::fma(k, LN2_HI * 0.5, s + rest)
            }

            /// `t` from its hyperbolic sine, what that lacks, and its hyperbolic cosine, which is at least as large.
            #[inline(always)]
            fn area<M: Arithmetic>(sinh: F, low: F, cosh: F) -> F {
                let y = cosh + sinh;
                let lost = sinh - (y - cosh);
                let (k, power) = octaves(y.to_bits().wrapping_sub(ONE));
                let near = k == 0.0;
                let numerator = if near { sinh } else { (y - power) + lost };
                let denominator = (if near { cosh } else { y }) + power;
                let s = numerator / denominator;
                // What the quotient lost, where the denominator is 2.17 within 8%: only there it counts.
                let lost = if near { cosh - (denominator - 1.0) } else { 0.0 };
                let rest = if M::FUSED & near { M::fma(-s, denominator, numerator) + low } else { 0.0 };
                2.0 * half_log::<M>(k, s, M::fma(-s, lost, rest) * 0.46)
            }

            /// Where squares overflow, and NaN.
            #[inline(always)]
            pub(crate) fn is_huge(x: F) -> bool {
                x.is_nan() | (x.abs() > $huge)
            }

            #[inline(always)]
            pub(crate) fn asinh<M: Arithmetic>(x: F) -> F {
                let size = x.abs();
                // The squares of tiny numbers would underflow, which takes the processor a hundred cycles.
                let tiny = size < $tiny;
                let safe = if tiny { 0.0 } else { size };
                let y = area::<M>(safe, 0.0, M::fma(safe, safe, 1.0).sqrt());
                (if tiny { size } else { y }).copysign(x)
            }

            /// Where there is no [`acosh`], where squares overflow, and NaN.
            #[inline(always)]
            pub(crate) fn has_plain_acosh(x: F) -> bool {
                x.is_nan() | (x < 1.0) | (x > $huge)
            }

            #[inline(always)]
            pub(crate) fn acosh<M: Arithmetic>(x: F) -> F {
                let more = x - 1.0;
                let square = M::fma(more, more, more + more);
                let sinh = square.sqrt();
                // What the root lost is a 2 sinh-th of this: where it counts, at 1/2, about this.
                let low = if M::FUSED { M::fma(-sinh, sinh, square) } else { 0.0 };
                area::<M>(sinh, low, x)
            }

            /// Where there is no finite [`atanh`].
            #[inline(always)]
            pub(crate) fn is_outside(x: F) -> bool {
                x.is_nan() | (x.abs() >= 1.0)
            }

            #[inline(always)]
            pub(crate) fn atanh<M: Arithmetic>(x: F) -> F {
                let size = x.abs();
                // As for the inverse hyperbolic sine.
                let tiny = size < $tiny;
                let a = if tiny { 0.0 } else { size };
                // With 1 + a = 2^k (1 - a) e^2t, t is small; what 1 + a loses is never computed.
                let below = 1.0 - a;
                let lost = (1.0 - below) - a;
                let (k, power) = octaves((1.0 + a).to_bits().wrapping_sub(below.to_bits()));
                let scaled = power * below;
                let numerator = M::fma(-power, lost, (1.0 - scaled) + a);
                let s = if k == 0.0 { a } else { numerator / ((1.0 + scaled) + a) };
                let y = half_log::<M>(k, s, 0.0);
                (if tiny { size } else { y }).copysign(x)
            }
        }
    };
}

precision! {
    f64, u64, mantissa: 52, tiny: 1e-17, huge: 1e150,
    ln2: 6.931_471_803_691_238e-1 + 1.908_214_929_270_587_7e-10, whole: 4_503_599_627_370_496.0, least: 0.84,
    [7.684_324_140_930_13e-2, 5.435_274_042_184_131_5e-2, 6.710_686_656_810_225e-2, 7.689_732_636_407_255e-2,
     9.091_001_235_959_456e-2, 1.111_110_912_774_387_6e-1, 1.428_571_430_980_177_5e-1, 1.999_999_999_985_685_2e-1,
     3.333_333_333_333_362_6e-1]
}

precision! {
    f32, u32, mantissa: 23, tiny: 1e-9, huge: 1e18,
    ln2: 6.931_381e-1 + 9.058_001e-6, whole: 8_388_608.0, least: 0.84,
    [1.315_550_5e-1, 1.414_139_2e-1, 2.000_406_1e-1, 3.333_33e-1]
}
