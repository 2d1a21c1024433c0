//! Models whose parameters are shares, correlations and covariances, against closed forms.

use array_api::{Array, Namespace, cholesky, log, matmul, matrix_transpose, square, vecdot};
use mle::composite::Composite;
use mle::distribution::{Dirichlet, Distribution, MultivariateNormal, VectorLaw};
use mle::inference::Laplace;
use mle::transform::Range;
use mle::{Fit, IntervalMethod, Model, Scale, StandardErrors, Status};

fn xp() -> Namespace {
    array_ndarray::namespace()
}

fn near(a: f64, b: f64, tolerance: f64, what: &str) {
    assert!((a - b).abs() <= tolerance * b.abs().max(1e-3), "{what}: {a}, not {b}");
}

const COUNTS: [f64; 4] = [13.0, 40.0, 2.0, 25.0];

fn votes(scale: Scale, prior: Option<&[f64]>) -> Fit {
    let counts = xp().asarray(COUNTS).unwrap();
    let kind = Composite::Simplex(4);
    let model =
        Model::new("votes", |p| vecdot(&counts, log(p.get("share")?)?, ..)).observations(80.0).mode_scale(scale);
    let model = match prior {
        None => model.composite("share", kind, &kind.neutral()),
        Some(alpha) => {
            let law = Dirichlet::new(alpha).unwrap();
            model.composite_with_prior("share", kind, &[0.1, 0.2, 0.3, 0.4], move |x| law.log_prob(x))
        }
    };
    model.fit(&xp()).unwrap()
}

#[test]
fn shares_are_counts_over_their_sum() {
    let fit = votes(Scale::Constrained, None);
    println!("{fit}");
    assert_eq!((fit.status, fit.standard_errors), (Status::Converged, StandardErrors::DeltaMethod), "{fit}");
    assert_eq!(fit.free_parameters, 3);
    let p = COUNTS.map(|c| c / 80.0);
    let covariance = fit.covariance.as_ref().unwrap();
    for (i, own) in p.into_iter().enumerate() {
        let share = fit.parameter(&format!("share[{}]", i + 1)).unwrap();
        near(share.estimate, own, 1e-9, "share");
        let interval = share.interval.unwrap();
        assert!(0.0 < interval.lower && interval.lower < own && own < interval.upper && interval.upper < 1.0);
        for (j, other) in p.into_iter().enumerate() {
            let square = if i == j { own } else { 0.0 };
            near(covariance[i][j], (square - own * other) / 80.0, 1e-6, "covariance");
        }
    }
    let exact = COUNTS.iter().zip(p).map(|(c, p)| c * p.ln()).sum::<f64>();
    near(fit.log_likelihood, exact, 1e-12, "log-likelihood");
    // The table names every share, and the fit is JSON.
    assert!((1..=4).all(|i| fit.to_string().contains(&format!("share[{i}]"))), "{fit}");
    let text = serde_json::to_string(&fit).unwrap();
    assert_eq!(serde_json::from_str::<Fit>(&text).unwrap().estimates(), fit.estimates());
    // Laplace's evidence would need a density on the free shares alone.
    assert!(Laplace::of(&fit).is_err());
}

