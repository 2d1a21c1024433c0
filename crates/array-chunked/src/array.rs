//! Chunked arrays: how they are made of data, functions and other arrays, and how they are computed.

use std::fmt;
use std::sync::Arc;

use array_api::{Array, ArrayImpl, DType, Dims, Error, Host, Kind, Namespace, Native, Result, Scalar, Value};

use crate::chunks::{ChunkSpec, Chunks};
use crate::kind::{CHUNKED, space, wrapped};
use crate::node::{BlockFunction, Layout, Lazy, Make, Node, Work};

/// An array in chunks that is not computed yet.
#[derive(Clone)]
pub struct ChunkedArray {
    lazy: Lazy,
}

impl ChunkedArray {
    pub(crate) fn new(lazy: Lazy) -> ChunkedArray {
        ChunkedArray { lazy }
    }

    pub(crate) fn lazy(&self) -> &Lazy {
        &self.lazy
    }

    /// How the array is cut.
    pub fn chunks(&self) -> &Chunks {
        self.lazy.chunks()
    }
}

impl fmt::Debug for ChunkedArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, space) = (self.lazy.node.work.name(), &self.lazy.node.space);
        write!(
            f,
            "chunked({name}, shape={}, dtype={}, chunks={}, of {space})",
            self.lazy.dims(),
            self.lazy.dtype(),
            self.chunks()
        )
    }
}

impl ArrayImpl for ChunkedArray {
    fn kind(&self) -> &'static Kind {
        &CHUNKED
    }
    fn dims(&self) -> Dims {
        self.lazy.dims()
    }
    fn dtype(&self) -> DType {
        self.lazy.dtype()
    }
    fn namespace(&self) -> Namespace {
        wrapped(&self.lazy.node.space)
    }
    /// Computes: reading the elements asks for them by name.
    fn to_host(&self) -> Result<Host> {
        crate::compute::gather(&self.lazy)?.to_host()
    }
    /// Says what the array is; printing never computes.
    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl Native for ChunkedArray {
    const KIND: &'static Kind = &CHUNKED;

    fn from_scalar(scalar: Scalar, dtype: DType) -> Result<ChunkedArray> {
        let _ = (scalar, dtype);
        Err(Error::value("from_scalar", "a number beside chunked arrays stays a number"))
    }
}

/// The chunked array of an [`Array`].
///
/// # Errors
/// If it is of another kind.
pub(crate) fn of<'x>(op: &str, x: &'x Array) -> Result<&'x Lazy> {
    match x.downcast_ref::<ChunkedArray>() {
        Some(chunked) => Ok(&chunked.lazy),
        None => Err(Error::value(op, format!("the array is of kind {}, not chunked", x.kind().name()))),
    }
}

/// The chunks of an array.
///
/// # Errors
/// If the array is not chunked.
pub fn chunks_of(x: &Array) -> Result<&Chunks> {
    of("chunks", x).map(Lazy::chunks)
}

fn array(work: Work, inputs: Vec<Lazy>, dtype: DType, chunks: Chunks, space: Namespace) -> Array {
    let node = Node::new(work, inputs, vec![Layout { dtype, chunks }], space);
    Array::new(ChunkedArray::new(Lazy { node, output: 0 }))
}

/// An array of data in chunks, which are parts of it.
///
/// ```
/// let x = array_ndarray::namespace().asarray([1.0, 2.0, 3.0])?;
/// let lazy = array_chunked::from_array(&x, 2)?;
/// assert_eq!(array_chunked::chunks_of(&lazy)?.to_string(), "(2+1,)");
/// assert_eq!(array_api::sum(&lazy, ..)?.item::<f64>()?, 6.0);
/// # Ok::<(), array_api::Error>(())
/// ```
///
/// # Errors
/// If the chunks do not fit, or the array is chunked already: that is what `rechunk` is for.
pub fn from_array(x: &Array, chunks: impl Into<ChunkSpec>) -> Result<Array> {
    if x.level() != array_api::Level::DATA {
        let message = format!("chunks are arrays of data, not of kind {}", x.kind().name());
        return Err(Error::value("from_array", message));
    }
    let chunks = chunks.into().resolve(x.shape()?, x.dtype())?;
    Ok(array(Work::Held(x.clone()), vec![], x.dtype(), chunks, x.namespace()))
}

