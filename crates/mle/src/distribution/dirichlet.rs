//! The Dirichlet law of shares.

use array_api::{
    Array, Error, Result, abs, expand_dims, lgamma, log, logical_and, logical_not, matmul, multiply, square, stack,
    subtract, where_,
};

use super::vector::{Rows, VectorLaw, VectorSupport, all_finite, outside_is_impossible, vectors};
use crate::fit::Fit;
use crate::problem::{Free, Problem, Wanted};
use crate::transform::Range;

/// A Dirichlet law: shares that sum to 1, of positive concentrations.
///
/// ```
/// use mle::distribution::{Dirichlet, VectorLaw};
/// # let xp = array_ndarray::namespace();
/// let law = Dirichlet::new(&[1.0, 1.0, 1.0])?;
/// // All compositions of three parts are equally likely: a triangle of area 1/2.
/// let log_density = law.log_prob(&xp.asarray([0.2, 0.3, 0.5])?)?.item::<f64>()?;
/// assert!((log_density - 2_f64.ln()).abs() < 1e-14);
/// assert_eq!(law.mean(), [1.0 / 3.0; 3]);
/// # Ok::<(), array_api::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Dirichlet {
    alpha: Vec<f64>,
}

const NAME: &str = "dirichlet";
/// How far shares may be from 1 in sum: what decimals of eight places leave.
const OFF: f64 = 1e-8;

impl Dirichlet {
    /// The law of these concentrations.
    ///
    /// # Errors
    /// For fewer than two, and for one that is not positive and finite.
    pub fn new(alpha: &[f64]) -> Result<Dirichlet> {
        if alpha.len() < 2 {
            return Err(Error::value(NAME, format!("{} part is no composition; there must be two", alpha.len())));
        }
        match alpha.iter().find(|a| !Range::POSITIVE.contains(**a)) {
            Some(a) => Err(Error::value(NAME, format!("a concentration is {a}, but must lie in (0, inf)"))),
            None => Ok(Dirichlet { alpha: alpha.to_vec() }),
        }
    }

    /// The concentrations.
    pub fn alpha(&self) -> &[f64] {
        &self.alpha
    }

    /// Fits the law to rows of shares, shape `(rows, parts)`, each counted by its weight where there are weights: the
    /// concentrations `alpha1` and so on.
    ///
    /// # Errors
    /// For fewer than two parts, shares that are not positive, rows that do not sum to 1 within 1e-8, and rows that all are
    /// the same, for which the likelihood has no bound.
    ///
    /// ```
    /// use mle::distribution::Dirichlet;
    /// # let xp = array_ndarray::namespace();
    /// let x = xp.asarray([[0.2, 0.3, 0.5], [0.1, 0.4, 0.5], [0.3, 0.3, 0.4], [0.25, 0.15, 0.6]])?;
    /// let fit = Dirichlet::fit(&x, None)?;
    /// assert!(fit.status.is_converged() && fit.parameter("alpha3").unwrap().estimate > 5.0);
    /// # Ok::<(), array_api::Error>(())
    /// ```
    pub fn fit(x: &Array, weights: Option<&Array>) -> Result<Fit> {
        let rows = Rows::new(NAME, x, weights)?;
        let wrong = |message: String| Err(Error::value(NAME, message));
        if rows.dimensions < 2 {
            return wrong(format!("{} part is no composition; there must be two or more", rows.dimensions));
        }
        let least = rows.x.min(..)?.item::<f64>()?;
        if least <= 0.0 {
            return wrong(format!("a share is {least}, but all must be positive"));
        }
        let off = abs((rows.x.sum(1)? - 1.0).ok()?)?.max(..)?.item::<f64>()?;
        if off > OFF {
            return wrong(format!("the shares of a row differ from 1 in sum by {off:e}; divide each row by its sum"));
        }
        let means = rows.means()?;
        let spread = rows.sums(&square(subtract(&rows.x, &means)?)?)?;
        let (means, spread) = (means.to_vec::<f64>()?, spread.to_vec::<f64>()?);
        let variances: Vec<f64> = spread.iter().map(|s| s / rows.total).collect();
        if variances.iter().all(|v| *v < f64::EPSILON * f64::EPSILON) {
            return wrong(format!(
                "all {} rows are the same: the likelihood grows without bound with the concentration",
                rows.count
            ));
        }
        // By moments: mean (1 - mean) / (concentration + 1) is the variance of each part.
        let total = means.iter().zip(&variances).map(|(m, v)| m * (1.0 - m) / v.max(f64::MIN_POSITIVE) - 1.0);
        let total = total.fold(f64::INFINITY, f64::min).clamp(0.1, 1e8);
        let logs = log(&rows.x)?;
        let log_density = |p: &[Array]| log_density(&logs, &stack(p.to_vec(), 0)?);
        let free = |(i, mean): (usize, &f64)| Free {
            name: format!("alpha{}", i + 1),
            range: Range::POSITIVE,
            start: mean * total,
            prior: None,
        };
        let problem = Problem {
            model: format!("{NAME} of {} parts", rows.dimensions),
            parameters: means.iter().enumerate().map(free).collect(),
            composites: &[],
            rows: &log_density,
            weights: rows.weights.clone(),
            total: rows.total,
            xp: rows.x.namespace(),
        };
        problem.solve(&Wanted::default())
    }

