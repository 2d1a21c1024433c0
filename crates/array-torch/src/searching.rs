//! Searching: positions of what is not zero, and places in sorted arrays.

use array_api::{DType, Result, Searchsorted, Verdict, implements};
use tch::{Kind, TchError, Tensor};

use crate::array::{TorchArray, made};
use crate::carrier::{ordered, widened};
use crate::error::failed;
use crate::indexing::positions;
use crate::kind::together;
use crate::numbers::Numbers;

#[implements(nonzero)]
fn nonzero(x: &TorchArray) -> Result<Vec<TorchArray>> {
    let found = x.tensor().is_not(0).and_then(|truth| truth.f_nonzero()).map_err(|e| failed("nonzero", e))?;
    (0..x.ndim() as i64).map(|axis| made("nonzero", found.f_select(1, axis), DType::Int64)).collect()
}

/// Integers in the order of the values, with both zeros equal and not-a-number last.
///
/// libtorch searches by comparisons, which are all false for not-a-number.
fn keys(x: &Tensor, dtype: DType) -> Result<Tensor, TchError> {
    let (bits, magnitude) = match dtype {
        DType::Float32 => (Kind::Int, i64::from(i32::MAX)),
        DType::Float64 => (Kind::Int64, i64::MAX),
        DType::UInt16 | DType::UInt32 => return widened(x, dtype),
        _ => return ordered(x, dtype),
    };
    // Adding 0.0 leaves one zero. Negative numbers grow towards zero, against their bits.
    let bits = x.plus(0.0)?.f_contiguous()?.f_view_dtype(bits)?;
    let turned = bits.xor(magnitude)?.f_where_self(&bits.is_below(0)?, &bits)?;
    turned.with_where(&x.f_isnan()?, magnitude)
}

#[implements(searchsorted)]
fn searchsorted(
    x1: &TorchArray,
    x2: &TorchArray,
    sorter: Option<&TorchArray>,
    p: &Searchsorted,
    verdict: &Verdict,
) -> Result<TorchArray> {
    together("searchsorted", x1, x2)?;
    let order = match sorter {
        Some(sorter) => {
            together("searchsorted", x1, sorter)?;
            Some(positions("searchsorted", sorter, 0, x1.dims()[0])?)
        }
        None => None,
    };
    let right = p.side == "right";
    let searched = || {
        let sorted = keys(x1.tensor(), x1.dtype())?;
        let sorted = match &order {
            Some(order) => sorted.f_index_select(0, order)?,
            None => sorted,
        };
        let wanted = keys(x2.tensor(), x2.dtype())?.f_contiguous()?;
        wanted.f_searchsorted(&sorted.f_contiguous()?, false, right, p.side.as_str(), None::<Tensor>)
    };
    made("searchsorted", searched(), verdict.dtype())
}