#[test]
fn a_dirichlet_prior_is_conjugate_on_both_scales() {
    let alpha = [2.0, 1.5, 3.0, 1.0];
    let total: f64 = COUNTS.iter().sum::<f64>() + alpha.iter().sum::<f64>();
    let mode = votes(Scale::Constrained, Some(&alpha));
    assert_eq!(mode.mode_scale.as_deref(), Some("constrained"));
    let unconstrained = votes(Scale::Unconstrained, Some(&alpha));
    assert_eq!(unconstrained.mode_scale.as_deref(), Some("unconstrained"));
    let prior = Dirichlet::new(&alpha).unwrap();
    for (i, alpha) in alpha.into_iter().enumerate() {
        near(mode.estimates()[i], (COUNTS[i] + alpha - 1.0) / (total - 4.0), 1e-9, "the posterior's mode");
        // Broken sticks are beta variables, whose log odds have their mode at the mean: the shares' posterior mean.
        near(unconstrained.estimates()[i], (COUNTS[i] + alpha) / total, 1e-9, "mode of the numbers without bounds");
    }
    for fit in [&mode, &unconstrained] {
        let at = xp().asarray(fit.estimates()).unwrap();
        near(fit.log_prior, prior.log_prob(&at).unwrap().item::<f64>().unwrap(), 1e-12, "log prior");
        assert_eq!(fit.standard_errors, StandardErrors::DeltaMethod);
    }
    // The stick's log odds, of a beta(a, b) variable, have curvature a b / (a + b) at their mode; the first share is the first
    // stick, of slope p (1 - p).
    let a = COUNTS[0] + alpha[0];
    let p = a / total;
    let exact = p * (1.0 - p) / (a * (total - a) / total).sqrt();
    near(unconstrained.parameters[0].std_error.unwrap(), exact, 1e-6, "standard error");
}

/// Draws with correlations, standard deviations and means of their own.
fn rows() -> Array {
    let law =
        MultivariateNormal::new(&[1.0, -2.0, 0.5], &[vec![4.0, 1.2, -0.4], vec![1.2, 1.0, 0.1], vec![-0.4, 0.1, 0.25]])
            .unwrap();
    law.sample(&xp().key(12).unwrap(), 50).unwrap()
}

fn log_normal(x: &Array, mean: &Array, covariance: &Array) -> array_api::Result<Array> {
    let factor = cholesky(covariance, ..)?;
    let white = array_api::triangular_solve(&factor, matrix_transpose((x - mean).ok()?)?, ..)?;
    let scale = log(array_api::diagonal(&factor, ..)?)?.sum(..)?;
    (square(white)?.sum(0)? * -0.5 - scale - 1.5 * (2.0 * std::f64::consts::PI).ln()).ok()
}

/// The model of three normal variables by means, standard deviations and correlations.
fn correlated(x: &Array, errors: StandardErrors, interval: IntervalMethod) -> array_api::Result<Fit> {
    let names = |kind: &str| (1..=3).map(|i| format!("{kind}{i}")).collect::<Vec<_>>();
    let (means, sds) = (names("mean"), names("sd"));
    let model = Model::new("three normal variables", |p| {
        let vector = |names: &[String]| -> array_api::Result<Array> {
            let parts = names.iter().map(|n| Ok(p.get(n)?.clone())).collect::<array_api::Result<Vec<_>>>()?;
            array_api::stack(parts, 0)
        };
        let scale = vector(&sds)?;
        let covariance = (p.get("r")? * &scale * array_api::expand_dims(&scale, -1)?).ok()?;
        log_normal(x, &vector(&means)?, &covariance)
    });
    let kind = Composite::Correlation(3);
    let mut model = model.parameter(&means[0], Range::Real, 0.0).composite("r", kind, &kind.neutral());
    for name in &means[1..] {
        model = model.parameter(name, Range::Real, 0.0);
    }
    for name in &sds {
        model = model.parameter(name, Range::POSITIVE, 1.0);
    }
    model.standard_errors(errors).interval(interval).bootstrap(200, 4).fit(&xp())
}