    /// The logarithm of the density of shares that are known to be inside: what a prior adds.
    ///
    /// # Errors
    /// For an array whose last axis has another length.
    pub(crate) fn log_density(&self, x: &Array) -> Result<Array> {
        log_density(&log(x)?, &x.namespace().asarray(&self.alpha)?)
    }
}

fn log_density(logs: &Array, alpha: &Array) -> Result<Array> {
    let constant = (lgamma(alpha.sum(0)?)? - lgamma(alpha)?.sum(0)?).ok()?;
    (matmul(logs, (alpha - 1.0).ok()?)? + constant).ok()
}

impl VectorLaw for Dirichlet {
    fn name(&self) -> &'static str {
        NAME
    }

    fn dimensions(&self) -> usize {
        self.alpha.len()
    }

    fn support(&self) -> VectorSupport {
        VectorSupport::Simplex
    }

    /// Of shares, shape `(.., parts)`, by the volume of all but the last one. Shares that differ from 1 in sum by more than
    /// 1e-8 are outside.
    fn log_prob(&self, x: &Array) -> Result<Array> {
        let x = vectors(NAME, x, self.dimensions())?;
        let positive = logical_not(array_api::any(array_api::less_equal(&x, 0.0)?, -1)?)?;
        let finite = all_finite(&x)?;
        let used = where_(expand_dims(&finite, -1)?, &x, 0.5)?;
        let whole = array_api::less_equal(abs((used.sum(-1)? - 1.0).ok()?)?, OFF)?;
        let inside = logical_and(logical_and(positive, finite)?, whole)?;
        let used = where_(expand_dims(&inside, -1)?, used, 0.5)?;
        outside_is_impossible(&x, &inside, self.log_density(&used)?)
    }

    /// Gamma variables over their sum. Those of concentrations below 1 are had from `G(a) = G(a + 1) U^(1/a)` on a
    /// logarithmic scale, where none is too small for a number.
    fn sample(&self, key: &Array, count: usize) -> Result<Array> {
        let xp = key.namespace();
        let keys = array_api::split(key, 2 * self.alpha.len())?;
        let mut logs = vec![];
        for (i, &alpha) in self.alpha.iter().enumerate() {
            let key = |j: usize| keys.at(j as isize);
            let larger = if alpha < 1.0 { alpha + 1.0 } else { alpha };
            let drawn = log(xp.gamma(key(2 * i)?, array_api::Gamma::default().shape(count).alpha(larger))?)?;
            logs.push(match alpha < 1.0 {
                // An exponential variable is minus the logarithm of a uniform one.
                true => subtract(drawn, multiply(xp.exponential(key(2 * i + 1)?, count)?, 1.0 / alpha)?)?,
                false => drawn,
            });
        }
        array_api::softmax(stack(logs, 1)?, -1)
    }

    fn mean(&self) -> Vec<f64> {
        let total: f64 = self.alpha.iter().sum();
        self.alpha.iter().map(|a| a / total).collect()
    }

    fn covariance(&self) -> Vec<Vec<f64>> {
        let (mean, total) = (self.mean(), self.alpha.iter().sum::<f64>());
        super::categories::proportions(&mean, 1.0 / (total + 1.0))
    }
}
