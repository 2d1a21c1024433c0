//! Families of responses: how the variance hangs on the mean, deviances and densities.

use array_api::{Array, Error, Result, equal, less, lgamma, log, log1p, logical_or, multiply, square, where_};
use std::f64::consts::PI;

use crate::columns;
use crate::glm::link::Link;

/// The family of the response.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Normal with one variance.
    Gaussian,
    /// Shares of successes; the weights are the numbers of trials.
    Binomial,
    /// Counts whose variance is the mean.
    Poisson,
    /// Positive with variance proportional to the mean's square.
    Gamma,
    /// Positive with variance proportional to the mean's cube.
    InverseGaussian,
    /// Counts with variance `mu + mu^2 / theta` (NB2); `theta` is estimated where it is not given.
    NegativeBinomial {
        /// R's `theta`: the smaller, the wider the counts spread.
        theta: Option<f64>,
    },
}

impl Family {
    /// The family of this name.
    ///
    /// # Errors
    /// For other names.
    pub fn named(name: &str) -> Result<Family> {
        Ok(match name {
            "gaussian" => Family::Gaussian,
            "binomial" => Family::Binomial,
            "poisson" => Family::Poisson,
            "gamma" => Family::Gamma,
            "inverse_gaussian" => Family::InverseGaussian,
            "negative_binomial" => Family::NegativeBinomial { theta: None },
            _ => {
                let message = format!(
                    "there is no family `{name}`; there are gaussian, binomial, poisson, gamma, inverse_gaussian, negative_binomial"
                );
                return Err(Error::value("family", message));
            }
        })
    }

