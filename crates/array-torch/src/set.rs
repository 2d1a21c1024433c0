//! Sets: unique values, where each occurs first, how often, and the way back.

use array_api::{DType, Result, implements};
use tch::{Kind, TchError, Tensor};

use crate::array::{TorchArray, sizes};
use crate::carrier::ordered;
use crate::error::failed;
use crate::numbers::Numbers;

/// Positions of the elements in order: complex numbers by real, then by imaginary part.
fn order(x: &Tensor, dtype: DType) -> Result<Tensor, TchError> {
    if !dtype.is_complex() {
        let keys = if dtype == DType::Bool { x.f_to_kind(Kind::Uint8)? } else { ordered(x, dtype)? };
        return Ok(keys.f_sort_stable(true, 0, false)?.1);
    }
    let by_imaginary = x.f_imag()?.f_sort_stable(true, 0, false)?.1;
    let then_by_real = x.f_real()?.f_index_select(0, &by_imaginary)?.f_sort_stable(true, 0, false)?.1;
    by_imaginary.f_index_select(0, &then_by_real)
}

/// Sorted values with their order, and which of them differ from the one before.
fn groups(x: &Tensor, dtype: DType) -> Result<(Tensor, Tensor, Tensor), TchError> {
    let flat = x.f_reshape(-1)?;
    let order = order(&flat, dtype)?;
    let sorted = flat.f_index_select(0, &order)?;
    let n = sorted.size()[0];
    let first = Tensor::f_ones([n.min(1)], (Kind::Bool, x.device()))?;
    // Not-a-number differs from itself: each is a value of its own.
    let differs = match n {
        0 => first,
        _ => Tensor::f_cat(&[first, sorted.f_narrow(0, 1, n - 1)?.f_ne_tensor(&sorted.f_narrow(0, 0, n - 1)?)?], 0)?,
    };
    Ok((sorted, order, differs))
}

/// Values are sorted. 0.0 and -0.0 are one value, the first that occurs; each not-a-number is a value of its own, and they
/// come last.
#[implements(unique_all)]
fn unique_all(x: &TorchArray) -> Result<[TorchArray; 4]> {
    let found = || {
        let (sorted, order, differs) = groups(x.tensor(), x.dtype())?;
        let n = sorted.size()[0];
        let starts = differs.f_nonzero()?.f_reshape(-1)?;
        let end = starts.number(n)?.f_to_device(x.device())?.f_reshape(1)?;
        let counts = Tensor::f_cat(&[starts.shallow_clone(), end], 0)?.f_diff(1, 0, None::<Tensor>, None::<Tensor>)?;
        let group = differs.f_cumsum(0, Kind::Int64)?.minus(1)?;
        let inverse = group.f_zeros_like()?.f_scatter(0, &order, &group)?.f_reshape(sizes(&x.dims()))?;
        Ok([sorted.f_index_select(0, &starts)?, order.f_index_select(0, &starts)?, inverse, counts])
    };
    let [values, indices, inverse, counts] = found().map_err(|e| failed("unique_all", e))?;
    let positions = |tensor| TorchArray::of(tensor, DType::Int64);
    Ok([TorchArray::of(values, x.dtype()), positions(indices), positions(inverse), positions(counts)])
}

/// The same values without the way back.
#[implements(unique_values)]
fn unique_values(x: &TorchArray) -> Result<TorchArray> {
    x.with(
        "unique_values",
        groups(x.tensor(), x.dtype()).and_then(|(sorted, _, differs)| sorted.f_masked_select(&differs)),
    )
}
