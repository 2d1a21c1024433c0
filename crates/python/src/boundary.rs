//! What crosses between Rust and Python: errors become exceptions, panics too, and long work lets other threads run.

use std::panic::{AssertUnwindSafe, catch_unwind};

use array_api::{Array, Error, ErrorKind};
use pyo3::exceptions::{PyIndexError, PyMemoryError, PyNotImplementedError, PyRuntimeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

use crate::chunked::may_compute;
use crate::place::noted;

/// From how many elements on a call gives up Python's lock: below, giving it up takes longer than the work.
const LONG: usize = 1 << 14;

/// How a call is made, by how long it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Pace {
    /// With Python's lock.
    Short,
    /// Without it, so that other threads run.
    Long,
    /// Without it, since tasks may need it on other threads. The user's line is noted, for what fails long after.
    Lazy,
}

impl Pace {
    /// A call on so many elements in memory.
    #[inline]
    pub(crate) fn of(elements: Option<usize>) -> Pace {
        if elements.is_some_and(|n| n < LONG) { Pace::Short } else { Pace::Long }
    }
}

/// The exception for an error of the protocol: the standard's types, with the protocol's words.
#[cold]
pub(crate) fn exception(py: Python<'_>, error: &Error) -> PyErr {
    let text = error.to_string();
    // An exception that passed through Rust is raised again as it was; what was said of it on the way is a note.
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    for (depth, cause) in causes.enumerate() {
        if let Some(raised) = cause.downcast_ref::<PyErr>() {
            let raised = raised.clone_ref(py);
            if depth > 0 {
                // Python 3.10 has no notes.
                let _ = raised.value(py).call_method1("add_note", (text,));
            }
            return raised;
        }
    }
    match error.kind() {
        ErrorKind::DType | ErrorKind::Ambiguous => PyTypeError::new_err(text),
        ErrorKind::Axis => axis_error(py, text),
        ErrorKind::Index => PyIndexError::new_err(text),
        ErrorKind::Shape | ErrorKind::Value | ErrorKind::Device => PyValueError::new_err(text),
        ErrorKind::Memory => PyMemoryError::new_err(text),
        ErrorKind::NotImplemented => PyNotImplementedError::new_err(text),
        _ => PyRuntimeError::new_err(text),
    }
}

/// An axis that does not exist is both a wrong value and a wrong index, and clients catch either.
fn axis_error(py: Python<'_>, text: String) -> PyErr {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    match CLASS.import(py, "array_protocol._errors", "AxisError") {
        Ok(class) => PyErr::from_type(class.clone(), text),
        Err(e) => e,
    }
}

/// Runs a call of the protocol: its error, or a panic inside it, becomes an ordinary exception.
#[inline]
pub(crate) fn run<T>(py: Python<'_>, f: impl FnOnce() -> array_api::Result<T>) -> PyResult<T> {
    settled(py, catch_unwind(AssertUnwindSafe(f)))
}

/// The same for a call that may take long, with Python's lock given up.
pub(crate) fn run_long<T: Send>(py: Python<'_>, f: impl FnOnce() -> array_api::Result<T> + Send) -> PyResult<T> {
    run_at(py, Pace::Lazy, f)
}

/// The same for a call that is not short.
pub(crate) fn run_at<T: Send>(
    py: Python<'_>,
    pace: Pace,
    f: impl FnOnce() -> array_api::Result<T> + Send,
) -> PyResult<T> {
    let _line = (pace == Pace::Lazy).then(|| noted(py));
    let out = py.detach(|| catch_unwind(AssertUnwindSafe(f)));
    settled(py, out)
}

/// The same for a call that builds lazy arrays and does not take long.
pub(crate) fn run_lazy<T>(py: Python<'_>, f: impl FnOnce() -> array_api::Result<T>) -> PyResult<T> {
    let _line = noted(py);
    run(py, f)
}

/// One of the two, for an array that may be lazy.
#[inline]
pub(crate) fn run_on<T>(py: Python<'_>, x: &Array, f: impl FnOnce() -> array_api::Result<T>) -> PyResult<T> {
    if may_compute(x) { run_lazy(py, f) } else { run(py, f) }
}

/// What a call gave, its error or its panic as an ordinary exception.
#[inline]
fn settled<T>(py: Python<'_>, out: std::thread::Result<array_api::Result<T>>) -> PyResult<T> {
    match out {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(e)) => Err(exception(py, &e)),
        Err(payload) => Err(panicked(&*payload)),
    }
}

#[cold]
fn panicked(payload: &(dyn std::any::Any + Send)) -> PyErr {
    let words = payload.downcast_ref::<&str>().copied().map(str::to_owned);
    let words = words.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default();
    PyRuntimeError::new_err(format!("this is a mistake in array_protocol, please report it: {words}"))
}
