//! Mathematical functions in a form that vectorises: no branches, no calls, no tables.
//!
//! Every function is arithmetic in a fixed order, so an element has the same bits in vector body and tail. Multiplication and
//! addition are fused where the processor can ([`arithmetic`]): all that can have the same bits, which are x86-64 since 2013
//! and every AArch64; the others differ by an ulp or so. Largest errors are measured in `tests/math.rs`.

pub(crate) mod arcsine;
pub(crate) mod arctangent;
pub(crate) mod area;
pub(crate) mod arithmetic;
mod beta_tail;
pub(crate) mod circular;
pub(crate) mod complex;
pub(crate) mod division;
pub(crate) mod error_function;
mod exponential;
pub(crate) mod gamma;
pub(crate) mod half_turns;
pub(crate) mod hyperbolic;
pub(crate) mod hypotenuse;
pub(crate) mod incomplete_beta;
pub(crate) mod incomplete_gamma;
pub(crate) mod logarithm;
pub(crate) mod normal;
pub(crate) mod plane;
pub(crate) mod power;
pub(crate) mod root;
pub(crate) mod scalar;
mod stirling;
pub(crate) mod tangent;

pub(crate) use exponential::{f32, f64};
