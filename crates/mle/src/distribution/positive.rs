//! Families on the positive numbers. Their location is 0.

use array_api::{
    Array, Result, add, atan, exp, expm1, lgamma, log, log1p, negative, pow, reciprocal, softplus, sqrt, square,
    subtract, tan,
};
use std::f64::consts::{FRAC_2_PI, FRAC_PI_2, LN_2, PI};

use super::family::{Closed, Family, Regularity, Support, closed, open, positive, real, regular};
use super::sample::Sample;
use super::symmetric::NORMAL;
use super::tails::{HALF_LN_TAU, log_beta_tails, log_gamma_tails, log_normal_cdf, log1mexp, logs};

const POSITIVE: Support = open(0.0, f64::INFINITY);
const NOT_NEGATIVE: Support = closed(0.0, f64::INFINITY);

fn gamma(x: f64) -> f64 {
    libm::tgamma(x)
}

/// `lognormal(meanlog, sdlog)`.
pub(crate) static LOGNORMAL: Family = Family {
    name: "lognormal",
    parameters: &[real("meanlog"), positive("sdlog")],
    support: |_| POSITIVE,
    data: POSITIVE,
    log_prob: |x, p| {
        let logs = log(x)?;
        subtract((NORMAL.log_prob)(&logs, p)?, &logs)
    },
    log_cdf: |x, p| (NORMAL.log_cdf)(&log(x)?, p),
    log_survival: |x, p| (NORMAL.log_survival)(&log(x)?, p),
    quantile: None,
    mean: |p| (p[0] + 0.5 * p[1] * p[1]).exp(),
    variance: |p| (p[1] * p[1]).exp_m1() * (2.0 * p[0] + p[1] * p[1]).exp(),
    start: |s| s.log_moments().map(|(m, sd)| vec![m, sd]),
    closed: Some(|s, _| s.log_moments().and_then(|(m, sd)| regular([m, sd]))),
    corners: None,
    needs_spread: true,
};

/// `exponential(rate)`.
pub(crate) static EXPONENTIAL: Family = Family {
    name: "exponential",
    parameters: &[positive("rate")],
    support: |_| NOT_NEGATIVE,
    data: NOT_NEGATIVE,
    log_prob: |x, p| (log(&p[0])? - x * &p[0]).ok(),
    log_cdf: |x, p| log(negative(expm1((x * &p[0] * -1.0).ok()?)?)?),
    log_survival: |x, p| (x * &p[0] * -1.0).ok(),
    quantile: Some(|u, p| (log1p(negative(u)?)? / &p[0] * -1.0).ok()),
    mean: |p| 1.0 / p[0],
    variance: |p| 1.0 / (p[0] * p[0]),
    start: |s| Ok(vec![1.0 / s.mean()?]),
    closed: Some(|s, _| {
        let rate = 1.0 / s.mean()?;
        let regularity =
            Regularity::Known { log_likelihood: s.total * (rate.ln() - 1.0), variances: vec![rate * rate / s.total] };
        Ok(Closed { estimates: vec![rate], regularity })
    }),
    corners: None,
    needs_spread: false,
};

/// `gamma(shape, rate)`.
pub(crate) static GAMMA: Family = Family {
    name: "gamma",
    parameters: &[positive("shape"), positive("rate")],
    support: |_| POSITIVE,
    data: POSITIVE,
    log_prob: |x, p| {
        let (a, r) = (&p[0], &p[1]);
        (a * log(r)? - lgamma(a)? + (a - 1.0) * log(x)? - x * r).ok()
    },
    log_cdf: |x, p| Ok(log_gamma_tails(&p[0], &(x * &p[1]).ok()?)?[0].clone()),
    log_survival: |x, p| Ok(log_gamma_tails(&p[0], &(x * &p[1]).ok()?)?[1].clone()),
    quantile: None,
    mean: |p| p[0] / p[1],
    variance: |p| p[0] / (p[1] * p[1]),
    start: |s| {
        // Within 1.5 % of the root (Minka, "Estimating a gamma distribution", 2002, equation 8).
        let mean = s.mean()?;
        let gap = (mean.ln() - s.mean_log()?).max(1e-12);
        let shape = (3.0 - gap + ((gap - 3.0).powi(2) + 24.0 * gap).sqrt()) / (12.0 * gap);
        Ok(vec![shape, shape / mean])
    },
    closed: None,
    corners: None,
    needs_spread: true,
};

