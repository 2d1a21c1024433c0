//! `cargo xtask peers cluster`: lazy arrays on a Dask cluster, the same on this machine, and Dask's own arrays there, in one go.

use std::process::ExitCode;

use serde_json::Value;

use super::{OURS, install, json, number};
use crate::repository::Repository;
use crate::{Failure, flags, table};

const SCRIPT: &str = "benches/peers/cluster.py";
const PACKAGES: &[&str] = &["numpy", "dask[array]>=2026.8", "distributed>=2026.8"];

/// `cargo xtask peers cluster`.
pub(crate) fn command(options: &[String]) -> Result<ExitCode, Failure> {
    let [] = flags(options, [])?;
    let repository = Repository::find(false);
    let python = install(&repository, PACKAGES)?;
    eprintln!("building {OURS}");
    let package = ["-m", "pip", "install", "--quiet", "--force-reinstall", "--no-deps", "./crates/python"];
    repository.program(&python, &package).stream(|_| ())?;
    let line = repository.program(&python, &[SCRIPT]);
    let answer = json(&line.output()?, &line)?;
    let version = answer.get("version").and_then(Value::as_str).unwrap_or("?");
    println!("\nbest of a few runs in turn, two workers of one thread, Dask {version}\n");
    let mut rows = vec![];
    for (name, seconds) in answer.get("seconds").and_then(Value::as_object).into_iter().flatten() {
        let [here, cluster, dask] = ["here", "cluster", "dask"].map(|who| number(seconds, who, &line));
        rows.push(row(name, here?, cluster?, dask?));
    }
    let titles = ["work", "ours here s", "ours there s", "Dask s", "here / there", "Dask / ours"];
    println!("{}", table::render(&titles, &rows));
    Ok(ExitCode::SUCCESS)
}

fn row(name: &str, here: f64, cluster: f64, dask: f64) -> Vec<String> {
    let seconds = [here, cluster, dask].map(|s| format!("{s:.3}"));
    let ratios = [here / cluster, dask / cluster].map(|ratio| format!("{ratio:.2}"));
    [vec![name.to_owned()], seconds.to_vec(), ratios.to_vec()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_above_one_are_in_favour_of_the_cluster() {
        assert_eq!(row("svd", 0.5, 0.625, 1.25), ["svd", "0.500", "0.625", "1.250", "0.80", "2.00"]);
    }
}
