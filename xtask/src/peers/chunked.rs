//! `cargo xtask peers chunked`: arrays in chunks here and in Dask, timed in one go.

use std::process::ExitCode;

use super::{OURS, install, json, measured, number, threads};
use crate::repository::Repository;
use crate::{Failure, flags, table};

const SCRIPT: &str = "benches/peers/chunked.py";
const PACKAGES: &[&str] = &["numpy", "dask[array]>=2026.8"];

/// `cargo xtask peers chunked`.
pub(crate) fn command(options: &[String]) -> Result<ExitCode, Failure> {
    let [] = flags(options, [])?;
    let repository = Repository::find(false);
    let python = install(&repository, PACKAGES)?;
    let bench = repository.cargo(&["bench", "-p", "array-chunked", "--bench", "peers"]);
    repository.cargo(&["bench", "-p", "array-chunked", "--bench", "peers", "--no-run"]).stream(|_| ())?;
    eprintln!("Dask");
    let line = repository.program(&python, &[SCRIPT]);
    let dask = json(&line.output()?, &line)?;
    let version = dask.get("version").and_then(|v| v.as_str()).unwrap_or("?").to_owned();
    let seconds = dask.get("seconds").cloned().unwrap_or_default();
    eprintln!("{OURS}");
    let ours = measured(&bench.output()?);
    println!("\nbest of a few runs, {} threads, Dask {version}\n", threads());
    let mut rows = vec![];
    for (name, own) in ours {
        let theirs = seconds.get(&name).map(|_| number(&seconds, &name, &line)).transpose()?;
        rows.push(row(&name, own, theirs));
    }
    println!("{}", table::render(&["work", "ours s", "Dask s", "Dask / ours"], &rows));
    Ok(ExitCode::SUCCESS)
}

fn row(name: &str, ours: f64, theirs: Option<f64>) -> Vec<String> {
    let short = |s: f64| if s < 1e-3 { format!("{s:.2e}") } else { format!("{s:.4}") };
    let ratio = theirs.map_or("-".to_owned(), |theirs| format!("{:.2}", theirs / ours));
    vec![name.to_owned(), short(ours), theirs.map_or("-".to_owned(), short), ratio]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_above_one_means_that_we_are_faster() {
        assert_eq!(row("svd", 0.5, Some(1.0)), ["svd", "0.5000", "1.0000", "2.00"]);
        assert_eq!(row("plan", 2.5e-7, None), ["plan", "2.50e-7", "-", "-"]);
    }
}