/// An array whose chunks a function makes, given where a chunk begins and its extents.
///
/// The function is called when the array is computed, from several threads at once, perhaps more than once for a chunk.
///
/// ```
/// let xp = array_ndarray::namespace();
/// let make = |start: &[usize], extents: &[usize]| {
///     array_ndarray::namespace().arange(start[0] as i64..(start[0] + extents[0]) as i64)
/// };
/// let x = array_chunked::from_fn("numbers", &[10], array_api::DType::Int64, 4, &xp, make)?;
/// assert_eq!(array_api::sum(&x, ..)?.item::<i64>()?, 45);
/// # Ok::<(), array_api::Error>(())
/// ```
///
/// # Errors
/// If the chunks do not fit.
pub fn from_fn(
    name: &str,
    dims: &[usize],
    dtype: DType,
    chunks: impl Into<ChunkSpec>,
    space: &Namespace,
    make: impl Fn(&[usize], &[usize]) -> Result<Array> + Send + Sync + 'static,
) -> Result<Array> {
    let chunks = chunks.into().resolve(dims, dtype)?;
    let make: Arc<Make> = Arc::new(make);
    Ok(array(Work::Made { name: name.into(), make }, vec![], dtype, chunks, space.clone()))
}

/// A function of chunk after chunk of arrays that have the same chunks, or one chunk along an axis.
///
/// What it gives must have the shape that the chunks broadcast to and the type `dtype`. A function is known to this process
/// only: other executors refuse it.
///
/// ```
/// let x = array_ndarray::namespace().asarray([1.0, 2.0, 3.0])?;
/// let x = array_chunked::from_array(&x, 2)?;
/// let y = array_chunked::map_blocks("double", &[&x], x.dtype(), |blocks| array_api::multiply(&blocks[0], 2.0))?;
/// assert_eq!(y.to_vec::<f64>()?, [2.0, 4.0, 6.0]);
/// # Ok::<(), array_api::Error>(())
/// ```
///
/// # Errors
/// If an array is not chunked, or chunks cannot be made to fit each other.
pub fn map_blocks(
    name: &str,
    arrays: &[&Array],
    dtype: DType,
    function: impl Fn(&[Array]) -> Result<Array> + Send + Sync + 'static,
) -> Result<Array> {
    let inputs = arrays.iter().map(|x| of("map_blocks", x)).collect::<Result<Vec<_>>>()?;
    let Some(first) = inputs.first() else {
        return Err(Error::value("map_blocks", "needs at least one array; `from_fn` makes chunks of nothing"));
    };
    let space = first.node.space.clone();
    let (inputs, chunks) = crate::rules::aligned("map_blocks", &inputs)?;
    let function: Arc<BlockFunction> = Arc::new(function);
    Ok(array(Work::Blocked { name: name.into(), function }, inputs, dtype, chunks, space))
}

/// How new chunked arrays of a namespace are to be cut.
pub(crate) fn spec(namespace: &Namespace) -> Result<ChunkSpec> {
    match namespace.option("chunks") {
        Some(value) => array_api::Field::from_value(value),
        None => Ok(ChunkSpec::default()),
    }
}

/// Makes chunked arrays of values in memory.
pub(crate) fn from_host(host: Host, dims: Dims, namespace: &Namespace) -> Result<Array> {
    let data = space(namespace)?.from_host(host, dims)?;
    let fitting = match spec(namespace)? {
        // A setting for arrays of other rank says nothing about this one.
        ChunkSpec::Axes(axes) if axes.len() != data.ndim() => ChunkSpec::default(),
        spec => spec,
    };
    from_array(&data, fitting)
}

/// Whether the option that asks for extents at once is set.
pub(crate) fn computes_sizes(namespace: &Namespace) -> Result<bool> {
    match namespace.option("sizes") {
        None => Ok(false),
        Some(Value::Text(word)) if word == "compute" => Ok(true),
        Some(Value::Text(word)) if word == "lazy" => Ok(false),
        Some(other) => Err(Error::value("sizes", format!("{other} is not `compute` or `lazy`"))),
    }
}
