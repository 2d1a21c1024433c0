//! Storing into a region of an array that is on disk: what is computed is gathered beside it, and goes in when it is whole.
//!
//! A file that others know by its name cannot be replaced by parts, so a region goes through two phases. While chunks are computed
//! they are written to `NAME.region.partial`, and the array is as it was. When all are there, the file `ready` says so, and they
//! are moved in: chunk files of Zarr by renaming, runs of NPY by copying. A run that ends in between leaves an array with some
//! chunks of the old and some of the new, and all that is missing beside it: [`finish_region`] moves it again, which may be done
//! any number of times.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use array_api::{DType, Dims, Error, Indices, Result};
use serde::{Deserialize, Serialize};

use super::manifest::Manifest;
use super::region_npy::NpyRegion;
#[cfg(feature = "zarr")]
use super::region_zarr::ZarrRegion;
use super::{Writer, failed};
use crate::chunks::{AxisChunks, Chunks};

const OP: &str = "store";

/// What [`finish_region`] has to know; the file `ready`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Ready {
    /// `npy` or `zarr`.
    pub(super) format: String,
    /// The region: where it begins along each axis, and its extents.
    pub(super) start: Vec<usize>,
    pub(super) extents: Vec<usize>,
    /// What tells the array's layout from others.
    pub(super) layout: String,
}

/// A region of an array that is on disk.
pub(super) trait Target {
    /// The extents of what is written at once, from the array's own beginning on. `None` where any box may be written.
    fn pieces(&self) -> Option<Dims>;

    /// Begins to gather the region's chunks at a path. Boxes begin at the region's beginning.
    fn open(&self, data: &Path) -> Result<Box<dyn Writer>>;

    /// What goes into the file `ready`.
    fn ready(&self) -> &Ready;
}

/// The region of the array at a path that an index selects, for an array of this shape and type.
pub(super) fn target(
    path: &Path,
    index: &Indices,
    dims: &Dims,
    dtype: DType,
    missing_are_fill: bool,
) -> Result<Box<dyn Target>> {
    let about = fs::metadata(path).map_err(|e| match e.kind() {
        ErrorKind::NotFound => {
            let path = path.display();
            Error::value(
                OP,
                format!("{path} is not there, and a region is stored into an array that is; store a whole one first"),
            )
        }
        _ => failed(OP, "reading", path, e),
    })?;
    let fits = |whole: &Dims, own: DType| -> Result<Vec<Range<usize>>> {
        let region = ranges(index, whole)?;
        let extents: Dims = region.iter().map(ExactSizeIterator::len).collect();
        if extents != *dims {
            let message = format!(
                "an array of shape {dims} does not fill the region of shape {extents} of {}, which has shape {whole}",
                path.display()
            );
            return Err(Error::shape(OP, message));
        }
        if own != dtype {
            let message =
                format!("{} has {own}, and the array is {dtype}; convert it with astype({own})", path.display());
            return Err(Error::dtype(OP, message));
        }
        Ok(region)
    };
    if about.is_file() {
        return Ok(Box::new(NpyRegion::open(path, &fits)?));
    }
    #[cfg(feature = "zarr")]
    return Ok(Box::new(ZarrRegion::open(path, missing_are_fill, &fits)?));
    #[cfg(not(feature = "zarr"))]
    {
        let _ = missing_are_fill;
        let message = format!("{} is a folder: a Zarr array takes the feature `zarr`", path.display());
        Err(Error::not_implemented(OP, message))
    }
}

/// Whether a region fits, and where it is: given the shape and the type of the array on disk.
pub(super) type Fits<'f> = &'f dyn Fn(&Dims, DType) -> Result<Vec<Range<usize>>>;

/// The positions that an index of slices selects along each axis.
fn ranges(index: &Indices, dims: &Dims) -> Result<Vec<Range<usize>>> {
    let wrong = |why: &str| Error::index(OP, format!("the region of an array of shape {dims} {why}"));
    if index.0.len() > dims.len() {
        return Err(wrong(&format!("cannot have {} slices", index.0.len())));
    }
    let one = |(axis, &n): (usize, &usize)| {
        let mut entry = index.0.get(axis).cloned().unwrap_or(array_api::Index::full());
        if entry.resolve(OP, n).is_err() {
            return Err(wrong("is made of slices: `10..20`, or `10..11` for one position"));
        }
        match entry.range() {
            Some((first, count, 1)) => Ok(first..first + count),
            Some((_, 0, _)) => Ok(0..0),
            _ => Err(wrong("is made of neighbours: steps are 1")),
        }
    };
    dims.iter().enumerate().map(one).collect()
}

