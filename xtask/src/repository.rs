//! Where things lie: the checkout and its build folder.

use std::path::{Path, PathBuf};

use crate::command_line::CommandLine;

/// The checkout that `cargo xtask` was called in.
pub(crate) struct Repository {
    pub(crate) root: PathBuf,
    /// The build folder; everything that a check writes goes below it.
    pub(crate) target: PathBuf,
    /// Whether cargo may use nothing but what is already on this machine.
    pub(crate) offline: bool,
    /// Whether the build folder holds what incremental compilation keeps.
    incremental: bool,
}

impl Repository {
    pub(crate) fn find(offline: bool) -> Self {
        // cargo sets the variable anew for every run, so a moved checkout is still found.
        let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let package = package.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
        let root = package.parent().unwrap_or(Path::new(".")).to_owned();
        let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
        let target = root.join(target);
        let incremental = has_incremental(&target);
        Self { target, root, offline, incremental }
    }

    /// `cargo ARGS`, run in the root with the toolchain that runs this program.
    pub(crate) fn cargo(&self, args: &[&str]) -> CommandLine {
        let path = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        self.program(&path, args).shown_as("cargo")
    }

    /// Any program, run in the root.
    pub(crate) fn program(&self, path: &str, args: &[&str]) -> CommandLine {
        let line = CommandLine::new(path, args).inside(&self.root);
        // A first build is a quarter slower with it and takes 7 GB more; where somebody has begun with it, to do without would
        // build anew.
        let line = if self.incremental { line } else { line.with("CARGO_INCREMENTAL", "0") };
        // The variable, unlike the flag, also reaches the cargo that a test starts by itself.
        if self.offline { line.with("CARGO_NET_OFFLINE", "true") } else { line }
    }

    /// The names in a folder, sorted; a folder that is not there has none.
    pub(crate) fn names_in(&self, folder: &str) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.root.join(folder)).into_iter().flatten();
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.sort();
        paths
    }
}

/// Whether a build folder holds crates built incrementally, but for this program, which cargo has built before it runs.
fn has_incremental(target: &Path) -> bool {
    let crates = std::fs::read_dir(target.join("debug/incremental")).into_iter().flatten().flatten();
    crates.into_iter().any(|entry| !entry.file_name().to_string_lossy().starts_with("xtask-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_program_alone_makes_no_build_folder_incremental() {
        let target = std::env::temp_dir().join(format!("incremental-{}", std::process::id()));
        let begun = |name: &str| std::fs::create_dir_all(target.join("debug/incremental").join(name)).unwrap();
        assert!(!has_incremental(&target));
        begun("xtask-0ab1");
        assert!(!has_incremental(&target));
        begun("array_api-0ab1");
        assert!(has_incremental(&target));
        std::fs::remove_dir_all(&target).unwrap();
    }
}
