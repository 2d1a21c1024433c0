//! Logarithm, sine and cosine with the same bits on every machine, written for vectors.
//!
//! Only additions, products, quotients and square roots are used, which IEEE 754 rounds exactly and which Rust
//! never contracts or reorders; no call reaches the platform's mathematical library. There are no branches, so
//! that loops over lanes become vector code. The polynomials are those of FreeBSD's msun (Sun's fdlibm), whose
//! errors are below 1 ulp on the reduced ranges.

/// ln(x) for normal `0 < x < 2^1023`; below 1 ulp.
#[inline(always)]
pub(super) fn ln_f64(x: f64) -> f64 {
    const LN2_HIGH: f64 = f64::from_bits(0x3fe6_2e42_fee0_0000);
    const LN2_LOW: f64 = f64::from_bits(0x3dea_39ef_3579_3c76);
    const C: [f64; 7] = [
        6.666_666_666_666_735e-1,
        3.999_999_999_940_942e-1,
        2.857_142_874_366_239e-1,
        2.222_219_843_214_978_4e-1,
        1.818_357_216_161_805e-1,
        1.531_383_769_920_937_3e-1,
        1.479_819_860_511_658_6e-1,
    ];
    // x = 2^k m with m in [sqrt(1/2), sqrt(2)): shift the exponent's border to sqrt(1/2), then cut there.
    let high = (x.to_bits() >> 32) as u32;
    let low = x.to_bits() & 0xffff_ffff;
    let shifted = high.wrapping_add(0x3ff0_0000 - 0x3fe6_a09e);
    let k = f64::from((shifted >> 20) as i32 - 0x3ff);
    let m = f64::from_bits(u64::from((shifted & 0x000f_ffff) + 0x3fe6_a09e) << 32 | low);
    let f = m - 1.0;
    let half_square = 0.5 * f * f;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let even = w * (C[1] + w * (C[3] + w * C[5]));
    let odd = z * (C[0] + w * (C[2] + w * (C[4] + w * C[6])));
    s * (half_square + (even + odd)) + k * LN2_LOW - half_square + f + k * LN2_HIGH
}

/// ln(x) for normal `0 < x < 2^127`; below 1 ulp.
#[inline(always)]
pub(super) fn ln_f32(x: f32) -> f32 {
    const LN2_HIGH: f32 = f32::from_bits(0x3f31_7180);
    const LN2_LOW: f32 = f32::from_bits(0x3717_f7d1);
    const C: [f32; 4] = [
        f32::from_bits(0x3f2a_aaaa),
        f32::from_bits(0x3ecc_ce13),
        f32::from_bits(0x3e91_e9ee),
        f32::from_bits(0x3e78_9e26),
    ];
    let shifted = x.to_bits().wrapping_add(0x3f80_0000 - 0x3f35_04f3);
    let k = ((shifted >> 23) as i32 - 0x7f) as f32;
    let m = f32::from_bits((shifted & 0x007f_ffff) + 0x3f35_04f3);
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let even = w * (C[1] + w * C[3]);
    let odd = z * (C[0] + w * C[2]);
    let half_square = 0.5 * f * f;
    s * (half_square + (even + odd)) + k * LN2_LOW - half_square + f + k * LN2_HIGH
}

/// Sine and cosine of `r π/2` for `r` in [-1/2, 1/2]; below 2 ulp.
#[inline(always)]
pub(super) fn quarter_turn_f64(r: f64) -> (f64, f64) {
    const S: [f64; 6] = [
        -1.666_666_666_666_663_2e-1,
        8.333_333_333_322_49e-3,
        -1.984_126_982_985_795e-4,
        2.755_731_370_707_006_8e-6,
        -2.505_076_025_340_686_3e-8,
        1.589_690_995_211_55e-10,
    ];
    const C: [f64; 6] = [
        4.166_666_666_666_66e-2,
        -1.388_888_888_887_411e-3,
        2.480_158_728_947_673e-5,
        -2.755_731_435_139_066_3e-7,
        2.087_572_321_298_175e-9,
        -1.135_964_755_778_819_5e-11,
    ];
    let x = r * std::f64::consts::FRAC_PI_2;
    let z = x * x;
    let w = z * z;
    let sine = x + z * x * (S[0] + z * (S[1] + z * (S[2] + z * S[3] + w * (S[4] + z * S[5]))));
    let tail = z * (C[0] + z * (C[1] + z * C[2])) + w * w * (C[3] + z * (C[4] + z * C[5]));
    let half = 0.5 * z;
    let head = 1.0 - half;
    let cosine = head + (((1.0 - head) - half) + z * tail);
    (sine, cosine)
}

