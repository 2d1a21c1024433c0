//! Regressions whose likelihood has more to it than a mean: beta, negative binomial (NB1 and NB2) and zero-inflated Poisson.

use array_api::{Array, Error, Result, exp, lgamma, log, log1p, matmul, negative, sigmoid, stack};

mod end;

use crate::columns;
use crate::distribution::{NEGATIVE_BINOMIAL, ZERO_INFLATED_POISSON};
use crate::fit::{Fit, IntervalMethod, StandardErrors, blank};
use crate::glm::design::Design;
use crate::glm::scoring::{Ended, Rows};
use crate::glm::terms::Terms;
use crate::glm::{Family, Link, Table};
use crate::problem::{Free, Problem, Wanted, check};
use crate::status::Status;
use crate::transform::Range;

use end::End;

/// What the response is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A share strictly between 0 and 1: beta with mean `mu`, logit link, and precision `phi`, so that the variance is
    /// `mu (1 - mu) / (1 + phi)` (Ferrari and Cribari-Neto 2004).
    Beta,
    /// A count with mean `mu`, log link, and variance `mu (1 + alpha)`.
    NegativeBinomial1,
    /// A count with mean `mu`, log link, and variance `mu + alpha mu^2`.
    NegativeBinomial2,
    /// A count that is zero with probability `pi`, and Poisson with mean `mu`, log link, otherwise (Lambert 1992).
    ZeroInflatedPoisson,
}

/// What the outcomes differ in.
struct Row {
    outcome: Outcome,
    name: &'static str,
    /// The second parameter, and its range.
    second: (&'static str, Range),
    /// Where the second parameter starts.
    start: f64,
    /// The family whose regression gives the first coefficients.
    first: (Family, Link),
    /// The logarithm of the density of a response at a linear predictor and a second parameter.
    log_density: fn(&Array, &Array, &Array) -> Result<Array>,
    /// The values that the response takes: above, up to, whole numbers only.
    support: (f64, f64, bool),
}

const COUNTS: (f64, f64, bool) = (0.0, f64::INFINITY, true);

static ROWS: [Row; 4] = [
    Row {
        outcome: Outcome::Beta,
        name: "beta",
        second: ("phi", Range::POSITIVE),
        start: 5.0,
        first: (Family::Binomial, Link::Logit),
        log_density: |y, eta, phi| {
            let (mu, rest) = (sigmoid(eta)?, sigmoid(negative(eta)?)?);
            let (a, b) = ((mu * phi).ok()?, (rest * phi).ok()?);
            let constant = lgamma(phi)? - lgamma(&a)? - lgamma(&b)?;
            (constant + (a - 1.0) * log(y)? + (b - 1.0) * log1p(negative(y)?)?).ok()
        },
        support: (f64::from_bits(1), 1.0 - f64::EPSILON / 2.0, false),
    },
    Row {
        outcome: Outcome::NegativeBinomial1,
        name: "negative binomial (NB1)",
        second: ("alpha", Range::POSITIVE),
        start: 0.5,
        first: (Family::Poisson, Link::Log),
        log_density: |y, eta, alpha| {
            let mu = exp(eta)?;
            (NEGATIVE_BINOMIAL.log_prob)(y, &[(&mu / alpha).ok()?, mu])
        },
        support: COUNTS,
    },
    Row {
        outcome: Outcome::NegativeBinomial2,
        name: "negative binomial (NB2)",
        second: ("alpha", Range::POSITIVE),
        start: 0.5,
        first: (Family::Poisson, Link::Log),
        log_density: |y, eta, alpha| (NEGATIVE_BINOMIAL.log_prob)(y, &[(1.0 / alpha).ok()?, exp(eta)?]),
        support: COUNTS,
    },
    Row {
        outcome: Outcome::ZeroInflatedPoisson,
        name: "zero-inflated Poisson",
        second: ("pi", Range::UNIT),
        start: 0.25,
        first: (Family::Poisson, Link::Log),
        log_density: |y, eta, pi| (ZERO_INFLATED_POISSON.log_prob)(y, &[exp(eta)?, pi.clone()]),
        support: COUNTS,
    },
];

/// A regression of an outcome.
///
/// ```
/// use mle::{Table, regression::{Outcome, Regression}};
/// # let xp = array_ndarray::namespace();
/// let table = Table::new()
///     .numbers("x", xp.asarray([0.0, 1.0, 2.0, 3.0, 4.0, 5.0])?)
///     .numbers("y", xp.asarray([0.12, 0.25, 0.31, 0.42, 0.61, 0.66])?);
/// let fit = Regression::new("y ~ x", Outcome::Beta)?.fit(&table)?;
/// assert!(fit.status.is_converged() && fit.parameter("phi").unwrap().estimate > 50.0);
/// # Ok::<(), array_api::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Regression {
    formula: String,
    terms: Terms,
    outcome: Outcome,
    second: Option<(String, Terms)>,
    weights: Option<Array>,
    wanted: Wanted,
}

