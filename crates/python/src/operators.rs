//! Python's operators: straight to the typed functions, since here every nanosecond is one of each call.

use array_api::{Array, DType, ErrorKind, Operand, Result};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::array::PyArray;
use crate::boundary::{Pace, run, run_at, run_long};
use crate::foreign;
use crate::given::{self, Given};

/// `a op b`; Python's `NotImplemented` where `b` is nothing that we know, so that its own class is asked.
#[inline]
fn binary(
    slf: &Bound<'_, PyArray>,
    other: &Bound<'_, PyAny>,
    f: impl Fn(Operand<'_>, Operand<'_>) -> Result<Array> + Send,
) -> PyResult<Py<PyAny>> {
    let py = slf.py();
    let Some(b) = Given::of(other)? else { return with_foreign(slf, other, f) };
    let a = slf.try_borrow()?;
    let out = match given::pace(&a.array).max(b.pace()) {
        Pace::Short => run(py, || f(Operand::Ref(&a.array), b.operand()))?,
        pace => {
            // Without Python's lock nothing of Python's may be borrowed: handles instead.
            let (a, b) = (a.array.clone(), b.operand().to_static());
            run_at(py, pace, move || f(Operand::Own(a), b))?
        }
    };
    Ok(Py::new(py, PyArray { array: out })?.into_any())
}

/// `a op b` with an object of another class: the function that it registered, or else its own operator.
#[cold]
fn with_foreign(
    slf: &Bound<'_, PyArray>,
    other: &Bound<'_, PyAny>,
    f: impl Fn(Operand<'_>, Operand<'_>) -> Result<Array> + Send,
) -> PyResult<Py<PyAny>> {
    let py = slf.py();
    let Some(b) = foreign::array(other)? else { return Ok(py.NotImplemented()) };
    let a = slf.try_borrow()?.array.clone();
    let answer = run_long(py, move || match f(Operand::Own(a), Operand::Own(b)) {
        Err(e) if e.kind() == ErrorKind::NotImplemented => Ok(None),
        answer => answer.map(Some),
    })?;
    match answer {
        Some(array) => foreign::object(py, array).map(Bound::unbind),
        None => Ok(py.NotImplemented()),
    }
}

/// `a op= b`: the result takes the operand's place, and its buffer where no one else has it.
fn in_place(
    slf: &Bound<'_, PyArray>,
    other: &Bound<'_, PyAny>,
    f: impl Fn(Operand<'_>, Operand<'_>) -> Result<Array> + Send,
) -> PyResult<()> {
    let py = slf.py();
    let Some(b) = Given::of(other)? else {
        return Err(PyTypeError::new_err(format!("{} cannot be combined with an array", other.get_type())));
    };
    let (operand, before) = (b.operand().to_static(), slf.try_borrow()?.array.clone());
    let pace = given::pace(&before).max(b.pace());
    // `x += x`: a borrow of the other one may be one of this one.
    drop(b);
    let (dims, dtype) = (before.dims().clone(), before.dtype());
    let call = move || f(Operand::Own(before), operand);
    let out = if pace == Pace::Short { run(py, call)? } else { run_at(py, pace, call)? };
    if out.dtype() != dtype {
        return Err(PyTypeError::new_err(format!(
            "the result has dtype {}, which cannot be stored in {dtype}",
            out.dtype()
        )));
    }
    if *out.dims() != dims {
        let message = format!("the result has shape {}, which cannot be stored in {dims}", out.dims());
        return Err(PyValueError::new_err(message));
    }
    slf.try_borrow_mut()?.array = out;
    Ok(())
}

/// An operand of Python's `/`, which gives floating-point numbers of integers too. The standard leaves that open.
pub(crate) fn divisible(x: Operand<'_>) -> Result<Operand<'_>> {
    match x.array() {
        Some(a) if a.dtype().is_integer() => array_api::astype(a, DType::Float64).map(Operand::Own),
        _ => Ok(x),
    }
}

fn quotient(a: Operand<'_>, b: Operand<'_>) -> Result<Array> {
    array_api::divide(divisible(a)?, divisible(b)?)
}

macro_rules! operators {
    ($($f:path: $op:ident $reflected:ident $inplace:ident;)*) => {
        #[pymethods]
        impl PyArray {
            $(
                fn $op(slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
                    binary(slf, other, |a, b| $f(a, b))
                }
                fn $reflected(slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
                    binary(slf, other, |a, b| $f(b, a))
                }
                fn $inplace(slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> PyResult<()> {
                    in_place(slf, other, |a, b| $f(a, b))
                }
            )*
        }
    };
}

operators! {
    array_api::add: __add__ __radd__ __iadd__;
    array_api::subtract: __sub__ __rsub__ __isub__;
    array_api::multiply: __mul__ __rmul__ __imul__;
    quotient: __truediv__ __rtruediv__ __itruediv__;
    array_api::floor_divide: __floordiv__ __rfloordiv__ __ifloordiv__;
    array_api::remainder: __mod__ __rmod__ __imod__;
    array_api::matmul: __matmul__ __rmatmul__ __imatmul__;
    array_api::bitwise_and: __and__ __rand__ __iand__;
    array_api::bitwise_or: __or__ __ror__ __ior__;
    array_api::bitwise_xor: __xor__ __rxor__ __ixor__;
    array_api::bitwise_left_shift: __lshift__ __rlshift__ __ilshift__;
    array_api::bitwise_right_shift: __rshift__ __rrshift__ __irshift__;
}

/// Python hands a modulus to `pow` alone.
fn no_modulus(modulus: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
    match modulus {
        None => Ok(()),
        Some(_) => Err(PyTypeError::new_err("pow of arrays takes no modulus; use remainder")),
    }
}

#[pymethods]
impl PyArray {
    fn __pow__(
        slf: &Bound<'_, Self>,
        other: &Bound<'_, PyAny>,
        modulus: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        no_modulus(modulus)?;
        binary(slf, other, |a, b| array_api::pow(a, b))
    }
    fn __rpow__(
        slf: &Bound<'_, Self>,
        other: &Bound<'_, PyAny>,
        modulus: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        no_modulus(modulus)?;
        binary(slf, other, |a, b| array_api::pow(b, a))
    }
    fn __ipow__(slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>, modulus: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        no_modulus(modulus)?;
        in_place(slf, other, |a, b| array_api::pow(a, b))
    }
}

macro_rules! comparisons {
    ($($f:ident: $op:ident;)*) => {
        #[pymethods]
        impl PyArray {
            $(
                fn $op(slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
                    binary(slf, other, |a, b| array_api::$f(a, b))
                }
            )*
        }
    };
}

comparisons! {
    equal: __eq__;
    not_equal: __ne__;
    less: __lt__;
    less_equal: __le__;
    greater: __gt__;
    greater_equal: __ge__;
}

macro_rules! unary {
    ($($f:ident: $op:ident;)*) => {
        #[pymethods]
        impl PyArray {
            $(
                fn $op(slf: &Bound<'_, Self>) -> PyResult<PyArray> {
                    let (py, x) = (slf.py(), slf.try_borrow()?.array.clone());
                    let array = match given::pace(&x) {
                        Pace::Short => run(py, || array_api::$f(&x))?,
                        pace => run_at(py, pace, move || array_api::$f(&x))?,
                    };
                    Ok(PyArray { array })
                }
            )*
        }
    };
}

unary! {
    negative: __neg__;
    positive: __pos__;
    abs: __abs__;
    bitwise_invert: __invert__;
}
