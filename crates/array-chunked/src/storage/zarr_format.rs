//! Zarr arrays in folders, versions 2 and 3: written chunk by chunk.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use array_api::{Array, DType, Dims, Error, Host, Index, Indices, Result, SetAt};
use serde_json::{Map, Value, json};
use zarrs::array::Array as Stored;
use zarrs::filesystem::FilesystemStore;

use super::npy_header::name_of;
use super::zarr::{Zarr, alone, broken};
use super::{Address, Format, Writer, failed};
use crate::chunks::{AxisChunks, Chunks};
use crate::tasks::places;

const OP: &str = "store";

/// How arrays are written as Zarr: the version, the Zarr chunks and their codecs, and attributes.
///
/// Zarr chunks are as large as the array's own unless said otherwise, compressed with zstd at level 3 and a checksum. All are
/// written, those of zeros too, so that one that is missing is known to be lost.
///
/// ```
/// use array_chunked::{Local, Store, Zarr, ZarrFormat};
/// # let folder = std::env::temp_dir().join(format!("zarr-format-{}.zarr", std::process::id()));
/// let x = array_chunked::from_array(&array_ndarray::namespace().ones([60, 40])?, [30, 40])?;
/// let format = ZarrFormat::new().chunks([10, 10]).shards([30, 20]).attribute("unit", "metres");
/// Local::new().store(&x, Store::at(&folder).format(format))?;
/// assert_eq!(Zarr::open(&folder)?.attributes()["unit"], "metres");
/// # std::fs::remove_dir_all(folder).unwrap();
/// # Ok::<(), array_api::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ZarrFormat {
    version: Version,
    chunks: Option<Dims>,
    shards: Option<Dims>,
    compression: Compression,
    attributes: Map<String, Value>,
    names: Option<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Default)]
enum Version {
    V2,
    #[default]
    V3,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Compression {
    None,
    Gzip(u32),
    Zstd(i32),
}

impl Default for Compression {
    fn default() -> Compression {
        Compression::Zstd(3)
    }
}

impl ZarrFormat {
    /// Version 3.
    pub fn new() -> ZarrFormat {
        ZarrFormat::default()
    }

    /// Version 2, for readers that know no other.
    pub fn v2() -> ZarrFormat {
        ZarrFormat { version: Version::V2, ..ZarrFormat::default() }
    }

    /// The version, the attributes and the names of the axes of another array.
    pub fn like(other: &Zarr) -> ZarrFormat {
        let version = if other.metadata().contains_key("dtype") { Version::V2 } else { Version::V3 };
        let names = other.metadata().get("dimension_names").cloned();
        ZarrFormat { version, attributes: other.attributes().clone(), names, ..ZarrFormat::default() }
    }

    /// The extents of Zarr chunks; with shards, of those within a shard.
    pub fn chunks(mut self, extents: impl Into<Dims>) -> ZarrFormat {
        self.chunks = Some(extents.into());
        self
    }

    /// Puts the chunks of such boxes into one file each. Version 3 only.
    pub fn shards(mut self, extents: impl Into<Dims>) -> ZarrFormat {
        self.shards = Some(extents.into());
        self
    }

    /// Compresses with zstd; the level goes from -131072 (fast) to 22 (small).
    pub fn zstd(mut self, level: i32) -> ZarrFormat {
        self.compression = Compression::Zstd(level);
        self
    }

    /// Compresses with gzip, which more readers know; the level goes from 0 to 9.
    pub fn gzip(mut self, level: u32) -> ZarrFormat {
        self.compression = Compression::Gzip(level);
        self
    }

    /// Compresses nothing.
    pub fn uncompressed(mut self) -> ZarrFormat {
        self.compression = Compression::None;
        self
    }

    /// An attribute, which other programs find beside the array.
    pub fn attribute(mut self, name: &str, value: impl Into<Value>) -> ZarrFormat {
        self.attributes.insert(name.into(), value.into());
        self
    }

    /// The extents of Zarr chunks, for an array in these chunks.
    fn inner(&self, chunks: &Chunks) -> Dims {
        self.chunks.clone().unwrap_or_else(|| {
            let whole = |pieces: &AxisChunks| pieces.sizes().and_then(|s| s.iter().max().copied()).unwrap_or(1).max(1);
            let widest: Dims = chunks.axes().iter().map(whole).collect();
            match &self.shards {
                // Chunks of nobody's choice fill their shard.
                Some(shards) if shards.len() == widest.len() => shards.clone(),
                _ => widest,
            }
        })
    }