/// `inverse_gamma(shape, scale)`: `1 / x` is `gamma(shape, rate = scale)`.
pub(crate) static INVERSE_GAMMA: Family = Family {
    name: "inverse_gamma",
    parameters: &[positive("shape"), positive("scale")],
    support: |_| POSITIVE,
    data: POSITIVE,
    log_prob: |x, p| {
        let (a, b) = (&p[0], &p[1]);
        (a * log(b)? - lgamma(a)? - (a + 1.0) * log(x)? - b / x).ok()
    },
    log_cdf: |x, p| Ok(log_gamma_tails(&p[0], &(&p[1] / x).ok()?)?[1].clone()),
    log_survival: |x, p| Ok(log_gamma_tails(&p[0], &(&p[1] / x).ok()?)?[0].clone()),
    quantile: None,
    mean: |p| if p[0] > 1.0 { p[1] / (p[0] - 1.0) } else { f64::INFINITY },
    variance: |p| match p[0] {
        a if a > 2.0 => p[1] * p[1] / ((a - 1.0).powi(2) * (a - 2.0)),
        _ => f64::INFINITY,
    },
    start: |s| (GAMMA.start)(&s.map(|x| reciprocal(x))?),
    closed: None,
    corners: None,
    needs_spread: true,
};

/// `weibull(shape, scale)`.
pub(crate) static WEIBULL: Family = Family {
    name: "weibull",
    parameters: &[positive("shape"), positive("scale")],
    support: |_| POSITIVE,
    data: POSITIVE,
    log_prob: |x, p| {
        let (k, ratio) = (&p[0], (log(x)? - log(&p[1])?).ok()?);
        let scaled = (&ratio * k).ok()?;
        (log(k)? - log(&p[1])? + (scaled.clone() - ratio) - exp(scaled)?).ok()
    },
    log_cdf: |x, p| log1mexp(&weibull_survival(x, p)?),
    log_survival: weibull_survival,
    quantile: Some(|u, p| (pow(negative(log1p(negative(u)?)?)?, reciprocal(&p[0])?)? * &p[1]).ok()),
    mean: |p| p[1] * gamma(1.0 + 1.0 / p[0]),
    variance: |p| p[1] * p[1] * (gamma(1.0 + 2.0 / p[0]) - gamma(1.0 + 1.0 / p[0]).powi(2)),
    start: |s| {
        // The logarithm is a Gumbel variable of minima: sd pi / (sqrt(6) shape), mean log(scale) - 0.5772 / shape.
        let (mean, sd) = s.log_moments()?;
        let shape = PI / (6.0_f64.sqrt() * sd);
        Ok(vec![shape, (mean + 0.577_215_664_901_532_9 / shape).exp()])
    },
    closed: None,
    corners: None,
    needs_spread: true,
};

fn weibull_survival(x: &Array, p: &[Array]) -> Result<Array> {
    negative(exp(((log(x)? - log(&p[1])?) * &p[0]).ok()?)?)
}

/// `rayleigh(scale)`.
pub(crate) static RAYLEIGH: Family = Family {
    name: "rayleigh",
    parameters: &[positive("scale")],
    support: |_| POSITIVE,
    data: POSITIVE,
    log_prob: |x, p| (log(x)? - log(&p[0])? * 2.0 - square((x / &p[0]).ok()?)? * 0.5).ok(),
    log_cdf: |x, p| log1mexp(&(square((x / &p[0]).ok()?)? * -0.5).ok()?),
    log_survival: |x, p| (square((x / &p[0]).ok()?)? * -0.5).ok(),
    quantile: Some(|u, p| (sqrt((log1p(negative(u)?)? * -2.0).ok()?)? * &p[0]).ok()),
    mean: |p| p[0] * FRAC_PI_2.sqrt(),
    variance: |p| (2.0 - FRAC_PI_2) * p[0] * p[0],
    start: |s| Ok(vec![(0.5 * s.mean_of(|x| square(x))?).sqrt()]),
    closed: Some(|s, _| regular([(0.5 * s.mean_of(|x| square(x))?).sqrt()])),
    corners: None,
    needs_spread: false,
};