impl Regression {
    /// A regression whose second parameter is one number.
    ///
    /// # Errors
    /// Of the formula, with the column of what is not understood.
    pub fn new(formula: &str, outcome: Outcome) -> Result<Regression> {
        let (terms, formula) = (Terms::parse(formula)?, formula.to_string());
        Ok(Regression { formula, terms, outcome, second: None, weights: None, wanted: Wanted::default() })
    }

    /// Terms, such as `1 + z`, for the second parameter too, on the scale of its logarithm, a zero-inflated law's `pi` on that
    /// of its logit. Their coefficients are named after it, as in `phi:z`.
    ///
    /// # Errors
    /// Of the terms, with the column of what is not understood.
    pub fn second(mut self, terms: &str) -> Result<Regression> {
        let response = self.formula.split('~').next().unwrap_or_default();
        self.second = Some((terms.to_string(), Terms::parse(&format!("{response}~ {terms}"))?));
        Ok(self)
    }

    /// Counts of the rows: a row of weight 3 is three rows.
    pub fn weights(mut self, weights: &Array) -> Regression {
        self.weights = Some(weights.clone());
        self
    }

    /// Where standard errors come from, observed information if not given.
    pub fn standard_errors(mut self, source: StandardErrors) -> Regression {
        self.wanted.standard_errors = source;
        self
    }

    /// How intervals are made, by Wald's method if not given.
    pub fn interval(mut self, method: IntervalMethod) -> Regression {
        self.wanted.interval = method;
        self
    }

    /// The level of the intervals, 0.95 if not given.
    pub fn level(mut self, level: f64) -> Regression {
        self.wanted.level = level;
        self
    }

    /// How many refits a bootstrap makes, 1000 if not given, and the seed of their draws: rows with replacement.
    pub fn bootstrap(mut self, replicates: usize, seed: u64) -> Regression {
        (self.wanted.replicates, self.wanted.seed) = (replicates, seed);
        self
    }

    /// Maximises the likelihood.
    ///
    /// # Errors
    /// For names that the table does not have, values that are not finite or that the outcome does not take, fewer rows than
    /// parameters.
    pub fn fit(&self, table: &Table) -> Result<Fit> {
        check(&self.wanted)?;
        let Some(row) = ROWS.iter().find(|row| row.outcome == self.outcome) else {
            return Err(Error::value("regression", format!("there is no regression of {:?}", self.outcome)));
        };
        let design = Design::new(&self.terms, table)?;
        let second = self.second.as_ref().map(|(_, terms)| Design::new(terms, table)).transpose()?;
        if design.trials.is_some() || second.as_ref().is_some_and(|d| d.offset.is_some()) {
            return Err(Error::value(
                "regression",
                "cbind(..) and an offset of the second parameter are not understood here",
            ));
        }
        row.check(&design)?;
        let rows = design.y.size()?;
        let p = design.names.len();
        let all = p + second.as_ref().map_or(1, |d| d.names.len());
        if rows < all {
            return Err(Error::value("regression", format!("{rows} rows cannot determine {all} parameters")));
        }
        let weights = self.weights.as_ref().map(|w| columns::weights(w, rows)).transpose()?;
        let (parameters, separation) = row.parameters(&design, second.as_ref(), weights.as_ref())?;
        let predictor = |x: &Array, b: &[Array]| matmul(x, stack(b.to_vec(), 0)?);
        let log_density = |b: &[Array]| -> Result<Array> {
            let eta = predictor(&design.x, &b[..p])?;
            let eta = match &design.offset {
                Some(offset) => (eta + offset).ok()?,
                None => eta,
            };
            let second = match &second {
                None => b[p].clone(),
                Some(design) => {
                    let zeta = predictor(&design.x, &b[p..])?;
                    if row.second.1 == Range::UNIT { sigmoid(zeta)? } else { exp(zeta)? }
                }
            };
            (row.log_density)(&design.y, &eta, &second)
        };
        let beside = self.second.as_ref().map(|(terms, _)| format!(", {} ~ {terms}", row.second.0)).unwrap_or_default();
        let total = match &weights {
            Some(w) => w.sum(..)?.item::<f64>()?,
            None => rows as f64,
        };
        let problem = Problem {
            model: format!("{}{beside}, {} regression", self.formula, row.name),
            parameters,
            composites: &[],
            rows: &log_density,
            weights,
            total,
            xp: design.y.namespace(),
        };
        match (separation, &second) {
            // Zeros that a mean can follow for ever raise all of these likelihoods, as they do Poisson's.
            (Some(reason), _) => left(&problem, reason),
            (None, None) => problem.solve(&self.wanted),
            (None, Some(second)) => {
                let at = End { name: row.second.0, range: row.second.1, start: row.first_zeta(), terms: second };
                at.judge(&problem, problem.solve(&self.wanted)?, self.wanted.level)
            }
        }
    }
}

