//! Families on all numbers, with a location and a scale.

use array_api::{
    Array, Result, abs, exp, expm1, greater, lgamma, log, log1p, multiply, negative, sign, softplus, square, tan,
    where_,
};
use std::f64::consts::{FRAC_1_PI, FRAC_PI_2, LN_2, PI};

use super::family::{Closed, Family, Regularity, open, positive, real};
use super::sample::Sample;
use super::tails::{HALF_LN_TAU, log_beta_tails, log_normal_cdf, logs};

/// `(x - location) / scale`.
fn standard(x: &Array, p: &[Array]) -> Result<Array> {
    ((x - &p[0]) / &p[1]).ok()
}

const EVERYWHERE: super::family::Support = open(f64::NEG_INFINITY, f64::INFINITY);

/// `normal(mean, sd)`.
pub(crate) static NORMAL: Family = Family {
    name: "normal",
    parameters: &[real("mean"), positive("sd")],
    support: |_| EVERYWHERE,
    data: EVERYWHERE,
    log_prob: |x, p| (square(standard(x, p)?)? * -0.5 - log(&p[1])? - HALF_LN_TAU).ok(),
    log_cdf: |x, p| log_normal_cdf(&standard(x, p)?),
    log_survival: |x, p| log_normal_cdf(&negative(standard(x, p)?)?),
    quantile: None,
    mean: |p| p[0],
    variance: |p| p[1] * p[1],
    start: |s| Ok(vec![s.mean()?, s.variance()?.sqrt()]),
    closed: Some(|s, _| {
        let (n, mean, variance) = (s.total, s.mean()?, s.variance()?);
        Ok(Closed {
            estimates: vec![mean, variance.sqrt()],
            regularity: Regularity::Known {
                log_likelihood: -0.5 * n * (variance.ln() + 2.0 * HALF_LN_TAU + 1.0),
                variances: vec![variance / n, 0.5 * variance / n],
            },
        })
    }),
    corners: None,
    needs_spread: true,
};

/// `student_t(df, location, scale)`.
pub(crate) static STUDENT_T: Family = Family {
    name: "student_t",
    parameters: &[positive("df"), real("location"), positive("scale")],
    support: |_| EVERYWHERE,
    data: EVERYWHERE,
    log_prob: |x, p| {
        let (df, z) = (&p[0], standard(x, &p[1..])?);
        let half = ((df + 1.0) * 0.5).ok()?;
        let constant = lgamma(&half)? - lgamma((df * 0.5).ok()?)? - log(df)? * 0.5 - 0.5 * PI.ln() - log(&p[2])?;
        (constant - half * log1p((square(z)? / df).ok()?)?).ok()
    },
    log_cdf: |x, p| Ok(student_tails(x, p)?[0].clone()),
    log_survival: |x, p| Ok(student_tails(x, p)?[1].clone()),
    quantile: None,
    mean: |p| if p[0] > 1.0 { p[1] } else { f64::NAN },
    variance: |p| match p[0] {
        df if df > 2.0 => p[2] * p[2] * df / (df - 2.0),
        df if df > 1.0 => f64::INFINITY,
        _ => f64::NAN,
    },
    start: |s| {
        let spread = s.quantile(0.75)? - s.quantile(0.25)?;
        let spread = if spread > 0.0 { spread } else { s.variance()?.sqrt() };
        Ok(vec![5.0, s.quantile(0.5)?, spread / 1.4])
    },
    closed: None,
    corners: None,
    needs_spread: true,
};

fn student_tails(x: &Array, p: &[Array]) -> Result<[Array; 2]> {
    let (df, z) = (&p[0], standard(x, &p[1..])?);
    let squared = square(&z)?;
    let total = (&squared + df).ok()?;
    let half = (df * 0.5).ok()?;
    let [log_outside, _] =
        log_beta_tails(&half, &x.namespace().asarray(0.5)?, &(df / &total).ok()?, &(squared / &total).ok()?)?;
    let tail = (log_outside - LN_2).ok()?;
    let rest = log1p(negative(exp(&tail)?)?)?;
    let above = greater(z, 0.0)?;
    Ok([where_(&above, &rest, &tail)?, where_(above, tail, rest)?])
}

/// `cauchy(location, scale)`.
pub(crate) static CAUCHY: Family = Family {
    name: "cauchy",
    parameters: &[real("location"), positive("scale")],
    support: |_| EVERYWHERE,
    data: EVERYWHERE,
    log_prob: |x, p| (negative(log1p(square(standard(x, p)?)?)?)? - log(&p[1])? - PI.ln()).ok(),
    log_cdf: |x, p| Ok(cauchy_tails(&standard(x, p)?)?[0].clone()),
    log_survival: |x, p| Ok(cauchy_tails(&standard(x, p)?)?[1].clone()),
    quantile: Some(|u, p| (tan(((u - 0.5) * PI).ok()?)? * &p[1] + &p[0]).ok()),
    mean: |_| f64::NAN,
    variance: |_| f64::NAN,
    start: |s| {
        let half = 0.5 * (s.quantile(0.75)? - s.quantile(0.25)?);
        Ok(vec![s.quantile(0.5)?, if half > 0.0 { half } else { s.variance()?.sqrt() }])
    },
    closed: None,
    corners: None,
    needs_spread: true,
};

