//! Pieces of work of algorithms: done here for an engine elsewhere, and given to one from here.

use array_api::Result;
use array_api::parallel::{Piece, Workers};
use pyo3::exceptions::PyNotImplementedError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use crate::boundary::run_long;
use crate::chunked::alone;
use crate::foreign::raised;

/// What is done with the bytes that all pieces share and those of one piece.
type Function = fn(&[u8], &[u8]) -> Result<Vec<u8>>;

/// The functions that pieces of work name.
const FUNCTIONS: [(&str, Function); 2] = [(ensemble::TRAIN, ensemble::train_piece), (mle::FIT, mle::fit_piece)];

/// Does a piece of work on one thread, without Python's lock.
#[pyfunction]
#[pyo3(signature = (function, shared, work, /))]
pub(crate) fn perform<'py>(
    py: Python<'py>,
    function: &str,
    shared: &Bound<'py, PyBytes>,
    work: &Bound<'py, PyBytes>,
) -> PyResult<Bound<'py, PyBytes>> {
    let Some((_, f)) = FUNCTIONS.into_iter().find(|(name, _)| *name == function) else {
        let known = FUNCTIONS.map(|(name, _)| name).join(", ");
        let message = format!("there is no work `{function}` here; this array-protocol knows {known}");
        return Err(PyNotImplementedError::new_err(message));
    };
    let (shared, work) = (shared.as_bytes(), work.as_bytes());
    let done =
        run_long(py, || alone(|| f(shared, work)).unwrap_or_else(|why| Err(array_api::Error::backend(function, why))))?;
    Ok(PyBytes::new(py, &done))
}

/// Workers that a function of Python's reaches: `call(function, shared, [(name, work), ..])` gives a list of bytes.
pub(crate) struct Called {
    pub(crate) call: Py<PyAny>,
    pub(crate) pieces: usize,
}

impl Workers for Called {
    fn pieces(&self) -> usize {
        self.pieces.max(1)
    }

    fn call(&self, function: &str, shared: &[u8], pieces: &[Piece]) -> Result<Vec<Vec<u8>>> {
        Python::attach(|py| {
            let piece = |piece: &Piece| (&piece.name[..], PyBytes::new(py, &piece.work)).into_pyobject(py);
            let pieces = PyTuple::new(py, pieces.iter().map(piece).collect::<PyResult<Vec<_>>>()?)?;
            self.call.bind(py).call1((function, PyBytes::new(py, shared), pieces))?.extract::<Vec<Vec<u8>>>()
        })
        .map_err(|e| raised("workers", e))
    }
}