/// `inverse_gaussian(mean, shape)`: the variance is `mean^3 / shape`.
pub(crate) static INVERSE_GAUSSIAN: Family = Family {
    name: "inverse_gaussian",
    parameters: &[positive("mean"), positive("shape")],
    support: |_| POSITIVE,
    data: POSITIVE,
    log_prob: |x, p| {
        let away = ((x - &p[0]) / &p[0]).ok()?;
        ((log(&p[1])? - log(x)? * 3.0) * 0.5 - HALF_LN_TAU - &p[1] * square(away)? / x * 0.5).ok()
    },
    log_cdf: |x, p| Ok(inverse_gaussian_tails(x, p)?[0].clone()),
    log_survival: |x, p| Ok(inverse_gaussian_tails(x, p)?[1].clone()),
    quantile: None,
    mean: |p| p[0],
    variance: |p| p[0].powi(3) / p[1],
    start: inverse_gaussian,
    closed: Some(|s, _| regular(inverse_gaussian(s)?)),
    corners: None,
    needs_spread: true,
};

fn inverse_gaussian(s: &Sample) -> Result<Vec<f64>> {
    let mean = s.mean()?;
    // The mean of (x - m)^2 / (m^2 x) is 1/x averaged less 1/m, without the cancellation.
    let inverse = s.mean_of(|x| (square((x - mean).ok()?)? / x * (1.0 / (mean * mean))).ok())?;
    Ok(vec![mean, 1.0 / inverse])
}

/// Shuster's form: `Phi(a) + exp(2 shape / mean) Phi(-b)`.
fn inverse_gaussian_tails(x: &Array, p: &[Array]) -> Result<[Array; 2]> {
    let root = sqrt((&p[1] / x).ok()?)?;
    let ratio = (x / &p[0]).ok()?;
    let a = (&root * (&ratio - 1.0)).ok()?;
    let b = (&root * (&ratio + 1.0)).ok()?;
    let second = ((&p[1] / &p[0]) * 2.0 + log_normal_cdf(&negative(b)?)?).ok()?;
    let lower = exp(array_api::logaddexp(log_normal_cdf(&a)?, &second)?)?;
    let upper = subtract(exp(log_normal_cdf(&negative(a)?)?)?, exp(second)?)?;
    logs(lower, upper)
}

/// `chi_squared(df)`.
pub(crate) static CHI_SQUARED: Family = Family {
    name: "chi_squared",
    parameters: &[positive("df")],
    support: |_| POSITIVE,
    data: POSITIVE,
    log_prob: |x, p| {
        let half = (&p[0] * 0.5).ok()?;
        (log(x)? * (&half - 1.0) - x * 0.5 - &half * LN_2 - lgamma(&half)?).ok()
    },
    log_cdf: |x, p| Ok(log_gamma_tails(&(&p[0] * 0.5).ok()?, &(x * 0.5).ok()?)?[0].clone()),
    log_survival: |x, p| Ok(log_gamma_tails(&(&p[0] * 0.5).ok()?, &(x * 0.5).ok()?)?[1].clone()),
    quantile: None,
    mean: |p| p[0],
    variance: |p| 2.0 * p[0],
    start: |s| Ok(vec![s.mean()?]),
    closed: None,
    corners: None,
    needs_spread: false,
};

/// `f(df1, df2)`.
pub(crate) static F: Family = Family {
    name: "f",
    parameters: &[positive("df1"), positive("df2")],
    support: |_| POSITIVE,
    data: POSITIVE,
    log_prob: |x, p| {
        let (a, b) = ((&p[0] * 0.5).ok()?, (&p[1] * 0.5).ok()?);
        let ratio = (&p[0] / &p[1]).ok()?;
        let constant = (lgamma((&a + &b).ok()?)? - lgamma(&a)? - lgamma(&b)? + &a * log(&ratio)?).ok()?;
        (constant + (&a - 1.0) * log(x)? - (&a + &b) * log1p((ratio * x).ok()?)?).ok()
    },
    log_cdf: |x, p| Ok(f_tails(x, p)?[0].clone()),
    log_survival: |x, p| Ok(f_tails(x, p)?[1].clone()),
    quantile: None,
    mean: |p| if p[1] > 2.0 { p[1] / (p[1] - 2.0) } else { f64::INFINITY },
    variance: |p| match p[1] {
        d if d > 4.0 => 2.0 * d * d * (p[0] + d - 2.0) / (p[0] * (d - 2.0).powi(2) * (d - 4.0)),
        _ => f64::INFINITY,
    },
    start: |s| {
        // The logarithm's mean and variance where both degrees are large: 1/df2 - 1/df1 and 2/df1 + 2/df2.
        let (mean, sd) = s.log_moments()?;
        let (sum, difference) = (0.5 * sd * sd, mean);
        let inverse = |x: f64| 1.0 / x.clamp(1e-3, 10.0);
        Ok(vec![inverse(0.5 * (sum - difference)), inverse(0.5 * (sum + difference))])
    },
    closed: None,
    corners: None,
    needs_spread: true,
};

