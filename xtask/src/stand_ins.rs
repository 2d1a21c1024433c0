//! Libraries that stand in for CUDA's, so that Python loads the torch that `cargo xtask libtorch` fetched.
//!
//! On Linux PyPI's torch links CUDA's libraries, which take 5 GB. Of these, the part of it that is Python's wants some 130 symbols
//! to be there. What it calls of them while it is loaded only hands over what CUDA would call later, so functions that do
//! nothing will do. Nothing else on the CPU calls them. Tests use it; whoever uses torch installs it whole.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::repository::Repository;
use crate::{Failure, libtorch};

/// The libraries that are missing. The symbols of all are in the first one.
const LIBRARIES: [&str; 3] = ["libtorch_cuda.so", "libcudnn.so.9", "libcufile.so.0"];

/// Where torch's libraries look first for what they link. It is not where those of a libtorch are taken from, which would
/// take a stand-in for CUDA.
const PLACE: &str = "nvidia/cudnn/lib";

/// The folder of the fetched torch, with which `python` loads it.
pub(crate) fn set_up(repository: &Repository, python: &str) -> Result<PathBuf, Failure> {
    let packages = libtorch::folder(repository).join("packages");
    let says = |program: &str| repository.program(python, &["-c", program]).output();
    let suffix = says("import sysconfig; print(sysconfig.get_config_var('EXT_SUFFIX'))")?;
    let module = format!("torch/_C{}", suffix.trim());
    if !packages.join(&module).exists() {
        return Err(Failure(format!("{} has no {module}: `cargo xtask libtorch` fetches it", packages.display())));
    }
    let (libraries, place) = (packages.join("torch/lib"), packages.join(PLACE));
    let missing: Vec<&str> = LIBRARIES.into_iter().filter(|name| !libraries.join(name).exists()).collect();
    if !cfg!(target_os = "linux") || missing.iter().all(|name| place.join(name).exists()) {
        return Ok(packages);
    }
    let source = source(&unresolved(repository, &libraries)?);
    let written = |path: &Path, text: &str| {
        std::fs::write(path, text).map_err(|why| Failure(format!("{} cannot be written: {why}", path.display())))
    };
    std::fs::create_dir_all(&place).map_err(|why| Failure(format!("{}: {why}", place.display())))?;
    // The first one is written last: a folder with it is whole.
    for name in missing.into_iter().rev() {
        let (from, to) = (place.join(format!("{name}.c")), place.join(name));
        written(&from, if name == LIBRARIES[0] { &source } else { "" })?;
        let (from, to, named) = (from.to_string_lossy(), to.to_string_lossy(), format!("-Wl,-soname,{name}"));
        // Some of the names are the compiler's own functions, of other types.
        let flags = ["-shared", "-fPIC", "-w", "-fno-builtin"];
        repository.program("cc", &[&flags[..], &[&named, "-o", &to, &from]].concat()).stream(|_| ())?;
    }
    Ok(packages)
}

/// The symbols that Python's part of torch wants, and none of torch's own libraries has.
fn unresolved(repository: &Repository, libraries: &Path) -> Result<BTreeSet<String>, Failure> {
    let listed = |which: &str, path: &Path| {
        let path = path.to_string_lossy().into_owned();
        repository.program("nm", &["-D", "--portability", which, &path]).output()
    };
    let mut wanted = wanted(&listed("--undefined-only", &libraries.join("libtorch_python.so"))?);
    // Torch brings some of the system's symbols under no version of them.
    let system = repository.program("cc", &["-print-file-name=libstdc++.so.6"]).output()?;
    let own = ["libc10.so", "libc10_cuda.so", "libshm.so", "libtorch.so", "libtorch_cpu.so", "libtorch_python.so"];
    for path in own.map(|name| libraries.join(name)).iter().chain([&PathBuf::from(system.trim())]) {
        for line in listed("--defined-only", path)?.lines() {
            wanted.remove(line.split([' ', '@']).next().unwrap_or(line));
        }
    }
    Ok(wanted)
}

/// Of what `nm` lists as undefined, what may be CUDA's: most that belongs to the system says which version of it, and weak symbols
/// may be missing.
fn wanted(listed: &str) -> BTreeSet<String> {
    let strong = listed.lines().filter_map(|line| line.split_once(' ')).filter(|(_, rest)| rest.starts_with('U'));
    let names = strong.filter_map(|(name, _)| match name.split_once('@') {
        None => Some(name),
        Some((name, version)) => version.trim_start_matches('@').starts_with("libcudnn").then_some(name),
    });
    names.filter(|name| ["_Z", "cu"].iter().any(|start| name.starts_with(start))).map(str::to_owned).collect()
}

/// Functions that give memory of zeros, which serve as a pointer, a reference and a number. Types of C++ have their name, by which
/// they are told apart, tables of functions are empty.
fn source(symbols: &BTreeSet<String>) -> String {
    let mut text =
        String::from("static char nothing[1 << 16];\nextern void *_ZTVN10__cxxabiv117__class_type_infoE[];\n");
    for symbol in symbols {
        // Writing to a string does not fail.
        let _ = if let Some(name) = symbol.strip_prefix("_ZTI") {
            writeln!(text, "void *{symbol}[] = {{_ZTVN10__cxxabiv117__class_type_infoE + 2, \"{name}\"}};")
        } else if symbol.starts_with("_ZT") {
            writeln!(text, "char {symbol}[4096];")
        } else {
            writeln!(text, "void *{symbol}(void) {{ return nothing; }}")
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cudas_is_wanted() {
        let listed = "_ZN2at4cuda5sleepEl U         \n_Znwm@GLIBCXX_3.4 U         \ncudnnGetProperty@libcudnn.so.9 U  \n\
                      PyList_New U   \n__gmon_start__ w   \ncuFileRead U   \ncudaMalloc@libcudart.so.13 U   \n\
                      _ZTHN3c104impl3setE w   \n";
        let found: Vec<String> = wanted(listed).into_iter().collect();
        assert_eq!(found, ["_ZN2at4cuda5sleepEl", "cuFileRead", "cudnnGetProperty"]);
    }

    #[test]
    fn types_have_their_name_and_functions_give_memory() {
        let text = source(&["_ZTI4Type", "_ZTV4Type", "call"].map(str::to_owned).into());
        assert!(text.contains("void *_ZTI4Type[] = {_ZTVN10__cxxabiv117__class_type_infoE + 2, \"4Type\"};"), "{text}");
        assert!(
            text.contains("char _ZTV4Type[4096];") && text.contains("void *call(void) { return nothing; }"),
            "{text}"
        );
    }
}
