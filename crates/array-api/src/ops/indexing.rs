//! Indexing: reading and setting by position. Arrays are values: setting returns a new array, in place if donated.

use super::spellings;
use crate::array::Array;
use crate::axes::normalize_axis;
use crate::call::{Call, Verdict};
use crate::dims::{Dims, UNKNOWN};
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

operation! {
    /// A new array with `values` at integer positions along an axis; of positions given twice, the last one stays.
    ///
    /// `values` has the shape that [`take`] gives for the same positions.
    Put = put(x: One, indices: One, values: One) { axis: isize = 0 } -> Array;
    "indexing", Indexing,
    |op, p, args| { let part = rule::take(op, &mut p.axis, &args[..2])?; replacing(op, args, part) },
    compose compose_put
}

operation! {
    /// Elements at integer positions: `x[i0, i1, ...]` with one array per axis, broadcast together, over the first axes.
    /// The extents of the positions come first, then the axes of `x` that have none. Spec: integer-array indexing.
    AtArrays = at_arrays(x: One, indices: Many) {} -> Array;
    "indexing", Indexing, |op, _, args| rule::at_arrays(op, args, 1),
    compose |_, call| {
        let (x, places, _) = places(call, 1)?;
        crate::take(x, places, 0)
    }
}

operation! {
    /// A new array with `value`, broadcast, at integer positions: `x[i0, i1, ...] = value`. Of positions given twice, the
    /// last one stays.
    SetAtArrays = set_at_arrays(x: One, value: One, indices: Many) {} -> Array;
    "indexing", Indexing,
    |op, _, args| {
        let part = rule::at_arrays(op, args, 2)?;
        setting(op, args, 1, part.dims())
    },
    compose |_, call| {
        let (rows, places, part) = places(call, 2)?;
        let (dims, value) = (call.verdict.dims().clone(), crate::broadcast_to(value(call, 1)?, part)?);
        crate::reshape(put(rows, places, value, 0)?, dims)
    }
}

operation! {
    /// Elements where `mask` is true: `x[mask]`. The mask covers the first axes of `x`, which become one; how long it is
    /// depends on data. Spec: boolean-array indexing.
    AtMask = at_mask(x: One, mask: One) {} -> Array;
    "indexing", Indexing,
    |op, _, args| {
        let (x, mask) = (rule::array(op, args, 0)?, rule::array(op, args, 1)?);
        let rest = rule::masked(op, x, mask)?;
        let dims = std::iter::once(UNKNOWN).chain(rest.iter().copied()).collect();
        Ok(Verdict::same(dims, x.dtype()))
    },
    compose |_, call| {
        let (rows, places) = chosen(call)?;
        crate::take(rows, places, 0)
    }
}

operation! {
    /// A new array with `value` where `mask` is true: `x[mask] = value`. The value is one number, or broadcasts to what
    /// [`at_mask`] gives.
    SetAtMask = set_at_mask(x: One, mask: One, value: One) {} -> Array;
    "indexing", Indexing,
    |op, _, args| {
        let (x, mask) = (rule::array(op, args, 0)?, rule::array(op, args, 1)?);
        let rest = rule::masked(op, x, mask)?;
        let part = std::iter::once(UNKNOWN).chain(rest.iter().copied()).collect();
        setting(op, args, 2, &part)
    },
    compose compose_set_at_mask
}

spellings!(axis: Take, TakeAlongAxis, IndexAdd, ScatterAdd, Put);

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

/// `value`, operand `i`, must broadcast to `part` and must not change the type of `x`.
fn setting(op: &'static Op, args: &mut [Operand<'_>], i: usize, part: &Dims) -> Result<Verdict> {
    let x = rule::array(op, args, 0)?;
    let (dims, dtype) = (x.dims().clone(), x.dtype());
    let common = match args[i].array() {
        Some(value) => dtype.promote(value.dtype()),
        None => {
            let pair = [args[0].reborrow(), args[i].reborrow()];
            Some(rule::common_dtype(op, &pair)?)
        }
    };
    if common != Some(dtype) {
        let value = args[i].dtype().map_or_else(|| "this number".to_string(), |d| format!("a value of type {d}"));
        return Err(Error::dtype(op.name, format!("{value} cannot be set in an array of {dtype}; use astype")));
    }
    if let Some(value) = args[i].array() {
        let fits = value.ndim() <= part.len()
            && value.dims().iter().rev().zip(part.iter().rev()).all(|(&v, &p)| v == p || v == 1 || p == UNKNOWN);
        if !fits {
            let message = format!("a value of shape {} does not fit the part of shape {part}", value.dims());
            return Err(Error::shape(op.name, message));
        }
    }
    rule::cast(&mut args[i], dtype)?;
    Ok(Verdict::same(dims, dtype))
}

/// As [`adding`], for any type.
fn replacing(op: &'static Op, args: &mut [Operand<'_>], part: Verdict) -> Result<Verdict> {
    let verdict = setting(op, args, 2, part.dims())?;
    match rule::array(op, args, 2)?.dims() {
        dims if dims == part.dims() => Ok(verdict),
        dims => {
            let message = format!("values have shape {dims}, but these positions need {}", part.dims());
            Err(Error::shape(op.name, message))
        }
    }
}

