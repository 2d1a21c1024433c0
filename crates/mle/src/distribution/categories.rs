//! Laws of categories: which one a trial gives, and how often each of them occurs in several trials.

use array_api::{
    Array, DType, Error, Result, astype, equal, expand_dims, floor, greater, greater_equal, less, less_equal, lgamma,
    logical_and, logical_or, multiply, not_equal, stack, take, where_,
};

use super::vector::{Rows, VectorLaw, VectorSupport, all_finite, outside_is_impossible, vectors};
use crate::columns;
use crate::fit::{Fit, StandardErrors, blank};
use crate::status::Status;

/// A categorical law: positions from 0 to `k - 1`, each with its probability.
///
/// ```
/// use mle::distribution::Categorical;
/// # let xp = array_ndarray::namespace();
/// let law = Categorical::new(&[0.5, 0.2, 0.3])?;
/// assert_eq!(law.cdf(&xp.asarray([0.0, 1.0])?)?.to_vec::<f64>()?, [0.5, 0.7]);
/// assert_eq!(law.quantile(&xp.asarray([0.6, 0.9])?)?.to_vec::<f64>()?, [1.0, 2.0]);
/// # Ok::<(), array_api::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Categorical {
    probabilities: Vec<f64>,
}

impl Categorical {
    /// The law of these probabilities.
    ///
    /// # Errors
    /// For fewer than two, one that is negative, and a sum that differs from 1 by more than 1e-8.
    pub fn new(probabilities: &[f64]) -> Result<Categorical> {
        proper("categorical", probabilities)?;
        Ok(Categorical { probabilities: probabilities.to_vec() })
    }

    /// The probabilities of the positions.
    pub fn probabilities(&self) -> &[f64] {
        &self.probabilities
    }

    /// The expectation of the indicators of the categories, which are the probabilities: the positions themselves are
    /// names, whose average means nothing.
    pub fn mean(&self) -> Vec<f64> {
        self.probabilities.clone()
    }

    /// The covariance matrix of the indicators of the categories.
    pub fn covariance(&self) -> Vec<Vec<f64>> {
        proportions(&self.probabilities, 1.0)
    }

    /// The logarithms of the probabilities of positions: minus infinity for other numbers.
    ///
    /// # Errors
    /// For complex numbers.
    pub fn log_prob(&self, x: &Array) -> Result<Array> {
        let x = numbers(x)?;
        let (inside, places) = self.places(&x)?;
        let logs: Vec<f64> = self.probabilities.iter().map(|p| p.ln()).collect();
        let found = self.look_up(&logs, &places)?;
        let outside = where_(array_api::isnan(&x)?, f64::NAN, f64::NEG_INFINITY)?;
        where_(inside, found, outside)
    }

    /// The probability of positions up to `x`.
    ///
    /// # Errors
    /// For complex numbers.
    pub fn cdf(&self, x: &Array) -> Result<Array> {
        let (x, last) = (numbers(x)?, self.probabilities.len() as f64 - 1.0);
        let known = array_api::logical_not(array_api::isnan(&x)?)?;
        let place = array_api::clip(floor(where_(&known, &x, 0.0)?)?, 0.0, last)?;
        let below = self.look_up(&self.ends(), &astype(place, DType::Int64)?)?;
        let below = where_(less(&x, 0.0)?, 0.0, where_(greater_equal(&x, last)?, 1.0, below)?)?;
        where_(known, below, f64::NAN)
    }

    /// The smallest position that is reached with probability `p`; not a number for `p` outside 0 to 1.
    ///
    /// # Errors
    /// For complex numbers.
    pub fn quantile(&self, p: &Array) -> Result<Array> {
        let p = numbers(p)?;
        let proper = logical_and(greater_equal(&p, 0.0)?, less_equal(&p, 1.0)?)?;
        let mut place = array_api::zeros_like(&p, ..)?;
        for end in &self.ends()[..self.probabilities.len() - 1] {
            place = (place + astype(greater(&p, *end)?, DType::Float64)?).ok()?;
        }
        where_(proper, place, f64::NAN)
    }

