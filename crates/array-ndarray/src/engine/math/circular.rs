//! Sine and cosine in double precision.
//!
//! Cody and Waite's reduction by pi/2 in three parts of 33, 33 and 53 bits, then the polynomials of FreeBSD's msun (`k_sin.c`, `k_cos.c`, Sun
//! Microsystems 1993). Both are computed and the quadrant chooses.

use crate::engine::math::arithmetic::Arithmetic;

/// Up to here the products of the reduction are exact; beyond, `libm` reduces by Payne and Hanek.
pub(crate) const LIMIT: f64 = 1_000_000.0;

pub(crate) const SHIFT: f64 = 6_755_399_441_055_744.0;
/// Pi/2 to 33 bits.
pub(crate) const PI_2_1: f64 = f64::from_bits(0x3FF9_21FB_5440_0000);

const PI_2_2: f64 = f64::from_bits(0x3DD0_B461_1A60_0000);
const PI_2_3: f64 = f64::from_bits(0x3BA3_198A_2E03_7073);

/// The quadrant in the lowest bits, and the reduced argument in two parts: one alone would cost an ulp just above 1/2.
#[inline(always)]
pub(crate) fn reduce<M: Arithmetic>(x: f64) -> (i64, f64, f64) {
    let shifted = M::fma(x, std::f64::consts::FRAC_2_PI, SHIFT);
    let n = shifted - SHIFT;
    let first = M::fma(n, -PI_2_1, x);
    let product = n * PI_2_2;
    let second = first - product;
    let lost = (first - second) - product;
    let third = M::fma(n, PI_2_3, -lost);
    let high = second - third;
    (shifted.to_bits() as i64, high, (second - high) - third)
}

#[inline(always)]
fn sine<M: Arithmetic>(x: f64, low: f64, z: f64) -> f64 {
    let p = M::fma(z, 1.589_690_995_211_55e-10, -2.505_076_025_340_686_3e-8);
    let p = M::fma(z, p, 2.755_731_370_707_006_8e-6);
    let p = M::fma(z, p, -1.984_126_982_985_795e-4);
    let p = M::fma(z, p, 8.333_333_333_322_49e-3);
    let p = M::fma(z, p, -1.666_666_666_666_663_2e-1);
    x + M::fma(x * z, p, low)
}

#[inline(always)]
fn cosine<M: Arithmetic>(x: f64, low: f64, z: f64) -> f64 {
    let p = M::fma(z, -1.135_964_755_778_819_5e-11, 2.087_572_321_298_175e-9);
    let p = M::fma(z, p, -2.755_731_435_139_066_3e-7);
    let p = M::fma(z, p, 2.480_158_728_947_673e-5);
    let p = M::fma(z, p, -1.388_888_888_887_411e-3);
    let p = M::fma(z, p, 4.166_666_666_666_66e-2);
    let one = M::fma(z, -0.5, 1.0);
    let lost = M::fma(z, -0.5, 1.0 - one);
    one + M::fma(z * z, p, M::fma(-x, low, lost))
}

/// Sine or cosine by quadrant, with the sign bit of `quadrant & 2`.
#[inline(always)]
fn choose<M: Arithmetic>(quadrant: i64, x: f64, low: f64) -> f64 {
    let z = x * x;
    let (sine, cosine) = (sine::<M>(x, low, z), cosine::<M>(x, low, z));
    let value = if quadrant & 1 == 0 { sine } else { cosine };
    f64::from_bits(value.to_bits() ^ (((quadrant & 2) as u64) << 62))
}

/// The sine of `|x| <= LIMIT`; NaN stays.
#[inline(always)]
pub(crate) fn sin<M: Arithmetic>(x: f64) -> f64 {
    let (quadrant, high, low) = reduce::<M>(x);
    let y = choose::<M>(quadrant, high, low);
    // Keeps the sign of zero.
    if x == 0.0 { x } else { y }
}

/// The cosine of `|x| <= LIMIT`; NaN stays.
#[inline(always)]
pub(crate) fn cos<M: Arithmetic>(x: f64) -> f64 {
    let (quadrant, high, low) = reduce::<M>(x);
    choose::<M>(quadrant.wrapping_add(1), high, low)
}
