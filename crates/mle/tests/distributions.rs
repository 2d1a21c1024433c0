//! Distributions against values computed in 40 digits by `references/distributions.py`.

use array_api::{Array, Namespace};
use mle::distribution::{Censoring, Distribution, Law};
use mle::{IntervalMethod, StandardErrors, Status};
use serde_json::Value;

fn xp() -> Namespace {
    array_ndarray::namespace()
}

fn references() -> Value {
    let path = format!("{}/tests/data/distributions/references.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn flags(value: &Value) -> Array {
    let flags: Vec<bool> = value.as_array().unwrap().iter().map(|v| v.as_bool().unwrap()).collect();
    xp().asarray(flags).unwrap()
}

#[test]
fn estimates_and_standard_errors() {
    let mut failures = vec![];
    for case in references()["fits"].as_array().unwrap() {
        let family = Distribution::named(case["family"].as_str().unwrap()).unwrap();
        let mut fitting = family.fitting();
        let mut name = family.name().to_string();
        if let Some(w) = case.get("weights") {
            fitting = fitting.weights(&xp().asarray(numbers(w)).unwrap());
            name += " weighted";
        }
        if let Some(c) = case.get("right") {
            fitting = fitting.censored(Censoring::Right(flags(c)));
            name += " right-censored";
        }
        if let Some(c) = case.get("left") {
            fitting = fitting.censored(Censoring::Left(flags(c)));
            name += " left-censored";
        }
        if let Some(u) = case.get("upper") {
            fitting = fitting.censored(Censoring::Interval(xp().asarray(numbers(u)).unwrap()));
            name += " interval-censored";
        }
        if let Some(t) = case.get("truncation").map(numbers) {
            fitting = fitting.truncated(t[0], t[1]);
            name += " truncated";
        }
        let x = xp().asarray(numbers(&case["x"])).unwrap();
        let fit = fitting.fit(&x).unwrap_or_else(|e| panic!("{name}: {e}"));
        let worst = |got: Vec<f64>, key: &str| {
            let pairs = got.into_iter().zip(numbers(&case[key]));
            pairs.map(|(g, e)| ((g - e) / e).abs()).fold(0.0, |m, e| if e > m || e.is_nan() { e } else { m })
        };
        let errors = fit.parameters.iter().map(|p| p.std_error.unwrap_or(f64::NAN)).collect();
        let (estimates, errors) = (worst(fit.estimates(), "estimates"), worst(errors, "std_errors"));
        let likelihood = (fit.log_likelihood / case["log_likelihood"].as_f64().unwrap() - 1.0).abs();
        println!(
            "{name}: {estimates:.1e}, standard errors {errors:.1e}, log-likelihood {likelihood:.1e}, {}",
            fit.method
        );
        if !(estimates < 1e-9 && errors < 1e-6 && likelihood < 1e-12 && fit.status == Status::Converged) {
            failures.push(format!("{name}: {estimates:.1e}, {errors:.1e}, {likelihood:.1e}\n{fit}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn law(case: &Value) -> Law {
    Distribution::named(case["family"].as_str().unwrap()).unwrap().with(&numbers(&case["parameters"])).unwrap()
}

#[test]
fn densities_and_tails() {
    for case in references()["points"].as_array().unwrap() {
        let law = law(case);
        let x = xp().asarray([case["x"].as_f64().unwrap()]).unwrap();
        let one = |a: array_api::Result<Array>| a.unwrap().to_vec::<f64>().unwrap()[0];
        let (log_prob, cdf) = (one(law.log_prob(&x)), one(law.cdf(&x)));
        let (wanted, below) = (case["log_prob"].as_f64().unwrap(), case["cdf"].as_f64().unwrap());
        assert!((log_prob - wanted).abs() <= 1e-12 * wanted.abs().max(1.0), "{case}: {log_prob}");
        assert!((cdf - below).abs() <= 1e-12, "{case}: {cdf}");
        assert!((one(law.survival(&x)) - (1.0 - below)).abs() <= 1e-12, "{case}");
    }
}

#[test]
fn quantiles_undo_probabilities() {
    let shares = [0.0, 1e-6, 0.2, 0.5, 0.9, 0.999, 1.0];
    let p = xp().asarray(shares).unwrap();
    for case in references()["points"].as_array().unwrap() {
        let law = law(case);
        let q = law.quantile(&p).unwrap();
        let back = law.cdf(&q).unwrap().to_vec::<f64>().unwrap();
        for (b, s) in back.iter().zip(shares) {
            if law.support().integer {
                let below = law.cdf(&(&q - 1.0).ok().unwrap()).unwrap().to_vec::<f64>().unwrap();
                let i = shares.iter().position(|t| *t == s).unwrap();
                assert!(*b >= s - 1e-12 && (below[i] < s + 1e-12), "{law:?} at {s}: {b}, {}", below[i]);
            } else {
                assert!((b - s).abs() < 1e-10, "{law:?} at {s}: {b} from {q}");
            }
        }
    }
}

#[test]
fn draws_have_the_moments() {
    let mut seen = std::collections::BTreeSet::new();
    for case in references()["points"].as_array().unwrap() {
        let law = law(case);
        // A direction's moments are not those of the angle as a number.
        if !seen.insert(case["family"].to_string()) || !law.variance().is_finite() || law.name() == "von_mises" {
            continue;
        }
        let n = 10_000;
        let draws = law.sample(&xp().key(11).unwrap(), n).unwrap();
        let mean = draws.mean(..).unwrap().item::<f64>().unwrap();
        let error = 5.0 * (law.variance() / n as f64).sqrt();
        assert!((mean - law.mean()).abs() < error, "{law:?}: {mean}, not {}", law.mean());
        let inside = law.log_prob(&draws).unwrap().to_vec::<f64>().unwrap();
        assert!(inside.iter().all(|l| l.is_finite()), "{law:?}");
        assert!(
            law.sample(&xp().key(11).unwrap(), n).unwrap().to_vec::<f64>().unwrap() == draws.to_vec::<f64>().unwrap()
        );
    }
}

#[test]
fn fits_that_are_not_regular_say_so() {
    let x = xp().asarray([1.0, 2.5, 4.0, 3.0, 7.0]).unwrap();
    for (name, estimates) in [("uniform", vec![1.0, 7.0]), ("laplace", vec![3.0, 1.5]), ("pareto", vec![])] {
        let fit = Distribution::named(name).unwrap().fit(&x).unwrap();
        assert_eq!((fit.status, fit.standard_errors), (Status::NonRegular, StandardErrors::SamplingLaw), "{name}");
        assert!(!fit.reason.is_empty() && fit.parameters.iter().all(|p| p.std_error.is_some()), "{fit}");
        if !estimates.is_empty() {
            assert_eq!(fit.estimates(), estimates, "{name}");
        }
    }
    // The same families where there is no closed form: by values alone, without standard errors from a curvature.
    let censored = xp().asarray([false, false, false, false, true]).unwrap();
    let laplace =
        Distribution::named("laplace").unwrap().fitting().censored(Censoring::Right(censored)).fit(&x).unwrap();
    assert_eq!((laplace.status, laplace.standard_errors), (Status::NonRegular, StandardErrors::None), "{laplace}");
    let fixed = Distribution::named("uniform").unwrap().fitting().fix("min", 0.0).fit(&x).unwrap();
    assert!(fixed.status == Status::NonRegular && (fixed.estimates()[0] - 7.0).abs() < 1e-6, "{fixed}");
    let profile =
        Distribution::named("laplace").unwrap().fitting().interval(IntervalMethod::Profile).fit(&x).unwrap_err();
    assert!(profile.to_string().contains("a profile of laplace would be wrong"), "{profile}");
    let pareto = Distribution::named("pareto").unwrap().fit(&x).unwrap();
    assert_eq!(pareto.parameter("scale").unwrap().estimate, 1.0);
}

#[test]
fn a_triangle_is_fitted_by_values_alone() {
    let law = Distribution::named("triangular").unwrap().with(&[1.0, 2.0, 5.0]).unwrap();
    let x = law.sample(&xp().key(4).unwrap(), 60).unwrap();
    let family = Distribution::named("triangular").unwrap();
    let fit = family.fit(&x).unwrap();
    assert_eq!(fit.status, Status::NonRegular, "{fit}");
    assert!(fit.parameters.iter().all(|p| p.std_error.is_none() && p.std_error_reason.is_some()), "{fit}");
    let at = |p: &[f64]| family.with(p).unwrap().log_prob(&x).unwrap().sum(..).unwrap().item::<f64>().unwrap();
    let best = fit.estimates();
    assert!((fit.log_likelihood - at(&best)).abs() < 1e-9, "{fit}");
    // The most likely mode is one of the values, and nothing near is more likely.
    let values = x.to_vec::<f64>().unwrap();
    let nearest = values.iter().map(|v| (v - best[1]).abs()).fold(f64::INFINITY, f64::min);
    assert!(nearest < 1e-6, "{fit}");
    for v in values {
        if v > best[0] && v < best[2] {
            assert!(at(&[best[0], v, best[2]]) <= fit.log_likelihood + 1e-9, "{v} is a better mode\n{fit}");
        }
    }
    for i in 0..3 {
        for move_by in [-1e-3, 1e-3] {
            let mut near = best.clone();
            near[i] += move_by;
            assert!(at(&near) <= fit.log_likelihood + 1e-9, "{near:?} is more likely\n{fit}");
        }
    }
}

#[test]
fn an_overdispersion_that_is_not_there_is_a_boundary() {
    let x = xp().asarray([3.0, 3.0, 4.0, 3.0, 2.0, 3.0, 4.0, 3.0]).unwrap();
    let fit = Distribution::named("negative_binomial").unwrap().fit(&x).unwrap();
    assert_eq!(fit.status, Status::Boundary, "{fit}");
    let mu = fit.parameter("mu").unwrap();
    assert!((mu.estimate - 3.125).abs() < 1e-6 && mu.std_error.is_some(), "{fit}");
    assert!(fit.parameter("size").unwrap().std_error_reason.is_some());
    assert!(!fit.status.is_converged());
}

#[test]
fn intervals_of_every_kind() {
    let case = &references()["fits"].as_array().unwrap().iter().find(|c| c["family"] == "weibull").unwrap().clone();
    let x = xp().asarray(numbers(&case["x"])).unwrap();
    let weibull = Distribution::named("weibull").unwrap();
    let fits = [IntervalMethod::Wald, IntervalMethod::Profile, IntervalMethod::Bootstrap]
        .map(|method| weibull.fitting().interval(method).bootstrap(400, 3).fit(&x).unwrap());
    for fit in &fits {
        println!("{fit}");
        for p in &fit.parameters {
            let i = p.interval.unwrap();
            assert!(i.lower < p.estimate && p.estimate < i.upper && i.level == 0.95, "{fit}");
        }
    }
    // The profile's ends are where the likelihood has fallen by half the quantile of chi-squared(1).
    let end = fits[1].parameter("shape").unwrap().interval.unwrap().lower;
    let held = weibull.fitting().fix("shape", end).fit(&x).unwrap();
    assert!((fits[1].log_likelihood - held.log_likelihood - 0.5 * 3.841_458_820_694_124).abs() < 1e-7);
    let sandwich = weibull.fitting().standard_errors(StandardErrors::Sandwich).fit(&x).unwrap();
    assert_eq!(sandwich.standard_errors, StandardErrors::Sandwich);
}

#[test]
fn every_family_has_a_reference() {
    let references = references();
    let listed = |key: &str| -> Vec<String> {
        references[key].as_array().unwrap().iter().map(|c| c["family"].as_str().unwrap().to_string()).collect()
    };
    let (fits, points) = (listed("fits"), listed("points"));
    // Binomial's is the Bernoulli's; the others have closed forms that are not regular, or none that is smooth.
    let without = ["binomial", "laplace", "pareto", "uniform", "triangular"];
    for d in Distribution::all() {
        assert!(fits.iter().any(|f| f == d.name()) || without.contains(&d.name()), "{d}");
        assert!(points.iter().any(|f| f == d.name()) || d.name() == "binomial", "{d}");
    }
}
