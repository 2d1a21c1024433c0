//! Scores of normal predictions: a mean and a standard deviation for every row.
use super::input::{linspace, mean, normal_rows, probability, rows};
use crate::special::{HALF_LN_TAU, normal_cdf, normal_pdf, normal_quantile};
use array_api::{Error, Result};

/// 1 / sqrt(π).
const INVERSE_SQRT_PI: f64 = std::f64::consts::FRAC_2_SQRT_PI / 2.0;

fn standardised<'a>(truth: &'a [f64], centre: &'a [f64], sd: &'a [f64]) -> impl Iterator<Item = (f64, f64)> + 'a {
    truth.iter().zip(centre).zip(sd).map(|((y, m), s)| ((y - m) / s, *s))
}

/// Mean negative log-likelihood, in nats.
pub fn gaussian_nll(truth: &[f64], centre: &[f64], sd: &[f64]) -> Result<f64> {
    let n = normal_rows("gaussian_nll", truth, centre, sd)?;
    Ok(mean(standardised(truth, centre, sd).map(|(z, s)| 0.5 * z * z + libm::log(s) + HALF_LN_TAU), n))
}

/// Mean continuous ranked probability score, in the unit of the target: Gneiting et al. (2005),
/// `s (z (2 Φ(z) - 1) + 2 φ(z) - 1/sqrt(π))`.
pub fn gaussian_crps(truth: &[f64], centre: &[f64], sd: &[f64]) -> Result<f64> {
    let n = normal_rows("gaussian_crps", truth, centre, sd)?;
    let score = |(z, s): (f64, f64)| s * (z * (2.0 * normal_cdf(z) - 1.0) + 2.0 * normal_pdf(z) - INVERSE_SQRT_PI);
    Ok(mean(standardised(truth, centre, sd).map(score), n))
}

/// Mean check (pinball) loss of predicted quantiles at one probability.
///
/// # Errors
/// Besides the checks of all metrics: a probability outside of (0, 1).
pub fn pinball(truth: &[f64], quantiles: &[f64], p: f64) -> Result<f64> {
    probability("pinball", "p", p)?;
    let n = rows("pinball", &[("truth", truth), ("quantiles", quantiles)])?;
    Ok(mean(truth.iter().zip(quantiles).map(|(y, q)| check(q - y, p)), n))
}

/// The loss of a quantile that is `above` the truth.
fn check(above: f64, p: f64) -> f64 {
    if above >= 0.0 { (1.0 - p) * above } else { -p * above }
}

/// Check loss of the normal quantiles, averaged over `levels` probabilities from 0.01 to 0.99; in the unit of the
/// target. uncertainty-toolbox takes 99 levels.
///
/// # Errors
/// Besides the checks of all metrics: fewer than two levels.
pub fn gaussian_check_score(truth: &[f64], centre: &[f64], sd: &[f64], levels: usize) -> Result<f64> {
    let n = normal_rows("gaussian_check_score", truth, centre, sd)?;
    over_levels("gaussian_check_score", levels, |p| {
        let z = normal_quantile(p);
        mean(truth.iter().zip(centre).zip(sd).map(|((y, m), s)| check(m + s * z - y, p)), n)
    })
}

/// Interval score (Gneiting and Raftery 2007, equation 43) of central normal intervals, averaged over `levels`
/// nominal coverages from 0.01 to 0.99; in the unit of the target. uncertainty-toolbox takes 99 levels.
///
/// # Errors
/// Besides the checks of all metrics: fewer than two levels.
pub fn gaussian_interval_score(truth: &[f64], centre: &[f64], sd: &[f64], levels: usize) -> Result<f64> {
    let n = normal_rows("gaussian_interval_score", truth, centre, sd)?;
    over_levels("gaussian_interval_score", levels, |p| {
        let z = normal_quantile(0.5 + 0.5 * p);
        let score = |((y, m), s): ((&f64, &f64), &f64)| interval_loss(*y, m - s * z, m + s * z, p);
        mean(truth.iter().zip(centre).zip(sd).map(score), n)
    })
}

/// Width, and 2 / (1 - p) times the distance of a truth outside.
pub(super) fn interval_loss(y: f64, lower: f64, upper: f64, p: f64) -> f64 {
    (upper - lower) + 2.0 / (1.0 - p) * ((lower - y).max(0.0) + (y - upper).max(0.0))
}

fn over_levels(operation: &str, levels: usize, score: impl Fn(f64) -> f64) -> Result<f64> {
    if levels < 2 {
        return Err(Error::value(operation, format!("levels is {levels}; at least 2 are needed")));
    }
    Ok(mean(linspace(0.01, 0.99, levels).map(score), levels))
}
