//! Families of counts.

use array_api::{
    Array, Result, add, equal, floor, greater_equal, less, lgamma, log, log1p, logaddexp, multiply, negative, where_,
};

use super::family::{Family, Parameter, Support, integers, positive, probability, regular};
use super::sample::Sample;
use super::tails::{log_beta_tails, log_gamma_tails, log1mexp};

const COUNTS: Support = integers(0.0, f64::INFINITY);

/// `x log(p)`, zero where `x` is.
fn times_log(x: &Array, p: &Array) -> Result<Array> {
    let none = equal(x, 0.0)?;
    where_(&none, 0.0, multiply(x, log(where_(&none, 1.0, p)?)?)?)
}

/// `x log(1 - p)`, zero where `x` is.
fn times_log_rest(x: &Array, p: &Array) -> Result<Array> {
    let none = equal(x, 0.0)?;
    where_(&none, 0.0, multiply(x, log1p(negative(where_(&none, 0.0, p)?)?)?)?)
}

/// `bernoulli(prob)`.
pub(crate) static BERNOULLI: Family = Family {
    name: "bernoulli",
    parameters: &[probability("prob")],
    support: |_| integers(0.0, 1.0),
    data: integers(0.0, 1.0),
    log_prob: |x, p| add(times_log(x, &p[0])?, times_log_rest(&(1.0 - x).ok()?, &p[0])?),
    log_cdf: |x, p| where_(greater_equal(x, 1.0)?, 0.0, log1p(negative(&p[0])?)?),
    log_survival: |x, p| where_(greater_equal(x, 1.0)?, f64::NEG_INFINITY, log(&p[0])?),
    quantile: None,
    mean: |p| p[0],
    variance: |p| p[0] * (1.0 - p[0]),
    start: |s| Ok(vec![s.mean()?]),
    closed: Some(|s, _| regular([s.mean()?])),
    corners: None,
    needs_spread: false,
};

/// `binomial(size, prob)`; the size is given.
pub(crate) static BINOMIAL: Family = Family {
    name: "binomial",
    parameters: &[Parameter { given: true, ..positive("size") }, probability("prob")],
    support: |p| integers(0.0, p[0]),
    data: COUNTS,
    log_prob: |x, p| {
        let rest = (&p[0] - x).ok()?;
        let ways = lgamma((&p[0] + 1.0).ok()?)? - lgamma((x + 1.0).ok()?)? - lgamma((&rest + 1.0).ok()?)?;
        (ways + times_log(x, &p[1])? + times_log_rest(&rest, &p[1])?).ok()
    },
    log_cdf: |x, p| Ok(binomial_tails(x, p)?[0].clone()),
    log_survival: |x, p| Ok(binomial_tails(x, p)?[1].clone()),
    quantile: None,
    mean: |p| p[0] * p[1],
    variance: |p| p[0] * p[1] * (1.0 - p[1]),
    start: |s| Ok(vec![f64::NAN, (s.mean()? / s.max()?.max(1.0)).clamp(0.01, 0.99)]),
    closed: Some(|s, given| regular([given[0], s.mean()? / given[0]])),
    corners: None,
    needs_spread: false,
};

/// `P(X <= k) = I_{1-p}(n - k, k + 1)`.
fn binomial_tails(x: &Array, p: &[Array]) -> Result<[Array; 2]> {
    let whole = less(x, &p[0])?;
    let k = where_(&whole, floor(x)?, 0.0)?;
    let [low, high] = log_beta_tails(&(&p[0] - &k).ok()?, &(&k + 1.0).ok()?, &(1.0 - &p[1]).ok()?, &p[1])?;
    Ok([where_(&whole, low, 0.0)?, where_(whole, high, f64::NEG_INFINITY)?])
}

/// `poisson(lambda)`.
pub(crate) static POISSON: Family = Family {
    name: "poisson",
    parameters: &[positive("lambda")],
    support: |_| COUNTS,
    data: COUNTS,
    log_prob: |x, p| (times_log(x, &p[0])? - &p[0] - lgamma((x + 1.0).ok()?)?).ok(),
    log_cdf: |x, p| Ok(log_gamma_tails(&(floor(x)? + 1.0).ok()?, &p[0])?[1].clone()),
    log_survival: |x, p| Ok(log_gamma_tails(&(floor(x)? + 1.0).ok()?, &p[0])?[0].clone()),
    quantile: None,
    mean: |p| p[0],
    variance: |p| p[0],
    start: |s| Ok(vec![s.mean()?.max(1e-8)]),
    closed: Some(|s, _| regular([s.mean()?])),
    corners: None,
    needs_spread: false,
};

