//! Profile-likelihood intervals: where the likelihood, maximised over the other parameters, has fallen too far.

use array_api::{Result, parallel};

use crate::differentiate::{Curvature, Objective};
use crate::fit::{Fit, Interval, IntervalMethod};
use crate::inference::laws::{chi_squared_quantile, normal_quantile};
use crate::matrix::Matrix;
use crate::optimize::{Optimum, newton};
use crate::problem::{Problem, Wanted};
use crate::transform::Range;

/// An objective with one coordinate held.
struct Held<'o> {
    objective: &'o dyn Objective,
    place: usize,
    at: f64,
}

/// A point with a coordinate that is held put in its place among the others.
pub(crate) fn whole(others: &[f64], place: usize, at: f64) -> Vec<f64> {
    let mut whole = others.to_vec();
    whole.insert(place, at);
    whole
}

impl Held<'_> {
    fn whole(&self, point: &[f64]) -> Vec<f64> {
        whole(point, self.place, self.at)
    }
}

impl Objective for Held<'_> {
    fn value(&self, point: &[f64]) -> Result<f64> {
        self.objective.value(&self.whole(point))
    }

    fn gradient(&self, point: &[f64]) -> Result<(f64, Vec<f64>)> {
        let (value, mut gradient) = self.objective.gradient(&self.whole(point))?;
        gradient.remove(self.place);
        Ok((value, gradient))
    }

    fn curvature(&self, point: &[f64]) -> Result<Curvature> {
        let whole = self.objective.curvature(&self.whole(point))?;
        let mut gradient = whole.gradient;
        gradient.remove(self.place);
        let skip = |i: usize| if i < self.place { i } else { i + 1 };
        let n = gradient.len();
        let hessian = Matrix::from_fn(n, n, |i, j| whole.hessian[(skip(i), skip(j))]);
        Ok(Curvature { value: whole.value, gradient, hessian })
    }
}

/// Where a deviance crosses a quantile, going from an estimate with steps of this sign and size; `None` where it does not as far
/// as it is followed, which is tens of thousands of steps or `reach`.
pub(crate) fn crossing(
    deviance: &mut dyn FnMut(f64) -> Result<f64>,
    from: f64,
    step: f64,
    reach: f64,
    quantile: f64,
) -> Result<Option<f64>> {
    let mut excess = |at: f64| -> Result<f64> {
        let value = deviance(at)?;
        // Where the likelihood is not defined there is none.
        Ok(if value.is_nan() { f64::INFINITY } else { value - quantile })
    };
    let (mut inside, mut inside_value) = (from, -quantile);
    let mut outside = None;
    for k in 0..40 {
        let at = from + step * f64::powi(1.3, k);
        let value = excess(at)?;
        if value >= 0.0 {
            outside = Some((at, value));
            break;
        }
        (inside, inside_value) = (at, value);
        if (at - from).abs() > reach {
            break;
        }
    }
    let Some((mut outside, mut outside_value)) = outside else { return Ok(None) };
    // Regula falsi by the Illinois rule, with bisection where a value is infinite.
    let mut last = 0;
    for _ in 0..60 {
        let share = inside_value / (inside_value - outside_value);
        let middle = match outside_value.is_finite() {
            true => inside + share * (outside - inside),
            false => 0.5 * (inside + outside),
        };
        let value = excess(middle)?;
        let width = f64::max(1e-12 * step.abs(), 4.0 * f64::EPSILON * inside.abs());
        if value.abs() < 1e-9 * quantile || (outside - inside).abs() <= width {
            return Ok(Some(middle));
        }
        if value >= 0.0 {
            (outside, outside_value) = (middle, value);
            inside_value *= if last == 1 { 0.5 } else { 1.0 };
            last = 1;
        } else {
            (inside, inside_value) = (middle, value);
            outside_value *= if last == -1 { 0.5 } else { 1.0 };
            last = -1;
        }
    }
    Ok(Some(0.5 * (inside + outside)))
}

/// Profile intervals of all parameters that have a standard error: where a deviance that is the square of the distance in
/// standard errors, as far as the likelihood is quadratic, reaches a quantile on either side. `both` gives the ends for a
/// parameter's place and the step to begin with.
pub(crate) fn on_both_sides(
    mut fit: Fit,
    level: f64,
    quantile: f64,
    both: impl Fn(usize, f64) -> Result<[f64; 2]> + Send + Sync,
) -> Result<Fit> {
    let errors: Vec<Option<f64>> = fit.parameters.iter().map(|p| p.std_error.filter(|se| *se > 0.0)).collect();
    let one = |place: usize| errors[place].map(|se| both(place, quantile.sqrt() * se)).transpose();
    let ends = parallel::map((0..errors.len()).collect(), one)?;
    for (parameter, ends) in fit.parameters.iter_mut().zip(ends) {
        let interval = |[lower, upper]: [f64; 2]| Interval { lower, upper, level, method: IntervalMethod::Profile };
        parameter.interval = ends.map(interval);
    }
    Ok(fit)
}

/// How far a number that is mapped to a range is followed: beyond this the map has reached the range's end.
const FOLLOWED: f64 = 700.0;

/// Gives every parameter its profile interval.
pub(crate) fn add(
    problem: &Problem<'_>,
    mut fit: Fit,
    wanted: &Wanted,
    optimum: &Optimum,
    differences: bool,
) -> Result<Fit> {
    let objective = problem.objective(wanted.scale, differences);
    let quantile = chi_squared_quantile(&problem.xp, wanted.level, 1.0)?;
    let z = normal_quantile(0.5 + wanted.level / 2.0);
    for (i, free) in problem.parameters.iter().enumerate() {
        let Some(se) = fit.parameters[i].std_error else { continue };
        let step = z * se / free.range.derivative_at(fit.parameters[i].estimate).abs();
        let reach = if free.range == Range::Real { f64::INFINITY } else { FOLLOWED };
        let mut ends = [f64::NAN; 2];
        for (end, sign) in ends.iter_mut().zip([-1.0, 1.0]) {
            let mut others = optimum.point.clone();
            others.remove(i);
            // Twice the loss in log-likelihood where the parameter is held; the others start where they last were.
            let mut deviance = |at: f64| -> Result<f64> {
                let held = Held { objective: &*objective, place: i, at };
                if others.is_empty() {
                    return Ok(2.0 * (held.value(&[])? - optimum.value));
                }
                let (there, _) = newton(&held, &others, wanted.limits)?;
                if there.value.is_finite() {
                    others = there.point;
                }
                Ok(2.0 * (there.value - optimum.value))
            };
            // A likelihood that never falls far enough leaves the end of the range.
            *end = match crossing(&mut deviance, optimum.point[i], sign * step, reach, quantile)? {
                Some(u) => free.range.constrain_number(u),
                None => free.range.constrain_number(sign * f64::INFINITY),
            };
        }
        let (lower, upper) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
        let method = IntervalMethod::Profile;
        fit.parameters[i].interval = Some(Interval { lower, upper, level: wanted.level, method });
    }
    Ok(fit)
}
