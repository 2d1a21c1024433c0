//! Stores whose chunks are computed and written by other processes: this one begins and ends them, and keeps the manifest.

use std::sync::Arc;

use array_api::{Array, Dims, Error, Result};

use super::store::{Store, Stored, begin};
use super::{Address, Writer, npy};
use crate::array::{ChunkedArray, of};
use crate::node::Lazy;
use crate::plan::starts;

const OP: &str = "store";

/// A store that was begun, for whoever has its chunks written.
///
/// ```
/// use array_chunked::{Store, Storing, chunks_of, write_chunk};
/// # let file = std::env::temp_dir().join(format!("storing-{}.npy", std::process::id()));
/// let x = array_chunked::from_array(&array_ndarray::namespace().asarray([1.0, 2.0, 3.0])?, 2)?;
/// let storing = Storing::begin(&x, &Store::at(&file))?;
/// let address = storing.address()?;
/// for (chunk, start) in storing.missing() {
///     // Elsewhere, where the folder is seen too:
///     let values = array_api::at(&x, array_api::Index::from(start[0] as isize..(start[0] as isize + 2).min(3)))?;
///     write_chunk(&address, &start, &array_chunked::compute(&values)?)?;
///     // And here:
///     storing.note(chunk)?;
/// }
/// storing.finish()?;
/// assert_eq!(array_chunked::from_npy(&file, 3)?.to_vec::<f64>()?, [1.0, 2.0, 3.0]);
/// # std::fs::remove_file(file).unwrap();
/// # Ok::<(), array_api::Error>(())
/// ```
pub struct Storing {
    x: Lazy,
    stored: Arc<Stored>,
}

impl Storing {
    /// Begins a store, or goes on with one.
    ///
    /// # Errors
    /// As [`store`](crate::store), before anything is computed.
    pub fn begin(x: &Array, to: &Store) -> Result<Storing> {
        let (node, stored) = begin(of(OP, x)?, to)?;
        match node.node.inputs.first() {
            Some(x) => Ok(Storing { x: x.clone(), stored }),
            None => Err(Error::backend(OP, "there is nothing to store")),
        }
    }

    /// The array in the chunks that are written: those of the array that was given, or cut anew where the format must have it so.
    pub fn array(&self) -> Array {
        Array::new(ChunkedArray::new(self.x.clone()))
    }

    pub(crate) fn lazy(&self) -> &Lazy {
        &self.x
    }

    /// The chunks that no earlier run has written, by number, and where they begin.
    pub fn missing(&self) -> Vec<(usize, Dims)> {
        let all = starts(self.x.chunks()).enumerate();
        all.filter(|(chunk, _)| !self.stored.is_done(*chunk)).map(|(chunk, (_, start))| (chunk, start)).collect()
    }

    /// Where other processes go on writing.
    ///
    /// # Errors
    /// For formats that only this process can write.
    pub fn address(&self) -> Result<Address> {
        self.stored.writer.address().ok_or_else(|| {
            let message =
                "this format, or this way of storing, is written by one process; store here, or as NPY or Zarr";
            Error::not_implemented(OP, message)
        })
    }

    /// Notes that a chunk is written.
    ///
    /// # Errors
    /// If the manifest cannot be written.
    pub fn note(&self, chunk: usize) -> Result<()> {
        self.stored.partial.manifest.note(chunk)
    }

    /// Gives the array its name; all chunks must be written.
    ///
    /// # Errors
    /// If what was written does not reach the disk, or the name was taken meanwhile.
    pub fn finish(self) -> Result<()> {
        Stored::finish(self.stored)
    }
}

impl Address {
    /// What goes on writing the array that was begun there.
    fn writer(&self) -> Result<Box<dyn Writer>> {
        match &self.format[..] {
            "npy" => Ok(Box::new(npy::NpyWriter::reopened(self.path.as_ref())?)),
            #[cfg(feature = "zarr")]
            "zarr" => Ok(Box::new(super::zarr_format::ZarrWriter::reopened(self.path.as_ref())?)),
            other => {
                let message = format!("{} is of format `{other}`, which this program does not write", self.path);
                Err(Error::not_implemented(OP, message))
            }
        }
    }

    /// The box that begins at `start`, as [`Source::read`](crate::Source::read).
    ///
    /// # Errors
    /// If there is no such array, or it cannot be read.
    pub fn read(&self, start: &[usize], extents: &[usize], space: &array_api::Namespace) -> Result<Array> {
        self.open()?.read(start, extents, space)
    }
}

/// Writes a chunk of a store that another process began; that one notes it.
///
/// # Errors
/// If the array is not there, or writing fails.
pub fn write_chunk(to: &Address, start: &[usize], values: &Array) -> Result<()> {
    to.writer()?.write(start, values)
}
