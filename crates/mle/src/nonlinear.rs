//! Nonlinear regression from a formula: least squares, which is maximum likelihood for normal errors.

mod intervals;

use array_api::{Array, Error, Namespace, Result, concat, index, qr, vecdot};
use array_transforms::jacobian_forward;
use std::collections::BTreeSet;

use crate::columns::{self, Columns};
use crate::fit::{Fit, IntervalMethod, Shape, StandardErrors, blank};
use crate::formula::Expression;
use crate::matrix::{self, Matrix};
use crate::optimize::{LeastSquaresOptimum, Limits, Residuals, Stop, levenberg_marquardt};
use crate::problem::{Wanted, check};
use crate::status::Status;

/// A model `response ~ formula` with normal errors of one variance.
///
/// ```
/// use mle::nonlinear::Nonlinear;
/// # let xp = array_ndarray::namespace();
/// let x = [1.0, 2.0, 3.0, 4.0, 5.0];
/// let y: Vec<f64> = x.iter().map(|x| 3.0 * (1.0 - f64::exp(-0.5 * x)) + 0.001 * (x - 3.0)).collect();
/// let data = [("x", xp.asarray(x)?), ("y", xp.asarray(y)?)].map(|(name, c)| (name.to_string(), c)).into();
/// let fit = Nonlinear::new("y", "b1*(1-exp(-b2*x))")?.fit(&data, &[("b1", 1.0), ("b2", 1.0)])?;
/// assert!(fit.status.is_converged());
/// assert!((fit.parameter("b1").unwrap().estimate - 3.0).abs() < 0.02);
/// # Ok::<(), array_api::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Nonlinear {
    response: Expression,
    formula: Expression,
    weights: Option<Array>,
    wanted: Wanted,
}

impl Nonlinear {
    /// A model; both sides may be any expression of the data's columns, and the right one of parameters too. Of a response
    /// such as `log(y)`, the likelihood is that of `log(y)`, and the result says so.
    ///
    /// # Errors
    /// Of the formulas, with the column of what is not understood.
    pub fn new(response: &str, formula: &str) -> Result<Nonlinear> {
        Ok(Nonlinear {
            response: Expression::parse(response)?,
            formula: Expression::parse(formula)?,
            weights: None,
            wanted: Wanted {
                standard_errors: StandardErrors::LeastSquares,
                limits: Limits { iterations: 5000, tolerance: 1e-7 },
                ..Wanted::default()
            },
        })
    }

    /// Weights: a row's error variance is the common one divided by its weight.
    pub fn weights(mut self, weights: &Array) -> Nonlinear {
        self.weights = Some(weights.clone());
        self
    }

    /// Where standard errors come from: the residual variance and the derivatives if not given, or the bootstrap.
    pub fn standard_errors(mut self, source: StandardErrors) -> Nonlinear {
        self.wanted.standard_errors = source;
        self
    }

    /// How intervals are made, by Wald's method if not given; profiles are those of the sum of squares, against Student's t,
    /// and end where they first reach it on either side.
    pub fn interval(mut self, method: IntervalMethod) -> Nonlinear {
        self.wanted.interval = method;
        self
    }

    /// The level of the intervals, 0.95 if not given.
    pub fn level(mut self, level: f64) -> Nonlinear {
        self.wanted.level = level;
        self
    }

    /// How many refits a bootstrap makes, 1000 if not given, and the seed of their draws: rows with replacement.
    pub fn bootstrap(mut self, replicates: usize, seed: u64) -> Nonlinear {
        (self.wanted.replicates, self.wanted.seed) = (replicates, seed);
        self
    }

    /// The most iterations, 5000 if not given.
    pub fn iterations(mut self, iterations: usize) -> Nonlinear {
        self.wanted.limits.iterations = iterations;
        self
    }

