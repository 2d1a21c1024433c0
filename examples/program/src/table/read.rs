//! From a CSV file to cells of text: delimiter, decimal sign, byte-order mark, quotes, line ends.

use std::path::Path;

use csv::{ByteRecord, ReaderBuilder, Trim};

use super::cell::{Cell, Decimal, decimal_sign};
use super::problem::{Problem, TableError};

/// What the user said about the file; what is `None` is found out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Format {
    /// Between fields: comma, semicolon, tab, pipe or any other single byte.
    pub delimiter: Option<u8>,
    /// In numbers.
    pub decimal: Option<Decimal>,
}

/// Tried in this order; the first of equally good ones wins.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// Where it begins in the file; 1 is the header.
    pub line: u64,
    /// One text per column, without spaces around it.
    cells: Vec<String>,
}

/// All cells of a file. Every row has as many cells as there are names.
#[derive(Clone, Debug)]
pub struct Table {
    /// The file as the user named it.
    pub file: String,
    /// The columns, all different, none empty.
    pub names: Vec<String>,
    /// At least one.
    pub rows: Vec<Row>,
    /// How numbers are written.
    pub decimal: Decimal,
}

impl Table {
    /// Reads a file.
    pub fn read(path: &Path, format: Format) -> Result<Self, TableError> {
        let file = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|e| Problem::Unreadable(e.to_string()).of(&file))?;
        Self::parse(&file, &bytes, format)
    }

    /// Reads a file's bytes; `file` only serves in messages.
    pub fn parse(file: &str, bytes: &[u8], format: Format) -> Result<Self, TableError> {
        parse(bytes, format)
            .map(|(names, rows, decimal)| Self { file: file.to_owned(), names, rows, decimal })
            .map_err(|problem| problem.of(file))
    }

    /// Where the column of this name is.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| n == name)
    }

    /// The problem that there is no column of this name.
    pub fn no_such_column(&self, name: &str) -> Problem {
        Problem::NoSuchColumn { name: name.to_owned(), columns: self.names.clone() }
    }

    /// What a cell says.
    pub fn cell(&self, row: usize, column: usize) -> Cell<'_> {
        Cell::of(self.text(row, column), self.decimal)
    }

    /// A cell as it is written.
    pub fn text(&self, row: usize, column: usize) -> &str {
        &self.rows[row].cells[column]
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

fn parse(bytes: &[u8], format: Format) -> Result<(Vec<String>, Vec<Row>, Decimal), Problem> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Problem::Utf16);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let delimiter = format.delimiter.unwrap_or_else(|| detect_delimiter(bytes));
    let (mut rows, mut lines) = (Vec::new(), Lines { bytes, at: 0, line: 1 });
    let mut records = ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .from_reader(bytes)
        .into_byte_records();
    let header = records.next().ok_or(Problem::NoHeader)?;
    let names = texts(&header.map_err(|e| Problem::Unreadable(e.to_string()))?, &mut lines)?.cells;
    if names.iter().all(String::is_empty) {
        return Err(Problem::NoHeader);
    }
    check_names(&names)?;
    for record in records {
        let row = texts(&record.map_err(|e| Problem::Unreadable(e.to_string()))?, &mut lines)?;
        if row.cells.len() != names.len() {
            return Err(Problem::Ragged {
                line: row.line,
                found: row.cells.len(),
                expected: names.len(),
                delimiter: shown(delimiter),
            });
        }
        rows.push(row);
    }
    if rows.is_empty() {
        return Err(Problem::NoRows);
    }
    let decimal = match format.decimal {
        Some(decimal) => decimal,
        // Inside comma-separated fields a comma is text unless the user says otherwise.
        None if delimiter == b',' => Decimal::Point,
        None => detect_decimal(&rows)?,
    };
    Ok((names, rows, decimal))
}

/// Counts lines. The parser reports a record's place before the line ends and empty lines that it skips there, so its
/// own line numbers are one too low after `\r\n` and more after empty lines.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of the record that the parser found from `byte` on; to be asked in rising order.
    fn of_record(&mut self, byte: usize) -> u64 {
        while let Some(&now) = self.bytes.get(self.at) {
            if self.at >= byte && !matches!(now, b'\r' | b'\n') {
                break;
            }
            let pair = now == b'\r' && self.bytes.get(self.at + 1) == Some(&b'\n');
            self.line += u64::from(now == b'\n' || now == b'\r' && !pair);
            self.at += 1;
        }
        self.line
    }
}

fn texts(record: &ByteRecord, lines: &mut Lines<'_>) -> Result<Row, Problem> {
    let line = lines.of_record(record.position().map_or(0, |p| p.byte() as usize));
    let cells = record
        .iter()
        .map(|field| {
            let text = str::from_utf8(field).map_err(|_| Problem::NotUtf8 { line })?.trim();
            // `a, "b"`: after a space the parser takes quotes for text.
            let quoted = text.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
            Ok(quoted.map_or(text, str::trim).to_owned())
        })
        .collect::<Result<_, _>>()?;
    Ok(Row { line, cells })
}

fn check_names(names: &[String]) -> Result<(), Problem> {
    for (second, name) in names.iter().enumerate() {
        if name.is_empty() {
            return Err(Problem::UnnamedColumn { position: second + 1 });
        }
        if let Some(first) = names[..second].iter().position(|n| n == name) {
            return Err(Problem::DuplicateColumn { name: name.clone(), first: first + 1, second: second + 1 });
        }
    }
    Ok(())
}

/// The delimiter that cuts the first rows into equally many fields, the most of them.
fn detect_delimiter(bytes: &[u8]) -> u8 {
    let fields = |delimiter: u8| -> (bool, usize) {
        let mut reader = ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(bytes);
        let counts: Vec<usize> = reader.byte_records().take(50).flatten().map(|r| r.len()).collect();
        let header = counts.first().copied().unwrap_or(0);
        // One field in every row is no sign of a delimiter, however regular.
        (header > 1 && counts.iter().all(|c| *c == header), header)
    };
    // Of equals `max_by_key` keeps the last, hence the reversal.
    DELIMITERS.into_iter().rev().max_by_key(|d| fields(*d)).unwrap_or(b',')
}

fn detect_decimal(rows: &[Row]) -> Result<Decimal, Problem> {
    let first = |sign: Decimal| {
        rows.iter().find_map(|r| r.cells.iter().find(|c| decimal_sign(c) == Some(sign)).map(|c| (c.clone(), r.line)))
    };
    match (first(Decimal::Comma), first(Decimal::Point)) {
        (Some((comma, comma_line)), Some((point, point_line))) => {
            Err(Problem::MixedDecimals { comma, comma_line, point, point_line })
        }
        (Some(_), None) => Ok(Decimal::Comma),
        _ => Ok(Decimal::Point),
    }
}

fn shown(delimiter: u8) -> String {
    match delimiter {
        b'\t' => "tab".into(),
        other => format!("'{}'", char::from(other)),
    }
}
