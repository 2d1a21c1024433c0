//! Laplace's approximation: the posterior as a normal law around its mode.

use array_api::{Array, Error, Namespace, Result, matmul, matrix_transpose};
use serde::{Deserialize, Serialize};

use crate::fit::{Fit, StandardErrors};

/// A normal law that has the mode and the curvature of a posterior density.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Laplace {
    /// The mode.
    pub mean: Vec<f64>,
    /// The inverse of minus the Hessian of the log posterior there.
    pub covariance: Vec<Vec<f64>>,
    /// The logarithm of the evidence: the probability of the data, the parameters integrated out.
    pub log_evidence: f64,
}

impl Laplace {
    /// The approximation at a mode with priors. A parameter without one counts as if its density were 1 everywhere, so the
    /// evidence then serves to compare models that share it.
    ///
    /// `log p(y) = log p(y | t) + log p(t) + k/2 log(2 pi) + 1/2 log det C` (Tierney and Kadane 1986).
    ///
    /// # Errors
    /// For fits that did not converge, without a prior, or whose covariance is not the inverse observed information.
    ///
    /// ```
    /// use mle::distribution::Distribution;
    /// use mle::inference::Laplace;
    /// # let xp = array_ndarray::namespace();
    /// let normal = Distribution::named("normal")?;
    /// let fit = normal.fitting().fix("sd", 1.0).prior("mean", normal.with(&[0.0, 2.0])?).fit(&xp.asarray([1.0, 3.0])?)?;
    /// let laplace = Laplace::of(&fit)?;
    /// // Exact for a normal posterior: variance 1 / (1/4 + 2).
    /// assert!((laplace.covariance[0][0] - 4.0 / 9.0).abs() < 1e-12);
    /// let draws = laplace.sample(&xp.key(1)?, 1000)?;
    /// assert_eq!(draws.shape()?, [1000, 1]);
    /// # Ok::<(), array_api::Error>(())
    /// ```
    pub fn of(fit: &Fit) -> Result<Laplace> {
        let wrong = |message: String| Err(Error::value("laplace", message));
        if !fit.status.is_converged() {
            return wrong(format!("the fit of {} ended with status `{}`", fit.model, fit.status));
        }
        if fit.mode_scale.as_deref() != Some("constrained") {
            let message = "the fit has no priors, or its mode is that of the scale without bounds; the approximation is made around a mode of the parameters as they are named";
            return wrong(message.into());
        }
        let (StandardErrors::ObservedInformation, Some(covariance)) = (fit.standard_errors, &fit.covariance) else {
            return wrong("the approximation rests on observed information, which the fit does not have".into());
        };
        let k = covariance.len();
        let matrix = crate::matrix::Matrix::from_fn(k, k, |i, j| covariance[i][j]);
        let log_determinant: f64 = crate::matrix::eigen(&matrix)?.values.iter().map(|v| v.ln()).sum();
        let constant = 0.5 * k as f64 * (2.0 * std::f64::consts::PI).ln();
        let log_evidence = fit.log_likelihood + fit.log_prior + constant + 0.5 * log_determinant;
        Ok(Laplace { mean: fit.estimates(), covariance: covariance.clone(), log_evidence })
    }

    /// Draws from the normal law, shape `(count, parameters)`: a pure function of the key.
    ///
    /// # Errors
    /// Of the operations.
    pub fn sample(&self, key: &Array, count: usize) -> Result<Array> {
        let xp: Namespace = key.namespace();
        let factor = array_api::cholesky(xp.asarray(&self.covariance)?, ..)?;
        let z = xp.normal(key, [count, self.mean.len()])?;
        (matmul(z, matrix_transpose(factor)?)? + xp.asarray(&self.mean)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::Distribution;

    #[test]
    fn evidence_of_a_normal_mean_is_exact() {
        let xp = array_ndarray::namespace();
        let normal = Distribution::named("normal").unwrap();
        let (sd, tau, x) = (1.5_f64, 2.0_f64, [1.0, 3.0, 0.5]);
        let prior = normal.with(&[0.0, tau]).unwrap();
        let fit = normal.fitting().fix("sd", sd).prior("mean", prior).fit(&xp.asarray(x).unwrap()).unwrap();
        let laplace = Laplace::of(&fit).unwrap();
        // The data together are normal with covariance sd^2 I + tau^2 11'; its inverse and determinant are by Sherman and
        // Morrison.
        let (n, s, square) = (3.0, x.iter().sum::<f64>(), x.iter().map(|v| v * v).sum::<f64>());
        let (v, t) = (sd * sd, tau * tau);
        let form = square / v - s * s * t / (v * (v + n * t));
        let determinant = 2.0 * v.ln() + (v + n * t).ln();
        let exact = -0.5 * (form + determinant + n * (2.0 * std::f64::consts::PI).ln());
        assert!((laplace.log_evidence - exact).abs() < 1e-10, "{} and {exact}", laplace.log_evidence);
        let draws = laplace.sample(&xp.key(3).unwrap(), 20_000).unwrap();
        let mean = draws.mean(..).unwrap().item::<f64>().unwrap();
        assert!((mean - fit.estimates()[0]).abs() < 5.0 * (laplace.covariance[0][0] / 20_000.0).sqrt());
    }

    #[test]
    fn without_priors_there_is_no_evidence() {
        let xp = array_ndarray::namespace();
        let fit = Distribution::named("weibull").unwrap().fit(&xp.asarray([1.0, 2.0, 4.0]).unwrap()).unwrap();
        assert!(Laplace::of(&fit).unwrap_err().to_string().contains("no priors"));
    }
}
