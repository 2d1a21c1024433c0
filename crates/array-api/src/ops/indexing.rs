//! Indexing: reading and setting by position. Arrays are values: setting returns a new array, in place if donated.

use super::spellings;
use crate::array::Array;
use crate::axes::normalize_axis;
use crate::call::Verdict;
use crate::error::{Error, Result};
use crate::index::{Index, Indices};
use crate::operand::Operand;
use crate::operation::Op;
use crate::{operation, rule};

operation! {
    /// The elements at a basic index: `x.at(index![0, 1..3])`. Spec: `array.__getitem__` with integers and slices.
    At = at(x: One) { /** One entry per axis. */ index: Indices = Indices::default() } -> Array;
    "indexing", Indexing,
    |op, p, args| { let x = rule::array(op, args, 0)?; Ok(Verdict::same(rule::basic(op, x.dims(), &mut p.index)?, x.dtype())) }
}

operation! {
    /// A new array with `value`, broadcast, at a basic index; `x` donated is written in place. Spec: `array.__setitem__`.
    SetAt = set_at(x: One, value: One) { /** One entry per axis. */ index: Indices = Indices::default() } -> Array;
    "indexing", Indexing, set_at_rule
}

operation! {
    /// Elements at integer positions along an axis; positions of any shape take the axis's place. Spec: `take`.
    Take = take(x: One, indices: One) { axis: isize = 0 } -> Array;
    "indexing", Indexing, |op, p, args| rule::take(op, &mut p.axis, args)
}

operation! {
    /// Elements at positions that vary along the other axes. Spec: `take_along_axis`.
    TakeAlongAxis = take_along_axis(x: One, indices: One) { axis: isize = -1 } -> Array;
    "indexing", Indexing, |op, p, args| rule::take_along_axis(op, &mut p.axis, args)
}

operation! {
    /// A new array with `values` added at integer positions along an axis; positions given twice add up.
    ///
    /// `values` has the shape that [`take`] gives for the same positions, whose derivative this is.
    IndexAdd = index_add(x: One, indices: One, values: One) { axis: isize = 0 } -> Array;
    "indexing", Indexing, index_add_rule
}

operation! {
    /// A new array with `values` added at positions that vary along the other axes; the derivative of
    /// [`take_along_axis`].
    ScatterAdd = scatter_add(x: One, indices: One, values: One) { axis: isize = -1 } -> Array;
    "indexing", Indexing, scatter_add_rule
}

spellings!(axis: Take, TakeAlongAxis, IndexAdd, ScatterAdd);

impl<I: Into<Indices>> From<I> for At {
    fn from(index: I) -> At {
        At { index: index.into() }
    }
}

impl<I: Into<Indices>> From<I> for SetAt {
    fn from(index: I) -> SetAt {
        SetAt { index: index.into() }
    }
}

fn set_at_rule(op: &'static Op, p: &mut SetAt, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let x = rule::array(op, args, 0)?;
    let (dims, dtype) = (x.dims().clone(), x.dtype());
    let part = rule::basic(op, &dims, &mut p.index)?;
    let common = rule::common_dtype(op, args)?;
    if common != dtype {
        return Err(Error::dtype(
            op.name,
            format!("a value that would make {dtype} into {common} cannot be set; use astype"),
        ));
    }
    if let Some(value) = args[1].array() {
        let all = rule::broadcast_dims(op.name, [&part, value.dims()].into_iter())?;
        if all != part {
            let message = format!("a value of shape {} does not fit the part of shape {part}", value.dims());
            return Err(Error::shape(op.name, message));
        }
    }
    rule::cast(&mut args[1], dtype)?;
    debug_assert!(p.index.0.iter().all(|i| !matches!(i, Index::Ellipsis)));
    Ok(Verdict::same(dims, dtype))
}

/// `values` must have exactly the shape that reading at the same positions gives.
fn adding(op: &'static Op, args: &mut [Operand<'_>], part: Verdict) -> Result<Verdict> {
    let (x, values) = (rule::array(op, args, 0)?, rule::array(op, args, 2)?);
    rule::NUMERIC.check(op, x.dtype())?;
    if values.dims() != part.dims() {
        let message = format!("values have shape {}, but these positions need {}", values.dims(), part.dims());
        return Err(Error::shape(op.name, message));
    }
    let (dims, dtype) = (x.dims().clone(), x.dtype());
    if values.dtype() != dtype {
        return Err(Error::dtype(
            op.name,
            format!("values have type {}, x has {dtype}; convert them with astype", values.dtype()),
        ));
    }
    Ok(Verdict::same(dims, dtype))
}

fn index_add_rule(op: &'static Op, p: &mut IndexAdd, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let part = rule::take(op, &mut p.axis, &args[..2])?;
    adding(op, args, part)
}

fn scatter_add_rule(op: &'static Op, p: &mut ScatterAdd, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let part = rule::take_along_axis(op, &mut p.axis, &args[..2])?;
    let (x, indices) = (rule::array(op, args, 0)?, rule::array(op, args, 1)?);
    let at = normalize_axis(op.name, p.axis, x.ndim())?;
    // Without broadcasting of x: every addition must have its own place to go to.
    if part.dims().with(at, x.dims()[at]) != *x.dims() {
        let message = format!("indices of shape {} would enlarge x of shape {}", indices.dims(), x.dims());
        return Err(Error::shape(op.name, message));
    }
    adding(op, args, part)
}
