//! What a family of distributions is: a row of functions.

use array_api::{Array, Result};

use super::sample::Sample;
use crate::transform::Range;

/// A parameter of a family.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Its range.
    pub range: Range,
    /// Whether it has to be given: a binomial's number of trials.
    pub given: bool,
}

pub(crate) const fn real(name: &'static str) -> Parameter {
    Parameter { name, range: Range::Real, given: false }
}

pub(crate) const fn positive(name: &'static str) -> Parameter {
    Parameter { name, range: Range::POSITIVE, given: false }
}

pub(crate) const fn probability(name: &'static str) -> Parameter {
    Parameter { name, range: Range::UNIT, given: false }
}

/// What values a distribution takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Support {
    /// The lower end.
    pub lower: f64,
    /// The upper end.
    pub upper: f64,
    /// Whether the ends themselves have a density or a probability.
    pub closed: bool,
    /// Whether values are integers.
    pub integer: bool,
}

pub(crate) const fn open(lower: f64, upper: f64) -> Support {
    Support { lower, upper, closed: false, integer: false }
}

pub(crate) const fn closed(lower: f64, upper: f64) -> Support {
    Support { lower, upper, closed: true, integer: false }
}

pub(crate) const fn integers(lower: f64, upper: f64) -> Support {
    Support { lower, upper, closed: true, integer: true }
}

/// A function of values and parameters, which broadcast.
pub(crate) type Of = fn(&Array, &[Array]) -> Result<Array>;

/// An estimate from the data, and the parameters that are given.
pub(crate) type ClosedForm = fn(&Sample, &[f64]) -> Result<Closed>;

/// A family of distributions of one number.
pub(crate) struct Family {
    pub(crate) name: &'static str,
    pub(crate) parameters: &'static [Parameter],
    pub(crate) support: fn(&[f64]) -> Support,
    /// The support of data that some parameters of the family fit.
    pub(crate) data: Support,
    /// Logarithm of the density, or of the probability, inside the support.
    pub(crate) log_prob: Of,
    /// Logarithm of the probability of values up to this one.
    pub(crate) log_cdf: Of,
    /// Logarithm of the probability of larger values.
    pub(crate) log_survival: Of,
    /// The inverse of the distribution function, where it has a form of its own.
    pub(crate) quantile: Option<Of>,
    pub(crate) mean: fn(&[f64]) -> f64,
    pub(crate) variance: fn(&[f64]) -> f64,
    /// Parameters near the estimate.
    pub(crate) start: fn(&Sample) -> Result<Vec<f64>>,
    /// The estimate, where it has a closed form for the data as they are.
    pub(crate) closed: Option<ClosedForm>,
    /// Why the likelihood is not smooth, where it is searched by its values alone.
    pub(crate) corners: Option<&'static str>,
    /// Whether the likelihood has no largest value for values that are all the same.
    pub(crate) needs_spread: bool,
}

/// An estimate in closed form.
pub(crate) struct Closed {
    pub(crate) estimates: Vec<f64>,
    pub(crate) regularity: Regularity,
}

/// What the likelihood is like at a closed form.
pub(crate) enum Regularity {
    /// Smooth: the curvature gives the standard errors.
    Regular,
    /// Smooth, with the log-likelihood and the variances of uncorrelated estimates in closed form too: no pass over the rows
    /// is needed any more.
    Known { log_likelihood: f64, variances: Vec<f64> },
    /// Not smooth: the standard errors, and how they were had.
    Not { std_errors: Vec<Option<f64>>, reason: &'static str },
}

pub(crate) fn regular(estimates: impl Into<Vec<f64>>) -> Result<Closed> {
    Ok(Closed { estimates: estimates.into(), regularity: Regularity::Regular })
}

impl Family {
    /// The name with its parameters, as `gamma(shape, rate)`.
    pub(crate) fn signature(&self) -> String {
        let names: Vec<&str> = self.parameters.iter().map(|p| p.name).collect();
        format!("{}({})", self.name, names.join(", "))
    }
}