impl Row {
    fn check(&self, design: &Design) -> Result<()> {
        let (low, high, whole) = self.support;
        let y = &design.y;
        let mut wrong = array_api::logical_or(array_api::less(y, low)?, array_api::greater(y, high)?)?;
        if whole {
            wrong = array_api::logical_or(wrong, array_api::not_equal(array_api::floor(y)?, y)?)?;
        }
        let (count, rows) = (columns::count(&wrong)?, y.size()?);
        if count > 0 {
            let what = if whole { "counts" } else { "strictly between 0 and 1" };
            let message = format!("{count} of {rows} values of `{}` are not {what}", design.response);
            return Err(Error::value(self.name, message));
        }
        Ok(())
    }

    /// The parameters, starting where a generalised linear model of the mean ends.
    fn parameters(
        &self,
        design: &Design,
        second: Option<&Design>,
        weights: Option<&Array>,
    ) -> Result<(Vec<Free>, Option<String>)> {
        let p = design.names.len();
        let weights = match weights {
            Some(w) => w.clone(),
            None => array_api::ones_like(&design.y, ..)?,
        };
        let rows = Rows { x: design.x.clone(), y: design.y.clone(), weights, offset: design.offset.clone() };
        let (state, _, ended) = rows.score(&self.first.0, self.first.1, None, 50)?;
        let mut separation = match ended {
            Ended::Separated(found) => Some(found.reason(&design.names)),
            _ => None,
        };
        if let (Outcome::ZeroInflatedPoisson, None, Some(second)) = (self.outcome, &separation, second) {
            separation = self.separated_zeros(&rows, second)?;
        }
        let start = |j: usize| if state.coefficients[j].is_finite() { state.coefficients[j] } else { 0.0 };
        let real = |name: String, start: f64| Free { name, range: Range::Real, start, prior: None };
        let mut all: Vec<Free> = (0..p).map(|j| real(design.names[j].clone(), start(j))).collect();
        let (name, range) = self.second;
        match second {
            None => all.push(Free { name: name.to_string(), range, start: self.start, prior: None }),
            Some(second) => {
                // The intercept, if there is one, is where the parameter starts.
                let start = |n: &str| if n == "(Intercept)" { self.first_zeta() } else { 0.0 };
                all.extend(self.names_of(second).into_iter().zip(&second.names).map(|(name, n)| real(name, start(n))));
            }
        }
        Ok((all, separation))
    }
}

impl Row {
    /// Why the zeros' share has no maximum inside, if its terms separate rows that are zero from the others: along such a
    /// direction each row's likelihood grows or stays, as that of a logistic regression of being zero does.
    fn separated_zeros(&self, rows: &Rows, second: &Design) -> Result<Option<String>> {
        let zero = array_api::astype(array_api::equal(&rows.y, 0.0)?, rows.y.dtype())?;
        let zeros = Rows { x: second.x.clone(), y: zero, weights: rows.weights.clone(), offset: None };
        let (_, _, ended) = zeros.score(&Family::Binomial, Link::Logit, None, 50)?;
        let names = self.names_of(second);
        Ok(match ended {
            Ended::Separated(found) => Some(format!("zeros and counts: {}", found.reason(&names))),
            _ => None,
        })
    }

    /// The names of the second parameter's coefficients.
    fn names_of(&self, second: &Design) -> Vec<String> {
        second.names.iter().map(|n| format!("{}:{n}", self.second.0)).collect()
    }

    /// Where the second parameter starts, on the scale of its terms.
    fn first_zeta(&self) -> f64 {
        match self.second.1 {
            Range::UNIT => self.second.1.unconstrain(self.start),
            _ => self.start.ln(),
        }
    }
}

/// A fit that separation ended before it began, at the starting values.
fn left(problem: &Problem<'_>, reason: String) -> Result<Fit> {
    let start: Vec<f64> = problem.parameters.iter().map(|p| p.start).collect();
    let mut fit = blank(&problem.model, "Fisher scoring of the Poisson regression", &problem.names(), &start);
    let at = start.iter().map(|&x| problem.xp.asarray(x)).collect::<Result<Vec<_>>>()?;
    fit.observations = problem.total;
    fit.log_likelihood = problem.log_likelihood(&at, problem.weights.as_ref())?.item()?;
    (fit.status, fit.reason) = (Status::Separation, reason);
    let why = format!("the fit ended with status `{}`, so its curvature means nothing", fit.status);
    Ok(fit.without_covariance(&why).with_criteria())
}
