//! Tails and quantiles of the laws that tests and intervals use: normal, chi-squared, Student's t, F.
//!
//! Normal tails are `libm`'s; the others are the protocol's incomplete gamma and beta functions, computed where the data live.

use array_api::{Array, Namespace, Result, betainc, equal, exp, gammaincc, maximum, negative, sqrt, square, where_};
use std::f64::consts::{FRAC_1_SQRT_2, LN_2};

use crate::distribution::tails::{HALF_LN_TAU, log_normal_cdf};

/// The probability that a standard normal exceeds `z`, accurate in both tails.
pub fn normal_upper_tail(z: f64) -> f64 {
    0.5 * libm::erfc(z * FRAC_1_SQRT_2)
}

/// The quantile of the standard normal: infinite at 0 and 1, not a number outside.
///
/// The root of `log Phi(z) = log p` by Newton's method, which converges monotonically there because `log Phi` is concave.
///
/// ```
/// assert!((mle::inference::laws::normal_quantile(0.975) - 1.959963984540054).abs() < 1e-15);
/// ```
pub fn normal_quantile(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p > 0.5 {
        // 1 - p is exact there.
        return -normal_quantile(1.0 - p);
    }
    if p == 0.0 {
        return f64::NEG_INFINITY;
    }
    if p == 0.5 {
        return 0.0;
    }
    // Left of the root, since Phi(z) < phi(z) / |z| <= exp(-z^2 / 2) / 2.
    let mut z = -(-2.0 * libm::log(2.0 * p)).sqrt() - 0.5;
    for _ in 0..100 {
        let tail = normal_upper_tail(-z);
        let density = libm::exp(-0.5 * z * z) / (2.0 * std::f64::consts::PI).sqrt();
        let step = (libm::log(p) - libm::log(tail)) * tail / density;
        let next = z + step;
        if step.is_nan() || step.abs() <= 1e-16 * next.abs() {
            return next;
        }
        z = next;
    }
    z
}

/// The standard normal's quantiles of probabilities up to one half, given by their logarithms: infinite for a probability of 0.
///
/// Newton's method on `log Phi` again, from the left.
pub(crate) fn normal_quantiles(log_probability: &Array) -> Result<Array> {
    let none = equal(log_probability, f64::NEG_INFINITY)?;
    let goal = where_(&none, -1.0, log_probability)?;
    let mut z = negative(sqrt(maximum((&goal * -2.0 - 2.0 * LN_2).ok()?, 0.0)?)?)?;
    for _ in 0..12 {
        let value = log_normal_cdf(&z)?;
        let slope = exp((square(&z)? * -0.5 - HALF_LN_TAU - &value).ok()?)?;
        z = (z + (&goal - value) / slope).ok()?;
    }
    where_(none, f64::NEG_INFINITY, z)
}

/// The probability that a chi-squared variable exceeds `x`.
///
/// # Errors
/// Where the namespace has no incomplete gamma function.
pub fn chi_squared_upper_tail(xp: &Namespace, x: f64, degrees: f64) -> Result<f64> {
    gammaincc(xp.asarray(degrees / 2.0)?, xp.asarray(x.max(0.0) / 2.0)?)?.item()
}

/// The probability that a variable of Student's law exceeds `t`; `degrees` may be infinite.
///
/// # Errors
/// Where the namespace has no incomplete beta function.
pub fn student_upper_tail(xp: &Namespace, t: f64, degrees: f64) -> Result<f64> {
    if degrees.is_infinite() {
        return Ok(normal_upper_tail(t));
    }
    // The tail itself, unless its argument would be so near to one that the distance has no digits left.
    let square = t * t;
    let half = match square < 1e-4 * degrees {
        true => {
            let x = xp.asarray(square / (degrees + square))?;
            0.5 - 0.5 * betainc(xp.asarray(0.5)?, xp.asarray(degrees / 2.0)?, x)?.item::<f64>()?
        }
        false => {
            let x = xp.asarray(degrees / (degrees + square))?;
            0.5 * betainc(xp.asarray(degrees / 2.0)?, xp.asarray(0.5)?, x)?.item::<f64>()?
        }
    };
    Ok(if t < 0.0 { 1.0 - half } else { half })
}

/// The probability that a variable of the F law exceeds `x`.
///
/// # Errors
/// Where the namespace has no incomplete beta function.
pub fn f_upper_tail(xp: &Namespace, x: f64, above: f64, below: f64) -> Result<f64> {
    let share = below / (below + above * x.max(0.0));
    betainc(xp.asarray(below / 2.0)?, xp.asarray(above / 2.0)?, xp.asarray(share)?)?.item()
}

/// The quantile of Student's law; `degrees` may be infinite.
///
/// # Errors
/// Where the namespace has no incomplete beta function.
///
/// ```
/// # let xp = array_ndarray::namespace();
/// let t = mle::inference::laws::student_quantile(&xp, 0.975, 10.0)?;
/// assert!((t - 2.228138851986274).abs() < 1e-12);
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn student_quantile(xp: &Namespace, p: f64, degrees: f64) -> Result<f64> {
    if degrees.is_infinite() || !(p > 0.0 && p < 1.0) || p == 0.5 {
        return Ok(normal_quantile(p));
    }
    let tail = p.min(1.0 - p);
    let t = falling_root(1.0, |t| Ok(student_upper_tail(xp, t, degrees)? - tail))?;
    Ok(if p < 0.5 { -t } else { t })
}

/// The quantile of the chi-squared law.
///
/// # Errors
/// Where the namespace has no incomplete gamma function.
pub fn chi_squared_quantile(xp: &Namespace, p: f64, degrees: f64) -> Result<f64> {
    if !(p > 0.0 && p < 1.0) {
        let ends = [(0.0, 0.0), (1.0, f64::INFINITY)];
        return Ok(ends.iter().find(|(end, _)| *end == p).map_or(f64::NAN, |(_, x)| *x));
    }
    falling_root(degrees, |x| Ok(chi_squared_upper_tail(xp, x, degrees)? - (1.0 - p)))
}

/// The positive root of a falling function that is positive at zero, by bisection: as many steps as a number has digits.
fn falling_root(guess: f64, f: impl Fn(f64) -> Result<f64>) -> Result<f64> {
    let (mut low, mut high) = (0.0, guess);
    while f(high)? > 0.0 && high < 1e300 {
        (low, high) = (high, 2.0 * high);
    }
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if f(middle)? > 0.0 { low = middle } else { high = middle }
    }
    Ok(0.5 * (low + high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_quantiles_of_tables() {
        // Wichura (1988), AS 241, gives these values.
        for (p, z) in
            [(0.25, -0.674_489_750_196_081_7), (0.001, -3.090_232_306_167_813_5), (1e-20, -9.262_340_089_798_409)]
        {
            assert!((normal_quantile(p) - z).abs() < 4e-15 * f64::abs(z), "{p}: {}", normal_quantile(p));
        }
        assert_eq!(normal_quantile(0.5), 0.0);
        assert_eq!(normal_quantile(1.0), f64::INFINITY);
        assert!(normal_quantile(1.5).is_nan());
    }
}