/// Sine and cosine of `r π/2` for `r` in [-1/2, 1/2]; below 3 ulp.
#[inline(always)]
pub(super) fn quarter_turn_f32(r: f32) -> (f32, f32) {
    // Taylor's coefficients: at π/4 the first term left out is 2e-9 of the result, far below half an ulp.
    let x = r * std::f32::consts::FRAC_PI_2;
    let z = x * x;
    let sine = x + x * z * (-1.0 / 6.0 + z * (1.0 / 120.0 + z * (-1.0 / 5040.0 + z * (1.0 / 362_880.0))));
    let tail = 1.0 / 24.0 + z * (-1.0 / 720.0 + z * (1.0 / 40_320.0 + z * (-1.0 / 3_628_800.0)));
    (sine, 1.0 - (0.5 * z - z * z * tail))
}

/// Rotates `(cosine, sine)` by `quarters` right angles, without branches.
#[inline(always)]
pub(super) fn rotate<T: Copy + std::ops::Neg<Output = T>>(quarters: u32, cosine: T, sine: T) -> (T, T) {
    let odd = quarters & 1 == 1;
    let (x, y) = (if odd { sine } else { cosine }, if odd { cosine } else { sine });
    let x = if (quarters + 1) & 2 == 2 { -x } else { x };
    (x, if quarters & 2 == 2 { -y } else { y })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Draw, Key, Uniform};

    /// Distance in units of the last place of the reference.
    fn ulps_f64(value: f64, reference: f64) -> f64 {
        (value - reference).abs() / (reference.abs().next_up() - reference.abs())
    }
    fn ulps_f32(value: f32, reference: f64) -> f64 {
        let place = (reference as f32).abs();
        (f64::from(value) - reference).abs() / f64::from(place.next_up() - place)
    }

    #[test]
    fn logarithms_are_within_one_ulp() {
        let mut worst = [0.0_f64; 2];
        for i in 0..200_000 {
            let u: f64 = Uniform.element(Key::new(1), i);
            let exponent: f64 = Uniform.element(Key::new(2), i);
            let x = (0.5 + u) * 2.0_f64.powi((exponent * -60.0) as i32);
            worst[0] = worst[0].max(ulps_f64(ln_f64(x), libm::log(x)));
            let single = x as f32;
            worst[1] = worst[1].max(ulps_f32(ln_f32(single), libm::log(f64::from(single))));
        }
        assert!(worst[0] <= 1.0 && worst[1] < 1.0, "{worst:?}");
        assert_eq!((ln_f64(1.0), ln_f32(1.0)), (0.0, 0.0));
    }

    #[test]
    fn sines_are_within_their_bounds() {
        let mut worst = [0.0_f64; 4];
        for i in 0..200_000 {
            let u: f64 = Uniform.element(Key::new(3), i);
            let r = u - 0.5;
            let angle = r * std::f64::consts::FRAC_PI_2;
            let (s, c) = quarter_turn_f64(r);
            worst[0] = worst[0].max(ulps_f64(s, libm::sin(angle)));
            worst[1] = worst[1].max(ulps_f64(c, libm::cos(angle)));
            let single = r as f32;
            let angle = f64::from(single) * std::f64::consts::FRAC_PI_2;
            let (s, c) = quarter_turn_f32(single);
            worst[2] = worst[2].max(ulps_f32(s, libm::sin(angle)));
            worst[3] = worst[3].max(ulps_f32(c, libm::cos(angle)));
        }
        assert!(worst[0] <= 2.0 && worst[1] <= 2.0 && worst[2] < 3.0 && worst[3] < 3.0, "{worst:?}");
    }

    #[test]
    fn rotation() {
        let expected = [(3.0, 4.0), (-4.0, 3.0), (-3.0, -4.0), (4.0, -3.0)];
        for (quarters, expected) in expected.into_iter().enumerate() {
            assert_eq!(rotate(quarters as u32, 3.0, 4.0), expected);
            assert_eq!(rotate(quarters as u32 + 4, 3.0, 4.0), expected);
        }
    }
}
