//! `cargo xtask peers mle`: fits here, in SciPy, scikit-learn and statsmodels, timed in one go.

use std::process::ExitCode;

use super::{OURS, install, json, measured, threads};
use crate::repository::Repository;
use crate::{Failure, flags, table};

const SCRIPT: &str = "benches/peers/mle.py";
const PACKAGES: &[&str] = &["numpy", "scipy", "scikit-learn", "statsmodels"];
const BENCH: [&str; 5] = ["bench", "-p", "mle", "--bench", "peers"];

/// `cargo xtask peers mle`.
pub(crate) fn command(options: &[String]) -> Result<ExitCode, Failure> {
    let [] = flags(options, [])?;
    let repository = Repository::find(false);
    let python = install(&repository, PACKAGES)?;
    repository.cargo(&[&BENCH[..], &["--no-run"]].concat()).stream(|_| ())?;
    eprintln!("SciPy, scikit-learn, statsmodels");
    let line = repository.program(&python, &[SCRIPT]);
    let theirs = json(&line.output()?, &line)?;
    eprintln!("{OURS}");
    let ours = measured(&repository.cargo(&BENCH).output()?);
    let mut rows = vec![];
    for (work, own) in &ours {
        rows.push(row(work, OURS, *own, *own));
        let peers = theirs.get("seconds").and_then(|s| s.get(work)).and_then(|s| s.as_object());
        for (peer, seconds) in peers.into_iter().flatten() {
            let seconds =
                seconds.as_f64().ok_or_else(|| Failure(format!("`{line}` gave no number for `{work}`, {peer}")))?;
            rows.push(row(work, peer, seconds, *own));
        }
    }
    println!("\nmedians of a few runs, {} threads\n", threads());
    println!("{}", table::render(&["work", "who", "s", "of ours"], &rows));
    Ok(ExitCode::SUCCESS)
}

fn row(work: &str, who: &str, seconds: f64, ours: f64) -> Vec<String> {
    vec![work.to_owned(), who.to_owned(), format!("{seconds:.4}"), format!("{:.2}", seconds / ours)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_above_one_means_that_we_are_faster() {
        assert_eq!(row("fit", "SciPy", 3.0, 1.5), ["fit", "SciPy", "3.0000", "2.00"]);
    }
}