    /// Independent positions, `int64`: a pure function of the key.
    ///
    /// # Errors
    /// Of the operations.
    pub fn sample(&self, key: &Array, count: usize) -> Result<Array> {
        let xp = key.namespace();
        xp.choice(key, &xp.asarray(&self.probabilities)?, (self.probabilities.len(), count))
    }

    /// Fits the law to positions from 0 to `categories - 1`, each counted by its weight where there are weights: the
    /// probabilities `prob0` and so on.
    ///
    /// The estimates are shares of the counts; standard errors are those of the multinomial law, whose covariance
    /// `(diag(p) - p p') / n` is singular because the shares sum to 1. A category that never occurs is a boundary.
    ///
    /// # Errors
    /// For positions that are not integers from 0 to `categories - 1`.
    ///
    /// ```
    /// use mle::distribution::Categorical;
    /// # let xp = array_ndarray::namespace();
    /// let fit = Categorical::fit(&xp.asarray([0, 2, 1, 2])?, 3, None)?;
    /// assert_eq!(fit.estimates(), [0.25, 0.25, 0.5]);
    /// assert_eq!(fit.parameter("prob2").unwrap().std_error, Some(0.25));
    /// # Ok::<(), array_api::Error>(())
    /// ```
    pub fn fit(positions: &Array, categories: usize, weights: Option<&Array>) -> Result<Fit> {
        if positions.ndim() != 1 || !positions.dtype().is_integer() {
            let message =
                format!("positions are {} of shape {}, not a vector of integers", positions.dtype(), positions.dims());
            return Err(Error::value("categorical", message));
        }
        let rows = positions.size()?;
        let wrong = logical_or(less(positions, 0)?, greater_equal(positions, categories as i64)?)?;
        let outside = columns::count(&wrong)?;
        if outside > 0 {
            let message = format!("{outside} of {rows} positions lie outside of the {categories} categories");
            return Err(Error::value("categorical", message));
        }
        let weights = weights.map(|w| columns::weights(w, rows)).transpose()?;
        let counts = (0..categories).map(|j| -> Result<f64> {
            let here = astype(equal(positions, j as i64)?, DType::Float64)?;
            match &weights {
                Some(w) => array_api::vecdot(here, w, ..)?.item(),
                None => here.sum(..)?.item(),
            }
        });
        let counts = counts.collect::<Result<Vec<f64>>>()?;
        let total = counts.iter().sum();
        shares(&format!("categorical of {categories}"), &counts, total, 0.0, &positions.namespace())
    }

    /// The probabilities of positions up to each.
    fn ends(&self) -> Vec<f64> {
        let mut sum = 0.0;
        let ends = self.probabilities.iter().map(|p| {
            sum += p;
            sum
        });
        ends.collect()
    }

    /// Where numbers are positions, and those positions, 0 elsewhere.
    fn places(&self, x: &Array) -> Result<(Array, Array)> {
        let inside = logical_and(greater_equal(x, 0.0)?, less(x, self.probabilities.len() as f64)?)?;
        let inside = logical_and(&inside, equal(x, floor(where_(&inside, x, 0.0)?)?)?)?;
        let places = astype(where_(&inside, x, 0.0)?, DType::Int64)?;
        Ok((inside, places))
    }

    fn look_up(&self, values: &[f64], places: &Array) -> Result<Array> {
        let flat = array_api::reshape(places, -1)?;
        let shape: Vec<isize> = places.shape()?.iter().map(|&n| n as isize).collect();
        array_api::reshape(take(places.namespace().asarray(values)?, flat, 0)?, shape)
    }
}

/// A multinomial law: how often each category occurs in so many trials.
///
/// ```
/// use mle::distribution::{Multinomial, VectorLaw};
/// # let xp = array_ndarray::namespace();
/// let law = Multinomial::new(4, &[0.5, 0.25, 0.25])?;
/// let log_prob = law.log_prob(&xp.asarray([2.0, 1.0, 1.0])?)?.item::<f64>()?;
/// assert!((log_prob - (12.0_f64 / 64.0).ln()).abs() < 1e-14);
/// # Ok::<(), array_api::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Multinomial {
    trials: u64,
    probabilities: Vec<f64>,
}

