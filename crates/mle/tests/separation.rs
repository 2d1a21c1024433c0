//! Separation: told early, with its direction, where linear programming finds it (references/generalized.py), and nowhere else.

use array_api::Namespace;
use mle::glm::{Family, Glm, GlmFit, Link};
use mle::multinomial::MultinomialLogit;
use mle::regression::{Outcome, Regression};
use mle::{Status, Table};
use serde_json::Value;

fn xp() -> Namespace {
    array_ndarray::namespace()
}

fn table(columns: &[(&str, &[f64])]) -> Table {
    columns.iter().fold(Table::new(), |t, (name, values)| t.numbers(name, xp().asarray(values.to_vec()).unwrap()))
}

fn fit(formula: &str, family: Family, link: Link, table: &Table) -> GlmFit {
    Glm::new(formula, family).unwrap().link(link).fit(table).unwrap()
}

const BINOMIAL: [Link; 3] = [Link::Logit, Link::Probit, Link::Cloglog];

/// Separated fits say why, end long before the iteration limit, and have no standard errors.
fn separated(fit: &GlmFit, parts: &[&str]) {
    assert_eq!(fit.fit.status, Status::Separation, "{fit}");
    assert!(fit.fit.iterations <= 15, "{fit}");
    assert!(fit.fit.parameters.iter().all(|p| p.std_error.is_none() && p.interval.is_none()), "{fit}");
    assert!(fit.fit.covariance.is_none() && fit.to_string().contains("grows for ever"), "{fit}");
    for part in parts {
        assert!(fit.fit.reason.contains(part), "`{part}` is not in: {}", fit.fit.reason);
    }
}

#[test]
fn complete() {
    let t = table(&[("x", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), ("y", &[0.0, 0.0, 0.0, 1.0, 1.0, 1.0])]);
    for link in BINOMIAL {
        separated(&fit("y ~ x", Family::Binomial, link, &t), &["all 6 rows completely", "(Intercept) + x"]);
    }
    // One outcome only.
    let t = table(&[("y", &[1.0, 1.0, 1.0])]);
    separated(&fit("y ~ 1", Family::Binomial, Link::Logit, &t), &["all 3 rows", "along (Intercept)"]);
}

#[test]
fn quasi_complete() {
    let t = table(&[("x", &[1.0, 2.0, 3.0, 3.0, 4.0, 5.0]), ("y", &[0.0, 0.0, 0.0, 1.0, 1.0, 1.0])]);
    for link in BINOMIAL {
        separated(&fit("y ~ x", Family::Binomial, link, &t), &["4 of 6 rows (quasi-completely)", "-3 (Intercept) + x"]);
    }
    // A group with one outcome, beside a predictor that says something.
    let g = [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0];
    let t = table(&[
        ("x", &[1.0, 4.0, 2.0, 3.0, 1.0, 2.0, 3.0, 5.0]),
        ("g", &g),
        ("y", &[0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0]),
    ]);
    for link in BINOMIAL {
        separated(&fit("y ~ x + g", Family::Binomial, link, &t), &["3 of 8 rows", "along g;"]);
    }
}

#[test]
fn by_a_combination_of_two_columns() {
    // Neither column separates, their difference does.
    let a: [f64; 8] = [1.0, 5.0, 3.0, 8.0, 2.0, 6.0, 4.0, 9.0];
    let b = [0.5, 5.5, 2.5, 8.5, 2.5, 5.5, 4.5, 8.5];
    let y: Vec<f64> = a.iter().zip(b).map(|(a, b)| f64::from(*a > b)).collect();
    let t = table(&[("a", &a), ("b", &b), ("y", &y)]);
    for link in BINOMIAL {
        separated(&fit("y ~ a + b", Family::Binomial, link, &t), &["all 8 rows", " a", " b"]);
        for alone in ["y ~ a", "y ~ b"] {
            assert_eq!(fit(alone, Family::Binomial, link, &t).fit.status, Status::Converged, "{alone}");
        }
    }
}

#[test]
fn counts_that_are_all_zero_in_a_cell() {
    let t = table(&[("y", &[3.0, 4.0, 0.0, 0.0, 5.0, 2.0, 1.0, 0.0])]);
    let t = t.labels(&xp(), "g", &["a", "a", "b", "b", "c", "c", "d", "d"]).unwrap();
    for family in
        [Family::Poisson, Family::NegativeBinomial { theta: Some(1.5) }, Family::NegativeBinomial { theta: None }]
    {
        separated(&fit("y ~ g", family, Link::Log, &t), &["2 of 8 rows", "along -g[b];"]);
    }
    // The mean of a square root's link reaches zero: no coefficient has to grow.
    let sqrt = fit("y ~ g", Family::Poisson, Link::Sqrt, &t);
    assert_ne!(sqrt.fit.status, Status::Separation, "{sqrt}");
    let none = table(&[("y", &[0.0, 0.0, 0.0])]);
    separated(&fit("y ~ 1", Family::Poisson, Link::Log, &none), &["all 3 rows", "along -(Intercept)"]);
}

