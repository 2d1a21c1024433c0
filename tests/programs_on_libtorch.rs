//! The programs with `--backend torch` beside `--backend ndarray`: the same code, the same results.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use program::trial::{Trial, json};
use serde_json::Value;

fn programs() -> &'static [Trial; 3] {
    static PROGRAMS: OnceLock<[Trial; 3]> = OnceLock::new();
    PROGRAMS.get_or_init(|| Trial::on_libtorch(["gradient_sound", "benford", "time_maps"]))
}

/// What a program measures on each backend: `args` with `--backend`, `--out` and `--json` of its own.
fn both(program: &Trial, dir: &Path, args: &str) -> [Value; 2] {
    ["ndarray", "torch"].map(|backend| {
        program.ok(dir, &format!("{args} --backend {backend} --out {backend} --json {backend}/all.json"));
        let all = json(&dir.join(backend).join("all.json"));
        assert_eq!(all["backend"], backend);
        all
    })
}

/// Expects the same keys, texts and integers, and numbers that differ by less than `tolerance`, relative where they are larger
/// than 1; what lies below a key of `except` is passed over.
fn agree(ours: &Value, theirs: &Value, tolerance: f64, except: &[&str]) {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            assert!(a.keys().eq(b.keys()), "{:?} {:?}", a.keys(), b.keys());
            for (key, value) in a.iter().filter(|(key, _)| !except.contains(&key.as_str())) {
                agree(value, &b[key], tolerance, except);
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            assert_eq!(a.len(), b.len());
            a.iter().zip(b).for_each(|(a, b)| agree(a, b, tolerance, except));
        }
        (Value::Number(a), Value::Number(b)) if a.is_f64() && b.is_f64() => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            assert!((a - b).abs() <= tolerance * b.abs().max(1.0), "{a} {b}");
        }
        _ => assert_eq!(ours, theirs),
    }
}

fn folder(program: &Trial, name: &str) -> PathBuf {
    program.folder(&format!("libtorch-{name}"))
}

/// Losses and norms in float32, batch by batch: what differs by rounding is carried on from step to step.
#[test]
fn gradients_sound_the_same() {
    let [program, ..] = programs();
    let dir = folder(program, "sound");
    let [ours, theirs] = both(program, &dir, "--preset sgd-0.1,adam --batch 16 --batches 5");
    agree(&ours, &theirs, 2e-3, &["backend", "train_seconds", "accuracy"]);
    for run in 0..2 {
        let first = |all: &Value| serde_json::json!([all["runs"][run]["losses"][0], all["runs"][run]["norms"][0]]);
        agree(&first(&ours), &first(&theirs), 1e-5, &[]);
        let [a, b] = [&ours, &theirs].map(|all| all["runs"][run]["accuracy"].as_f64().unwrap());
        // Three of 359 digits.
        assert!((a - b).abs() < 0.01, "{a} {b}");
    }
    let sound = |backend: &str| std::fs::metadata(dir.join(backend).join("adam-batch-16.wav")).unwrap().len();
    assert_eq!(sound("ndarray"), sound("torch"));
}

/// A published model gives the same probabilities and draws the same tokens.
#[test]
fn a_published_model_says_the_same() {
    let [_, program, _] = programs();
    let dir = folder(program, "model");
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/gpt2/sharded");
    let args = format!("--model {} --prompt about --prompt of --generate 30 --top-k 8 --seed 3", model.display());
    let [ours, theirs] = both(program, &dir, &args);
    agree(&ours, &theirs, 1e-5, &["backend"]);
}

#[test]
fn a_model_is_trained_to_the_same() {
    let [_, program, _] = programs();
    let dir = folder(program, "trained");
    let [ours, theirs] = both(program, &dir, "--steps 6");
    agree(&ours, &theirs, 1e-3, &["backend", "model"]);
}

#[test]
fn columns_are_tested_the_same() {
    let [_, program, _] = programs();
    let dir = folder(program, "column");
    let [ours, theirs] = both(program, &dir, "--column area");
    agree(&ours, &theirs, 1e-12, &["backend"]);
}

#[test]
fn time_maps_are_the_same() {
    let [.., program] = programs();
    let dir = folder(program, "maps");
    let [ours, theirs] = both(program, &dir, "--zone Europe/Berlin");
    agree(&ours, &theirs, 1e-11, &["backend"]);
    for figure in ["person-1-map.png", "program-2-density.png", "person-5-periods.png"] {
        let read = |backend: &str| std::fs::read(dir.join(backend).join(figure)).unwrap();
        assert!(read("ndarray") == read("torch"), "{figure} differs");
    }
}

#[test]
fn a_device_that_is_not_there_is_refused() {
    for program in programs() {
        let dir = folder(program, "refused");
        program.refused(&dir, "--backend torch:cuda:77", &["cuda:77", "does not exist"]);
        assert!(!dir.join("out").exists());
    }
}
