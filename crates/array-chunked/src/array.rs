//! Chunked arrays: how they are made of data, functions and other arrays, and how they are computed.

use std::fmt;
use std::sync::Arc;

use array_api::{Array, ArrayImpl, DType, Dims, Error, Host, Kind, Namespace, Native, Result, Scalar, Value};

use crate::chunk_spec::ChunkSpec;
use crate::chunks::Chunks;
use crate::kind::{CHUNKED, space, with_options, wrapped};
use crate::node::{BlockFunction, Callable, Layout, Lazy, Make, Node, Work};
use crate::storage::Source;

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
        None => {
            let kind = x.kind().name();
            Err(Error::value(op, format!("the array is of kind {kind}, not chunked; `from_array` makes it so")))
        }
    }
}

/// The chunks of an array.
///
/// # Errors
/// If the array is not chunked.
pub fn chunks_of(x: &Array) -> Result<&Chunks> {
    of("chunks", x).map(Lazy::chunks)
}

/// What tells the array from others: equal for equal work on equal data, and for itself only where that cannot be told, as of
/// arrays in memory.
///
/// # Errors
/// If the array is not chunked.
pub fn identity(x: &Array) -> Result<String> {
    Ok(of("identity", x)?.key().to_string())
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
    held(x, &chunks.into(), x.namespace())
}

/// The same in a chunked namespace, whose options then hold for what is made of the array; cut as these say unless chunks are
/// given. The chunks stay of the array's own kind.
///
/// ```
/// use array_api::Value;
/// let x = array_ndarray::namespace().asarray([1.0, 2.0, 3.0])?;
/// let xp = array_chunked::over(&x.namespace()).with("sizes", Value::Text("compute".into())).with("chunks", Value::Int(2));
/// let lazy = array_chunked::from_array_in(&xp, &x, None)?;
/// assert_eq!(array_chunked::chunks_of(&lazy)?.to_string(), "(2+1,)");
/// assert!(array_api::at_mask(&lazy, array_api::greater(&lazy, 1.0)?)?.shape().is_ok());
/// # Ok::<(), array_api::Error>(())
/// ```
///
/// # Errors
/// As [`from_array`], and if an option does not say what it should.
pub fn from_array_in(namespace: &Namespace, x: &Array, chunks: Option<ChunkSpec>) -> Result<Array> {
    let chunks = chunks.map_or_else(|| cut_by(namespace, x.ndim()), Ok)?;
    held(x, &chunks, with_options(x.namespace(), namespace))
}

fn held(x: &Array, chunks: &ChunkSpec, space: Namespace) -> Result<Array> {
    if x.level() != array_api::Level::DATA {
        let message = format!("chunks are arrays of data, not of kind {}", x.kind().name());
        return Err(Error::value("from_array", message));
    }
    let chunks = chunks.resolve(x.shape()?, x.dtype())?;
    Ok(array(Work::Held(x.clone()), vec![], x.dtype(), chunks, space))
}

/// An array whose chunks a function makes, given where a chunk begins and its extents. `space` is where chunks live, or the
/// namespace of chunked arrays of such.
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
    let space = if std::ptr::eq(space.kind(), &CHUNKED) { crate::kind::space(space)? } else { space.clone() };
    let kind = space.kind();
    let make: Arc<Make> = Arc::new(move |start: &[usize], extents: &[usize]| {
        fits("from_fn", make(start, extents)?, kind, dtype, &Dims::new(extents))
    });
    Ok(array(Work::Made { name: name.into(), make, callable: None }, vec![], dtype, chunks, space))
}

/// The array of a source that is checked already.
pub(crate) fn read(source: Arc<dyn Source>, chunks: Chunks, space: Namespace) -> Array {
    let (dtype, start) = (source.dtype(), source.dims().iter().map(|_| 0).collect());
    array(Work::Read { source, start }, vec![], dtype, chunks, space)
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
    let kind = space.kind();
    let function: Arc<BlockFunction> = Arc::new(move |blocks: &[Array]| {
        let dims = array_api::rule::broadcast_dims("map_blocks", blocks.iter().map(Array::dims))?;
        fits("map_blocks", function(blocks)?, kind, dtype, &dims)
    });
    Ok(array(Work::Blocked { name: name.into(), function, callable: None }, inputs, dtype, chunks, space))
}

