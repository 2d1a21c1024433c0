//! Laws of vectors and mixtures against values computed in 30 digits by `references/vectors.py`.

use array_api::{Array, Namespace};
use mle::distribution::{
    Categorical, Dirichlet, Distribution, Mixture, Multinomial, MultivariateNormal, NormalMixture, VectorLaw,
    VectorSupport,
};
use mle::{Fit, StandardErrors, Status};
use serde_json::Value;

fn xp() -> Namespace {
    array_ndarray::namespace()
}

fn references() -> Value {
    let path = format!("{}/tests/data/distributions/vectors.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn table(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().unwrap().iter().map(numbers).collect()
}

fn one(a: array_api::Result<Array>) -> f64 {
    a.unwrap().item::<f64>().unwrap()
}

fn worst(got: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(got.len(), expected.len());
    let errors = got.iter().zip(expected).map(|(g, e)| ((g - e) / e).abs());
    errors.fold(0.0, |m, e| if e > m || e.is_nan() { e } else { m })
}

fn std_errors(fit: &Fit) -> Vec<f64> {
    fit.parameters.iter().map(|p| p.std_error.unwrap_or(f64::NAN)).collect()
}

#[test]
fn estimates_and_standard_errors() {
    for case in references()["fits"].as_array().unwrap() {
        let name = case["law"].as_str().unwrap();
        let weights = case.get("weights").map(|w| xp().asarray(numbers(w)).unwrap());
        let rows = || xp().asarray(table(&case["x"])).unwrap();
        let (fit, status) = match name {
            "multivariate_normal" => (MultivariateNormal::fit(&rows(), weights.as_ref()), Status::Converged),
            "dirichlet" => (Dirichlet::fit(&rows(), weights.as_ref()), Status::Converged),
            "multinomial" => (Multinomial::fit(&rows(), weights.as_ref()), Status::Converged),
            _ => {
                let common = case["common"].as_bool().unwrap();
                let mixture = NormalMixture::new(2).unwrap();
                let mixture = if common { mixture.common_sd() } else { mixture };
                let fit = mixture.fit(&xp().asarray(numbers(&case["x"])).unwrap());
                (fit, if common { Status::Converged } else { Status::Unbounded })
            }
        };
        let fit = fit.unwrap();
        assert_eq!(fit.status, status, "{fit}");
        let estimates = worst(&fit.estimates(), &numbers(&case["estimates"]));
        let errors = worst(&std_errors(&fit), &numbers(&case["std_errors"]));
        let likelihood = (fit.log_likelihood / case["log_likelihood"].as_f64().unwrap() - 1.0).abs();
        println!("{name}: {estimates:.1e}, standard errors {errors:.1e}, log-likelihood {likelihood:.1e}");
        assert!(
            estimates < 1e-9 && errors < 1e-6 && likelihood < 1e-12,
            "{estimates:e} {errors:e} {likelihood:e}\n{fit}"
        );
        assert_ne!(fit.standard_errors, StandardErrors::None);
        if status == Status::Unbounded {
            assert!(fit.reason.contains("its standard errors are those of its curvature"), "{fit}");
        }
    }
}

#[test]
fn densities_and_distribution_functions() {
    for case in references()["points"].as_array().unwrap() {
        let text = |key: &str| case[key].as_str().unwrap().to_string();
        let wanted = case["log_prob"].as_f64().unwrap();
        let (log_prob, cdf) = match text("law").as_str() {
            "mixture" => {
                let normal = Distribution::named("normal").unwrap();
                let parameters = numbers(&case["means"]).into_iter().zip(numbers(&case["sds"]));
                let laws: Vec<_> = parameters.map(|(m, s)| normal.with(&[m, s]).unwrap()).collect();
                let law = Mixture::new(&numbers(&case["weights"]), &laws).unwrap();
                let x = xp().asarray(case["x"].as_f64().unwrap()).unwrap();
                (one(law.log_prob(&x)), law.cdf(&x))
            }
            name => {
                let law: Box<dyn VectorLaw> = match name {
                    "multivariate_normal" => {
                        Box::new(MultivariateNormal::new(&numbers(&case["mean"]), &table(&case["covariance"])).unwrap())
                    }
                    "dirichlet" => Box::new(Dirichlet::new(&numbers(&case["alpha"])).unwrap()),
                    _ => Box::new(Multinomial::new(12, &numbers(&case["p"])).unwrap()),
                };
                let x = xp().asarray(numbers(&case["x"])).unwrap();
                (one(law.log_prob(&x)), law.cdf(&x))
            }
        };
        assert!((log_prob - wanted).abs() <= 1e-12 * wanted.abs().max(1.0), "{case}: {log_prob}");
        match case.get("cdf").and_then(Value::as_f64) {
            Some(below) => assert!((one(cdf) - below).abs() < 1e-13, "{case}"),
            None if text("law") == "multivariate_normal" => assert!((0.0..=1.0).contains(&one(cdf)), "{case}"),
            None => assert!(cdf.unwrap_err().to_string().contains("without a form"), "{case}"),
        }
    }
}

/// A law, a value inside its support, and some outside.
type Sample = (Box<dyn VectorLaw>, Vec<f64>, Vec<Vec<f64>>);

/// Every law of vectors.
fn laws() -> Vec<Sample> {
    let normal = MultivariateNormal::new(&[1.0, -2.0], &[vec![2.0, 0.6], vec![0.6, 1.5]]).unwrap();
    let wide =
        MultivariateNormal::new(&[0.0; 3], &[vec![1.0, 0.2, 0.1], vec![0.2, 1.0, 0.0], vec![0.1, 0.0, 1.0]]).unwrap();
    vec![
        (Box::new(normal), vec![0.5, 0.5], vec![vec![f64::INFINITY, 0.0]]),
        (Box::new(wide), vec![0.5, 0.5, 1.0], vec![]),
        (
            Box::new(Dirichlet::new(&[2.0, 0.3, 1.2]).unwrap()),
            vec![0.2, 0.5, 0.3],
            vec![vec![0.2, 0.5, 0.4], vec![0.0, 0.5, 0.5], vec![-0.1, 0.6, 0.5]],
        ),
        (
            Box::new(Multinomial::new(6, &[0.2, 0.5, 0.3]).unwrap()),
            vec![1.0, 2.0, 3.0],
            vec![vec![1.0, 2.0, 2.0], vec![1.5, 2.5, 2.0], vec![-1.0, 4.0, 3.0]],
        ),
    ]
}

#[test]
fn every_law_has_density_draws_moments_and_support_and_declines_the_rest() {
    for (law, inside, outside) in laws() {
        let (name, d) = (law.name(), law.dimensions());
        assert!(one(law.log_prob(&xp().asarray(&inside).unwrap())).is_finite(), "{name}");
        for x in &outside {
            assert_eq!(one(law.log_prob(&xp().asarray(x).unwrap())), f64::NEG_INFINITY, "{name} {x:?}");
        }
        let unknown = vec![f64::NAN; d];
        assert!(one(law.log_prob(&xp().asarray(&unknown).unwrap())).is_nan(), "{name}");
        let error = law.log_prob(&xp().asarray(vec![0.5; d + 1]).unwrap()).unwrap_err().to_string();
        assert!(error.contains(&format!("must have length {d}")), "{error}");
        assert!(law.quantile(&xp().asarray(0.5).unwrap()).unwrap_err().to_string().contains("no order"), "{name}");
        let has_cdf = d == 2 || name == "multivariate normal";
        assert_eq!(law.cdf(&xp().asarray(&inside).unwrap()).is_ok(), has_cdf, "{name}");
        let n = 40_000;
        let draws = law.sample(&xp().key(5).unwrap(), n).unwrap();
        assert_eq!(draws.shape().unwrap(), [n, d], "{name}");
        assert!(law.log_prob(&draws).unwrap().to_vec::<f64>().unwrap().iter().all(|l| l.is_finite()), "{name}");
        let centred = array_api::subtract(&draws, draws.mean(0).unwrap()).unwrap();
        let products = array_api::matmul(array_api::matrix_transpose(&centred).unwrap(), &centred).unwrap();
        let sums = products.to_vec::<f64>().unwrap();
        let (means, covariance) = (draws.mean(0).unwrap().to_vec::<f64>().unwrap(), law.covariance());
        for (i, mean) in law.mean().into_iter().enumerate() {
            let error = 5.0 * (covariance[i][i] / n as f64).sqrt();
            assert!((means[i] - mean).abs() < error, "{name}: {means:?}, not {:?}", law.mean());
            for j in 0..d {
                let (got, scale) = (sums[i * d + j] / n as f64, (covariance[i][i] * covariance[j][j]).sqrt());
                assert!((got - covariance[i][j]).abs() < 0.04 * scale, "{name} {i} {j}: {got}");
            }
        }
        match law.support() {
            VectorSupport::Everywhere => {}
            VectorSupport::Simplex => {
                let sums = draws.sum(1).unwrap().to_vec::<f64>().unwrap();
                assert!(sums.iter().all(|s| (s - 1.0).abs() < 1e-14));
            }
            VectorSupport::Counts { trials } => {
                assert!(draws.sum(1).unwrap().to_vec::<f64>().unwrap().iter().all(|s| *s == trials as f64));
            }
        }
        assert_eq!(
            draws.to_vec::<f64>().unwrap(),
            law.sample(&xp().key(5).unwrap(), n).unwrap().to_vec::<f64>().unwrap()
        );
    }
}

#[test]
fn one_number_is_the_law_of_numbers() {
    let law = MultivariateNormal::new(&[1.0], &[vec![4.0]]).unwrap();
    let normal = Distribution::named("normal").unwrap().with(&[1.0, 2.0]).unwrap();
    let x = xp().asarray([0.3, 2.0, -4.0]).unwrap();
    let column = array_api::expand_dims(&x, -1).unwrap();
    let same = |a: Array, b: Array| {
        for (a, b) in a.to_vec::<f64>().unwrap().iter().zip(b.to_vec::<f64>().unwrap()) {
            assert!((a - b).abs() < 1e-14 * b.abs().max(1.0), "{a} and {b}");
        }
    };
    same(law.log_prob(&column).unwrap(), normal.log_prob(&x).unwrap());
    same(law.cdf(&column).unwrap(), normal.cdf(&x).unwrap());
    let p = xp().asarray([0.1, 0.975]).unwrap();
    same(law.quantile(&p).unwrap(), normal.quantile(&p).unwrap());
}

#[test]
fn two_parts_of_a_dirichlet_are_a_beta_and_two_counts_a_binomial() {
    let beta = Distribution::named("beta").unwrap().with(&[2.0, 0.7]).unwrap();
    let dirichlet = Dirichlet::new(&[2.0, 0.7]).unwrap();
    let binomial = Distribution::named("binomial").unwrap().with(&[9.0, 0.3]).unwrap();
    let multinomial = Multinomial::new(9, &[0.3, 0.7]).unwrap();
    for x in [0.1, 0.5, 0.93] {
        let (a, b) = (xp().asarray([x, 1.0 - x]).unwrap(), xp().asarray(x).unwrap());
        assert!((one(dirichlet.log_prob(&a)) - one(beta.log_prob(&b))).abs() < 1e-13);
        let count = f64::floor(10.0 * x);
        let (a, b) = (xp().asarray([count, 9.0 - count]).unwrap(), xp().asarray(count).unwrap());
        assert!((one(multinomial.log_prob(&a)) - one(binomial.log_prob(&b))).abs() < 1e-13);
    }
}

#[test]
fn categories() {
    let law = Categorical::new(&[0.5, 0.0, 0.2, 0.3]).unwrap();
    let x = xp().asarray([-1.0, 0.0, 1.0, 2.0, 2.5, 3.0, 4.0, f64::NAN]).unwrap();
    let log_prob = law.log_prob(&x).unwrap().to_vec::<f64>().unwrap();
    let expected = [0.0, 0.5, 0.0, 0.2, 0.0, 0.3, 0.0].map(f64::ln);
    assert!(log_prob[..7] == expected && log_prob[7].is_nan(), "{log_prob:?}");
    let cdf = law.cdf(&x).unwrap().to_vec::<f64>().unwrap();
    for (got, expected) in cdf.iter().zip([0.0, 0.5, 0.5, 0.7, 0.7, 1.0, 1.0]) {
        assert!((got - expected).abs() < 1e-15, "{cdf:?}");
    }
    let p = xp().asarray([0.0, 0.5, 0.6, 0.71, 1.0, -0.1]).unwrap();
    let quantiles = law.quantile(&p).unwrap().to_vec::<f64>().unwrap();
    assert!(quantiles[..5] == [0.0, 0.0, 2.0, 3.0, 3.0] && quantiles[5].is_nan(), "{quantiles:?}");
    let draws = law.sample(&xp().key(2).unwrap(), 20_000).unwrap();
    let fit = Categorical::fit(&draws, 4, None).unwrap();
    assert_eq!(fit.status, Status::Boundary, "{fit}");
    for (estimate, p) in fit.estimates().iter().zip(law.probabilities()) {
        assert!((estimate - p).abs() < 0.02, "{fit}");
    }
    let weights = xp().asarray([2.0, 1.0, 1.0]).unwrap();
    let weighted = Categorical::fit(&xp().asarray([0, 1, 2]).unwrap(), 3, Some(&weights)).unwrap();
    let repeated = Categorical::fit(&xp().asarray([0, 0, 1, 2]).unwrap(), 3, None).unwrap();
    assert_eq!(weighted, repeated);
    assert!(Categorical::fit(&xp().asarray([0, 5]).unwrap(), 3, None).unwrap_err().to_string().contains("1 of 2"));
    for wrong in [&[1.0][..], &[0.5, 0.6], &[1.2, -0.2], &[f64::NAN, 1.0]] {
        assert!(Categorical::new(wrong).is_err() && Multinomial::new(3, wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn a_mixture_has_all_that_a_law_has() {
    let named = |name: &str, p: &[f64]| Distribution::named(name).unwrap().with(p).unwrap();
    let mixtures = [
        Mixture::new(&[0.3, 0.7], &[named("normal", &[-1.0, 0.5]), named("normal", &[2.0, 1.5])]).unwrap(),
        Mixture::new(&[0.6, 0.4], &[named("gamma", &[2.0, 1.0]), named("weibull", &[1.5, 6.0])]).unwrap(),
        Mixture::new(&[0.5, 0.5], &[named("poisson", &[2.0]), named("geometric", &[0.2])]).unwrap(),
    ];
    let shares = [1e-4, 0.2, 0.5, 0.9, 0.999];
    let p = xp().asarray(shares).unwrap();
    for mixture in mixtures {
        let q = mixture.quantile(&p).unwrap();
        let at = mixture.cdf(&q).unwrap().to_vec::<f64>().unwrap();
        let above = mixture.survival(&q).unwrap().to_vec::<f64>().unwrap();
        for (i, share) in shares.into_iter().enumerate() {
            assert!((at[i] + above[i] - 1.0).abs() < 1e-14);
            match mixture.support().integer {
                false => assert!((at[i] - share).abs() < 1e-12, "{mixture:?}: {}", at[i]),
                true => {
                    let before = mixture.cdf(&(&q - 1.0).ok().unwrap()).unwrap().to_vec::<f64>().unwrap();
                    assert!(at[i] >= share && before[i] < share, "{mixture:?}: {}", at[i]);
                }
            }
        }
        let n = 20_000;
        let draws = mixture.sample(&xp().key(9).unwrap(), n).unwrap();
        let (mean, variance) = (one(draws.mean(..)), one(draws.var(..)));
        assert!((mean - mixture.mean()).abs() < 5.0 * (mixture.variance() / n as f64).sqrt(), "{mixture:?}: {mean}");
        assert!((variance / mixture.variance() - 1.0).abs() < 0.1, "{mixture:?}: {variance}");
        let parts = mixture.responsibilities(&draws).unwrap().sum(-1).unwrap().to_vec::<f64>().unwrap();
        assert!(parts.iter().all(|s| (s - 1.0).abs() < 1e-12));
    }
    let normal = named("normal", &[0.0, 1.0]);
    let refused =
        |weights: &[f64], laws: &[mle::distribution::Law]| Mixture::new(weights, laws).unwrap_err().to_string();
    assert!(refused(&[0.5, 0.6], &[normal.clone(), normal.clone()]).contains("sum to 1.1"));
    assert!(refused(&[1.0], &[normal.clone(), normal.clone()]).contains("1 weights for 2 laws"));
    assert!(refused(&[0.5, 0.5], &[normal, named("poisson", &[1.0])]).contains("1 of 2 laws are of counts"));
}

#[test]
fn weights_of_a_mixtures_rows_are_repetitions() {
    let case = references()["fits"].as_array().unwrap().iter().find(|c| c["law"] == "normal_mixture").unwrap().clone();
    let x = numbers(&case["x"]);
    let weights: Vec<f64> = (0..x.len()).map(|i| (1 + i % 2) as f64).collect();
    let repeated: Vec<f64> = x.iter().zip(&weights).flat_map(|(&x, &w)| vec![x; w as usize]).collect();
    let mixture = || NormalMixture::new(2).unwrap().starts(5, 1);
    let a = mixture().weights(&xp().asarray(weights).unwrap()).fit(&xp().asarray(x).unwrap()).unwrap();
    let b = mixture().fit(&xp().asarray(repeated).unwrap()).unwrap();
    assert!(worst(&a.estimates(), &b.estimates()) < 1e-7 && worst(&std_errors(&a), &std_errors(&b)) < 1e-6, "{a}\n{b}");
    assert!((a.log_likelihood / b.log_likelihood - 1.0).abs() < 1e-12);
    let law = mixture().law(&a).unwrap();
    assert!((law.weights()[0] - a.estimates()[0]).abs() < 1e-15 && law.laws().len() == 2);
}

#[test]
fn vectors_that_cannot_be_fitted_are_refused() {
    let refused = |result: array_api::Result<Fit>, word: &str| {
        let error = result.map(|f| f.to_string()).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    };
    let table = |rows: &[[f64; 2]]| xp().asarray(rows.iter().map(|r| r.to_vec()).collect::<Vec<_>>()).unwrap();
    let line = table(&[[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]]);
    refused(MultivariateNormal::fit(&line, None), "plane");
    refused(MultivariateNormal::fit(&table(&[[1.0, f64::NAN]]), None), "not finite");
    refused(MultivariateNormal::fit(&xp().asarray([1.0, 2.0]).unwrap(), None), "(2,)");
    let weights = xp().asarray([1.0, 1.0]).unwrap();
    refused(MultivariateNormal::fit(&line, Some(&weights)), "2 rows");
    refused(Dirichlet::fit(&table(&[[0.5, 0.6], [0.5, 0.5]]), None), "differ from 1");
    refused(Dirichlet::fit(&table(&[[1.0, 0.0], [0.5, 0.5]]), None), "all must be positive");
    refused(Dirichlet::fit(&table(&[[0.5, 0.5], [0.5, 0.5]]), None), "without bound");
    refused(Multinomial::fit(&table(&[[1.0, 0.5]]), None), "not counts");
    assert!(MultivariateNormal::new(&[0.0, 0.0], &[vec![1.0, 2.0], vec![2.0, 1.0]]).is_err());
    assert!(MultivariateNormal::new(&[0.0, 0.0], &[vec![1.0, 0.2], vec![0.1, 1.0]]).is_err());
    assert!(MultivariateNormal::new(&[0.0], &[vec![1.0, 0.2], vec![0.2, 1.0]]).is_err());
    assert!(Dirichlet::new(&[1.0, 0.0]).is_err() && Dirichlet::new(&[1.0]).is_err());
}

#[test]
fn probabilities_of_many_normal_numbers() {
    let below = |covariance: &[Vec<f64>], x: &[f64]| {
        let law = MultivariateNormal::new(&vec![0.0; x.len()], covariance).unwrap();
        one(law.cdf(&xp().asarray(x.to_vec()).unwrap()))
    };
    // An orthant of three: 1/8 and the arc sines over 4 pi.
    let (a, b, c) = (0.3_f64, -0.5_f64, 0.4_f64);
    let three = [vec![4.0, 2.0 * a, 2.0 * b], vec![2.0 * a, 1.0, c], vec![2.0 * b, c, 1.0]];
    let due = 0.125 + (a.asin() + b.asin() + c.asin()) / (4.0 * std::f64::consts::PI);
    assert!((below(&three, &[0.0; 3]) - due).abs() < 5e-6, "{} for {due}", below(&three, &[0.0; 3]));
    // With one correlation the numbers share a factor, and are independent given it; of 1/2, orthants are 1 / (d + 1).
    let equal = |d: usize, r: f64| -> Vec<Vec<f64>> {
        (0..d).map(|i| (0..d).map(|j| if i == j { 1.0 } else { r }).collect()).collect()
    };
    let normal = Distribution::named("normal").unwrap();
    for (d, r, x) in [
        (4, 0.5_f64, vec![0.0; 4]),
        (8, 0.5, vec![0.0; 8]),
        (5, 0.2, vec![-1.0, 0.5, 2.0, 0.1, f64::INFINITY]),
        (6, 0.9, vec![1.0, 0.8, -0.3, 0.2, 3.0, 0.0]),
        (20, 0.3, vec![1.5; 20]),
        (3, 0.7, vec![-6.0, -5.0, -4.0]),
    ] {
        // The trapezoidal rule over the factor is exact to rounding.
        let standard = normal.with(&[0.0, 1.0]).unwrap();
        let factors: Vec<f64> = (-800..=800).map(|i| f64::from(i) / 80.0).collect();
        let mut due = 0.0;
        for z in factors {
            let given: Vec<f64> = x.iter().map(|h| (h - r.sqrt() * z) / (1.0 - r).sqrt()).collect();
            let product: f64 =
                standard.cdf(&xp().asarray(given).unwrap()).unwrap().to_vec::<f64>().unwrap().iter().product();
            due += product * (-0.5 * z * z).exp() / (std::f64::consts::TAU.sqrt() * 80.0);
        }
        let got = below(&equal(d, r), &x);
        println!("{d} numbers: {got}, off by {:.1e}", got - due);
        let allowed = if d < 10 { 5e-6 } else { 1e-4 };
        assert!((got - due).abs() < allowed * due.sqrt().min(1.0), "{d}: {got} for {due}");
        if x == [0.0; 4] || x == [0.0; 8] {
            assert!((due - 1.0 / (d as f64 + 1.0)).abs() < 1e-12);
        }
    }
    // Many at once, impossible and certain ones among them.
    let law = MultivariateNormal::new(&[1.0, 2.0, 3.0], &equal(3, 0.4)).unwrap();
    let rows: Vec<Vec<f64>> = (0..70).map(|i| vec![f64::from(i) - 30.0; 3]).collect();
    let all = law.cdf(&xp().asarray(rows).unwrap()).unwrap().to_vec::<f64>().unwrap();
    assert!(all[0] == 0.0 && (all[69] - 1.0).abs() < 1e-12 && all.windows(2).all(|w| w[0] <= w[1]), "{all:?}");
    assert_eq!(law.cdf(&xp().zeros([0, 3]).unwrap()).unwrap().shape().unwrap(), [0]);
}
