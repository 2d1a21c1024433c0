//! The executor of a Dask cluster: Python's package takes the plan there, and brings back what the workers computed.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use array_api::{Array, Error, ErrorKind, Result};
use serde::Deserialize;

use crate::folder::Folder;
use crate::job::{Executor, Job};
use crate::storage::{Npy, Source};

const RUN: &str = "dask";

/// How many lines of what Python said last are repeated in an error.
const LAST: usize = 12;

/// Runs plans on a Dask cluster, with the same bits as [`Local`](crate::Local).
///
/// The plan goes to `python -m array_protocol._adapter`, which must find this version of the Python package, and Dask. Arrays in
/// memory go along; functions of this program cannot.
///
/// ```no_run
/// use array_chunked::{Dask, Executor, Job};
/// let xp = array_chunked::over(&array_ndarray::namespace()).with("chunks", array_api::Value::Int(100_000));
/// let x = array_api::std(xp.normal(&xp.key(7)?, [1_000_000])?, ..)?;
/// let cluster = Dask::at("tcp://127.0.0.1:8786").progress(true);
/// println!("{}", cluster.values(&Job::new(&[&x])?)?[0]);
/// # Ok::<(), array_api::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Dask {
    address: String,
    python: PathBuf,
    progress: bool,
}

impl Dask {
    /// The cluster whose scheduler has this address. Python is what the variable `ARRAY_PROTOCOL_PYTHON` names, `python3` if it
    /// names none.
    pub fn at(address: &str) -> Dask {
        let python = std::env::var_os("ARRAY_PROTOCOL_PYTHON").map_or_else(|| "python3".into(), PathBuf::from);
        Dask { address: address.into(), python, progress: false }
    }

    /// Another Python.
    pub fn python(mut self, program: impl Into<PathBuf>) -> Dask {
        self.python = program.into();
        self
    }

    /// Shows how many of the arrays' chunks are there.
    pub fn progress(mut self, shown: bool) -> Dask {
        self.progress = shown;
        self
    }

    fn failed(&self, why: impl std::fmt::Display) -> Error {
        let python = self.python.display();
        let message = format!(
            "{python} could not run the plan: {why}. It must be a Python with the package array-protocol {} and Dask: `pip \
             install ./crates/python numpy dask distributed`; ARRAY_PROTOCOL_PYTHON names another one",
            env!("CARGO_PKG_VERSION")
        );
        Error::backend(RUN, message)
    }

    /// Hands the plan to Python and waits until the chunks are in the folder.
    fn hand(&self, plan: &str, folder: &Path) -> Result<()> {
        let failed = |e: std::io::Error| self.failed(e);
        let words = folder.join("stderr");
        let mut child = Running(
            Command::new(&self.python)
                .args(["-m", "array_protocol._adapter", &self.address])
                .arg(folder)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                // A pipe that nobody reads would stop Python where it is full.
                .stderr(File::create(&words).map_err(failed)?)
                .spawn()
                .map_err(failed)?,
        );
        if let Some(mut stdin) = child.0.stdin.take() {
            // A Python that ended early says why, below.
            let _ = stdin.write_all(plan.as_bytes());
        }
        let Some(stdout) = child.0.stdout.take() else { return Err(self.failed("it has no output")) };
        let mut bar = None;
        for line in BufReader::new(stdout).lines() {
            match serde_json::from_str(&line.map_err(failed)?) {
                Ok(Said::Done(done, of)) if self.progress => {
                    bar.get_or_insert_with(|| indicatif::ProgressBar::new(of)).set_position(done);
                }
                Ok(Said::Failed(class, message)) => return Err(Error::new(kind(&class), RUN, message)),
                // Others' packages may write here too.
                _ => {}
            }
        }
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
        let status = child.0.wait().map_err(failed)?;
        if status.success() {
            return Ok(());
        }
        let said = fs::read_to_string(&words).unwrap_or_default();
        let lines: Vec<&str> = said.lines().collect();
        Err(self.failed(format!("{status}: {}", lines[lines.len().saturating_sub(LAST)..].join("\n"))))
    }
}

impl Executor for Dask {
    fn run(&self, job: &Job) -> Result<Vec<Vec<Array>>> {
        let plan = job.to_json_with_arrays()?;
        let folder = Folder::fresh(&std::env::temp_dir()).map_err(|(_, e)| self.failed(e))?;
        self.hand(&plan, folder.path())?;
        let chunk = |array: usize, chunk: usize| {
            let file = Npy::open(folder.path().join(format!("{array}-{chunk}.npy")))?;
            let extents = file.dims().clone();
            file.read(&vec![0; extents.len()], &extents, &job.wanted[array].node.space)
        };
        let counts = job.chunks().into_iter().map(|chunks| chunks.len()).enumerate();
        counts.map(|(array, count)| (0..count).map(|i| chunk(array, i)).collect()).collect()
    }
}

/// What Python says on the way.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Said {
    /// So many chunks are there, of so many.
    Done(u64, u64),
    /// An exception's class and words.
    Failed(String, String),
}

fn kind(class: &str) -> ErrorKind {
    match class {
        "NotImplementedError" => ErrorKind::NotImplemented,
        "ValueError" => ErrorKind::Value,
        "TypeError" => ErrorKind::DType,
        "MemoryError" => ErrorKind::Memory,
        _ => ErrorKind::Backend,
    }
}

/// A process that ends with who started it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
