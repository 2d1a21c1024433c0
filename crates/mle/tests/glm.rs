//! Generalised linear models against the values that Stata and R published, as quoted in statsmodels' tests.

use array_api::Namespace;
use mle::glm::{Dispersion, Family, Glm, GlmFit, Link};
use mle::{Status, Table};
use serde_json::Value;

fn xp() -> Namespace {
    array_ndarray::namespace()
}

fn folder(name: &str) -> String {
    format!("{}/tests/data/statsmodels/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn reference(name: &str) -> Value {
    let text = std::fs::read_to_string(folder("reference_results.json")).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()[name].clone()
}

/// The table, and the formula of its columns in order.
fn table(name: &str) -> (Table, String) {
    stored(name, |x| x)
}

/// The same with values as a program stores them.
fn stored(name: &str, store: fn(f64) -> f64) -> (Table, String) {
    let text = std::fs::read_to_string(folder(name)).unwrap();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let rows: Vec<Vec<f64>> = lines.map(|l| l.split(',').map(|v| v.parse().unwrap()).collect()).collect();
    let mut table = Table::new();
    for (j, name) in names.iter().enumerate() {
        table = table.numbers(name, xp().asarray(rows.iter().map(|r| store(r[j])).collect::<Vec<f64>>()).unwrap());
    }
    (table, format!("y ~ {} - 1", names[1..].join(" + ")))
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

/// Equal to as many digits as the number is printed with, half a unit of the last.
fn printed(got: f64, published: &Value) -> bool {
    let text = published.to_string();
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let decimals = mantissa.split_once('.').map_or(0, |(_, d)| d.len()) as i32;
    let unit = 10_f64.powi(exponent.parse::<i32>().unwrap() - decimals);
    // R's own residual sum of squares for Longley is 1.3e-13 away from NIST's.
    let rounding = 1e-12 * got.abs();
    // Trailing zeros are not in the file, so one more digit of the unit may be missing.
    (got - published.as_f64().unwrap()).abs() <= 0.6 * unit + rounding
}

fn check(fit: &GlmFit, published: &Value, skip: &[&str]) {
    println!("{fit}");
    assert_eq!(fit.fit.status, Status::Converged);
    for (key, values) in [
        ("params", fit.fit.estimates()),
        ("bse", fit.fit.parameters.iter().map(|p| p.std_error.unwrap()).collect::<Vec<_>>()),
    ] {
        for (got, wanted) in values.iter().zip(published[key].as_array().unwrap()) {
            assert!(printed(*got, wanted), "{key}: {got} for {wanted}");
        }
    }
    let one = [
        ("llf", fit.fit.log_likelihood),
        ("deviance", fit.deviance),
        ("pearson_chi2", fit.pearson),
        ("scale", fit.dispersion),
        ("df_resid", fit.residual_degrees),
        ("aic_R", fit.fit.aic),
        ("aic", fit.fit.aic),
        ("bic", fit.fit.bic),
    ];
    for (key, got) in one {
        match published.get(key) {
            Some(wanted) if !skip.contains(&key) => assert!(printed(got, wanted), "{key}: {got} for {wanted}"),
            _ => {}
        }
    }
}

#[test]
fn longley_gaussian() {
    let (table, formula) = table("design_longley.csv");
    let fit = Glm::new(&formula, Family::Gaussian).unwrap().fit(&table).unwrap();
    check(&fit, &reference("glm_Longley"), &[]);
}

#[test]
fn scottish_vote_gamma() {
    let (table, formula) = table("design_scotvote.csv");
    let fit = Glm::new(&formula, Family::Gamma).unwrap().fit(&table).unwrap();
    // Stata's log-likelihood takes the dispersion as 1. Its Pearson statistic, 0.0860228056, is not the 24 degrees of
    // freedom times the dispersion that it prints, 0.003584283, which is ours.
    check(&fit, &reference("glm_Scotvote"), &["llf", "pearson_chi2"]);
    assert!((fit.pearson / 0.0860228056 - 1.0).abs() < 2e-7);
    let (table, formula) = stored("design_scotvote.csv", |x| f64::from(x as f32));
    let fixed = Glm::new(&formula, Family::Gamma).unwrap().dispersion(Dispersion::Fixed(1.0)).fit(&table).unwrap();
    let likelihood = fixed.fit.log_likelihood;
    assert!(printed(likelihood, &reference("glm_Scotvote")["llf"]), "{likelihood}");
}

#[test]
fn spector_logit_and_probit() {
    // Stata stores columns in single precision unless asked otherwise: 2.66 is 2.6600001.
    let (table, formula) = stored("design_spector.csv", |x| f64::from(x as f32));
    for (link, name) in [(Link::Logit, "discrete_Spector_logit"), (Link::Probit, "discrete_Spector_probit")] {
        let published = reference(name);
        // Stata's probit reports the observed information, whose standard errors differ from the expected one's.
        let fit = Glm::new(&formula, Family::Binomial).unwrap().link(link).fit(&table).unwrap();
        for (got, wanted) in fit.fit.estimates().iter().zip(published["params"].as_array().unwrap()) {
            assert!((got - wanted.as_f64().unwrap()).abs() < 5e-9 * got.abs(), "{name}: {got} for {wanted}");
        }
        let likelihood = fit.fit.log_likelihood;
        assert!(
            (likelihood - published["llf"].as_f64().unwrap()).abs() < 1e-9,
            "{likelihood} for {}",
            published["llf"]
        );
        if link == Link::Logit {
            let covariance = fit.fit.covariance.clone().unwrap();
            for (row, wanted) in covariance.iter().zip(published["cov_params"].as_array().unwrap()) {
                for (got, wanted) in row.iter().zip(numbers(wanted)) {
                    assert!((got - wanted).abs() < 1e-6 * wanted.abs(), "{got} for {wanted}");
                }
            }
            assert!(
                (fit.null_deviance.unwrap_or(-2.0 * published["llnull"].as_f64().unwrap())
                    + 2.0 * published["llnull"].as_f64().unwrap())
                .abs()
                    < 1e-9
            );
        }
    }
}

#[test]
fn separation_is_told() {
    let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let complete = [0.0, 0.0, 0.0, 1.0, 1.0, 1.0];
    let table = Table::new().numbers("x", xp().asarray(x).unwrap()).numbers("y", xp().asarray(complete).unwrap());
    let fit = Glm::new("y ~ x", Family::Binomial).unwrap().fit(&table).unwrap();
    assert_eq!(fit.fit.status, Status::Separation, "{fit}");
    assert!(fit.fit.reason.contains('x') && fit.fit.parameters.iter().all(|p| p.std_error.is_none()));
    // One value of x has both outcomes: quasi-complete.
    let x = [1.0, 2.0, 3.0, 3.0, 4.0, 5.0];
    let quasi = [0.0, 0.0, 0.0, 1.0, 1.0, 1.0];
    let table = Table::new().numbers("x", xp().asarray(x).unwrap()).numbers("y", xp().asarray(quasi).unwrap());
    let fit = Glm::new("y ~ x", Family::Binomial).unwrap().fit(&table).unwrap();
    assert_eq!(fit.fit.status, Status::Separation, "{fit}");
    // A group of counts that are all zero.
    let g = ["a", "a", "b", "b", "c", "c"];
    let table = Table::new().numbers("y", xp().asarray([3.0, 4.0, 0.0, 0.0, 5.0, 2.0]).unwrap());
    let table = table.labels(&xp(), "g", &g).unwrap();
    let fit = Glm::new("y ~ g", Family::Poisson).unwrap().fit(&table).unwrap();
    assert_eq!(fit.fit.status, Status::Separation, "{fit}");
    assert!(fit.fit.reason.contains("g[b]"), "{fit}");
}

#[test]
fn collinear_columns_are_named() {
    let x = xp().asarray([1.0, 2.0, 3.0, 5.0]).unwrap();
    let twice = (&x * 2.0).ok().unwrap();
    let table =
        Table::new().numbers("a", x).numbers("b", twice).numbers("y", xp().asarray([1.0, 0.0, 2.0, 4.0]).unwrap());
    let fit = Glm::new("y ~ a + b", Family::Poisson).unwrap().fit(&table).unwrap();
    assert_eq!(fit.fit.status, Status::FlatDirection, "{fit}");
    assert!(fit.fit.reason.contains("a, b"), "{fit}");
}

#[test]
fn formulas_weights_and_offsets() {
    // Counts of successes and failures are the shares weighted by their trials, and the rows one by one.
    let (s, f, x) = ([3.0, 6.0, 9.0], [7.0, 4.0, 1.0], [1.0, 2.0, 3.0]);
    let table = Table::new()
        .numbers("s", xp().asarray(s).unwrap())
        .numbers("f", xp().asarray(f).unwrap())
        .numbers("x", xp().asarray(x).unwrap());
    let grouped = Glm::new("cbind(s, f) ~ x", Family::Binomial).unwrap().fit(&table).unwrap();
    let (mut y, mut xs) = (vec![], vec![]);
    for i in 0..3 {
        for k in 0..10 {
            y.push(if (k as f64) < s[i] { 1.0 } else { 0.0 });
            xs.push(x[i]);
        }
    }
    let single = Table::new().numbers("y", xp().asarray(y).unwrap()).numbers("x", xp().asarray(xs).unwrap());
    let single = Glm::new("y ~ x", Family::Binomial).unwrap().fit(&single).unwrap();
    for (a, b) in grouped.fit.parameters.iter().zip(&single.fit.parameters) {
        assert!((a.estimate - b.estimate).abs() < 1e-10 && (a.std_error.unwrap() - b.std_error.unwrap()).abs() < 1e-10);
    }

    // With an offset of log(e) and an intercept only, the rate is the sum of counts over the sum of exposures.
    let table = Table::new()
        .numbers("y", xp().asarray([2.0, 5.0, 9.0]).unwrap())
        .numbers("e", xp().asarray([1.0, 3.0, 4.0]).unwrap());
    let rate = Glm::new("y ~ 1 + offset(log(e))", Family::Poisson).unwrap().fit(&table).unwrap();
    assert!((rate.fit.parameters[0].estimate - f64::ln(16.0 / 8.0)).abs() < 1e-12, "{rate}");

    let unknown = Glm::new("y ~ z", Family::Poisson).unwrap().fit(&table).unwrap_err().to_string();
    assert!(unknown.contains("column 5") && unknown.contains('z') && unknown.contains("e, y"), "{unknown}");
}

#[test]
fn responses_that_a_family_does_not_take() {
    let table = |y: [f64; 4]| {
        let x = xp().asarray([1.0, 2.0, 3.0, 4.0]).unwrap();
        Table::new().numbers("x", x).numbers("y", xp().asarray(y).unwrap())
    };
    for (family, y, word) in [
        (Family::Binomial, [0.0, 1.0, 2.0, 1.0], "1 of 4"),
        (Family::Poisson, [-1.0, -2.0, 2.0, 1.0], "2 of 4"),
        (Family::Gamma, [0.0, 1.0, 2.0, 1.0], "positive"),
        (Family::Gaussian, [f64::NAN, 1.0, 2.0, 1.0], "not finite"),
    ] {
        let error = Glm::new("y ~ x", family).unwrap().fit(&table(y)).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
    let few = Glm::new("y ~ x + I(x^2) + I(x^3) + I(x^4)", Family::Poisson).unwrap().fit(&table([1.0, 2.0, 3.0, 4.0]));
    assert!(few.unwrap_err().to_string().contains("4 rows cannot determine 5"));
}

#[test]
fn negative_binomial_theta() {
    // The family's own likelihood, maximised over everything at once, has the same maximum.
    let x: Vec<f64> = (0..60).map(|i| f64::from(i % 6)).collect();
    let y: Vec<f64> = (0..60).map(|i| f64::from((i * 7 % 11) * (1 + i % 6) / 3)).collect();
    let (xa, ya) = (xp().asarray(x.clone()).unwrap(), xp().asarray(y.clone()).unwrap());
    let table = Table::new().numbers("x", xa).numbers("y", ya);
    let fit = Glm::new("y ~ x", Family::NegativeBinomial { theta: None }).unwrap().fit(&table).unwrap();
    assert_eq!(fit.fit.status, Status::Converged, "{fit}");
    let theta = fit.theta.unwrap();
    for t in [theta * 0.999, theta * 1.001] {
        let near = Glm::new("y ~ x", Family::NegativeBinomial { theta: Some(t) }).unwrap().fit(&table).unwrap();
        assert!(near.fit.log_likelihood < fit.fit.log_likelihood, "{near}");
    }
}

/// The squares of the rows' residuals add up to the statistics that the fit reports.
#[test]
fn residuals_add_up() {
    let n = 40;
    let x: Vec<f64> = (0..n).map(|i| f64::from(i) / 10.0).collect();
    let wave = |i: i32| (f64::from(i) * 1.7).sin();
    let counts: Vec<f64> = (0..n).map(|i| (3.0 + f64::from(i) / 8.0 + 2.0 * wave(i)).round()).collect();
    let shares: Vec<f64> = (0..n).map(|i| f64::from((i % 4).min(3)) / 4.0).collect();
    let positive: Vec<f64> = (0..n).map(|i| 2.0 + f64::from(i) / 20.0 + wave(i)).collect();
    // One row counts for nothing.
    let weights = xp().asarray((0..n).map(|i| f64::from(i % 5)).collect::<Vec<_>>()).unwrap();
    for (family, y) in [(Family::Poisson, counts), (Family::Binomial, shares), (Family::Gamma, positive)] {
        let table = Table::new().numbers("x", xp().asarray(x.clone()).unwrap()).numbers("y", xp().asarray(y).unwrap());
        let model = Glm::new("y ~ x", family).unwrap().weights(&weights);
        let fit = model.fit(&table).unwrap();
        let rows = model.fitted(&table, &fit).unwrap();
        let sum = |x: &array_api::Array| array_api::vecdot(x, x, ..).unwrap().item::<f64>().unwrap();
        assert!((sum(&rows.pearson().unwrap()) / fit.pearson - 1.0).abs() < 1e-9, "{family:?}");
        assert!((sum(&rows.deviance().unwrap()) / fit.deviance - 1.0).abs() < 1e-9, "{family:?}");
        assert_eq!(rows.pearson().unwrap().to_vec::<f64>().unwrap()[0], 0.0);
    }
}
