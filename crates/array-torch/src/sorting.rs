//! Sorting along an axis: stable, not-a-number last in either direction, -0.0 equal to 0.0.

use array_api::{Argsort, DType, Result, Sort, implements};
use tch::{TchError, Tensor};

use crate::array::{TorchArray, made};
use crate::carrier::ordered;

/// The positions of the elements in order, and what was put in order.
fn order(x: &Tensor, dtype: DType, axis: i64, descending: bool) -> Result<(Tensor, Tensor), TchError> {
    // Turned round and not reversed, so that not-a-number stays the last.
    let turned = descending && dtype.is_real_floating();
    let keys = if turned { x.f_neg()? } else { ordered(x, dtype)? };
    let (_, places) = keys.f_sort_stable(true, axis, descending && !turned)?;
    Ok((places, keys))
}

#[implements(argsort)]
fn argsort(x: &TorchArray, p: &Argsort) -> Result<TorchArray> {
    let axis = if x.ndim() == 0 { 0 } else { p.axis as i64 };
    made("argsort", order(x.tensor(), x.dtype(), axis, p.descending).map(|(places, _)| places), DType::Int64)
}

#[implements(sort)]
fn sort(x: &TorchArray, p: &Sort) -> Result<TorchArray> {
    if x.ndim() == 0 {
        return Ok(x.clone());
    }
    let places = order(x.tensor(), x.dtype(), p.axis as i64, p.descending);
    // The elements themselves, since keys that are equal need not be: 0.0 and -0.0.
    x.with("sort", places.and_then(|(places, _)| x.tensor().f_gather(p.axis as i64, &places, false)))
}
