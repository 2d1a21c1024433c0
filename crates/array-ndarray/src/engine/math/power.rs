//! Powers of real numbers: `2^(y log2 x)`, with the logarithm in as many bits as the result needs.
//!
//! With `x = 2^k m` and `m` in `[sqrt(1/2), sqrt(2))`, single precision takes the logarithm of `m` in double precision from one
//! polynomial. Double precision carries it, and its product with `y`, in two parts (Dekker 1971): they are products and sums
//! of `s = (m - 1) / (m + 1)`, of `3 + s^2` and of the polynomial for what follows in the series of the inverse hyperbolic
//! tangent. Polynomials are minimax ones, our own by Remez' algorithm.

use crate::engine::math::arithmetic::Arithmetic;

/// 1.5 times the number where the unit in the last place is one.
const SHIFT: f64 = 6_755_399_441_055_744.0;
/// From here on every number is whole.
const WHOLE: f64 = 4_503_599_627_370_496.0;
const ROOT_HALF: u64 = 0x3fe6_a09e_0000_0000;
const BIAS: f64 = 1023.0;

/// `k` and `m` with `x = 2^k m`, for positive normal `x`.
#[inline(always)]
fn split(x: f64) -> (f64, f64) {
    let bits = x.to_bits().wrapping_add(1.0_f64.to_bits() - ROOT_HALF);
    let m = f64::from_bits((bits & ((1 << 52) - 1)) + ROOT_HALF);
    // An integer as a float, by its bits: not every level converts 64-bit integers.
    (f64::from_bits(bits >> 52 | WHOLE.to_bits()) - (WHOLE + BIAS), m)
}

/// A polynomial of even and odd halves, its coefficients from the highest power to the lowest.
///
/// A power takes so many operations that the processor sees few elements at once, and one chain would wait for each step.
#[inline(always)]
fn polynomial<M: Arithmetic, const N: usize>(x: f64, coefficients: [f64; N]) -> f64 {
    let square = x * x;
    let (mut high, mut low) = (coefficients[0], coefficients[1]);
    for c in &coefficients[2..] {
        let next = M::fma(high, square, *c);
        (high, low) = (low, next);
    }
    M::fma(high, x, low)
}

pub(crate) mod f32 {
    use super::{Arithmetic, SHIFT, polynomial, split};

    /// From here on every number is whole.
    const WHOLE: f32 = 8_388_608.0;

    /// `log2(1 + f) / f`, within 2^-35.8.
    const LOG2: [f64; 13] = [
        0.077_370_947_011_765_21,
        -0.142_838_969_010_240_32,
        0.144_747_818_105_514_74,
        -0.143_156_460_669_547_96,
        0.158_769_929_345_404_82,
        -0.180_300_611_969_209_96,
        0.206_175_349_609_291_01,
        -0.240_453_164_654_292_62,
        0.288_537_293_781_124_3,
        -0.360_673_674_851_765_3,
        0.480_898_361_392_228_7,
        -0.721_347_520_868_622_9,
        1.442_695_040_868_71,
    ];

    /// `(2^r - 1) / r` for `|r| <= 1/2`.
    const EXP2: [f64; 6] = [
        0.000_154_453_745_874_759_75,
        0.001_340_126_592_127_057_3,
        0.009_618_097_376_001_968,
        0.055_503_251_042_743_31,
        0.240_226_507_290_398_16,
        0.693_147_207_711_344_4,
    ];

    /// Where [`pow`] does not know the cases: a base that is zero, infinite or NaN, and exponents that are whole because they
    /// are so large.
    #[inline(always)]
    pub(crate) fn is_extreme(base: f32, exponent: f32) -> bool {
        const FINITE: u32 = f32::INFINITY.to_bits() - 1;
        const LARGE: u32 = WHOLE.to_bits();
        (base.abs().to_bits().wrapping_sub(1) >= FINITE) | (exponent.abs().to_bits() >= LARGE)
    }

    /// `2^e` to single precision, for a normal result.
    #[inline(always)]
    pub(crate) fn exp2<M: Arithmetic>(e: f64) -> f64 {
        let shifted = e + SHIFT;
        let r = e - (shifted - SHIFT);
        let p = M::fma(r, polynomial::<M, 6>(r, EXP2), 1.0);
        f64::from_bits(p.to_bits().wrapping_add(shifted.to_bits() << 52))
    }

    /// The power where it is not [`is_extreme`].
    #[inline(always)]
    pub(crate) fn pow<M: Arithmetic>(base: f32, exponent: f32) -> f32 {
        let (k, m) = split(f64::from(base.abs()));
        let f = m - 1.0;
        let log = M::fma(f, polynomial::<M, 13>(f, LOG2), k);
        let e = log * f64::from(exponent);
        let e = if e > 200.0 { 200.0 } else { e };
        let e = if e < -200.0 { -200.0 } else { e };
        let size = exp2::<M>(e) as f32;
        let y = exponent.abs();
        let units = y + WHOLE;
        let whole = units - WHOLE == y;
        let value = if (base < 0.0) & !whole { f32::NAN } else { size };
        // Minus for negative bases and odd exponents.
        let value = f32::from_bits(value.to_bits() ^ ((units.to_bits() << 31) & base.to_bits()));
        if exponent == 2.0 { base * base } else { value }
    }
}

