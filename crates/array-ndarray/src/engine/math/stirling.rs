//! What incomplete gamma and beta functions share: factors of a density without the cancellations of their logarithms.

/// `x - ln(1 + x)` for `x > -1`, without cancellation: with `r = x / (2 + x)` it is `x r - 2 (r^3/3 + r^5/5 + ..)`.
pub(crate) fn excess(x: f64) -> f64 {
    if !(-0.5..1.0).contains(&x) {
        return x - x.ln_1p();
    }
    let r = x / (2.0 + x);
    let square = r * r;
    let sum = (0..20).rev().fold(0.0, |sum, k| sum * square + 1.0 / f64::from(2 * k + 3));
    r * (x - 2.0 * square * sum)
}

/// The coefficients of Stirling's series, DLMF 5.11.1.
const STIRLING: [f64; 8] = [
    1.0 / 12.0,
    -1.0 / 360.0,
    1.0 / 1260.0,
    -1.0 / 1680.0,
    1.0 / 1188.0,
    -691.0 / 360_360.0,
    1.0 / 156.0,
    -3617.0 / 122_400.0,
];

/// `ln gamma(a) - (a - 1/2) ln a + a - ln(2 pi)/2` for `a >= 10`.
pub(crate) fn stirling(a: f64) -> f64 {
    let z = 1.0 / (a * a);
    STIRLING.iter().rev().fold(0.0, |sum, c| sum * z + c) / a
}

/// `ln gamma(a + b) - ln gamma(a) - b ln a` for `a >= 10` and `b > 0`, to full relative accuracy however small `b` is.
pub(crate) fn growth(a: f64, b: f64) -> f64 {
    let ratio = b / a;
    let log = ratio.ln_1p();
    let mut power = 1.0 / a;
    let mut corrections = 0.0;
    for (c, k) in STIRLING.iter().zip(0..) {
        corrections += c * power * (-f64::from(2 * k + 1) * log).exp_m1();
        power /= a * a;
    }
    (b - 0.5) * log - a * excess(ratio) + corrections
}

/// Coefficients of `1 / gamma(1 + x) - 1 = c_1 x + c_2 x^2 + ..`, DLMF 5.7.1.
const RECIPROCAL: [f64; 29] = [
    0.577_215_664_901_532_9,
    -0.655_878_071_520_253_9,
    -0.042_002_635_034_095_24,
    0.166_538_611_382_291_48,
    -0.042_197_734_555_544_33,
    -0.009_621_971_527_876_973,
    0.007_218_943_246_663_1,
    -0.001_165_167_591_859_065_2,
    -0.000_215_241_674_114_950_98,
    0.000_128_050_282_388_116_2,
    -2.013_485_478_078_824e-5,
    -1.250_493_482_142_670_6e-6,
    1.133_027_231_981_696e-6,
    -2.056_338_416_977_607e-7,
    6.116_095_104_481_416e-9,
    5.002_007_644_469_223e-9,
    -1.181_274_570_487_02e-9,
    1.043_426_711_691_100_5e-10,
    7.782_263_439_905_071e-12,
    -3.696_805_618_642_206e-12,
    5.100_370_287_454_476e-13,
    -2.058_326_053_566_506_6e-14,
    -5.348_122_539_423_018e-15,
    1.226_778_628_238_260_8e-15,
    -1.181_259_301_697_458_8e-16,
    1.186_692_254_751_600_4e-18,
    1.412_380_655_318_031_9e-18,
    -2.298_745_684_435_37e-19,
    1.714_406_321_927_337_4e-20,
];

/// `1 / gamma(1 + x) - 1` for `0 <= x <= 1`, to full relative accuracy however small `x` is.
pub(crate) fn reciprocal_gamma(x: f64) -> f64 {
    RECIPROCAL.iter().rev().fold(0.0, |sum, c| (sum + c) * x)
}
