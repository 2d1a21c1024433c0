//! Inference from a fit: tests and their laws, Laplace's approximation, profile likelihood, bootstrap, sandwich, residuals.

pub(crate) mod bootstrap;
pub(crate) mod chebyshev;
mod hypothesis;
mod laplace;
pub mod laws;
pub(crate) mod profile;
pub(crate) mod residuals;
pub(crate) mod sandwich;
mod uncertainty;

pub use hypothesis::{TestResult, anderson_darling, kolmogorov_smirnov, likelihood_ratio};
pub use laplace::Laplace;
pub use residuals::{probability_integral, quantile_pairs, quantile_residuals};
