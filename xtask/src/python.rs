//! An environment of Python's in which the package is built and installed, as a user would.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command_line::CommandLine;
use crate::repository::Repository;
use crate::{Failure, libtorch, stand_ins};

/// A Python that has the torch whose libtorch our backend is made for.
pub(crate) struct Torch {
    python: String,
    /// The folder that holds Python's torch.
    packages: PathBuf,
}

impl Torch {
    /// Looks in `PYTHON`, or in the environment of the peers, in `python3`, and in what `cargo xtask libtorch` fetched. None is
    /// installed for a check: with CUDA's libraries it takes 5 GB.
    pub(crate) fn find(repository: &Repository) -> Result<Torch, Failure> {
        let peers = repository.target.join("peers/venv/bin/python").to_string_lossy().into_owned();
        let (own, asked) = ("python3".to_owned(), std::env::var("PYTHON").ok());
        let tried = asked.clone().map_or_else(|| vec![peers, own.clone()], |python| vec![python]);
        let program = "import torch, pathlib; print(torch.__version__, pathlib.Path(torch.__file__).parent.parent)";
        for python in &tried {
            if !repository.program(python, &["-c", "import torch"]).succeeds() {
                continue;
            }
            let said = repository.program(python, &["-c", program]).output()?;
            if let Some((version, packages)) = said.trim().split_once(' ')
                && libtorch::is_right(version)
            {
                return Ok(Torch { python: python.clone(), packages: packages.into() });
            }
        }
        let mut why = format!("{}: no torch {}", tried.join(" and "), libtorch::VERSION);
        if asked.is_none() {
            match stand_ins::set_up(repository, &own) {
                Ok(packages) => return Ok(Torch { python: own, packages }),
                Err(Failure(fetched)) => why = format!("{why}; {fetched}"),
            }
        }
        Err(Failure(format!("{why}; set PYTHON to a Python that has it")))
    }
}

/// A Python of its own under the build folder, with the package built and installed; with `torch` by the feature of that name,
/// on that one's torch.
pub(crate) fn environment(
    repository: &Repository,
    requirements: &[&str],
    torch: Option<&Torch>,
) -> Result<PathBuf, Failure> {
    let folder = repository.target.join(if torch.is_some() { "python-torch" } else { "python" });
    let python = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let show = |line: CommandLine| {
        println!("$ {line}");
        line.stream(|_| ())
    };
    if !python.exists() {
        let base = torch.map_or("python3", |torch| &torch.python);
        show(repository.program(base, &["-m", "venv", &folder.to_string_lossy()]).shown_as("python"))?;
    }
    let program = python.to_string_lossy();
    let pip = |words: &[&str]| {
        let words = [&["-m", "pip", "install", "--quiet", "--disable-pip-version-check"], words].concat();
        show(repository.program(&program, &words).shown_as("python"))
    };
    let package = ["--force-reinstall", "--no-deps", "./crates/python"];
    let Some(torch) = torch else {
        pip(requirements)?;
        pip(&package)?;
        return Ok(python);
    };
    println!("{}", libtorch::set_up(repository)?);
    // Torch does not load without it; what was fetched for libtorch comes without what it needs.
    pip(&[requirements, &["typing-extensions>=4.10"]].concat())?;
    // Its packages are found after ours, torch among them; pip would name all that the fetched one lacks.
    let own =
        repository.program(&program, &["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]).output()?;
    let path = Path::new(own.trim()).join("torch_of_another.pth");
    fs::write(&path, format!("{}\n", torch.packages.display()))
        .map_err(|why| Failure(format!("{} cannot be written: {why}", path.display())))?;
    pip(&[&package[..], &["--config-settings=build-args=--features torch,parquet"]].concat())?;
    Ok(python)
}
