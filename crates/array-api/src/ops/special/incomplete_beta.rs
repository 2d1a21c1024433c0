//! The regularised incomplete beta function `I_x(a, b)`, DLMF 8.17.
//!
//! With `y = 1 - x` and `I_x(a, b) = 1 - I_y(b, a)`, the smaller side is computed: where few terms suffice by a power series
//! of positive terms, for large parameters by quadrature, elsewhere by the continued fraction of DiDonato and Morris 1992
//! (TOMS 708).

use std::f64::consts::TAU;

use super::stirling::{LARGE, excess, gamma_of_next, growth, reciprocal_gamma, stirling};
use super::{LOOK, beta_tail, in_double, some, within};
use crate::array::Array;
use crate::call::Call;
use crate::error::Result;
use crate::{
    abs, divide, equal, exp, expm1, greater, greater_equal, isinf, less, less_equal, log, log1p, logical_and,
    logical_not, logical_or, minimum, multiply, pow, reciprocal, sqrt, subtract, where_, zeros_like,
};

/// Terms of the power series, for `x <= 0.9`.
const TERMS: usize = 400;
/// Terms of the series of the complement, for `x <= 0.1`.
const COMPLEMENT: i32 = 24;
/// Steps of the continued fraction, whose number grows as the root of the smaller parameter while that is not large.
const STEPS: usize = 128;

/// The composition of [`betainc`](crate::betainc).
pub(crate) fn betainc(call: &mut Call<'_, '_>) -> Result<Array> {
    in_double(call, |[a, b, x]| {
        let both = |p: Array, q: Array| logical_and(p, q);
        let known = both(greater_equal(&a, 0.0)?, greater_equal(&b, 0.0)?)?;
        let known = both(known, both(greater_equal(&x, 0.0)?, less_equal(&x, 1.0)?)?)?;
        // All of the mass is at 0, or at 1; where it would be at both, there is no value.
        let at_zero = logical_or(equal(&a, 0.0)?, isinf(&b)?)?;
        let at_one = logical_or(equal(&b, 0.0)?, isinf(&a)?)?;
        let end = logical_or(equal(&x, 0.0)?, equal(&x, 1.0)?)?;
        let edge = logical_or(&end, logical_or(&at_zero, &at_one)?)?;
        let inside = both(known.clone(), logical_not(edge)?)?;
        let out = where_(end, &x, where_(&at_zero, 1.0, where_(&at_one, 0.0, &x)?)?)?;
        let out = where_(both(known, logical_not(both(at_zero, at_one)?)?)?, out, f64::NAN)?;
        within(&inside, [(&a, 1.0), (&b, 1.0), (&x, 0.5)], |[a, b, x]| share(&a, &b, &x), out)
    })
}

/// Parameters and argument as seen from one side.
struct Sides {
    a: Array,
    b: Array,
    x: Array,
    y: Array,
    ln_x: Array,
    ln_y: Array,
    /// `b x - a y`, the distance from the mean times `a + b`.
    away: Array,
}

