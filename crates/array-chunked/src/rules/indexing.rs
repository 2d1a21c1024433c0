//! Setting where a mask is true, without knowing how many places that are.

use array_api::{Array, Call, DType, Dims, Error, Exit, Operand, Outs, Result, SetAtMask};

use super::Rule;

/// The rules of this file.
pub(super) fn rule(name: &str) -> Option<Rule> {
    match name {
        "set_at_mask" => Some(Rule::Rewrite(set_at_mask)),
        _ => None,
    }
}

/// Each true place takes the value whose number is the count of true places before it.
fn set_at_mask(call: &mut Call<'_, '_>) -> Result<Outs, Exit> {
    call.params::<SetAtMask>()?;
    let (x, mask) = (array_api::rule::array(call.op, call.args, 0)?, array_api::rule::array(call.op, call.args, 1)?);
    let rest = x.ndim() - mask.ndim();
    let along: Vec<isize> = mask.shape()?.iter().map(|&n| n as isize).chain(std::iter::repeat_n(1, rest)).collect();
    let value = match &call[2] {
        Operand::Scalar(_) => None,
        other => other.array().filter(|v| v.ndim() > rest),
    };
    let Some(value) = value else {
        let condition = array_api::reshape(mask, along)?;
        return Ok(Outs::One(array_api::where_(condition, &call[2], x)?));
    };
    let extents = value.shape()?;
    // Axes of extent one in front of the part's are of no account.
    let inner: Vec<usize> = extents[extents.len() - rest - 1..].to_vec();
    let shape: Vec<isize> = inner.iter().map(|&n| n as isize).collect();
    let value = array_api::reshape(value, shape)?;
    let full: Dims = std::iter::once(inner[0]).chain(x.shape()?[mask.ndim()..].iter().copied()).collect();
    let value = array_api::broadcast_to(value, full)?;
    let flat = array_api::reshape(mask, -1)?;
    let count = array_api::sum(array_api::astype(&flat, DType::Int64)?, ..)?;
    let value = counted(value, count, Counted { may_repeat: true })?;
    if inner[0] == 0 {
        // Nothing is set, once it is certain that there is nothing to set: the check is a part of the result.
        let nothing = array_api::sum(array_api::astype(array_api::any(&value, ..)?, DType::Int64)?, ..)?;
        let condition = array_api::logical_and(array_api::reshape(mask, along)?, array_api::not_equal(nothing, 0)?)?;
        return Ok(Outs::One(array_api::where_(condition, zero(x)?, x)?));
    }
    let number = array_api::subtract(array_api::cumulative_sum(array_api::astype(flat, DType::Int64)?, 0)?, 1)?;
    let number = array_api::clip(number, 0, inner[0] as i64 - 1)?;
    let found = array_api::take(value, number, 0)?;
    let found = array_api::reshape(found, x.dims())?;
    Ok(Outs::One(array_api::where_(array_api::reshape(mask, along)?, found, x)?))
}

/// A zero of the array's type, without axes.
fn zero(x: &Array) -> Result<Array> {
    x.namespace().zeros(((), x.dtype()))
}

array_api::operation! {
    /// The same values, once it is certain that their number is the one that was counted, or one.
    Counted = counted(values: One, count: One) { may_repeat: bool = false } -> Array;
    "chunks", Other,
    |op, _, args| {
        let (values, count) = (array_api::rule::array(op, args, 0)?, array_api::rule::array(op, args, 1)?);
        if values.ndim() == 0 || count.ndim() > 0 || count.dtype() != DType::Int64 {
            let message = format!("takes values along an axis and an int64, not {} and {}", values.dims(), count.dims());
            return Err(Error::shape(op.name, message));
        }
        Ok(array_api::Verdict::same(values.dims().clone(), values.dtype()))
    },
    compose |p, call| {
        let (values, count) = (array_api::rule::array(call.op, call.args, 0)?, array_api::rule::array(call.op, call.args, 1)?);
        let (there, wanted) = (values.shape()?[0], count.item::<i64>()?);
        if there as i64 != wanted && !(p.may_repeat && there == 1) {
            let message = format!("{there} values are given for the {wanted} places where the mask is true");
            return Err(Error::shape("set_at_mask", message));
        }
        Ok(values.clone())
    },
    methods (trait CountedMethods)
}
