//! Arrays from Python's numbers, nested sequences and bytes.

use array_api::{DType, FromScalar, Host, Level, Scalar, with_element};
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use crate::array::PyArray;
use crate::boundary::{run, run_lazy};
use crate::chunked;
use crate::data_type::PyDType;
use crate::function::namespace;
use crate::given;
use crate::memory::Foreign;

/// Deeper nesting is a mistake, such as a list that contains itself.
const DEEPEST: usize = 64;

#[derive(Default)]
struct Flat {
    shape: Vec<usize>,
    items: Vec<Scalar>,
    /// The types of arrays among the items; Python's numbers have none.
    dtypes: Vec<DType>,
}

impl Flat {
    fn append(&mut self, value: &Bound<'_, PyAny>, depth: usize) -> PyResult<()> {
        if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
            let n = value.len()?;
            self.extent(depth, n, value)?;
            for item in value.try_iter()? {
                self.append(&item?, depth + 1)?;
            }
            return Ok(());
        }
        if let Ok(array) = value.cast::<PyArray>() {
            let array = array.try_borrow()?.array.clone();
            let py = value.py();
            if let Some(why) = chunked::refusal(py, &array, "asarray of a sequence")? {
                return Err(PyTypeError::new_err(format!("{why}, and stack and concat join lazy ones")));
            }
            let (host, shape) = (chunked::to_host(py, &array)?, run(py, || Ok(array.shape()?.to_vec()))?);
            for (i, &n) in shape.iter().enumerate() {
                self.extent(depth + i, n, value)?;
            }
            self.leaf(depth + shape.len(), value)?;
            self.dtypes.push(array.dtype());
            self.items.extend((0..host.len()).filter_map(|i| host.get(i)));
            return Ok(());
        }
        self.leaf(depth, value)?;
        self.items.push(number(value)?);
        Ok(())
    }

    fn extent(&mut self, depth: usize, n: usize, value: &Bound<'_, PyAny>) -> PyResult<()> {
        if depth >= DEEPEST {
            return Err(PyValueError::new_err(format!("the sequence is nested more than {DEEPEST} times")));
        }
        match self.shape.get(depth) {
            Some(&m) if m == n => Ok(()),
            Some(&m) => Err(ragged(&format!("a row has {n} elements where others have {m}"), value)),
            // An element where others were found to be numbers already.
            None if !self.items.is_empty() => Err(ragged("a sequence stands beside numbers", value)),
            None => {
                self.shape.push(n);
                Ok(())
            }
        }
    }

    fn leaf(&self, depth: usize, value: &Bound<'_, PyAny>) -> PyResult<()> {
        if depth == self.shape.len() { Ok(()) } else { Err(ragged("a number stands beside sequences", value)) }
    }
}

fn ragged(why: &str, value: &Bound<'_, PyAny>) -> PyErr {
    let shown = value.repr().map_or_else(|_| String::new(), |r| r.to_string().chars().take(60).collect());
    PyValueError::new_err(format!("asarray: the rows do not fit each other: {why}: {shown}"))
}

/// A number of Python's or of another library's.
fn number(value: &Bound<'_, PyAny>) -> PyResult<Scalar> {
    if let Some(s) = given::scalar(value)? {
        return Ok(s);
    }
    if let Ok(i) = value.call_method0("__index__") {
        return given::integer(&i).map(Scalar::int);
    }
    for conversion in ["__float__", "__complex__"] {
        if let Ok(x) = value.call_method0(conversion)
            && let Some(s) = given::scalar(&x)?
        {
            return Ok(s);
        }
    }
    Err(PyTypeError::new_err(format!("asarray: {} is not a number, an array or a sequence of these", value.repr()?)))
}

/// An array of numbers in nested sequences, of the default type of the widest category among them unless one is given.
#[pyfunction]
pub(crate) fn from_nested(
    py: Python<'_>,
    kind: &str,
    values: &Bound<'_, PyAny>,
    dtype: Option<PyRef<'_, PyDType>>,
) -> PyResult<PyArray> {
    let mut flat = Flat::default();
    flat.append(values, 0)?;
    let dtype = match dtype {
        Some(d) => d.0,
        None if !flat.dtypes.is_empty() => run(py, || array_api::result_type(&flat.dtypes, &[]))?,
        None => flat.items.iter().map(|s| s.default_dtype()).fold(default(&flat), wider),
    };
    for s in &flat.items {
        accepts(dtype, *s)?;
    }
    let host =
        with_element!(dtype, T => Host::from_vec(flat.items.iter().map(|&s| T::from_scalar(s)).collect::<Vec<T>>()));
    let xp = namespace(py, kind)?;
    let is_lazy = xp.kind().level() == Level::LAZY;
    let made = || xp.from_host(host, flat.shape);
    Ok(PyArray { array: if is_lazy { run_lazy(py, made)? } else { run(py, made)? } })
}

/// Where there are no elements, the standard's default.
fn default(flat: &Flat) -> DType {
    if flat.items.is_empty() { DType::Float64 } else { DType::Bool }
}

/// The defaults of Python's numbers are ordered by what they hold.
fn wider(a: DType, b: DType) -> DType {
    if a as u8 >= b as u8 { a } else { b }
}

fn accepts(dtype: DType, s: Scalar) -> PyResult<()> {
    let fits = match s {
        Scalar::Bool(_) | Scalar::Int(_) => true,
        Scalar::Float(_) => dtype.is_floating(),
        Scalar::Complex(_) => dtype.is_complex(),
    };
    match fits {
        false => Err(PyTypeError::new_err(format!("asarray: {s} cannot be stored in {dtype}; convert with astype"))),
        true if s.fits(dtype) => Ok(()),
        true => Err(PyOverflowError::new_err(format!("asarray: {s} does not fit {dtype}"))),
    }
}

/// An array of elements that lie as bytes in row-major order.
#[pyfunction]
pub(crate) fn from_bytes(
    py: Python<'_>,
    kind: &str,
    data: &[u8],
    shape: Vec<usize>,
    dtype: PyRef<'_, PyDType>,
) -> PyResult<PyArray> {
    let (xp, dtype) = (namespace(py, kind)?, dtype.0);
    let expected = shape.iter().try_fold(dtype.size(), |n, &d| n.checked_mul(d));
    if expected != Some(data.len()) {
        return Err(PyValueError::new_err(format!(
            "{} bytes are not an array of shape {shape:?}, {dtype}",
            data.len()
        )));
    }
    let mut steps = vec![dtype.size() as isize; shape.len()];
    for a in (1..shape.len()).rev() {
        steps[a - 1] = steps[a] * shape[a] as isize;
    }
    let memory = Foreign { dtype, at: data.as_ptr(), shape, steps };
    // SAFETY: the bytes are as many as the shape needs, and borrowed for the call.
    Ok(PyArray { array: run(py, || unsafe { memory.copy(&xp) })? })
}
