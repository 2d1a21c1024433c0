//! Arrays that lie in files: read box by box, written region by region.
//!
//! A [`Source`] is an array that lies somewhere; [`from_source`] makes a lazy array of it, whose slices read no more than they
//! need. A [`Format`] says how arrays are written; [`store`](crate::store) computes an array into it chunk by chunk.

mod boxes;
mod bytes;
mod elsewhere;
mod manifest;
mod npy;
mod npy_header;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "parquet")]
mod parquet_columns;
#[cfg(feature = "parquet")]
mod parquet_format;
mod partial;
mod region;
mod region_npy;
#[cfg(feature = "zarr")]
mod region_zarr;
mod store;
#[cfg(feature = "zarr")]
mod zarr;
#[cfg(feature = "zarr")]
mod zarr_format;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use array_api::{Array, DType, Dims, Error, Namespace, Result};
use serde::{Deserialize, Serialize};

use crate::chunk_spec::{AxisSpec, ChunkSpec};
use crate::chunks::Chunks;

pub(crate) use bytes::{from_bytes, to_bytes};
pub use elsewhere::{Storing, write_chunk};
pub use npy::{Npy, from_npy};
pub use region::finish_region;
pub use store::{Store, store};
pub(crate) use store::{Stored, store_all};
#[cfg(feature = "parquet")]
pub use {
    self::parquet::{Parquet, from_parquet},
    parquet_columns::Columns,
    parquet_format::ParquetFormat,
};
#[cfg(feature = "zarr")]
pub use {
    zarr::{Zarr, from_zarr},
    zarr_format::ZarrFormat,
};

/// An array that lies somewhere and is read box by box.
///
/// ```
/// use array_api::{Array, DType, Dims, Namespace, Result};
/// use std::sync::Arc;
///
/// /// The numbers from 0 to 9.
/// #[derive(Debug)]
/// struct Digits(Dims);
///
/// impl array_chunked::Source for Digits {
///     fn name(&self) -> &str { "digits" }
///     fn dims(&self) -> &Dims { &self.0 }
///     fn dtype(&self) -> DType { DType::Int64 }
///     fn read(&self, start: &[usize], extents: &[usize], space: &Namespace) -> Result<Array> {
///         let elements: Vec<i64> = (start[0]..start[0] + extents[0]).map(|i| i as i64).collect();
///         space.from_host(elements, extents)
///     }
/// }
///
/// let xp = array_ndarray::namespace();
/// let x = array_chunked::from_source(Arc::new(Digits(Dims::from([10]))), 4, &xp)?;
/// assert_eq!(array_api::sum(&x, ..)?.item::<i64>()?, 45);
/// # Ok::<(), array_api::Error>(())
/// ```
pub trait Source: fmt::Debug + Send + Sync {
    /// What it is called in plans, pictures and errors.
    fn name(&self) -> &str;

    /// The extents, all known.
    fn dims(&self) -> &Dims;

    /// The type of the elements.
    fn dtype(&self) -> DType;

    /// The box that begins at `start`, as an array of shape `extents` in `space`. Several threads call it at once.
    ///
    /// # Errors
    /// If the elements cannot be read. An error that is [caused by](Error::caused_by) a [`std::io::Error`] is tried again
    /// where retries were asked for.
    fn read(&self, start: &[usize], extents: &[usize], space: &Namespace) -> Result<Array>;

    /// The bytes that reading a box takes for a while beside its elements: what is read before it is decoded, say. Runs with
    /// a limit of memory count them.
    fn workspace(&self, start: &[usize], extents: &[usize]) -> u64 {
        let _ = (start, extents);
        0
    }

    /// What tells the source from others, also in other processes: where the elements lie and when they were last changed.
    /// Without it a source is equal to itself only, and a store of it is resumed in the same process only.
    fn identity(&self) -> Option<String> {
        None
    }

    /// Where another process opens the same source; without it, plans that read it stay in this one.
    fn address(&self) -> Option<Address> {
        None
    }

    /// The extents of the pieces that are read at once, where the source lies in pieces: chunks of nobody's choice are made of
    /// whole ones.
    fn pieces(&self) -> Option<&Dims> {
        None
    }

    /// How it is cut into chunks of about so many bytes where nobody says otherwise: into whole [`pieces`](Source::pieces), as
    /// many as have room, along the last axes first. `None` leaves it to the extents alone.
    fn cut(&self, bytes: usize) -> Option<ChunkSpec> {
        Some(whole_pieces(self.dims().known()?, self.pieces()?, self.dtype(), bytes))
    }
}

/// Where another process opens a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// `npy`, `zarr` or `parquet`; `zarr with fill` where missing chunks are read as the fill value, `parquet column` where there
    /// is no axis of columns, and `... with nan` where nulls are read as NaN.
    pub format: String,
    /// The whole path.
    pub path: String,
    /// The names of the columns that are read, of a table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
}

impl Address {
    /// The address of a file, if its path can be written down.
    fn of(format: &str, path: &Path) -> Option<Address> {
        Some(Address { format: format.into(), path: path.to_str()?.into(), columns: vec![] })
    }

    /// Opens what lies there.
    pub(crate) fn open(&self) -> Result<Arc<dyn Source>> {
        #[cfg(feature = "parquet")]
        if let Some(table) = Parquet::at(self)? {
            return Ok(Arc::new(table));
        }
        match &self.format[..] {
            "npy" => Ok(Arc::new(Npy::open(&self.path)?)),
            #[cfg(feature = "zarr")]
            "zarr" => Ok(Arc::new(Zarr::open(&self.path)?)),
            #[cfg(feature = "zarr")]
            "zarr with fill" => Ok(Arc::new(Zarr::open(&self.path)?.missing_chunks_are_fill())),
            other => {
                let message = format!("{} is of format `{other}`, which this program does not read", self.path);
                Err(Error::not_implemented("open", message))
            }
        }
    }
}

