//! `cargo xtask conformance --suite DIR`: the array API's own suite on the Python package.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::python::{Torch, environment};
use crate::repository::Repository;
use crate::{Failure, table};

/// The namespaces that can be tested: arrays in memory, lazy ones in chunks, and libtorch's.
const NAMESPACES: [&str; 3] = ["array_protocol.ndarray", LAZY, "array_protocol.torch"];

/// The namespace whose arrays are cut at random for the tests.
const LAZY: &str = "array_protocol.chunked";

/// The version of the standard that they claim.
const VERSION: &str = "2025.12";

/// What the suite imports.
const REQUIREMENTS: [&str; 5] = ["pytest", "pytest-json-report", "hypothesis>=6.151", "ndindex", "numpy>=2.1"];

/// What was asked for on the command line.
#[derive(Debug, PartialEq)]
struct Options {
    suite: PathBuf,
    namespace: &'static str,
    examples: u32,
    seeds: Vec<u64>,
}

impl Options {
    fn read(words: &[String]) -> Result<Options, Failure> {
        let mut options = Options { suite: PathBuf::new(), namespace: NAMESPACES[0], examples: 100, seeds: vec![0] };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let value = words.next().ok_or_else(|| Failure(format!("`{word}` needs a value")))?;
            let number = |text: &str| {
                text.trim().parse().map_err(|_| Failure(format!("`{word}` takes numbers, but `{text}` is none")))
            };
            match word.as_str() {
                "--suite" => options.suite = value.into(),
                "--namespace" => match NAMESPACES.iter().find(|name| *name == value) {
                    Some(name) => options.namespace = name,
                    None => {
                        let there = NAMESPACES.join(", ");
                        return Err(Failure(format!("there is no namespace `{value}`, but {there}")));
                    }
                },
                "--examples" => options.examples = number(value)? as u32,
                "--seeds" => options.seeds = value.split(',').map(number).collect::<Result<_, _>>()?,
                _ => {
                    let there = "--suite, --namespace, --examples, --seeds";
                    return Err(Failure(format!("unknown option `{word}`; the options are {there}")));
                }
            }
        }
        if !options.suite.join("array_api_tests").is_dir() {
            let shown = options.suite.display();
            return Err(Failure(format!(
                "`--suite {shown}` is no checkout of data-apis/array-api-tests with its submodule: \
                 `git clone --recurse-submodules https://github.com/data-apis/array-api-tests`"
            )));
        }
        Ok(options)
    }
}

/// The counts of one run, from the line that pytest closes with.
#[derive(Debug, Default, PartialEq)]
struct Counts {
    passed: u32,
    failed: u32,
    skipped: u32,
    errors: u32,
}

impl Counts {
    /// `145 failed, 1206 passed, 33 skipped, 44 warnings in 70.68s`
    fn read(line: &str) -> Option<Counts> {
        let (counts, _) = line.trim_matches(|c| c == '=' || c == ' ').split_once(" in ")?;
        let mut read = Counts::default();
        for part in counts.split(", ") {
            let (number, what) = part.split_once(' ')?;
            let number = number.parse().ok()?;
            match what {
                "passed" => read.passed = number,
                "failed" => read.failed = number,
                "skipped" => read.skipped = number,
                "error" | "errors" => read.errors = number,
                _ => {}
            }
        }
        (read != Counts::default()).then_some(read)
    }

    fn clean(&self) -> bool {
        self.passed > 0 && self.failed == 0 && self.errors == 0
    }
}

/// `cargo xtask conformance --suite DIR [--namespace NAME] [--examples N] [--seeds A,B,C]`.
pub(crate) fn command(words: &[String]) -> Result<ExitCode, Failure> {
    let options = Options::read(words)?;
    let repository = Repository::find(false);
    let suite = std::path::absolute(&options.suite).unwrap_or_else(|_| options.suite.clone());
    let torch = match options.namespace.ends_with(".torch") {
        true => Some(Torch::find(&repository)?),
        false => None,
    };
    let python = environment(&repository, &REQUIREMENTS, torch.as_ref())?;
    let mut rows = vec![];
    let mut clean = true;
    for seed in &options.seeds {
        let counts = run(&repository, &python, &suite, &options, *seed)?;
        clean &= counts.clean();
        let numbers = [counts.passed, counts.failed + counts.errors, counts.skipped];
        rows.push(std::iter::once(seed.to_string()).chain(numbers.map(|n| n.to_string())).collect());
    }
    println!("\n{}", table::render(&["seed", "passed", "failed", "skipped"], &rows));
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What the suite imports. Its tests ask for extents and for memory, which lazy arrays compute only where that is allowed.
fn module(namespace: &str, seed: u64) -> String {
    match namespace {
        LAZY => {
            let options = format!("chunks=\"random:{seed}\", sizes=\"compute\", exports=\"compute\"");
            format!("exec('import {LAZY}; xp = {LAZY}.with_options({options})')")
        }
        eager => eager.to_owned(),
    }
}

fn run(repository: &Repository, python: &Path, suite: &Path, options: &Options, seed: u64) -> Result<Counts, Failure> {
    let module = module(options.namespace, seed);
    let (examples, seed) = (options.examples.to_string(), format!("--hypothesis-seed={seed}"));
    let words = ["-m", "pytest", "array_api_tests", "--max-examples", &examples, "--hypothesis-disable-deadline"];
    let words = [&words[..], &["--quiet", "--tb=short", "-p", "no:cacheprovider", &seed]].concat();
    let line = repository
        .program(&python.to_string_lossy(), &words)
        .shown_as("python")
        .inside(suite)
        .with("ARRAY_API_TESTS_MODULE", &module)
        .with("ARRAY_API_TESTS_VERSION", VERSION);
    println!("$ {line}");
    let mut counts = None;
    // Failing tests make pytest fail; whether it ran at all is told by its last line.
    let end = line.stream(|text| counts = Counts::read(text).or(counts.take()));
    match (counts, end) {
        (Some(counts), _) => Ok(counts),
        (None, Err(why)) => Err(why),
        (None, Ok(())) => Err(Failure(format!("`{line}` printed no counts"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_of_pytests_last_line() {
        let counts = Counts::read("145 failed, 1206 passed, 33 skipped, 44 warnings in 70.68s (0:01:10)").unwrap();
        assert_eq!(counts, Counts { passed: 1206, failed: 145, skipped: 33, errors: 0 });
        assert!(!counts.clean());
        assert!(Counts::read("=== 3 passed in 0.10s ===").unwrap().clean());
        assert!(!Counts::read("2 passed, 1 error in 0.10s").unwrap().clean());
        assert_eq!(Counts::read("FAILED tests/a.py::test_in in 3"), None);
    }

    #[test]
    fn lazy_arrays_are_cut_by_the_seed() {
        let expected = "exec('import array_protocol.chunked; xp = array_protocol.chunked.with_options(\
                        chunks=\"random:7\", sizes=\"compute\", exports=\"compute\")')";
        assert_eq!(module(LAZY, 7), expected);
        assert_eq!(module(NAMESPACES[0], 7), NAMESPACES[0]);
    }

    #[test]
    fn options_are_checked() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        for (given, message) in [
            ("--suite", "needs a value"),
            ("--fast 3", "unknown option"),
            ("--namespace numpy", "no namespace"),
            ("--examples many", "takes numbers"),
            ("--suite /nowhere", "no checkout"),
        ] {
            let why = Options::read(&words(given)).unwrap_err().to_string();
            assert!(why.contains(message), "{given}: {why}");
        }
    }
}
