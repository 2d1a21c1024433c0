//! The sound of gradients: a convolutional network learns digits, and each batch is heard as a tone per layer.
//!
//! ```text
//! cargo run --release --example gradient_sound
//! cargo run --release --example gradient_sound -- --preset sgd-1 --batch 10
//! cargo run --release --example gradient_sound -- --mnist ~/mnist
//! ```
//!
//! The pitch of a tone is the norm of the layer's gradient. Nothing here names an array type: network, derivatives, tones
//! and spectrogram are functions of the protocol on arrays of the kind that `--backend` names.

mod cli;
mod digits;
mod figures;
mod idx;
mod network;
mod record;
mod sound;
mod spectrogram;
mod training;

use std::process::ExitCode;

use clap::Parser;
use program::failure::{Outcome, fail};
use program::output::{Output, check_file};
use program::report::Block;

use crate::cli::Cli;
use crate::digits::Digits;
use crate::record::Record;

/// Sounds of more bytes stay beside the report: a minute and a half are 8 million.
const MOST_HEARD: usize = 8_000_000;

fn main() -> ExitCode {
    program::failure::end(run(&Cli::parse()))
}

fn run(cli: &Cli) -> Outcome<String> {
    let xp = program::backend!(&cli.backend)?;
    if let Some(path) = &cli.json {
        check_file(path, "--json", Some(&cli.out))?;
    }
    let digits = match &cli.mnist {
        Some(folder) => Digits::mnist(&xp, folder)?,
        None => Digits::shipped(&xp, cli.seed)?,
    };
    if cli.batch() > digits.training.len() {
        return fail(format!(
            "--batch {}: there are {} digits to learn from; give at most as many",
            cli.batch(),
            digits.training.len()
        ));
    }
    let mut output = Output::open(&cli.out)?;
    let mut records = vec![];
    for preset in cli.presets() {
        let trained = training::train(&preset, &digits, cli.batches, cli.seed)?;
        let sound = sound::of(&xp, &trained.norms, trained.broke)?;
        let wav = sound.wav()?;
        output.file(&format!("{}.wav", preset.name()), &wav)?;
        let record = Record::new(&preset, &trained, &sound);
        output.push(Block::Heading(preset.name()));
        output.push(Block::table("", &["", ""], record.rows()));
        if wav.len() <= MOST_HEARD {
            output.push(Block::Sound { caption: format!("{}.wav", preset.name()), bytes: wav });
        }
        for (file, caption, plots) in figures::all(&preset, &trained, &spectrogram::of(&xp, &sound)?) {
            output.figure(&file, &caption, &plots, 1)?;
        }
        records.push(record);
    }
    let text: String = records.iter().map(Record::text).collect();
    if let Some(path) = &cli.json {
        record::write(path, &xp, &digits, &records)?;
    }
    Ok(format!("{}\n{text}{}", digits.text, output.finish("The sound of gradients")?))
}
