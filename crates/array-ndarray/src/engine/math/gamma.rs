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

/// `(-1)^(n+1) n! zeta(n + 1, x)`. Poles give what both sides agree on: infinity for odd `n`, not-a-number for even `n`, where
/// they differ.
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
    let beside = x - x.round();
    if x < 0.0 && n == 1 {
        // 6.4.7
        let sine = (PI * beside).sin();
        return PI * PI / (sine * sine) - polygamma(1, 1.0 - x);
    }
    let sum = match x < 0.0 {
        false => zeta(n, x),
        // The sum over all integers less the terms on the left of the first one. Its two sides have opposite signs for even `n`,
        // where nothing may be left of either: at one half they are the same number.
        true => {
            let (near, far) = (zeta(n, beside.abs()), zeta(n, 1.0 - beside.abs()));
            if odd { near + far - zeta(n, 1.0 - x) } else { (near - far) * beside.signum() + zeta(n, 1.0 - x) }
        }
    };
    if odd { sum } else { -sum }
}

/// `n! zeta(n + 1, x)` for positive `x`, by Euler's and Maclaurin's sum.
fn zeta(n: i32, x: f64) -> f64 {
    let (s, factorial) = (n + 1, (1..=n).map(f64::from).product::<f64>());
    // A power of two about the root of n!, since a high power multiplies what its base was rounded by.
    let scale = 2f64.powi(-(factorial.log2() / f64::from(s)).round() as i32);
    // `top / a^order`, with half of the power on either side: the whole leaves the range of numbers long before the quotient.
    let over = |top: f64, a: f64, order: i32| {
        let b = a * scale;
        let power = match order / 2 {
            0 => 1.0,
            1 => 1.0 / b,
            2 => 1.0 / (b * b),
            half => libm::pow(b, f64::from(-half)),
        };
        power * (top * scale.powi(order)) * if order % 2 == 0 { power } else { power / b }
    };
    // The terms one by one, up to where the rest is an integral and few corrections.
    let (mut a, mut sum) = (x, 0.0);
    while a < f64::from(10 + n) {
        sum += over(factorial, a, s);
        a += 1.0;
    }
    // The corrections over the integral: 1 + n / 2a + b n s (s + 1) .. (s + 2j - 2) / a^2j, for j from 1.
    let step = (1.0 / a) * (1.0 / a);
    let (mut share, mut factor) = (1.0 + 0.5 * f64::from(n) / a, f64::from(n) * f64::from(s) * step);
    for (b, j) in EULER_MACLAURIN.iter().zip(1..) {
        share += b * factor;
        factor *= f64::from(s + 2 * j - 1) * f64::from(s + 2 * j) * step;
    }
    // The integral is there long after the next power of `a` is not.
    sum + over(factorial / f64::from(n), a, n) * share
}
