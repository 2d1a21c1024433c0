//! Maximum likelihood and MAP, written once for any kind of array, with results that say what happened.

mod columns;
pub mod differentiate;
mod doubled;
mod fit;
pub mod formula;
pub mod inference;
pub mod linear;
pub mod matrix;
mod moments;
pub mod nonlinear;
pub mod optimize;
mod status;
mod summary;

pub use columns::Columns;
pub use fit::{Estimate, Fit, Interval, IntervalMethod, StandardErrors};
pub use moments::{Moments, moments};
pub use status::Status;
