//! Inference from a fit.

pub mod laws;
