//! What gamma and incomplete functions share: factors of a density without the cancellations of their logarithms.

use super::{between, polynomial, within};
use crate::array::Array;
use crate::error::Result;
use crate::{divide, expm1, floor, greater_equal, log1p, multiply, reciprocal, square, subtract, where_};

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

/// From here on [`stirling`] has every digit.
pub(super) const LARGE: f64 = 10.0;

/// `x - ln(1 + x)` for `x > -1`, without cancellation: with `r = x / (2 + x)` it is `x r - 2 (r^3/3 + r^5/5 + ..)`.
pub(super) fn excess(x: &Array) -> Result<Array> {
    let near = between(x, -0.5, 1.0)?;
    let out = within(&crate::logical_not(&near)?, [(x, 1.0)], |[x]| subtract(&x, log1p(&x)?), x.clone())?;
    within(&near, [(x, 0.0)], |[x]| excess_near_zero(&x, 20), out)
}

/// [`excess`] by so many terms of its series: 20 serve from -1/2 to 1, 8 up to 1/5 on either side.
pub(super) fn excess_near_zero(x: &Array, terms: i32) -> Result<Array> {
    let r = divide(x, x + 2.0)?;
    let square = square(&r)?;
    let odd: Vec<f64> = (0..terms).map(|k| 1.0 / f64::from(2 * k + 3)).collect();
    ((x - &square * polynomial(&square, &odd)? * 2.0) * r).ok()
}

/// `ln gamma(a) - (a - 1/2) ln a + a - ln(2 pi)/2` for `a >= 10`.
pub(super) fn stirling(a: &Array) -> Result<Array> {
    divide(polynomial(&reciprocal(square(a)?)?, &STIRLING)?, a)
}

/// `ln gamma(a + b) - ln gamma(a) - b ln a` for `a >= 10` and `b > 0`, to full relative accuracy however small `b` is.
pub(super) fn growth(a: &Array, b: &Array) -> Result<Array> {
    let ratio = divide(b, a)?;
    let log = log1p(&ratio)?;
    let mut out = ((b - 0.5) * &log - a * excess(&ratio)?).ok()?;
    let mut power = reciprocal(a)?;
    let step = square(&power)?;
    for (c, k) in STIRLING.iter().zip(0..) {
        let change = expm1(&log * -f64::from(2 * k + 1))?;
        out = (out + change * &power * *c).ok()?;
        power = multiply(power, &step)?;
    }
    Ok(out)
}

/// `1 / gamma(1 + x) - 1` for `-1/2 <= x <= 1`, to full relative accuracy however small `x` is.
pub(super) fn reciprocal_gamma(x: &Array) -> Result<Array> {
    multiply(polynomial(x, &RECIPROCAL)?, x)
}

/// `gamma(1 + x)` for `0 <= x < most`: that of the fraction, times the factors from there.
pub(super) fn gamma_of_next(x: &Array, most: usize) -> Result<Array> {
    let whole = floor(x)?;
    let fraction = subtract(x, &whole)?;
    let mut out = reciprocal(reciprocal_gamma(&fraction)? + 1.0)?;
    for k in (1..most).map(|k| k as f64) {
        let factor = where_(greater_equal(&whole, k)?, &fraction + k, 1.0)?;
        out = multiply(out, factor)?;
    }
    Ok(out)
}
