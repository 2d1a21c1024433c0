//! Two periods of one series: how their pauses and their hours of day differ.

use array_protocol::prelude::*;
use program::failure::{Outcome, fail};
use serde::Serialize;

use crate::calendar::Calendar;
use crate::clock::{Clock, Period, SECOND};
use crate::gaps::Gaps;
use crate::series::FEWEST;

/// One of the two periods.
pub(crate) struct Part {
    /// Its events.
    pub(crate) clock: Clock,
    /// Their pauses.
    pub(crate) gaps: Gaps,
    /// Their days and hours.
    pub(crate) calendar: Calendar,
}

/// What differs. The p-values are those of independent pauses and events, which those of a person are not: they rank
/// differences, and prove none.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Difference {
    /// Start and end of both periods.
    pub(crate) periods: [[String; 2]; 2],
    /// Events.
    pub(crate) events: [usize; 2],
    /// Events per day.
    pub(crate) per_day: [f64; 2],
    /// Median pause in seconds.
    pub(crate) median_pause: [f64; 2],
    /// Kolmogorov and Smirnov's largest distance between the distributions of pauses.
    pub(crate) pauses_distance: f64,
    /// Its p-value.
    pub(crate) pauses_p: f64,
    /// Pearson's chi-squared of hours of day against period.
    pub(crate) hours_chi_squared: f64,
    /// Its degrees of freedom.
    pub(crate) hours_degrees: usize,
    /// Its p-value.
    pub(crate) hours_p: f64,
}

/// Both periods and what differs.
pub(crate) fn compare(clock: &Clock, periods: [Period; 2]) -> Outcome<([Part; 2], Difference)> {
    let [a, b] = periods.map(|p| part(clock, p));
    let parts = [a?, b?];
    let each = |f: &dyn Fn(&Part) -> Outcome<f64>| -> Outcome<[f64; 2]> { Ok([f(&parts[0])?, f(&parts[1])?]) };
    let distance = largest_distance(&parts[0].gaps.sorted, &parts[1].gaps.sorted)?;
    let (m, n) = (parts[0].gaps.all.size()? as f64, parts[1].gaps.all.size()? as f64);
    let hours = [0, 1].map(|i| parts[i].calendar.per_hour.clone());
    let (chi_squared, degrees, hours_p) = homogeneity(&clock.times.namespace(), hours)?;
    let difference = Difference {
        periods: [0, 1].map(|i| [clock.shown(periods[i].start), clock.shown(periods[i].end)]),
        events: [parts[0].clock.len()?, parts[1].clock.len()?],
        per_day: each(&|p| {
            Ok(p.clock.len()? as f64 / ((p.clock.end - p.clock.start) as f64 / (86_400 * SECOND) as f64))
        })?,
        median_pause: each(&|p| Ok(p.gaps.quantiles(&[0.5])?[0]))?,
        pauses_distance: distance,
        pauses_p: kolmogorov(distance, m * n / (m + n)),
        hours_chi_squared: chi_squared,
        hours_degrees: degrees,
        hours_p,
    };
    Ok((parts, difference))
}

fn part(clock: &Clock, period: Period) -> Outcome<Part> {
    let part = clock.within(period)?;
    let n = part.len()?;
    if n < FEWEST {
        let (start, end) = (clock.shown(period.start), clock.shown(period.end));
        return fail(format!("the period {start}/{end} holds {n} events, where a time map needs at least {FEWEST}"));
    }
    Ok(Part { gaps: Gaps::of(&part)?, calendar: Calendar::of(&part)?, clock: part })
}

/// The share of sorted `x` that is not above each of `at`.
fn distribution(x: &Array, at: &Array) -> Result<Array> {
    let below = searchsorted(x, at, None, "right")?.astype(DType::Float64)?;
    (below / x.size()? as f64).ok()
}

fn largest_distance(a: &Array, b: &Array) -> Outcome<f64> {
    let at = concat(vec![a.clone(), b.clone()], 0)?;
    Ok((distribution(a, &at)? - distribution(b, &at)?).abs()?.max(..)?.item::<f64>()?)
}

/// The chance of a distance of at least `d` between samples of effective size `n`: Kolmogorov's series, with Stephens's
/// (1970) correction for small samples.
fn kolmogorov(d: f64, n: f64) -> f64 {
    let lambda = (n.sqrt() + 0.12 + 0.11 / n.sqrt()) * d;
    // Below this the series needs many terms, and its value is 1 to all digits.
    if lambda < 0.2 {
        return 1.0;
    }
    let term = |j: i32| {
        let sign = if j % 2 == 1 { 2.0 } else { -2.0 };
        sign * (-2.0 * f64::from(j * j) * lambda * lambda).exp()
    };
    (1..=100).map(term).sum::<f64>().clamp(0.0, 1.0)
}

/// Pearson's test of whether two rows of counts have one distribution: statistic, degrees of freedom, p-value.
fn homogeneity(xp: &Namespace, counts: [Vec<i64>; 2]) -> Outcome<(f64, usize, f64)> {
    let o = xp.asarray(counts.to_vec())?.astype(DType::Float64)?;
    let (rows, columns) = (o.sum(axis(1).keepdims())?, o.sum(axis(0).keepdims())?);
    let expected = (&rows * &columns / o.sum(..)?).ok()?;
    let due = expected.greater(0.0)?;
    let safe = where_(&due, &expected, 1.0)?;
    let terms = where_(due, ((o - expected).square()? / safe).ok()?, 0.0)?;
    let chi_squared = terms.sum(..)?.item::<f64>()?;
    let degrees = (columns.count_nonzero(..)?.item::<i64>()? as usize).saturating_sub(1);
    let p = match degrees {
        0 => 1.0,
        _ => gammaincc(0.5 * degrees as f64, xp.asarray(0.5 * chi_squared)?)?.item::<f64>()?,
    };
    Ok((chi_squared, degrees, p))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of scipy 1.16: `ks_2samp(a, b)`, `chi2_contingency(o, correction=False)`, `kstwobign.sf`.
    #[test]
    fn statistics_agree_with_scipy() {
        let xp = array_protocol::ndarray();
        let (a, b) = (xp.asarray([1.0, 2.0, 3.0, 4.0]).unwrap(), xp.asarray([2.5, 3.5, 4.5, 5.5, 6.5]).unwrap());
        assert!((largest_distance(&a, &b).unwrap() - 0.6).abs() < 1e-12);
        // kstwobign.sf(1.0) and sf(1.5) after the correction is taken out.
        let n = 1e12;
        assert!((kolmogorov(1.0 / 1e6, n) - 0.269_999_671_677_354_56).abs() < 1e-6);
        assert!((kolmogorov(1.5 / 1e6, n) - 0.022_217_962_616_525_03).abs() < 1e-6);
        assert_eq!(kolmogorov(0.0, 100.0), 1.0);
        let (chi, degrees, p) = homogeneity(&xp, [vec![10, 20, 30, 0], vec![20, 20, 20, 0]]).unwrap();
        assert!((chi - 5.333_333_333_333_333).abs() < 1e-12 && degrees == 2);
        assert!((p - 0.069_483_451_222_801_43).abs() < 1e-12, "{p}");
    }
}
