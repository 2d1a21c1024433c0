//! The regularised incomplete gamma functions `P(a, x)` and `Q(a, x) = 1 - P`, DLMF 8.2.
//!
//! Which formula serves where follows Gil, Segura and Temme 2012, *Efficient and accurate algorithms for the computation
//! and inversion of the incomplete gamma function ratios*: always the smaller of the two is computed.

use std::f64::consts::{LN_2, TAU};

use super::error_function::scaled_complement;
use super::stirling::{LARGE, excess, gamma_of_next, reciprocal_gamma, stirling};
use super::{LOOK, between, in_double, some, within};
use crate::array::Array;
use crate::call::Call;
use crate::coefficients::ETA;
use crate::error::Result;
use crate::{
    abs, copysign, divide, equal, exp, expm1, greater, greater_equal, isinf, less, less_equal, log, logical_and,
    logical_not, logical_or, logical_xor, multiply, pow, reciprocal, sqrt, subtract, where_, zeros_like,
};

/// Terms of the power series where it serves: at most 50, next to `a = x = 12`.
const TERMS: usize = 64;
/// Steps of the continued fraction where it serves: at most some 60, next to `x = 1.5`.
const STEPS: usize = 96;
/// Terms of the alternating series, for `x < 1.5`.
const ALTERNATING: i32 = 27;

/// The composition of [`gammainc`](crate::gammainc).
pub(crate) fn gammainc(call: &mut Call<'_, '_>) -> Result<Array> {
    in_double(call, |[a, x]| ratio(&a, &x, true))
}

/// The composition of [`gammaincc`](crate::gammaincc).
pub(crate) fn gammaincc(call: &mut Call<'_, '_>) -> Result<Array> {
    in_double(call, |[a, x]| ratio(&a, &x, false))
}

/// `P(a, x)` if `lower`, else `Q(a, x)`.
fn ratio(a: &Array, x: &Array, lower: bool) -> Result<Array> {
    let known = logical_and(greater_equal(a, 0.0)?, greater_equal(x, 0.0)?)?;
    // At the edges all of the mass is on one side; where it would be on both, there is no value.
    let above = logical_or(equal(x, 0.0)?, isinf(a)?)?;
    let below = logical_or(equal(a, 0.0)?, isinf(x)?)?;
    let inside = logical_and(&known, logical_not(logical_or(&above, &below)?)?)?;
    let (of_above, of_below) = if lower { (0.0, 1.0) } else { (1.0, 0.0) };
    let edge = where_(&above, of_above, where_(&below, of_below, x)?)?;
    let edge = where_(logical_and(known, logical_xor(above, below)?)?, edge, f64::NAN)?;
    within(&inside, [(a, 1.0), (x, 1.0)], |[a, x]| ratio_inside(&a, &x, lower), edge)
}

/// [`ratio`] for positive numbers.
fn ratio_inside(a: &Array, x: &Array, lower: bool) -> Result<Array> {
    let below = less(x, a)?;
    let near = logical_and(greater_equal(x, multiply(a, 0.3)?)?, less_equal(x, multiply(a, 2.35)?)?)?;
    let uniform = logical_and(greater_equal(a, 12.0)?, near)?;
    let small = less(x, 1.5)?;
    // From about here on P is below one half.
    let tiny = less(x, 0.5)?;
    let half = where_(&tiny, divide(-LN_2, log(where_(&tiny, x, 0.25)?)?)?, x)?;
    let by_small = logical_or(greater_equal(a, half)?, greater_equal(a, 1.0)?)?;
    let rest = logical_not(&uniform)?;
    let by_series = logical_and(&rest, where_(&small, &by_small, &below)?)?;
    let others = logical_and(&rest, logical_not(&by_series)?)?;
    let by_alternating = logical_and(&others, &small)?;
    let by_fraction = logical_and(others, logical_not(&small)?)?;

    let arguments = [(a, 20.0), (x, 20.0)];
    let share = within(&uniform, arguments, |[a, x]| uniform_share(&a, &x), x.clone())?;
    let share = within(&by_series, [(a, 2.0), (x, 1.0)], |[a, x]| series(&a, &x), share)?;
    let share = within(&by_fraction, [(a, 1.0), (x, 20.0)], |[a, x]| fraction(&a, &x), share)?;
    let share = within(&by_alternating, [(a, 0.25), (x, 0.0625)], |[a, x]| alternating(&a, &x), share)?;
    let is_lower = logical_or(logical_and(uniform, below)?, by_series)?;
    let other = subtract(1.0, &share)?;
    if lower { where_(is_lower, share, other) } else { where_(is_lower, other, share) }
}

/// `x/a - 1 - ln(x/a)`, half the square of Temme's eta.
fn exponent(a: &Array, x: &Array) -> Result<Array> {
    let ratio = divide(x, a)?;
    // The difference is exact between one half and two.
    let near = between(&ratio, 0.5, 2.0)?;
    let far = |[ratio]: [Array; 1]| ((&ratio - 1.0) - log(&ratio)?).ok();
    let out = within(&logical_not(&near)?, [(&ratio, 3.0)], far, ratio.clone())?;
    within(&near, [(a, 1.0), (x, 1.0)], |[a, x]| excess(&((x - &a) / &a).ok()?), out)
}

