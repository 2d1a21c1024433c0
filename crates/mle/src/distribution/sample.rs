//! What estimates need to know of the data: weighted sums, computed where the data live.

use array_api::{Array, Error, Result, log, sort, subtract, vecdot};

/// A column with optional weights.
pub(crate) struct Sample {
    pub(crate) x: Array,
    pub(crate) weights: Option<Array>,
    /// The rows, or the sum of their weights.
    pub(crate) total: f64,
    /// The sum of the values, where it is known already.
    known: Option<f64>,
}

impl Sample {
    pub(crate) fn new(x: Array, weights: Option<Array>) -> Result<Sample> {
        let total = match &weights {
            Some(w) => w.sum(..)?.item::<f64>()?,
            None => x.size()? as f64,
        };
        Ok(Sample { x, weights, total, known: None })
    }

    /// The same with the sum of the values, where that has been computed: a pass over the rows less.
    pub(crate) fn with_sum(mut self, sum: Option<f64>) -> Sample {
        self.known = sum.filter(|s| s.is_finite());
        self
    }

    /// A function of the values with the same weights.
    pub(crate) fn map(&self, f: impl FnOnce(&Array) -> Result<Array>) -> Result<Sample> {
        Ok(Sample { x: f(&self.x)?, weights: self.weights.clone(), total: self.total, known: None })
    }

    /// The weighted sum of values that belong to the rows.
    pub(crate) fn sum(&self, values: &Array) -> Result<f64> {
        match &self.weights {
            Some(w) => vecdot(values, w, ..)?.item(),
            None => values.sum(..)?.item(),
        }
    }

    /// The weighted mean of a function of the values.
    pub(crate) fn mean_of(&self, f: impl FnOnce(&Array) -> Result<Array>) -> Result<f64> {
        Ok(self.sum(&f(&self.x)?)? / self.total)
    }

    pub(crate) fn mean(&self) -> Result<f64> {
        match (&self.weights, self.known) {
            (Some(_), _) => self.mean_of(|x| Ok(x.clone())),
            (None, Some(sum)) => Ok(sum / self.total),
            (None, None) => self.x.mean(..)?.item(),
        }
    }

    /// The mean square of the distance from the mean.
    pub(crate) fn variance(&self) -> Result<f64> {
        match &self.weights {
            Some(_) => {
                let mean = self.mean()?;
                self.mean_of(|x| subtract(x, mean)?.square())
            }
            None => self.x.var(..)?.item(),
        }
    }

    pub(crate) fn mean_log(&self) -> Result<f64> {
        self.mean_of(|x| log(x))
    }

    /// Mean and standard deviation of the logarithms.
    pub(crate) fn log_moments(&self) -> Result<(f64, f64)> {
        let logs = self.map(|x| log(x))?;
        Ok((logs.mean()?, logs.variance()?.sqrt()))
    }

    pub(crate) fn min(&self) -> Result<f64> {
        self.positive_weight(f64::INFINITY)?.min(..)?.item()
    }

    pub(crate) fn max(&self) -> Result<f64> {
        self.positive_weight(f64::NEG_INFINITY)?.max(..)?.item()
    }

    /// The values, those without weight replaced.
    fn positive_weight(&self, instead: f64) -> Result<Array> {
        match &self.weights {
            Some(w) => array_api::where_(array_api::greater(w, 0.0)?, &self.x, instead),
            None => Ok(self.x.clone()),
        }
    }

    /// The value below which this share of the weight lies; between two values their mean, at one half.
    pub(crate) fn quantile(&self, share: f64) -> Result<f64> {
        match &self.weights {
            None => array_api::quantile(&self.x, share)?.item(),
            Some(w) => {
                let order = array_api::argsort(&self.x, ..)?;
                let (x, w) = (sort(&self.x, ..)?, array_api::take(w, order, 0)?);
                let below = array_api::cumulative_sum(w, ..)?;
                let place =
                    array_api::searchsorted(below, self.x.namespace().asarray([share * self.total])?, None, "left")?;
                let last = self.x.size()? as i64 - 1;
                let place = place.item::<i64>()?.min(last) as isize;
                x.at(array_api::Index::At(place))?.item()
            }
        }
    }
}

/// Values that all are the same have no spread to estimate.
pub(crate) fn constant(model: &str, value: f64, rows: usize) -> Error {
    let what = if rows == 1 { format!("the only value is {value}") } else { format!("all {rows} values are {value}") };
    let message =
        format!("{what}: {model} has no largest likelihood, which grows without bound as the spread goes to 0");
    Error::value("fit", message)
}
