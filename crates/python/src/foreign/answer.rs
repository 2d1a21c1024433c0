//! How Python functions answer calls of the protocol, and how they are registered.

use array_api::{
    Array, Call, Dims, Error, Exit, Handled, Namespace, Op, Operand, Outs, Registration, Source, coverage, decline,
    register_override,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyString, PyTuple, PyType};
use std::ptr;
use std::sync::{Mutex, PoisonError};

use super::{PythonArray, arguments, class, ordered, raised};
use crate::array::PyArray;
use crate::boundary::{exception, run};
use crate::function::{Function, python};
use crate::given::Given;

/// The exception by which a Python function declines a call.
fn decline_class(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    CLASS.import(py, "array_protocol._errors", "Decline")
}

/// The parameters that are not what they would be if nothing were given, as keywords.
///
/// The front door has put them into canonical form: axes are not negative, types are filled in. A function need only have
/// the parameters that its users give.
fn keywords<'py>(py: Python<'py>, call: &Call<'_, '_>) -> PyResult<Bound<'py, PyDict>> {
    let keywords = PyDict::new(py);
    let defaults = call.op.read(&[]).and_then(|mut plain| {
        let mut args: Vec<Operand<'_>> = call.args.iter().map(Operand::reborrow).collect();
        // Where a parameter has no default that works, such as a shape, the rule refuses, and all are given.
        (call.op.rule)(&mut *plain, &mut args).map(|_| plain.write())
    });
    let defaults = defaults.unwrap_or_default();
    for (i, (name, value)) in call.params.write().into_iter().enumerate() {
        if defaults.get(i).is_none_or(|(_, default)| *default != value) {
            keywords.set_item(name, python(py, &value)?)?;
        }
    }
    Ok(keywords)
}

/// Calls a Python function for a call of the protocol.
fn call_python(f: &Py<PyAny>, call: &mut Call<'_, '_>) -> Handled {
    let failed = |e: PyErr| Exit::Failed(raised(call.op.name, e));
    Python::attach(|py| {
        let f = f.bind(py);
        let args = arguments(py, call).map_err(failed)?;
        let keywords = keywords(py, call).map_err(failed)?;
        match f.call(args, Some(&keywords)) {
            Ok(value) if value.is(py.NotImplemented()) => decline(format!("{} returned NotImplemented", named(f))),
            Ok(value) => results(&value, call, f).map_err(failed),
            Err(e) if decline_class(py).is_ok_and(|c| e.is_instance(py, c)) => decline(e.value(py).to_string()),
            Err(e) => Err(failed(e)),
        }
    })
}

/// A function by its name and place.
fn named(f: &Bound<'_, PyAny>) -> String {
    let word = |name: &str| f.getattr(name).and_then(|n| n.extract::<String>()).ok();
    let name = word("__qualname__").unwrap_or_else(|| "the function".into());
    match word("__module__") {
        Some(module) => format!("{module}.{name}"),
        None => name,
    }
}

/// What a Python function returned. Objects come back as they are; the protocol goes on with the front door's verdict on
/// their extents and type.
fn results(value: &Bound<'_, PyAny>, call: &Call<'_, '_>, f: &Bound<'_, PyAny>) -> PyResult<Outs> {
    let due = call.verdict.results();
    let wrong = |what: &str| PyTypeError::new_err(format!("{}: {} returned {what}", call.op.name, named(f)));
    let one = |i: usize, value: &Bound<'_, PyAny>| -> PyResult<Array> {
        if let Ok(array) = value.cast::<PyArray>() {
            return Ok(array.try_borrow()?.array.clone());
        }
        if value.is_none() {
            return Err(wrong("None where an array is due"));
        }
        let Some(class) = class::nearest(&value.get_type()).or_else(|| asked(call)) else {
            return Err(wrong(&format!("{}, which is no array", value.get_type().name()?)));
        };
        let (dims, dtype) = match due.get(i) {
            Some(meta) if meta.dims.known().is_some() => (meta.dims.clone(), meta.dtype),
            Some(meta) => (super::shape(value, class).unwrap_or_else(|_| meta.dims.clone()), meta.dtype),
            // A list whose number of results depends on data.
            None => (super::shape(value, class).unwrap_or(Dims::SCALAR), call.verdict.dtype()),
        };
        Ok(Array::new(PythonArray { object: value.clone().unbind(), class, dims, dtype }))
    };
    let several = value.is_instance_of::<PyTuple>() || value.is_instance_of::<PyList>();
    if !several {
        return match due.len() {
            1 => Ok(Outs::One(one(0, value)?)),
            n => Err(wrong(&format!("{} where {n} results are due", value.get_type().name()?))),
        };
    }
    let values = value.try_iter()?.collect::<PyResult<Vec<_>>>()?;
    let all = values.iter().enumerate().map(|(i, v)| one(i, v)).collect::<PyResult<Vec<_>>>()?;
    if !call.op.results.is_empty() && all.len() != due.len() {
        return Err(wrong(&format!("{} results where {} are due", all.len(), due.len())));
    }
    Ok(Outs::Many(all))
}

