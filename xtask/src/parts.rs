//! The parts of `cargo xtask test`, in the order in which they run.

use crate::python::{Torch, environment};
use crate::test::Run;
use crate::{Failure, examples, libtorch, peers};

/// One part of the checks.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    /// Long: left out unless `--full` is given.
    pub(crate) only_full: bool,
    pub(crate) run: fn(&mut Run) -> Result<(), Failure>,
}

const fn always(name: &'static str, run: fn(&mut Run) -> Result<(), Failure>) -> Part {
    Part { name, only_full: false, run }
}

const fn only_full(name: &'static str, run: fn(&mut Run) -> Result<(), Failure>) -> Part {
    Part { name, only_full: true, run }
}

pub(crate) const PARTS: &[Part] = &[
    always("format", format),
    always("clippy", clippy),
    always("docs", docs),
    always("tests", tests),
    always("doc tests", doc_tests),
    always("third-party crate", third_party),
    always("libtorch", torch),
    always("python package", python_package),
    always("examples", examples::run),
    always("spelling", spelling),
    always("dependencies", dependencies),
    only_full("long tests", long_tests),
    only_full("files", files),
    only_full("benchmarks", benchmarks),
    only_full("peers", peers::ensemble::part),
    only_full("miri", miri),
];

/// A crate as a stranger would write it: outside the workspace, so nothing of ours leaks into it.
const THIRD_PARTY: &str = "tests/third_party/Cargo.toml";

/// A project that builds a third party's kind into the Python package, outside the workspace too.
const TEMPLATE: &str = "crates/python/template/Cargo.toml";

/// An extension module has Python's symbols only inside Python: cargo cannot link tests of it.
const PYTHON: &str = "array-protocol-python";

/// What needs libtorch is built and tested by a part of its own.
const TORCH: &str = "array-torch";

/// The packages that need nothing but cargo. What others wrote is compiled once for all that names the same packages, since
/// its features are those that the packages ask for together.
pub(crate) const RUST_PACKAGES: [&str; 7] =
    ["--workspace", "--exclude", PYTHON, "--exclude", TORCH, "--features", CHUNKED];

/// The same with libtorch: all packages again, so that what others wrote is shared with the parts before.
pub(crate) const WITH_TORCH: [&str; 5] =
    ["--workspace", "--exclude", PYTHON, "--features", "array-protocol/chunked,array-protocol/torch"];

/// The facade with lazy arrays in chunks, which its users choose.
pub(crate) const CHUNKED: &str = "array-protocol/chunked";

/// What tests the Python package: pytest, and the libraries that run on its arrays. Its tests skip what is older.
const CLIENTS: [&str; 11] = [
    "pytest",
    "numpy>=2.1",
    "scipy>=1.16",
    "scikit-learn>=1.7",
    "array-api-compat>=1.11",
    "array-api-extra>=0.8",
    "xarray>=2025.1",
    "pandas>=2.2",
    "einops>=0.8",
    "dask[array]>=2026.8",
    "distributed>=2026.8",
];

/// What `cargo test` builds as tests. Benchmarks are compiled by the part `clippy`.
const TARGETS: [&str; 4] = ["--lib", "--bins", "--tests", "--examples"];

fn format(run: &mut Run) -> Result<(), Failure> {
    // rustfmt colours its differences even where they do not go to a terminal.
    let plain = ["--check", "--", "--color", "never"];
    run.step(&run.repository.cargo(&[&["fmt", "--all"], &plain[..]].concat()))?;
    for outside in [THIRD_PARTY, TEMPLATE] {
        if !run.repository.root.join(outside).exists() {
            continue;
        }
        run.step(&run.repository.cargo(&[&["fmt", "--manifest-path", outside], &plain[..]].concat()))?;
    }
    Ok(())
}

