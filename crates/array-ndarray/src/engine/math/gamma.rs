//! Derivatives of the logarithm of the gamma function (Abramowitz and Stegun 1964, 6.3 and 6.4).

use array_api::coefficients::{DIGAMMA, EULER_MACLAURIN};
use std::f64::consts::PI;

/// The derivative of `lgamma`. Off by some units in the last place of the larger of the result and one: close to its root
/// at 1.46 the relative error grows.
pub(crate) fn digamma(x: f64) -> f64 {
    if x == 0.0 {
        return f64::INFINITY.copysign(-x);
    }
    if x < 0.0 {
        // 6.3.7; not-a-number at the poles and where all numbers are integers.
        return if x == x.floor() { f64::NAN } else { digamma(1.0 - x) - PI / (PI * (x - x.round())).tan() };
    }
    if x == f64::INFINITY {
        return x;
    }
    // 6.3.5 up to where 6.3.18 converges in seven terms.
    let (mut x, mut steps) = (x, 0.0);
    while x < 10.0 {
        steps += 1.0 / x;
        x += 1.0;
    }
    let z = 1.0 / (x * x);
    let series = DIGAMMA.iter().rev().fold(0.0, |sum, t| (sum + t) * z);
    x.ln() - 0.5 / x - series - steps
}

/// `(-1)^(n+1) n! zeta(n + 1, x)`, by Euler's and Maclaurin's sum. Poles give what both sides agree on: infinity for odd `n`,
/// not-a-number for even `n`, where they differ. Below -1e6 only `n = 1` has a value.
pub(crate) fn polygamma(n: i32, x: f64) -> f64 {
    let odd = n % 2 == 1;
    if x.is_nan() || x == f64::NEG_INFINITY {
        return f64::NAN;
    }
    if x <= 0.0 && x == x.floor() {
        return if odd { f64::INFINITY } else { f64::NAN };
    }
    if x == f64::INFINITY {
        return if odd { 0.0 } else { -0.0 };
    }
    if x < 0.0 && n == 1 {
        // 6.4.7
        let sine = (PI * (x - x.round())).sin();
        return PI * PI / (sine * sine) - polygamma(1, 1.0 - x);
    }
    if x < -1e6 {
        return f64::NAN;
    }
    // The terms one by one, up to where the rest is an integral and few corrections.
    let s = n + 1;
    let (mut a, mut sum) = (x, 0.0);
    // n! / a^s as a power of r / a with r^s about n!: each of the two alone leaves the range of numbers long before their
    // quotient does.
    let factorial: f64 = (1..=n).map(f64::from).product();
    let root = (factorial.ln() / f64::from(s)).exp();
    let term = |a: f64| (root / a).powi(s);
    while a < f64::from(10 + n) {
        sum += term(a);
        a += 1.0;
    }
    let power = term(a);
    // The integral is there long after the next power of `a` is not.
    sum += (root / a).powi(n) * root / f64::from(n) + 0.5 * power;
    // n! s (s + 1) .. (s + 2j - 2) a^(-s - 2j + 1), for j from 1
    let mut factor = f64::from(s) * power / a;
    for (b, j) in EULER_MACLAURIN.iter().zip(1..) {
        sum += b * factor;
        factor *= f64::from(s + 2 * j - 1) * f64::from(s + 2 * j) / (a * a);
    }
    // What the root's rounding has cost.
    let sum = sum * (factorial / root.powi(s));
    if odd { sum } else { -sum }
}
