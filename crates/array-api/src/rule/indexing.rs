//! Rules of indexing: positions exist, slices are explicit, what depends on data is marked unknown.

use smallvec::SmallVec;

use super::*;
use crate::axes::normalize_axis;
use crate::call::Verdict;
use crate::index::{Index, Indices};

/// Expands an index to one entry per axis, with non-negative positions and explicit bounds, and gives the extents.
///
/// # Errors
/// Too many entries, a position out of bounds, a step of zero.
pub fn basic(op: &'static Op, x: &Dims, index: &mut Indices) -> Result<Dims> {
    let used = index.0.iter().filter(|i| matches!(i, Index::At(_) | Index::Slice { .. })).count();
    let ellipses = index.0.iter().filter(|i| matches!(i, Index::Ellipsis)).count();
    if ellipses > 1 {
        return Err(Error::index(op.name, "an index may hold only one ellipsis"));
    }
    if used > x.len() {
        return Err(Error::index(op.name, format!("{used} positions are given for an array of shape {x}")));
    }
    let missing = x.len() - used;
    match index.0.iter().position(|i| matches!(i, Index::Ellipsis)) {
        Some(at) => drop(index.0.splice(at..=at, std::iter::repeat_n(Index::full(), missing))),
        None => index.0.extend(std::iter::repeat_n(Index::full(), missing)),
    }
    let mut axis = 0;
    let mut dims: SmallVec<[usize; 6]> = SmallVec::new();
    for entry in &mut index.0 {
        match entry {
            Index::NewAxis => dims.push(1),
            Index::At(i) => {
                *i = position(op, *i, axis, x)? as isize;
                axis += 1;
            }
            slice => {
                dims.push(slice.resolve(op.name, x[axis])?);
                axis += 1;
            }
        }
    }
    Ok(Dims::new(&dims))
}

fn position(op: &'static Op, i: isize, axis: usize, x: &Dims) -> Result<usize> {
    let n = x[axis];
    let j = if i < 0 { i + n as isize } else { i };
    if j < 0 || j as usize >= n {
        return Err(Error::index(op.name, format!("index {i} is out of bounds for axis {axis} with {n} elements")));
    }
    Ok(j as usize)
}

/// The rule of `take`: an axis, and 1-d (or batched) integer positions.
///
/// # Errors
/// An axis that does not exist, positions that are not integers.
pub fn take(op: &'static Op, axis: &mut isize, args: &[Operand<'_>]) -> Result<Verdict> {
    let (x, indices) = (array(op, args, 0)?, array(op, args, 1)?);
    INTEGER.check(op, indices.dtype())?;
    *axis = normalize_axis(op.name, *axis, x.ndim())? as isize;
    let (before, after) = x.dims().split_at(*axis as usize);
    let dims = before.iter().chain(indices.dims().iter()).chain(&after[1..]).copied().collect();
    Ok(Verdict::same(dims, x.dtype()))
}

/// The extents of `x[i0, i1, ...]`, positions being the operands from `first` on.
///
/// # Errors
/// Too many positions, positions that are not integers or do not broadcast.
pub fn at_arrays(op: &'static Op, args: &[Operand<'_>], first: usize) -> Result<Verdict> {
    let x = array(op, args, 0)?;
    let count = args.len() - first;
    if count == 0 || count > x.ndim() {
        let message = format!("{count} arrays of positions are given for an array of shape {}", x.dims());
        return Err(Error::index(op.name, message));
    }
    let mut positions = Vec::with_capacity(count);
    for i in first..args.len() {
        let a = array(op, args, i)?;
        INTEGER.check(op, a.dtype())?;
        positions.push(a.dims());
    }
    let together = broadcast_dims(op.name, positions.into_iter())?;
    Ok(Verdict::same(together.iter().chain(&x.dims()[count..]).copied().collect(), x.dtype()))
}

/// The extents of `x` that a mask over its first axes leaves. A mask without elements fits too, and chooses nothing.
///
/// # Errors
/// A mask that is not boolean, or not of the shape of these axes.
pub fn masked<'x>(op: &'static Op, x: &'x Array, mask: &Array) -> Result<&'x [usize]> {
    BOOLEAN.check(op, mask.dtype())?;
    if !fits_mask(mask.dims(), x.dims()) {
        let message = format!("a mask of shape {} does not fit an array of shape {}", mask.dims(), x.dims());
        return Err(Error::index(op.name, message));
    }
    Ok(&x.dims()[mask.ndim()..])
}

/// Whether a mask has the extents of the first of these axes; one without elements fits any.
pub fn fits_mask(mask: &[usize], axes: &[usize]) -> bool {
    let fits = |(&m, &n): (&usize, &usize)| m == n || m == 0 || m == UNKNOWN || n == UNKNOWN;
    mask.len() <= axes.len() && mask.iter().zip(axes).all(fits)
}

/// The rule of `take_along_axis`: positions of the same rank, broadcast with `x` but for the axis.
///
/// # Errors
/// Ranks that differ, shapes that do not broadcast, positions that are not integers.
pub fn take_along_axis(op: &'static Op, axis: &mut isize, args: &[Operand<'_>]) -> Result<Verdict> {
    let (x, indices) = (array(op, args, 0)?, array(op, args, 1)?);
    INTEGER.check(op, indices.dtype())?;
    *axis = normalize_axis(op.name, *axis, x.ndim())? as isize;
    if x.ndim() != indices.ndim() {
        let message = format!("x has shape {} and the indices {}: their ranks must be equal", x.dims(), indices.dims());
        return Err(Error::shape(op.name, message));
    }
    let at = *axis as usize;
    let (x1, i1) = (x.dims().with(at, 1), indices.dims().with(at, 1));
    let dims = broadcast_dims(op.name, [&x1, &i1].into_iter())?.with(at, indices.dims()[at]);
    Ok(Verdict::same(dims, x.dtype()))
}
