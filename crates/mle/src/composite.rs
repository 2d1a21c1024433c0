//! Maps from numbers without bounds onto shares that sum to 1, correlation matrices and covariance matrices, for models whose
//! parameters are such things.
//!
//! They are Stan's ("Stan Reference Manual", Constraint Transforms), in protocol functions, so that a likelihood may use them
//! under differentiation.

use array_api::{
    Array, Error, Index, Result, exp, log, log1p, matmul, matrix_transpose, sigmoid, softplus, stack, tanh,
};

/// What a vector of numbers without bounds is mapped onto.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Composite {
    /// So many positive shares that sum to 1, by breaking a stick: `k - 1` numbers, of which zeros are equal shares.
    Simplex(usize),
    /// Correlation matrices of so many variables, from partial correlations: `d (d - 1) / 2` numbers, of which zeros are the
    /// identity.
    Correlation(usize),
    /// Covariance matrices of so many variables, by Cholesky factors: `d (d + 1) / 2` numbers, row after row of the lower
    /// triangle, the diagonal as its logarithm; zeros are the identity.
    Covariance(usize),
}

impl Composite {
    /// How many numbers without bounds there are.
    pub fn free(self) -> usize {
        match self {
            Composite::Simplex(k) => k.saturating_sub(1),
            Composite::Correlation(d) => d * d.saturating_sub(1) / 2,
            Composite::Covariance(d) => d * (d + 1) / 2,
        }
    }

    fn split(self, u: &Array) -> Result<Vec<Array>> {
        if u.ndim() != 1 || u.shape()? != [self.free()] {
            let message = format!("{self:?} takes a vector of {} numbers, not shape {}", self.free(), u.dims());
            return Err(Error::shape("constrain", message));
        }
        (0..self.free()).map(|i| u.at(Index::At(i as isize))).collect()
    }

    /// Maps a vector: shares, shape `(k,)`, or a matrix, shape `(d, d)`.
    ///
    /// # Errors
    /// For a vector of another length.
    ///
    /// ```
    /// use mle::composite::Composite;
    /// # let xp = array_ndarray::namespace();
    /// let shares = Composite::Simplex(4).constrain(&xp.zeros(3)?)?;
    /// assert!(shares.to_vec::<f64>()?.iter().all(|p| (p - 0.25).abs() < 1e-15));
    /// let r = Composite::Correlation(2).constrain(&xp.asarray([0.5_f64.atanh()])?)?;
    /// assert!((r.at(array_api::index![0, 1])?.item::<f64>()? - 0.5).abs() < 1e-15);
    /// # Ok::<(), array_api::Error>(())
    /// ```
    pub fn constrain(self, u: &Array) -> Result<Array> {
        match self {
            Composite::Simplex(_) => exp(stack(self.log_shares(u)?.0, 0)?),
            _ => {
                let factor = self.factor(u)?;
                matmul(&factor, matrix_transpose(&factor)?)
            }
        }
    }

    /// The lower Cholesky factor of the matrix.
    ///
    /// # Errors
    /// For a vector of another length, and for shares, which have none.
    pub fn factor(self, u: &Array) -> Result<Array> {
        let (us, xp) = (self.split(u)?, u.namespace());
        let zero = xp.asarray(0.0)?;
        let mut us = us.into_iter();
        let mut next = || us.next().ok_or_else(|| Error::value("constrain", "there are too few numbers"));
        let mut rows = vec![];
        match self {
            Composite::Simplex(_) => return Err(Error::value("constrain", "shares have no Cholesky factor")),
            Composite::Correlation(d) => {
                for i in 0..d {
                    let mut row = vec![];
                    // What is left of the row's length 1, as a logarithm.
                    let mut rest = zero.clone();
                    for _ in 0..i {
                        let partial = tanh(next()?)?;
                        row.push((&partial * exp(&rest)?).ok()?);
                        rest = (rest + (log1p(&partial)? + log1p((&partial * -1.0).ok()?)?) * 0.5).ok()?;
                    }
                    row.push(exp(rest)?);
                    row.resize(d, zero.clone());
                    rows.push(stack(row, 0)?);
                }
            }
            Composite::Covariance(d) => {
                for i in 0..d {
                    let mut row = (0..i).map(|_| next()).collect::<Result<Vec<_>>>()?;
                    row.push(exp(next()?)?);
                    row.resize(d, zero.clone());
                    rows.push(stack(row, 0)?);
                }
            }
        }
        stack(rows, 0)
    }

