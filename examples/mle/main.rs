//! Maximum-likelihood fits from the command line: distributions, nonlinear regression, generalised linear models.
//!
//! ```text
//! cargo run --release --example mle -- fit --data FILE.csv --distribution weibull --column x
//! cargo run --release --example mle -- nls --data FILE.csv --response y --formula "b1*(1-exp(-b2*x))" --start b1=500,b2=0.0001
//! cargo run --release --example mle -- glm --data FILE.csv --formula "y ~ a + b" --family poisson --link log
//! ```
//!
//! Exit code 0: the fit converged. 1: it ended otherwise, and the output says how. 2: the input cannot be used.
mod cli;
mod commands;
mod figures;
mod reading;

use clap::Parser;
use std::io::Write;
use std::process::ExitCode;

use program::failure::Failure;

use crate::cli::Cli;

fn main() -> ExitCode {
    match commands::run(&Cli::parse()) {
        Ok(done) => {
            // Whoever reads may have closed the pipe; that is no failure of the fit.
            let _ = std::io::stdout().write_all(done.text.as_bytes());
            if done.converged { ExitCode::SUCCESS } else { ExitCode::from(1) }
        }
        Err(Failure(message)) => {
            let _ = writeln!(std::io::stderr(), "error: {message}");
            ExitCode::from(2)
        }
    }
}
