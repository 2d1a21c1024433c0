//! Families of counts.

use array_api::{
    Array, Result, add, equal, floor, greater_equal, less, lgamma, log, log1p, logaddexp, maximum, multiply, negative,
    reciprocal, square, where_,
};

use array_api::coefficients::STIRLING;

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
        let ways = (log_rising(size, x)? - lgamma((x + 1.0).ok()?)?).ok()?;
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

/// `log(size (size + 1) .. (size + x - 1))`, with its derivatives by the size.
///
/// From 100 on by the difference of Stirling's series, since two functions of a large size cancel, and what is left of their
/// derivatives is rounding: of counts that vary as Poisson's do, a fit would learn no end of the size's range.
fn log_rising(size: &Array, x: &Array) -> Result<Array> {
    const LARGE: f64 = 100.0;
    let large = greater_equal(size, LARGE)?;
    let s = maximum(size, LARGE)?;
    let total = (x + &s).ok()?;
    let rest = |s: &Array| -> Result<Array> {
        let r = reciprocal(s)?;
        let r2 = square(&r)?;
        (r * (STIRLING[0] + &r2 * (STIRLING[1] + &r2 * STIRLING[2]))).ok()
    };
    let series = x * log(&s)? + (&total - 0.5) * log1p((x / &s).ok()?)? - x + rest(&total)? - rest(&s)?;
    where_(large, series, lgamma((x + size).ok()?)? - lgamma(size)?)
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use array_transforms::grad;

    /// `alpha` is the inverse of the size, along which the logarithm is `sum log(1 + alpha k) - (y + 1/alpha) log1p(alpha mu)`
    /// and what does not depend on it.
    #[test]
    fn a_negative_binomial_next_to_poisson_keeps_its_slope() -> Result<()> {
        let xp = array_ndarray::namespace();
        for (y, mu) in [(0.0, 2.5), (1.0, 0.3), (7.0, 4.0), (60.0, 75.0)] {
            for alpha in [1e-12, 1e-9, 1e-5, 1e-3, 0.00999, 0.01001, 0.3] {
                let (count, mean) = (xp.asarray(y)?, xp.asarray(mu)?);
                let density = |a: &Array| (NEGATIVE_BINOMIAL.log_prob)(&count, &[reciprocal(a)?, mean.clone()]);
                let found = grad(density)(&xp.asarray(alpha)?)?.item::<f64>()?;
                let t: f64 = alpha * mu;
                // log1p(t) - t / (1 + t)
                let rest = match t < 0.01 {
                    true => (2..8).map(|k| (-t).powi(k) * f64::from(k - 1) / f64::from(k)).sum(),
                    false => t.ln_1p() - t / (1.0 + t),
                };
                let steps: f64 = (0..y as i32).map(f64::from).map(|k| k / (1.0 + alpha * k)).sum();
                let expected = steps + rest / (alpha * alpha) - y * mu / (1.0 + t);
                let error = (found - expected).abs() / (y * y + mu * mu);
                assert!(error < 1e-9 + 16.0 * f64::EPSILON / alpha, "{y} {mu} {alpha}: {found} {expected}");
            }
        }
        Ok(())
    }
}
