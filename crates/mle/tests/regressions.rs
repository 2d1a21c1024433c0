//! Penalised, beta, count and multinomial regressions against scikit-learn and statsmodels (references/regressions.py).

use array_api::{Array, Namespace};
use mle::linear::Linear;
use mle::multinomial::MultinomialLogit;
use mle::penalized::Penalized;
use mle::regression::{Outcome, Regression};
use mle::{Fit, Status, Table};
use serde_json::Value;

fn xp() -> Namespace {
    array_ndarray::namespace()
}

fn reference() -> Value {
    let path = format!("{}/tests/data/regressions.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn table(all: &Value, response: &str) -> Table {
    let column = |name: &str| xp().asarray(numbers(&all[name])).unwrap();
    Table::new().numbers("a", column("a")).numbers("b", column("b")).numbers("y", column(response))
}

fn near(got: f64, wanted: f64, relative: f64) {
    assert!((got - wanted).abs() <= relative * wanted.abs().max(1e-3), "{got} for {wanted}");
}

/// Estimates to 1e-9, standard errors to 1e-6, in another order where the reference has one.
fn check(fit: &Fit, wanted: &Value, order: &[usize]) {
    assert_eq!(fit.status, Status::Converged, "{fit}");
    near(fit.log_likelihood, wanted["log_likelihood"].as_f64().unwrap(), 1e-11);
    let (estimates, errors) = (numbers(&wanted["estimates"]), numbers(&wanted["std_errors"]));
    assert_eq!(fit.parameters.len(), estimates.len());
    for (p, &i) in fit.parameters.iter().zip(order) {
        near(p.estimate, estimates[i], 1e-9);
        near(p.std_error.unwrap(), errors[i], 1e-6);
    }
}

#[test]
fn negative_binomial_regressions() {
    let all = reference();
    let table = table(&all, "counts");
    for (outcome, name) in [(Outcome::NegativeBinomial1, "nb1"), (Outcome::NegativeBinomial2, "nb2")] {
        let fit = Regression::new("y ~ a + b", outcome).unwrap().fit(&table).unwrap();
        check(&fit, &all[name], &[0, 1, 2, 3]);
        assert_eq!(fit.parameters[3].name, "alpha");
        assert!(fit.parameters[3].interval.unwrap().lower > 0.0);
    }
}

#[test]
fn zero_inflated_poisson_regression() {
    let all = reference();
    let table = table(&all, "inflated");
    let terms = |second: &str| {
        Regression::new("y ~ a + b", Outcome::ZeroInflatedPoisson).unwrap().second(second).unwrap().fit(&table).unwrap()
    };
    check(&terms("1"), &all["zip"], &[1, 2, 3, 0]);
    check(&terms("1 + a"), &all["zip_terms"], &[2, 3, 4, 0, 1]);
    // One number instead of a logit.
    let fit = Regression::new("y ~ a + b", Outcome::ZeroInflatedPoisson).unwrap().fit(&table).unwrap();
    let logit = numbers(&all["zip"]["estimates"])[0];
    near(fit.parameter("pi").unwrap().estimate, 1.0 / (1.0 + f64::exp(-logit)), 1e-9);
}

#[test]
fn beta_regression() {
    let all = reference();
    let table = table(&all, "shares");
    let regression = || Regression::new("y ~ a + b", Outcome::Beta).unwrap();
    check(&regression().second("1").unwrap().fit(&table).unwrap(), &all["beta"], &[0, 1, 2, 3]);
    let fit = regression().second("1 + a").unwrap().fit(&table).unwrap();
    check(&fit, &all["beta_terms"], &[0, 1, 2, 3, 4]);
    assert_eq!(fit.parameters[4].name, "phi:a");
    let fit = regression().fit(&table).unwrap();
    near(fit.parameter("phi").unwrap().estimate, numbers(&all["beta"]["estimates"])[3].exp(), 1e-9);
}

#[test]
fn multinomial_logit() {
    let all = reference();
    let fit = MultinomialLogit::new("y ~ a + b").unwrap().fit(&table(&all, "categories")).unwrap();
    check(&fit, &all["multinomial"], &[0, 1, 2, 3, 4, 5]);
    assert_eq!(fit.parameters[4].name, "2:a");
    // Categories that a column tells apart without fail.
    let x = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
    let separated = Table::new().numbers("x", xp().asarray(x).unwrap());
    let separated = separated.labels(&xp(), "y", &["u", "u", "v", "v", "w", "w"]).unwrap();
    let fit = MultinomialLogit::new("y ~ x").unwrap().fit(&separated).unwrap();
    assert_eq!(fit.status, Status::Separation, "{fit}");
    assert!(fit.parameters.iter().all(|p| p.std_error.is_none()));
}

fn design(all: &Value) -> (Array, Array) {
    let rows: Vec<Vec<f64>> = all["design"].as_array().unwrap().iter().map(numbers).collect();
    (xp().asarray(&rows[..]).unwrap(), xp().asarray(numbers(&all["response"])).unwrap())
}

const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

#[test]
fn penalties_of_scikit_learn() {
    let all = reference();
    let (x, y) = design(&all);
    for (kind, mixture) in [("lasso", 1.0), ("elastic_net", 0.4), ("ridge", 0.0)] {
        for columns in ["as_given", "standardized"] {
            let wanted = &all[format!("{kind}_{columns}")];
            let model = Penalized::elastic_net(&NAMES, wanted["strength"].as_f64().unwrap(), mixture);
            let model = if columns == "as_given" { model.as_given() } else { model };
            let fit = model.fit(&x, &y).unwrap();
            assert_eq!(fit.status, Status::Converged, "{fit}");
            for (p, wanted) in fit.parameters.iter().zip(numbers(&wanted["estimates"])) {
                assert!(
                    (p.estimate - wanted).abs() < 1e-9,
                    "{kind} {columns}: {} is {} for {wanted}",
                    p.name,
                    p.estimate
                );
                assert_eq!(p.estimate == 0.0, wanted == 0.0);
            }
        }
    }
}

#[test]
fn penalties_and_their_limits() {
    let (x, y) = design(&reference());
    // Ridge in closed form: (X'X + n strength)^-1 X'y of centred columns, here for one column.
    let one = x.at(array_api::index![.., 1..2]).unwrap();
    let centred = (&one - one.mean(0).unwrap()).ok().unwrap().to_vec::<f64>().unwrap();
    let response = y.to_vec::<f64>().unwrap();
    let (xy, xx): (f64, f64) =
        centred.iter().zip(&response).fold((0.0, 0.0), |(xy, xx), (x, y)| (xy + x * y, xx + x * x));
    let fit = Penalized::ridge(&["b"], 0.7).as_given().fit(&one, &y).unwrap();
    near(fit.parameter("b").unwrap().estimate, xy / (xx + 40.0 * 0.7), 1e-12);
    // Without a penalty it is least squares.
    let free = Penalized::lasso(&NAMES, 0.0).fit(&x, &y).unwrap();
    let ones = xp().ones([40, 1]).unwrap();
    let names: Vec<&str> = ["(Intercept)"].into_iter().chain(NAMES).collect();
    let linear = Linear::new(&names).fit(&array_api::concat([&ones, &x], 1).unwrap(), &y).unwrap();
    for (a, b) in free.parameters.iter().zip(&linear.parameters) {
        assert!((a.estimate - b.estimate).abs() < 1e-8, "{}: {} and {}", a.name, a.estimate, b.estimate);
    }
    near(free.log_likelihood, linear.log_likelihood, 1e-10);
    // The path begins where all coefficients are zero and the first one leaves.
    let path = Penalized::elastic_net(&NAMES, 1.0, 0.5).path(&x, &y, 20, 1e-3).unwrap();
    let chosen: Vec<usize> =
        path.iter().map(|(_, fit)| fit.parameters[1..].iter().filter(|p| p.estimate != 0.0).count()).collect();
    assert!(chosen[0] == 0 && chosen[1] >= 1 && chosen[19] >= 5, "{chosen:?}");
    // More columns than rows are no obstacle to a penalty.
    let wide = array_api::matrix_transpose(&x).unwrap();
    let names: Vec<String> = (0..40).map(|j| format!("x{j}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let few = xp().asarray([1.0, 3.0, -2.0, 0.5, 1.5, -1.0]).unwrap();
    let fit = Penalized::lasso(&names, 0.05).fit(&wide, &few).unwrap();
    assert!(fit.status.is_converged() && fit.gradient_norm < 1e-11, "{fit}");
}

#[test]
fn what_cannot_be_fitted_is_refused() {
    let all = reference();
    let table = table(&all, "shares");
    for (formula, outcome, part) in [
        ("y ~ a + z", Outcome::Beta, "`z`"),
        ("y ~ a", Outcome::NegativeBinomial2, "are not counts"),
        ("a ~ b", Outcome::Beta, "strictly between 0 and 1"),
    ] {
        let error = Regression::new(formula, outcome).unwrap().fit(&table).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    let (x, y) = design(&all);
    for (model, part) in [
        (Penalized::lasso(&NAMES, -1.0), "-1"),
        (Penalized::elastic_net(&NAMES, 1.0, 1.5), "1.5"),
        (Penalized::ridge(&NAMES[..2], 1.0), "(40, 6)"),
    ] {
        let error = model.fit(&x, &y).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    let constant = xp().ones([40, 1]).unwrap();
    let error = Penalized::ridge(&["one"], 1.0).fit(&constant, &y).unwrap_err().to_string();
    assert!(error.contains("`one` are the same"), "{error}");
    let labels = Table::new().numbers("x", xp().asarray([1.0, 2.0]).unwrap());
    let labels = labels.labels(&xp(), "y", &["u", "u"]).unwrap();
    let error = MultinomialLogit::new("y ~ x").unwrap().fit(&labels).unwrap_err().to_string();
    assert!(error.contains("one category"), "{error}");
}
