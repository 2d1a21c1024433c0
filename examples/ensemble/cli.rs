//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use array_api::DType;
use clap::{Args, Parser, Subcommand, ValueEnum};
use ensemble::{Activation, Head, Noise, Options, Prior};

use crate::choices;
use crate::table::encoding::Missing;
use program::table::cell::Decimal;

/// Randomized-prior ensembles: predictions with honest uncertainty.
///
/// Without options: the article's experiment on its ten points. With --data and --target: your own table; --recipe
/// tabular is advised for that.
#[derive(Debug, Parser)]
#[command(
    name = "ensemble",
    args_conflicts_with_subcommands = true,
    allow_negative_numbers = true,
    max_term_width = 110
)]
pub(crate) struct Cli {
    /// What to do other than training.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) train: Train,
}

/// What to do other than training.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Predict the rows of a new table with a saved model.
    #[command(allow_negative_numbers = true)]
    Predict(Predict),
}

/// What to predict.
#[derive(Debug, Args)]
pub(crate) struct Predict {
    /// The folder of the model: OUT/model of the run that trained it.
    #[arg(long, value_name = "DIR")]
    pub(crate) model: PathBuf,
    /// The table with the new rows; it needs the columns that the model was trained with.
    #[arg(long, value_name = "FILE")]
    pub(crate) data: PathBuf,
    /// Level of the intervals.
    #[arg(long, default_value = "0.9", value_parser = choices::level)]
    pub(crate) level: f64,
    /// The file to write.
    #[arg(long, value_name = "FILE", default_value = "predictions.csv")]
    pub(crate) out: PathBuf,
    /// Where to compute.
    #[arg(long, default_value = "ndarray")]
    pub(crate) backend: String,
    #[command(flatten)]
    pub(crate) format: FormatArgs,
}

/// How a table is written.
#[derive(Clone, Debug, Args)]
pub(crate) struct FormatArgs {
    /// Character between fields, or tab; found out if not given.
    #[arg(long, value_name = "CHARACTER", value_parser = choices::delimiter)]
    pub(crate) delimiter: Option<u8>,
    /// Sign in numbers; found out if not given.
    #[arg(long, value_name = "SIGN")]
    pub(crate) decimal: Option<DecimalSign>,
}

impl FormatArgs {
    /// As the reader of tables takes it.
    pub(crate) fn format(&self) -> program::table::read::Format {
        let decimal = self.decimal.map(|d| match d {
            DecimalSign::Point => Decimal::Point,
            DecimalSign::Comma => Decimal::Comma,
        });
        program::table::read::Format { delimiter: self.delimiter, decimal }
    }
}

/// The sign between the whole and the fraction of a number.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum DecimalSign {
    Point,
    Comma,
}

/// The experiments of the article and its notebook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Experiment {
    /// Ten points: bands, priors, members, prior and bootstrap on and off, the sine prior.
    #[default]
    Article,
    /// One model taken apart, and an ensemble of nine.
    Notebook,
    /// The prior scale at 0.001, 5, 50 and 100, with the same random numbers.
    BetaSweep,
    /// Prior and bootstrap on and off at prior scale 50.
    Combinations,
    /// Four trainings of 40 members as GIFs, one frame per epoch.
    Animation,
}

/// Settings that go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Recipe {
    /// For your own table: learnt variance, stopping on rows left out, prior scale and intervals from validation rows.
    Tabular,
}

/// What to do about missing values.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum MissingValues {
    /// Refuse, naming the first.
    Error,
    /// Leave such rows out.
    Drop,
    /// Fill in the mean or the most frequent category.
    Impute,
}

impl From<MissingValues> for Missing {
    fn from(m: MissingValues) -> Missing {
        match m {
            MissingValues::Error => Missing::Error,
            MissingValues::Drop => Missing::Drop,
            MissingValues::Impute => Missing::Impute,
        }
    }
}

/// A training.
#[derive(Debug, Args)]
pub(crate) struct Train {
    /// Which experiment to run.
    #[arg(long, value_enum, conflicts_with = "data")]
    pub(crate) experiment: Option<Experiment>,
    /// Rows drawn as the notebook draws them, in place of the shipped points.
    #[arg(long, value_name = "N", conflicts_with = "data")]
    pub(crate) rows: Option<usize>,

    /// Your own table: comma-separated or alike, names of the columns in the first line.
    #[arg(long, value_name = "FILE", requires = "target", help_heading = "Your own table")]
    pub(crate) data: Option<PathBuf>,
    /// The column to predict.
    #[arg(long, value_name = "COLUMN", requires = "data", help_heading = "Your own table")]
    pub(crate) target: Option<String>,
    /// Settings that go together; tabular is advised for your own data.
    #[arg(long, value_enum, requires = "data", help_heading = "Your own table")]
    pub(crate) recipe: Option<Recipe>,
    #[command(flatten, next_help_heading = "Your own table")]
    pub(crate) format: FormatArgs,
    /// Columns that are categories although they look like numbers.
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', requires = "data", help_heading = "Your own table")]
    pub(crate) categorical: Vec<String>,
    /// Columns to leave out.
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', requires = "data", help_heading = "Your own table")]
    pub(crate) ignore: Vec<String>,
    /// What to do about missing values [default: error].
    #[arg(long, value_enum, requires = "data", help_heading = "Your own table")]
    pub(crate) missing: Option<MissingValues>,
    /// Share of rows held out to measure on; 0 trains on every row [default: 0.1].
    #[arg(long, value_name = "SHARE", value_parser = choices::share, requires = "data", help_heading = "Your own table")]
    pub(crate) holdout: Option<f64>,
    /// Level of the intervals [default: 0.9].
    #[arg(long, value_parser = choices::level, requires = "data", help_heading = "Your own table")]
    pub(crate) level: Option<f64>,

