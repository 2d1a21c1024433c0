//! A program to run: shown as a person would type it, its output passed on line by line.

use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Failure;

/// A program with its arguments, variables and folder.
#[derive(Clone)]
pub(crate) struct CommandLine {
    path: String,
    shown: String,
    args: Vec<String>,
    variables: Vec<(String, String)>,
    folder: Option<PathBuf>,
}

impl CommandLine {
    pub(crate) fn new(path: &str, args: &[&str]) -> Self {
        let args = args.iter().map(|&arg| arg.to_owned()).collect();
        Self { path: path.to_owned(), shown: path.to_owned(), args, variables: Vec::new(), folder: None }
    }

    /// Messages name the program so, whatever its path.
    pub(crate) fn shown_as(mut self, name: &str) -> Self {
        name.clone_into(&mut self.shown);
        self
    }

    pub(crate) fn with(mut self, variable: &str, value: &str) -> Self {
        self.variables.push((variable.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn inside(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.args(&self.args).envs(self.variables.iter().map(|(k, v)| (k, v))).stdin(Stdio::null());
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command
    }

    /// Runs it, passes its output on as it comes, and shows each line of standard output to `read`.
    ///
    /// Standard error is inherited, so cargo itself knows whether it writes to a terminal.
    pub(crate) fn stream(&self, mut read: impl FnMut(&str)) -> Result<(), Failure> {
        self.lines(|line| {
            let mut out = std::io::stdout().lock();
            // Our own reader going away (a closed pipe) must not stop the checks half-way.
            let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
            read(line.trim_end());
        })
    }

    /// Runs it and returns its standard output.
    pub(crate) fn output(&self) -> Result<String, Failure> {
        let mut text = String::new();
        self.lines(|line| text.push_str(line))?;
        Ok(text)
    }

    /// Whether it can be started and says yes; its output is of no interest.
    pub(crate) fn succeeds(&self) -> bool {
        let status = self.command().stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    }

    fn lines(&self, mut read: impl FnMut(&str)) -> Result<(), Failure> {
        let failed = |why: &dyn fmt::Display| Failure(format!("`{self}`{}: {why}", self.place()));
        let mut child = self.command().stdout(Stdio::piped()).spawn().map_err(|e| failed(&e))?;
        if let Some(stdout) = child.stdout.take() {
            let mut stdout = BufReader::new(stdout);
            let mut line = Vec::new();
            while stdout.read_until(b'\n', &mut line).map_err(|e| failed(&e))? > 0 {
                read(&String::from_utf8_lossy(&line));
                line.clear();
            }
        }
        let status = child.wait().map_err(|e| failed(&e))?;
        if status.success() { Ok(()) } else { Err(failed(&status)) }
    }

    fn place(&self) -> String {
        self.folder.as_ref().map_or_else(String::new, |folder| format!(" in {}", folder.display()))
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (variable, value) in &self.variables {
            write!(f, "{variable}={} ", quoted(value))?;
        }
        f.write_str(&quoted(&self.shown))?;
        self.args.iter().try_for_each(|arg| write!(f, " {}", quoted(arg)))
    }
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rustc() -> String {
        std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned())
    }

    #[test]
    fn is_shown_as_a_person_would_type_it() {
        let line = CommandLine::new("/somewhere/cargo", &["doc", "it's"]).shown_as("cargo");
        assert_eq!(
            line.with("RUSTDOCFLAGS", "-D warnings").to_string(),
            r"RUSTDOCFLAGS='-D warnings' cargo doc 'it'\''s'"
        );
    }

    #[test]
    fn output_is_read_and_streamed_alike() {
        let line = CommandLine::new(&rustc(), &["--version"]);
        let mut seen = String::new();
        line.stream(|text| seen.push_str(text)).unwrap();
        assert!(seen.starts_with("rustc "), "{seen}");
        assert_eq!(line.output().unwrap().trim_end(), seen);
        assert!(line.succeeds());
    }

    #[test]
    fn a_failure_names_the_command_its_folder_and_its_end() {
        let folder = std::env::temp_dir();
        let line = CommandLine::new(&rustc(), &["--no-such-flag"]).shown_as("rustc").inside(&folder);
        let message = line.output().unwrap_err().to_string();
        assert_eq!(message, format!("`rustc --no-such-flag` in {}: exit status: 1", folder.display()));
        assert!(!line.succeeds());
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let message = CommandLine::new("no-such-program", &[]).output().unwrap_err().to_string();
        assert!(message.starts_with("`no-such-program`: "), "{message}");
    }
}