fn cauchy_tails(z: &Array) -> Result<[Array; 2]> {
    // atan2 keeps the digits of the tail, which one half less the arc tangent would lose.
    let lower = (array_api::atan2(1.0, negative(z)?)? * FRAC_1_PI).ok()?;
    let upper = (array_api::atan2(1.0, z)? * FRAC_1_PI).ok()?;
    logs(lower, upper)
}

/// `laplace(location, scale)`.
pub(crate) static LAPLACE: Family = Family {
    name: "laplace",
    parameters: &[real("location"), positive("scale")],
    support: |_| EVERYWHERE,
    data: EVERYWHERE,
    log_prob: |x, p| (negative(abs(standard(x, p)?)?)? - log(&p[1])? - LN_2).ok(),
    log_cdf: |x, p| laplace_tail(&standard(x, p)?),
    log_survival: |x, p| laplace_tail(&negative(standard(x, p)?)?),
    quantile: Some(|u, p| {
        let away = (u - 0.5).ok()?;
        let distance = log1p(multiply(abs(&away)?, -2.0)?)?;
        (&p[0] - &p[1] * sign(away)? * distance).ok()
    }),
    mean: |p| p[0],
    variance: |p| 2.0 * p[1] * p[1],
    start: |s| Ok(vec![s.quantile(0.5)?, s.variance()?.sqrt()]),
    closed: Some(|s, _| {
        let location = s.quantile(0.5)?;
        let scale = s.mean_of(|x| abs((x - location).ok()?))?;
        // The median's variance is 1 / (4 n f^2) with the density f = 1 / (2 scale) there: scale^2 / n.
        let se = scale / s.total.sqrt();
        Ok(Closed {
            estimates: vec![location, scale],
            regularity: Regularity::Not {
                std_errors: vec![Some(se), Some(se)],
                reason: "the density has a corner at the location: limiting law of the median and of the mean distance from it",
            },
        })
    }),
    corners: Some("the density has a corner at the location"),
    needs_spread: true,
};

fn laplace_tail(z: &Array) -> Result<Array> {
    let above = greater(z, 0.0)?;
    let below = (where_(&above, 0.0, z)? - LN_2).ok()?;
    let rest = log1p(multiply(exp(negative(where_(&above, z, 0.0)?)?)?, -0.5)?)?;
    where_(above, rest, below)
}

/// `logistic(location, scale)`.
pub(crate) static LOGISTIC: Family = Family {
    name: "logistic",
    parameters: &[real("location"), positive("scale")],
    support: |_| EVERYWHERE,
    data: EVERYWHERE,
    log_prob: |x, p| {
        let z = standard(x, p)?;
        (negative(&z)? - softplus(negative(&z)?)? * 2.0 - log(&p[1])?).ok()
    },
    log_cdf: |x, p| negative(softplus(negative(standard(x, p)?)?)?),
    log_survival: |x, p| negative(softplus(standard(x, p)?)?),
    quantile: Some(|u, p| ((log(u)? - log1p(negative(u)?)?) * &p[1] + &p[0]).ok()),
    mean: |p| p[0],
    variance: |p| p[1] * p[1] * PI * PI / 3.0,
    start: |s| Ok(vec![s.mean()?, s.variance()?.sqrt() * 3.0_f64.sqrt() / PI]),
    closed: None,
    corners: None,
    needs_spread: true,
};

/// `gumbel(location, scale)`, of maxima.
pub(crate) static GUMBEL: Family = Family {
    name: "gumbel",
    parameters: &[real("location"), positive("scale")],
    support: |_| EVERYWHERE,
    data: EVERYWHERE,
    log_prob: |x, p| {
        let z = standard(x, p)?;
        (negative(&z)? - exp(negative(&z)?)? - log(&p[1])?).ok()
    },
    log_cdf: |x, p| negative(exp(negative(standard(x, p)?)?)?),
    log_survival: |x, p| {
        let inner = negative(exp(negative(standard(x, p)?)?)?)?;
        log(negative(expm1(inner)?)?)
    },
    quantile: Some(|u, p| (&p[0] - &p[1] * log(negative(log(u)?)?)?).ok()),
    mean: |p| p[0] + EULER * p[1],
    variance: |p| PI * PI / 6.0 * p[1] * p[1],
    start: |s| {
        let scale = s.variance()?.sqrt() * 6.0_f64.sqrt() / PI;
        Ok(vec![s.mean()? - EULER * scale, scale])
    },
    closed: None,
    corners: None,
    needs_spread: true,
};