#[test]
fn correlations_of_normal_variables() {
    let x = rows();
    let n = 50.0;
    let fit = correlated(&x, StandardErrors::ObservedInformation, IntervalMethod::Wald).unwrap();
    println!("{fit}");
    assert_eq!((fit.status, fit.standard_errors), (Status::Converged, StandardErrors::DeltaMethod), "{fit}");
    let closed = MultivariateNormal::fit(&x, None).unwrap();
    let cov = |i: usize, j: usize| closed.parameter(&format!("cov{},{}", i.max(j), i.min(j))).unwrap().estimate;
    let r = |i: usize, j: usize| cov(i, j) / (cov(i, i) * cov(j, j)).sqrt();
    let place = |name: &str| fit.parameters.iter().position(|p| p.name == name).unwrap();
    near(fit.log_likelihood, closed.log_likelihood, 1e-12, "log-likelihood");
    for i in 1..=3 {
        near(fit.estimates()[place(&format!("mean{i}"))], closed.estimates()[i - 1], 1e-8, "mean");
        let sd = &fit.parameters[place(&format!("sd{i}"))];
        near(sd.estimate, cov(i, i).sqrt(), 1e-8, "sd");
        near(sd.std_error.unwrap(), (cov(i, i) / (2.0 * n)).sqrt(), 1e-6, "standard error of sd");
    }
    let covariance = fit.covariance.as_ref().unwrap();
    for (i, j, k) in [(2, 1, 3), (3, 1, 2), (3, 2, 1)] {
        let entry = &fit.parameters[place(&format!("r[{i},{j}]"))];
        near(entry.estimate, r(i, j), 1e-8, "correlation");
        near(entry.std_error.unwrap(), (1.0 - r(i, j).powi(2)) / n.sqrt(), 1e-6, "standard error of a correlation");
        // Two correlations with one variable in common (Pearson and Filon 1898).
        let (a, b, c) = (r(i, j), r(i, k), r(j, k));
        let both = c * (1.0 - a * a - b * b) - 0.5 * a * b * (1.0 - a * a - b * b - c * c);
        let other = place(&format!("r[{},{}]", i.max(k), i.min(k)));
        near(covariance[place(&format!("r[{i},{j}]"))][other], both / n, 1e-6, "covariance of correlations");
    }
}

#[test]
fn a_covariance_as_one_parameter() {
    let x = rows();
    let kind = Composite::Covariance(3);
    let mean = x.mean(0).unwrap();
    let fit = Model::new("centred", |p| log_normal(&x, &mean, p.get("s")?)).composite("s", kind, &kind.neutral());
    let fit = fit.fit(&xp()).unwrap();
    let closed = MultivariateNormal::fit(&x, None).unwrap();
    assert_eq!(fit.status, Status::Converged, "{fit}");
    for i in 1..=3 {
        for j in 1..=i {
            let (own, exact) = (fit.parameter(&format!("s[{i},{j}]")), closed.parameter(&format!("cov{i},{j}")));
            let (own, exact) = (own.unwrap(), exact.unwrap());
            near(own.estimate, exact.estimate, 1e-8, "covariance");
            near(own.std_error.unwrap(), exact.std_error.unwrap(), 1e-6, "its standard error");
            assert_eq!(own.p_value.is_some(), i != j, "{fit}");
        }
    }
}

#[test]
fn sandwich_and_bootstrap_of_composite_parameters() {
    let x = rows();
    let plain = correlated(&x, StandardErrors::ObservedInformation, IntervalMethod::Wald).unwrap();
    let sandwich = correlated(&x, StandardErrors::Sandwich, IntervalMethod::Wald).unwrap();
    let bootstrap = correlated(&x, StandardErrors::Bootstrap, IntervalMethod::Bootstrap).unwrap();
    assert_eq!(sandwich.standard_errors, StandardErrors::Sandwich);
    assert_eq!(bootstrap.standard_errors, StandardErrors::Bootstrap);
    for (p, (s, b)) in plain.parameters.iter().zip(sandwich.parameters.iter().zip(&bootstrap.parameters)) {
        let (se, other, again) = (p.std_error.unwrap(), s.std_error.unwrap(), b.std_error.unwrap());
        assert!(
            (other / se - 1.0).abs() < 0.5 && (again / other - 1.0).abs() < 0.35,
            "{}: {se} {other} {again}",
            p.name
        );
        let interval = b.interval.unwrap();
        assert!(interval.lower < b.estimate && b.estimate < interval.upper, "{bootstrap}");
    }
    // The sandwich of shares of independent rows is the multinomial covariance again.
    let category = xp().asarray([0.0, 1.0, 1.0, 2.0, 1.0, 0.0, 2.0, 1.0, 1.0, 1.0]).unwrap();
    let categorical = Model::new("categories", |p| {
        let shares = log(p.get("p")?)?;
        let indicator = |j: f64| array_api::astype(array_api::equal(&category, j)?, array_api::DType::Float64);
        let rows = array_api::stack(vec![indicator(0.0)?, indicator(1.0)?, indicator(2.0)?], 1)?;
        matmul(rows, shares)
    });
    let kind = Composite::Simplex(3);
    let fit =
        categorical.composite("p", kind, &kind.neutral()).standard_errors(StandardErrors::Sandwich).fit(&xp()).unwrap();
    for (p, share) in fit.parameters.iter().zip([0.2, 0.6, 0.2_f64]) {
        near(p.estimate, share, 1e-9, "share");
        near(p.std_error.unwrap(), (share * (1.0 - share) / 10.0).sqrt(), 1e-6, "sandwich");
    }
    let error = correlated(&x, StandardErrors::ObservedInformation, IntervalMethod::Profile).unwrap_err().to_string();
    assert!(error.contains("`r` move together") && error.contains("Wald or bootstrap"), "{error}");
}

