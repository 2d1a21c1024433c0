//! Distributions of one number: density, distribution function, quantiles, draws, moments, and fits.
//!
//! A family is a row of functions; parameters are named and meant as in R, with the location of positive families at 0 unless
//! it is freed. [`Mixture`] mixes laws; [`MultivariateNormal`], [`Dirichlet`], [`Multinomial`] and [`Categorical`] are of
//! several numbers or of names.

mod bounded;
mod categories;
mod counts;
mod data;
pub(crate) mod described;
mod dirichlet;
mod family;
mod fitting;
mod law;
mod location;
mod mixture;
mod multivariate_normal;
mod normal_mixture;
mod orthants;
mod positive;
mod sample;
mod symmetric;
pub(crate) mod tails;
mod vector;

pub use categories::{Categorical, Multinomial};
pub(crate) use counts::{NEGATIVE_BINOMIAL, ZERO_INFLATED_POISSON};
pub use data::Censoring;
pub use dirichlet::Dirichlet;
pub use family::{Parameter, Support};
pub use fitting::Fitting;
pub use law::Law;
pub use mixture::Mixture;
pub use multivariate_normal::MultivariateNormal;
pub use normal_mixture::NormalMixture;
pub use vector::{VectorLaw, VectorSupport};

use array_api::{Array, Error, Result};

use crate::fit::Fit;
use family::Family;

/// All families, in alphabetical order.
static FAMILIES: &[&Family] = &[
    &counts::BERNOULLI,
    &bounded::BETA,
    &counts::BINOMIAL,
    &positive::BURR12,
    &symmetric::CAUCHY,
    &positive::CHI_SQUARED,
    &positive::EXPONENTIAL,
    &positive::F,
    &positive::GAMMA,
    &counts::GEOMETRIC,
    &symmetric::GUMBEL,
    &positive::HALF_CAUCHY,
    &positive::HALF_NORMAL,
    &positive::INVERSE_GAMMA,
    &positive::INVERSE_GAUSSIAN,
    &symmetric::LAPLACE,
    &positive::LOG_LOGISTIC,
    &symmetric::LOGISTIC,
    &positive::LOGNORMAL,
    &counts::NEGATIVE_BINOMIAL,
    &symmetric::NORMAL,
    &positive::PARETO,
    &counts::POISSON,
    &positive::RAYLEIGH,
    &symmetric::STUDENT_T,
    &bounded::TRIANGULAR,
    &bounded::UNIFORM,
    &symmetric::VON_MISES,
    &positive::WEIBULL,
    &counts::ZERO_INFLATED_POISSON,
];

/// A family of distributions.
///
/// ```
/// use mle::distribution::Distribution;
/// # let xp = array_ndarray::namespace();
/// let gamma = Distribution::named("gamma")?;
/// assert_eq!(gamma.to_string(), "gamma(shape, rate)");
/// let fit = gamma.fit(&xp.asarray([0.4, 1.1, 2.7, 0.9, 1.6, 3.1])?)?;
/// assert!(fit.status.is_converged());
/// // A gamma's maximum has the mean of the data.
/// let [shape, rate] = fit.estimates()[..] else { unreachable!("two parameters") };
/// assert!((shape / rate - 9.8 / 6.0).abs() < 1e-9);
/// # Ok::<(), array_api::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Distribution {
    family: &'static Family,
}

impl Distribution {
    /// The family of this name.
    ///
    /// # Errors
    /// For other names, with those that exist.
    pub fn named(name: &str) -> Result<Distribution> {
        match FAMILIES.iter().find(|f| f.name == name) {
            Some(family) => Ok(Distribution { family }),
            None => {
                let known: Vec<_> = FAMILIES.iter().map(|f| f.name).collect();
                Err(Error::value("distribution", format!("there is no `{name}`; there are {}", known.join(", "))))
            }
        }
    }

    /// All families.
    pub fn all() -> impl Iterator<Item = Distribution> {
        FAMILIES.iter().map(|family| Distribution { family })
    }

    /// The name.
    pub fn name(&self) -> &'static str {
        self.family.name
    }

    /// The parameters, in order.
    pub fn parameters(&self) -> &'static [Parameter] {
        self.family.parameters
    }

    /// The distribution with these parameters.
    ///
    /// # Errors
    /// For another number of parameters, or one outside its range.
    pub fn with(&self, parameters: &[f64]) -> Result<Law> {
        Law::new(self.family, parameters)
    }

    /// Fits the parameters to a vector of values by maximum likelihood; [`fitting`](Distribution::fitting) has options.
    ///
    /// # Errors
    /// For values that are not finite or that no member of the family takes, and for values that are all the same where the
    /// likelihood has no bound then.
    pub fn fit(&self, values: &Array) -> Result<Fit> {
        self.fitting().fit(values)
    }

    /// A fit with options: weights, censoring, truncation, fixed parameters, priors, kinds of intervals.
    pub fn fitting(&self) -> Fitting {
        Fitting::new(self.family)
    }
}

impl std::fmt::Display for Distribution {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.family.signature())
    }
}

impl std::fmt::Debug for Distribution {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}
