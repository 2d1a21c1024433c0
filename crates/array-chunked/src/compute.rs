//! Asking for values: as one array, as chunks, or for extents only.

use array_api::{Array, DType, Dims, Empty, Error, Index, Indices, Namespace, Outs, Result, SetAt};

use crate::array::{ChunkedArray, of};
use crate::chunk_spec::ChunkSpec;
use crate::chunks::{AxisChunks, Chunks};
use crate::execute;
use crate::local::{Local, size};
use crate::node::{Layout, Lazy, Node, Work};
use crate::plan::plan;
use crate::tasks::places;

/// Computes an array and gives it as one array of the chunks' kind.
///
/// ```
/// let x = array_ndarray::namespace().asarray([[1.0, 2.0], [3.0, 4.0]])?;
/// let y = array_api::sum(&array_chunked::from_array(&x, 1)?, 0)?;
/// let y = array_chunked::compute(&y)?;
/// assert_eq!((y.kind().name(), y.to_vec::<f64>()?), ("ndarray", vec![4.0, 6.0]));
/// # Ok::<(), array_api::Error>(())
/// ```
///
/// # Errors
/// If the array is not chunked, or a task fails.
pub fn compute(x: &Array) -> Result<Array> {
    gather(of("compute", x)?)
}

/// Computes several arrays together: what they share is computed once.
///
/// # Errors
/// If an array is not chunked, or a task fails.
pub fn compute_all(arrays: &[&Array]) -> Result<Vec<Array>> {
    computed(arrays, &Local::new())
}

pub(crate) fn computed(arrays: &[&Array], with: &Local) -> Result<Vec<Array>> {
    let lazy = arrays.iter().map(|x| of("compute", x).cloned()).collect::<Result<Vec<_>>>()?;
    for x in &lazy {
        admitted(&x.node.space, result_bytes(x), "the result takes")?;
    }
    let blocks = execute::run(&plan(&lazy)?, with)?;
    lazy.iter().zip(blocks).map(|(x, blocks)| join(x.chunks(), blocks)).collect()
}

/// The number of tasks that computing an array takes.
///
/// # Errors
/// If the array is not chunked.
pub fn plan_size(x: &Array) -> Result<usize> {
    Ok(plan(std::slice::from_ref(of("plan", x)?))?.tasks.len())
}

/// Computes the chunks of an array and keeps them: what is made of it afterwards begins there.
///
/// # Errors
/// If the array is not chunked, or a task fails.
pub fn persist(x: &Array) -> Result<Array> {
    Ok(persist_all(&[x])?.swap_remove(0))
}

/// Computes the chunks of several arrays together, and keeps them: what they share is computed once.
///
/// [`array_api::persist`] does so with the chunked arrays of a tree.
///
/// # Errors
/// If an array is not chunked, or a task fails.
pub fn persist_all(arrays: &[&Array]) -> Result<Vec<Array>> {
    persisted(arrays, &Local::new())
}

pub(crate) fn persisted(arrays: &[&Array], with: &Local) -> Result<Vec<Array>> {
    let lazy = arrays.iter().map(|x| of("persist", x).cloned()).collect::<Result<Vec<_>>>()?;
    let blocks = execute::run(&plan(&lazy)?, with)?;
    Ok(lazy.iter().zip(blocks).map(|(x, blocks)| held(x, x.chunks().clone(), blocks)).collect())
}

/// The same array in other chunks.
///
/// # Errors
/// If the array is not chunked, or the chunks do not fit.
pub fn rechunk(x: &Array, chunks: impl Into<ChunkSpec>) -> Result<Array> {
    let lazy = of("rechunk", x)?;
    let dims = lazy.dims();
    let chunks =
        chunks.into().resolve(dims.known().ok_or_else(|| crate::chunks::unknown_sizes("rechunk"))?, lazy.dtype())?;
    Ok(Array::new(ChunkedArray::new(crate::rechunk::rechunk(lazy, &chunks)?)))
}

/// Computes the chunks of an array whose extents are not known, so that they are. An array of known extents stays as it is.
///
/// # Errors
/// If the array is not chunked, or a task fails.
pub fn compute_chunk_sizes(x: &Array) -> Result<Array> {
    of("compute_chunk_sizes", x)?;
    Ok(sized(Outs::One(x.clone()))?.into_vec().swap_remove(0))
}

/// Results with all extents known; those that are not are computed together.
pub(crate) fn sized(outs: Outs) -> Result<Outs> {
    let unknown = |x: &Lazy| !x.chunks().is_known();
    let lazy: Vec<Lazy> = outs.as_slice().iter().filter_map(|x| of("compute_chunk_sizes", x).ok().cloned()).collect();
    let wanted: Vec<Lazy> = lazy.iter().filter(|x| unknown(x)).cloned().collect();
    if wanted.is_empty() {
        return Ok(outs);
    }
    let mut computed = execute::run(&plan(&wanted)?, &Local::new())?.into_iter();
    outs.map(|x| match of("compute_chunk_sizes", &x) {
        Ok(lazy) if unknown(lazy) => {
            let blocks = computed.next().ok_or_else(|| Error::backend("compute", "a result is missing"))?;
            let (chunks, blocks) = without_empty(measured(lazy.chunks(), &blocks), blocks);
            Ok(held(lazy, chunks, blocks))
        }
        _ => Ok(x),
    })
}

