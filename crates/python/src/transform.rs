//! Derivatives and vectorisation of Python functions.
//!
//! Inside a function that is transformed, arrays are arrays of ours whose kind is the transformation's; so Python's
//! functions nest like Rust's. Python's lock is given up while Rust works, and taken again for each call of a function.

use array_api::{Array, Result};
use array_transforms::Pullback;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use std::sync::{Mutex, PoisonError};

use crate::boundary::run_long;
use crate::foreign::{self, raised};
use crate::tree::PyTree;

/// Calls a Python function of a tree. Its exception travels inside the error and comes out unchanged.
fn call(f: &Py<PyAny>, x: &PyTree) -> Result<PyTree> {
    let y = Python::attach(|py| PyTree::read(&f.bind(py).call1((x.build(py)?,))?));
    y.map_err(|e| raised("transform", e))
}

/// The same for a function whose value is one array.
fn call_for_array(f: &Py<PyAny>, x: &PyTree) -> Result<Array> {
    let y = call(f, x)?;
    match y.single() {
        Some(array) => Ok(array.clone()),
        None => {
            let message = "the function returned a tree, but its value must be one array";
            Err(raised("transform", PyTypeError::new_err(message)))
        }
    }
}

/// The value of a function of a tree, and its gradient.
#[pyfunction]
pub(crate) fn value_and_grad<'py>(
    py: Python<'py>,
    f: Py<PyAny>,
    x: &Bound<'py, PyAny>,
) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let x = PyTree::read(x)?;
    let (y, g) = run_long(py, move || array_transforms::value_and_grad(|x: &PyTree| call_for_array(&f, x))(&x))?;
    Ok((foreign::object(py, y)?, g.build(py)?))
}

/// The value of a function of a tree, and its derivative in a direction.
#[pyfunction]
pub(crate) fn jvp<'py>(
    py: Python<'py>,
    f: Py<PyAny>,
    x: &Bound<'py, PyAny>,
    v: &Bound<'py, PyAny>,
) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let x = PyTree::read(x)?;
    let v = x.like(v, "jvp: the tangents")?;
    let (y, dy) = run_long(py, move || array_transforms::jvp(|x: &PyTree| call(&f, x), &x, &v))?;
    Ok((y.build(py)?, dy.build(py)?))
}

/// A function over the leading axis of every leaf.
#[pyfunction]
pub(crate) fn vmap<'py>(py: Python<'py>, f: Py<PyAny>, x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let x = PyTree::read(x)?;
    run_long(py, move || array_transforms::vmap(|x: &PyTree| call(&f, x))(&x))?.build(py)
}

/// A Python function of one array.
fn of_array(f: &Py<PyAny>, x: &Array) -> Result<Array> {
    let y = Python::attach(|py| PyTree::read(&f.bind(py).call1((foreign::object(py, x.clone())?,))?));
    match y.map_err(|e| raised("transform", e))?.single() {
        Some(array) => Ok(array.clone()),
        None => Err(raised("transform", PyTypeError::new_err("the function must return one array, not a tree"))),
    }
}

fn one(x: &Bound<'_, PyAny>, what: &str) -> PyResult<Array> {
    match PyTree::read(x)?.single() {
        Some(array) => Ok(array.clone()),
        None => Err(PyTypeError::new_err(format!(
            "{what} is of functions of one array, and {} is none; put its leaves into one array",
            x.get_type().name()?
        ))),
    }
}

/// Second derivatives of a function of an array.
#[pyfunction]
pub(crate) fn hessian<'py>(py: Python<'py>, f: Py<PyAny>, x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let x = one(x, "hessian")?;
    let h = run_long(py, move || array_transforms::hessian(|x: &Array| of_array(&f, x))(&x))?;
    foreign::object(py, h)
}

/// First derivatives of a function of an array.
#[pyfunction]
pub(crate) fn jacobian<'py>(py: Python<'py>, f: Py<PyAny>, x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let x = one(x, "jacobian")?;
    let j = run_long(py, move || array_transforms::jacobian_forward(|x: &Array| of_array(&f, x))(&x))?;
    foreign::object(py, j)
}

/// The map from cotangents of a function's value to those of its argument.
///
/// The first call uses up what the forward pass kept; a further one runs the function again.
#[pyclass(frozen, name = "Pullback", module = "array_protocol")]
pub(crate) struct PyPullback {
    f: Py<PyAny>,
    x: PyTree,
    value: PyTree,
    first: Mutex<Option<Pullback<PyTree, PyTree>>>,
}

#[pymethods]
impl PyPullback {
    fn __call__<'py>(&self, py: Python<'py>, cotangent: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let cotangent = self.value.like(cotangent, "vjp: the cotangents")?;
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (f, x) = (self.f.clone_ref(py), self.x.clone());
        let g = run_long(py, move || {
            let pullback = match first {
                Some(pullback) => pullback,
                None => array_transforms::vjp(|x: &PyTree| call(&f, x), &x)?.1,
            };
            pullback.apply(&cotangent)
        })?;
        g.build(py)
    }
}

/// The value of a function of a tree, and its pullback.
#[pyfunction]
pub(crate) fn vjp<'py>(
    py: Python<'py>,
    f: Py<PyAny>,
    x: &Bound<'py, PyAny>,
) -> PyResult<(Bound<'py, PyAny>, PyPullback)> {
    let x = PyTree::read(x)?;
    let (function, at) = (f.clone_ref(py), x.clone());
    let (value, first) = run_long(py, move || array_transforms::vjp(|x: &PyTree| call(&function, x), &at))?;
    let shown = value.build(py)?;
    Ok((shown, PyPullback { f, x, value, first: Mutex::new(Some(first)) }))
}
