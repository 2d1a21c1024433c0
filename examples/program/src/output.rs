//! The folder that a run fills: figures, report, model. Checked before training, filled after it.

use std::path::{Path, PathBuf};

use crate::draw::figure_png;
use crate::failure::{Failure, Outcome};
use crate::files::write_atomically;
use crate::plot::Plot;
use crate::report::{Block, html};

/// What a run has written, and what its report will hold.
pub struct Output {
    /// Where to.
    pub folder: PathBuf,
    /// Names of the files, in order.
    files: Vec<String>,
    /// The report so far.
    blocks: Vec<Block>,
}

impl Output {
    /// Makes the folder if it is not there, and tries whether files can be written to it: a training whose results have
    /// no place should not begin.
    pub fn open(folder: &Path) -> Outcome<Output> {
        let refused = |e: std::io::Error| {
            Failure(format!("the folder {} cannot be written to: {e}; give another one with --out", folder.display()))
        };
        std::fs::create_dir_all(folder).map_err(refused)?;
        writable(folder).map_err(refused)?;
        Ok(Output { folder: folder.to_owned(), files: vec![], blocks: vec![] })
    }

    /// Adds to the report.
    pub fn push(&mut self, block: Block) {
        self.blocks.push(block);
    }

    /// Draws a figure to a file and into the report.
    pub fn figure(&mut self, name: &str, caption: &str, plots: &[Plot<'_>], columns: usize) -> Outcome<()> {
        self.picture(name, caption, figure_png(plots, columns)?)
    }

    /// Puts a picture in a file and into the report.
    pub fn picture(&mut self, name: &str, caption: &str, bytes: Vec<u8>) -> Outcome<()> {
        write_atomically(&self.folder.join(name), &bytes)?;
        self.wrote(name);
        self.push(Block::Picture { caption: caption.into(), bytes });
        Ok(())
    }

    /// Puts bytes in a file of the folder.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn file(&mut self, name: &str, bytes: &[u8]) -> Outcome<()> {
        write_atomically(&self.folder.join(name), bytes)?;
        self.wrote(name);
        Ok(())
    }

    /// Notes a file that was written.
    pub fn wrote(&mut self, name: &str) {
        self.files.push(name.into());
    }

    /// Writes the report; gives the line that says where everything is.
    pub fn finish(mut self, title: &str) -> Outcome<String> {
        write_atomically(&self.folder.join("report.html"), html(title, &self.blocks).as_bytes())?;
        self.wrote("report.html");
        Ok(format!("Files in {}: {}\n", self.folder.display(), self.files.join(", ")))
    }
}

/// Tries whether a file can be made in this folder.
fn writable(folder: &Path) -> std::io::Result<()> {
    let probe = folder.join(format!(".probe.{}.tmp", std::process::id()));
    std::fs::write(&probe, b"")?;
    std::fs::remove_file(&probe)
}

/// Tries whether this file can be written, before the work whose result it is to hold; `made` is a folder that the work will
/// make itself ([`Output::open`]).
pub fn check_file(path: &Path, option: &str, made: Option<&Path>) -> Outcome<()> {
    let folder = match path.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    };
    let refused =
        |why: String| Failure(format!("{} cannot be written: {why}; give another file with {option}", path.display()));
    if path.is_dir() {
        return Err(refused("it is a folder".into()));
    }
    if made.is_some_and(|made| folder.components().eq(made.components())) && !folder.exists() {
        return Ok(());
    }
    writable(folder).map_err(|e| refused(e.to_string()))
}
