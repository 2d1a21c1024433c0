//! A set of members as the prediction: quantiles, intervals and the ranked probability score.
//!
//! Members' values are one slice in C order of shape (members, rows), as predictions come from an ensemble.
use super::Intervals;
use super::input::{finite, mean, member_rows, probability, rows};
use array_api::{Error, Result};

/// The quantile of values at `p` in [0, 1], linear between order statistics (Hyndman and Fan's type 7, NumPy's
/// default).
///
/// ```
/// assert_eq!(ensemble::metrics::quantile(&[4.0, 1.0, 3.0, 2.0], 0.25)?, 1.75);
/// # Ok::<(), array_api::Error>(())
/// ```
///
/// # Errors
/// No values, values that are not finite, or `p` outside of [0, 1].
pub fn quantile(values: &[f64], p: f64) -> Result<f64> {
    if values.is_empty() {
        return Err(Error::shape("quantile", "there are no values; the quantile needs at least one"));
    }
    finite("quantile", "values", values)?;
    if !(0.0..=1.0).contains(&p) {
        return Err(Error::value("quantile", format!("p is {p}; it must be in [0, 1]")));
    }
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    Ok(of_sorted(&sorted, p))
}

fn of_sorted(sorted: &[f64], p: f64) -> f64 {
    let place = p * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}

/// The members' values of one row, sorted.
fn sorted_row(values: &[f64], n: usize, row: usize, out: &mut Vec<f64>) {
    out.clear();
    out.extend(values[row..].iter().step_by(n));
    out.sort_unstable_by(f64::total_cmp);
}

/// For every row the interval between the members' quantiles at `(1 - level)/2` and `(1 + level)/2`.
///
/// It holds what the members vary in: with members that predict means, that is the epistemic part only.
///
/// # Errors
/// Values that are not (members, rows) or not finite; a level outside of (0, 1).
pub fn quantile_intervals(values: &[f64], members: usize, level: f64) -> Result<Intervals> {
    let n = member_rows("quantile_intervals", values, members)?;
    probability("quantile_intervals", "level", level)?;
    let mut sorted = Vec::with_capacity(members);
    let mut intervals = Intervals::default();
    for row in 0..n {
        sorted_row(values, n, row, &mut sorted);
        intervals.lower.push(of_sorted(&sorted, 0.5 - 0.5 * level));
        intervals.upper.push(of_sorted(&sorted, 0.5 + 0.5 * level));
    }
    Ok(intervals)
}

/// Mean continuous ranked probability score of the members' empirical distribution, exactly:
/// `E|X - y| - E|X - X'|/2` with both expectations over all members, as in properscoring; in the unit of the target.
///
/// O(members log members) for a row: the mean difference follows from the order statistics.
///
/// # Errors
/// Values that are not (members, rows) or not finite, or another number of truths than rows.
pub fn ensemble_crps(truth: &[f64], values: &[f64], members: usize) -> Result<f64> {
    let n = member_rows("ensemble_crps", values, members)?;
    rows("ensemble_crps", &[("truth", truth), ("values of a member", &values[..n])])?;
    let k = members as f64;
    let mut sorted = Vec::with_capacity(members);
    let score = |row: usize| {
        sorted_row(values, n, row, &mut sorted);
        let distance: f64 = sorted.iter().map(|x| (x - truth[row]).abs()).sum();
        let spread: f64 = sorted.iter().enumerate().map(|(i, x)| (2.0 * i as f64 + 1.0 - k) * x).sum();
        distance / k - spread / (k * k)
    };
    Ok(mean((0..n).map(score), n))
}
