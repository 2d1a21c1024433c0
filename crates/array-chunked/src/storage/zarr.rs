//! Zarr arrays in folders, versions 2 and 3: read box by box. The codecs are those of the crate `zarrs`.
//!
//! Sources: the [core specification](https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html) of version 3 and the
//! [specification](https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html) of version 2.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use array_api::{Array, DType, Dims, Error, Host, Namespace, Result};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use zarrs::array::{Array as Stored, ArrayError, ArraySubset, CodecError, CodecOptions};
use zarrs::filesystem::{FilesystemStore, FilesystemStoreOptions};
use zarrs::storage::StorageError;

use super::npy_header::named;
use super::{Address, Source, failed, from_source, memory};
use crate::chunk_spec::{AUTO_BYTES, ChunkSpec};

const READ: &str = "from_zarr";

/// The lazy array of a Zarr array in a folder, of version 2 or 3.
///
/// Nothing but the metadata is read before values are asked for, and of them only the Zarr chunks that are needed. A Zarr chunk
/// is decoded for each chunk that has elements of it, so chunks should be made of whole ones, as they are where `chunks` are
/// given in bytes or as [`ChunkSpec::default`]. [`Zarr::open`] says more, and gives the attributes.
///
/// ```
/// use array_chunked::{ChunkSpec, Local, Store, ZarrFormat};
/// # let folder = std::env::temp_dir().join(format!("from-zarr-{}.zarr", std::process::id()));
/// let table = array_ndarray::namespace().asarray([[1.0, 2.0], [3.0, 4.0]])?;
/// array_chunked::store(&array_chunked::from_array(&table, 1)?, &folder)?;
/// let x = array_chunked::from_zarr(&folder, ChunkSpec::default())?;
/// assert_eq!(array_api::sum(&x, 0)?.to_vec::<f64>()?, [4.0, 6.0]);
/// # std::fs::remove_dir_all(folder).unwrap();
/// # Ok::<(), array_api::Error>(())
/// ```
///
/// # Errors
/// If there is no Zarr array in the folder, its elements are none of the standard's types, it needs a codec that is not built
/// in, or the chunks do not fit. Asking for values is an error where a Zarr chunk is corrupt, or missing: see
/// [`Zarr::missing_chunks_are_fill`].
pub fn from_zarr(path: impl AsRef<Path>, chunks: impl Into<ChunkSpec>) -> Result<Array> {
    from_source(Arc::new(Zarr::open(path)?), chunks, &memory(READ)?)
}

/// A Zarr array in a folder.
pub struct Zarr {
    path: PathBuf,
    pub(super) array: Stored<FilesystemStore>,
    metadata: Map<String, Value>,
    pub(super) dims: Dims,
    pub(super) dtype: DType,
    pieces: Option<Dims>,
    identity: Option<String>,
    sparse: bool,
}

impl Zarr {
    /// Reads the metadata of an array.
    ///
    /// # Errors
    /// As [`from_zarr`].
    pub fn open(path: impl AsRef<Path>) -> Result<Zarr> {
        let path = std::path::absolute(&path).map_err(|e| failed(READ, "finding", path.as_ref(), e))?;
        let wrong = |why: String| Error::value(READ, format!("{} cannot be read: {why}", path.display()));
        let about = fs::metadata(&path).map_err(|e| failed(READ, "reading", &path, e))?;
        if !about.is_dir() {
            return Err(wrong("a Zarr array is a folder, and this is a file".into()));
        }
        let array = stored(&path, &FilesystemStoreOptions::default()).map_err(wrong)?;
        let Ok(Value::Object(metadata)) = serde_json::to_value(array.metadata()) else {
            return Err(wrong("its metadata is no JSON object".into()));
        };
        let dtype = dtype(&metadata).map_err(wrong)?;
        let extents: Option<Vec<usize>> = array.shape().iter().map(|&n| usize::try_from(n).ok()).collect();
        let dims = extents.filter(|dims| {
            let bytes = dims.iter().try_fold(dtype.size(), |n, &d| n.checked_mul(d));
            bytes.is_some_and(|n| n <= isize::MAX as usize)
        });
        let Some(dims) = dims else {
            return Err(wrong(format!("shape {:?} has more elements than memory has addresses", array.shape())));
        };
        let pieces = pieces(&array, &metadata, dtype);
        let identity = identity(&path);
        Ok(Zarr { path, array, metadata, dims: dims.into(), dtype, pieces, identity, sparse: false })
    }

