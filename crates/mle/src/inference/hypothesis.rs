//! Tests: of one model within another, and of a distribution against data.

use array_api::{Array, Error, Result, sort};
use serde::{Deserialize, Serialize};

use super::laws::chi_squared_upper_tail;
use crate::columns;
use crate::distribution::Law;
use crate::fit::Fit;

/// A statistic, and the probability of one at least as large where the hypothesis holds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestResult {
    /// The statistic.
    pub statistic: f64,
    /// The degrees of freedom, where the law has them.
    pub degrees: Option<f64>,
    /// The probability.
    pub p_value: f64,
}

/// The likelihood-ratio test of a model within a larger one fitted to the same rows (Wilks 1938).
///
/// # Errors
/// Where a fit did not converge, the rows differ, the larger model has no more parameters or a smaller likelihood, or the
/// namespace has no incomplete gamma function.
///
/// ```
/// use mle::distribution::Distribution;
/// use mle::inference::likelihood_ratio;
/// # let xp = array_ndarray::namespace();
/// let x = xp.asarray([1.2, 0.7, 3.1, 2.2, 1.9, 0.4, 2.8, 1.5])?;
/// let within = Distribution::named("exponential")?.fit(&x)?;
/// let larger = Distribution::named("weibull")?.fit(&x)?;
/// let test = likelihood_ratio(&xp, &within, &larger)?;
/// assert!(test.statistic > 3.0 && test.degrees == Some(1.0) && test.p_value < 0.1);
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn likelihood_ratio(xp: &array_api::Namespace, within: &Fit, larger: &Fit) -> Result<TestResult> {
    let wrong = |message: String| Err(Error::value("likelihood_ratio", message));
    for fit in [within, larger] {
        if !fit.status.is_converged() {
            return wrong(format!("the fit of {} ended with status `{}`", fit.model, fit.status));
        }
    }
    if within.observations != larger.observations {
        return wrong(format!("the fits are to {} and {} rows", within.observations, larger.observations));
    }
    if within.free_parameters >= larger.free_parameters {
        let (k, l) = (within.free_parameters, larger.free_parameters);
        return wrong(format!("the larger model has {l} parameters, the one within it {k}"));
    }
    let statistic = 2.0 * (larger.log_likelihood - within.log_likelihood);
    if statistic.is_nan() || statistic < -1e-8 * larger.log_likelihood.abs().max(1.0) {
        return wrong(format!(
            "the larger model has log-likelihood {}, below {}: they are not nested, or a fit missed its maximum",
            larger.log_likelihood, within.log_likelihood
        ));
    }
    let statistic = statistic.max(0.0);
    let degrees = (larger.free_parameters - within.free_parameters) as f64;
    Ok(TestResult { statistic, degrees: Some(degrees), p_value: chi_squared_upper_tail(xp, statistic, degrees)? })
}

/// Kolmogorov and Smirnov's test of values against a continuous distribution whose parameters were not estimated from them;
/// where they were, the true probability is smaller than the one given.
///
/// The probability is Kolmogorov's limit with Stephens' correction of the statistic for few values ("EDF statistics for
/// goodness of fit", 1974), right to about three digits.
///
/// # Errors
/// For distributions of counts, and values that are not finite.
pub fn kolmogorov_smirnov(law: &Law, values: &Array) -> Result<TestResult> {
    let shares = shares(law, values)?;
    let n = shares.len() as f64;
    let distance = |(i, u): (usize, &f64)| f64::max(u - i as f64 / n, (i + 1) as f64 / n - u);
    let statistic = shares.iter().enumerate().map(distance).fold(0.0, f64::max);
    let scaled = statistic * (n.sqrt() + 0.12 + 0.11 / n.sqrt());
    Ok(TestResult { statistic, degrees: None, p_value: kolmogorov_tail(scaled) })
}

