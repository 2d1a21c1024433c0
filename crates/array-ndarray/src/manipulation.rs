//! Operations that move elements. Views share the buffer; what cannot be a view is copied once.

use array_api::{BroadcastTo, Dims, Error, PermuteDims, Reshape, Result, implements, with_element};
use ndarray::{ArcArray, IxDyn};

use crate::array::{NdArray, NdElement};

/// The same elements in another shape: a view where the layout allows.
pub(crate) fn reshaped(x: &NdArray, shape: &Dims) -> Result<NdArray> {
    let x = x.contiguous();
    with_element!(x.dtype(), T => match T::peel(&x) {
        Some(a) => match a.clone().into_shape_with_order(IxDyn(shape)) {
            Ok(a) => Ok(T::wrap(a)),
            Err(e) => Err(Error::backend("reshape", e.to_string())),
        },
        None => Ok(x),
    })
}

#[implements(reshape)]
fn reshape(x: &NdArray, _: &Reshape, verdict: &array_api::Verdict) -> Result<NdArray> {
    reshaped(x, verdict.dims())
}

#[implements(permute_dims)]
fn permute_dims(x: NdArray, p: &PermuteDims) -> Result<NdArray> {
    let order: Vec<usize> = p.axes.iter().map(|&a| a as usize).collect();
    Ok(x.permuted(&order))
}

/// A view with zero strides, so that repeating costs no memory.
#[implements(broadcast_to)]
fn broadcast_to(x: &NdArray, p: &BroadcastTo) -> Result<NdArray> {
    if x.shape() == &p.shape[..] {
        return Ok(x.clone());
    }
    with_element!(x.dtype(), T => match T::peel(x) {
        Some(a) => Ok(T::wrap(widened(a, &p.shape))),
        None => Ok(x.clone()),
    })
}

fn widened<T: NdElement>(a: &ArcArray<T, IxDyn>, shape: &[usize]) -> ArcArray<T, IxDyn> {
    match a.broadcast(IxDyn(shape)) {
        Some(view) => view.to_owned().into_shared(),
        None => a.clone(),
    }
}
