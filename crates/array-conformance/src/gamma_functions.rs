//! The logarithm of the gamma function and its derivatives, by recurrence to where their asymptotic series hold:
//! *NIST Digital Library of Mathematical Functions*, 5.5, 5.7, 5.11, 5.15 and 25.11.

use array_api::{DTYPES, DType, ErrorKind, Scalar};
use std::f64::consts::PI;

use crate::Check;
use crate::compare::{Close, Want, epsilon, smallest};
use crate::inputs::{moderate, telling, wide};
use crate::kit::{Kit, fields};
use crate::reference::{Reference, rounded};

pub(crate) const ROWS: &[(&str, Check)] = &[("polygamma", polygamma)];

/// The Bernoulli numbers of orders 2, 4, .., 20.
const BERNOULLI: [f64; 10] = [
    1.0 / 6.0,
    -1.0 / 30.0,
    1.0 / 42.0,
    -1.0 / 30.0,
    5.0 / 66.0,
    -691.0 / 2730.0,
    7.0 / 6.0,
    -3617.0 / 510.0,
    43867.0 / 798.0,
    -174_611.0 / 330.0,
];

/// One less Euler's constant.
const ONE_LESS_EULER: f64 = 0.422_784_335_098_467_14;

/// From here on the series have every digit of `f64`.
const LARGE: f64 = 16.0;

/// `zeta(k) - 1`: the first terms one by one, the rest by the formula of Euler and Maclaurin.
fn zeta_less_one(k: i32) -> f64 {
    let from = 20.0_f64;
    let direct: f64 = (2..20).rev().map(|n| f64::from(n).powi(-k)).sum();
    direct + hurwitz_tail(k, from)
}

/// `sum_j (x + j)^-s` for large `x`, over `x^-s`.
fn tail_share(s: f64, x: f64) -> f64 {
    let mut total = x / (s - 1.0) + 0.5;
    // The rising factorials over those of 2k, and the powers of x.
    let mut factor = s / x / 2.0;
    for (k, b) in (1..).zip(BERNOULLI) {
        total += b * factor;
        let (n, m) = (s + 2.0 * f64::from(k) - 1.0, 2.0 * f64::from(k) + 1.0);
        factor *= n * (n + 1.0) / (x * x) / (m * (m + 1.0));
    }
    total
}

fn hurwitz_tail(k: i32, x: f64) -> f64 {
    x.powi(-k) * tail_share(k.into(), x)
}

/// `lgamma(2 + z)` for `|z| <= 1/2`, with every digit near its root.
fn around_two(z: f64) -> f64 {
    let terms = (2..40).rev().map(|k| zeta_less_one(k) * (-z).powi(k) / f64::from(k));
    z * ONE_LESS_EULER + terms.sum::<f64>()
}

/// `sin(pi x)`, exactly reduced.
fn sin_pi(x: f64) -> f64 {
    (PI * (x - 2.0 * (x / 2.0).round())).sin()
}

/// Logarithm of the absolute value of the gamma function.
pub(crate) fn lgamma(x: f64) -> f64 {
    match x {
        _ if x.is_nan() => x,
        _ if x.is_infinite() || (x <= 0.0 && x == x.floor()) => f64::INFINITY,
        _ if x < 0.0 => (PI / sin_pi(x).abs()).ln() - lgamma(1.0 - x),
        _ if x < 0.5 => lgamma(1.0 + x) - x.ln(),
        _ if x < 1.5 => around_two(x - 1.0) - (x - 1.0).ln_1p(),
        _ if x < LARGE => {
            let steps = (x - 1.5).floor();
            let product: f64 = (1..=steps as i32).map(|k| x - f64::from(k)).product();
            around_two(x - steps - 2.0) + product.ln()
        }
        _ => {
            let series = |(k, b): (u32, f64)| b / (f64::from(2 * k) * f64::from(2 * k - 1) * x.powi(2 * k as i32 - 1));
            let rest: f64 = (1..).zip(BERNOULLI).map(series).sum();
            (x - 0.5) * (x.ln() - 1.0) - 0.5 + 0.5 * (2.0 * PI).ln() + rest
        }
    }
}

/// What cancels in [`lgamma`].
pub(crate) fn lgamma_terms(x: f64) -> f64 {
    if x < 0.0 && x != x.floor() { (PI / sin_pi(x).abs()).ln().abs() + lgamma(1.0 - x).abs() } else { 0.0 }
}

/// The derivative of [`lgamma`].
pub(crate) fn digamma(x: f64) -> f64 {
    match x {
        _ if x.is_nan() || x == f64::NEG_INFINITY || (x < 0.0 && x == x.floor()) => f64::NAN,
        _ if x == 0.0 => -1.0 / x,
        _ if x < 0.0 => digamma(1.0 - x) - PI / (PI * (x - x.round())).tan(),
        _ if x < LARGE => {
            let steps = (LARGE - x).ceil() as i32;
            digamma(x + f64::from(steps)) - (0..steps).map(|k| 1.0 / (x + f64::from(k))).sum::<f64>()
        }
        _ => {
            let series = |(k, b): (u32, f64)| b / (f64::from(2 * k) * x.powi(2 * k as i32));
            x.ln() - 0.5 / x - (1..).zip(BERNOULLI).map(series).sum::<f64>()
        }
    }
}

/// What cancels in [`digamma`].
pub(crate) fn digamma_terms(x: f64) -> f64 {
    let reflected = if x < 0.0 && x != x.floor() {
        digamma(1.0 - x).abs() + (PI / (PI * (x - x.round())).tan()).abs()
    } else {
        0.0
    };
    reflected.max(1.0)
}

