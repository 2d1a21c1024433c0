//! The secular equation: eigenvalues of a diagonal matrix with a matrix of rank one added, and singular values of one with a row.
//!
//! The eigenvalues of `diag(d) + r z z^T` are the roots of `1/r + sum(z_j^2 / (d_j - x))`, one between each two neighbouring poles
//! and one above the last. The squares of the singular values of `diag(d)` with `z` in its first row, where `d` is zero, are those
//! of `1 + sum(z_j^2 / (d_j^2 - x))`. A root is found relative to the nearer pole, so that its distances from all poles are known to nearly
//! full precision (Li, Solving secular equations stably and efficiently, LAPACK Working Note 89, 1993): by interpolation with two
//! poles that keeps the weight of the nearer one, or, where that is slow, the slopes of both sides; always within a bracket.

use std::array::from_fn;

use crate::engine::entry::Real;
use crate::engine::simd::by_level;

/// Steps of interpolation; mostly four are enough. After them the bracket is halved until it has no width.
const STEPS: usize = 30;
/// Halvings that leave no width to any bracket.
const HALVINGS: usize = 200;
/// Parts of a sum.
const LANES: usize = 16;

/// What the poles of an equation are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Poles {
    /// The numbers that are given.
    Values,
    /// Their squares, whose differences are taken as products: no digits are lost.
    Squares,
}

/// The numbers that give the poles, ascending and apart, their weights, none of which is zero, and the factor of the added matrix, which is positive.
#[derive(Clone, Copy)]
pub(crate) struct Secular<'a, R> {
    pub(crate) d: &'a [R],
    pub(crate) z: &'a [R],
    pub(crate) factor: R,
    pub(crate) poles: Poles,
}

/// Terms of one sign, and the sum of their slopes.
#[derive(Clone, Copy)]
struct Side<R> {
    value: R,
    slope: R,
}

impl Poles {
    /// The pole of `a` minus that of `b`.
    #[inline(always)]
    pub(crate) fn apart<R: Real>(self, a: R, b: R) -> R {
        match self {
            Poles::Values => a - b,
            Poles::Squares => (a - b) * (a + b),
        }
    }
}

impl<R: Real> Secular<'_, R> {
    /// The root above pole `i`, or the square root of it if the poles are squares. Writes the distances from the root to all poles;
    /// `room` is for as many numbers.
    pub(crate) fn root(&self, i: usize, apart: &mut [R], room: &mut [R]) -> R {
        let Secular { d, z, factor, poles } = *self;
        let (two, eight) = (R::one() + R::one(), R::from(8).unwrap_or_else(R::one));
        let last = i + 1 == d.len();
        // Above the last pole, the largest root that there can be takes the place of the next one.
        let gap = if last { factor * z.iter().fold(R::zero(), |s, &z| s + z * z) } else { poles.apart(d[i + 1], d[i]) };
        let weight = |j: usize| if j < z.len() { z[j] * z[j] } else { R::zero() };
        let from = |pole: R, apart: &mut [R]| match poles {
            Poles::Values => apart.iter_mut().zip(d).for_each(|(to, &d)| *to = d - pole),
            Poles::Squares => apart.iter_mut().zip(d).for_each(|(to, &d)| *to = (d - pole) * (d + pole)),
        };
        let mut value = |apart: &[R], x: R| -> [Side<R>; 2] {
            [sums(&apart[..i + 1], &z[..i + 1], x, room), sums(&apart[i + 1..], &z[i + 1..], x, room)]
        };

        from(d[i], apart);
        let middle = gap / two;
        let [left, right] = value(apart, middle);
        let there = R::one() / factor + left.value + right.value;
        let others = there + weight(i) / middle - weight(i + 1) / (gap - middle);
        let low = last || there >= R::zero();
        let (origin, lower, upper) = if low { (d[i], R::zero(), gap) } else { (d[i + 1], -gap, R::zero()) };
        let (mut lo, mut hi) = match (low, there >= R::zero()) {
            (true, true) => (R::zero(), middle),
            (true, false) => (middle, gap),
            (false, _) => (-middle, R::zero()),
        };
        if !low {
            from(origin, apart);
        }
        // The two poles' terms as they are, the others as they are in the middle.
        let linear = others * (lower + upper) + weight(i) + weight(i + 1);
        let constant = others * lower * upper + weight(i) * upper + weight(i + 1) * lower;
        let mut x = quadratic(others, linear, constant, R::zero(), lo, hi).unwrap_or((lo + hi) / two);
        let mut before = R::infinity();
        let mut keep_weight = true;
        for step in 0..STEPS + HALVINGS {
            let [left, right] = value(apart, x);
            let there = R::one() / factor + left.value + right.value;
            let slope = left.slope + right.slope;
            let rounding = eight * (right.value - left.value) + R::one() / factor + x.abs() * slope;
            if there.abs() <= R::epsilon() * rounding {
                break;
            }
            if there < R::zero() {
                lo = x
            } else {
                hi = x
            }
            if hi - lo <= two * R::epsilon() * lo.abs().max(hi.abs()) {
                break;
            }
            keep_weight ^= there.abs() * R::from(10).unwrap_or_else(R::one) > before;
            before = there.abs();
            let (a, b) = (lower - x, upper - x);
            let square = match (keep_weight, low) {
                (true, true) => there - b * slope - (lower - upper) * weight(i) / (a * a),
                (true, false) => there - a * slope - (upper - lower) * weight(i + 1) / (b * b),
                (false, _) => there - a * left.slope - b * right.slope,
            };
            let newton = x - there / slope;
            x = match quadratic(square, (a + b) * there - a * b * slope, a * b * there, x, lo, hi) {
                Some(next) if step < STEPS => next,
                None if step < STEPS && newton > lo && newton < hi => newton,
                _ => (lo + hi) / two,
            };
        }
        apart.iter_mut().for_each(|to| *to -= x);
        match poles {
            Poles::Values => origin + x,
            Poles::Squares => origin + x / (origin + (origin * origin + x).sqrt()),
        }
    }
}

