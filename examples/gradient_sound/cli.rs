//! The command line, and the article's settings.

use std::path::PathBuf;

use array_protocol::ensemble::Optimizer;
use clap::{Parser, ValueEnum};

/// The sound of gradients: a convolutional network learns digits, and each batch is heard as a tone per layer.
///
/// Without options: Adam on the shipped 8 by 8 digits in batches of 64.
#[derive(Debug, Parser)]
#[command(name = "gradient_sound", allow_negative_numbers = true, max_term_width = 110)]
pub(crate) struct Cli {
    /// How the network learns; several presets, such as adam,sgd-1, are trained one after the other.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "adam")]
    preset: Vec<Learning>,
    /// Digits per batch; the article's are 10 and 256.
    #[arg(long, value_name = "ROWS", default_value = "64", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    batch: u64,
    /// Learning rate in place of the preset's.
    #[arg(long, value_name = "RATE", value_parser = rate)]
    lr: Option<f64>,
    /// How many batches are trained, and heard.
    #[arg(long, value_name = "COUNT", default_value = "200", value_parser = clap::value_parser!(u64).range(1..=20_000))]
    pub(crate) batches: u64,
    /// A folder with MNIST's four files in the idx format, in place of the shipped digits.
    #[arg(long, value_name = "DIR")]
    pub(crate) mnist: Option<PathBuf>,
    /// Seed of every draw.
    #[arg(long, default_value = "0")]
    pub(crate) seed: u64,
    /// Where to compute: ndarray, chunked, torch or torch:cuda:0, as far as they are built in.
    #[arg(long, default_value = "ndarray", help_heading = "Run")]
    pub(crate) backend: String,
    /// Folder for sound, figures and report.
    #[arg(long, value_name = "DIR", default_value = "out/gradient_sound", help_heading = "Run")]
    pub(crate) out: PathBuf,
    /// Write everything that was measured to this file.
    #[arg(long, value_name = "FILE", help_heading = "Run")]
    pub(crate) json: Option<PathBuf>,
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate.is_finite() => Ok(rate),
        _ => Err("a learning rate is a positive number, such as 0.01".into()),
    }
}

/// The article's optimisers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Learning {
    /// Adam, learning rate 0.01.
    Adam,
    /// Stochastic gradient descent, momentum 0.5, learning rate 0.01.
    #[value(name = "sgd-0.01")]
    SgdSlow,
    /// The same with learning rate 0.1.
    #[value(name = "sgd-0.1")]
    SgdMiddle,
    /// The same with learning rate 1.
    #[value(name = "sgd-1")]
    SgdFast,
}

/// One training.
#[derive(Clone, Debug)]
pub(crate) struct Preset {
    learning: Learning,
    rate: Option<f64>,
    /// Digits per batch.
    pub(crate) batch: usize,
}

impl Cli {
    /// Digits per batch.
    pub(crate) fn batch(&self) -> usize {
        self.batch as usize
    }

    /// The trainings that were asked for.
    pub(crate) fn presets(&self) -> Vec<Preset> {
        let mut chosen: Vec<Learning> = vec![];
        for learning in &self.preset {
            if !chosen.contains(learning) {
                chosen.push(*learning);
            }
        }
        chosen.into_iter().map(|learning| Preset { learning, rate: self.lr, batch: self.batch() }).collect()
    }
}

impl Preset {
    /// Optimiser and learning rate.
    pub(crate) fn optimizer(&self) -> (Optimizer, f64) {
        let sgd = Optimizer::Sgd { momentum: 0.5 };
        let (optimizer, rate) = match self.learning {
            Learning::Adam => (Optimizer::default(), 0.01),
            Learning::SgdSlow => (sgd, 0.01),
            Learning::SgdMiddle => (sgd, 0.1),
            Learning::SgdFast => (sgd, 1.0),
        };
        (optimizer, self.rate.unwrap_or(rate))
    }

    /// The training's name, which is that of its files.
    pub(crate) fn name(&self) -> String {
        let learning = self.learning.to_possible_value().map_or_else(String::new, |v| v.get_name().to_owned());
        format!("{learning}-batch-{}", self.batch)
    }
}
