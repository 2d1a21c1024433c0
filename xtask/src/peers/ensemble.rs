//! `cargo xtask peers ensemble`: what a user would take instead, and us, timed in one go.

use std::process::ExitCode;

use super::{ARRAYS, OURS, install, is_installed, json, median, number, threads};
use crate::repository::Repository;
use crate::test::Run;
use crate::{Failure, flags, table};

const SCRIPT: &str = "benches/peers/ensemble.py";

/// Who is timed: the row's title and the script's word for it.
const PEERS: &[(&str, &str)] = &[
    ("PyTorch, one member after the other", "torch-loop"),
    ("PyTorch, batched by hand", "torch-batched"),
    ("JAX, vmap and jit", "jax"),
];

/// How much is trained, and how often.
struct Size {
    members: &'static str,
    rows: &'static str,
    epochs: &'static str,
    rounds: usize,
}

const ARTICLE: Size = Size { members: "50", rows: "100", epochs: "100", rounds: 5 };
/// Shows that everything runs; its numbers say nothing.
const QUICK: Size = Size { members: "10", rows: "100", epochs: "50", rounds: 1 };

/// One contestant's times, one entry for each round.
#[derive(Default)]
struct Times {
    who: String,
    run: Vec<f64>,
    compile: Vec<f64>,
}

/// `cargo xtask peers ensemble [--quick]`.
pub(crate) fn command(options: &[String]) -> Result<ExitCode, Failure> {
    let [quick] = flags(options, ["--quick"])?;
    compare(&Repository::find(false), if quick { &QUICK } else { &ARTICLE })?;
    Ok(ExitCode::SUCCESS)
}

/// The same as a part of `cargo xtask test --full`.
pub(crate) fn part(run: &mut Run) -> Result<(), Failure> {
    if run.repository.offline && !is_installed(&run.repository, ARRAYS) {
        run.skip("peers", "--offline, and they are not installed yet");
        return Ok(());
    }
    compare(&run.repository, &ARTICLE)
}

fn compare(repository: &Repository, size: &Size) -> Result<(), Failure> {
    let python = install(repository, ARRAYS)?;
    let ours = build(repository)?;
    let mut peers: Vec<Times> =
        PEERS.iter().map(|(title, _)| Times { who: (*title).to_owned(), ..Times::default() }).collect();
    let mut us = Times { who: OURS.to_owned(), ..Times::default() };
    // Interleaved, so that whatever else the machine does meets all of them alike.
    for round in 1..=size.rounds {
        eprintln!("round {round} of {}", size.rounds);
        for (times, (_, word)) in peers.iter_mut().zip(PEERS) {
            let sizes = ["--members", size.members, "--rows", size.rows, "--epochs", size.epochs];
            let line = repository.program(&python, &[&[SCRIPT, word], &sizes[..]].concat());
            let answer = json(&line.output()?, &line)?;
            times.run.push(number(&answer, "run_seconds", &line)?);
            times.compile.push(number(&answer, "compile_seconds", &line)?);
        }
        if ours {
            us.run.push(our_seconds(repository, size)?);
            us.compile.push(0.0);
        }
    }
    if ours {
        peers.push(us);
    }
    println!("\n{} members, {} rows, {} epochs, float32:", size.members, size.rows, size.epochs);
    println!("median of {}, runs interleaved, {} threads\n", size.rounds, threads());
    println!("{}", report(&mut peers));
    if !ours {
        println!("{OURS} itself is not timed: there is no examples/ensemble/main.rs");
    }
    Ok(())
}

/// Builds our side, if it is there.
fn build(repository: &Repository) -> Result<bool, Failure> {
    let present = repository.root.join("examples/ensemble/main.rs").exists();
    if present {
        repository.cargo(&["build", "--release", "--example", "ensemble"]).stream(|_| ())?;
    }
    Ok(present)
}

fn our_seconds(repository: &Repository, size: &Size) -> Result<f64, Failure> {
    let folder = repository.target.join("peers");
    let (out, file) = (folder.join("ensemble"), folder.join("ensemble.json"));
    // A file left by an earlier round must not be taken for this one's.
    let _ = std::fs::remove_file(&file);
    let (out, shown) = (out.to_string_lossy(), file.to_string_lossy());
    let mut words = vec!["run", "--quiet", "--release", "--example", "ensemble", "--", "--experiment", "article"];
    words.extend(["--members", size.members, "--rows", size.rows, "--epochs", size.epochs]);
    words.extend(["--dtype", "float32", "--out", &out, "--json", &shown]);
    let line = repository.cargo(&words);
    line.output()?;
    let text = std::fs::read_to_string(&file).map_err(|why| Failure(format!("`{line}` left no {shown}: {why}")))?;
    number(&json(&text, &line)?, "train_seconds", &line)
}

fn report(all: &mut [Times]) -> String {
    let medians: Vec<(f64, f64)> = all.iter_mut().map(|one| (median(&mut one.run), median(&mut one.compile))).collect();
    let ours = all.iter().position(|one| one.who == OURS).map(|place| medians[place].0);
    let row = |(one, (run, compile)): (&Times, &(f64, f64))| {
        let ratio = ours.map_or("-".to_owned(), |ours| format!("{:.2}", run / ours));
        vec![one.who.clone(), format!("{run:.4}"), format!("{compile:.2}"), ratio]
    };
    let rows: Vec<Vec<String>> = all.iter().zip(&medians).map(row).collect();
    table::render(&["who", "run s", "compile s", "run / ours"], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(who: &str, run: &[f64], compile: f64) -> Times {
        Times { who: who.to_owned(), run: run.to_vec(), compile: vec![compile; run.len()] }
    }

    #[test]
    fn ratios_are_to_our_median() {
        let mut all = [times("JAX", &[0.3, 0.1, 0.2], 2.25), times(OURS, &[0.05, 0.1, 0.06], 0.0)];
        let expected = "\
who              run s  compile s  run / ours
--------------  ------  ---------  ----------
JAX             0.2000       2.25        3.33
array-protocol  0.0600       0.00        1.00
";
        assert_eq!(report(&mut all), expected);
    }

    #[test]
    fn without_us_there_is_no_ratio() {
        assert!(report(&mut [times("JAX", &[0.1], 2.0)]).ends_with("JAX  0.1000       2.00           -\n"));
    }
}
