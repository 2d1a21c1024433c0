//! What cannot be used is refused with the user's own values, and never a panic; failed members are told, not averaged.

use array_api::{Array, DType, ErrorKind};
use ensemble::{EarlyStopping, Fit, Head, Model, Noise, Optimizer, Options, Penalty, Prior, Solver, Status};

fn small() -> Options {
    Options { members: 3, widths: vec![4], epochs: 5, ..Options::default() }
}

fn data() -> (Array, Array) {
    let xp = array_ndarray::namespace();
    let x: Vec<Vec<f64>> = (0..12).map(|i| vec![i as f64 / 12.0]).collect();
    let y: Vec<f64> = (0..12).map(|i| (i as f64 / 4.0).sin()).collect();
    (xp.asarray(x).unwrap(), xp.asarray(y).unwrap())
}

fn fit(options: Options, x: &Array, y: &Array) -> array_api::Result<Model> {
    Fit::new(options, &array_ndarray::namespace()).run(x, y)
}

#[test]
fn options_that_no_run_can_use() {
    let (x, y) = data();
    let adam = |beta1, epsilon| Optimizer::Adam { beta1, beta2: 0.999, epsilon };
    let stop = |every, patience| Some(EarlyStopping { every, patience });
    let linear = || Options { widths: vec![], biases: None, solver: Solver::ClosedForm, ..small() };
    let rows: Vec<(Options, &str)> = vec![
        (Options { members: 0, ..small() }, "at least one member"),
        (Options { widths: vec![4, 0], ..small() }, "hidden layer 1 has no units"),
        (Options { epochs: 0, ..small() }, "at least one epoch"),
        (Options { batch: Some(0), ..small() }, "at least one row"),
        (Options { learning_rate: -0.1, ..small() }, "-0.1"),
        (Options { learning_rate: f64::NAN, ..small() }, "NaN"),
        (Options { learning_rate: f64::INFINITY, ..small() }, "inf"),
        (Options { prior_scale: -1.0, ..small() }, "prior scale is -1"),
        (Options { dtype: DType::Int32, ..small() }, "int32"),
        (Options { dtype: DType::Complex64, ..small() }, "complex64"),
        (Options { noise: Noise::Gaussian { sd: -2.0 }, ..small() }, "-2"),
        (Options { head: Head::Mean { noise_sd: Some(f64::NAN) }, ..small() }, "NaN"),
        (Options { penalty: Penalty::L2 { strength: -3.0 }, ..small() }, "-3"),
        (Options { penalty: Penalty::Anchor { strength: f64::NAN }, ..small() }, "NaN"),
        (Options { prior: Prior::Fourier { features: 0, lengthscale: 1.0 }, ..small() }, "number of features"),
        (Options { prior: Prior::Fourier { features: 3, lengthscale: 0.0 }, ..small() }, "lengthscale is 0"),
        (Options { prior: Prior::Sine { frequency: f64::INFINITY }, ..small() }, "inf"),
        (Options { prior: Prior::Linear { sd: -1.0 }, ..small() }, "-1"),
        (Options { prior: Prior::Linear { sd: 1.0 }, prior_center: vec![1.0, 2.0], ..small() }, "2 numbers"),
        (Options { prior_center: vec![1.0], ..small() }, "linear prior"),
        (Options { prior: Prior::Function, ..small() }, "function of your own"),
        (Options { early_stopping: stop(1, 1), noise: Noise::None, ..small() }, "out-of-bag"),
        (Options { early_stopping: stop(1, 1), noise: Noise::Exponential, ..small() }, "Exponential"),
        (Options { early_stopping: stop(0, 1), ..small() }, "positive interval"),
        (Options { early_stopping: stop(1, 1), ..linear() }, "no epochs"),
        (Options { optimizer: adam(1.0, 1e-8), ..small() }, "out of range"),
        (Options { optimizer: adam(0.9, -1.0), ..small() }, "out of range"),
        (Options { optimizer: Optimizer::Sgd { momentum: f64::NAN }, ..small() }, "out of range"),
        (
            Options { optimizer: Optimizer::AdamW { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: -0.5 }, ..small() },
            "-0.5",
        ),
        (Options { solver: Solver::ClosedForm, ..small() }, "linear models only"),
        (Options { head: Head::Variance, ..linear() }, "linear models only"),
        (Options { penalty: Penalty::Anchor { strength: 1.0 }, ..linear() }, "linear models only"),
    ];
    for (options, word) in rows {
        let error = fit(options.clone(), &x, &y).err().unwrap_or_else(|| panic!("{options:?} is accepted"));
        assert_eq!(error.kind(), ErrorKind::Value, "{error}");
        assert!(error.to_string().contains(word), "`{error}` lacks `{word}`");
    }
}