pub(crate) mod f64 {
    use super::{Arithmetic, SHIFT, WHOLE, polynomial, split};

    /// 2 / (3 ln 2) in two parts.
    const SCALE: f64 = 0.961_796_693_925_975_6;
    const SCALE_LO: f64 = 5.057_761_664_812_590_7e-17;

    /// `(3/2 log(m) / s - 3 - s^2) / s^4`, in powers of `s^2`.
    const SERIES: [f64; 8] = [
        3.0 * 0.058_620_655_748_448_22,
        3.0 * 0.058_530_686_550_989_384,
        3.0 * 0.066_674_043_689_075_04,
        3.0 * 0.076_922_974_403_238_13,
        3.0 * 0.090_909_091_681_217_2,
        3.0 * 0.111_111_111_108_258_39,
        3.0 * 0.142_857_142_857_146_87,
        0.6,
    ];

    /// `(2^r - 1) / r` for `|r| <= 1/2`.
    const EXP2: [f64; 11] = [
        4.457_220_265_221_791e-10,
        7.073_833_723_444_663_6e-9,
        1.017_804_792_020_159_6e-7,
        1.321_543_499_405_673_8e-6,
        1.525_273_386_269_488_5e-5,
        0.000_154_035_304_576_618_5,
        0.001_333_355_814_638_657_4,
        0.009_618_129_107_593_736,
        0.055_504_108_664_821_69,
        0.240_226_506_959_101_3,
        std::f64::consts::LN_2,
    ];

    /// Where [`pow`] does not know the cases: a base that is zero, subnormal, infinite or NaN, and exponents that are
    /// whole because they are so large.
    #[inline(always)]
    pub(crate) fn is_extreme(base: f64, exponent: f64) -> bool {
        const LEAST: u64 = f64::MIN_POSITIVE.to_bits();
        const NORMAL: u64 = f64::INFINITY.to_bits() - LEAST;
        const LARGE: u64 = WHOLE.to_bits();
        (base.abs().to_bits().wrapping_sub(LEAST) >= NORMAL) | (exponent.abs().to_bits() >= LARGE)
    }

    /// `log2 x` in two parts, for positive normal `x`.
    #[inline(always)]
    fn log2<M: Arithmetic>(x: f64) -> (f64, f64) {
        let (k, m) = split(x);
        let f = m - 1.0;
        let sum = m + 1.0;
        let sum_lo = m - (sum - 1.0);
        let reciprocal = 1.0 / sum;
        let s = f * reciprocal;
        let s_lo = reciprocal * M::fma(-s, sum_lo, M::exact(-s, sum, f));
        // 3/2 log(m) = s (3 + s^2 + s^4 p(s^2))
        let z = s * s;
        let z_lo = M::fma(s + s, s_lo, M::exact(s, s, -z));
        let rest = M::fma(z * z, polynomial::<M, 8>(z, SERIES), z_lo);
        let series = 3.0 + z;
        let series_lo = (z - (series - 3.0)) + rest;
        let log = s * series;
        let log_lo = M::fma(s, series_lo, M::fma(s_lo, series, M::exact(s, series, -log)));
        let scaled = log * SCALE;
        let scaled_lo = M::fma(log, SCALE_LO, M::fma(log_lo, SCALE, M::exact(log, SCALE, -scaled)));
        let hi = k + scaled;
        (hi, (scaled - (hi - k)) + scaled_lo)
    }

    /// The power where it is not [`is_extreme`].
    #[inline(always)]
    pub(crate) fn pow<M: Arithmetic>(base: f64, exponent: f64) -> f64 {
        let (log, log_lo) = log2::<M>(base.abs());
        let e = exponent * log;
        let lo = M::fma(exponent, log_lo, M::exact(exponent, log, -e));
        let sum = e + lo;
        let bounded = if sum < -1100.0 { -1100.0 } else { sum };
        let bounded = if bounded > 1100.0 { 1100.0 } else { bounded };
        let shifted = bounded + SHIFT;
        let n = shifted - SHIFT;
        let r = if bounded == sum { (e - n) + lo } else { 0.0 };
        let p = M::fma(r, polynomial::<M, 11>(r, EXP2), 1.0);
        // 2^n in two factors, because it may be beyond the normal numbers. Zero is not rounded to but multiplied by: an
        // underflow takes the processor a hundred cycles.
        let half = shifted.to_bits() >> 1;
        let first = f64::from_bits(p.to_bits().wrapping_add(half << 52));
        let second = f64::from_bits((shifted.to_bits().wrapping_sub(half) << 52).wrapping_add(1.0_f64.to_bits()));
        let size = first * if bounded < -1080.0 { 0.0 } else { second };
        let y = exponent.abs();
        let units = y + WHOLE;
        let whole = units - WHOLE == y;
        let value = if (base < 0.0) & !whole { f64::NAN } else { size };
        // Minus for negative bases and odd exponents.
        let value = f64::from_bits(value.to_bits() ^ ((units.to_bits() << 63) & base.to_bits()));
        if exponent == 2.0 { base * base } else { value }
    }
}