/// Overlap of any size that numbers can tell is a finite maximum, whatever the units.
#[test]
fn nearly_separated_is_not_separated() {
    for overlap in [1.0, 1e-3, 1e-6, 1e-9] {
        for unit in [1.0, 1e6, 1e-6] {
            let x: Vec<f64> =
                [1.0, 2.0, 3.0, 4.0, 5.0, 5.0 + overlap, 6.5, 7.5, 8.0].iter().map(|x| x * unit).collect();
            let y = [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0];
            let t = table(&[("x", &x), ("y", &y)]);
            for link in BINOMIAL {
                let fit = fit("y ~ x", Family::Binomial, link, &t);
                assert_eq!(fit.fit.status, Status::Converged, "{overlap} {unit}: {fit}");
                assert!(fit.fit.parameters.iter().all(|p| p.std_error.is_some()), "{fit}");
            }
        }
    }
    // One count of a cell is enough.
    let t = table(&[("y", &[300.0, 400.0, 0.0, 0.0, 0.0, 1.0])]);
    let t = t.labels(&xp(), "g", &["a", "a", "b", "b", "b", "b"]).unwrap();
    assert_eq!(fit("y ~ g", Family::Poisson, Link::Log, &t).fit.status, Status::Converged);
}

#[test]
fn rows_without_weight_separate_nothing() {
    let (x, y) = ([1.0, 2.0, 3.0, 2.5, 4.0, 5.0, 6.0], [0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
    let t = table(&[("x", &x), ("y", &y)]);
    let weighted =
        |w: [f64; 7]| Glm::new("y ~ x", Family::Binomial).unwrap().weights(&xp().asarray(w).unwrap()).fit(&t).unwrap();
    assert_eq!(weighted([1.0; 7]).fit.status, Status::Converged);
    // The row that overlaps left out: the others are separated.
    separated(&weighted([1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0]), &["all 6 rows"]);
}

#[test]
fn as_linear_programming_finds_it() {
    let path = format!("{}/tests/data/separation.json", env!("CARGO_MANIFEST_DIR"));
    let sets: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut wrong = vec![];
    for (i, set) in sets.iter().enumerate() {
        let numbers = |v: &Value| -> Vec<f64> { v.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect() };
        let rows: Vec<Vec<f64>> = set["x"].as_array().unwrap().iter().map(numbers).collect();
        let mut t = table(&[("y", &numbers(&set["y"]))]);
        let mut formula = "y ~ 1".to_string();
        for j in 0..rows[0].len() {
            t = t.numbers(&format!("x{j}"), xp().asarray(rows.iter().map(|r| r[j]).collect::<Vec<_>>()).unwrap());
            formula += &format!(" + x{j}");
        }
        let (family, links) = match set["family"].as_str().unwrap() {
            "binomial" => (Family::Binomial, &BINOMIAL[..]),
            _ => (Family::Poisson, &[Link::Log][..]),
        };
        for &link in links {
            let fit = fit(&formula, family, link, &t);
            let wanted = if set["separated"].as_bool().unwrap() { Status::Separation } else { Status::Converged };
            if fit.fit.status != wanted || fit.fit.iterations > 15 && wanted == Status::Separation {
                wrong.push(format!("set {i}, {family:?} {link:?}, {} rows, should be {wanted}:\n{fit}", rows.len()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), sets.len(), wrong.join("\n"));
}

#[test]
fn counts_of_other_regressions() {
    let t = table(&[
        ("x", &[0.3, 0.1, 0.7, 0.9, 0.2, 0.5, 0.8, 0.4]),
        ("g", &[0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]),
        ("y", &[3.0, 7.0, 0.0, 0.0, 1.0, 12.0, 0.0, 2.0]),
    ]);
    for outcome in [Outcome::NegativeBinomial1, Outcome::NegativeBinomial2, Outcome::ZeroInflatedPoisson] {
        let fit = Regression::new("y ~ x + g", outcome).unwrap().fit(&t).unwrap();
        assert_eq!(fit.status, Status::Separation, "{fit}");
        assert!(fit.reason.contains("along -g;") && fit.parameters.iter().all(|p| p.std_error.is_none()), "{fit}");
        let fit = Regression::new("y ~ x", outcome).unwrap().fit(&t).unwrap();
        assert_ne!(fit.status, Status::Separation, "{fit}");
    }
}

#[test]
fn categories() {
    let fit = |x: &[f64], labels: &[&str]| {
        let t = table(&[("x", x)]).labels(&xp(), "y", labels).unwrap();
        MultinomialLogit::new("y ~ x").unwrap().fit(&t).unwrap()
    };
    let x = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
    for labels in [
        // Completely; at one value two categories; one category apart from the others, which overlap.
        ["u", "u", "u", "v", "v", "v", "w", "w", "w"],
        ["u", "u", "u", "v", "u", "u", "w", "w", "w"],
        ["u", "v", "u", "v", "v", "u", "w", "w", "w"],
    ] {
        let fit = fit(&x, &labels);
        assert_eq!(fit.status, Status::Separation, "{fit}");
        assert!(fit.parameters.iter().all(|p| p.std_error.is_none() && p.interval.is_none()), "{fit}");
        assert!(fit.reason.contains(":x"), "{fit}");
    }
    let overlap = fit(&x, &["u", "w", "v", "u", "v", "w", "u", "w", "v"]);
    assert_eq!(overlap.status, Status::Converged, "{overlap}");
    // Overlap of a ten-thousandth is overlap.
    let near = fit(&[0.0, 1.0, 2.0, 3.0, 3.0001, 4.0, 5.0, 6.0], &["u", "u", "u", "v", "u", "v", "v", "v"]);
    assert_eq!(near.status, Status::Converged, "{near}");
}

/// Numbers between 0 and 1 that are the same on every machine.
fn share(i: usize) -> f64 {
    ((i * 7919 + 13) % 1009) as f64 / 1009.0
}

/// A Poisson quantile.
fn count(mean: f64, share: f64) -> f64 {
    let (mut k, mut p) = (0.0, (-mean).exp());
    let mut sum = p;
    while share > sum {
        k += 1.0;
        p *= mean / k;
        sum += p;
    }
    k
}

#[test]
fn terms_of_the_zeros_share_that_separate() {
    let group: Vec<f64> = (0..120).map(|i| f64::from(i % 2 == 0)).collect();
    let fit = |y: &dyn Fn(usize) -> f64, second: &str| {
        let y: Vec<f64> = (0..120).map(y).collect();
        let table =
            Table::new().numbers("z", xp().asarray(group.clone()).unwrap()).numbers("y", xp().asarray(y).unwrap());
        Regression::new("y ~ 1", Outcome::ZeroInflatedPoisson).unwrap().second(second).unwrap().fit(&table).unwrap()
    };
    // Neither a group without zeros nor one of zeros only has a share of its own.
    let inflated = |i: usize| if i % 4 == 1 { 0.0 } else { count(2.0, share(i)) };
    let never = fit(&|i| if group[i] == 1.0 { count(2.0, share(i)).max(1.0) } else { inflated(i) }, "1 + z");
    let always = fit(&|i| if group[i] == 1.0 { 0.0 } else { count(2.0, share(i)) }, "1 + z");
    for (found, direction) in [(never, "along -pi:z;"), (always, "along pi:z;")] {
        assert_eq!(found.status, Status::Separation, "{found}");
        assert!(found.reason.contains(direction) && found.reason.contains("zeros and counts"), "{found}");
        assert!(found.parameters.iter().all(|p| p.std_error.is_none()), "{found}");
    }
    let both = fit(&|i| inflated(i + i % 3), "1 + z");
    assert_eq!(both.status, Status::Converged, "{both}");
    // Without zeros in excess the share goes to 0, and no row is separated.
    let none = fit(&|i| if i % 40 == 0 { 0.0 } else { count(2.0, share(i)).max(1.0) }, "1");
    assert_eq!(none.status, Status::Boundary, "{none}");
    assert!(
        none.reason.contains("`pi` runs to an end of its range") && none.reason.contains("120 of 120 rows"),
        "{none}"
    );
    assert!(none.parameters[0].std_error.is_some() && none.parameters[1].std_error.is_none(), "{none}");
}

#[test]
fn a_dispersion_that_vanishes_in_a_group() {
    // The first group's counts vary less than Poisson's, the second's more.
    let group: Vec<f64> = (0..120).map(|i| f64::from(i % 2 == 0)).collect();
    for (outcome, shift) in
        (0..20).flat_map(|k| [(Outcome::NegativeBinomial1, 5 + 7 * k), (Outcome::NegativeBinomial2, 5 + 7 * k)])
    {
        let varied = |i: usize| count(6.0 * share(i + shift), share(i));
        let y: Vec<f64> = (0..120).map(|i| if i % 2 == 0 { 5.0 + f64::from(i % 4 == 0) } else { varied(i) }).collect();
        let (z, y) = (xp().asarray(group.clone()).unwrap(), xp().asarray(y).unwrap());
        let table = Table::new().numbers("z", z).numbers("y", y);
        let fit = Regression::new("y ~ z", outcome).unwrap().second("1 + z").unwrap().fit(&table).unwrap();
        assert_eq!(fit.status, Status::Boundary, "{shift} {fit}");
        assert!(fit.reason.contains("`alpha` runs to an end of its range"), "{fit}");
        assert!(fit.reason.contains("60 of 120 rows"), "{fit}");
        let known: Vec<bool> = fit.parameters.iter().map(|p| p.std_error.is_some()).collect();
        assert_eq!(known, [true, true, true, false], "{fit}");
    }
}