    /// Fits the parameters, which are the names with a starting value.
    ///
    /// # Errors
    /// For names that are neither columns nor parameters (with their place), parameters that the formula does not have,
    /// columns of different lengths, values that are not finite, fewer rows than parameters, a level outside 0 to 1.
    pub fn fit(&self, data: &Columns, start: &[(&str, f64)]) -> Result<Fit> {
        check(&self.wanted)?;
        if !matches!(self.wanted.standard_errors, StandardErrors::LeastSquares | StandardErrors::Bootstrap) {
            let message = format!(
                "standard errors by {} are not made for these models; there are least squares and the bootstrap",
                self.wanted.standard_errors
            );
            return Err(Error::value("mle", message));
        }
        let problem = Problem::new(self, data, start)?;
        let (n, p) = (problem.rows as f64, start.len());
        let names: Vec<String> = start.iter().map(|(name, _)| name.to_string()).collect();
        let values: Vec<f64> = start.iter().map(|(_, value)| *value).collect();
        let freedom = (n - p as f64).max(0.5);
        let (optimum, attempts, agreeing) = self.search(&problem, &values, freedom)?;
        let model = format!("{} ~ {}", self.response.text(), self.formula.text());
        let mut fit = blank(&model, "Levenberg-Marquardt", &names, &optimum.point);
        fit.iterations = optimum.iterations;
        (fit.starts, fit.starts_agreeing) = (attempts, agreeing);
        fit.observations = n;
        // The variance is estimated too.
        fit.free_parameters = p + 1;
        fit.likelihood_of =
            self.response.names().iter().all(|n| *n != self.response.text()).then(|| self.response.text().to_string());
        if optimum.stop == Stop::Undefined {
            fit.status = Status::Diverged;
            fit.reason = "the model or its derivatives are not finite at the starting values; start elsewhere".into();
            return Ok(fit.without_covariance("the fit did not start"));
        }
        let rss = optimum.sum_of_squares;
        let log_weights = problem.log_weights;
        fit.log_likelihood = -0.5 * n * ((2.0 * std::f64::consts::PI * rss / n).ln() + 1.0) + 0.5 * log_weights;
        let mut fit = self.judge(fit.with_criteria(), &optimum, &names, n - p as f64)?;
        if fit.status.is_converged() && fit.standard_errors == StandardErrors::LeastSquares && rss > 0.0 {
            fit = problem.beyond_curvature(fit, &optimum, freedom)?;
        }
        fit.with_wald_intervals(&problem.xp, self.wanted.level)
    }

    /// Searches with one reach of the first step after another until one converges, and keeps the best: a first step that is
    /// too long may end in a part of the parameters' space where the model no longer depends on them.
    fn search(
        &self,
        problem: &Problem<'_>,
        start: &[f64],
        freedom: f64,
    ) -> Result<(LeastSquaresOptimum, usize, usize)> {
        let mut all: Vec<LeastSquaresOptimum> = vec![];
        for reach in REACHES {
            let optimum = levenberg_marquardt(problem, start, freedom, reach, self.wanted.limits)?;
            let done = matches!(optimum.stop, Stop::Converged | Stop::Undefined);
            all.push(optimum);
            if done {
                break;
            }
        }
        let attempts = all.len();
        let rank = |o: &LeastSquaresOptimum| (o.stop != Stop::Converged, o.sum_of_squares);
        let order = |a: &LeastSquaresOptimum, b: &LeastSquaresOptimum| {
            rank(a).0.cmp(&rank(b).0).then(rank(a).1.total_cmp(&rank(b).1))
        };
        all.sort_by(order);
        let best = all[0].sum_of_squares;
        let agreeing = all.iter().filter(|o| (o.sum_of_squares - best).abs() <= 1e-8 * best.abs()).count();
        Ok((all.swap_remove(0), attempts, agreeing))
    }