/// `I_x(a, b)` for finite `a, b > 0` and `0 < x < 1`.
fn share(a: &Array, b: &Array, x: &Array) -> Result<Array> {
    let y = subtract(1.0, x)?;
    // From one half on the difference is exact.
    let left = less_equal(x, 0.5)?;
    let ln_x = where_(&left, log(x)?, log1p(-where_(&left, 0.5, &y)?)?)?;
    let ln_y = where_(&left, log1p(-where_(&left, x, 0.5)?)?, log(&y)?)?;
    let away = distance(a, b, x, &y)?;
    let there = Sides { a: a.clone(), b: b.clone(), x: x.clone(), y: y.clone(), ln_x, ln_y, away };
    let density = density(&there)?;

    let here_short = is_short(b, x)?;
    let some_mass = greater(&density, 0.0)?;
    let short = logical_and(logical_or(&here_short, is_short(a, &y)?)?, &some_mass)?;
    let beyond = where_(&short, logical_not(here_short)?, greater(&there.away, 0.0)?)?;
    let pick = |yes: &Array, no: &Array| where_(&beyond, yes, no);
    let sides = Sides {
        a: pick(b, a)?,
        b: pick(a, b)?,
        x: pick(&y, x)?,
        y: pick(x, &y)?,
        ln_x: pick(&there.ln_y, &there.ln_x)?,
        ln_y: pick(&there.ln_x, &there.ln_y)?,
        away: pick(&(-&there.away).ok()?, &there.away)?,
    };
    let others = logical_and(&some_mass, logical_not(&short)?)?;
    let large = greater_equal(minimum(a, b)?, beta_tail::LARGE)?;
    let by_quadrature = logical_and(&others, &large)?;
    let by_fraction = logical_and(others, logical_not(large)?)?;
    let small = logical_and(less(&sides.a, 0.5)?, less_equal(&sides.x, 0.1)?)?;
    let by_complement = logical_and(logical_and(&short, &beyond)?, small)?;
    let by_series = logical_and(short, logical_not(&by_complement)?)?;

    let Sides { a, b, x, y, ln_x, away, .. } = &sides;
    let total = (a + b).ok()?;
    // Without density all of the mass is on one side.
    let out = zeros_like(x, ..)?;
    let given = [(a, 1.0), (b, 1.0), (x, 0.5), (&density, 1.0)];
    let out = within(&by_series, given, |[a, b, x, density]| series(&a, &b, &x, &density), out)?;
    let given = [(a, 2.0), (b, 2.0), (x, 0.5), (y, 0.5), (&density, 1.0)];
    let out = within(&by_fraction, given, |[a, b, x, y, density]| fraction(&a, &b, &x, &y, &density), out)?;
    let short = (-away).ok()?;
    let given = [(&total, 4000.0), (x, 0.5), (y, 0.5), (&short, 0.0), (&density, 1.0)];
    let quadrature = |[total, x, y, short, density]: [Array; 5]| beta_tail::tail(&total, &x, &y, &short, &density);
    let out = within(&by_quadrature, given, quadrature, out)?;
    let out = where_(logical_and(beyond, logical_not(&by_complement)?)?, 1.0 - &out, &out)?;
    let given = [(a, 0.25), (b, 1.0), (x, 0.0625), (ln_x, -2.0)];
    let out = within(&by_complement, given, |[a, b, x, ln_x]| complement(&a, &b, &x, &ln_x), out)?;
    // The series rounds up where nearly all of the mass is below.
    minimum(out, 1.0)
}

/// Whether the power series needs no more than some hundred terms.
fn is_short(b: &Array, x: &Array) -> Result<Array> {
    let few = logical_or(less_equal(b * x, 1.0)?, less(b, 1.0)?)?;
    logical_and(less_equal(x, 0.9)?, few)
}

