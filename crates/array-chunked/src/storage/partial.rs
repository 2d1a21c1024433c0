//! NAME.partial: what is being stored, until it is whole and gets its name.

use std::collections::HashSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use array_api::{Error, Result};

use super::failed;
use super::manifest::{Head, Manifest};

const OP: &str = "store";

/// The folder NAME.partial: the array as it is written, and the manifest.
pub(crate) struct Partial {
    target: PathBuf,
    folder: PathBuf,
    pub(crate) manifest: Manifest,
    /// The chunks that an earlier run has written.
    pub(crate) done: HashSet<usize>,
    overwrite: bool,
    /// Whether it stays when it does not become whole.
    keep: bool,
    ended: bool,
}

impl Partial {
    /// Begins, or goes on if `resume` is set and something was begun.
    pub(crate) fn new(target: &Path, head: &Head, resume: bool, overwrite: bool) -> Result<Partial> {
        let target = std::path::absolute(target).map_err(|e| failed(OP, "finding", target, e))?;
        let Some(name) = target.file_name() else {
            return Err(Error::value(OP, format!("{} is not a name to store under", target.display())));
        };
        if !overwrite {
            vacant(&target)?;
        }
        let mut beside = name.to_os_string();
        beside.push(".partial");
        let folder = target.with_file_name(beside);
        let place = folder.join("manifest");
        let (manifest, done) = match fs::create_dir(&folder) {
            Ok(()) => (Manifest::new(place, head), HashSet::new()),
            Err(e) if e.kind() == ErrorKind::AlreadyExists && resume => {
                let (manifest, done) = Manifest::open(place, head)?;
                // Without the array there is nothing that could be done.
                (Ok(manifest), if folder.join("data").exists() { done } else { HashSet::new() })
            }
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {
                let folder = folder.display();
                let message = format!(
                    "{folder} is there: another run is storing, or one was interrupted. Resuming goes on with it; or delete it"
                );
                return Err(Error::value(OP, message));
            }
            Err(e) => return Err(failed(OP, "making", &folder, e)),
        };
        match manifest {
            Ok(manifest) => Ok(Partial { target, folder, manifest, done, overwrite, keep: resume, ended: false }),
            Err(error) => {
                let _ = fs::remove_dir_all(&folder);
                Err(error)
            }
        }
    }

    /// Where the array is written.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Gives the array its name.
    pub(crate) fn finish(mut self) -> Result<()> {
        let replaced = self.folder.join("replaced");
        if self.overwrite {
            // A folder is not replaced by renaming; what was there comes back if the next step fails.
            match fs::rename(&self.target, &replaced) {
                Err(e) if e.kind() != ErrorKind::NotFound => return Err(failed(OP, "replacing", &self.target, e)),
                _ => {}
            }
        } else {
            vacant(&self.target)?;
        }
        if let Err(e) = fs::rename(self.data(), &self.target) {
            let _ = fs::rename(&replaced, &self.target);
            return Err(failed(OP, "naming", &self.target, e));
        }
        self.ended = true;
        fs::remove_dir_all(&self.folder).map_err(|e| failed(OP, "removing", &self.folder, e))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.ended && !self.keep {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// Refuses a name that is taken.
fn vacant(target: &Path) -> Result<()> {
    match fs::symlink_metadata(target) {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
        Err(e) => Err(failed(OP, "looking for", target, e)),
        Ok(_) => {
            let message =
                format!("{} is there already; `overwrite` replaces it once the new one is whole", target.display());
            Err(Error::value(OP, message))
        }
    }
}
