//! The main job as a process: what it writes, how it refuses, and that a killed run goes on to the same bits.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use program::trial::{Trial, json};

fn program() -> &'static Trial {
    static PROGRAM: OnceLock<Trial> = OnceLock::new();
    PROGRAM.get_or_init(|| Trial::of("ensemble"))
}

fn folder(name: &str) -> PathBuf {
    program().folder(name)
}

fn ok(folder: &Path, args: &str) -> String {
    program().ok(folder, args)
}

fn refused(folder: &Path, args: &str, parts: &[&str]) {
    program().refused(folder, args, parts);
}

#[test]
fn the_article_writes_figures_report_and_json() {
    let dir = folder("article");
    let said = ok(&dir, "--members 6 --epochs 30 --json all.json");
    assert!(said.contains("epistemic only"), "{said}");
    let figures =
        ["1-data.png", "2-bands.png", "3-priors.png", "4-members.png", "5-combinations.png", "6-sine-prior.png"];
    for name in figures {
        assert!(fs::read(dir.join("out/ensemble").join(name)).unwrap().starts_with(b"\x89PNG"), "{name}");
        assert!(said.contains(name), "{said}");
    }
    let report = fs::read_to_string(dir.join("out/ensemble/report.html")).unwrap();
    assert_eq!(report.matches("src=\"data:image/png;base64,").count(), figures.len());
    assert!(!report.contains("src=\"http"));
    let all = json(&dir.join("all.json"));
    assert_eq!((&all["backend"], &all["dtype"]), (&"ndarray".into(), &"float32".into()));
    assert_eq!((&all["members"], &all["epochs"], &all["rows"]), (&6.into(), &30.into(), &10.into()));
    assert!(all["train_seconds"].as_f64().unwrap() > 0.0);
    let reports = all["reports"].as_array().unwrap();
    assert_eq!(reports.len(), 6);
    assert!(reports.iter().all(|r| r["final_loss"].is_f64() && r["converged"].is_boolean() && r["status"].is_string()));
    for key in ["x", "mean", "sd"] {
        assert_eq!(all[key].as_array().unwrap().len(), 401, "{key}");
    }
    assert_eq!(all["runs"].as_array().unwrap().len(), 4);
    let left: Vec<_> = fs::read_dir(dir.join("out/ensemble")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.iter().all(|n| !n.to_string_lossy().ends_with(".tmp")), "{left:?}");
}

#[test]
fn lazy_chunks_are_a_backend_like_others() {
    let dir = folder("chunked");
    let grid = |backend: &str| {
        let out = format!("{backend}-out");
        ok(
            &dir,
            &format!("--members 3 --epochs 8 --dtype float64 --backend {backend} --out {out} --json {out}/all.json"),
        );
        let all = json(&dir.join(out).join("all.json"));
        assert_eq!(all["backend"], backend);
        let numbers = all["mean"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap());
        numbers.collect::<Vec<_>>()
    };
    for (a, b) in grid("chunked").into_iter().zip(grid("ndarray")) {
        assert!((a - b).abs() < 1e-9, "{a} is not {b}");
    }
}

#[test]
fn every_experiment_runs() {
    let dir = folder("experiments");
    for (experiment, files) in [
        ("notebook", &["2-one-model.png", "3-bands.png"][..]),
        ("beta-sweep", &["1-bands.png", "2-members.png"]),
        ("combinations", &["1-combinations.png", "2-members.png"]),
        ("animation", &["1-neither.gif", "2-prior.gif", "3-prior-and-bootstrap.gif", "4-sine-prior.gif"]),
    ] {
        ok(&dir, &format!("--experiment {experiment} --members 3 --epochs 4 --rows 12 --out {experiment}"));
        for file in files {
            assert!(dir.join(experiment).join(file).exists(), "{experiment}: {file}");
        }
    }
    // One frame before training and one after each epoch; each begins with a graphic control extension.
    let gif = fs::read(dir.join("animation/2-prior.gif")).unwrap();
    assert_eq!(gif.windows(4).filter(|w| *w == [0x21, 0xf9, 4, 5] || *w == [0x21, 0xf9, 4, 4]).count(), 5);
}

/// Rows of a straight line with a category, and a little noise that is the same on every machine.
fn table(rows: usize) -> String {
    let row = |i: usize| {
        let (a, colour) = (i as f64 / rows as f64, ["red", "blue"][i % 2]);
        let noise = ((i * 7919) % 101) as f64 / 1000.0;
        format!("{a},{colour},{}\n", 2.0 * a + (i % 2) as f64 + noise)
    };
    std::iter::once("a,colour,y\n".to_string()).chain((0..rows).map(row)).collect()
}