    #[command(flatten, next_help_heading = "Ensemble")]
    pub(crate) choices: Choices,

    /// Where to compute.
    #[arg(long, default_value = "ndarray", help_heading = "Run")]
    pub(crate) backend: String,
    /// Train on the workers of a Dask cluster, with the same results: the address of its scheduler, such as tcp://host:8786.
    #[arg(long, value_name = "ADDRESS", help_heading = "Run")]
    pub(crate) scheduler: Option<String>,
    /// Pieces that a training is split into at least, for the workers of --scheduler.
    #[arg(long, value_name = "N", default_value = "16", requires = "scheduler", help_heading = "Run")]
    pub(crate) pieces: NonZeroUsize,
    /// Folder for figures, report and model.
    #[arg(long, value_name = "DIR", default_value = "out/ensemble", help_heading = "Run")]
    pub(crate) out: PathBuf,
    /// Continue the run in OUT that was interrupted; data and options must be the same.
    #[arg(long, help_heading = "Run")]
    pub(crate) resume: bool,
    /// Epochs between two checkpoints; long runs write some without being asked.
    #[arg(long, value_name = "EPOCHS", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Run")]
    pub(crate) checkpoint_every: Option<u64>,
    /// Write everything that was measured to this file.
    #[arg(long, value_name = "FILE", help_heading = "Run")]
    pub(crate) json: Option<PathBuf>,
}

/// Choices of the ensemble; what is not given is the experiment's.
#[derive(Clone, Debug, Args)]
pub(crate) struct Choices {
    /// Number of members.
    #[arg(long, value_name = "K")]
    pub(crate) members: Option<usize>,
    /// Units of the hidden layers, such as 20,20; none for a linear model.
    #[arg(long, value_parser = choices::widths)]
    pub(crate) widths: Option<std::vec::Vec<usize>>,
    /// relu, elu, selu, gelu, tanh, sigmoid, softplus or identity.
    #[arg(long, value_parser = |s: &str| s.parse::<Activation>().map_err(|e| e.message().to_string()))]
    pub(crate) activation: Option<Activation>,
    /// network, linear[:SD], sine[:FREQUENCY], fourier[:FEATURES:LENGTHSCALE] or none.
    #[arg(long, value_parser = choices::prior)]
    pub(crate) prior: Option<Prior>,
    /// What the prior function is multiplied with.
    #[arg(long, alias = "scale", value_name = "SCALE")]
    pub(crate) prior_scale: Option<f64>,
    /// How the data differ between members: none, gaussian:SD, multinomial, poisson or exponential.
    #[arg(long, value_parser = choices::noise)]
    pub(crate) noise: Option<Noise>,
    /// What a member predicts: mean, mean:SD (noise of the data that is known), noise or variance.
    #[arg(long, value_parser = choices::head)]
    pub(crate) head: Option<Head>,
    /// Passes over the data.
    #[arg(long)]
    pub(crate) epochs: Option<u64>,
    /// Learning rate.
    #[arg(long, value_name = "RATE")]
    pub(crate) lr: Option<f64>,
    /// float32 or float64.
    #[arg(long, value_parser = choices::dtype)]
    pub(crate) dtype: Option<DType>,
    /// Seed of every draw.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Rows per step; all of them if not given.
    #[arg(long, value_name = "ROWS")]
    pub(crate) batch: Option<usize>,
    /// How often a member that failed is started again.
    #[arg(long, value_name = "TIMES")]
    pub(crate) restarts: Option<u64>,
}

impl Choices {
    /// The base with what was given put in its place.
    pub(crate) fn over(&self, base: Options) -> Options {
        let c = self.clone();
        Options {
            members: c.members.unwrap_or(base.members),
            widths: c.widths.unwrap_or(base.widths),
            activation: c.activation.unwrap_or(base.activation),
            prior: c.prior.unwrap_or(base.prior),
            prior_scale: c.prior_scale.unwrap_or(base.prior_scale),
            noise: c.noise.unwrap_or(base.noise),
            head: c.head.unwrap_or(base.head),
            epochs: c.epochs.unwrap_or(base.epochs),
            learning_rate: c.lr.unwrap_or(base.learning_rate),
            dtype: c.dtype.unwrap_or(base.dtype),
            seed: c.seed.unwrap_or(base.seed),
            batch: c.batch.or(base.batch),
            restarts: c.restarts.unwrap_or(base.restarts),
            ..base
        }
    }
}
