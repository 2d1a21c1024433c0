//! Data types as Python objects, and the functions that ask about them.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use array_api::{DTYPES, DType, Dims, Scalar};
use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyComplex, PyDict, PyFloat, PyInt, PyString, PyTuple, PyType};

use crate::array::PyArray;
use crate::boundary::run;
use crate::given;

/// A data type of the standard. There is one object of each, it is hashable, and its name is the standard's.
#[pyclass(frozen, name = "DType", module = "array_protocol")]
pub(crate) struct PyDType(pub(crate) DType);

#[pymethods]
impl PyDType {
    /// The data type of this name.
    #[new]
    fn new(name: &str) -> PyResult<PyDType> {
        Python::attach(|py| run(py, || name.parse())).map(PyDType)
    }

    /// The standard's name.
    #[getter]
    fn name(&self) -> &'static str {
        self.0.name()
    }

    /// NumPy's letter for the category: `b`, `i`, `u`, `f` or `c`.
    #[getter]
    fn kind(&self) -> char {
        match self.0 {
            DType::Bool => 'b',
            DType::UInt8 | DType::UInt16 | DType::UInt32 | DType::UInt64 => 'u',
            d if d.is_complex() => 'c',
            d if d.is_floating() => 'f',
            _ => 'i',
        }
    }

    /// NumPy's data type of the same name, by which `numpy.dtype(xp.float64)` and what asks so understand ours.
    #[getter]
    fn dtype<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.import(intern!(py, "numpy"))?.getattr(intern!(py, "dtype"))?.call1((self.0.name(),))
    }

    /// The same, under the name that newer versions of NumPy ask for.
    #[getter]
    fn __numpy_dtype__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.dtype(py)
    }

    /// Bytes of one element.
    #[getter]
    fn itemsize(&self) -> usize {
        self.0.size()
    }

    fn __repr__(&self) -> String {
        format!("array_protocol.{}", self.0)
    }

    fn __str__(&self) -> &'static str {
        self.0.name()
    }

    fn __eq__<'py>(&self, other: &Bound<'py, PyAny>) -> bool {
        other.cast::<PyDType>().is_ok_and(|d| d.get().0 == self.0)
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        ("array_protocol.DType", self.0).hash(&mut hasher);
        hasher.finish()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let rebuild = py.import("array_protocol._pickle")?.getattr("dtype")?;
        Ok(PyTuple::new(py, [rebuild, PyTuple::new(py, [self.0.name()])?.into_any()])?.into_any())
    }
}

/// The object of a data type.
pub(crate) fn object(py: Python<'_>, dtype: DType) -> PyResult<Py<PyDType>> {
    static OBJECTS: PyOnceLock<Vec<Py<PyDType>>> = PyOnceLock::new();
    let objects = OBJECTS.get_or_try_init(py, || DTYPES.map(PyDType).into_iter().map(|d| Py::new(py, d)).collect())?;
    // The list is in the order of the type's variants.
    let place = DTYPES.iter().position(|&d| d == dtype).unwrap_or_default();
    Ok::<_, PyErr>(objects[place].clone_ref(py))
}

/// Every data type by its name.
pub(crate) fn all(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let names = PyDict::new(py);
    for dtype in DTYPES {
        names.set_item(dtype.name(), object(py, dtype)?)?;
    }
    Ok(names)
}

/// The data type that was given, itself or by an array.
fn asked(given: &Bound<'_, PyAny>) -> PyResult<DType> {
    if let Ok(array) = given.cast::<PyArray>() {
        return Ok(array.try_borrow()?.array.dtype());
    }
    match named(given)? {
        Some(dtype) => Ok(dtype),
        None => Err(PyTypeError::new_err(format!("{} is neither a data type nor an array", given.repr()?))),
    }
}

/// A data type as Python's libraries write one: ours, its name, a class of Python's numbers (the default type of these),
/// or NumPy's. `None` for anything else.
pub(crate) fn named(given: &Bound<'_, PyAny>) -> PyResult<Option<DType>> {
    if let Ok(dtype) = given.cast::<PyDType>() {
        return Ok(Some(dtype.get().0));
    }
    let py = given.py();
    if let Ok(name) = given.cast::<PyString>() {
        return Ok(name.to_str()?.parse().ok());
    }
    if let Ok(class) = given.cast::<PyType>() {
        let numbers = [
            (py.get_type::<PyBool>(), DType::Bool),
            (py.get_type::<PyInt>(), DType::Int64),
            (py.get_type::<PyFloat>(), DType::Float64),
            (py.get_type::<PyComplex>(), DType::Complex128),
        ];
        if let Some((_, dtype)) = numbers.into_iter().find(|(number, _)| class.is(number)) {
            return Ok(Some(dtype));
        }
    }
    // `numpy.dtype("float64")` and `numpy.float64`: asked for by the module, so that NumPy need not be there.
    let place =
        |name| given.getattr("__module__").or_else(|_| given.get_type().getattr("__module__")).map(|m| (m, name));
    let name = if given.is_instance_of::<PyType>() { intern!(py, "__name__") } else { intern!(py, "name") };
    match place(name) {
        Ok((module, name)) if module.extract::<&str>().is_ok_and(|m| m.split('.').next() == Some("numpy")) => {
            match given.getattr(name).ok().and_then(|n| n.extract::<String>().ok()) {
                Some(name) => Ok(name.trim_end_matches('_').parse().ok()),
                None => Ok(None),
            }
        }
        _ => Ok(None),
    }
}

