//! Indexing. Basic indices are views of the same storage; integer positions move elements.

use array_api::{
    At, DType, Dims, Error, Index, IndexAdd, Indices, Put, Result, ScatterAdd, SetAt, Take, TakeAlongAxis, Verdict,
    implements,
};
use tch::{Kind, TchError, Tensor};

use crate::array::{TorchArray, sizes};
use crate::carrier::widened;
use crate::error::failed;
use crate::kind::together;
use crate::numbers::{Numbers, room};

type Outcome = std::result::Result<Tensor, TchError>;

/// The view at a basic index in canonical form, and the axes of it that are to be reversed: libtorch has no negative steps.
fn view(x: &Tensor, index: &Indices) -> std::result::Result<(Tensor, Vec<i64>), TchError> {
    let (mut view, mut axis, mut reversed) = (x.shallow_clone(), 0, Vec::new());
    for entry in &index.0 {
        view = match (entry, entry.range()) {
            (Index::At(i), _) => {
                view = view.f_select(axis, *i as i64)?;
                continue;
            }
            (_, Some((_, 0, _))) => view.f_slice(axis, 0, 0, 1)?,
            (_, Some((start, count, step))) => {
                let last = start as i64 + (count as i64 - 1) * step as i64;
                if step < 0 {
                    reversed.push(axis);
                }
                let (low, high) = (last.min(start as i64), last.max(start as i64));
                view.f_slice(axis, low, high + 1, step.unsigned_abs() as i64)?
            }
            _ => view.f_unsqueeze(axis)?,
        };
        axis += 1;
    }
    Ok((view, reversed))
}

#[implements(at)]
fn at(x: &TorchArray, p: &At) -> Result<TorchArray> {
    let part = view(x.tensor(), &p.index);
    x.with("at", part.and_then(|(part, reversed)| if reversed.is_empty() { Ok(part) } else { part.f_flip(reversed) }))
}

/// A copy that nobody else holds, in row-major order.
fn own_copy(x: &Tensor) -> Outcome {
    let mut copy = Tensor::f_empty(x.size(), (x.f_kind()?, x.device()))?;
    copy.f_copy_(x)?;
    Ok(copy)
}

#[implements(set_at)]
fn set_at(x: &TorchArray, value: &TorchArray, p: &SetAt) -> Result<TorchArray> {
    together("set_at", x, value)?;
    let set = || -> Outcome {
        let copy = own_copy(x.tensor())?;
        let (mut part, reversed) = view(&copy, &p.index)?;
        let value = value.tensor().f_expand(part.size(), false)?;
        part.f_copy_(&if reversed.is_empty() { value } else { value.f_flip(reversed)? })?;
        Ok(copy)
    };
    x.with("set_at", set())
}

/// Integer positions along an axis, with those that count from the end made explicit, as libtorch wants them.
///
/// # Errors
/// If a position is out of bounds: it is named with the axis and the extent. libtorch would stop the device over it.
pub(crate) fn positions(op: &str, indices: &TorchArray, axis: usize, extent: usize) -> Result<Tensor> {
    if !indices.dtype().is_integer() {
        return Err(Error::dtype(op, format!("needs integers, not {}", indices.dtype())));
    }
    let fail = |e| failed(op, e);
    let n = extent as i64;
    let places = widened(indices.tensor(), indices.dtype()).and_then(|t| t.f_to_kind(Kind::Int64)).map_err(fail)?;
    let low = if indices.dtype() == DType::UInt64 { 0 } else { -n };
    let outside = places.is_below(low).and_then(|o| o.f_logical_or(&places.is_from(n)?)).map_err(fail)?;
    if outside.f_any().and_then(|any| any.f_int64_value(&[])).map_err(fail)? != 0 {
        let first = places.f_masked_select(&outside).and_then(|bad| bad.f_int64_value(&[0])).map_err(fail)?;
        let first = if indices.dtype() == DType::UInt64 { i128::from(first as u64) } else { i128::from(first) };
        let message = format!("index {first} is out of bounds for axis {axis} with {extent} elements");
        return Err(Error::index(op, message));
    }
    let from_end = places.is_below(0).map_err(fail)?;
    places.plus(n).and_then(|turned| turned.f_where_self(&from_end, &places)).map_err(fail)
}

#[implements(take)]
fn take(x: &TorchArray, indices: &TorchArray, p: &Take, verdict: &Verdict) -> Result<TorchArray> {
    together("take", x, indices)?;
    let axis = p.axis as usize;
    let places = positions("take", indices, axis, x.dims()[axis])?;
    let rows = places.f_reshape(-1).and_then(|places| x.tensor().f_index_select(axis as i64, &places));
    x.with("take", rows.and_then(|rows| rows.f_reshape(sizes(verdict.dims()))))
}

