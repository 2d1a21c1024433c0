//! Ensembles on libtorch's arrays: what they promise on every backend, and beside the arrays in memory.

#[path = "../../../ensemble/tests/suite/mod.rs"]
mod suite;

use array_api::{Array, Namespace, Tree};
use ensemble::{Fit, Head, Member, Model, Noise, Options};
use std::path::Path;

fn bits(a: &Array) -> Vec<u64> {
    a.to_host().unwrap().to_f64().unwrap().into_iter().map(f64::to_bits).collect()
}

fn table(xp: &Namespace) -> (Array, Array) {
    let x: Vec<Vec<f64>> = (0..40).map(|i| vec![f64::from(i) / 20.0 - 1.0]).collect();
    let y: Vec<f64> = x.iter().map(|x| (3.0 * x[0]).sin()).collect();
    (xp.asarray(x).unwrap(), xp.asarray(y).unwrap())
}

/// The largest difference between elements, relative to the larger of 1 and the second's size.
fn apart(a: &Array, b: &Array) -> f64 {
    assert_eq!((a.dims(), a.dtype()), (b.dims(), b.dtype()));
    let values = |x: &Array| x.to_host().unwrap().to_f64().unwrap();
    values(a).into_iter().zip(values(b)).map(|(a, b)| (a - b).abs() / b.abs().max(1.0)).fold(0.0, f64::max)
}

#[test]
fn a_model_saved_on_one_backend_is_loaded_on_the_other() {
    let both = [array_ndarray::namespace(), array_torch::namespace()];
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    for (here, there) in [(&both[0], &both[1]), (&both[1], &both[0])] {
        let options = Options {
            members: 4,
            epochs: 20,
            head: Head::Variance,
            noise: Noise::Poisson,
            standardize: true,
            ..Options::default()
        };
        let (x, y) = table(here);
        let model = Fit::new(options, here).run(&x, &y).unwrap();
        let path = folder.join(format!("from-{}.safetensors", here.kind().name()));
        model.save(&path).unwrap();
        let moved = Model::load(&path, there, None).unwrap();
        assert_eq!((moved.options(), moved.reports()), (model.options(), model.reports()));
        for (a, b) in moved.params().leaves().into_iter().zip(model.params().leaves()) {
            assert_eq!((a.namespace(), a.dims(), a.dtype()), (there.clone(), b.dims(), b.dtype()));
            assert_eq!(bits(a), bits(b));
        }
        // The same parameters give the same predictions, up to the rounding of single precision.
        let [p, q] = [(&model, &x), (&moved, &table(there).0)].map(|(model, x)| model.predict(x).unwrap());
        let difference = apart(&p.members, &q.members).max(apart(&p.sd().unwrap(), &q.sd().unwrap()));
        assert!(difference < 1e-5, "from {here}: {difference:e}");
    }
}

/// What is drawn does not depend on the backend, so members start as the same ones.
#[test]
fn members_start_with_the_same_bits() {
    let start = |xp: Namespace| {
        let member = Member::new(Options::default(), &xp, 3, 1, None).unwrap();
        let key = xp.key(5).unwrap();
        let mut leaves: Vec<_> = member.init(&key).unwrap().leaves().into_iter().map(bits).collect();
        leaves.extend(member.draw_prior(&key).unwrap().leaves().into_iter().map(bits));
        leaves
    };
    assert_eq!(start(array_ndarray::namespace()), start(array_torch::namespace()));
}
