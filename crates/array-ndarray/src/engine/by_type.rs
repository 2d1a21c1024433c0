//! Code for the types of one category: a body is compiled for each of them, others are refused.

/// Any integer.
pub(crate) struct Wide(pub(crate) i128);

macro_rules! wide {
    ($($t:ty),*) => { $( impl From<$t> for Wide { #[inline] fn from(i: $t) -> Wide { Wide(i128::from(i)) } } )* };
}
wide!(i8, i16, i32, i64, u8, u16, u32, u64);

/// Runs a body with a Rust type bound to one of the data types of a list.
macro_rules! with_one_of {
    ([$($D:ident = $t:ty),*], $what:literal, $op:expr, $dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            $(array_api::DType::$D => {
                type $T = $t;
                $body
            })*
            other => Err(array_api::Error::dtype($op, format!(concat!("needs ", $what, ", not {}"), other))),
        }
    };
}
pub(crate) use with_one_of;

/// Runs a body with a Rust type bound to an integer data type.
macro_rules! with_integer {
    ($op:expr, $dtype:expr, $T:ident => $body:expr) => {
        crate::engine::by_type::with_one_of!(
            [Int8 = i8, Int16 = i16, Int32 = i32, Int64 = i64, UInt8 = u8, UInt16 = u16, UInt32 = u32, UInt64 = u64],
            "integers", $op, $dtype, $T => $body
        )
    };
}
pub(crate) use with_integer;

/// Runs a body with a Rust type bound to a data type whose values have an order in the standard.
macro_rules! with_real {
    ($op:expr, $dtype:expr, $T:ident => $body:expr) => {
        crate::engine::by_type::with_one_of!(
            [Int8 = i8, Int16 = i16, Int32 = i32, Int64 = i64, UInt8 = u8, UInt16 = u16, UInt32 = u32, UInt64 = u64,
             Float32 = f32, Float64 = f64],
            "real numbers", $op, $dtype, $T => $body
        )
    };
}
pub(crate) use with_real;

/// Runs a body with a Rust type bound to a floating data type.
macro_rules! with_floating {
    ($op:expr, $dtype:expr, $T:ident => $body:expr) => {
        crate::engine::by_type::with_one_of!(
            [Float32 = f32, Float64 = f64, Complex64 = array_api::Complex<f32>, Complex128 = array_api::Complex<f64>],
            "floating-point numbers", $op, $dtype, $T => $body
        )
    };
}
pub(crate) use with_floating;
