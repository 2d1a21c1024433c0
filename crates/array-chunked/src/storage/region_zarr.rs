//! Regions of Zarr arrays: chunks are made beside the array with its own codecs, and their files are renamed.
//!
//! A chunk that lies only in part in the region is read, changed, and written as a new one.

use std::fs::{self, File};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use array_api::{Array, At, DType, Dims, Error, Host, Index, Indices, Result, SetAt};
use sha2::{Digest, Sha256};
use zarrs::array::{Array as Stored, ArrayError};
use zarrs::filesystem::FilesystemStore;

use super::region::{Fits, Ready, Target};
use super::zarr::{Zarr, alone, broken};
use super::{Writer, failed};
use crate::tasks::places;

const OP: &str = "store";

/// Where an array says what it is, version 3 and 2.
const METADATA: [&str; 2] = ["zarr.json", ".zarray"];

#[derive(Clone)]
pub(super) struct ZarrRegion {
    array: Arc<Zarr>,
    pieces: Dims,
    missing_are_fill: bool,
    ready: Ready,
}

impl ZarrRegion {
    pub(super) fn open(path: &Path, missing_are_fill: bool, fits: Fits<'_>) -> Result<ZarrRegion> {
        let array = Zarr::open(path)?;
        let region = fits(&array.dims, array.dtype)?;
        let grid = array.metadata().get("chunk_grid").map(|grid| &grid["name"]);
        if grid.is_some_and(|name| name.as_str() != Some("regular")) {
            let message = format!("{} has a grid of chunks that is not regular", path.display());
            return Err(Error::not_implemented(OP, message));
        }
        let first = vec![0; array.dims.len()];
        let pieces = array.array.chunk_shape(&first).map_err(|e| broken(OP, "finding the chunks", &e))?;
        let pieces = pieces.iter().map(|n| n.get() as usize).collect();
        let ready = Ready {
            format: "zarr".into(),
            start: region.iter().map(|r| r.start).collect(),
            extents: region.iter().map(ExactSizeIterator::len).collect(),
            layout: layout(path)?.1,
        };
        Ok(ZarrRegion { array: Arc::new(array), pieces, missing_are_fill, ready })
    }
}

/// The file of the metadata, and what tells it from others.
fn layout(path: &Path) -> Result<(PathBuf, String)> {
    let file = METADATA.iter().map(|name| path.join(name)).find(|file| file.exists());
    let file = file.unwrap_or_else(|| path.join(METADATA[0]));
    let bytes = fs::read(&file).map_err(|e| failed(OP, "reading", &file, e))?;
    Ok((file, format!("{:x}", Sha256::digest(bytes))))
}

impl Target for ZarrRegion {
    fn pieces(&self) -> Option<Dims> {
        Some(self.pieces.clone())
    }

    fn open(&self, data: &Path) -> Result<Box<dyn Writer>> {
        let (metadata, _) = layout(self.array.path())?;
        let copy = || {
            fs::create_dir_all(data)?;
            fs::copy(&metadata, data.join(metadata.file_name().unwrap_or_default()))
        };
        copy().map_err(|e| failed(OP, "making", data, e))?;
        let wrong = |why: String| Error::backend(OP, format!("{} cannot be written: {why}", data.display()));
        let store = FilesystemStore::new(data).map_err(|e| wrong(e.to_string()))?;
        let gathered = Stored::open(Arc::new(store), "/").map_err(|e| wrong(e.to_string()))?;
        Ok(Box::new(RegionWriter { region: self.clone(), data: data.into(), gathered }))
    }

    fn ready(&self) -> &Ready {
        &self.ready
    }
}

struct RegionWriter {
    region: ZarrRegion,
    data: PathBuf,
    gathered: Stored<FilesystemStore>,
}

/// All elements of a chunk of an array.
fn chunk(array: &Stored<FilesystemStore>, at: &[u64], dtype: DType) -> Result<Host, ArrayError> {
    macro_rules! elements {
        ($($Variant:ident),*) => {
            match dtype {
                $(DType::$Variant => Host::$Variant(array.retrieve_chunk_opt(at, &alone())?),)*
            }
        };
    }
    Ok(elements!(
        Bool, Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64, Float32, Float64, Complex64, Complex128
    ))
}

fn slices(ranges: impl Iterator<Item = Range<usize>>) -> Indices {
    let slice = |r: Range<usize>| Index::Slice { start: Some(r.start as isize), stop: Some(r.end as isize), step: 1 };
    Indices(ranges.map(slice).collect())
}