fn f_tails(x: &Array, p: &[Array]) -> Result<[Array; 2]> {
    let above = (x * &p[0]).ok()?;
    let total = (&above + &p[1]).ok()?;
    log_beta_tails(&(&p[0] * 0.5).ok()?, &(&p[1] * 0.5).ok()?, &(above / &total).ok()?, &(&p[1] / total).ok()?)
}

/// `half_normal(scale)`: the absolute value of a normal variable with mean 0 and this standard deviation.
pub(crate) static HALF_NORMAL: Family = Family {
    name: "half_normal",
    parameters: &[positive("scale")],
    support: |_| NOT_NEGATIVE,
    data: NOT_NEGATIVE,
    log_prob: |x, p| (square((x / &p[0]).ok()?)? * -0.5 - log(&p[0])? - HALF_LN_TAU + LN_2).ok(),
    log_cdf: |x, p| log1mexp(&half_normal_survival(x, p)?),
    log_survival: half_normal_survival,
    quantile: None,
    mean: |p| p[0] * FRAC_2_PI.sqrt(),
    variance: |p| p[0] * p[0] * (1.0 - FRAC_2_PI),
    start: |s| Ok(vec![s.mean_of(|x| square(x))?.sqrt()]),
    closed: Some(|s, _| regular([s.mean_of(|x| square(x))?.sqrt()])),
    corners: None,
    needs_spread: false,
};

fn half_normal_survival(x: &Array, p: &[Array]) -> Result<Array> {
    add(log_normal_cdf(&negative((x / &p[0]).ok()?)?)?, LN_2)
}

/// `half_cauchy(scale)`.
pub(crate) static HALF_CAUCHY: Family = Family {
    name: "half_cauchy",
    parameters: &[positive("scale")],
    support: |_| NOT_NEGATIVE,
    data: NOT_NEGATIVE,
    log_prob: |x, p| (FRAC_2_PI.ln() - log(&p[0])? - log1p(square((x / &p[0]).ok()?)?)?).ok(),
    log_cdf: |x, p| log((atan((x / &p[0]).ok()?)? * FRAC_2_PI).ok()?),
    log_survival: |x, p| log((array_api::atan2(1.0, (x / &p[0]).ok()?)? * FRAC_2_PI).ok()?),
    quantile: Some(|u, p| (tan((u * FRAC_PI_2).ok()?)? * &p[0]).ok()),
    mean: |_| f64::INFINITY,
    variance: |_| f64::INFINITY,
    start: |s| Ok(vec![s.quantile(0.5)?.max(f64::MIN_POSITIVE)]),
    closed: None,
    corners: None,
    needs_spread: false,
};

/// `log_logistic(shape, scale)`.
pub(crate) static LOG_LOGISTIC: Family = Family {
    name: "log_logistic",
    parameters: &[positive("shape"), positive("scale")],
    support: |_| POSITIVE,
    data: POSITIVE,
    log_prob: |x, p| {
        let scaled = log_ratio(x, p)?;
        (log(&p[0])? + &scaled - log(x)? - softplus(scaled)? * 2.0).ok()
    },
    log_cdf: |x, p| negative(softplus(negative(log_ratio(x, p)?)?)?),
    log_survival: |x, p| negative(softplus(log_ratio(x, p)?)?),
    quantile: Some(|u, p| {
        let odds = subtract(log(u)?, log1p(negative(u)?)?)?;
        (exp((odds / &p[0]).ok()?)? * &p[1]).ok()
    }),
    mean: |p| match p[0] {
        k if k > 1.0 => p[1] * (PI / k) / (PI / k).sin(),
        _ => f64::INFINITY,
    },
    variance: |p| match p[0] {
        k if k > 2.0 => p[1] * p[1] * (2.0 * PI / k / (2.0 * PI / k).sin() - (PI / k / (PI / k).sin()).powi(2)),
        _ => f64::INFINITY,
    },
    start: |s| s.log_moments().map(|(m, sd)| vec![PI / (3.0_f64.sqrt() * sd), m.exp()]),
    closed: None,
    corners: None,
    needs_spread: true,
};