/// Euler's constant.
const EULER: f64 = 0.577_215_664_901_532_9;

/// `von_mises(mu, kappa)`, of angles from -pi to pi; its moments are those of directions, the mean one and the circular
/// variance.
pub(crate) static VON_MISES: Family = Family {
    name: "von_mises",
    parameters: &[real("mu"), positive("kappa")],
    support: |_| super::family::closed(-PI, PI),
    data: super::family::closed(-PI, PI),
    log_prob: |x, p| {
        // cos - 1 by the half angle, so that large concentrations keep their digits.
        let half = array_api::sin(((x - &p[0]) * 0.5).ok()?)?;
        (square(half)? * -2.0 * &p[1] - log_scaled_bessel(&p[1])? - 2.0 * HALF_LN_TAU).ok()
    },
    log_cdf: |x, p| Ok(von_mises_tails(x, p)?[0].clone()),
    log_survival: |x, p| Ok(von_mises_tails(x, p)?[1].clone()),
    quantile: None,
    mean: |p| p[0],
    variance: circular_variance,
    start: |s: &Sample| {
        let (c, n) = (s.mean_of(|x| array_api::cos(x))?, s.mean_of(|x| array_api::sin(x))?);
        let r = c.hypot(n).min(1.0 - 1e-12);
        // Best and Fisher (1981), within a few per cent.
        let kappa = match r {
            r if r < 0.53 => 2.0 * r + r.powi(3) + 5.0 * r.powi(5) / 6.0,
            r if r < 0.85 => -0.4 + 1.39 * r + 0.43 / (1.0 - r),
            r => 1.0 / (r.powi(3) - 4.0 * r * r + 3.0 * r),
        };
        Ok(vec![n.atan2(c), kappa.max(1e-3)])
    },
    closed: None,
    corners: None,
    needs_spread: true,
};

/// Points of the rule for Bessel's integral: the error falls faster than any power of their number, and is below rounding up
/// to concentrations of a hundred thousand.
const NODES: usize = 4096;

/// `log(exp(-kappa) I0(kappa))`, Bessel's integral by the rule of midpoints on the circle.
fn log_scaled_bessel(kappa: &Array) -> Result<Array> {
    let half: Vec<f64> = (0..NODES).map(|i| (FRAC_PI_2 * (i as f64 + 0.5) / NODES as f64).sin()).collect();
    let exponents: Vec<f64> = half.iter().map(|s| -2.0 * s * s).collect();
    log(exp((kappa.namespace().asarray(exponents)? * kappa).ok()?)?.mean(..)?)
}

/// `1 - I1(kappa) / I0(kappa)`: the mean of `1 - cos` of the angle from the mean direction, by the same rule.
fn circular_variance(p: &[f64]) -> f64 {
    let half = (0..NODES).map(|i| (FRAC_PI_2 * (i as f64 + 0.5) / NODES as f64).sin().powi(2));
    let (above, below) = half.fold((0.0, 0.0), |(above, below), s| {
        let density = (-2.0 * p[1] * s).exp();
        (above + 2.0 * s * density, below + density)
    });
    above / below
}

/// Gauss and Legendre's rule of eight points on -1 to 1: half of the points, and their weights (Abramowitz and Stegun 25.4).
pub(super) const GAUSS: [(f64, f64); 4] = [
    (0.183_434_642_495_649_8, 0.362_683_783_378_362),
    (0.525_532_409_916_329, 0.313_706_645_877_887_3),
    (0.796_666_477_413_626_7, 0.222_381_034_453_374_48),
    (0.960_289_856_497_536_3, 0.101_228_536_290_376_26),
];

/// The integrals of the density from -pi to `x` and from there to pi, by that rule on equal panels.
fn von_mises_tails(x: &Array, p: &[Array]) -> Result<[Array; 2]> {
    let panels = NODES / 8;
    let (mut nodes, mut weights) = (vec![], vec![]);
    for panel in 0..panels {
        for (node, weight) in GAUSS.iter().flat_map(|&(n, w)| [(-n, w), (n, w)]) {
            nodes.push((panel as f64 + 0.5 + 0.5 * node) / panels as f64);
            weights.push(0.5 * weight / panels as f64);
        }
    }
    let xp = x.namespace();
    let (nodes, weights) = (xp.asarray(nodes)?, xp.asarray(weights)?);
    let part = |from: &Array, width: Array| -> Result<Array> {
        let at = (from.expand_dims(-1)? + width.expand_dims(-1)? * &nodes).ok()?;
        (array_api::matmul(exp((VON_MISES.log_prob)(&at, p)?)?, &weights)? * width).ok()
    };
    let low = array_api::full_like(x, -PI)?;
    logs(part(&low, (x + PI).ok()?)?, part(x, (PI - x).ok()?)?)
}
