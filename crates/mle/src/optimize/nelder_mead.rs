//! Nelder and Mead's simplex, for functions that have no gradient.

use array_api::Result;

use super::{Limits, Optimum, Stop};

/// Minimises a function from its values alone, with the coefficients that Gao and Han ("Implementing the Nelder-Mead simplex
/// algorithm with adaptive parameters", 2012) choose by the number of parameters.
///
/// It stops where the simplex is smaller than the tolerance's square root, in units of each parameter, and its values differ
/// by rounding only. A value that is not a number counts as infinite. The gradient of the result is empty.
///
/// # Errors
/// Of the function.
///
/// ```
/// use mle::optimize::{Limits, nelder_mead};
/// let f = |x: &[f64]| Ok((x[0] - 1.0).abs() + (x[1] + 2.0).abs());
/// let optimum = nelder_mead(f, &[0.0, 0.0], Limits::default())?;
/// assert!((optimum.point[0] - 1.0).abs() < 1e-6 && (optimum.point[1] + 2.0).abs() < 1e-6);
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn nelder_mead(f: impl Fn(&[f64]) -> Result<f64>, start: &[f64], limits: Limits) -> Result<Optimum> {
    let n = start.len();
    let value = |x: &[f64]| f(x).map(|v| if v.is_nan() { f64::INFINITY } else { v });
    let dimension = (n as f64).max(2.0);
    let (expand, contract, shrink) = (1.0 + 2.0 / dimension, 0.75 - 0.5 / dimension, 1.0 - 1.0 / dimension);
    let mut simplex = vec![(start.to_vec(), value(start)?)];
    for i in 0..n {
        let mut x = start.to_vec();
        x[i] += if x[i] == 0.0 { 0.1 } else { 0.1 * x[i].abs().max(1e-3) };
        let v = value(&x)?;
        simplex.push((x, v));
    }
    let end = |simplex: Vec<(Vec<f64>, f64)>, iterations, stop| {
        let (point, value) = simplex.into_iter().next().unwrap_or_default();
        Ok(Optimum { point, value, gradient: vec![], iterations, stop })
    };
    // A step of the simplex costs little, so there may be as many as a method with gradients would need evaluations.
    let limit = limits.iterations * (10 * n).max(1);
    for iteration in 0..limit {
        simplex.sort_by(|a, b| a.1.total_cmp(&b.1));
        let (best, worst) = (simplex[0].1, simplex[n].1);
        if !best.is_finite() && iteration > 10 * n {
            return end(simplex, iteration, Stop::Undefined);
        }
        let size = simplex[1..].iter().flat_map(|(x, _)| x.iter().zip(&simplex[0].0));
        let size = size.map(|(a, b)| (a - b).abs() / b.abs().max(1.0)).fold(0.0, f64::max);
        if size <= limits.tolerance.sqrt() * 1e-4 && worst - best <= 64.0 * f64::EPSILON * best.abs().max(1.0) {
            return end(simplex, iteration, Stop::Converged);
        }
        if size <= f64::EPSILON {
            return end(simplex, iteration, Stop::Converged);
        }
        let centre: Vec<f64> = (0..n).map(|i| simplex[..n].iter().map(|(x, _)| x[i]).sum::<f64>() / n as f64).collect();
        let along =
            |share: f64| -> Vec<f64> { centre.iter().zip(&simplex[n].0).map(|(c, w)| c + share * (c - w)).collect() };
        let reflected = along(1.0);
        let there = value(&reflected)?;
        let next = if there < best {
            let expanded = along(expand);
            let further = value(&expanded)?;
            Some(if further < there { (expanded, further) } else { (reflected, there) })
        } else if there < simplex[n - 1].1 {
            Some((reflected, there))
        } else {
            let contracted = along(if there < worst { contract } else { -contract });
            let nearer = value(&contracted)?;
            (nearer < worst.min(there)).then_some((contracted, nearer))
        };
        match next {
            Some(next) => simplex[n] = next,
            None => {
                let lowest = simplex[0].0.clone();
                for (x, v) in &mut simplex[1..] {
                    x.iter_mut().zip(&lowest).for_each(|(x, l)| *x = l + shrink * (*x - l));
                    *v = value(x)?;
                }
            }
        }
    }
    simplex.sort_by(|a, b| a.1.total_cmp(&b.1));
    end(simplex, limit, Stop::IterationLimit)
}
