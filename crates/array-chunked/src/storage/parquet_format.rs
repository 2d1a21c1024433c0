//! Columns of numbers in Parquet files: written row group by row group.
//!
//! A file of Parquet grows at its end only, and chunks are done in any order. So each becomes a file of one row group, and these
//! are put together when all are there; their bytes are copied as they are.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use array_api::{Array, DType, Dims, Error, Host, Result};
use parquet::basic::{Compression, GzipLevel, LogicalType, Repetition, Type as Physical};
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::{BoolType, DataType, DoubleType, FloatType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaDataReader;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type, TypePtr};

use super::{Format, Writer, failed};
use crate::chunks::{AxisChunks, Chunks};

const OP: &str = "store";

/// Row groups are numbered by 16 bits.
const MOST_GROUPS: usize = i16::MAX as usize;

/// How arrays are written as Parquet: the names of the columns, and the compression.
///
/// An array of one axis is one column, one of two axes a column for each of its own. Chunks become row groups, so they hold all
/// columns: the array is cut anew where they do not. While it is written it takes its room on disk twice.
///
/// ```
/// use array_chunked::{Local, Parquet, ParquetFormat, Store};
/// # let file = std::env::temp_dir().join(format!("parquet-format-{}.parquet", std::process::id()));
/// let x = array_chunked::from_array(&array_ndarray::namespace().ones([60, 2])?, [20, 2])?;
/// let format = ParquetFormat::new().columns(["mass", "length"]).gzip(6);
/// Local::new().store(&x, Store::at(&file).format(format))?;
/// let back = Parquet::open(&file, ..)?;
/// assert_eq!(back.names().collect::<Vec<_>>(), ["mass", "length"]);
/// assert_eq!(back.row_groups(), [20, 20, 20]);
/// # std::fs::remove_file(file).unwrap();
/// # Ok::<(), array_api::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ParquetFormat {
    columns: Option<Vec<String>>,
    packed: Packed,
}

#[derive(Clone, Copy, Debug, Default)]
enum Packed {
    None,
    #[default]
    Snappy,
    Gzip(u32),
}

impl ParquetFormat {
    /// Columns `column_0`, `column_1`, ..., compressed with snappy.
    pub fn new() -> ParquetFormat {
        ParquetFormat::default()
    }

