//! Optimisers. All minimise, in parameters without bounds unless said otherwise, and report why they stopped.

mod bfgs;
mod levenberg_marquardt;
mod multi_start;
mod nelder_mead;
mod newton;

pub use bfgs::{bfgs, lbfgs};
pub use levenberg_marquardt::{LeastSquaresOptimum, Residuals, levenberg_marquardt};
pub use multi_start::{Best, best_of, multi_start};
pub use nelder_mead::nelder_mead;
pub use newton::{Newton, newton};

use serde::{Deserialize, Serialize};

/// Why an optimiser stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stop {
    /// The gradient vanishes, up to rounding.
    Converged,
    /// No smaller step improves the value, although the gradient does not vanish.
    Stalled,
    /// The iterations ended first.
    IterationLimit,
    /// The function is not finite at the start.
    Undefined,
}

/// Limits of an optimiser.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// The most iterations.
    pub iterations: usize,
    /// The distance from the optimum, in units of the quadratic's own curvature, that counts as arrived:
    /// `sqrt(g' H^-1 g)`, which is in standard errors where the function is a negative log-likelihood.
    pub tolerance: f64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { iterations: 500, tolerance: 1e-7 }
    }
}

/// Where an optimiser stopped.
#[derive(Clone, Debug)]
pub struct Optimum {
    /// The point.
    pub point: Vec<f64>,
    /// The function's value there.
    pub value: f64,
    /// Its gradient there.
    pub gradient: Vec<f64>,
    /// The iterations that were made.
    pub iterations: usize,
    /// Why it stopped.
    pub stop: Stop,
}
