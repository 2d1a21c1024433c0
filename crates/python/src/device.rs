//! The devices of a kind's arrays, by the names that Python gives.

use array_api::{Device, Namespace};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::boundary::run;
use crate::function::namespace;

/// The devices that a namespace's arrays can live on here; for arrays made of others, where these can.
fn of_namespace(xp: &Namespace) -> Vec<Device> {
    #[cfg(feature = "torch")]
    if std::ptr::eq(xp.inner().unwrap_or(xp).kind(), &array_torch::TORCH) {
        return array_torch::devices();
    }
    let _ = xp;
    vec![Device::Cpu]
}

/// The names of the devices that a kind's arrays can live on here.
#[pyfunction]
pub(crate) fn devices(py: Python<'_>, kind: &str) -> PyResult<Vec<String>> {
    Ok(of_namespace(&namespace(py, kind)?).iter().map(Device::to_string).collect())
}

/// The device on which an operation's result is asked for: one of those of the namespace's arrays.
pub(crate) fn asked(op: &str, xp: Option<&Namespace>, device: &Bound<'_, PyAny>) -> PyResult<Option<Device>> {
    if device.is_none() {
        return Ok(None);
    }
    let asked: Device = match device.cast::<PyString>() {
        Ok(name) => run(device.py(), || name.to_str().unwrap_or_default().parse())?,
        Err(_) => return Err(PyTypeError::new_err(format!("{} is not a device", device.repr()?))),
    };
    let Some(xp) = xp else { return Ok(Some(asked)) };
    let there = of_namespace(xp);
    if there.contains(&asked) {
        return Ok(Some(asked));
    }
    let there = there.iter().map(Device::to_string).collect::<Vec<_>>().join(", ");
    let kind = xp.kind().name();
    Err(PyValueError::new_err(format!("{op}: arrays of {kind} live on {there} here, not on {asked}")))
}
