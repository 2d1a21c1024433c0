//! Diagonal matrices, built into the Python package: `array_protocol.diagonal` is their namespace.
//!
//! Replace `diagonal.rs` by your kind, or by a dependency on the crate that has it.

mod diagonal;

use array_api::Host;
use array_protocol_native::{array, exception, object};
use pyo3::prelude::*;

use diagonal::{DIAGONAL, Diagonal};

array_protocol_native::extension!(DIAGONAL, |module| {
    module.add_function(wrap_pyfunction!(from_diagonal, module)?)?;
    module.add_function(wrap_pyfunction!(entries, module)?)
});

/// The matrix with these numbers on its diagonal.
#[pyfunction]
fn from_diagonal(py: Python<'_>, values: Vec<f64>) -> PyResult<Bound<'_, PyAny>> {
    object(py, Diagonal::array(values))
}

/// The numbers on the diagonal, as an array in memory; `None` for an array of another kind.
#[pyfunction]
fn entries<'py>(py: Python<'py>, x: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let x = array(x)?;
    let Some(diagonal) = x.downcast_ref::<Diagonal>() else { return Ok(None) };
    let host = Host::from(diagonal.entries().to_vec());
    let dense = array_protocol_native::ndarray().from_host(host, [diagonal.entries().len()]);
    object(py, dense.map_err(|e| exception(py, &e))?).map(Some)
}
