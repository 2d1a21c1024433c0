//! exp, expm1, log, log1p and what follows from them, for both precisions.
//!
//! - `exp`, `expm1`: Cody and Waite's reduction `x = n ln2 + r` with `ln2` in two parts (Software Manual for the Elementary
//!   Functions, 1980), then a minimax polynomial (our own, by Remez' algorithm) in even and odd halves, because one chain
//!   would wait for each step. `n` is found by adding 1.5 times the power of two where the unit in the last place is one.
//! - `log`, `log1p`: `x = 2^k m` with `m` in `[sqrt(1/2), sqrt(2))`, then with `s = f / (2 + f)`, `f = m - 1`, the odd
//!   minimax polynomial in `s` of FreeBSD's msun (`e_log.c`, `e_logf.c`, Sun Microsystems 1993).
//! - `tanh`: `1 - 2 / (1 + e^2x)`, near zero a minimax polynomial (our own) of odd powers.

macro_rules! precision {
    ($float:ident, $int:ident, mantissa: $mantissa:literal, bias: $bias:literal, shift: $shift:literal,
     ln2: $ln2_hi:literal + $ln2_lo:literal, exp range: $exp_min:literal .. $exp_max:literal,
     expm1 min: $expm1_min:literal, tiny: $tiny:literal, subnormal scale: 2 ^ $subnormal:literal,
     root half: $root_half:literal,
     moderate: $moderate:literal,
     // (e^r - 1 - r) / r^2, its even and its odd powers, highest first
     exp: [$($even:literal),*] + r [$($odd:literal),*],
     // the polynomial in s^2 of log, highest power first
     log: [$($log:literal),*],
     // (tanh(x) / x - 1) / x^2 as a polynomial in x^2, highest power first
     tanh: [$($tanh:literal),*], one from: $one_from:literal) => {
        pub(crate) mod $float {
            type F = $float;
            type I = $int;
            const LN2_HI: F = $ln2_hi;
            const LN2_LO: F = $ln2_lo;
            const SHIFT: F = $shift;
            const ROOT_HALF: I = $root_half;
            const SUBNORMAL_SCALE: F = F::from_bits(($subnormal + $bias) << $mantissa);
            const ONE: I = (1.0 as F).to_bits() as I;

            /// `2^n` for `n`, an integer plus [`SHIFT`], above the subnormal and below the infinite exponents.
            #[inline(always)]
            fn power_of_two(shifted: F) -> F {
                let n = (shifted.to_bits() as I).wrapping_sub(SHIFT.to_bits() as I);
                F::from_bits((n.wrapping_add($bias) << $mantissa) as _)
            }

            /// `n`, an integer plus [`SHIFT`], and `r` in two parts with `x = n ln2 + r`, `|r| <= ln2 / 2`.
            #[inline(always)]
            fn reduce(x: F) -> (F, F, F) {
                let shifted = x * std::$float::consts::LOG2_E + SHIFT;
                let n = shifted - SHIFT;
                let high = x - n * LN2_HI;
                let low = n * LN2_LO;
                let r = high - low;
                (shifted, r, (high - r) - low)
            }

            /// `(e^r - 1 - r) / r^2`
            #[inline(always)]
            fn series(r: F) -> F {
                let w = r * r;
                let (mut even, mut odd) = (0.0, 0.0);
                $( even = even * w + $even; )*
                $( odd = odd * w + $odd; )*
                even + r * odd
            }

            #[inline(always)]
            fn halves(n: F) -> (F, F) {
                let half = n * 0.5 + SHIFT;
                (power_of_two(half), power_of_two((n - (half - SHIFT)) + SHIFT))
            }

            /// `n`, as an integer plus [`SHIFT`], and `e^x / 2^n`.
            #[inline(always)]
            fn exp_of_parts(x: F) -> (F, F) {
                let (shifted, r, low) = reduce(x);
                (shifted, 1.0 + (r + (r * r * series(r) + low)))
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
            pub(crate) fn exp_of_moderate(x: F) -> F {
                let (shifted, p) = exp_of_parts(x);
                scaled(p, shifted, 0)
            }

            #[inline(always)]
            pub(crate) fn exp(x: F) -> F {
                let clamped = if x > $exp_max { $exp_max } else { x };
                // Not rounded to zero but set: an underflow takes the processor a hundred cycles.
                let zero = x < $exp_min;
                let clamped = if zero { 0.0 } else { clamped };
                let (shifted, p) = exp_of_parts(clamped);
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
            pub(crate) fn expm1(x: F) -> F {
                let clamped = if x > $exp_max { $exp_max } else { x };
                let clamped = if clamped < $expm1_min { $expm1_min } else { clamped };
                let (shifted, r, low) = reduce(clamped);
                let n = shifted - SHIFT;
                let q = r * r * series(r) + low;
                // e^x - 1 = 2^n (r + q + 1 - 2^-n); from n = 64 on the last term is below rounding. What the sum with
                // the larger term loses is added to the smaller one (Dekker 1971).
                let capped = if n > 64.0 { 64.0 } else { n };
                let larger = 1.0 - power_of_two(SHIFT - capped);
                let sum = larger + r;
                let lost = (larger - sum) + r;
                let (a, b) = halves(n);
                let y = (sum + (q + lost)) * a * b;
                if x.abs() < $tiny { x } else { y }
            }

            /// `k` and `m` in `[sqrt(1/2), sqrt(2))` with `x = 2^k m`, for positive normal `x`.
            #[inline(always)]
            fn split(x: F) -> (F, F) {
                let bits = (x.to_bits() as I).wrapping_add(ONE - ROOT_HALF);
                let k = (bits >> $mantissa) - $bias;
                let m = F::from_bits(((bits & ((1 << $mantissa) - 1)) + ROOT_HALF) as _);
                // An integer as a float, by the same shift as above: not every level converts 64-bit integers.
                let k = F::from_bits(k.wrapping_add(SHIFT.to_bits() as I) as _) - SHIFT;
                (k, m)
            }

            /// `k ln2 + log(1 + f) + c`
            #[inline(always)]
            fn log_of_parts(k: F, f: F, c: F) -> F {
                let s = f / (2.0 + f);
                let z = s * s;
                let mut p = 0.0;
                $( p = p * z + $log; )*
                let half = 0.5 * f * f;
                k * LN2_HI - ((half - (s * (half + z * p) + (k * LN2_LO + c))) - f)
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
            pub(crate) fn log_of_normal(x: F) -> F {
                let (k, m) = split(x);
                log_of_parts(k, m - 1.0, 0.0)
            }

            #[inline(always)]
            pub(crate) fn log(x: F) -> F {
                let small = x < F::MIN_POSITIVE;
                let scaled = if small { x * SUBNORMAL_SCALE } else { x };
                let (k, m) = split(scaled);
                let k = if small { k - $subnormal as F } else { k };
                log_specials(x, log_of_parts(k, m - 1.0, 0.0))
            }

            #[inline(always)]
            pub(crate) fn log1p(x: F) -> F {
                let u = 1.0 + x;
                let (k, m) = split(u);
                // What 1 + x lost, relative to u.
                let lost = if k >= 2.0 { 1.0 - (u - x) } else { x - (u - 1.0) };
                let near = k == 0.0;
                let c = if near { 0.0 } else { lost / u };
                let f = if near { x } else { m - 1.0 };
                let y = log_specials(u, log_of_parts(k, f, c));
                if x.abs() < $tiny { x } else { y }
            }

            #[inline(always)]
            pub(crate) fn tanh(x: F) -> F {
                let a = x.abs();
                let bounded = if a > $one_from { $one_from } else { a };
                let (shifted, e) = exp_of_parts(2.0 * bounded);
                let far = 1.0 - 2.0 / (1.0 + scaled(e, shifted, 0));
                let z = a * a;
                let mut p = 0.0;
                $( p = p * z + $tanh; )*
                let near = a + a * (z * p);
                (if a > 0.5625 { far } else { near }).copysign(x)
            }

            #[inline(always)]
            pub(crate) fn sigmoid(x: F) -> F {
                let e = exp(-x.abs());
                (if x < 0.0 { e } else { 1.0 }) / (1.0 + e)
            }

            #[inline(always)]
            pub(crate) fn softplus(x: F) -> F {
                log1p(exp(-x.abs())) + if x < 0.0 { 0.0 } else { x }
            }

            #[inline(always)]
            pub(crate) fn logaddexp(a: F, b: F) -> F {
                let high = if a > b { a } else { b };
                // Equal infinities have no difference.
                let apart = if a == b { 0.0 } else { -(a - b).abs() };
                high + log1p(exp(apart)) + if a.is_nan() { a } else { 0.0 }
            }

            #[inline(always)]
            pub(crate) fn selu(x: F) -> F {
                const SCALE: F = 1.050_700_987_355_480_5_f64 as F;
                const ALPHA: F = 1.673_263_242_354_377_3_f64 as F;
                SCALE * if x > 0.0 { x } else { ALPHA * expm1(x) }
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
        2.763_123_119_495_936_4e-7, 2.480_149_009_554_35e-5, 1.388_888_894_684_840_1e-3, 4.166_666_666_651_616e-2,
        5.000_000_000_000_012e-1
    ] + r [
        2.511_794_036_026_433e-8, 2.755_721_609_734_882e-6, 1.984_126_991_754_428_3e-4, 8.333_333_333_307_165e-3,
        1.666_666_666_666_67e-1
    ],
    log: [
        1.479_819_860_511_658_6e-1, 1.531_383_769_920_937_3e-1, 1.818_357_216_161_805e-1, 2.222_219_843_214_978_4e-1,
        2.857_142_874_366_239e-1, 3.999_999_999_940_942e-1, 6.666_666_666_666_735e-1
    ],
    tanh: [
        -1.893_176_808_304_380_4e-5, 8.240_909_625_517_24e-5, -2.327_522_130_197_998e-4, 5.881_988_271_950_737e-4,
        -1.455_483_608_108_925_7e-3, 3.592_082_913_750_512e-3, -8.863_231_708_170_606e-3, 2.186_948_833_197_102_3e-2,
        -5.396_825_396_190_277e-2, 1.333_333_333_332_347e-1, -3.333_333_333_333_332_8e-1
    ],
    one from: 20.0
}

precision! {
    f32, i32, mantissa: 23, bias: 127, shift: 12_582_912.0,
    ln2: 6.931_381e-1 + 9.058_001e-6, exp range: -104.0 .. 89.0,
    expm1 min: -20.0, tiny: 1e-9, subnormal scale: 2 ^ 25,
    root half: 0x3f35_04f3,
    moderate: 87.0,
    exp: [1.395_057_5e-3, 4.166_620_4e-2, 0.5] + r [8.368_883e-3, 1.666_652e-1],
    log: [2.427_907_9e-1, 2.849_878_7e-1, 4.000_097_2e-1, 6.666_666e-1],
    tanh: [-6.188_638_6e-3, 2.101_427_7e-2, -5.383_924_6e-2, 1.333_247_1e-1, -3.333_331_4e-1],
    one from: 10.0
}
