//! A tour of likelihood, one identity after the other: each computed in two ways, with a figure, and with what is easily got
//! wrong about it.
//!
//! ```text
//! cargo run --release --example likelihood_tour
//! cargo run --release --example likelihood_tour -- --stop prior --stop sampling --seed 7
//! ```
//!
//! Exit code 0: every identity holds. 1: one does not, and the output says which. 2: the input cannot be used. Nothing here
//! names an array type: all that is computed are functions of the protocol on arrays of the kind that `--backend` names.

mod cli;
mod density;
mod divergence;
mod gaussian;
mod hierarchy;
mod large_numbers;
mod prior;
mod product;
mod record;
mod regression;
mod sampling;
mod stop;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use program::failure::{Failure, Outcome};
use program::output::{Output, check_file};
use program::report::Block;

use crate::cli::Cli;
use crate::stop::{Stop, Tour};

/// Computes a stop.
type Guide = fn(&Tour) -> Outcome<Stop>;

/// The stops by name, in order.
const STOPS: [(&str, Guide); 10] = [
    ("product", product::product),
    ("average", product::average),
    ("large-numbers", large_numbers::large_numbers),
    ("gaussian", gaussian::gaussian),
    ("density", density::density),
    ("divergence", divergence::divergence),
    ("regression", regression::regression),
    ("prior", prior::prior),
    ("hierarchy", hierarchy::hierarchy),
    ("sampling", sampling::sampling),
];

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok((text, holds)) => {
            // Whoever reads may have closed the pipe; that is no failure of the run.
            let _ = std::io::stdout().write_all(text.as_bytes());
            if holds { ExitCode::SUCCESS } else { ExitCode::from(1) }
        }
        Err(Failure(message)) => {
            let _ = writeln!(std::io::stderr(), "error: {message}");
            ExitCode::from(2)
        }
    }
}

/// What is printed, and whether every identity holds.
fn run(cli: &Cli) -> Outcome<(String, bool)> {
    let xp = program::backend!(&cli.backend)?;
    if let Some(path) = &cli.json {
        check_file(path, "--json", Some(&cli.out))?;
    }
    let tour = Tour { xp, seed: cli.seed, rows: cli.rows() };
    let wanted: Vec<_> = STOPS.iter().enumerate().filter(|(_, (name, _))| cli.wants(name)).collect();
    let mut output = Output::open(&cli.out)?;
    let bar = program::progress::bar("likelihood tour", wanted.len() as u64);
    let mut stops = vec![];
    for (i, (name, guide)) in wanted {
        let stop = guide(&tour).map_err(|Failure(why)| Failure(format!("{name}: {why}")))?;
        output.push(Block::Heading(stop.title.into()));
        output.push(Block::Text(stop.says.clone()));
        output.push(Block::Warning(stop.slip.into()));
        output.push(Block::table("", &["", "value", "", "must be"], stop.rows()));
        let file = format!("{:02}-{name}.png", i + 1);
        output.figure(&file, stop.title, &stop.plots, stop.plots.len())?;
        stops.push((*name, stop));
        bar.inc(1);
    }
    bar.finish_and_clear();
    let mut text: String = stops.iter().map(|(name, stop)| record::text(name, stop)).collect();
    if let Some(path) = &cli.json {
        record::write(path, &tour, &stops)?;
    }
    text.push_str(&output.finish("A tour of likelihood")?);
    Ok((text, stops.iter().all(|(_, stop)| stop.holds())))
}
