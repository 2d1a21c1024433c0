//! Lines of an axis, each computed by itself: its result does not depend on the lines beside it or on the number of threads.

use array_api::Result;
use std::sync::OnceLock;

use crate::array::{NdArray, NdElement};
use crate::engine::{pool, share};

/// Elements of input and output from which on lines are shared among threads.
const PARALLEL: usize = 1 << 13;

/// Computes every line of an axis, `out` elements (at least one) from the ones there are: `line(from, to, buffers)`, where `to`
/// is zero, and each thread makes its own buffers.
pub(crate) fn lines<T: NdElement, U: NdElement, B>(
    x: &NdArray,
    axis: usize,
    out: usize,
    buffers: impl Fn() -> B + Sync,
    line: impl Fn(&[T], &mut [U], &mut B) -> Result<()> + Sync,
) -> Result<NdArray> {
    // The axis goes last, where lines have no gaps, and its place is given back at the end.
    let rank = x.shape().len();
    let last: Vec<usize> = (0..rank).filter(|&a| a != axis).chain([axis]).collect();
    let mut back: Vec<usize> = (0..rank - 1).collect();
    back.insert(axis, rank - 1);
    let x = x.clone().permuted(&last).contiguous();
    let view = x.view::<T>();
    let from = view.as_ref().and_then(|v| v.as_slice()).unwrap_or_default();
    let mut shape = x.shape().to_vec();
    let m = std::mem::replace(&mut shape[rank - 1], out);
    let size = shape.iter().product();
    let mut to = pool::vector::<U>(size);
    to.resize(size, U::default());
    // Of an axis without elements only zeros are transformed.
    if !from.is_empty() {
        let many = from.len() > m && from.len() + to.len() >= PARALLEL;
        let each = |b: &mut B, (from, to): (&[T], &mut [U])| {
            from.chunks_exact(m).zip(to.chunks_exact_mut(out)).try_for_each(|(from, to)| line(from, to, b))
        };
        if many && share::alone() {
            // Short lines go together, so that a turn is worth taking.
            let together = (PARALLEL / 2 / (m + out)).max(1);
            let failure = OnceLock::new();
            let groups = from.chunks(m * together).zip(to.chunks_mut(out * together));
            share::turns_with(groups, &buffers, |b, group| {
                if let Err(e) = each(b, group) {
                    // One failure is enough to say.
                    let _ = failure.set(e);
                }
            });
            failure.into_inner().map_or(Ok(()), Err)?;
        } else {
            each(&mut buffers(), (from, &mut to))?;
        }
    }
    Ok(NdArray::from_vec(to, &shape).permuted(&back))
}
