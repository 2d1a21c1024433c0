//! Levenberg and Marquardt's method for sums of squares, as a trust region in scaled variables (Moré, "The
//! Levenberg-Marquardt algorithm: implementation and theory", 1978).
//!
//! An iteration asks for the triangular factor of the derivatives and the residuals beside them: whatever the number of rows,
//! what comes to the host has one row per parameter.

use array_api::Result;

use super::{Limits, Stop};
use crate::matrix::{self, Matrix, SingularValues};

/// Residuals as a function of parameters, reduced to a triangle.
pub trait Residuals {
    /// Sum of squared residuals; infinite or not a number where they are not defined.
    ///
    /// # Errors
    /// Of the operations.
    fn sum_of_squares(&self, point: &[f64]) -> Result<f64>;

    /// How much of `Q^T r` may be rounding: where residuals vanish, nothing else is left.
    fn rounding(&self) -> f64;

    /// The triangular factor `R` of `J = Q R`, and `Q^T r`: the derivatives and residuals seen from the parameters.
    ///
    /// # Errors
    /// Of the operations.
    fn linearize(&self, point: &[f64]) -> Result<(Matrix, Vec<f64>)>;
}

/// The end of a least-squares minimisation.
#[derive(Clone, Debug)]
pub struct LeastSquaresOptimum {
    /// The point.
    pub point: Vec<f64>,
    /// The sum of squared residuals.
    pub sum_of_squares: f64,
    /// The triangular factor of the derivatives there.
    pub r: Matrix,
    /// `Q^T r`: zero at a minimum.
    pub qtr: Vec<f64>,
    /// The iterations that were made.
    pub iterations: usize,
    /// Why it stopped.
    pub stop: Stop,
}

/// The singular values of the scaled triangle, and the right side among them.
struct Scaled {
    svd: SingularValues,
    right: Vec<f64>,
}

impl Scaled {
    fn of(r: &Matrix, qtr: &[f64], scale: &[f64]) -> Result<Scaled> {
        let unit = Matrix::from_fn(r.nrows(), r.ncols(), |i, j| r[(i, j)] / scale[j]);
        let svd = matrix::singular_values(&unit)?;
        let right = matrix::transposed_times(&svd.u, qtr);
        Ok(Scaled { svd, right })
    }

    /// The step of length at most `radius` that minimises the linearised sum of squares, its length, and the reduction that
    /// it promises.
    fn step(&self, radius: f64) -> (Vec<f64>, f64, f64) {
        let s = &self.svd.s;
        let tiny = f64::EPSILON * s.first().copied().unwrap_or(0.0);
        let along = |shift: f64| -> Vec<f64> {
            let part = |(&s, &b): (&f64, &f64)| match s > tiny || shift > 0.0 {
                true => -b * s / (s * s + shift),
                false => 0.0,
            };
            s.iter().zip(&self.right).map(part).collect()
        };
        let mut step = along(0.0);
        if matrix::norm(&step) > radius {
            step = along(self.shift(radius));
        }
        let predicted = step.iter().zip(s).zip(&self.right).map(|((d, s), b)| -s * d * (2.0 * b + s * d)).sum();
        let length = matrix::norm(&step);
        (matrix::times(&self.svd.v, &step), length, predicted)
    }

    /// Marquardt's parameter for a step as long as the radius: Newton's method on the inverse length, which converges from
    /// the left (Hebden 1973), kept inside an interval.
    fn shift(&self, radius: f64) -> f64 {
        let (mut below, mut above) = (0.0, matrix::norm(&self.gradient()) / radius);
        let mut shift = 1e-3 * above;
        for _ in 0..60 {
            let terms = self.svd.s.iter().zip(&self.right);
            let (mut square, mut slope) = (0.0, 0.0);
            for (s, b) in terms {
                let d = s * s + shift;
                square += (b * s / d).powi(2);
                slope += (b * s / d).powi(2) / d;
            }
            let length = square.sqrt();
            if (length / radius - 1.0).abs() < 0.01 {
                break;
            }
            if length > radius {
                below = shift
            } else {
                above = shift
            }
            let next = shift + (length / radius - 1.0) * square / slope;
            shift = if next > below && next < above { next } else { f64::max(1e-3 * above, (below * above).sqrt()) };
        }
        shift
    }

    fn gradient(&self) -> Vec<f64> {
        self.svd.s.iter().zip(&self.right).map(|(s, b)| s * b).collect()
    }
}

fn column_norms(r: &Matrix) -> Vec<f64> {
    (0..r.ncols()).map(|j| matrix::norm(&(0..r.nrows()).map(|i| r[(i, j)]).collect::<Vec<_>>())).collect()
}