/// Operand `i` as an array of `x`'s type, also where a number was given.
fn value(call: &Call<'_, '_>, i: usize) -> Result<Array> {
    let x = rule::array(call.op, call.args, 0)?;
    match &call[i] {
        Operand::Scalar(s) => x.namespace().full(((), *s, x.dtype())),
        _ => Ok(rule::array(call.op, call.args, i)?.clone()),
    }
}

/// `x` with the axes that have positions joined into one, the positions along it, and the shape of the part that they
/// choose. Taking from `0, 1, ...` makes positions from the end positive, and refuses those out of bounds.
fn places(call: &Call<'_, '_>, first: usize) -> Result<(Array, Array, Dims)> {
    let x = rule::array(call.op, call.args, 0)?;
    let (shape, xp) = (x.shape()?, x.namespace());
    let mut joined: Option<Array> = None;
    for (i, &n) in (first..call.args.len()).zip(shape) {
        let along = crate::take(xp.arange(0..n as i64)?, rule::array(call.op, call.args, i)?, 0)?;
        joined = Some(match joined {
            Some(before) => crate::add(crate::multiply(before, n as i64)?, along)?,
            None => along,
        });
    }
    let places = joined.ok_or_else(|| Error::index(call.op.name, "needs at least one array of positions"))?;
    let (front, rest) = shape.split_at(call.args.len() - first);
    let rows: Dims = std::iter::once(front.iter().product()).chain(rest.iter().copied()).collect();
    let part = places.dims().iter().chain(rest).copied().collect();
    Ok((crate::reshape(x, rows)?, places, part))
}

/// `x` with the masked axes joined into one, and the positions along it where the mask is true.
fn chosen(call: &Call<'_, '_>) -> Result<(Array, Array)> {
    let (x, mask) = (rule::array(call.op, call.args, 0)?, rule::array(call.op, call.args, 1)?);
    let (front, rest) = x.shape()?.split_at(mask.ndim());
    let rows: Dims = std::iter::once(front.iter().product()).chain(rest.iter().copied()).collect();
    let places = crate::nonzero(crate::reshape(mask, mask.size()? as isize)?)?;
    let places = places.into_iter().next().ok_or_else(|| Error::backend(call.op.name, "nonzero gave no array"))?;
    Ok((crate::reshape(x, rows)?, places))
}

fn compose_set_at_mask(_: &SetAtMask, call: &mut Call<'_, '_>) -> Result<Array> {
    let value = value(call, 2)?;
    let (x, mask) = (rule::array(call.op, call.args, 0)?, rule::array(call.op, call.args, 1)?);
    let rest = x.ndim() - mask.ndim();
    if mask.size()? == 0 {
        // Nothing is set, but a value that would not fit is refused all the same.
        let part: Dims = std::iter::once(&0).chain(&x.shape()?[mask.ndim()..]).copied().collect();
        crate::broadcast_to(value, part)?;
        return Ok(x.clone());
    }
    if value.ndim() <= rest {
        // The same for every place, so how many there are does not matter.
        let mask =
            crate::reshape(mask, mask.shape()?.iter().map(|&n| n as isize).chain(vec![1; rest]).collect::<Vec<_>>())?;
        return crate::where_(mask, value, x);
    }
    let dims = x.dims().clone();
    let (rows, places) = chosen(call)?;
    let part: Dims = places.dims().iter().chain(&rows.shape()?[1..]).copied().collect();
    crate::reshape(put(rows, places, crate::broadcast_to(value, part)?, 0)?, dims)
}

/// For every place the last writer: the last of the sorted positions that is equal to it.
fn compose_put(p: &Put, call: &mut Call<'_, '_>) -> Result<Array> {
    let (x, indices) = (rule::array(call.op, call.args, 0)?, rule::array(call.op, call.args, 1)?);
    let (axis, count) = (p.axis as usize, indices.size()?);
    if count == 0 {
        return Ok(x.clone());
    }
    let n = x.shape()?[axis];
    let places = x.namespace().arange(0..n as i64)?;
    let written = crate::take(&places, crate::reshape(indices, -1)?, 0)?;
    let order = crate::argsort(&written, ..)?;
    let sorted = crate::take(written, &order, 0)?;
    let last = crate::subtract(crate::searchsorted(&sorted, &places, None, "right")?, 1)?;
    let last = crate::maximum(last, 0)?;
    let hit = crate::equal(crate::take(sorted, &last, 0)?, places)?;
    let (before, after) = x.shape()?.split_at(axis);
    let flat: Dims = before.iter().chain([&count]).chain(&after[1..]).copied().collect();
    let values = crate::reshape(rule::array(call.op, call.args, 2)?, flat)?;
    let values = crate::take(values, crate::take(order, last, 0)?, p.axis)?;
    let mut along = vec![1; x.ndim()];
    along[axis] = n as isize;
    crate::where_(crate::reshape(hit, along)?, values, x)
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