/// `shape log(x / scale)`.
fn log_ratio(x: &Array, p: &[Array]) -> Result<Array> {
    ((log(x)? - log(&p[1])?) * &p[0]).ok()
}

/// `burr12(c, k, scale)`: the survival function is `(1 + (x / scale)^c)^-k`.
pub(crate) static BURR12: Family = Family {
    name: "burr12",
    parameters: &[positive("c"), positive("k"), positive("scale")],
    support: |_| POSITIVE,
    data: POSITIVE,
    log_prob: |x, p| {
        let scaled = burr_ratio(x, p)?;
        (log(&p[0])? + log(&p[1])? + &scaled - log(x)? - (&p[1] + 1.0) * softplus(scaled)?).ok()
    },
    log_cdf: |x, p| log1mexp(&burr_survival(x, p)?),
    log_survival: burr_survival,
    quantile: Some(|u, p| {
        let tail = expm1((log1p(negative(u)?)? / &p[1] * -1.0).ok()?)?;
        (pow(tail, reciprocal(&p[0])?)? * &p[2]).ok()
    }),
    mean: |p| burr_moment(p, 1.0),
    variance: |p| burr_moment(p, 2.0) - burr_moment(p, 1.0).powi(2),
    start: |s| s.log_moments().map(|(m, sd)| vec![PI / (3.0_f64.sqrt() * sd), 1.0, m.exp()]),
    closed: None,
    corners: None,
    needs_spread: true,
};

fn burr_ratio(x: &Array, p: &[Array]) -> Result<Array> {
    ((log(x)? - log(&p[2])?) * &p[0]).ok()
}

fn burr_survival(x: &Array, p: &[Array]) -> Result<Array> {
    (softplus(burr_ratio(x, p)?)? * &p[1] * -1.0).ok()
}

fn burr_moment(p: &[f64], order: f64) -> f64 {
    let (c, k) = (p[0], p[1]);
    if c * k <= order {
        return f64::INFINITY;
    }
    p[2].powf(order) * k * gamma(k - order / c) * gamma(1.0 + order / c) / gamma(k + 1.0)
}

/// `pareto(shape, scale)`: no value is below the scale.
pub(crate) static PARETO: Family = Family {
    name: "pareto",
    parameters: &[positive("shape"), positive("scale")],
    support: |p| closed(p[1], f64::INFINITY),
    data: POSITIVE,
    log_prob: |x, p| {
        let inside = array_api::greater_equal(x, &p[1])?;
        let density = (log(&p[0])? + &p[0] * log(&p[1])? - (&p[0] + 1.0) * log(x)?).ok()?;
        array_api::where_(inside, density, f64::NEG_INFINITY)
    },
    log_cdf: |x, p| log1mexp(&pareto_survival(x, p)?),
    log_survival: pareto_survival,
    quantile: Some(|u, p| (exp((log1p(negative(u)?)? / &p[0] * -1.0).ok()?)? * &p[1]).ok()),
    mean: |p| if p[0] > 1.0 { p[0] * p[1] / (p[0] - 1.0) } else { f64::INFINITY },
    variance: |p| match p[0] {
        a if a > 2.0 => p[1] * p[1] * a / ((a - 1.0).powi(2) * (a - 2.0)),
        _ => f64::INFINITY,
    },
    start: |s| pareto(s).map(|(shape, scale)| vec![shape, scale]),
    closed: Some(|s, _| {
        let (shape, scale) = pareto(s)?;
        // n of the smallest value is again a Pareto variable, of shape n times the shape.
        let k = s.total * shape;
        let se_scale = (k > 2.0).then(|| scale * (k / (k - 2.0)).sqrt() / (k - 1.0));
        Ok(Closed {
            estimates: vec![shape, scale],
            regularity: Regularity::Not {
                std_errors: vec![Some(shape / s.total.sqrt()), se_scale],
                reason: "the data end at the scale, which is the smallest value: limiting law of the shape, exact law of the smallest value",
            },
        })
    }),
    corners: Some("the data end at the scale"),
    needs_spread: true,
};

fn pareto(s: &Sample) -> Result<(f64, f64)> {
    let scale = s.min()?;
    let mean = s.mean_of(|x| log((x / scale).ok()?))?;
    Ok((1.0 / mean, scale))
}

fn pareto_survival(x: &Array, p: &[Array]) -> Result<Array> {
    array_api::minimum(((log(&p[1])? - log(x)?) * &p[0]).ok()?, 0.0)
}
