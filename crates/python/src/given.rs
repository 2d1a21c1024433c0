//! Python's values as operands and parameters.

use array_api::{Array, Complex, Operand, Scalar, Value};
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyComplex, PyFloat, PyInt, PyList, PyString, PyTuple};

use crate::array::PyArray;
use crate::boundary::Pace;
use crate::chunked;
use crate::data_type::PyDType;
use crate::foreign;

/// What was given for an array argument.
pub(crate) enum Given<'py> {
    Array(PyRef<'py, PyArray>),
    Scalar(Scalar),
    /// An object of a class that registered itself as a kind.
    Foreign(Array),
}

impl<'py> Given<'py> {
    /// `None` for what is neither an array of ours nor a Python number.
    #[inline]
    pub(crate) fn of(value: &Bound<'py, PyAny>) -> PyResult<Option<Given<'py>>> {
        if let Ok(array) = value.cast::<PyArray>() {
            return Ok(Some(Given::Array(array.try_borrow()?)));
        }
        match scalar(value)? {
            None => Ok(foreign_scalar(value)?.map(Given::Scalar)),
            some => Ok(some.map(Given::Scalar)),
        }
    }

    /// The same, and objects of the classes that are kinds.
    #[inline]
    pub(crate) fn any(value: &Bound<'py, PyAny>) -> PyResult<Option<Given<'py>>> {
        match Given::of(value)? {
            Some(given) => Ok(Some(given)),
            None => Ok(foreign::array(value)?.map(Given::Foreign)),
        }
    }

    /// The operand, borrowed.
    #[inline]
    pub(crate) fn operand(&self) -> Operand<'_> {
        match self {
            Given::Array(a) => Operand::Ref(&a.array),
            Given::Scalar(s) => Operand::Scalar(*s),
            Given::Foreign(a) => Operand::Ref(a),
        }
    }

    /// Whether this is an array of ours on which a call keeps Python's lock.
    #[inline]
    pub(crate) fn is_short(&self) -> bool {
        matches!(self, Given::Array(a) if pace(&a.array) == Pace::Short)
    }

    /// How a call is made with this.
    #[inline]
    pub(crate) fn pace(&self) -> Pace {
        match self {
            Given::Array(a) => pace(&a.array),
            Given::Scalar(_) => Pace::Short,
            // What Python functions do may take long, and may need Python's lock on another thread.
            Given::Foreign(_) => Pace::Lazy,
        }
    }
}

/// How a call is made with an array.
#[inline]
pub(crate) fn pace(x: &Array) -> Pace {
    if chunked::may_compute(x) { Pace::Lazy } else { Pace::of(x.dims().size()) }
}

/// A Python number as a weak scalar; `None` for anything else.
#[inline]
pub(crate) fn scalar(value: &Bound<'_, PyAny>) -> PyResult<Option<Scalar>> {
    if let Ok(x) = value.cast::<PyFloat>() {
        return Ok(Some(Scalar::Float(x.extract()?)));
    }
    if let Ok(b) = value.cast::<PyBool>() {
        return Ok(Some(Scalar::Bool(b.is_true())));
    }
    if value.is_instance_of::<PyInt>() {
        return Ok(Some(Scalar::int(integer(value)?)));
    }
    if let Ok(c) = value.cast::<PyComplex>() {
        return Ok(Some(Scalar::Complex(Complex::new(c.real(), c.imag()))));
    }
    Ok(None)
}

/// A number of another library's, such as `numpy.int64`, which is no `int`. Arrays without axes are not numbers, nor are
/// objects of classes that registered themselves.
#[cold]
fn foreign_scalar(value: &Bound<'_, PyAny>) -> PyResult<Option<Scalar>> {
    let py = value.py();
    if foreign::is_object(value) || value.hasattr(intern!(py, "__dlpack__"))? || !value.hasattr(intern!(py, "dtype"))? {
        return Ok(None);
    }
    match value.call_method0(intern!(py, "item")) {
        Ok(item) => scalar(&item),
        Err(_) => Ok(None),
    }
}

/// An integer of at most 128 bits; that is more than any data type holds, so rules still say what does not fit.
pub(crate) fn integer(value: &Bound<'_, PyAny>) -> PyResult<i128> {
    // Python gives 128 bits in pieces.
    if let Ok(small) = value.extract::<i64>() {
        return Ok(small.into());
    }
    value.extract().map_err(|_| {
        let text = value.str().map_or_else(|_| "an integer".to_owned(), |s| s.to_string());
        PyOverflowError::new_err(format!("{text} does not fit any data type"))
    })
}

/// An array of another library's as one of ours, copied; `None` for what is no array.
pub(crate) fn foreign_array(kind: &str, value: &Bound<'_, PyAny>) -> PyResult<Option<Array>> {
    let py = value.py();
    if !value.hasattr(intern!(py, "__dlpack__"))? {
        return Ok(None);
    }
    let namespace =
        py.import(intern!(py, "array_protocol._build"))?.getattr(intern!(py, "namespace"))?.call1((kind,))?;
    let array = namespace.getattr(intern!(py, "asarray"))?.call1((value,))?;
    Ok(Some(array.cast::<PyArray>()?.try_borrow()?.array.clone()))
}

/// A parameter's value.
pub(crate) fn value(given: &Bound<'_, PyAny>) -> PyResult<Value> {
    if given.is_none() {
        return Ok(Value::None);
    }
    if let Some(s) = scalar(given)? {
        return Ok(array_api::Field::to_value(&s));
    }
    if let Ok(dtype) = given.cast::<PyDType>() {
        return Ok(Value::DType(dtype.get().0));
    }
    if let Ok(array) = given.cast::<PyArray>()
        && array.try_borrow()?.array.ndim() == 0
    {
        if let Some(why) = chunked::refusal(given.py(), &array.try_borrow()?.array, "a parameter")? {
            return Err(PyTypeError::new_err(format!("{why}, float(x) and int(x) a number")));
        }
        // An array without axes is a number here.
        return match scalar(&given.call_method0(intern!(given.py(), "item"))?)? {
            Some(s) => Ok(array_api::Field::to_value(&s)),
            None => Err(PyTypeError::new_err(format!("{} cannot be a parameter", given.repr()?))),
        };
    }
    if let Ok(text) = given.cast::<PyString>() {
        return Ok(Value::Text(text.to_str()?.to_owned()));
    }
    if let Ok(items) = given.cast::<PyTuple>() {
        return items.iter().map(|item| value(&item)).collect::<PyResult<_>>().map(Value::List);
    }
    if let Ok(items) = given.cast::<PyList>() {
        return items.iter().map(|item| value(&item)).collect::<PyResult<_>>().map(Value::List);
    }
    // Integers of other libraries, such as NumPy's, and 0-d arrays of ours.
    if let Ok(index) = given.call_method0("__index__") {
        return integer(&index).map(Value::Int);
    }
    if let Ok(items) = given.try_iter() {
        return items.map(|item| value(&item?)).collect::<PyResult<_>>().map(Value::List);
    }
    Err(PyTypeError::new_err(format!("{} cannot be a parameter", given.repr()?)))
}
