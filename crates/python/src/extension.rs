//! Kinds of third parties built into the package: Rust's registrations end at a shared library, so a kind that is to serve
//! Python is linked into the same one. `template/` is a project that does so.

use array_api::{Array, Kind};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::foreign;
use crate::given::Given;

/// A kind that is built in, and functions of its own for its namespace `array_protocol.<kind>`.
pub struct Extension {
    /// The kind.
    pub kind: &'static Kind,
    /// Adds functions to the namespace.
    pub functions: fn(&Bound<'_, PyModule>) -> PyResult<()>,
}

inventory::collect!(Extension);

/// Builds a kind into the package: `array_protocol.<kind>` becomes its namespace, with the functions that are added here
/// beside those of the protocol.
///
/// ```ignore
/// array_protocol_native::extension!(crate::DIAGONAL, |module| module.add_function(wrap_pyfunction!(diagonal, module)?));
/// ```
#[macro_export]
macro_rules! extension {
    ($kind:expr, $functions:expr) => {
        $crate::__private::inventory::submit! { $crate::Extension { kind: &$kind, functions: $functions } }
    };
}

/// The functions of every kind that is built in, by the kind's name.
pub(crate) fn all(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let all = PyDict::new(py);
    for extension in inventory::iter::<Extension> {
        // Known by its name from now on, also where nothing is registered for it.
        extension.kind.id();
        let module = PyModule::new(py, extension.kind.name())?;
        (extension.functions)(&module)?;
        all.set_item(extension.kind.name(), module)?;
    }
    Ok(all)
}

/// The array that a Python object is: an array of the package, or an object of a class that registered itself.
///
/// # Errors
/// A `TypeError` for anything else.
pub fn array(value: &Bound<'_, PyAny>) -> PyResult<Array> {
    match Given::any(value)? {
        Some(Given::Array(array)) => Ok(array.array.clone()),
        Some(Given::Foreign(array)) => Ok(array),
        Some(Given::Scalar(_)) | None => {
            let class = value.get_type().name()?;
            Err(PyTypeError::new_err(format!("{class} is no array; make one with asarray")))
        }
    }
}

/// What an array is in Python.
///
/// # Errors
/// If Python has no memory for it.
pub fn object(py: Python<'_>, array: Array) -> PyResult<Bound<'_, PyAny>> {
    foreign::object(py, array)
}

/// Python's exception for an error of the protocol.
pub fn exception(py: Python<'_>, error: &array_api::Error) -> PyErr {
    crate::boundary::exception(py, error)
}

/// The namespace of arrays in memory, for results that are not of the kind itself.
pub fn ndarray() -> array_api::Namespace {
    array_ndarray::namespace()
}
