//! Does a nominal probability hold what it says: calibration of normal predictions.
use super::input::{linspace, mean, normal_rows, positive, rows};
use crate::special::normal_quantile;
use array_api::{Error, Result};

/// Expected and observed proportions of truths inside of central intervals.
#[derive(Clone, PartialEq, Debug)]
pub struct CalibrationCurve {
    /// Nominal coverages, from 0 to 1, evenly spaced.
    pub expected: Vec<f64>,
    /// Fraction of rows inside the interval of each nominal coverage.
    pub observed: Vec<f64>,
}

/// The calibration curve of normal predictions at `points` nominal coverages; uncertainty-toolbox takes 100.
///
/// # Errors
/// Besides the checks of all metrics: fewer than two points.
pub fn calibration_curve(truth: &[f64], mean: &[f64], sd: &[f64], points: usize) -> Result<CalibrationCurve> {
    let n = normal_rows("calibration_curve", truth, mean, sd)?;
    if points < 2 {
        return Err(Error::value("calibration_curve", format!("points is {points}; at least 2 are needed")));
    }
    let mut distances: Vec<f64> = truth.iter().zip(mean).zip(sd).map(|((y, m), s)| ((m - y) / s).abs()).collect();
    distances.sort_unstable_by(f64::total_cmp);
    let expected: Vec<f64> = linspace(0.0, 1.0, points).collect();
    let inside = |p: &f64| {
        let z = normal_quantile(0.5 + 0.5 * p);
        distances.partition_point(|&d| d <= z) as f64 / n as f64
    };
    let observed = expected.iter().map(inside).collect();
    Ok(CalibrationCurve { expected, observed })
}

impl CalibrationCurve {
    fn differences(&self) -> impl Iterator<Item = f64> {
        self.expected.iter().zip(&self.observed).map(|(e, o)| o - e)
    }

    /// Root of the mean squared difference of observed and expected proportions.
    pub fn rms_error(&self) -> f64 {
        mean(self.differences().map(|d| d * d), self.expected.len()).sqrt()
    }

    /// Mean absolute difference of observed and expected proportions.
    pub fn mean_absolute_error(&self) -> f64 {
        mean(self.differences().map(f64::abs), self.expected.len())
    }

    /// Area between the curve, taken as straight pieces, and the diagonal.
    pub fn miscalibration_area(&self) -> f64 {
        let differences: Vec<f64> = self.differences().collect();
        let piece = |(ends, p): (&[f64], &[f64])| {
            let (left, right, width) = (ends[0], ends[1], p[1] - p[0]);
            if left * right < 0.0 {
                // Two triangles on either side of the crossing.
                0.5 * width * (left * left + right * right) / (left.abs() + right.abs())
            } else {
                0.5 * width * (left + right).abs()
            }
        };
        differences.windows(2).zip(self.expected.windows(2)).map(piece).sum()
    }
}

/// Root mean square of the predicted standard deviations, in the unit of the target. It says how confident
/// predictions are, not whether they are right.
pub fn sharpness(sd: &[f64]) -> Result<f64> {
    let n = rows("sharpness", &[("sd", sd)])?;
    positive("sharpness", "sd", sd)?;
    Ok(mean(sd.iter().map(|s| s * s), n).sqrt())
}

/// Expected normalised calibration error (Levi et al. 2019): rows sorted by sd (ties in their order) and cut into
/// `bins` of equal count (the first `rows % bins` hold one more); the mean over bins of
/// `|RMV - RMSE| / RMV`, with RMV the root of the bin's mean variance.
///
/// # Errors
/// Besides the checks of all metrics: no bins, or more than rows.
pub fn ence(truth: &[f64], centre: &[f64], sd: &[f64], bins: usize) -> Result<f64> {
    let n = normal_rows("ence", truth, centre, sd)?;
    if bins == 0 || bins > n {
        return Err(Error::value("ence", format!("bins is {bins}; it must be from 1 to the number of rows, {n}")));
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| sd[a].total_cmp(&sd[b]));
    let mut left = order.as_slice();
    let mut sum = 0.0;
    for bin in 0..bins {
        let (members, rest) = left.split_at(n / bins + usize::from(bin < n % bins));
        left = rest;
        let root = |value: &dyn Fn(usize) -> f64| mean(members.iter().map(|&i| value(i).powi(2)), members.len()).sqrt();
        let rmv = root(&|i| sd[i]);
        let rmse = root(&|i| truth[i] - centre[i]);
        sum += (rmv - rmse).abs() / rmv;
    }
    Ok(sum / bins as f64)
}
