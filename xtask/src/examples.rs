//! The examples of the root package, each run with a quick setting and held to what it promises.

use std::path::{Path, PathBuf};

use crate::Failure;
use crate::parts::RUST_PACKAGES;
use crate::test::Run;

/// How one example is tried. `{out}` stands for an empty folder of its own under target/.
struct Example {
    name: &'static str,
    args: &'static [&'static str],
    /// What its output must contain.
    says: &'static [&'static str],
    /// The files in `{out}` that must be there afterwards, and not be empty.
    leaves: &'static [&'static str],
}

const EXAMPLES: &[Example] = &[
    Example {
        name: "ensemble",
        args: &["--epochs", "20", "--members", "8", "--out", "{out}"],
        says: &["report.html"],
        leaves: &["report.html"],
    },
    Example {
        name: "benford",
        args: &["--steps", "20", "--generate", "20", "--out", "{out}", "--json", "{out}/all.json"],
        says: &["character-level model", "Egypt has a population of", "report.html"],
        leaves: &["digits.png", "prompts.png", "report.html", "all.json"],
    },
    Example {
        name: "gradient_sound",
        args: &[
            "--batch",
            "10",
            "--batches",
            "20",
            "--preset",
            "adam,sgd-1",
            "--out",
            "{out}",
            "--json",
            "{out}/all.json",
        ],
        says: &["held-out accuracy", "highest pitch", "report.html"],
        leaves: &[
            "adam-batch-10.wav",
            "sgd-1-batch-10.wav",
            "adam-batch-10-spectrogram.png",
            "report.html",
            "all.json",
        ],
    },
    Example {
        name: "time_maps",
        args: &["--out", "{out}", "--json", "{out}/all.json"],
        says: &["person", "program", "burstiness", "report.html"],
        leaves: &["person-1-map.png", "program-5-periods.png", "report.html", "all.json"],
    },
    Example {
        name: "mle",
        args: &[
            "nls",
            "--data",
            "examples/mle/data/misra1a.csv",
            "--response",
            "y",
            "--formula",
            "b1*(1-exp(-b2*x))",
            "--start",
            "b1=500,b2=0.0001",
            "--plot",
            "{out}",
            "--json",
            "{out}/fit.json",
        ],
        // What NIST certifies: 238.94212918 and 5.5015643181E-04.
        says: &["converged", "238.9421", "0.0005501564"],
        leaves: &["fit.png", "fit.json"],
    },
    Example {
        name: "likelihood_tour",
        args: &["--stop", "product", "--stop", "prior", "--out", "{out}", "--json", "{out}/all.json"],
        says: &["rows after which the product is 0", "ridge with λ = σ²/τ²", "report.html"],
        leaves: &["01-product.png", "08-prior.png", "report.html", "all.json"],
    },
    Example {
        name: "custom_array",
        args: &[],
        says: &["diagonal [0.0, 2.0]", "kernel registered at", "#[implements(exp)]", "counted 3 calls"],
        leaves: &[],
    },
];

/// Builds and runs every example; one without a row here is a failure.
pub(crate) fn run(run: &mut Run) -> Result<(), Failure> {
    let present: Vec<String> = run.repository.names_in("examples").iter().filter_map(|path| name(path)).collect();
    if let Some(unknown) = present.iter().find(|name| !EXAMPLES.iter().any(|row| row.name == **name)) {
        return Err(Failure(format!("the example `{unknown}` has no row in xtask/src/examples.rs: add one")));
    }
    // Of the packages that the tests were built of, so that what these compiled serves here too.
    run.step(&run.repository.cargo(&[&["build"], &RUST_PACKAGES[..], &["--examples"]].concat()))?;
    for row in EXAMPLES {
        if present.iter().any(|name| name == row.name) { try_row(run, row)? } else { missing(run, row) }
    }
    Ok(())
}

fn missing(run: &mut Run, row: &Example) {
    run.skip(&format!("example {}", row.name), &format!("there is no examples/{}/main.rs", row.name));
}

/// The example's name, by cargo's rule: a file, or a folder with a main.rs.
fn name(path: &Path) -> Option<String> {
    let named = if path.is_dir() { path.join("main.rs").exists() } else { path.extension()? == "rs" };
    let stem = if path.is_dir() { path.file_name() } else { path.file_stem() };
    named.then(|| stem.map(|stem| stem.to_string_lossy().into_owned())).flatten()
}

fn try_row(run: &mut Run, row: &Example) -> Result<(), Failure> {
    let out = run.repository.target.join("examples").join(row.name);
    empty(&out).map_err(|why| Failure(format!("{} cannot be emptied: {why}", out.display())))?;
    let shown = out.to_string_lossy();
    let args: Vec<String> = row.args.iter().map(|arg| arg.replace("{out}", &shown)).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let file = format!("{}{}", row.name, std::env::consts::EXE_SUFFIX);
    let program = run.repository.target.join("debug/examples").join(file);
    let line = run.repository.program(&program.to_string_lossy(), &words).shown_as(row.name);
    println!("$ {line}");
    let mut output = String::new();
    line.stream(|text| output.push_str(&format!("{text}\n")))?;
    let broken = broken_promises(row, &output, &out);
    if broken.is_empty() { Ok(()) } else { Err(Failure(format!("`{line}` {}", broken.join("; ")))) }
}

fn empty(folder: &Path) -> std::io::Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)
}

fn broken_promises(row: &Example, output: &str, out: &Path) -> Vec<String> {
    let unsaid = row.says.iter().filter(|text| !output.contains(**text));
    let size = |path: &PathBuf| std::fs::metadata(path).map_or(0, |meta| meta.len());
    let unwritten = row.leaves.iter().map(|file| out.join(file)).filter(|path| size(path) == 0);
    unsaid
        .map(|text| format!("did not print `{text}`"))
        .chain(unwritten.map(|path| format!("left no {}, or an empty one", path.display())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: Example = Example { name: "x", args: &[], says: &["done"], leaves: &["a.png"] };

    #[test]
    fn a_promise_kept_is_silent_and_a_broken_one_is_named() {
        let out = std::env::temp_dir().join(format!("xtask-promises-{}", std::process::id()));
        empty(&out).unwrap();
        let broken = broken_promises(&ROW, "nothing", &out);
        let file = out.join("a.png");
        assert_eq!(broken, ["did not print `done`".to_owned(), format!("left no {}, or an empty one", file.display())]);
        std::fs::write(&file, "").unwrap();
        assert_eq!(broken_promises(&ROW, "done", &out).len(), 1, "an empty file is no picture");
        std::fs::write(&file, "picture").unwrap();
        assert!(broken_promises(&ROW, "all done\n", &out).is_empty());
        std::fs::remove_dir_all(&out).unwrap();
    }

    #[test]
    fn examples_are_named_by_cargos_rule() {
        let folder = std::env::temp_dir().join(format!("xtask-names-{}", std::process::id()));
        empty(&folder).unwrap();
        std::fs::create_dir_all(folder.join("whole")).unwrap();
        std::fs::create_dir_all(folder.join("data")).unwrap();
        std::fs::write(folder.join("whole/main.rs"), "").unwrap();
        assert_eq!(name(&folder.join("whole")).as_deref(), Some("whole"));
        assert_eq!(name(&folder.join("data")), None);
        assert_eq!(name(Path::new("examples/custom_array.rs")).as_deref(), Some("custom_array"));
        assert_eq!(name(Path::new("examples/README.md")), None);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
