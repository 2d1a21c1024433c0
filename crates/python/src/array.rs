//! The class of arrays.

use array_api::{Array, DType, Device, Host, Level, Operand, Scalar};
use pyo3::exceptions::{PyAttributeError, PyBufferError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyComplex, PyDict, PyList, PyString, PyTuple};

use crate::boundary::{run, run_on};
use crate::chunked;
use crate::data_type::{self, PyDType};
use crate::dlpack::DLDevice;
use crate::given::{self, Given};
use crate::{device, dlpack, indexing, memory};

/// An array of the array API standard. Its elements can be replaced (`x[0] = 1`, `x += 1`); no other array sees that.
#[pyclass(name = "Array", module = "array_protocol", weakref)]
pub(crate) struct PyArray {
    pub(crate) array: Array,
}

impl PyArray {
    /// The name of the array's namespace: inside a transformation, that of what is transformed.
    fn home(&self) -> &'static str {
        let xp = self.array.namespace();
        if xp.inner().is_some() { chunked::name(&xp) } else { xp.kind().name() }
    }

    /// The elements, for a method that takes more of them than one.
    fn elements(&self, py: Python<'_>, method: &str) -> PyResult<Host> {
        match chunked::refusal(py, &self.array, method)? {
            Some(why) => Err(PyTypeError::new_err(why)),
            None => chunked::to_host(py, &self.array),
        }
    }

    fn only(&self, py: Python<'_>, what: &str) -> PyResult<Scalar> {
        if self.array.ndim() != 0 {
            let message = format!("an array of shape {} is not one {what}; index it first", self.array.dims());
            return Err(PyTypeError::new_err(message));
        }
        let host = chunked::to_host(py, &self.array)?;
        host.get(0).ok_or_else(|| PyValueError::new_err("the array is empty"))
    }

    fn real(&self, py: Python<'_>, what: &str) -> PyResult<Scalar> {
        match self.only(py, what)? {
            Scalar::Complex(c) => Err(PyTypeError::new_err(format!("{c} is complex and is not one {what}"))),
            s => Ok(s),
        }
    }
}

/// A number as Python's.
pub(crate) fn number(py: Python<'_>, s: Scalar) -> PyResult<Bound<'_, PyAny>> {
    Ok(match s {
        Scalar::Bool(b) => b.into_pyobject(py)?.to_owned().into_any(),
        Scalar::Int(i) => {
            let wide = i128::from(i);
            // Python takes 128 bits in pieces.
            match i64::try_from(wide) {
                Ok(small) => small.into_pyobject(py)?.into_any(),
                Err(_) => wide.into_pyobject(py)?.into_any(),
            }
        }
        Scalar::Float(x) => x.into_pyobject(py)?.into_any(),
        Scalar::Complex(c) => PyComplex::from_doubles(py, c.re, c.im).into_any(),
    })
}

fn nested<'py>(py: Python<'py>, host: &Host, shape: &[usize], at: &mut usize) -> PyResult<Bound<'py, PyAny>> {
    match shape {
        [] => {
            let s = host.get(*at).ok_or_else(|| PyValueError::new_err("the array has too few elements"))?;
            *at += 1;
            number(py, s)
        }
        [n, inner @ ..] => {
            let items = (0..*n).map(|_| nested(py, host, inner, at)).collect::<PyResult<Vec<_>>>()?;
            Ok(PyList::new(py, items)?.into_any())
        }
    }
}

/// Values as Python's lists write them, below each other inside `array(`.
fn with_commas(values: &str) -> String {
    let mut out = String::new();
    let mut before = '[';
    for c in values.chars() {
        if c.is_whitespace() && !before.is_whitespace() && before != '[' {
            out.push(',');
        }
        out.push(c);
        if c == '\n' {
            out.push_str("      ");
        }
        before = c;
    }
    out
}

#[pymethods]
impl PyArray {
    /// The data type.
    #[getter]
    fn dtype(&self, py: Python<'_>) -> PyResult<Py<PyDType>> {
        data_type::object(py, self.array.dtype())
    }

    /// The device.
    #[getter]
    fn device(&self) -> String {
        self.array.namespace().device().to_string()
    }

    /// The number of axes.
    #[getter]
    fn ndim(&self) -> usize {
        self.array.ndim()
    }

