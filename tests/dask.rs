//! The examples `ensemble` and `mle` with `--scheduler`: results, errors, and runs that go on. This needs Python's package, so it
//! is run by the checks of that only, which name their Python by `ARRAY_PROTOCOL_PYTHON`.

#[path = "../crates/array-chunked/tests/cluster/mod.rs"]
mod cluster;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use program::trial::{Trial, json};
use serde_json::Value;

use cluster::Cluster;

fn ensemble() -> &'static Trial {
    static PROGRAM: OnceLock<Trial> = OnceLock::new();
    PROGRAM.get_or_init(|| Trial::of("ensemble"))
}

fn mle() -> &'static Trial {
    static PROGRAM: OnceLock<Trial> = OnceLock::new();
    PROGRAM.get_or_init(|| Trial::of("mle"))
}

/// Files of an ending anywhere below a folder.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = vec![];
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => found.extend(files(&path, ending)),
            path if path.extension().is_some_and(|e| e == ending) => found.push(path),
            _ => {}
        }
    }
    found.sort();
    found
}

/// What a run measured, without its times.
fn measured(path: &Path) -> Value {
    fn without_times(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.retain(|name, _| !name.contains("seconds"));
                fields.values_mut().for_each(without_times);
            }
            Value::Array(items) => items.iter_mut().for_each(without_times),
            _ => {}
        }
    }
    let mut all = json(path);
    without_times(&mut all);
    all
}

#[test]
fn an_ensemble_on_a_cluster_is_the_one_here() {
    let cluster = Cluster::new();
    let dir = ensemble().folder("cluster");
    let words = "--experiment beta-sweep --members 6 --epochs 40";
    ensemble().ok(&dir, &format!("{words} --out here --json here.json"));
    let there = format!("{words} --out there --json there.json --checkpoint-every 10 --scheduler {}", cluster.address);
    ensemble().ok(&dir, &there);
    assert_eq!(measured(&dir.join("here.json")), measured(&dir.join("there.json")));
    let weights = |out: &str| fs::read(dir.join(out).join("model/model.safetensors")).unwrap();
    assert_eq!(weights("here"), weights("there"));

    // A run that was cut off goes on: nothing is trained that is there.
    let checkpoints = dir.join("there/checkpoints");
    let kept = files(&checkpoints, "result");
    assert_eq!(kept.len(), 4 * 6, "{kept:?}");
    fs::remove_file(checkpoints.join("finished")).unwrap();
    fs::remove_file(&kept[0]).unwrap();
    let changed = |path: &PathBuf| fs::metadata(path).unwrap().modified().unwrap();
    let times: Vec<_> = kept[1..].iter().map(changed).collect();
    ensemble().refused(&dir, &there, &["--resume"]);
    ensemble().ok(&dir, &format!("{there} --resume"));
    assert_eq!(measured(&dir.join("here.json")), measured(&dir.join("there.json")));
    assert_eq!(files(&checkpoints, "result"), kept);
    assert_eq!(kept[1..].iter().map(changed).collect::<Vec<_>>(), times);
    fs::remove_file(checkpoints.join("finished")).unwrap();
    ensemble().refused(&dir, &format!("{there} --resume --seed 5"), &["members-", "other data or settings"]);
}

#[test]
fn a_bootstrap_on_a_cluster_is_the_one_here() {
    let cluster = Cluster::new();
    let dir = mle().folder("cluster");
    let share = |i: usize| ((i * 7919 + 13) % 1009) as f64 / 1009.0;
    let rows: String = (0..400).map(|i| format!("{}\n", 2.0 * (-share(i).max(1e-3).ln()).powf(0.6))).collect();
    fs::write(dir.join("x.csv"), format!("x\n{rows}")).unwrap();
    let refits = "fit --data x.csv --distribution weibull --column x --interval bootstrap --replicates 200";
    let starts = "fit --data x.csv --distribution triangular --column x";
    for (name, words) in [("refits", refits), ("starts", starts)] {
        mle().run(&dir, &format!("{words} --json here.json"));
        let there = format!("{words} --json there.json --scheduler {} --checkpoint {name}", cluster.address);
        mle().run(&dir, &there);
        assert_eq!(json(&dir.join("here.json")), json(&dir.join("there.json")), "{name}");
        assert!(!files(&dir.join(name), "result").is_empty(), "{name}");
        fs::remove_file(dir.join("there.json")).unwrap();
    }
    let other = format!("{refits} --seed 1 --scheduler {} --checkpoint refits", cluster.address);
    mle().refused(&dir, &other, &["refits-", "other data or settings"]);
}

#[test]
fn what_is_missing_is_said() {
    let dir = ensemble().folder("missing");
    let nobody = "--members 2 --epochs 2 --experiment beta-sweep --scheduler tcp://127.0.0.1:1";
    ensemble().refused(&dir, nobody, &["tcp://127.0.0.1:1"]);
    ensemble().refused(&dir, "--pieces 3", &["--scheduler"]);
    let watched = "--members 2 --epochs 2 --experiment animation --scheduler tcp://127.0.0.1:1";
    ensemble().refused(&dir, watched, &["every epoch is watched", "without --scheduler"]);
    for python in ["no-such-python", "/bin/false"] {
        let mut program = ensemble().command(&dir);
        program.env("ARRAY_PROTOCOL_PYTHON", python).args(nobody.split_whitespace());
        let out = program.output().unwrap();
        let said = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(2), "{said}");
        for part in [python, "pip install", "ARRAY_PROTOCOL_PYTHON"] {
            assert!(said.contains(part), "`{part}` is not in {said}");
        }
    }
}
