//! Which columns of a Parquet file are read, and which of the standard's types they have.
//!
//! Source: the [logical types](https://github.com/apache/parquet-format/blob/master/LogicalTypes.md) of the format.

use array_api::{DType, ErrorKind};
use parquet::basic::{Compression, ConvertedType, LogicalType, Type as Physical};
use parquet::file::metadata::ParquetMetaData;
use parquet::schema::types::{ColumnDescriptor, Type};

/// Columns of a table: one of them is an array of one axis, several are the columns of an array of two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Columns {
    /// All of them, in the file's order.
    All,
    /// One, as an array of one axis.
    One(String),
    /// These, in this order.
    Several(Vec<String>),
}

impl From<std::ops::RangeFull> for Columns {
    fn from(_: std::ops::RangeFull) -> Columns {
        Columns::All
    }
}

impl From<&str> for Columns {
    fn from(name: &str) -> Columns {
        Columns::One(name.into())
    }
}

impl From<String> for Columns {
    fn from(name: String) -> Columns {
        Columns::One(name)
    }
}

impl<const N: usize> From<[&str; N]> for Columns {
    fn from(names: [&str; N]) -> Columns {
        Columns::from(&names[..])
    }
}

impl From<&[&str]> for Columns {
    fn from(names: &[&str]) -> Columns {
        Columns::Several(names.iter().map(|&name| name.into()).collect())
    }
}

impl From<Vec<String>> for Columns {
    fn from(names: Vec<String>) -> Columns {
        Columns::Several(names)
    }
}

/// A column of numbers.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) dtype: DType,
    /// Its place among the columns of a row group.
    pub(crate) leaf: usize,
}

/// Why columns are not read: the kind of error, and what is wrong.
type Refusal = (ErrorKind, String);

/// The columns that are asked for, and whether they are an array of one axis.
pub(crate) fn chosen(about: &ParquetMetaData, columns: &Columns) -> Result<(Vec<Column>, bool), Refusal> {
    let fields = about.file_metadata().schema_descr().root_schema().get_fields();
    let names: Vec<&str> = match columns {
        Columns::All => fields.iter().map(|field| field.name()).collect(),
        Columns::One(name) => vec![name],
        Columns::Several(names) => names.iter().map(String::as_str).collect(),
    };
    if names.is_empty() {
        let why = if fields.is_empty() { "it has no columns" } else { "no columns are asked for" };
        return Err((ErrorKind::Value, format!("{why}; an array needs one at least")));
    }
    let found = names.iter().map(|name| one(about, name)).collect::<Result<Vec<Column>, Refusal>>();
    let found = found.map_err(|(kind, why)| match columns {
        Columns::All => (kind, format!("{why}. {}", those_of_numbers(about))),
        _ => (kind, why),
    })?;
    if let Some(other) = found.iter().find(|c| c.dtype != found[0].dtype) {
        let first = &found[0];
        let message = format!(
            "column `{}` is {} and column `{}` is {}; the columns of an array have one type. Read them one by one, then \
             `astype` and `stack` them along axis 1",
            first.name, first.dtype, other.name, other.dtype
        );
        return Err((ErrorKind::DType, message));
    }
    Ok((found, matches!(columns, Columns::One(_))))
}

fn one(about: &ParquetMetaData, name: &str) -> Result<Column, Refusal> {
    let schema = about.file_metadata().schema_descr();
    let fields = schema.root_schema().get_fields();
    match fields.iter().filter(|field| field.name() == name).count() {
        1 => {}
        0 => {
            let there: Vec<String> = fields.iter().map(|field| format!("`{}`", field.name())).collect();
            let message = format!("it has no column `{name}`; its columns are {}", there.join(", "));
            return Err((ErrorKind::Value, message));
        }
        n => {
            return Err((
                ErrorKind::Value,
                format!("it has {n} columns of the name `{name}`, which do not tell them apart"),
            ));
        }
    }
    let leaf = (0..schema.num_columns()).find(|&i| schema.get_column_root(i).name() == name);
    let refused = |what: &str| {
        let message =
            format!("column `{name}` holds {what}, which is none of the standard's types of numbers; leave it out");
        Err((ErrorKind::DType, message))
    };
    let Some(leaf) = leaf else { return refused("a group without fields") };
    let (column, root) = (schema.column(leaf), schema.get_column_root(leaf));
    match dtype(&column, root) {
        Some(dtype) => Ok(Column { name: name.into(), dtype, leaf }),
        None => refused(&described(&column, root)),
    }
}

