//! Laws of several numbers at once: what they have in common.

use array_api::{Array, DType, Error, Result, astype, index, isfinite, logical_not, matmul, matrix_transpose};

use crate::columns;

/// The vectors that a law takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VectorSupport {
    /// All vectors of finite numbers.
    Everywhere,
    /// Positive shares that sum to 1.
    Simplex,
    /// Counts that sum to a number of trials.
    Counts {
        /// That number.
        trials: u64,
    },
}

/// A distribution of vectors, as [`Law`](super::Law) is one of numbers.
///
/// A distribution function and quantiles are an order's: where vectors have none, or no form is known, the law declines and
/// says so.
///
/// ```
/// use mle::distribution::{MultivariateNormal, VectorLaw};
/// # let xp = array_ndarray::namespace();
/// let law = MultivariateNormal::new(&[0.0, 1.0], &[vec![1.0, 0.5], vec![0.5, 2.0]])?;
/// assert_eq!(law.log_prob(&xp.asarray([[0.0, 1.0], [1.0, 1.0]])?)?.shape()?, [2]);
/// assert!(law.quantile(&xp.asarray(0.5)?).unwrap_err().to_string().contains("no order"));
/// # Ok::<(), array_api::Error>(())
/// ```
pub trait VectorLaw {
    /// The law's name.
    fn name(&self) -> &'static str;

    /// How many numbers a value has.
    fn dimensions(&self) -> usize;

    /// The values that it takes.
    fn support(&self) -> VectorSupport;

    /// The logarithm of the density, or of the probability for counts, of the vectors along the last axis of `x`, shape
    /// `(.., dimensions)`: minus infinity outside the support, not a number where `x` is not.
    ///
    /// # Errors
    /// For an array without that axis.
    fn log_prob(&self, x: &Array) -> Result<Array>;

    /// Independent draws, shape `(count, dimensions)`: a pure function of the key.
    ///
    /// # Errors
    /// Of the operations.
    fn sample(&self, key: &Array, count: usize) -> Result<Array>;

    /// The expectation.
    fn mean(&self) -> Vec<f64>;

    /// The covariance matrix.
    fn covariance(&self) -> Vec<Vec<f64>>;

    /// The probability that no number of the vector exceeds its one in `x`, shape `(.., dimensions)`.
    ///
    /// # Errors
    /// Where it has no form that is computed here, which the error says.
    fn cdf(&self, x: &Array) -> Result<Array> {
        let _ = x;
        let message = format!(
            "the distribution function of a {} law of {} numbers is a sum or an integral without a form; estimate it from sample(..)",
            self.name(),
            self.dimensions()
        );
        Err(Error::value(self.name(), message))
    }

    /// Quantiles.
    ///
    /// # Errors
    /// For laws of two numbers and more: vectors have no order in which one would be the smallest that reaches `p`.
    fn quantile(&self, p: &Array) -> Result<Array> {
        let _ = p;
        let message = format!(
            "vectors of {} numbers have no order, so a {} law has no quantiles; take those of one of its numbers",
            self.dimensions(),
            self.name()
        );
        Err(Error::value(self.name(), message))
    }
}

/// Values as `float64`, of which the last axis has a length.
pub(super) fn vectors(what: &'static str, x: &Array, dimensions: usize) -> Result<Array> {
    if x.dtype().is_complex() {
        return Err(Error::dtype(what, format!("values are {}, not real numbers", x.dtype())));
    }
    if x.ndim() == 0 || x.shape()?.last() != Some(&dimensions) {
        let message = format!("values have shape {}, but the last axis must have length {dimensions}", x.dims());
        return Err(Error::shape(what, message));
    }
    astype(x, DType::Float64)
}

/// Rows of observations and how often each was made.
pub(super) struct Rows {
    pub(super) x: Array,
    pub(super) weights: Option<Array>,
    /// The rows, or the sum of their weights.
    pub(super) total: f64,
    /// How many there are, whatever they weigh.
    pub(super) count: usize,
    pub(super) dimensions: usize,
}

impl Rows {
    /// A matrix as `float64`, shape `(rows, dimensions)`, every value finite.
    pub(super) fn new(what: &'static str, x: &Array, weights: Option<&Array>) -> Result<Rows> {
        if x.ndim() != 2 {
            let message = format!("the data have shape {}; a row for each observation is needed", x.dims());
            return Err(Error::shape(what, message));
        }
        let &[count, dimensions] = x.shape()? else {
            return Err(Error::shape(what, format!("the data have shape {}", x.dims())));
        };
        if count == 0 || dimensions == 0 {
            let message = format!("the data have shape ({count}, {dimensions}), so there is nothing to fit");
            return Err(Error::shape(what, message));
        }
        for j in 0..dimensions {
            columns::real(&format!("column {j}"), &x.at(index![.., j as isize])?)?;
        }
        let weights = weights.map(|w| columns::weights(w, count)).transpose()?;
        let total = match &weights {
            Some(w) => w.sum(..)?.item::<f64>()?,
            None => count as f64,
        };
        Ok(Rows { x: astype(x, DType::Float64)?, weights, total, count, dimensions })
    }

    /// The weighted sums of the columns of a matrix that belongs to the rows.
    pub(super) fn sums(&self, columns: &Array) -> Result<Array> {
        match &self.weights {
            Some(w) => matmul(w, columns),
            None => columns.sum(0),
        }
    }

    /// The weighted means of the columns.
    pub(super) fn means(&self) -> Result<Array> {
        (self.sums(&self.x)? / self.total).ok()
    }

    /// The weighted sum of products of deviations, shape `(dimensions, dimensions)`.
    pub(super) fn products(&self, centred: &Array) -> Result<Array> {
        let other = match &self.weights {
            Some(w) => array_api::multiply(centred, array_api::expand_dims(w, -1)?)?,
            None => centred.clone(),
        };
        matmul(matrix_transpose(centred)?, other)
    }
}

/// Minus infinity where vectors are outside, not a number where one of their numbers is not.
pub(super) fn outside_is_impossible(x: &Array, inside: &Array, value: Array) -> Result<Array> {
    let unknown = array_api::any(array_api::isnan(x)?, -1)?;
    let outside = array_api::where_(unknown, f64::NAN, f64::NEG_INFINITY)?;
    array_api::where_(inside, value, outside)
}

/// Where every number of a vector is finite.
pub(super) fn all_finite(x: &Array) -> Result<Array> {
    logical_not(array_api::any(logical_not(isfinite(x)?)?, -1)?)
}