    fn judge(&self, mut fit: Fit, optimum: &LeastSquaresOptimum, names: &[String], freedom: f64) -> Result<Fit> {
        let rss = optimum.sum_of_squares;
        let r = &optimum.r;
        let p = r.ncols();
        let information = Matrix::from_fn(p, p, |i, j| (0..p).map(|k| r[(k, i)] * r[(k, j)]).sum());
        let shape = Shape::of(&information)?;
        let variance = rss / fit.observations;
        fit.hessian_eigenvalues = shape.eigenvalues.iter().map(|e| e / variance).collect();
        let sd = (rss / freedom.max(0.5)).sqrt();
        fit.gradient_norm = if rss > 0.0 { matrix::norm(&optimum.qtr) / sd } else { 0.0 };
        let inverse = inverse_of_square(r)?;
        (fit.status, fit.reason) = match (optimum.stop, &inverse) {
            (Stop::IterationLimit, _) => (
                Status::IterationLimit,
                format!("{} iterations were not enough; allow more or start nearer", optimum.iterations),
            ),
            (_, None) => {
                let reason = format!(
                    "the data do not determine {}: a combination of them leaves the fit as it is",
                    shape.flat_names(names)
                );
                (Status::FlatDirection, reason)
            }
            (Stop::Stalled, _) => (
                Status::Diverged,
                "no step improves the fit, although its gradient does not vanish; start elsewhere".into(),
            ),
            _ if rss == 0.0 => {
                (Status::Converged, "the fit is exact: the likelihood has no bound in the variance".into())
            }
            _ => (Status::Converged, String::new()),
        };
        let Some((inverse, condition)) = inverse else {
            return Ok(fit.without_covariance("the derivatives are linearly dependent at the estimate"));
        };
        fit.condition_number = Some(condition);
        if freedom <= 0.0 {
            return Ok(
                fit.without_covariance("there are as many parameters as rows, so nothing is left to see the errors by")
            );
        }
        fit.statistic_degrees = Some(freedom);
        let covariance = Matrix::from_fn(p, p, |i, j| inverse[(i, j)] * (rss / freedom));
        Ok(fit.with_covariance(&covariance, StandardErrors::LeastSquares))
    }
}

/// The reaches of the first step: the first one serves all of NIST's problems from both of their starts.
const REACHES: [f64; 4] = [10.0, 1.0, 100.0, 0.1];

/// A level of intervals.
pub(crate) fn check_level(level: f64) -> Result<()> {
    match level > 0.0 && level < 1.0 {
        true => Ok(()),
        false => Err(Error::value("mle", format!("the level is {level}, but must be between 0 and 1"))),
    }
}

/// `(R^T R)^-1` and the condition number of `R^T R` with unit diagonal; `None` where `R` has not full rank.
fn inverse_of_square(r: &Matrix) -> Result<Option<(Matrix, f64)>> {
    let p = r.ncols();
    let scale: Vec<f64> =
        (0..p).map(|j| matrix::norm(&(0..r.nrows()).map(|i| r[(i, j)]).collect::<Vec<_>>())).collect();
    if scale.contains(&0.0) {
        return Ok(None);
    }
    let unit = Matrix::from_fn(r.nrows(), p, |i, j| r[(i, j)] / scale[j]);
    let svd = matrix::singular_values(&unit)?;
    let (high, low) = (svd.s[0], svd.s[p - 1]);
    if low <= p as f64 * f64::EPSILON * high {
        return Ok(None);
    }
    let inverse = Matrix::from_fn(p, p, |i, j| {
        (0..p).map(|k| svd.v[(i, k)] * svd.v[(j, k)] / (svd.s[k] * svd.s[k])).sum::<f64>() / scale[i] / scale[j]
    });
    Ok(Some((inverse, (high / low).powi(2))))
}

/// The residuals of one fit: data and formulas, checked.
#[derive(Clone)]
struct Problem<'m> {
    model: &'m Nonlinear,
    data: Columns,
    names: Vec<String>,
    response: Array,
    /// Square roots of the weights.
    root: Option<Array>,
    log_weights: f64,
    rows: usize,
    /// The length of the weighted response.
    size: f64,
    xp: Namespace,
}

