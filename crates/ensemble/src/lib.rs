//! ensemble
pub mod conformal;
pub mod metrics;
pub mod special;
