//! Columns of numbers in Parquet files: read row group by row group. The decoding is that of the crate `parquet`.
//!
//! Source: the [format](https://parquet.apache.org/docs/file-format/).

use std::fmt;
use std::fs::File;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use array_api::{Array, DType, Dims, Error, Host, Namespace, Result};
use parquet::column::page::PageReader;
use parquet::column::reader::{ColumnReaderImpl, get_column_reader, get_typed_column_reader};
use parquet::data_type::{BoolType, DataType, DoubleType, FloatType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::serialized_reader::SerializedPageReader;

use super::npy::stamp;
use super::parquet_columns::{Column, Columns, chosen, not_built_in};
use super::{Address, Source, failed, from_source, memory};
use crate::chunk_spec::{AxisSpec, ChunkSpec};

const READ: &str = "from_parquet";

/// The lazy array of columns of numbers in a Parquet file: `"a"` gives an array of one axis, `["a", "b"]` one of shape
/// `(rows, 2)`, `..` one of all columns.
///
/// Nothing but the footer is read before values are asked for, and of them only the pages of the columns and rows that are needed:
/// slices move to the file. Chunks are whole row groups where `chunks` are given in bytes or as [`ChunkSpec::default`], and
/// parts of one where it is larger; [`Parquet::row_groups`] has their extents.
///
/// A null in what is read is an error. [`Parquet::nulls_are_nan`] reads those of floats as NaN.
///
/// ```
/// use array_chunked::{ChunkSpec, Local, ParquetFormat, Store};
/// # let file = std::env::temp_dir().join(format!("from-parquet-{}.parquet", std::process::id()));
/// let table = array_ndarray::namespace().asarray([[1.0, 2.0], [3.0, 4.0]])?;
/// let format = ParquetFormat::new().columns(["mass", "length"]);
/// Local::new().store(&array_chunked::from_array(&table, 1)?, Store::at(&file).format(format))?;
/// let length = array_chunked::from_parquet(&file, "length", ChunkSpec::default())?;
/// assert_eq!(length.to_vec::<f64>()?, [2.0, 4.0]);
/// let both = array_chunked::from_parquet(&file, ["length", "mass"], ChunkSpec::default())?;
/// assert_eq!(both.to_vec::<f64>()?, [2.0, 1.0, 4.0, 3.0]);
/// # std::fs::remove_file(file).unwrap();
/// # Ok::<(), array_api::Error>(())
/// ```
///
/// # Errors
/// If the file cannot be read or is no Parquet file; if it has no such column, a column is of none of the standard's types of
/// numbers, or columns are of different ones; if it is compressed in a way that is not built in; and if the chunks do not fit.
/// Values that are asked for later are an error where pages are corrupt, and if the file has changed since.
pub fn from_parquet(
    path: impl AsRef<Path>,
    columns: impl Into<Columns>,
    chunks: impl Into<ChunkSpec>,
) -> Result<Array> {
    from_source(Arc::new(Parquet::open(path, columns)?), chunks, &memory(READ)?)
}

/// Columns of numbers in a Parquet file.
#[derive(Clone)]
pub struct Parquet {
    path: PathBuf,
    about: Arc<ParquetMetaData>,
    columns: Vec<Column>,
    /// Whether there is no axis of columns.
    is_one: bool,
    dims: Dims,
    dtype: DType,
    nan: bool,
    /// Length and last change of the file when its footer was read.
    stamp: (u64, Option<SystemTime>),
}

impl Parquet {
    /// Reads the footer of a file.
    ///
    /// # Errors
    /// As [`from_parquet`].
    pub fn open(path: impl AsRef<Path>, columns: impl Into<Columns>) -> Result<Parquet> {
        let path = std::path::absolute(&path).map_err(|e| failed(READ, "finding", path.as_ref(), e))?;
        let reading = |e| failed(READ, "reading", &path, e);
        let file = File::open(&path).map_err(reading)?;
        let stamp = stamp(&file).map_err(reading)?;
        let wrong = |why: String| Error::value(READ, format!("{} cannot be read: {why}", path.display()));
        let about = sheltered(|| ParquetMetaDataReader::new().parse_and_finish(&file));
        let about = about.map_err(|trouble| trouble.error(&format!("reading the footer of {}", path.display())))?;
        let rows = rows(&about).map_err(wrong)?;
        let (columns, is_one) = chosen(&about, &columns.into())
            .map_err(|(kind, why)| Error::new(kind, READ, format!("{} is not read: {why}", path.display())))?;
        for group in about.row_groups() {
            for column in &columns {
                let chunk = group.columns().get(column.leaf).filter(|chunk| chunk.num_values() == group.num_rows());
                let Some(chunk) = chunk else {
                    return Err(wrong(format!("column `{}` has other rows than its row group", column.name)));
                };
                if let Some(why) = not_built_in(chunk.compression()) {
                    let message = format!("column `{}` of {}: {why}", column.name, path.display());
                    return Err(Error::not_implemented(READ, message));
                }
            }
        }
        let dtype = columns[0].dtype;
        let bytes = rows.checked_mul(columns.len()).and_then(|n| n.checked_mul(dtype.size()));
        if bytes.is_none_or(|n| n > isize::MAX as usize) {
            return Err(wrong(format!("{rows} rows are more than memory has addresses for")));
        }
        let dims = if is_one { Dims::from([rows]) } else { Dims::from([rows, columns.len()]) };
        Ok(Parquet { path, about: Arc::new(about), columns, is_one, dims, dtype, nan: false, stamp })
    }

    /// Reads nulls as NaN. They are an error unless this is said.
    ///
    /// # Errors
    /// If the columns are not of floats, which alone have a NaN.
    pub fn nulls_are_nan(mut self) -> Result<Parquet> {
        if !self.dtype.is_real_floating() {
            let message = format!(
                "{} has columns of {}, and only floats have a NaN. Fill nulls where the file is written, or write the column as \
                 float64",
                self.path.display(),
                self.dtype
            );
            return Err(Error::dtype(READ, message));
        }
        self.nan = true;
        Ok(self)
    }

    /// The file's name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names of the columns that are read.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| &column.name[..])
    }

    /// The number of rows of each row group, which is what is read without reading anything else.
    pub fn row_groups(&self) -> Vec<usize> {
        self.about.row_groups().iter().map(|group| group.num_rows() as usize).collect()
    }

    /// The row groups that have some of these rows, and which of their rows.
    fn parts(&self, rows: &Range<usize>) -> Vec<(usize, Range<usize>)> {
        let mut end = 0;
        let within = |(group, count): (usize, usize)| {
            let begin = end;
            end += count;
            let part = rows.start.max(begin)..rows.end.min(end);
            (part.start < part.end).then(|| (group, part.start - begin..part.end - begin))
        };
        self.row_groups().into_iter().enumerate().filter_map(within).collect()
    }

    /// Elements of columns, row after row.
    fn table<S: DataType, T: Copy + Default>(
        &self,
        file: &Arc<File>,
        rows: Range<usize>,
        columns: &[Column],
        element: fn(S::T) -> Option<T>,
        null: Option<T>,
    ) -> Result<Vec<T>> {
        let mut out = vec![T::default(); rows.len() * columns.len()];
        for (place, column) in columns.iter().enumerate() {
            let mut to = out.iter_mut().skip(place).step_by(columns.len());
            let mut nulls = vec![];
            let mut row = rows.start;
            for (group, part) in self.parts(&rows) {
                let named = || format!("column `{}` in row group {group} of {}", column.name, self.path.display());
                let count = part.len();
                let read = sheltered(|| values::<S>(file, &self.about, group, column.leaf, part));
                let (values, there) = read.map_err(|trouble| trouble.error(&format!("reading {}", named())))?;
                let mut values = values.into_iter();
                for i in 0..count {
                    let is_there = there.as_ref().is_none_or(|there| there[i]);
                    let value = if is_there {
                        let value = values.next().ok_or_else(|| {
                            Error::backend(READ, format!("reading {} failed: it has fewer values than rows", named()))
                        })?;
                        element(value).ok_or_else(|| {
                            let message = format!("row {} of {} is beyond {}", row + i, named(), column.dtype);
                            Error::backend(READ, message)
                        })?
                    } else {
                        nulls.push(row + i);
                        null.unwrap_or_default()
                    };
                    if let Some(to) = to.next() {
                        *to = value;
                    }
                }
                row += count;
            }
            if null.is_none() && !nulls.is_empty() {
                return Err(self.has_nulls(column, &rows, &nulls));
            }
        }
        Ok(out)
    }

    #[cold]
    fn has_nulls(&self, column: &Column, rows: &Range<usize>, nulls: &[usize]) -> Error {
        let whole = self.about.row_groups().iter().try_fold(0, |sum, group| {
            let counted = group.column(column.leaf).statistics()?.null_count_opt()?;
            Some(sum + counted)
        });
        let whole = whole.map_or(String::new(), |n| format!("; the whole column has {n}"));
        let remedy = match column.dtype.is_real_floating() {
            true => "`nulls_are_nan` reads them as NaN",
            false => "Integers and truth values have nothing to stand for them: fill them where the file is written",
        };
        let (name, path, first) = (&column.name, self.path.display(), nulls[0]);
        let last = rows.end - 1;
        let count = match nulls.len() {
            1 => "1 null".to_string(),
            n => format!("{n} nulls"),
        };
        let message = format!(
            "column `{name}` of {path} has {count} in rows {} to {last}, the first in row {first}{whole}. {remedy}",
            rows.start
        );
        Error::value(READ, message)
    }

    /// The address without the place: what is read, and how.
    fn form(&self) -> &'static str {
        match (self.is_one, self.nan) {
            (false, false) => "parquet",
            (true, false) => "parquet column",
            (false, true) => "parquet with nan",
            (true, true) => "parquet column with nan",
        }
    }

    /// Opens what [`Source::address`] has written.
    pub(super) fn at(address: &Address) -> Result<Option<Parquet>> {
        let (form, nan) = match address.format.strip_suffix(" with nan") {
            Some(form) => (form, true),
            None => (&address.format[..], false),
        };
        let columns = match (form, &address.columns[..]) {
            ("parquet", names) => Columns::Several(names.to_vec()),
            ("parquet column", [name]) => Columns::One(name.clone()),
            _ => return Ok(None),
        };
        let opened = Parquet::open(&address.path, columns)?;
        Ok(Some(if nan { opened.nulls_are_nan()? } else { opened }))
    }
}

