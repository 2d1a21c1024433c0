//! From a comma-separated file to a table of arrays.

use std::path::Path;

use array_api::{Array, Namespace};
use mle::Table;

use program::failure::{Failure, Outcome, fail};

/// A file's columns, as text.
pub(crate) struct Columns {
    names: Vec<String>,
    cells: Vec<Vec<String>>,
    file: String,
}

impl Columns {
    pub(crate) fn read(path: &Path) -> Outcome<Columns> {
        let file = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|e| Failure(format!("{file} cannot be read: {e}")))?;
        // Spreadsheets begin a file with a mark of its byte order.
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
        let wrong = |e: csv::Error| Failure(format!("{file} is not a comma-separated table: {e}"));
        let names: Vec<String> = reader.headers().map_err(wrong)?.iter().map(str::to_string).collect();
        if let Some(i) = (0..names.len()).find(|&i| names[i].is_empty() || names[..i].contains(&names[i])) {
            return fail(format!(
                "{file}: column {} is called `{}`; names must differ and not be empty",
                i + 1,
                names[i]
            ));
        }
        let mut cells = vec![vec![]; names.len()];
        for record in reader.records() {
            for (column, cell) in cells.iter_mut().zip(record.map_err(wrong)?.iter()) {
                column.push(cell.to_string());
            }
        }
        if cells.first().is_none_or(Vec::is_empty) {
            return fail(format!("{file} has no rows"));
        }
        Ok(Columns { names, cells, file })
    }

    fn cells(&self, name: &str) -> Outcome<&[String]> {
        match self.names.iter().position(|n| n == name) {
            Some(i) => Ok(&self.cells[i]),
            None => fail(format!("{} has no column `{name}`; it has {}", self.file, self.names.join(", "))),
        }
    }

    /// A column that has to hold numbers.
    pub(crate) fn numbers(&self, xp: &Namespace, name: &str) -> Outcome<Array> {
        let mut values = vec![];
        for (row, cell) in self.cells(name)?.iter().enumerate() {
            match cell.parse::<f64>() {
                Ok(x) if !cell.is_empty() => values.push(x),
                _ => {
                    let line = row + 2;
                    let what = if cell.is_empty() { "empty".to_string() } else { format!("`{cell}`, not a number") };
                    return fail(format!(
                        "{} line {line}, column `{name}`: {what}; leave the row out or fill it in",
                        self.file
                    ));
                }
            }
        }
        Ok(xp.asarray(values)?)
    }

    /// All columns: numbers where every cell is one, labels elsewhere.
    pub(crate) fn table(&self, xp: &Namespace) -> Outcome<Table> {
        let mut table = Table::new();
        for (name, cells) in self.names.iter().zip(&self.cells) {
            let numbers: Option<Vec<f64>> = cells.iter().map(|c| c.parse().ok()).collect();
            table = match numbers {
                Some(values) => table.numbers(name, xp.asarray(values)?),
                None => table.labels(xp, name, cells)?,
            };
        }
        Ok(table)
    }
}
