//! What gamma and incomplete functions share: factors of a density without the cancellations of their logarithms.

use super::{between, polynomial, within};
use crate::array::Array;
use crate::coefficients::{RECIPROCAL, STIRLING};
use crate::error::Result;
use crate::{divide, expm1, floor, greater_equal, log1p, multiply, reciprocal, square, subtract, where_};

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
