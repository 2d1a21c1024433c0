//! Variances in one pass over memory.
//!
//! The elements of a result are cut into blocks, and a block, which the first-level cache holds, is gone over
//! twice: for its mean, and for the squared deviations from it. Blocks are joined pairwise as those of a sum are, by the
//! formula of Chan, Golub and LeVeque. That loses digits where the mean is large beside the deviations, so numbers are
//! taken relative to the first one. The bits depend on the reduced length alone, as those of a sum do.

use array_api::{Error, Result};
use std::sync::Mutex;

use crate::array::{NdArray, NdElement};
use crate::engine::deviation_kernel::{BLOCK, COLUMNS, Real, moments};
use crate::engine::share;

/// Elements from which on a second thread pays.
const PARALLEL: usize = 1 << 15;

/// The sum of squared deviations from the mean, divided by the length less `correction`; its root if `root`.
///
/// `axes` are valid, distinct axes in ascending order, and `shape` is that of the result.
///
/// # Errors
/// [`ErrorKind::DType`](array_api::ErrorKind::DType) for arrays of other than real floating-point numbers.
///
/// ```
/// use array_ndarray::{NdArray, variance::variance};
/// let x = NdArray::from_vec(vec![1.0, 3.0, 5.0, 5.0], &[2, 2]);
/// assert_eq!(variance(&x, &[1], &[2], 0.0, false)?.to_vec::<f64>().unwrap(), [1.0, 0.0]);
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn variance(x: &NdArray, axes: &[usize], shape: &[usize], correction: f64, root: bool) -> Result<NdArray> {
    match x.dtype() {
        array_api::DType::Float32 => run::<f32>(x, axes, shape, correction, root),
        array_api::DType::Float64 => run::<f64>(x, axes, shape, correction, root),
        other => Err(Error::dtype("var", format!("is not defined for {other}, only for real floating-point numbers"))),
    }
}

fn run<T: Real + NdElement>(
    x: &NdArray,
    axes: &[usize],
    shape: &[usize],
    correction: f64,
    root: bool,
) -> Result<NdArray> {
    let rank = x.shape().len();
    // Reduced axes side by side are one; others go last.
    let together = axes.windows(2).all(|a| a[0] + 1 == a[1]);
    let first = axes.first().copied().unwrap_or(rank);
    let (x, first) = match together {
        true => (x.contiguous(), first),
        false => {
            let kept = (0..rank).filter(|a| !axes.contains(a));
            let order: Vec<usize> = kept.chain(axes.iter().copied()).collect();
            (x.clone().permuted(&order).contiguous(), rank - axes.len())
        }
    };
    let extents = x.shape();
    let outer: usize = extents[..first].iter().product();
    let length: usize = extents[first..first + axes.len()].iter().product();
    let inner: usize = extents[first + axes.len()..].iter().product();
    let mut out = vec![T::zero(); outer * inner];
    if length > 0 && !out.is_empty() {
        let view = x.view::<T>();
        let data = view.as_ref().and_then(|v| v.as_slice()).unwrap_or_default();
        Plan { data, length, inner }.execute(&mut out);
    }
    let count = T::from((length as f64 - correction).max(0.0)).unwrap_or_else(T::nan);
    for value in &mut out {
        let variance = *value / count;
        *value = if root { variance.sqrt() } else { variance };
    }
    Ok(NdArray::from_vec(out, shape))
}

/// Columns of an array, `length` rows of `inner` elements at a time.
struct Plan<'a, T> {
    data: &'a [T],
    length: usize,
    inner: usize,
}

