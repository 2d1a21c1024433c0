//! NPY files, NumPy's own: one array each, read box by box and written region by region.
//!
//! Boxes are read with ordinary reads at their place. A memory map would spare one copy of what is read, but a file that
//! somebody cuts off while it is mapped ends the process, and the pages it has read count as memory that no limit knows of.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use array_api::{Array, DType, Dims, Error, Namespace, PermuteDims, Result};

use super::boxes::runs;
use super::npy_header::Header;
use super::{Address, Format, Source, Writer, failed, from_bytes, from_source, memory, to_bytes};
use crate::chunk_spec::ChunkSpec;
use crate::chunks::Chunks;

const READ: &str = "from_npy";

/// The lazy array of an NPY file.
///
/// Nothing but the header is read before values are asked for, and of them only what is needed: slices move to the file.
/// [`Npy::open`] and [`from_source`] make chunks of another kind than arrays in memory.
///
/// ```
/// # let file = std::env::temp_dir().join(format!("from-npy-{}.npy", std::process::id()));
/// let table = array_ndarray::namespace().asarray([[1.0, 2.0], [3.0, 4.0]])?;
/// array_chunked::store(&array_chunked::from_array(&table, 1)?, &file)?;
/// let x = array_chunked::from_npy(&file, [1, 2])?;
/// assert_eq!(array_api::sum(&x, 0)?.to_vec::<f64>()?, [4.0, 6.0]);
/// # std::fs::remove_file(file).unwrap();
/// # Ok::<(), array_api::Error>(())
/// ```
///
/// # Errors
/// If the file cannot be read, is no NPY file, holds something else than numbers, or is shorter than its header says; and if
/// the chunks do not fit. Values that are asked for later are an error if the file has changed since.
pub fn from_npy(path: impl AsRef<Path>, chunks: impl Into<ChunkSpec>) -> Result<Array> {
    from_source(Arc::new(Npy::open(path)?), chunks, &memory(READ)?)
}

/// An NPY file.
#[derive(Clone, Debug)]
pub struct Npy {
    path: PathBuf,
    header: Header,
    /// Length and last change of the file when its header was read.
    stamp: (u64, Option<SystemTime>),
}

impl Npy {
    /// Reads the header of a file.
    ///
    /// # Errors
    /// As [`from_npy`].
    pub fn open(path: impl AsRef<Path>) -> Result<Npy> {
        let path = std::path::absolute(&path).map_err(|e| failed(READ, "finding", path.as_ref(), e))?;
        let reading = |e| failed(READ, "reading", &path, e);
        let mut file = File::open(&path).map_err(reading)?;
        let stamp = stamp(&file).map_err(reading)?;
        let header = Header::read(&mut file).map_err(reading)?;
        let header = header.map_err(|why| Error::value(READ, format!("{} cannot be read: {why}", path.display())))?;
        let due = header.dims.iter().product::<usize>() as u64 * header.dtype.size() as u64;
        let held = stamp.0.saturating_sub(header.data);
        if held < due {
            let dims = &header.dims;
            let message = format!("{} is cut off: shape {dims} takes {due} bytes, {held} are there", path.display());
            return Err(Error::value(READ, message));
        }
        Ok(Npy { path, header, stamp })
    }

    /// The file's name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the file says of itself.
    pub(super) fn header(&self) -> &Header {
        &self.header
    }

    /// The bytes of a box, row after row, of the array as it lies in the file.
    fn bytes(&self, dims: &[usize], start: &[usize], extents: &[usize]) -> std::io::Result<Vec<u8>> {
        let file = File::open(&self.path)?;
        if stamp(&file)? != self.stamp {
            return Err(std::io::Error::other("it has changed since it was opened"));
        }
        let size = self.header.dtype.size();
        let mut bytes = vec![0; extents.iter().product::<usize>() * size];
        // Gaps that are shorter than its buffer are skipped without a call of the system.
        let mut file = BufReader::with_capacity(1 << 16, file);
        let (mut at, mut filled) = (0_u64, 0);
        for run in runs(dims, start, extents) {
            let place = self.header.data + run.at * size as u64;
            file.seek_relative(place as i64 - at as i64)?;
            let part = &mut bytes[filled..filled + run.count * size];
            file.read_exact(part)?;
            filled += part.len();
            at = place + part.len() as u64;
        }
        Ok(bytes)
    }
}

/// The length and the last change of a file.
pub(super) fn stamp(file: &File) -> std::io::Result<(u64, Option<SystemTime>)> {
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(std::io::Error::other("it is no file"));
    }
    Ok((about.len(), about.modified().ok()))
}

