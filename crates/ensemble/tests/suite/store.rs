//! Files and checkpoints: what is read is what was written, and what cannot be is refused with the path.

use array_api::{Array, Error, Namespace, Tree};
use ensemble::{
    Checkpoints, EarlyStopping, Fit, Head, Model, Optimizer, Options, Prior, Snapshot, has_checkpoint, load, save,
};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// An empty folder of the test's own, and of the backend's.
fn folder(name: &str) -> PathBuf {
    let kind = crate::namespace().kind().name();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("store-{kind}-{name}"));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

fn data(xp: &Namespace) -> (Array, Array) {
    let x: Vec<Vec<f64>> = (0..24).map(|i| vec![i as f64 / 24.0, (i as f64).sin()]).collect();
    let y: Vec<f64> = x.iter().map(|r| r[0] + 0.3 * r[1]).collect();
    (xp.asarray(x).unwrap(), xp.asarray(y).unwrap())
}

fn options() -> Options {
    Options { members: 5, widths: vec![6], epochs: 9, seed: 11, ..Options::default() }
}

fn bits(a: &Array) -> Vec<u64> {
    a.to_host().unwrap().to_f64().unwrap().into_iter().map(f64::to_bits).collect()
}

fn everything(model: &Model) -> Vec<Vec<u64>> {
    let (x, _) = data(&crate::namespace());
    let p = model.predict_with(&x, &[0, 1, 2, 3, 4]).unwrap();
    let mut all: Vec<_> = model.params().leaves().into_iter().map(bits).collect();
    all.push(bits(&p.members));
    all.extend(p.aleatoric.as_ref().map(bits));
    all
}

fn message<T>(result: array_api::Result<T>) -> String {
    result.err().expect("this must be refused").to_string()
}

#[test]
fn a_model_is_the_same_after_saving_and_loading() {
    let xp = crate::namespace();
    let (x, y) = data(&xp);
    let priors = [
        Options::default().prior,
        Prior::Fourier { features: 4, lengthscale: 1.0 },
        Prior::None,
        Prior::Linear { sd: 2.0 },
        Prior::Function,
    ];
    let path = folder("round-trip").join("model.safetensors");
    for prior in priors {
        for head in [Head::Mean { noise_sd: Some(0.1) }, Head::Noise, Head::Variance] {
            let options = Options { prior, head, standardize: true, ..options() };
            let ones = |x: &Array| array_api::mean(x, array_api::axis(1).keepdims());
            let model = Fit::new(options, &xp).prior_function(ones).run(&x, &y).unwrap();
            model.save(&path).unwrap();
            let again = Model::load(&path, &xp, Some(std::sync::Arc::new(ones))).unwrap();
            assert_eq!(everything(&model), everything(&again), "{prior:?} {head:?}");
            assert_eq!(model.reports(), again.reports());
            assert_eq!(model.options(), again.options());
        }
    }
    assert!(message(Model::load(&path, &xp, None)).contains("give it again"));
}

#[test]
fn names_are_readable_and_members_lead() {
    let xp = crate::namespace();
    let (x, y) = data(&xp);
    let path = folder("names").join("model.safetensors");
    Fit::new(Options { head: Head::Noise, ..options() }, &xp).run(&x, &y).unwrap().save(&path).unwrap();
    let file = load(&path).unwrap();
    let rows = [
        ("params.network.layers.0.weight", vec![5, 2, 6]),
        ("params.network.layers.0.bias", vec![5, 6]),
        ("params.network.layers.1.weight", vec![5, 6, 1]),
        ("params.log_variance", vec![5, 1]),
        ("prior.network.layers.1.bias", vec![5, 1]),
        ("x.center", vec![2]),
        ("y.scale", vec![1]),
    ];
    for (name, shape) in rows {
        assert_eq!(file.array(&xp, name).unwrap().shape().unwrap(), shape, "{name}");
    }
}