impl RegionWriter {
    /// The chunk at a place of the grid, with its elements among `values`, which begin at `first` of the array.
    fn whole(&self, at: &[usize], first: &[usize], values: &Array) -> Result<Array> {
        let ZarrRegion { array, pieces, .. } = &self.region;
        let extents = values.shape()?;
        let within = |axis: usize| {
            let (begin, end) = (at[axis] * pieces[axis], (at[axis] + 1) * pieces[axis]);
            begin.max(first[axis])..end.min(first[axis] + extents[axis])
        };
        let own: Vec<Range<usize>> = (0..at.len()).map(within).collect();
        let index = slices(own.iter().zip(first).map(|(r, f)| r.start - f..r.end - f));
        let part = array_api::at(values, At { index })?;
        if part.shape()? == &pieces[..] {
            return Ok(part);
        }
        let wide: Vec<u64> = at.iter().map(|&i| i as u64).collect();
        // Beyond the array's end a chunk goes on with the fill value.
        let covered = own.iter().enumerate().all(|(axis, r)| {
            let begin = at[axis] * pieces[axis];
            r.start == begin && r.end == (begin + pieces[axis]).min(array.dims[axis])
        });
        let before = if covered { &self.gathered } else { &array.array };
        if !covered && !self.region.missing_are_fill {
            let file = array.path().join(array.array.chunk_key(&wide).as_str());
            if !file.try_exists().map_err(|e| failed(OP, "looking for", &file, e))? {
                let message = format!(
                    "the Zarr chunk {} is missing, and the region has only a part of it. If the array leaves out chunks of nothing but \
                     the fill value, say so with `missing_chunks_are_fill`; or store a region of whole chunks, whose extents are {}",
                    file.display(),
                    pieces
                );
                return Err(Error::backend(OP, message));
            }
        }
        let what = || format!("reading chunk {at:?} of {}", array.path().display());
        let before = chunk(before, &wide, array.dtype).map_err(|e| broken(OP, &what(), &e))?;
        let before = values.namespace().from_host(before, &pieces[..])?;
        let index = slices(own.iter().enumerate().map(|(axis, r)| {
            let begin = at[axis] * pieces[axis];
            r.start - begin..r.end - begin
        }));
        array_api::set_at(before, part, SetAt { index })
    }
}

impl Writer for RegionWriter {
    fn write(&self, start: &[usize], values: &Array) -> Result<()> {
        let extents = values.shape()?;
        if extents.contains(&0) {
            return Ok(());
        }
        let pieces = &self.region.pieces;
        let first: Dims = start.iter().zip(&self.region.ready.start).map(|(a, b)| a + b).collect();
        let begin: Dims = first.iter().zip(&pieces[..]).map(|(f, size)| f / size).collect();
        let end = first.iter().zip(extents).zip(&pieces[..]).map(|((f, n), size)| (f + n).div_ceil(*size));
        let counts: Dims = end.zip(begin.iter()).map(|(end, begin)| end - begin).collect();
        for place in places(&counts) {
            let at: Dims = begin.iter().zip(place.iter()).map(|(b, i)| b + i).collect();
            let whole = self.whole(&at, &first, values)?;
            let wide: Vec<u64> = at.iter().map(|&i| i as u64).collect();
            let failed = |e| broken(OP, &format!("writing chunk {at} of {}", self.data.display()), &e);
            macro_rules! elements {
                ($($Variant:ident),*) => {
                    match whole.to_host()? {
                        $(Host::$Variant(elements) => {
                            self.gathered.store_chunk_opt(&wide, elements, &alone()).map_err(failed)?;
                        })*
                    }
                };
            }
            elements!(
                Bool, Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64, Float32, Float64, Complex64, Complex128
            );
        }
        Ok(())
    }

    /// What takes the place of chunks that are lost then must be on the disk.
    fn finish(&self) -> Result<()> {
        for file in chunk_files(&self.data)? {
            File::open(&file).and_then(|file| file.sync_all()).map_err(|e| failed(OP, "writing", &file, e))?;
        }
        Ok(())
    }
}

/// The files of chunks in a folder, and in those below it.
fn chunk_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let listing = |e| failed(OP, "listing", folder, e);
    let mut files = vec![];
    for entry in fs::read_dir(folder).map_err(listing)? {
        let entry = entry.map_err(listing)?;
        let path = entry.path();
        if entry.file_type().map_err(listing)?.is_dir() {
            files.extend(chunk_files(&path)?);
        } else if METADATA.iter().all(|name| entry.file_name() != **name) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Renames the files of chunks that are left.
pub(super) fn moved(target: &Path, data: &Path, ready: &Ready) -> Result<()> {
    if layout(target)?.1 != ready.layout {
        let message = format!("{} is another array than when the store began", target.display());
        return Err(Error::value(OP, message));
    }
    for file in chunk_files(data)? {
        let Ok(name) = file.strip_prefix(data) else { continue };
        let to = target.join(name);
        let renamed = || {
            if let Some(folder) = to.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::rename(&file, &to)
        };
        renamed().map_err(|e| failed(OP, "naming", &to, e))?;
    }
    Ok(())
}
