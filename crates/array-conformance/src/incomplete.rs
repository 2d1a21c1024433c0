//! Incomplete gamma and beta functions: by their power series where these have no cancellation, by continued fractions
//! elsewhere (*NIST Digital Library of Mathematical Functions*, 8.7, 8.9 and 8.17).

use array_api::{DTYPES, DType, ErrorKind, Scalar};

use crate::Check;
use crate::compare::{Close, Want, epsilon, smallest};
use crate::gamma_functions::lgamma;
use crate::inputs::moderate;
use crate::kit::Kit;
use crate::reference::{Reference, rounded};

pub(crate) const ROWS: &[(&str, Check)] = &[("gammainc", gammainc), ("gammaincc", gammaincc), ("betainc", betainc)];

/// A value, and how large what was rounded on the way to it is by comparison.
type Known = (f64, f64);

/// `1 / (b0 + a1 / (b1 + a2 / (b2 + ...)))` from the inside out: no test for convergence that could stop too soon.
fn fraction(terms: usize, a: impl Fn(usize) -> f64, b: impl Fn(usize) -> f64) -> f64 {
    1.0 / (1..=terms).rev().fold(b(terms), |inner, k| b(k - 1) + a(k) / inner)
}

/// `P(a, x)` and `Q(a, x)`.
fn gamma_shares(a: f64, x: f64) -> (Known, Known) {
    let known = |v: f64| (v, 1.0);
    if a.is_nan() || x.is_nan() || a < 0.0 || x < 0.0 || (a == 0.0 && x == 0.0) || (a.is_infinite() && x.is_infinite())
    {
        return (known(f64::NAN), known(f64::NAN));
    }
    if x == 0.0 || a.is_infinite() {
        return (known(0.0), known(1.0));
    }
    if a == 0.0 || x.is_infinite() {
        return (known(1.0), known(0.0));
    }
    let parts = [a * x.ln(), -x, -lgamma(a)];
    let (front, size) = (parts.iter().sum::<f64>().exp(), 4.0 + parts.iter().map(|p| p.abs()).sum::<f64>());
    if x < a + 1.0 {
        // x^a e^-x / gamma(a) * sum x^n / (a (a + 1) ... (a + n))
        let (mut term, mut total) = (1.0 / a, 1.0 / a);
        for n in 1..2000 {
            term *= x / (a + f64::from(n));
            total += term;
        }
        let p = front * total;
        ((p, size), (1.0 - p, size * p / (1.0 - p) + 1.0))
    } else {
        let b = |k: usize| x + 2.0 * k as f64 + 1.0 - a;
        let q = front * fraction(2000, |k| -(k as f64) * (k as f64 - a), b);
        ((1.0 - q, size * q / (1.0 - q) + 1.0), (q, size))
    }
}

/// `I_x(a, b)` by its continued fraction, of the mirrored function beyond the mean.
fn beta_share(a: f64, b: f64, x: f64) -> Known {
    if [a, b, x].iter().any(|v| v.is_nan()) || a <= 0.0 || b <= 0.0 || !(0.0..=1.0).contains(&x) {
        return (f64::NAN, 1.0);
    }
    if x == 0.0 || x == 1.0 {
        return (x, 1.0);
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        let (rest, size) = beta_share(b, a, 1.0 - x);
        return (1.0 - rest, size * rest / (1.0 - rest) + 1.0);
    }
    let parts = [a * x.ln(), b * (-x).ln_1p(), lgamma(a + b), -lgamma(a), -lgamma(b), -a.ln()];
    let step = |k: usize| {
        let m = (k / 2) as f64;
        if k.is_multiple_of(2) {
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        } else {
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        }
    };
    let front = parts.iter().sum::<f64>().exp();
    (front * fraction(2000, step, |_| 1.0), 4.0 + parts.iter().map(|p| p.abs()).sum::<f64>())
}

