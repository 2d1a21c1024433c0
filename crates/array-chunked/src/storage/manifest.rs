//! What a store has done: which plan it is of, and the chunks that are written.

use std::collections::HashSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use array_api::{Error, Result};
use serde::{Deserialize, Serialize};

use super::failed;

const OP: &str = "store";

/// What is stored: only the same thing is gone on with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    /// The key of the expression, in which its sources and chunks are.
    pub(crate) plan: String,
    /// The format and its settings.
    pub(crate) format: String,
    pub(crate) chunks: usize,
}

/// A file with the head in its first line, and the number of a chunk in each further one. It is locked while a store runs.
pub(crate) struct Manifest {
    path: PathBuf,
    file: Mutex<File>,
}

impl Manifest {
    /// A new one.
    pub(crate) fn new(path: PathBuf, head: &Head) -> Result<Manifest> {
        let made = OpenOptions::new().read(true).append(true).create_new(true).open(&path);
        let mut file = made.map_err(|e| failed(OP, "making", &path, e))?;
        lock(&file, &path)?;
        let line = serde_json::to_string(head).map_err(|e| Error::backend(OP, e.to_string()))?;
        file.write_all(format!("{line}\n").as_bytes()).map_err(|e| failed(OP, "writing", &path, e))?;
        Ok(Manifest { path, file: Mutex::new(file) })
    }

    /// One that is there, and the chunks that are done.
    pub(crate) fn open(path: PathBuf, head: &Head) -> Result<(Manifest, HashSet<usize>)> {
        let opened = OpenOptions::new().read(true).append(true).open(&path);
        let mut file = opened.map_err(|e| failed(OP, "opening", &path, e))?;
        lock(&file, &path)?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(|e| failed(OP, "reading", &path, e))?;
        let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
        let found: Head = serde_json::from_str(first).map_err(|_| {
            let message = format!("{} is not a manifest of a store; delete its folder and begin anew", path.display());
            Error::value(OP, message)
        })?;
        if found != *head {
            return Err(other(&path, &found, head));
        }
        // A line without an end was being written when the run ended.
        let (lines, torn) = rest.rsplit_once('\n').unwrap_or(("", rest));
        if !torn.is_empty() {
            file.write_all(b"\n").map_err(|e| failed(OP, "writing", &path, e))?;
        }
        let done = lines.lines().filter_map(|line| line.parse().ok()).filter(|&n| n < head.chunks).collect();
        Ok((Manifest { path, file: Mutex::new(file) }, done))
    }

    /// One that is there, whatever it is of.
    pub(crate) fn hold(path: PathBuf) -> Result<Manifest> {
        let file = OpenOptions::new().append(true).open(&path).map_err(|e| failed(OP, "opening", &path, e))?;
        lock(&file, &path)?;
        Ok(Manifest { path, file: Mutex::new(file) })
    }

    /// Notes that a chunk is written.
    pub(crate) fn note(&self, chunk: usize) -> Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(format!("{chunk}\n").as_bytes()).map_err(|e| failed(OP, "writing", &self.path, e))
    }
}

fn lock(file: &File, path: &Path) -> Result<()> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            let message = format!("another run is storing there now: it holds {}", path.display());
            Err(Error::value(OP, message))
        }
        // Some network drives have no locks; two runs at once are the user's to avoid there.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
    }
}

#[cold]
fn other(path: &Path, found: &Head, head: &Head) -> Error {
    let why = if found.format != head.format {
        format!("it was begun as {}, not as {}", found.format, head.format)
    } else {
        let (found, head) = (&found.plan, &head.plan);
        format!(
            "the plan is another one ({found}, now {head}): its functions, their parameters, chunks or sources differ. Arrays in \
             memory and functions of the program are equal to themselves only, in one process"
        )
    };
    let folder = path.parent().unwrap_or(path).display();
    Error::value(OP, format!("{folder} is not gone on with: {why}. Delete it, or store under another name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(plan: &str) -> Head {
        Head { plan: plan.into(), format: "npy".into(), chunks: 9 }
    }

    #[test]
    fn a_line_that_was_cut_off_does_not_count() {
        let path = std::env::temp_dir().join(format!("array-chunked-manifest-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let manifest = Manifest::new(path.clone(), &head("a")).unwrap();
        manifest.note(3).unwrap();
        manifest.note(7).unwrap();
        assert!(Manifest::open(path.clone(), &head("a")).err().unwrap().to_string().contains("another run"));
        drop(manifest);
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"5").unwrap();
        let (manifest, done) = Manifest::open(path.clone(), &head("a")).unwrap();
        assert_eq!(done, HashSet::from([3, 7]));
        manifest.note(8).unwrap();
        drop(manifest);
        assert!(Manifest::open(path.clone(), &head("b")).err().unwrap().to_string().contains("another one (a, now b)"));
        // The end of the torn line is written, so that the next one begins at its own beginning.
        let (_, done) = Manifest::open(path.clone(), &head("a")).unwrap();
        assert!(done.contains(&8));
        std::fs::remove_file(path).unwrap();
    }
}