    /// The name.
    pub fn name(&self) -> &'static str {
        match self {
            Family::Gaussian => "gaussian",
            Family::Binomial => "binomial",
            Family::Poisson => "poisson",
            Family::Gamma => "gamma",
            Family::InverseGaussian => "inverse_gaussian",
            Family::NegativeBinomial { .. } => "negative_binomial",
        }
    }

    /// The link that is used where none is named.
    pub fn default_link(&self) -> Link {
        match self {
            Family::Gaussian => Link::Identity,
            Family::Binomial => Link::Logit,
            Family::Poisson | Family::NegativeBinomial { .. } => Link::Log,
            Family::Gamma => Link::Inverse,
            Family::InverseGaussian => Link::InverseSquared,
        }
    }

    /// Whether the dispersion is estimated; it is 1 for the others.
    pub fn has_dispersion(&self) -> bool {
        matches!(self, Family::Gaussian | Family::Gamma | Family::InverseGaussian)
    }

    /// The variance, over the dispersion, at a mean.
    pub(crate) fn variance(&self, mu: &Array) -> Result<Array> {
        match *self {
            Family::Gaussian => array_api::ones_like(mu, ..),
            Family::Binomial => (mu * (1.0 - mu)).ok(),
            Family::Poisson => Ok(mu.clone()),
            Family::Gamma => square(mu),
            Family::InverseGaussian => (square(mu)? * mu).ok(),
            Family::NegativeBinomial { theta } => (mu + square(mu)? / theta.unwrap_or(f64::INFINITY)).ok(),
        }
    }

    /// The derivative of the variance by the mean.
    pub(crate) fn variance_slope(&self, mu: &Array) -> Result<Array> {
        match *self {
            Family::Gaussian => array_api::zeros_like(mu, ..),
            Family::Binomial => (1.0 - mu * 2.0).ok(),
            Family::Poisson => array_api::ones_like(mu, ..),
            Family::Gamma => multiply(mu, 2.0),
            Family::InverseGaussian => (square(mu)? * 3.0).ok(),
            Family::NegativeBinomial { theta } => (mu * (2.0 / theta.unwrap_or(f64::INFINITY)) + 1.0).ok(),
        }
    }

    /// Means to start from, which lie inside the family's range for every response.
    pub(crate) fn first_mean(&self, y: &Array, weights: &Array) -> Result<Array> {
        match self {
            Family::Binomial => ((weights * y + 0.5) / (weights + 1.0)).ok(),
            Family::Poisson => (y + 0.1).ok(),
            Family::NegativeBinomial { .. } => (y + 1.0 / 6.0).ok(),
            _ => Ok(y.clone()),
        }
    }

    /// What each row adds to the deviance, over its weight.
    pub(crate) fn unit_deviance(&self, y: &Array, mu: &Array) -> Result<Array> {
        let half = match *self {
            Family::Gaussian => return square((y - mu).ok()?),
            Family::Binomial => (x_log_ratio(y, mu)? + x_log_ratio(&(1.0 - y).ok()?, &(1.0 - mu).ok()?)?).ok()?,
            Family::Poisson => (x_log_ratio(y, mu)? - (y - mu)).ok()?,
            Family::Gamma => ((y - mu) / mu - log((y / mu).ok()?)?).ok()?,
            Family::InverseGaussian => return (square((y - mu).ok()?)? / (square(mu)? * y)).ok(),
            Family::NegativeBinomial { theta } => {
                let theta = theta.unwrap_or(f64::INFINITY);
                (x_log_ratio(y, mu)? - (y + theta) * log1p(((y - mu) / (mu + theta)).ok()?)?).ok()?
            }
        };
        multiply(half, 2.0)
    }

    /// The logarithm of each row's density, at a dispersion; weights divide the dispersion, or count trials.
    pub(crate) fn log_density(&self, y: &Array, mu: &Array, weights: &Array, dispersion: f64) -> Result<Array> {
        match *self {
            Family::Gaussian => {
                let squares = square((y - mu).ok()?)?;
                ((squares * weights / dispersion - log(weights)? + (2.0 * PI * dispersion).ln()) * -0.5).ok()
            }
            Family::Binomial => {
                let (k, rest) = ((weights * y).ok()?, (weights * (1.0 - y)).ok()?);
                let ways =
                    (lgamma((weights + 1.0).ok()?)? - lgamma((&k + 1.0).ok()?)? - lgamma((&rest + 1.0).ok()?)?).ok()?;
                (ways + x_log(&k, mu)? + x_log(&rest, &(1.0 - mu).ok()?)?).ok()
            }
            Family::Poisson => ((x_log(y, mu)? - mu - lgamma((y + 1.0).ok()?)?) * weights).ok(),
            Family::Gamma => {
                let shape = 1.0 / dispersion;
                let constant = shape * shape.ln() - libm::lgamma(shape);
                (((log((y / mu).ok()?)? - y / mu) * shape + constant - log(y)?) * weights).ok()
            }
            Family::InverseGaussian => {
                let squares = (square((y - mu).ok()?)? / (square(mu)? * y)).ok()?;
                ((squares * weights / dispersion - log(weights)? + log(y)? * 3.0 + (2.0 * PI * dispersion).ln()) * -0.5)
                    .ok()
            }
            Family::NegativeBinomial { theta } => {
                let theta = theta.unwrap_or(f64::INFINITY);
                let ways = lgamma((y + theta).ok()?)? - lgamma((y + 1.0).ok()?)? - libm::lgamma(theta);
                let share = x_log(y, &(mu / (mu + theta)).ok()?)? - log1p((mu / theta).ok()?)? * theta;
                ((ways + share) * weights).ok()
            }
        }
    }

    /// Checks that the family takes the responses.
    pub(crate) fn check(&self, name: &str, y: &Array) -> Result<()> {
        let (low, high, what) = match self {
            Family::Gaussian => return Ok(()),
            Family::Binomial => (0.0, 1.0, "between 0 and 1"),
            Family::Poisson | Family::NegativeBinomial { .. } => (0.0, f64::INFINITY, "0 or larger"),
            Family::Gamma | Family::InverseGaussian => (f64::from_bits(1), f64::INFINITY, "positive"),
        };
        // The extremes first: they need no array of conditions.
        if y.min(..)?.item::<f64>()? >= low && y.max(..)?.item::<f64>()? <= high {
            return Ok(());
        }
        let outside = logical_or(less(y, low)?, array_api::greater(y, high)?)?;
        let count = columns::count(&outside)?;
        match count {
            0 => Ok(()),
            _ => {
                let rows = y.size()?;
                let message = format!("{count} of {rows} values of `{name}` are not {what}, as the family asks");
                Err(Error::value(self.name(), message))
            }
        }
    }
}

/// `x log(p)`, zero where `x` is.
fn x_log(x: &Array, p: &Array) -> Result<Array> {
    let none = equal(x, 0.0)?;
    where_(&none, 0.0, multiply(x, log(where_(&none, 1.0, p)?)?)?)
}

/// `x log(x / m)`, zero where `x` is.
fn x_log_ratio(x: &Array, m: &Array) -> Result<Array> {
    let none = equal(x, 0.0)?;
    let ratio = (x / where_(&none, 1.0, m)?).ok()?;
    where_(&none, 0.0, multiply(x, log(where_(&none, 1.0, ratio)?)?)?)
}
