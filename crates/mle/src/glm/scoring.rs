//! Fisher's scoring (iteratively reweighted least squares). A step is one pass over the rows; what comes to the host has a
//! row per coefficient.

use array_api::{Array, Result, astype, expand_dims, matmul, matrix_transpose, multiply, qr, sqrt, square, vecdot};

use super::family::Family;
use super::link::Link;
use crate::columns;
use crate::matrix::{self, Matrix};

/// The data of a model: a design, a response, weights and an offset, all of one kind of array.
pub(crate) struct Rows {
    pub(crate) x: Array,
    pub(crate) y: Array,
    pub(crate) weights: Array,
    pub(crate) offset: Option<Array>,
}

/// A model's state at some coefficients.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) coefficients: Vec<f64>,
    pub(crate) mu: Array,
    pub(crate) deviance: f64,
    pub(crate) score: Vec<f64>,
    /// `X' W X`, over the dispersion.
    pub(crate) information: Matrix,
    /// Square roots of the working weights.
    root: Array,
}

/// How scoring ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Converged,
    Separated,
    Singular,
    Limit,
    Undefined,
}

/// Up to this condition number the scaled normal equations are solved directly; above, by QR.
const WELL_CONDITIONED: f64 = 1e6;

impl Rows {
    fn predictor(&self, coefficients: &[f64]) -> Result<Array> {
        let eta = matmul(&self.x, self.y.namespace().asarray(coefficients)?)?;
        match &self.offset {
            Some(offset) => (eta + offset).ok(),
            None => Ok(eta),
        }
    }

    /// The model at some coefficients.
    pub(crate) fn state(&self, family: &Family, link: Link, coefficients: &[f64]) -> Result<State> {
        let eta = self.predictor(coefficients)?;
        let (mu, slope) = link.inverse(&eta)?;
        let variance = family.variance(&mu)?;
        let deviance = vecdot(family.unit_deviance(&self.y, &mu)?, &self.weights, ..)?.item::<f64>()?;
        let working = (&self.weights * &slope / variance).ok()?;
        let score = matmul((&working * (&self.y - &mu)).ok()?, &self.x)?.to_vec::<f64>()?;
        let root = sqrt((working * slope).ok()?)?;
        let information = self.gram(&root)?;
        Ok(State { coefficients: coefficients.to_vec(), mu, deviance, score, information, root })
    }

    /// `X' W X`, from the roots of the weights.
    fn gram(&self, root: &Array) -> Result<Matrix> {
        let scaled = multiply(&self.x, expand_dims(root, -1)?)?;
        matrix::read(&matmul(matrix_transpose(&scaled)?, &scaled)?)
    }

    /// The change of the coefficients that a quadratic would ask for; `None` where the design is singular.
    pub(crate) fn step(&self, state: &State) -> Result<Option<Vec<f64>>> {
        Ok(self.inverse(state)?.map(|inverse| matrix::times(&inverse, &state.score)))
    }

    /// `(X' W X)^-1` from the triangle of `sqrt(W) X`, which loses half as many digits.
    pub(crate) fn inverse_by_qr(&self, root: &Array) -> Result<Option<Matrix>> {
        let scaled = multiply(&self.x, expand_dims(root, -1)?)?;
        let lengths = sqrt(square(&scaled)?.sum(0)?)?.to_vec::<f64>()?;
        if !lengths.iter().all(|l| l.is_normal()) {
            return Ok(None);
        }
        let unit = array_api::divide(scaled, self.y.namespace().asarray(&lengths)?)?;
        let svd = matrix::singular_values(&matrix::read(&qr(unit, ..)?.r)?)?;
        let p = lengths.len();
        if svd.s[p - 1] <= 1e-14 * p as f64 * svd.s[0] {
            return Ok(None);
        }
        let entry =
            |i: usize, j: usize| (0..p).map(|k| svd.v[(i, k)] * svd.v[(j, k)] / svd.s[k] / svd.s[k]).sum::<f64>();
        Ok(Some(Matrix::from_fn(p, p, |i, j| entry(i, j) / lengths[i] / lengths[j])))
    }

    /// `(X' W X)^-1` at a state.
    pub(crate) fn inverse(&self, state: &State) -> Result<Option<Matrix>> {
        self.inverse_of(&state.information, &state.root)
    }

    fn inverse_of(&self, information: &Matrix, root: &Array) -> Result<Option<Matrix>> {
        let finite = matrix::rows(information).iter().flatten().all(|v| v.is_finite());
        match if finite { condition(information)? } else { None } {
            Some(c) if c < WELL_CONDITIONED => Ok(matrix::inverse_definite(information)),
            _ => self.inverse_by_qr(root),
        }
    }

    /// Coefficients from the first means: one weighted regression of the working response.
    fn first(&self, family: &Family, link: Link) -> Result<Option<Vec<f64>>> {
        let mu = family.first_mean(&self.y, &self.weights)?;
        let eta = link.of(&mu)?;
        let (_, slope) = link.inverse(&eta)?;
        let response = (&eta + (&self.y - &mu) / &slope).ok()?;
        let response = match &self.offset {
            Some(offset) => (response - offset).ok()?,
            None => response,
        };
        let root = sqrt((square(slope)? * &self.weights / family.variance(&mu)?).ok()?)?;
        let Some(inverse) = self.inverse_of(&self.gram(&root)?, &root)? else { return Ok(None) };
        let weighted = (response * square(root)?).ok()?;
        let right = matmul(weighted, &self.x)?.to_vec::<f64>()?;
        Ok(Some(matrix::times(&inverse, &right)))
    }

