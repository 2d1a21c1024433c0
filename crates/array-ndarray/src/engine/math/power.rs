//! Powers of real numbers: `2^(y log2 x)`, with the logarithm in as many bits as the result needs.
//!
//! The logarithm is a polynomial in `s = (m - 1) / (m + 1)` for `x = 2^k m` with `m` in `[sqrt(1/2), sqrt(2))`. Single
//! precision takes one double for all of it. Double precision carries the logarithm and its product in two parts, split so
//! that products of high parts are exact, as in `e_pow.c` of FreeBSD's msun (Sun Microsystems 2004), here without its tables.
//! Polynomials are minimax ones, our own by Remez' algorithm, in even and odd halves: one chain would wait for each step.

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

pub(crate) mod f32 {
    use super::{SHIFT, WHOLE, split};

    /// Where [`pow`] does not know the cases: a base of zero, infinities and NaN.
    #[inline(always)]
    pub(crate) fn is_extreme(base: f32, exponent: f32) -> bool {
        const FINITE: u32 = f32::INFINITY.to_bits() - 1;
        (base.abs().to_bits().wrapping_sub(1) >= FINITE) | (exponent.abs().to_bits() > FINITE)
    }

    /// The power where it is not [`is_extreme`].
    #[inline(always)]
    pub(crate) fn pow(base: f32, exponent: f32) -> f32 {
        let (x, y) = (f64::from(base.abs()), f64::from(exponent));
        let (k, m) = split(x);
        let s = (m - 1.0) / (m + 1.0);
        let z = s * s;
        let w = z * z;
        let even = 0.340_738_355_105_096_5 * w + 0.577_083_594_452_137_4;
        let odd = 0.411_672_218_294_417_47 * w + 0.961_796_673_284_350_3;
        let log = k + s * ((even * w + 2.885_390_081_790_14) + z * odd);
        let e = log * y;
        let e = if e > 200.0 { 200.0 } else { e };
        let e = if e < -200.0 { -200.0 } else { e };
        let shifted = e + SHIFT;
        let r = e - (shifted - SHIFT);
        let w = r * r;
        let even = 0.000_154_453_745_874_759_75 * w + 0.009_618_097_376_001_968;
        let odd = 0.001_340_126_592_127_057_3 * w + 0.055_503_251_042_743_31;
        let even = even * w + 0.240_226_507_290_398_16;
        let odd = odd * w + 0.693_147_207_711_344_4;
        let p = (even * w + 1.0) + r * odd;
        let size = f64::from_bits(p.to_bits().wrapping_add(shifted.to_bits() << 52)) as f32;
        // Beyond 2^30 every number is even.
        let size_of_y = y.abs();
        let bounded = if size_of_y > 1_073_741_824.0 { 1_073_741_824.0 } else { size_of_y };
        let units = bounded + WHOLE;
        let whole = units - WHOLE == bounded;
        let odd = whole & (units.to_bits() & 1 == 1);
        let value = if (base < 0.0) & !whole { f32::NAN } else { size };
        let value = if odd & base.is_sign_negative() { -value } else { value };
        if exponent == 2.0 { base * base } else { value }
    }
}

pub(crate) mod f64 {
    use super::{SHIFT, WHOLE, split};

    // 2 / (3 ln 2) and ln 2: rounded, and in two parts of which the first has few bits.
    const SCALE: f64 = 9.617_966_939_259_756e-1;
    const SCALE_HI: f64 = 9.617_967_009_544_373e-1;
    const SCALE_LO: f64 = -7.028_461_650_952_758e-9;
    const LN2: f64 = std::f64::consts::LN_2;
    const LN2_HI: f64 = 6.931_471_824_645_996e-1;
    const LN2_LO: f64 = -1.904_654_299_957_768e-9;

    /// The upper 21 bits, whose products are exact.
    #[inline(always)]
    fn head(x: f64) -> f64 {
        f64::from_bits(x.to_bits() & 0xffff_ffff_0000_0000)
    }

    /// Where [`pow`] does not know the cases: a base that is zero, subnormal, infinite or NaN, and exponents so huge that
    /// products overflow.
    #[inline(always)]
    pub(crate) fn is_extreme(base: f64, exponent: f64) -> bool {
        const LEAST: u64 = f64::MIN_POSITIVE.to_bits();
        const NORMAL: u64 = f64::INFINITY.to_bits() - LEAST;
        const HUGE: u64 = 1e21_f64.to_bits();
        (base.abs().to_bits().wrapping_sub(LEAST) >= NORMAL) | (exponent.abs().to_bits() > HUGE)
    }

