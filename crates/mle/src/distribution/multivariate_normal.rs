//! The multivariate normal law.

use array_api::{
    Array, Error, Result, clip, exp, expand_dims, index, matmul, matrix_transpose, square, stack, subtract, where_,
};

use super::orthants::{all_below, both_below};
use super::tails::{HALF_LN_TAU, log_normal_cdf};
use super::vector::{Rows, VectorLaw, VectorSupport, all_finite, outside_is_impossible, vectors};
use crate::fit::{Fit, StandardErrors, blank};
use crate::matrix::{self, Matrix};

/// A multivariate normal law.
///
/// ```
/// use mle::distribution::{MultivariateNormal, VectorLaw};
/// # let xp = array_ndarray::namespace();
/// let law = MultivariateNormal::new(&[1.0, 2.0], &[vec![1.0, 0.5], vec![0.5, 1.0]])?;
/// // An orthant's probability is 1/4 + asin(r) / (2 pi), with r = 1/2 a third.
/// let third = law.cdf(&xp.asarray([1.0, 2.0])?)?.item::<f64>()?;
/// assert!((third - 1.0 / 3.0).abs() < 1e-14);
/// # Ok::<(), array_api::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct MultivariateNormal {
    mean: Vec<f64>,
    covariance: Matrix,
    /// The inverse of the covariance's lower Cholesky factor.
    whitening: Matrix,
    factor: Matrix,
}

const NAME: &str = "multivariate normal";

impl MultivariateNormal {
    /// The law of this mean and covariance matrix.
    ///
    /// # Errors
    /// For numbers that are not finite, a matrix of another size, one that is not symmetric, and one that is not positive
    /// definite.
    pub fn new(mean: &[f64], covariance: &[Vec<f64>]) -> Result<MultivariateNormal> {
        let d = mean.len();
        let wrong = |message: String| Err(Error::value(NAME, message));
        if d == 0 || covariance.len() != d || covariance.iter().any(|row| row.len() != d) {
            let width = covariance.first().map_or(0, Vec::len);
            return wrong(format!("a mean of {d} numbers and a covariance of {} rows of {width}", covariance.len()));
        }
        if let Some(x) = mean.iter().chain(covariance.iter().flatten()).find(|x| !x.is_finite()) {
            return wrong(format!("a parameter is {x}"));
        }
        for (i, row) in covariance.iter().enumerate() {
            for (j, &a) in row.iter().enumerate().take(i) {
                let b = covariance[j][i];
                if (a - b).abs() > 1e-12 * a.abs().max(b.abs()) {
                    return wrong(format!("the covariance is not symmetric: [{i}][{j}] is {a}, [{j}][{i}] is {b}"));
                }
            }
        }
        let covariance = matrix::from_rows(covariance)?;
        match matrix::cholesky(&covariance) {
            Some(factor) => {
                let whitening = matrix::inverse_lower(&factor);
                Ok(MultivariateNormal { mean: mean.to_vec(), covariance, whitening, factor })
            }
            None => wrong("the covariance is not positive definite, so there is no density".into()),
        }
    }

    /// Fits the law to the rows of `x`, shape `(rows, d)`, each counted by its weight where there are weights: `mean1` and so
    /// on, and the covariances `cov1,1`, `cov2,1` and so on, with `n` in the denominator. Standard errors are those of the
    /// information at the maximum, where the observed and the expected one are the same.
    ///
    /// # Errors
    /// For values that are not finite, and where rows lie in a plane, so that the likelihood has no bound.
    ///
    /// ```
    /// use mle::distribution::MultivariateNormal;
    /// # let xp = array_ndarray::namespace();
    /// let x = xp.asarray([[0.0, 1.0], [2.0, 3.0], [1.0, 5.0], [3.0, 2.0]])?;
    /// let fit = MultivariateNormal::fit(&x, None)?;
    /// assert_eq!(fit.parameter("mean2").unwrap().estimate, 2.75);
    /// assert!((fit.parameter("cov1,1").unwrap().estimate - 1.25).abs() < 1e-12);
    /// # Ok::<(), array_api::Error>(())
    /// ```
    pub fn fit(x: &Array, weights: Option<&Array>) -> Result<Fit> {
        let rows = Rows::new(NAME, x, weights)?;
        let (n, d) = (rows.total, rows.dimensions);
        let means = rows.means()?;
        let products = matrix::read(&rows.products(&subtract(&rows.x, &means)?)?)?;
        let s = Matrix::from_fn(d, d, |i, j| products[(i, j)] / n);
        if rows.count <= d || matrix::inverse_definite(&s).is_none() {
            let message = format!(
                "the {} rows lie in a plane of fewer than {d} dimensions: the likelihood has no bound there",
                rows.count
            );
            return Err(Error::value(NAME, message));
        }
        let scale: Vec<f64> = (0..d).map(|i| s[(i, i)].sqrt()).collect();
        let unit = Matrix::from_fn(d, d, |i, j| s[(i, j)] / scale[i] / scale[j]);
        let log_determinant: f64 = matrix::eigen(&unit)?.values.iter().map(|v| v.ln()).sum::<f64>()
            + 2.0 * scale.iter().map(|s| s.ln()).sum::<f64>();
        let places: Vec<(usize, usize)> = (0..d).flat_map(|i| (0..=i).map(move |j| (i, j))).collect();
        let mut names: Vec<String> = (0..d).map(|i| format!("mean{}", i + 1)).collect();
        names.extend(places.iter().map(|(i, j)| format!("cov{},{}", i + 1, j + 1)));
        let mut estimates = means.to_vec::<f64>()?;
        estimates.extend(places.iter().map(|&(i, j)| s[(i, j)]));
        let mut fit = blank(NAME, "closed form", &names, &estimates);
        fit.observations = n;
        fit.log_likelihood = -0.5 * n * (d as f64 * (2.0 * HALF_LN_TAU + 1.0) + log_determinant);
        // Means and covariances are uncorrelated; Cov(s_ij, s_kl) is (s_ik s_jl + s_il s_jk) / n (Isserlis 1918).
        let entry = |a: usize, b: usize| match (a < d, b < d) {
            (true, true) => s[(a, b)] / n,
            (false, false) => {
                let ((i, j), (k, l)) = (places[a - d], places[b - d]);
                (s[(i, k)] * s[(j, l)] + s[(i, l)] * s[(j, k)]) / n
            }
            _ => 0.0,
        };
        let covariance = Matrix::from_fn(names.len(), names.len(), entry);
        let fit = fit.with_criteria().with_covariance(&covariance, StandardErrors::ExpectedInformation);
        fit.with_wald_intervals(&rows.x.namespace(), 0.95)
    }

