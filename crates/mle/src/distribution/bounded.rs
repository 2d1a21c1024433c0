//! Families between two ends.

use array_api::{
    Array, Result, divide, greater, greater_equal, less, less_equal, lgamma, log, log1p, logical_and, multiply,
    negative, sqrt, square, subtract, where_,
};

use super::family::{Closed, Family, Regularity, Support, closed, open, positive, real};
use super::tails::{log_beta_tails, logs};

/// `beta(shape1, shape2)`, between 0 and 1.
pub(crate) static BETA: Family = Family {
    name: "beta",
    parameters: &[positive("shape1"), positive("shape2")],
    support: |_| open(0.0, 1.0),
    data: open(0.0, 1.0),
    log_prob: |x, p| {
        let (a, b) = (&p[0], &p[1]);
        let constant = (lgamma((a + b).ok()?)? - lgamma(a)? - lgamma(b)?).ok()?;
        (constant + (a - 1.0) * log(x)? + (b - 1.0) * log1p(negative(x)?)?).ok()
    },
    log_cdf: |x, p| Ok(log_beta_tails(&p[0], &p[1], x, &subtract(1.0, x)?)?[0].clone()),
    log_survival: |x, p| Ok(log_beta_tails(&p[0], &p[1], x, &subtract(1.0, x)?)?[1].clone()),
    quantile: None,
    mean: |p| p[0] / (p[0] + p[1]),
    variance: |p| p[0] * p[1] / ((p[0] + p[1]).powi(2) * (p[0] + p[1] + 1.0)),
    start: |s| {
        let (mean, variance) = (s.mean()?, s.variance()?);
        let total = (mean * (1.0 - mean) / variance - 1.0).max(0.1);
        Ok(vec![mean * total, (1.0 - mean) * total])
    },
    closed: None,
    corners: None,
    needs_spread: true,
};

const ANYWHERE: Support = open(f64::NEG_INFINITY, f64::INFINITY);

/// `uniform(min, max)`.
pub(crate) static UNIFORM: Family = Family {
    name: "uniform",
    parameters: &[real("min"), real("max")],
    support: |p| closed(p[0], p[1]),
    data: ANYWHERE,
    log_prob: |x, p| {
        let inside = logical_and(greater_equal(x, &p[0])?, less_equal(x, &p[1])?)?;
        where_(inside, negative(log((&p[1] - &p[0]).ok()?)?)?, f64::NEG_INFINITY)
    },
    log_cdf: |x, p| log(share(x, p)?),
    log_survival: |x, p| log1p(negative(share(x, p)?)?),
    quantile: Some(|u, p| (u * (&p[1] - &p[0]) + &p[0]).ok()),
    mean: |p| 0.5 * (p[0] + p[1]),
    variance: |p| (p[1] - p[0]).powi(2) / 12.0,
    start: |s| Ok(vec![s.min()?, s.max()?]),
    closed: Some(|s, _| {
        let (low, high) = (s.min()?, s.max()?);
        // The largest of n uniform variables has variance n / ((n + 1)^2 (n + 2)); n of weights is their sum.
        let n = s.total;
        let se = (high - low) * (n / (n + 2.0)).sqrt() / (n + 1.0);
        Ok(Closed {
            estimates: vec![low, high],
            regularity: Regularity::Not {
                std_errors: vec![Some(se), Some(se)],
                reason: "the data end at the parameters, which are the extreme values: exact law of extreme values",
            },
        })
    }),
    corners: Some("the data end at the parameters"),
    needs_spread: true,
};

fn share(x: &Array, p: &[Array]) -> Result<Array> {
    let share = ((x - &p[0]) / (&p[1] - &p[0])).ok()?;
    array_api::clip(share, 0.0, 1.0)
}

/// `triangular(min, mode, max)`.
pub(crate) static TRIANGULAR: Family = Family {
    name: "triangular",
    parameters: &[real("min"), real("mode"), real("max")],
    support: |p| closed(p[0], p[2]),
    data: ANYWHERE,
    log_prob: |x, p| {
        let (low, mode, high) = (&p[0], &p[1], &p[2]);
        let rising = less(x, mode)?;
        let left = where_(&rising, divide(subtract(x, low)?, subtract(mode, low)?)?, 1.0)?;
        let right = where_(greater(x, mode)?, divide(subtract(high, x)?, subtract(high, mode)?)?, 1.0)?;
        let height = (log(array_api::maximum(multiply(left, right)?, 0.0)?)? - log((high - low).ok()?)?).ok()?;
        // Where the three are out of order there is no triangle.
        let ordered = logical_and(less(low, mode)?, less(mode, high)?)?;
        where_(ordered, (height + std::f64::consts::LN_2).ok()?, f64::NEG_INFINITY)
    },
    log_cdf: |x, p| Ok(triangular_tails(x, p)?[0].clone()),
    log_survival: |x, p| Ok(triangular_tails(x, p)?[1].clone()),
    quantile: Some(|u, p| {
        let (low, mode, high) = (&p[0], &p[1], &p[2]);
        let turn = ((mode - low) / (high - low)).ok()?;
        let left = (sqrt((u * (high - low) * (mode - low)).ok()?)? + low).ok()?;
        let right = (high - sqrt(((1.0 - u) * (high - low) * (high - mode)).ok()?)?).ok()?;
        where_(less(u, turn)?, left, right)
    }),
    mean: |p| (p[0] + p[1] + p[2]) / 3.0,
    variance: |p| (p[0] * p[0] + p[1] * p[1] + p[2] * p[2] - p[0] * p[1] - p[0] * p[2] - p[1] * p[2]) / 18.0,
    start: |s| {
        let (low, high) = (s.min()?, s.max()?);
        let margin = (high - low) / s.total.sqrt();
        let mode = (3.0 * s.mean()? - low - high).clamp(low, high);
        Ok(vec![low - margin, mode, high + margin])
    },
    closed: None,
    corners: Some("the density has a corner at the mode, and the data end at the other two parameters"),
    needs_spread: true,
};

fn triangular_tails(x: &Array, p: &[Array]) -> Result<[Array; 2]> {
    let (low, mode, high) = (&p[0], &p[1], &p[2]);
    let inside = array_api::minimum(array_api::maximum(x, low)?, high)?;
    let range = (high - low).ok()?;
    let below = (square((&inside - low).ok()?)? / (&range * (mode - low))).ok()?;
    let above = (square((high - &inside).ok()?)? / (&range * (high - mode))).ok()?;
    let rising = less(&inside, mode)?;
    let lower = where_(&rising, &below, (1.0 - &above).ok()?)?;
    let upper = where_(rising, (1.0 - below).ok()?, above)?;
    logs(lower, upper)
}
