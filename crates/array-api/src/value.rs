//! Parameters as values: JSON, hashes, cluster tasks and Python keywords all go through [`Value`].

use num_complex::Complex;
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::fmt::{self, Debug};

use crate::axes::Axes;
use crate::dims::Dims;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::scalar::Scalar;

/// A parameter's value, reflected.
///
/// ```
/// use array_api::Value;
/// let v = Value::List(vec![Value::Int(0), Value::None, Value::Complex(f64::INFINITY, 0.1)]);
/// let text = serde_json::to_string(&v).unwrap();
/// assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), v);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// Not given.
    None,
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i128),
    /// A real number, by its bits: not-a-number and infinities survive JSON.
    #[serde(with = "bits")]
    Float(f64),
    /// A complex number, by its bits too.
    Complex(#[serde(with = "bits")] f64, #[serde(with = "bits")] f64),
    /// A data type.
    DType(DType),
    /// A word.
    Text(String),
    /// Several values.
    List(Vec<Value>),
}

/// Floats as text, since JSON has no infinities; `{:?}` prints the shortest digits that read back as the same bits.
mod bits {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(x: &f64, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&format_args!("{x:?}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<f64, D::Error> {
        String::deserialize(d)?.parse().map_err(D::Error::custom)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::None => f.write_str("None"),
            Value::Bool(b) => write!(f, "{b}"),
            Value::Int(i) => write!(f, "{i}"),
            Value::Float(x) => write!(f, "{x:?}"),
            Value::Complex(re, im) => write!(f, "{}", Complex::new(*re, *im)),
            Value::DType(d) => write!(f, "{d}"),
            Value::Text(s) => write!(f, "{s:?}"),
            Value::List(v) => {
                f.write_str("[")?;
                for (i, x) in v.iter().enumerate() {
                    write!(f, "{}{x}", if i > 0 { ", " } else { "" })?;
                }
                f.write_str("]")
            }
        }
    }
}

