//! What the end of an optimisation means.

use array_api::Result;

use crate::differentiate::Curvature;
use crate::fit::{Fit, Shape};
use crate::matrix;
use crate::optimize::{Optimum, Stop};
use crate::problem::Problem;
use crate::status::Status;
use crate::transform::Range;

/// A parameter has run to an end of its range when it has moved this far on the scale without bounds, a factor of 160,000,
pub(crate) const FAR: f64 = 12.0;
/// and the likelihood hardly depends on it any more: a standard error of more than thirty on that scale.
pub(crate) const HARDLY: f64 = 1e-3;

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
    let ends: Vec<usize> = (0..start.len())
        .filter(|&i| {
            let far = (optimum.point[i] - start[i]).abs() > FAR || !optimum.point[i].is_finite();
            let bounded = problem.parameters[i].range != Range::Real || problem.member(i).is_some();
            bounded && far && curvature.hessian[(i, i)].abs() < HARDLY
        })
        .collect();
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

/// The distance from the maximum in standard errors, or, where the Hessian is not definite, the scaled gradient.
pub(crate) fn gradient_norm(curvature: &Curvature, point: &[f64], definite: bool) -> f64 {
    let g = &curvature.gradient;
    if definite && let Some(inverse) = matrix::inverse_definite(&curvature.hessian) {
        return matrix::dot(g, &matrix::times(&inverse, g)).max(0.0).sqrt();
    }
    let scaled = g.iter().zip(point).map(|(g, x)| g.abs() * x.abs().max(1.0)).fold(0.0, f64::max);
    scaled / curvature.value.abs().max(1.0)
}
