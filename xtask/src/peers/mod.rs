//! `cargo xtask peers ...`: what a user would take instead, and us, timed in one go.

pub(crate) mod chunked;
pub(crate) mod cluster;
pub(crate) mod ensemble;
pub(crate) mod mle;
pub(crate) mod ops;

use serde_json::Value;

use crate::Failure;
use crate::command_line::CommandLine;
use crate::repository::Repository;

/// What we are called among the peers.
const OURS: &str = "array-protocol";

/// NumPy, PyTorch and JAX as PyPI has them. Python's torch does not load without the CUDA libraries that it asks for, so they
/// come along (about 5 GB in all), also where there is no GPU.
const ARRAYS: &[&str] = &["numpy", "torch==2.11.0", "jax<0.11", "optax"];

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Where the virtual environment lies, and the list of what was put into it.
fn environment(repository: &Repository) -> (std::path::PathBuf, std::path::PathBuf) {
    let folder = repository.target.join("peers");
    (folder.join("venv"), folder.join("installed.txt"))
}

fn is_installed(repository: &Repository, packages: &[&str]) -> bool {
    let (_, record) = environment(repository);
    let installed = std::fs::read_to_string(record).unwrap_or_default();
    packages.iter().all(|package| installed.lines().any(|line| line == *package))
}

/// Puts packages into a virtual environment, once, and returns its Python.
fn install(repository: &Repository, packages: &[&str]) -> Result<String, Failure> {
    let (folder, record) = environment(repository);
    let programs = folder.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let python = programs.join("python").to_string_lossy().into_owned();
    if is_installed(repository, packages) {
        return Ok(python);
    }
    let system = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    if !repository.program(&system, &["--version"]).succeeds() {
        return Err(no_python(&system));
    }
    if !repository.program(&system, &["-c", "import venv, ensurepip"]).succeeds() {
        return Err(Failure(format!("`{system}` lacks the modules venv and ensurepip (Debian: install python3-venv)")));
    }
    eprintln!("installing {} into {}", packages.join(", "), folder.display());
    repository.program(&system, &["-m", "venv", &folder.to_string_lossy()]).stream(|_| ())?;
    repository.program(&python, &[&["-m", "pip", "install", "--quiet"], packages].concat()).stream(|_| ())?;
    let before = std::fs::read_to_string(&record).unwrap_or_default();
    let mut lines: Vec<&str> = before.lines().chain(packages.iter().copied()).collect();
    lines.sort_unstable();
    lines.dedup();
    std::fs::write(&record, lines.join("\n"))
        .map_err(|why| Failure(format!("{} cannot be written: {why}", record.display())))?;
    Ok(python)
}

fn no_python(tried: &str) -> Failure {
    Failure(format!(
        "`{tried}` does not start. The peers are Python libraries: install Python 3.11 or later, or name yours, as in \
         `PYTHON=/path/to/python3 cargo xtask peers ensemble`. Nothing else in this repository needs Python."
    ))
}

/// Names and seconds, which our benchmarks part by tabs.
fn measured(text: &str) -> Vec<(String, f64)> {
    let line = |line: &str| {
        let (name, seconds) = line.split_once('\t')?;
        Some((name.to_owned(), seconds.trim().parse().ok()?))
    };
    text.lines().filter_map(line).collect()
}

fn json(text: &str, line: &CommandLine) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|why| Failure(format!("`{line}` gave no JSON ({why}): {}", text.trim())))
}

fn number(answer: &Value, field: &str, line: &CommandLine) -> Result<f64, Failure> {
    let number = answer.get(field).and_then(Value::as_f64);
    number.ok_or_else(|| Failure(format!("`{line}` gave no number `{field}`: {answer}")))
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    let (low, high) = (times[(times.len() - 1) / 2], times[times.len() / 2]);
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_count_lies_between() {
        assert!((median(&mut [4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-12);
        assert!((median(&mut [7.0]) - 7.0).abs() < 1e-12);
    }

    #[test]
    fn answers_that_cannot_be_read_are_shown() {
        let line = CommandLine::new("python", &["x.py"]);
        let message = json("Traceback", &line).unwrap_err().to_string();
        assert!(message.starts_with("`python x.py` gave no JSON") && message.ends_with("Traceback"), "{message}");
        let answer = json(r#"{"run_seconds": "soon"}"#, &line).unwrap();
        let message = number(&answer, "run_seconds", &line).unwrap_err().to_string();
        assert_eq!(message, r#"`python x.py` gave no number `run_seconds`: {"run_seconds":"soon"}"#);
    }

    #[test]
    fn lines_with_a_tab_are_times() {
        let text = "running\nsvd\t0.500000\ntrivial task\t2.5e-7\n";
        assert_eq!(measured(text), [("svd".to_owned(), 0.5), ("trivial task".to_owned(), 2.5e-7)]);
    }

    #[test]
    fn a_missing_python_is_explained() {
        let message = no_python("python3").to_string();
        assert!(message.contains("`python3` does not start") && message.contains("PYTHON="), "{message}");
    }
}
