//! Fisher's scoring (iteratively reweighted least squares). A step is one pass over the rows; what comes to the host has a
//! row per coefficient.

use array_api::{
    Array, Device, Error, Level, Result, concat, divide, expand_dims, index, matmul, matrix_transpose, multiply,
    parallel, qr, reshape, sqrt, square, sum, vecdot,
};

use super::family::Family;
use super::link::Link;
use super::separation::{SLOW, Separation};
use crate::columns;
use crate::matrix::{self, Matrix};

/// The data of a model: a design, a response, weights and an offset, all of one kind of array.
#[derive(Clone, Debug)]
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
    pub(crate) deviance: f64,
    pub(crate) score: Vec<f64>,
    /// `X' W X`, over the dispersion.
    pub(crate) information: Matrix,
}

/// How scoring ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ended {
    Converged,
    Separated(Box<Separation>),
    Singular,
    Limit,
    Undefined,
}

/// Up to this condition number the scaled normal equations are solved directly; above, by QR.
const WELL_CONDITIONED: f64 = 1e6;

/// Numbers of a design in a block of rows: half a mebibyte, so that a core's cache keeps the block and its weighted copy
/// while everything that a step asks of it is computed.
const BLOCK: usize = 1 << 16;

/// From so many blocks on, scoring starts from the coefficients that every sixteenth row asks for, which saves half of the
/// steps over all of them.
const MANY: usize = 64;
const THINNED: usize = 16;

/// A distance from the maximum, in standard errors, whose square is as near as anybody can tell.
const NEAR: f64 = 1e-6;

impl Rows {
    /// Rows from one number to before another, with steps.
    fn part(&self, from: usize, to: usize, step: usize) -> Result<Rows> {
        let chosen =
            array_api::Index::Slice { start: Some(from as isize), stop: Some(to as isize), step: step as isize };
        let vector = |x: &Array| x.at(index![chosen.clone()]);
        Ok(Rows {
            x: self.x.at(index![chosen.clone(), ..])?,
            y: vector(&self.y)?,
            weights: vector(&self.weights)?,
            offset: self.offset.as_ref().map(vector).transpose()?,
        })
    }

    /// The rows in blocks, where they lie in the host's memory; in one piece elsewhere, where lazy arrays and other devices
    /// cut their work themselves. Blocks do not depend on the threads, so neither do sums over them.
    fn blocks(&self) -> Result<Vec<Rows>> {
        let xp = self.y.namespace();
        let (rows, columns) = (self.y.size()?, self.columns()?);
        let size = (BLOCK / columns.max(1)).max(1 << 8);
        if xp.kind().level() != Level::DATA || xp.device() != Device::Cpu || rows <= size {
            return Ok(vec![self.clone()]);
        }
        (0..rows).step_by(size).map(|from| self.part(from, (from + size).min(rows), 1)).collect()
    }

    pub(crate) fn columns(&self) -> Result<usize> {
        match *self.x.shape()? {
            [_, columns] => Ok(columns),
            _ => Err(Error::shape("glm", format!("a design of shape {} is no matrix", self.x.dims()))),
        }
    }

    /// What a function gives for each block of rows, as one array: blocks in parallel.
    pub(crate) fn each(&self, f: impl Fn(&Rows) -> Result<Array> + Send + Sync) -> Result<Vec<Vec<f64>>> {
        parallel::map(self.blocks()?, |block| f(&block)?.to_vec::<f64>())
    }

    /// Sums over all rows of what a function gives for a block of them: those of blocks are added in pairs.
    pub(crate) fn sums(&self, f: impl Fn(&Rows) -> Result<Array> + Send + Sync) -> Result<Vec<f64>> {
        let mut sums = self.each(f)?;
        while sums.len() > 1 {
            let join = |pair: &[Vec<f64>]| match pair {
                [a, b] => a.iter().zip(b).map(|(a, b)| a + b).collect(),
                rest => rest.concat(),
            };
            sums = sums.chunks(2).map(join).collect();
        }
        Ok(sums.pop().unwrap_or_default())
    }

    pub(crate) fn predictor(&self, coefficients: &[f64]) -> Result<Array> {
        let eta = matmul(&self.x, self.y.namespace().asarray(coefficients)?)?;
        match &self.offset {
            Some(offset) => (eta + offset).ok(),
            None => Ok(eta),
        }
    }

    /// The means at some coefficients.
    pub(crate) fn means(&self, link: Link, coefficients: &[f64]) -> Result<Array> {
        Ok(link.inverse(&self.predictor(coefficients)?)?.0)
    }

    /// The working weights at some coefficients.
    pub(crate) fn working(&self, family: &Family, link: Link, coefficients: &[f64]) -> Result<Array> {
        let (mu, slope) = link.inverse(&self.predictor(coefficients)?)?;
        (square(slope)? * &self.weights / family.variance(&mu)?).ok()
    }

