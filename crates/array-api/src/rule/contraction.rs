//! Rules of products and of linear algebra over the last two axes.

use super::*;
use crate::call::Verdict;

/// Makes all operands one type.
///
/// # Errors
/// Types without a common one, or outside `accept`.
pub fn promote(op: &'static Op, args: &mut [Operand<'_>], accept: Accept) -> Result<DType> {
    for i in 0..args.len() {
        if !args[i].is_absent() {
            array(op, args, i)?;
        }
    }
    let dtype = common_dtype(op, args)?;
    accept.check(op, dtype)?;
    for operand in args.iter_mut() {
        cast(operand, dtype)?;
    }
    Ok(dtype)
}

/// The rule of `matmul`, with the standard's treatment of vectors and batches.
///
/// # Errors
/// 0-d arrays, inner extents that differ, batches that do not broadcast.
#[inline]
pub fn matmul<P>(op: &'static Op, _: &mut P, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let (a, b) = (array(op, args, 0)?, array(op, args, 1)?);
    let dtype = if a.dtype() == b.dtype() && a.dtype().is_numeric() { a.dtype() } else { promote(op, args, NUMERIC)? };
    let (a, b) = (array(op, args, 0)?.dims(), array(op, args, 1)?.dims());
    let scalar =
        |name: &str| Err(Error::shape(op.name, format!("{name} is 0-d; use multiply for a product with a number")));
    let (inner_a, rows) = match a[..] {
        [] => return scalar("x1"),
        [k] => (k, None),
        [.., m, k] => (k, Some(m)),
    };
    let (inner_b, columns) = match b[..] {
        [] => return scalar("x2"),
        [k] => (k, None),
        [.., k, n] => (k, Some(n)),
    };
    if inner_a != inner_b && inner_a != UNKNOWN && inner_b != UNKNOWN {
        let message = format!(
            "shapes {a} and {b} do not fit: the last axis of x1 has {inner_a} elements, the one of x2 that it is multiplied with {inner_b}"
        );
        return Err(Error::shape(op.name, message));
    }
    let batch = |d: &Dims| Dims::new(&d[..d.len().saturating_sub(2)]);
    let (batch_a, batch_b) = (batch(a), batch(b));
    let mut dims = match (batch_a.is_empty(), batch_b.is_empty()) {
        (true, true) => vec![],
        (true, false) => batch_b.to_vec(),
        (false, true) => batch_a.to_vec(),
        (false, false) => broadcast_dims(op.name, [&batch_a, &batch_b].into_iter())?.to_vec(),
    };
    dims.extend(rows);
    dims.extend(columns);
    Ok(Verdict::same(dims.into(), dtype))
}

/// Splits extents into batch and matrix.
///
/// # Errors
/// If there are fewer than two axes.
pub fn matrix<'d>(op: &'static Op, name: &str, dims: &'d Dims) -> Result<(&'d [usize], usize, usize)> {
    match dims[..] {
        [ref batch @ .., m, n] => Ok((batch, m, n)),
        _ => {
            Err(Error::shape(op.name, format!("{name} has shape {dims}, but a matrix (or a stack of them) is needed")))
        }
    }
}

/// Splits extents into batch and the order of a square matrix.
///
/// # Errors
/// If the last two extents differ.
pub fn square<'d>(op: &'static Op, name: &str, dims: &'d Dims) -> Result<(&'d [usize], usize)> {
    let (batch, m, n) = matrix(op, name, dims)?;
    if m != n {
        return Err(Error::shape(op.name, format!("{name} has shape {dims}, but its last two axes must be equal")));
    }
    Ok((batch, n))
}

/// The rule of `solve` and its like: `a` is square, `b` a vector or matrices of fitting height.
///
/// # Errors
/// Shapes that do not fit, types that are not floating.
pub fn solve<P>(op: &'static Op, _: &mut P, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let dtype = promote(op, args, FLOATING)?;
    let (a, b) = (array(op, args, 0)?.dims(), array(op, args, 1)?.dims());
    let (batch, n) = square(op, "x1", a)?;
    let height = |h: usize| match h == n {
        true => Ok(()),
        false => Err(Error::shape(op.name, format!("x1 of shape {a} needs {n} rows in x2, which has shape {b}"))),
    };
    let dims: Dims = match b[..] {
        // Only a 1-d x2 is a vector; everything else is a stack of matrices (spec: linalg.solve).
        [h] => {
            height(h)?;
            batch.iter().copied().chain([h]).collect()
        }
        [.., h, k] => {
            height(h)?;
            let (x, y) = (Dims::new(batch), Dims::new(&b[..b.len() - 2]));
            broadcast_dims(op.name, [&x, &y].into_iter())?.iter().copied().chain([h, k]).collect()
        }
        [] => return Err(Error::shape(op.name, "x2 is 0-d, but a vector or matrix is needed")),
    };
    Ok(Verdict::same(dims, dtype))
}
