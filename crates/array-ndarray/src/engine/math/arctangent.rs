//! The inverse tangent, of one number and of a point.
//!
//! With `low <= high` the two sizes, an angle is a multiple of pi/4 plus or minus the inverse tangent of `t`, which is
//! `low / high` or, where that is above 9/16, `(low - high) / (low + high)`. There a minimax polynomial (our own, by Remez'
//! algorithm) follows; the multiple of pi/4 is added in two parts. The split at 9/16 instead of tan(pi/8) keeps the rounding
//! errors of `t` below those of the result.

macro_rules! precision {
    ($float:ident, $bits:ident, pi/4: $pi_4_hi:expr, $pi_4_lo:expr, huge: $huge:expr,
     // (atan(t) / t - 1) / t^2 as a polynomial in t^2, highest power first
     [$highest:literal $(, $c:literal)*]) => {
        pub(crate) mod $float {
            use crate::engine::math::arithmetic::Arithmetic;

            type F = $float;
            /// Few enough bits that the products with 1 to 4 are exact.
            const PI_4_HI: F = $pi_4_hi;
            const PI_4_LO: F = $pi_4_lo;
            const SIGN: $bits = 1 << ($bits::BITS - 1);

            /// The angle for sizes `low <= high`, where `swapped` says that `low` is that along the first axis and `left`
            /// that the point is on its negative side.
            #[inline(always)]
            fn angle<M: Arithmetic>(low: F, high: F, swapped: bool, left: bool) -> F {
                let middle = 16.0 * low > 9.0 * high;
                let numerator = if middle { low - high } else { low };
                let denominator = if middle { low + high } else { high };
                let t = numerator / denominator;
                let backwards = swapped != left;
                let t = F::from_bits(t.to_bits() ^ if backwards { SIGN } else { 0 });
                let octants = if swapped { 2.0 } else if left { 4.0 } else { 0.0 };
                let step = if backwards { -1.0 } else { 1.0 };
                let octants = octants + if middle { step } else { 0.0 };
                let z = t * t;
                let mut p = $highest;
                $( p = M::fma(p, z, $c); )*
                let rest = M::fma(t * z, p, octants * PI_4_LO);
                M::fma(octants, PI_4_HI, t + rest)
            }

            #[inline(always)]
            pub(crate) fn atan<M: Arithmetic>(x: F) -> F {
                let a = x.abs();
                let swapped = a > 1.0;
                let (low, high) = if swapped { (1.0, a) } else { (a, 1.0) };
                angle::<M>(low, high, swapped, false).copysign(x)
            }

            /// Where [`atan2`] would overflow, and NaN.
            #[inline(always)]
            pub(crate) fn is_huge(y: F, x: F) -> bool {
                y.is_nan() | x.is_nan() | (y.abs() >= $huge) | (x.abs() >= $huge)
            }

            /// The angle of the point `(x, y)`; not where [`is_huge`].
            #[inline(always)]
            pub(crate) fn atan2<M: Arithmetic>(y: F, x: F) -> F {
                let (a, b) = (y.abs(), x.abs());
                let swapped = a > b;
                let (low, high) = if swapped { (b, a) } else { (a, b) };
                let high = if high == 0.0 { 1.0 } else { high };
                angle::<M>(low, high, swapped, x.is_sign_negative()).copysign(y)
            }
        }
    };
}

precision! {
    f64, u64, pi/4: std::f64::consts::FRAC_PI_4, 3.061_616_997_868_383e-17, huge: 1e306,
    [-0.005_863_317_974_754_708, 0.019_285_109_917_809_76, -0.033_736_216_638_176_12, 0.044_367_394_839_333_864,
     -0.051_854_947_382_362_37, 0.058_690_434_130_788_77, -0.066_650_400_072_279_7, 0.076_921_683_017_860_1,
     -0.090_909_009_731_582_82, 0.111_111_108_060_637_77, -0.142_857_142_789_337_7, 0.199_999_999_999_239_45,
     -0.333_333_333_333_330_4]
}

precision! {
    f32, u32, pi/4: f32::from_bits(0x3f49_0fd8), 1.569_582_4e-7, huge: 1e37,
    [0.032_942_2, -0.075_454_35, 0.108_177_75, -0.142_564_79, 0.199_986_37, -0.333_333_12]
}
