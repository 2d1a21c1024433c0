//! Generalised linear models: a family, a link, and a formula.

pub(crate) mod design;
mod family;
mod link;
pub(crate) mod scoring;
pub(crate) mod terms;
mod theta;

pub use design::Table;
pub use family::Family;
pub use link::Link;

use array_api::{Array, Error, Result};
use serde::{Deserialize, Serialize};

use crate::columns;
use crate::fit::{Fit, Shape, StandardErrors, blank};
use crate::matrix::{self, Matrix};
use crate::nonlinear::check_level;
use crate::status::Status;
use design::Design;
use scoring::{Ended, Rows, State, condition};
use terms::Terms;

/// How the dispersion of families that have one is estimated.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dispersion {
    /// Pearson's statistic over the residual degrees of freedom, as R's `summary` does.
    Pearson,
    /// The deviance over the residual degrees of freedom.
    Deviance,
    /// By maximum likelihood.
    Likelihood,
    /// A number that is known.
    Fixed(f64),
}

/// A generalised linear model.
///
/// ```
/// use mle::Table;
/// use mle::glm::{Family, Glm};
/// # let xp = array_ndarray::namespace();
/// let table = Table::new()
///     .numbers("x", xp.asarray([0.0, 1.0, 2.0, 3.0, 4.0])?)
///     .numbers("y", xp.asarray([1.0, 2.0, 4.0, 9.0, 15.0])?);
/// let fit = Glm::new("y ~ x", Family::Poisson)?.fit(&table)?;
/// assert!(fit.fit.status.is_converged());
/// # Ok::<(), array_api::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Glm {
    formula: String,
    terms: Terms,
    family: Family,
    link: Link,
    weights: Option<Array>,
    dispersion: Dispersion,
    standard_errors: StandardErrors,
    level: f64,
    iterations: usize,
}

/// The rows of a table under a fitted model, each a vector.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The response as the family has it: shares, where it was given as counts of successes and failures.
    pub observed: Array,
    /// The means that the model gives.
    pub means: Array,
    /// The deviance residuals: the signed roots of what each row adds to the deviance, its weight included.
    pub residuals: Array,
    /// The Pearson residuals: the distances from the means over the standard deviations that the family gives, the dispersion
    /// taken as 1 and the weight included. Their squares add up to Pearson's statistic.
    pub pearson: Array,
}

/// A fitted generalised linear model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GlmFit {
    /// Coefficients and what is known of them. The log-likelihood takes the dispersion as the deviance over the rows, as R
    /// does, unless the dispersion is fixed or by maximum likelihood.
    #[serde(flatten)]
    pub fit: Fit,
    /// The deviance.
    pub deviance: f64,
    /// The deviance of the model with an intercept (and offset) only.
    pub null_deviance: Option<f64>,
    /// Pearson's statistic.
    pub pearson: f64,
    /// The dispersion that the standard errors contain.
    pub dispersion: f64,
    /// The rows with weight less the coefficients.
    pub residual_degrees: f64,
    /// The negative binomial's `theta`.
    pub theta: Option<f64>,
}

impl Glm {
    /// A model with the family's usual link.
    ///
    /// # Errors
    /// Of the formula, with the column of what is not understood.
    pub fn new(formula: &str, family: Family) -> Result<Glm> {
        let dispersion = if family.has_dispersion() { Dispersion::Pearson } else { Dispersion::Fixed(1.0) };
        Ok(Glm {
            formula: formula.to_string(),
            terms: Terms::parse(formula)?,
            family,
            link: family.default_link(),
            weights: None,
            dispersion,
            standard_errors: StandardErrors::ExpectedInformation,
            level: 0.95,
            iterations: 100,
        })
    }

    /// Another link.
    pub fn link(mut self, link: Link) -> Glm {
        self.link = link;
        self
    }

    /// Prior weights: they divide the dispersion; for binomial shares they are numbers of trials.
    pub fn weights(mut self, weights: &Array) -> Glm {
        self.weights = Some(weights.clone());
        self
    }

    /// How the dispersion is estimated.
    pub fn dispersion(mut self, dispersion: Dispersion) -> Glm {
        self.dispersion = dispersion;
        self
    }

    /// Expected information (if not given), or the sandwich.
    pub fn standard_errors(mut self, source: StandardErrors) -> Glm {
        self.standard_errors = source;
        self
    }

