//! `cargo xtask libtorch`: puts a libtorch where the feature `torch` looks for it.
//!
//! PyPI's torch carries the CUDA libraries as packages of their own. Without them it is a libtorch for the CPU, if two small
//! ones that `libtorch_cpu.so` links are there. An installed torch, with CUDA or without, serves as well.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::Failure;
use crate::command_line::CommandLine;
use crate::repository::Repository;

/// The version that tch is made for.
pub(crate) const VERSION: &str = "2.11.0";

/// What `libtorch_cpu.so` links beside itself.
const RUNTIME: [&str; 2] = ["nvidia-cuda-runtime>=13,<13.1", "nvidia-cuda-cupti>=13,<13.1"];

/// Where cargo's configuration says that libtorch is. `CARGO_TARGET_DIR` does not move it, since a configuration cannot follow.
pub(crate) fn folder(repository: &Repository) -> PathBuf {
    repository.root.join("target/libtorch")
}

pub(crate) fn command(words: &[String]) -> Result<ExitCode, Failure> {
    let repository = Repository::find(false);
    let found = match words {
        [] => set_up(&repository)?,
        [option, python] if option == "--python" => linked(&repository, python)?,
        _ => return Err(Failure("the only option is --python PROGRAM, a Python that has torch".to_owned())),
    };
    println!("{found}\n\ncargo run --release --features torch --example ensemble -- --backend torch");
    Ok(ExitCode::SUCCESS)
}

/// Makes sure that there is a libtorch, and says which.
pub(crate) fn set_up(repository: &Repository) -> Result<String, Failure> {
    if let Some(given) = std::env::var_os("LIBTORCH").map(PathBuf::from).filter(|given| *given != folder(repository)) {
        return match version(&given) {
            Some(found) if is_right(&found) => Ok(format!("LIBTORCH is {}, version {found}", given.display())),
            Some(found) => Err(Failure(format!(
                "LIBTORCH is {}, version {found}, and {VERSION} is needed: unset LIBTORCH to have it installed under target/",
                given.display()
            ))),
            None => Err(Failure(format!(
                "LIBTORCH is {}, which has no file build-version: it is no libtorch; unset LIBTORCH to have one installed \
                 under target/",
                given.display()
            ))),
        };
    }
    let folder = folder(repository);
    match version(&folder) {
        Some(found) if is_right(&found) => Ok(format!("libtorch {found} is in {}", folder.display())),
        _ => installed(repository),
    }
}

/// Whether tests can reach a CUDA device: a libtorch for CUDA, and the driver's library.
pub(crate) fn sees_cuda(repository: &Repository) -> bool {
    let given = std::env::var_os("LIBTORCH").map_or_else(|| folder(repository), PathBuf::from);
    given.join("lib/libtorch_cuda.so").exists() && Path::new("/proc/driver/nvidia/version").exists()
}

/// The version that a libtorch's folder states.
fn version(folder: &Path) -> Option<String> {
    let stated = fs::read_to_string(folder.join("build-version")).ok()?;
    folder.join("include").is_dir().then(|| stated.trim().to_owned())
}

pub(crate) fn is_right(version: &str) -> bool {
    version.split('+').next() == Some(VERSION)
}

/// A libtorch for the CPU, from PyPI.
fn installed(repository: &Repository) -> Result<String, Failure> {
    let packages = folder(repository).join("packages");
    remove(&packages)?;
    let torch = format!("torch=={VERSION}");
    let words = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target"];
    let place = packages.to_string_lossy();
    show(&repository.program("python3", &[&words[..], &[&place, &torch], &RUNTIME].concat()))?;
    // The libraries for CUDA are most of the package and of no use without CUDA's own.
    for name in ["libtorch_cuda.so", "libtorch_cuda_linalg.so", "libtorch_nvshmem.so"] {
        remove(&packages.join("torch/lib").join(name))?;
    }
    link(repository, &packages.join("torch"), &packages.join("nvidia/cu13/lib"))?;
    finished(repository, VERSION)
}

/// The libtorch of a Python's torch.
fn linked(repository: &Repository, python: &str) -> Result<String, Failure> {
    let program = "import torch, pathlib; print(torch.__version__, pathlib.Path(torch.__file__).parent)";
    let said = repository.program(python, &["-c", program]).output()?;
    let (found, path) = said.trim().split_once(' ').unwrap_or((said.trim(), ""));
    if !is_right(found) {
        return Err(Failure(format!("the torch of {python} is {found}, and {VERSION} is needed")));
    }
    let torch = PathBuf::from(path);
    let beside = torch.parent().map(|packages| packages.join("nvidia/cu13/lib")).unwrap_or_default();
    link(repository, &torch, &beside)?;
    finished(repository, found)
}

/// The version is written last: a folder without it is not taken for whole.
fn finished(repository: &Repository, found: &str) -> Result<String, Failure> {
    let folder = folder(repository);
    fs::write(folder.join("build-version"), found).map_err(|e| at(&folder, &e))?;
    Ok(format!("libtorch {found} is in {}", folder.display()))
}

/// `include` and `lib` as libtorch's own archive has them, as links into a Python's torch.
#[cfg(unix)]
fn link(repository: &Repository, torch: &Path, runtime: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::symlink;
    let folder = folder(repository);
    let (include, lib) = (folder.join("include"), folder.join("lib"));
    for old in [&include, &lib, &folder.join("build-version")] {
        remove(old)?;
    }
    fs::create_dir_all(&lib).map_err(|e| at(&lib, &e))?;
    let to = |from: &Path, link: &Path| symlink(from, link).map_err(|e| at(link, &e));
    to(&torch.join("include"), &include)?;
    for place in [&torch.join("lib"), runtime] {
        for entry in fs::read_dir(place).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if name.to_string_lossy().contains(".so") && !lib.join(&name).exists() {
                to(&entry.path(), &lib.join(&name))?;
            }
        }
    }
    let gomp = lib.join("libgomp.so");
    if lib.join("libgomp.so.1").exists() && !gomp.exists() {
        to(&torch.join("lib/libgomp.so.1"), &gomp)?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn link(_: &Repository, _: &Path, _: &Path) -> Result<(), Failure> {
    Err(Failure("set LIBTORCH to a libtorch 2.11.0: links into Python's are made on Unix only".to_owned()))
}

fn remove(path: &Path) -> Result<(), Failure> {
    let outcome = match fs::symlink_metadata(path) {
        Err(_) => return Ok(()),
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
    };
    outcome.map_err(|e| at(path, &e))
}

fn at(path: &Path, why: &std::io::Error) -> Failure {
    Failure(format!("{}: {why}", path.display()))
}

fn show(line: &CommandLine) -> Result<(), Failure> {
    println!("$ {line}");
    line.stream(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_of_one_version_are_alike() {
        assert!(is_right("2.11.0") && is_right("2.11.0+cu130"));
        assert!(!is_right("2.11.1") && !is_right("2.1") && !is_right(""));
    }

    #[test]
    fn a_folder_without_a_version_is_no_libtorch() {
        assert_eq!(version(Path::new("no-such-folder")), None);
    }
}
