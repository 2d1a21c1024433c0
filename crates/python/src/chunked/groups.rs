//! Plans for engines of others: tasks as Python's objects, and the one function that runs a described task.

use std::cell::OnceCell;
use std::collections::HashMap;

use array_api::{Array, Namespace};
use array_chunked::{Callable, Cluster, GroupWork, Job, Task};
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple};
use rayon::ThreadPool;

use crate::array::PyArray;
use crate::boundary::{run, run_long};
use crate::data_type;

/// What must be the same where a task is planned and where it runs, for the same bits.
#[pyfunction]
pub(super) fn built() -> String {
    let (version, arch) = (env!("CARGO_PKG_VERSION"), std::env::consts::ARCH);
    format!("array-protocol {version} on {arch} {:?}", array_ndarray::simd::level())
}

/// What tells lazy arrays apart: equal for equal work on equal data.
#[pyfunction]
pub(super) fn identity(py: Python<'_>, x: PyRef<'_, PyArray>) -> PyResult<String> {
    run(py, || array_chunked::identity(&x.array))
}

/// Which results of which groups.
type Results = Vec<(usize, usize)>;

/// The name of the kind of a lazy array's chunks.
#[pyfunction]
pub(super) fn chunk_kind(x: PyRef<'_, PyArray>) -> &'static str {
    x.array.namespace().inner().map_or(array_ndarray::NDARRAY.name(), |inner| inner.kind().name())
}

/// The groups of tasks that compute lazy arrays together, and for each array which results of which groups its chunks are.
///
/// A group is (operations, stage, key, how, payload, inputs, number of results). `how` says what the payload is: `task` a
/// description, `data` an array, `made` (function, start, extents, data type, kind) and `called` (function, number of
/// the chunk, data type, kind).
///
/// For a cluster that runs so many `threads` tasks at once, groups are larger; `place(function, start)` says where the chunk
/// lies that a function would make, as a number, or `None`.
#[pyfunction]
#[pyo3(signature = (arrays, /, threads=None, place=None))]
pub(super) fn groups<'py>(
    py: Python<'py>,
    arrays: &Bound<'py, PyTuple>,
    threads: Option<usize>,
    place: Option<Py<PyAny>>,
) -> PyResult<(Bound<'py, PyList>, Vec<Results>)> {
    let arrays = super::handles(arrays)?;
    listed(py, || Job::new(&arrays.iter().collect::<Vec<_>>()), threads, place)
}

/// The same for a job that Rust wrote as JSON.
#[pyfunction]
#[pyo3(signature = (job, /, threads=None))]
pub(super) fn groups_of_job<'py>(
    py: Python<'py>,
    job: &str,
    threads: Option<usize>,
) -> PyResult<(Bound<'py, PyList>, Vec<Results>)> {
    // What Rust gives a cluster is nowhere before.
    listed(py, || Job::from_json(job), threads, None)
}

