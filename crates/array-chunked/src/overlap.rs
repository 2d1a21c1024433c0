//! Functions of chunks and their neighbours: stencils, filters, moving windows.

use std::sync::Arc;

use array_api::{Array, At, BroadcastTo, DType, Dims, Error, Full, Index, Indices, Result, Scalar};

use crate::array::{ChunkedArray, of};
use crate::chunks::{AxisChunks, Chunks, unknown_sizes};
use crate::node::{Layout, Lazy, Node, Work};
use crate::rechunk::{AxisRuns, Run};

const OP: &str = "map_overlap";

/// What a chunk at an end of the array is given for what lies beyond it.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub enum Boundary {
    /// Nothing: the chunk ends where the array ends.
    #[default]
    None,
    /// The elements in reverse, the last one first: `c b a | a b c`.
    Reflect,
    /// The last element again and again: `a a a | a b c`.
    Nearest,
    /// The array from its other end: `x y z | a b c`.
    Periodic,
    /// A number.
    Constant(Scalar),
}

/// How many of their neighbours' elements chunks are given along each axis.
///
/// ```
/// use array_chunked::{Boundary, Overlap};
/// let overlap = Overlap::new().axis(0, 2, Boundary::Reflect);
/// assert_eq!(overlap, overlap.clone().axis(1, 0, Boundary::None));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Overlap(Vec<(usize, Boundary)>);

impl Overlap {
    /// None along any axis.
    pub fn new() -> Overlap {
        Overlap::default()
    }

    /// `depth` elements on either side along an axis, and what takes their place at the array's ends.
    pub fn axis(mut self, axis: usize, depth: usize, boundary: Boundary) -> Overlap {
        if self.0.len() <= axis {
            self.0.resize(axis + 1, (0, Boundary::None));
        }
        self.0[axis] = (depth, boundary);
        self
    }

    fn at(&self, axis: usize) -> (usize, Boundary) {
        self.0.get(axis).copied().unwrap_or_default()
    }
}

impl PartialEq for Overlap {
    fn eq(&self, other: &Overlap) -> bool {
        (0..self.0.len().max(other.0.len())).all(|axis| self.at(axis) == other.at(axis))
    }
}

/// A function of chunk after chunk, each with some elements of its neighbours.
///
/// The function gives an array of the shape that it was given, of type `dtype`; the elements that belong to neighbours are cut
/// off again. So it may use as many elements around each one as the overlap is deep, and the result does not depend on the
/// chunks. Chunks may be shorter than the overlap. A function is known to this process only: other executors refuse it.
///
/// ```
/// use array_api::{Array, Result, index};
/// use array_chunked::{Boundary, Overlap, from_array, map_overlap};
///
/// /// The sum of each element and its two neighbours; the first and the last element have only one.
/// fn sums(x: &Array) -> Result<Array> {
///     let pairs = array_api::add(array_api::at(x, index![1..])?, array_api::at(x, index![..-1])?)?;
///     let out = array_api::set_at(x, pairs, index![1..])?;
///     let both = array_api::add(array_api::at(&out, index![..-1])?, array_api::at(x, index![1..])?)?;
///     array_api::set_at(&out, both, index![..-1])
/// }
///
/// let x = from_array(&array_ndarray::namespace().asarray([1, 2, 3, 4, 5])?, 2)?;
/// let y = map_overlap("sums", &x, &Overlap::new().axis(0, 1, Boundary::Periodic), x.dtype(), sums)?;
/// assert_eq!(y.to_vec::<i32>()?, [8, 6, 9, 12, 10]);
/// # Ok::<(), array_api::Error>(())
/// ```
///
/// # Errors
/// If the array is not chunked or has extents that depend on data, the overlap names an axis that the array does not have, or
/// it is deeper than the array is long where what lies beyond comes from the array.
pub fn map_overlap(
    name: &str,
    x: &Array,
    overlap: &Overlap,
    dtype: DType,
    function: impl Fn(&Array) -> Result<Array> + Send + Sync + 'static,
) -> Result<Array> {
    let lazy = of(OP, x)?;
    let own = lazy.chunks().clone();
    if overlap.0.len() > own.axes().len() {
        let message = format!("axis {} does not exist; the array has {}", overlap.0.len() - 1, own.axes().len());
        return Err(Error::axis(OP, message));
    }
    let mut padded = x.clone();
    for axis in 0..own.axes().len() {
        padded = beyond(&padded, axis, overlap.at(axis))?;
    }
    let padded = of(OP, &padded)?;
    let spans = own.axes().iter().enumerate().map(|(axis, pieces)| spans(pieces, overlap.at(axis)));
    let spans = spans.collect::<Result<Vec<Vec<Span>>>>()?;
    let pieces = |axis: usize| padded.chunks().axes()[axis].sizes().unwrap_or_default();
    let runs = spans.iter().enumerate().map(|(axis, spans)| spans.iter().map(|s| s.runs(pieces(axis))).collect());
    let extents = |spans: &Vec<Span>| AxisChunks::Known(spans.iter().map(|s| s.extent).collect());
    let wide = boxes(padded, runs.collect(), Chunks::new(spans.iter().map(extents)));
    let shaped = move |blocks: &[Array]| -> Result<Array> {
        let out = function(&blocks[0])?;
        if out.dims() == blocks[0].dims() {
            return Ok(out);
        }
        let message = format!("the function gave shape {} for a chunk of shape {}", out.dims(), blocks[0].dims());
        Err(Error::shape(OP, message))
    };
    let done = crate::array::map_blocks(name, &[&Array::new(ChunkedArray::new(wide))], dtype, shaped)?;
    let kept = |spans: &Vec<Span>| spans.iter().enumerate().map(|(piece, s)| vec![s.kept(piece)]).collect();
    Ok(Array::new(ChunkedArray::new(boxes(of(OP, &done)?, spans.iter().map(kept).collect(), own))))
}

