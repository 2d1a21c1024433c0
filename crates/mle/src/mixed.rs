//! Linear regression with random intercepts and slopes of one grouping, by maximum likelihood or REML.
//!
//! The parametrisation is lme4's: the random effects of a group have covariance `sigma^2 L L'`, where `L` is lower triangular
//! and its elements, column after column, are `theta`. Given `theta`, coefficients and `sigma` have closed forms, so the
//! search is over `theta` alone (Bates, Mächler, Bolker and Walker, "Fitting linear mixed-effects models using lme4", Journal of
//! Statistical Software 67(1), 2015, equations 33 to 42). What it needs of the rows are sums of products by group, taken once.

use array_api::{
    Array, Error, Namespace, Result, astype, concat, expand_dims, index, matmul, matrix_transpose, multiply,
};

use crate::differentiate::{Curvature, FiniteDifferences};
use crate::fit::{Fit, Shape, StandardErrors, blank};
use crate::glm::Table;
use crate::glm::design::Design;
use crate::glm::terms::Terms;
use crate::matrix::{self, Matrix};
use crate::nonlinear::check_level;
use crate::optimize::{Limits, Stop, newton};
use crate::status::Status;

/// A linear model with random effects.
///
/// ```
/// use mle::{Table, mixed::Mixed};
/// # let xp = array_ndarray::namespace();
/// let table = Table::new()
///     .numbers("y", xp.asarray([1.0, 1.2, 2.1, 1.9, 3.2, 3.0, 2.9, 3.3])?)
///     .labels(&xp, "g", &["a", "a", "b", "b", "c", "c", "d", "d"])?;
/// // An intercept of its own for each group, around a common one.
/// let fit = Mixed::new("y ~ 1", "1", "g")?.fit(&table)?;
/// assert!(fit.fit.status.is_converged());
/// assert!(fit.standard_deviations[0] > fit.sigma);
/// # Ok::<(), array_api::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Mixed {
    formula: String,
    random: String,
    group: String,
    fixed: Terms,
    effects: Terms,
    restricted: bool,
    level: f64,
    limits: Limits,
}

/// A fitted linear model with random effects.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct MixedFit {
    /// The coefficients and what is known of them; the log-likelihood is the restricted one where REML was asked for.
    #[serde(flatten)]
    pub fit: Fit,
    /// Minus twice the log-likelihood, or the REML criterion.
    pub deviance: f64,
    /// The relative Cholesky factor's lower triangle, column after column.
    pub theta: Vec<f64>,
    /// The standard deviation of the residuals.
    pub sigma: f64,
    /// What varies between groups.
    pub effects: Vec<String>,
    /// The standard deviations of the effects.
    pub standard_deviations: Vec<f64>,
    /// The correlations of the effects; not a number where one of two does not vary.
    pub correlations: Vec<Vec<f64>>,
    /// The number of groups.
    pub groups: usize,
}

/// A diagonal element below this is a variance of zero: the deviance changes by its square.
const NOTHING: f64 = 1e-6;

impl Mixed {
    /// A model by the formula of the coefficients, what varies between groups (`1`, `1 + x`, `0 + x`), and the column that
    /// says which group a row belongs to: `("y ~ 1 + x", "1 + x", "g")` is lme4's `y ~ 1 + x + (1 + x | g)`.
    ///
    /// # Errors
    /// Of the formulas, with the column of what is not understood.
    pub fn new(formula: &str, random: &str, group: &str) -> Result<Mixed> {
        let response = formula.split('~').next().unwrap_or_default();
        Ok(Mixed {
            formula: formula.to_string(),
            random: random.to_string(),
            group: group.to_string(),
            fixed: Terms::parse(formula)?,
            effects: Terms::parse(&format!("{response}~ {random}"))?,
            restricted: false,
            level: 0.95,
            limits: Limits { iterations: 200, tolerance: 1e-6 },
        })
    }

    /// Restricted maximum likelihood, whose variances do not shrink for the coefficients that were estimated.
    pub fn restricted(mut self) -> Mixed {
        self.restricted = true;
        self
    }

    /// The level of the intervals, 0.95 if not given.
    pub fn level(mut self, level: f64) -> Mixed {
        self.level = level;
        self
    }

