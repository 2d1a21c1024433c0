//! Intervals: coverage, width and score.
use super::gaussian::interval_loss;
use super::input::{mean, positive, probability, rows};
use crate::special::normal_quantile;
use array_api::{Error, Result};

/// An interval for every row, in the unit of the target.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Intervals {
    /// Lower ends.
    pub lower: Vec<f64>,
    /// Upper ends.
    pub upper: Vec<f64>,
}

/// Central intervals of normal predictions with nominal coverage `level`.
///
/// ```
/// let intervals = ensemble::metrics::gaussian_intervals(&[0.0], &[2.0], 0.95)?;
/// assert!((intervals.upper[0] - 3.919927969080108).abs() < 1e-14);
/// # Ok::<(), array_api::Error>(())
/// ```
///
/// # Errors
/// Besides the checks of all metrics: a level outside of (0, 1).
pub fn gaussian_intervals(mean: &[f64], sd: &[f64], level: f64) -> Result<Intervals> {
    rows("gaussian_intervals", &[("mean", mean), ("sd", sd)])?;
    positive("gaussian_intervals", "sd", sd)?;
    probability("gaussian_intervals", "level", level)?;
    let z = normal_quantile(0.5 + 0.5 * level);
    let end = |sign: f64| mean.iter().zip(sd).map(|(m, s)| m + sign * z * s).collect();
    Ok(Intervals { lower: end(-1.0), upper: end(1.0) })
}

fn checked(operation: &str, intervals: &Intervals) -> Result<usize> {
    let Intervals { lower, upper } = intervals;
    let n = rows(operation, &[("lower", lower), ("upper", upper)])?;
    match lower.iter().zip(upper).position(|(l, u)| l > u) {
        None => Ok(n),
        Some(row) => {
            let (l, u) = (lower[row], upper[row]);
            Err(Error::value(operation, format!("interval {row} has its lower end {l} above its upper end {u}")))
        }
    }
}

/// Fraction of rows whose truth lies in its closed interval (prediction interval coverage probability).
pub fn picp(truth: &[f64], intervals: &Intervals) -> Result<f64> {
    checked("picp", intervals)?;
    let Intervals { lower, upper } = intervals;
    let n = rows("picp", &[("truth", truth), ("lower", lower), ("upper", upper)])?;
    let inside = truth.iter().zip(lower).zip(upper).filter(|((y, l), u)| l <= y && y <= u).count();
    Ok(inside as f64 / n as f64)
}

/// Mean width (mean prediction interval width), in the unit of the target.
pub fn mpiw(intervals: &Intervals) -> Result<f64> {
    let n = checked("mpiw", intervals)?;
    Ok(mean(intervals.upper.iter().zip(&intervals.lower).map(|(u, l)| u - l), n))
}

/// Mean interval score at nominal coverage `level`: width, and `2 / (1 - level)` times the distance of a truth
/// outside (Gneiting and Raftery 2007, equation 43); in the unit of the target.
///
/// # Errors
/// Besides the checks of all metrics: a level outside of (0, 1).
pub fn interval_score(truth: &[f64], intervals: &Intervals, level: f64) -> Result<f64> {
    probability("interval_score", "level", level)?;
    checked("interval_score", intervals)?;
    let Intervals { lower, upper } = intervals;
    let n = rows("interval_score", &[("truth", truth), ("lower", lower), ("upper", upper)])?;
    let loss = |((y, l), u): ((&f64, &f64), &f64)| interval_loss(*y, *l, *u, level);
    Ok(mean(truth.iter().zip(lower).zip(upper).map(loss), n))
}
