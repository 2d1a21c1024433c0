//! ensemble
pub mod conformal;
pub mod metrics;
pub mod network;
pub mod optimizer;
pub mod special;