    /// Fits the model.
    ///
    /// # Errors
    /// For names that the table does not have, values that are not finite, one group only, as many groups as rows, fewer rows
    /// than coefficients, collinear columns.
    pub fn fit(&self, table: &Table) -> Result<MixedFit> {
        check_level(self.level)?;
        let design = Design::new(&self.fixed, table)?;
        let random = Design::new(&self.effects, table)?;
        if design.offset.is_some() || random.offset.is_some() || design.trials.is_some() {
            return Err(Error::value("mixed", "a linear mixed model takes no offset and no cbind(..)"));
        }
        let (codes, levels) = table.categories(&self.group)?;
        let rows = design.y.size()?;
        crate::columns::same_length(&self.group, &codes, &design.response, rows)?;
        let (n, p, q) = (rows as f64, design.names.len(), random.names.len());
        if levels.len() < 2 || levels.len() >= rows {
            let message = format!(
                "`{}` has {} groups in {rows} rows; between 2 and {} can be told from the residuals",
                self.group,
                levels.len(),
                rows - 1
            );
            return Err(Error::value("mixed", message));
        }
        if rows <= p {
            return Err(Error::value("mixed", format!("{rows} rows cannot determine {p} coefficients and a variance")));
        }
        let products = Products::new(&design, &random, &codes, levels.len())?;
        let criterion = |theta: &[f64]| products.profile(theta, self.restricted);
        let start: Vec<f64> = triangle(q).map(|(i, j)| if i == j { 1.0 } else { 0.0 }).collect();
        let Some(_) = criterion(&start) else {
            let message =
                format!("the columns {} are linearly dependent; leave one of them out", design.names.join(", "));
            return Err(Error::value("mixed", message));
        };
        // The deviance is even in every column of the factor, so a variance of zero is a minimum like others, and no bound.
        let xp = design.y.namespace();
        let deviance = |theta: &Array| -> Result<Array> {
            xp.asarray(criterion(&theta.to_vec::<f64>()?).map_or(f64::INFINITY, |found| found.deviance))
        };
        let (optimum, curvature) = newton(&FiniteDifferences::new(&xp, deviance), &start, self.limits)?;
        let theta = settled(&optimum.point, q, &criterion);
        let Some(found) = criterion(&theta) else {
            return Err(Error::value("mixed", "the deviance is not finite where the search ended"));
        };
        self.result(&design, &random, found, theta, (optimum.stop, optimum.iterations), &curvature, (n, levels.len()))
    }

    #[allow(clippy::too_many_arguments)] // what the search gave, and whose it is
    fn result(
        &self,
        design: &Design,
        random: &Design,
        found: Profile,
        theta: Vec<f64>,
        (stop, iterations): (Stop, usize),
        curvature: &Curvature,
        (n, groups): (f64, usize),
    ) -> Result<MixedFit> {
        let (p, q) = (design.names.len(), random.names.len());
        let kind = if self.restricted { "REML" } else { "maximum likelihood" };
        let model = format!("{} + ({} | {}), linear mixed model", self.formula, self.random, self.group);
        let mut fit =
            blank(&model, &format!("{kind}, profiled deviance by Newton"), &design.names, &found.coefficients);
        fit.iterations = iterations;
        fit.observations = n;
        fit.free_parameters = p + theta.len() + 1;
        fit.log_likelihood = -0.5 * found.deviance;
        if self.restricted {
            fit.likelihood_of = Some("the residuals' contrasts (REML)".to_string());
        }
        let mut fit = fit.with_criteria();
        let shape = Shape::of(&curvature.hessian)?;
        fit.gradient_norm = crate::judge::gradient_norm(curvature, &theta, shape.condition.is_some());
        (fit.hessian_eigenvalues, fit.condition_number) = (shape.eigenvalues, shape.condition);
        let factor = lower(&theta, q);
        let deviations: Vec<f64> =
            (0..q).map(|i| found.sigma * (0..=i).map(|k| factor[(i, k)].powi(2)).sum::<f64>().sqrt()).collect();
        let nothing: Vec<&str> = (0..q).filter(|&i| factor[(i, i)] == 0.0).map(|i| random.names[i].as_str()).collect();
        (fit.status, fit.reason) = match stop {
            _ if !nothing.is_empty() => {
                let reason = format!(
                    "the variance of {} between groups, given the effects before it, is estimated as zero, the end of its range",
                    nothing.join(", ")
                );
                (Status::Boundary, reason)
            }
            Stop::Converged | Stop::Stalled if fit.gradient_norm < 1e-3 => (Status::Converged, String::new()),
            Stop::IterationLimit => {
                (Status::IterationLimit, format!("{iterations} iterations were not enough; allow more"))
            }
            _ => (Status::Diverged, "no step lowers the deviance, although its gradient does not vanish".to_string()),
        };
        // The coefficients' errors do not hang on theta's being inside its range.
        let covariance = Matrix::from_fn(p, p, |i, j| found.sigma.powi(2) * found.unscaled[(i, j)]);
        let fit = match fit.status {
            Status::Converged | Status::Boundary => fit
                .with_covariance(&covariance, StandardErrors::ExpectedInformation)
                .with_wald_intervals(&design.y.namespace(), self.level)?,
            status => fit.without_covariance(&format!("the fit ended with status `{status}`")),
        };
        let covariances = Matrix::from_fn(q, q, |i, j| {
            found.sigma.powi(2) * (0..=i.min(j)).map(|k| factor[(i, k)] * factor[(j, k)]).sum::<f64>()
        });
        let correlation = |i: usize, j: usize| covariances[(i, j)] / deviations[i] / deviations[j];
        Ok(MixedFit {
            fit,
            deviance: found.deviance,
            theta,
            sigma: found.sigma,
            effects: random.names.clone(),
            correlations: (0..q).map(|i| (0..q).map(|j| correlation(i, j)).collect()).collect(),
            standard_deviations: deviations,
            groups,
        })
    }
}