    fn check(&self, chunks: &Chunks) -> Result<()> {
        let rank = chunks.axes().len();
        for (what, extents) in [("chunks", &self.chunks), ("shards", &self.shards)] {
            let Some(extents) = extents else { continue };
            if extents.len() != rank || extents.contains(&0) || extents.known().is_none() {
                let message =
                    format!("{what} of shape {extents} do not fit an array of {rank} axes; give each one, at least 1");
                return Err(Error::value(OP, message));
            }
        }
        if let (Some(shards), Some(inner)) = (&self.shards, &self.chunks)
            && shards.iter().zip(&inner[..]).any(|(s, n)| s % n != 0)
        {
            return Err(Error::value(
                OP,
                format!("shards of shape {shards} are not made of whole chunks of shape {inner}"),
            ));
        }
        if self.shards.is_some() && self.version == Version::V2 {
            return Err(Error::value(OP, "version 2 of Zarr has no shards; store as version 3"));
        }
        match self.compression {
            Compression::Gzip(level) if level > 9 => {
                Err(Error::value(OP, format!("gzip has no level {level}; the levels are 0 to 9")))
            }
            Compression::Zstd(level) if !(-131_072..=22).contains(&level) => {
                Err(Error::value(OP, format!("zstd has no level {level}; the levels are -131072 to 22")))
            }
            _ => Ok(()),
        }
    }

    fn metadata(&self, chunks: &Chunks, dtype: DType) -> Value {
        let (shape, inner) = (&chunks.dims()[..], self.inner(chunks));
        match self.version {
            Version::V2 => json!({
                "zarr_format": 2, "shape": shape, "chunks": &inner[..], "dtype": name_of(dtype), "order": "C",
                "compressor": match self.compression {
                    Compression::None => Value::Null,
                    Compression::Gzip(level) => json!({ "id": "gzip", "level": level }),
                    Compression::Zstd(level) => json!({ "id": "zstd", "level": level, "checksum": true }),
                },
                "fill_value": fill(dtype), "filters": null, "dimension_separator": ".",
            }),
            Version::V3 => {
                let bytes = match dtype.size() {
                    1 => json!({ "name": "bytes" }),
                    _ => json!({ "name": "bytes", "configuration": { "endian": "little" } }),
                };
                let mut codecs = vec![bytes];
                codecs.extend(match self.compression {
                    Compression::None => None,
                    Compression::Gzip(level) => Some(json!({ "name": "gzip", "configuration": { "level": level } })),
                    Compression::Zstd(level) => {
                        Some(json!({ "name": "zstd", "configuration": { "level": level, "checksum": true } }))
                    }
                });
                if self.shards.is_some() {
                    let index =
                        json!([{ "name": "bytes", "configuration": { "endian": "little" } }, { "name": "crc32c" }]);
                    let settings = json!({
                        "chunk_shape": &inner[..], "codecs": codecs, "index_codecs": index, "index_location": "end",
                    });
                    codecs = vec![json!({ "name": "sharding_indexed", "configuration": settings })];
                }
                let grid = self.shards.as_ref().unwrap_or(&inner);
                let mut all = json!({
                    "zarr_format": 3, "node_type": "array", "shape": shape, "data_type": dtype.name(),
                    "chunk_grid": { "name": "regular", "configuration": { "chunk_shape": &grid[..] } },
                    "chunk_key_encoding": { "name": "default", "configuration": { "separator": "/" } },
                    "fill_value": fill(dtype), "codecs": codecs, "attributes": self.attributes,
                });
                if let Some(names) = &self.names {
                    all["dimension_names"] = names.clone();
                }
                all
            }
        }
    }
}

fn fill(dtype: DType) -> Value {
    match dtype {
        DType::Bool => json!(false),
        DType::Float32 | DType::Float64 => json!(0.0),
        DType::Complex64 | DType::Complex128 => json!([0.0, 0.0]),
        _ => json!(0),
    }
}

impl Format for ZarrFormat {
    fn settings(&self) -> String {
        let ZarrFormat { version, chunks, shards, compression, attributes, .. } = self;
        format!(
            "zarr {version:?} chunks {chunks:?} shards {shards:?} {compression:?} {}",
            Value::Object(attributes.clone())
        )
    }