/// `geometric(prob)`: failures before the first success.
pub(crate) static GEOMETRIC: Family = Family {
    name: "geometric",
    parameters: &[probability("prob")],
    support: |_| COUNTS,
    data: COUNTS,
    log_prob: |x, p| add(times_log_rest(x, &p[0])?, log(&p[0])?),
    log_cdf: |x, p| log1mexp(&geometric_survival(x, p)?),
    log_survival: geometric_survival,
    quantile: None,
    mean: |p| (1.0 - p[0]) / p[0],
    variance: |p| (1.0 - p[0]) / (p[0] * p[0]),
    start: |s| Ok(vec![1.0 / (1.0 + s.mean()?)]),
    closed: Some(|s, _| regular([1.0 / (1.0 + s.mean()?)])),
    corners: None,
    needs_spread: false,
};

fn geometric_survival(x: &Array, p: &[Array]) -> Result<Array> {
    ((floor(x)? + 1.0) * log1p(negative(&p[0])?)?).ok()
}

/// `negative_binomial(size, mu)`: mean `mu`, variance `mu + mu^2 / size`.
pub(crate) static NEGATIVE_BINOMIAL: Family = Family {
    name: "negative_binomial",
    parameters: &[positive("size"), positive("mu")],
    support: |_| COUNTS,
    data: COUNTS,
    log_prob: |x, p| {
        let (size, mu) = (&p[0], &p[1]);
        let ways = lgamma((x + size).ok()?)? - lgamma(size)? - lgamma((x + 1.0).ok()?)?;
        // size log(size / (size + mu)) keeps its digits where the size is large.
        let none = (size * log1p((mu / size).ok()?)?).ok()?;
        (ways - none + times_log(x, &(mu / (size + mu)).ok()?)?).ok()
    },
    log_cdf: |x, p| Ok(negative_binomial_tails(x, p)?[0].clone()),
    log_survival: |x, p| Ok(negative_binomial_tails(x, p)?[1].clone()),
    quantile: None,
    mean: |p| p[1],
    variance: |p| p[1] + p[1] * p[1] / p[0],
    start: |s| {
        let (mean, variance) = (s.mean()?, s.variance()?);
        let size = if variance > 1.05 * mean { mean * mean / (variance - mean) } else { 20.0 * mean.max(1.0) };
        Ok(vec![size, mean.max(1e-8)])
    },
    closed: None,
    corners: None,
    needs_spread: false,
};

/// `P(X <= k) = I_{size/(size+mu)}(size, k + 1)`.
fn negative_binomial_tails(x: &Array, p: &[Array]) -> Result<[Array; 2]> {
    let total = (&p[0] + &p[1]).ok()?;
    let k = (floor(x)? + 1.0).ok()?;
    log_beta_tails(&p[0], &k, &(&p[0] / &total).ok()?, &(&p[1] / total).ok()?)
}

/// `zero_inflated_poisson(lambda, pi)`: zero with probability `pi`, else Poisson.
pub(crate) static ZERO_INFLATED_POISSON: Family = Family {
    name: "zero_inflated_poisson",
    parameters: &[positive("lambda"), probability("pi")],
    support: |_| COUNTS,
    data: COUNTS,
    log_prob: |x, p| {
        let counted = ((POISSON.log_prob)(x, p)? + log1p(negative(&p[1])?)?).ok()?;
        let zero = logaddexp(log(&p[1])?, (log1p(negative(&p[1])?)? - &p[0]).ok()?)?;
        where_(equal(x, 0.0)?, zero, counted)
    },
    log_cdf: |x, p| logaddexp(log(&p[1])?, add((POISSON.log_cdf)(x, p)?, log1p(negative(&p[1])?)?)?),
    log_survival: |x, p| add((POISSON.log_survival)(x, p)?, log1p(negative(&p[1])?)?),
    quantile: None,
    mean: |p| (1.0 - p[1]) * p[0],
    variance: |p| (1.0 - p[1]) * p[0] * (1.0 + p[1] * p[0]),
    start: |s: &Sample| {
        let (mean, variance) = (s.mean()?, s.variance()?);
        let lambda = (mean + (variance / mean - 1.0).max(0.05)).max(1e-8);
        Ok(vec![lambda, (1.0 - mean / lambda).clamp(0.02, 0.98)])
    },
    closed: None,
    corners: None,
    needs_spread: false,
};