/// How arrays are written.
pub trait Format: fmt::Debug + Send + Sync {
    /// The name and all settings: what was begun with other ones is not resumed.
    fn settings(&self) -> String;

    /// The extents of regions that must be written at once, for an array in these chunks; axes of chunks that do not end where
    /// regions end are cut anew. `None` where any box can be written beside any other.
    ///
    /// # Errors
    /// If the settings do not fit the array.
    fn regions(&self, chunks: &Chunks, dtype: DType) -> Result<Option<Dims>> {
        let _ = (chunks, dtype);
        Ok(None)
    }

    /// Begins an array at a path, or goes on with the one that was begun there with the same settings, chunks and type.
    ///
    /// # Errors
    /// If that fails.
    fn open(&self, path: &Path, chunks: &Chunks, dtype: DType) -> Result<Box<dyn Writer>>;
}

/// An array that is being written.
pub trait Writer: Send + Sync {
    /// Writes the box that begins at `start`. Several threads call it at once, with boxes that do not overlap.
    ///
    /// # Errors
    /// If writing fails. An error that is [caused by](Error::caused_by) a [`std::io::Error`] is tried again where retries were
    /// asked for.
    fn write(&self, start: &[usize], values: &Array) -> Result<()>;

    /// Where another process goes on writing the array; without it, one process writes.
    fn address(&self) -> Option<Address> {
        None
    }

    /// Called once when everything is written.
    ///
    /// # Errors
    /// If something that was written does not reach the disk.
    fn finish(&self) -> Result<()>;
}

/// The lazy array of a source, with chunks in `space`, or in that of a namespace of chunked arrays, whose options the array keeps.
///
/// # Errors
/// If the chunks do not fit.
pub fn from_source(source: Arc<dyn Source>, chunks: impl Into<ChunkSpec>, space: &Namespace) -> Result<Array> {
    let is_chunked = std::ptr::eq(space.kind(), &crate::kind::CHUNKED);
    let space = if is_chunked { crate::kind::space(space)? } else { space.clone() };
    if space.kind().level() != array_api::Level::DATA {
        let message = format!("chunks are arrays of data, not of kind {}", space.kind().name());
        return Err(Error::value("from_source", message));
    }
    let dims = source.dims();
    let Some(extents) = dims.known() else {
        return Err(Error::shape("from_source", format!("{} has extents that are not known: {dims}", source.name())));
    };
    let chunks = match chunks.into() {
        ChunkSpec::Auto { bytes } => source.cut(bytes).unwrap_or(ChunkSpec::Auto { bytes }),
        spec => spec,
    };
    let chunks = chunks.resolve(extents, source.dtype())?;
    Ok(crate::array::read(source, chunks, space))
}

/// Chunks of whole pieces, as many side by side as have room, along the last axes first: they lie side by side in files too.
fn whole_pieces(dims: &[usize], pieces: &[usize], dtype: DType, bytes: usize) -> ChunkSpec {
    let mut sizes: Vec<usize> = pieces.iter().zip(dims).map(|(&p, &n)| p.clamp(1, n.max(1))).collect();
    for axis in (0..dims.len()).rev() {
        let one: usize = sizes.iter().fold(dtype.size(), |n, &s| n.saturating_mul(s));
        let together = (bytes / one.max(1)).max(1);
        sizes[axis] = sizes[axis].saturating_mul(together).min(dims[axis].max(1));
        if sizes[axis] < dims[axis] {
            break;
        }
    }
    ChunkSpec::Axes(sizes.into_iter().map(AxisSpec::Every).collect())
}

/// Where chunks of files live unless somebody says otherwise.
fn memory(op: &str) -> Result<Namespace> {
    "ndarray".parse().map_err(|_| {
        Error::value(op, "there are no arrays in memory to read into; link array-ndarray, or say where: `from_source`")
    })
}

/// What reading or writing a file answers when it fails: it names the file, and may be tried again.
#[cold]
fn failed(op: &str, what: &str, path: &Path, why: std::io::Error) -> Error {
    Error::backend(op, format!("{what} {} failed: {why}", path.display())).caused_by(why)
}

/// Whether the error comes from reading or writing, which may go well the next time.
pub(crate) fn is_of_files(error: &Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if inner.is::<std::io::Error>() {
            return true;
        }
        cause = inner.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_of_nobodys_choice_are_whole_pieces() {
        let chunks = |pieces: &[usize], bytes| {
            let spec = whole_pieces(&[100, 70], pieces, DType::Float64, bytes);
            spec.resolve(&[100, 70], DType::Float64).unwrap().to_string()
        };
        assert_eq!(chunks(&[10, 20], 8 * 10 * 20), "(10x10, 3x20+10)");
        assert_eq!(chunks(&[10, 20], 8 * 10 * 45), "(10x10, 40+30)");
        assert_eq!(chunks(&[10, 20], 8 * 35 * 70), "(3x30+10, 70)");
        assert_eq!(chunks(&[10, 20], 1), "(10x10, 3x20+10)");
    }

    #[test]
    fn errors_of_files_are_told_from_others() {
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        assert!(is_of_files(&failed("store", "writing", Path::new("x"), full)));
        assert!(!is_of_files(&Error::value("sum", "no")));
    }
}
