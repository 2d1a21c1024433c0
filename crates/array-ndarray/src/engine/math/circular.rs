//! Sine and cosine in double precision.
//!
//! Cody and Waite's reduction by pi/2 in three parts of 33, 33 and 53 bits with the rounding errors carried along, then the
//! kernels of FreeBSD's msun (`k_sin.c`, `k_cos.c`, Sun Microsystems 1993). Both are computed and the quadrant chooses.

/// Up to here the products of the reduction are exact; beyond, `libm` reduces by Payne and Hanek.
pub(crate) const LIMIT: f64 = 1_000_000.0;

const SHIFT: f64 = 6_755_399_441_055_744.0;
const PI_2_1: f64 = f64::from_bits(0x3FF9_21FB_5440_0000);
const PI_2_2: f64 = f64::from_bits(0x3DD0_B461_1A60_0000);
const PI_2_3: f64 = f64::from_bits(0x3BA3_198A_2E03_7073);

/// The quadrant in the lowest bits, and the reduced argument in two parts.
#[inline(always)]
fn reduce(x: f64) -> (i64, f64, f64) {
    let shifted = x * std::f64::consts::FRAC_2_PI + SHIFT;
    let n = shifted - SHIFT;
    let first = x - n * PI_2_1;
    let product = n * PI_2_2;
    let second = first - product;
    let lost = (first - second) - product;
    let third = n * PI_2_3 - lost;
    let high = second - third;
    (shifted.to_bits() as i64, high, (second - high) - third)
}

#[inline(always)]
fn sine(x: f64, low: f64) -> f64 {
    let z = x * x;
    let w = z * z;
    let r = 8.333_333_333_322_49e-3
        + z * (-1.984_126_982_985_795e-4 + z * 2.755_731_370_707_006_8e-6)
        + z * w * (-2.505_076_025_340_686_3e-8 + z * 1.589_690_995_211_55e-10);
    let v = z * x;
    x - ((z * (0.5 * low - v * r) - low) - v * -1.666_666_666_666_663_2e-1)
}

#[inline(always)]
fn cosine(x: f64, low: f64) -> f64 {
    let z = x * x;
    let w = z * z;
    let r = z * (4.166_666_666_666_66e-2 + z * (-1.388_888_888_887_411e-3 + z * 2.480_158_728_947_673e-5))
        + w * w * (-2.755_731_435_139_066_3e-7 + z * (2.087_572_321_298_175e-9 + z * -1.135_964_755_778_819_5e-11));
    let half = 0.5 * z;
    let one = 1.0 - half;
    one + (((1.0 - one) - half) + (z * r - x * low))
}

/// Sine or cosine by quadrant, with the sign bit of `quadrant & 2`.
#[inline(always)]
fn choose(quadrant: i64, sine: f64, cosine: f64) -> f64 {
    let value = if quadrant & 1 == 0 { sine } else { cosine };
    f64::from_bits(value.to_bits() ^ (((quadrant & 2) as u64) << 62))
}

/// The sine of `|x| <= LIMIT`; NaN stays.
#[inline(always)]
pub(crate) fn sin(x: f64) -> f64 {
    let (quadrant, high, low) = reduce(x);
    let y = choose(quadrant, sine(high, low), cosine(high, low));
    // Keeps the sign of zero.
    if x == 0.0 { x } else { y }
}

/// The cosine of `|x| <= LIMIT`; NaN stays.
#[inline(always)]
pub(crate) fn cos(x: f64) -> f64 {
    let (quadrant, high, low) = reduce(x);
    choose(quadrant.wrapping_add(1), sine(high, low), cosine(high, low))
}