    /// The model at some coefficients.
    pub(crate) fn state(&self, family: &Family, link: Link, coefficients: &[f64]) -> Result<State> {
        let sums = self.sums(|rows| {
            let (mu, slope) = link.inverse(&rows.predictor(coefficients)?)?;
            let deviance = vecdot(family.unit_deviance(&rows.y, &mu)?, &rows.weights, ..)?;
            let residuals = (&rows.y - &mu).ok()?;
            // Where the link is the family's own, its slope is the variance.
            let (weighted, weights) = match link.is_natural(family) {
                true => (multiply(residuals, &rows.weights)?, multiply(slope, &rows.weights)?),
                false => {
                    let working = (&rows.weights * &slope / family.variance(&mu)?).ok()?;
                    (multiply(residuals, &working)?, multiply(working, slope)?)
                }
            };
            rows.gathered(deviance, &weighted, &weights)
        })?;
        let (deviance, score, information) = scattered(&sums, coefficients.len());
        Ok(State { coefficients: coefficients.to_vec(), deviance, score, information })
    }

    /// One array of a number, `X' v` and `X' diag(w) X`: what is computed lazily takes one pass.
    pub(crate) fn gathered(&self, number: Array, v: &Array, w: &Array) -> Result<Array> {
        let columns = self.columns()?;
        let product = matmul(matrix_transpose(&self.x)?, multiply(&self.x, expand_dims(w, -1)?)?)?;
        let parts = vec![reshape(number, [1])?, matmul(v, &self.x)?, reshape(product, [(columns * columns) as isize])?];
        concat(parts, 0)
    }

    /// The change of the coefficients that a quadratic would ask for; `None` where the design is singular.
    pub(crate) fn step(&self, family: &Family, link: Link, state: &State) -> Result<Option<Vec<f64>>> {
        Ok(self.inverse(family, link, state)?.map(|inverse| matrix::times(&inverse, &state.score)))
    }

