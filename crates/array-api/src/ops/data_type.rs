//! Data types: conversion as an operation; the rest of the category are plain functions.

use crate::array::Array;
use crate::call::Verdict;
use crate::dtype::{Category, DType};
use crate::error::{Error, Result};
use crate::operand::Operand;
use crate::operation::Op;
use crate::scalar::Scalar;
use crate::{operation, rule};

operation! {
    /// Converts the elements to another type. Floats lose their fraction towards zero; complex to real is an error, as is
    /// written in the standard (take the real part instead). Spec: `astype`.
    Astype = astype(x: One) { dtype: DType = DType::Float64 } -> Array;
    "data_type", Elementwise, astype_rule
}

impl From<DType> for Astype {
    fn from(dtype: DType) -> Astype {
        Astype { dtype }
    }
}

fn astype_rule(op: &'static Op, p: &mut Astype, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let x = rule::array(op, args, 0)?;
    if x.dtype().is_complex() && !p.dtype.is_complex() && p.dtype != DType::Bool {
        let message = format!("{} cannot become {}; take real(x) or abs(x) first", x.dtype(), p.dtype);
        return Err(Error::dtype(op.name, message));
    }
    Ok(Verdict::new(x.dims().clone(), p.dtype, x.dtype()))
}

/// Machine limits of a floating-point type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finfo {
    /// Bits of one real number.
    pub bits: u32,
    /// Difference between 1 and the next number.
    pub eps: f64,
    /// Largest finite number.
    pub max: f64,
    /// Smallest finite number.
    pub min: f64,
    /// Smallest positive normal number.
    pub smallest_normal: f64,
    /// The real type.
    pub dtype: DType,
}

/// Machine limits of a floating-point type; a complex one gives those of its parts. Spec: `finfo`.
///
/// # Errors
/// For types that are not floating.
pub fn finfo(dtype: DType) -> Result<Finfo> {
    Ok(match dtype.real() {
        DType::Float32 => Finfo {
            bits: 32,
            eps: f32::EPSILON.into(),
            max: f32::MAX.into(),
            min: f32::MIN.into(),
            smallest_normal: f32::MIN_POSITIVE.into(),
            dtype: DType::Float32,
        },
        DType::Float64 => Finfo {
            bits: 64,
            eps: f64::EPSILON,
            max: f64::MAX,
            min: f64::MIN,
            smallest_normal: f64::MIN_POSITIVE,
            dtype: DType::Float64,
        },
        other => return Err(Error::dtype("finfo", format!("{other} is not a floating-point type"))),
    })
}

/// Limits of an integer type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Iinfo {
    /// Bits of one number.
    pub bits: u32,
    /// Largest number.
    pub max: i128,
    /// Smallest number.
    pub min: i128,
    /// The type.
    pub dtype: DType,
}

/// Limits of an integer type. Spec: `iinfo`.
///
/// # Errors
/// For types that are not integers.
pub fn iinfo(dtype: DType) -> Result<Iinfo> {
    let bits = 8 * dtype.size() as u32;
    match dtype.category() {
        Category::SignedInteger => {
            Ok(Iinfo { bits, max: (1i128 << (bits - 1)) - 1, min: -(1i128 << (bits - 1)), dtype })
        }
        Category::UnsignedInteger => Ok(Iinfo { bits, max: (1i128 << bits) - 1, min: 0, dtype }),
        _ => Err(Error::dtype("iinfo", format!("{dtype} is not an integer type"))),
    }
}

/// The type that arrays, types and weak scalars promote to. Spec: `result_type`.
///
/// # Errors
/// Where the standard defines none.
///
/// ```
/// use array_api::{DType, result_type};
/// assert_eq!(result_type(&[DType::Int8, DType::Int32], &[2.into()]).unwrap(), DType::Int32);
/// ```
pub fn result_type(dtypes: &[DType], scalars: &[Scalar]) -> Result<DType> {
    let fail = |a: String, b: String| Error::dtype("result_type", format!("{a} and {b} have no common type"));
    let mut dtypes = dtypes.iter().copied();
    let first = dtypes.next().ok_or_else(|| Error::dtype("result_type", "needs at least one array or type"))?;
    let dtype = dtypes.try_fold(first, |a, b| a.promote(b).ok_or_else(|| fail(a.to_string(), b.to_string())))?;
    scalars
        .iter()
        .try_fold(dtype, |d, s| s.result_dtype(d).ok_or_else(|| fail(d.to_string(), format!("the number {s}"))))
}

/// Whether a type belongs to a category of the standard by its name: `bool`, `signed integer`, `unsigned integer`,
/// `integral`, `real floating`, `complex floating`, `numeric`. Spec: `isdtype`.
///
/// # Errors
/// For a name that is no category.
pub fn isdtype(dtype: DType, kind: &str) -> Result<bool> {
    Ok(match kind {
        "bool" => dtype == DType::Bool,
        "signed integer" => dtype.category() == Category::SignedInteger,
        "unsigned integer" => dtype.category() == Category::UnsignedInteger,
        "integral" => dtype.is_integer(),
        "real floating" => dtype.is_real_floating(),
        "complex floating" => dtype.is_complex(),
        "numeric" => dtype.is_numeric(),
        other => return Err(Error::value("isdtype", format!("{other:?} is not a category of the standard"))),
    })
}