/// The places of a lower triangle, column after column.
fn triangle(q: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..q).flat_map(move |j| (j..q).map(move |i| (i, j)))
}

fn lower(theta: &[f64], q: usize) -> Matrix {
    let mut factor = Matrix::zeros(q, q);
    for ((i, j), t) in triangle(q).zip(theta) {
        factor[(i, j)] = *t;
    }
    factor
}

/// The point where a search ended, with positive diagonal, and zeros where they are no worse.
fn settled(point: &[f64], q: usize, criterion: &impl Fn(&[f64]) -> Option<Profile>) -> Vec<f64> {
    let mut theta = point.to_vec();
    let places: Vec<_> = triangle(q).collect();
    for column in 0..q {
        let own: Vec<usize> = (0..places.len()).filter(|&k| places[k].1 == column).collect();
        if theta[own[0]] < 0.0 {
            own.iter().for_each(|&k| theta[k] = -theta[k]);
        }
        let mut without = theta.clone();
        without[own[0]] = 0.0;
        let (here, there) = (criterion(&theta), criterion(&without));
        if let (Some(here), Some(there)) = (here, there)
            && theta[own[0]] < NOTHING.sqrt()
            && there.deviance <= here.deviance + NOTHING * NOTHING * here.deviance.abs().max(1.0)
        {
            theta = without;
        }
    }
    theta
}

/// What a `theta` gives.
struct Profile {
    deviance: f64,
    coefficients: Vec<f64>,
    sigma: f64,
    /// The covariance of the coefficients over `sigma^2`.
    unscaled: Matrix,
}

/// Sums of products over the rows of each group, and over all.
struct Products {
    rows: f64,
    /// `Z'Z`, `Z'X` and `Z'y` of each group, side by side.
    groups: Vec<Matrix>,
    /// Of `X` and `y`, side by side.
    all: Matrix,
    effects: usize,
}

impl Products {
    fn new(design: &Design, random: &Design, codes: &Array, count: usize) -> Result<Products> {
        let xp = design.y.namespace();
        let (p, q) = (design.names.len(), random.names.len());
        let fixed = concat(vec![design.x.clone(), expand_dims(&design.y, -1)?], 1)?;
        let all = matrix::read(&matmul(matrix_transpose(&fixed)?, &fixed)?)?;
        let members = indicators(&xp, codes, count)?;
        let beside = concat(vec![random.x.clone(), fixed], 1)?;
        let mut groups = vec![Matrix::zeros(q, q + p + 1); count];
        for i in 0..q {
            let effect = expand_dims(random.x.at(index![.., i as isize])?, -1)?;
            let sums = matrix::read(&matmul(&members, multiply(&beside, effect)?)?)?;
            for (g, group) in groups.iter_mut().enumerate() {
                for j in 0..q + p + 1 {
                    group[(i, j)] = sums[(g, j)];
                }
            }
        }
        Ok(Products { rows: design.y.size()? as f64, groups, all, effects: q })
    }

