//! Groups of members by workers elsewhere, who are told bytes and answer with bytes: the same ensemble as here.

use std::sync::Mutex;

use array_api::parallel::{Piece, Workers};
use array_api::{Array, ErrorKind, Result, Tree};
use ensemble::{
    EarlyStopping, Fit, Head, Model, Noise, Options, Penalty, Prior, Solver, TRAIN, train_all, train_piece,
};

/// Does every piece at once, the last one first, and keeps the names.
struct Here(Mutex<Vec<String>>);

impl Workers for Here {
    fn pieces(&self) -> usize {
        3
    }

    fn call(&self, function: &str, shared: &[u8], pieces: &[Piece]) -> Result<Vec<Vec<u8>>> {
        assert_eq!(function, TRAIN);
        self.0.lock().unwrap().extend(pieces.iter().map(|piece| piece.name.clone()));
        let done: Vec<Vec<u8>> =
            pieces.iter().rev().map(|piece| train_piece(shared, &piece.work)).collect::<Result<_>>()?;
        Ok(done.into_iter().rev().collect())
    }
}

fn here() -> Here {
    Here(Mutex::new(vec![]))
}

fn data() -> (Array, Array) {
    let xp = array_ndarray::namespace();
    let x: Vec<Vec<f64>> = (0..37).map(|i| vec![(i as f64 * 0.7).sin(), i as f64 / 20.0 - 1.0]).collect();
    let y: Vec<f64> = x.iter().map(|r| (3.0 * r[1]).sin() + 0.5 * r[0] * r[1]).collect();
    (xp.asarray(x).unwrap(), xp.asarray(y).unwrap())
}

fn base() -> Options {
    Options { members: 7, widths: vec![9, 5], epochs: 12, seed: 3, ..Options::default() }
}

fn bits(a: &Array) -> Vec<u64> {
    a.to_host().unwrap().to_f64().unwrap().into_iter().map(f64::to_bits).collect()
}

/// Everything that an ensemble is.
fn everything(model: &Model) -> (Vec<Vec<u64>>, String) {
    let (x, _) = data();
    let members: Vec<usize> = (0..model.options().members).collect();
    let p = model.predict_with(&x, &members).unwrap();
    let mut all: Vec<_> = model.params().leaves().into_iter().map(bits).collect();
    all.push(bits(&p.members));
    all.extend(p.aleatoric.as_ref().map(bits));
    all.extend(model.histories().iter().map(|h| h.iter().map(|x| x.to_bits()).collect()));
    (all, format!("{:?}", model.reports()))
}

#[test]
fn workers_elsewhere_train_the_same_ensemble() -> Result<()> {
    let xp = array_ndarray::namespace();
    let (x, y) = data();
    let stop = Some(EarlyStopping { every: 1, patience: 2 });
    let exact = Options { widths: vec![], biases: None, solver: Solver::ClosedForm, ..base() };
    for options in [
        base(),
        Options { head: Head::Variance, noise: Noise::Exponential, standardize: true, batch: Some(16), ..base() },
        Options { head: Head::Noise, prior: Prior::Fourier { features: 11, lengthscale: 0.5 }, ..base() },
        Options { early_stopping: stop, epochs: 40, dtype: array_api::DType::Float64, ..base() },
        Options { prior: Prior::None, members: 1, ..base() },
        // What diverges has losses that are no numbers.
        Options { learning_rate: 1e30, ..base() },
        Options { penalty: Penalty::L2 { strength: 0.1 }, ..exact },
    ] {
        let there = Fit::new(options.clone(), &xp).on(&here()).run(&x, &y)?;
        assert_eq!(everything(&there), everything(&Fit::new(options, &xp).run(&x, &y)?));
    }
    Ok(())
}

#[test]
fn members_that_failed_are_started_again_elsewhere() -> Result<()> {
    let xp = array_ndarray::namespace();
    let (x, y) = data();
    let options = Options { learning_rate: 4.0, restarts: 2, ..base() };
    let workers = here();
    let there = Fit::new(options.clone(), &xp).on(&workers).run(&x, &y)?;
    assert_eq!(everything(&there), everything(&Fit::new(options, &xp).run(&x, &y)?));
    let names = workers.0.into_inner().unwrap();
    assert!(names.iter().any(|name| name.ends_with("-restart-1")), "{names:?}");
    Ok(())
}

#[test]
fn the_points_of_a_grid_are_trained_side_by_side() -> Result<()> {
    let xp = array_ndarray::namespace();
    let (x, y) = data();
    let points = [0.1, 1.0, 3.0].map(|prior_scale| Options { prior_scale, ..base() });
    let workers = here();
    let there = train_all(&points, &xp, &x, &y, Some(&workers))?;
    for (there, here) in there.iter().zip(train_all(&points, &xp, &x, &y, None)?) {
        assert_eq!(everything(there), everything(&here));
    }
    assert_eq!(
        workers.0.into_inner().unwrap(),
        ["settings-0-members-0-6", "settings-1-members-0-6", "settings-2-members-0-6"]
    );
    let wrong = [base(), Options { epochs: 0, ..base() }];
    for workers in [None, Some(&here() as &dyn Workers)] {
        let error = train_all(&wrong, &xp, &x, &y, workers).err().unwrap();
        assert!(error.message().starts_with("settings 1: "), "{error}");
    }
    Ok(())
}

#[test]
fn what_no_worker_can_have_is_refused() -> Result<()> {
    let xp = array_ndarray::namespace();
    let (x, y) = data();
    let workers = here();
    let own = Options { prior: Prior::Function, ..base() };
    let refused = [
        Fit::new(own, &xp).prior_function(|x| Ok(x.clone())).on(&workers).run(&x, &y),
        Fit::new(base(), &xp).observe(&|_| Ok(())).on(&workers).run(&x, &y),
    ];
    for refused in refused {
        assert_eq!(refused.err().unwrap().kind(), ErrorKind::NotImplemented);
    }
    for (shared, work) in [(&b""[..], &b""[..]), (b"{}", b"{}"), (&[0xff; 40], &[0; 3])] {
        assert!(train_piece(shared, work).is_err());
    }
    Ok(())
}
