//! Time maps: each event by the time since the one before and the time until the next one (Watson 2015).
//!
//! ```text
//! cargo run --release --example time_maps
//! cargo run --release --example time_maps -- --data visits.csv --column time --zone Europe/Berlin
//! ```
//!
//! A person's events fill the map where pauses and bursts meet, a program's gather in a few spots. Beside the map: its
//! density, events per day, the profile by hour and weekday, and two periods compared. Nothing here names an array type:
//! all that is computed are functions of the protocol on arrays of the kind that `--backend` names.

mod calendar;
mod cli;
mod clock;
mod compare;
mod figures;
mod gaps;
mod record;
mod sample;
mod series;
mod timestamps;

use std::process::ExitCode;

use array_protocol::prelude::Namespace;
use clap::Parser;
use program::failure::{Outcome, fail};
use program::output::{Output, check_file};
use program::report::Block;

use crate::cli::{Cli, Command};
use crate::clock::Clock;
use crate::series::Series;

/// The shipped sample: `time_maps sample` writes it.
const SAMPLE: &str = include_str!("data/sample.csv");

fn main() -> ExitCode {
    let cli = Cli::parse();
    program::failure::end(match &cli.command {
        Some(Command::Sample { file }) => write_sample(file),
        None => run(&cli),
    })
}

fn write_sample(file: &std::path::Path) -> Outcome<String> {
    check_file(file, "another name", None)?;
    program::files::write_atomically(file, sample::csv(&program::backend!("ndarray")?)?.as_bytes())?;
    Ok(format!("Wrote {}\n", file.display()))
}

fn run(cli: &Cli) -> Outcome<String> {
    let xp: Namespace = program::backend!(&cli.backend)?;
    let zone = cli.zone()?;
    if let Some(path) = &cli.json {
        check_file(path, "--json", Some(&cli.out))?;
    }
    let table = cli.table(SAMPLE)?;
    let all = series::read(&table, cli, &zone)?;
    drop(table);
    let mut output = Output::open(&cli.out)?;
    let bar = program::progress::bar("time maps", 2 * all.len() as u64);
    let mut records = vec![];
    for Series { name, times } in all {
        let clock = Clock::new(&xp, &zone, times)?;
        let measured = record::measure(&name, &clock, cli.periods(&clock)?)?;
        bar.inc(1);
        let title = if name.is_empty() { "events".to_owned() } else { name.clone() };
        output.push(Block::Heading(title));
        output.push(Block::table("", &["", ""], measured.rows()));
        for figure in figures::all(&name, &clock, &measured)? {
            output.figure(&figure.file, &figure.caption, &figure.plots, figure.columns)?;
        }
        bar.inc(1);
        records.push(measured);
    }
    bar.finish_and_clear();
    if records.is_empty() {
        return fail("there are no events");
    }
    let mut text: String = records.iter().map(record::Record::text).collect();
    if cli.data.is_none() {
        text.push_str("The data are the shipped sample; --data FILE takes yours.\n");
    }
    if let Some(path) = &cli.json {
        record::write(path, &xp, cli.zone_name(), &records)?;
    }
    Ok(format!("{text}{}", output.finish("Time maps")?))
}