/// `x^a y^b / B(a, b)`, the same from both sides.
fn density(sides: &Sides) -> Result<Array> {
    let Sides { a, b, x, y, ln_x, ln_y, away } = sides;
    let (a_large, b_large) = (greater_equal(a, LARGE)?, greater_equal(b, LARGE)?);
    let out = zeros_like(x, ..)?;
    let both = logical_and(&a_large, &b_large)?;
    let given = [(a, 20.0), (b, 20.0), (away, 0.0), (ln_x, -0.7), (ln_y, -0.7)];
    let of_large = |[a, b, away, ln_x, ln_y]: [Array; 5]| density_of_large(&a, &b, &away, &ln_x, &ln_y);
    let out = within(&both, given, of_large, out)?;
    let neither = logical_not(logical_or(&a_large, &b_large)?)?;
    let given = [(a, 1.0), (b, 1.0), (x, 0.5), (y, 0.5), (ln_x, -0.7), (ln_y, -0.7)];
    let of_small = |[a, b, x, y, ln_x, ln_y]: [Array; 6]| density_of_small(&a, &b, &x, &y, &ln_x, &ln_y);
    let out = within(&neither, given, of_small, out)?;
    // One of them, which is called the large one.
    let mixed = crate::logical_xor(&a_large, &b_large)?;
    let pick = |of_b: &Array, of_a: &Array| where_(&a_large, of_b, of_a);
    let (small, large, of_small, ln_large) = (pick(b, a)?, pick(a, b)?, pick(y, x)?, pick(ln_x, ln_y)?);
    let given = [(&small, 1.0), (&large, LARGE), (&of_small, 0.5), (&ln_large, -0.7)];
    let of_mixed = |[small, large, of_small, ln_large]: [Array; 4]| {
        let decay = exp(&large * ln_large)?;
        // The power may be infinite only where the exponential is zero.
        let left = greater(&decay, 0.0)?;
        let power = pow(where_(&left, &large * of_small, 1.0)?, &small)?;
        let gamma = gamma_of_next(&small, LARGE as usize)?;
        (power * exp(growth(&large, &small)?)? * decay * small / gamma).ok()
    };
    within(&mixed, given, of_mixed, out)
}

fn density_of_large(a: &Array, b: &Array, away: &Array, ln_x: &Array, ln_y: &Array) -> Result<Array> {
    let total = (a + b).ok()?;
    // The exponent's two terms are large and nearly cancel; their excesses over linear terms do not.
    let part = |n: &Array, away: &Array, ln: &Array| {
        let r = divide(away, n)?;
        let near = greater(&r, -0.9)?;
        let far = (&r - (ln - log(n / &total)?)).ok()?;
        multiply(n, within(&near, [(&r, 0.0)], |[r]| excess(&r), far)?)
    };
    let exponent = (part(a, away, ln_x)? + part(b, &(-away).ok()?, ln_y)?).ok()?;
    let scale = sqrt((a / TAU) * (b / &total))?;
    (scale * exp(stirling(&total)? - stirling(a)? - stirling(b)? - exponent)?).ok()
}

fn density_of_small(a: &Array, b: &Array, x: &Array, y: &Array, ln_x: &Array, ln_y: &Array) -> Result<Array> {
    let total = (a + b).ok()?;
    // By gamma(1 + a) = a gamma(a): the gamma function of the smallest numbers is infinite.
    let small = LARGE as usize;
    let gammas = (gamma_of_next(&total, 2 * small)? / gamma_of_next(a, small)? / gamma_of_next(b, small)?).ok()?;
    // The side that is exact is raised to its power; the other one goes by its logarithm.
    let left = less_equal(x, 0.5)?;
    let (by_power, power) = (where_(&left, x, y)?, where_(&left, a, b)?);
    let by_log = where_(left, b * ln_y, a * ln_x)?;
    (a / total * b * gammas * (pow(by_power, power)? * exp(by_log)?)).ok()
}

/// `b x - a y` as if with one rounding, less what rounding `y` has lost.
fn distance(a: &Array, b: &Array, x: &Array, y: &Array) -> Result<Array> {
    let ((bx, bx_rest), (ay, ay_rest)) = (product(b, x)?, product(a, y)?);
    let lost = (1.0 - y - x).ok()?;
    ((bx - ay) + (bx_rest - ay_rest) - a * lost).ok()
}

/// A product of a number and one below 1, and what rounding has cost it, by parts of half the digits (Dekker 1971).
fn product(a: &Array, b: &Array) -> Result<(Array, Array)> {
    // Made small first, lest the largest numbers overflow.
    const SCALE: f64 = (1 << 28) as f64;
    let halves = |x: &Array| {
        let small = multiply(x, 1.0 / SCALE)?;
        let big = multiply(&small, 134_217_729.0)?;
        let high = ((&big - (&big - small)) * SCALE).ok()?;
        let low = subtract(x, &high)?;
        Ok((high, low))
    };
    let whole = multiply(a, b)?;
    let ((a_high, a_low), (b_high, b_low)) = (halves(a)?, halves(b)?);
    let rest = ((&a_high * &b_high - &whole) + a_high * &b_low + &a_low * b_high + a_low * b_low).ok()?;
    Ok((whole, rest))
}