impl<T: Real + NdElement> Plan<'_, T> {
    /// Writes the sums of squared deviations.
    fn execute(&self, out: &mut [T]) {
        let blocks = self.length.div_ceil(BLOCK);
        let threads = if self.data.len() >= PARALLEL && share::alone() { rayon::current_num_threads() } else { 1 };
        // Outputs side by side are computed together, and never outputs of two slabs.
        let per_row = self.inner.div_ceil(COLUMNS);
        let units = out.len() / self.inner * per_row;
        let first = |u: usize| u / per_row * self.length * self.inner + u % per_row * COLUMNS;
        let pieces = out.chunks_mut(self.inner).flat_map(|row| row.chunks_mut(COLUMNS)).enumerate();
        let whole = |moments: &mut Moments<T>, (u, out): (usize, &mut [T])| {
            moments.counter(out.len(), blocks, |m, b| self.block(first(u), b, m));
            out.copy_from_slice(&moments.rows[out.len()..2 * out.len()]);
        };
        if threads == 1 {
            let mut moments = Moments::default();
            return pieces.for_each(|piece| whole(&mut moments, piece));
        }
        if units >= 2 * threads {
            // Short lines go together, so that a turn is worth taking.
            let together = ((1 << 14) / (self.length * self.inner.min(COLUMNS))).clamp(1, units.div_ceil(4 * threads));
            let mut pieces = pieces;
            let groups = std::iter::from_fn(move || {
                let group: Vec<_> = pieces.by_ref().take(together).collect();
                (!group.is_empty()).then_some(group)
            });
            return share::turns_with(groups, Moments::default, |moments, group| {
                group.into_iter().for_each(|piece| whole(moments, piece));
            });
        }
        for (u, out) in pieces {
            let columns = out.len();
            // Subtrees of a power of two of blocks are what the counter would have built; there are many, so that threads end
            // together.
            let span = (blocks / (16 * threads)).next_power_of_two().max(1);
            let parts: Vec<_> = (0..blocks.div_ceil(span)).map(|_| Mutex::new((0, vec![]))).collect();
            share::parts(parts.len(), &|p| {
                let mut moments = Moments::default();
                let start = p * span;
                moments.counter(columns, span.min(blocks - start), |m, b| self.block(first(u), start + b, m));
                if let Ok(mut part) = parts[p].lock() {
                    *part = (moments.counts[0], moments.rows[..2 * columns].to_vec());
                }
            });
            let mut moments = Moments::default();
            moments.counter(columns, parts.len(), |m, p| {
                let Ok(part) = parts[p].lock() else { return 0 };
                m.copy_from_slice(&part.1);
                part.0
            });
            out.copy_from_slice(&moments.rows[columns..2 * columns]);
        }
    }

    /// The means and the squared deviations of a block; its length.
    fn block(&self, first: usize, block: usize, to: &mut [T]) -> usize {
        let (start, columns) = (block * BLOCK, to.len() / 2);
        let n = BLOCK.min(self.length - start);
        let (from, origins) = (&self.data[first + start * self.inner..], &self.data[first..first + columns]);
        assert!(from.len() >= (n - 1) * self.inner + columns && (columns == 1 || self.inner > 1));
        // SAFETY: the rows of the block lie within the array, as asserted, and there is room for two rows.
        unsafe { moments(n, from.as_ptr(), self.inner, columns, origins.as_ptr(), to.as_mut_ptr()) };
        n
    }
}

/// Means and squared deviations, joined as a binary counter carries.
pub(super) struct Moments<T> {
    /// A row of means and one of squares for each level.
    pub(super) rows: Vec<T>,
    /// Of how many elements they are.
    counts: Vec<usize>,
}

impl<T> Default for Moments<T> {
    fn default() -> Moments<T> {
        Moments { rows: Vec::new(), counts: Vec::new() }
    }
}

impl<T: Real> Moments<T> {
    /// Joins the moments of `columns` columns that `fill` gives in turn, with the number of elements; the result comes first.
    pub(super) fn counter(&mut self, columns: usize, count: usize, mut fill: impl FnMut(&mut [T], usize) -> usize) {
        let row = 2 * columns;
        let levels = count.ilog2() as usize + 2;
        if self.rows.len() < levels * row {
            self.rows.resize(levels * row, T::zero());
        }
        self.counts.clear();
        for i in 0..count {
            let n = fill(&mut self.rows[self.counts.len() * row..][..row], i);
            self.counts.push(n);
            (0..(i + 1).trailing_zeros()).for_each(|_| self.join(columns));
        }
        while self.counts.len() > 1 {
            self.join(columns);
        }
    }

    /// Joins the two last.
    fn join(&mut self, columns: usize) {
        let (Some(right), Some(left)) = (self.counts.pop(), self.counts.pop()) else { return };
        let all = left + right;
        self.counts.push(all);
        let share = right as f64 / all as f64;
        let (share, weight) =
            (T::from(share).unwrap_or_else(T::nan), T::from(left as f64 * share).unwrap_or_else(T::nan));
        let (low, high) = self.rows[(self.counts.len() - 1) * 2 * columns..].split_at_mut(2 * columns);
        let (means, squares) = low.split_at_mut(columns);
        let (other_means, other_squares) = high[..2 * columns].split_at(columns);
        for c in 0..columns {
            let apart = other_means[c] - means[c];
            means[c] = means[c] + apart * share;
            squares[c] = squares[c] + (other_squares[c] + apart * apart * weight);
        }
    }
}