/// The class whose kind is asked.
fn asked(call: &Call<'_, '_>) -> Option<&'static class::Class> {
    call.arrays().find_map(|a| a.downcast_ref::<PythonArray>()).map(|a| a.class)
}

/// The handler of every Python kind: asks the functions of the other classes, in their order, and says what would help.
pub(super) fn ask(call: &mut Call<'_, '_>) -> Handled {
    if let (Some(xp), None) = (call.namespace, call.arrays().next()) {
        return create(call, xp);
    }
    let own = asked(call).map(|c| c.kind);
    let order: Vec<&'static class::Class> = Python::attach(|py| {
        let objects = call.arrays().filter_map(|a| a.downcast_ref::<PythonArray>());
        ordered(py, objects).iter().flat_map(class::lineage).collect()
    });
    let mut asked: Vec<&'static array_api::Kind> = vec![];
    let mut reasons: Vec<String> = vec![];
    for class in order {
        if asked.iter().any(|k| ptr::eq(*k, class.kind)) {
            continue;
        }
        asked.push(class.kind);
        let Source::Closure(f, _) = coverage(call.op, class.kind) else { continue };
        // Dispatch asked the leading class itself before it came here.
        if own.is_some_and(|k| ptr::eq(k, class.kind)) {
            continue;
        }
        match f(call) {
            Err(Exit::Declined(why)) => reasons.push(format!("{}: {why}", class.kind.name())),
            answer => return answer,
        }
    }
    if reasons.is_empty() {
        let name = own.map_or("the class", |k| k.name());
        reasons.push(format!(
            "no Python function is registered for these classes; write @array_protocol.implements(array_protocol.{}, {name})",
            call.op.name
        ));
    }
    decline(reasons.join("; "))
}

/// New arrays of a class are made in memory first, and then of these.
fn create(call: &Call<'_, '_>, xp: &Namespace) -> Handled {
    if !class::makes_objects(xp.kind()) {
        return decline(class::no_constructor(xp.kind().name()));
    }
    let mut args: Vec<Operand<'_>> = call.args.iter().map(Operand::reborrow).collect();
    let made = call.op.apply(call.params, &mut args, Some(&array_ndarray::namespace()))?;
    Ok(made.map(|array| class::construct(array.to_host()?, array.dims().clone(), xp))?)
}

