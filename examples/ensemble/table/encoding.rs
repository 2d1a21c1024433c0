//! How the columns of a table become features: kept with the model, applied to new tables alike.

use serde::{Deserialize, Serialize};

use super::error::{Problem, TableError};
use program::table::cell::Cell;
use program::table::read::Table;

/// What to do about a missing value in a feature. A row without a target is never filled in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Missing {
    /// Refuse, naming the cell.
    #[default]
    Error,
    /// Leave the row out.
    Drop,
    /// The training rows' mean, or their most frequent category.
    Impute,
}

/// One feature column of the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Column {
    /// Its name in the header.
    pub(crate) name: String,
    /// What it holds.
    #[serde(flatten)]
    pub(crate) kind: Kind,
}

/// What a column holds, with what stands in for a missing value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Kind {
    /// A number: one feature.
    Numeric {
        /// The training rows' mean.
        fill: f64,
    },
    /// A text: one feature of 0 or 1 per category.
    Categorical {
        /// Sorted.
        categories: Vec<String>,
        /// The training rows' most frequent one; the first in order among equals.
        fill: String,
    },
}

/// From columns to features; made by `Encoding::fit`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Encoding {
    /// The column that is predicted.
    pub(crate) target: String,
    /// What happens to missing values, also at prediction.
    pub(crate) missing: Missing,
    /// In the order of the training table.
    pub(crate) columns: Vec<Column>,
}

/// A table as numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Encoded {
    /// Row-major: as many values per row as there are names.
    pub(crate) features: Vec<f64>,
    /// `age`, or `colour=red` for a category.
    pub(crate) names: Vec<String>,
    /// One per row; empty if the target was not asked for.
    pub(crate) targets: Vec<f64>,
    /// Where each row begins in the file.
    pub(crate) lines: Vec<u64>,
    /// Lines of the rows that were left out for missing values.
    pub(crate) dropped: Vec<u64>,
}

impl Encoding {
    /// The features' names.
    pub(crate) fn feature_names(&self) -> Vec<String> {
        let names = self.columns.iter().flat_map(|column| match &column.kind {
            Kind::Numeric { .. } => vec![column.name.clone()],
            Kind::Categorical { categories, .. } => {
                categories.iter().map(|category| format!("{}={category}", column.name)).collect()
            }
        });
        names.collect()
    }

    /// Encodes these rows (indices into the table) with their targets, for training and for measuring.
    pub(crate) fn encode_training(&self, table: &Table, rows: &[usize]) -> Result<Encoded, TableError> {
        self.encode(table, rows, true).map_err(|p| p.of(&table.file))
    }

    /// Encodes all rows of a new table, which need not have the target.
    pub(crate) fn encode_new(&self, table: &Table) -> Result<Encoded, TableError> {
        let rows: Vec<usize> = (0..table.len()).collect();
        self.encode(table, &rows, false).map_err(|p| p.of(&table.file))
    }

    fn encode(&self, table: &Table, rows: &[usize], with_target: bool) -> Result<Encoded, Problem> {
        let needed = || self.columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
        let places = self.columns.iter().map(|column| {
            let missing = || Problem::MissingColumn { name: column.name.clone(), needed: needed() };
            table.position(&column.name).ok_or_else(missing)
        });
        let places = places.collect::<Result<Vec<_>, _>>()?;
        let target = match with_target {
            true => Some(table.position(&self.target).ok_or_else(|| no_such_column(table, &self.target))?),
            false => None,
        };
        if self.missing == Missing::Error {
            let used: Vec<usize> = places.iter().copied().chain(target).collect();
            refuse_missing(table, rows, &used)?;
        }
        let mut encoded = Encoded {
            features: Vec::new(),
            names: self.feature_names(),
            targets: Vec::new(),
            lines: Vec::new(),
            dropped: Vec::new(),
        };
        for &row in rows {
            let line = table.rows[row].line;
            let is_missing = |column: &usize| table.cell(row, *column) == Cell::Missing;
            if target.iter().any(is_missing) || self.missing == Missing::Drop && places.iter().any(is_missing) {
                encoded.dropped.push(line);
                continue;
            }
            for (column, place) in self.columns.iter().zip(&places) {
                column.push(table, row, *place, &mut encoded.features)?;
            }
            if let Some(target) = target {
                encoded.targets.push(target_value(table, row, target)?);
            }
            encoded.lines.push(line);
        }
        if encoded.lines.is_empty() && !rows.is_empty() {
            return Err(Problem::NothingLeft);
        }
        Ok(encoded)
    }
}

impl Column {
    fn push(&self, table: &Table, row: usize, place: usize, features: &mut Vec<f64>) -> Result<(), Problem> {
        let (column, line, value) = (&self.name, table.rows[row].line, table.text(row, place));
        match (&self.kind, table.cell(row, place)) {
            (Kind::Numeric { fill }, Cell::Missing) => features.push(*fill),
            (Kind::Numeric { .. }, Cell::Number(_)) => features.push(finite(table, row, place)?),
            (Kind::Numeric { .. }, Cell::Text(_)) => {
                return Err(Problem::NotANumber { column: column.clone(), value: value.into(), line });
            }
            (Kind::Categorical { categories, fill }, cell) => {
                let value = if cell == Cell::Missing { fill } else { value };
                let Some(at) = categories.iter().position(|category| category == value) else {
                    let (column, value, known) = (column.clone(), value.into(), categories.clone());
                    return Err(Problem::UnknownCategory { column, value, line, known });
                };
                features.extend((0..categories.len()).map(|i| f64::from(u8::from(i == at))));
            }
        }
        Ok(())
    }
}

/// A cell that must hold a finite number; a text there has been refused before.
pub(super) fn finite(table: &Table, row: usize, column: usize) -> Result<f64, Problem> {
    let (name, value, line) = (table.names[column].clone(), table.text(row, column).to_owned(), table.rows[row].line);
    match table.cell(row, column) {
        Cell::Number(v) if v.is_finite() => Ok(v),
        Cell::Number(_) => Err(Problem::NotFinite { column: name, value, line }),
        Cell::Text(_) | Cell::Missing => Err(Problem::NotANumber { column: name, value, line }),
    }
}

pub(super) fn target_value(table: &Table, row: usize, column: usize) -> Result<f64, Problem> {
    match table.cell(row, column) {
        Cell::Text(value) => Err(Problem::TargetNotNumeric {
            column: table.names[column].clone(),
            value: value.to_owned(),
            line: table.rows[row].line,
        }),
        _ => finite(table, row, column),
    }
}

pub(super) fn no_such_column(table: &Table, name: &str) -> Problem {
    table.no_such_column(name).into()
}

/// Refuses if any of these cells is missing: names the first, counts all.
pub(super) fn refuse_missing(table: &Table, rows: &[usize], columns: &[usize]) -> Result<(), Problem> {
    let cells = rows.iter().flat_map(|row| columns.iter().map(move |column| (*row, *column)));
    let mut missing = cells.filter(|(row, column)| table.cell(*row, *column) == Cell::Missing);
    match missing.next() {
        None => Ok(()),
        Some((row, column)) => Err(Problem::MissingValue {
            column: table.names[column].clone(),
            line: table.rows[row].line,
            cells: 1 + missing.count(),
        }),
    }
}