    /// Reads Zarr chunks that are not there as the fill value.
    ///
    /// The format leaves out chunks in which all elements are the fill value, and some writers do; a chunk that was lost looks the
    /// same. So a missing chunk is an error unless this is said.
    pub fn missing_chunks_are_fill(mut self) -> Zarr {
        self.sparse = true;
        self
    }

    /// Reads past the system's cache (`O_DIRECT`, on Linux): for arrays that are larger than memory, of which the cache would hold
    /// nothing that is asked for again. It spares the processors a copy and the keeping of the cache, which take longer than
    /// many a disk; what the cache holds already is read from the disk all the same. Other processes to which a plan is given read through theirs.
    ///
    /// ```no_run
    /// use array_chunked::{ChunkSpec, Zarr, from_source};
    /// let table = std::sync::Arc::new(Zarr::open("table.zarr")?.direct_io()?);
    /// let x = from_source(table, ChunkSpec::default(), &array_ndarray::namespace())?;
    /// # Ok::<(), array_api::Error>(())
    /// ```
    ///
    /// # Errors
    /// Where the system, or the file system that the array is on, does not have it.
    pub fn direct_io(mut self) -> Result<Zarr> {
        let wrong = |why: String| {
            let message =
                format!("{} cannot be read past the cache: {why}; leave out `direct_io`", self.path.display());
            Error::not_implemented(READ, message)
        };
        if !cfg!(target_os = "linux") {
            return Err(wrong("that needs Linux".into()));
        }
        let mut options = FilesystemStoreOptions::default();
        options.direct_io(true);
        self.array = stored(&self.path, &options).map_err(wrong)?;
        Ok(self)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the array's author wrote beside it.
    pub fn attributes(&self) -> &Map<String, Value> {
        self.array.attributes()
    }

    /// The metadata of the array itself, as in `zarr.json` or `.zarray`.
    pub fn metadata(&self) -> &Map<String, Value> {
        &self.metadata
    }

    /// Refuses boxes with chunks that are not there.
    fn complete(&self, part: &ArraySubset) -> Result<()> {
        let needed = self.array.chunks_in_array_subset(part).map_err(|e| Error::backend(READ, e.to_string()))?;
        for place in needed.iter().flat_map(ArraySubset::indices) {
            let key = self.array.chunk_key(&place);
            let file = self.path.join(key.as_str());
            if file.try_exists().map_err(|e| failed(READ, "looking for", &file, e))? {
                continue;
            }
            let message = format!(
                "the Zarr chunk {} is missing. If the writer leaves out chunks of nothing but the fill value, read the array with \
                 `Zarr::open(path)?.missing_chunks_are_fill()` and `from_source`",
                file.display()
            );
            return Err(Error::backend(READ, message));
        }
        Ok(())
    }
}

impl fmt::Debug for Zarr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "zarr {} {}{}", self.path.display(), self.dtype, self.dims)
    }
}

/// The array that is stored in a folder; its metadata is read.
fn stored(path: &Path, how: &FilesystemStoreOptions) -> Result<Stored<FilesystemStore>, String> {
    let store = FilesystemStore::new_with_options(path, how.clone()).map_err(|e| e.to_string())?;
    Stored::open(Arc::new(store), "/").map_err(|e| e.to_string())
}

/// The standard's type of the elements.
fn dtype(metadata: &Map<String, Value>) -> Result<DType, String> {
    // A name in version 3, `{"name": ...}` where it has settings; NumPy's name in version 2.
    let found = match (metadata.get("data_type"), metadata.get("dtype")) {
        (Some(Value::Object(extended)), _) => extended.get("name"),
        (Some(name), _) | (None, Some(name)) => Some(name),
        (None, None) => None,
    };
    let known = match found {
        Some(Value::String(name)) if metadata.contains_key("data_type") => name.parse().ok(),
        Some(Value::String(name)) => named(name),
        _ => None,
    };
    let name = || found.map_or("no type".to_string(), Value::to_string);
    known.ok_or_else(|| format!("its elements are of type {}, which is none of the standard's", name()))
}