#[test]
fn files_that_cannot_be_a_model_are_refused_with_their_path() {
    let xp = crate::namespace();
    let (x, y) = data(&xp);
    let folder = folder("broken");
    let path = folder.join("model.safetensors");
    Fit::new(options(), &xp).run(&x, &y).unwrap().save(&path).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let refused = |what: &str, words: &[&str]| {
        let m = message(Model::load(&path, &xp, None));
        for word in words.iter().chain([&"model.safetensors"]) {
            assert!(m.contains(word), "{what}: `{m}` lacks `{word}`");
        }
    };
    for length in [0, 1, 7, 8, 100, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..length]).unwrap();
        refused("truncated", &["not a whole safetensors file"]);
    }
    std::fs::write(&path, b"epoch,loss\n1,0.5\n2,0.25\n").unwrap();
    refused("a table", &["not a whole safetensors file"]);
    std::fs::remove_file(&path).unwrap();
    refused("no file", &[]);
    let text = |b: &[u8], from: &str, to: &str| {
        assert_eq!(from.len(), to.len(), "the header's length must stay");
        let at = b.windows(from.len()).position(|w| w == from.as_bytes()).unwrap();
        let mut b = b.to_vec();
        b[at..at + from.len()].copy_from_slice(to.as_bytes());
        b
    };
    let changes = [
        ("another version", r#"{\"version\":1"#, r#"{\"version\":7"#, "version 7"),
        ("a missing tensor", "params.network.layers.0.weight", "params.network.layers.0.wxxxxt", "has no tensor"),
        ("other metadata", "\"model\":", "\"modex\":", "metadata `model`"),
        ("other members", r#"\"members\":5"#, r#"\"members\":6"#, "5 reports on 6 members"),
        ("other widths", r#"\"widths\":[6]"#, r#"\"widths\":[7]"#, "is due"),
        ("no members", r#"\"members\":5"#, r#"\"members\":0"#, "at least one member"),
    ];
    for (what, from, to, due) in changes {
        std::fs::write(&path, text(&whole, from, to)).unwrap();
        refused(what, &[due]);
    }
    // A file of arrays that is not a model.
    let other = folder.join("other-model.safetensors");
    save(&other, &vec![xp.ones([2]).unwrap()], HashMap::new()).unwrap();
    assert!(message(Model::load(&other, &xp, None)).contains("other-model.safetensors has no metadata `model`"));
    // A folder that does not exist, and nothing half-written.
    let m = message(Fit::new(options(), &xp).run(&x, &y).unwrap().save(&folder.join("absent/model.safetensors")));
    assert!(m.contains("absent"), "{m}");
    let left = std::fs::read_dir(&folder).unwrap().filter(|e| e.as_ref().unwrap().path().extension().unwrap() == "tmp");
    assert_eq!(left.count(), 0);
}

fn checkpoints(folder: &Path, every: u64, resume: bool) -> Checkpoints {
    Checkpoints { folder: folder.to_path_buf(), every, resume }
}

#[test]
fn a_run_resumed_from_any_epoch_is_the_uninterrupted_one() {
    let xp = crate::namespace();
    let (x, y) = data(&xp);
    let stop = Some(EarlyStopping { every: 1, patience: 2 });
    let table = [
        options(),
        Options { batch: Some(7), head: Head::Variance, standardize: true, ..options() },
        Options { early_stopping: stop, ..options() },
        Options { optimizer: Optimizer::Sgd { momentum: 0.9 }, learning_rate: 0.01, head: Head::Noise, ..options() },
    ];
    for (n, options) in table.into_iter().enumerate() {
        let due = Fit::new(options.clone(), &xp).run(&x, &y).unwrap();
        let longest = due.histories().iter().map(Vec::len).max().unwrap() as u64;
        for every in [1, 4] {
            for epoch in 0..=longest {
                let folder = folder(&format!("resume-{n}-{every}-{epoch}"));
                let end = |s: &Snapshot<'_>| match s.epoch == epoch {
                    true => Err(Error::value("observer", "the power is gone")),
                    false => Ok(()),
                };
                let cut = Fit::new(options.clone(), &xp).checkpoints(checkpoints(&folder, every, false)).observe(&end);
                assert!(message(cut.run(&x, &y)).contains("the power is gone"));
                assert!(has_checkpoint(&folder));
                let again = Fit::new(options.clone(), &xp).checkpoints(checkpoints(&folder, every, true));
                let again = again.run(&x, &y).unwrap();
                assert_eq!(everything(&again), everything(&due), "options {n}, every {every}, cut at {epoch}");
                assert_eq!(again.reports(), due.reports());
                assert_eq!(again.histories(), due.histories());
                // A finished run gives its model again.
                let third = Fit::new(options.clone(), &xp).checkpoints(checkpoints(&folder, every, true));
                assert_eq!(everything(&third.run(&x, &y).unwrap()), everything(&due));
                std::fs::remove_dir_all(&folder).unwrap();
            }
        }
    }
}

#[test]
fn what_is_not_the_same_run_is_refused() {
    let xp = crate::namespace();
    let (x, y) = data(&xp);
    let folder = folder("other");
    let run = |options: Options, x: &Array, y: &Array, resume: bool| {
        Fit::new(options, &xp).checkpoints(checkpoints(&folder, 2, resume)).run(x, y)
    };
    run(options(), &x, &y, false).unwrap();
    assert!(message(run(options(), &x, &y, false)).contains("continue it with resume"));
    let others = [
        Options { seed: 12, ..options() },
        Options { epochs: 10, ..options() },
        Options { learning_rate: 0.051, ..options() },
        Options { prior_scale: 2.0, ..options() },
    ];
    for other in others {
        assert!(message(run(other, &x, &y, true)).contains("other data, options or backend"));
    }
    let moved = array_api::add(&y, 1e-12).unwrap();
    assert!(message(run(options(), &x, &moved, true)).contains("other data"));
    assert!(run(options(), &x, &y, true).is_ok());
    // A state that was damaged, or belongs to another run, is not taken.
    let state = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path());
    let state: Vec<_> = state.filter(|p| p.extension().unwrap() == "safetensors").collect();
    let whole = std::fs::read(&state[0]).unwrap();
    std::fs::write(&state[0], &whole[..whole.len() - 5]).unwrap();
    let m = message(run(options(), &x, &y, true));
    assert!(m.contains(&state[0].file_name().unwrap().to_string_lossy().to_string()), "{m}");
    std::fs::write(folder.join("plan.json"), "{").unwrap();
    assert!(message(run(options(), &x, &y, true)).contains("plan.json"));
}