impl fmt::Debug for Parquet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.names().collect();
        write!(f, "{} {} {names:?} {}{}", self.form(), self.path.display(), self.dtype, self.dims)
    }
}

/// The number of rows of all row groups.
fn rows(about: &ParquetMetaData) -> Result<usize, String> {
    let groups = about.row_groups().iter();
    let rows =
        groups.map(|group| usize::try_from(group.num_rows()).ok()).try_fold(0_usize, |n, rows| n.checked_add(rows?));
    let said = usize::try_from(about.file_metadata().num_rows()).ok();
    match rows {
        Some(rows) if Some(rows) == said => Ok(rows),
        _ => Err("its footer is corrupt: the rows of the row groups are not those of the file".into()),
    }
}

/// What can happen in the crate that decodes.
enum Trouble {
    Parquet(ParquetError),
    /// It did not expect what the file has.
    Panic,
}

impl Trouble {
    #[cold]
    fn error(self, what: &str) -> Error {
        let Trouble::Parquet(error) = self else {
            return Error::backend(READ, format!("{what} failed: the file is corrupt"));
        };
        // "Parquet error: " comes before each of them.
        let why = error.to_string();
        let why =
            ["Parquet error: ", "External: ", "EOF: "].iter().fold(&why[..], |why, kind| why.trim_start_matches(kind));
        let message = Error::backend(READ, format!("{what} failed: {why}"));
        match error {
            // Only what the drive says; codecs report corrupt bytes as errors of reading too.
            ParquetError::External(cause) => match cause.downcast::<std::io::Error>() {
                Ok(cause) if cause.raw_os_error().is_some() => message.caused_by(*cause),
                _ => message,
            },
            _ => message,
        }
    }
}

