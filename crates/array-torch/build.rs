//! Says what to do where there is no libtorch, or another version of it, before `torch-sys` fails over it.
//!
//! Cargo runs this beside `torch-sys`' build script, not after it: this crate depends on that one through `tch` only.

use std::path::{Path, PathBuf};

/// The version that tch is made for.
const VERSION: &str = "2.11.0";

fn main() {
    println!("cargo::rerun-if-env-changed=LIBTORCH");
    println!("cargo::rerun-if-env-changed=LIBTORCH_USE_PYTORCH");
    // Then torch-sys asks Python, and checks the version.
    if std::env::var_os("LIBTORCH_USE_PYTORCH").is_some() {
        return;
    }
    let remedy = "run `cargo xtask libtorch`";
    let Some(folder) = std::env::var_os("LIBTORCH").map(PathBuf::from) else {
        println!("cargo::error=the feature `torch` needs libtorch {VERSION}: {remedy}, or set LIBTORCH to its folder");
        return;
    };
    let shown = folder.display();
    let stated = folder.join("build-version");
    println!("cargo::rerun-if-changed={}", stated.display());
    match std::fs::read_to_string(&stated).ok().filter(|_| folder.join("include").is_dir()) {
        None => println!(
            "cargo::error=the feature `torch` needs libtorch {VERSION}, and there is none in {shown}: {remedy}"
        ),
        Some(version) if version.trim().split('+').next() != Some(VERSION) => {
            let version = version.trim();
            println!("cargo::error=libtorch in {shown} is {version}, and {VERSION} is needed: {remedy}");
        }
        Some(_) => runs_where_it_was_built(&folder.join("lib")),
    }
}

/// Tests and benchmarks of this crate find the libraries without a variable.
fn runs_where_it_was_built(lib: &Path) {
    if cfg!(unix) {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{}", lib.display());
    }
}
