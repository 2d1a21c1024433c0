//! Rules of operations that move elements: reshaping, joining, repeating.

use super::*;
use crate::axes::normalize_axis;
use crate::call::Verdict;

/// Fills in one extent of `-1` and holds the number of elements.
///
/// # Errors
/// If the shapes hold different numbers of elements, or more than one extent is to be found.
pub fn reshape_dims(op: &'static Op, from: &Dims, shape: &[isize]) -> Result<Dims> {
    let free: Vec<usize> = (0..shape.len()).filter(|&i| shape[i] < 0).collect();
    let text = || format!("({})", shape.iter().map(isize::to_string).collect::<Vec<_>>().join(", "));
    if free.len() > 1 || free.iter().any(|&i| shape[i] != -1) {
        return Err(Error::shape(op.name, format!("{} is not a shape: only one extent may be -1", text())));
    }
    let mut dims: Vec<usize> = shape.iter().map(|&d| d.max(0) as usize).collect();
    let Some(size) = from.size() else {
        return match free[..] {
            [] => Ok(dims.into()),
            _ => Err(Error::shape(op.name, format!("an extent of -1 cannot be found for the unknown shape {from}"))),
        };
    };
    let mismatch = || Error::shape(op.name, format!("{size} elements of shape {from} do not fill shape {}", text()));
    let product = |d: &[usize]| d.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
    if let [i] = free[..] {
        dims[i] = 1;
        let known = product(&dims).ok_or_else(mismatch)?;
        if known == 0 || size % known != 0 {
            return Err(mismatch());
        }
        dims[i] = size / known;
    }
    if product(&dims) != Some(size) {
        return Err(mismatch());
    }
    Ok(dims.into())
}

/// The rule of `broadcast_to`.
///
/// # Errors
/// If the array does not broadcast to exactly this shape.
pub fn broadcast_to(op: &'static Op, args: &[Operand<'_>], shape: &Dims) -> Result<Verdict> {
    let x = array(op, args, 0)?;
    let all = broadcast_dims(op.name, [x.dims(), shape].into_iter())?;
    if all != *shape {
        return Err(Error::shape(op.name, format!("shape {} does not broadcast to {shape}", x.dims())));
    }
    Ok(Verdict::same(all, x.dtype()))
}

/// Checks that axes are a permutation of all axes, and makes them non-negative.
///
/// # Errors
/// If an axis is missing, given twice, or does not exist.
pub fn permutation(op: &'static Op, axes: &mut [isize], ndim: usize) -> Result<()> {
    let mut seen = vec![false; ndim];
    for a in axes.iter_mut() {
        let axis = normalize_axis(op.name, *a, ndim)?;
        if std::mem::replace(&mut seen[axis], true) {
            return Err(Error::axis(op.name, format!("axis {axis} is given twice")));
        }
        *a = axis as isize;
    }
    match seen.iter().position(|s| !s) {
        Some(missing) => Err(Error::axis(op.name, format!("axis {missing} is missing: all {ndim} axes must be given"))),
        None => Ok(()),
    }
}

/// The common type of the arrays of a list, which may not be empty.
///
/// # Errors
/// Without arrays; types without a common one.
pub fn list_dtype(op: &'static Op, args: &mut [Operand<'_>]) -> Result<DType> {
    if args.is_empty() {
        return Err(Error::value(op.name, "needs at least one array"));
    }
    promote(op, args, ANY)
}

/// The rule of `concat` along one axis.
///
/// # Errors
/// If other extents differ.
pub fn concat(op: &'static Op, axis: &mut isize, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let dtype = list_dtype(op, args)?;
    let first = array(op, args, 0)?.dims().clone();
    *axis = normalize_axis(op.name, *axis, first.len())? as isize;
    let at = *axis as usize;
    let mut total = 0usize;
    for i in 0..args.len() {
        let dims = array(op, args, i)?.dims();
        let fits = dims.len() == first.len() && (0..first.len()).all(|a| a == at || dims[a] == first[a]);
        if !fits {
            let message =
                format!("array {i} has shape {dims}, the first one {first}: they may differ only along axis {at}");
            return Err(Error::shape(op.name, message));
        }
        total = if dims[at] == UNKNOWN || total == UNKNOWN { UNKNOWN } else { total + dims[at] };
    }
    Ok(Verdict::same(first.with(at, total), dtype))
}

/// The rule of `stack` along a new axis.
///
/// # Errors
/// If shapes differ.
pub fn stack(op: &'static Op, axis: &mut isize, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let dtype = list_dtype(op, args)?;
    let first = array(op, args, 0)?.dims().clone();
    *axis = normalize_axis(op.name, *axis, first.len() + 1)? as isize;
    for i in 0..args.len() {
        let dims = array(op, args, i)?.dims();
        if *dims != first {
            return Err(Error::shape(
                op.name,
                format!("array {i} has shape {dims}, the first one {first}: they must be equal"),
            ));
        }
    }
    Ok(Verdict::same(first.insert(*axis as usize, args.len()), dtype))
}
