//! What incomplete gamma and beta functions share: factors of a density without the cancellations of their logarithms.

use array_api::coefficients::{RECIPROCAL, STIRLING};

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

/// `1 / gamma(1 + x) - 1` for `0 <= x <= 1`, to full relative accuracy however small `x` is.
pub(crate) fn reciprocal_gamma(x: f64) -> f64 {
    RECIPROCAL.iter().rev().fold(0.0, |sum, c| (sum + c) * x)
}

/// `gamma(1 + x)` for `0 <= x < 20`: that of the fraction, times the factors from there. libm's is off by up to 25 epsilons there,
/// this by 4.
pub(crate) fn gamma_of_next(x: f64) -> f64 {
    let whole = x.floor();
    let fraction = x - whole;
    (1..=whole as i32).fold(1.0 / (1.0 + reciprocal_gamma(fraction)), |gamma, k| gamma * (fraction + f64::from(k)))
}
