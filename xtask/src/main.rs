//! `cargo xtask ...`: set-up and checks for the people who work on this repository.

mod command_line;
mod conformance;
mod coverage;
mod examples;
mod libtorch;
mod parts;
mod peers;
mod python;
mod repository;
mod stand_ins;
mod table;
mod tally;
mod test;

use std::fmt;
use std::process::ExitCode;

/// What went wrong, in the words that the person at the terminal reads.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One command of `cargo xtask`.
struct Command {
    /// The words after `cargo xtask` that choose it.
    name: &'static str,
    options: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result<ExitCode, Failure>,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "test",
        options: "[--full] [--offline]",
        about: "every check of the repository; --full adds the long ones",
        run: test::command,
    },
    Command {
        name: "coverage",
        options: "",
        about: "which operation is served how on which kind of array; writes docs/coverage.md",
        run: coverage::command,
    },
    Command {
        name: "libtorch",
        options: "[--python PROGRAM]",
        about: "puts libtorch 2.11.0 under target/, from PyPI or from a Python's torch, for the feature `torch`",
        run: libtorch::command,
    },
    Command {
        name: "peers chunked",
        options: "",
        about: "times arrays in chunks here and in Dask, and prints the ratios",
        run: peers::chunked::command,
    },
    Command {
        name: "peers cluster",
        options: "",
        about: "times arrays in chunks on a Dask cluster, here, and Dask's own there, and prints the ratios",
        run: peers::cluster::command,
    },
    Command {
        name: "peers mle",
        options: "",
        about: "times fits here, in SciPy, scikit-learn and statsmodels, and prints the ratios",
        run: peers::mle::command,
    },
    Command {
        name: "peers ensemble",
        options: "[--quick]",
        about: "trains the article's ensemble here, in PyTorch and in JAX, and prints the ratios",
        run: peers::ensemble::command,
    },
    Command {
        name: "peers ops",
        options: "[--only PATTERN] [--rounds N] [--quick]",
        about: "times array functions from Python here, in NumPy, PyTorch and JAX, and prints the ratios",
        run: peers::ops::command,
    },
    Command {
        name: "conformance",
        options: "--suite DIR [--namespace NAME] [--examples N] [--seeds A,B,C]",
        about: "builds the Python package and runs data-apis/array-api-tests on it",
        run: conformance::command,
    },
];

fn usage() -> String {
    let rows: Vec<Vec<String>> = COMMANDS
        .iter()
        .map(|c| vec![format!("  cargo xtask {} {}", c.name, c.options), format!("  {}", c.about)])
        .collect();
    let width = rows.iter().map(|row| row[0].len()).max().unwrap_or(0);
    rows.iter().fold("usage:\n".to_owned(), |text, row| text + &format!("{:width$}{}\n", row[0], row[1]))
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let chosen = COMMANDS.iter().find_map(|command| {
        let name: Vec<&str> = command.name.split(' ').collect();
        let starts = words.len() >= name.len() && name.iter().zip(&words).all(|(a, b)| a == b);
        starts.then(|| (command, &words[name.len()..]))
    });
    let Some((command, options)) = chosen else {
        eprint!("{}", usage());
        return ExitCode::from(2);
    };
    (command.run)(options).unwrap_or_else(|failure| {
        eprintln!("cargo xtask {}: {failure}", command.name);
        ExitCode::FAILURE
    })
}

/// Which of `known` were given; anything else is refused with what there is.
pub(crate) fn flags<const N: usize>(given: &[String], known: [&str; N]) -> Result<[bool; N], Failure> {
    match given.iter().find(|word| !known.contains(&word.as_str())) {
        Some(word) => Err(Failure(format!("unknown option `{word}`; the options are {}", known.join(", ")))),
        None => Ok(known.map(|flag| given.iter().any(|word| word == flag))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_options_are_named_beside_the_known_ones() {
        let given = ["--full".to_owned(), "--fast".to_owned()];
        let message = flags(&given, ["--full", "--offline"]).unwrap_err().to_string();
        assert_eq!(message, "unknown option `--fast`; the options are --full, --offline");
        assert_eq!(flags(&given[..1], ["--full", "--offline"]).unwrap(), [true, false]);
    }

    #[test]
    fn usage_lists_every_command() {
        let text = usage();
        assert!(COMMANDS.iter().all(|command| text.contains(command.name) && text.contains(command.about)));
    }
}
