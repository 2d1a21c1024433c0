//! A member is the same bits for any number of members, grouping and number of threads, and trained alone without `vmap`.

use array_api::{Array, Namespace, Tree, astype, fold_in};
use array_transforms::value_and_grad;
use ensemble::{
    Activation, EarlyStopping, Fit, Head, Member, MemberParams, Model, Noise, Optimizer, Options, Penalty, Prior,
    Reduction, Solver,
};

const ROWS: usize = 37;
const SGD: Optimizer = Optimizer::Sgd { momentum: 0.9 };
const ADAM_W: Optimizer = Optimizer::AdamW { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: 0.1 };

fn data(xp: &Namespace) -> (Array, Array) {
    let x: Vec<Vec<f64>> = (0..ROWS).map(|i| vec![(i as f64 * 0.7).sin(), i as f64 / 20.0 - 1.0]).collect();
    let y: Vec<f64> = x.iter().map(|r| (3.0 * r[1]).sin() + 0.5 * r[0] * r[1]).collect();
    (xp.asarray(x).unwrap(), xp.asarray(y).unwrap())
}

/// Every head, noise, prior, optimiser, mini-batch, early stopping and type at least once.
fn table() -> Vec<(&'static str, Options)> {
    let base = || Options { widths: vec![9, 5], epochs: 7, seed: 3, ..Options::default() };
    let batch = Some(16);
    let stop = Some(EarlyStopping { every: 1, patience: 2 });
    vec![
        ("the article's", base()),
        ("f64", Options { dtype: array_api::DType::Float64, ..base() }),
        ("learnt noise", Options { head: Head::Noise, noise: Noise::Poisson, ..base() }),
        ("variance", Options { head: Head::Variance, noise: Noise::Exponential, standardize: true, ..base() }),
        ("Gaussian noise", Options { noise: Noise::Gaussian { sd: 0.1 }, optimizer: ADAM_W, ..base() }),
        ("no noise, no prior", Options { noise: Noise::None, prior: Prior::None, ..base() }),
        ("sine", Options { prior: Prior::Sine { frequency: 3.0 }, optimizer: SGD, learning_rate: 0.01, ..base() }),
        ("Fourier", Options { prior: Prior::Fourier { features: 11, lengthscale: 0.5 }, ..base() }),
        ("function", Options { prior: Prior::Function, prior_scale: 2.0, ..base() }),
        ("linear", Options { prior: Prior::Linear { sd: 1.5 }, prior_center: vec![1.0, -2.0], ..base() }),
        ("L2", Options { penalty: Penalty::L2 { strength: 0.1 }, reduction: Reduction::Sum, batch, ..base() }),
        ("anchor", Options { penalty: Penalty::Anchor { strength: 0.1 }, activation: Activation::Gelu, ..base() }),
        ("mini-batches", Options { batch, head: Head::Variance, ..base() }),
        ("early stopping", Options { early_stopping: stop, epochs: 40, batch, ..base() }),
        (
            "early stopping, Poisson, learnt noise",
            Options { early_stopping: stop, noise: Noise::Poisson, head: Head::Noise, epochs: 40, ..base() },
        ),
        (
            "closed form",
            Options {
                widths: vec![],
                biases: None,
                solver: Solver::ClosedForm,
                penalty: Penalty::L2 { strength: 0.1 },
                ..base()
            },
        ),
    ]
}

fn function(x: &Array) -> array_api::Result<Array> {
    array_api::sum(array_api::cos(x)?, array_api::axis(1).keepdims())
}

fn fit(options: &Options, members: usize, threads: usize) -> Model {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let xp = array_ndarray::namespace();
        let (x, y) = data(&xp);
        let fit = Fit::new(Options { members, ..options.clone() }, &xp).prior_function(function);
        fit.run(&x, &y).unwrap()
    })
}

fn bits(a: &Array) -> Vec<u64> {
    a.to_host().unwrap().to_f64().unwrap().into_iter().map(f64::to_bits).collect()
}