#[test]
fn a_table_is_learnt_saved_and_predicted() {
    let dir = folder("table");
    fs::write(dir.join("t.csv"), table(120)).unwrap();
    fs::write(dir.join("new.csv"), "colour,a\nred,0.5\nblue,0.25\n").unwrap();
    let small = "--data t.csv --target y --members 8 --widths 16 --epochs 200 --json m.json";
    let said = ok(&dir, small);
    assert!(said.contains("epistemic only") && said.contains("nominal coverage"), "{said}");
    assert!(!fs::read_to_string(dir.join("out/ensemble/predictions.csv")).unwrap().contains("aleatoric_sd"));
    let metrics = &json(&dir.join("m.json"))["metrics"];
    assert!(metrics["rmse"].as_f64().unwrap() < 0.3, "{metrics}");

    let said = ok(&dir, &format!("{small} --recipe tabular --holdout 0.2"));
    assert!(said.contains("prior scale") && said.contains("corrected with"), "{said}");
    assert!(!said.contains("epistemic only"), "{said}");
    let predictions = fs::read_to_string(dir.join("out/ensemble/predictions.csv")).unwrap();
    assert_eq!(predictions.lines().count(), 25);
    ok(&dir, "predict --model out/ensemble/model --data new.csv --level 0.8 --out p.csv");
    let p = fs::read_to_string(dir.join("p.csv")).unwrap();
    let lines: Vec<Vec<&str>> = p.lines().map(|l| l.split(',').collect()).collect();
    assert_eq!(lines[0], ["line", "mean", "epistemic_sd", "aleatoric_sd", "total_sd", "lower", "upper"]);
    for (line, due) in lines[1..].iter().zip([1.05, 1.55]) {
        let v: Vec<f64> = line.iter().map(|c| c.parse().unwrap()).collect();
        assert!((v[1] - due).abs() < 0.3 && v[5] < v[1] && v[1] < v[6], "{line:?}");
        assert!((v[4].powi(2) - v[2].powi(2) - v[3].powi(2)).abs() < 1e-6, "{line:?}");
    }

    refused(&dir, "predict --model out/ensemble/model --data new.csv --level 0.999", &["0.999", "calibration rows"]);
    fs::write(dir.join("green.csv"), "colour,a\ngreen,0.5\n").unwrap();
    refused(&dir, "predict --model out/ensemble/model --data green.csv", &["green", "blue, red", "line 2"]);
    fs::write(dir.join("less.csv"), "colour\nred\n").unwrap();
    refused(&dir, "predict --model out/ensemble/model --data less.csv", &["column 'a' is missing"]);
    refused(&dir, "predict --model nowhere --data new.csv", &["nowhere", "--model"]);
    refused(&dir, "predict --model out/ensemble/model --data new.csv --out no/p.csv", &["no/p.csv", "--out"]);
    let weights = dir.join("out/ensemble/model/model.safetensors");
    let bytes = fs::read(&weights).unwrap();
    fs::write(&weights, &bytes[..bytes.len() / 2]).unwrap();
    refused(&dir, "predict --model out/ensemble/model --data new.csv --out q.csv", &["model.safetensors"]);
    assert!(!dir.join("q.csv").exists());
    // Nothing held out: no measurement, and no file that an earlier run left.
    let said = ok(&dir, &format!("{small} --holdout 0"));
    assert!(said.contains("nothing is measured") && !dir.join("out/ensemble/predictions.csv").exists(), "{said}");
}

#[test]
fn wrong_input_is_refused_with_what_to_do() {
    let dir = folder("refused");
    fs::write(dir.join("t.csv"), table(30)).unwrap();
    fs::write(dir.join("flat.csv"), "a,y\n1,5\n2,5\n3,5\n4,5\n").unwrap();
    fs::write(dir.join("holes.csv"), "a,y\n1,5\n,6\n3,7\n4,8\n").unwrap();
    fs::write(dir.join("empty.csv"), "").unwrap();
    fs::write(dir.join("infinite.csv"), "a,y\n1,5\n2,inf\n3,7\n4,8\n").unwrap();
    fs::write(dir.join("file"), "").unwrap();
    let cases: &[(&str, &[&str])] = &[
        ("--colour red", &["--colour"]),
        ("--backend torch", &["`torch`", "--features torch"]),
        ("--backend numpy", &["`numpy`", "ndarray"]),
        ("--backend ndarray:moon", &["moon", "cpu"]),
        ("--experiment books", &["books", "article"]),
        ("--lr -1", &["-1", "learning rate", "positive"]),
        ("--lr NaN", &["NaN", "learning rate"]),
        ("--members 0", &["at least one member"]),
        ("--epochs 0", &["at least one epoch"]),
        ("--widths 20,x", &["20,x"]),
        ("--widths 20,0", &["no units"]),
        ("--prior cosine", &["cosine", "sine:FREQUENCY"]),
        ("--prior-scale -2", &["-2", "prior scale"]),
        ("--noise gaussian", &["gaussian:SD"]),
        ("--noise gaussian:-1", &["-1"]),
        ("--dtype int32", &["int32", "float64"]),
        ("--activation step", &["step", "selu"]),
        ("--batch 0", &["batch"]),
        ("--rows 0", &["--rows 0"]),
        ("--checkpoint-every 0", &["checkpoint-every"]),
        ("--experiment beta-sweep --scale 2", &["--prior-scale", "beta-sweep"]),
        ("--experiment animation --resume", &["--resume"]),
        ("--data t.csv", &["--target"]),
        ("--target y", &["--data"]),
        ("--recipe tabular", &["--data"]),
        ("--data t.csv --target y --experiment article", &["--experiment"]),
        ("--data none.csv --target y", &["none.csv"]),
        ("--data t.csv --target price", &["price", "a, colour, y"]),
        ("--data t.csv --target colour", &["colour", "numeric", "red"]),
        ("--data flat.csv --target y", &["constant", "5"]),
        ("--data holes.csv --target y", &["'a'", "line 3", "--missing"]),
        ("--data empty.csv --target y", &["empty.csv", "empty"]),
        ("--data infinite.csv --target y", &["line 3", "inf"]),
        ("--data t.csv --target y --ignore colour,b", &["'b'"]),
        ("--data t.csv --target y --holdout 1.5", &["1.5", "share"]),
        ("--data t.csv --target y --holdout 0.99", &["0.99", "train"]),
        ("--data t.csv --target y --level 90", &["90", "0.9"]),
        ("--data t.csv --target y --recipe tabular --noise none", &["early stopping", "bootstrap"]),
        ("--out file", &["file", "--out"]),
        ("--out file/below", &["file/below", "--out"]),
        ("--json no/where.json", &["no/where.json", "--json"]),
        ("--json .", &["--json"]),
    ];
    for (args, parts) in cases {
        refused(&dir, args, parts);
    }
    assert!(!dir.join("out").exists(), "what is refused leaves nothing behind");
}