    /// `(X' W X)^-1` from the triangle of `sqrt(W) X`, which loses half as many digits.
    fn inverse_by_qr(&self, weights: &Array) -> Result<Option<Matrix>> {
        let scaled = multiply(&self.x, expand_dims(sqrt(weights)?, -1)?)?;
        let lengths = sqrt(square(&scaled)?.sum(0)?)?.to_vec::<f64>()?;
        if !lengths.iter().all(|l| l.is_normal()) {
            return Ok(None);
        }
        let unit = divide(scaled, self.y.namespace().asarray(&lengths)?)?;
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
    pub(crate) fn inverse(&self, family: &Family, link: Link, state: &State) -> Result<Option<Matrix>> {
        self.inverse_of(&state.information, || self.working(family, link, &state.coefficients))
    }

    pub(crate) fn inverse_of(
        &self,
        information: &Matrix,
        weights: impl FnOnce() -> Result<Array>,
    ) -> Result<Option<Matrix>> {
        let finite = matrix::rows(information).iter().flatten().all(|v| v.is_finite());
        match if finite { condition(information)? } else { None } {
            Some(c) if c < WELL_CONDITIONED => Ok(matrix::inverse_definite(information)),
            _ => self.inverse_by_qr(&weights()?),
        }
    }

    /// Coefficients from the first means: one weighted regression of the working response.
    fn first(&self, family: &Family, link: Link) -> Result<Option<Vec<f64>>> {
        let weights = |rows: &Rows, mu: &Array, slope: &Array| -> Result<Array> {
            (square(slope)? * &rows.weights / family.variance(mu)?).ok()
        };
        let sums = self.sums(|rows| {
            let mu = family.first_mean(&rows.y, &rows.weights)?;
            let eta = link.of(&mu)?;
            let (_, slope) = link.inverse(&eta)?;
            let response = (&eta + (&rows.y - &mu) / &slope).ok()?;
            let response = match &rows.offset {
                Some(offset) => (response - offset).ok()?,
                None => response,
            };
            let w = weights(rows, &mu, &slope)?;
            rows.gathered(sum(&w, ..)?, &multiply(response, &w)?, &w)
        })?;
        let (_, right, information) = scattered(&sums, self.columns()?);
        let inverse = self.inverse_of(&information, || {
            let mu = family.first_mean(&self.y, &self.weights)?;
            let (_, slope) = link.inverse(&link.of(&mu)?)?;
            weights(self, &mu, &slope)
        })?;
        Ok(inverse.map(|inverse| matrix::times(&inverse, &right)))
    }

    /// Coefficients from a sixteenth of the rows, where there are very many.
    fn thinned(&self, family: &Family, link: Link, limit: usize) -> Result<Option<Vec<f64>>> {
        if self.blocks()?.len() < MANY {
            return Ok(None);
        }
        let part = self.part(0, self.y.size()?, THINNED)?;
        let (state, _, ended) = part.score(family, link, None, limit)?;
        Ok((ended == Ended::Converged).then_some(state.coefficients))
    }

    /// Maximises the likelihood by scoring, halving steps that raise the deviance. The steps are those over all rows.
    pub(crate) fn score(
        &self,
        family: &Family,
        link: Link,
        start: Option<&[f64]>,
        limit: usize,
    ) -> Result<(State, usize, Ended)> {
        let p = self.columns()?;
        if p == 0 {
            return Ok((self.state(family, link, &[])?, 0, Ended::Converged));
        }
        let first = match start {
            Some(start) => Some(start.to_vec()),
            None => match self.thinned(family, link, limit)? {
                Some(near) => Some(near),
                None => self.first(family, link)?,
            },
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
        let (mut polished, mut last) = (f64::INFINITY, vec![]);
        for iteration in 0..limit {
            let Some(step) = self.step(family, link, &state)? else { return Ok((state, iteration, Ended::Singular)) };
            last = step.clone();
            // The distance from the maximum in standard errors, at dispersion 1.
            let distance = matrix::dot(&state.score, &step).max(0.0).sqrt();
            let size = (state.deviance.abs() / (self.y.size()? as f64)).sqrt();
            let scale = if family.has_dispersion() { size.max(f64::MIN_POSITIVE) } else { 1.0 };
            if distance > SLOW * polished
                && let Some(found) = self.separation(family, link, &step)?
            {
                return Ok((state, iteration, Ended::Separated(Box::new(found))));
            }
            if distance <= 1e-7 * scale && (distance <= 1e-12 * scale || distance >= 0.5 * polished) {
                return Ok((state, iteration, Ended::Converged));
            }
            polished = distance;
            if link.is_natural(family) && distance <= NEAR * scale {
                // Newton's steps square the distance, so this one arrives, and nothing else moves by more than rounding.
                let arrived = state.coefficients.iter().zip(&step).map(|(b, d)| b + d).collect();
                return Ok((State { coefficients: arrived, ..state }, iteration + 1, Ended::Converged));
            }
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
                let ended = match distance <= 1e-5 * scale {
                    true => Ended::Converged,
                    false => self.ended_without(family, link, &step, Ended::Undefined)?,
                };
                return Ok((state, iteration + 1, ended));
            };
            state = next;
        }
        let ended = self.ended_without(family, link, &last, Ended::Limit)?;
        Ok((state, limit, ended))
    }

    /// How scoring ended where it found no maximum: by separation, if its last step shows one.
    fn ended_without(&self, family: &Family, link: Link, step: &[f64], otherwise: Ended) -> Result<Ended> {
        Ok(match self.separation(family, link, step)? {
            Some(found) => Ended::Separated(Box::new(found)),
            None => otherwise,
        })
    }

    /// Pearson's statistic.
    pub(crate) fn pearson(&self, family: &Family, link: Link, coefficients: &[f64]) -> Result<f64> {
        let sums = self.sums(|rows| {
            let mu = rows.means(link, coefficients)?;
            let squares = (square((&rows.y - &mu).ok()?)? / family.variance(&mu)?).ok()?;
            vecdot(squares, &rows.weights, ..)
        })?;
        Ok(sums[0])
    }

    /// The log-likelihood at a state and a dispersion.
    pub(crate) fn log_likelihood(&self, family: &Family, link: Link, state: &State, dispersion: f64) -> Result<f64> {
        // Of single trials the deviance is minus twice the log-likelihood.
        if *family == Family::Binomial {
            let others = self.sums(|rows| {
                let shares = vecdot(&rows.y, (1.0 - &rows.y).ok()?, ..)?;
                (shares + sum(array_api::abs((&rows.weights - 1.0).ok()?)?, ..)?).ok()
            })?;
            if others == [0.0] {
                return Ok(-0.5 * state.deviance);
            }
        }
        let sums = self.sums(|rows| {
            let mu = rows.means(link, &state.coefficients)?;
            let log_density = family.log_density(&rows.y, &mu, &rows.weights, dispersion)?;
            // A row without weight has no density, whatever its formula gives.
            let none = array_api::equal(&rows.weights, 0.0)?;
            sum(array_api::where_(none, 0.0, log_density)?, ..)
        })?;
        Ok(sums[0])
    }

    /// The deviance of the model that gives every row the same mean, which is the data's own whatever the link; `None` where
    /// the link does not reach it, or there is an offset.
    pub(crate) fn deviance_of_the_mean(&self, family: &Family, link: Link) -> Result<Option<f64>> {
        if self.offset.is_some() {
            return Ok(None);
        }
        let sums = self.sums(|rows| {
            let total = sum(&rows.weights, ..)?;
            array_api::stack(vec![vecdot(&rows.y, &rows.weights, ..)?, total], 0)
        })?;
        let mean = self.y.namespace().asarray(sums[0] / sums[1])?;
        if !link.of(&mean)?.item::<f64>()?.is_finite() {
            return Ok(None);
        }
        let sums = self.sums(|rows| vecdot(family.unit_deviance(&rows.y, &mean)?, &rows.weights, ..))?;
        Ok(Some(sums[0]))
    }
}

/// What [`Rows::gathered`] put together; the matrix symmetric to the last bit.
pub(crate) fn scattered(sums: &[f64], columns: usize) -> (f64, Vec<f64>, Matrix) {
    let products = &sums[1 + columns..];
    let entry = |i: usize, j: usize| 0.5 * (products[i * columns + j] + products[j * columns + i]);
    (sums[0], sums[1..1 + columns].to_vec(), Matrix::from_fn(columns, columns, entry))
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
