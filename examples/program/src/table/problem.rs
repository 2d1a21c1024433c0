//! What can be wrong with a file that holds a table, said so that its owner can mend it.

/// A problem with one file.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct TableError {
    /// The file as the user named it.
    pub file: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong. Lines count from 1, the header included, as an editor shows them.
#[derive(Debug, PartialEq, thiserror::Error)]
#[allow(missing_docs)] // the messages say it
pub enum Problem {
    #[error("cannot be read: {0}")]
    Unreadable(String),
    #[error("is UTF-16 text; save it as UTF-8 (in a spreadsheet: \"CSV UTF-8\")")]
    Utf16,
    #[error("line {line} is not UTF-8 text; save the file as UTF-8 (in a spreadsheet: \"CSV UTF-8\")")]
    NotUtf8 { line: u64 },
    #[error("is empty; the first line has to name the columns")]
    NoHeader,
    #[error("has a header but no rows")]
    NoRows,
    #[error("line {line} has {found} fields where the header has {expected} (delimiter {delimiter})")]
    Ragged { line: u64, found: usize, expected: usize, delimiter: String },
    #[error("column {position} has no name; give it one in the header, or delete it")]
    UnnamedColumn { position: usize },
    #[error("the header names column '{name}' twice (columns {first} and {second}); rename one")]
    DuplicateColumn { name: String, first: usize, second: usize },
    #[error(
        "both decimal commas ('{comma}' in line {comma_line}) and decimal points ('{point}' in line {point_line}) \
         occur; say which one it is with --decimal"
    )]
    MixedDecimals { comma: String, comma_line: u64, point: String, point_line: u64 },
    #[error("there is no column '{name}'; the columns are: {}", .columns.join(", "))]
    NoSuchColumn { name: String, columns: Vec<String> },
}

impl Problem {
    /// Names the file.
    pub fn of(self, file: &str) -> TableError {
        TableError { file: file.to_owned(), problem: self }
    }
}
