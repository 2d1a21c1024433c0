//! Profile-likelihood intervals: where the likelihood, maximised over the other parameters, has fallen too far.

use array_api::Result;

use crate::differentiate::{Curvature, Objective};
use crate::fit::{Fit, Interval, IntervalMethod};
use crate::inference::laws::{chi_squared_quantile, normal_quantile};
use crate::matrix::Matrix;
use crate::optimize::{Limits, Optimum, newton};
use crate::problem::{Problem, Wanted};

/// An objective with one coordinate held.
struct Held<'o> {
    objective: &'o dyn Objective,
    place: usize,
    at: f64,
}

impl Held<'_> {
    fn whole(&self, point: &[f64]) -> Vec<f64> {
        let mut whole = point.to_vec();
        whole.insert(self.place, self.at);
        whole
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

/// One side of one parameter's profile.
struct Side<'p> {
    objective: &'p dyn Objective,
    place: usize,
    /// The other parameters where the last point was, from which the next one starts.
    others: Vec<f64>,
    lowest: f64,
    limits: Limits,
}

impl Side<'_> {
    /// Twice the loss in log-likelihood where the parameter is held, infinite where the likelihood is not defined.
    fn deviance(&mut self, at: f64) -> Result<f64> {
        let held = Held { objective: self.objective, place: self.place, at };
        let value = match self.others.is_empty() {
            true => held.value(&[])?,
            false => {
                let (optimum, _) = newton(&held, &self.others, self.limits)?;
                if optimum.value.is_finite() {
                    self.others = optimum.point;
                }
                optimum.value
            }
        };
        Ok(if value.is_finite() { 2.0 * (value - self.lowest) } else { f64::INFINITY })
    }

    /// Where the deviance crosses the quantile, going from `from` with steps of this sign and size; `None` where it never
    /// does.
    fn crossing(&mut self, from: f64, step: f64, quantile: f64) -> Result<Option<f64>> {
        let (mut inside, mut inside_value) = (from, -quantile);
        let mut outside = None;
        for k in 0..40 {
            let at = from + step * f64::powi(1.3, k);
            let value = self.deviance(at)? - quantile;
            if value >= 0.0 {
                outside = Some((at, value));
                break;
            }
            (inside, inside_value) = (at, value);
            if (at - from).abs() > 700.0 {
                break;
            }
        }
        let Some((mut outside, mut outside_value)) = outside else { return Ok(None) };
        // Regula falsi of the square root's shape, by the Illinois rule, with bisection where a value is infinite.
        let mut last = 0;
        for _ in 0..60 {
            let share = inside_value / (inside_value - outside_value);
            let middle = match outside_value.is_finite() {
                true => inside + share * (outside - inside),
                false => 0.5 * (inside + outside),
            };
            let value = self.deviance(middle)? - quantile;
            if value.abs() < 1e-9 * quantile || (outside - inside).abs() < 1e-12 * inside.abs().max(1.0) {
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
}

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
        let mut ends = [f64::NAN; 2];
        for (end, sign) in ends.iter_mut().zip([-1.0, 1.0]) {
            let mut others = optimum.point.clone();
            others.remove(i);
            let objective = &*objective;
            let mut side = Side { objective, place: i, others, lowest: optimum.value, limits: wanted.limits };
            let crossing = side.crossing(optimum.point[i], sign * step, quantile)?;
            // A likelihood that never falls far enough leaves the end of the range.
            *end = match crossing {
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
