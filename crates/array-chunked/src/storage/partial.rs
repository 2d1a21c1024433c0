//! NAME.partial: what is being stored, until it is whole and gets its name, or its place in an array that has one.

use std::collections::HashSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use array_api::{Error, Result};

use super::failed;
use super::manifest::{Head, Manifest};
use super::region::{self, Ready};

const OP: &str = "store";

/// What becomes of an array once it is whole.
pub(super) enum Ending {
    /// It gets its name, which may be taken already if it is to replace what has it.
    Named { overwrite: bool },
    /// It goes into a region of the array of that name.
    Region(Ready),
}

/// The folder NAME.partial, or NAME.region.partial: the array as it is written, and the manifest.
pub(crate) struct Partial {
    target: PathBuf,
    folder: PathBuf,
    pub(crate) manifest: Manifest,
    /// The chunks that an earlier run has written.
    pub(crate) done: HashSet<usize>,
    ending: Ending,
    /// Whether it stays when it does not become whole.
    keep: bool,
    ended: bool,
}

impl Partial {
    /// Begins, or goes on if `resume` is set and something was begun.
    pub(super) fn new(target: &Path, head: &Head, resume: bool, ending: Ending) -> Result<Partial> {
        let finding = |e| failed(OP, "finding", target, e);
        let (target, folder) = match &ending {
            Ending::Named { .. } => {
                let target = std::path::absolute(target).map_err(finding)?;
                let folder = target.file_name().map(|name| {
                    let mut beside = name.to_os_string();
                    beside.push(".partial");
                    target.with_file_name(beside)
                });
                (target, folder)
            }
            // Files are renamed into the array itself, wherever a link of its name leads.
            Ending::Region(_) => {
                let target = fs::canonicalize(target).map_err(finding)?;
                let folder = region::beside(&target);
                (target, folder)
            }
        };
        let Some(folder) = folder else {
            return Err(Error::value(OP, format!("{} is not a name to store under", target.display())));
        };
        if matches!(ending, Ending::Named { overwrite: false }) {
            vacant(&target)?;
        }
        let place = folder.join("manifest");
        let (manifest, done) = match fs::create_dir(&folder) {
            Ok(()) => (Manifest::new(place, head), HashSet::new()),
            Err(e) if e.kind() == ErrorKind::AlreadyExists && resume => {
                let opened = Manifest::open(place, head);
                let (manifest, done) = opened.map_err(|why| unfinished(&target, &folder).unwrap_or(why))?;
                // Without the array there is nothing that could be done.
                (Ok(manifest), if folder.join("data").exists() { done } else { HashSet::new() })
            }
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {
                if let Some(error) = unfinished(&target, &folder) {
                    return Err(error);
                }
                let folder = folder.display();
                let message = format!(
                    "{folder} is there: another run is storing, or one was interrupted. Resuming goes on with it; or delete it"
                );
                return Err(Error::value(OP, message));
            }
            Err(e) => return Err(failed(OP, "making", &folder, e)),
        };
        match manifest {
            Ok(manifest) => Ok(Partial { target, folder, manifest, done, ending, keep: resume, ended: false }),
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

    /// Gives the array its name, or its place.
    pub(crate) fn finish(mut self) -> Result<()> {
        let overwrite = match &self.ending {
            Ending::Named { overwrite } => *overwrite,
            Ending::Region(ready) => {
                // From here on what was gathered is all that there is of chunks that are half moved.
                self.ended = true;
                return region::move_in(&self.target, &self.folder, ready);
            }
        };
        let replaced = self.folder.join("replaced");
        if overwrite {
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

/// What is said where the last store into a region ended while its chunks were moved: it is gone on with first.
fn unfinished(target: &Path, folder: &Path) -> Option<Error> {
    if !region::ready_in(folder).exists() {
        return None;
    }
    // Another run may be at it now, which is to be waited for.
    Manifest::hold(folder.join("manifest")).ok()?;
    let message = format!(
        "the last store into a region of {} ended while its chunks were moved in; {} has those that are left. `finish_region` goes on \
         with it; do not delete them",
        target.display(),
        folder.display()
    );
    Some(Error::value(OP, message))
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
