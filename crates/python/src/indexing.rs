//! `x[...]`: basic indices are a row; indices with arrays are made of rows: the selected axes become one, then `take`.

use array_api::{Array, DType, Dims, Error, Index, Indices, Operand, Operation, Result, Scalar, SetAt};
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyEllipsis, PyInt, PySlice, PyTuple};

use crate::array::PyArray;
use crate::given;

/// One entry of a key.
#[derive(Clone)]
pub(crate) enum Entry {
    Basic(Index),
    Array(Array),
}

/// Reads a key as Python gives it.
pub(crate) fn key(key: &Bound<'_, PyAny>) -> PyResult<Vec<Entry>> {
    match key.cast::<PyTuple>() {
        Ok(entries) => entries.iter().map(|e| entry(&e)).collect(),
        Err(_) => Ok(vec![entry(key)?]),
    }
}

fn entry(e: &Bound<'_, PyAny>) -> PyResult<Entry> {
    if let Ok(array) = e.cast::<PyArray>() {
        return Ok(Entry::Array(array.try_borrow()?.array.clone()));
    }
    if e.is_none() {
        return Ok(Entry::Basic(Index::NewAxis));
    }
    if e.is_instance_of::<PyEllipsis>() {
        return Ok(Entry::Basic(Index::Ellipsis));
    }
    if e.is_instance_of::<PySlice>() {
        let bound = |name: &str| -> PyResult<Option<isize>> {
            let v = e.getattr(name)?;
            if v.is_none() { Ok(None) } else { position(&v).map(Some) }
        };
        let (start, stop, step) = (bound("start")?, bound("stop")?, bound("step")?.unwrap_or(1));
        return Ok(Entry::Basic(Index::Slice { start, stop, step }));
    }
    if e.is_instance_of::<pyo3::types::PyBool>() {
        return Err(PyIndexError::new_err("a Python bool is no index; use asarray(True) for a mask"));
    }
    position(e).map(Index::At).map(Entry::Basic)
}

/// An integer; those beyond any extent are clamped, as Python's slices do.
fn position(v: &Bound<'_, PyAny>) -> PyResult<isize> {
    let wrong = |_| {
        let class = v.get_type().name().map_or_else(|_| "this".to_owned(), |n| n.to_string());
        PyIndexError::new_err(format!(
            "{class} is no index; use integers, slices, None, ... and arrays of integers or bool"
        ))
    };
    let index = if v.is_instance_of::<PyInt>() { v.clone() } else { v.call_method0("__index__").map_err(wrong)? };
    let wide = given::integer(&index)?;
    Ok(isize::try_from(wide).unwrap_or(if wide < 0 { isize::MIN } else { isize::MAX }))
}

fn basic(entries: &[Entry]) -> Option<Indices> {
    let one = |e: &Entry| match e {
        Entry::Basic(i) => Some(i.clone()),
        Entry::Array(_) => None,
    };
    entries.iter().map(one).collect::<Option<Vec<_>>>().map(Indices)
}

/// `x[key]`.
pub(crate) fn get(x: &Array, entries: &[Entry]) -> Result<Array> {
    match basic(entries) {
        Some(index) => array_api::at(x, index),
        None => match entries {
            [Entry::Array(mask)] if mask.dtype() == DType::Bool && mask.ndim() > 0 => array_api::at_mask(x, mask),
            _ => gather(x, entries),
        },
    }
}

/// `x` with `x[key] = value`, written in place where `x` is the buffer's only handle.
///
/// A failure gives the array back as it was.
pub(crate) fn set(x: Array, entries: &[Entry], value: Operand<'_>) -> std::result::Result<Array, (Error, Array)> {
    let Some(index) = basic(entries) else {
        return scatter(&x, entries, value).map_err(|e| (e, x));
    };
    // The rule is asked with a borrowed array first: once the kernel has it, nothing is refused any more.
    let mut params = SetAt::from(index.clone());
    let checked = params.rule(&mut [Operand::Ref(&x), value.reborrow()]).map(drop);
    if let Err(e) = checked {
        return Err((e, x));
    }
    let (xp, dims, dtype) = (x.namespace(), x.dims().clone(), x.dtype());
    array_api::set_at(x, value, index).map_err(|e| match xp.zeros((dims, dtype)) {
        Ok(zeros) => (e, zeros),
        Err(worse) => (worse, Array::new(array_ndarray::NdArray::scalar(false))),
    })
}