/// Some corrupt files have the decoder panic, and nothing of it lasts.
fn sheltered<T>(read: impl FnOnce() -> parquet::errors::Result<T>) -> Result<T, Trouble> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(read) => read.map_err(Trouble::Parquet),
        Err(_) => Err(Trouble::Panic),
    }
}

/// The values of some rows of a row group, and for each row whether it has one; `None` if all have.
#[allow(clippy::type_complexity)]
fn values<S: DataType>(
    file: &Arc<File>,
    about: &ParquetMetaData,
    group: usize,
    leaf: usize,
    rows: Range<usize>,
) -> parquet::errors::Result<(Vec<S::T>, Option<Vec<bool>>)> {
    let column = about.row_group(group).column(leaf);
    let count = usize::try_from(column.num_values())?;
    let pages: Box<dyn PageReader> = Box::new(SerializedPageReader::new(file.clone(), column, count, None)?);
    let descriptor = column.column_descr_ptr();
    let nullable = descriptor.max_def_level() > 0;
    let mut reader: ColumnReaderImpl<S> = get_typed_column_reader(get_column_reader(descriptor, pages));
    let (mut values, mut levels) = (Vec::with_capacity(rows.len()), vec![]);
    let skipped = reader.skip_records(rows.start)?;
    let (read, ..) = reader.read_records(rows.len(), nullable.then_some(&mut levels), None, &mut values)?;
    if (skipped, read) != (rows.start, rows.len()) {
        let message = format!("it ends after {} of its {count} rows", skipped + read);
        return Err(ParquetError::General(message));
    }
    let there = (values.len() < rows.len()).then(|| levels.iter().map(|&level| level > 0).collect());
    Ok((values, there))
}

