//! Positions of the largest and smallest elements.

use array_api::{DType, Error, Result};

use crate::array::{NdArray, NdElement};
use crate::engine::share;

/// The position of the first largest element along an axis, or in C order of the whole array; a NaN counts as largest.
///
/// The result is `int64` of the given shape.
///
/// # Errors
/// [`ErrorKind::DType`](array_api::ErrorKind::DType) for `bool` and complex arrays,
/// [`ErrorKind::Value`](array_api::ErrorKind::Value) if there is nothing to choose from.
///
/// ```
/// use array_ndarray::{NdArray, position::argmax};
/// let x = NdArray::from_vec(vec![1.0, 3.0, 3.0, 7.0, f64::NAN, f64::NAN], &[2, 3]);
/// assert_eq!(argmax(&x, Some(1), &[2])?.to_vec::<i64>().unwrap(), [1, 1]);
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn argmax(x: &NdArray, axis: Option<usize>, shape: &[usize]) -> Result<NdArray> {
    run("argmax", x, axis, shape, true)
}

/// The position of the first smallest element; a NaN counts as smallest; otherwise as [`argmax`].
///
/// # Errors
/// As [`argmax`].
pub fn argmin(x: &NdArray, axis: Option<usize>, shape: &[usize]) -> Result<NdArray> {
    run("argmin", x, axis, shape, false)
}

fn run(name: &'static str, x: &NdArray, axis: Option<usize>, shape: &[usize], largest: bool) -> Result<NdArray> {
    let x = x.contiguous();
    macro_rules! by_type {
        ($($variant:ident: $t:ty),*) => {
            match x.dtype() {
                $(DType::$variant => search::<$t>(name, &x, axis, shape, largest),)*
                other => Err(Error::dtype(name, format!("is not defined for {other}, only for real numbers"))),
            }
        };
    }
    by_type!(
        Int8: i8, Int16: i16, Int32: i32, Int64: i64, UInt8: u8, UInt16: u16, UInt32: u32, UInt64: u64, Float32: f32,
        Float64: f64
    )
}

/// Lines of one chunk of columns are searched together, so that memory is read in order.
const COLUMNS: usize = 64;

// A NaN is the only value that differs from itself, so it beats everything that does not.
#[allow(clippy::eq_op)]
fn search<T: NdElement + PartialOrd>(
    name: &'static str,
    x: &NdArray,
    axis: Option<usize>,
    shape: &[usize],
    largest: bool,
) -> Result<NdArray> {
    let lens = x.shape();
    let (outer, length, inner) = match axis {
        Some(axis) => (lens[..axis].iter().product(), lens[axis], lens[axis + 1..].iter().product::<usize>()),
        None => (1, x.len(), 1),
    };
    let outputs: usize = outer * inner;
    if outputs > 0 && length == 0 {
        return Err(Error::value(name, "there is no element to choose: the axis has length 0"));
    }
    let view = x.view::<T>();
    let Some(data) = view.as_ref().and_then(|v| v.as_slice()) else { unreachable!("contiguous and of this type") };
    let mut positions = vec![0_i64; outputs];
    let search = |o: usize, from: usize, out: &mut [i64]| {
        let slab = &data[o * length * inner..(o + 1) * length * inner];
        let mut best = [T::default(); COLUMNS];
        best[..out.len()].copy_from_slice(&slab[from..from + out.len()]);
        for r in 1..length {
            let row = &slab[r * inner + from..][..out.len()];
            for (c, &y) in row.iter().enumerate() {
                let b = best[c];
                let better = if largest { y > b } else { y < b };
                if better || (y != y && b == b) {
                    best[c] = y;
                    out[c] = r as i64;
                }
            }
        }
    };
    // Short lines go together, so that a turn is worth taking.
    let together = (4096 / (length * inner).max(1)).max(1);
    let work = |(turn, lines): (usize, &mut [i64])| {
        for (l, line) in lines.chunks_mut(inner).enumerate() {
            for (c, out) in line.chunks_mut(COLUMNS).enumerate() {
                search(turn * together + l, c * COLUMNS, out);
            }
        }
    };
    if outputs > 0 {
        let turns = positions.chunks_mut(together * inner).enumerate();
        if x.len() >= 1 << 16 && share::alone() { share::turns(turns, work) } else { turns.for_each(work) }
    }
    Ok(NdArray::from_vec(positions, shape))
}
