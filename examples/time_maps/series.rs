//! From a table to one or more series of events in order of time.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use program::failure::{Outcome, fail};
use program::table::read::Table;

use crate::cli::{Cli, Duplicates};
use crate::timestamps;

/// Events of one name.
pub(crate) struct Series {
    /// The value of the series' column; empty without one.
    pub(crate) name: String,
    /// Microseconds since 1970, strictly increasing, at least [`FEWEST`] of them.
    pub(crate) times: Vec<i64>,
}

/// Three events are the least that have one with a pause before and one after.
pub(crate) const FEWEST: usize = 3;

/// More maps than these are no comparison by eye any more, and more likely the wrong column.
const MOST: usize = 20;

/// An event and the line it was read from.
type Event = (i64, u64);

/// The series of a table, in order of their names.
pub(crate) fn read(table: &Table, cli: &Cli, zone: &TimeZone) -> Outcome<Vec<Series>> {
    let (column, by) = cli.columns(table)?;
    let mut all: BTreeMap<&str, Vec<Event>> = BTreeMap::new();
    for (i, row) in table.rows.iter().enumerate() {
        let at = timestamps::parse(table.text(i, column), zone, cli.unit()).or_else(|why| {
            fail(format!("{}: column '{}', line {}: {why}", table.file, table.names[column], row.line))
        })?;
        let name = by.map_or("", |by| table.text(i, by));
        all.entry(name).or_default().push((at, row.line));
        if all.len() > MOST {
            return fail(format!(
                "{}: column '{}' names more than {MOST} series; choose another one with --series",
                table.file,
                by.map_or("", |by| &table.names[by])
            ));
        }
    }
    all.into_iter().map(|(name, events)| ordered(table, column, name, events, cli)).collect()
}

fn ordered(table: &Table, column: usize, name: &str, mut events: Vec<Event>, cli: &Cli) -> Outcome<Series> {
    let said = |line: u64| table.rows.iter().position(|r| r.line == line).map_or("", |i| table.text(i, column));
    if cli.sort {
        events.sort_unstable();
    }
    let pair =
        |wrong: fn(i64, i64) -> bool| events.windows(2).find(|w| wrong(w[0].0, w[1].0)).map(|w| (w[0].1, w[1].1));
    if let Some((before, line)) = pair(|a, b| a > b) {
        return fail(format!(
            "{}: line {line}: {} is earlier than {} in line {before}; --sort brings events into order",
            table.file,
            said(line),
            said(before)
        ));
    }
    match cli.duplicates {
        Duplicates::Merge => events.dedup_by_key(|e| e.0),
        Duplicates::Refuse => {
            if let Some((before, line)) = pair(|a, b| a == b) {
                return fail(format!(
                    "{}: lines {before} and {line} hold the same time, {}, and a pause of nothing has no place on a \
                     logarithmic axis; --duplicates merge counts them as one event",
                    table.file,
                    said(line)
                ));
            }
        }
    }
    if events.len() < FEWEST {
        let of = if name.is_empty() { String::new() } else { format!(" of series '{name}'") };
        return fail(format!("{}: {} events{of}, where a time map needs at least {FEWEST}", table.file, events.len()));
    }
    Ok(Series { name: name.to_owned(), times: events.into_iter().map(|e| e.0).collect() })
}