#[test]
fn another_run_is_not_resumed() {
    let dir = folder("other");
    let args = "--members 4 --epochs 10 --checkpoint-every 5";
    ok(&dir, args);
    refused(&dir, &format!("{args} --resume --lr 0.01"), &["other data, options", "resume"]);
    refused(&dir, &format!("{args} --resume --rows 20"), &["other data, options"]);
    // A run that has ended gives way to the next one; one that has not does not.
    ok(&dir, &format!("{args} --lr 0.01"));
    fs::remove_file(dir.join("out/ensemble/checkpoints/finished")).unwrap();
    refused(&dir, args, &["has not ended", "--resume", "--out"]);
    ok(&dir, &format!("{args} --lr 0.01 --resume"));
    let checkpoints = dir.join("out/ensemble/checkpoints/ensemble");
    let file = fs::read_dir(&checkpoints)
        .unwrap()
        .map(|e| e.unwrap().path())
        .find(|p| p.extension().is_some_and(|e| e == "safetensors"));
    let file = file.expect("a group's checkpoint");
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() - 7]).unwrap();
    refused(&dir, &format!("{args} --lr 0.01 --resume"), &["checkpoints"]);
}

/// Everything that was measured, without the times.
fn without_times(mut v: serde_json::Value) -> serde_json::Value {
    match &mut v {
        serde_json::Value::Object(o) => {
            o.remove("train_seconds");
            o.values_mut().for_each(|v| *v = without_times(v.take()));
        }
        serde_json::Value::Array(a) => a.iter_mut().for_each(|v| *v = without_times(v.take())),
        _ => {}
    }
    v
}

/// 30 kills at moments spread over the run, a checkpoint of every group after every epoch, then on to the end.
#[test]
fn killed_thirty_times_and_resumed_gives_the_same_bits() {
    let (whole, cut) = (folder("whole"), folder("cut"));
    let args = "--members 12 --epochs 60 --checkpoint-every 1 --json all.json";
    let start = Instant::now();
    ok(&whole, args);
    let length = start.elapsed();
    let start = |resume: bool| {
        let mut command = Command::new(&program().program);
        command.current_dir(&cut).args(args.split_whitespace()).stdout(Stdio::null()).stderr(Stdio::piped());
        command.args(resume.then_some("--resume")).spawn().expect("the program starts")
    };
    let mut state = 0x9e37_79b9_u64;
    let (mut kills, mut torn) = (0, 0);
    while kills < 30 {
        let mut child = start(kills > 0);
        // Short against the run, so that most kills find it training.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let share = (state >> 40) as f64 / (1u64 << 24) as f64;
        std::thread::sleep(Duration::from_secs_f64(length.as_secs_f64() * (0.02 + 0.2 * share)));
        child.kill().expect("a child can be killed");
        let out = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.code().is_none_or(|c| c == 0), "a resumed run fails only by being killed: {said}");
        kills += 1;
        torn += usize::from(has_half_written(&cut.join("out")));
    }
    println!("{torn} of {kills} kills fell into the writing of a file");
    ok(&cut, &format!("{args} --resume"));
    assert_eq!(without_times(json(&whole.join("all.json"))), without_times(json(&cut.join("all.json"))));
    for file in ["model.safetensors", "encoding.json"] {
        let read = |dir: &Path| fs::read(dir.join("out/ensemble/model").join(file)).unwrap();
        assert!(read(&whole) == read(&cut), "{file} differs");
    }
}

/// Whether a temporary file lies somewhere below: a kill fell between its creation and its renaming.
fn has_half_written(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path());
    entries
        .into_iter()
        .any(|p| if p.is_dir() { has_half_written(&p) } else { p.extension().is_some_and(|e| e == "tmp") })
}