/// Everything that one member is: parameters, history, report, prediction and noise.
fn member(model: &Model, k: usize) -> Vec<Vec<u64>> {
    let xp = array_ndarray::namespace();
    let (x, _) = data(&xp);
    let p = model.predict_with(&x, &[k]).unwrap();
    let r = &model.reports()[k];
    let mut all: Vec<Vec<u64>> =
        model.params().leaves().into_iter().map(|a| bits(&Model::of_member(a, k).unwrap())).collect();
    all.push(model.histories()[k].iter().map(|l| l.to_bits()).collect());
    all.push(vec![r.mse.to_bits(), r.final_loss.to_bits(), r.epoch]);
    all.push(bits(&p.members));
    all.extend(p.aleatoric.as_ref().map(bits));
    all
}

#[test]
fn any_number_of_members_and_threads() {
    for (name, options) in table() {
        let due = fit(&options, 50, 2);
        let all: Vec<_> = (0..50).map(|k| member(&due, k)).collect();
        assert_ne!(all[0], all[1], "{name}: members differ");
        for (members, threads) in [(1, 1), (1, 3), (7, 1), (7, 2), (50, 1), (50, 3)] {
            let model = fit(&options, members, threads);
            for (k, due) in all.iter().enumerate().take(members) {
                assert!(member(&model, k) == *due, "{name}: member {k} of {members}, {threads} threads");
            }
        }
    }
}

#[test]
fn predictions_together_are_those_alone() {
    let model = fit(&table()[3].1, 13, 2);
    let xp = array_ndarray::namespace();
    let (x, _) = data(&xp);
    let p = model.predict_with(&x, &(0..13).collect::<Vec<_>>()).unwrap();
    for k in 0..13 {
        let alone = model.predict_with(&x, &[k]).unwrap();
        let row = |a: &Array| bits(&Model::of_member(a, k).unwrap());
        assert_eq!(row(&p.members), bits(&alone.members));
        assert_eq!(row(p.aleatoric.as_ref().unwrap()), bits(alone.aleatoric.as_ref().unwrap()));
        // Rows do not depend on their neighbours either.
        let rows = array_api::at(&x, array_api::Index::from(5..6)).unwrap();
        let one = model.predict_with(&rows, &[k]).unwrap();
        assert_eq!(bits(&one.members)[0], bits(&alone.members)[5]);
    }
}

#[test]
fn a_member_trained_alone_without_vmap() {
    let xp = array_ndarray::namespace();
    let full = |o: &Options| o.batch.is_none() && o.early_stopping.is_none() && o.solver == Solver::Gradient;
    let mut seen = 0;
    for (name, options) in table().into_iter().filter(|(_, o)| full(o) && !o.standardize) {
        let model = fit(&options, 7, 2);
        let (x, y) = data(&xp);
        let [x, y] = [x, array_api::expand_dims(y, 1).unwrap()].map(|a| astype(a, options.dtype).unwrap());
        let scale = xp.ones(([1], options.dtype)).unwrap();
        let one = Member::new(options.clone(), &xp, 2, 1, Some(std::sync::Arc::new(function))).unwrap();
        for k in [0, 6] {
            let key = fold_in(xp.key(options.seed).unwrap(), k as u64).unwrap();
            let prior = one.draw_prior(&key).unwrap();
            let data = one.data(&key, &prior, &x, &y, &scale).unwrap();
            let start = one.init(&key).unwrap();
            let mut params = start.clone();
            let mut state = options.optimizer.start(&params).unwrap();
            for step in 1..=options.epochs {
                let loss = |p: &MemberParams| one.loss(p, Some(&start), &x, &data, ROWS);
                let (_, gradient) = value_and_grad(loss)(&params).unwrap();
                (params, state) = options.optimizer.step(params, gradient, state, step, options.learning_rate).unwrap();
            }
            for (alone, stacked) in params.leaves().into_iter().zip(model.params().leaves()) {
                assert_eq!(bits(alone), bits(&Model::of_member(stacked, k).unwrap()), "{name}: member {k}");
            }
        }
        seen += 1;
    }
    assert_eq!(seen, 10);
}
