//! Randomized-prior ensembles from the command line: the article's experiments, and a person's own table.
//!
//! ```text
//! cargo run --release --example ensemble
//! cargo run --release --example ensemble -- --data houses.csv --target price --recipe tabular
//! cargo run --release --example ensemble -- predict --model out/ensemble/model --data new.csv
//! ```
//!
//! Nothing here names an array type: `program::backend!` turns `--backend` into a namespace, and the rest is functions of the
//! protocol. Every failure ends with one line that says what to do, and exit code 2.
mod animation;
mod choices;
mod cli;
mod dataset;
mod experiments;
mod figures;
mod measured;
mod predict;
mod recipe;
mod rows;
mod saved;
mod summary;
mod table;
mod tabular;
mod training;

use clap::Parser;
use std::process::ExitCode;

use crate::cli::{Cli, Command, Train};
use crate::saved::Width;
use crate::table::encoding::{Column, Encoding, Kind, Missing};
use crate::training::Trainer;
use program::failure::Outcome;
use program::output::{Output, check_file};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.command {
        Some(Command::Predict(args)) => predict::run(args),
        None => train(&cli.train),
    };
    program::failure::end(done)
}

fn train(train: &Train) -> Outcome<String> {
    let xp = program::backend!(&train.backend)?;
    if let Some(path) = &train.json {
        check_file(path, "--json", Some(&train.out))?;
    }
    match (&train.data, &train.target) {
        (Some(data), Some(target)) => tabular::run(train, data, target, xp),
        _ => experiment(train, xp),
    }
}

fn experiment(train: &Train, xp: array_api::Namespace) -> Outcome<String> {
    let experiment = train.experiment.unwrap_or_default();
    let options = experiments::options(experiment, train)?;
    let mut output = Output::open(&train.out)?;
    let trainer = Trainer::open(xp, train)?;
    let done = experiments::run(experiment, &options, train, &trainer, &mut output)?;
    let x = Column { name: "x".into(), kind: Kind::Numeric { fill: done.middle } };
    let encoding = Encoding { target: "y".into(), missing: Missing::Error, columns: vec![x] };
    saved::save(&train.out, &done.model.model, encoding, Width::Normal)?;
    output.wrote("model/");
    if let Some(path) = &train.json {
        measured::write(path, &trainer.xp, experiments::name(experiment), &done.records)?;
    }
    let files = output.finish(&done.title)?;
    trainer.finish()?;
    Ok(format!("{}\n{files}", done.text))
}
