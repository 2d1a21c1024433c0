//! Computing arrays into files: each chunk is written when it is there, and the name is given when all are.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use array_api::{Array, Error, Result};

use super::manifest::Head;
use super::npy::NpyFormat;
use super::partial::Partial;
use super::{Format, Writer};
use crate::array::of;
use crate::chunks::{AxisChunks, Chunks, unknown_sizes};
use crate::execute;
use crate::local::Local;
use crate::node::{Lazy, Node, Work};
use crate::plan::plan;

const OP: &str = "store";

#[cfg(feature = "zarr")]
const ENDINGS: &str = "NAME.npy or NAME.zarr";
#[cfg(not(feature = "zarr"))]
const ENDINGS: &str = "NAME.npy, or with the feature `zarr` NAME.zarr";

/// Where and how an array is stored.
///
/// While the array is computed it lies in the folder `NAME.partial` beside NAME, with a manifest of the chunks that are done.
/// When all are, it gets its name; after an error the folder is removed, unless resuming was asked for.
///
/// ```
/// use array_chunked::{Local, Store};
/// # let file = std::env::temp_dir().join(format!("store-{}.npy", std::process::id()));
/// let x = array_chunked::from_array(&array_ndarray::namespace().ones([4, 3])?, [1, 3])?;
/// let sums = array_api::add(&x, 1.0)?;
/// let to = Store::at(&file).resume(true);
/// Local::new().retries(2).store(&sums, &to)?;
/// assert_eq!(array_chunked::from_npy(&file, 2)?.to_vec::<f64>()?, [2.0; 12]);
/// assert!(Local::new().store(&sums, &to).unwrap_err().to_string().contains("is there already"));
/// # std::fs::remove_file(file).unwrap();
/// # Ok::<(), array_api::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Store {
    path: PathBuf,
    format: Option<Arc<dyn Format>>,
    resume: bool,
    overwrite: bool,
}

impl Store {
    /// Under this name, in the format that its ending says: `.npy`, or with the feature `zarr` `.zarr`.
    pub fn at(path: impl AsRef<Path>) -> Store {
        Store { path: path.as_ref().to_path_buf(), format: None, resume: false, overwrite: false }
    }

    /// In this format.
    pub fn format(mut self, format: impl Format + 'static) -> Store {
        self.format = Some(Arc::new(format));
        self
    }

    /// Keeps what is written when an error ends the run, or the process is killed, and goes on with it next time: only the
    /// chunks that are missing are computed. Another plan is refused. Arrays in memory and functions of the program, such as
    /// those of `from_fn`, are the same plan within one process only. After a failure of the machine itself begin anew: what
    /// the manifest lists may not have reached the disk.
    pub fn resume(mut self, kept: bool) -> Store {
        self.resume = kept;
        self
    }

    /// Replaces what has the name, once the new array is whole.
    pub fn overwrite(mut self, replaced: bool) -> Store {
        self.overwrite = replaced;
        self
    }

    fn chosen(&self) -> Result<Arc<dyn Format>> {
        if let Some(format) = &self.format {
            return Ok(format.clone());
        }
        match self.path.extension().and_then(|e| e.to_str()) {
            Some("npy") => Ok(Arc::new(NpyFormat)),
            #[cfg(feature = "zarr")]
            Some("zarr") => Ok(Arc::new(super::ZarrFormat::new())),
            _ => {
                let message = format!("{} ends in no format's name; call it {ENDINGS}", self.path.display());
                Err(Error::value(OP, message))
            }
        }
    }
}

impl From<&Store> for Store {
    fn from(store: &Store) -> Store {
        store.clone()
    }
}

macro_rules! paths {
    ($($t:ty),*) => { $(
        impl From<$t> for Store {
            fn from(path: $t) -> Store { Store::at(path) }
        }
    )* };
}
paths!(&str, String, &Path, PathBuf, &PathBuf);

/// Computes an array into a file, chunk by chunk. The ending of the name says the format; [`Store`] says more, and
/// [`Local::store`](crate::Local::store) runs with settings.
///
/// # Errors
/// If the array is not chunked or has extents that depend on data, if the name is taken or ends in no format's name, if a task
/// fails, or if writing fails. Nothing has the name then.
pub fn store(x: &Array, to: impl Into<Store>) -> Result<()> {
    Local::new().store(x, to)
}

/// An array that is being written; what the tasks of a store share.
pub(crate) struct Stored {
    pub(super) writer: Box<dyn Writer>,
    pub(super) partial: Partial,
}

impl Stored {
    /// Writes a chunk and notes that it is done.
    pub(crate) fn write(&self, chunk: usize, start: &[usize], values: &Array) -> Result<()> {
        self.writer.write(start, values)?;
        self.partial.manifest.note(chunk)
    }

    /// Whether a chunk was written by an earlier run.
    pub(crate) fn is_done(&self, chunk: usize) -> bool {
        self.partial.done.contains(&chunk)
    }

    /// Gives what is whole its name; the last one who holds it calls this.
    pub(super) fn finish(stored: Arc<Stored>) -> Result<()> {
        stored.writer.finish()?;
        let Some(stored) = Arc::into_inner(stored) else {
            return Err(Error::backend(OP, "a task of the store is still running"));
        };
        stored.partial.finish()
    }
}

/// Stores arrays together: what they share is computed once.
pub(crate) fn store_all(arrays: &[(&Array, Store)], with: &Local) -> Result<()> {
    let mut wanted = Vec::with_capacity(arrays.len());
    let mut begun = Vec::with_capacity(arrays.len());
    for (x, to) in arrays {
        let (node, stored) = begin(of(OP, x)?, to)?;
        wanted.push(node);
        begun.push(stored);
    }
    execute::run_only(&plan(&wanted)?, with)?;
    // The last ones that hold what is written let go of it here.
    drop(wanted);
    for stored in begun {
        Stored::finish(stored)?;
    }
    Ok(())
}

pub(super) fn begin(x: &Lazy, to: &Store) -> Result<(Lazy, Arc<Stored>)> {
    if !x.chunks().is_known() {
        return Err(unknown_sizes(OP));
    }
    let format = to.chosen()?;
    let x = match format.regions(x.chunks(), x.dtype())? {
        None => x.clone(),
        Some(regions) => crate::rechunk::rechunk(x, &ending_with(x.chunks(), &regions))?,
    };
    let head = Head { plan: x.key().to_string(), format: format.settings(), chunks: x.chunks().count() };
    let partial = Partial::new(&to.path, &head, to.resume, to.overwrite)?;
    let writer = format.open(&partial.data(), x.chunks(), x.dtype())?;
    let stored = Arc::new(Stored { writer, partial });
    let work = Work::Stored { name: OP.into(), to: stored.clone() };
    let node = Node::new(work, vec![x.clone()], vec![x.layout().clone()], x.node.space.clone());
    Ok((Lazy { node, output: 0 }, stored))
}

/// Chunks that end where regions end: as they are where they do, else cut at the regions' ends.
fn ending_with(chunks: &Chunks, regions: &[usize]) -> Chunks {
    let axis = |(pieces, &size): (&AxisChunks, &usize)| {
        let sizes = pieces.sizes().unwrap_or_default();
        let extent = sizes.iter().sum();
        let fits = AxisChunks::offsets(sizes).iter().all(|&end| end == extent || end % size.max(1) == 0);
        if fits {
            return pieces.clone();
        }
        // About as large as they were.
        let widest = sizes.iter().max().copied().unwrap_or(1);
        AxisChunks::regular(extent, (widest / size).max(1) * size)
    };
    Chunks::new(chunks.axes().iter().zip(regions).map(axis))
}