/// Chunks of a region that begins at `start`, that end where pieces of the array end: as they are where they do, else cut anew, about
/// as large as they were. So no two of them write to one piece.
pub(super) fn ending_with(chunks: &Chunks, pieces: &[usize], start: &[usize]) -> Chunks {
    let axis = |((own, &size), &start): ((&AxisChunks, &usize), &usize)| {
        let (sizes, size) = (own.sizes().unwrap_or_default(), size.max(1));
        let extent: usize = sizes.iter().sum();
        if AxisChunks::offsets(sizes)[1..].iter().all(|&end| end == extent || (start + end) % size == 0) {
            return own.clone();
        }
        let widest = sizes.iter().max().copied().unwrap_or(1);
        // Up to the first end of a piece, then whole ones.
        let first = (start.next_multiple_of(size) - start).min(extent);
        let rest = AxisChunks::regular(extent - first, (widest / size).max(1) * size);
        let rest = rest.sizes().unwrap_or_default().iter().copied();
        AxisChunks::Known([first].into_iter().chain(rest).filter(|&n| n > 0).collect())
    };
    Chunks::new(chunks.axes().iter().zip(pieces).zip(start).map(axis))
}

/// The folder in which the chunks of a region are gathered.
pub(super) fn beside(target: &Path) -> Option<PathBuf> {
    let mut name = target.file_name()?.to_os_string();
    name.push(".region.partial");
    Some(target.with_file_name(name))
}

/// The file that says that all chunks are there.
pub(super) fn ready_in(folder: &Path) -> PathBuf {
    folder.join("ready")
}

/// Notes that all chunks are there, and moves them in.
pub(super) fn move_in(target: &Path, folder: &Path, ready: &Ready) -> Result<()> {
    let file = ready_in(folder);
    let text = serde_json::to_string(ready).map_err(|e| Error::backend(OP, e.to_string()))?;
    // There whole or not at all.
    let begun = folder.join("ready.begun");
    let written = File::create(&begun).and_then(|mut to| {
        to.write_all(text.as_bytes())?;
        to.sync_all()
    });
    written.and_then(|()| fs::rename(&begun, &file)).map_err(|e| failed(OP, "writing", &file, e))?;
    moved(target, folder, ready)
}

/// Moves chunks in, and takes away the folder. What was moved before stays so.
fn moved(target: &Path, folder: &Path, ready: &Ready) -> Result<()> {
    let data = folder.join("data");
    let done = match &ready.format[..] {
        "npy" => super::region_npy::moved(target, &data, ready),
        #[cfg(feature = "zarr")]
        "zarr" => super::region_zarr::moved(target, &data, ready),
        other => {
            Err(Error::not_implemented(OP, format!("it is of format `{other}`, which this program does not write")))
        }
    };
    done.map_err(|why| {
        let message = format!(
            "moving the chunks of a region into {} failed: {}. Some of its chunks may be the new ones, each of them whole; the others \
             wait in {}. `finish_region` goes on with it; do not delete them",
            target.display(),
            why.message(),
            folder.display()
        );
        Error::new(why.kind(), OP, message).caused_by(why)
    })?;
    // What is left without it is nothing that anybody goes on with.
    let file = ready_in(folder);
    fs::remove_file(&file).map_err(|e| failed(OP, "removing", &file, e))?;
    fs::remove_dir_all(folder).map_err(|e| failed(OP, "removing", folder, e))
}

/// Goes on with a [`store`](crate::Store::region) into a region of the array at a path that ended while its chunks were moved in.
/// Nothing is computed: they are there, beside the array.
///
/// ```
/// use array_api::index;
/// use array_chunked::{Local, Store, finish_region};
/// # let file = std::env::temp_dir().join(format!("finish-region-{}.npy", std::process::id()));
/// let xp = array_ndarray::namespace();
/// array_chunked::store(&array_chunked::from_array(&xp.zeros([4, 2])?, 2)?, &file)?;
/// let ones = array_chunked::from_array(&xp.ones([2, 2])?, 1)?;
/// Local::new().store(&ones, Store::at(&file).region(index![1..3]))?;
/// // It went well, so that there is nothing to finish.
/// assert!(finish_region(&file).unwrap_err().to_string().contains("nothing to finish"));
/// # std::fs::remove_file(file).unwrap();
/// # Ok::<(), array_api::Error>(())
/// ```
///
/// # Errors
/// If nothing was cut off, another process is at it, or moving fails again.
pub fn finish_region(path: impl AsRef<Path>) -> Result<()> {
    let target = fs::canonicalize(&path).map_err(|e| failed(OP, "finding", path.as_ref(), e))?;
    let folder = beside(&target).ok_or_else(|| Error::value(OP, format!("{} is no name", target.display())))?;
    let (file, is_begun) = (ready_in(&folder), folder.exists());
    let text = fs::read_to_string(&file).map_err(|e| match e.kind() {
        ErrorKind::NotFound => {
            let (target, folder) = (target.display(), folder.display());
            let message = match is_begun {
                true => format!(
                    "there is nothing to finish: {target} is as it was. {folder} has some of the chunks of a store that was not done; \
                     storing again with resuming goes on with it, or delete it"
                ),
                false => format!("there is nothing to finish: no store into a region of {target} was cut off"),
            };
            Error::value(OP, message)
        }
        _ => failed(OP, "reading", &file, e),
    })?;
    let ready = serde_json::from_str(&text)
        .map_err(|e| Error::value(OP, format!("{} does not say what there is to do: {e}", file.display())))?;
    let _locked = Manifest::hold(folder.join("manifest"))?;
    moved(&target, &folder, &ready)
}