    /// The deviance with coefficients and residual variance at their best; `None` where the columns are dependent.
    fn profile(&self, theta: &[f64], restricted: bool) -> Option<Profile> {
        let q = self.effects;
        let p = self.all.ncols() - 1;
        let factor = lower(theta, q);
        let mut rest = self.all.clone();
        let mut log_determinant = 0.0;
        for group in &self.groups {
            let scaled = factor.transpose() * group;
            let inner = Matrix::from_fn(q, q, |i, j| {
                let product: f64 = (0..q).map(|k| scaled[(i, k)] * factor[(k, j)]).sum();
                product + if i == j { 1.0 } else { 0.0 }
            });
            let l = cholesky(&inner)?;
            log_determinant += 2.0 * (0..q).map(|i| l[(i, i)].ln()).sum::<f64>();
            let solved: Vec<Vec<f64>> =
                (0..=p).map(|j| forward(&l, (0..q).map(|i| scaled[(i, q + j)]).collect())).collect();
            for i in 0..=p {
                for j in 0..=p {
                    rest[(i, j)] -= matrix::dot(&solved[i], &solved[j]);
                }
            }
        }
        let l = cholesky(&Matrix::from_fn(p, p, |i, j| rest[(i, j)]))?;
        let right = forward(&l, (0..p).map(|i| rest[(i, p)]).collect());
        let penalised = rest[(p, p)] - matrix::dot(&right, &right);
        let freedom = if restricted { self.rows - p as f64 } else { self.rows };
        if penalised <= 0.0 || !penalised.is_finite() {
            return None;
        }
        let mut deviance = log_determinant + freedom * (1.0 + (2.0 * std::f64::consts::PI * penalised / freedom).ln());
        if restricted {
            deviance += 2.0 * (0..p).map(|i| l[(i, i)].ln()).sum::<f64>();
        }
        let identity = |k: usize| (0..p).map(|i| if i == k { 1.0 } else { 0.0 }).collect::<Vec<f64>>();
        let columns: Vec<Vec<f64>> = (0..p).map(|k| backward(&l, forward(&l, identity(k)))).collect();
        Some(Profile {
            deviance,
            coefficients: backward(&l, right),
            sigma: (penalised / freedom).sqrt(),
            unscaled: Matrix::from_fn(p, p, |i, j| columns[j][i]),
        })
    }
}

/// A row for each group: which rows belong to it.
fn indicators(xp: &Namespace, codes: &Array, count: usize) -> Result<Array> {
    let groups = expand_dims(xp.asarray((0..count).map(|g| g as f64).collect::<Vec<f64>>())?, -1)?;
    astype(array_api::equal(codes, groups)?, array_api::DType::Float64)
}

/// The lower factor of a positive definite matrix.
fn cholesky(matrix: &Matrix) -> Option<Matrix> {
    let n = matrix.nrows();
    let mut l = Matrix::zeros(n, n);
    for j in 0..n {
        let square = matrix[(j, j)] - (0..j).map(|k| l[(j, k)].powi(2)).sum::<f64>();
        // Below the rounding of the element itself nothing is left of a column.
        if square.is_nan() || square <= 16.0 * f64::EPSILON * matrix[(j, j)].abs() {
            return None;
        }
        l[(j, j)] = square.sqrt();
        for i in j + 1..n {
            let rest = matrix[(i, j)] - (0..j).map(|k| l[(i, k)] * l[(j, k)]).sum::<f64>();
            l[(i, j)] = rest / l[(j, j)];
        }
    }
    Some(l)
}

/// `L^-1 b`.
fn forward(l: &Matrix, mut b: Vec<f64>) -> Vec<f64> {
    for i in 0..b.len() {
        let rest: f64 = (0..i).map(|j| l[(i, j)] * b[j]).sum();
        b[i] = (b[i] - rest) / l[(i, i)];
    }
    b
}

/// `L^-T b`.
fn backward(l: &Matrix, mut b: Vec<f64>) -> Vec<f64> {
    for i in (0..b.len()).rev() {
        let rest: f64 = (i + 1..b.len()).map(|j| l[(j, i)] * b[j]).sum();
        b[i] = (b[i] - rest) / l[(i, i)];
    }
    b
}

impl std::fmt::Display for MixedFit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        use crate::summary::number;
        write!(f, "{}", self.fit)?;
        writeln!(f, "deviance {}; {} groups", number(self.deviance), self.groups)?;
        for (i, (name, sd)) in self.effects.iter().zip(&self.standard_deviations).enumerate() {
            let others: Vec<String> = self.correlations[i][..i].iter().map(|r| format!("{r:.3}")).collect();
            let beside = if others.is_empty() { String::new() } else { format!(", correlation {}", others.join(", ")) };
            writeln!(f, "between groups: {name}, standard deviation {}{beside}", number(*sd))?;
        }
        writeln!(f, "residual standard deviation {}", number(self.sigma))
    }
}
