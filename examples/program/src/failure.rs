//! How a program ends: with its text, or with one line that says what to do and exit code 2.

use std::io::Write;
use std::process::ExitCode;

/// A message for the user: what was wrong, with the user's own values, and what to do.
#[derive(Debug)]
pub struct Failure(pub String);

/// The result of everything that can fail here.
pub type Outcome<T> = Result<T, Failure>;

/// A failure with this message.
pub fn fail<T>(message: impl Into<String>) -> Outcome<T> {
    Err(Failure(message.into()))
}

macro_rules! from {
    ($($error:ty),* $(,)?) => { $(
        impl From<$error> for Failure {
            fn from(e: $error) -> Failure {
                Failure(e.to_string())
            }
        }
    )* };
}

from!(array_api::Error, std::io::Error, serde_json::Error, crate::table::problem::TableError, crate::draw::FigureError);

/// Prints what a program has to say and gives its exit code: 0, or 2 after a failure.
pub fn end(done: Outcome<String>) -> ExitCode {
    match done {
        Ok(text) => {
            // Whoever reads may have closed the pipe; that is no failure of the run.
            let _ = std::io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(Failure(message)) => {
            let _ = writeln!(std::io::stderr(), "error: {message}");
            ExitCode::from(2)
        }
    }
}
