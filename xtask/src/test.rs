//! `cargo xtask test`: every part in order, the minutes of each, and one closing count.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::command_line::CommandLine;
use crate::parts::{PARTS, Part};
use crate::repository::Repository;
use crate::tally::Tally;
use crate::{Failure, flags, table};

/// A run of the checks: what its parts may use and what they leave behind.
pub(crate) struct Run {
    pub(crate) repository: Repository,
    tally: Tally,
    skipped: Vec<(String, String)>,
}

impl Run {
    /// Runs a command, its output passed on and its tests counted.
    pub(crate) fn step(&mut self, line: &CommandLine) -> Result<(), Failure> {
        println!("$ {line}");
        line.stream(|text| self.tally.read(text))
    }

    /// Says by name what this run leaves out, and what would change that.
    pub(crate) fn skip(&mut self, what: &str, why: &str) {
        self.skipped.push((what.to_owned(), why.to_owned()));
    }
}

/// `cargo xtask test [--full] [--offline]`.
pub(crate) fn command(options: &[String]) -> Result<ExitCode, Failure> {
    let [full, offline] = flags(options, ["--full", "--offline"])?;
    let mut run = Run { repository: Repository::find(offline), tally: Tally::default(), skipped: Vec::new() };
    let (chosen, left_out): (Vec<&Part>, Vec<&Part>) = PARTS.iter().partition(|part| full || !part.only_full);
    for part in left_out {
        run.skip(part.name, "run by `cargo xtask test --full`");
    }

    let mut minutes = Vec::new();
    let mut failure = None;
    for (place, part) in chosen.iter().enumerate() {
        println!("\n== {}", part.name);
        let started = Instant::now();
        let result = (part.run)(&mut run);
        minutes.push((part.name, started.elapsed()));
        println!("== {}: {} min", part.name, in_minutes(started.elapsed()));
        if let Err(why) = result {
            let rest: Vec<&str> = chosen[place + 1..].iter().map(|part| part.name).collect();
            failure = Some(stopped(part.name, &why, &rest));
            break;
        }
    }

    println!("\n{}", time_table(&minutes));
    let ignored = run.tally.skipped().map(|(name, why)| (format!("test {name}"), why.to_owned()));
    for (what, why) in run.skipped.iter().cloned().chain(ignored) {
        println!("skipped: {what} ({why})");
    }
    if let Some(failure) = &failure {
        println!("\n{failure}");
    }
    println!("\n{}", run.tally);
    Ok(if failure.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn stopped(part: &str, why: &Failure, rest: &[&str]) -> String {
    let rest = if rest.is_empty() { String::new() } else { format!("\nnot reached: {}", rest.join(", ")) };
    format!("FAILED in the part `{part}`: {why}{rest}")
}

fn time_table(minutes: &[(&str, Duration)]) -> String {
    let total = minutes.iter().map(|(_, time)| *time).sum();
    let rows: Vec<Vec<String>> = minutes
        .iter()
        .chain(std::iter::once(&("total", total)))
        .map(|(name, time)| vec![(*name).to_owned(), in_minutes(*time)])
        .collect();
    table::render(&["part", "minutes"], &rows)
}

fn in_minutes(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() / 60.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_are_summed_below_the_parts() {
        let minutes = [("format", Duration::from_secs(3)), ("doc tests", Duration::from_secs(90))];
        let expected = "\
part       minutes
---------  -------
format        0.05
doc tests     1.50
total         1.55
";
        assert_eq!(time_table(&minutes), expected);
    }

    #[test]
    fn a_failure_names_its_part_its_command_and_what_was_not_reached() {
        let why = Failure("`cargo fmt`: exit status: 1".to_owned());
        let expected = "FAILED in the part `format`: `cargo fmt`: exit status: 1\nnot reached: clippy, docs";
        assert_eq!(stopped("format", &why, &["clippy", "docs"]), expected);
        assert!(!stopped("format", &why, &[]).contains("not reached"));
    }

    #[test]
    fn every_part_has_a_name_of_its_own() {
        let mut names: Vec<&str> = PARTS.iter().map(|part| part.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), PARTS.len());
    }
}
