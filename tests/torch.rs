//! libtorch beside the in-memory arrays: the same code, the same answers.

use array_protocol::ensemble::{Fit, Noise, Options};
use array_protocol::prelude::*;
use array_protocol::{DType, ErrorKind, Namespace};

fn both() -> [Namespace; 2] {
    [array_protocol::ndarray(), array_protocol::torch()]
}

/// The largest difference between elements, relative to the larger of 1 and the second's size.
fn apart(a: &Array, b: &Array) -> f64 {
    assert_eq!((a.dims(), a.dtype()), (b.dims(), b.dtype()));
    let values = |x: &Array| x.to_host().unwrap().to_f64().unwrap();
    let difference = |(a, b): (f64, f64)| if a == b { 0.0 } else { (a - b).abs() / b.abs().max(1.0) };
    values(a).into_iter().zip(values(b)).map(difference).fold(0.0, f64::max)
}

fn predictions(epochs: u64) -> Vec<Array> {
    let options =
        || Options { members: 10, epochs, dtype: DType::Float64, noise: Noise::Multinomial, ..Options::default() };
    let of = |xp: Namespace| {
        let x: Vec<Vec<f64>> = (0..100).map(|i| vec![f64::from(i) / 50.0 - 1.0]).collect();
        let y: Vec<f64> = x.iter().map(|x| x[0] + 0.3 * (6.0 * x[0]).sin()).collect();
        let (x, y) = (xp.asarray(x).unwrap(), xp.asarray(y).unwrap());
        let model = Fit::new(options(), &xp).run(&x, &y).unwrap();
        let mean = model.predict(&x).unwrap().mean().unwrap();
        assert_eq!(mean.namespace(), xp);
        mean
    };
    both().map(of).into()
}

#[test]
fn one_step_of_the_ensemble_agrees_to_rounding() {
    let p = predictions(1);
    assert!(apart(&p[0], &p[1]) <= 1e-12, "{:e}", apart(&p[0], &p[1]));
}

#[test]
fn a_hundred_epochs_of_the_ensemble_agree() {
    let p = predictions(100);
    assert!(apart(&p[0], &p[1]) <= 1e-10, "{:e}", apart(&p[0], &p[1]));
}

#[test]
fn transformations_run_on_tensors() {
    let of = |xp: Namespace| {
        let x = xp.asarray([0.5, -1.5, 2.0]).unwrap();
        let loss = |x: &Array| x.tanh()?.square()?.sum(..);
        let gradient = grad(loss)(&x).unwrap();
        let second = hessian(loss)(&x).unwrap();
        let rows = xp.asarray([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).unwrap();
        let each = vmap(grad(loss))(&rows).unwrap();
        [gradient, second, each]
    };
    let [ours, theirs] = both().map(of);
    for (a, b) in ours.iter().zip(&theirs) {
        assert!(apart(a, b) < 1e-14);
        assert_eq!(b.kind().name(), "torch");
    }
}

#[test]
fn values_go_over_by_name_only() {
    let [here, there] = both();
    let x = here.asarray([1.0, 2.0]).unwrap();
    let y = x.convert(&there).unwrap();
    assert_eq!((y.kind().name(), y.to_vec::<f64>().unwrap()), ("torch", vec![1.0, 2.0]));
    assert_eq!(y.convert(&here).unwrap().kind().name(), "ndarray");
    let e = array_protocol::add(&x, &y).unwrap_err();
    assert!(e.to_string().contains("convert"), "{e}");
}

#[test]
fn unsigned_integers_of_every_width_count_as_they_should() {
    let [_, xp] = both();
    let x = xp.asarray([u64::MAX, 1 << 63, 7, 0]).unwrap();
    let y = xp.asarray([3_u64, (1 << 63) + 1, 0, 5]).unwrap();
    assert_eq!(x.floor_divide(&y).unwrap().to_vec::<u64>().unwrap(), [u64::MAX / 3, 0, 0, 0]);
    assert_eq!(x.max(..).unwrap().item::<u64>().unwrap(), u64::MAX);
    assert_eq!(x.sort(0).unwrap().to_vec::<u64>().unwrap(), [0, 7, 1 << 63, u64::MAX]);
    assert_eq!(x.astype(DType::Float64).unwrap().to_vec::<f64>().unwrap()[0], 18_446_744_073_709_551_615.0);
    let small = xp.asarray([65_535_u16, 2]).unwrap();
    assert_eq!(small.greater(1_u32).unwrap().to_vec::<bool>().unwrap(), [true, true]);
    assert_eq!(small.sum(..).unwrap().item::<u64>().unwrap(), 65_537);
}

#[test]
fn a_device_that_is_not_there_is_named() {
    let e = "torch:cuda:77".parse::<Namespace>().and_then(|xp| xp.zeros([2])).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Device);
    assert!(e.to_string().contains("cuda:77"), "{e}");
    let e = array_protocol::torch().zeros([1 << 42]).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Memory, "{e}");
}