    /// `log2 x` in two parts, for positive normal `x`.
    #[inline(always)]
    fn log2(x: f64) -> (f64, f64) {
        let (k, m) = split(x);
        let f = m - 1.0;
        let sum = m + 1.0;
        let reciprocal = 1.0 / sum;
        let s = f * reciprocal;
        let s_hi = head(s);
        let sum_hi = head(sum);
        let sum_lo = m - (sum_hi - 1.0);
        let s_lo = reciprocal * ((f - s_hi * sum_hi) - s_hi * sum_lo);
        // 3/2 log(m) = s (3 + s^2 + s^4 p(s^2))
        let z = s * s;
        let w = z * z;
        let even = 3.0 * 0.058_530_686_550_989_384;
        let odd = 3.0 * 0.058_620_655_748_448_22;
        let even = even * w + 3.0 * 0.076_922_974_403_238_13;
        let odd = odd * w + 3.0 * 0.066_674_043_689_075_04;
        let even = even * w + 3.0 * 0.111_111_111_108_258_39;
        let odd = odd * w + 3.0 * 0.090_909_091_681_217_2;
        let even = even * w + 0.6;
        let odd = odd * w + 3.0 * 0.142_857_142_857_146_87;
        let rest = w * (even + z * odd) + s_lo * (s_hi + s);
        let square = s_hi * s_hi;
        let series_hi = head(3.0 + square + rest);
        let series_lo = rest - ((series_hi - 3.0) - square);
        let upper = s_hi * series_hi;
        let lower = s_lo * series_hi + series_lo * s;
        let log_hi = head(upper + lower);
        let log_lo = lower - (log_hi - upper);
        let scaled_hi = SCALE_HI * log_hi;
        let scaled_lo = SCALE_LO * log_hi + log_lo * SCALE;
        let hi = head((scaled_hi + scaled_lo) + k);
        let lo = scaled_lo - ((hi - k) - scaled_hi);
        (hi, lo)
    }

    /// The power where it is not [`is_extreme`].
    #[inline(always)]
    pub(crate) fn pow(base: f64, exponent: f64) -> f64 {
        let (log_hi, log_lo) = log2(base.abs());
        let y = head(exponent);
        let lo = (exponent - y) * log_hi + exponent * log_lo;
        let hi = y * log_hi;
        let sum = hi + lo;
        let e = if sum < -1080.0 { -1080.0 } else { sum };
        let e = if e > 1024.0 { 1024.0 } else { e };
        let inside = e == sum;
        let shifted = e + SHIFT;
        let hi = if inside { hi - (shifted - SHIFT) } else { 0.0 };
        let lo = if inside { lo } else { 0.0 };
        // e^(z + low) = 2^(hi + lo)
        let t = head(hi + lo);
        let upper = t * LN2_HI;
        let lower = (lo - (t - hi)) * LN2 + t * LN2_LO;
        let z = upper + lower;
        let low = lower - (z - upper);
        let w = z * z;
        let odd = 2.511_794_036_026_433e-8;
        let even = 2.763_123_119_495_936_4e-7;
        let odd = odd * w + 2.755_721_609_734_882e-6;
        let even = even * w + 2.480_149_009_554_35e-5;
        let odd = odd * w + 0.000_198_412_699_175_442_83;
        let even = even * w + 0.001_388_888_894_684_840_1;
        let odd = odd * w + 0.008_333_333_333_307_165;
        let even = even * w + 0.041_666_666_666_516_16;
        let odd = odd * w + 0.166_666_666_666_667;
        let even = even * w + 0.500_000_000_000_001_2;
        let one = 1.0 + z;
        let lost = z - (one - 1.0);
        let p = one + (lost + (low + w * (even + z * odd)));
        // Results below the normal numbers get their last factor when they are rounded.
        let tiny = e < -1000.0;
        let scale = shifted.to_bits().wrapping_add(if tiny { 64 } else { 0 }) << 52;
        let scaled = f64::from_bits(p.to_bits().wrapping_add(scale));
        // Zero is not rounded to but multiplied by: an underflow takes the processor a hundred cycles.
        let factor = if sum < -1080.0 { 0.0 } else { 5.421_010_862_427_522e-20 };
        let size = if tiny { scaled * factor } else { scaled };
        let size = if (e >= 1024.0) & (p >= 1.0) { f64::INFINITY } else { size };
        let units = exponent.abs();
        let whole = (units + WHOLE - WHOLE == units) | (units >= WHOLE);
        let half = 0.5 * units;
        let odd = whole & (half + WHOLE - WHOLE != half) & (units < 2.0 * WHOLE);
        let value = if (base < 0.0) & !whole { f64::NAN } else { size };
        let value = if odd & base.is_sign_negative() { -value } else { value };
        if exponent == 2.0 { base * base } else { value }
    }
}