/// `n! / x^(n + 1)`: factor by factor, since either part alone leaves the range of numbers.
fn pole(n: usize, x: f64) -> f64 {
    (1..=n).fold(1.0 / x, |p, k| p * (k as f64 / x))
}

/// `n`-th derivative of [`digamma`], and the sum of its terms by absolute value; none where it takes too many.
fn derivative(n: usize, x: f64) -> Option<(f64, f64)> {
    let sign = if n % 2 == 1 { 1.0 } else { -1.0 };
    match x {
        _ if x.is_nan() || x == f64::NEG_INFINITY => Some((f64::NAN, 0.0)),
        f64::INFINITY => Some((0.0 * sign, 0.0)),
        // Both sides of an even pole agree.
        _ if x <= 0.0 && x == x.floor() => Some((if n % 2 == 1 { f64::INFINITY } else { f64::NAN }, 0.0)),
        _ if x < -1000.0 => None,
        _ => {
            let large = n as f64 + 20.0;
            let steps = (large - x).ceil().max(0.0) as usize;
            let at = x + steps as f64;
            let rest = pole(n, at) * tail_share(n as f64 + 1.0, at);
            let terms = || (0..steps).rev().map(|k| pole(n, x + k as f64));
            Some((sign * (rest + terms().sum::<f64>()), rest + terms().map(f64::abs).sum::<f64>()))
        }
    }
}

/// Whether terms of both signs have left a digit of the sum.
fn told(n: usize, (value, size): (f64, f64)) -> bool {
    !size.is_finite() || size == 0.0 || value.abs() > 4.0 * n as f64 * f64::EPSILON * size
}

fn polygamma(kit: &mut Kit) {
    for dtype in DTYPES {
        if !dtype.is_real_floating() {
            kit.refuses(&[], &[moderate(dtype, &[2], 1).into()], ErrorKind::DType);
            continue;
        }
        // Where no digit would be looked at, none is asked for.
        let near = |s: Scalar| if s.to_f64() < -1000.0 { Scalar::Float(-s.to_f64()) } else { s };
        let long = Reference::new(dtype, &[200], wide(dtype, 200, 321).into_iter().map(near).collect());
        let shapes = [&[3, 4][..], &[], &[0], &[2, 0, 3]].map(|dims| moderate(dtype, dims, 322));
        for x in shapes.into_iter().chain([telling(dtype, 323), long]) {
            for n in [1usize, 2, 3, 6, 20, 100] {
                let all: Vec<_> = x.data.iter().map(|s| derivative(n, s.to_f64()).filter(|&d| told(n, d))).collect();
                let data = all.iter().map(|a| a.and_then(|(v, _)| rounded(dtype, Scalar::Float(v)))).collect();
                // A power of order n multiplies rounding by n.
                let error =
                    |size: f64| if size.is_finite() { 4.0 * (n as f64 + 16.0) * epsilon(dtype) * size } else { 0.0 };
                let errors = all.iter().map(|a| a.map_or(0.0, |(_, size)| error(size)) + smallest(dtype)).collect();
                let want = Want { dims: x.dims.clone(), dtype, data, close: Close::Within(errors) };
                kit.gives_one(fields![n = n], &[(&x).into()], want);
            }
        }
    }
    for n in [0usize, 101] {
        kit.refuses(fields![n = n], &[moderate(DType::Float64, &[2], 1).into()], ErrorKind::Value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Arguments, lgamma, and the polygamma functions of orders 0, 1 and 5 there: closed forms, with the values of zeta,
    /// pi and Euler's constant of DLMF 3.12, 5.2 and 25.6.
    #[test]
    fn closed_forms_come_out() {
        let euler = 0.577_215_664_901_532_9;
        let close = |found: f64, exact: f64| {
            assert!((found - exact).abs() <= 2e-15 * exact.abs().max(1e-300), "{found} {exact}")
        };
        close(lgamma(0.5), 0.5 * PI.ln());
        close(lgamma(-0.5), (2.0 * PI.sqrt()).ln());
        close(lgamma(11.0), 3_628_800_f64.ln());
        close(lgamma(41.0), (2..=40).map(|k| f64::from(k).ln()).sum());
        // Near the roots: -euler z + zeta(2) z^2 / 2, and its mirror image.
        close(lgamma(1.0 + 1e-9), -euler * ((1.0 + 1e-9) - 1.0) + PI * PI / 12.0 * 1e-18);
        assert_eq!((lgamma(1.0), lgamma(2.0)), (0.0, 0.0));
        close(digamma(1.0), -euler);
        close(digamma(0.5), -euler - 2.0 * 2f64.ln());
        // Close to its root the digits are those of the terms.
        assert!((digamma(-0.5) - (2.0 - euler - 2.0 * 2f64.ln())).abs() < 4e-15);
        let of = |n, x| derivative(n, x).map_or(f64::NAN, |d| d.0);
        close(of(1, 1.0), PI * PI / 6.0);
        close(of(1, 0.5), PI * PI / 2.0);
        close(of(1, -0.5), PI * PI / 2.0 + 4.0);
        close(of(2, 1.0), -2.0 * 1.202_056_903_159_594_2);
        close(of(5, 1.0), 120.0 * PI.powi(6) / 945.0);
        close(of(3, 1e10), 2e-30 * (1.0 + 1.5e-10));
    }
}