/// `at` and the root of `c y^2 - b y + a` added, if it lies between `lo` and `hi`.
fn quadratic<R: Real>(c: R, b: R, a: R, at: R, lo: R, hi: R) -> Option<R> {
    let two = R::one() + R::one();
    let root = (b * b - two * two * a * c).abs().sqrt();
    let q = (if b < R::zero() { b - root } else { b + root }) / two;
    [at + a / q, at + q / c].into_iter().find(|&x| x > lo && x < hi)
}

/// The sum of `z^2 / (apart - x)`, and of `z^2 / (apart - x)^2`.
fn sums<R: Real>(apart: &[R], z: &[R], x: R, room: &mut [R]) -> Side<R> {
    let mut side = Side { value: R::zero(), slope: R::zero() };
    terms(apart, z, x, &mut room[..z.len()], &mut side);
    side
}

by_level!(terms = terms_body, baseline, avx2, avx512
    <R: Real>(apart: &[R], z: &[R], x: R, terms: &mut [R], side: &mut Side<R>));

#[inline(always)]
unsafe fn terms_body<R: Real>(apart: &[R], z: &[R], x: R, terms: &mut [R], side: &mut Side<R>) {
    let ((apart, apart_rest), (z, z_rest)) = (apart.as_chunks::<LANES>(), z.as_chunks::<LANES>());
    let (terms, terms_rest) = terms.as_chunks_mut::<LANES>();
    // One sum at a time, whole arrays at a time: the compiler makes vectors of that.
    let (mut values, mut slopes) = ([R::zero(); LANES], [R::zero(); LANES]);
    for (term, (apart, z)) in terms.iter_mut().zip(apart.iter().zip(z)) {
        let quotients: [R; LANES] = from_fn(|l| z[l] / (apart[l] - x));
        slopes = from_fn(|l| slopes[l] + quotients[l] * quotients[l]);
        *term = quotients;
    }
    for (term, z) in terms.iter().zip(z) {
        values = from_fn(|l| values[l] + z[l] * term[l]);
    }
    let (mut value, mut slope) = (R::zero(), R::zero());
    for (term, (&apart, &z)) in terms_rest.iter_mut().zip(apart_rest.iter().zip(z_rest)) {
        *term = z / (apart - x);
        value += z * *term;
        slope += *term * *term;
    }
    let total = |parts: [R; LANES], rest: R| parts.into_iter().fold(rest, |sum, part| sum + part);
    *side = Side { value: total(values, value), slope: total(slopes, slope) };
}
