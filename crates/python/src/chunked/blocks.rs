//! Chunked arrays of other arrays and of Python's functions, which hold Python's lock only while they are called.

use std::sync::Arc;

use array_api::{Array, DType};
use array_chunked::with_callable;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::array::PyArray;
use crate::boundary::{run, run_lazy};
use crate::data_type;
use crate::extension::array;
use crate::foreign::raised;
use crate::function::namespace;

/// The data type that was named, or the one that is meant where none is.
fn dtype_or(given: Option<&Bound<'_, PyAny>>, otherwise: DType) -> PyResult<DType> {
    let Some(given) = given else { return Ok(otherwise) };
    data_type::named(given)?.ok_or_else(|| PyTypeError::new_err(format!("{given} is no data type of the standard's")))
}

/// An array of data in chunks, which are parts of it.
#[pyfunction]
pub(super) fn from_array(
    py: Python<'_>,
    kind: &str,
    x: PyRef<'_, PyArray>,
    chunks: Option<&Bound<'_, PyAny>>,
) -> PyResult<PyArray> {
    let (xp, spec) = (namespace(py, kind)?, super::settings::chunks(py, chunks)?);
    Ok(PyArray { array: run_lazy(py, || array_chunked::from_array_in(&xp, &x.array, spec))? })
}

/// The same elements in other chunks.
#[pyfunction]
pub(super) fn rechunk(py: Python<'_>, x: PyRef<'_, PyArray>, chunks: &Bound<'_, PyAny>) -> PyResult<PyArray> {
    let spec = super::settings::chunks(py, Some(chunks))?.unwrap_or_default();
    Ok(PyArray { array: run_lazy(py, || array_chunked::rechunk(&x.array, spec))? })
}

/// An array whose chunks a function of Python's makes, given where a chunk begins and its extents.
#[pyfunction]
pub(super) fn from_fn(
    py: Python<'_>,
    kind: &str,
    function: Py<PyAny>,
    shape: Vec<usize>,
    dtype: Option<&Bound<'_, PyAny>>,
    chunks: Option<&Bound<'_, PyAny>>,
    name: &str,
) -> PyResult<PyArray> {
    let (xp, dtype) = (namespace(py, kind)?, dtype_or(dtype, DType::Float64)?);
    let spec = match super::settings::chunks(py, chunks)? {
        Some(spec) => spec,
        None => run(py, || array_chunked::cut_by(&xp, shape.len()))?,
    };
    let callable = Arc::new(function.clone_ref(py));
    let make = move |start: &[usize], extents: &[usize]| {
        let made = Python::attach(|py| {
            let args = (PyTuple::new(py, start)?, PyTuple::new(py, extents)?);
            array(&function.bind(py).call1(args)?)
        });
        made.map_err(|e| raised("from_fn", e))
    };
    let made = || with_callable(&array_chunked::from_fn(name, &shape, dtype, spec, &xp, make)?, callable);
    Ok(PyArray { array: run_lazy(py, made)? })
}

/// A function of Python's of chunk after chunk.
#[pyfunction]
pub(super) fn map_blocks(
    py: Python<'_>,
    function: Py<PyAny>,
    arrays: &Bound<'_, PyTuple>,
    dtype: Option<&Bound<'_, PyAny>>,
    name: &str,
) -> PyResult<PyArray> {
    let arrays = super::handles(arrays)?;
    let dtype = dtype_or(dtype, arrays.first().map_or(DType::Float64, Array::dtype))?;
    let callable = Arc::new(function.clone_ref(py));
    let of_blocks = move |blocks: &[Array]| {
        let made = Python::attach(|py| {
            let blocks = super::objects(py, blocks.iter().cloned())?;
            array(&function.bind(py).call1(blocks)?)
        });
        made.map_err(|e| raised("map_blocks", e))
    };
    let arrays: Vec<&Array> = arrays.iter().collect();
    let mapped = || with_callable(&array_chunked::map_blocks(name, &arrays, dtype, of_blocks)?, callable);
    Ok(PyArray { array: run_lazy(py, mapped)? })
}