impl Multinomial {
    /// The law of these trials and probabilities.
    ///
    /// # Errors
    /// For fewer than two probabilities, one that is negative, and a sum that differs from 1 by more than 1e-8.
    pub fn new(trials: u64, probabilities: &[f64]) -> Result<Multinomial> {
        proper(MULTINOMIAL, probabilities)?;
        Ok(Multinomial { trials, probabilities: probabilities.to_vec() })
    }

    /// Fits the law to counts, shape `(rows, categories)`, each row counted by its weight where there are weights: the
    /// probabilities `prob0` and so on. A row's number of trials is its sum.
    ///
    /// # Errors
    /// For counts that are negative, not whole, or all zero.
    ///
    /// ```
    /// use mle::distribution::Multinomial;
    /// # let xp = array_ndarray::namespace();
    /// let fit = Multinomial::fit(&xp.asarray([[3.0, 1.0], [2.0, 2.0]])?, None)?;
    /// assert_eq!(fit.estimates(), [0.625, 0.375]);
    /// // Four throws each, so the ways to order them count too: 4 and 6.
    /// let log_likelihood = 5.0 * 0.625_f64.ln() + 3.0 * 0.375_f64.ln() + 24_f64.ln();
    /// assert!((fit.log_likelihood - log_likelihood).abs() < 1e-12);
    /// # Ok::<(), array_api::Error>(())
    /// ```
    pub fn fit(counts: &Array, weights: Option<&Array>) -> Result<Fit> {
        let rows = Rows::new(MULTINOMIAL, counts, weights)?;
        let x = &rows.x;
        let broken = columns::count(&logical_or(less(x, 0.0)?, not_equal(floor(x)?, x)?)?)?;
        if broken > 0 {
            let all = rows.count * rows.dimensions;
            return Err(Error::value(MULTINOMIAL, format!("{broken} of {all} values are not counts")));
        }
        let ways = expand_dims(orders(x)?, -1)?;
        let constant = rows.sums(&ways)?.sum(..)?.item::<f64>()?;
        let sums = rows.sums(x)?.to_vec::<f64>()?;
        shares(&format!("{MULTINOMIAL} of {}", rows.dimensions), &sums, rows.total, constant, &x.namespace())
    }
}

const MULTINOMIAL: &str = "multinomial";

/// The logarithm of the number of orders in which trials can give these counts.
fn orders(x: &Array) -> Result<Array> {
    (lgamma((x.sum(-1)? + 1.0).ok()?)? - lgamma((x + 1.0).ok()?)?.sum(-1)?).ok()
}

impl VectorLaw for Multinomial {
    fn name(&self) -> &'static str {
        MULTINOMIAL
    }

    fn dimensions(&self) -> usize {
        self.probabilities.len()
    }

    fn support(&self) -> VectorSupport {
        VectorSupport::Counts { trials: self.trials }
    }

    fn log_prob(&self, x: &Array) -> Result<Array> {
        let x = vectors(MULTINOMIAL, x, self.dimensions())?;
        let finite = all_finite(&x)?;
        let used = where_(expand_dims(&finite, -1)?, &x, 0.0)?;
        let broken = array_api::any(logical_or(less(&used, 0.0)?, not_equal(floor(&used)?, &used)?)?, -1)?;
        let whole = logical_and(equal(used.sum(-1)?, self.trials as f64)?, array_api::logical_not(broken)?)?;
        let inside = logical_and(whole, finite)?;
        let used = where_(expand_dims(&inside, -1)?, used, 0.0)?;
        // A category that cannot occur adds nothing where it did not.
        let logs: Vec<f64> = self.probabilities.iter().map(|p| p.ln()).collect();
        let none = equal(&used, 0.0)?;
        let terms = where_(&none, 0.0, multiply(where_(&none, 1.0, &used)?, x.namespace().asarray(logs)?)?)?;
        outside_is_impossible(&x, &inside, (orders(&used)? + terms.sum(-1)?).ok()?)
    }

    fn sample(&self, key: &Array, count: usize) -> Result<Array> {
        let trials = usize::try_from(self.trials).map_err(|_| {
            Error::value(MULTINOMIAL, format!("{} trials are too many to draw one by one", self.trials))
        })?;
        let xp = key.namespace();
        let k = self.probabilities.len();
        let places = xp.choice(key, &xp.asarray(&self.probabilities)?, (k, [count, trials]))?;
        let counts = (0..k).map(|j| astype(equal(&places, j as i64)?, DType::Float64)?.sum(1));
        stack(counts.collect::<Result<Vec<_>>>()?, 1)
    }

    fn mean(&self) -> Vec<f64> {
        self.probabilities.iter().map(|p| p * self.trials as f64).collect()
    }

    fn covariance(&self) -> Vec<Vec<f64>> {
        proportions(&self.probabilities, self.trials as f64)
    }
}

