//! How an array is cut into chunks: the extents of the pieces along each axis.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use array_api::{DType, Dims, Error, Result, UNKNOWN};

/// The extents of the pieces along one axis.
#[derive(Clone, Debug)]
pub enum AxisChunks {
    /// Known extents, at least one; an axis without elements is one piece of extent 0.
    Known(Arc<[usize]>),
    /// So many pieces of extents that depend on data. Only axes of one origin fit each other.
    Unknown {
        /// The number of pieces.
        pieces: usize,
        /// Which computation they come from.
        origin: u64,
    },
}

impl AxisChunks {
    /// One piece.
    pub fn whole(extent: usize) -> AxisChunks {
        AxisChunks::Known([extent].into())
    }

    /// Pieces of `size`, the last one shorter.
    pub fn regular(extent: usize, size: usize) -> AxisChunks {
        if extent == 0 {
            return AxisChunks::whole(0);
        }
        let size = size.clamp(1, extent);
        let last = extent % size;
        AxisChunks::Known(std::iter::repeat_n(size, extent / size).chain((last > 0).then_some(last)).collect())
    }

    /// Pieces of extents that are not known before computing.
    pub(crate) fn unknown(pieces: usize) -> AxisChunks {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        AxisChunks::Unknown { pieces, origin: NEXT.fetch_add(1, Relaxed) }
    }

    /// The number of pieces.
    pub fn len(&self) -> usize {
        match self {
            AxisChunks::Known(sizes) => sizes.len(),
            AxisChunks::Unknown { pieces, .. } => *pieces,
        }
    }

    /// Whether there are no pieces, which never is so.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The extents, if they are known.
    pub fn sizes(&self) -> Option<&[usize]> {
        match self {
            AxisChunks::Known(sizes) => Some(sizes),
            AxisChunks::Unknown { .. } => None,
        }
    }

    /// The extent of a piece, or [`UNKNOWN`].
    pub fn size(&self, piece: usize) -> usize {
        self.sizes().map_or(UNKNOWN, |sizes| sizes[piece])
    }

    /// The extent of the axis, or [`UNKNOWN`].
    pub fn extent(&self) -> usize {
        self.sizes().map_or(UNKNOWN, |sizes| sizes.iter().sum())
    }

    /// Where each piece begins, and at last where the axis ends.
    pub(crate) fn offsets(sizes: &[usize]) -> Vec<usize> {
        let mut at = 0;
        std::iter::once(0)
            .chain(sizes.iter().map(|n| {
                at += n;
                at
            }))
            .collect()
    }

    /// Pieces that end wherever one of either ends: both can be cut into them without a copy of more than one piece.
    pub(crate) fn refine(&self, other: &AxisChunks) -> Option<AxisChunks> {
        if self == other {
            return Some(self.clone());
        }
        let (a, b) = (self.sizes()?, other.sizes()?);
        let mut ends: Vec<usize> = AxisChunks::offsets(a).into_iter().chain(AxisChunks::offsets(b)).collect();
        ends.sort_unstable();
        ends.dedup();
        let sizes: Vec<usize> = ends.windows(2).map(|w| w[1] - w[0]).collect();
        Some(if sizes.is_empty() { AxisChunks::whole(0) } else { AxisChunks::Known(sizes.into()) })
    }
}

impl PartialEq for AxisChunks {
    fn eq(&self, other: &AxisChunks) -> bool {
        match (self, other) {
            (AxisChunks::Known(a), AxisChunks::Known(b)) => Arc::ptr_eq(a, b) || a == b,
            (AxisChunks::Unknown { pieces: p, origin: a }, AxisChunks::Unknown { pieces: q, origin: b }) => {
                p == q && a == b
            }
            _ => false,
        }
    }
}

/// The chunks of an array: pieces along each axis, and their products.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Chunks(Arc<[AxisChunks]>);

impl Chunks {
    /// From the pieces of each axis.
    pub fn new(axes: impl IntoIterator<Item = AxisChunks>) -> Chunks {
        Chunks(axes.into_iter().collect())
    }

