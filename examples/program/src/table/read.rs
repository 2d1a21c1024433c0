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
    cells: Cells,
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
            .map(|(names, rows, cells, decimal)| Self { file: file.to_owned(), names, rows, cells, decimal })
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
        self.cells.text(row * self.names.len() + column)
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

/// Texts without spaces around them, one behind the other: a table of a million rows is two allocations, not millions.
#[derive(Clone, Debug, Default)]
struct Cells {
    text: String,
    ends: Vec<usize>,
}

impl Cells {
    fn push(&mut self, cell: &str) {
        self.text.push_str(cell);
        self.ends.push(self.text.len());
    }

    fn text(&self, i: usize) -> &str {
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.text[start..self.ends[i]]
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len()).map(|i| self.text(i))
    }
}

fn parse(bytes: &[u8], format: Format) -> Result<(Vec<String>, Vec<Row>, Cells, Decimal), Problem> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Problem::Utf16);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let delimiter = format.delimiter.unwrap_or_else(|| detect_delimiter(bytes));
    let (mut rows, mut lines) = (Vec::new(), Lines { bytes, at: 0, line: 1 });
    let mut reader =
        ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).trim(Trim::All).from_reader(bytes);
    let mut record = ByteRecord::new();
    let unreadable = |e: csv::Error| Problem::Unreadable(e.to_string());
    if !reader.read_byte_record(&mut record).map_err(unreadable)? {
        return Err(Problem::NoHeader);
    }
    let mut header = Cells::default();
    texts(&record, &mut lines, &mut header)?;
    let names: Vec<String> = header.iter().map(str::to_owned).collect();
    if names.iter().all(String::is_empty) {
        return Err(Problem::NoHeader);
    }
    check_names(&names)?;
    let mut cells = Cells::default();
    while reader.read_byte_record(&mut record).map_err(unreadable)? {
        let row = texts(&record, &mut lines, &mut cells)?;
        if record.len() != names.len() {
            return Err(Problem::Ragged {
                line: row.line,
                found: record.len(),
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
        None => detect_decimal(&rows, &cells, names.len())?,
    };
    Ok((names, rows, cells, decimal))
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

fn texts(record: &ByteRecord, lines: &mut Lines<'_>, cells: &mut Cells) -> Result<Row, Problem> {
    let line = lines.of_record(record.position().map_or(0, |p| p.byte() as usize));
    for field in record {
        let text = str::from_utf8(field).map_err(|_| Problem::NotUtf8 { line })?.trim();
        // `a, "b"`: after a space the parser takes quotes for text.
        let quoted = text.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
        cells.push(quoted.map_or(text, str::trim));
    }
    Ok(Row { line })
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

fn detect_decimal(rows: &[Row], cells: &Cells, columns: usize) -> Result<Decimal, Problem> {
    let first = |sign: Decimal| {
        let (i, cell) = cells.iter().enumerate().find(|(_, c)| decimal_sign(c) == Some(sign))?;
        Some((cell.to_owned(), rows[i / columns].line))
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