/// Chunks that turned out to be empty are left out, unless nothing else is there.
fn without_empty(chunks: Chunks, blocks: Vec<Array>) -> (Chunks, Vec<Array>) {
    let kept: Vec<Vec<usize>> = chunks
        .axes()
        .iter()
        .map(|axis| {
            let some: Vec<usize> = (0..axis.len()).filter(|&i| axis.size(i) > 0).collect();
            if some.is_empty() { vec![0] } else { some }
        })
        .collect();
    let axes = chunks
        .axes()
        .iter()
        .zip(&kept)
        .map(|(axis, kept)| AxisChunks::Known(kept.iter().map(|&i| axis.size(i)).collect()));
    let due = Chunks::new(axes);
    let blocks = places(&chunks.grid())
        .zip(blocks)
        .filter(|(place, _)| place.iter().zip(&kept).all(|(i, kept)| kept.contains(i)))
        .map(|(_, block)| block);
    (due, blocks.collect())
}

fn held(lazy: &Lazy, chunks: Chunks, blocks: Vec<Array>) -> Array {
    let layout = Layout { dtype: lazy.dtype(), chunks };
    let node = Node::new(Work::Blocks(blocks), vec![], vec![layout], lazy.node.space.clone());
    Array::new(ChunkedArray::new(Lazy { node, output: 0 }))
}

/// The extents that computed blocks have: along each axis, those of the blocks at its beginning.
fn measured(chunks: &Chunks, blocks: &[Array]) -> Chunks {
    let grid = chunks.grid();
    let axes = chunks.axes().iter().enumerate().map(|(axis, own)| match own {
        AxisChunks::Known(_) => own.clone(),
        AxisChunks::Unknown { pieces, .. } => {
            let apart: usize = grid[axis + 1..].iter().product();
            AxisChunks::Known((0..*pieces).map(|i| blocks[i * apart].dims()[axis]).collect())
        }
    });
    Chunks::new(axes)
}

/// The bytes of an array, as far as they are known.
fn result_bytes(x: &Lazy) -> u64 {
    x.dims().size().map_or(0, |n| (n as u64).saturating_mul(x.dtype().size() as u64))
}

/// From how many bytes on it is asked whether there is memory for them.
const LARGE: u64 = 1 << 28;

/// Asks the kind of the chunks whether it has memory for so many bytes, before anything is computed that would fill it.
///
/// # Errors
/// If it has not.
pub(crate) fn admitted(space: &Namespace, bytes: u64, what: &str) -> Result<()> {
    if bytes < LARGE {
        return Ok(());
    }
    let n = usize::try_from(bytes).unwrap_or(usize::MAX);
    let Err(why) = space.empty(Empty { shape: Dims::from([n]), dtype: DType::UInt8 }) else { return Ok(()) };
    let message = format!(
        "{what} {} at once, and there is no memory for it: {}. A limit of memory has chunks written to disk; a result that is \
         larger than memory must be reduced",
        size(bytes),
        why.message()
    );
    Err(Error::memory("compute", message).caused_by(why))
}

/// Chunks that were computed elsewhere as one array: so many along each axis, in row-major order.
///
/// # Errors
/// If there are more or fewer chunks, or they do not fit each other.
pub fn join_chunks(grid: &[usize], chunks: Vec<Array>) -> Result<Array> {
    let due = grid.iter().try_fold(1_usize, |n, &d| n.checked_mul(d));
    if due != Some(chunks.len()) || chunks.is_empty() {
        return Err(Error::value("join", format!("{} chunks do not fill a grid of {grid:?}", chunks.len())));
    }
    if let Some(odd) = chunks.iter().find(|x| x.ndim() != grid.len()) {
        return Err(Error::shape("join", format!("a chunk of shape {} stands in a grid of {grid:?}", odd.dims())));
    }
    join(&Chunks::new(grid.iter().map(|&pieces| AxisChunks::unknown(pieces))), chunks)
}

/// All blocks of an array, computed, as one array.
pub(crate) fn gather(lazy: &Lazy) -> Result<Array> {
    admitted(&lazy.node.space, result_bytes(lazy), "the result takes")?;
    let plan = plan(std::slice::from_ref(lazy))?;
    join(lazy.chunks(), execute::run(&plan, &Local::new())?.swap_remove(0))
}

/// Blocks as one array.
pub(crate) fn join(chunks: &Chunks, mut blocks: Vec<Array>) -> Result<Array> {
    if blocks.len() == 1 {
        return Ok(blocks.swap_remove(0));
    }
    let chunks = measured(chunks, &blocks);
    let (dims, dtype, space) = (chunks.dims(), blocks[0].dtype(), blocks[0].namespace());
    let offsets: Vec<Vec<usize>> =
        chunks.axes().iter().map(|a| AxisChunks::offsets(a.sizes().unwrap_or_default())).collect();
    let mut out = space.empty(Empty { shape: dims, dtype })?;
    for (place, block) in places(&chunks.grid()).zip(blocks) {
        let slice = |(axis, &i): (usize, &usize)| Index::Slice {
            start: Some(offsets[axis][i] as isize),
            stop: Some(offsets[axis][i + 1] as isize),
            step: 1,
        };
        let index = Indices(place.iter().enumerate().map(slice).collect());
        out = array_api::set_at(out, block, SetAt { index })?;
    }
    Ok(out)
}