/// A chunk with its neighbours' elements along an axis.
struct Span {
    /// Where it begins in the array that goes on beyond its ends, and how long it is.
    start: usize,
    extent: usize,
    /// How many elements come before its own ones, and how many those are.
    before: usize,
    own: usize,
}

impl Span {
    /// The runs of pieces that it consists of.
    fn runs(&self, pieces: &[usize]) -> Vec<Run> {
        let mut runs = vec![];
        let (mut at, mut filled) = (0, 0);
        for (piece, &size) in pieces.iter().enumerate() {
            let from = (self.start + filled).max(at);
            let count = (at + size).saturating_sub(from).min(self.extent - filled);
            if count > 0 {
                runs.push(Run { piece, start: from - at, count, step: 1, to: filled });
                filled += count;
            }
            at += size;
        }
        if runs.is_empty() {
            runs.push(Run { piece: 0, start: 0, count: 0, step: 1, to: 0 });
        }
        runs
    }

    /// The run of its own elements.
    fn kept(&self, piece: usize) -> Run {
        Run { piece, start: self.before, count: self.own, step: 1, to: 0 }
    }
}

fn spans(pieces: &AxisChunks, (depth, boundary): (usize, Boundary)) -> Result<Vec<Span>> {
    let sizes = pieces.sizes().ok_or_else(|| unknown_sizes(OP))?;
    let offsets = AxisChunks::offsets(sizes);
    let extent = pieces.extent();
    let span = |(&own, &first): (&usize, &usize)| match boundary {
        Boundary::None => {
            let start = first.saturating_sub(depth);
            let end = (first + own).saturating_add(depth).min(extent);
            Span { start, extent: end - start, before: first - start, own }
        }
        _ => Span { start: first, extent: own + 2 * depth, before: depth, own },
    };
    Ok(sizes.iter().zip(&offsets).map(span).collect())
}

/// The array with what lies beyond its ends along an axis.
fn beyond(x: &Array, axis: usize, (depth, boundary): (usize, Boundary)) -> Result<Array> {
    let dims = x.dims().clone();
    let n = *dims.known().ok_or_else(|| unknown_sizes(OP))?.get(axis).unwrap_or(&0);
    if depth == 0 || boundary == Boundary::None {
        return Ok(x.clone());
    }
    if !matches!(boundary, Boundary::Constant(_)) && (n == 0 || depth > n && boundary != Boundary::Nearest) {
        let message = format!("{depth} elements beyond the ends of axis {axis} cannot come from the {n} that it has");
        return Err(Error::value(OP, message));
    }
    if depth > isize::MAX as usize / 4 {
        return Err(Error::value(OP, format!("an overlap of {depth} elements is longer than any array")));
    }
    let slice = |start: usize, stop: usize, step: isize| {
        let all = |a: usize| if a == axis { one(start, stop, step) } else { Index::full() };
        array_api::at(x, At { index: Indices((0..dims.len()).map(all).collect()) })
    };
    let wide = |end: Array| array_api::broadcast_to(end, BroadcastTo { shape: dims.with(axis, depth) });
    let [before, after] = match boundary {
        Boundary::None => return Ok(x.clone()),
        Boundary::Periodic => [slice(n - depth, n, 1)?, slice(0, depth, 1)?],
        Boundary::Reflect => [slice(0, depth, -1)?, slice(n - depth, n, -1)?],
        Boundary::Nearest => [wide(slice(0, 1, 1)?)?, wide(slice(n - 1, n, 1)?)?],
        Boundary::Constant(fill_value) => {
            let shape: Dims = dims.with(axis, depth);
            let full = x.namespace().full(Full { shape, fill_value, dtype: Some(x.dtype()) })?;
            [full.clone(), full]
        }
    };
    array_api::concat([&before, x, &after], array_api::Concat { axis: axis as isize })
}

/// The elements from `start` to `stop`, in reverse for a negative step.
fn one(start: usize, stop: usize, step: isize) -> Index {
    if step > 0 {
        return Index::Slice { start: Some(start as isize), stop: Some(stop as isize), step };
    }
    Index::Slice { start: Some(stop as isize - 1), stop: start.checked_sub(1).map(|s| s as isize), step }
}

/// Chunks put together from boxes of others.
fn boxes(x: &Lazy, runs: Vec<AxisRuns>, chunks: Chunks) -> Lazy {
    let layout = Layout { dtype: x.dtype(), chunks };
    let node = Node::new(Work::Boxes(Arc::new(runs)), vec![x.clone()], vec![layout], x.node.space.clone());
    Lazy { node, output: 0 }
}
