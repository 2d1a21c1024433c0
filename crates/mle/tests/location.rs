//! Laws on the positive numbers with a free location, against maxima computed in 30 digits by `references/vectors.py`.

use array_api::{Array, Namespace};
use mle::distribution::{Censoring, Distribution, Fitting};
use mle::{Fit, IntervalMethod, StandardErrors, Status};
use serde_json::Value;

fn xp() -> Namespace {
    array_ndarray::namespace()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn vector(x: &[f64]) -> Array {
    xp().asarray(x).unwrap()
}

fn free(name: &str) -> Fitting {
    Distribution::named(name).unwrap().fitting().free_location()
}

fn worst(got: &[f64], expected: &[f64]) -> f64 {
    let errors = got.iter().zip(expected).map(|(g, e)| ((g - e) / e).abs());
    errors.fold(0.0, |m, e| if e > m || e.is_nan() { e } else { m })
}

#[test]
fn maxima_inside() {
    let path = format!("{}/tests/data/distributions/vectors.json", env!("CARGO_MANIFEST_DIR"));
    let references: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for case in references["located"].as_array().unwrap() {
        let name = case["family"].as_str().unwrap();
        let x = vector(&numbers(&case["x"]));
        let fit = free(name).fit(&x).unwrap();
        println!("{fit}");
        assert_eq!(fit.parameters.last().unwrap().name, "location", "{fit}");
        let estimates = worst(&fit.estimates(), &numbers(&case["estimates"]));
        let likelihood = (fit.log_likelihood / case["log_likelihood"].as_f64().unwrap() - 1.0).abs();
        assert!(estimates < 1e-9 && likelihood < 1e-12, "{name}: {estimates:e} {likelihood:e}\n{fit}");
        let errors: Vec<Option<f64>> = fit.parameters.iter().map(|p| p.std_error).collect();
        if name == "rayleigh" {
            // The density rises linearly: the scale's error is that with the location held, the location has none.
            assert_eq!(fit.status, Status::NonRegular, "{fit}");
            assert!(
                worst(&[errors[0].unwrap()], &numbers(&case["std_errors_held"])) < 1e-6 && errors[1].is_none(),
                "{fit}"
            );
            continue;
        }
        let errors: Vec<f64> = errors.into_iter().flatten().collect();
        assert!(worst(&errors, &numbers(&case["std_errors"])) < 1e-6, "{fit}");
        let expected = if name == "inverse_gaussian" { Status::Converged } else { Status::Unbounded };
        assert_eq!(fit.status, expected, "{fit}");
        if expected == Status::Unbounded {
            assert!(fit.reason.contains("largest maximum inside; its standard errors"), "{fit}");
        }
        // scipy's simplex ends near the same maximum, and not above it.
        if let Some(scipy) = case.get("scipy").map(numbers) {
            assert!(worst(&scipy, &fit.estimates()) < 1e-4, "{scipy:?}");
        }
        // The moved law has the likelihood that the fit says.
        let estimates = fit.estimates();
        let (location, own) = estimates.split_last().unwrap();
        let law = Distribution::named(name).unwrap().with(own).unwrap().at(*location).unwrap();
        let value = law.log_prob(&x).unwrap().sum(..).unwrap().item::<f64>().unwrap();
        assert!((value / fit.log_likelihood - 1.0).abs() < 1e-12, "{value}");
        // And a location that is held where it was found leaves the others there.
        let held = Distribution::named(name).unwrap().fitting().fix("location", *location).fit(&x).unwrap();
        assert!(worst(&held.estimates(), own) < 1e-7, "{held}");
        assert!(held.model.contains("location"), "{}", held.model);
    }
}

#[test]
fn densities_with_a_jump_begin_at_the_smallest_value() {
    let x = [3.4, 3.1, 5.0, 4.2, 3.3, 7.7, 3.9];
    let n = x.len() as f64;
    let away: Vec<f64> = x.iter().map(|v| v - 3.1).collect();
    for (name, height) in [
        ("exponential", 1.0),
        ("half_normal", (2.0 / std::f64::consts::PI).sqrt()),
        ("half_cauchy", 2.0 / std::f64::consts::PI),
    ] {
        let fit = free(name).fit(&vector(&x)).unwrap();
        assert_eq!((fit.status, fit.standard_errors), (Status::NonRegular, StandardErrors::SamplingLaw), "{fit}");
        let own = Distribution::named(name).unwrap().fit(&vector(&away)).unwrap();
        assert_eq!((fit.estimates()[0], fit.estimates()[1]), (own.estimates()[0], 3.1), "{fit}");
        assert_eq!(fit.parameters[0].std_error, own.parameters[0].std_error);
        let scale = own.estimates()[0];
        let at_end = if name == "exponential" { scale } else { height / scale };
        let expected = 1.0 / (n * at_end);
        assert!((fit.parameters[1].std_error.unwrap() / expected - 1.0).abs() < 1e-12, "{fit}");
        assert_eq!((fit.free_parameters, fit.log_likelihood), (2, own.log_likelihood));
        assert!((fit.aic - own.aic - 2.0).abs() < 1e-12);
    }
    // The exponential's in closed form: 1 / (mean - min).
    let fit = free("exponential").fit(&vector(&x)).unwrap();
    assert!((fit.estimates()[0] - 1.0 / (x.iter().sum::<f64>() / n - 3.1)).abs() < 1e-12);
    let weighted = free("exponential").weights(&vector(&[2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])).fit(&vector(&x)).unwrap();
    let repeated = free("exponential").fit(&vector(&[3.4, 3.4, 3.1, 5.0, 4.2, 3.3, 7.7, 3.9])).unwrap();
    assert!(worst(&weighted.estimates(), &repeated.estimates()) < 1e-12);
    assert!(
        (weighted.parameters[1].std_error.unwrap() / repeated.parameters[1].std_error.unwrap() - 1.0).abs() < 1e-12
    );
}

#[test]
fn a_likelihood_without_a_maximum_inside_is_no_estimate() {
    // A Weibull law of shape 0.6: the likelihood only grows towards the smallest value.
    let law = Distribution::named("weibull").unwrap().with(&[0.6, 2.0]).unwrap().at(10.0).unwrap();
    let x = law.sample(&xp().key(3).unwrap(), 60).unwrap();
    let fit = free("weibull").fit(&x).unwrap();
    println!("{fit}");
    assert_eq!(fit.status, Status::Unbounded, "{fit}");
    assert!(fit.reason.contains("these are no estimates") && !fit.status.is_converged(), "{fit}");
    assert!(fit.parameters.iter().all(|p| p.std_error.is_none() && p.std_error_reason.is_some()), "{fit}");
    assert!(fit.parameters.iter().all(|p| p.interval.is_none()), "{fit}");
    // Data that lean to the other side have no beginning for laws that lean to the right.
    let mirrored: Vec<f64> = (1..60).map(|i| 20.0 - (-(f64::from(i) / 60.0).ln()) * 3.0).collect();
    for name in ["gamma", "lognormal", "inverse_gaussian"] {
        let fit = free(name).fit(&vector(&mirrored)).unwrap();
        println!("{fit}");
        assert!(!fit.status.is_converged() && !fit.reason.is_empty(), "{fit}");
        assert!(fit.parameters.iter().all(|p| p.std_error.is_some() || p.std_error_reason.is_some()), "{fit}");
    }
}

#[test]
fn a_shape_between_one_and_two_has_no_error_of_the_location() {
    let law = Distribution::named("weibull").unwrap().with(&[1.5, 2.0]).unwrap().at(10.0).unwrap();
    let x = law.sample(&xp().key(8).unwrap(), 400).unwrap();
    let fit = free("weibull").fit(&x).unwrap();
    println!("{fit}");
    assert_eq!(fit.status, Status::Unbounded, "{fit}");
    let shape = fit.parameter("shape").unwrap();
    assert!(shape.estimate > 1.0 && shape.estimate < 2.0 && shape.std_error.is_some(), "{fit}");
    let location = fit.parameter("location").unwrap();
    assert!(location.std_error.is_none() && location.std_error_reason.is_some(), "{fit}");
    assert!((location.estimate - 10.0).abs() < 0.1, "{fit}");
    // The others' errors are those with the location held there.
    let held = Distribution::named("weibull").unwrap().fitting().fix("location", location.estimate).fit(&x).unwrap();
    assert!((shape.std_error.unwrap() / held.parameters[0].std_error.unwrap() - 1.0).abs() < 1e-5, "{held}");
}

#[test]
fn right_censored_values_and_priors() {
    let law = Distribution::named("inverse_gaussian").unwrap().with(&[2.0, 6.0]).unwrap().at(4.0).unwrap();
    let x = law.sample(&xp().key(5).unwrap(), 150).unwrap().to_vec::<f64>().unwrap();
    let cut: Vec<f64> = x.iter().map(|v| v.min(7.5)).collect();
    let flags: Vec<bool> = x.iter().map(|v| *v > 7.5).collect();
    let censored = Censoring::Right(xp().asarray(flags.clone()).unwrap());
    let fit = free("inverse_gaussian").censored(censored).fit(&vector(&cut)).unwrap();
    assert_eq!(fit.status, Status::Converged, "{fit}");
    let total = |p: &[f64]| {
        let law = Distribution::named("inverse_gaussian").unwrap().with(&p[..2]).unwrap().at(p[2]).unwrap();
        let density = law.log_prob(&vector(&cut)).unwrap().to_vec::<f64>().unwrap();
        let tail = law.survival(&vector(&cut)).unwrap().to_vec::<f64>().unwrap();
        (0..cut.len()).map(|i| if flags[i] { tail[i].ln() } else { density[i] }).sum::<f64>()
    };
    let best = fit.estimates();
    assert!((total(&best) / fit.log_likelihood - 1.0).abs() < 1e-10, "{fit}");
    for i in 0..3 {
        for step in [-1e-3, 1e-3] {
            let mut near = best.clone();
            near[i] += step;
            assert!(total(&near) < fit.log_likelihood, "{near:?}\n{fit}");
        }
    }
    let prior = Distribution::named("normal").unwrap().with(&[4.0, 0.01]).unwrap();
    let near = free("inverse_gaussian").prior("location", prior).fit(&vector(&x)).unwrap();
    assert!((near.parameter("location").unwrap().estimate - 4.0).abs() < 0.02 && near.mode_scale.is_some(), "{near}");
}

#[test]
fn what_is_not_fitted_says_why() {
    let x = vector(&[1.0, 2.0, 3.5, 2.5, 4.0, 6.0]);
    let refused = |fit: array_api::Result<Fit>, words: &str| {
        let error = fit.map(|f| f.to_string()).unwrap_err().to_string();
        assert!(error.contains(words), "`{error}` lacks `{words}`");
    };
    refused(free("normal").fit(&x), "normal(mean, sd) has no location that could be freed");
    refused(free("poisson").fit(&x), "has no location");
    refused(free("weibull").fix("location", 1.0).fit(&x), "both free and fixed at 1");
    refused(free("weibull").truncated(0.0, 9.0).fit(&x), "truncated values with a free location");
    refused(free("weibull").censored(Censoring::Interval(x.clone())).fit(&x), "intervals with a free location");
    let flags = xp().asarray([false, false, true, false, false, true]).unwrap();
    refused(free("exponential").censored(Censoring::Right(flags)).fit(&x), "starts with a jump");
    refused(free("weibull").interval(IntervalMethod::Profile).fit(&x), "a profile of weibull would be wrong");
    refused(free("weibull").fit(&vector(&[1.0, 2.0, 3.0])), "3 rows cannot determine 3 parameters");
    refused(free("gamma").fit(&vector(&[2.0, 2.0, 2.0, 2.0, 2.0])), "all 5 values are 2");
    let fixed = |name: &str, at: f64| Distribution::named(name).unwrap().fitting().fix("location", at).fit(&x);
    refused(fixed("gamma", 2.2), "less the location 2.2");
    refused(fixed("beta", 0.5), "has no location");
    refused(fixed("gamma", f64::NAN), "the location is fixed at NaN");
    // The location of a law on all numbers is its own parameter.
    let logistic = Distribution::named("logistic").unwrap().fitting().fix("location", 3.0).fit(&x).unwrap();
    assert_eq!(logistic.parameters.len(), 1);
}
