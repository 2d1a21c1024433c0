//! Conversions of the data type and of the device.

use array_api::{Astype, DType, Result, implements};
use tch::{Kind, TchError, Tensor};

use crate::array::{TorchArray, made};
use crate::carrier::{carrier, from_float, is_carried, to_float, widened};
use crate::numbers::Numbers;

#[implements(astype)]
fn astype(x: &TorchArray, p: &Astype) -> Result<TorchArray> {
    made("astype", converted(x.tensor(), x.dtype(), p.dtype), p.dtype)
}

/// Doubles as integers: truncated, those outside the range its nearest, not-a-number zero. What libtorch's own cast makes of
/// them depends on the processor.
fn to_integers(x: &Tensor, to: DType) -> Result<Tensor, TchError> {
    const TWO_64: f64 = 18_446_744_073_709_551_616.0;
    let x = x.with_where(&x.f_isnan()?, 0.0)?;
    let within = |low: f64, high: f64| x.at_least(low)?.at_most(high);
    match to {
        DType::UInt64 => from_float(&x.at_least(0.0)?)?.with_where(&x.is_from(TWO_64)?, -1),
        DType::Int64 => {
            let inside = x.at_least(-0.5 * TWO_64)?.f_to_kind(Kind::Int64)?;
            inside.with_where(&x.is_from(0.5 * TWO_64)?, i64::MAX)
        }
        // Bits of the unsigned ones are those of the low half.
        DType::Int8 => within(-128.0, 127.0)?.f_to_kind(Kind::Int8),
        DType::UInt8 => within(0.0, 255.0)?.f_to_kind(Kind::Uint8),
        DType::Int16 => within(-32_768.0, 32_767.0)?.f_to_kind(Kind::Int16),
        DType::UInt16 => within(0.0, 65_535.0)?.f_to_kind(Kind::Int)?.f_to_kind(Kind::Int16),
        DType::Int32 => within(f64::from(i32::MIN), f64::from(i32::MAX))?.f_to_kind(Kind::Int),
        _ => within(0.0, f64::from(u32::MAX))?.f_to_kind(Kind::Int64)?.f_to_kind(Kind::Int),
    }
}

/// Elements as another data type; integers modulo their width.
pub(crate) fn converted(x: &Tensor, from: DType, to: DType) -> Result<Tensor, TchError> {
    let kind = carrier(to);
    if from == to {
        return Ok(x.shallow_clone());
    }
    match (from, to) {
        // Truth is what is not zero, also of bits.
        (_, DType::Bool) => x.is_not(0),
        (DType::UInt64, _) if !to.is_integer() => {
            let real = if matches!(to, DType::Float32 | DType::Complex64) { Kind::Float } else { Kind::Double };
            to_float(x, real)?.f_to_kind(kind)
        }
        (_, _) if from.is_floating() && to.is_integer() => to_integers(&x.f_to_kind(Kind::Double)?, to),
        (_, _) if is_carried(from) => widened(x, from)?.f_to_kind(kind),
        _ => x.f_to_kind(kind),
    }
}
