//! What an ensemble says about new rows: every member's mean, and what follows from them.

use array_api::{Array, Axes, Error, Index, Result, add, at, axis, mean, multiply, sort, sqrt, square, subtract, sum};

/// Predictions of all members for rows, in the data's units.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// Every member's mean, shape `(members, rows, targets)`.
    pub members: Array,
    /// Every member's estimate of the data's noise as a variance, of the same shape; `None` where none is known, and the
    /// spread is epistemic only.
    pub aleatoric: Option<Array>,
}

impl Prediction {
    /// The predictive mean, shape `(rows, targets)`.
    ///
    /// # Errors
    /// The backend's.
    pub fn mean(&self) -> Result<Array> {
        mean(&self.members, 0)
    }

    /// The variance of the members' means: what more data would reduce. Shape `(rows, targets)`.
    ///
    /// # Errors
    /// The backend's.
    pub fn epistemic_variance(&self) -> Result<Array> {
        array_api::var(&self.members, axis(0))
    }

    /// The mean of the members' noise variances: what more data would not reduce. Shape `(rows, targets)`; zero where no
    /// noise is known.
    ///
    /// # Errors
    /// The backend's.
    pub fn aleatoric_variance(&self) -> Result<Array> {
        match &self.aleatoric {
            Some(v) => mean(v, 0),
            None => array_api::zeros_like(self.mean()?, ..),
        }
    }

    /// The variance of the mixture of members: epistemic plus aleatoric.
    ///
    /// # Errors
    /// The backend's.
    pub fn total_variance(&self) -> Result<Array> {
        add(self.epistemic_variance()?, self.aleatoric_variance()?)
    }

    /// The standard deviation of the mixture of members.
    ///
    /// # Errors
    /// The backend's.
    pub fn sd(&self) -> Result<Array> {
        sqrt(self.total_variance()?)
    }

    /// A quantile of the members' means, linearly interpolated, shape `(rows, targets)`.
    ///
    /// # Errors
    /// If `p` is not in `[0, 1]`.
    pub fn quantile(&self, p: f64) -> Result<Array> {
        if !(0.0..=1.0).contains(&p) {
            return Err(Error::value("quantile", format!("p is {p}, but must be between 0 and 1")));
        }
        let sorted = sort(&self.members, 0)?;
        let last = self.members.shape()?[0] - 1;
        let place = p * last as f64;
        let (low, share) = (place.floor() as usize, place.fract());
        let row = |i: usize| at(&sorted, Index::At(i.min(last) as isize));
        let (a, b) = (row(low)?, row(low + 1)?);
        add(&a, multiply(subtract(b, &a)?, share)?)
    }

    /// The members' covariance between rows of one target, shape `(rows, rows)`.
    ///
    /// # Errors
    /// If there is no such target.
    pub fn covariance(&self, target: usize) -> Result<Array> {
        let part = at(&self.members, vec![Index::full(), Index::full(), Index::At(target as isize)])?;
        let centered = subtract(&part, mean(&part, axis(0).keepdims())?)?;
        let k = part.shape()?[0] as f64;
        array_api::divide(array_api::matmul(array_api::matrix_transpose(&centered)?, &centered)?, k)
    }

    /// The root of the mean squared distance of the members' means from the predictive mean, over all rows.
    ///
    /// # Errors
    /// The backend's.
    pub fn spread(&self) -> Result<Array> {
        let distance = subtract(&self.members, mean(&self.members, axis(0).keepdims())?)?;
        let n = self.members.size()? as f64;
        sqrt(array_api::divide(sum(square(distance)?, Axes::All)?, n)?)
    }
}