/// Holds a function of some arguments against its reference, which is called with the arguments as the type has them.
fn held(kit: &mut Kit, arguments: &[&[f64]], f: impl Fn(&[f64]) -> Known) {
    let n: usize = arguments.iter().map(|a| a.len()).product();
    for dtype in DTYPES {
        if !dtype.is_real_floating() {
            let x = moderate(dtype, &[2], 1);
            kit.refuses(&[], &vec![x.into(); arguments.len()], ErrorKind::DType);
            continue;
        }
        // Every combination of the arguments.
        let column = |which: usize| {
            let after: usize = arguments[which + 1..].iter().map(|a| a.len()).product();
            let values: Vec<f64> = (0..n).map(|i| arguments[which][i / after % arguments[which].len()]).collect();
            Reference::reals(&[n], &values).cast(dtype)
        };
        let columns: Vec<Reference> = (0..arguments.len()).map(column).collect();
        for dims in [vec![n], vec![], vec![0, 2]] {
            let count: usize = dims.iter().product();
            let given: Vec<Reference> =
                columns.iter().map(|c| Reference::new(dtype, &dims, c.data[..count].to_vec())).collect();
            let (mut data, mut errors) = (vec![], vec![]);
            for i in 0..count {
                let (value, size) = f(&given.iter().map(|g| g.data[i].to_f64()).collect::<Vec<_>>());
                data.push(rounded(dtype, Scalar::Float(value)));
                // The reference rounds in f64, whatever the type.
                let error = (64.0 * epsilon(dtype) + 8.0 * size * f64::EPSILON) * value.abs();
                errors.push(if value.is_finite() { error + smallest(dtype) } else { 0.0 });
            }
            let want = Want { dims, dtype, data, close: Close::Within(errors) };
            let given: Vec<_> = given.iter().map(Into::into).collect();
            kit.gives_one(&[], &given, want);
        }
    }
    let (x, other) = (moderate(DType::Float64, &[2], 1), moderate(DType::Float64, &[3], 1));
    let mut given = vec![x.into(); arguments.len()];
    given[0] = other.into();
    kit.refuses(&[], &given, ErrorKind::Shape);
}

const SHAPES: [f64; 14] = [0.0, 0.01, 0.25, 0.5, 1.0, 1.5, 2.0, 3.25, 7.5, 20.0, 64.0, 150.0, f64::NAN, -1.0];
const PLACES: [f64; 14] = [0.0, 1e-3, 0.125, 0.5, 0.875, 1.0, 2.5, 6.0, 15.0, 40.0, 100.0, 200.0, f64::INFINITY, -0.5];

fn gammainc(kit: &mut Kit) {
    held(kit, &[&SHAPES, &PLACES], |v| gamma_shares(v[0], v[1]).0);
}

fn gammaincc(kit: &mut Kit) {
    held(kit, &[&SHAPES, &PLACES], |v| gamma_shares(v[0], v[1]).1);
}

fn betainc(kit: &mut Kit) {
    let shapes = [0.125, 0.5, 1.0, 2.0, 3.25, 10.0, 40.0, f64::NAN, -1.0];
    let places = [0.0, 0.0625, 0.25, 0.5, 0.75, 0.9375, 1.0, -0.25, 1.5, f64::NAN];
    held(kit, &[&shapes, &shapes, &places], |v| beta_share(v[0], v[1], v[2]));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_forms_come_out() {
        let close = |found: f64, exact: f64| assert!((found - exact).abs() <= 4e-15 * exact, "{found} {exact}");
        for x in [0.125f64, 1.0, 3.0, 20.0] {
            // Of order one exponential, of order two with one power more.
            close(gamma_shares(1.0, x).0.0, -(-x).exp_m1());
            close(gamma_shares(1.0, x).1.0, (-x).exp());
            close(gamma_shares(2.0, x).1.0, (1.0 + x) * (-x).exp());
        }
        // Powers, the arc sine law, and symmetry.
        for x in [0.0625f64, 0.25, 0.5, 0.875] {
            close(beta_share(3.0, 1.0, x).0, x.powi(3));
            close(beta_share(1.0, 2.0, x).0, x * (2.0 - x));
            close(beta_share(0.5, 0.5, x).0, 2.0 / std::f64::consts::PI * x.sqrt().asin());
        }
        close(beta_share(7.25, 7.25, 0.5).0, 0.5);
    }
}
