//! Sine and cosine of single-precision numbers, in double precision: within 0.501 ulp.
//!
//! Reduction by pi instead of pi/2 leaves one polynomial, a minimax one (our own, by Remez' algorithm), and a sign. Pi is in
//! two parts, of which the first has 33 bits: its multiples up to [`LIMIT`](super::circular::LIMIT) are exact.

use crate::engine::math::arithmetic::Arithmetic;

const SHIFT: f64 = 6_755_399_441_055_744.0;
const PI_1: f64 = f64::from_bits(0x4009_21FB_5440_0000);
const PI_2: f64 = 1.215_420_101_301_238_4e-10;

/// The sine of `x - n pi`, turned round where the lowest bit of `sign` is set.
#[inline(always)]
fn sine<M: Arithmetic>(x: f64, n: f64, sign: u64) -> f64 {
    let r = M::fma(n, -PI_2, M::fma(n, -PI_1, x));
    let z = r * r;
    let p = M::fma(z, -2.390_734_686_138_039_3e-8, 2.752_651_755_862_756_3e-6);
    let p = M::fma(z, p, -1.984_089_227_653_178e-4);
    let p = M::fma(z, p, 8.333_331_310_847_087e-3);
    let p = M::fma(z, p, -1.666_666_663_146_790_8e-1);
    let y = M::fma(r * z, p, r);
    f64::from_bits(y.to_bits() ^ (sign << 63))
}

/// The sine of `|x| <= LIMIT`; NaN stays.
#[inline(always)]
pub(crate) fn sin<M: Arithmetic>(x: f32) -> f32 {
    let wide = f64::from(x);
    let shifted = M::fma(wide, std::f64::consts::FRAC_1_PI, SHIFT);
    let y = sine::<M>(wide, shifted - SHIFT, shifted.to_bits()) as f32;
    // Keeps the sign of zero.
    if x == 0.0 { x } else { y }
}

/// The cosine of `|x| <= LIMIT`; NaN stays.
#[inline(always)]
pub(crate) fn cos<M: Arithmetic>(x: f32) -> f32 {
    let wide = f64::from(x);
    let shifted = M::fma(wide, std::f64::consts::FRAC_1_PI, -0.5) + SHIFT;
    sine::<M>(wide, (shifted - SHIFT) + 0.5, shifted.to_bits().wrapping_add(1)) as f32
}
