//! The command line.

use std::path::PathBuf;

use clap::Parser;

use crate::generate::Sampling;

/// Benford's law in a language model, and in a column of a table.
///
/// Without options: a small character-level model, trained on the spot on shipped sentences with numbers. With --model: a
/// GPT-2 as it is published. With --column: the leading digits of your own numbers, tested as auditors do.
#[derive(Debug, Parser)]
#[command(name = "benford", allow_negative_numbers = true, max_term_width = 110)]
pub(crate) struct Cli {
    /// A folder with config.json, model.safetensors (or its parts and their index) and tokenizer.json of a GPT-2 of any size.
    #[arg(long, value_name = "DIR", help_heading = "Language model")]
    pub(crate) model: Option<PathBuf>,
    /// Words before a number; may be given several times. Six of its own if not given.
    #[arg(long, value_name = "TEXT", help_heading = "Language model")]
    pub(crate) prompt: Vec<String>,
    /// Go on with the first prompt for so many tokens.
    #[arg(long, value_name = "TOKENS", default_value = "0", help_heading = "Language model")]
    pub(crate) generate: usize,
    /// Each token is drawn from so many most likely ones.
    #[arg(long, value_name = "K", default_value = "40", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Language model")]
    top_k: u64,
    /// Less than 1 sharpens the draw, more flattens it.
    #[arg(long, value_name = "T", default_value = "1", value_parser = temperature, help_heading = "Language model")]
    temperature: f64,
    /// Steps of the character-level model's training.
    #[arg(long, value_name = "STEPS", default_value = "400", value_parser = clap::value_parser!(u64).range(1..=100_000), conflicts_with = "model", help_heading = "Language model")]
    pub(crate) steps: u64,
    /// The column whose leading digits are tested.
    #[arg(long, conflicts_with_all = ["model", "prompt", "generate"], help_heading = "Column")]
    pub(crate) column: Option<String>,
    /// Your own table: comma-separated or alike, names of the columns in the first line; the shipped one on countries if
    /// not given.
    #[arg(long, value_name = "FILE", requires = "column", help_heading = "Column")]
    pub(crate) data: Option<PathBuf>,
    /// Seed of every draw.
    #[arg(long, default_value = "0", help_heading = "Run")]
    pub(crate) seed: u64,
    /// Where to compute: ndarray, chunked, torch or torch:cuda:0, as far as they are built in.
    #[arg(long, default_value = "ndarray", help_heading = "Run")]
    pub(crate) backend: String,
    /// Folder for figures and report.
    #[arg(long, value_name = "DIR", default_value = "out/benford", help_heading = "Run")]
    pub(crate) out: PathBuf,
    /// Write everything that was measured to this file.
    #[arg(long, value_name = "FILE", help_heading = "Run")]
    pub(crate) json: Option<PathBuf>,
}

impl Cli {
    /// How tokens are drawn.
    pub(crate) fn sampling(&self) -> Sampling {
        let top_k = usize::try_from(self.top_k).unwrap_or(usize::MAX);
        Sampling { top_k, temperature: self.temperature, seed: self.seed }
    }
}

fn temperature(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(t) if t > 0.0 && t.is_finite() => Ok(t),
        _ => Err("a temperature is a positive number, such as 0.8; for the most likely token say --top-k 1".into()),
    }
}
