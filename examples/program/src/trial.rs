//! An example as a process, for tests: built once, run in folders of their own, its refusals held to exit code 2.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A built example.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Its executable.
    pub program: PathBuf,
    /// The build folder.
    target: PathBuf,
}

impl Trial {
    /// Builds an example of the root package in the profile of the test that calls.
    ///
    /// # Panics
    /// If it does not build: a test cannot go on without it.
    #[must_use]
    pub fn of(example: &str) -> Trial {
        // The packages of `cargo xtask test`: with other ones, the features of what others wrote would be other ones, and all
        // that stands on them would be compiled again.
        let [trial] = built([example], &["--exclude", "array-torch", "--features", "array-protocol/chunked"]);
        trial
    }

    /// Builds examples with libtorch, as the part `libtorch` of `cargo xtask test` builds.
    ///
    /// # Panics
    /// If one does not build.
    #[must_use]
    pub fn on_libtorch<const N: usize>(examples: [&str; N]) -> [Trial; N] {
        built(examples, &["--features", "array-protocol/chunked,array-protocol/torch"])
    }

    /// An empty folder of a test's own.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn folder(&self, name: &str) -> PathBuf {
        let example = self.program.file_stem().unwrap_or_default().to_string_lossy();
        let folder = self.target.join("tmp").join(format!("{example}-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("the build folder can be written");
        folder
    }

    /// Runs in a folder with words that have no spaces in them.
    ///
    /// # Panics
    /// If the program does not start.
    pub fn run(&self, folder: &Path, args: &str) -> Output {
        self.command(folder).args(args.split_whitespace()).output().expect("it starts")
    }

    /// The program in a folder, without arguments so far.
    pub fn command(&self, folder: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(folder);
        command
    }

    /// Runs, expects success, and gives what was printed.
    ///
    /// # Panics
    /// If the program fails.
    pub fn ok(&self, folder: &Path, args: &str) -> String {
        let out = self.run(folder, args);
        assert!(out.status.success(), "{args}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).expect("programs print UTF-8")
    }

    /// Runs and expects exit code 2 and one message on stderr that contains every part.
    ///
    /// # Panics
    /// If it is otherwise.
    pub fn refused(&self, folder: &Path, args: &str, parts: &[&str]) {
        let out = self.run(folder, args);
        let said = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(2), "{args}: {said}");
        assert!(said.starts_with("error: "), "{args}: {said}");
        assert!(!said.contains("panicked"), "{args}: {said}");
        for part in parts {
            assert!(said.contains(part), "{args}: `{part}` is not in: {said}");
        }
    }
}

/// Builds examples with a choice of packages and features.
fn built<const N: usize>(examples: [&str; N], choice: &[&str]) -> [Trial; N] {
    // Of .../PROFILE/deps/program-HASH, two up; examples lie beside deps.
    let test = std::env::current_exe().expect("a test knows its executable");
    let profile = test.parent().and_then(Path::parent).expect("a test lies in PROFILE/deps");
    let target = profile.parent().expect("a target folder");
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--workspace", "--exclude", "array-protocol-python"]).args(choice);
    build.args(examples.iter().flat_map(|example| ["--example", example])).arg("--target-dir").arg(target);
    build.arg("--manifest-path").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml"));
    match profile.file_name().and_then(|n| n.to_str()) {
        Some("debug") => {}
        Some(name) => drop(build.args(["--profile", name])),
        None => panic!("{} has no name", profile.display()),
    }
    assert!(build.status().expect("cargo starts").success(), "the example builds");
    examples.map(|example| Trial {
        program: profile.join("examples").join(format!("{example}{}", std::env::consts::EXE_SUFFIX)),
        target: target.to_owned(),
    })
}

/// Whether a report holds so many pictures in itself, and asks for nothing outside of it.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn holds_all(report: &Path, pictures: usize) -> bool {
    let page = std::fs::read_to_string(report).expect("the report is there");
    let outside = ["src=\"http", "href=", "url(", "<link", "<script", "@import", "srcset"];
    page.matches("src=\"data:image/png;base64,").count() == pictures
        && page.matches("src=").count() == page.matches("src=\"data:").count()
        && !outside.iter().any(|way| page.contains(way))
}

/// A JSON file.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(path).expect("the file is there")).expect("it is JSON")
}