#[test]
fn data_that_do_not_fit() {
    let xp = array_ndarray::namespace();
    let (x, y) = data();
    let zeros = |shape: Vec<usize>| xp.zeros(array_api::Dims::from(shape)).unwrap();
    let with = |row: usize, v: f64| {
        let mut values = vec![[0.0, 1.0]; 12];
        values[row][1] = v;
        xp.asarray(values.into_iter().map(|r| r.to_vec()).collect::<Vec<_>>()).unwrap()
    };
    let complex = array_api::astype(&x, DType::Complex128).unwrap();
    let rows = [
        (zeros(vec![11, 1]), y.clone(), ErrorKind::Shape, "(11, 1)"),
        (zeros(vec![12]), y.clone(), ErrorKind::Shape, "(12,)"),
        (zeros(vec![12, 1, 1]), y.clone(), ErrorKind::Shape, "(12, 1, 1)"),
        (zeros(vec![12, 0]), y.clone(), ErrorKind::Shape, "(12, 0)"),
        (zeros(vec![0, 1]), zeros(vec![0]), ErrorKind::Shape, "(0, 1)"),
        (x.clone(), zeros(vec![12, 0]), ErrorKind::Shape, "(12, 0)"),
        (x.clone(), zeros(vec![]), ErrorKind::Shape, "()"),
        (with(7, f64::NAN), y.clone(), ErrorKind::Value, "row 7, column 1 is NaN"),
        (with(3, f64::NEG_INFINITY), y.clone(), ErrorKind::Value, "row 3, column 1 is -inf"),
        (x.clone(), with(2, f64::INFINITY), ErrorKind::Value, "row 2, column 1 is inf"),
        (complex, y.clone(), ErrorKind::DType, "complex128"),
    ];
    for (x, y, kind, word) in rows {
        let error = fit(small(), &x, &y).err().unwrap();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(word), "`{error}` lacks `{word}`");
    }
    // Finite in f64, but not in the type of the computation.
    let huge = xp.asarray(vec![vec![1e300]; 12]).unwrap();
    let error = fit(small(), &huge, &y).err().unwrap();
    assert!(error.to_string().contains("float32"), "{error}");
    // A constant target has no scale; a constant input is no reason to stop.
    let constant = xp.asarray(vec![2.5; 12]).unwrap();
    let standard = || Options { standardize: true, ..small() };
    let error = fit(standard(), &x, &constant).err().unwrap();
    assert!(error.to_string().contains("target 0 is 2.5 in all rows"), "{error}");
    assert!(fit(small(), &x, &constant).is_ok());
    let wide = xp.asarray((0..12).map(|i| vec![i as f64, 7.0]).collect::<Vec<_>>()).unwrap();
    let p = fit(standard(), &wide, &y).unwrap().predict(&wide).unwrap();
    assert!(p.members.to_host().unwrap().to_f64().unwrap().iter().all(|v| v.is_finite()));
}

#[test]
fn integers_and_truth_values_are_numbers() {
    let xp = array_ndarray::namespace();
    let flags: Vec<f64> = (0..12).map(|i| f64::from(i % 3 == 0)).collect();
    let x = xp.asarray(flags.iter().map(|&f| vec![f]).collect::<Vec<_>>()).unwrap();
    let y = xp.asarray(flags).unwrap();
    let options = || Options { standardize: true, ..small() };
    let due = fit(options(), &x, &y).unwrap().predict(&x).unwrap().members.to_host().unwrap();
    for dtype in [DType::Bool, DType::Int64, DType::UInt8, DType::Float32] {
        let cast = |a: &Array| array_api::astype(a, dtype).unwrap();
        let model = fit(options(), &cast(&x), &cast(&y)).unwrap();
        assert_eq!(model.predict(&cast(&x)).unwrap().members.to_host().unwrap(), due, "{dtype}");
    }
}

