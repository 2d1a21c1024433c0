//! Maps from numbers without bounds onto shares that sum to 1, correlation matrices and covariance matrices, for models whose
//! parameters are such things.
//!
//! They are Stan's ("Stan Reference Manual", Constraint Transforms), in protocol functions, so that a likelihood may use them
//! under differentiation.

use array_api::{
    Array, Error, Index, Result, exp, log, log1p, matmul, matrix_transpose, sigmoid, softplus, stack, tanh,
};

use std::fmt;

use crate::matrix::{self, Matrix};
use crate::transform::Range;

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

    /// Equal shares, or the identity, row after row: where a fit may start that knows nothing better.
    ///
    /// ```
    /// use mle::composite::Composite;
    /// assert_eq!(Composite::Simplex(2).neutral(), [0.5, 0.5]);
    /// assert_eq!(Composite::Covariance(2).neutral(), [1.0, 0.0, 0.0, 1.0]);
    /// ```
    pub fn neutral(self) -> Vec<f64> {
        match self {
            Composite::Simplex(k) => vec![1.0 / k as f64; k],
            Composite::Correlation(d) | Composite::Covariance(d) => {
                (0..d * d).map(|i| if i / d == i % d { 1.0 } else { 0.0 }).collect()
            }
        }
    }

    /// The places of what is not known from the rest by definition: all shares, a matrix's lower triangle, without the
    /// diagonal of a correlation.
    fn places(self) -> Vec<(usize, usize)> {
        match self {
            Composite::Simplex(k) => (0..k).map(|i| (i, 0)).collect(),
            Composite::Correlation(d) => (0..d).flat_map(|i| (0..i).map(move |j| (i, j))).collect(),
            Composite::Covariance(d) => (0..d).flat_map(|i| (0..=i).map(move |j| (i, j))).collect(),
        }
    }

    /// The names of the entries behind that of the parameter, counted from 1, and their ranges.
    pub(crate) fn entries(self) -> Vec<(String, Range)> {
        let entry = |(i, j): (usize, usize)| match self {
            Composite::Simplex(_) => (format!("[{}]", i + 1), Range::UNIT),
            Composite::Correlation(_) => (format!("[{},{}]", i + 1, j + 1), Range::Between(-1.0, 1.0)),
            Composite::Covariance(_) => {
                (format!("[{},{}]", i + 1, j + 1), if i == j { Range::POSITIVE } else { Range::Real })
            }
        };
        self.places().into_iter().map(entry).collect()
    }

    /// The entries of a value, as a vector.
    pub(crate) fn pick(self, x: &Array) -> Result<Array> {
        if let Composite::Simplex(_) = self {
            return Ok(x.clone());
        }
        let entry = |&(i, j): &(usize, usize)| x.at(array_api::index![i as isize, j as isize]);
        stack(self.places().iter().map(entry).collect::<Result<Vec<_>>>()?, 0)
    }

    /// The value of a vector of entries.
    pub(crate) fn assemble(self, entries: &Array) -> Result<Array> {
        let d = match self {
            Composite::Simplex(_) => return Ok(entries.clone()),
            Composite::Correlation(d) | Composite::Covariance(d) => d,
        };
        let places = self.places();
        let one = entries.namespace().asarray(1.0)?;
        let entry = |i: usize, j: usize| match places.iter().position(|p| *p == (i.max(j), i.min(j))) {
            Some(place) => entries.at(Index::At(place as isize)),
            None => Ok(one.clone()),
        };
        let row = |i: usize| stack((0..d).map(|j| entry(i, j)).collect::<Result<Vec<_>>>()?, 0);
        stack((0..d).map(row).collect::<Result<Vec<_>>>()?, 0)
    }

    /// The entries at numbers without bounds.
    pub(crate) fn constrain_numbers(self, u: &[f64]) -> Vec<f64> {
        if let Composite::Simplex(k) = self {
            let mut rest = 1.0;
            let mut shares: Vec<f64> = (u.iter().enumerate())
                .map(|(i, u)| {
                    let share = rest * Range::UNIT.constrain_number(u - ((k - 1 - i) as f64).ln());
                    rest -= share;
                    share
                })
                .collect();
            // The last share from the logarithms of what was left, which a difference of shares would lose.
            let left = u.iter().enumerate().map(|(i, u)| -softplus_number(u - ((k - 1 - i) as f64).ln()));
            shares.push(left.sum::<f64>().exp());
            return shares;
        }
        let factor = self.factor_numbers(u);
        let product = &factor * factor.transpose();
        self.places().into_iter().map(|(i, j)| product[(i, j)]).collect()
    }

    fn factor_numbers(self, u: &[f64]) -> Matrix {
        let mut u = u.iter().copied();
        let mut next = || u.next().unwrap_or(f64::NAN);
        match self {
            Composite::Simplex(_) => Matrix::zeros(0, 0),
            Composite::Correlation(d) => {
                let mut factor = Matrix::zeros(d, d);
                for i in 0..d {
                    let mut rest = 1.0_f64;
                    for j in 0..i {
                        let x = next();
                        factor[(i, j)] = x.tanh() * rest;
                        rest /= x.cosh();
                    }
                    factor[(i, i)] = rest;
                }
                factor
            }
            Composite::Covariance(d) => {
                let mut factor = Matrix::zeros(d, d);
                for i in 0..d {
                    for j in 0..=i {
                        factor[(i, j)] = if i == j { next().exp() } else { next() };
                    }
                }
                factor
            }
        }
    }

    /// The numbers that are mapped onto a value: shares, or a matrix row after row.
    ///
    /// # Errors
    /// For another count of numbers, shares that are not positive or differ from 1 in sum by more than 1e-8, and a matrix
    /// that is not symmetric, not positive definite or, of correlations, has another diagonal than ones.
    ///
    /// ```
    /// use mle::composite::Composite;
    /// let u = Composite::Correlation(2).unconstrain(&[1.0, 0.5, 0.5, 1.0])?;
    /// assert!((u[0] - 0.5_f64.atanh()).abs() < 1e-15);
    /// # Ok::<(), array_api::Error>(())
    /// ```
    pub fn unconstrain(self, x: &[f64]) -> Result<Vec<f64>> {
        let wrong = |message: String| Err(Error::value("unconstrain", format!("{self}: {message}")));
        let d = match self {
            Composite::Simplex(k) => {
                if x.len() != k {
                    return wrong(format!("{} numbers were given", x.len()));
                }
                if let Some(x) = x.iter().find(|x| !(**x > 0.0 && **x < 1.0)) {
                    return wrong(format!("a share is {x}, but must lie in (0, 1)"));
                }
                let sum: f64 = x.iter().sum();
                if (sum - 1.0).abs() > 1e-8 {
                    return wrong(format!("the shares sum to {sum}, not to 1"));
                }
                // The odds of a share against those after it, relative to equal ones.
                let after = |i: usize| x[i + 1..].iter().sum::<f64>();
                return Ok((0..k - 1).map(|i| (x[i] * (k - 1 - i) as f64 / after(i)).ln()).collect());
            }
            Composite::Correlation(d) | Composite::Covariance(d) => d,
        };
        if x.len() != d * d {
            return wrong(format!("{} numbers were given, not {d} rows of {d}", x.len()));
        }
        let given = Matrix::from_fn(d, d, |i, j| x[i * d + j]);
        for i in 0..d {
            for j in 0..i {
                let (a, b) = (given[(i, j)], given[(j, i)]);
                if (a - b).abs() > 1e-12 * a.abs().max(b.abs()) {
                    return wrong(format!("[{},{}] is {a}, but [{},{}] is {b}", i + 1, j + 1, j + 1, i + 1));
                }
            }
            if matches!(self, Composite::Correlation(_)) && (given[(i, i)] - 1.0).abs() > 1e-12 {
                return wrong(format!("[{},{}] is {}, not 1", i + 1, i + 1, given[(i, i)]));
            }
        }
        let Some(factor) = matrix::cholesky(&given) else {
            return wrong("the matrix is not positive definite".into());
        };
        let mut u = vec![];
        for i in 0..d {
            let mut rest = 1.0_f64;
            for j in 0..i {
                match self {
                    Composite::Correlation(_) => {
                        u.push((factor[(i, j)] / rest).atanh());
                        rest = (rest * rest - factor[(i, j)].powi(2)).max(0.0).sqrt();
                    }
                    _ => u.push(factor[(i, j)]),
                }
            }
            if let Composite::Covariance(_) = self {
                u.push(factor[(i, i)].ln());
            }
        }
        Ok(u)
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

impl fmt::Display for Composite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Composite::Simplex(k) => write!(f, "{k} shares that sum to 1"),
            Composite::Correlation(d) => write!(f, "a correlation matrix of {d} variables"),
            Composite::Covariance(d) => write!(f, "a covariance matrix of {d} variables"),
        }
    }
}

