//! Intervals of nonlinear regressions beyond Wald's: by the profile of the sum of squares, and by refits to rows drawn with
//! replacement.

use array_api::{Array, Result, multiply, sqrt, vecdot};

use super::{Problem, REACHES};
use crate::fit::{Fit, IntervalMethod, StandardErrors};
use crate::inference::bootstrap;
use crate::inference::laws::student_quantile;
use crate::inference::profile::{crossing, on_both_sides, whole};
use crate::matrix::{self, Matrix};
use crate::optimize::{LeastSquaresOptimum, Residuals, Stop, levenberg_marquardt};

/// The residuals with one parameter held.
struct Held<'p> {
    problem: &'p Problem<'p>,
    place: usize,
    at: f64,
}

impl Held<'_> {
    fn whole(&self, point: &[f64]) -> Vec<f64> {
        whole(point, self.place, self.at)
    }
}

impl Residuals for Held<'_> {
    fn sum_of_squares(&self, point: &[f64]) -> Result<f64> {
        self.problem.sum_of_squares(&self.whole(point))
    }

    fn rounding(&self) -> f64 {
        self.problem.rounding()
    }

    fn linearize(&self, point: &[f64]) -> Result<(Matrix, Vec<f64>)> {
        let (r, qtr) = self.problem.linearize(&self.whole(point))?;
        let skip = |j: usize| if j < self.place { j } else { j + 1 };
        let others = Matrix::from_fn(r.nrows(), point.len(), |i, j| r[(i, skip(j))]);
        let all = matrix::rows(&others).concat();
        if !all.iter().chain(&qtr).all(|v| v.is_finite()) {
            return Ok((others, vec![f64::NAN; point.len()]));
        }
        // Any rotation of the triangle's rows serves as well as a triangle.
        let svd = matrix::singular_values(&others)?;
        let rotated = Matrix::from_fn(point.len(), point.len(), |i, j| svd.s[i] * svd.v[(j, i)]);
        Ok((rotated, matrix::transposed_times(&svd.u, &qtr)))
    }
}

impl Problem<'_> {
    /// What was asked for beyond the curvature at a minimum.
    pub(super) fn beyond_curvature(&self, mut fit: Fit, optimum: &LeastSquaresOptimum, freedom: f64) -> Result<Fit> {
        let wanted = &self.model.wanted;
        if wanted.standard_errors == StandardErrors::Bootstrap || wanted.interval == IntervalMethod::Bootstrap {
            let own = self.root.as_ref().map(array_api::square).transpose()?;
            let refit = |weights: &Array| -> Result<Option<Vec<f64>>> {
                let drawn = self.weighted(weights)?;
                let there = levenberg_marquardt(&drawn, &optimum.point, freedom, REACHES[0], wanted.limits)?;
                Ok((there.stop == Stop::Converged).then_some(there.point))
            };
            fit = bootstrap::spread(fit, &bootstrap::each(&self.xp, own.as_ref(), self.rows, wanted, refit)?, wanted)?;
        }
        match wanted.interval {
            IntervalMethod::Profile => self.profile(fit, optimum, freedom),
            _ => Ok(fit),
        }
    }

    /// The same rows with other weights.
    fn weighted(&self, weights: &Array) -> Result<Self> {
        let root = sqrt(weights)?;
        let response = multiply(&self.response, &root)?;
        let size = vecdot(&response, &response, ..)?.item::<f64>()?.sqrt();
        Ok(Problem { root: Some(root), size, ..self.clone() })
    }

    /// Profile intervals: where the growth of the sum of squares over the residual variance reaches the square of Student's
    /// quantile (Bates and Watts, *Nonlinear Regression Analysis*, 1988, section 6.1).
    fn profile(&self, fit: Fit, optimum: &LeastSquaresOptimum, freedom: f64) -> Result<Fit> {
        let level = self.model.wanted.level;
        let t = student_quantile(&self.xp, 0.5 + level / 2.0, freedom)?;
        let variance = optimum.sum_of_squares / freedom;
        let side = |place: usize, step: f64| -> Result<f64> {
            let mut others = optimum.point.clone();
            let from = others.remove(place);
            let mut growth = |at: f64| -> Result<f64> {
                let held = Held { problem: self, place, at };
                let there = match others.is_empty() {
                    true => held.sum_of_squares(&[])?,
                    false => {
                        let there = levenberg_marquardt(&held, &others, freedom, REACHES[0], self.model.wanted.limits)?;
                        if there.sum_of_squares.is_finite() {
                            others = there.point;
                        }
                        there.sum_of_squares
                    }
                };
                Ok((there - optimum.sum_of_squares) / variance)
            };
            let end = crossing(&mut growth, from, step, f64::INFINITY, t * t)?;
            Ok(end.unwrap_or(step.signum() * f64::INFINITY))
        };
        on_both_sides(fit, level, t * t, |place, step| Ok([side(place, -step)?, side(place, step)?]))
    }
}
