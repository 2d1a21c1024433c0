//! Second parameters that run to an end of their range in some rows: a dispersion that vanishes in one group.

use array_api::{Result, abs, greater, logical_and, matmul, multiply};

use crate::columns;
use crate::fit::{Fit, StandardErrors};
use crate::glm::design::Design;
use crate::judge::{FAR, HARDLY};
use crate::matrix::{self, Matrix};
use crate::problem::Problem;
use crate::status::Status;
use crate::transform::Range;

/// A second parameter with terms of its own, on the scale without bounds.
pub(super) struct End<'e> {
    pub(super) name: &'static str,
    pub(super) range: Range,
    /// Where its values started.
    pub(super) start: f64,
    pub(super) terms: &'e Design,
}

impl End<'_> {
    /// Says so where the parameter has gone far in some rows and the likelihood hardly depends on it there any more. Its
    /// curvature may then be of either sign: what the others' standard errors come from is the rest of it.
    pub(super) fn judge(&self, problem: &Problem<'_>, mut fit: Fit, level: f64) -> Result<Fit> {
        let was_flat = fit.status == Status::FlatDirection;
        if !(fit.status.is_converged() || was_flat) {
            return Ok(fit);
        }
        let x = &self.terms.x;
        let p = fit.parameters.len() - self.terms.names.len();
        let zeta = matmul(x, x.namespace().asarray(&fit.estimates()[p..])?)?;
        let far = greater(abs((zeta - self.start).ok()?)?, FAR)?;
        if columns::count(&far)? == 0 {
            return Ok(fit);
        }
        let sizes = array_api::max(abs(x)?, 0)?.to_vec::<f64>()?;
        let Some(Rest { first, second, loose }) = Rest::of(&problem.information(&fit.estimates(), false)?, p, &sizes)?
        else {
            return Ok(fit);
        };
        let variance = multiply(matmul(x, x.namespace().asarray(matrix::rows(&loose))?)?, x)?.sum(1)?;
        let gone = columns::count(&logical_and(far, greater(variance, 1.0 / HARDLY)?)?)?;
        if gone == 0 {
            return Ok(fit);
        }
        fit.status = Status::Boundary;
        fit.reason = format!(
            "`{}` runs to an end of its range {} in {gone} of {} rows: its coefficients were left where the estimates say",
            self.name,
            self.range,
            self.terms.y.size()?
        );
        if was_flat {
            let variances = (0..p).map(|i| first[(i, i)]).chain((0..sizes.len()).map(|j| second[(j, j)]));
            for (of, variance) in fit.parameters.iter_mut().zip(variances) {
                (of.std_error, of.std_error_reason) = (Some(variance.sqrt()), None);
            }
            fit.standard_errors = StandardErrors::ObservedInformation;
        }
        for (j, size) in sizes.into_iter().enumerate() {
            if loose[(j, j)] * size * size > 1.0 / HARDLY {
                let of = &mut fit.parameters[p + j];
                (of.std_error, of.p_value, of.interval) = (None, None, None);
                of.std_error_reason = Some("the likelihood grows along it for ever, and its curvature vanishes".into());
            }
        }
        fit.covariance = None;
        problem.wald(fit, level)
    }
}

/// What the information says of the coefficients where some directions of the second parameter's are held.
struct Rest {
    /// The covariance of the first parameter's.
    first: Matrix,
    /// That of the second's.
    second: Matrix,
    /// The same with the directions that were held, along which it is as good as endless.
    loose: Matrix,
}

impl Rest {
    /// `None` where the information about the others is not definite, or where it says that this is no maximum.
    fn of(information: &Matrix, p: usize, sizes: &[f64]) -> Result<Option<Rest>> {
        let k = sizes.len();
        let block = |rows: usize, columns: usize, r: usize, c: usize| {
            Matrix::from_fn(r, c, |i, j| information[(rows + i, columns + j)])
        };
        let Some(inverse) = matrix::inverse_definite(&block(0, 0, p, p)) else { return Ok(None) };
        let between = &inverse * block(0, p, p, k);
        // What is known of the second's when the first's follow, each in units of the change that it makes in a row.
        let size = |j: usize| if sizes[j] > 0.0 { sizes[j] } else { 1.0 };
        let own = block(p, p, k, k) - between.transpose() * block(0, p, p, k);
        let eigen = matrix::eigen(&Matrix::from_fn(k, k, |i, j| own[(i, j)] / size(i) / size(j)))?;
        if eigen.values.iter().any(|&v| v < -HARDLY) {
            return Ok(None);
        }
        let along = |weight: &dyn Fn(f64) -> f64| {
            let sum = |i: usize, j: usize| -> f64 {
                let terms = eigen.values.iter().enumerate();
                terms.map(|(d, &v)| eigen.vectors[(i, d)] * eigen.vectors[(j, d)] * weight(v)).sum()
            };
            Matrix::from_fn(k, k, |i, j| sum(i, j) / size(i) / size(j))
        };
        let second = along(&|v| if v < HARDLY { 0.0 } else { 1.0 / v });
        let first = inverse + &between * &second * between.transpose();
        Ok(Some(Rest { first, second, loose: along(&|v| 1.0 / v.max(f64::EPSILON)) }))
    }
}
