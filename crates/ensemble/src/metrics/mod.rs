//! Metrics of predictions and of their uncertainty, over plain slices.
//!
//! Every function checks its input and refuses, with a typed error, slices of different lengths, empty slices,
//! values that are not finite, and standard deviations that are not positive. Every loss is oriented so that less is
//! better, and is the mean over rows. Where uncertainty-toolbox (Chung et al. 2021) or properscoring define a
//! metric, the definition here is theirs.
//!
//! | file | metrics |
//! |---|---|
//! | `point` | RMSE, MAE, median absolute error, MARPD, R², correlation |
//! | `gaussian` | NLL, CRPS, check score and interval score of normal predictions |
//! | `empirical` | quantiles, intervals and CRPS of a set of members |
//! | `coverage` | coverage (PICP), mean width (MPIW) and score of given intervals |
//! | `calibration` | calibration curve and its errors, sharpness, ENCE |
//! | `mixture` | members with a mean and a variance each: epistemic and aleatoric parts, NLL, CDF, quantiles |
mod calibration;
mod coverage;
mod empirical;
mod gaussian;
mod input;
mod mixture;
mod point;

pub use calibration::{CalibrationCurve, calibration_curve, ence, sharpness};
pub use coverage::{Intervals, gaussian_intervals, interval_score, mpiw, picp};
pub use empirical::{ensemble_crps, quantile, quantile_intervals};
pub use gaussian::{gaussian_check_score, gaussian_crps, gaussian_interval_score, gaussian_nll, pinball};
pub(crate) use input::{finite, probability, rows};
pub use mixture::Mixture;
pub use point::{correlation, mae, marpd, mdae, r2, rmse};