    /// The level of the intervals, 0.95 if not given.
    pub fn level(mut self, level: f64) -> Glm {
        self.level = level;
        self
    }

    /// The most steps of scoring, 100 if not given.
    pub fn iterations(mut self, iterations: usize) -> Glm {
        self.iterations = iterations;
        self
    }

    /// Fits the model to a table.
    ///
    /// # Errors
    /// For names that the table does not have (with their place), values that are not finite, responses that the family does
    /// not take, fewer rows than coefficients, weights that are negative.
    pub fn fit(&self, table: &Table) -> Result<GlmFit> {
        check_level(self.level)?;
        self.check()?;
        let design = Design::new(&self.terms, table)?;
        self.family.check(&design.response, &design.y)?;
        let rows = design.y.size()?;
        let weights = self.row_weights(&design)?;
        let p = design.names.len();
        let with_weight = rows as i64 - scoring::weightless(&weights)?;
        if with_weight < p as i64 {
            return Err(Error::value("glm", format!("{with_weight} rows cannot determine {p} coefficients")));
        }
        let data = Rows { x: design.x, y: design.y, weights, offset: design.offset };
        let (family, state, iterations, ended) = match self.family {
            Family::NegativeBinomial { theta: None } => theta::score(&data, self.link, self.iterations)?,
            family => {
                let (state, iterations, ended) = data.score(&family, self.link, None, self.iterations)?;
                (family, state, iterations, ended)
            }
        };
        self.result(&data, &design.names, family, state, iterations, ended, with_weight as f64)
    }

    /// Means and residuals of a table's rows at a fit of this model.
    ///
    /// # Errors
    /// For names that the table does not have, values that are not finite, and a fit with other coefficients.
    ///
    /// ```
    /// use mle::Table;
    /// use mle::glm::{Family, Glm};
    /// # let xp = array_ndarray::namespace();
    /// let table = Table::new().numbers("y", xp.asarray([1.0, 2.0, 6.0])?);
    /// let model = Glm::new("y ~ 1", Family::Poisson)?;
    /// let fitted = model.fitted(&table, &model.fit(&table)?)?;
    /// assert!((fitted.means.at(0_isize)?.item::<f64>()? - 3.0).abs() < 1e-12);
    /// assert!(fitted.residuals.at(0_isize)?.item::<f64>()? < 0.0);
    /// # Ok::<(), array_api::Error>(())
    /// ```
    pub fn fitted(&self, table: &Table, fit: &GlmFit) -> Result<Fitted> {
        let design = Design::new(&self.terms, table)?;
        let names: Vec<&str> = fit.fit.parameters.iter().map(|p| p.name.as_str()).collect();
        if design.names != names {
            let message = format!("the fit is of {}, the table gives {}", names.join(", "), design.names.join(", "));
            return Err(Error::value("glm", message));
        }
        let weights = self.row_weights(&design)?;
        let family = match (self.family, fit.theta) {
            (Family::NegativeBinomial { .. }, theta) => Family::NegativeBinomial { theta },
            (family, _) => family,
        };
        let rows = Rows { x: design.x, y: design.y, weights, offset: design.offset };
        let means = rows.means(self.link, &fit.fit.estimates())?;
        // Rounding may leave less than nothing of a row that is fitted exactly.
        let deviances = (family.unit_deviance(&rows.y, &means)? * &rows.weights).ok()?;
        let distance = array_api::sqrt(array_api::maximum(deviances, 0.0)?)?;
        let apart = (&rows.y - &means).ok()?;
        let residuals = (array_api::sign(&apart)? * distance).ok()?;
        let spread = array_api::sqrt((family.variance(&means)? / &rows.weights).ok()?)?;
        let pearson = (apart / spread).ok()?;
        Ok(Fitted { observed: rows.y, means, residuals, pearson })
    }

    /// The weights of the rows: the given ones, times the trials of each.
    fn row_weights(&self, design: &Design) -> Result<Array> {
        let weights = match &self.weights {
            Some(w) => columns::weights(w, design.y.size()?)?,
            None => array_api::ones_like(&design.y, ..)?,
        };
        match &design.trials {
            Some(trials) if self.family == Family::Binomial => (weights * trials).ok(),
            Some(_) => Err(Error::value("glm", "cbind(successes, failures) is a response of the binomial family")),
            None => Ok(weights),
        }
    }

