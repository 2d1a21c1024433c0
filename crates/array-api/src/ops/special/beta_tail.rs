//! The tail of a beta distribution whose parameters are both large, by quadrature: there the continued fraction takes a
//! number of steps that grows as the root of the parameters, and here all of them take the same.

use super::polynomial;
use super::stirling::excess_near_zero;
use crate::array::Array;
use crate::coefficients::GAUSS_LEGENDRE;
use crate::error::Result;
use crate::{copysign, divide, exp, minimum, multiply, sqrt, square, zeros_like};

/// Parameters from here on are large.
pub(super) const LARGE: f64 = 2000.0;

/// What lies where the integrand is below the exponential of this is lost in rounding.
const DEPTH: f64 = 42.0;

/// `I_x(a, b)` for `x` below or about the mean. `total` is `a + b`, `short` is `a y - b x`, the distance from the mean, and
/// `density` is `x^a y^b / B(a, b)`.
///
/// By the logit of the argument, `t = x e^-s / (y + x e^-s)`, it is `density` times the integral over positive `s` of
/// `exp(-a s) (y + x e^-s)^-(a + b)`, which is about `exp(-short s - (a + b) x y s^2 / 2)`.
pub(super) fn tail(total: &Array, x: &Array, y: &Array, short: &Array, density: &Array) -> Result<Array> {
    let spread = (total * x * y).ok()?;
    // Where the quadratic is as deep as that.
    let root = sqrt(square(short)? + &spread * (2.0 * DEPTH))?;
    let end = divide(2.0 * DEPTH, short + root)?;
    // By the smaller side, w: y + x e^-s = 1 + x (e^-s - 1) = e^-s (1 + y (e^s - 1)). Either way the linear parts of the
    // exponent make `short`, and what is left of it has no cancellation.
    let w = minimum(x, y)?;
    let sign = copysign(1.0, y - x)?;
    // (e^-u - 1 + u) / u^2
    let mut factorial = 1.0;
    let rest: [f64; 12] = std::array::from_fn(|k| {
        factorial *= (k + 2) as f64;
        if k % 2 == 0 { 1.0 / factorial } else { -1.0 / factorial }
    });
    let mut sum = zeros_like(x, ..)?;
    for (node, weight) in GAUSS_LEGENDRE.iter().flat_map(|&(x, w)| [(x, w), (-x, w)]) {
        let s = multiply(&end, 0.5 + 0.5 * node)?;
        let u = multiply(&s, &sign)?;
        let curved = multiply(polynomial(&u, &rest)?, square(&u)?)?;
        let excess = excess_near_zero(&(&w * (&curved - u)).ok()?, 8)?;
        let exponent = (short * s + total * (&w * curved - excess)).ok()?;
        sum = (sum + exp(-exponent)? * weight).ok()?;
    }
    (density * end * sum * 0.5).ok()
}
