//! Maximum likelihood and posterior modes, written once for any kind of array, with results that say what happened.
//!
//! - [`distribution`]: families of one number, with weights, censoring, truncation, priors and free locations; mixtures and laws
//!   of vectors.
//! - [`linear`] and [`nonlinear`]: least squares, to the digits that NIST certifies.
//! - [`glm`]: generalised linear models by formula.
//! - [`regression`] and [`multinomial`]: beta, negative binomial, zero-inflated and multinomial regression.
//! - [`mixed`]: linear regression with random intercepts and slopes.
//! - [`penalized`]: ridge, lasso and elastic net.
//! - [`Model`]: a log-likelihood of your own, whose parameters may be shares ([`composite`]), correlations and covariances.
//!
//! Sums over rows run where the data live; what comes to the host has a row per parameter. Derivatives are exact, by
//! `array-transforms`, except where a result says that they are finite differences: those of incomplete gamma and beta
//! functions by their parameters, which censored gamma and beta fits need.
//!
//! Every fit is a [`Fit`]: a [`Status`], how the maximum was found, estimates with standard errors (or the reason why there
//! are none), intervals, information criteria, and how near the maximum is.
//!
//! ```
//! use mle::distribution::Distribution;
//! # let xp = array_ndarray::namespace();
//! let lifetimes = xp.asarray([1.2, 0.7, 3.1, 2.2, 1.9, 0.4, 2.8, 1.5])?;
//! let fit = Distribution::named("weibull")?.fit(&lifetimes)?;
//! assert!(fit.status.is_converged());
//! println!("{fit}");
//! # Ok::<(), array_api::Error>(())
//! ```

mod columns;
pub mod composite;
pub mod differentiate;
pub mod distribution;
mod doubled;
mod elsewhere;
mod fit;
pub mod formula;
pub mod glm;
pub mod inference;
mod judge;
pub mod linear;
pub mod matrix;
pub mod mixed;
mod model;
mod moments;
pub mod multinomial;
pub mod nonlinear;
pub mod optimize;
pub mod penalized;
mod problem;
pub mod regression;
mod status;
mod summary;
pub mod transform;

pub use columns::Columns;
pub use elsewhere::{FIT, fit_piece};
pub use fit::{Estimate, Fit, Interval, IntervalMethod, StandardErrors};
pub use glm::Table;
pub use model::{Model, Parameters};
pub use moments::{Moments, moments};
pub use problem::Scale;
pub use status::Status;
