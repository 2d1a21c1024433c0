//! The notebook's settings: the prior's scale widens bands away from the data, and not where data are.

use array_api::random::{Draw, Key, Normal, Uniform};
use array_api::{Array, Namespace};
use ensemble::{Activation, BiasInitializer, Fit, Initializer, Noise, Options};
use std::f64::consts::PI;

/// 100 rows of x ~ U(0, 0.5), y = x + 0.3 sin(2 pi (x + e1)) + 0.3 sin(4 pi (x + e2)) + e3, e ~ N(0, 0.02^2).
fn data(xp: &Namespace, seed: u64) -> (Array, Array) {
    let n = 100;
    let (mut x, mut e) = (vec![0.0_f64; n], vec![0.0_f64; 3 * n]);
    Uniform.fill(Key::new(seed).child(0), 0, &mut x);
    Normal.fill(Key::new(seed).child(1), 0, &mut e);
    let x: Vec<f64> = x.into_iter().map(|u| 0.5 * u).collect();
    let target = |(i, &x): (usize, &f64)| {
        let e: Vec<f64> = (0..3).map(|j| 0.02 * e[3 * i + j]).collect();
        x + 0.3 * (2.0 * PI * (x + e[0])).sin() + 0.3 * (4.0 * PI * (x + e[1])).sin() + e[2]
    };
    let y: Vec<f64> = x.iter().enumerate().map(target).collect();
    (xp.asarray(x.into_iter().map(|x| vec![x]).collect::<Vec<_>>()).unwrap(), xp.asarray(y).unwrap())
}

fn median(mut v: Vec<f64>) -> f64 {
    v.sort_by(f64::total_cmp);
    v[v.len() / 2]
}

/// Standard deviations at -0.5 and 0.25, and the median member's training error.
fn run(seed: u64, beta: f64) -> ([f64; 2], f64) {
    let xp = array_ndarray::namespace();
    let (x, y) = data(&xp, seed);
    let options = Options {
        members: 40,
        widths: vec![16, 16],
        activation: Activation::Elu,
        weights: Initializer::GlorotNormal,
        biases: Some(BiasInitializer::Zeros),
        prior_scale: beta,
        noise: Noise::Multinomial,
        learning_rate: 0.03,
        epochs: 3000,
        seed,
        ..Options::default()
    };
    let model = Fit::new(options, &xp).run(&x, &y).unwrap();
    let sd = model.predict(&xp.asarray([[-0.5], [0.25]]).unwrap()).unwrap().sd().unwrap();
    let sd = sd.to_host().unwrap().to_f64().unwrap();
    let error = median(model.reports().iter().map(|r| r.mse).collect());
    let failed = model.reports().len() - model.used().len();
    println!("seed {seed}, beta {beta}: sd {sd:.3?}, median error {error:.5}, {failed} failed");
    ([sd[0], sd[1]], error)
}

#[test]
fn the_prior_widens_bands_away_from_the_data_only() {
    let (mut outside, mut inside) = (vec![], vec![]);
    for seed in 0..3 {
        let (narrow, e1) = run(seed, 0.001);
        let (wide, e2) = run(seed, 100.0);
        outside.push(wide[0] / narrow[0]);
        inside.push(wide[1] / narrow[1]);
        for e in [e1, e2] {
            assert!((0.002..=0.007).contains(&e), "median error {e}");
        }
    }
    println!("ratios: {outside:.2?} at -0.5, {inside:.2?} at 0.25");
    let (outside, inside) = (median(outside), median(inside));
    assert!(outside > 3.0, "{outside}");
    assert!((1.0 / 3.0..=3.0).contains(&inside), "{inside}");
}
