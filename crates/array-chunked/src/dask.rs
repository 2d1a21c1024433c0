//! The executor of a Dask cluster: Python's package takes plans there, or pieces of work, and brings back what the workers made.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use array_api::parallel::{Piece, Workers};
use array_api::{Array, Error, ErrorKind, Result};
use serde::Deserialize;
use serde_json::json;

use crate::folder::Folder;
use crate::job::{Executor, Job};
use crate::storage::{Npy, Source, Store, Storing};

const RUN: &str = "dask";

/// Into how many pieces work is split unless somebody says otherwise: a few for each of a few workers.
const PIECES: usize = 16;

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
///
/// Algorithms give it pieces of work beside plans ([`Workers`]): functions that the Python package knows by name.
#[derive(Clone, Debug)]
pub struct Dask {
    address: String,
    python: PathBuf,
    progress: bool,
    pieces: usize,
    checkpoint: Option<PathBuf>,
}

impl Dask {
    /// The cluster whose scheduler has this address. Python is what the variable `ARRAY_PROTOCOL_PYTHON` names, `python3` if it
    /// names none.
    pub fn at(address: &str) -> Dask {
        let python = std::env::var_os("ARRAY_PROTOCOL_PYTHON").map_or_else(|| "python3".into(), PathBuf::from);
        Dask { address: address.into(), python, progress: false, pieces: PIECES, checkpoint: None }
    }

    /// Another Python.
    pub fn python(mut self, program: impl Into<PathBuf>) -> Dask {
        self.python = program.into();
        self
    }

    /// Into how many pieces an algorithm's work is split at least, 16 unless given: some for each thread of the workers.
    pub fn pieces(mut self, pieces: usize) -> Dask {
        self.pieces = pieces.max(1);
        self
    }

    /// A folder that this process and the workers see, in which they write what each piece of work gave. Pieces that are there
    /// are not done again; those of other data, settings or another version are an error. Chunks of plans have
    /// checkpoints of their own.
    pub fn checkpoint(mut self, folder: impl Into<PathBuf>) -> Dask {
        self.checkpoint = Some(folder.into());
        self
    }

    /// Shows how many of the arrays' chunks, or of the pieces of work, are there.
    pub fn progress(mut self, shown: bool) -> Dask {
        self.progress = shown;
        self
    }

    fn failed(&self, why: impl std::fmt::Display) -> Error {
        let python = self.python.display();
        let message = format!(
            "{python} could not run the work: {why}. It must be a Python with the package array-protocol {} and Dask: `pip \
             install ./crates/python numpy dask distributed`; ARRAY_PROTOCOL_PYTHON names another one",
            env!("CARGO_PKG_VERSION")
        );
        Error::backend(RUN, message)
    }

    /// Computes an array into a file that this process and the workers see. The workers write, each chunk whole or not at all;
    /// this process keeps the manifest and gives the array its name, as [`store`](crate::store) does.
    ///
    /// # Errors
    /// As [`store`](crate::store); for formats that one process writes; the cluster's.
    pub fn store(&self, x: &Array, to: impl Into<Store>) -> Result<()> {
        let storing = Storing::begin(x, &to.into())?;
        let address = storing.address()?;
        let missing: Vec<(usize, Vec<usize>)> =
            storing.missing().into_iter().map(|(chunk, start)| (chunk, start.to_vec())).collect();
        if !missing.is_empty() {
            let job = Job::of(vec![storing.lazy().clone()])?.to_json_with_arrays()?;
            let space = storing.lazy().node.space.kind().name();
            let what = json!({ "job": job, "format": address.format, "path": address.path, "missing": missing, "kind": space });
            let folder = Folder::fresh(&std::env::temp_dir()).map_err(|(_, e)| self.failed(e))?;
            self.hand("store", &what.to_string(), folder.path(), &|chunk| storing.note(chunk))?;
        }
        storing.finish()
    }

    /// Hands a plan, or pieces of work, to Python and waits until the results are in the folder.
    fn hand(&self, what: &str, text: &str, folder: &Path, written: Written<'_>) -> Result<()> {
        let failed = |e: std::io::Error| self.failed(e);
        let words = folder.join("stderr");
        let mut child = Running(
            Command::new(&self.python)
                .args(["-m", "array_protocol._adapter", what, env!("CARGO_PKG_VERSION"), &self.address])
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
            let _ = stdin.write_all(text.as_bytes());
        }
        let Some(stdout) = child.0.stdout.take() else { return Err(self.failed("it has no output")) };
        let mut bar = None;
        for line in BufReader::new(stdout).lines() {
            match serde_json::from_str(&line.map_err(failed)?) {
                Ok(Said::Done(done, of)) if self.progress => {
                    bar.get_or_insert_with(|| indicatif::ProgressBar::new(of)).set_position(done);
                }
                Ok(Said::Written(chunk)) => written(chunk)?,
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
        self.hand("plan", &plan, folder.path(), &|_| Ok(()))?;
        let chunk = |array: usize, chunk: usize| {
            let file = Npy::open(folder.path().join(format!("{array}-{chunk}.npy")))?;
            let extents = file.dims().clone();
            file.read(&vec![0; extents.len()], &extents, &job.wanted[array].node.space)
        };
        let counts = job.chunks().into_iter().map(|chunks| chunks.len()).enumerate();
        counts.map(|(array, count)| (0..count).map(|i| chunk(array, i)).collect()).collect()
    }
}

impl Workers for Dask {
    fn pieces(&self) -> usize {
        self.pieces
    }

    fn call(&self, function: &str, shared: &[u8], pieces: &[Piece]) -> Result<Vec<Vec<u8>>> {
        let folder = Folder::fresh(&std::env::temp_dir()).map_err(|(_, e)| self.failed(e))?;
        let place = |name: &str| folder.path().join(name);
        let failed = |e: std::io::Error| self.failed(e);
        fs::write(place("shared"), shared).map_err(failed)?;
        for (number, piece) in pieces.iter().enumerate() {
            fs::write(place(&format!("{number}.piece")), &piece.work).map_err(failed)?;
        }
        let names: Vec<&str> = pieces.iter().map(|piece| &piece.name[..]).collect();
        let checkpoint = self.checkpoint.as_ref().map(std::path::absolute).transpose().map_err(failed)?;
        let what = json!({ "function": function, "names": names, "checkpoint": checkpoint });
        self.hand("pieces", &what.to_string(), folder.path(), &|_| Ok(()))?;
        (0..pieces.len()).map(|number| fs::read(place(&format!("{number}.result"))).map_err(failed)).collect()
    }
}

/// Called with the number of each chunk of a store that is written.
type Written<'w> = &'w dyn Fn(usize) -> Result<()>;

/// What Python says on the way.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Said {
    /// So many chunks are there, of so many.
    Done(u64, u64),
    /// A chunk of a store is written.
    Written(usize),
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
