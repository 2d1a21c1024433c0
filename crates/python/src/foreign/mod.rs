//! Python classes as kinds: a class of anybody's, such as `torch.Tensor`, answers to the functions of the protocol.
//!
//! Every class that registers a function is a kind of its own in the registry, made when it registers and kept for good;
//! there can be 4,000 kinds in all. An object is an [`Array`] that holds the Python object, with the extents and the
//! type that its class tells (`shape` and `dtype`, or functions given to `array_protocol.kind`): the front door checks it
//! like any other array. A registered Python function is a closure in the registry; it gets the objects themselves, and
//! what it returns comes back as it is.
//!
//! Where several Python classes meet in one call, the order is NEP 18's: subclasses before superclasses, otherwise from
//! left to right. For the registry all objects of such a call are of the leading class's kind; when its function
//! declines, the kind's handler asks the other classes in that order.

mod answer;
mod class;

use array_api::{Array, ArrayImpl, DType, Dims, Error, Host, Kind, Namespace, UNKNOWN};
use pyo3::exceptions::{PyAttributeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyInt, PyTuple, PyType};
use std::fmt;

pub(crate) use answer::{PyRegistration, explain, handled_functions, kind, register};
use class::Class;

use crate::array::PyArray;
use crate::data_type::PyDType;
use crate::given::Given;

/// A Python object as an array.
pub(crate) struct PythonArray {
    object: Py<PyAny>,
    class: &'static Class,
    dims: Dims,
    dtype: DType,
}

impl fmt::Debug for PythonArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = Python::attach(|py| self.object.bind(py).repr().map(|r| r.to_string()));
        f.write_str(shown.as_deref().unwrap_or(self.class.kind.name()))
    }
}

impl ArrayImpl for PythonArray {
    fn kind(&self) -> &'static Kind {
        self.class.kind
    }
    fn dims(&self) -> Dims {
        self.dims.clone()
    }
    fn dtype(&self) -> DType {
        self.dtype
    }
    fn namespace(&self) -> Namespace {
        Namespace::new(self.class.kind)
    }
    fn to_host(&self) -> array_api::Result<Host> {
        let array = Python::attach(|py| {
            let copied = py.import("array_protocol.ndarray")?.getattr("asarray")?.call1((&self.object,))?;
            Ok(copied.cast::<PyArray>()?.try_borrow()?.array.clone())
        });
        array.map_err(|e: PyErr| raised("to_host", e))?.to_host()
    }
}

/// Whether an object is of a class that is a kind, or of a subclass of one.
pub(crate) fn is_object(value: &Bound<'_, PyAny>) -> bool {
    class::nearest(&value.get_type()).is_some()
}

/// Whether a kind is a Python class.
pub(crate) fn is_class(kind: &'static Kind) -> bool {
    class::of_kind(kind).is_some()
}

/// An exception on its way through Rust; [`exception`](crate::boundary::exception) gives it back unchanged.
#[cold]
pub(crate) fn raised(operation: &str, e: PyErr) -> Error {
    Error::backend(operation, e.to_string()).caused_by(e)
}

/// An object of a class that is a kind, or of a subclass of one, as an array; `None` for any other.
#[cold]
pub(crate) fn array(value: &Bound<'_, PyAny>) -> PyResult<Option<Array>> {
    let Some(class) = class::nearest(&value.get_type()) else { return Ok(None) };
    let (dims, dtype) = (shape(value, class)?, dtype(value, class)?);
    Ok(Some(Array::new(PythonArray { object: value.clone().unbind(), class, dims, dtype })))
}

/// What an array is in Python: the object that it holds, or an array of ours.
#[inline]
pub(crate) fn object<'py>(py: Python<'py>, array: Array) -> PyResult<Bound<'py, PyAny>> {
    match array.downcast_ref::<PythonArray>() {
        Some(foreign) => Ok(foreign.object.clone_ref(py).into_bound(py)),
        None => Ok(Bound::new(py, PyArray { array })?.into_any()),
    }
}

/// Puts all objects of a call into the kind of the class that is asked first.
pub(crate) fn lead<'g, 'py: 'g>(py: Python<'py>, operands: impl Iterator<Item = &'g mut Given<'py>>) {
    let mut foreign: Vec<&mut Array> = operands
        .filter_map(|given| match given {
            Given::Foreign(array) => Some(array),
            _ => None,
        })
        .collect();
    let objects = foreign.iter().filter_map(|a| a.downcast_ref::<PythonArray>());
    let first = ordered(py, objects).into_iter().next();
    let Some(class) = first.and_then(|t| class::nearest(&t)) else { return };
    for array in &mut foreign {
        if let Some(PythonArray { object, class: own, dims, dtype }) = array.downcast_ref()
            && !std::ptr::eq(*own, class)
        {
            let object = object.clone_ref(py);
            **array = Array::new(PythonArray { object, class, dims: dims.clone(), dtype: *dtype });
        }
    }
}

