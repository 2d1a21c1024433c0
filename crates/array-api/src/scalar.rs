//! Weak Rust scalars: numbers that take the data type of the array they meet.

use num_complex::Complex;
use std::fmt;

use crate::dtype::{Category, DType};

/// A Rust number beside an array: it takes the array's data type instead of imposing its own.
///
/// ```
/// use array_api::{DType, Scalar};
/// assert_eq!(Scalar::from(2.5).result_dtype(DType::Float32), Some(DType::Float32));
/// assert_eq!(Scalar::from(2.5).result_dtype(DType::Int64), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar {
    /// A truth value.
    Bool(bool),
    /// Any integer of the standard's types.
    Int(Integer),
    /// A real number.
    Float(f64),
    /// A complex number.
    Complex(Complex<f64>),
}

/// An integer of any of the standard's types, aligned like the numbers beside it: the operands of a call stay small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, packed(8))]
pub struct Integer(i128);

impl From<Integer> for i128 {
    #[inline]
    fn from(i: Integer) -> i128 {
        i.0
    }
}

impl Scalar {
    /// An integer.
    pub const fn int(i: i128) -> Scalar {
        Scalar::Int(Integer(i))
    }

    /// The category that promotion looks at.
    pub const fn category(self) -> Category {
        match self {
            Scalar::Bool(_) => Category::Boolean,
            Scalar::Int(_) => Category::SignedInteger,
            Scalar::Float(_) => Category::RealFloating,
            Scalar::Complex(_) => Category::ComplexFloating,
        }
    }

    /// The type of `array op self`; `None` where the standard forbids the mix.
    pub const fn result_dtype(self, array: DType) -> Option<DType> {
        array.promote_scalar(self.category())
    }

    /// The type that a scalar alone becomes: the standard's defaults `bool`, `int64`, `float64`, `complex128`.
    pub const fn default_dtype(self) -> DType {
        match self {
            Scalar::Bool(_) => DType::Bool,
            Scalar::Int(_) => DType::Int64,
            Scalar::Float(_) => DType::Float64,
            Scalar::Complex(_) => DType::Complex128,
        }
    }

    /// Whether an array of this type can hold the value: integers in range, everything else by category.
    pub fn fits(self, dtype: DType) -> bool {
        let Scalar::Int(Integer(i)) = self else { return true };
        let bits = 8 * dtype.size() as u32;
        match dtype.category() {
            Category::SignedInteger => (-(1i128 << (bits - 1))..(1i128 << (bits - 1))).contains(&i),
            Category::UnsignedInteger => (0..(1i128 << bits)).contains(&i),
            _ => true,
        }
    }

    /// As a real number; a complex one gives its real part.
    #[inline]
    pub fn to_f64(self) -> f64 {
        match self {
            Scalar::Bool(b) => f64::from(u8::from(b)),
            Scalar::Int(i) => i.0 as f64,
            Scalar::Float(f) => f,
            Scalar::Complex(c) => c.re,
        }
    }

    /// As an integer; fractions are cut off, and what is out of range saturates.
    #[inline]
    pub fn to_i128(self) -> i128 {
        match self {
            Scalar::Bool(b) => i128::from(b),
            Scalar::Int(i) => i.0,
            Scalar::Float(f) => f as i128,
            Scalar::Complex(c) => c.re as i128,
        }
    }

    /// As a truth value: everything but zero is true.
    pub fn to_bool(self) -> bool {
        match self {
            Scalar::Bool(b) => b,
            Scalar::Int(i) => i.0 != 0,
            Scalar::Float(f) => f != 0.0,
            Scalar::Complex(c) => c.re != 0.0 || c.im != 0.0,
        }
    }

    /// As a complex number.
    pub fn to_complex(self) -> Complex<f64> {
        match self {
            Scalar::Complex(c) => c,
            other => Complex::new(other.to_f64(), 0.0),
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scalar::Bool(b) => write!(f, "{b}"),
            Scalar::Int(i) => write!(f, "{}", i128::from(*i)),
            Scalar::Float(x) => write!(f, "{x:?}"),
            Scalar::Complex(c) => write!(f, "{c}"),
        }
    }
}

/// A Rust type that every data type can be made from, by the value's own conversion.
pub trait FromScalar {
    /// The value in this type; integers wrap, as in `as`.
    fn from_scalar(s: Scalar) -> Self;
}

macro_rules! from {
    ($($t:ty => $make:ident($wide:ty)),* $(,)?) => { $(
        impl From<$t> for Scalar { #[inline] fn from(x: $t) -> Scalar { Scalar::$make(x as $wide) } }
    )* };
}

from! {
    bool => Bool(bool), i8 => int(i128), i16 => int(i128), i32 => int(i128), i64 => int(i128),
    u8 => int(i128), u16 => int(i128), u32 => int(i128), u64 => int(i128), usize => int(i128),
    isize => int(i128), f32 => Float(f64), f64 => Float(f64), Complex<f64> => Complex(Complex<f64>),
}

impl From<Complex<f32>> for Scalar {
    fn from(x: Complex<f32>) -> Scalar {
        Scalar::Complex(Complex::new(x.re.into(), x.im.into()))
    }
}

macro_rules! from_scalar {
    ($($t:ty: $s:ident => $e:expr;)*) => { $(
        impl FromScalar for $t { #[inline] fn from_scalar($s: Scalar) -> $t { $e } }
    )* };
}

from_scalar! {
    bool: s => s.to_bool();
    i8: s => s.to_i128() as i8;
    i16: s => s.to_i128() as i16;
    i32: s => s.to_i128() as i32;
    i64: s => s.to_i128() as i64;
    u8: s => s.to_i128() as u8;
    u16: s => s.to_i128() as u16;
    u32: s => s.to_i128() as u32;
    u64: s => s.to_i128() as u64;
    f32: s => s.to_f64() as f32;
    f64: s => s.to_f64();
    Complex<f32>: s => { let c = s.to_complex(); Complex::new(c.re as f32, c.im as f32) };
    Complex<f64>: s => s.to_complex();
}
