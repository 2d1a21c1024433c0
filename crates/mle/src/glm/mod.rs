//! Generalised linear models: a family, a link, and a formula.

pub(crate) mod design;
mod family;
mod information;
mod intervals;
mod link;
mod residuals;
pub(crate) mod scoring;
mod separation;
pub(crate) mod terms;
mod theta;

pub use design::Table;
pub use family::Family;
pub use link::Link;
pub use residuals::Fitted;
pub(crate) use residuals::standard_deviation;

use array_api::{Array, Error, Result};
use serde::{Deserialize, Serialize};

use crate::columns;
use crate::fit::{Fit, IntervalMethod, Shape, StandardErrors, blank};
use crate::matrix::{self, Matrix};
use crate::problem::Wanted;
use crate::status::Status;
use design::Design;
use intervals::Maximum;
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
    wanted: Wanted,
    iterations: usize,
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
            wanted: Wanted { standard_errors: StandardErrors::ExpectedInformation, ..Wanted::default() },
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

    /// Where standard errors come from: expected information if not given, as in R; observed information, as Stata's and
    /// Newton's; the sandwich around the observed information, as HC0 or HC1; or the bootstrap. For a canonical link both
    /// informations are the same. The fit says which it is.
    pub fn standard_errors(mut self, source: StandardErrors) -> Glm {
        self.wanted.standard_errors = source;
        self
    }

    /// How intervals are made, by Wald's method if not given. Profiles take a negative binomial's `theta` anew at every value
    /// of the coefficient, if it is estimated; a dispersion that is estimated by moments stays, and t takes the normal's place.
    pub fn interval(mut self, method: IntervalMethod) -> Glm {
        self.wanted.interval = method;
        self
    }

    /// The level of the intervals, 0.95 if not given.
    pub fn level(mut self, level: f64) -> Glm {
        self.wanted.level = level;
        self
    }

    /// How many refits a bootstrap makes, 1000 if not given, and the seed of their draws: rows with replacement.
    pub fn bootstrap(mut self, replicates: usize, seed: u64) -> Glm {
        (self.wanted.replicates, self.wanted.seed) = (replicates, seed);
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
        self.check_wanted()?;
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
        let (family, state, iterations, ended) = self.score(&data, &self.family, None)?;
        self.result(&data, &design.names, family, state, iterations, ended, with_weight as f64)
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

    /// Whether the dispersion is estimated from the rows.
    fn estimates_dispersion(&self, family: &Family) -> bool {
        family.has_dispersion() && !matches!(self.dispersion, Dispersion::Fixed(_))
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
        let likelihood_dispersion = self.likelihood_dispersion(data, &family, &state)?;
        let dispersion = match self.dispersion {
            Dispersion::Pearson => pearson / freedom,
            Dispersion::Deviance => state.deviance / freedom,
            Dispersion::Likelihood | Dispersion::Fixed(_) => likelihood_dispersion,
        };
        let theta = match family {
            Family::NegativeBinomial { theta } => theta,
            _ => None,
        };
        let estimated =
            matches!(self.family, Family::NegativeBinomial { theta: None }) || self.estimates_dispersion(&family);
        fit.free_parameters = p + usize::from(estimated);
        fit.log_likelihood = data.log_likelihood(&family, self.link, &state, likelihood_dispersion)?;
        let mut fit = self.judge(fit.with_criteria(), data, names, &family, &state, ended, dispersion)?;
        if fit.status == Status::Converged {
            let maximum = Maximum { family: &family, state: &state, likelihood_dispersion, dispersion, freedom };
            fit = self.covariance(fit, data, &maximum)?;
        }
        let null_deviance = self.null_deviance(data, &family, &state)?;
        let deviance = state.deviance;
        Ok(GlmFit { fit, deviance, null_deviance, pearson, dispersion, residual_degrees: freedom, theta })
    }

    /// The dispersion that the likelihood is taken at.
    fn likelihood_dispersion(&self, data: &Rows, family: &Family, state: &State) -> Result<f64> {
        Ok(match (self.dispersion, family.has_dispersion()) {
            (Dispersion::Fixed(d), _) => d,
            (_, false) => 1.0,
            (Dispersion::Likelihood, _) if *family == Family::Gamma => theta::gamma_dispersion(data, state)?,
            _ => state.deviance / data.weights.sum(..)?.item::<f64>()?,
        })
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
            Ended::Separated(found) => (fit.status, fit.reason) = (Status::Separation, found.reason(names)),
        }
        if fit.status != Status::Converged {
            let reason = format!("the fit ended with status `{}`, so its curvature means nothing", fit.status);
            fit = fit.without_covariance(&reason);
        }
        Ok(fit)
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
