//! exp, expm1, log, log1p and what follows from them, for both precisions.
//!
//! - `exp`, `expm1`: Cody and Waite's reduction `x = n ln2 + r` with `ln2` in two parts (Software Manual for the Elementary
//!   Functions, 1980), then a minimax polynomial (our own, by Remez' algorithm). `n` is found by adding 1.5 times the power of
//!   two where the unit in the last place is one. Polynomials are single chains: a block has elements enough to fill the
//!   processor, and halves would cost a multiplication.
//! - `log`, `log1p`: `x = 2^k m` with `m` in `[sqrt(1/2), sqrt(2))`, then with `s = f / (2 + f)`, `f = m - 1`, the odd
//!   minimax polynomial in `s` of FreeBSD's msun (`e_log.c`, `e_logf.c`, Sun Microsystems 1993).
//! - `tanh`: `h / (1 + h)` with `2 h = e^2x - 1`.
//!
//! What overflows, underflows or is no number is for most functions a case of its own, for elements that have it.

macro_rules! precision {
    ($float:ident, $int:ident, mantissa: $mantissa:literal, bias: $bias:literal, shift: $shift:literal,
     ln2: $ln2_hi:literal + $ln2_lo:literal, exp range: $exp_min:literal .. $exp_max:literal,
     expm1 min: $expm1_min:literal, tiny: $tiny:literal, subnormal scale: 2 ^ $subnormal:literal,
     root half: $root_half:literal,
     moderate: $moderate:literal,
     // (e^r - 1 - r) / r^2, highest power first
     exp: [$highest:literal $(, $exp:literal)*],
     // the polynomial in s^2 of log, highest power first
     log: [$log_highest:literal $(, $log:literal)*],
     tanh is one from: $one_from:literal, reciprocal: $reciprocal:literal, huge: $huge:literal) => {
        pub(crate) mod $float {
            use crate::engine::math::arithmetic::Arithmetic;

            type F = $float;
            type I = $int;
            const LN2_HI: F = $ln2_hi;
            const LN2_LO: F = $ln2_lo;
            const SHIFT: F = $shift;
            const ROOT_HALF: I = $root_half;
            const SUBNORMAL_SCALE: F = F::from_bits(($subnormal + $bias) << $mantissa);
            const RECIPROCAL: I = $reciprocal;
            const ONE: I = (1.0 as F).to_bits() as I;

            /// `2^n` for `n`, an integer plus [`SHIFT`], above the subnormal and below the infinite exponents.
            #[inline(always)]
            fn power_of_two(shifted: F) -> F {
                let n = (shifted.to_bits() as I).wrapping_sub(SHIFT.to_bits() as I);
                F::from_bits((n.wrapping_add($bias) << $mantissa) as _)
            }

            /// `n`, an integer plus [`SHIFT`], and `r` with `x = n ln2 + r`, `|r| <= ln2 / 2`.
            #[inline(always)]
            fn reduce<M: Arithmetic>(x: F) -> (F, F) {
                let shifted = M::fma(x, std::$float::consts::LOG2_E, SHIFT);
                let n = shifted - SHIFT;
                (shifted, M::fma(n, -LN2_LO, M::fma(n, -LN2_HI, x)))
            }

            /// `(e^r - 1 - r) / r^2`
            #[inline(always)]
            fn series<M: Arithmetic>(r: F) -> F {
                let mut p = $highest;
                $( p = M::fma(p, r, $exp); )*
                p
            }

            /// `n`, as an integer plus [`SHIFT`], and `e^x / 2^n`.
            #[inline(always)]
            fn exp_of_parts<M: Arithmetic>(x: F) -> (F, F) {
                let (shifted, r) = reduce::<M>(x);
                // Shorter by one operation, but without fused ones a third of an ulp less exact.
                let p = if M::FUSED { M::fma(M::fma(series::<M>(r), r, 1.0), r, 1.0) } else { 1.0 + (r + r * r * series::<M>(r)) };
                (shifted, p)
            }

            /// As [`reduce`], and what `r` lost.
            #[inline(always)]
            pub(crate) fn reduce_in_parts<M: Arithmetic>(x: F) -> (F, F, F) {
                let shifted = M::fma(x, std::$float::consts::LOG2_E, SHIFT);
                let n = shifted - SHIFT;
                let high = M::fma(n, -LN2_HI, x);
                let r = M::fma(n, -LN2_LO, high);
                (shifted, r, M::fma(n, -LN2_LO, high - r))
            }

            /// `n`, as an integer plus [`SHIFT`], and `e^r - 1` for `x = n ln2 + r`.
            #[inline(always)]
            fn expm1_of_parts<M: Arithmetic>(x: F) -> (F, F) {
                // What `r` lost counts where the result is less than it.
                let (shifted, r, low) = reduce_in_parts::<M>(x);
                (shifted, r + M::fma(r * r, series::<M>(r), low))
            }

            /// `2^(n-1)` and `2^(-n-1)` for `n`, an integer plus [`SHIFT`], from zero to below the infinite exponents; what
            /// would be subnormal is zero.
            #[inline(always)]
            pub(crate) fn halves_of_powers(shifted: F) -> (F, F) {
                const SUM: I = (2 * $bias - 2) << $mantissa;
                let n = (shifted.to_bits() as I).wrapping_sub(SHIFT.to_bits() as I);
                let up = n.wrapping_add($bias - 1) << $mantissa;
                (F::from_bits(up as _), F::from_bits(SUM.wrapping_sub(up) as _))
            }

            /// `p 2^(n + more)`, for `n` an integer plus [`SHIFT`] and a normal result.
            #[inline(always)]
            fn scaled(p: F, shifted: F, more: I) -> F {
                let exponent = (shifted.to_bits() as I).wrapping_add(more) << $mantissa;
                F::from_bits((p.to_bits() as I).wrapping_add(exponent) as _)
            }

            /// Where [`exp_of_moderate`] over- or underflows, and NaN.
            #[inline(always)]
            pub(crate) fn is_extreme(x: F) -> bool {
                x.is_nan() | (x.abs() >= $moderate)
            }

            #[inline(always)]
            pub(crate) fn exp_of_moderate<M: Arithmetic>(x: F) -> F {
                let (shifted, p) = exp_of_parts::<M>(x);
                scaled(p, shifted, 0)
            }

            #[inline(always)]
            pub(crate) fn exp<M: Arithmetic>(x: F) -> F {
                let clamped = if x > $exp_max { $exp_max } else { x };
                // Not rounded to zero but set: an underflow takes the processor a hundred cycles.
                let zero = x < $exp_min;
                let clamped = if zero { 0.0 } else { clamped };
                let (shifted, p) = exp_of_parts::<M>(clamped);
                // Two factors, because 2^n itself may be beyond the normal numbers.
                const FAR: F = F::from_bits((64 + $bias) << $mantissa);
                let (large, small) = (clamped >= $moderate, clamped <= -$moderate);
                let more = if large { -64 } else if small { 64 } else { 0 };
                let factor = if large { FAR } else if small { 1.0 / FAR } else { 1.0 };
                let y = scaled(p, shifted, more) * factor;
                let y = if zero { 0.0 } else { y };
                if x.is_nan() { x } else { y }
            }

            #[inline(always)]
            pub(crate) fn expm1<M: Arithmetic>(x: F) -> F {
                let tiny = x.abs() < $tiny;
                // Their squares would underflow, which takes the processor a hundred cycles.
                let clamped = if tiny { 0.0 } else { x };
                let clamped = if clamped > $exp_max { $exp_max } else { clamped };
                let clamped = if clamped < $expm1_min { $expm1_min } else { clamped };
                let (shifted, p) = expm1_of_parts::<M>(clamped);
                // 2^n (p + 1) - 1, by halves because the largest 2^n is none of the numbers.
                let half = power_of_two(shifted - 1.0);
                let y = 2.0 * M::fma(half, p, half - 0.5);
                if tiny { x } else { y }
            }

            /// `k` and `m` in `[sqrt(1/2), sqrt(2))` with `x = 2^k m`, for positive normal `x`.
            #[inline(always)]
            pub(crate) fn split(x: F) -> (F, F) {
                let bits = (x.to_bits() as I).wrapping_add(ONE - ROOT_HALF);
                let k = (bits >> $mantissa) - $bias;
                let m = F::from_bits(((bits & ((1 << $mantissa) - 1)) + ROOT_HALF) as _);
                // An integer as a float, by the same shift as above: not every level converts 64-bit integers.
                let k = F::from_bits(k.wrapping_add(SHIFT.to_bits() as I) as _) - SHIFT;
                (k, m)
            }

            /// `s`, `z = s^2` and `p` with `log(1 + f) = f - s (f - z p)`.
            #[inline(always)]
            fn log_series<M: Arithmetic>(f: F) -> (F, F, F) {
                let s = f / (2.0 + f);
                let z = s * s;
                let mut p = $log_highest;
                $( p = M::fma(p, z, $log); )*
                (s, z, p)
            }

            /// `log(1 + f) - f`
            #[inline(always)]
            pub(crate) fn log_rest<M: Arithmetic>(f: F) -> F {
                let (s, z, p) = log_series::<M>(f);
                s * M::fma(z, p, -f)
            }

            /// `k ln2 + log(1 + f) + c`
            #[inline(always)]
            fn log_of_parts<M: Arithmetic>(k: F, f: F, c: F) -> F {
                let (s, z, p) = log_series::<M>(f);
                let half = 0.5 * f * f;
                let rest = M::fma(s, M::fma(z, p, half), M::fma(k, LN2_LO, c));
                M::fma(k, LN2_HI, f - (half - rest))
            }

            #[inline(always)]
            fn log_specials(x: F, y: F) -> F {
                let y = if x == F::INFINITY { x } else { y };
                let y = if x == 0.0 { F::NEG_INFINITY } else { y };
                // The comparison is false for NaN as well.
                if x >= 0.0 { y } else { F::NAN }
            }

            /// Where there is no [`log_of_normal`]: zero, subnormal, negative and infinite numbers, and NaN.
            #[inline(always)]
            pub(crate) fn is_not_normal(x: F) -> bool {
                const LEAST: I = F::MIN_POSITIVE.to_bits() as I;
                const INFINITE: I = F::INFINITY.to_bits() as I;
                !(LEAST..INFINITE).contains(&(x.to_bits() as I))
            }

            #[inline(always)]
            pub(crate) fn log_of_normal<M: Arithmetic>(x: F) -> F {
                let (k, m) = split(x);
                log_of_parts::<M>(k, m - 1.0, 0.0)
            }

            #[inline(always)]
            pub(crate) fn log<M: Arithmetic>(x: F) -> F {
                let small = x < F::MIN_POSITIVE;
                let scaled = if small { x * SUBNORMAL_SCALE } else { x };
                let (k, m) = split(scaled);
                let k = if small { k - $subnormal as F } else { k };
                log_specials(x, log_of_parts::<M>(k, m - 1.0, 0.0))
            }

            /// Where there is no [`log1p_of_moderate`]: from -1 down, huge numbers and NaN.
            #[inline(always)]
            pub(crate) fn has_plain_log1p(x: F) -> bool {
                !((x > -1.0) & (x < $huge))
            }

            /// `log(1 + x)` where [`has_plain_log1p`].
            #[inline(always)]
            pub(crate) fn log1p<M: Arithmetic>(x: F) -> F {
                log::<M>(1.0 + x)
            }

            /// `log(u + lost)`, where `u` is a normal number and `lost` within a unit of its last place.
            #[inline(always)]
            pub(crate) fn log_of_sum<M: Arithmetic>(u: F, lost: F) -> F {
                let (k, m) = split(u);
                // What was lost relative to u: it is below rounding, so a reciprocal within 6% will do, which the bits of a
                // number give when they are subtracted (Blinn, Floating-point tricks, 1997).
                let reciprocal = F::from_bits(RECIPROCAL.wrapping_sub(u.to_bits() as I) as _);
                let near = k == 0.0;
                let f = if near { (u - 1.0) + lost } else { m - 1.0 };
                log_of_parts::<M>(k, f, if near { 0.0 } else { lost * reciprocal })
            }

            #[inline(always)]
            pub(crate) fn log1p_of_moderate<M: Arithmetic>(x: F) -> F {
                let tiny = x.abs() < $tiny;
                // Their squares would underflow, which takes the processor a hundred cycles.
                let safe = if tiny { 0.0 } else { x };
                let u = 1.0 + safe;
                let y = log_of_sum::<M>(u, safe - (u - 1.0));
                if tiny { x } else { y }
            }

            #[inline(always)]
            pub(crate) fn tanh<M: Arithmetic>(x: F) -> F {
                let a = x.abs();
                let bounded = if a > $one_from { $one_from } else { a };
                let (shifted, p) = expm1_of_parts::<M>(2.0 * bounded);
                let half = power_of_two(shifted - 1.0);
                // h / (1 + h) for 2 h = e^2x - 1, as h - h q or as 1 - q, whichever q is smaller.
                let h = M::fma(half, p, half - 0.5);
                let s = if h > 1.0 { 1.0 } else { h };
                M::fma(-s, s / (1.0 + h), s).copysign(x)
            }

            #[inline(always)]
            pub(crate) fn sigmoid_of_moderate<M: Arithmetic>(x: F) -> F {
                1.0 / (1.0 + exp_of_moderate::<M>(-x))
            }

            #[inline(always)]
            pub(crate) fn sigmoid<M: Arithmetic>(x: F) -> F {
                let e = exp::<M>(-x.abs());
                (if x < 0.0 { e } else { 1.0 }) / (1.0 + e)
            }

            #[inline(always)]
            pub(crate) fn softplus_of_moderate<M: Arithmetic>(x: F) -> F {
                log1p_of_moderate::<M>(exp_of_moderate::<M>(-x.abs())) + if x < 0.0 { 0.0 } else { x }
            }

            #[inline(always)]
            pub(crate) fn softplus<M: Arithmetic>(x: F) -> F {
                log1p_of_moderate::<M>(exp::<M>(-x.abs())) + if x < 0.0 { 0.0 } else { x }
            }

            #[inline(always)]
            pub(crate) fn logaddexp<M: Arithmetic>(a: F, b: F) -> F {
                let high = if a > b { a } else { b };
                // Equal infinities have no difference.
                let apart = if a == b { 0.0 } else { -(a - b).abs() };
                high + log1p_of_moderate::<M>(exp::<M>(apart)) + if a.is_nan() { a } else { 0.0 }
            }

            #[inline(always)]
            pub(crate) fn selu<M: Arithmetic>(x: F) -> F {
                const SCALE: F = 1.050_700_987_355_480_5_f64 as F;
                const ALPHA: F = 1.673_263_242_354_377_3_f64 as F;
                SCALE * if x > 0.0 { x } else { ALPHA * expm1::<M>(x) }
            }
        }
    };
}

