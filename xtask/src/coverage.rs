//! `cargo xtask coverage`: prints which operation is served how on which kind, and writes the table in the docs.

use std::process::ExitCode;

use crate::parts::WITH_TORCH;
use crate::repository::Repository;
use crate::{Failure, flags, libtorch};

/// The registry lives in the program that links the backends, so a test of the root package reads it.
pub(crate) fn command(options: &[String]) -> Result<ExitCode, Failure> {
    let [] = flags(options, [])?;
    let repository = Repository::find(false);
    println!("{}", libtorch::set_up(&repository)?);
    let words = [&["test", "--quiet"], &WITH_TORCH[..], &["--test", "coverage", "--", "--nocapture"]].concat();
    let line = repository.cargo(&words);
    line.with("WRITE_COVERAGE", "1").stream(|_| {})?;
    Ok(ExitCode::SUCCESS)
}
