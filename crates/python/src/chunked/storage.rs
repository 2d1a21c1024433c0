//! Lazy arrays of arrays on disk, and stores.

use std::path::PathBuf;
use std::sync::Arc;

use array_api::Indices;
use array_chunked::{Npy, Source, Store};
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;

use crate::array::PyArray;
use crate::boundary::{run, run_lazy};
use crate::function::namespace;
use crate::indexing::{Entries, entries};

/// What is not built in; the words say how it would be.
#[cfg(not(all(feature = "zarr", feature = "parquet")))]
#[cold]
fn not_built_in(function: &str, feature: &str) -> PyErr {
    pyo3::exceptions::PyNotImplementedError::new_err(format!(
        "{function}: the package was built without it. Build it with pip install ./crates/python \
         --config-settings=build-args=\"--features {feature}\""
    ))
}

/// The lazy array of a source, cut as the namespace says unless chunks are given.
fn lazy(
    py: Python<'_>,
    kind: &str,
    chunks: Option<&Bound<'_, PyAny>>,
    open: impl FnOnce() -> array_api::Result<Arc<dyn Source>>,
) -> PyResult<PyArray> {
    let (xp, given) = (namespace(py, kind)?, super::settings::chunks(py, chunks)?);
    let made = || {
        let source = open()?;
        let spec = given.map_or_else(|| array_chunked::cut_by(&xp, source.dims().len()), Ok)?;
        array_chunked::from_source(source, spec, &xp)
    };
    Ok(PyArray { array: run_lazy(py, made)? })
}

/// The lazy array of an NPY file.
#[pyfunction]
pub(super) fn from_npy(
    py: Python<'_>,
    kind: &str,
    path: PathBuf,
    chunks: Option<&Bound<'_, PyAny>>,
) -> PyResult<PyArray> {
    lazy(py, kind, chunks, || Ok(Arc::new(Npy::open(path)?)))
}

/// The lazy array of a Zarr array in a folder.
#[pyfunction]
pub(super) fn from_zarr(
    py: Python<'_>,
    kind: &str,
    path: PathBuf,
    chunks: Option<&Bound<'_, PyAny>>,
    missing_chunks_are_fill: bool,
    direct_io: bool,
) -> PyResult<PyArray> {
    #[cfg(feature = "zarr")]
    return lazy(py, kind, chunks, || {
        let array = array_chunked::Zarr::open(path)?;
        let array = if direct_io { array.direct_io()? } else { array };
        Ok(Arc::new(if missing_chunks_are_fill { array.missing_chunks_are_fill() } else { array }))
    });
    #[cfg(not(feature = "zarr"))]
    {
        let _ = (py, kind, path, chunks, missing_chunks_are_fill, direct_io);
        Err(not_built_in("from_zarr", "zarr"))
    }
}

/// The lazy array of columns of a Parquet file: of one that is named, of several in a list, or of all.
#[pyfunction]
pub(super) fn from_parquet(
    py: Python<'_>,
    kind: &str,
    path: PathBuf,
    columns: Option<&Bound<'_, PyAny>>,
    chunks: Option<&Bound<'_, PyAny>>,
    nulls_are_nan: bool,
) -> PyResult<PyArray> {
    #[cfg(feature = "parquet")]
    {
        use array_chunked::{Columns, Parquet};
        let columns = match columns {
            None => Columns::All,
            Some(given) => match given.extract::<String>() {
                Ok(name) => Columns::One(name),
                Err(_) => Columns::Several(given.extract()?),
            },
        };
        lazy(py, kind, chunks, || {
            let table = Parquet::open(path, columns)?;
            Ok(Arc::new(if nulls_are_nan { table.nulls_are_nan()? } else { table }))
        })
    }
    #[cfg(not(feature = "parquet"))]
    {
        let _ = (py, kind, path, columns, chunks, nulls_are_nan);
        Err(not_built_in("from_parquet", "parquet"))
    }
}

/// A region as Python writes it: what would be between the brackets.
fn slices(key: &Bound<'_, PyAny>) -> PyResult<Indices> {
    match entries(&|| "ndarray", key)? {
        Entries::Basic(index) => Ok(index),
        Entries::Mixed(_) => Err(PyIndexError::new_err("store: a region is made of slices, not of arrays")),
    }
}

/// Computes a lazy array into what has the name.
#[pyfunction]
#[allow(clippy::too_many_arguments)] // Python's keywords
pub(super) fn store(
    py: Python<'_>,
    x: PyRef<'_, PyArray>,
    path: PathBuf,
    region: Option<&Bound<'_, PyAny>>,
    columns: Option<Vec<String>>,
    resume: bool,
    overwrite: bool,
    missing_chunks_are_fill: bool,
    retries: u32,
    memory: Option<&str>,
    spill: Option<PathBuf>,
    progress: bool,
    trace: Option<PathBuf>,
) -> PyResult<()> {
    let mut to = Store::at(path).resume(resume).overwrite(overwrite);
    if missing_chunks_are_fill {
        to = to.missing_chunks_are_fill();
    }
    if let Some(key) = region {
        to = to.region(slices(key)?);
    }
    if let Some(names) = columns {
        #[cfg(feature = "parquet")]
        {
            to = to.format(array_chunked::ParquetFormat::new().columns(names));
        }
        #[cfg(not(feature = "parquet"))]
        {
            let _ = names;
            return Err(not_built_in("store", "parquet"));
        }
    }
    let x = x.array.clone();
    let local = super::local(py, memory, spill, progress, trace)?.retries(retries);
    super::computed(py, local, move |local| local.store(&x, to))
}

/// Goes on with a store into a region that ended while its chunks were moved in.
#[pyfunction]
pub(super) fn finish_region(py: Python<'_>, path: PathBuf) -> PyResult<()> {
    run(py, || array_chunked::finish_region(path))
}