    /// Maximises the likelihood by scoring, halving steps that raise the deviance.
    pub(crate) fn score(
        &self,
        family: &Family,
        link: Link,
        start: Option<&[f64]>,
        limit: usize,
    ) -> Result<(State, usize, Ended)> {
        let p = self.x.shape()?[1];
        let first = match start {
            Some(start) => Some(start.to_vec()),
            None => self.first(family, link)?,
        };
        let Some(mut first) = first else {
            return Ok((self.state(family, link, &vec![0.0; p])?, 0, Ended::Singular));
        };
        if first.iter().any(|b| !b.is_finite()) {
            first = vec![0.0; p];
        }
        let mut state = self.state(family, link, &first)?;
        if !usable(&state) {
            return Ok((state, 0, Ended::Undefined));
        }
        let mut polished = f64::INFINITY;
        for iteration in 0..limit {
            let Some(step) = self.step(&state)? else { return Ok((state, iteration, Ended::Singular)) };
            // The distance from the maximum in standard errors, at dispersion 1.
            let distance = matrix::dot(&state.score, &step).max(0.0).sqrt();
            let size = (state.deviance.abs() / (self.y.size()? as f64)).sqrt();
            let scale = if family.has_dispersion() { size.max(f64::MIN_POSITIVE) } else { 1.0 };
            if distance <= 1e-7 * scale && (distance <= 1e-12 * scale || distance >= 0.1 * polished) {
                return Ok((state, iteration, Ended::Converged));
            }
            polished = distance;
            let mut share = 1.0;
            let next = loop {
                let trial: Vec<f64> = state.coefficients.iter().zip(&step).map(|(b, d)| b + share * d).collect();
                let next = self.state(family, link, &trial)?;
                let allowed = state.deviance + 1e-10 * (state.deviance.abs() + 1e-2);
                if usable(&next) && next.deviance <= allowed {
                    break Some(next);
                }
                share *= 0.5;
                if share < 1e-12 {
                    break None;
                }
            };
            let Some(next) = next else {
                let ended = if distance <= 1e-5 * scale { Ended::Converged } else { Ended::Undefined };
                return Ok((state, iteration + 1, ended));
            };
            if iteration >= 7 && self.separates(family, &step)? {
                return Ok((next, iteration + 1, Ended::Separated));
            }
            state = next;
        }
        Ok((state, limit, Ended::Limit))
    }

    /// Whether moving along a direction can only raise the likelihood, for ever: rows whose response lies at an end of the
    /// family's range move towards it or stay, and the others stay (Albert and Anderson 1984).
    pub(crate) fn separates(&self, family: &Family, direction: &[f64]) -> Result<bool> {
        if !matches!(family, Family::Binomial | Family::Poisson | Family::NegativeBinomial { .. }) {
            return Ok(false);
        }
        let moved = matmul(&self.x, self.y.namespace().asarray(direction)?)?;
        let low = array_api::equal(&self.y, 0.0)?;
        let high = match family {
            Family::Binomial => array_api::equal(&self.y, 1.0)?,
            _ => array_api::zeros_like(&low, ..)?,
        };
        let towards = array_api::where_(
            &low,
            array_api::negative(&moved)?,
            array_api::where_(&high, &moved, array_api::negative(array_api::abs(&moved)?)?)?,
        )?;
        let towards = multiply(towards, astype(array_api::greater(&self.weights, 0.0)?, moved.dtype())?)?;
        let (least, most) = (towards.min(..)?.item::<f64>()?, towards.max(..)?.item::<f64>()?);
        Ok(most > 1e-3 && least >= -1e-4 * most)
    }

    /// `(X'WX)^-1 (sum of squared scores) (X'WX)^-1`.
    pub(crate) fn sandwich(&self, family: &Family, link: Link, state: &State, inverse: &Matrix) -> Result<Matrix> {
        let (mu, slope) = link.inverse(&self.predictor(&state.coefficients)?)?;
        let variance = family.variance(&mu)?;
        let scores = ((&self.y - mu) * &self.weights * slope / variance).ok()?;
        let scaled = multiply(&self.x, expand_dims(scores, -1)?)?;
        let meat = matrix::read(&matmul(matrix_transpose(&scaled)?, &scaled)?)?;
        Ok(inverse * meat * inverse)
    }

    /// Pearson's statistic.
    pub(crate) fn pearson(&self, family: &Family, mu: &Array) -> Result<f64> {
        let squares = (square((&self.y - mu).ok()?)? / family.variance(mu)?).ok()?;
        vecdot(squares, &self.weights, ..)?.item()
    }
}

fn usable(state: &State) -> bool {
    state.deviance.is_finite()
        && state.score.iter().all(|s| s.is_finite())
        && matrix::rows(&state.information).iter().flatten().all(|v| v.is_finite())
}

/// The condition number with unit diagonal.
pub(crate) fn condition(information: &Matrix) -> Result<Option<f64>> {
    let n = information.nrows();
    let scale: Vec<f64> = (0..n).map(|i| information[(i, i)].sqrt()).collect();
    if !scale.iter().all(|s| s.is_normal()) {
        return Ok(None);
    }
    let unit = Matrix::from_fn(n, n, |i, j| information[(i, j)] / scale[i] / scale[j]);
    let values = matrix::eigen(&unit)?.values;
    Ok((values[0] > 0.0).then(|| values[n - 1] / values[0]))
}

/// Rows without weight, which say nothing.
pub(crate) fn weightless(weights: &Array) -> Result<i64> {
    columns::count(&array_api::equal(weights, 0.0)?)
}
