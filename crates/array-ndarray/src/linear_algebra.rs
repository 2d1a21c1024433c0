//! Products of matrices.

use array_api::{Result, Verdict, implements, with_element};
use ndarray::Axis;

use crate::array::{NdArray, NdElement};
use crate::manipulation::reshaped;

/// Vectors become matrices with one row or column, and the result loses that axis again.
#[implements(matmul)]
fn matmul(x1: &NdArray, x2: &NdArray, verdict: &Verdict) -> Result<NdArray> {
    let (row, column) = (x1.shape().len() == 1, x2.shape().len() == 1);
    if !row && !column {
        return crate::engine::matmul::matmul(x1, x2, verdict.dims());
    }
    let x1 = if row { inserted(x1, 0) } else { x1.clone() };
    let x2 = if column { inserted(x2, 1) } else { x2.clone() };
    let mut shape = verdict.dims().to_vec();
    if row {
        shape.insert(shape.len() - usize::from(!column), 1);
    }
    if column {
        shape.push(1);
    }
    reshaped(&crate::engine::matmul::matmul(&x1, &x2, &shape)?, verdict.dims())
}

fn inserted(x: &NdArray, axis: usize) -> NdArray {
    with_element!(x.dtype(), T => match T::peel(x) {
        Some(a) => T::wrap(a.clone().insert_axis(Axis(axis))),
        None => x.clone(),
    })
}

#[implements(matrix_transpose)]
fn matrix_transpose(x: NdArray) -> Result<NdArray> {
    let n = x.shape().len();
    let order: Vec<usize> = (0..n - 2).chain([n - 1, n - 2]).collect();
    Ok(x.permuted(&order))
}
