//! Heads that estimate the noise find it, and the total variance is its two parts.

use array_api::random::{Draw, Key, Normal};
use array_api::{Array, Namespace};
use ensemble::{Activation, Fit, Head, Noise, Options, Prediction};

fn values(a: &Array) -> Vec<f64> {
    a.to_host().unwrap().to_f64().unwrap()
}

/// 600 rows of 3 sin(2 x) on [-1, 1] with noise of the given standard deviation.
fn data(xp: &Namespace, sd: impl Fn(f64) -> f64) -> (Array, Array) {
    let n = 600;
    let mut e = vec![0.0_f64; n];
    Normal.fill(Key::new(99), 0, &mut e);
    let x: Vec<f64> = (0..n).map(|i| 2.0 * (i as f64 + 0.5) / n as f64 - 1.0).collect();
    let y: Vec<f64> = x.iter().zip(e).map(|(x, e)| 3.0 * (2.0 * x).sin() + sd(*x) * e).collect();
    (xp.asarray(x.into_iter().map(|x| vec![x]).collect::<Vec<_>>()).unwrap(), xp.asarray(y).unwrap())
}

fn options(head: Head) -> Options {
    Options {
        members: 8,
        widths: vec![16],
        activation: Activation::Tanh,
        noise: Noise::None,
        head,
        learning_rate: 0.02,
        epochs: 600,
        standardize: true,
        seed: 4,
        ..Options::default()
    }
}

fn predict(options: Options, sd: impl Fn(f64) -> f64, at: &[f64]) -> Prediction {
    let xp = crate::namespace();
    let (x, y) = data(&xp, sd);
    let model = Fit::new(options, &xp).run(&x, &y).unwrap();
    model.predict(&xp.asarray(at.iter().map(|&x| vec![x]).collect::<Vec<_>>()).unwrap()).unwrap()
}

#[test]
fn a_learnt_noise_level_is_the_data_s() {
    // The standard error of a standard deviation of 600 rows is 3 %.
    for due in [0.1, 0.7] {
        // The level of small noise is found last: until the mean fits, its error counts as noise.
        let p = predict(Options { epochs: 2000, ..options(Head::Noise) }, |_| due, &[-0.5, 0.3]);
        for v in values(p.aleatoric.as_ref().unwrap()) {
            println!("{:.4} for {due}", v.sqrt());
            assert!((v.sqrt() / due - 1.0).abs() < 0.1, "{} for {due}", v.sqrt());
        }
    }
}

#[test]
fn a_variance_head_follows_the_noise() {
    let sd = |x: f64| 0.2 + 0.6 * (x + 1.0) / 2.0;
    let at = [-0.8, -0.4, 0.0, 0.4, 0.8];
    let p = predict(options(Head::Variance), sd, &at);
    let found = values(&p.aleatoric_variance().unwrap());
    for (x, v) in at.iter().zip(found) {
        println!("x {x}: {:.3} for {:.3}", v.sqrt(), sd(*x));
        assert!((v.sqrt() / sd(*x) - 1.0).abs() < 0.25, "at {x}: {} for {}", v.sqrt(), sd(*x));
    }
    let mean = values(&p.mean().unwrap());
    for (x, m) in at.iter().zip(mean) {
        assert!((m - 3.0 * (2.0 * x).sin()).abs() < 0.25, "at {x}: {m}");
    }
}

#[test]
fn the_total_variance_is_epistemic_and_aleatoric() {
    for head in [Head::Mean { noise_sd: None }, Head::Mean { noise_sd: Some(0.5) }, Head::Noise, Head::Variance] {
        let p = predict(options(head), |_| 0.5, &[-3.0, 0.0, 0.7]);
        let (k, rows) = (8, 3);
        let means = values(&p.members);
        let noise = p.aleatoric.as_ref().map(values);
        let [mean, epistemic, aleatoric, total, sd] =
            [p.mean(), p.epistemic_variance(), p.aleatoric_variance(), p.total_variance(), p.sd()]
                .map(|a| values(&a.unwrap()));
        for i in 0..rows {
            let of = |v: &[f64]| (0..k).map(|m| v[m * rows + i]).collect::<Vec<_>>();
            let average = |v: Vec<f64>| v.iter().sum::<f64>() / k as f64;
            let m = average(of(&means));
            let e = average(of(&means).iter().map(|x| (x - m).powi(2)).collect());
            let a = noise.as_ref().map_or(0.0, |n| average(of(n)));
            for (found, due) in [(mean[i], m), (epistemic[i], e), (aleatoric[i], a), (total[i], e + a)] {
                assert!((found - due).abs() < 1e-5 * (m * m + e + a), "{head:?}: {found} {due}");
            }
            assert!((sd[i] - total[i].sqrt()).abs() < 1e-6 * sd[i].max(1.0));
        }
        // The members part where there are no data; a known noise is what was given.
        assert!(epistemic[0] > 10.0 * epistemic[1], "{head:?}: {epistemic:?}");
        if head == (Head::Mean { noise_sd: Some(0.5) }) {
            assert!(aleatoric.iter().all(|a| (a - 0.25).abs() < 1e-6));
        }
    }
}
