//! The regularised incomplete beta function `I_x(a, b)`, DLMF 8.17.
//!
//! With `y = 1 - x` and `I_x(a, b) = 1 - I_y(b, a)`, the smaller side is computed: where few terms suffice by a power series
//! of positive terms, where both parameters are large by quadrature, elsewhere by the continued fraction of DiDonato and Morris
//! 1992 (TOMS 708). The relative error is some
//! 1e-14, and some 1e-13 where a result is as small as 1e-100.

use super::beta_tail;
use super::stirling::{excess, gamma_of_next, growth, reciprocal_gamma, stirling};
use std::f64::consts::TAU;

/// `I_x(a, b)`. Not-a-number outside `a, b >= 0` and `0 <= x <= 1`, and where `a` and `b` are both zero or both infinite.
pub(crate) fn regularized(a: f64, b: f64, x: f64) -> f64 {
    let defined = a >= 0.0 && b >= 0.0 && (0.0..=1.0).contains(&x);
    if !defined || a == 0.0 && b == 0.0 || a.is_infinite() && b.is_infinite() {
        return f64::NAN;
    }
    if x == 0.0 || x == 1.0 {
        return x;
    }
    // All of the mass is at 0, or at 1.
    if a == 0.0 || b.is_infinite() {
        return 1.0;
    }
    if b == 0.0 || a.is_infinite() {
        return 0.0;
    }
    let y = 1.0 - x;
    // From one half on the difference is exact.
    let (ln_x, ln_y) = if x <= 0.5 { (x.ln(), (-x).ln_1p()) } else { ((-y).ln_1p(), y.ln()) };
    let there = Sides { a, b, x, y, ln_x, ln_y };
    let back = Sides { a: b, b: a, x: y, y: x, ln_x: ln_y, ln_y: ln_x };
    let density = there.density((1.0 - y) - x);
    if density == 0.0 {
        return if x < a / (a + b) { 0.0 } else { 1.0 };
    }
    let large = a >= beta_tail::LARGE && b >= beta_tail::LARGE;
    let share = if large {
        // The distance from the mean, a y - b x, with one rounding.
        let product = a * y;
        let short = (-b).mul_add(x, product) + a.mul_add(y, -product) + a * ((1.0 - y) - x);
        let from = |x, y, short| beta_tail::tail(a + b, x, y, short, density);
        if short >= 0.0 { from(x, y, short) } else { 1.0 - from(y, x, -short) }
    } else if there.is_short() {
        there.series(density)
    } else if back.is_short() {
        if b < 0.5 && back.x <= 0.1 { back.complement() } else { 1.0 - back.series(density) }
    } else if x <= a / (a + b) {
        there.fraction(density)
    } else {
        1.0 - back.fraction(density)
    };
    // The series rounds up where nearly all of the mass is below.
    share.min(1.0)
}

/// Parameters and argument as seen from one side.
struct Sides {
    a: f64,
    b: f64,
    x: f64,
    y: f64,
    ln_x: f64,
    ln_y: f64,
}

