//! The linear-Gaussian case, in which the ensemble is exactly the Bayesian posterior, and what is not.

use array_api::{Array, DType, Namespace};
use ensemble::{Fit, Model, Noise, Optimizer, Options, Penalty, Prior, Reduction, Solver};

const D: usize = 4;
type Matrix = [[f64; D]; D];

struct Problem {
    x: Array,
    y: Array,
    /// Variance of the noise, and of the prior.
    s2: f64,
    lambda: f64,
    center: Vec<f64>,
    mean: [f64; D],
    covariance: Matrix,
}

fn problem(xp: &Namespace) -> Problem {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/ensemble/rpf_linear_posterior.json");
    let v: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let get = |name: &str| v[name].clone();
    Problem {
        x: xp.asarray(serde_json::from_value::<Vec<Vec<f64>>>(get("X")).unwrap()).unwrap(),
        y: xp.asarray(serde_json::from_value::<Vec<f64>>(get("y")).unwrap()).unwrap(),
        s2: v["sigma2"].as_f64().unwrap(),
        lambda: v["lambda_"].as_f64().unwrap(),
        center: serde_json::from_value(get("theta_bar")).unwrap(),
        mean: serde_json::from_value(get("posterior_mean")).unwrap(),
        covariance: serde_json::from_value(get("posterior_cov")).unwrap(),
    }
}

/// The options under which members are draws from the posterior.
fn exact(p: &Problem, members: usize) -> Options {
    Options {
        members,
        widths: vec![],
        biases: None,
        prior: Prior::Linear { sd: p.lambda.sqrt() },
        prior_center: p.center.clone(),
        noise: Noise::Gaussian { sd: p.s2.sqrt() },
        penalty: Penalty::L2 { strength: p.s2 / p.lambda },
        reduction: Reduction::Sum,
        solver: Solver::ClosedForm,
        dtype: DType::Float64,
        seed: 20_240_917,
        ..Options::default()
    }
}

/// Every member's weights, prior and trained together: its predictions at the unit vectors.
fn weights(xp: &Namespace, model: &Model) -> Vec<[f64; D]> {
    let eye = xp.eye((D, DType::Float64)).unwrap();
    let all: Vec<usize> = (0..model.reports().len()).collect();
    let values = model.predict_with(&eye, &all).unwrap().members.to_host().unwrap().to_f64().unwrap();
    values.chunks_exact(D).map(|c| c.try_into().unwrap()).collect()
}

/// Lower Cholesky factor.
fn cholesky(a: &Matrix) -> Matrix {
    let mut l = [[0.0; D]; D];
    for i in 0..D {
        for j in 0..=i {
            let rest = a[i][j] - (0..j).map(|k| l[i][k] * l[j][k]).sum::<f64>();
            l[i][j] = if i == j { rest.sqrt() } else { rest / l[j][j] };
        }
    }
    l
}

/// Eigenvalues of a symmetric matrix, by Jacobi's rotations.
fn eigenvalues(mut a: Matrix) -> [f64; D] {
    for _ in 0..20 {
        for p in 0..D {
            for q in p + 1..D {
                let angle = 0.5 * (2.0 * a[p][q]).atan2(a[q][q] - a[p][p]);
                let (s, c) = angle.sin_cos();
                for row in &mut a {
                    (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
                }
                #[allow(clippy::needless_range_loop)] // rows p and q of one matrix
                for k in 0..D {
                    (a[p][k], a[q][k]) = (c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]);
                }
            }
        }
    }
    std::array::from_fn(|i| a[i][i])
}

/// Whether the members look like draws from the posterior, and why not.
fn agrees(p: &Problem, draws: &[[f64; D]]) -> Result<(), String> {
    let k = draws.len() as f64;
    let l = cholesky(&p.covariance);
    let white: Vec<[f64; D]> = draws
        .iter()
        .map(|t| {
            let mut z = [0.0; D];
            for i in 0..D {
                z[i] = (t[i] - p.mean[i] - (0..i).map(|j| l[i][j] * z[j]).sum::<f64>()) / l[i][i];
            }
            z
        })
        .collect();
    let mean: [f64; D] = std::array::from_fn(|i| white.iter().map(|z| z[i]).sum::<f64>() / k);
    for i in 0..D {
        let bias = draws.iter().map(|t| t[i] - p.mean[i]).sum::<f64>() / k / (p.covariance[i][i] / k).sqrt();
        if bias.abs() > 4.0 {
            return Err(format!("mean {i} is off by {bias:.1} standard errors"));
        }
    }
    let covariance: Matrix = std::array::from_fn(|i| {
        std::array::from_fn(|j| white.iter().map(|z| (z[i] - mean[i]) * (z[j] - mean[j])).sum::<f64>() / (k - 1.0))
    });
    let bound = 3.0 * (D as f64 / k).sqrt();
    match eigenvalues(covariance).into_iter().find(|e| (e - 1.0).abs() > bound) {
        Some(e) => Err(format!("eigenvalue {e:.3}")),
        None => Ok(()),
    }
}

#[test]
fn rotations_find_eigenvalues() {
    let mut a = [[1.0; D]; D];
    (0..D).for_each(|i| a[i][i] = 3.0);
    let mut e = eigenvalues(a);
    e.sort_by(f64::total_cmp);
    for (found, due) in e.iter().zip([2.0, 2.0, 2.0, 6.0]) {
        assert!((found - due).abs() < 1e-12, "{e:?}");
    }
}

#[test]
fn twenty_thousand_members_are_the_posterior() {
    let xp = crate::namespace();
    let p = problem(&xp);
    let run = |options: Options| agrees(&p, &weights(&xp, &Fit::new(options, &xp).run(&p.x, &p.y).unwrap()));
    let exact = || exact(&p, 20_000);
    assert_eq!(run(exact()), Ok(()));
    let others = [
        ("bootstrap", Options { noise: Noise::Multinomial, ..exact() }),
        ("Bayesian bootstrap", Options { noise: Noise::Exponential, ..exact() }),
        ("no noise", Options { noise: Noise::None, ..exact() }),
        ("no L2", Options { penalty: Penalty::None, ..exact() }),
        ("no prior", Options { prior: Prior::None, prior_center: vec![], ..exact() }),
    ];
    for (name, options) in others {
        let found = run(options);
        println!("{name}: {found:?}");
        assert!(found.is_err(), "{name} passes for the posterior");
    }
}

#[test]
fn by_gradient_each_member_reaches_its_own_minimiser() {
    let xp = crate::namespace();
    let p = problem(&xp);
    let closed = Fit::new(exact(&p, 200), &xp).run(&p.x, &p.y).unwrap();
    let due = weights(&xp, &closed);
    // Adam's steps do not shrink with the gradient: with a constant rate it stays near the minimum, not at it.
    for momentum in [0.0, 0.5] {
        let options = Options {
            solver: Solver::Gradient,
            optimizer: Optimizer::Sgd { momentum },
            learning_rate: 0.01,
            epochs: 1500,
            ..exact(&p, 200)
        };
        let trained = Fit::new(options, &xp).run(&p.x, &p.y).unwrap();
        let found = weights(&xp, &trained);
        let mut worst = 0.0_f64;
        for (a, b) in found.iter().zip(&due) {
            for i in 0..D {
                worst = worst.max((a[i] - b[i]).abs() / p.covariance[i][i].sqrt());
            }
        }
        println!("momentum {momentum}: {worst:e} posterior standard deviations");
        assert!(worst < 1e-6, "{worst}");
        assert!(trained.reports().iter().all(|r| r.status == ensemble::Status::Converged));
    }
}