/// The extents of Zarr chunks; those within a shard where shards are large.
fn pieces(array: &Stored<FilesystemStore>, metadata: &Map<String, Value>, dtype: DType) -> Option<Dims> {
    let first = vec![0; array.dimensionality()];
    let outer: Dims = array.chunk_shape(&first).ok()?.iter().map(|n| n.get() as usize).collect();
    let bytes = outer.iter().fold(dtype.size(), |n, &s| n.saturating_mul(s));
    if bytes <= AUTO_BYTES {
        return Some(outer);
    }
    let within = || -> Option<Dims> {
        let shard = metadata.get("codecs")?.as_array()?.iter().find(|codec| codec["name"] == "sharding_indexed")?;
        let shape = shard["configuration"]["chunk_shape"].as_array()?;
        let sizes: Option<Vec<usize>> = shape.iter().map(|n| usize::try_from(n.as_u64()?).ok()).collect();
        sizes.map(Dims::from)
    };
    Some(within().unwrap_or(outer))
}

/// The place, and what its metadata is and when it was changed. Chunks that somebody changes later are not seen.
fn identity(path: &Path) -> Option<String> {
    let file = ["zarr.json", ".zarray"].iter().map(|name| path.join(name)).find(|file| file.exists())?;
    let hash = Sha256::digest(fs::read(&file).ok()?);
    let changed = fs::metadata(&file).ok()?.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(format!("zarr {} {hash:x} {}", path.display(), changed.as_nanos()))
}

/// What reading or writing Zarr answers when it fails.
#[cold]
pub(super) fn broken(op: &str, what: &str, error: &ArrayError) -> Error {
    let message = Error::backend(op, format!("{what} failed: {error}"));
    match error {
        // Only what the drive says; codecs report corrupt bytes as errors of reading too.
        ArrayError::StorageError(StorageError::IOError(e))
        | ArrayError::CodecError(CodecError::StorageError(StorageError::IOError(e))) => {
            message.caused_by(std::io::Error::new(e.kind(), e.to_string()))
        }
        _ => message,
    }
}

/// One task does one thing at a time; the executor shares out the tasks.
pub(super) fn alone() -> CodecOptions {
    CodecOptions::default().with_concurrent_target(1).with_store_empty_chunks(true)
}

impl Source for Zarr {
    fn name(&self) -> &str {
        "zarr"
    }

    fn dims(&self) -> &Dims {
        &self.dims
    }

    fn dtype(&self) -> DType {
        self.dtype
    }

    fn read(&self, start: &[usize], extents: &[usize], space: &Namespace) -> Result<Array> {
        let wide = |x: &[usize]| x.iter().map(|&n| n as u64).collect::<Vec<u64>>();
        let part = ArraySubset::new_with_start_shape(wide(start), wide(extents))
            .map_err(|e| Error::backend(READ, e.to_string()))?;
        if !extents.contains(&0) && !self.sparse {
            self.complete(&part)?;
        }
        let read = |e: ArrayError| {
            let what =
                format!("reading shape {} at {} of {}", Dims::new(extents), Dims::new(start), self.path.display());
            broken(READ, &what, &e)
        };
        macro_rules! elements {
            ($($Variant:ident),*) => {
                match self.dtype {
                    $(DType::$Variant => Host::$Variant(self.array.retrieve_array_subset_opt(&part, &alone()).map_err(read)?),)*
                }
            };
        }
        let elements = elements!(
            Bool, Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64, Float32, Float64, Complex64, Complex128
        );
        space.from_host(elements, extents)
    }

    /// What is read, and what is decoded of it, in whole pieces.
    fn workspace(&self, start: &[usize], extents: &[usize]) -> u64 {
        let Some(pieces) = &self.pieces else { return 0 };
        let whole =
            |((&s, &n), &p): ((&usize, &usize), &usize)| (s + n).div_ceil(p).saturating_sub(s / p) as u64 * p as u64;
        let axes = start.iter().zip(extents).zip(pieces.iter()).map(whole);
        axes.fold(2 * self.dtype.size() as u64, u64::saturating_mul)
    }

    fn identity(&self) -> Option<String> {
        self.identity.clone()
    }

    fn address(&self) -> Option<Address> {
        Address::of(if self.sparse { "zarr with fill" } else { "zarr" }, &self.path)
    }

    fn pieces(&self) -> Option<&Dims> {
        self.pieces.as_ref()
    }
}
