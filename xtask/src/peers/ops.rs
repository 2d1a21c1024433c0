//! `cargo xtask peers ops`: array functions from Python, here and in NumPy, PyTorch and JAX.

use std::collections::BTreeMap;
use std::process::ExitCode;

use super::{ARRAYS, OURS, install, json, median, threads};
use crate::repository::Repository;
use crate::{Failure, table};

const SCRIPT: &str = "benches/peers/ops.py";
/// The script's words for the libraries, ours last.
const LIBRARIES: [&str; 4] = ["numpy", "torch", "jax", OURS];

/// What was asked for on the command line.
#[derive(Debug, PartialEq)]
struct Options {
    /// A regular expression that names of cases contain.
    only: String,
    rounds: usize,
    quick: bool,
}

impl Options {
    fn read(words: &[String]) -> Result<Options, Failure> {
        let mut options = Options { only: String::new(), rounds: 3, quick: false };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| Failure(format!("`{word}` needs a value")));
            match word.as_str() {
                "--quick" => (options.quick, options.rounds) = (true, 1),
                "--only" => options.only.clone_from(value()?),
                "--rounds" => {
                    let text = value()?;
                    let rounds = text.parse().ok().filter(|&n| n > 0);
                    options.rounds =
                        rounds.ok_or_else(|| Failure(format!("`--rounds` takes a count, not `{text}`")))?;
                }
                _ => {
                    let message = format!("unknown option `{word}`; the options are --only, --rounds, --quick");
                    return Err(Failure(message));
                }
            }
        }
        Ok(options)
    }
}

/// Seconds of one case, one entry per library and round.
type Times = BTreeMap<String, [Vec<f64>; LIBRARIES.len()]>;

/// `cargo xtask peers ops [--only PATTERN] [--rounds N] [--quick]`.
pub(crate) fn command(words: &[String]) -> Result<ExitCode, Failure> {
    let options = Options::read(words)?;
    let repository = Repository::find(false);
    let python = install(&repository, ARRAYS)?;
    let build = ["-m", "pip", "install", "--quiet", "--force-reinstall", "--no-deps", "./crates/python"];
    repository.program(&python, &build).stream(|_| ())?;
    let (mut times, mut order) = (Times::new(), vec![]);
    for round in 1..=options.rounds {
        // Interleaved, so that whatever else the machine does meets all of them alike.
        for (place, library) in LIBRARIES.iter().enumerate() {
            eprintln!("round {round} of {}: {library}", options.rounds);
            let mut words = vec![SCRIPT, library, "--only", &options.only];
            words.extend(options.quick.then_some("--quick"));
            let line = repository.program(&python, &words);
            let answer = json(&line.output()?, &line)?;
            for pair in answer.as_array().into_iter().flatten() {
                let (Some(case), Some(seconds)) = (pair[0].as_str(), pair[1].as_f64()) else {
                    return Err(Failure(format!("`{line}` gave {pair}, which is no case with its seconds")));
                };
                if !times.contains_key(case) {
                    order.push(case.to_owned());
                }
                times.entry(case.to_owned()).or_default()[place].push(seconds);
            }
        }
    }
    if order.is_empty() {
        return Err(Failure(format!("no case's name contains `{}`", options.only)));
    }
    println!("\nMicroseconds: medians of {} interleaved rounds, {} threads.\n", options.rounds, threads());
    println!("{}", report(&order, &mut times));
    Ok(ExitCode::SUCCESS)
}

/// A row per case, with the fastest peer's time by ours, and how many cases are won.
fn report(order: &[String], times: &mut Times) -> String {
    let (mut won, mut rows) = (0, vec![]);
    for case in order {
        let Some(libraries) = times.get_mut(case) else { continue };
        let medians = libraries.each_mut().map(|t| if t.is_empty() { f64::INFINITY } else { median(t) });
        let [peers @ .., ours] = medians;
        let ratio = peers.into_iter().fold(f64::INFINITY, f64::min) / ours;
        won += usize::from(ratio >= 1.0);
        let shown = medians.map(|t| if t.is_finite() { format!("{:.3}", t * 1e6) } else { "-".to_owned() });
        rows.push([vec![case.clone()], shown.to_vec(), vec![format!("{ratio:.2}")]].concat());
    }
    let header = ["case", "NumPy", "PyTorch", "JAX", "ours", "fastest / ours"];
    format!("{}\nat least as fast as the fastest peer: {won} of {} cases", table::render(&header, &rows), order.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn options_are_checked() {
        let all = Options::read(&words("--only exp --rounds 5")).unwrap();
        assert_eq!(all, Options { only: "exp".to_owned(), rounds: 5, quick: false });
        for (given, message) in [("--only", "needs a value"), ("--rounds 0", "a count"), ("--fast", "unknown option")] {
            let why = Options::read(&words(given)).unwrap_err().to_string();
            assert!(why.contains(message), "{given}: {why}");
        }
    }

    #[test]
    fn ratios_are_the_fastest_peers_by_ours() {
        let mut times = Times::new();
        times.insert("exp".into(), [vec![4e-6, 2e-6, 3e-6], vec![9e-6], vec![], vec![1.5e-6]]);
        times.insert("add".into(), [vec![1e-6], vec![2e-6], vec![3e-6], vec![2e-6]]);
        let shown = report(&["exp".into(), "add".into()], &mut times);
        assert!(shown.contains("exp   3.000    9.000      -  1.500            2.00"), "{shown}");
        assert!(shown.contains("0.50") && shown.ends_with("1 of 2 cases"), "{shown}");
    }
}