fn clippy(run: &mut Run) -> Result<(), Failure> {
    run.step(&run.repository.cargo(&[
        "clippy",
        "--workspace",
        "--exclude",
        TORCH,
        "--features",
        CHUNKED,
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))
}

fn docs(run: &mut Run) -> Result<(), Failure> {
    let line = run.repository.cargo(&["doc", "--workspace", "--exclude", TORCH, "--features", CHUNKED, "--no-deps"]);
    run.step(&line.with("RUSTDOCFLAGS", "-D warnings"))
}

/// Formats of files that are features: by themselves those that are written in Rust, then with the compressors, which a C compiler
/// builds. What others wrote gets other features by these, and is compiled again.
fn files(run: &mut Run) -> Result<(), Failure> {
    let packages = ["test", "--workspace", "--exclude", PYTHON, "--exclude", TORCH];
    let names = |names: &[&'static str]| names.iter().flat_map(|name| ["--test", name]).collect::<Vec<_>>();
    for (features, tests) in [
        ("array-protocol/parquet", &["parquet"][..]),
        ("array-protocol/parquet,array-protocol/zarr", &["parquet", "region", "zarr"]),
    ] {
        let words = [&packages[..], &["--features", features], &names(tests)].concat();
        run.step(&run.repository.cargo(&words))?;
    }
    Ok(())
}

fn tests(run: &mut Run) -> Result<(), Failure> {
    run.step(&run.repository.cargo(&[&["test"], &RUST_PACKAGES[..], &TARGETS[..]].concat()))
}

fn doc_tests(run: &mut Run) -> Result<(), Failure> {
    run.step(&run.repository.cargo(&[&["test"], &RUST_PACKAGES[..], &["--doc"]].concat()))
}

/// Also in release: link-time registration has to survive the linker's optimisation. One program shows it, since each takes
/// most of a minute to link.
fn third_party(run: &mut Run) -> Result<(), Failure> {
    if !run.repository.root.join(THIRD_PARTY).exists() {
        run.skip("third-party crate", &format!("there is no {THIRD_PARTY}"));
        return Ok(());
    }
    for choice in [&[][..], &["--release", "--test", "kinds"]] {
        let line = run.repository.cargo(&[&["test", "--manifest-path", THIRD_PARTY], choice].concat());
        // Everything that a check writes lies below the workspace's build folder.
        run.step(&line.with("CARGO_TARGET_DIR", &run.repository.target.to_string_lossy()))?;
    }
    Ok(())
}

/// The backend on libtorch, and what of the facade runs on it. Sets libtorch up as a user would.
fn torch(run: &mut Run) -> Result<(), Failure> {
    if run.repository.offline && !libtorch::folder(&run.repository).exists() {
        run.skip("libtorch", "--offline, and pip fetches it: `cargo xtask libtorch`");
        return Ok(());
    }
    println!("{}", libtorch::set_up(&run.repository)?);
    let clippy = [&["clippy"], &WITH_TORCH[..], &["--all-targets", "--", "-D", "warnings"]].concat();
    // The names are those of the test programs that need libtorch; what else they would find ran before.
    let chosen =
        ["libtorch", "torch", "programs_on_libtorch", "fits", "coverage"].map(|name| ["--test", name]).concat();
    let tests = [&["test"], &WITH_TORCH[..], &["--lib"], &chosen].concat();
    let doc_tests = [&["test"], &WITH_TORCH[..], &["--doc"]].concat();
    for words in [clippy, tests, doc_tests] {
        run.step(&run.repository.cargo(&words))?;
    }
    let line = run.repository.cargo(&[&["doc"], &WITH_TORCH[..], &["--no-deps"]].concat());
    run.step(&line.with("RUSTDOCFLAGS", "-D warnings"))?;
    if !libtorch::sees_cuda(&run.repository) {
        run.skip("libtorch on cuda:0", "there is no CUDA device, or libtorch is one for the CPU");
    }
    Ok(())
}

/// Built and installed as a user would, in an environment of its own.
fn python_package(run: &mut Run) -> Result<(), Failure> {
    if !run.repository.program("python3", &["-m", "venv", "--help"]).succeeds() {
        run.skip("python package", "there is no python3 with its module venv");
        return Ok(());
    }
    if run.repository.offline {
        run.skip("python package", "--offline, and pip fetches what builds and tests it");
        return Ok(());
    }
    // With libtorch built in where a Python has its torch, which costs a build of `torch-sys`, and not the package twice.
    let torch = Torch::find(&run.repository);
    let python = environment(&run.repository, &CLIENTS, torch.as_ref().ok())?;
    if let Err(why) = torch {
        run.skip("array_protocol.torch", &why.to_string());
    }
    let words = ["-m", "pytest", "--quiet", "-p", "no:cacheprovider", "crates/python/tests"];
    let line = run.repository.program(&python.to_string_lossy(), &words).shown_as("python");
    // With the template of an extension: a third party's kind, compiled into the package.
    let target = run.repository.target.to_string_lossy().into_owned();
    run.step(&line.with("ARRAY_PROTOCOL_TEMPLATE", "1").with("CARGO_TARGET_DIR", &target))?;
    // Plans that go from Rust to this Python and its Dask.
    let line = run.repository.cargo(&[&["test"], &RUST_PACKAGES[..], &["--test", "dask"]].concat());
    run.step(&line.with("ARRAY_PROTOCOL_PYTHON", &python.to_string_lossy()))
}

fn spelling(run: &mut Run) -> Result<(), Failure> {
    if !run.repository.program("typos", &["--version"]).succeeds() {
        run.skip("spelling", "typos is not installed: `cargo install typos-cli`");
        return Ok(());
    }
    run.step(&run.repository.program("typos", &[]))
}

fn dependencies(run: &mut Run) -> Result<(), Failure> {
    if !run.repository.cargo(&["deny", "--version"]).succeeds() {
        run.skip("dependencies", "cargo-deny is not installed: `cargo install cargo-deny`");
        return Ok(());
    }
    run.step(&run.repository.cargo(&["deny", "check", "bans", "licenses", "sources"]))?;
    if run.repository.offline {
        run.skip("advisories on dependencies", "--offline, and the list of advisories is fetched");
        return Ok(());
    }
    run.step(&run.repository.cargo(&["deny", "check", "advisories"]))
}

/// A test that takes minutes is marked `#[ignore = "long: ..."]`: the short form then names it as skipped.
fn long_tests(run: &mut Run) -> Result<(), Failure> {
    let words = [&["test", "--release"], &RUST_PACKAGES[..], &TARGETS[..], &["--", "--ignored"]].concat();
    run.step(&run.repository.cargo(&words))
}

fn benchmarks(run: &mut Run) -> Result<(), Failure> {
    // The pattern leaves out libraries, whose unit tests would otherwise be listed as ignored.
    run.step(&run.repository.cargo(&[&["bench"], &RUST_PACKAGES[..], &["--bench", "*"]].concat()))
}

/// The `unsafe` blocks of the protocol and of the chains in memory, under an interpreter that checks their contracts.
fn miri(run: &mut Run) -> Result<(), Failure> {
    if !run.repository.program("cargo", &["+nightly", "miri", "--version"]).succeeds() {
        run.skip("miri", "not installed: `rustup component add --toolchain nightly miri`");
        return Ok(());
    }
    let target = run.repository.target.join("miri");
    for what in [&["array-api", "--lib"][..], &["array-ndarray", "--test", "chain"]] {
        let words = [&["+nightly", "miri", "test", "-p"], what].concat();
        let line = run.repository.program("cargo", &words);
        // Property tests keep their failing cases in files, which Miri's isolation would forbid; threads of the pool never end.
        let line = line.with("MIRIFLAGS", "-Zmiri-disable-isolation -Zmiri-ignore-leaks");
        run.step(&line.with("CARGO_TARGET_DIR", &target.to_string_lossy()))?;
    }
    Ok(())
}