/// Minimises a sum of squares.
///
/// It stops where the residuals are orthogonal to the derivatives: `|Q^T r|`, in units of the residuals' standard deviation,
/// is the distance from the minimum in standard errors, and falls below the tolerance (Bates and Watts, *Nonlinear
/// Regression Analysis*, 1988, section 2.2.3); or where no step changes the parameters any more.
///
/// The first step is at most `reach` times as long as the starting values are, in units of what each parameter changes.
///
/// # Errors
/// Of the residuals.
pub fn levenberg_marquardt(
    residuals: &impl Residuals,
    start: &[f64],
    degrees_of_freedom: f64,
    reach: f64,
    limits: Limits,
) -> Result<LeastSquaresOptimum> {
    let mut point = start.to_vec();
    let mut value = residuals.sum_of_squares(&point)?;
    let (mut r, mut qtr) = match value.is_finite() {
        true => residuals.linearize(&point)?,
        false => (Matrix::zeros(point.len(), point.len()), vec![f64::NAN; point.len()]),
    };
    let usable = |r: &Matrix, qtr: &[f64]| {
        qtr.iter().all(|q| q.is_finite()) && (0..r.ncols()).all(|j| (0..r.nrows()).all(|i| r[(i, j)].is_finite()))
    };
    let done = |point, sum_of_squares, r, qtr, iterations, stop| {
        Ok(LeastSquaresOptimum { point, sum_of_squares, r, qtr, iterations, stop })
    };
    if !usable(&r, &qtr) {
        return done(point, value, r, qtr, 0, Stop::Undefined);
    }
    let mut scale: Vec<f64> = column_norms(&r).iter().map(|&n| if n > 0.0 { n } else { 1.0 }).collect();
    let length =
        |point: &[f64], scale: &[f64]| matrix::norm(&point.iter().zip(scale).map(|(x, s)| x * s).collect::<Vec<_>>());
    let mut radius = reach * f64::max(length(&point, &scale), 1.0);
    let rounding = residuals.rounding();
    // What rounding of the residuals makes of their sum of squares: sums nearer to each other than this say nothing.
    let noise = |value: f64| f64::max(64.0 * f64::EPSILON * value, rounding * value.sqrt());
    // Where no step helps any more: near enough, or as near as rounding lets residuals come to an exact fit.
    let arrived = |offset: f64, sd: f64| offset <= limits.tolerance.sqrt() * sd || offset <= rounding;
    let mut small_steps = 0;
    for iteration in 0..limits.iterations {
        let sd = (value / degrees_of_freedom).sqrt();
        let offset = matrix::norm(&qtr);
        if offset <= 1e-3 * limits.tolerance * sd {
            return done(point, value, r, qtr, iteration, Stop::Converged);
        }
        let scaled = Scaled::of(&r, &qtr, &scale)?;
        loop {
            let (along, step, predicted) = scaled.step(radius);
            let trial: Vec<f64> = point.iter().zip(&along).zip(&scale).map(|((x, d), s)| x + d / s).collect();
            let there = residuals.sum_of_squares(&trial)?;
            let actual = value - there;
            let ratio = if actual.is_finite() { actual / predicted } else { f64::NEG_INFINITY };
            let settled = predicted <= noise(value) / 16.0 && actual.abs() <= noise(value);
            if ratio > 0.75 {
                radius = radius.max(2.0 * step);
            } else if (ratio.is_nan() || ratio <= 0.25) && !settled {
                radius = if there.is_finite() { 0.25 * step } else { 0.1 * step };
            }
            let negligible = trial == point || step <= 1e-15 * length(&point, &scale);
            if ratio > 1e-4 || settled {
                let (next_r, next_qtr) = residuals.linearize(&trial)?;
                if usable(&next_r, &next_qtr) {
                    small_steps = if settled || negligible { small_steps + 1 } else { 0 };
                    // Among steps that rounding decides, the one with the smaller offset is the better.
                    if settled && small_steps > 1 && matrix::norm(&next_qtr) >= matrix::norm(&qtr) {
                        let stop = if arrived(matrix::norm(&qtr), sd) { Stop::Converged } else { Stop::Stalled };
                        return done(point, value, r, qtr, iteration + 1, stop);
                    }
                    (point, value, r, qtr) = (trial, there, next_r, next_qtr);
                    for (s, n) in scale.iter_mut().zip(column_norms(&r)) {
                        *s = s.max(n);
                    }
                    break;
                }
                radius = 0.25 * step;
            }
            if negligible || radius <= 1e-16 * length(&point, &scale).max(f64::MIN_POSITIVE) {
                let stop = if arrived(offset, sd) { Stop::Converged } else { Stop::Stalled };
                return done(point, value, r, qtr, iteration + 1, stop);
            }
        }
        if small_steps > 20 {
            let stop = if arrived(matrix::norm(&qtr), sd) { Stop::Converged } else { Stop::Stalled };
            return done(point, value, r, qtr, iteration + 1, stop);
        }
    }
    done(point, value, r, qtr, limits.iterations, Stop::IterationLimit)
}