    /// The logarithm of the volume that the map gives to a unit of its argument: what a prior's density of the mapped values
    /// (of the shares but the last one, of the lower triangle) is multiplied by on the scale without bounds.
    ///
    /// # Errors
    /// For a vector of another length.
    pub fn log_derivative(self, u: &Array) -> Result<Array> {
        let us = self.split(u)?;
        let mut sum = u.namespace().asarray(0.0)?;
        match self {
            Composite::Simplex(_) => sum = self.log_shares(u)?.1,
            Composite::Correlation(d) => {
                let mut us = us.into_iter();
                for i in 0..d {
                    for (j, u) in us.by_ref().take(i).enumerate() {
                        // The slope of tanh, and the lengths that are left for the entries after it.
                        let partial = tanh(u)?;
                        let left = (log1p(&partial)? + log1p((&partial * -1.0).ok()?)?).ok()?;
                        sum = (sum + left * (1.0 + 0.5 * (d - j - 2) as f64)).ok()?;
                    }
                }
            }
            Composite::Covariance(d) => {
                let mut place = 0;
                for i in 0..d {
                    place += i;
                    // d log(diagonal) appears with the power of Stan's formula: d - i + 1, and the logarithm's own.
                    sum = (sum + &us[place] * (d - i + 1) as f64 + std::f64::consts::LN_2).ok()?;
                    place += 1;
                }
            }
        }
        Ok(sum)
    }

    /// The logarithms of the shares, and that of the map's volume.
    fn log_shares(self, u: &Array) -> Result<(Vec<Array>, Array)> {
        let us = self.split(u)?;
        let mut rest = u.namespace().asarray(0.0)?;
        let (mut logs, mut volume) = (vec![], rest.clone());
        for (i, u) in us.iter().enumerate() {
            // Zeros break equal shares off: the first of k is 1/k of the whole.
            let moved = (u - ((us.len() - i) as f64).ln()).ok()?;
            let (broken, left) = (log(sigmoid(&moved)?)?, (softplus(&moved)? * -1.0).ok()?);
            volume = (volume + &rest + &broken + &left).ok()?;
            logs.push((&rest + broken).ok()?);
            rest = (rest + left).ok()?;
        }
        logs.push(rest);
        Ok((logs, volume))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix;
    use array_api::index;
    use array_transforms::jacobian_forward;

    /// The free entries: the shares but the last one, the lower triangle (without a correlation's diagonal).
    fn free_entries(kind: Composite, u: &Array) -> Result<Array> {
        let x = kind.constrain(u)?;
        let places: Vec<(usize, usize)> = match kind {
            Composite::Simplex(k) => return x.at(index![0..k as isize - 1]),
            Composite::Correlation(d) => (0..d).flat_map(|i| (0..i).map(move |j| (i, j))).collect(),
            Composite::Covariance(d) => (0..d).flat_map(|i| (0..=i).map(move |j| (i, j))).collect(),
        };
        stack(places.iter().map(|&(i, j)| x.at(index![i as isize, j as isize])).collect::<Result<Vec<_>>>()?, 0)
    }

    #[test]
    fn maps_reach_what_they_say_and_their_volumes_are_right() {
        let xp = array_ndarray::namespace();
        for kind in [
            Composite::Simplex(2),
            Composite::Simplex(4),
            Composite::Correlation(2),
            Composite::Correlation(4),
            Composite::Covariance(1),
            Composite::Covariance(3),
        ] {
            let numbers: Vec<f64> = (0..kind.free()).map(|i| f64::sin(3.0 * i as f64 + 1.0)).collect();
            let u = xp.asarray(numbers).unwrap();
            let x = kind.constrain(&u).unwrap();
            match kind {
                Composite::Simplex(_) => assert!((x.sum(..).unwrap().item::<f64>().unwrap() - 1.0).abs() < 1e-14),
                _ => {
                    let x = matrix::read(&x).unwrap();
                    assert!(matrix::inverse_definite(&x).is_some(), "{kind:?}");
                    if let Composite::Correlation(d) = kind {
                        assert!((0..d).all(|i| (x[(i, i)] - 1.0).abs() < 1e-14));
                    }
                }
            }
            let slopes = jacobian_forward(|u: &Array| free_entries(kind, u))(&u).unwrap();
            let volume = array_api::slogdet(slopes).unwrap().logabsdet.item::<f64>().unwrap();
            let own = kind.log_derivative(&u).unwrap().item::<f64>().unwrap();
            assert!((volume - own).abs() < 1e-10, "{kind:?}: {own} for {volume}");
        }
        assert!(Composite::Simplex(3).constrain(&xp.zeros(3).unwrap()).is_err());
    }
}
