//! The tangent, for both precisions, in double precision: within 2 ulp, without fused operations 2.3.
//!
//! After the reductions of sine and cosine it is a quotient of polynomials or, in odd quadrants, minus its reciprocal:
//! one division. The polynomials are minimax ones, our own by Remez' algorithm for quotients.

pub(crate) mod f64 {
    use crate::engine::math::arithmetic::Arithmetic;
    use crate::engine::math::circular::{LIMIT, reduce};

    #[inline(always)]
    pub(crate) fn is_huge(x: f64) -> bool {
        x.abs() > LIMIT
    }

    /// The tangent where the argument is not huge; NaN stays.
    #[inline(always)]
    pub(crate) fn tan<M: Arithmetic>(x: f64) -> f64 {
        let (quadrant, high, low) = reduce::<M>(x);
        let z = high * high;
        let p = M::fma(z, -1.786_084_351_468_753_4e-5, 3.424_834_910_283_777_5e-3);
        let p = M::fma(z, p, -1.333_830_616_553_54e-1);
        let q = M::fma(z, 4.981_544_027_521_282e-7, -3.118_065_598_945_014e-4);
        let q = M::fma(z, q, 2.566_363_323_984_645_3e-2);
        let q = M::fma(z, q, -4.667_163_949_886_873_3e-1);
        let denominator = M::fma(z, q, 1.0);
        // The derivative of the tangent is one more than its square, which is about z / denominator.
        let numerator = high + M::fma(high * z, p, low * (denominator + z));
        let odd = quadrant & 1 != 0;
        let numerator = if odd { -numerator } else { numerator };
        let y = (if odd { denominator } else { numerator }) / (if odd { numerator } else { denominator });
        // Keeps the sign of zero.
        if x == 0.0 { x } else { y }
    }
}

pub(crate) mod f32 {
    use crate::engine::math::arithmetic::Arithmetic;
    use crate::engine::math::circular::{LIMIT, PI_2_1, SHIFT};

    /// Pi/2 without its first part.
    const PI_2_REST: f64 = 6.077_100_506_506_192e-11;

    #[inline(always)]
    pub(crate) fn is_huge(x: f32) -> bool {
        x.abs() > LIMIT as f32
    }

    /// The tangent where the argument is not huge; NaN stays.
    #[inline(always)]
    pub(crate) fn tan<M: Arithmetic>(x: f32) -> f32 {
        let wide = f64::from(x);
        let shifted = M::fma(wide, std::f64::consts::FRAC_2_PI, SHIFT);
        let n = shifted - SHIFT;
        let r = M::fma(n, -PI_2_REST, M::fma(n, -PI_2_1, wide));
        let z = r * r;
        let p = M::fma(z, 1.074_738_699_565_082e-3, -1.113_554_450_159_116e-1);
        let q = M::fma(z, 1.597_098_031_545_603e-2, -4.446_887_771_538_043e-1);
        // A product, unlike a sum, keeps the sign of zero.
        let (numerator, denominator) = ((r * M::fma(z, p, 1.0)) as f32, M::fma(z, q, 1.0) as f32);
        let odd = shifted.to_bits() & 1 != 0;
        let numerator = if odd { -numerator } else { numerator };
        (if odd { denominator } else { numerator }) / (if odd { numerator } else { denominator })
    }
}