    fn check(&self) -> Result<()> {
        match self.dispersion {
            Dispersion::Fixed(d) if !(d > 0.0 && d.is_finite()) => {
                Err(Error::value("glm", format!("the dispersion is {d}, but must be positive")))
            }
            Dispersion::Likelihood if !self.family.has_dispersion() => {
                Err(Error::value("glm", format!("the family {} has no dispersion to estimate", self.family.name())))
            }
            _ => match self.family {
                Family::NegativeBinomial { theta: Some(t) } if !(t > 0.0 && t.is_finite()) => {
                    Err(Error::value("glm", format!("theta is {t}, but must be positive")))
                }
                _ => Ok(()),
            },
        }
    }

    #[allow(clippy::too_many_arguments)] // what scoring gave, and whose it is
    fn result(
        &self,
        data: &Rows,
        names: &[String],
        family: Family,
        state: State,
        iterations: usize,
        ended: Ended,
        n: f64,
    ) -> Result<GlmFit> {
        let p = names.len();
        let model = format!("{}, {} family, {} link", self.formula, family.name(), self.link.name());
        let mut fit = blank(&model, "Fisher scoring", names, &state.coefficients);
        fit.iterations = iterations;
        fit.observations = n;
        let freedom = n - p as f64;
        let pearson = data.pearson(&family, self.link, &state.coefficients)?;
        let likelihood_dispersion = match (self.dispersion, family.has_dispersion()) {
            (Dispersion::Fixed(d), _) => d,
            (_, false) => 1.0,
            (Dispersion::Likelihood, _) if family == Family::Gamma => theta::gamma_dispersion(data, &state)?,
            _ => state.deviance / data.weights.sum(..)?.item::<f64>()?,
        };
        let dispersion = match self.dispersion {
            Dispersion::Pearson => pearson / freedom,
            Dispersion::Deviance => state.deviance / freedom,
            Dispersion::Likelihood | Dispersion::Fixed(_) => likelihood_dispersion,
        };
        let theta = match family {
            Family::NegativeBinomial { theta } => theta,
            _ => None,
        };
        let estimated = matches!(self.family, Family::NegativeBinomial { theta: None })
            || family.has_dispersion() && !matches!(self.dispersion, Dispersion::Fixed(_));
        fit.free_parameters = p + usize::from(estimated);
        fit.log_likelihood = data.log_likelihood(&family, self.link, &state, likelihood_dispersion)?;
        let mut fit = self.judge(fit.with_criteria(), data, names, &family, &state, ended, dispersion)?;
        if fit.status == Status::Converged {
            fit = self.covariance(fit, data, &family, &state, dispersion, freedom)?;
        }
        let null_deviance = self.null_deviance(data, &family, &state)?;
        let deviance = state.deviance;
        Ok(GlmFit { fit, deviance, null_deviance, pearson, dispersion, residual_degrees: freedom, theta })
    }

    #[allow(clippy::too_many_arguments)] // what scoring gave, and whose it is
    fn judge(
        &self,
        mut fit: Fit,
        data: &Rows,
        names: &[String],
        family: &Family,
        state: &State,
        ended: Ended,
        dispersion: f64,
    ) -> Result<Fit> {
        let information = Matrix::from_fn(names.len(), names.len(), |i, j| state.information[(i, j)] / dispersion);
        let finite = matrix::rows(&information).iter().flatten().all(|v| v.is_finite());
        if finite {
            let shape = Shape::of(&information)?;
            fit.condition_number = condition(&information)?;
            if let Some(inverse) = data.inverse(family, self.link, state)? {
                let square = matrix::dot(&state.score, &matrix::times(&inverse, &state.score));
                fit.gradient_norm = (square.max(0.0) / dispersion).sqrt();
            }
            if ended == Ended::Singular {
                let reason =
                    format!("the columns {} are linearly dependent; leave one of them out", shape.flat_names(names));
                (fit.status, fit.reason) = (Status::FlatDirection, reason);
            }
            fit.hessian_eigenvalues = shape.eigenvalues;
        }
        match ended {
            Ended::Converged => {}
            Ended::Singular if fit.status == Status::FlatDirection => {}
            Ended::Singular | Ended::Undefined => {
                fit.status = Status::Diverged;
                fit.reason = "the means left the family's range, and no smaller step helped; try another link".into();
            }
            Ended::Limit => {
                fit.status = Status::IterationLimit;
                fit.reason = format!("{} iterations were not enough; allow more", fit.iterations);
            }
            Ended::Separated => {
                fit.status = Status::Separation;
                let grows: Vec<&str> = largest(names, &data.step(family, self.link, state)?.unwrap_or_default());
                fit.reason = format!(
                    "the predictors separate the outcomes: the likelihood grows for ever along {}; the estimates are where it was left",
                    grows.join(", ")
                );
            }
        }
        if fit.status != Status::Converged {
            let reason = format!("the fit ended with status `{}`, so its curvature means nothing", fit.status);
            fit = fit.without_covariance(&reason);
        }
        Ok(fit)
    }