fn softplus_number(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;
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
            // The same of numbers, and back.
            let entries = kind.pick(&x).unwrap();
            let own = kind.constrain_numbers(&u.to_vec::<f64>().unwrap());
            assert_eq!(own.len(), kind.entries().len());
            for (a, b) in own.iter().zip(entries.to_vec::<f64>().unwrap()) {
                assert!((a - b).abs() < 1e-14, "{kind:?}: {a} and {b}");
            }
            assert_eq!(kind.assemble(&entries).unwrap().to_vec::<f64>().unwrap().len(), x.size().unwrap());
            let back = kind.unconstrain(&x.to_vec::<f64>().unwrap()).unwrap();
            for (a, b) in back.iter().zip(u.to_vec::<f64>().unwrap()) {
                assert!((a - b).abs() < 1e-12, "{kind:?}: {a} and {b}");
            }
            assert!(kind.unconstrain(&kind.neutral()).unwrap().iter().all(|u| u.abs() < 1e-15));
            let slopes = jacobian_forward(|u: &Array| free_entries(kind, u))(&u).unwrap();
            let volume = array_api::slogdet(slopes).unwrap().logabsdet.item::<f64>().unwrap();
            let own = kind.log_derivative(&u).unwrap().item::<f64>().unwrap();
            assert!((volume - own).abs() < 1e-10, "{kind:?}: {own} for {volume}");
        }
        assert!(Composite::Simplex(3).constrain(&xp.zeros(3).unwrap()).is_err());
        let refused = |kind: Composite, x: &[f64]| kind.unconstrain(x).unwrap_err().to_string();
        assert!(refused(Composite::Simplex(2), &[0.5, 0.6]).contains("sum to 1.1"));
        assert!(refused(Composite::Simplex(2), &[1.0, 0.0]).contains("a share is 1"));
        assert!(refused(Composite::Correlation(2), &[1.0, 1.0, 1.0, 1.0]).contains("not positive definite"));
        assert!(refused(Composite::Correlation(2), &[2.0, 0.5, 0.5, 1.0]).contains("[1,1] is 2"));
        assert!(refused(Composite::Covariance(2), &[1.0, 0.5, 0.4, 1.0]).contains("[2,1] is 0.4, but [1,2] is 0.5"));
    }
}
