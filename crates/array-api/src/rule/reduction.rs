//! Rules of reductions, scans and sorting: axes exist, reduced ones go or stay with extent one.

use super::*;
use crate::axes::{Axes, normalize_axis};
use crate::call::{Meta, Verdict};

/// Normalises the axes and gives the extents that remain.
///
/// # Errors
/// If an axis does not exist or is given twice.
#[inline]
pub fn reduced_dims(op: &'static Op, x: &Array, axes: &mut Axes, keepdims: bool) -> Result<Dims> {
    axes.normalize(op.name, x.ndim())?;
    Ok(match (&*axes, keepdims) {
        (Axes::All, false) => Dims::SCALAR,
        (Axes::All, true) => Dims::from(vec![1; x.ndim()]),
        (Axes::One(a), false) => {
            let d = x.dims();
            let mut out = Dims::new(&d[..d.len() - 1]);
            out.as_mut()[*a as usize..].copy_from_slice(&d[*a as usize + 1..]);
            out
        }
        (Axes::One(a), true) => x.dims().with(*a as usize, 1),
        (Axes::Many(v), keep) => {
            let gone = |i: usize| v.contains(&(i as isize));
            x.dims()
                .iter()
                .enumerate()
                .filter(|(i, _)| keep || !gone(*i))
                .map(|(i, &d)| if gone(i) { 1 } else { d })
                .collect()
        }
    })
}

/// The standard's default type of sums and products: 64-bit integers for integers and `bool`.
pub fn accumulator(dtype: DType) -> DType {
    match dtype {
        DType::Bool | DType::Int8 | DType::Int16 | DType::Int32 | DType::Int64 => DType::Int64,
        DType::UInt8 | DType::UInt16 | DType::UInt32 | DType::UInt64 => DType::UInt64,
        floating => floating,
    }
}

/// Refuses a reduction over no elements where it has no value.
///
/// # Errors
/// If a reduced axis is empty, naming it.
pub fn not_empty(op: &'static Op, x: &Array, axes: &Axes) -> Result<()> {
    match axes.list(x.ndim()).into_iter().find(|&a| x.dims()[a] == 0) {
        Some(a) => {
            let message = format!("axis {a} of shape {} has no elements, so there is no {}", x.dims(), op.name);
            Err(Error::value(op.name, message))
        }
        None => Ok(()),
    }
}

/// The rule of a reduction with a type of its own.
///
/// # Errors
/// Types outside `accept`, axes that do not exist.
#[inline]
pub fn reduction(
    op: &'static Op,
    args: &[Operand<'_>],
    axes: &mut Axes,
    keepdims: bool,
    accept: Accept,
    out: fn(DType) -> DType,
) -> Result<Verdict> {
    let x = array(op, args, 0)?;
    accept.check(op, x.dtype())?;
    let dims = reduced_dims(op, x, axes, keepdims)?;
    Ok(Verdict::new(dims, out(x.dtype()), x.dtype()))
}

/// The rule of sums and products: the type may be chosen, and the operand is converted to it.
///
/// # Errors
/// Types that are not numeric, axes that do not exist.
#[inline]
pub fn summation(
    op: &'static Op,
    args: &[Operand<'_>],
    axes: &mut Axes,
    keepdims: bool,
    dtype: &mut Option<DType>,
) -> Result<Verdict> {
    let x = array(op, args, 0)?;
    let out = *dtype.get_or_insert_with(|| accumulator(x.dtype()));
    NUMERIC.check(op, out)?;
    if x.dtype().is_complex() && !out.is_complex() {
        return Err(Error::dtype(
            op.name,
            format!("{} cannot be summed as {out}; take its real part first", x.dtype()),
        ));
    }
    let dims = reduced_dims(op, x, axes, keepdims)?;
    Ok(Verdict::new(dims, out, out))
}

/// The rule of a scan along one axis: the shape stays.
///
/// # Errors
/// Types outside `accept`, an axis that does not exist.
pub fn scan(op: &'static Op, args: &[Operand<'_>], axis: &mut isize, accept: Accept) -> Result<Verdict> {
    let x = array(op, args, 0)?;
    accept.check(op, x.dtype())?;
    *axis = normalize_axis(op.name, *axis, x.ndim())? as isize;
    Ok(Verdict::same(x.dims().clone(), x.dtype()))
}

/// A list result whose extents depend on data.
pub fn unknown(dtype: DType) -> Meta {
    Meta::new([UNKNOWN], dtype)
}