    fn covariance(
        &self,
        fit: Fit,
        data: &Rows,
        family: &Family,
        state: &State,
        dispersion: f64,
        freedom: f64,
    ) -> Result<Fit> {
        if freedom <= 0.0 && self.family.has_dispersion() && !matches!(self.dispersion, Dispersion::Fixed(_)) {
            return Ok(fit.without_covariance(
                "there are as many coefficients as rows, so nothing is left to see the errors by",
            ));
        }
        let Some(inverse) = data.inverse(family, self.link, state)? else {
            return Ok(fit.without_covariance("the information matrix is singular"));
        };
        let mut fit = match self.standard_errors {
            StandardErrors::Sandwich => {
                let covariance = data.sandwich(family, self.link, state, &inverse)?;
                fit.with_covariance(&covariance, StandardErrors::Sandwich)
            }
            StandardErrors::ExpectedInformation | StandardErrors::ObservedInformation => {
                if self.standard_errors == StandardErrors::ObservedInformation && !self.link.is_canonical(family) {
                    let message = "observed information differs from the expected one for a link that is not canonical, and is not computed for these models; use expected information or the sandwich";
                    return Err(Error::value("glm", message));
                }
                let p = inverse.nrows();
                let covariance = Matrix::from_fn(p, p, |i, j| inverse[(i, j)] * dispersion);
                fit.with_covariance(&covariance, self.standard_errors)
            }
            other => {
                return Err(Error::value("glm", format!("standard errors by {other} are not made for these models")));
            }
        };
        if family.has_dispersion() && !matches!(self.dispersion, Dispersion::Fixed(_)) {
            fit.statistic_degrees = Some(freedom);
        }
        fit.with_wald_intervals(&data.y.namespace(), self.level)
    }

    fn null_deviance(&self, data: &Rows, family: &Family, state: &State) -> Result<Option<f64>> {
        if !self.terms.intercept {
            return Ok(None);
        }
        if self.terms.terms.is_empty() {
            return Ok(Some(state.deviance));
        }
        if data.offset.is_none() {
            return data.deviance_of_the_mean(family, self.link);
        }
        let ones = array_api::expand_dims(array_api::ones_like(&data.y, ..)?, -1)?;
        let null = Rows { x: ones, y: data.y.clone(), weights: data.weights.clone(), offset: data.offset.clone() };
        let (state, _, ended) = null.score(family, self.link, None, self.iterations)?;
        Ok((ended == Ended::Converged).then_some(state.deviance))
    }
}

/// The names whose part of a direction is the largest.
fn largest<'n>(names: &'n [String], direction: &[f64]) -> Vec<&'n str> {
    let top = direction.iter().fold(0.0_f64, |m, d| m.max(d.abs()));
    names.iter().zip(direction).filter(|(_, d)| d.abs() > 0.05 * top).map(|(n, _)| n.as_str()).collect()
}

impl std::fmt::Display for GlmFit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        use crate::summary::number;
        write!(f, "{}", self.fit)?;
        let null = self.null_deviance.map(|d| format!(", null deviance {}", number(d))).unwrap_or_default();
        writeln!(f, "deviance {}{null}, {} degrees of freedom", number(self.deviance), self.residual_degrees)?;
        write!(f, "dispersion {}", number(self.dispersion))?;
        match self.theta {
            Some(theta) => writeln!(f, ", theta {}", number(theta)),
            None => writeln!(f),
        }
    }
}