    /// One chunk.
    pub fn whole(dims: &[usize]) -> Chunks {
        Chunks::new(dims.iter().map(|&n| AxisChunks::whole(n)))
    }

    /// The pieces of each axis.
    pub fn axes(&self) -> &[AxisChunks] {
        &self.0
    }

    /// The extents of the array.
    pub fn dims(&self) -> Dims {
        self.0.iter().map(AxisChunks::extent).collect()
    }

    /// The number of pieces along each axis.
    pub fn grid(&self) -> Dims {
        self.0.iter().map(AxisChunks::len).collect()
    }

    /// The number of chunks.
    pub fn count(&self) -> usize {
        self.0.iter().map(AxisChunks::len).product()
    }

    /// The extents of the chunk at a place of the grid.
    pub(crate) fn at(&self, place: &[usize]) -> Dims {
        self.0.iter().zip(place).map(|(a, &i)| a.size(i)).collect()
    }

    /// The extents along each axis.
    ///
    /// # Errors
    /// Where they depend on data that is not computed yet.
    pub(crate) fn sizes(&self, op: &str) -> Result<Vec<Arc<[usize]>>> {
        self.0
            .iter()
            .map(|a| match a {
                AxisChunks::Known(sizes) => Ok(sizes.clone()),
                AxisChunks::Unknown { .. } => Err(unknown_sizes(op)),
            })
            .collect()
    }

    /// Whether all extents are known.
    pub fn is_known(&self) -> bool {
        self.0.iter().all(|a| a.sizes().is_some())
    }

    /// The same chunks with other pieces along one axis.
    pub(crate) fn with(&self, axis: usize, pieces: AxisChunks) -> Chunks {
        let replaced = |(i, a): (usize, &AxisChunks)| if i == axis { pieces.clone() } else { a.clone() };
        Chunks(self.0.iter().enumerate().map(replaced).collect())
    }

    /// The bytes of the largest chunk, if they are known.
    pub fn largest(&self, dtype: DType) -> Option<usize> {
        let widest = |a: &AxisChunks| a.sizes()?.iter().max().copied();
        self.0.iter().try_fold(dtype.size(), |n, a| n.checked_mul(widest(a)?))
    }
}

/// What a function answers that needs extents which are not computed yet.
#[cold]
pub(crate) fn unknown_sizes(op: &str) -> Error {
    Error::shape(
        op,
        "the array has chunks whose extents depend on data; `compute_chunk_sizes` finds them out, and the namespace's \
         option sizes=compute does so at once",
    )
}

impl fmt::Display for Chunks {
    /// The extents of the pieces, `3x1000` for three of 1000.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (i, axis) in self.0.iter().enumerate() {
            f.write_str(if i > 0 { ", " } else { "" })?;
            match axis {
                AxisChunks::Unknown { pieces, .. } => write!(f, "{pieces}x?")?,
                AxisChunks::Known(sizes) => {
                    let runs: Vec<&[usize]> = sizes.chunk_by(|a, b| a == b).collect();
                    for (j, run) in runs.iter().take(4).enumerate() {
                        f.write_str(if j > 0 { "+" } else { "" })?;
                        if run.len() == 1 { write!(f, "{}", run[0])? } else { write!(f, "{}x{}", run.len(), run[0])? }
                    }
                    f.write_str(if runs.len() > 4 { "+..." } else { "" })?;
                }
            }
        }
        f.write_str(if self.0.len() == 1 { ",)" } else { ")" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refinement_ends_where_either_ends() {
        let axis = |sizes: &[usize]| AxisChunks::Known(sizes.into());
        assert_eq!(axis(&[4, 4]).refine(&axis(&[3, 5])), Some(axis(&[3, 1, 4])));
        assert_eq!(axis(&[0]).refine(&axis(&[0])), Some(axis(&[0])));
        let unknown = AxisChunks::unknown(2);
        assert_eq!(unknown.refine(&unknown), Some(unknown.clone()));
        assert_eq!(unknown.refine(&AxisChunks::unknown(2)), None);
    }
}