/// `x^a e^-x / gamma(a + 1)`
fn density(a: &Array, x: &Array) -> Result<Array> {
    let large = greater_equal(a, LARGE)?;
    let of_large = |[a, x]: [Array; 2]| {
        let log = (-&a * exponent(&a, &x)? - stirling(&a)?).ok()?;
        divide(exp(log)?, sqrt(a * TAU)?)
    };
    let out = within(&large, [(a, LARGE), (x, LARGE)], of_large, zeros_like(x, ..)?)?;
    // Beyond, the exponential is zero, while the power may be infinite.
    let small = logical_and(logical_not(large)?, less_equal(x, 1000.0)?)?;
    let of_small = |[a, x]: [Array; 2]| (pow(&x, &a)? * exp(-&x)? / gamma_of_next(&a, LARGE as usize)?).ok();
    within(&small, [(a, 1.0), (x, 1.0)], of_small, out)
}

/// `P` by its power series, DLMF 8.11.4.
fn series(a: &Array, x: &Array) -> Result<Array> {
    let mut term = divide(x, a + 1.0)?;
    let mut sum = (&term + 1.0).ok()?;
    for n in 2..=TERMS {
        term = (term * (x / (a + n as f64))).ok()?;
        sum = (sum + &term).ok()?;
        if n % LOOK == 0 && !some(&greater(&term, &sum * 1e-17)?)? {
            break;
        }
    }
    multiply(density(a, x)?, sum)
}

/// `Q` by its continued fraction, DLMF 8.9.2, evaluated as Lentz does.
fn fraction(a: &Array, x: &Array) -> Result<Array> {
    let front = multiply(a, density(a, x)?)?;
    let mut b = (x + 1.0 - a).ok()?;
    let mut d = reciprocal(&b)?;
    let mut value = d.clone();
    let mut c: Option<Array> = None;
    let mut moving = greater(&front, 0.0)?;
    for i in 1..=STEPS {
        let numerator = ((a - i as f64) * i as f64).ok()?;
        b = (b + 2.0).ok()?;
        d = reciprocal(&b + &numerator * d)?;
        c = Some(match c {
            Some(c) => (&b + numerator / c).ok()?,
            None => b.clone(),
        });
        let change = multiply(c.as_ref().unwrap_or(&b), &d)?;
        // What stands still is left alone: further factors would only add their rounding.
        value = where_(&moving, &value * &change, &value)?;
        moving = logical_and(moving, greater(abs(change - 1.0)?, f64::EPSILON)?)?;
        if i % LOOK == 0 && !some(&moving)? {
            break;
        }
    }
    where_(greater(&front, 0.0)?, &front * value, 0.0)
}

/// `Q` for `a < 1` and small `x`: `1 - x^a / gamma(a + 1)` less the rest of the power series of `P`, DLMF 8.7.1, in a form
/// that keeps its digits when `a`, and with it `Q`, is small.
fn alternating(a: &Array, x: &Array) -> Result<Array> {
    let reciprocal = reciprocal_gamma(a)?;
    let power = expm1(a * log(x)?)?;
    let mut term = (-x).ok()?;
    let mut sum = divide(&term, a + 1.0)?;
    for n in 2..=ALTERNATING {
        term = (term * x * (-1.0 / f64::from(n))).ok()?;
        sum = (sum + &term / (a + n)).ok()?;
    }
    let whole = (&reciprocal + 1.0).ok()?;
    (-(&power * &whole + reciprocal) - (&power + 1.0) * whole * a * sum).ok()
}

/// The smaller of `P` and `Q` for large `a` and `x` near it: Temme 1979, DLMF 8.12, with the recursion of Gil, Segura and
/// Temme 2012, (2.18), which needs no table in two dimensions.
fn uniform_share(a: &Array, x: &Array) -> Result<Array> {
    let half_square = exponent(a, x)?;
    let away = subtract(x, a)?;
    let eta = copysign(sqrt(&half_square * 2.0)?, &away)?;
    let inverse = reciprocal(a)?;
    // beta[n - 1] = SERIES[n] + (n + 1) beta[n + 1] / a
    let zero = zeros_like(a, ..)?;
    let (mut later, mut last) = (zero.clone(), zero.clone());
    let mut sum = zero;
    for n in (1..ETA.len()).rev() {
        let beta = (&later * &inverse * (n + 1) as f64 + ETA[n]).ok()?;
        sum = (sum * &eta + &beta).ok()?;
        later = std::mem::replace(&mut last, beta);
    }
    let scale = divide(a, a + &later)?;
    let decay = (a * half_square).ok()?;
    let rest = (sum * scale / sqrt(a * TAU)?).ok()?;
    let normal = (scaled_complement(&sqrt(&decay)?)? * 0.5).ok()?;
    let share = where_(less(away, 0.0)?, &normal - &rest, &normal + &rest)?;
    multiply(exp(-decay)?, share)
}
