//! Benford's law in a language model, and in a column of a table.
//!
//! ```text
//! cargo run --release --example benford
//! cargo run --release --example benford -- --model gpt2 --prompt "with a population size of" --generate 20
//! cargo run --release --example benford -- --data invoices.csv --column amount
//! ```
//!
//! A GPT-2 written on the protocol says how likely each of the digits 1 to 9 is to come next; beside it stands Benford's
//! law. Nothing here names an array type: all that is computed are functions of the protocol on arrays of the kind that
//! `--backend` names.

mod character;
mod cli;
mod column;
mod config;
mod figures;
mod generate;
mod gpt2;
mod law;
mod model;
mod record;
mod text;
mod weights;

use std::process::ExitCode;

use array_protocol::prelude::*;
use clap::Parser;
use program::failure::Outcome;
use program::output::{Output, check_file};
use program::report::Block;
use program::table::read::{Format, Table};

use crate::cli::Cli;
use crate::model::Model;
use crate::record::{Column, Prompts};

/// The shipped table: `--column` without `--data` reads it.
const COUNTRIES: &str = include_str!("data/countries.csv");

fn main() -> ExitCode {
    program::failure::end(run(&Cli::parse()))
}

fn run(cli: &Cli) -> Outcome<String> {
    let xp = program::backend!(&cli.backend)?;
    if let Some(path) = &cli.json {
        check_file(path, "--json", Some(&cli.out))?;
    }
    match &cli.column {
        Some(name) => of_column(cli, &xp, name),
        None => of_model(cli, &xp),
    }
}

fn of_column(cli: &Cli, xp: &Namespace, name: &str) -> Outcome<String> {
    let table = match &cli.data {
        Some(path) => Table::read(path, Format::default())?,
        None => Table::parse("the shipped countries.csv", COUNTRIES.as_bytes(), Format::default())?,
    };
    let leading = column::leading(&table, name)?;
    let test = law::test(&xp.asarray(leading.digits.as_slice())?)?;
    let record = Column::new(&table.file, name, &leading, test);
    let mut output = Output::open(&cli.out)?;
    output.push(Block::table("", &["", ""], record.rows()));
    let shares = record.shares();
    let plot = figures::digits(name, "share of the column's numbers", &shares, &law::law(xp)?.to_vec::<f64>()?);
    output.figure("column.png", "Leading digits beside Benford's law", &[plot], 1)?;
    if let Some(path) = &cli.json {
        record::write(path, xp, &record)?;
    }
    Ok(format!("{}{}", record.text(), output.finish("Leading digits")?))
}

fn of_model(cli: &Cli, xp: &Namespace) -> Outcome<String> {
    // Read whole before any folder is made: a broken file leaves nothing behind.
    let published = cli.model.as_deref().map(|folder| Model::load(xp, folder)).transpose()?;
    if published.is_none() {
        character::check(&cli.prompt, cli.generate)?;
    }
    let mut output = Output::open(&cli.out)?;
    let model = match published {
        Some(model) => model,
        None => Model::train(xp, cli.steps, cli.seed)?,
    };
    let prompts = if cli.prompt.is_empty() { model.prompts() } else { cli.prompt.clone() };
    let said = prompts.iter().map(|p| model.digits(p)).collect::<Outcome<Vec<_>>>()?;
    let continuation = match cli.generate {
        0 => None,
        count => Some(model.goes_on(&prompts[0], count, cli.sampling())?),
    };
    let law = law::law(xp)?;
    let record = Prompts::new(&model.about, prompts, said, continuation, xp)?;
    output.push(Block::Text(model.about.clone()));
    output.push(Block::table("", &record::HEADER, record.rows()));
    let law = law.to_vec::<f64>()?;
    let mean = figures::digits("Mean of all prompts", "probability", &record.mean, &law);
    output.figure("digits.png", "The next token's digit beside Benford's law", &[mean], 1)?;
    let each = record.each().map(|(prompt, p)| figures::small(prompt, p, &law)).collect::<Vec<_>>();
    output.figure("prompts.png", "By prompt", &each, 2)?;
    if let Some(path) = &cli.json {
        record::write(path, xp, &record)?;
    }
    Ok(format!("{}\n{}{}", model.about, record.text(), output.finish("Benford's law in a language model")?))
}