fn listed<'py>(
    py: Python<'py>,
    job: impl FnOnce() -> array_api::Result<Job> + Send,
    threads: Option<usize>,
    place: Option<Py<PyAny>>,
) -> PyResult<(Bound<'py, PyList>, Vec<Results>)> {
    let built = built();
    let place = |callable: &Callable, start: &[usize]| {
        let (place, function) = (place.as_ref()?, callable.downcast_ref::<Py<PyAny>>()?);
        // Where a chunk lies changes how fast results come, and nothing else.
        Python::attach(|py| place.call1(py, (function, PyTuple::new(py, start)?))?.extract(py)).ok().flatten()
    };
    let planned = run_long(py, || match threads {
        Some(threads) => job()?.groups_on(&built, &Cluster { threads, place: &place }),
        None => job()?.groups(&built),
    })?;
    // Descriptions that several groups share are one object, which a pickle holds once.
    let mut shared: HashMap<*const u8, Bound<'py, PyBytes>> = HashMap::new();
    let groups = PyList::empty(py);
    for group in planned.groups {
        let (how, payload) = match group.work {
            GroupWork::Described(bytes) => {
                let bytes = shared.entry(bytes.as_ptr()).or_insert_with(|| PyBytes::new(py, &bytes));
                ("task", bytes.clone().into_any())
            }
            GroupWork::Data(array) => ("data", crate::foreign::object(py, array)?),
            GroupWork::Made { callable, start, extents, dtype, space } => {
                let (start, extents) = (PyTuple::new(py, start)?, PyTuple::new(py, extents)?);
                let dtype = data_type::object(py, dtype)?;
                let made = (function(py, &*callable)?, start, extents, dtype, space.kind().name());
                ("made", made.into_pyobject(py)?.into_any())
            }
            GroupWork::Called { callable, chunk, dtype, space } => {
                let called = (function(py, &*callable)?, chunk, data_type::object(py, dtype)?, space.kind().name());
                ("called", called.into_pyobject(py)?.into_any())
            }
        };
        groups.append((group.operations, group.stage, group.key, how, payload, group.inputs, group.results))?;
    }
    Ok((groups, planned.chunks))
}

fn function(py: Python<'_>, callable: &(dyn std::any::Any + Send + Sync)) -> PyResult<Py<PyAny>> {
    let function = callable.downcast_ref::<Py<PyAny>>();
    function.map(|f| f.clone_ref(py)).ok_or_else(|| PyRuntimeError::new_err("the function is none of Python's"))
}

/// Chunks as one array: so many along each axis, in row-major order.
#[pyfunction]
#[pyo3(signature = (grid, chunks, /))]
pub(super) fn joined(py: Python<'_>, grid: Vec<usize>, chunks: &Bound<'_, PyTuple>) -> PyResult<PyArray> {
    let chunks = super::handles(chunks)?;
    Ok(PyArray { array: run_long(py, || array_chunked::join_chunks(&grid, chunks))? })
}

thread_local! {
    /// Kernels are serial on the threads of a pool: an engine runs as many tasks side by side as it has threads.
    static ALONE: OnceCell<Result<ThreadPool, String>> = const { OnceCell::new() };
}

/// Runs `work` on one thread. Python's lock must have been given up.
pub(crate) fn alone<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, String> {
    if array_api::parallel::forked() {
        // Kernels are serial here, and the pool's thread is another process's.
        return Ok(work());
    }
    ALONE.with(|pool| {
        let make = || rayon::ThreadPoolBuilder::new().num_threads(1).build().map_err(|e| e.to_string());
        pool.get_or_init(make).as_ref().map(|pool| pool.install(work)).map_err(Clone::clone)
    })
}

/// Runs a described task on chunks, and gives its results. `taken(kind, device, chunk)` makes a chunk an array of ours.
#[pyfunction]
#[pyo3(signature = (description, chunks, taken, /))]
pub(super) fn eval_task<'py>(
    py: Python<'py>,
    description: &Bound<'py, PyAny>,
    chunks: &Bound<'py, PyTuple>,
    taken: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyTuple>> {
    let Ok(bytes) = description.cast::<PyBytes>() else {
        return Err(PyTypeError::new_err(format!("a description is bytes, not {}", description.get_type().name()?)));
    };
    let bytes = bytes.as_bytes();
    let task = run(py, || {
        let task = Task::read(bytes, &built())?;
        task.check(chunks.len())?;
        Ok(task)
    })?;
    let array = |(xp, chunk): (&Namespace, Bound<'py, PyAny>)| {
        crate::extension::array(&taken.call1((xp.kind().name(), xp.device().to_string(), chunk))?)
    };
    let given: Vec<Array> = task.chunks().iter().zip(chunks.iter()).map(array).collect::<PyResult<_>>()?;
    let results = run_long(py, || {
        alone(|| task.run(given)).unwrap_or_else(|why| Err(array_api::Error::backend("eval_task", why)))
    })?;
    super::objects(py, results)
}
