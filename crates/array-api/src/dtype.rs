//! The standard's 13 data types, their categories, and promotion between them.

use num_complex::Complex;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// A data type of the [array API standard](https://data-apis.org/array-api/2025.12/API_specification/data_types.html).
///
/// `Complex64` is two 32-bit floats and `Complex128` two 64-bit floats, as in NumPy.
///
/// ```
/// use array_api::DType;
/// assert_eq!(DType::Int8.promote(DType::UInt8), Some(DType::Int16));
/// assert_eq!("float32".parse::<DType>().unwrap().size(), 4);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
#[allow(missing_docs)] // the names are the standard's
pub enum DType {
    Bool,
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Float32,
    Float64,
    Complex64,
    Complex128,
}

/// The standard's categories of data types, which rows use to say what they accept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Category {
    /// `bool`
    Boolean,
    /// `int8` to `int64`
    SignedInteger,
    /// `uint8` to `uint64`
    UnsignedInteger,
    /// `float32`, `float64`
    RealFloating,
    /// `complex64`, `complex128`
    ComplexFloating,
}

use DType::*;

/// Every data type, in the order of [`DType`].
pub const ALL: [DType; 13] =
    [Bool, Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64, Float32, Float64, Complex64, Complex128];

impl DType {
    /// The standard's name, such as `float64`.
    pub const fn name(self) -> &'static str {
        match self {
            Bool => "bool",
            Int8 => "int8",
            Int16 => "int16",
            Int32 => "int32",
            Int64 => "int64",
            UInt8 => "uint8",
            UInt16 => "uint16",
            UInt32 => "uint32",
            UInt64 => "uint64",
            Float32 => "float32",
            Float64 => "float64",
            Complex64 => "complex64",
            Complex128 => "complex128",
        }
    }

    /// Bytes of one element.
    pub const fn size(self) -> usize {
        match self {
            Bool | Int8 | UInt8 => 1,
            Int16 | UInt16 => 2,
            Int32 | UInt32 | Float32 => 4,
            Int64 | UInt64 | Float64 | Complex64 => 8,
            Complex128 => 16,
        }
    }

    /// The category that the type belongs to.
    pub const fn category(self) -> Category {
        match self {
            Bool => Category::Boolean,
            Int8 | Int16 | Int32 | Int64 => Category::SignedInteger,
            UInt8 | UInt16 | UInt32 | UInt64 => Category::UnsignedInteger,
            Float32 | Float64 => Category::RealFloating,
            Complex64 | Complex128 => Category::ComplexFloating,
        }
    }

    /// Signed or unsigned integer.
    pub const fn is_integer(self) -> bool {
        matches!(self.category(), Category::SignedInteger | Category::UnsignedInteger)
    }

    /// Real or complex floating point: what has a gradient.
    pub const fn is_floating(self) -> bool {
        matches!(self.category(), Category::RealFloating | Category::ComplexFloating)
    }

    /// `float32` or `float64`.
    pub const fn is_real_floating(self) -> bool {
        matches!(self, Float32 | Float64)
    }

    /// `complex64` or `complex128`.
    pub const fn is_complex(self) -> bool {
        matches!(self, Complex64 | Complex128)
    }

    /// Everything but `bool`.
    pub const fn is_numeric(self) -> bool {
        !matches!(self, Bool)
    }

    /// The real type of a complex type's parts; other types stay.
    pub const fn real(self) -> DType {
        match self {
            Complex64 => Float32,
            Complex128 => Float64,
            other => other,
        }
    }

    /// The complex type of the same precision, for floating types.
    pub const fn complex(self) -> Option<DType> {
        match self {
            Float32 | Complex64 => Some(Complex64),
            Float64 | Complex128 => Some(Complex128),
            _ => None,
        }
    }

    /// The common type of two operands, as the standard's
    /// [promotion tables](https://data-apis.org/array-api/2025.12/API_specification/type_promotion.html) define it.
    ///
    /// `None` where the standard leaves it undefined: `bool` with a number, an integer with a float, and `uint64` with a
    /// signed integer.
    pub const fn promote(self, other: DType) -> Option<DType> {
        use Category::*;
        let (a, b) = (self.size(), other.size());
        let larger = if a >= b { self } else { other };
        match (self.category(), other.category()) {
            (Boolean, Boolean) => Some(Bool),
            (SignedInteger, SignedInteger)
            | (UnsignedInteger, UnsignedInteger)
            | (RealFloating, RealFloating)
            | (ComplexFloating, ComplexFloating) => Some(larger),
            (SignedInteger, UnsignedInteger) => signed_above(a, b),
            (UnsignedInteger, SignedInteger) => signed_above(b, a),
            (RealFloating, ComplexFloating) | (ComplexFloating, RealFloating) => {
                match (self.real().size(), other.real().size()) {
                    (4, 4) => Some(Complex64),
                    _ => Some(Complex128),
                }
            }
            _ => None,
        }
    }

    /// Whether every value of `self` may be cast to `to` by promotion alone (the standard's `can_cast`).
    pub const fn can_cast(self, to: DType) -> bool {
        match self.promote(to) {
            Some(t) => t as u8 == to as u8,
            None => false,
        }
    }

    /// What a weak Rust scalar of the given category makes of an array of this type; `None` where the standard forbids it.
    pub const fn promote_scalar(self, scalar: Category) -> Option<DType> {
        match (self.category(), scalar) {
            (Category::Boolean, Category::Boolean) => Some(self),
            (Category::Boolean, _) | (_, Category::Boolean) => None,
            (_, Category::SignedInteger | Category::UnsignedInteger) => Some(self),
            (Category::RealFloating | Category::ComplexFloating, Category::RealFloating) => Some(self),
            (Category::RealFloating | Category::ComplexFloating, Category::ComplexFloating) => self.complex(),
            _ => None,
        }
    }
}