/// Numbers of an index array.
fn integers(x: &Array) -> Result<Vec<i128>> {
    let host = x.to_host()?;
    Ok((0..host.len()).filter_map(|i| host.get(i)).map(Scalar::to_i128).collect())
}

/// Positions along one axis, with the shape that they are arranged in.
struct Positions {
    shape: Vec<usize>,
    at: Vec<i128>,
}

/// The key with one entry per axis: slices and new axes apart from positions.
enum Axis {
    Kept(Index),
    Chosen(Positions),
    /// Along an axis that the key itself adds.
    Added(Positions),
}

fn error(message: String) -> Error {
    Error::index("__getitem__", message)
}

/// Writes the ellipsis out and masks as positions.
fn axes(x: &Array, entries: &[Entry]) -> Result<Vec<Axis>> {
    let shape = x.shape()?;
    let takes = |e: &Entry| match e {
        Entry::Array(a) if a.dtype() == DType::Bool => a.ndim(),
        Entry::Basic(Index::NewAxis | Index::Ellipsis) => 0,
        _ => 1,
    };
    let named: usize = entries.iter().map(takes).sum();
    if named > shape.len() {
        return Err(error(format!("{named} indices are given for an array of shape {}", x.dims())));
    }
    let mut rest = Some(shape.len() - named);
    let mut out = vec![];
    let mut axis = 0;
    for e in entries {
        match e {
            Entry::Basic(Index::Ellipsis) => match rest.take() {
                Some(n) => {
                    out.extend((0..n).map(|_| Axis::Kept(Index::full())));
                    axis += n;
                }
                None => return Err(error("there can be one ellipsis only".into())),
            },
            Entry::Basic(Index::At(i)) => out.push(Axis::Chosen(Positions { shape: vec![], at: vec![*i as i128] })),
            Entry::Basic(i) => out.push(Axis::Kept(i.clone())),
            Entry::Array(a) if a.dtype() == DType::Bool => mask(x, a, axis, &mut out)?,
            Entry::Array(a) if a.dtype().is_integer() => {
                out.push(Axis::Chosen(Positions { shape: a.shape()?.to_vec(), at: integers(a)? }));
            }
            Entry::Array(a) => {
                return Err(error(format!("arrays of {} are no indices; use integers or bool", a.dtype())));
            }
        }
        axis += takes(e);
    }
    out.extend((0..rest.unwrap_or(0)).map(|_| Axis::Kept(Index::full())));
    Ok(out)
}

/// The positions of a mask's true elements, one list per axis of it.
fn mask(x: &Array, mask: &Array, axis: usize, out: &mut Vec<Axis>) -> Result<()> {
    let (whole, part) = (x.shape()?, mask.shape()?);
    if whole[axis..axis + part.len()].iter().zip(part).any(|(n, m)| n != m && *m != 0) {
        return Err(error(format!("a mask of shape {} does not fit axes {axis}.. of shape {}", mask.dims(), x.dims())));
    }
    let truths: Vec<usize> =
        mask.to_vec::<bool>()?.into_iter().enumerate().filter(|(_, t)| *t).map(|(i, _)| i).collect();
    if part.is_empty() {
        // A mask without axes chooses all or nothing, along a new axis.
        out.push(Axis::Added(Positions { shape: vec![truths.len()], at: vec![0; truths.len()] }));
        return Ok(());
    }
    let mut step: usize = part.iter().product();
    for &n in part {
        step /= n.max(1);
        let at = truths.iter().map(|t| (t / step.max(1) % n.max(1)) as i128).collect();
        out.push(Axis::Chosen(Positions { shape: vec![truths.len()], at }));
    }
    Ok(())
}