#[test]
fn edges_and_bad_starts_say_so() {
    let counts = xp().asarray([3.0, 0.0, 5.0]).unwrap();
    let hours = xp().asarray([1.0, 2.0, 4.0]).unwrap();
    let kind = Composite::Simplex(3);
    let model = |start: &[f64]| {
        Model::new("votes and hours", |p| {
            let votes = vecdot(&counts, log(p.get("share")?)?, ..)?;
            let rate = p.get("rate")?;
            (votes + (log(rate)? - &hours * rate).ok()?.sum(..)?).ok()
        })
        .composite("share", kind, start)
        .parameter("rate", Range::POSITIVE, 1.0)
        .observations(8.0)
        .fit(&xp())
    };
    let fit = model(&kind.neutral()).unwrap();
    println!("{fit}");
    assert_eq!(fit.status, Status::Boundary, "{fit}");
    assert!(fit.reason.contains("`share` runs to the edge of 3 shares that sum to 1"), "{fit}");
    for (p, exact) in fit.parameters.iter().zip([0.375, 0.0, 0.625, 3.0 / 7.0]) {
        assert!((p.estimate - exact).abs() < 1e-6, "{fit}");
        assert_eq!(p.std_error.is_some(), p.name == "rate", "{fit}");
        assert_eq!(p.std_error_reason.is_none(), p.name == "rate", "{fit}");
    }
    let rate = fit.parameter("rate").unwrap();
    near(rate.std_error.unwrap(), rate.estimate / 3.0_f64.sqrt(), 1e-6, "the rate's own standard error");
    let refused = |start: &[f64], words: &str| {
        let error = model(start).map(|f| f.to_string()).unwrap_err().to_string();
        assert!(error.contains("`share` cannot start there") && error.contains(words), "{error}");
    };
    refused(&[0.5, 0.5], "2 numbers");
    refused(&[0.5, 0.4, 0.4], "sum to 1.3");
    refused(&[0.5, 0.5, 0.0], "a share is 0");
    let nothing = Model::new("m", |p| p.get("p")?.sum(..)).composite("p", Composite::Simplex(1), &[1.0]).fit(&xp());
    assert!(nothing.unwrap_err().to_string().contains("nothing of it is free"));
}

#[test]
fn unconstrained_modes_of_numbers_have_their_own_curvature() {
    // A gamma posterior of a Poisson mean: on the log scale its mode is a / b, with curvature a.
    let counts = xp().asarray([3.0, 5.0, 2.0, 6.0]).unwrap();
    let prior = Distribution::named("gamma").unwrap().with(&[3.0, 2.0]).unwrap();
    let fit = Distribution::named("poisson").unwrap().fitting().prior("lambda", prior).mode_scale(Scale::Unconstrained);
    let fit = fit.fit(&counts).unwrap();
    let (a, b) = (19.0, 6.0_f64);
    near(fit.estimates()[0], a / b, 1e-9, "mode");
    assert_eq!(fit.standard_errors, StandardErrors::DeltaMethod);
    near(fit.parameters[0].std_error.unwrap(), a / b / a.sqrt(), 1e-6, "standard error");
}
