//! Compiles `share.cpp`, against the libtorch that `torch-sys` links. Says what to do where there is none, or another version
//! of it, before `torch-sys` fails over it.
//!
//! Cargo runs this beside `torch-sys`' build script, not after it: this crate depends on that one through `tch` only.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The version that tch is made for.
const VERSION: &str = "2.11.0";

const REMEDY: &str = "run `cargo xtask libtorch`";

fn main() {
    println!("cargo::rerun-if-env-changed=LIBTORCH");
    println!("cargo::rerun-if-env-changed=LIBTORCH_USE_PYTORCH");
    println!("cargo::rerun-if-changed=src/share.cpp");
    match libtorch() {
        Ok(folder) => {
            compile(&folder);
            runs_where_it_was_built(&folder.join("lib"));
        }
        Err(why) => println!("cargo::error={why}"),
    }
}

/// The folder with libtorch's `include` and `lib`, as `torch-sys` chooses it.
fn libtorch() -> Result<PathBuf, String> {
    if std::env::var_os("LIBTORCH_USE_PYTORCH").is_some() {
        // There torch-sys checks the version.
        return of_python();
    }
    let folder = std::env::var_os("LIBTORCH").map(PathBuf::from);
    let folder = folder.ok_or_else(|| {
        format!("the feature `torch` needs libtorch {VERSION}: {REMEDY}, or set LIBTORCH to its folder")
    })?;
    let shown = folder.display();
    match stated(&folder).filter(|_| folder.join("include").is_dir()) {
        None => Err(format!("the feature `torch` needs libtorch {VERSION}, and there is none in {shown}: {REMEDY}")),
        Some(version) if version.split('+').next() != Some(VERSION) => {
            Err(format!("libtorch in {shown} is {version}, and {VERSION} is needed: {REMEDY}"))
        }
        Some(_) => Ok(folder),
    }
}

/// The version that a libtorch states, or the folder of Python's torch, which is a libtorch too.
fn stated(folder: &Path) -> Option<String> {
    let (own, python) = (folder.join("build-version"), folder.join("version.py"));
    // Of a file that is not there cargo would run this, and compile the crate, every time.
    for file in [&own, &python].into_iter().filter(|file| file.exists()) {
        println!("cargo::rerun-if-changed={}", file.display());
    }
    if let Ok(version) = std::fs::read_to_string(own) {
        return Some(version.trim().to_owned());
    }
    let text = std::fs::read_to_string(python).ok()?;
    let line = text.lines().find(|line| line.starts_with("__version__ = "))?;
    line.split('\'').nth(1).map(str::to_owned)
}

/// Python's torch, asked as `torch-sys` asks.
fn of_python() -> Result<PathBuf, String> {
    let python = match (cfg!(windows), std::env::var_os("VIRTUAL_ENV")) {
        (true, _) => "python.exe",
        (false, Some(_)) => "python",
        (false, None) => "python3",
    };
    let output = Command::new(python).args(["-c", "import torch; print(torch.__path__[0])"]).output();
    let output = output.map_err(|e| format!("LIBTORCH_USE_PYTORCH is set, but {python} does not run: {e}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    match said.lines().last().filter(|_| output.status.success()) {
        Some(folder) => Ok(PathBuf::from(folder.trim())),
        None => {
            let why = String::from_utf8_lossy(&output.stderr);
            let why = why.lines().last().unwrap_or("no reason was given").to_owned();
            Err(format!("LIBTORCH_USE_PYTORCH is set, but {python} has no torch: {why}"))
        }
    }
}

fn compile(folder: &Path) {
    let mut build = cc::Build::new();
    build.cpp(true).pic(true).warnings(false).std("c++17").include(folder.join("include")).file("src/share.cpp");
    if let Err(why) = build.try_compile("array_torch_share") {
        println!("cargo::error=share.cpp needs a compiler of C++17, as torch-sys does: {}", why.to_string().trim());
    }
}

/// Tests and benchmarks of this crate find the libraries without a variable.
fn runs_where_it_was_built(lib: &Path) {
    if cfg!(unix) {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{}", lib.display());
    }
}
