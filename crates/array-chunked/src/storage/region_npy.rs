//! Regions of NPY files: gathered row after row in the file's own order and type, and copied to their places.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use array_api::{Dims, Error, Result};
use sha2::{Digest, Sha256};

use super::boxes::runs;
use super::npy::{Npy, NpyWriter};
use super::npy_header::Header;
use super::region::{Fits, Ready, Target};
use super::{Writer, failed};

const OP: &str = "store";

/// How much is copied at once.
const BUFFER: usize = 1 << 20;

pub(super) struct NpyRegion {
    header: Header,
    ready: Ready,
}

impl NpyRegion {
    pub(super) fn open(path: &Path, fits: Fits<'_>) -> Result<NpyRegion> {
        let header = Npy::open(path)?.header().clone();
        let region = fits(&header.dims, header.dtype)?;
        let ready = Ready {
            format: "npy".into(),
            start: region.iter().map(|r| r.start).collect(),
            extents: region.iter().map(ExactSizeIterator::len).collect(),
            layout: layout(path, &header)?,
        };
        Ok(NpyRegion { header, ready })
    }
}

/// The header as it lies there, and the length of the file.
fn layout(path: &Path, header: &Header) -> Result<String> {
    let mut bytes = vec![];
    let read = File::open(path).and_then(|file| {
        let length = file.metadata()?.len();
        file.take(header.data).read_to_end(&mut bytes)?;
        Ok(length)
    });
    let length = read.map_err(|e| failed(OP, "reading", path, e))?;
    Ok(format!("{:x} {length}", Sha256::digest(bytes)))
}

impl Target for NpyRegion {
    fn pieces(&self) -> Option<Dims> {
        None
    }

    fn open(&self, data: &Path) -> Result<Box<dyn Writer>> {
        let header = Header { dims: self.ready.extents.clone().into(), data: 0, ..self.header.clone() };
        let length = header.dims.iter().product::<usize>() * header.dtype.size();
        let opened = OpenOptions::new().write(true).create(true).truncate(false).open(data);
        opened.and_then(|file| file.set_len(length as u64)).map_err(|e| failed(OP, "making", data, e))?;
        Ok(Box::new(NpyWriter::new(data, header)))
    }

    fn ready(&self) -> &Ready {
        &self.ready
    }
}

/// Copies a region to its places.
pub(super) fn moved(target: &Path, data: &Path, ready: &Ready) -> Result<()> {
    let header = Npy::open(target)?.header().clone();
    if layout(target, &header)? != ready.layout || header.dims.len() != ready.start.len() {
        let message = format!("{} is another file than when the store began", target.display());
        return Err(Error::value(OP, message));
    }
    let (whole, start, extents) =
        (header.order(&header.dims), header.order(&ready.start), header.order(&ready.extents));
    let from = File::open(data).map_err(|e| failed(OP, "reading", data, e))?;
    let mut from = BufReader::with_capacity(BUFFER, from);
    let mut copy = || -> std::io::Result<()> {
        let mut to = OpenOptions::new().write(true).open(target)?;
        let mut buffer = vec![];
        for run in runs(&whole, &start, &extents) {
            to.seek(SeekFrom::Start(header.data + run.at * header.dtype.size() as u64))?;
            let mut left = run.count * header.dtype.size();
            while left > 0 {
                buffer.resize(left.min(BUFFER), 0);
                from.read_exact(&mut buffer)?;
                to.write_all(&buffer)?;
                left -= buffer.len();
            }
        }
        to.sync_all()
    };
    copy().map_err(|e| failed(OP, "writing", target, e))
}