/// The smallest signed type that holds a signed integer of `signed` bytes and an unsigned one of `unsigned` bytes.
const fn signed_above(signed: usize, unsigned: usize) -> Option<DType> {
    if unsigned >= 8 {
        return None;
    }
    let needed = unsigned * 2;
    let size = if signed > needed { signed } else { needed };
    Some(match size {
        1 => Int8,
        2 => Int16,
        4 => Int32,
        _ => Int64,
    })
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for DType {
    type Err = Error;
    fn from_str(s: &str) -> Result<DType> {
        ALL.into_iter().find(|d| d.name() == s).ok_or_else(|| {
            let names = ALL.map(DType::name).join(", ");
            Error::dtype("dtype", format!("there is no data type `{s}`; the standard's are {names}"))
        })
    }
}

/// A Rust type that is the element of an array.
///
/// Sealed: the standard's 13 types are all there are.
pub trait Element:
    Copy + Default + PartialEq + fmt::Debug + fmt::Display + Send + Sync + sealed::Sealed + 'static
{
    /// The data type of this Rust type.
    const DTYPE: DType;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! elements {
    ($($t:ty => $d:ident),* $(,)?) => { $(
        impl sealed::Sealed for $t {}
        impl Element for $t { const DTYPE: DType = DType::$d; }
    )* };
}

elements! {
    bool => Bool, i8 => Int8, i16 => Int16, i32 => Int32, i64 => Int64, u8 => UInt8, u16 => UInt16, u32 => UInt32,
    u64 => UInt64, f32 => Float32, f64 => Float64, Complex<f32> => Complex64, Complex<f64> => Complex128,
}

/// Runs a body with a Rust type bound to the element type of a [`DType`].
///
/// ```
/// use array_api::{DType, with_element};
/// fn bytes(d: DType) -> usize { with_element!(d, T => std::mem::size_of::<T>()) }
/// assert_eq!(bytes(DType::Complex128), 16);
/// ```
#[macro_export]
macro_rules! with_element {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            $crate::DType::Bool => {
                type $T = bool;
                $body
            }
            $crate::DType::Int8 => {
                type $T = i8;
                $body
            }
            $crate::DType::Int16 => {
                type $T = i16;
                $body
            }
            $crate::DType::Int32 => {
                type $T = i32;
                $body
            }
            $crate::DType::Int64 => {
                type $T = i64;
                $body
            }
            $crate::DType::UInt8 => {
                type $T = u8;
                $body
            }
            $crate::DType::UInt16 => {
                type $T = u16;
                $body
            }
            $crate::DType::UInt32 => {
                type $T = u32;
                $body
            }
            $crate::DType::UInt64 => {
                type $T = u64;
                $body
            }
            $crate::DType::Float32 => {
                type $T = f32;
                $body
            }
            $crate::DType::Float64 => {
                type $T = f64;
                $body
            }
            $crate::DType::Complex64 => {
                type $T = $crate::Complex<f32>;
                $body
            }
            $crate::DType::Complex128 => {
                type $T = $crate::Complex<f64>;
                $body
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promotion_is_symmetric_and_associative_where_defined() {
        for a in ALL {
            assert_eq!(a.promote(a), Some(a));
            for b in ALL {
                assert_eq!(a.promote(b), b.promote(a));
            }
        }
        assert_eq!(Int8.promote(UInt32), Some(Int64));
        assert_eq!(Int64.promote(UInt64), None);
        assert_eq!(Int32.promote(Float32), None);
        assert_eq!(Float64.promote(Complex64), Some(Complex128));
        assert_eq!(Bool.promote(Int8), None);
    }
}
