//! Models of one's own: a log-likelihood as a function of named parameters.

use array_api::{Array, Error, Namespace, Result};

use crate::distribution::Law;
use crate::fit::{Fit, IntervalMethod, StandardErrors};
use crate::optimize::Limits;
use crate::problem::{Free, Problem, Scale, Wanted, check};
use crate::transform::Range;

/// Parameters by name, as a log-likelihood sees them: arrays without axes.
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
pub struct Model<F> {
    name: String,
    log_likelihood: F,
    parameters: Vec<Free>,
    weights: Option<Array>,
    observations: Option<f64>,
    wanted: Wanted,
}

impl<F: Fn(&Parameters<'_>) -> Result<Array>> Model<F> {
    /// A model without parameters yet.
    pub fn new(name: &str, log_likelihood: F) -> Model<F> {
        let (parameters, weights, observations) = (vec![], None, None);
        Model { name: name.to_string(), log_likelihood, parameters, weights, observations, wanted: Wanted::default() }
    }

    /// Adds a parameter: its range, and where to start.
    pub fn parameter(mut self, name: &str, range: Range, start: f64) -> Model<F> {
        self.parameters.push(Free { name: name.to_string(), range, start, prior: None });
        self
    }

    /// Adds a parameter with a prior: the fit is then the mode of the posterior density.
    pub fn parameter_with_prior(mut self, name: &str, range: Range, start: f64, prior: Law) -> Model<F> {
        self.parameters.push(Free { name: name.to_string(), range, start, prior: Some(prior) });
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
        let names: Vec<String> = self.parameters.iter().map(|p| p.name.clone()).collect();
        if names.is_empty() {
            return Err(Error::value("model", format!("`{}` has no parameters", self.name)));
        }
        for (i, p) in self.parameters.iter().enumerate() {
            if names[..i].contains(&p.name) {
                return Err(Error::value("model", format!("there are two parameters `{}`", p.name)));
            }
            if !p.range.contains(p.start) {
                let message = format!("`{}` starts at {}, outside its range {}", p.name, p.start, p.range);
                return Err(Error::value("model", message));
            }
        }
        let rows = |values: &[Array]| (self.log_likelihood)(&Parameters { names: &names, values });
        let start = self.parameters.iter().map(|p| xp.asarray(p.start)).collect::<Result<Vec<_>>>()?;
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
            parameters: self.parameters.clone(),
            rows: &rows,
            weights: self.weights.clone(),
            total,
            xp: xp.clone(),
        };
        problem.solve(&self.wanted)
    }
}
