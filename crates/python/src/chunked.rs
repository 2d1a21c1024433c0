//! The kind `chunked` in Python: lazy arrays, computed only where it is asked for by name.
//!
//! While something is computed Python's lock is given up, since tasks may call Python's functions on other threads, and
//! Ctrl-C ends it.

mod blocks;
mod groups;
mod settings;
mod storage;
mod storing;

use std::sync::{Arc, Mutex, PoisonError};

use array_api::{Array, Host, Level, Namespace};
use array_chunked::{CHUNKED, ChunkedArray, Local};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::array::PyArray;
use crate::boundary::{run, run_long};

pub(crate) use groups::alone;
pub(crate) use settings::{name, namespace};

/// Whether a call with the array may run its tasks, or those of an array inside.
#[inline]
pub(crate) fn may_compute(x: &Array) -> bool {
    match x.level() {
        Level::DATA => false,
        Level::LAZY => true,
        _ => x.namespace().kind().level() == Level::LAZY,
    }
}

/// Why an array's elements are handed to nobody: it is lazy, and its namespace does not say `exports="compute"`.
pub(crate) fn refusal(py: Python<'_>, x: &Array, what: &str) -> PyResult<Option<String>> {
    if x.level() == Level::DATA {
        return Ok(None);
    }
    let xp = x.namespace();
    if !std::ptr::eq(xp.kind(), &CHUNKED) || run(py, || array_chunked::computes_exports(&xp))? {
        return Ok(None);
    }
    Ok(Some(format!(
        "{what} needs the elements, but the array is lazy and is computed by name only: x.compute() gives an array of its \
         chunks' kind"
    )))
}

/// Computes, until it is done or Ctrl-C is pressed.
fn computed<T: Send>(
    py: Python<'_>,
    local: Local,
    work: impl FnOnce(&Local) -> array_api::Result<T> + Send,
) -> PyResult<T> {
    let raised = Arc::new(Mutex::new(None));
    let told = raised.clone();
    let local = local.cancelled_if(move || {
        let why = Python::attach(|py| py.check_signals().err());
        let is_over = why.is_some();
        *told.lock().unwrap_or_else(PoisonError::into_inner) = why;
        is_over
    });
    let out = run_long(py, || work(&local));
    let why = raised.lock().unwrap_or_else(PoisonError::into_inner).take();
    why.map_or(out, Err)
}

/// The elements of an array, computed if it is lazy.
pub(crate) fn to_host(py: Python<'_>, x: &Array) -> PyResult<Host> {
    if !may_compute(x) {
        return run(py, || x.to_host());
    }
    match is_chunked(x) {
        true => computed(py, Local::new(), |local| local.compute(x)?.to_host()),
        false => run_long(py, || x.to_host()),
    }
}

/// Whether an array is lazy itself.
pub(crate) fn is_chunked(x: &Array) -> bool {
    x.downcast_ref::<ChunkedArray>().is_some()
}

/// A lazy array as one array of its chunks' kind, in memory that nobody else has if it is to be `alone`.
pub(crate) fn in_memory(py: Python<'_>, x: &Array, alone: bool) -> PyResult<Array> {
    let x = computed(py, Local::new(), |local| local.compute(x))?;
    match alone {
        true => run(py, || x.namespace().from_host(x.to_host()?, x.dims())),
        false => Ok(x),
    }
}

/// What a lazy array says of itself: printing never computes.
pub(crate) fn shown(x: &Array) -> Option<String> {
    x.downcast_ref::<ChunkedArray>().map(|chunked| format!("{chunked:?}").replacen("chunked(", "chunked(lazy ", 1))
}

fn handles(arrays: &Bound<'_, PyTuple>) -> PyResult<Vec<Array>> {
    arrays.iter().map(|x| crate::extension::array(&x)).collect()
}

fn objects<'py>(py: Python<'py>, arrays: impl IntoIterator<Item = Array>) -> PyResult<Bound<'py, PyTuple>> {
    let objects = arrays.into_iter().map(|x| crate::foreign::object(py, x)).collect::<PyResult<Vec<_>>>()?;
    PyTuple::new(py, objects)
}

/// The executor with what was asked for.
fn local(
    py: Python<'_>,
    memory: Option<&str>,
    spill: Option<std::path::PathBuf>,
    progress: bool,
    trace: Option<std::path::PathBuf>,
) -> PyResult<Local> {
    let mut local = Local::new().progress(progress);
    if let Some(limit) = memory {
        local = run(py, || local.memory(limit))?;
    }
    if let Some(folder) = spill {
        local = local.spill(folder);
    }
    if let Some(file) = trace {
        local = local.trace(file);
    }
    Ok(local)
}