/// The array of [`from_fn`] or [`map_blocks`], with what executors elsewhere call instead of the function:
/// [`Groups`](crate::Groups) hands it to them. Any other array stays as it is.
///
/// # Errors
/// If the array is not chunked.
pub fn with_callable(x: &Array, callable: Callable) -> Result<Array> {
    let node = &of("with_callable", x)?.node;
    let callable = Some(callable);
    let work = match &node.work {
        Work::Made { name, make, .. } => Work::Made { name: name.clone(), make: make.clone(), callable },
        Work::Blocked { name, function, .. } => {
            Work::Blocked { name: name.clone(), function: function.clone(), callable }
        }
        _ => return Ok(x.clone()),
    };
    let node = node.doing(work);
    Ok(Array::new(ChunkedArray::new(Lazy { node, output: 0 })))
}

/// What a function of the user's made of a chunk, if it is what it was said to be.
fn fits(op: &str, made: Array, kind: &'static Kind, dtype: DType, dims: &Dims) -> Result<Array> {
    if made.dims() != dims {
        return Err(Error::shape(op, format!("the function gave shape {} for a chunk of shape {dims}", made.dims())));
    }
    if made.dtype() != dtype {
        let message = format!("the function gave {}, but the array was said to be of {dtype}", made.dtype());
        return Err(Error::dtype(op, message));
    }
    if !std::ptr::eq(made.kind(), kind) {
        let message =
            format!("the function gave an array of kind {}; chunks are of {}", made.kind().name(), kind.name());
        return Err(Error::value(op, message));
    }
    Ok(made)
}

/// How a namespace's new arrays of so many axes are cut: its option `chunks`.
///
/// # Errors
/// If the option does not say how to cut an array.
pub fn cut_by(namespace: &Namespace, ndim: usize) -> Result<ChunkSpec> {
    let Some(value) = namespace.option("chunks") else { return Ok(ChunkSpec::default()) };
    match array_api::Field::from_value(value)? {
        // A setting for arrays of other rank says nothing about this one.
        ChunkSpec::Axes(axes) if axes.len() != ndim => Ok(ChunkSpec::default()),
        spec => Ok(spec),
    }
}

/// Makes chunked arrays of values in memory.
pub(crate) fn from_host(host: Host, dims: Dims, namespace: &Namespace) -> Result<Array> {
    let chunks = cut_by(namespace, dims.len())?.told_apart(elements(&host));
    let space = space(namespace)?;
    held(&space.from_host(host, dims)?, &chunks, space)
}

/// Whether a namespace's arrays have extents that depend on data computed at once: its option `sizes`.
///
/// # Errors
/// If the option says something else than `compute` or `unknown`.
pub fn computes_sizes(namespace: &Namespace) -> Result<bool> {
    match namespace.option("sizes") {
        None => Ok(false),
        Some(Value::Text(word)) if word == "compute" => Ok(true),
        Some(Value::Text(word)) if word == "unknown" => Ok(false),
        Some(other) => Err(Error::value("sizes", format!("{other} is not `compute` or `unknown`"))),
    }
}

/// Whether a namespace's arrays may be computed to hand their elements to somebody else: its option `exports`.
///
/// # Errors
/// If the option says something else than `compute` or `refuse`.
pub fn computes_exports(namespace: &Namespace) -> Result<bool> {
    match namespace.option("exports") {
        None => Ok(false),
        Some(Value::Text(word)) if word == "compute" => Ok(true),
        Some(Value::Text(word)) if word == "refuse" => Ok(false),
        Some(other) => Err(Error::value("exports", format!("{other} is not `compute` or `refuse`"))),
    }
}

/// What tells elements in memory apart.
fn elements(host: &Host) -> impl Iterator<Item = u64> {
    (0..host.len()).filter_map(|i| host.get(i)).map(Scalar::to_complex).flat_map(|c| [c.re.to_bits(), c.im.to_bits()])
}
