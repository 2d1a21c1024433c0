//! What the end of an optimisation means.

use array_api::Result;

use crate::differentiate::Curvature;
use crate::fit::{Fit, Shape};
use crate::matrix;
use crate::optimize::{Optimum, Stop};
use crate::problem::{Problem, Scale};
use crate::status::Status;
use crate::transform::Range;

/// A parameter has run to an end of its range when it has moved this far on the scale without bounds, a factor of 160,000,
pub(crate) const FAR: f64 = 12.0;
/// and the likelihood hardly depends on it any more: a standard error of more than thirty on that scale.
pub(crate) const HARDLY: f64 = 1e-3;
/// Likelihoods of the same parameters differ by less, relatively, in whatever order their rows are added.
const SAME: f64 = 1e-10;

/// Sets status, reason, gradient norm, eigenvalues and condition of a fit from the point where its optimiser stopped.
pub(crate) fn judge(
    problem: &Problem<'_>,
    fit: &mut Fit,
    optimum: &Optimum,
    curvature: &Curvature,
    start: &[f64],
) -> Result<()> {
    if optimum.stop == Stop::Undefined {
        fit.status = Status::Diverged;
        fit.reason = "the likelihood or its derivatives are not finite at the starting values".into();
        fit.gradient_norm = f64::NAN;
        return Ok(());
    }
    let shape = Shape::of(&curvature.hessian)?;
    fit.gradient_norm = gradient_norm(curvature, &optimum.point, shape.condition.is_some());
    // Few rows, or light ones, have little curvature in the middle of a range, too.
    let hardly = HARDLY * fit.observations.clamp(0.0, 1.0);
    let weak = (0..start.len()).filter(|&i| {
        let far = (optimum.point[i] - start[i]).abs() > FAR || !optimum.point[i].is_finite();
        let bounded = problem.parameters[i].range != Range::Real || problem.member(i).is_some();
        bounded && curvature.hessian[(i, i)].abs() < if far { HARDLY } else { hardly }
    });
    let (mut ends, mut flat) = (vec![], vec![]);
    for i in weak {
        // On a flat likelihood rounding decides where an optimiser ends.
        if is_flat(problem, optimum, i, start[i])? { flat.push(i) } else { ends.push(i) }
    }
    (fit.status, fit.reason) = if let Some(&first) = ends.first() {
        for &i in &ends {
            let reason = "the likelihood grows towards the end of its range, where the curvature vanishes";
            for place in problem.places(i) {
                fit.parameters[place].std_error_reason = Some(reason.to_string());
            }
        }
        let reason = match problem.member(first) {
            Some(member) => {
                let name = &member.name;
                format!("`{name}` runs to the edge of {}: it was left where the estimates say", member.kind)
            }
            None => {
                let (p, value) = (&problem.parameters[first], fit.parameters[problem.places(first).start].estimate);
                format!("`{}` runs to an end of its range {}: it was left at {value:.3e}", p.name, p.range)
            }
        };
        (Status::Boundary, reason)
    } else if let Some(&first) = flat.first() {
        let name = &problem.parameters[first].name;
        (Status::FlatDirection, format!("the data do not determine {name}: along it the likelihood is flat"))
    } else {
        match (optimum.stop, shape.condition) {
            (Stop::IterationLimit, _) => {
                let reason = format!("{} iterations were not enough; allow more or start nearer", optimum.iterations);
                (Status::IterationLimit, reason)
            }
            (_, None) => {
                let names = shape.flat_names(&problem.names());
                (Status::FlatDirection, format!("the data do not determine {names}: along them the likelihood is flat"))
            }
            (Stop::Stalled, _) => {
                let reason = "no step raises the likelihood, although its gradient does not vanish; start elsewhere";
                (Status::Diverged, reason.to_string())
            }
            _ => (Status::Converged, String::new()),
        }
    };
    fit.hessian_eigenvalues = shape.eigenvalues;
    fit.condition_number = shape.condition;
    Ok(())
}

/// Whether the likelihood is the same with a parameter where it began as with the one where the optimiser stopped.
fn is_flat(problem: &Problem<'_>, optimum: &Optimum, i: usize, start: f64) -> Result<bool> {
    let cost = |point: &[f64]| -> Result<f64> {
        problem.cost(&problem.xp.asarray(point)?, problem.weights.as_ref(), Scale::Constrained)?.item()
    };
    let (mut point, here) = (optimum.point.clone(), cost(&optimum.point)?);
    point[i] = start;
    Ok((cost(&point)? - here).abs() <= SAME * (1.0 + here.abs()))
}

/// The distance from the maximum in standard errors, or, where the Hessian is not definite, the scaled gradient.
pub(crate) fn gradient_norm(curvature: &Curvature, point: &[f64], definite: bool) -> f64 {
    let g = &curvature.gradient;
    if definite && let Some(inverse) = matrix::inverse_definite(&curvature.hessian) {
        return matrix::dot(g, &matrix::times(&inverse, g)).max(0.0).sqrt();
    }
    let scaled = g.iter().zip(point).map(|(g, x)| g.abs() * x.abs().max(1.0)).fold(0.0, f64::max);
    scaled / curvature.value.abs().max(1.0)
}