/// The parameters of one operation; [`operation!`](crate::operation) implements this for a row's struct.
pub trait Params: Any + Debug + Send + Sync {
    /// Names and values, in the row's order.
    fn write(&self) -> Vec<(&'static str, Value)>;
    /// A copy behind a box.
    fn boxed(&self) -> Box<dyn Params>;
}

/// A type that a parameter may have.
pub trait Field: Sized {
    /// The value.
    fn to_value(&self) -> Value;
    /// Back from the value.
    ///
    /// # Errors
    /// If the value is of another form.
    fn from_value(v: &Value) -> Result<Self>;
}

/// What may be given for a parameter of type `T`: the type itself, or a shorter spelling.
///
/// Not `Into`, which has so many implementations that a literal's type would have to be written out.
pub trait IntoField<T> {
    /// The parameter.
    fn into_field(self) -> T;
}

impl<T: Field> IntoField<T> for T {
    #[inline]
    fn into_field(self) -> T {
        self
    }
}

impl<T: Field> IntoField<Option<T>> for T {
    #[inline]
    fn into_field(self) -> Option<T> {
        Some(self)
    }
}

impl<T: Field, const N: usize> IntoField<Vec<T>> for [T; N] {
    fn into_field(self) -> Vec<T> {
        self.into()
    }
}

impl<T: Field, const N: usize> IntoField<Option<Vec<T>>> for [T; N] {
    fn into_field(self) -> Option<Vec<T>> {
        Some(self.into())
    }
}

impl IntoField<Option<Dims>> for usize {
    fn into_field(self) -> Option<Dims> {
        Some(self.into())
    }
}

impl<const N: usize> IntoField<Option<Dims>> for [usize; N] {
    fn into_field(self) -> Option<Dims> {
        Some(self.into())
    }
}

macro_rules! spelled {
    ($($T:ty: $item:ident, $($given:ty),*;)*) => { $(
        impl<const N: usize> IntoField<$T> for [$item; N] {
            #[inline]
            fn into_field(self) -> $T { self.into() }
        }
        spelled!($T: $($given),*);
    )* };
    ($T:ty: $($given:ty),*) => { $(
        impl IntoField<$T> for $given {
            #[inline]
            fn into_field(self) -> $T { self.into() }
        }
    )* };
}

spelled! {
    Dims: usize, usize, (), &[usize], Vec<usize>, &Dims;
    Axes: isize, isize, std::ops::RangeFull, Vec<isize>;
}
spelled!(Scalar: bool, i8, i16, i32, i64, u8, u16, u32, u64, usize, isize, f32, f64, Complex<f32>, Complex<f64>);
spelled!(String: &str);

#[cold]
fn wrong<T>(v: &Value, want: &str) -> Result<T> {
    Err(Error::value("parameter", format!("{v} is not {want}")))
}

macro_rules! fields {
    ($($t:ty, $want:literal: $pattern:pat $(if $guard:expr)? => $from:expr, $s:ident => $to:expr;)*) => { $(
        impl Field for $t {
            fn to_value(&self) -> Value { let $s = self; $to }
            fn from_value(v: &Value) -> Result<Self> {
                match v { $pattern $(if $guard)? => Ok($from), v => wrong(v, $want) }
            }
        }
    )* };
}

fields! {
    bool, "true or false": Value::Bool(b) => *b, s => Value::Bool(*s);
    isize, "an integer": Value::Int(i) if isize::try_from(*i).is_ok() => *i as isize, s => Value::Int(*s as i128);
    // No extent is larger, and the largest `usize` stands for an unknown one.
    usize, "an integer from 0 to 2^63 - 1": Value::Int(i) if (0..=isize::MAX as i128).contains(i) => *i as usize, s => Value::Int(*s as i128);
    u64, "a non-negative integer": Value::Int(i) if u64::try_from(*i).is_ok() => *i as u64, s => Value::Int(i128::from(*s));
    DType, "a data type": Value::DType(d) => *d, s => Value::DType(*s);
    String, "a word": Value::Text(t) => t.clone(), s => Value::Text(s.clone());
}

impl Field for f64 {
    fn to_value(&self) -> Value {
        Value::Float(*self)
    }
    fn from_value(v: &Value) -> Result<Self> {
        match v {
            Value::Float(x) => Ok(*x),
            Value::Int(i) => Ok(*i as f64),
            v => wrong(v, "a real number"),
        }
    }
}

impl Field for Scalar {
    fn to_value(&self) -> Value {
        match *self {
            Scalar::Bool(b) => Value::Bool(b),
            Scalar::Int(i) => Value::Int(i.into()),
            Scalar::Float(x) => Value::Float(x),
            Scalar::Complex(c) => Value::Complex(c.re, c.im),
        }
    }
    fn from_value(v: &Value) -> Result<Self> {
        Ok(match v {
            Value::Bool(b) => Scalar::Bool(*b),
            Value::Int(i) => Scalar::int(*i),
            Value::Float(x) => Scalar::Float(*x),
            Value::Complex(re, im) => Scalar::Complex(Complex::new(*re, *im)),
            v => return wrong(v, "a number"),
        })
    }
}

impl Field for Dims {
    fn to_value(&self) -> Value {
        Value::List(self.iter().map(|&d| Value::Int(d as i128)).collect())
    }
    fn from_value(v: &Value) -> Result<Self> {
        match v {
            Value::Int(_) => Ok(Dims::from(usize::from_value(v)?)),
            v => Vec::<usize>::from_value(v).map(Dims::from),
        }
    }
}

impl<T: Field> Field for Vec<T> {
    fn to_value(&self) -> Value {
        Value::List(self.iter().map(T::to_value).collect())
    }
    fn from_value(v: &Value) -> Result<Self> {
        match v {
            Value::List(items) => items.iter().map(T::from_value).collect(),
            v => wrong(v, "a list"),
        }
    }
}

impl<T: Field> Field for Option<T> {
    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::None, T::to_value)
    }
    fn from_value(v: &Value) -> Result<Self> {
        if *v == Value::None { Ok(None) } else { T::from_value(v).map(Some) }
    }
}