/// Computes lazy arrays together, each as one array of its chunks' kind.
#[pyfunction]
fn compute<'py>(
    py: Python<'py>,
    arrays: &Bound<'py, PyTuple>,
    memory: Option<&str>,
    spill: Option<std::path::PathBuf>,
    progress: bool,
    trace: Option<std::path::PathBuf>,
) -> PyResult<Bound<'py, PyTuple>> {
    let arrays = handles(arrays)?;
    let local = local(py, memory, spill, progress, trace)?;
    let arrays = computed(py, local, |local| local.compute_all(&arrays.iter().collect::<Vec<_>>()))?;
    objects(py, arrays)
}

/// The same arrays with their chunks computed.
#[pyfunction]
fn persist<'py>(
    py: Python<'py>,
    arrays: &Bound<'py, PyTuple>,
    memory: Option<&str>,
    spill: Option<std::path::PathBuf>,
    progress: bool,
    trace: Option<std::path::PathBuf>,
) -> PyResult<Bound<'py, PyTuple>> {
    let arrays = handles(arrays)?;
    let local = local(py, memory, spill, progress, trace)?;
    let arrays = computed(py, local, |local| arrays.iter().map(|x| local.persist(x)).collect::<Result<Vec<_>, _>>())?;
    objects(py, arrays)
}

/// The same array with extents that are known.
#[pyfunction]
fn compute_chunk_sizes(py: Python<'_>, x: PyRef<'_, PyArray>) -> PyResult<PyArray> {
    let x = x.array.clone();
    Ok(PyArray { array: run_long(py, || array_chunked::compute_chunk_sizes(&x))? })
}

/// The extents of the chunks along each axis; `None` for those that are not known.
#[pyfunction]
fn chunks<'py>(py: Python<'py>, x: PyRef<'_, PyArray>) -> PyResult<Bound<'py, PyTuple>> {
    let chunks = run(py, || array_chunked::chunks_of(&x.array))?;
    let axis = |axis: &array_chunked::AxisChunks| {
        let known = |n: usize| (n != array_api::UNKNOWN).then_some(n);
        PyTuple::new(py, (0..axis.len()).map(|i| known(axis.size(i))))
    };
    PyTuple::new(py, chunks.axes().iter().map(axis).collect::<PyResult<Vec<_>>>()?)
}

/// What computing the array would do.
#[pyfunction]
fn explain(py: Python<'_>, x: PyRef<'_, PyArray>) -> PyResult<String> {
    run(py, || array_chunked::explain(&x.array)).map(|plan| plan.to_string())
}

/// Draws the plan of the array into a file.
#[pyfunction]
fn visualize(py: Python<'_>, x: PyRef<'_, PyArray>, file: std::path::PathBuf) -> PyResult<()> {
    run(py, || array_chunked::visualize(&x.array, file))
}

/// What the package makes functions and methods of.
pub(crate) fn functions(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    // Known by its name from now on, before there is an array of it.
    let _: Namespace = settings::plain();
    let module = PyModule::new(py, "chunked")?;
    module.add("has_zarr", cfg!(feature = "zarr"))?;
    for function in [
        wrap_pyfunction!(settings::named, &module)?,
        wrap_pyfunction!(settings::of, &module)?,
        wrap_pyfunction!(settings::with_options, &module)?,
        wrap_pyfunction!(blocks::from_array, &module)?,
        wrap_pyfunction!(blocks::from_fn, &module)?,
        wrap_pyfunction!(blocks::map_blocks, &module)?,
        wrap_pyfunction!(blocks::rechunk, &module)?,
        wrap_pyfunction!(storage::from_npy, &module)?,
        wrap_pyfunction!(storage::from_zarr, &module)?,
        wrap_pyfunction!(storage::from_parquet, &module)?,
        wrap_pyfunction!(storage::store, &module)?,
        wrap_pyfunction!(storage::finish_region, &module)?,
        wrap_pyfunction!(groups::groups, &module)?,
        wrap_pyfunction!(groups::groups_of_job, &module)?,
        wrap_pyfunction!(groups::eval_task, &module)?,
        wrap_pyfunction!(groups::joined, &module)?,
        wrap_pyfunction!(groups::identity, &module)?,
        wrap_pyfunction!(groups::built, &module)?,
        wrap_pyfunction!(groups::chunk_kind, &module)?,
        wrap_pyfunction!(storing::begin_store, &module)?,
        wrap_pyfunction!(storing::begin_zarr, &module)?,
        wrap_pyfunction!(storing::write_chunk, &module)?,
        wrap_pyfunction!(storing::read_chunk, &module)?,
        wrap_pyfunction!(compute, &module)?,
        wrap_pyfunction!(persist, &module)?,
        wrap_pyfunction!(compute_chunk_sizes, &module)?,
        wrap_pyfunction!(chunks, &module)?,
        wrap_pyfunction!(explain, &module)?,
        wrap_pyfunction!(visualize, &module)?,
    ] {
        module.add_function(function)?;
    }
    Ok(module)
}
