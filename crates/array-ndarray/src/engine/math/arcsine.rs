//! The inverse sine and cosine, for both precisions: within 1.2 ulp.
//!
//! Up to 1/2 the inverse sine is an odd minimax polynomial, our own by Remez' algorithm. Above it `asin a` is
//! `pi/2 - 2 asin s` with `s^2 = (1 - a)/2`, and the inverse cosine is the other part of pi/2, which is added in two
//! parts.

macro_rules! precision {
    ($float:ident, pi/2: $pi_2_lo:literal, tiny: $tiny:literal,
     // (asin(s) / s - 1) / s^2 as a polynomial in s^2, highest power first
     [$highest:literal $(, $c:literal)*]) => {
        pub(crate) mod $float {
            use crate::engine::math::arithmetic::Arithmetic;

            type F = $float;
            const PI_2_HI: F = std::$float::consts::FRAC_PI_2;
            const PI_2_LO: F = $pi_2_lo;

            /// Where there are no angles, and NaN.
            #[inline(always)]
            pub(crate) fn is_outside(x: F) -> bool {
                x.is_nan() | (x.abs() > 1.0)
            }

            /// Whether `a` is above 1/2, and `s` and `asin(s) - s` with `asin a = asin s` or `pi/2 - 2 asin s`.
            #[inline(always)]
            fn parts<M: Arithmetic>(a: F) -> (bool, F, F) {
                let steep = a > 0.5;
                // The squares of tiny numbers would underflow, which takes the processor a hundred cycles.
                let root = if a < $tiny { 0.0 } else { a };
                let z = if steep { M::fma(a, -0.5, 0.5) } else { root * root };
                let s = if steep { z.sqrt() } else { a };
                let mut p = $highest;
                $( p = M::fma(p, z, $c); )*
                (steep, s, s * z * p)
            }

            #[inline(always)]
            pub(crate) fn asin<M: Arithmetic>(x: F) -> F {
                let (steep, s, rest) = parts::<M>(x.abs());
                let factor = if steep { -2.0 } else { 1.0 };
                let hi = if steep { PI_2_HI } else { 0.0 };
                let lo = if steep { PI_2_LO } else { 0.0 };
                let sum = M::fma(s, factor, hi);
                // The first sum may be above one where the result is below, and then loses a unit of it.
                let lost = M::fma(s, factor, hi - sum);
                (sum + M::fma(rest, factor, lost + lo)).copysign(x)
            }

            #[inline(always)]
            pub(crate) fn acos<M: Arithmetic>(x: F) -> F {
                let (steep, s, rest) = parts::<M>(x.abs());
                // 2 asin(s), pi - 2 asin(s) or pi/2 -+ asin(s)
                let negative = x.is_sign_negative();
                let factor = if steep { 2.0 } else { -1.0 };
                let factor = if negative { -factor } else { factor };
                let quarters = if negative { 2.0 } else { 0.0 };
                let quarters = if steep { quarters } else { 1.0 };
                M::fma(s, factor, quarters * PI_2_HI) + M::fma(rest, factor, quarters * PI_2_LO)
            }
        }
    };
}

precision! {
    f64, pi/2: 6.123_233_995_736_766e-17, tiny: 1e-17,
    [3.195_844_680_600_779e-2, -1.629_328_681_982_389_3e-2, 1.957_338_342_357_969_2e-2, 6.511_053_155_792_985_4e-3,
     1.217_323_080_306_9e-2, 1.388_460_625_735_298e-2, 1.735_977_027_159_747_7e-2, 2.237_175_358_263_282_5e-2,
     3.038_195_932_854_552_6e-2, 4.464_285_682_355_708_5e-2, 7.500_000_000_342_935e-2, 1.666_666_666_666_538_3e-1]
}

precision! {
    f32, pi/2: -4.371_139e-8, tiny: 1e-9,
    [4.221_182_7e-2, 2.415_208_7e-2, 4.547_604e-2, 7.495_252e-2, 1.666_675_4e-1]
}
