//! Mathematical functions in a form that vectorises: no branches, no calls, no tables.
//!
//! Every function is plain arithmetic in a fixed order without fused operations, so an element has the same bits at each
//! SIMD level, on each machine, and in vector body and tail alike. Largest errors are measured in `tests/math.rs`.

pub(crate) mod arctangent;
pub(crate) mod circular;
pub(crate) mod complex;
mod exponential;
pub(crate) mod gamma;
pub(crate) mod half_turns;
pub(crate) mod incomplete_beta;
pub(crate) mod incomplete_gamma;
pub(crate) mod power;
pub(crate) mod scalar;
mod stirling;

pub(crate) use exponential::{f32, f64};
