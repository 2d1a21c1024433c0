//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use mle::glm::{Dispersion, Link};
use mle::{IntervalMethod, StandardErrors};

/// Maximum-likelihood fits with standard errors, intervals, and a status that says what happened.
#[derive(Debug, Parser)]
#[command(name = "mle", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Fit a distribution to a column.
    Fit(FitArgs),
    /// Nonlinear regression by a formula.
    Nls(NlsArgs),
    /// Generalised linear model.
    Glm(GlmArgs),
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Shared {
    /// The table: comma-separated, names of the columns in the first line.
    #[arg(long, value_name = "FILE")]
    pub(crate) data: PathBuf,
    /// Column of weights.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) weights: Option<String>,
    /// Level of the intervals.
    #[arg(long, default_value_t = 0.95)]
    pub(crate) level: f64,
    /// Where to compute.
    #[arg(long, default_value = "ndarray")]
    pub(crate) backend: String,
    /// Folder for figures.
    #[arg(long, value_name = "DIR")]
    pub(crate) plot: Option<PathBuf>,
    /// Write the result to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

/// How intervals are made.
#[derive(Debug, Args)]
pub(crate) struct Intervals {
    /// How intervals are made.
    #[arg(long, value_enum, default_value = "wald")]
    pub(crate) interval: Interval,
    /// Refits of a bootstrap.
    #[arg(long, default_value_t = 1000)]
    pub(crate) replicates: usize,
    /// Seed of the bootstrap's draws.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Interval {
    /// From the standard errors, on the scale without bounds.
    Wald,
    /// Where the profile likelihood has fallen too far.
    Profile,
    /// Quantiles of refits to rows drawn with replacement.
    Bootstrap,
}

impl From<Interval> for IntervalMethod {
    fn from(i: Interval) -> IntervalMethod {
        match i {
            Interval::Wald => IntervalMethod::Wald,
            Interval::Profile => IntervalMethod::Profile,
            Interval::Bootstrap => IntervalMethod::Bootstrap,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Errors {
    /// The inverse negative Hessian.
    Observed,
    /// Right for a wrong model too: HC0.
    Sandwich,
    /// The same times n / (n - p).
    Hc1,
    /// The spread of refits.
    Bootstrap,
}

impl From<Errors> for StandardErrors {
    fn from(e: Errors) -> StandardErrors {
        match e {
            Errors::Observed => StandardErrors::ObservedInformation,
            Errors::Sandwich => StandardErrors::Sandwich,
            Errors::Hc1 => StandardErrors::SandwichHc1,
            Errors::Bootstrap => StandardErrors::Bootstrap,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GlmErrors {
    /// The inverse of the expected information.
    Expected,
    /// The inverse negative Hessian; the same for a canonical link.
    Observed,
    /// Right for a wrong variance too: HC0.
    Sandwich,
    /// The same times n / (n - p).
    Hc1,
    /// The spread of refits.
    Bootstrap,
}

impl From<GlmErrors> for StandardErrors {
    fn from(e: GlmErrors) -> StandardErrors {
        match e {
            GlmErrors::Expected => StandardErrors::ExpectedInformation,
            GlmErrors::Observed => StandardErrors::ObservedInformation,
            GlmErrors::Sandwich => StandardErrors::Sandwich,
            GlmErrors::Hc1 => StandardErrors::SandwichHc1,
            GlmErrors::Bootstrap => StandardErrors::Bootstrap,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum NlsErrors {
    /// From the residual variance and the derivatives.
    LeastSquares,
    /// The spread of refits.
    Bootstrap,
}

impl From<NlsErrors> for StandardErrors {
    fn from(e: NlsErrors) -> StandardErrors {
        match e {
            NlsErrors::LeastSquares => StandardErrors::LeastSquares,
            NlsErrors::Bootstrap => StandardErrors::Bootstrap,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct FitArgs {
    #[command(flatten)]
    pub(crate) shared: Shared,
    /// The distribution, such as weibull; a wrong name lists all.
    #[arg(long)]
    pub(crate) distribution: String,
    /// The column of values.
    #[arg(long)]
    pub(crate) column: String,
    /// Column that is not zero where the value is only known to be larger; `left:COLUMN` where it is smaller;
    /// `interval:COLUMN` for upper ends.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) censored: Option<String>,
    /// Values outside these limits could not be observed: LOW,HIGH, either may be inf.
    #[arg(long, value_name = "LOW,HIGH", value_parser = limits, allow_hyphen_values = true)]
    pub(crate) truncated: Option<(f64, f64)>,
    /// Hold parameters: NAME=VALUE,..
    #[arg(long, value_name = "NAME=VALUE", value_delimiter = ',', value_parser = assignment, allow_hyphen_values = true)]
    pub(crate) fix: Vec<(String, f64)>,
    /// Prior of a parameter, once for each: NAME=DISTRIBUTION(NUMBER,..).
    #[arg(long, value_name = "PRIOR")]
    pub(crate) prior: Vec<String>,
    /// Estimate where the law begins too, which is 0 otherwise.
    #[arg(long)]
    pub(crate) free_location: bool,
    #[command(flatten)]
    pub(crate) intervals: Intervals,
    /// Where standard errors come from.
    #[arg(long, value_enum, default_value = "observed")]
    pub(crate) standard_errors: Errors,
    /// Make the refits of a bootstrap, and the searches of a likelihood with corners, on the workers of a Dask cluster, with the
    /// same results: the address of its scheduler, such as tcp://host:8786.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) scheduler: Option<String>,
    /// Pieces that refits are split into, for the workers of --scheduler.
    #[arg(long, value_name = "N", default_value = "16", requires = "scheduler")]
    pub(crate) pieces: NonZeroUsize,
    /// Folder that the workers of --scheduler write refits into, and from which an interrupted run goes on.
    #[arg(long, value_name = "DIR", requires = "scheduler")]
    pub(crate) checkpoint: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct NlsArgs {
    #[command(flatten)]
    pub(crate) shared: Shared,
    /// The response: a column, or an expression such as log(y).
    #[arg(long)]
    pub(crate) response: String,
    /// The model of columns and parameters.
    #[arg(long)]
    pub(crate) formula: String,
    /// The parameters and where to start: NAME=VALUE,..
    #[arg(long, value_name = "NAME=VALUE", value_delimiter = ',', value_parser = assignment, required = true, allow_hyphen_values = true)]
    pub(crate) start: Vec<(String, f64)>,
    #[command(flatten)]
    pub(crate) intervals: Intervals,
    /// Where standard errors come from.
    #[arg(long, value_enum, default_value = "least-squares")]
    pub(crate) standard_errors: NlsErrors,
}

#[derive(Debug, Args)]
pub(crate) struct GlmArgs {
    #[command(flatten)]
    pub(crate) shared: Shared,
    /// Such as "y ~ a*b + C(g) + offset(e)", or "cbind(successes, failures) ~ a".
    #[arg(long)]
    pub(crate) formula: String,
    /// gaussian, binomial, poisson, gamma, inverse_gaussian or negative_binomial.
    #[arg(long)]
    pub(crate) family: String,
    /// identity, log, logit, probit, cloglog, inverse, inverse_squared or sqrt; the family's usual one if not given.
    #[arg(long, value_parser = |s: &str| s.parse::<Link>().map_err(|e| e.message().to_string()))]
    pub(crate) link: Option<Link>,
    /// pearson, deviance, likelihood or a number.
    #[arg(long, value_parser = dispersion)]
    pub(crate) dispersion: Option<Dispersion>,
    /// Where standard errors come from.
    #[arg(long, value_enum, default_value = "expected")]
    pub(crate) standard_errors: GlmErrors,
    #[command(flatten)]
    pub(crate) intervals: Intervals,
}

fn assignment(s: &str) -> Result<(String, f64), String> {
    let (name, value) = s.split_once('=').ok_or_else(|| format!("`{s}` must be NAME=VALUE"))?;
    let value = value.trim().parse::<f64>().map_err(|_| format!("`{value}` is not a number"))?;
    Ok((name.trim().to_string(), value))
}

fn limits(s: &str) -> Result<(f64, f64), String> {
    let (low, high) = s.split_once(',').ok_or_else(|| format!("`{s}` must be LOW,HIGH"))?;
    let number = |t: &str| t.trim().parse::<f64>().map_err(|_| format!("`{t}` is not a number"));
    Ok((number(low)?, number(high)?))
}

fn dispersion(s: &str) -> Result<Dispersion, String> {
    Ok(match s {
        "pearson" => Dispersion::Pearson,
        "deviance" => Dispersion::Deviance,
        "likelihood" => Dispersion::Likelihood,
        _ => {
            Dispersion::Fixed(s.parse().map_err(|_| format!("`{s}` is not pearson, deviance, likelihood or a number"))?)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
        assert_eq!(assignment("b1=-5e2"), Ok(("b1".to_string(), -500.0)));
        assert!(assignment("b1").is_err() && limits("1").is_err() && dispersion("none").is_err());
    }
}
