//! The bootstrap: refits to rows drawn with replacement, many at once.
//!
//! A draw of n rows with replacement is a vector of counts, so all refits share the data and differ in their weights. The
//! function that gives value, gradient and Hessian for one is vectorised over the refits, and Newton's method moves all that
//! have not arrived yet.

use array_api::{Array, DType, Error, Result, astype, bincount, multiply, stack, take};
use array_transforms::vmap;

use crate::differentiate::{Curvature, expand};
use crate::fit::{Fit, Interval, IntervalMethod, StandardErrors};
use crate::matrix::Matrix;
use crate::optimize::{Newton, Stop};
use crate::problem::{Problem, Wanted};

/// The numbers that one evaluation of a group of refits holds per parameter: half a mebibyte of them, which a core's cache
/// keeps.
const GROUP: usize = 1 << 16;

/// Draws the weights of one refit: how often each row was drawn, times the row's own weight.
fn draw(problem: &Problem<'_>, key: &Array, rows: usize) -> Result<Array> {
    let places = problem.xp.integers(key, array_api::Integers::default().shape(rows).high(rows as isize))?;
    let counts = astype(bincount(places, array_api::Bincount { length: rows })?, DType::Float64)?;
    match &problem.weights {
        Some(w) => multiply(counts, w),
        None => Ok(counts),
    }
}

/// Estimates of all refits, and how many of them did not converge and were left out.
pub(crate) fn refits(problem: &Problem<'_>, wanted: &Wanted, start: &[f64]) -> Result<(Vec<Vec<f64>>, usize)> {
    let point = problem.xp.asarray(problem.constrained(start))?;
    let rows = match *problem.contributions(&point)?.shape()? {
        [n] => n,
        _ => {
            let message =
                "the model gives one number, but refits need the log-likelihood of each row; return them as a vector";
            return Err(Error::value("bootstrap", message));
        }
    };
    let keys = array_api::split(problem.xp.key(wanted.seed)?, wanted.replicates)?;
    let size = (GROUP / rows.max(1)).clamp(1, wanted.replicates);
    let (mut estimates, mut failed) = (vec![], 0);
    for first in (0..wanted.replicates).step_by(size) {
        let group = first..(first + size).min(wanted.replicates);
        let weights = group.map(|i| draw(problem, &keys.at(i as isize)?, rows)).collect::<Result<Vec<_>>>()?;
        for newton in together(problem, wanted, start, stack(weights, 0)?)? {
            match newton {
                Some(newton) => {
                    let (optimum, _) = newton.finish();
                    match optimum.stop {
                        Stop::Converged => estimates.push(problem.constrained(&optimum.point)),
                        _ => failed += 1,
                    }
                }
                None => failed += 1,
            }
        }
    }
    Ok((estimates, failed))
}

/// Newton's method for a group of refits, one row of weights each.
fn together(problem: &Problem<'_>, wanted: &Wanted, start: &[f64], weights: Array) -> Result<Vec<Option<Newton>>> {
    let evaluate = |points: &[Vec<f64>], weights: &Array| -> Result<Vec<Curvature>> {
        let points = problem.xp.asarray(points)?;
        let one = |(u, w): &(Array, Array)| expand(|u: &Array| problem.cost(u, Some(w), wanted.scale), u);
        let (values, gradients, hessians) = vmap(one)(&(points, weights.clone()))?;
        let (values, gradients, hessians) =
            (values.to_vec::<f64>()?, gradients.to_vec::<f64>()?, hessians.to_vec::<f64>()?);
        let p = start.len();
        let curvature = |k: usize| Curvature {
            value: values[k],
            gradient: gradients[k * p..(k + 1) * p].to_vec(),
            hessian: Matrix::from_fn(p, p, |i, j| hessians[(k * p + i) * p + j]),
        };
        Ok((0..values.len()).map(curvature).collect())
    };
    let count = weights.shape()?[0];
    let first = evaluate(&vec![start.to_vec(); count], &weights)?;
    let mut newtons =
        first.into_iter().map(|c| Newton::start(start.to_vec(), c, wanted.limits)).collect::<Result<Vec<_>>>()?;
    loop {
        let moving: Vec<usize> = (0..count).filter(|&i| newtons[i].as_ref().is_some_and(|n| !n.done())).collect();
        if moving.is_empty() {
            return Ok(newtons);
        }
        let points: Vec<Vec<f64>> = moving.iter().filter_map(|&i| newtons[i].as_ref().map(Newton::proposal)).collect();
        let chosen = match moving.len() == count {
            true => weights.clone(),
            false => {
                let places: Vec<i64> = moving.iter().map(|&i| i as i64).collect();
                take(&weights, problem.xp.asarray(places)?, 0)?
            }
        };
        for (&i, there) in moving.iter().zip(evaluate(&points, &chosen)?) {
            if let Some(newton) = &mut newtons[i] {
                newton.update(there)?;
            }
        }
    }
}

/// Standard errors and intervals from refits.
pub(crate) fn add(problem: &Problem<'_>, fit: Fit, wanted: &Wanted, start: &[f64]) -> Result<Fit> {
    let (estimates, failed) = refits(problem, wanted, start)?;
    let kept = estimates.len();
    if kept < wanted.replicates / 2 || kept < 2 {
        let message =
            format!("{failed} of {} refits did not converge, too many to judge the others by", wanted.replicates);
        return Ok(fit.without_covariance(&message));
    }
    let p = fit.parameters.len();
    let mean: Vec<f64> = (0..p).map(|i| estimates.iter().map(|e| e[i]).sum::<f64>() / kept as f64).collect();
    let entry = |i: usize, j: usize| {
        let products = estimates.iter().map(|e| (e[i] - mean[i]) * (e[j] - mean[j]));
        products.sum::<f64>() / (kept as f64 - 1.0)
    };
    let mut fit = fit;
    if wanted.standard_errors == StandardErrors::Bootstrap {
        fit = fit.with_covariance(&Matrix::from_fn(p, p, entry), StandardErrors::Bootstrap);
    }
    if wanted.interval == IntervalMethod::Bootstrap {
        for (i, parameter) in fit.parameters.iter_mut().enumerate() {
            let mut sorted: Vec<f64> = estimates.iter().map(|e| e[i]).collect();
            sorted.sort_by(f64::total_cmp);
            let tail = 0.5 * (1.0 - wanted.level);
            let (lower, upper) = (quantile(&sorted, tail), quantile(&sorted, 1.0 - tail));
            let method = IntervalMethod::Bootstrap;
            parameter.interval = Some(Interval { lower, upper, level: wanted.level, method });
        }
    }
    if failed > 0 {
        fit.reason = format!("{failed} of {} refits did not converge and were left out", wanted.replicates);
    }
    Ok(fit)
}

/// The share's quantile of sorted numbers, linear between neighbours.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}