/// The bytes of each element in the other order; the parts of complex numbers are turned by themselves.
fn turn(bytes: &mut [u8], dtype: DType) {
    let width = if dtype.is_complex() { dtype.size() / 2 } else { dtype.size() };
    bytes.chunks_exact_mut(width).for_each(<[u8]>::reverse);
}

/// An array as its elements lie in the file, given as it is; and the other way round.
fn in_order(header: &Header, array: Array) -> Result<Array> {
    if !header.fortran || array.ndim() < 2 {
        return Ok(array);
    }
    let axes = (0..array.ndim() as isize).rev().collect();
    array_api::permute_dims(array, PermuteDims { axes })
}

impl Source for Npy {
    fn name(&self) -> &str {
        "npy"
    }

    fn dims(&self) -> &Dims {
        &self.header.dims
    }

    fn dtype(&self) -> DType {
        self.header.dtype
    }

    fn read(&self, start: &[usize], extents: &[usize], space: &Namespace) -> Result<Array> {
        let header = &self.header;
        let Header { dtype, big_endian, .. } = header;
        let (whole, start, extents) = (header.order(&header.dims), header.order(start), header.order(extents));
        let mut bytes = self.bytes(&whole, &start, &extents).map_err(|e| failed(READ, "reading", &self.path, e))?;
        if *big_endian {
            turn(&mut bytes, *dtype);
        }
        in_order(header, space.from_host(from_bytes(&bytes, *dtype), &extents)?)
    }

    fn address(&self) -> Option<Address> {
        Address::of("npy", &self.path)
    }

    fn identity(&self) -> Option<String> {
        let (length, changed) = self.stamp;
        let changed = changed?.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_nanos();
        Some(format!("npy {} {length} {changed}", self.path.display()))
    }
}

/// How arrays are written as NPY: version 1, rows side by side, little-endian.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NpyFormat;

impl Format for NpyFormat {
    fn settings(&self) -> String {
        "npy".into()
    }

    fn open(&self, path: &Path, chunks: &Chunks, dtype: DType) -> Result<Box<dyn Writer>> {
        let dims = chunks.dims();
        let header = Header::of(&dims, dtype);
        // All of its length at once, so that regions can be written in any order.
        let length = header.data + dims.iter().product::<usize>() as u64 * dtype.size() as u64;
        let opened = OpenOptions::new().write(true).create(true).truncate(false).open(path);
        let made = opened.and_then(|mut file| {
            file.write_all(&header.bytes())?;
            file.set_len(length)
        });
        made.map_err(|e| failed("store", "making", path, e))?;
        Ok(Box::new(NpyWriter::new(path, header)))
    }
}

/// Writes boxes to their places in a file that has its length.
pub(super) struct NpyWriter {
    path: PathBuf,
    header: Header,
}

impl NpyWriter {
    pub(super) fn new(path: &Path, header: Header) -> NpyWriter {
        NpyWriter { path: path.to_path_buf(), header }
    }

    /// For a file that another process began.
    pub(super) fn reopened(path: &Path) -> Result<NpyWriter> {
        let Npy { path, header, .. } = Npy::open(path)?;
        Ok(NpyWriter { path, header })
    }
}

impl Writer for NpyWriter {
    fn address(&self) -> Option<Address> {
        Address::of("npy", &self.path)
    }

    fn write(&self, start: &[usize], values: &Array) -> Result<()> {
        let header = &self.header;
        let Header { dtype, big_endian, data, .. } = header;
        let (whole, start, extents) = (header.order(&header.dims), header.order(start), header.order(values.dims()));
        let mut bytes = to_bytes(&in_order(header, values.clone())?.to_host()?);
        if *big_endian {
            turn(&mut bytes, *dtype);
        }
        let write = || -> std::io::Result<()> {
            let mut file = OpenOptions::new().write(true).open(&self.path)?;
            let mut rest = &bytes[..];
            for run in runs(&whole, &start, &extents) {
                let (part, more) = rest.split_at(run.count * dtype.size());
                file.seek(SeekFrom::Start(data + run.at * dtype.size() as u64))?;
                file.write_all(part)?;
                rest = more;
            }
            Ok(())
        };
        write().map_err(|e| failed("store", "writing", &self.path, e))
    }

    fn finish(&self) -> Result<()> {
        let synced = OpenOptions::new().write(true).open(&self.path).and_then(|file| file.sync_all());
        synced.map_err(|e| failed("store", "writing", &self.path, e))
    }
}
