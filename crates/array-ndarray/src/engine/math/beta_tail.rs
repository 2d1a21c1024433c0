//! The tail of a beta distribution whose parameters are both large, by quadrature: there the continued fraction takes a
//! number of steps that grows as the root of the parameters, and loses digits in them.

use super::stirling::excess;
use array_api::coefficients::GAUSS_LEGENDRE;

/// Parameters from here on are large.
pub(super) const LARGE: f64 = 2000.0;

/// What lies where the integrand is below the exponential of this is lost in rounding.
const DEPTH: f64 = 42.0;

/// `I_x(a, b)` for `x` below or about the mean. `total` is `a + b`, `short` is `a y - b x`, the distance from the mean, and
/// `density` is `x^a y^b / B(a, b)`.
///
/// By the logit of the argument, `t = x e^-s / (y + x e^-s)`, it is `density` times the integral over positive `s` of
/// `exp(-a s) (y + x e^-s)^-(a + b)`, which is about `exp(-short s - (a + b) x y s^2 / 2)`.
pub(super) fn tail(total: f64, x: f64, y: f64, short: f64, density: f64) -> f64 {
    // Where the quadratic is as deep as that.
    let root = (short * short + 2.0 * DEPTH * (total * x * y)).sqrt();
    let end = 2.0 * DEPTH / (short + root);
    // By the smaller side, w: y + x e^-s = 1 + x (e^-s - 1) = e^-s (1 + y (e^s - 1)). Either way the linear parts of the
    // exponent make `short`, and what is left of it has no cancellation.
    let (w, sign) = if x <= y { (x, 1.0) } else { (y, -1.0) };
    let height = |s: f64| {
        let u = sign * s;
        // e^-u - 1 + u, by its series
        let curved = 0.5 * u * u * (3..14).rev().fold(1.0, |sum, k| 1.0 - u / f64::from(k) * sum);
        (-(short * s + total * (w * curved - excess(w * (curved - u))))).exp()
    };
    let sum = |side: f64| -> f64 {
        GAUSS_LEGENDRE.iter().map(|(node, weight)| weight * height(end * (0.5 + 0.5 * side * node))).sum()
    };
    density * end * 0.5 * (sum(1.0) + sum(-1.0))
}