/// The standard's type of a column, if it has one.
fn dtype(column: &ColumnDescriptor, root: &Type) -> Option<DType> {
    if !root.is_primitive() || column.max_rep_level() > 0 {
        return None;
    }
    // Those that have no older name, as instants in nanoseconds, look like plain numbers there.
    let plain = matches!(column.logical_type_ref(), None | Some(LogicalType::Integer(_)));
    match (column.physical_type(), column.converted_type()) {
        _ if !plain => None,
        (Physical::BOOLEAN, ConvertedType::NONE) => Some(DType::Bool),
        (Physical::INT32, ConvertedType::INT_8) => Some(DType::Int8),
        (Physical::INT32, ConvertedType::INT_16) => Some(DType::Int16),
        (Physical::INT32, ConvertedType::NONE | ConvertedType::INT_32) => Some(DType::Int32),
        (Physical::INT32, ConvertedType::UINT_8) => Some(DType::UInt8),
        (Physical::INT32, ConvertedType::UINT_16) => Some(DType::UInt16),
        (Physical::INT32, ConvertedType::UINT_32) => Some(DType::UInt32),
        (Physical::INT64, ConvertedType::NONE | ConvertedType::INT_64) => Some(DType::Int64),
        (Physical::INT64, ConvertedType::UINT_64) => Some(DType::UInt64),
        (Physical::FLOAT, ConvertedType::NONE) => Some(DType::Float32),
        (Physical::DOUBLE, ConvertedType::NONE) => Some(DType::Float64),
        _ => None,
    }
}

/// What a column is in the format's own words.
fn described(column: &ColumnDescriptor, root: &Type) -> String {
    if !root.is_primitive() {
        let nested = match root.get_basic_info().converted_type() {
            ConvertedType::LIST => "lists",
            ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE => "maps",
            _ => "structs",
        };
        return format!("nested values ({nested})");
    }
    if column.max_rep_level() > 0 {
        return format!("repeated values of {}", column.physical_type());
    }
    let newer = column.logical_type_ref().map(|logical| format!("{logical:?}"));
    // `Decimal(DecimalType { .. })`: the name is enough.
    let newer = newer.map(|name| name.split(['(', ' ', '{']).next().unwrap_or_default().to_uppercase());
    match (newer, column.converted_type()) {
        (Some(name), _) => format!("{name} as {}", column.physical_type()),
        (None, ConvertedType::NONE) => column.physical_type().to_string(),
        (None, older) => format!("{older} as {}", column.physical_type()),
    }
}

/// The columns that could be asked for.
fn those_of_numbers(about: &ParquetMetaData) -> String {
    let schema = about.file_metadata().schema_descr();
    let fields = schema.root_schema().get_fields().iter();
    let numbers: Vec<String> = fields
        .filter_map(|field| one(about, field.name()).ok())
        .map(|column| format!("`{}` ({})", column.name, column.dtype))
        .collect();
    match numbers.is_empty() {
        true => "It has no columns of numbers".into(),
        false => format!("Its columns of numbers are {}", numbers.join(", ")),
    }
}

/// Why the pages of a column cannot be unpacked here.
pub(crate) fn not_built_in(compression: Compression) -> Option<String> {
    match compression {
        Compression::UNCOMPRESSED
        | Compression::SNAPPY
        | Compression::GZIP(_)
        | Compression::LZ4
        | Compression::LZ4_RAW => None,
        Compression::ZSTD(_) if cfg!(feature = "zarr") => None,
        Compression::ZSTD(_) => {
            Some("it is compressed with zstd, which is built in with the feature `zarr`; it needs a C compiler".into())
        }
        other => Some(format!("it is compressed with {other}, which is not built in; write it with snappy or gzip")),
    }
}
