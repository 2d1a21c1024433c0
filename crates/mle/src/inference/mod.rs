//! Inference from a fit: laws of tests, profile likelihood, bootstrap, sandwich.

pub(crate) mod bootstrap;
pub mod laws;
pub(crate) mod profile;
pub(crate) mod sandwich;