    /// `L^-1 (x - mean)`, whose numbers are independent and standard.
    fn whitened(&self, x: &Array) -> Result<Array> {
        let xp = x.namespace();
        let whitening = xp.asarray(matrix::rows(&self.whitening))?;
        matmul(subtract(x, xp.asarray(&self.mean)?)?, matrix_transpose(whitening)?)
    }

    /// One column of `(x - mean) / sd`; beyond 40 standard deviations a probability is 0 or 1 in double precision.
    fn standard(&self, x: &Array, j: usize) -> Result<Array> {
        let column = x.at(index![.., j as isize])?;
        clip(((column - self.mean[j]) / self.covariance[(j, j)].sqrt()).ok()?, -40.0, 40.0)
    }
}

impl VectorLaw for MultivariateNormal {
    fn name(&self) -> &'static str {
        NAME
    }

    fn dimensions(&self) -> usize {
        self.mean.len()
    }

    fn support(&self) -> VectorSupport {
        VectorSupport::Everywhere
    }

    fn log_prob(&self, x: &Array) -> Result<Array> {
        let d = self.dimensions();
        let x = vectors(NAME, x, d)?;
        let inside = all_finite(&x)?;
        let used = where_(expand_dims(&inside, -1)?, &x, 0.0)?;
        let log_scale: f64 = (0..d).map(|i| self.factor[(i, i)].ln()).sum();
        let flat = array_api::reshape(&used, [-1, d as isize])?;
        let distance = square(self.whitened(&flat)?)?.sum(-1)?;
        let distance = array_api::reshape(distance, inside.shape()?.iter().map(|&n| n as isize).collect::<Vec<_>>())?;
        let value = (distance * -0.5 - log_scale - d as f64 * HALF_LN_TAU).ok()?;
        outside_is_impossible(&x, &inside, value)
    }

    fn sample(&self, key: &Array, count: usize) -> Result<Array> {
        let xp = key.namespace();
        let z = xp.normal(key, [count, self.dimensions()])?;
        let factor = xp.asarray(matrix::rows(&self.factor))?;
        (matmul(z, matrix_transpose(factor)?)? + xp.asarray(&self.mean)?).ok()
    }

    fn mean(&self) -> Vec<f64> {
        self.mean.clone()
    }

    fn covariance(&self) -> Vec<Vec<f64>> {
        matrix::rows(&self.covariance)
    }

    /// To rounding for one and two numbers; by quasi-random integration for more, to some 1e-6 for up to eight numbers and
    /// some 1e-5 for twenty. Where it cannot be had to 1e-3, that is an error.
    fn cdf(&self, x: &Array) -> Result<Array> {
        let d = self.dimensions();
        let x = vectors(NAME, x, d)?;
        let shape: Vec<isize> = x.shape()?[..x.ndim() - 1].iter().map(|&n| n as isize).collect();
        let x = array_api::reshape(&x, [-1, d as isize])?;
        let limits = (0..d).map(|j| self.standard(&x, j)).collect::<Result<Vec<_>>>()?;
        let correlation =
            |i: usize, j: usize| self.covariance[(i, j)] / (self.covariance[(i, i)] * self.covariance[(j, j)]).sqrt();
        let below = match d {
            1 => exp(log_normal_cdf(&limits[0])?)?,
            2 => both_below(&limits[0], &limits[1], correlation(0, 1))?,
            _ => all_below(&stack(limits, 0)?, &Matrix::from_fn(d, d, correlation))?,
        };
        array_api::reshape(below, shape)
    }

    fn quantile(&self, p: &Array) -> Result<Array> {
        if let [mean] = self.mean[..] {
            return super::Distribution::named("normal")?.with(&[mean, self.covariance[(0, 0)].sqrt()])?.quantile(p);
        }
        let message = format!(
            "vectors of {} numbers have no order, so a {NAME} law has no quantiles; take those of one of its numbers",
            self.dimensions()
        );
        Err(Error::value(NAME, message))
    }
}
