//! Models of one's own: a log-likelihood as a function of named parameters.

use array_api::{Array, Error, Namespace, Result};

use std::sync::Arc;

use crate::composite::Composite;
use crate::distribution::Law;
use crate::fit::{Fit, IntervalMethod, StandardErrors};
use crate::optimize::Limits;
use crate::problem::{Free, LogDensity, Member, Problem, Scale, Wanted, check};
use crate::transform::Range;

/// Parameters by name, as a log-likelihood sees them: arrays without axes, a vector for shares, a square matrix for
/// correlations and covariances.
pub struct Parameters<'a> {
    names: &'a [String],
    values: &'a [Array],
}

impl Parameters<'_> {
    /// A parameter.
    ///
    /// # Errors
    /// For a name that the model does not have.
    pub fn get(&self, name: &str) -> Result<&Array> {
        let place = self.names.iter().position(|n| n == name);
        place.map(|i| &self.values[i]).ok_or_else(|| {
            let known = self.names.join(", ");
            Error::value("model", format!("there is no parameter `{name}`; there are {known}"))
        })
    }
}

/// A model: parameters with their ranges, starting values and priors, and a log-likelihood.
///
/// The log-likelihood gives a vector with a number for each row, or their sum. With a number for each row there are the
/// sandwich and the bootstrap too.
///
/// ```
/// use mle::{Model, transform::Range};
/// # let xp = array_ndarray::namespace();
/// // Hours until failure of parts at two temperatures: the rate of each.
/// let hours = xp.asarray([3.0, 1.0, 2.0, 7.0, 9.0])?;
/// let hot = xp.asarray([1.0, 1.0, 1.0, 0.0, 0.0])?;
/// let model = Model::new("two rates", |p| {
///     let rate = (p.get("cold")? + p.get("extra")? * &hot).ok()?;
///     (rate.log()? - &hours * &rate).ok()
/// });
/// let fit = model.parameter("cold", Range::POSITIVE, 1.0).parameter("extra", Range::Real, 0.1).fit(&xp)?;
/// assert!((fit.parameter("cold").unwrap().estimate - 2.0 / 16.0).abs() < 1e-9);
/// assert!((fit.parameter("extra").unwrap().estimate - (0.5 - 2.0 / 16.0)).abs() < 1e-9);
/// # Ok::<(), array_api::Error>(())
/// ```
///
/// A parameter may be a vector of shares, a correlation matrix or a covariance matrix. Its entries are in the result by name,
/// with standard errors by the delta method:
///
/// ```
/// use array_api::{log, vecdot};
/// use mle::Model;
/// use mle::composite::Composite;
/// # let xp = array_ndarray::namespace();
/// let votes = xp.asarray([12.0, 30.0, 58.0])?;
/// let model = Model::new("votes", |p| vecdot(&votes, log(p.get("share")?)?, ..));
/// let kind = Composite::Simplex(3);
/// let fit = model.composite("share", kind, &kind.neutral()).observations(100.0).fit(&xp)?;
/// let share = fit.parameter("share[2]").unwrap();
/// assert!((share.estimate - 0.3).abs() < 1e-9);
/// assert!((share.std_error.unwrap() - (0.3 * 0.7 / 100.0_f64).sqrt()).abs() < 1e-9);
/// # Ok::<(), array_api::Error>(())
/// ```
pub struct Model<F> {
    name: String,
    log_likelihood: F,
    parameters: Vec<Parameter>,
    weights: Option<Array>,
    observations: Option<f64>,
    wanted: Wanted,
}

/// A parameter as it was declared.
enum Parameter {
    One(Free),
    Many { name: String, kind: Composite, start: Vec<f64>, prior: Option<Arc<LogDensity>> },
}

impl Parameter {
    fn name(&self) -> &str {
        match self {
            Parameter::One(free) => &free.name,
            Parameter::Many { name, .. } => name,
        }
    }
}

