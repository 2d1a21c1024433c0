//! Quasi-Newton methods: BFGS, and L-BFGS with bounds by projection.

use array_api::{Error, Result};
use std::collections::VecDeque;

use super::{Limits, Optimum, Stop};
use crate::differentiate::Objective;
use crate::matrix::{dot, norm};

/// Pairs of steps and gradient changes that are remembered.
const MEMORY: usize = 20;

/// Minimises a function of many parameters from its gradients, within bounds that may be infinite.
///
/// The direction is L-BFGS's two loops (Nocedal and Wright, *Numerical Optimization*, 2006, algorithm 7.4) over the
/// coordinates that are not held at a bound; a step is projected onto the bounds and halved until it falls far enough
/// (Bertsekas, "Projected Newton methods", 1982). Without bounds that bind, and with as many pairs as parameters, this is
/// BFGS.
///
/// It stops where the projected gradient, relative to the value, is below the square of the tolerance.
///
/// # Errors
/// Of the function, and for bounds that do not fit the start.
///
/// ```
/// use mle::differentiate::Differentiable;
/// use mle::optimize::{Limits, lbfgs};
/// # let xp = array_ndarray::namespace();
/// let f = Differentiable::new(&xp, |x: &array_api::Array| (x - 2.0).ok()?.square()?.sum(..));
/// // The minimum lies at (2, 2), but the first coordinate may not exceed 1.
/// let free = (f64::NEG_INFINITY, f64::INFINITY);
/// let optimum = lbfgs(&f, &[0.0, 0.0], &[(0.0, 1.0), free], Limits::default())?;
/// assert!((optimum.point[0] - 1.0).abs() < 1e-12 && (optimum.point[1] - 2.0).abs() < 1e-9);
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn lbfgs(objective: &dyn Objective, start: &[f64], bounds: &[(f64, f64)], limits: Limits) -> Result<Optimum> {
    if bounds.len() != start.len() {
        return Err(Error::value("lbfgs", format!("{} bounds are given for {} parameters", bounds.len(), start.len())));
    }
    if let Some(i) = (0..start.len()).find(|&i| bounds[i].0.partial_cmp(&bounds[i].1).is_none_or(|o| o.is_gt())) {
        return Err(Error::value(
            "lbfgs",
            format!("parameter {i} is to lie between {} and {}", bounds[i].0, bounds[i].1),
        ));
    }
    let project = |x: &[f64]| -> Vec<f64> { x.iter().zip(bounds).map(|(x, b)| x.clamp(b.0, b.1)).collect() };
    let mut point = project(start);
    let (mut value, mut gradient) = objective.gradient(&point)?;
    let end = |point, value, gradient, iterations, stop| Ok(Optimum { point, value, gradient, iterations, stop });
    if !value.is_finite() || gradient.iter().any(|g| !g.is_finite()) {
        return end(point, value, gradient, 0, Stop::Undefined);
    }
    let goal = limits.tolerance * limits.tolerance;
    let mut pairs: VecDeque<(Vec<f64>, Vec<f64>)> = VecDeque::new();
    for iteration in 0..limits.iterations {
        let moved: Vec<f64> = point.iter().zip(&gradient).map(|(x, g)| x - g).collect();
        let projected: Vec<f64> = project(&moved).iter().zip(&point).map(|(m, x)| m - x).collect();
        if norm(&projected) <= goal * value.abs().max(1.0) {
            return end(point, value, gradient, iteration, Stop::Converged);
        }
        // Coordinates at a bound that the gradient pushes against stay there.
        let held: Vec<bool> = (0..point.len()).map(|i| projected[i] == 0.0 && gradient[i] != 0.0).collect();
        let mut direction = two_loops(&pairs, &gradient, &held);
        if dot(&direction, &gradient) >= 0.0 {
            pairs.clear();
            direction = two_loops(&pairs, &gradient, &held);
        }
        let mut share = if pairs.is_empty() { 1.0 / norm(&direction).max(1.0) } else { 1.0 };
        let mut found = None;
        for _ in 0..60 {
            let trial: Vec<f64> = point.iter().zip(&direction).map(|(x, d)| x + share * d).collect();
            let trial = project(&trial);
            let step: Vec<f64> = trial.iter().zip(&point).map(|(t, x)| t - x).collect();
            let (there, slope) = objective.gradient(&trial)?;
            let enough = there <= value + 1e-4 * dot(&gradient, &step) + 4.0 * f64::EPSILON * value.abs();
            if there.is_finite() && slope.iter().all(|g| g.is_finite()) && enough {
                found = Some((trial, step, there, slope));
                break;
            }
            share *= 0.5;
        }
        let Some((trial, step, there, slope)) = found else {
            let arrived = norm(&projected) <= goal.sqrt() * value.abs().max(1.0);
            return end(point, value, gradient, iteration, if arrived { Stop::Converged } else { Stop::Stalled });
        };
        let change: Vec<f64> = slope.iter().zip(&gradient).map(|(a, b)| a - b).collect();
        // Pairs without curvature would make the approximation indefinite.
        if dot(&step, &change) > 1e-12 * norm(&step) * norm(&change) {
            pairs.push_back((step.clone(), change));
            if pairs.len() > MEMORY {
                pairs.pop_front();
            }
        }
        let still = norm(&step) <= 1e-16 * norm(&point) && there >= value;
        (point, value, gradient) = (trial, there, slope);
        if still {
            let arrived = norm(&projected) <= goal.sqrt() * value.abs().max(1.0);
            return end(point, value, gradient, iteration + 1, if arrived { Stop::Converged } else { Stop::Stalled });
        }
    }
    end(point, value, gradient, limits.iterations, Stop::IterationLimit)
}

/// Minimises a function without bounds from its gradients: [`lbfgs`] with none.
///
/// # Errors
/// Of the function.
pub fn bfgs(objective: &dyn Objective, start: &[f64], limits: Limits) -> Result<Optimum> {
    lbfgs(objective, start, &vec![(f64::NEG_INFINITY, f64::INFINITY); start.len()], limits)
}

/// The downhill direction that the pairs' approximation of the inverse Hessian gives, over the coordinates that move.
fn two_loops(pairs: &VecDeque<(Vec<f64>, Vec<f64>)>, gradient: &[f64], held: &[bool]) -> Vec<f64> {
    let free = |v: &[f64]| -> Vec<f64> { v.iter().zip(held).map(|(x, h)| if *h { 0.0 } else { *x }).collect() };
    let mut q = free(gradient);
    let mut shares = vec![];
    let pairs: Vec<(Vec<f64>, Vec<f64>)> = pairs.iter().map(|(s, y)| (free(s), free(y))).collect();
    let pairs: Vec<_> = pairs.iter().filter(|(s, y)| dot(s, y) > 0.0).collect();
    for (s, y) in pairs.iter().rev() {
        let share = dot(s, &q) / dot(s, y);
        q.iter_mut().zip(y).for_each(|(q, y)| *q -= share * y);
        shares.push(share);
    }
    if let Some((s, y)) = pairs.last() {
        let scale = dot(s, y) / dot(y, y);
        q.iter_mut().for_each(|q| *q *= scale);
    }
    for ((s, y), share) in pairs.iter().zip(shares.iter().rev()) {
        let back = dot(y, &q) / dot(s, y);
        q.iter_mut().zip(s).for_each(|(q, s)| *q += (share - back) * s);
    }
    q.iter().map(|q| -q).collect()
}
