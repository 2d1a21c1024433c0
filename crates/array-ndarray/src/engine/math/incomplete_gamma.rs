//! The regularised incomplete gamma functions `P(a, x)` and `Q(a, x) = 1 - P`, DLMF 8.2.
//!
//! Which formula serves where follows Gil, Segura and Temme 2012, *Efficient and accurate algorithms for the computation
//! and inversion of the incomplete gamma function ratios*: always the smaller of the two is computed. The relative error is
//! some 1e-14 and, since an exponential carries that of its exponent, some 1e-13 where a result is as small as 1e-100; of the
//! crates that were measured on the same table (statrs, puruspe, special, spec_math) none has six digits all over it.

use super::stirling::{excess, gamma_of_next, reciprocal_gamma, stirling};
use array_api::coefficients::ETA;
use std::f64::consts::{FRAC_2_SQRT_PI, LN_2, TAU};

/// `P(a, x)`. Not-a-number outside `a, x >= 0`, at `a = x = 0` and where both are infinite.
pub(crate) fn lower(a: f64, x: f64) -> f64 {
    ratios(a, x).0
}

/// `Q(a, x)`.
pub(crate) fn upper(a: f64, x: f64) -> f64 {
    ratios(a, x).1
}

fn ratios(a: f64, x: f64) -> (f64, f64) {
    if !(a >= 0.0 && x >= 0.0) || a == 0.0 && x == 0.0 || a.is_infinite() && x.is_infinite() {
        return (f64::NAN, f64::NAN);
    }
    if x == 0.0 || a.is_infinite() {
        return (0.0, 1.0);
    }
    if a == 0.0 || x.is_infinite() {
        return (1.0, 0.0);
    }
    let below = |p: f64| (p, 1.0 - p);
    let above = |q: f64| (1.0 - q, q);
    if a >= 12.0 && (0.3 * a..=2.35 * a).contains(&x) {
        return if x < a { below(uniform(a, x)) } else { above(uniform(a, x)) };
    }
    if x >= 1.5 {
        return if x < a { below(series(a, x)) } else { above(fraction(a, x)) };
    }
    // From about here on P is below one half.
    let half = if x < 0.5 { -LN_2 / x.ln() } else { x };
    if a >= half {
        return below(series(a, x));
    }
    if a < 1.0 { above(alternating(a, x)) } else { below(series(a, x)) }
}

/// `x/a - 1 - ln(x/a)`, half the square of Temme's eta.
fn exponent(a: f64, x: f64) -> f64 {
    let ratio = x / a;
    // The difference is exact between one half and two.
    if (0.5..=2.0).contains(&ratio) { excess((x - a) / a) } else { ratio - 1.0 - ratio.ln() }
}

/// `x^a e^-x / gamma(a + 1)`
fn density(a: f64, x: f64) -> f64 {
    if a >= 10.0 {
        return (-a * exponent(a, x) - stirling(a)).exp() / (TAU * a).sqrt();
    }
    // Here the second factor is zero, while the first may be infinite.
    if x > 1000.0 { 0.0 } else { x.powf(a) * (-x).exp() / gamma_of_next(a) }
}

/// `P` by its power series, DLMF 8.11.4.
fn series(a: f64, x: f64) -> f64 {
    let (mut sum, mut term, mut n) = (1.0, 1.0, a);
    while term > 1e-17 * sum {
        n += 1.0;
        term *= x / n;
        sum += term;
    }
    density(a, x) * sum
}

/// `Q` by its continued fraction, DLMF 8.9.2, evaluated as Lentz does.
fn fraction(a: f64, x: f64) -> f64 {
    let front = a * density(a, x);
    if front == 0.0 {
        return 0.0;
    }
    let mut b = x + 1.0 - a;
    let (mut c, mut d) = (f64::INFINITY, 1.0 / b);
    let mut value = d;
    // Within reach of `uniform` it would converge slowly; here a hundred steps suffice.
    for i in (1..1000).map(f64::from) {
        let numerator = i * (a - i);
        b += 2.0;
        d = 1.0 / (b + numerator * d);
        c = b + numerator / c;
        value *= c * d;
        if (c * d - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    front * value
}

/// `Q` for `a < 1` and small `x`: `1 - x^a / gamma(a + 1)` less the rest of the power series of `P`, DLMF 8.7.1, in a form
/// that keeps its digits when `a`, and with it `Q`, is small.
fn alternating(a: f64, x: f64) -> f64 {
    let reciprocal = reciprocal_gamma(a);
    let power = (a * x.ln()).exp_m1();
    let (mut sum, mut term, mut n) = (0.0, 1.0, 0.0);
    loop {
        n += 1.0;
        term *= -x / n;
        let part = term / (a + n);
        sum += part;
        if part.abs() < 1e-18 {
            break;
        }
    }
    -(power * (1.0 + reciprocal) + reciprocal) - (1.0 + power) * (1.0 + reciprocal) * a * sum
}

/// The smaller of `P` and `Q` for large `a` and `x` near it: Temme 1979, DLMF 8.12, with the recursion of Gil, Segura and
/// Temme 2012, (2.18), which needs no table in two dimensions.
fn uniform(a: f64, x: f64) -> f64 {
    let half_square = exponent(a, x);
    let eta = (2.0 * half_square).sqrt().copysign(x - a);
    let mut beta = [0.0; ETA.len() + 1];
    for n in (1..ETA.len()).rev() {
        beta[n - 1] = ETA[n] + (n + 1) as f64 * beta[n + 1] / a;
    }
    let sum = beta[..ETA.len() - 1].iter().rev().fold(0.0, |sum, b| sum * eta + b) * (a / (a + beta[1]));
    let decay = a * half_square;
    let (root, share) = (decay.sqrt(), (-decay).exp());
    let rest = share / (TAU * a).sqrt() * sum;
    // Far out the complement multiplies what the root was rounded by: where that is, it is taken back.
    let lost = if root > 1.0 { (-root).mul_add(root, decay) / (2.0 * root) } else { 0.0 };
    let normal = 0.5 * libm::erfc(root) - share * lost * (0.5 * FRAC_2_SQRT_PI);
    if x < a { normal - rest } else { normal + rest }
}