/// DLMF 8.17.8: all terms are positive.
fn series(a: &Array, b: &Array, x: &Array, density: &Array) -> Result<Array> {
    let (total, next) = ((a + b).ok()?, (a + 1.0).ok()?);
    let mut term = (&total / &next * x).ok()?;
    let mut sum = (&term + 1.0).ok()?;
    for n in 1..TERMS {
        let k = n as f64;
        term = (term * ((&total + k) / (&next + k)) * x).ok()?;
        sum = (sum + &term).ok()?;
        if n % LOOK == 0 && !some(&greater(&term, &sum * 1e-17)?)? {
            break;
        }
    }
    (density / a * sum).ok()
}

/// One less the series of DLMF 8.17.7, for small `x` and small `a`, in a form that keeps its digits when `a`, and with it the
/// result, is small.
fn complement(a: &Array, b: &Array, x: &Array, ln_x: &Array) -> Result<Array> {
    let mut term = ((1.0 - b) * x).ok()?;
    let mut sum = divide(&term, a + 1.0)?;
    for n in 2..=COMPLEMENT {
        let k = f64::from(n);
        term = (term * (k - b) * x / k).ok()?;
        sum = (sum + &term / (a + k)).ok()?;
    }
    // The logarithm of gamma(a + b) / gamma(b) / gamma(a + 1), from where Stirling's series serves back to b.
    let (mut from, mut steps) = (b.clone(), zeros_like(b, ..)?);
    for _ in 0..LARGE as usize {
        let short = less(&from, LARGE)?;
        steps = (steps + where_(&short, log1p(a / &from)?, 0.0)?).ok()?;
        from = where_(short, &from + 1.0, &from)?;
    }
    let front = (a * log(&from)? + growth(&from, a)? - steps + log1p(reciprocal_gamma(a)?)?).ok()?;
    (-expm1(a * ln_x + front + log1p(a * sum)?)?).ok()
}

/// The continued fraction of DiDonato and Morris 1992, (9), evaluated as Lentz does.
fn fraction(a: &Array, b: &Array, x: &Array, y: &Array, density: &Array) -> Result<Array> {
    let total = (a + b).ok()?;
    let square = multiply(x, x)?;
    let slope = (a * y - b * x + 1.0).ok()?;
    let below = (y + 1.0).ok()?;
    let denominator = |n: f64, left: &Array| {
        // (b - n) x
        let straight = (left * n / (a + (2.0 * n - 1.0)) + n).ok()?;
        (straight + (a + n) * (&slope + &below * n) / (a + (2.0 * n + 1.0))).ok()
    };
    let first = (a * &slope / (a + 1.0)).ok()?;
    let (mut value, mut c, mut d) = (first.clone(), first, zeros_like(x, ..)?);
    let mut moving = greater(density, 0.0)?;
    for step in 1..=STEPS {
        let n = step as f64;
        let m = (a + (2.0 * n - 1.0)).ok()?;
        let rest = (b - n).ok()?;
        let up = ((a + (n - 1.0)) / &m * ((&total + (n - 1.0)) / m) * &rest * n * &square).ok()?;
        let down = denominator(n, &(rest * x).ok()?)?;
        d = reciprocal(&down + &up * d)?;
        c = (down + up / c).ok()?;
        let change = multiply(&c, &d)?;
        // What stands still is left alone: further factors would only add their rounding.
        value = where_(&moving, &value * &change, &value)?;
        moving = logical_and(moving, greater(abs(change - 1.0)?, f64::EPSILON)?)?;
        if step % LOOK == 0 && !some(&moving)? {
            break;
        }
    }
    divide(density, value)
}
