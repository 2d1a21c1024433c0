//! Mixtures of distributions with their parameters.

use array_api::{Array, DType, Error, Result, astype, equal, exp, greater, less, logsumexp, stack, where_};

use super::family::Support;
use super::law::{Law, bisect, real};

/// A mixture: each draw comes from one of several laws, with its weight as probability.
///
/// ```
/// use mle::distribution::{Distribution, Mixture};
/// # let xp = array_ndarray::namespace();
/// let normal = Distribution::named("normal")?;
/// let mixture = Mixture::new(&[0.25, 0.75], &[normal.with(&[-2.0, 1.0])?, normal.with(&[2.0, 1.0])?])?;
/// assert_eq!(mixture.mean(), 1.0);
/// let half = mixture.quantile(&xp.asarray(0.5)?)?;
/// assert!((mixture.cdf(&half)?.item::<f64>()? - 0.5).abs() < 1e-14);
/// # Ok::<(), array_api::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Mixture {
    weights: Vec<f64>,
    laws: Vec<Law>,
}

impl Mixture {
    /// The mixture of these laws with these weights.
    ///
    /// # Errors
    /// For other weights than one positive share for each law, which sum to 1 within 1e-8, no law at all, and counts beside
    /// densities, which have no density together.
    pub fn new(weights: &[f64], laws: &[Law]) -> Result<Mixture> {
        let wrong = |message: String| Err(Error::value("mixture", message));
        if laws.is_empty() || weights.len() != laws.len() {
            return wrong(format!("{} weights for {} laws; each law has one", weights.len(), laws.len()));
        }
        if let Some(w) = weights.iter().find(|w| !(**w > 0.0 && **w <= 1.0)) {
            return wrong(format!("a weight is {w}, but must lie in (0, 1]"));
        }
        let sum: f64 = weights.iter().sum();
        if (sum - 1.0).abs() > 1e-8 {
            return wrong(format!("the weights sum to {sum}, not to 1; divide each by that"));
        }
        let counts = laws.iter().filter(|l| l.support().integer).count();
        if counts != 0 && counts != laws.len() {
            return wrong(format!("{counts} of {} laws are of counts, the others have a density", laws.len()));
        }
        Ok(Mixture { weights: weights.to_vec(), laws: laws.to_vec() })
    }

    /// The weights.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The laws that are mixed.
    pub fn laws(&self) -> &[Law] {
        &self.laws
    }

    /// The numbers between the least and the largest that any of the laws takes.
    pub fn support(&self) -> Support {
        let all = self.laws.iter().map(Law::support);
        let first = Support { lower: f64::INFINITY, upper: f64::NEG_INFINITY, closed: true, integer: true };
        all.fold(first, |a, b| Support {
            lower: a.lower.min(b.lower),
            upper: a.upper.max(b.upper),
            closed: a.closed && b.closed,
            integer: a.integer && b.integer,
        })
    }

    fn average(&self, of: impl Fn(&Law) -> f64) -> f64 {
        self.weights.iter().zip(&self.laws).map(|(w, law)| w * of(law)).sum()
    }

    /// The expectation; not a number where there is none.
    pub fn mean(&self) -> f64 {
        self.average(Law::mean)
    }

    /// The variance: that within the laws and that between their means.
    pub fn variance(&self) -> f64 {
        let mean = self.mean();
        self.average(|law| law.variance() + (law.mean() - mean).powi(2))
    }

    /// The logarithm of the density, or of the probability for counts.
    ///
    /// # Errors
    /// Of the operations.
    pub fn log_prob(&self, x: &Array) -> Result<Array> {
        let part = |(w, law): (&f64, &Law)| (law.log_prob(x)? + w.ln()).ok();
        let parts = self.weights.iter().zip(&self.laws).map(part).collect::<Result<Vec<_>>>()?;
        logsumexp(stack(parts, 0)?, 0)
    }

    /// The probability of values up to `x`.
    ///
    /// # Errors
    /// Of the operations.
    pub fn cdf(&self, x: &Array) -> Result<Array> {
        self.sum(|law| law.cdf(x))
    }

    /// The probability of values above `x`, without the cancellation of one less the [`cdf`](Mixture::cdf).
    ///
    /// # Errors
    /// Of the operations.
    pub fn survival(&self, x: &Array) -> Result<Array> {
        self.sum(|law| law.survival(x))
    }

    fn sum(&self, of: impl Fn(&Law) -> Result<Array>) -> Result<Array> {
        let part = |(w, law): (&f64, &Law)| (of(law)? * *w).ok();
        let parts = self.weights.iter().zip(&self.laws).map(part).collect::<Result<Vec<_>>>()?;
        stack(parts, 0)?.sum(0)
    }

    /// The value that is exceeded with probability `1 - p`, by bisection of the distribution function to the last digit; not
    /// a number for `p` outside 0 to 1.
    ///
    /// # Errors
    /// Of the operations.
    pub fn quantile(&self, p: &Array) -> Result<Array> {
        let p = real(p)?;
        let support = self.support();
        let proper = array_api::logical_and(greater(&p, 0.0)?, less(&p, 1.0)?)?;
        let value = bisect(support, &|x| self.cdf(x), &where_(&proper, &p, 0.5)?)?;
        let (low, high) = (equal(&p, 0.0)?, equal(&p, 1.0)?);
        let ends = where_(low, support.lower, where_(high, support.upper, f64::NAN)?)?;
        where_(proper, value, ends)
    }

    /// Independent draws, a pure function of the key: from the law that a first draw chooses.
    ///
    /// # Errors
    /// Of the operations.
    pub fn sample(&self, key: &Array, count: usize) -> Result<Array> {
        let xp = key.namespace();
        let keys = array_api::split(key, self.laws.len() + 1)?;
        let chosen = xp.choice(keys.at(0_isize)?, &xp.asarray(&self.weights)?, (self.laws.len(), count))?;
        let mut drawn = astype(array_api::zeros_like(&chosen, ..)?, DType::Float64)?;
        for (j, law) in self.laws.iter().enumerate() {
            let own = law.sample(&keys.at(j as isize + 1)?, count)?;
            drawn = where_(equal(&chosen, j as i64)?, own, drawn)?;
        }
        Ok(drawn)
    }

    /// The probabilities with which a value came from each law, shape `(.., laws)`.
    ///
    /// # Errors
    /// Of the operations.
    pub fn responsibilities(&self, x: &Array) -> Result<Array> {
        let part = |(w, law): (&f64, &Law)| (law.log_prob(x)? + w.ln()).ok();
        let parts = self.weights.iter().zip(&self.laws).map(part).collect::<Result<Vec<_>>>()?;
        let total = array_api::expand_dims(self.log_prob(x)?, -1)?;
        exp((stack(parts, -1)? - total).ok()?)
    }
}
