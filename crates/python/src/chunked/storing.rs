//! Stores that this process begins and ends while others write the chunks, and the reading and writing of single chunks.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use array_chunked::{Address, Store, Storing, write_chunk as write};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::array::PyArray;
use crate::boundary::{run, run_long};

/// A store that was begun. What is not finished is removed when the object goes, unless resuming was asked for.
#[pyclass(frozen, name = "Storing", module = "array_protocol._native")]
pub(crate) struct PyStoring(Mutex<Option<Storing>>);

impl PyStoring {
    fn with<T>(&self, py: Python<'_>, f: impl FnOnce(&Storing) -> array_api::Result<T>) -> PyResult<T> {
        let storing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let storing = storing.as_ref().ok_or_else(|| PyValueError::new_err("the store is finished"))?;
        run(py, || f(storing))
    }
}

#[pymethods]
impl PyStoring {
    /// The array in the chunks that are written.
    #[getter]
    fn array(&self, py: Python<'_>) -> PyResult<PyArray> {
        self.with(py, |storing| Ok(PyArray { array: storing.array() }))
    }

    /// The format and the place where others go on writing.
    #[getter]
    fn address(&self, py: Python<'_>) -> PyResult<(String, String)> {
        self.with(py, |storing| storing.address().map(|address| (address.format, address.path)))
    }

    /// The chunks that are not written, by number, and where they begin.
    #[getter]
    fn missing(&self, py: Python<'_>) -> PyResult<Vec<(usize, Vec<usize>)>> {
        self.with(py, |storing| Ok(storing.missing().into_iter().map(|(i, start)| (i, start.to_vec())).collect()))
    }

    /// Notes that a chunk is written.
    fn note(&self, py: Python<'_>, chunk: usize) -> PyResult<()> {
        self.with(py, |storing| storing.note(chunk))
    }

    /// Gives the array its name.
    fn finish(&self, py: Python<'_>) -> PyResult<()> {
        let storing = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let storing = storing.ok_or_else(|| PyValueError::new_err("the store is finished"))?;
        run_long(py, || storing.finish())
    }
}

/// Begins a store, or goes on with one.
#[pyfunction]
#[pyo3(signature = (x, path, resume, overwrite, /))]
pub(super) fn begin_store(
    py: Python<'_>,
    x: PyRef<'_, PyArray>,
    path: PathBuf,
    resume: bool,
    overwrite: bool,
) -> PyResult<PyStoring> {
    let to = Store::at(path).resume(resume).overwrite(overwrite);
    Ok(PyStoring(Mutex::new(Some(run(py, || Storing::begin(&x.array, &to))?))))
}

/// Writes a chunk of an array that was begun.
#[pyfunction]
#[pyo3(signature = (format, path, start, values, /))]
pub(super) fn write_chunk(
    py: Python<'_>,
    format: String,
    path: String,
    start: Vec<usize>,
    values: PyRef<'_, PyArray>,
) -> PyResult<()> {
    let (to, values) = (Address { format, path, columns: vec![] }, values.array.clone());
    run_long(py, || write(&to, &start, &values))
}

/// Reads a box of an array.
#[pyfunction]
#[pyo3(signature = (format, path, start, extents, /))]
pub(super) fn read_chunk(
    py: Python<'_>,
    format: String,
    path: String,
    start: Vec<usize>,
    extents: Vec<usize>,
) -> PyResult<PyArray> {
    let from = Address { format, path, columns: vec![] };
    Ok(PyArray { array: run_long(py, || from.read(&start, &extents, &array_ndarray::namespace()))? })
}

/// Writes the metadata of a Zarr array with this array's chunks into a folder.
#[pyfunction]
#[pyo3(signature = (x, folder, /))]
pub(super) fn begin_zarr(py: Python<'_>, x: PyRef<'_, PyArray>, folder: PathBuf) -> PyResult<()> {
    run(py, || begin(&x.array, &folder))
}

#[cfg(feature = "zarr")]
fn begin(x: &array_api::Array, folder: &std::path::Path) -> array_api::Result<()> {
    use array_chunked::Format;

    let chunks = array_chunked::chunks_of(x)?;
    array_chunked::ZarrFormat::new().open(folder, chunks, x.dtype()).map(drop)
}

#[cfg(not(feature = "zarr"))]
fn begin(_: &array_api::Array, folder: &std::path::Path) -> array_api::Result<()> {
    let message = format!(
        "{}: Zarr is not built into this package; build it in: pip install --config-settings=build-args='--features zarr' \
         ./crates/python",
        folder.display()
    );
    Err(array_api::Error::not_implemented("zarr", message))
}
