//! Inference from a fit: tests, laws of tests, profile likelihood, bootstrap, sandwich.

pub(crate) mod bootstrap;
mod hypothesis;
pub mod laws;
pub(crate) mod profile;
pub(crate) mod sandwich;

pub use hypothesis::{TestResult, anderson_darling, kolmogorov_smirnov, likelihood_ratio};