impl<F: Fn(&Parameters<'_>) -> Result<Array>> Model<F> {
    /// A model without parameters yet.
    pub fn new(name: &str, log_likelihood: F) -> Model<F> {
        let (parameters, weights, observations) = (vec![], None, None);
        Model { name: name.to_string(), log_likelihood, parameters, weights, observations, wanted: Wanted::default() }
    }

    /// Adds a parameter: its range, and where to start.
    pub fn parameter(mut self, name: &str, range: Range, start: f64) -> Model<F> {
        self.parameters.push(Parameter::One(Free { name: name.to_string(), range, start, prior: None }));
        self
    }

    /// Adds a parameter with a prior: the fit is then the mode of the posterior density.
    pub fn parameter_with_prior(mut self, name: &str, range: Range, start: f64, prior: Law) -> Model<F> {
        self.parameters.push(Parameter::One(Free { name: name.to_string(), range, start, prior: Some(prior) }));
        self
    }

    /// Adds a parameter that is a vector of shares or a matrix, and where to start: the shares, or the matrix row after row,
    /// as [`Composite::neutral`] gives them.
    pub fn composite(mut self, name: &str, kind: Composite, start: &[f64]) -> Model<F> {
        self.parameters.push(Parameter::Many { name: name.to_string(), kind, start: start.to_vec(), prior: None });
        self
    }

    /// The same with a prior: the logarithm of a density of what is free in the value, which are the shares but the last one,
    /// or the lower triangle, without the diagonal of a correlation.
    ///
    /// ```
    /// use array_api::{log, vecdot};
    /// use mle::composite::Composite;
    /// use mle::distribution::{Dirichlet, VectorLaw};
    /// use mle::{Model, Scale};
    /// # let xp = array_ndarray::namespace();
    /// let votes = xp.asarray([2.0, 3.0, 5.0])?;
    /// let prior = Dirichlet::new(&[2.0, 2.0, 2.0])?;
    /// let model = Model::new("votes", |p| vecdot(&votes, log(p.get("share")?)?, ..));
    /// let kind = Composite::Simplex(3);
    /// let model = model.composite_with_prior("share", kind, &kind.neutral(), move |x| prior.log_prob(x)).observations(10.0);
    /// // The posterior is Dirichlet(4, 5, 7): its mode is (a - 1) / (16 - 3).
    /// let share = model.fit(&xp)?.estimates();
    /// assert!((share[0] - 3.0 / 13.0).abs() < 1e-9);
    /// # Ok::<(), array_api::Error>(())
    /// ```
    pub fn composite_with_prior(
        mut self,
        name: &str,
        kind: Composite,
        start: &[f64],
        prior: impl Fn(&Array) -> Result<Array> + Send + Sync + 'static,
    ) -> Model<F> {
        let (name, start) = (name.to_string(), start.to_vec());
        self.parameters.push(Parameter::Many { name, kind, start, prior: Some(Arc::new(prior)) });
        self
    }

    /// Counts of the rows.
    pub fn weights(mut self, weights: &Array) -> Model<F> {
        self.weights = Some(weights.clone());
        self
    }

    /// The number of rows, for a log-likelihood that gives their sum: what the information criteria count.
    pub fn observations(mut self, rows: f64) -> Model<F> {
        self.observations = Some(rows);
        self
    }

    /// The scale on which the mode is taken where there are priors, that of the parameters if not given.
    pub fn mode_scale(mut self, scale: Scale) -> Model<F> {
        self.wanted.scale = scale;
        self
    }

    /// Where standard errors come from, observed information if not given.
    pub fn standard_errors(mut self, source: StandardErrors) -> Model<F> {
        self.wanted.standard_errors = source;
        self
    }

    /// How intervals are made, by Wald's method if not given.
    pub fn interval(mut self, method: IntervalMethod) -> Model<F> {
        self.wanted.interval = method;
        self
    }

    /// The level of the intervals, 0.95 if not given.
    pub fn level(mut self, level: f64) -> Model<F> {
        self.wanted.level = level;
        self
    }

    /// How many refits a bootstrap makes, 1000 if not given, and the seed of their draws.
    pub fn bootstrap(mut self, replicates: usize, seed: u64) -> Model<F> {
        (self.wanted.replicates, self.wanted.seed) = (replicates, seed);
        self
    }

    /// Limits of the optimiser.
    pub fn limits(mut self, limits: Limits) -> Model<F> {
        self.wanted.limits = limits;
        self
    }

    /// Maximises the likelihood; parameters are made in the namespace, which should be the data's.
    ///
    /// # Errors
    /// Of the log-likelihood, for names given twice, starting values outside their range, a log-likelihood that is neither a
    /// vector nor a number.
    pub fn fit(&self, xp: &Namespace) -> Result<Fit> {
        check(&self.wanted)?;
        let names: Vec<String> = self.parameters.iter().map(|p| p.name().to_string()).collect();
        if names.is_empty() {
            return Err(Error::value("model", format!("`{}` has no parameters", self.name)));
        }
        if let Some(i) = (0..names.len()).find(|&i| names[..i].contains(&names[i])) {
            return Err(Error::value("model", format!("there are two parameters `{}`", names[i])));
        }
        let rows = |values: &[Array]| (self.log_likelihood)(&Parameters { names: &names, values });
        let (mut parameters, mut composites, mut start) = (vec![], vec![], vec![]);
        for parameter in &self.parameters {
            match parameter {
                Parameter::One(free) => {
                    if !free.range.contains(free.start) {
                        let message =
                            format!("`{}` starts at {}, outside its range {}", free.name, free.start, free.range);
                        return Err(Error::value("model", message));
                    }
                    start.push(xp.asarray(free.start)?);
                    parameters.push(free.clone());
                }
                Parameter::Many { name, kind, start: from, prior } => {
                    if kind.free() == 0 {
                        return Err(Error::value("model", format!("`{name}` is {kind}: nothing of it is free")));
                    }
                    let numbers = kind
                        .unconstrain(from)
                        .map_err(|e| Error::value("model", format!("`{name}` cannot start there: {}", e.message())))?;
                    let member =
                        Member { name: name.clone(), kind: *kind, first: parameters.len(), prior: prior.clone() };
                    start.push(kind.constrain(&xp.asarray(&numbers)?)?);
                    // A number moves more than one entry, but is called after the first of them.
                    parameters.extend(numbers.iter().zip(kind.entries()).map(|(&start, (place, _))| Free {
                        name: format!("{name}{place}"),
                        range: Range::Real,
                        start,
                        prior: None,
                    }));
                    composites.push(member);
                }
            }
        }
        let first = rows(&start)?;
        let total = match (first.shape()?, &self.weights, self.observations) {
            (_, _, Some(rows)) => rows,
            ([n], None, None) => *n as f64,
            ([n], Some(w), None) => crate::columns::weights(w, *n)?.sum(..)?.item::<f64>()?,
            ([], None, None) => {
                let message = "the log-likelihood is one number, so say how many rows it sums with observations(..)";
                return Err(Error::value("model", message));
            }
            _ => {
                let message =
                    format!("the log-likelihood has shape {}; give a number for each row, or their sum", first.dims());
                return Err(Error::shape("model", message));
            }
        };
        let problem = Problem {
            model: self.name.clone(),
            parameters,
            composites: &composites,
            rows: &rows,
            weights: self.weights.clone(),
            total,
            xp: xp.clone(),
        };
        problem.solve(&self.wanted)
    }
}