/// The limit of the probability that the scaled distance exceeds `x`: one of two series, whichever is the shorter.
fn kolmogorov_tail(x: f64) -> f64 {
    use std::f64::consts::PI;
    if x <= 0.0 {
        return 1.0;
    }
    if x < 1.18 {
        let term = |k: i32| libm::exp(-f64::from(2 * k - 1).powi(2) * PI * PI / (8.0 * x * x));
        return 1.0 - (2.0 * PI).sqrt() / x * (1..=20).map(term).sum::<f64>();
    }
    let term = |k: i32| f64::from(1 - 2 * ((k + 1) % 2)) * libm::exp(-2.0 * f64::from(k * k) * x * x);
    (2.0 * (1..=20).map(term).sum::<f64>()).clamp(0.0, 1.0)
}

/// Anderson and Darling's statistic of values against a continuous distribution whose parameters were not estimated from
/// them: it weighs the tails more than [`kolmogorov_smirnov`] does.
///
/// The probability is Marsaglia and Marsaglia's limit ("Evaluating the Anderson-Darling distribution", 2004), right to about
/// six digits from ten values on.
///
/// # Errors
/// As [`kolmogorov_smirnov`].
pub fn anderson_darling(law: &Law, values: &Array) -> Result<TestResult> {
    let shares = shares(law, values)?;
    let sorted = sort(&columns::real("values", values)?, ..)?;
    let above = law.survival(&sorted)?.to_vec::<f64>()?;
    let n = shares.len();
    let term = |i: usize| (2 * i + 1) as f64 * (shares[i].ln() + above[n - 1 - i].ln());
    let statistic = -(n as f64) - (0..n).map(term).sum::<f64>() / n as f64;
    Ok(TestResult { statistic, degrees: None, p_value: (1.0 - anderson_darling_limit(statistic)).clamp(0.0, 1.0) })
}

/// The limiting distribution function of the statistic, in Marsaglia and Marsaglia's two parts.
fn anderson_darling_limit(z: f64) -> f64 {
    let polynomial = |coefficients: &[f64]| coefficients.iter().rev().fold(0.0, |sum, c| sum * z + c);
    match z {
        z if z <= 0.0 => 0.0,
        z if z < 2.0 => {
            let low = [2.00012, 0.247105, -0.0649821, 0.0347962, -0.011672, 0.00168691];
            libm::exp(-1.2337141 / z) / z.sqrt() * polynomial(&low)
        }
        _ => libm::exp(-libm::exp(polynomial(&[1.0776, -2.30695, 0.43424, -0.082433, 0.008056, -0.0003146]))),
    }
}

/// The sorted values' probabilities.
fn shares(law: &Law, values: &Array) -> Result<Vec<f64>> {
    if law.support().integer {
        let message = format!("{} is a distribution of counts, for which this test's law does not hold", law.name());
        return Err(Error::value("goodness of fit", message));
    }
    law.cdf(&sort(&columns::real("values", values)?, ..)?)?.to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::Distribution;

    #[test]
    fn limits_of_tables() {
        // Smirnov (1948) tabulates 1.36 and 1.63 for 5 and 1 per cent; Anderson and Darling's series gives 2.492 and 3.878.
        assert!((kolmogorov_tail(1.358_098_6) - 0.05).abs() < 1e-6);
        assert!((kolmogorov_tail(1.627_623_6) - 0.01).abs() < 1e-6);
        assert!((kolmogorov_tail(1.18 - 1e-9) - kolmogorov_tail(1.18 + 1e-9)).abs() < 1e-8);
        assert!((1.0 - anderson_darling_limit(2.492) - 0.05).abs() < 1e-4);
        assert!((1.0 - anderson_darling_limit(3.878) - 0.01).abs() < 1e-4);
    }

    #[test]
    fn a_wrong_law_is_seen_and_the_right_one_is_not() {
        let xp = array_ndarray::namespace();
        let right = Distribution::named("gamma").unwrap().with(&[2.0, 1.0]).unwrap();
        let wrong = Distribution::named("exponential").unwrap().with(&[0.5]).unwrap();
        let x = right.sample(&xp.key(5).unwrap(), 500).unwrap();
        for test in [kolmogorov_smirnov, anderson_darling] {
            assert!(test(&right, &x).unwrap().p_value > 0.01);
            assert!(test(&wrong, &x).unwrap().p_value < 1e-4);
        }
        let counts = Distribution::named("poisson").unwrap().with(&[2.0]).unwrap();
        assert!(kolmogorov_smirnov(&counts, &x).unwrap_err().to_string().contains("counts"));
    }
}
