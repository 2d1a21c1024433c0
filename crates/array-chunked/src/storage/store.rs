//! Computing arrays into files: each chunk is written when it is there, and the name is given when all are.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use array_api::{Array, Dims, Error, Indices, Result};

use super::manifest::Head;
use super::npy::NpyFormat;
use super::partial::{Ending, Partial};
use super::region::{self, ending_with};
use super::{Format, Writer};
use crate::array::of;
use crate::chunks::unknown_sizes;
use crate::execute;
use crate::local::Local;
use crate::node::{Lazy, Node, Work};
use crate::plan::plan;

const OP: &str = "store";

const ENDINGS: &str = "NAME.npy, with the feature `zarr` NAME.zarr, or with the feature `parquet` NAME.parquet";

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
    region: Option<Indices>,
    missing_are_fill: bool,
}

impl Store {
    /// Under this name, in the format that its ending says: `.npy`, with the feature `zarr` `.zarr`, or with the feature `parquet`
    /// `.parquet`.
    pub fn at(path: impl AsRef<Path>) -> Store {
        Store {
            path: path.as_ref().to_path_buf(),
            format: None,
            resume: false,
            overwrite: false,
            region: None,
            missing_are_fill: false,
        }
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

    /// Into a region of the NPY or Zarr array that has the name: slices of neighbours along its axes, those that are not named
    /// whole. The array must have the region's shape and the type of the one on disk, whose format stays.
    ///
    /// While chunks are computed they are gathered in `NAME.region.partial`, and the array on disk is as it was: it may be read
    /// by the expression that is stored. After an error it still is, and the folder is removed, unless resuming was asked for. When
    /// all chunks are there they are moved in, those of Zarr by renaming their files, and an error *then* leaves an array with
    /// some chunks of the old and some of the new, each of them whole; the others wait in the folder, which stays, and
    /// [`finish_region`](crate::finish_region) goes on. Others who read the array meanwhile see it so too. One store into
    /// regions of an array runs at a time.
    ///
    /// The array is cut anew where its chunks do not end where those of Zarr do, so that each of these is written by one task;
    /// those that lie in part in the region are read and written again.
    ///
    /// ```
    /// use array_api::index;
    /// use array_chunked::{Local, Store, from_array, from_npy, store};
    /// # let file = std::env::temp_dir().join(format!("store-region-{}.npy", std::process::id()));
    /// let xp = array_ndarray::namespace();
    /// store(&from_array(&xp.zeros([3, 3])?, 1)?, &file)?;
    /// let corner = from_array(&xp.ones([2, 2])?, 1)?;
    /// Local::new().store(&corner, Store::at(&file).region(index![1..3, 1..]))?;
    /// assert_eq!(from_npy(&file, 3)?.to_vec::<f64>()?, [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
    /// # std::fs::remove_file(file).unwrap();
    /// # Ok::<(), array_api::Error>(())
    /// ```
    pub fn region(mut self, index: impl Into<Indices>) -> Store {
        self.region = Some(index.into());
        self
    }

    /// Takes Zarr chunks that are not there for chunks of the fill value, where a region has only a part of them. It is an error
    /// unless this is said, since a chunk that was lost looks the same.
    pub fn missing_chunks_are_fill(mut self) -> Store {
        self.missing_are_fill = true;
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
            #[cfg(feature = "parquet")]
            Some("parquet") => Ok(Arc::new(super::ParquetFormat::new())),
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
    let (x, writer, partial) = match &to.region {
        None => named(x, to)?,
        Some(index) => placed(x, to, index)?,
    };
    let stored = Arc::new(Stored { writer, partial });
    let work = Work::Stored { name: OP.into(), to: stored.clone() };
    let node = Node::new(work, vec![x.clone()], vec![x.layout().clone()], x.node.space.clone());
    Ok((Lazy { node, output: 0 }, stored))
}

/// An array in chunks that can be written one by one, and what writes them.
type Begun = (Lazy, Box<dyn Writer>, Partial);

/// Begins an array that gets a name.
fn named(x: &Lazy, to: &Store) -> Result<Begun> {
    let format = to.chosen()?;
    let x = cut(x, format.regions(x.chunks(), x.dtype())?, None)?;
    let head = head(&x, format.settings());
    let partial = Partial::new(&to.path, &head, to.resume, Ending::Named { overwrite: to.overwrite })?;
    let writer = format.open(&partial.data(), x.chunks(), x.dtype())?;
    Ok((x, writer, partial))
}

/// Begins an array that goes into a region of another one.
fn placed(x: &Lazy, to: &Store, index: &Indices) -> Result<Begun> {
    if to.format.is_some() || to.overwrite {
        let message = "a region goes into the array that is there: it keeps its format, and nothing else is replaced";
        return Err(Error::value(OP, message));
    }
    let target = region::target(&to.path, index, &x.dims(), x.dtype(), to.missing_are_fill)?;
    let ready = target.ready();
    let x = cut(x, target.pieces(), Some(&ready.start))?;
    let head = head(&x, format!("region {:?} of {}", ready.start, ready.format));
    let partial = Partial::new(&to.path, &head, to.resume, Ending::Region(ready.clone()))?;
    let writer = target.open(&partial.data())?;
    Ok((x, writer, partial))
}

/// The array with chunks that end where pieces end, which are written at once; it begins at `start`, or where they do.
fn cut(x: &Lazy, pieces: Option<Dims>, start: Option<&[usize]>) -> Result<Lazy> {
    let Some(pieces) = pieces else { return Ok(x.clone()) };
    let origin = vec![0; pieces.len()];
    crate::rechunk::rechunk(x, &ending_with(x.chunks(), &pieces, start.unwrap_or(&origin)))
}

fn head(x: &Lazy, format: String) -> Head {
    Head { plan: x.key().to_string(), format, chunks: x.chunks().count() }
}