impl Sides {
    /// `x^a y^b / B(a, b)`, the same from both sides, for `x + y + lost = 1`.
    fn density(&self, lost: f64) -> f64 {
        let Sides { a, b, x, y, ln_x, ln_y } = *self;
        if a >= 10.0 && b >= 10.0 {
            // The distance from the mean, times a + b: b x - a y with one rounding.
            let product = a * y;
            let away = b.mul_add(x, -product) + (-a).mul_add(y, product) - a * lost;
            // The exponent's two terms are large and nearly cancel; their excesses over linear terms do not.
            let part = |n: f64, away: f64, ln: f64| match away / n {
                r if r > -0.9 => n * excess(r),
                r => n * (r - (ln - (n / (a + b)).ln())),
            };
            let exponent = part(a, away, ln_x) + part(b, -away, ln_y);
            let scale = (a / TAU * (b / (a + b))).sqrt();
            return scale * (stirling(a + b) - stirling(a) - stirling(b) - exponent).exp();
        }
        if a < 10.0 && b < 10.0 {
            // By gamma(1 + a) = a gamma(a): the gamma function of the smallest numbers is infinite.
            let front = a / (a + b) * b * (gamma_of_next(a + b) / gamma_of_next(a) / gamma_of_next(b));
            // The side that is exact is raised to its power; the other one goes by its logarithm.
            let powers = if x <= 0.5 { x.powf(a) * (b * ln_y).exp() } else { (a * ln_x).exp() * y.powf(b) };
            return front * powers;
        }
        let (small, large, of_small, ln_large) = if a < 10.0 { (a, b, x, ln_y) } else { (b, a, y, ln_x) };
        let decay = (large * ln_large).exp();
        // The power may be infinite only where this is zero.
        if decay == 0.0 {
            return 0.0;
        }
        (large * of_small).powf(small) * growth(large, small).exp() * decay * small / gamma_of_next(small)
    }

    /// Whether the power series needs no more than some hundred terms.
    fn is_short(&self) -> bool {
        self.x <= 0.9 && (self.b * self.x <= 1.0 || self.b < 1.0)
    }

    /// DLMF 8.17.8: all terms are positive.
    fn series(&self, density: f64) -> f64 {
        let Sides { a, b, x, .. } = *self;
        let (mut sum, mut term, mut n) = (1.0, 1.0, 0.0);
        while term > 1e-17 * sum {
            term = term * ((a + b + n) / (a + 1.0 + n)) * x;
            n += 1.0;
            sum += term;
        }
        density / a * sum
    }

    /// One less the series of DLMF 8.17.7, for small `x` and small `a`, in a form that keeps its digits when `a`, and with it
    /// the result, is small.
    fn complement(&self) -> f64 {
        let Sides { a, b, x, ln_x, .. } = *self;
        let (mut sum, mut term, mut n) = (0.0, 1.0, 0.0);
        loop {
            n += 1.0;
            term = term * (n - b) * x / n;
            let part = term / (a + n);
            sum += part;
            if part.abs() <= 1e-18 {
                break;
            }
        }
        // The logarithm of gamma(a + b) / gamma(b) / gamma(a + 1), from where Stirling's series serves back to b.
        let (mut from, mut steps) = (b, 0.0);
        while from < 10.0 {
            steps += (a / from).ln_1p();
            from += 1.0;
        }
        let front = a * from.ln() + growth(from, a) - steps + reciprocal_gamma(a).ln_1p();
        -(a * ln_x + front + (a * sum).ln_1p()).exp_m1()
    }

    /// The continued fraction of DiDonato and Morris 1992, (9), evaluated as Lentz does. The number of its steps grows as the
    /// root of the larger parameter.
    fn fraction(&self, density: f64) -> f64 {
        let Sides { a, b, x, y, .. } = *self;
        // In the composition's order: a hundred steps add up what each is rounded by.
        let (total, square, slope, below) = (a + b, x * x, a * y - b * x + 1.0, y + 1.0);
        let numerator = |n: f64| {
            let m = a + (2.0 * n - 1.0);
            (a + (n - 1.0)) / m * ((total + (n - 1.0)) / m) * (b - n) * n * square
        };
        let denominator = |n: f64| {
            let straight = (b - n) * x * n / (a + (2.0 * n - 1.0)) + n;
            straight + (a + n) * (slope + below * n) / (a + (2.0 * n + 1.0))
        };
        let first = a * slope / (a + 1.0);
        let (mut value, mut c, mut d) = (first, first, 0.0);
        for n in (1..1_000_000).map(f64::from) {
            let (up, down) = (numerator(n), denominator(n));
            d = 1.0 / (down + up * d);
            c = down + up / c;
            value *= c * d;
            if (c * d - 1.0).abs() <= f64::EPSILON {
                break;
            }
        }
        density / value
    }
}
