//! Products of matrices.

use array_api::{DType, Exit, NormOrder, Result, Vecdot, VectorNorm, Verdict, decline, implements, with_element};
use ndarray::Axis;

use crate::array::{NdArray, NdElement};
use crate::engine::dots::{LONG, Summed};
use crate::engine::inner::inner;
use crate::engine::map::map;
use crate::engine::unary;
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

/// One pass over long lines of real numbers; others are multiplied and summed.
#[implements(vecdot)]
fn vecdot(x1: &NdArray, x2: &NdArray, p: &Vecdot, verdict: &Verdict) -> Result<NdArray, Exit> {
    let at = |x: &NdArray| (x.shape().len() as isize + p.axis) as usize;
    let n = x1.shape()[at(x1)];
    if !is_long(n, x1.dtype()) {
        return decline(SHORT);
    }
    let lines = |x: &NdArray| {
        let x = behind(x, &[at(x)]);
        let shape = [verdict.dims(), &[n][..]].concat();
        if x.shape() == shape { Ok(x.contiguous()) } else { map(&unary::POSITIVE, [(&x).into()], &shape) }
    };
    products(&lines(x1)?, &lines(x2)?, n, verdict.dims(), |sum: f32| sum, |sum: f64| sum)
}

/// The Euclidean norm of long lines, in one pass.
#[implements(vector_norm)]
fn vector_norm(x: &NdArray, p: &VectorNorm, verdict: &Verdict) -> Result<NdArray, Exit> {
    let axes = p.axis.list(x.shape().len());
    let n = axes.iter().map(|&a| x.shape()[a]).product();
    if p.ord != NormOrder::Number(2.0) || !is_long(n, x.dtype()) {
        return decline(SHORT);
    }
    let x = behind(x, &axes).contiguous();
    products(&x, &x, n, verdict.dims(), f32::sqrt, f64::sqrt)
}

const SHORT: &str = "not sums of many products of real numbers";

fn is_long(n: usize, dtype: DType) -> bool {
    n >= LONG && matches!(dtype, DType::Float32 | DType::Float64)
}

/// The array with some of its axes behind the others.
fn behind(x: &NdArray, axes: &[usize]) -> NdArray {
    let others = (0..x.shape().len()).filter(|a| !axes.contains(a));
    x.clone().permuted(&others.chain(axes.iter().copied()).collect::<Vec<_>>())
}

/// Inner products of contiguous lines of `n` elements.
fn products(
    x: &NdArray,
    y: &NdArray,
    n: usize,
    shape: &[usize],
    of_single: impl Fn(f32) -> f32,
    of_double: impl Fn(f64) -> f64,
) -> Result<NdArray, Exit> {
    fn of<T: Summed + NdElement>(x: &NdArray, y: &NdArray, n: usize, f: impl Fn(T) -> T) -> Option<Vec<T>> {
        let (x, y) = (x.view::<T>()?, y.view::<T>()?);
        let mut sums = inner(n, x.as_slice()?, y.as_slice()?);
        sums.iter_mut().for_each(|sum| *sum = f(*sum));
        Some(sums)
    }
    let made = match x.dtype() {
        DType::Float32 => of(x, y, n, of_single).map(|sums| NdArray::from_vec(sums, shape)),
        _ => of(x, y, n, of_double).map(|sums| NdArray::from_vec(sums, shape)),
    };
    made.map_or_else(|| decline(SHORT), Ok)
}