impl Problem<'_> {
    fn new<'m>(model: &'m Nonlinear, data: &Columns, start: &[(&str, f64)]) -> Result<Problem<'m>> {
        let names: Vec<String> = start.iter().map(|(name, _)| name.to_string()).collect();
        check_names(model, data, start)?;
        let used: BTreeSet<&str> = model.response.names().into_iter().chain(model.formula.names()).collect();
        let mut checked = Columns::new();
        for name in used.iter().filter(|name| data.contains_key(**name)) {
            checked.insert(name.to_string(), columns::real(name, &data[*name])?);
        }
        let response = model.response.evaluate(&|name| checked.get(name).cloned())?;
        let response = columns::real(model.response.text(), &response)?;
        let rows = response.size()?;
        for (name, column) in &checked {
            columns::same_length(name, column, model.response.text(), rows)?;
        }
        if rows < names.len() {
            return Err(Error::value("mle", format!("{rows} rows cannot determine {} parameters", names.len())));
        }
        let (root, log_weights) = match &model.weights {
            None => (None, 0.0),
            Some(weights) => {
                let weights = columns::weights(weights, rows)?;
                if columns::count(&array_api::equal(&weights, 0.0)?)? > 0 {
                    return Err(Error::value("mle", "a weight is zero; leave that row out instead"));
                }
                let sum = array_api::log(&weights)?.sum(..)?.item::<f64>()?;
                (Some(array_api::sqrt(weights)?), sum)
            }
        };
        let xp = response.namespace();
        let weighted = match &root {
            Some(root) => array_api::multiply(&response, root)?,
            None => response.clone(),
        };
        let size = vecdot(&weighted, &weighted, ..)?.item::<f64>()?.sqrt();
        Ok(Problem { model, data: checked, names, response, root, log_weights, rows, size, xp })
    }

    /// The weighted residuals, shape `(rows,)`.
    fn residuals(&self, point: &Array) -> Result<Array> {
        let lookup = |name: &str| match self.names.iter().position(|n| n == name) {
            Some(i) => point.at(index![i as isize]).ok(),
            None => self.data.get(name).cloned(),
        };
        let fitted = self.model.formula.evaluate(&lookup)?;
        let residuals = (fitted - &self.response).ok()?;
        match &self.root {
            Some(root) => (residuals * root).ok(),
            None => Ok(residuals),
        }
    }
}

fn check_names(model: &Nonlinear, data: &Columns, start: &[(&str, f64)]) -> Result<()> {
    if start.is_empty() {
        return Err(Error::value("mle", "there are no parameters: give each its starting value"));
    }
    for (i, (name, value)) in start.iter().enumerate() {
        if start[..i].iter().any(|(other, _)| other == name) {
            return Err(Error::value("mle", format!("parameter `{name}` has two starting values")));
        }
        if !value.is_finite() {
            return Err(Error::value("mle", format!("the starting value of `{name}` is {value}")));
        }
        if data.contains_key(*name) {
            return Err(Error::value("mle", format!("`{name}` is a column of the data and a parameter; rename one")));
        }
        if !model.formula.names().contains(name) {
            let message = format!("`{name}` has a starting value, but `{}` does not contain it", model.formula.text());
            return Err(Error::value("mle", message));
        }
    }
    let columns: Vec<&str> = data.keys().map(String::as_str).collect();
    if let Some(unknown) = model.response.names().into_iter().find(|name| !columns.contains(name)) {
        return Err(model.response.unknown(unknown, &columns));
    }
    let known: Vec<&str> = columns.iter().copied().chain(start.iter().map(|(name, _)| *name)).collect();
    match model.formula.names().into_iter().find(|name| !known.contains(name)) {
        Some(unknown) => Err(model.formula.unknown(unknown, &known)),
        None => Ok(()),
    }
}

impl Residuals for Problem<'_> {
    fn sum_of_squares(&self, point: &[f64]) -> Result<f64> {
        let residuals = self.residuals(&self.xp.asarray(point)?)?;
        vecdot(&residuals, &residuals, ..)?.item()
    }

    fn rounding(&self) -> f64 {
        64.0 * f64::EPSILON * self.size
    }

    fn linearize(&self, point: &[f64]) -> Result<(Matrix, Vec<f64>)> {
        let point = self.xp.asarray(point)?;
        let residuals = self.residuals(&point)?;
        let jacobian = jacobian_forward(|x: &Array| self.residuals(x))(&point)?;
        let p = self.names.len();
        let beside = concat([&jacobian, &residuals.expand_dims(-1)?], 1)?;
        let finite = columns::count(&array_api::isfinite(&beside)?)?;
        if finite as usize != self.rows * (p + 1) {
            return Ok((Matrix::zeros(p, p), vec![f64::NAN; p]));
        }
        let r = matrix::read(&qr(&beside, ..)?.r)?;
        Ok((Matrix::from_fn(p, p, |i, j| r[(i, j)]), (0..p).map(|i| r[(i, p)]).collect()))
    }
}
