//! Links: from the mean to the linear predictor.

use array_api::{
    Array, Result, clip, exp, expm1, less, log, log1p, negative, pow, reciprocal, sigmoid, sqrt, square, where_,
};

use crate::distribution::tails::{HALF_LN_TAU, log_normal_cdf};
use crate::glm::family::Family;
use crate::inference::laws::normal_quantiles;

/// A link `eta = g(mu)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// `mu`.
    Identity,
    /// `log(mu)`.
    Log,
    /// `log(mu / (1 - mu))`.
    Logit,
    /// The standard normal's quantile.
    Probit,
    /// `log(-log(1 - mu))`.
    Cloglog,
    /// `1 / mu`.
    Inverse,
    /// `1 / mu^2`.
    InverseSquared,
    /// `sqrt(mu)`.
    Sqrt,
}

impl Link {
    /// All links by their names.
    pub const NAMES: [(&'static str, Link); 8] = [
        ("identity", Link::Identity),
        ("log", Link::Log),
        ("logit", Link::Logit),
        ("probit", Link::Probit),
        ("cloglog", Link::Cloglog),
        ("inverse", Link::Inverse),
        ("inverse_squared", Link::InverseSquared),
        ("sqrt", Link::Sqrt),
    ];

    /// The name.
    pub fn name(self) -> &'static str {
        Link::NAMES.iter().find(|(_, link)| *link == self).map_or("", |(name, _)| name)
    }

    /// The linear predictor of a mean.
    pub(crate) fn of(self, mu: &Array) -> Result<Array> {
        match self {
            Link::Identity => Ok(mu.clone()),
            Link::Log => log(mu),
            Link::Logit => (log(mu)? - log1p(negative(mu)?)?).ok(),
            Link::Probit => probit(mu),
            Link::Cloglog => log(negative(log1p(negative(mu)?)?)?),
            Link::Inverse => reciprocal(mu),
            Link::InverseSquared => reciprocal(square(mu)?),
            Link::Sqrt => sqrt(mu),
        }
    }

    /// The mean and its derivative at a linear predictor.
    pub(crate) fn inverse(self, eta: &Array) -> Result<(Array, Array)> {
        Ok(match self {
            Link::Identity => (eta.clone(), array_api::ones_like(eta, ..)?),
            Link::Log => {
                let mu = exp(clip(eta, -700.0, 700.0)?)?;
                (mu.clone(), mu)
            }
            Link::Logit => {
                let mu = inside(sigmoid(eta)?)?;
                let slope = (&mu * (1.0 - &mu)).ok()?;
                (mu, slope)
            }
            Link::Probit => {
                let density = exp((square(eta)? * -0.5 - HALF_LN_TAU).ok()?)?;
                (inside(exp(log_normal_cdf(eta)?)?)?, array_api::maximum(density, f64::MIN_POSITIVE)?)
            }
            Link::Cloglog => {
                let eta = clip(eta, -700.0, 6.0)?;
                let rate = exp(&eta)?;
                let slope = (&rate * exp(negative(&rate)?)?).ok()?;
                (inside(negative(expm1(negative(rate)?)?)?)?, array_api::maximum(slope, f64::MIN_POSITIVE)?)
            }
            Link::Inverse => (reciprocal(eta)?, negative(reciprocal(square(eta)?)?)?),
            Link::InverseSquared => {
                let mu = reciprocal(sqrt(eta)?)?;
                (mu, (pow(eta, -1.5)? * -0.5).ok()?)
            }
            Link::Sqrt => (square(eta)?, (eta * 2.0).ok()?),
        })
    }

    /// The mean's second derivative at a linear predictor, where the mean and its first one are known.
    pub(crate) fn second_derivative(self, eta: &Array, mu: &Array, slope: &Array) -> Result<Array> {
        match self {
            Link::Identity => array_api::zeros_like(eta, ..),
            Link::Log => Ok(mu.clone()),
            Link::Logit => (slope * (1.0 - mu * 2.0)).ok(),
            Link::Probit => negative((eta * slope).ok()?),
            Link::Cloglog => (slope * (1.0 - exp(clip(eta, -700.0, 6.0)?)?)).ok(),
            Link::Inverse => (pow(mu, 3.0)? * 2.0).ok(),
            Link::InverseSquared => (pow(eta, -2.5)? * 0.75).ok(),
            Link::Sqrt => array_api::full_like(eta, 2.0),
        }
    }

    /// Whether the link's slope is the family's variance itself.
    pub(crate) fn is_natural(self, family: &Family) -> bool {
        matches!(
            (family, self),
            (Family::Gaussian, Link::Identity) | (Family::Binomial, Link::Logit) | (Family::Poisson, Link::Log)
        )
    }

    /// Whether the score's derivative is its expectation, so that observed and expected information are the same.
    pub(crate) fn is_canonical(self, family: &Family) -> bool {
        matches!(
            (family, self),
            (Family::Gaussian, Link::Identity)
                | (Family::Binomial, Link::Logit)
                | (Family::Poisson, Link::Log)
                | (Family::Gamma, Link::Inverse)
                | (Family::InverseGaussian, Link::InverseSquared)
        )
    }
}

impl std::str::FromStr for Link {
    type Err = array_api::Error;
    fn from_str(s: &str) -> Result<Link> {
        let known = || Link::NAMES.map(|(name, _)| name).join(", ");
        let found = Link::NAMES.iter().find(|(name, _)| *name == s).map(|(_, link)| *link);
        found.ok_or_else(|| array_api::Error::value("link", format!("there is no link `{s}`; there are {}", known())))
    }
}

/// Probabilities away from 0 and 1 by less than they can be told from them, so that weights stay positive.
fn inside(mu: Array) -> Result<Array> {
    clip(mu, f64::EPSILON, 1.0 - f64::EPSILON)
}

/// The quantile of the standard normal.
fn probit(p: &Array) -> Result<Array> {
    let lower = less(p, 0.5)?;
    let z = normal_quantiles(&log(where_(&lower, p, (1.0 - p).ok()?)?)?)?;
    where_(lower, &z, negative(&z)?)
}
