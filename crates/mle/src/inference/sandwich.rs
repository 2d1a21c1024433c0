//! The covariance that is right even where the model is not: Huber's and White's sandwich.

use array_api::{Array, Error, Result, expand_dims, greater, matmul, matrix_transpose, multiply};
use array_transforms::jacobian_forward;

use crate::columns;
use crate::fit::StandardErrors;
use crate::matrix::{self, Matrix};
use crate::problem::Problem;

/// `H^-1 (sum w_i^2 g_i g_i') H^-1`; a weight multiplies its row's score, as for probability weights. HC1
/// is that times `n / (n - p)`, with the rows that have weight.
///
/// # Errors
/// For models that give the log-likelihood as one number: the rows' scores are needed.
pub(crate) fn covariance(
    problem: &Problem<'_>,
    estimates: &[f64],
    inverse: &Matrix,
    source: StandardErrors,
) -> Result<Matrix> {
    let point = problem.xp.asarray(estimates)?;
    let scores = jacobian_forward(|x: &Array| problem.contributions(x))(&point)?;
    if scores.ndim() != 2 {
        let message = "the model gives one number, but the sandwich needs the log-likelihood of each row; return them as a vector";
        return Err(Error::value("sandwich", message));
    }
    let scores = match &problem.weights {
        Some(w) => multiply(scores, expand_dims(w, -1)?)?,
        None => scores,
    };
    let meat = matrix::read(&matmul(matrix_transpose(&scores)?, &scores)?)?;
    let rows = match &problem.weights {
        Some(w) => columns::count(&greater(w, 0.0)?)? as f64,
        None => scores.shape()?[0] as f64,
    };
    let freedom = rows - estimates.len() as f64;
    let factor = match source {
        StandardErrors::SandwichHc1 if freedom <= 0.0 => {
            let message = format!("HC1 divides by n - p, and there are {rows} rows for {} parameters", estimates.len());
            return Err(Error::value("sandwich", message));
        }
        StandardErrors::SandwichHc1 => rows / freedom,
        _ => 1.0,
    };
    let covariance = inverse * meat * inverse;
    Ok(Matrix::from_fn(estimates.len(), estimates.len(), |i, j| covariance[(i, j)] * factor))
}