impl Source for Parquet {
    fn name(&self) -> &str {
        "parquet"
    }

    fn dims(&self) -> &Dims {
        &self.dims
    }

    fn dtype(&self) -> DType {
        self.dtype
    }

    fn read(&self, start: &[usize], extents: &[usize], space: &Namespace) -> Result<Array> {
        let reading = |e| failed(READ, "reading", &self.path, e);
        let file = File::open(&self.path).map_err(reading)?;
        if stamp(&file).map_err(reading)? != self.stamp {
            return Err(reading(std::io::Error::other("it has changed since it was opened")));
        }
        let (file, rows) = (Arc::new(file), start[0]..start[0] + extents[0]);
        let columns = match self.is_one {
            true => &self.columns[..],
            false => &self.columns[start[1]..start[1] + extents[1]],
        };
        macro_rules! elements {
            ($($Variant:ident $Stored:ident $element:expr, $null:expr;)*) => {
                match self.dtype {
                    $(DType::$Variant => {
                        Host::$Variant(self.table::<$Stored, _>(&file, rows, columns, $element, $null)?)
                    })*
                    other => return Err(Error::dtype(READ, format!("no column is of {other}"))),
                }
            };
        }
        // Narrow types are stored in wide ones; unsigned ones by their bits.
        let elements = elements! {
            Bool BoolType Some, None;
            Int8 Int32Type |x| x.try_into().ok(), None;
            Int16 Int32Type |x| x.try_into().ok(), None;
            Int32 Int32Type Some, None;
            Int64 Int64Type Some, None;
            UInt8 Int32Type |x| x.try_into().ok(), None;
            UInt16 Int32Type |x| x.try_into().ok(), None;
            UInt32 Int32Type |x| Some(x.cast_unsigned()), None;
            UInt64 Int64Type |x| Some(x.cast_unsigned()), None;
            Float32 FloatType Some, self.nan.then_some(f32::NAN);
            Float64 DoubleType Some, self.nan.then_some(f64::NAN);
        };
        space.from_host(elements, extents)
    }

    fn identity(&self) -> Option<String> {
        let (length, changed) = self.stamp;
        let changed = changed?.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_nanos();
        let names: Vec<&str> = self.names().collect();
        Some(format!("{} {} {names:?} {length} {changed}", self.form(), self.path.display()))
    }

    fn address(&self) -> Option<Address> {
        let columns = self.names().map(str::to_string).collect();
        Some(Address { columns, ..Address::of(self.form(), &self.path)? })
    }

    fn cut(&self, bytes: usize) -> Option<ChunkSpec> {
        let row = self.dtype.size() * self.columns.len();
        let rows = AxisSpec::Sizes(joined(&self.row_groups(), (bytes / row).max(1)));
        Some(ChunkSpec::Axes(if self.is_one { vec![rows] } else { vec![rows, AxisSpec::Whole] }))
    }
}

/// Row groups side by side while they have no more than so many rows; larger ones in equal parts.
fn joined(groups: &[usize], most: usize) -> Vec<usize> {
    let mut sizes: Vec<usize> = vec![];
    let mut open = false;
    for &rows in groups {
        match sizes.last_mut() {
            Some(last) if open && *last + rows <= most => *last += rows,
            _ if rows <= most => {
                sizes.push(rows);
                open = true;
            }
            _ => {
                let parts = rows.div_ceil(most);
                sizes.extend((0..parts).map(|i| rows * (i + 1) / parts - rows * i / parts));
                open = false;
            }
        }
    }
    sizes
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn chunks_of_nobodys_choice_are_whole_row_groups_or_parts_of_one() {
        assert_eq!(joined(&[10, 10, 10, 5], 20), [20, 15]);
        assert_eq!(joined(&[10, 25, 10], 10), [10, 8, 8, 9, 10]);
        assert_eq!(joined(&[30, 1, 1], 20), [15, 15, 2]);
        assert_eq!(joined(&[], 20), [0; 0]);
    }
}