    /// The extents; `None` where one is not known yet.
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.array.dims().iter().map(|&n| (n != array_api::UNKNOWN).then_some(n)))
    }

    /// The number of elements; `None` where it is not known yet.
    #[getter]
    fn size(&self) -> Option<usize> {
        self.array.dims().size()
    }

    /// The transpose of a matrix.
    #[getter(T)]
    fn transpose(&self, py: Python<'_>) -> PyResult<PyArray> {
        if self.array.ndim() != 2 {
            let message =
                format!("x.T is of matrices, but x has shape {}; use x.mT or permute_dims", self.array.dims());
            return Err(PyValueError::new_err(message));
        }
        self.matrix_transpose(py)
    }

    /// The last two axes exchanged.
    #[getter(mT)]
    fn matrix_transpose(&self, py: Python<'_>) -> PyResult<PyArray> {
        Ok(PyArray { array: run_on(py, &self.array, || array_api::matrix_transpose(&self.array))? })
    }

    /// The name of the kind, such as `ndarray`.
    #[getter]
    fn kind(&self) -> &'static str {
        self.array.kind().name()
    }

    /// The name of the kind whose namespace the array's is: inside a transformation, that of what is transformed.
    #[getter(home)]
    fn home_kind(&self) -> &'static str {
        self.array.namespace().kind().name()
    }

    /// Whether the elements are not computed yet, and are only where that is asked for by name.
    #[getter]
    fn is_lazy(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(chunked::refusal(py, &self.array, "")?.is_some())
    }

    #[pyo3(signature = (/, *, api_version=None))]
    fn __array_namespace__<'py>(&self, py: Python<'py>, api_version: Option<&str>) -> PyResult<Bound<'py, PyAny>> {
        py.import("array_protocol._build")?.getattr("namespace_of")?.call1((self.home(), api_version))
    }

    /// The array on a device.
    #[pyo3(signature = (device, /, *, stream=None))]
    fn to_device(
        &self,
        py: Python<'_>,
        device: &Bound<'_, PyAny>,
        stream: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<PyArray> {
        if stream.is_some() {
            return Err(PyValueError::new_err("the CPU has no streams"));
        }
        let Ok(name) = device.cast::<PyString>() else {
            return Err(PyValueError::new_err(format!("{} is not a device", device.repr()?)));
        };
        if chunked::is_chunked(&self.array) {
            // What the chunks cannot do would be found out when they are computed only.
            device::asked("to_device", Some(&self.array.namespace()), device)?;
        }
        let array =
            run(py, || array_api::to_device(&self.array, name.to_str().unwrap_or_default().parse::<Device>()?))?;
        Ok(PyArray { array })
    }

    fn __bool__(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.only(py, "truth value")?.to_bool())
    }

    fn __int__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        // Python's own conversion knows what to say about infinities.
        let x = number(py, self.real(py, "integer")?)?;
        py.get_type::<pyo3::types::PyInt>().call1((x,))
    }

    fn __float__(&self, py: Python<'_>) -> PyResult<f64> {
        Ok(self.real(py, "real number")?.to_f64())
    }

    fn __complex__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyComplex>> {
        let c = self.only(py, "complex number")?.to_complex();
        Ok(PyComplex::from_doubles(py, c.re, c.im))
    }

    fn __index__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if !self.array.dtype().is_integer() {
            return Err(PyTypeError::new_err(format!("an array of {} is no index", self.array.dtype())));
        }
        number(py, self.only(py, "index")?)
    }

    fn __len__(&self) -> PyResult<usize> {
        match self.array.dims().first() {
            None => Err(PyTypeError::new_err("a 0-d array has no length")),
            Some(&array_api::UNKNOWN) => {
                Err(PyTypeError::new_err("the first extent depends on data; x.compute_chunk_sizes() finds it out"))
            }
            Some(&n) => Ok(n),
        }
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if self.array.ndim() == 0 {
            return Err(PyTypeError::new_err("a 0-d array cannot be iterated over"));
        }
        let rows = run_on(py, &self.array, || array_api::unstack(&self.array, 0))?;
        Ok(PyTuple::new(py, rows.into_iter().map(|array| PyArray { array }))?.try_iter()?.into_any())
    }

    fn __getitem__(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> PyResult<PyArray> {
        let key = indexing::entries(&|| self.home(), key)?;
        Ok(PyArray { array: indexing::get(py, &self.array, key)? })
    }

    fn __setitem__(slf: &Bound<'_, Self>, key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let (py, kind) = (slf.py(), slf.try_borrow()?.home());
        let key = indexing::entries(&|| kind, key)?;
        // `x[...] = x`: a borrow of the value may be one of the array, so it ends here.
        let operand = match Given::of(value)? {
            Some(given) => given.operand().to_static(),
            None => match given::foreign_array(kind, value)? {
                Some(array) => Operand::Own(array),
                None => {
                    let message = format!("{} cannot be set in an array; use asarray", value.get_type().name()?);
                    return Err(PyTypeError::new_err(message));
                }
            },
        };
        indexing::set(py, &mut slf.try_borrow_mut()?.array, key, operand)
    }

    #[pyo3(signature = (*, stream=None, max_version=None, dl_device=None, copy=None))]
    fn __dlpack__(
        &mut self,
        py: Python<'_>,
        stream: Option<&Bound<'_, PyAny>>,
        max_version: Option<(u32, u32)>,
        dl_device: Option<(i32, i32)>,
        copy: Option<bool>,
    ) -> PyResult<Py<PyAny>> {
        if let Some(why) = chunked::refusal(py, &self.array, "DLPack")? {
            return Err(PyBufferError::new_err(why));
        }
        if chunked::is_chunked(&self.array) {
            // A consumer that cannot be told that memory is read-only gets some that nobody else reads.
            let alone = copy == Some(false) && max_version.is_none_or(|v| v < (1, 0));
            let mut computed = PyArray { array: chunked::in_memory(py, &self.array, alone)? };
            return computed.__dlpack__(py, stream, max_version, dl_device, copy);
        }
        let home = DLDevice::of(&self.array);
        let on_cpu = home == DLDevice::CPU;
        if stream.is_some() && on_cpu {
            return Err(PyBufferError::new_err("the CPU has no streams"));
        }
        let versioned = max_version.is_some_and(|v| v >= (1, 0));
        match dl_device {
            Some(asked) if asked == home.numbers() => {}
            Some(asked) if asked == DLDevice::CPU.numbers() && copy != Some(false) => {
                let mut moved = run(py, || array_api::to_device(&self.array, Device::Cpu))?;
                return dlpack::export(py, &mut moved, versioned, copy);
            }
            Some(_) => {
                let message = format!("the array is on {}, DLPack's device {:?}", self.device(), home.numbers());
                return Err(PyBufferError::new_err(message));
            }
            None => {}
        }
        dlpack::export(py, &mut self.array, versioned, copy)
    }

    fn __dlpack_device__(&self) -> (i32, i32) {
        DLDevice::of(&self.array).numbers()
    }

    /// The elements as nested lists of Python's numbers; a 0-d array gives a number.
    fn tolist<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let host = self.elements(py, "tolist")?;
        let shape = run(py, || self.array.shape())?;
        nested(py, &host, shape, &mut 0)
    }

    /// The only element as Python's number.
    fn item<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let host = match self.array.dims().size() {
            Some(1) => chunked::to_host(py, &self.array)?,
            _ => self.elements(py, "item of several elements")?,
        };
        match (host.len(), host.get(0)) {
            (1, Some(s)) => number(py, s),
            (n, _) => Err(PyValueError::new_err(format!("an array of {n} elements is not one number"))),
        }
    }

    /// The elements' bytes in row-major order.
    fn tobytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let host = self.elements(py, "tobytes")?;
        Ok(PyBytes::new(py, memory::bytes(&host)))
    }

    /// A new array with the same elements.
    fn copy(&self) -> PyArray {
        // Arrays are values: the buffer is copied when one of the two is written to.
        PyArray { array: self.array.clone() }
    }

    fn __copy__(&self) -> PyArray {
        self.copy()
    }

    fn __deepcopy__(&self, _memo: &Bound<'_, PyAny>) -> PyArray {
        self.copy()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if let Some(why) = chunked::refusal(py, &self.array, "pickling")? {
            return Err(PyTypeError::new_err(why));
        }
        let rebuild = py.import("array_protocol._pickle")?.getattr("array")?;
        let parts = (self.kind(), self.tobytes(py)?, self.shape(py)?, self.array.dtype().name(), self.device());
        Ok((rebuild, parts).into_pyobject(py)?.into_any())
    }

    #[pyo3(signature = (dtype=None, copy=None))]
    fn __array__<'py>(
        slf: &Bound<'py, Self>,
        dtype: Option<&Bound<'py, PyAny>>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("array_protocol._numpy")?.getattr("as_array")?.call1((slf, dtype, copy))
    }

    #[pyo3(signature = (func, types, args, kwargs))]
    fn __array_function__<'py>(
        slf: &Bound<'py, Self>,
        func: &Bound<'py, PyAny>,
        types: &Bound<'py, PyAny>,
        args: &Bound<'py, PyAny>,
        kwargs: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("array_protocol._numpy")?.getattr("array_function")?.call1((slf, func, types, args, kwargs))
    }

    #[pyo3(signature = (ufunc, method, *inputs, **kwargs))]
    fn __array_ufunc__<'py>(
        slf: &Bound<'py, Self>,
        ufunc: &Bound<'py, PyAny>,
        method: &str,
        inputs: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let module = slf.py().import("array_protocol._numpy")?;
        module.getattr("array_ufunc")?.call1((slf, ufunc, method, inputs, kwargs))
    }

    fn __repr__(&self) -> String {
        if let Some(lazy) = chunked::shown(&self.array) {
            return lazy;
        }
        let (shown, dtype) = (self.array.to_string(), self.array.dtype());
        // The protocol prints values, then the type, the shape where values are left out, and the kind.
        let (values, rest) = shown.split_at(shown.rfind(&format!(" {dtype}")).unwrap_or(shown.len()));
        let empty = self.array.dims().size() == Some(0) && self.array.ndim() != 1;
        let shape = if rest.contains(" shape=") && (empty || values.contains("...")) {
            format!(", shape={}", self.array.dims())
        } else {
            String::new()
        };
        let default = matches!(dtype, DType::Bool | DType::Int64 | DType::Float64 | DType::Complex128);
        let dtype = if default && !values.starts_with("[]") { String::new() } else { format!(", dtype={dtype}") };
        format!("array({}{shape}{dtype})", with_commas(values))
    }

    /// A 0-d array is written as its number is.
    fn __format__<'py>(&self, py: Python<'py>, spec: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
        if spec.len()? == 0 {
            return Ok(PyString::new(py, &self.__str__()).into_any());
        }
        if self.array.ndim() > 0 {
            let message = format!("an array of shape {} cannot be written as {:?}", self.array.dims(), spec.to_str()?);
            return Err(PyTypeError::new_err(message));
        }
        self.item(py)?.call_method1("__format__", (spec,))
    }

    /// The bytes that the array takes, as far as they are known: a lazy one none.
    fn __sizeof__(&self) -> usize {
        let own = size_of::<PyArray>();
        let elements = self.array.dims().size().unwrap_or(0);
        if self.array.level() == Level::DATA { own + elements * self.array.dtype().size() } else { own }
    }

    /// What NumPy's arrays have as methods, for libraries that call these, and lazy ones what Dask asks of its collections.
    fn __getattr__<'py>(slf: &Bound<'py, Self>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        // Protocols are asked for by such names, in every `numpy.asarray`.
        if !name.starts_with('_') || name.starts_with("__dask_") {
            let of_kind = if chunked::is_chunked(&slf.try_borrow()?.array) { "LAZY_METHODS" } else { "METHODS" };
            let methods = slf.py().import("array_protocol._methods")?.getattr(of_kind)?;
            if let Some(method) = methods.cast::<PyDict>()?.get_item(name)? {
                return method.call_method1("__get__", (slf, slf.get_type()));
            }
        }
        Err(PyAttributeError::new_err(format!("an array has no attribute {name:?}")))
    }

    fn __str__(&self) -> String {
        if let Some(lazy) = chunked::shown(&self.array) {
            return lazy;
        }
        let shown = self.array.to_string();
        let tail = shown.rfind(&format!(" {}", self.array.dtype())).unwrap_or(shown.len());
        shown[..tail].to_owned()
    }
}
