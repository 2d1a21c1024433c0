//! What can be wrong with a table for what is to be learnt, said so that its owner can mend it.

/// A problem with one file.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {problem}")]
pub(crate) struct TableError {
    /// The file as the user named it.
    pub(crate) file: String,
    /// What is wrong with it.
    pub(crate) problem: Problem,
}

/// What is wrong. Lines count from 1, the header included, as an editor shows them.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum Problem {
    #[error(transparent)]
    Table(#[from] program::table::problem::Problem),
    #[error("column '{name}' is missing; the model was trained with: {}", .needed.join(", "))]
    MissingColumn { name: String, needed: Vec<String> },
    #[error("the target column '{column}' must be numeric, but line {line} holds '{value}'")]
    TargetNotNumeric { column: String, value: String, line: u64 },
    #[error("the target column '{column}' is constant: every row holds {value}, so there is nothing to predict")]
    ConstantTarget { column: String, value: f64 },
    #[error("column '{column}', line {line}: '{value}' is not a finite number")]
    NotFinite { column: String, value: String, line: u64 },
    #[error("column '{column}', line {line}: '{value}' is not a number, and the model was trained with numbers there")]
    NotANumber { column: String, value: String, line: u64 },
    #[error(
        "column '{column}' holds numbers in {numbers} of {rows} rows but '{value}' in line {line}; correct that cell, \
         or say --categorical '{column}'"
    )]
    MostlyNumeric { column: String, numbers: usize, rows: usize, value: String, line: u64 },
    #[error(
        "column '{column}' has {count} different texts, more than {limit}; leave it out with --ignore '{column}' if \
         it is a name or an identifier"
    )]
    TooManyCategories { column: String, count: usize, limit: usize },
    #[error(
        "column '{column}', line {line}: the model does not know the category '{value}'; it was trained with: {}",
        .known.join(", ")
    )]
    UnknownCategory { column: String, value: String, line: u64, known: Vec<String> },
    #[error(
        "column '{column}' has no value in line {line} ({cells} missing values in all); choose --missing drop to \
         leave such rows out, or --missing impute to fill in the column's mean or most frequent category"
    )]
    MissingValue { column: String, line: u64, cells: usize },
    #[error("no row is left after dropping those with missing values; try --missing impute")]
    NothingLeft,
    #[error("no column is left to predict '{target}' from")]
    NoFeatures { target: String },
}

impl Problem {
    /// Names the file.
    pub(crate) fn of(self, file: &str) -> TableError {
        TableError { file: file.to_owned(), problem: self }
    }
}

impl From<TableError> for program::failure::Failure {
    fn from(e: TableError) -> Self {
        Self(e.to_string())
    }
}
