//! `x[...]`: how Python writes a key. What a key means is the protocol's.

use std::sync::LazyLock;

use array_api::{Array, Index, Indices, KeyEntry, Operand, SetAt};
use array_ndarray::NdArray;
use pyo3::exceptions::{PyIndexError, PyRuntimeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyEllipsis, PyInt, PySlice, PyTuple};

use crate::array::PyArray;
use crate::boundary::{run, run_long, run_on};
use crate::chunked;
use crate::given;

/// A key as Python gives it.
pub(crate) enum Entries {
    Basic(Indices),
    Mixed(Vec<KeyEntry>),
}

/// Reads a key for arrays of a kind. Other libraries' arrays may choose too: they are read, not kept.
pub(crate) fn entries(kind: &dyn Fn() -> &'static str, key: &Bound<'_, PyAny>) -> PyResult<Entries> {
    // The shortest way for what is written most.
    if key.is_exact_instance_of::<PyInt>() {
        return Ok(Entries::Basic(Indices(vec![Index::At(position(key)?)])));
    }
    let all: Vec<KeyEntry> = match key.cast::<PyTuple>() {
        Ok(several) => several.iter().map(|e| entry(kind, &e)).collect::<PyResult<_>>()?,
        Err(_) => vec![entry(kind, key)?],
    };
    if all.iter().any(|k| matches!(k, KeyEntry::Array(_))) {
        return Ok(Entries::Mixed(all));
    }
    let basic = all.into_iter().filter_map(|k| match k {
        KeyEntry::Basic(i) => Some(i),
        KeyEntry::Array(_) => None,
    });
    Ok(Entries::Basic(Indices(basic.collect())))
}

fn entry(kind: &dyn Fn() -> &'static str, e: &Bound<'_, PyAny>) -> PyResult<KeyEntry> {
    if let Ok(array) = e.cast::<PyArray>() {
        return Ok(KeyEntry::Array(array.try_borrow()?.array.clone()));
    }
    if e.is_none() {
        return Ok(KeyEntry::Basic(Index::NewAxis));
    }
    if e.is_instance_of::<PyEllipsis>() {
        return Ok(KeyEntry::Basic(Index::Ellipsis));
    }
    if e.is_instance_of::<PySlice>() {
        let bound = |name: &Bound<'_, pyo3::types::PyString>| -> PyResult<Option<isize>> {
            let v = e.getattr(name)?;
            if v.is_none() { Ok(None) } else { position(&v).map(Some) }
        };
        let py = e.py();
        let (start, stop) = (bound(intern!(py, "start"))?, bound(intern!(py, "stop"))?);
        let step = bound(intern!(py, "step"))?.unwrap_or(1);
        return Ok(KeyEntry::Basic(Index::Slice { start, stop, step }));
    }
    if e.is_instance_of::<PyBool>() {
        return Err(PyIndexError::new_err("a Python bool is no index; use asarray(True) for a mask"));
    }
    if !e.is_exact_instance_of::<PyInt>()
        && let Some(array) = given::foreign_array(kind(), e)?
    {
        return Ok(KeyEntry::Array(array));
    }
    position(e).map(Index::At).map(KeyEntry::Basic)
}

/// An integer; those beyond any extent are clamped, as Python's slices do.
fn position(v: &Bound<'_, PyAny>) -> PyResult<isize> {
    if let Ok(i) = v.cast_exact::<PyInt>()
        && let Ok(i) = i.extract::<isize>()
    {
        return Ok(i);
    }
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

/// `x[key]`.
pub(crate) fn get(py: Python<'_>, x: &Array, key: Entries) -> PyResult<Array> {
    match key {
        Entries::Basic(index) => run_on(py, x, || array_api::at(x, index)),
        Entries::Mixed(key) if computes(x, &key) => {
            let x = x.clone();
            run_long(py, move || array_api::at_key(&x, &key))
        }
        Entries::Mixed(key) => run_on(py, x, || array_api::at_key(x, &key)),
    }
}

/// Whether a key's arrays may have to be computed for the extents of what it gives.
fn computes(x: &Array, key: &[KeyEntry]) -> bool {
    chunked::may_compute(x) || key.iter().any(|k| matches!(k, KeyEntry::Array(a) if chunked::may_compute(a)))
}

/// `x[key] = value`, written into the buffer where `x` is its only handle. After a failure `x` is what it was.
pub(crate) fn set(py: Python<'_>, x: &mut Array, key: Entries, value: Operand<'_>) -> PyResult<()> {
    match key {
        // Only a kernel of our own is given the only handle: it refuses nothing, so that the elements come back.
        Entries::Basic(index) if is_native(x) && value.array().is_none_or(is_native) => donated(py, x, index, value),
        Entries::Basic(index) => {
            *x = run_on(py, x, || array_api::set_at(&*x, value, index))?;
            Ok(())
        }
        Entries::Mixed(key) if computes(x, &key) => {
            let (before, value) = (x.clone(), value.to_static());
            *x = run_long(py, move || array_api::set_at_key(&before, value, &key))?;
            Ok(())
        }
        Entries::Mixed(key) => {
            *x = run_on(py, x, || array_api::set_at_key(&*x, value, &key))?;
            Ok(())
        }
    }
}

fn is_native(x: &Array) -> bool {
    x.downcast_ref::<NdArray>().is_some()
}

fn donated(py: Python<'_>, x: &mut Array, index: Indices, value: Operand<'_>) -> PyResult<()> {
    static NOTHING: LazyLock<Array> = LazyLock::new(|| Array::new(NdArray::scalar(false)));
    let mut args = [Operand::Own(std::mem::replace(x, NOTHING.clone())), value];
    let outcome = run(py, || array_api::run::<SetAt>(SetAt { index }, &mut args, None));
    match (outcome, args[0].take()) {
        (Ok(array), _) => *x = array,
        (Err(e), Operand::Own(before)) => {
            *x = before;
            return Err(e);
        }
        // Somebody replaced our kernel by one that fails after it took the elements.
        (Err(e), _) => {
            return Err(PyRuntimeError::new_err(format!("the array's elements are lost: {}", e.value(py))));
        }
    }
    Ok(())
}