/// The classes of objects in the order of NEP 18: from left to right, but subclasses before their superclasses.
fn ordered<'py, 'a>(py: Python<'py>, objects: impl Iterator<Item = &'a PythonArray>) -> Vec<Bound<'py, PyType>> {
    let mut classes: Vec<Bound<'py, PyType>> = vec![];
    for object in objects {
        let class = object.object.bind(py).get_type();
        if classes.iter().any(|c| c.is(&class)) {
            continue;
        }
        let before = classes.iter().position(|c| class.is_subclass(c).unwrap_or(false));
        classes.insert(before.unwrap_or(classes.len()), class);
    }
    classes
}

/// Reads an attribute of an object, by the function of its class where one is given.
fn attribute<'py>(value: &Bound<'py, PyAny>, class: &Class, name: &str) -> PyResult<Bound<'py, PyAny>> {
    match class.reader(value.py(), name) {
        Some(f) => f.bind(value.py()).call1((value,)),
        None => value.getattr(name).map_err(|e| match e.is_instance_of::<PyAttributeError>(value.py()) {
            true => untold(value, name, "has none"),
            false => e,
        }),
    }
}

#[cold]
fn untold(value: &Bound<'_, PyAny>, name: &str, what: &str) -> PyErr {
    let class = value.get_type().fully_qualified_name().map_or_else(|_| "the class".into(), |n| n.to_string());
    let reads = match name {
        "shape" => "the extents as a tuple, such as (2, 3)",
        _ => "a data type or its name, such as \"float64\"",
    };
    PyTypeError::new_err(format!(
        "an array has a {name}, and the object of {class} {what}: give the class an attribute `{name}` with {reads}, or \
         say how it is read, array_protocol.kind({class}, {name}=lambda x: ...)"
    ))
}

fn shape(value: &Bound<'_, PyAny>, class: &Class) -> PyResult<Dims> {
    let shape = attribute(value, class, "shape")?;
    let wrong = |_| untold(value, "shape", &format!("has {}", shown(&shape)));
    let extents: Vec<Option<usize>> = match shape.is_instance_of::<PyInt>() {
        true => vec![Some(shape.extract().map_err(wrong)?)],
        false => {
            shape.try_iter().and_then(|items| items.map(|n| n?.extract::<Option<usize>>()).collect()).map_err(wrong)?
        }
    };
    Ok(Dims::from(extents.into_iter().map(|n| n.unwrap_or(UNKNOWN)).collect::<Vec<_>>()))
}

/// A data type of ours, one of Python's number classes, or what calls itself by a name of the standard's: `torch.float32`,
/// `numpy.dtype("float32")`, `"float32"`.
fn dtype(value: &Bound<'_, PyAny>, class: &Class) -> PyResult<DType> {
    let told = attribute(value, class, "dtype")?;
    if let Ok(dtype) = told.cast::<PyDType>() {
        return Ok(dtype.get().0);
    }
    let name = match told.getattr("name").and_then(|n| n.extract::<String>()) {
        Ok(name) => name,
        Err(_) => match told.cast::<PyType>() {
            Ok(number) => number.name()?.to_string(),
            Err(_) => told.str()?.to_string(),
        },
    };
    let short = match name.rsplit('.').next().unwrap_or_default() {
        "int" => "int64",
        "float" => "float64",
        "complex" => "complex128",
        other => other,
    };
    short.parse().map_err(|_| untold(value, "dtype", &format!("has {}, none of the standard's", shown(&told))))
}

fn shown(value: &Bound<'_, PyAny>) -> String {
    value.repr().map_or_else(|_| "what has no repr".into(), |r| r.to_string().chars().take(60).collect())
}

/// The operands of a call as a Python function takes them: objects, arrays and numbers by position; a list as one list.
fn arguments<'py>(py: Python<'py>, call: &array_api::Call<'_, '_>) -> PyResult<Bound<'py, PyTuple>> {
    use array_api::{Operand, Role};
    let mut all: Vec<Bound<'py, PyAny>> = vec![];
    let one = |operand: &Operand<'_>| match operand {
        Operand::Ref(a) => object(py, (*a).clone()),
        Operand::Own(a) => object(py, a.clone()),
        Operand::Scalar(s) => crate::array::number(py, *s),
        Operand::Absent => Ok(py.None().into_bound(py)),
    };
    for (i, (_, role)) in call.op.args.iter().enumerate() {
        match role {
            Role::Many => {
                let rest = call.args.iter().skip(i).map(one).collect::<PyResult<Vec<_>>>()?;
                all.push(pyo3::types::PyList::new(py, rest)?.into_any());
            }
            Role::One | Role::Maybe => all.push(one(call.args.get(i).unwrap_or(&Operand::Absent))?),
        }
    }
    while all.last().is_some_and(|last| last.is_none()) {
        all.pop();
    }
    PyTuple::new(py, all)
}