/// The operation that is meant by a function of a namespace, or by a name.
fn operation(given: &Bound<'_, PyAny>) -> PyResult<&'static Op> {
    let py = given.py();
    if let Ok(function) = given.cast::<Function>() {
        return Ok(function.get().op());
    }
    let name = match given.cast::<PyString>() {
        Ok(text) => text.to_str()?.rsplit('.').next().unwrap_or_default().to_owned(),
        Err(_) => {
            let word = |name: &str| given.getattr(name).and_then(|n| n.extract::<String>()).unwrap_or_default();
            if !word("__module__").starts_with("array_protocol") {
                let shown = given.repr()?;
                return Err(PyTypeError::new_err(format!(
                    "{shown} is no function of array_protocol; give one, such as array_protocol.sum, or its name"
                )));
            }
            word("__name__")
        }
    };
    run(py, || Op::named(&name))
}

/// A function's registration for a class. `remove` takes it back.
#[pyclass(frozen, name = "Registration", module = "array_protocol")]
pub(crate) struct PyRegistration(Mutex<Option<Registration>>);

impl PyRegistration {
    fn take(&self) -> Option<Registration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for PyRegistration {
    /// Registrations last: only `remove` and the end of a `with` take them back, not the end of the object.
    fn drop(&mut self) {
        if let Some(registration) = self.take() {
            registration.keep();
        }
    }
}

#[pymethods]
impl PyRegistration {
    /// Takes the registration back: whoever answered before answers again.
    fn remove(&self) {
        drop(self.take());
    }

    fn __enter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, _exception: &Bound<'_, PyTuple>) {
        self.remove();
    }
}

/// Registers a Python function as a class's implementation of an operation.
#[pyfunction]
pub(crate) fn register(
    py: Python<'_>,
    function: &Bound<'_, PyAny>,
    class: &Bound<'_, PyType>,
    implementation: Py<PyAny>,
    overrides: bool,
) -> PyResult<PyRegistration> {
    let (op, class) = (operation(function)?, class::made(class)?);
    if !implementation.bind(py).is_callable() {
        let shown = implementation.bind(py).repr()?;
        return Err(PyTypeError::new_err(format!("an implementation is a function, and {shown} is none")));
    }
    let f = move |call: &mut Call<'_, '_>| call_python(&implementation, call);
    let registered = match overrides {
        true => register_override(op, class.kind, f),
        false => array_api::register(op, class.kind, f).map_err(|_| {
            let message = format!(
                "{} has an implementation already; implements(..., override=True) replaces it",
                class.kind.name()
            );
            Error::registry(op.name, message)
        }),
    };
    Ok(PyRegistration(Mutex::new(Some(registered.map_err(|e| exception(py, &e))?))))
}

/// Makes a class a kind, with functions that read or make its objects where these do not say it themselves.
#[pyfunction]
pub(crate) fn kind<'py>(class: &Bound<'py, PyType>, readers: &Bound<'py, PyDict>) -> PyResult<&'static str> {
    let made = class::made(class)?;
    for (name, f) in readers {
        if f.is_none() {
            continue;
        }
        if !f.is_callable() {
            return Err(PyTypeError::new_err(format!("{name} is {}, but must be a function", f.repr()?)));
        }
        made.set_reader(name.cast::<PyString>()?.to_str()?, f.unbind());
    }
    Ok(made.kind.name())
}

/// Every registered pair: the operation, the kind, and who answers.
#[pyfunction]
pub(crate) fn handled_functions() -> Vec<(&'static str, &'static str, String)> {
    array_api::handled_functions().list().iter().map(|h| (h.op.name, h.kind.name(), h.source.to_string())).collect()
}

/// Which implementation would answer for these arrays.
#[pyfunction]
#[pyo3(signature = (function, *arrays))]
pub(crate) fn explain(py: Python<'_>, function: &Bound<'_, PyAny>, arrays: &Bound<'_, PyTuple>) -> PyResult<String> {
    let op = operation(function)?;
    let mut given = arrays.iter().map(|a| Given::any(&a)?.ok_or_else(|| no_array(&a))).collect::<PyResult<Vec<_>>>()?;
    super::lead(py, given.iter_mut());
    let operands: Vec<Operand<'_>> = given.iter().map(Given::operand).collect();
    let arrays: Vec<&Array> = operands.iter().filter_map(Operand::array).collect();
    run(py, || array_api::explain(op.name, &arrays)).map(|e| e.to_string())
}

fn no_array(value: &Bound<'_, PyAny>) -> PyErr {
    let class = value.get_type().name().map_or_else(|_| "this".into(), |n| n.to_string());
    PyTypeError::new_err(format!("{class} is neither an array nor of a class that is registered"))
}
