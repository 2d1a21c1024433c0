//! Folders that go, with everything in them, when nobody needs them any more.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::{fs, io};

/// A folder that goes with everything in it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// One that nobody else has, in another one. The error comes with the path that was tried.
    pub(crate) fn fresh(parent: &Path) -> Result<Folder, (PathBuf, io::Error)> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("array-chunked-{}-{}", std::process::id(), NEXT.fetch_add(1, Relaxed));
        let path = parent.join(name);
        match fs::create_dir_all(&path) {
            Ok(()) => Ok(Folder(path)),
            Err(e) => Err((path, e)),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
