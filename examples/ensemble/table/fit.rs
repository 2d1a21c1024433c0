//! Learning an [`Encoding`] from a table.

use std::collections::BTreeMap;

use super::encoding::{Column, Encoding, Kind, Missing, finite, no_such_column, refuse_missing, target_value};
use super::error::{Problem, TableError};
use program::table::cell::Cell;
use program::table::read::Table;

/// What the user said about the columns.
#[derive(Clone, Debug, Default)]
pub(crate) struct Choice {
    /// The column to predict.
    pub(crate) target: String,
    /// What happens to missing values.
    pub(crate) missing: Missing,
    /// Columns to leave out.
    pub(crate) ignore: Vec<String>,
    /// Columns that are texts even where they look like numbers.
    pub(crate) categorical: Vec<String>,
}

/// More categories than this are taken for names or identifiers.
const MOST_CATEGORIES: usize = 100;

impl Encoding {
    /// Learns the columns of `table`; gives the encoding and notes for the user, one sentence each.
    ///
    /// Means and most frequent categories come from the `training` rows (indices) alone. The lists of categories come
    /// from the whole table: which names exist is no secret of the held-out rows, and otherwise a rare category that
    /// chance put among those alone would stop the run. Columns without any variation in the training rows cannot
    /// inform a prediction: they are dropped with a note. A constant target is an error.
    pub(crate) fn fit(table: &Table, training: &[usize], choice: &Choice) -> Result<(Self, Vec<String>), TableError> {
        fit(table, training, choice).map_err(|problem| problem.of(&table.file))
    }
}

fn fit(table: &Table, training: &[usize], choice: &Choice) -> Result<(Encoding, Vec<String>), Problem> {
    let target = table.position(&choice.target).ok_or_else(|| no_such_column(table, &choice.target))?;
    for name in choice.ignore.iter().chain(&choice.categorical) {
        table.position(name).ok_or_else(|| no_such_column(table, name))?;
    }
    let used: Vec<usize> =
        (0..table.names.len()).filter(|c| *c != target && !choice.ignore.contains(&table.names[*c])).collect();
    let all: Vec<usize> = (0..table.len()).collect();
    for &row in all.iter().filter(|row| table.cell(**row, target) != Cell::Missing) {
        target_value(table, row, target)?;
    }
    if choice.missing == Missing::Error {
        let with_target: Vec<usize> = used.iter().copied().chain([target]).collect();
        refuse_missing(table, &all, &with_target)?;
    }
    let complete = |row: &usize| used.iter().all(|c| table.cell(*row, *c) != Cell::Missing);
    let kept: Vec<usize> = training
        .iter()
        .copied()
        .filter(|row| table.cell(*row, target) != Cell::Missing)
        .filter(|row| choice.missing != Missing::Drop || complete(row))
        .collect();
    refuse_constant_target(table, &kept, target)?;
    let mut notes = Vec::new();
    let mut columns = Vec::new();
    for column in used {
        let name = table.names[column].clone();
        let kind = match is_numeric(table, column, choice.categorical.contains(&name))? {
            true => fit_numeric(table, &kept, column)?,
            false => fit_categorical(table, &kept, column)?,
        };
        match kind {
            Ok(kind) => columns.push(Column { name, kind }),
            Err(why) => notes.push(format!("column '{name}' is left out: {why}")),
        }
    }
    if columns.is_empty() {
        return Err(Problem::NoFeatures { target: choice.target.clone() });
    }
    Ok((Encoding { target: choice.target.clone(), missing: choice.missing, columns }, notes))
}

fn refuse_constant_target(table: &Table, rows: &[usize], target: usize) -> Result<(), Problem> {
    let values = rows.iter().map(|row| target_value(table, *row, target)).collect::<Result<Vec<_>, _>>()?;
    match values.split_first() {
        None => Err(Problem::NothingLeft),
        Some((first, rest)) if rest.iter().all(|v| v == first) => {
            Err(Problem::ConstantTarget { column: table.names[target].clone(), value: *first })
        }
        Some(_) => Ok(()),
    }
}

/// Numeric if every value is a number. A column of numbers with a few texts among them is more likely to hold a
/// mistake than categories, so it is refused rather than cut into a hundred features.
fn is_numeric(table: &Table, column: usize, declared_categorical: bool) -> Result<bool, Problem> {
    if declared_categorical {
        return Ok(false);
    }
    let (mut numbers, mut texts, mut first) = (0, 0, None);
    for row in 0..table.len() {
        match table.cell(row, column) {
            Cell::Missing => {}
            Cell::Number(_) => numbers += 1,
            Cell::Text(value) => {
                texts += 1;
                first = first.or(Some((value.to_owned(), table.rows[row].line)));
            }
        }
    }
    match first {
        Some((value, line)) if numbers > texts => Err(Problem::MostlyNumeric {
            column: table.names[column].clone(),
            numbers,
            rows: numbers + texts,
            value,
            line,
        }),
        first => Ok(first.is_none()),
    }
}

/// A kind, or why the column is of no use.
type Fitted = Result<Kind, String>;

fn fit_numeric(table: &Table, rows: &[usize], column: usize) -> Result<Fitted, Problem> {
    // Held-out rows must be finite as well: their predictions are measured.
    for row in (0..table.len()).filter(|row| table.cell(*row, column) != Cell::Missing) {
        finite(table, row, column)?;
    }
    let present = rows.iter().filter(|row| table.cell(**row, column) != Cell::Missing);
    let values = present.map(|row| finite(table, *row, column)).collect::<Result<Vec<_>, _>>()?;
    Ok(match values.split_first() {
        None => Err("it has no value in the training rows".into()),
        Some((first, rest)) if rest.iter().all(|v| v == first) => {
            Err(format!("it is constant ({first}) in the training rows"))
        }
        // Divided before summing: a sum of large values may overflow.
        Some(_) => Ok(Kind::Numeric { fill: values.iter().map(|v| v / values.len() as f64).sum() }),
    })
}

fn fit_categorical(table: &Table, rows: &[usize], column: usize) -> Result<Fitted, Problem> {
    let present = |row: &usize| table.cell(*row, column) != Cell::Missing;
    let mut counts: BTreeMap<&str, usize> =
        (0..table.len()).filter(present).map(|row| (table.text(row, column), 0)).collect();
    if counts.len() > MOST_CATEGORIES {
        let (column, count) = (table.names[column].clone(), counts.len());
        return Err(Problem::TooManyCategories { column, count, limit: MOST_CATEGORIES });
    }
    for row in rows.iter().copied().filter(present) {
        *counts.entry(table.text(row, column)).or_default() += 1;
    }
    let seen: Vec<&str> = counts.iter().filter(|(_, n)| **n > 0).map(|(name, _)| *name).collect();
    Ok(match seen.as_slice() {
        [] => Err("it has no value in the training rows".into()),
        [one] => Err(format!("it is constant ('{one}') in the training rows")),
        _ => {
            // Of equals `max_by_key` keeps the last, hence the reversal.
            let fill = counts.iter().rev().max_by_key(|(_, n)| **n).map(|(name, _)| (*name).to_owned());
            Ok(Kind::Categorical {
                fill: fill.unwrap_or_default(),
                categories: counts.into_keys().map(str::to_owned).collect(),
            })
        }
    })
}
