//! Which of libtorch's types holds which of the protocol's, and exact arithmetic where libtorch has none.
//!
//! libtorch computes with `uint8` but not with wider unsigned integers. Their bits lie in the signed type of the same width:
//! sums, differences, products, bitwise functions and comparisons for equality are the same on either reading of the bits.
//! Where the reading matters, values are [`widened`] into a type that holds them all, or, for 64 bits, their order is kept by
//! flipping the highest bit ([`ordered`]).

use array_api::DType;
use tch::{Kind, TchError, Tensor};

use crate::array::TorchArray;
use crate::numbers::Numbers;

type Outcome = Result<Tensor, TchError>;

/// The type of the tensor that holds elements of a data type.
pub(crate) fn carrier(dtype: DType) -> Kind {
    match dtype {
        DType::Bool => Kind::Bool,
        DType::Int8 => Kind::Int8,
        DType::UInt8 => Kind::Uint8,
        DType::Int16 | DType::UInt16 => Kind::Int16,
        DType::Int32 | DType::UInt32 => Kind::Int,
        DType::Int64 | DType::UInt64 => Kind::Int64,
        DType::Float32 => Kind::Float,
        DType::Float64 => Kind::Double,
        DType::Complex64 => Kind::ComplexFloat,
        DType::Complex128 => Kind::ComplexDouble,
    }
}

/// Whether elements lie in a signed type that reads their bits differently.
pub(crate) fn is_carried(dtype: DType) -> bool {
    matches!(dtype, DType::UInt16 | DType::UInt32 | DType::UInt64)
}

/// The values in a type in which libtorch computes with them exactly; none holds all of 64 unsigned bits.
pub(crate) fn widened(tensor: &Tensor, dtype: DType) -> Outcome {
    match dtype {
        DType::UInt16 => tensor.f_to_kind(Kind::Int)?.and(0xffff),
        DType::UInt32 => tensor.f_to_kind(Kind::Int64)?.and(0xffff_ffff_i64),
        _ => Ok(tensor.shallow_clone()),
    }
}

/// Numbers in the same order as the elements, in a type that libtorch compares.
pub(crate) fn ordered(tensor: &Tensor, dtype: DType) -> Outcome {
    match dtype {
        DType::UInt16 => tensor.xor(i64::from(i16::MIN)),
        DType::UInt32 => tensor.xor(i64::from(i32::MIN)),
        DType::UInt64 => tensor.xor(i64::MIN),
        _ => Ok(tensor.shallow_clone()),
    }
}

/// The elements that [`ordered`] was given: flipping a bit twice leaves it.
pub(crate) fn unordered(tensor: &Tensor, dtype: DType) -> Outcome {
    ordered(tensor, dtype)
}

/// `f` of the arrays, which only compares and moves elements.
pub(crate) fn by_order(x: &TorchArray, f: impl Fn(&Tensor) -> Outcome) -> Outcome {
    if is_carried(x.dtype()) { unordered(&f(&ordered(x.tensor(), x.dtype())?)?, x.dtype()) } else { f(x.tensor()) }
}

/// `x >= 2^63`, of 64 unsigned bits.
fn is_high(x: &Tensor) -> Outcome {
    x.is_below(0)
}

/// Quotients of 64 unsigned bits; by zero they are zero.
pub(crate) fn divided(a: &Tensor, b: &Tensor) -> Outcome {
    // A divisor from 2^63 on goes in once or not at all. For others half of `a` is divided as a signed number, and the rest
    // is at most one divisor more (Warren, Hacker's Delight, 9-3).
    let zero = b.is(0)?;
    let high = is_high(b)?;
    let divisor = b.with_where(&high.f_logical_or(&zero)?, 1)?;
    let half = a.moved_right(1)?.and(i64::MAX)?;
    let quotient = half.f_div_tensor_mode(&divisor, "trunc")?.moved_left(1)?;
    let rest = a.f_sub(&quotient.f_mul(&divisor)?)?;
    let at_least = |x: &Tensor, y: &Tensor| ordered(x, DType::UInt64)?.f_ge_tensor(&ordered(y, DType::UInt64)?);
    let quotient = quotient.f_add(&at_least(&rest, &divisor)?)?;
    let once = at_least(a, b)?.f_to_kind(Kind::Int64)?;
    once.f_where_self(&high, &quotient)?.f_mul(&zero.f_logical_not()?)
}

/// Sixty-four unsigned bits as floating-point numbers, rounded once.
pub(crate) fn to_float(x: &Tensor, kind: Kind) -> Outcome {
    // Half of a number above 2^63, its last bit kept so that it still rounds to the right side.
    let half = x.moved_right(1)?.and(i64::MAX)?.f_bitwise_or_tensor(&x.and(1)?)?;
    half.f_to_kind(kind)?.times(2)?.f_where_self(&is_high(x)?, &x.f_to_kind(kind)?)
}

/// Floating-point numbers from 0 to 2^64 as unsigned bits, truncated.
pub(crate) fn from_float(x: &Tensor) -> Outcome {
    const TWO_63: f64 = 9_223_372_036_854_775_808.0;
    let high = x.minus(TWO_63)?.f_to_kind(Kind::Int64)?.xor(i64::MIN)?;
    high.f_where_self(&x.is_from(TWO_63)?, &x.f_to_kind(Kind::Int64)?)
}
