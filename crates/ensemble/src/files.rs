//! Files that appear whole or not at all.

use array_api::{Error, Result};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// An error of the file system, with the path.
pub(crate) fn failed(what: &str, path: &Path, e: &io::Error) -> Error {
    Error::backend(what, format!("{}: {e}", path.display()))
}

/// Writes a file through a temporary one beside it: whoever reads the path sees the old content or the new, whole.
///
/// # Errors
/// The file system's, naming the path.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let name =
        path.file_name().ok_or_else(|| Error::value("write", format!("{} is not a file's path", path.display())))?;
    let mut temporary = name.to_os_string();
    temporary.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(temporary);
    let write = || {
        let mut file = File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        // The new name must survive a power cut too; not every system can sync a folder.
        if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty())
            && let Ok(folder) = File::open(folder)
        {
            let _ = folder.sync_all();
        }
        Ok(())
    };
    write().map_err(|e: io::Error| {
        let _ = fs::remove_file(&temporary);
        failed("write", path, &e)
    })
}
