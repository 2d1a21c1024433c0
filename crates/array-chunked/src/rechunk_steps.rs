//! Other chunks in steps: no task needs many chunks at once.
//!
//! From rows to columns, every chunk of the result has elements of every chunk there is: in one step each task would hold them
//! all. With chunks in between, whose extents go from the first to the last ones by equal factors, a task holds a few, and the
//! elements are copied once for each step. The idea is that of Dask's `plan_rechunk` and of Pangeo's `rechunker`.

use array_api::DType;

use crate::chunk_spec::AUTO_BYTES;
use crate::chunks::{AxisChunks, Chunks};
use crate::rechunk::axis_runs;

/// How many chunks a task may take where they are large or there are many such tasks.
const FEW: usize = 32;

/// The bytes of chunks that a task may take at once, however many they are.
const ROOM: usize = 16 * AUTO_BYTES;

/// How many chunks all tasks together may take, however many each of them takes.
const EDGES: usize = 1 << 16;

/// The chunks in between, in order; none where one step will do.
pub(crate) fn between(from: &Chunks, to: &Chunks, dtype: DType) -> Vec<Chunks> {
    let needed = taken(from, to);
    let bytes = needed.saturating_mul(from.largest(dtype).unwrap_or(0));
    if needed <= FEW || bytes <= ROOM && needed.saturating_mul(to.count()) <= EDGES {
        return vec![];
    }
    let steps = ((needed as f64).ln() / (FEW as f64).ln()).ceil() as usize;
    let chunks: Vec<Chunks> = (1..steps).map(|i| partway(from, to, i as f64 / steps as f64)).collect();
    // Chunks of very different extents along an axis may need as many in a step as without steps.
    let all = || std::iter::once(from).chain(&chunks).zip(chunks.iter().chain(std::iter::once(to)));
    if all().all(|(a, b)| taken(a, b) < needed) { chunks } else { vec![] }
}

/// The most chunks that one of `to` has elements of.
fn taken(from: &Chunks, to: &Chunks) -> usize {
    let axes = from.axes().iter().zip(to.axes());
    axes.map(|(from, to)| axis_runs(from, to).iter().map(Vec::len).max().unwrap_or(1)).fold(1, usize::saturating_mul)
}

/// Extents a share of the way from those of `from` to those of `to`, by factors. So chunks are no larger than the larger ones.
fn partway(from: &Chunks, to: &Chunks, share: f64) -> Chunks {
    let widest = |axis: &AxisChunks| axis.sizes().and_then(|s| s.iter().max().copied()).unwrap_or(1).max(1) as f64;
    let axes = from.axes().iter().zip(to.axes()).map(|(a, b)| {
        if a == b {
            return a.clone();
        }
        let size = widest(a).powf(1.0 - share) * widest(b).powf(share);
        AxisChunks::regular(a.extent(), (size as usize).max(1))
    });
    Chunks::new(axes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunks(axes: [(usize, usize); 2]) -> Chunks {
        Chunks::new(axes.map(|(extent, size)| AxisChunks::regular(extent, size)))
    }

    #[test]
    fn rows_become_columns_by_tiles() {
        let (rows, columns) = (chunks([(1024, 1), (1024, 1024)]), chunks([(1024, 1024), (1024, 1)]));
        let steps = between(&rows, &columns, DType::Float64);
        assert_eq!(steps, [chunks([(1024, 32), (1024, 32)])]);
        assert_eq!((taken(&rows, &steps[0]), taken(&steps[0], &columns)), (32, 32));
    }

    #[test]
    fn what_takes_few_chunks_is_done_at_once() {
        let (rows, columns) = (chunks([(100, 10), (100, 100)]), chunks([(100, 100), (100, 10)]));
        assert!(between(&rows, &columns, DType::Float64).is_empty());
        // Many, but small ones, and not many such tasks.
        let (rows, columns) = (chunks([(100, 1), (100, 100)]), chunks([(100, 100), (100, 10)]));
        assert!(between(&rows, &columns, DType::Float64).is_empty());
        let whole = chunks([(1 << 20, 1 << 20), (1 << 20, 1 << 20)]);
        assert!(between(&whole, &whole, DType::Float64).is_empty());
    }

    #[test]
    fn no_step_has_chunks_larger_than_those_at_its_ends() {
        let (rows, columns) = (chunks([(40_000, 40), (5_000, 5_000)]), chunks([(40_000, 40_000), (5_000, 5)]));
        let steps = between(&rows, &columns, DType::Float32);
        assert!(!steps.is_empty());
        let most = rows.largest(DType::Float32).max(columns.largest(DType::Float32));
        assert!(steps.iter().all(|s| s.largest(DType::Float32) <= most));
    }
}