#[implements(take_along_axis)]
fn take_along_axis(x: &TorchArray, indices: &TorchArray, p: &TakeAlongAxis, verdict: &Verdict) -> Result<TorchArray> {
    together("take_along_axis", x, indices)?;
    let axis = p.axis as usize;
    let extent = x.dims()[axis];
    let places = positions("take_along_axis", indices, axis, extent)?;
    let mut whole = sizes(verdict.dims());
    let gathered = places.f_expand(&whole, false).and_then(|places| {
        whole[axis] = extent as i64;
        x.tensor().f_expand(&whole, false)?.f_gather(axis as i64, &places, false)
    });
    x.with("take_along_axis", gathered)
}

/// The shape of what [`take`] gives for positions in one line.
fn rows(dims: &Dims, axis: usize, count: i64) -> Vec<i64> {
    let mut shape = sizes(dims);
    shape[axis] = count;
    shape
}

/// `f` in a type that libtorch adds in: truth as a number.
fn as_number(x: &Tensor, dtype: DType, f: impl Fn(&Tensor) -> Outcome) -> Outcome {
    if dtype == DType::Bool { f(&x.f_to_kind(Kind::Uint8)?)?.is_not(0) } else { f(x) }
}

#[implements(index_add)]
fn index_add(x: &TorchArray, indices: &TorchArray, values: &TorchArray, p: &IndexAdd) -> Result<TorchArray> {
    together("index_add", x, indices)?;
    together("index_add", x, values)?;
    let (axis, dims) = (p.axis as usize, x.dims());
    let places = positions("index_add", indices, axis, dims[axis])?;
    let added = || {
        let places = places.f_reshape(-1)?;
        let values = values.tensor().f_reshape(rows(&dims, axis, places.size()[0]))?;
        as_number(x.tensor(), x.dtype(), |x| x.f_index_add(axis as i64, &places, &values.f_to_kind(x.f_kind()?)?))
    };
    x.with("index_add", added())
}

/// Of positions given twice only the last is copied: which one libtorch would leave is open.
#[implements(put)]
fn put(x: &TorchArray, indices: &TorchArray, values: &TorchArray, p: &Put) -> Result<TorchArray> {
    together("put", x, indices)?;
    together("put", x, values)?;
    let (axis, dims) = (p.axis as usize, x.dims());
    let places = positions("put", indices, axis, dims[axis])?;
    let replaced = || {
        let places = places.f_reshape(-1)?;
        let count = places.size()[0];
        if count == 0 {
            return Ok(x.tensor().shallow_clone());
        }
        let values = values.tensor().f_reshape(rows(&dims, axis, count))?;
        let (sorted, order) = places.f_sort_stable(true, 0, false)?;
        let end = Tensor::f_ones([1], (Kind::Bool, x.device()))?;
        let differs = sorted.f_narrow(0, 1, count - 1)?.f_ne_tensor(&sorted.f_narrow(0, 0, count - 1)?)?;
        let last = Tensor::f_cat(&[differs, end], 0)?;
        let rows = values.f_index_select(axis as i64, &order.f_masked_select(&last)?)?;
        x.tensor().f_index_copy(axis as i64, &sorted.f_masked_select(&last)?, &rows)
    };
    x.with("put", replaced())
}

/// `0, 1, .. n - 1`
fn counted(n: i64, device: tch::Device) -> Outcome {
    room(&[n], (Kind::Int64, device))?;
    Tensor::f_arange(n, (Kind::Int64, device))
}

/// Positions vary along the other axes, of which `x` and `values` may have one element for all: elements are numbered in
/// row-major order and added by their numbers.
#[implements(scatter_add)]
fn scatter_add(x: &TorchArray, indices: &TorchArray, values: &TorchArray, p: &ScatterAdd) -> Result<TorchArray> {
    together("scatter_add", x, indices)?;
    together("scatter_add", x, values)?;
    let (axis, dims, device) = (p.axis as usize, x.dims(), x.device());
    let places = positions("scatter_add", indices, axis, dims[axis])?;
    let added = || {
        let whole = values.tensor().size();
        let (mut numbers, mut step) = (Tensor::f_zeros(&whole, (Kind::Int64, device))?, 1_i64);
        for (a, &n) in dims.iter().enumerate().rev() {
            let along = if a == axis {
                places.f_expand(&whole, false)?
            } else if n == 1 {
                continue;
            } else {
                let mut shape = vec![1; whole.len()];
                shape[a] = n as i64;
                counted(n as i64, device)?.f_reshape(shape)?
            };
            numbers = numbers.f_add(&along.times(step)?)?;
            step *= n as i64;
        }
        let (numbers, values) = (numbers.f_reshape(-1)?, values.tensor().f_reshape(-1)?);
        let sum = |x: &Tensor| x.f_reshape(-1)?.f_index_add(0, &numbers, &values.f_to_kind(x.f_kind()?)?);
        as_number(x.tensor(), x.dtype(), sum)?.f_reshape(sizes(&dims))
    };
    x.with("scatter_add", added())
}
