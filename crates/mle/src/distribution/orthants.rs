//! Probabilities that normal variables with correlations are all below their limits.

use array_api::{
    Array, Error, Result, clip, erf, exp, expand_dims, index, less, log, matmul, mean, multiply, negative, parallel,
    square, stack, std, where_,
};
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_PI_2, TAU};

use super::symmetric::GAUSS;
use super::tails::log_normal_cdf;
use crate::inference::laws::normal_quantiles;
use crate::matrix::{self, Matrix};

/// The probability that two standard normal variables with this correlation are below `h` and `k`, vectors of one length:
/// `Phi(h) Phi(k)` and the integral of the density over the correlation (Plackett 1954), by its arc sine.
pub(super) fn both_below(h: &Array, k: &Array, correlation: f64) -> Result<Array> {
    let end = correlation.asin().abs();
    // Towards perfect correlation the integrand changes on the scale of the distance from it, so panels shrink with that.
    let mut edges = vec![0.0];
    let mut distance = FRAC_PI_2;
    while FRAC_PI_2 - distance < end {
        let (from, to) = (distance, 0.5 * distance);
        edges.extend((1..=4).map(|q| FRAC_PI_2 - from + (from - to) * f64::from(q) / 4.0).filter(|e| *e < end));
        distance = to;
    }
    edges.push(end);
    let sign = correlation.signum();
    let (mut apart_by, mut widths, mut weights) = (vec![], vec![], vec![]);
    for edge in edges.windows(2) {
        let half = 0.5 * (edge[1] - edge[0]);
        for (node, weight) in GAUSS.iter().flat_map(|&(n, w)| [(-n, w), (n, w)]) {
            // One less the sine, and the cosine's square, by the angle's complement, which keeps their digits.
            let complement = FRAC_PI_2 - 0.5 * (edge[0] + edge[1]) - half * node;
            apart_by.push(2.0 * (0.5 * complement).sin().powi(2));
            widths.push(-2.0 * complement.sin().powi(2));
            weights.push(sign * half * weight / TAU);
        }
    }
    let xp = h.namespace();
    let (apart_by, widths, weights) = (xp.asarray(apart_by)?, xp.asarray(widths)?, xp.asarray(weights)?);
    // h^2 + k^2 - 2 h k sin = (h - k)^2 + 2 h k (1 - sin).
    let products = expand_dims((h * k * (2.0 * sign)).ok()?, -1)?;
    let squares = expand_dims(square((h - k * sign).ok()?)?, -1)?;
    let integrand = exp(((products * apart_by + squares) / widths).ok()?)?;
    let apart = (exp(log_normal_cdf(h)?)? * exp(log_normal_cdf(k)?)?).ok()?;
    clip((matmul(integrand, weights)? + apart).ok()?, 0.0, 1.0)
}

/// Points of a lattice, and how many lattices.
const POINTS: usize = 1 << 14;
const LATTICES: usize = 4;
/// The most that the lattices' means may be off, by their spread.
const TRUSTED: f64 = 1e-3;

/// The probabilities that normal variables are all below limits in units of their standard deviations, shape `(d, n)`.
///
/// Variables are integrated one after the other, each given those before (Genz, "Numerical computation of multivariate normal
/// probabilities", Journal of Computational and Graphical Statistics 1, 1992), those with the lowest limits first, where most
/// is decided. The points are Richtmyer's, folded, the same in every call; they count less towards either end of the sequence,
/// which makes the error fall like the square of their number (Niederreiter, "Application of diophantine approximations to
/// numerical integration", 1973).
///
/// # Errors
/// Where the lattices differ by more than the probabilities would be worth.
pub(super) fn all_below(limits: &Array, correlation: &Matrix) -> Result<Array> {
    let (d, n) = (correlation.nrows(), limits.shape()?[1]);
    let heights = mean(limits, 1)?.to_vec::<f64>()?;
    let mut order: Vec<usize> = (0..d).collect();
    order.sort_by(|&i, &j| heights[i].total_cmp(&heights[j]));
    let ordered = Matrix::from_fn(d, d, |i, j| correlation[(order[i], order[j])]);
    let Some(factor) = matrix::cholesky(&ordered) else {
        return Err(Error::value("multivariate normal", "the correlations are not positive definite"));
    };
    let xp = limits.namespace();
    let points = xp.asarray(lattices(d - 1))?;
    let count = POINTS as f64;
    let weights: Vec<f64> = (0..POINTS).map(|k| 1.0 - ((2 * k + 1) as f64 / count - 1.0).abs()).collect();
    let total = weights.iter().sum::<f64>();
    let weights = xp.asarray(weights.into_iter().map(|w| w / total).collect::<Vec<f64>>())?;
    // One after the other, so that a core's cache keeps the points of each.
    let one = |row: usize| -> Result<Array> {
        let limit = |i: usize| limits.at(index![order[i] as isize, row as isize]);
        let mut below = exp(log_normal_cdf(&(limit(0)? / factor[(0, 0)]).ok()?)?)?;
        let mut all = below.clone();
        let mut before: Vec<Array> = vec![];
        for i in 1..d {
            // Where the one before lies, given that it is below its limit.
            before.push(place(&multiply(points.at(index![i as isize - 1, ..])?, &below)?)?);
            let mut left = limit(i)?;
            for (j, place) in before.iter().enumerate() {
                left = (left - place * factor[(i, j)]).ok()?;
            }
            below = ((erf((left * (FRAC_1_SQRT_2 / factor[(i, i)])).ok()?)? + 1.0) * 0.5).ok()?;
            all = multiply(all, &below)?;
        }
        matmul(array_api::reshape(all, [LATTICES as isize, POINTS as isize])?, &weights)
    };
    let means = parallel::map((0..n).collect(), one)?;
    if means.is_empty() {
        return array_api::zeros_like(limits.at(index![0_isize, ..])?, ..);
    }
    let means = stack(means, 0)?;
    let worst = array_api::max(std(&means, 1)?, ..)?.item::<f64>()? / ((LATTICES - 1) as f64).sqrt();
    if worst > TRUSTED {
        let message = format!(
            "a probability of {d} numbers could be had to {worst:.1e} only; estimate it from sample(..) of many vectors"
        );
        return Err(Error::value("multivariate normal", message));
    }
    clip(mean(means, 1)?, 0.0, 1.0)
}

/// The standard normal's quantiles, at most 40 from zero.
fn place(p: &Array) -> Result<Array> {
    let low = less(p, 0.5)?;
    let z = normal_quantiles(&log(where_(&low, p, (1.0 - p).ok()?)?)?)?;
    clip(where_(low, &z, negative(&z)?)?, -40.0, 40.0)
}

/// Points between 0 and 1, shape `(axes, lattices times points)`: multiples of roots of primes, shifted for each lattice, and
/// folded, so that what is integrated continues over the ends.
fn lattices(axes: usize) -> Vec<Vec<f64>> {
    let primes = (2_u64..).filter(|n| (2..).take_while(|k| k * k <= *n).all(|k| n % k != 0));
    let axis = |prime: u64| {
        let step = (prime as f64).sqrt().fract();
        let point = |lattice: usize, k: usize| {
            let shift = (lattice as f64 * 0.618_033_988_749_894_9 * (1.0 + step)).fract();
            let place = ((k + 1) as f64 * step + shift).fract();
            // Never an end itself, where quantiles are infinite.
            (2.0 * place - 1.0).abs().clamp(1e-16, 1.0 - f64::EPSILON)
        };
        (0..LATTICES).flat_map(|l| (0..POINTS).map(move |k| point(l, k))).collect()
    };
    primes.take(axes).map(axis).collect()
}
