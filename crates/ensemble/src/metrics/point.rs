//! Errors of point predictions.
use super::input::{mean, rows};
use array_api::{Error, Result};

fn errors<'a>(truth: &'a [f64], predicted: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
    truth.iter().zip(predicted).map(|(y, p)| y - p)
}

fn checked(operation: &str, truth: &[f64], predicted: &[f64]) -> Result<usize> {
    rows(operation, &[("truth", truth), ("predicted", predicted)])
}

/// Root of the mean squared error, in the unit of the target.
///
/// ```
/// assert_eq!(ensemble::metrics::rmse(&[1.0, 2.0], &[4.0, -1.0])?, 3.0);
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn rmse(truth: &[f64], predicted: &[f64]) -> Result<f64> {
    let n = checked("rmse", truth, predicted)?;
    Ok(mean(errors(truth, predicted).map(|e| e * e), n).sqrt())
}

/// Mean absolute error, in the unit of the target.
pub fn mae(truth: &[f64], predicted: &[f64]) -> Result<f64> {
    let n = checked("mae", truth, predicted)?;
    Ok(mean(errors(truth, predicted).map(f64::abs), n))
}

/// Median absolute error, in the unit of the target.
pub fn mdae(truth: &[f64], predicted: &[f64]) -> Result<f64> {
    checked("mdae", truth, predicted)?;
    let absolute: Vec<f64> = errors(truth, predicted).map(f64::abs).collect();
    super::quantile(&absolute, 0.5)
}

/// Mean absolute relative percent difference: the mean of `200 |y - p| / (|y| + |p|)`.
///
/// # Errors
/// Besides the checks of all metrics: a row where truth and prediction are both 0, for which it is not defined.
pub fn marpd(truth: &[f64], predicted: &[f64]) -> Result<f64> {
    let n = checked("marpd", truth, predicted)?;
    if let Some(row) = truth.iter().zip(predicted).position(|(y, p)| *y == 0.0 && *p == 0.0) {
        let message = format!("row {row} has truth and prediction 0, where the relative difference is not defined");
        return Err(Error::value("marpd", message));
    }
    let relative = truth.iter().zip(predicted).map(|(y, p)| (y - p).abs() / (y.abs() + p.abs()));
    Ok(200.0 * mean(relative, n))
}

/// Coefficient of determination: 1 less the ratio of squared errors to squared deviations of the truth.
///
/// # Errors
/// Besides the checks of all metrics: a truth that does not vary.
pub fn r2(truth: &[f64], predicted: &[f64]) -> Result<f64> {
    let n = checked("r2", truth, predicted)?;
    let centre = mean(truth.iter().copied(), n);
    let total: f64 = truth.iter().map(|y| (y - centre) * (y - centre)).sum();
    varies("r2", "truth", total)?;
    Ok(1.0 - errors(truth, predicted).map(|e| e * e).sum::<f64>() / total)
}

/// Pearson's correlation of truth and prediction.
///
/// # Errors
/// Besides the checks of all metrics: a truth or a prediction that does not vary.
pub fn correlation(truth: &[f64], predicted: &[f64]) -> Result<f64> {
    let n = checked("correlation", truth, predicted)?;
    let (my, mp) = (mean(truth.iter().copied(), n), mean(predicted.iter().copied(), n));
    let (mut yy, mut pp, mut yp) = (0.0, 0.0, 0.0);
    for (y, p) in truth.iter().zip(predicted) {
        let (dy, dp) = (y - my, p - mp);
        yy += dy * dy;
        pp += dp * dp;
        yp += dy * dp;
    }
    varies("correlation", "truth", yy)?;
    varies("correlation", "predicted", pp)?;
    Ok((yp / (yy.sqrt() * pp.sqrt())).clamp(-1.0, 1.0))
}

fn varies(operation: &str, name: &str, squares: f64) -> Result<()> {
    if squares > 0.0 {
        return Ok(());
    }
    Err(Error::value(operation, format!("{name} has the same value in every row, so the metric is not defined")))
}
