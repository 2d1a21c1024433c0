//! The command line.

use std::path::PathBuf;

use clap::Parser;

use crate::STOPS;

/// A tour of likelihood: the identities behind maximum likelihood and posterior modes, each by numbers and a figure.
#[derive(Debug, Parser)]
#[command(name = "likelihood_tour", max_term_width = 110)]
pub(crate) struct Cli {
    /// Go to this stop only; may be given several times. All of them if not given.
    #[arg(long, value_name = "NAME", value_parser = clap::builder::PossibleValuesParser::new(STOPS.map(|(name, _)| name)))]
    stop: Vec<String>,
    /// Rows of the drawn data, where a stop does not say another number.
    #[arg(long, default_value = "1000", value_parser = clap::value_parser!(u32).range(1000..=1_000_000))]
    rows: u32,
    /// Seed of every draw.
    #[arg(long, default_value = "0", help_heading = "Run")]
    pub(crate) seed: u64,
    /// Where to compute.
    #[arg(long, default_value = "ndarray", help_heading = "Run")]
    pub(crate) backend: String,
    /// Folder for figures and report.
    #[arg(long, value_name = "DIR", default_value = "out/likelihood_tour", help_heading = "Run")]
    pub(crate) out: PathBuf,
    /// Write everything that was computed to this file.
    #[arg(long, value_name = "FILE", help_heading = "Run")]
    pub(crate) json: Option<PathBuf>,
}

impl Cli {
    /// Whether a stop was asked for.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.stop.is_empty() || self.stop.iter().any(|s| s == name)
    }

    /// The rows of the drawn data.
    pub(crate) fn rows(&self) -> usize {
        self.rows as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
        let some = Cli::try_parse_from(["likelihood_tour", "--stop", "prior"]).unwrap();
        assert!(some.wants("prior") && !some.wants("product") && some.rows() == 1000);
        // Fewer rows would not let the product underflow.
        assert!(Cli::try_parse_from(["likelihood_tour", "--rows", "999"]).is_err());
        assert!(Cli::try_parse_from(["likelihood_tour", "--stop", "posterior"]).is_err());
    }
}