    /// The names of the columns.
    pub fn columns<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> ParquetFormat {
        self.columns = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Compresses with gzip, which takes longer and less room; the level goes from 0 to 9.
    pub fn gzip(mut self, level: u32) -> ParquetFormat {
        self.packed = Packed::Gzip(level);
        self
    }

    /// Compresses nothing.
    pub fn uncompressed(mut self) -> ParquetFormat {
        self.packed = Packed::None;
        self
    }

    fn names(&self, columns: usize) -> Result<Vec<String>> {
        let Some(names) = &self.columns else { return Ok((0..columns).map(|i| format!("column_{i}")).collect()) };
        if names.len() != columns {
            let message = format!("{} names are given for {columns} columns; give each one", names.len());
            return Err(Error::value(OP, message));
        }
        match names.iter().enumerate().find(|(i, name)| names[..*i].contains(name)) {
            Some((_, twice)) => {
                Err(Error::value(OP, format!("two columns are named `{twice}`; give each its own name")))
            }
            None => Ok(names.clone()),
        }
    }

    fn compression(&self) -> Result<Compression> {
        match self.packed {
            Packed::None => Ok(Compression::UNCOMPRESSED),
            Packed::Snappy => Ok(Compression::SNAPPY),
            Packed::Gzip(level) => GzipLevel::try_new(level)
                .map(Compression::GZIP)
                .map_err(|_| Error::value(OP, format!("gzip has no level {level}; the levels are 0 to 9"))),
        }
    }
}

/// The number of columns of a table of these extents.
fn width(dims: &Dims) -> Result<usize> {
    match dims[..] {
        [_] => Ok(1),
        [_, columns] if columns > 0 => Ok(columns),
        _ => {
            let message = format!("shape {dims} is no table: Parquet has arrays of shape (rows,) and (rows, columns)");
            Err(Error::shape(OP, message))
        }
    }
}

/// How the elements of a type lie in a file.
fn stored(dtype: DType) -> Result<(Physical, Option<LogicalType>)> {
    let narrow = |bits, signed| Ok((Physical::INT32, Some(LogicalType::integer(bits, signed))));
    match dtype {
        DType::Bool => Ok((Physical::BOOLEAN, None)),
        DType::Int8 => narrow(8, true),
        DType::Int16 => narrow(16, true),
        DType::Int32 => Ok((Physical::INT32, None)),
        DType::Int64 => Ok((Physical::INT64, None)),
        DType::UInt8 => narrow(8, false),
        DType::UInt16 => narrow(16, false),
        DType::UInt32 => narrow(32, false),
        DType::UInt64 => Ok((Physical::INT64, Some(LogicalType::integer(64, false)))),
        DType::Float32 => Ok((Physical::FLOAT, None)),
        DType::Float64 => Ok((Physical::DOUBLE, None)),
        DType::Complex64 | DType::Complex128 => {
            let message =
                format!("Parquet has no {dtype}; store the real and the imaginary parts as columns of their own");
            Err(Error::dtype(OP, message))
        }
    }
}

fn schema(names: &[String], dtype: DType) -> Result<TypePtr> {
    let (physical, logical) = stored(dtype)?;
    let field = |name: &String| {
        let field = Type::primitive_type_builder(name, physical).with_repetition(Repetition::REQUIRED);
        field.with_logical_type(logical.clone()).build().map(Arc::new)
    };
    let made = || {
        let fields = names.iter().map(field).collect::<Result<Vec<TypePtr>, ParquetError>>()?;
        Type::group_type_builder("schema").with_fields(fields).build().map(Arc::new)
    };
    made().map_err(|e| Error::value(OP, e.to_string()))
}

impl Format for ParquetFormat {
    fn settings(&self) -> String {
        let ParquetFormat { columns, packed } = self;
        format!("parquet {columns:?} {packed:?}")
    }

    fn regions(&self, chunks: &Chunks, dtype: DType) -> Result<Option<Dims>> {
        let dims = chunks.dims();
        let columns = width(&dims)?;
        stored(dtype)?;
        self.names(columns)?;
        self.compression()?;
        let groups = chunks.axes()[0].len();
        if groups > MOST_GROUPS {
            let message = format!(
                "{groups} chunks of rows are more row groups than a Parquet file has, {MOST_GROUPS}; use larger ones"
            );
            return Err(Error::value(OP, message));
        }
        Ok((dims.len() == 2).then(|| Dims::from([1, columns])))
    }

    fn open(&self, path: &Path, chunks: &Chunks, dtype: DType) -> Result<Box<dyn Writer>> {
        let making = |e| failed(OP, "making", path, e);
        let parts = path.with_file_name("parts");
        fs::create_dir_all(&parts).map_err(making)?;
        // What is put together at the end; there from the beginning, so that a run that goes on knows of it.
        File::create(path).map_err(making)?;
        let names = self.names(width(&chunks.dims())?)?;
        let properties = WriterProperties::builder()
            .set_compression(self.compression()?)
            // Their places would be those in the parts.
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .build();
        let schema = schema(&names, dtype)?;
        let starts = AxisChunks::offsets(chunks.axes()[0].sizes().unwrap_or_default());
        Ok(Box::new(ParquetWriter { path: path.into(), parts, schema, properties: Arc::new(properties), starts }))
    }
}

struct ParquetWriter {
    path: PathBuf,
    parts: PathBuf,
    schema: TypePtr,
    properties: WriterPropertiesPtr,
    /// Where chunks begin, and at last where the rows end.
    starts: Vec<usize>,
}

type Table = SerializedFileWriter<BufWriter<File>>;

impl ParquetWriter {
    fn part(&self, number: usize) -> PathBuf {
        self.parts.join(number.to_string())
    }