/// `x[key]` where the key has arrays.
fn gather(x: &Array, entries: &[Entry]) -> Result<Array> {
    let axes = axes(x, entries)?;
    // Slices and new axes first; what is chosen by position stays whole.
    let kept = axes.iter().map(|a| match a {
        Axis::Kept(i) => i.clone(),
        Axis::Chosen(_) => Index::full(),
        Axis::Added(_) => Index::NewAxis,
    });
    let x = array_api::at(x, kept.collect::<Vec<_>>())?;
    let chosen: Vec<(usize, &Positions)> = axes
        .iter()
        .enumerate()
        .filter_map(|(i, a)| match a {
            Axis::Chosen(p) | Axis::Added(p) => Some((i, p)),
            Axis::Kept(_) => None,
        })
        .collect();
    let shapes: Vec<Dims> = chosen.iter().map(|(_, p)| Dims::new(&p.shape)).collect();
    let together =
        array_api::rule::broadcast_dims("__getitem__", shapes.iter()).map_err(|e| error(e.message().into()))?;
    let flat = flat_positions(x.shape()?, &chosen, &together)?;

    let front: Vec<isize> = chosen.iter().map(|(i, _)| *i as isize).collect();
    let behind: Vec<isize> = (0..x.ndim() as isize).filter(|a| !front.contains(a)).collect();
    let extent = |axes: &[isize]| -> Result<Vec<isize>> {
        let shape = x.shape()?;
        Ok(axes.iter().map(|&a| shape[a as usize] as isize).collect())
    };
    let (chosen_extent, rest) = (extent(&front)?.iter().product::<isize>(), extent(&behind)?);
    let moved = array_api::permute_dims(&x, [front.clone(), behind].concat())?;
    let rows = array_api::reshape(moved, [vec![chosen_extent], rest.clone()].concat())?;
    let index = x.namespace().from_host(flat, together.size().unwrap_or(0))?;
    let picked = array_api::take(rows, index, 0)?;
    let shape: Vec<isize> = together.iter().map(|&n| n as isize).chain(rest.iter().copied()).collect();
    let picked = array_api::reshape(picked, shape)?;
    // Positions that stand together in the key leave their axes there; otherwise these come first.
    let adjacent = front.windows(2).all(|w| w[1] == w[0] + 1);
    match (adjacent, front[0] as usize) {
        (true, before) if before > 0 => {
            let (k, n) = (together.len(), picked.ndim());
            let order = (k..k + before).chain(0..k).chain(k + before..n).map(|a| a as isize).collect::<Vec<_>>();
            array_api::permute_dims(picked, order)
        }
        _ => Ok(picked),
    }
}

/// Positions among the chosen axes as if these were one, checked and counted from the start.
fn flat_positions(shape: &[usize], chosen: &[(usize, &Positions)], together: &Dims) -> Result<Vec<i64>> {
    let mut flat = vec![0i64; together.size().unwrap_or(0)];
    for (axis, p) in chosen {
        let n = shape[*axis] as i128;
        if let Some(i) = p.at.iter().find(|i| **i < -n || **i >= n) {
            return Err(error(format!("position {i} is out of bounds for an axis of {n} elements")));
        }
        // Where this list broadcasts, the same position is read again.
        let skip = together.len() - p.shape.len();
        let mut steps = vec![0usize; together.len()];
        let mut step = 1;
        for (a, &extent) in p.shape.iter().enumerate().rev() {
            steps[skip + a] = if extent == 1 { 0 } else { step };
            step *= extent;
        }
        for (place, out) in flat.iter_mut().enumerate() {
            let (mut rest, mut at) = (place, 0);
            for (a, &extent) in together.iter().enumerate().rev() {
                at += rest % extent * steps[a];
                rest /= extent;
            }
            let i = p.at[at];
            *out = *out * n as i64 + (if i < 0 { i + n } else { i }) as i64;
        }
    }
    Ok(flat)
}

/// `x` with `value` at a key that has arrays: the key's positions in the flattened array, then the row for these.
fn scatter(x: &Array, entries: &[Entry], value: Operand<'_>) -> Result<Array> {
    if let [Entry::Array(mask)] = entries
        && mask.dtype() == DType::Bool
        && mask.ndim() > 0
    {
        return array_api::set_at_mask(x, mask, value);
    }
    let places = array_api::reshape(x.namespace().arange(0..x.size()? as i64)?, x.dims())?;
    let places = get(&places, entries)?;
    let value = match value.array() {
        Some(v) if v.ndim() > 0 => {
            let whole = array_api::broadcast_to(v, places.dims())?;
            Operand::Own(array_api::reshape(whole, -1)?)
        }
        _ => value,
    };
    let places = array_api::reshape(places, -1)?;
    let out = array_api::set_at_arrays(array_api::reshape(x, -1)?, value, [&places])?;
    array_api::reshape(out, x.dims())
}
