//! Standard errors of coefficients: expected information, observed information, and the sandwich with either correction.

use array_api::{Array, Result, expand_dims, matmul, matrix_transpose, multiply, reshape, square};

use super::Glm;
use super::family::Family;
use super::intervals::Maximum;
use super::link::Link;
use super::scoring::{Rows, State, scattered};
use crate::fit::{Fit, StandardErrors};
use crate::matrix::{self, Matrix};

impl Rows {
    /// Each row's part of minus the second derivative of the log-likelihood by its predictor, times the dispersion:
    /// `w (g'^2 / V - (y - mu) (g'' / V - g'^2 V' / V^2))` for a mean `g` of the predictor (McCullagh and Nelder,
    /// *Generalized Linear Models*, 1989, section 2.5).
    fn observed_weights(&self, family: &Family, link: Link, coefficients: &[f64]) -> Result<Array> {
        let eta = self.predictor(coefficients)?;
        let (mu, slope) = link.inverse(&eta)?;
        let variance = family.variance(&mu)?;
        let squares = (square(&slope)? / &variance).ok()?;
        let bend = (link.second_derivative(&eta, &mu, &slope)? / &variance
            - &squares * family.variance_slope(&mu)? / &variance)
            .ok()?;
        ((squares - (&self.y - mu) * bend) * &self.weights).ok()
    }

    /// The inverse of minus the Hessian of the log-likelihood at a state, over the dispersion; `None` where that is not
    /// positive definite.
    pub(crate) fn observed_inverse(&self, family: &Family, link: Link, state: &State) -> Result<Option<Matrix>> {
        if link.is_canonical(family) {
            return self.inverse(family, link, state);
        }
        let b = &state.coefficients;
        let sums = self.sums(|rows| {
            let weights = rows.observed_weights(family, link, b)?;
            rows.gathered(weights.sum(..)?, &weights, &weights)
        })?;
        let (_, _, information) = scattered(&sums, b.len());
        // Roots of weights exist where all rows bend the likelihood downwards; elsewhere the sums are all there is.
        let least = self.each(|rows| rows.observed_weights(family, link, b)?.min(..))?;
        match least.iter().flatten().all(|&w| w >= 0.0) {
            true => self.inverse_of(&information, || self.observed_weights(family, link, b)),
            false => Ok(matrix::inverse_definite(&information)),
        }
    }

    /// `H^-1 (sum of squared scores) H^-1`, in which dispersions cancel.
    fn sandwich(&self, family: &Family, link: Link, state: &State, inverse: &Matrix) -> Result<Matrix> {
        let p = self.columns()?;
        let sums = self.sums(|rows| {
            let (mu, slope) = link.inverse(&rows.predictor(&state.coefficients)?)?;
            let variance = family.variance(&mu)?;
            let scores = ((&rows.y - mu) * &rows.weights * slope / variance).ok()?;
            let scaled = multiply(&rows.x, expand_dims(scores, -1)?)?;
            reshape(matmul(matrix_transpose(&scaled)?, &scaled)?, [(p * p) as isize])
        })?;
        let meat = Matrix::from_fn(p, p, |i, j| sums[i * p + j]);
        Ok(inverse * meat * inverse)
    }
}

impl Glm {
    /// The covariance that was asked for, with intervals, at a maximum.
    pub(super) fn covariance(&self, fit: Fit, data: &Rows, maximum: &Maximum<'_>) -> Result<Fit> {
        let Maximum { family, state, dispersion, freedom, .. } = *maximum;
        let estimated = self.estimates_dispersion(family);
        if freedom <= 0.0 && (estimated || self.wanted.standard_errors == StandardErrors::SandwichHc1) {
            return Ok(fit.without_covariance(
                "there are as many coefficients as rows, so nothing is left to see the errors by",
            ));
        }
        let source = self.wanted.standard_errors;
        let inverse = match source {
            StandardErrors::ExpectedInformation | StandardErrors::Bootstrap => {
                data.inverse(family, self.link, state)?
            }
            _ => data.observed_inverse(family, self.link, state)?,
        };
        let Some(inverse) = inverse else {
            return Ok(fit.without_covariance(match source {
                StandardErrors::ExpectedInformation | StandardErrors::Bootstrap => "the information matrix is singular",
                _ => "the observed information is not positive definite; ask for the expected one",
            }));
        };
        let scaled = |matrix: &Matrix, factor: f64| {
            Matrix::from_fn(matrix.nrows(), matrix.ncols(), |i, j| matrix[(i, j)] * factor)
        };
        let (covariance, source) = match source {
            StandardErrors::Sandwich => (data.sandwich(family, self.link, state, &inverse)?, source),
            StandardErrors::SandwichHc1 => {
                let n = freedom + inverse.nrows() as f64;
                (scaled(&data.sandwich(family, self.link, state, &inverse)?, n / freedom), source)
            }
            // The scale that a bootstrap's refits are looked at on.
            StandardErrors::Bootstrap => (scaled(&inverse, dispersion), StandardErrors::ExpectedInformation),
            _ => (scaled(&inverse, dispersion), source),
        };
        let mut fit = self.beyond_curvature(fit.with_covariance(&covariance, source), data, maximum)?;
        if estimated {
            fit.statistic_degrees = Some(freedom);
        }
        fit.with_wald_intervals(&data.y.namespace(), self.wanted.level)
    }
}