/// The data type's object; `None` stays.
#[pyfunction]
#[pyo3(signature = (given, /))]
pub(crate) fn dtype_of(given: &Bound<'_, PyAny>) -> PyResult<Option<Py<PyDType>>> {
    if given.is_none() {
        return Ok(None);
    }
    match named(given)? {
        Some(dtype) => object(given.py(), dtype).map(Some),
        None => Err(PyTypeError::new_err(format!("{} is no data type of the standard's", given.repr()?))),
    }
}

/// bits, eps, max, min, smallest_normal, dtype.
#[pyfunction]
#[pyo3(signature = (r#type, /))]
pub(crate) fn finfo(py: Python<'_>, r#type: &Bound<'_, PyAny>) -> PyResult<(u32, f64, f64, f64, f64, Py<PyDType>)> {
    let dtype = asked(r#type)?;
    let f = run(py, || array_api::finfo(dtype))?;
    Ok((f.bits, f.eps, f.max, f.min, f.smallest_normal, object(py, f.dtype)?))
}

/// bits, max, min, dtype.
#[pyfunction]
#[pyo3(signature = (r#type, /))]
pub(crate) fn iinfo(py: Python<'_>, r#type: &Bound<'_, PyAny>) -> PyResult<(u32, i128, i128, Py<PyDType>)> {
    let dtype = asked(r#type)?;
    let i = run(py, || array_api::iinfo(dtype))?;
    Ok((i.bits, i.max, i.min, object(py, i.dtype)?))
}

/// Whether a data type is of a kind: another data type, a category's name, or a tuple of these.
#[pyfunction]
pub(crate) fn isdtype(py: Python<'_>, dtype: &Bound<'_, PyAny>, kind: &Bound<'_, PyAny>) -> PyResult<bool> {
    let Ok(d) = dtype.cast::<PyDType>().map(|d| d.get().0) else {
        return Err(PyTypeError::new_err(format!("{} is not a data type", dtype.repr()?)));
    };
    if let Ok(kinds) = kind.cast::<PyTuple>() {
        let each = kinds.iter().map(|k| isdtype(py, dtype, &k)).collect::<PyResult<Vec<bool>>>()?;
        return Ok(each.contains(&true));
    }
    if let Ok(other) = kind.cast::<PyDType>() {
        return Ok(other.get().0 == d);
    }
    match kind.cast::<PyString>() {
        Ok(name) => run(py, || array_api::isdtype(d, name.to_str().unwrap_or_default())),
        Err(_) => Err(PyTypeError::new_err(format!("{} is neither a data type nor a category", kind.repr()?))),
    }
}

/// Whether one data type becomes another by promotion.
#[pyfunction]
#[pyo3(signature = (from_, to, /))]
pub(crate) fn can_cast(from_: &Bound<'_, PyAny>, to: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(asked(from_)?.can_cast(asked(to)?))
}

/// The data type that arrays, data types and Python numbers have in common.
#[pyfunction]
#[pyo3(signature = (*arrays_and_dtypes))]
pub(crate) fn result_type(py: Python<'_>, arrays_and_dtypes: &Bound<'_, PyTuple>) -> PyResult<Py<PyDType>> {
    let (mut dtypes, mut scalars): (Vec<DType>, Vec<Scalar>) = (vec![], vec![]);
    for given in arrays_and_dtypes {
        match given::scalar(&given)? {
            Some(s) => scalars.push(s),
            None => dtypes.push(asked(&given)?),
        }
    }
    object(py, run(py, || array_api::result_type(&dtypes, &scalars))?)
}

/// The shape that shapes broadcast to.
#[pyfunction]
#[pyo3(signature = (*shapes))]
pub(crate) fn broadcast_shapes<'py>(py: Python<'py>, shapes: Vec<Vec<usize>>) -> PyResult<Bound<'py, PyTuple>> {
    let dims: Vec<Dims> = shapes.into_iter().map(Dims::from).collect();
    let all = run(py, || array_api::rule::broadcast_dims("broadcast_shapes", dims.iter()))?;
    PyTuple::new(py, all.iter())
}
