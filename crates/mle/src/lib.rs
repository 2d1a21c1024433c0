//! Maximum likelihood and MAP, written once for any kind of array, with results that say what happened.

mod columns;
pub mod differentiate;
pub mod distribution;
mod doubled;
mod fit;
pub mod formula;
pub mod glm;
pub mod inference;
mod judge;
pub mod linear;
pub mod matrix;
mod moments;
pub mod nonlinear;
pub mod optimize;
mod problem;
mod status;
mod summary;
pub mod transform;

pub use columns::Columns;
pub use fit::{Estimate, Fit, Interval, IntervalMethod, StandardErrors};
pub use glm::Table;
pub use moments::{Moments, moments};
pub use problem::Scale;
pub use status::Status;