/// `scale (diag(p) - p p')`.
pub(super) fn proportions(p: &[f64], scale: f64) -> Vec<Vec<f64>> {
    let entry = |i: usize, j: usize| scale * (if i == j { p[i] } else { 0.0 } - p[i] * p[j]);
    (0..p.len()).map(|i| (0..p.len()).map(|j| entry(i, j)).collect()).collect()
}

fn numbers(x: &Array) -> Result<Array> {
    if x.dtype().is_complex() {
        return Err(Error::dtype("categorical", format!("values are {}, not real numbers", x.dtype())));
    }
    astype(x, DType::Float64)
}

/// Checks probabilities.
fn proper(what: &'static str, p: &[f64]) -> Result<()> {
    let wrong = |message: String| Err(Error::value(what, message));
    if p.len() < 2 {
        return wrong(format!("{} category is no choice; there must be two or more", p.len()));
    }
    if let Some(p) = p.iter().find(|p| !(0.0..=1.0).contains(*p)) {
        return wrong(format!("a probability is {p}, but must lie in [0, 1]"));
    }
    let sum: f64 = p.iter().sum();
    if (sum - 1.0).abs() > 1e-8 {
        return wrong(format!("the probabilities sum to {sum}, not to 1; divide each by that"));
    }
    Ok(())
}

/// Probabilities from counts; the log-likelihood has a constant beside it.
fn shares(model: &str, counts: &[f64], rows: f64, constant: f64, xp: &array_api::Namespace) -> Result<Fit> {
    let k = counts.len();
    let total: f64 = counts.iter().sum();
    if k < 2 || total == 0.0 {
        let message =
            format!("{total} trials of {k} categories determine nothing; there must be some, and two categories");
        return Err(Error::value("categorical", message));
    }
    let names: Vec<String> = (0..k).map(|i| format!("prob{i}")).collect();
    let p: Vec<f64> = counts.iter().map(|c| c / total).collect();
    let mut fit = blank(model, "closed form", &names, &p);
    fit.observations = rows;
    fit.free_parameters = k - 1;
    fit.log_likelihood =
        constant + counts.iter().zip(&p).filter(|(c, _)| **c > 0.0).map(|(c, p)| c * p.ln()).sum::<f64>();
    let covariance = crate::matrix::from_rows(&proportions(&p, 1.0 / total))?;
    let fit = fit.with_criteria();
    let never: Vec<&str> = (0..k).filter(|&i| counts[i] == 0.0).map(|i| names[i].as_str()).collect();
    if never.is_empty() {
        let fit = fit.with_covariance(&covariance, StandardErrors::ExpectedInformation);
        return within(fit.with_wald_intervals(xp, 0.95)?);
    }
    let mut fit = fit.without_covariance("a category that never occurs leaves the estimate at the end of its range");
    fit.status = Status::Boundary;
    fit.reason = format!("{} never occurred: the estimate lies at the end of its range", never.join(", "));
    Ok(fit)
}

/// That a probability is zero is no question where the category occurs, and its interval ends at 0 and 1.
fn within(mut fit: Fit) -> Result<Fit> {
    for p in &mut fit.parameters {
        p.p_value = None;
        if let Some(interval) = &mut p.interval {
            (interval.lower, interval.upper) = (interval.lower.max(0.0), interval.upper.min(1.0));
        }
    }
    Ok(fit)
}