    fn create(&self, path: &Path) -> parquet::errors::Result<Table> {
        SerializedFileWriter::new(BufWriter::new(File::create(path)?), self.schema.clone(), self.properties.clone())
    }

    /// A file of one row group.
    fn write_part(&self, path: &Path, elements: &Host) -> parquet::errors::Result<()> {
        let mut file = self.create(path)?;
        let mut group = file.next_row_group()?;
        let columns = self.schema.get_fields().len();
        for place in 0..columns {
            let Some(mut column) = group.next_column()? else { break };
            macro_rules! write {
                ($elements:expr, $Stored:ident, $stored:expr) => {{
                    let own = $elements.iter().skip(place).step_by(columns).map($stored);
                    let own: Vec<<$Stored as DataType>::T> = own.collect();
                    column.typed::<$Stored>().write_batch(&own, None, None)?
                }};
            }
            match elements {
                Host::Bool(x) => write!(x, BoolType, |&x| x),
                Host::Int8(x) => write!(x, Int32Type, |&x| x.into()),
                Host::Int16(x) => write!(x, Int32Type, |&x| x.into()),
                Host::Int32(x) => write!(x, Int32Type, |&x| x),
                Host::Int64(x) => write!(x, Int64Type, |&x| x),
                Host::UInt8(x) => write!(x, Int32Type, |&x| x.into()),
                Host::UInt16(x) => write!(x, Int32Type, |&x| x.into()),
                Host::UInt32(x) => write!(x, Int32Type, |&x| x.cast_signed()),
                Host::UInt64(x) => write!(x, Int64Type, |&x| x.cast_signed()),
                Host::Float32(x) => write!(x, FloatType, |&x| x),
                Host::Float64(x) => write!(x, DoubleType, |&x| x),
                Host::Complex64(_) | Host::Complex128(_) => {
                    return Err(ParquetError::General("complex numbers".into()));
                }
            };
            column.close()?;
        }
        group.close()?;
        file.close().map(drop)
    }

    /// All row groups in one file, as they were written.
    fn put_together(&self) -> parquet::errors::Result<()> {
        let mut file = self.create(&self.path)?;
        for number in 0..self.starts.len() - 1 {
            if self.starts[number] == self.starts[number + 1] {
                continue;
            }
            let part = File::open(self.part(number))?;
            let about = ParquetMetaDataReader::new().parse_and_finish(&part)?;
            let mut group = file.next_row_group()?;
            for column in about.row_group(0).columns() {
                let written = ColumnCloseResult {
                    bytes_written: column.compressed_size().cast_unsigned(),
                    rows_written: column.num_values().cast_unsigned(),
                    metadata: column.clone(),
                    bloom_filter: None,
                    column_index: None,
                    offset_index: None,
                };
                group.append_column(&part, written)?;
            }
            group.close()?;
        }
        // This writes the footer.
        let file = file.into_inner()?.into_inner().map_err(|e| e.into_error())?;
        Ok(file.sync_all()?)
    }
}

#[cold]
fn broken(path: &Path, error: ParquetError) -> Error {
    match error {
        ParquetError::External(cause) => match cause.downcast::<std::io::Error>() {
            Ok(cause) => failed(OP, "writing", path, *cause),
            Err(cause) => Error::backend(OP, format!("writing {} failed: {cause}", path.display())),
        },
        other => Error::backend(OP, format!("writing {} failed: {other}", path.display())),
    }
}

impl Writer for ParquetWriter {
    fn write(&self, start: &[usize], values: &Array) -> Result<()> {
        if values.shape()?.contains(&0) {
            return Ok(());
        }
        // Of those that begin there the last one: others are empty.
        let number = self.starts.partition_point(|&at| at <= start[0]).saturating_sub(1);
        let path = self.part(number);
        self.write_part(&path, &values.to_host()?).map_err(|e| broken(&path, e))
    }

    fn finish(&self) -> Result<()> {
        self.put_together().map_err(|e| broken(&self.path, e))
    }
}