precision! {
    f64, i64, mantissa: 52, bias: 1023, shift: 6_755_399_441_055_744.0,
    ln2: 6.931_471_803_691_238e-1 + 1.908_214_929_270_587_7e-10, exp range: -746.0 .. 710.0,
    expm1 min: -50.0, tiny: 1e-17, subnormal scale: 2 ^ 54,
    root half: 0x3fe6_a09e_0000_0000,
    moderate: 708.0,
    exp: [
        2.511_794_036_026_433e-8, 2.763_123_119_495_936_4e-7, 2.755_721_609_734_882e-6, 2.480_149_009_554_35e-5,
        1.984_126_991_754_428_3e-4, 1.388_888_894_684_840_1e-3, 8.333_333_333_307_165e-3, 4.166_666_666_651_616e-2,
        1.666_666_666_666_67e-1, 5.000_000_000_000_012e-1
    ],
    log: [
        1.479_819_860_511_658_6e-1, 1.531_383_769_920_937_3e-1, 1.818_357_216_161_805e-1, 2.222_219_843_214_978_4e-1,
        2.857_142_874_366_239e-1, 3.999_999_999_940_942e-1, 6.666_666_666_666_735e-1
    ],
    tanh is one from: 20.0, reciprocal: 0x7fde_6238_22fc_16e6, huge: 1e300
}

precision! {
    f32, i32, mantissa: 23, bias: 127, shift: 12_582_912.0,
    ln2: 6.931_381e-1 + 9.058_001e-6, exp range: -104.0 .. 89.0,
    expm1 min: -20.0, tiny: 1e-9, subnormal scale: 2 ^ 25,
    root half: 0x3f35_04f3,
    moderate: 87.0,
    exp: [1.395_057_5e-3, 8.368_883e-3, 4.166_620_4e-2, 1.666_652e-1, 0.5],
    log: [2.427_907_9e-1, 2.849_878_7e-1, 4.000_097_2e-1, 6.666_666e-1],
    tanh is one from: 10.0, reciprocal: 0x7ef3_11c7, huge: 1e30
}
