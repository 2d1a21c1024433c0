//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use jiff::tz::TimeZone;
use program::failure::{Failure, Outcome, fail};
use program::table::read::{Format, Table};

use crate::clock::{Clock, Period};
use crate::series::FEWEST;
use crate::timestamps::{self, Unit};

/// Time maps of events: pauses before against pauses after, by hour of day.
///
/// Without options: a shipped sample of a person's and a program's events. With --data: your own table of timestamps,
/// ISO 8601 or Unix time.
#[derive(Debug, Parser)]
#[command(name = "time_maps", args_conflicts_with_subcommands = true, max_term_width = 110)]
pub(crate) struct Cli {
    /// What to do other than mapping.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// Your own table: comma-separated or alike, names of the columns in the first line.
    #[arg(long, value_name = "FILE")]
    pub(crate) data: Option<PathBuf>,
    /// The column of timestamps; the first one if not given.
    #[arg(long, requires = "data")]
    pub(crate) column: Option<String>,
    /// A column by whose values the events are told apart: a map for each.
    #[arg(long, value_name = "COLUMN", requires = "data")]
    pub(crate) series: Option<String>,
    /// Time zone of the hours of day, and of timestamps without an offset.
    #[arg(long, value_name = "NAME", default_value = "UTC")]
    zone: String,
    /// Unit of Unix timestamps [default: s].
    #[arg(long, value_enum)]
    unit: Option<Unit>,
    /// Bring events that are out of order into order; otherwise they are refused.
    #[arg(long)]
    pub(crate) sort: bool,
    /// What to do about events at the same time, which have no place on a logarithmic axis.
    #[arg(long, value_enum, default_value = "refuse")]
    pub(crate) duplicates: Duplicates,
    /// A period to compare with --second, START/END in ISO 8601; the first half of the time if not given.
    #[arg(long, value_name = "START/END", requires = "second")]
    first: Option<String>,
    /// The period that --first is compared with.
    #[arg(long, value_name = "START/END", requires = "first")]
    second: Option<String>,
    /// Where to compute: ndarray, chunked, torch or torch:cuda:0, as far as they are built in.
    #[arg(long, default_value = "ndarray", help_heading = "Run")]
    pub(crate) backend: String,
    /// Folder for figures and report.
    #[arg(long, value_name = "DIR", default_value = "out/time_maps", help_heading = "Run")]
    pub(crate) out: PathBuf,
    /// Write everything that was measured to this file.
    #[arg(long, value_name = "FILE", help_heading = "Run")]
    pub(crate) json: Option<PathBuf>,
}

/// What to do other than mapping.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write the shipped sample, as it is drawn.
    Sample {
        /// The file to write.
        file: PathBuf,
    },
}

/// What to do about events at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Duplicates {
    /// Refuse, naming the first.
    Refuse,
    /// Count them as one event.
    Merge,
}

impl Cli {
    /// The time zone, from the database that is part of the program.
    pub(crate) fn zone(&self) -> Outcome<TimeZone> {
        TimeZone::get(&self.zone).map_err(|_| {
            Failure(format!(
                "--zone {}: there is no such time zone; names are those of the IANA database, such as UTC, \
                 Europe/Berlin or America/New_York",
                self.zone
            ))
        })
    }

    /// Its name.
    pub(crate) fn zone_name(&self) -> &str {
        &self.zone
    }

    /// The unit of Unix timestamps.
    pub(crate) fn unit(&self) -> Unit {
        self.unit.unwrap_or(Unit::S)
    }

    /// The table that the user gave, or the sample.
    pub(crate) fn table(&self, sample: &str) -> Outcome<Table> {
        Ok(match &self.data {
            Some(path) => Table::read(path, Format::default())?,
            None => Table::parse("the sample", sample.as_bytes(), Format::default())?,
        })
    }

    /// The column of timestamps and the one of series, if there is one.
    pub(crate) fn columns(&self, table: &Table) -> Outcome<(usize, Option<usize>)> {
        let position =
            |name: &str| table.position(name).ok_or_else(|| Failure::from(table.no_such_column(name).of(&table.file)));
        let series = if self.data.is_none() { Some("series") } else { self.series.as_deref() };
        let column = self.column.as_deref().map_or(Ok(0), position)?;
        // In the finest unit every number is a moment.
        if timestamps::parse(&table.names[column], &TimeZone::UTC, Unit::Ns).is_ok() {
            return fail(format!(
                "{}: the first line holds {}, a timestamp, where names of columns are due; put a line such as `time` before it",
                table.file, table.names[column]
            ));
        }
        Ok((column, series.map(position).transpose()?))
    }

    /// The two periods to compare: the user's, or the halves of the time from the first event to the last; none if the
    /// user gave none and a half has too few events.
    pub(crate) fn periods(&self, clock: &Clock) -> Outcome<Option<[Period; 2]>> {
        if let (Some(first), Some(second)) = (&self.first, &self.second) {
            let periods = [self.period("--first", first, &clock.zone)?, self.period("--second", second, &clock.zone)?];
            return Ok(Some(periods));
        }
        let (start, end) = (clock.start, clock.end);
        let middle = start + (end - start) / 2;
        let halves = [Period { start, end: middle }, Period { start: middle, end: end + 1 }];
        for half in halves {
            if clock.within(half)?.len()? < FEWEST {
                return Ok(None);
            }
        }
        Ok(Some(halves))
    }

    fn period(&self, option: &str, text: &str, zone: &TimeZone) -> Outcome<Period> {
        let Some((start, end)) = text.split_once('/') else {
            return fail(format!("{option} {text}: a period is START/END, such as 2026-01-01/2026-02-01"));
        };
        let at = |t: &str| {
            timestamps::parse(t.trim(), zone, self.unit()).map_err(|why| Failure(format!("{option} {text}: {why}")))
        };
        let (start, end) = (at(start)?, at(end)?);
        if end <= start {
            return fail(format!("{option} {text}: the period ends before it starts"));
        }
        Ok(Period { start, end })
    }
}