#[test]
fn predictions_that_cannot_be() {
    let xp = array_ndarray::namespace();
    let (x, y) = data();
    let model = fit(small(), &x, &y).unwrap();
    let rows = [
        (xp.zeros([2, 3]).unwrap(), "(2, 3)"),
        (xp.zeros([3]).unwrap(), "(3,)"),
        (xp.zeros([0, 1]).unwrap(), "(0, 1)"),
        (xp.asarray([[f64::NAN]]).unwrap(), "row 0, column 0 is NaN"),
    ];
    for (x, word) in rows {
        let error = model.predict(&x).err().unwrap().to_string();
        assert!(error.contains(word), "`{error}` lacks `{word}`");
    }
    assert!(model.predict_with(&x, &[3]).err().unwrap().to_string().contains("no member 3 among 3"));
    assert!(model.predict_with(&x, &[]).err().unwrap().to_string().contains("no members"));
    let p = model.predict(&x).unwrap();
    for bad in [-0.1, 1.1, f64::NAN] {
        assert!(p.quantile(bad).is_err());
    }
    assert!(p.covariance(1).is_err());
    // A prior function of another shape, or that fails.
    let options = || Options { prior: Prior::Function, ..small() };
    let wrong = Fit::new(options(), &xp).prior_function(|x| array_api::concat(&[x, x][..], 1)).run(&x, &y);
    assert!(wrong.err().unwrap().to_string().contains("(12, 2)"));
    let failing = Fit::new(options(), &xp).prior_function(|_| Err(array_api::Error::value("mine", "no such table")));
    assert!(failing.run(&x, &y).err().unwrap().to_string().contains("no such table"));
}

#[test]
fn a_run_that_diverges_is_told() {
    let (x, y) = data();
    let wild = |members| Options {
        members,
        optimizer: Optimizer::Sgd { momentum: 0.0 },
        learning_rate: 1e6,
        epochs: 30,
        ..small()
    };
    let model = fit(wild(4), &x, &y).unwrap();
    assert!(model.reports().iter().all(|r| r.status == Status::Diverged && r.status.failed()));
    assert!(model.used().is_empty());
    let error = model.predict(&x).err().unwrap().to_string();
    assert!(error.contains("all 4 members failed") && error.contains("learning rate"), "{error}");
    // Started again as often as asked, which does not help here.
    let model = fit(Options { restarts: 2, ..wild(2) }, &x, &y).unwrap();
    assert!(model.reports().iter().all(|r| r.restarts == 2 && r.status == Status::Diverged));
}

#[test]
fn failed_members_are_left_out_and_restarts_help() {
    let (x, y) = data();
    // Dying units: one narrow layer of relu fails for some members.
    let options = |restarts| Options {
        members: 40,
        widths: vec![2],
        activation: ensemble::Activation::Relu,
        prior: Prior::None,
        noise: Noise::None,
        learning_rate: 0.05,
        epochs: 300,
        restarts,
        seed: 5,
        ..Options::default()
    };
    let model = fit(options(0), &x, &y).unwrap();
    let failed: Vec<usize> = (0..40).filter(|&k| model.reports()[k].status.failed()).collect();
    assert!(!failed.is_empty() && failed.len() < 20, "{} failed", failed.len());
    assert_eq!(model.used().len(), 40 - failed.len());
    assert!(failed.iter().all(|k| !model.used().contains(k)));
    let due = model.predict_with(&x, &model.used()).unwrap().mean().unwrap();
    let bits = |a: &Array| a.to_host().unwrap();
    assert_eq!(bits(&model.predict(&x).unwrap().mean().unwrap()), bits(&due));
    let again = fit(options(5), &x, &y).unwrap();
    let left = again.reports().iter().filter(|r| r.status.failed()).count();
    assert!(left < failed.len(), "{left} of {} are left", failed.len());
    for k in 0..40 {
        assert_eq!(again.reports()[k].restarts > 0, failed.contains(&k), "member {k}");
        assert!(!failed.contains(&k) || again.reports()[k].mse < model.reports()[k].mse || left > 0);
        if !failed.contains(&k) {
            // The others are what they were.
            assert_eq!(again.histories()[k], model.histories()[k]);
        }
    }
}