    fn regions(&self, chunks: &Chunks, _: DType) -> Result<Option<Dims>> {
        self.check(chunks)?;
        Ok(Some(self.shards.clone().unwrap_or_else(|| self.inner(chunks))))
    }

    fn open(&self, path: &Path, chunks: &Chunks, dtype: DType) -> Result<Box<dyn Writer>> {
        let metadata = self.metadata(chunks, dtype);
        let making = |e| failed(OP, "making", path, e);
        fs::create_dir_all(path).map_err(making)?;
        let write = |name: &str, value: &Value| fs::write(path.join(name), format!("{value:#}\n")).map_err(making);
        match self.version {
            Version::V2 => {
                write(".zarray", &metadata)?;
                write(".zattrs", &Value::Object(self.attributes.clone()))?;
            }
            Version::V3 => write("zarr.json", &metadata)?,
        }
        Ok(Box::new(ZarrWriter::reopened(path)?))
    }
}

pub(super) struct ZarrWriter {
    path: PathBuf,
    array: Stored<FilesystemStore>,
    /// The extents of what lies in one file.
    regions: Dims,
}

impl ZarrWriter {
    /// For a folder that has its metadata.
    pub(super) fn reopened(path: &Path) -> Result<ZarrWriter> {
        let wrong = |why: String| Error::backend(OP, format!("{} cannot be written: {why}", path.display()));
        let store = FilesystemStore::new(path).map_err(|e| wrong(e.to_string()))?;
        let array = Stored::open(Arc::new(store), "/").map_err(|e| wrong(e.to_string()))?;
        let grid = array.chunk_shape(&vec![0; array.dimensionality()]).map_err(|e| wrong(e.to_string()))?;
        let regions = grid.iter().map(|n| n.get() as usize).collect();
        Ok(ZarrWriter { path: path.to_path_buf(), array, regions })
    }
}

impl Writer for ZarrWriter {
    fn address(&self) -> Option<Address> {
        Address::of("zarr", &self.path)
    }

    fn write(&self, start: &[usize], values: &Array) -> Result<()> {
        let extents = values.shape()?;
        if extents.contains(&0) {
            return Ok(());
        }
        let counts: Dims = extents.iter().zip(&self.regions[..]).map(|(n, size)| n.div_ceil(*size)).collect();
        for place in places(&counts) {
            let region = part(values, &place, &self.regions)?;
            let at: Vec<u64> = start
                .iter()
                .zip(&self.regions[..])
                .zip(&place[..])
                .map(|((s, size), i)| (s / size + i) as u64)
                .collect();
            let failed = |e| broken(OP, &format!("writing chunk {at:?} of {}", self.path.display()), &e);
            macro_rules! elements {
                ($($Variant:ident),*) => {
                    match region.to_host()? {
                        $(Host::$Variant(elements) => self.array.store_chunk_opt(&at, elements, &alone()).map_err(failed)?,)*
                    }
                };
            }
            elements!(
                Bool, Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64, Float32, Float64, Complex64, Complex128
            );
        }
        Ok(())
    }

    fn finish(&self) -> Result<()> {
        Ok(())
    }
}

/// What goes into the file at a place of the chunk: a part of it, with zeros where the file goes on beyond the array.
fn part(values: &Array, place: &[usize], regions: &[usize]) -> Result<Array> {
    let dims = values.shape()?;
    if dims == regions {
        return Ok(values.clone());
    }
    let slice =
        |start: usize, stop: usize| Index::Slice { start: Some(start as isize), stop: Some(stop as isize), step: 1 };
    let ends = |(axis, &i): (usize, &usize)| (i * regions[axis], ((i + 1) * regions[axis]).min(dims[axis]));
    let boxes: Vec<(usize, usize)> = place.iter().enumerate().map(ends).collect();
    let index = boxes.iter().map(|&(from, to)| slice(from, to)).collect();
    let own = array_api::at(values, array_api::At { index: Indices(index) })?;
    if own.shape()? == regions {
        return Ok(own);
    }
    let zeros = values.namespace().zeros(array_api::Zeros { shape: regions.into(), dtype: values.dtype() })?;
    let index = boxes.iter().map(|&(from, to)| slice(0, to - from)).collect();
    array_api::set_at(zeros, own, SetAt { index: Indices(index) })
}
