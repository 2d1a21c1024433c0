//! Residuals and standard errors of generalised linear models against statsmodels, those of distributions against SciPy
//! (references/generalized.py).

use array_api::{Array, Namespace};
use mle::distribution::Distribution;
use mle::glm::{Family, Glm, GlmFit};
use mle::inference::laws::normal_quantile;
use mle::inference::{kolmogorov_smirnov, probability_integral, quantile_pairs, quantile_residuals};
use mle::linear::Linear;
use mle::{StandardErrors, Status, Table};
use serde_json::Value;

fn xp() -> Namespace {
    array_ndarray::namespace()
}

fn reference() -> Value {
    let path = format!("{}/tests/data/generalized.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap_or_else(|| panic!("{value} is no list")).iter().map(|v| v.as_f64().unwrap()).collect()
}

fn array(value: &Value) -> Array {
    xp().asarray(numbers(value)).unwrap()
}

/// Equal to so many units of the reference's size, elements near zero by the largest one's.
fn each(what: &str, got: &[f64], wanted: &[f64], relative: f64) {
    assert_eq!(got.len(), wanted.len(), "{what}");
    let size = wanted.iter().fold(0.0_f64, |m, w| m.max(w.abs()));
    for (i, (g, w)) in got.iter().zip(wanted).enumerate() {
        assert!((g - w).abs() <= relative * w.abs().max(1e-3 * size), "{what} [{i}]: {g} for {w}");
    }
}

/// The model of a case and its table.
fn model(all: &Value, case: &Value) -> (Glm, Table) {
    let (family, response) = (case["family"].as_str().unwrap(), case["response"].as_str().unwrap());
    let mut table = Table::new().numbers("a", array(&all["a"])).numbers("b", array(&all["b"]));
    table = table.numbers("y", array(&all[response]));
    let formula = match response {
        "successes" => {
            let left: Vec<f64> =
                numbers(&all["trials"]).iter().zip(numbers(&all[response])).map(|(t, s)| t - s).collect();
            table = table.numbers("left", xp().asarray(left).unwrap());
            "cbind(y, left) ~ a + b"
        }
        _ => "y ~ a + b",
    };
    let family = match family {
        "negative_binomial" => Family::NegativeBinomial { theta: Some(2.0) },
        name => Family::named(name).unwrap(),
    };
    let glm = Glm::new(formula, family).unwrap().link(case["link"].as_str().unwrap().parse().unwrap());
    match case["weighted"].as_bool().unwrap() {
        true => (glm.weights(&array(&all["weights"])), table),
        false => (glm, table),
    }
}

fn errors(fit: &GlmFit) -> Vec<f64> {
    fit.fit.parameters.iter().map(|p| p.std_error.unwrap_or_else(|| panic!("{fit}"))).collect()
}

#[test]
fn standard_errors_of_every_kind() {
    let all = reference();
    for case in all["cases"].as_array().unwrap() {
        let name = format!("{} {} {}", case["family"], case["link"], case["response"]);
        let (glm, table) = model(&all, case);
        let mut found = vec![];
        for (source, key) in [
            (StandardErrors::ExpectedInformation, "expected"),
            (StandardErrors::ObservedInformation, "observed"),
            (StandardErrors::Sandwich, "hc0"),
            (StandardErrors::SandwichHc1, "hc1"),
        ] {
            let fit = glm.clone().standard_errors(source).fit(&table).unwrap();
            assert_eq!((fit.fit.status, fit.fit.standard_errors), (Status::Converged, source), "{name}: {fit}");
            assert!(fit.to_string().contains(&source.to_string()), "{fit}");
            each(&format!("{name} estimates"), &fit.fit.estimates(), &numbers(&case["estimates"]), 1e-9);
            each(&format!("{name} {key}"), &errors(&fit), &numbers(&case[key]), 1e-8);
            let dispersion = case["dispersion"].as_f64().unwrap();
            each(&name, &[fit.dispersion, fit.deviance], &[dispersion, case["deviance"].as_f64().unwrap()], 1e-9);
            found.push(errors(&fit));
        }
        // Only a canonical link has one information.
        let apart = found[0].iter().zip(&found[1]).any(|(e, o)| (e / o - 1.0).abs() > 1e-6);
        let canonical =
            ["binomial logit", "poisson log", "gamma inverse", "inverse_gaussian inverse_squared", "gaussian identity"];
        let pair = format!("{} {}", case["family"].as_str().unwrap(), case["link"].as_str().unwrap());
        assert_eq!(apart, !canonical.contains(&pair.as_str()), "{name}");
    }
    let (glm, table) = model(&all, &all["cases"][0]);
    let error = glm.standard_errors(StandardErrors::DeltaMethod).fit(&table).unwrap_err().to_string();
    assert!(error.contains("bootstrap") && error.contains("observed information"), "{error}");
}

/// Stata's probit, whose standard errors are by observed information, as quoted in statsmodels' tests.
#[test]
fn observed_information_of_stata() {
    let folder = format!("{}/tests/data/statsmodels", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(format!("{folder}/design_spector.csv")).unwrap();
    let published = std::fs::read_to_string(format!("{folder}/reference_results.json")).unwrap();
    let published = serde_json::from_str::<Value>(&published).unwrap()["discrete_Spector_probit"].clone();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    // Stata stores columns in single precision.
    let rows: Vec<Vec<f64>> =
        lines.map(|l| l.split(',').map(|v| f64::from(v.parse::<f32>().unwrap())).collect()).collect();
    let column = |j: usize| xp().asarray(rows.iter().map(|r| r[j]).collect::<Vec<_>>()).unwrap();
    let table = names.iter().enumerate().fold(Table::new(), |table, (j, name)| table.numbers(name, column(j)));
    let formula = format!("y ~ {} - 1", names[1..].join(" + "));
    let glm = Glm::new(&formula, Family::Binomial).unwrap().link("probit".parse().unwrap());
    let fit = glm.standard_errors(StandardErrors::ObservedInformation).fit(&table).unwrap();
    for (row, wanted) in fit.fit.covariance.unwrap().iter().zip(published["cov_params"].as_array().unwrap()) {
        each("covariance", row, &numbers(wanted), 1e-6);
    }
}

#[test]
fn residuals_of_statsmodels() {
    let all = reference();
    for case in all["cases"].as_array().unwrap() {
        let name = format!("{} {} {}", case["family"], case["link"], case["response"]);
        let (glm, table) = model(&all, case);
        let fitted = glm.fitted(&table, &glm.fit(&table).unwrap()).unwrap();
        for (key, got) in [
            ("response_residuals", fitted.response()),
            ("pearson", fitted.pearson()),
            ("deviance_residuals", fitted.deviance()),
            ("working", fitted.working()),
            ("leverage", fitted.leverage()),
            ("standardized_pearson", fitted.standardized_pearson()),
            ("standardized_deviance", fitted.standardized_deviance()),
        ] {
            each(&format!("{name} {key}"), &got.unwrap().to_vec::<f64>().unwrap(), &numbers(&case[key]), 1e-8);
        }
        let leverage = fitted.leverage().unwrap().sum(..).unwrap().item::<f64>().unwrap();
        assert!((leverage - 3.0).abs() < 1e-10, "{name}: {leverage}");
        let key = xp().key(9).unwrap();
        let got = fitted.quantile(Some(&key)).unwrap().to_vec::<f64>().unwrap();
        each(&format!("{name} quantile"), &got, &quantiles(case, &key), 1e-7);
    }
}

/// The reference's quantiles, or those of the key's place between the steps that it gives.
fn quantiles(case: &Value, key: &Array) -> Vec<f64> {
    if !case["quantile"].is_null() {
        return numbers(&case["quantile"]);
    }
    let (before, at) = (numbers(&case["before"]), numbers(&case["at"]));
    let u = xp().uniform(key, [at.len()]).unwrap().to_vec::<f64>().unwrap();
    before.iter().zip(at).zip(u).map(|((b, a), u)| normal_quantile(b + u * (a - b))).collect()
}

#[test]
fn quantile_residuals_of_the_true_model_are_normal() {
    let n = 4000;
    let keys = array_api::split(xp().key(3).unwrap(), 4).unwrap();
    let key = |i: isize| keys.at(i).unwrap();
    let x = xp().uniform(key(0), n).unwrap();
    let rate = array_api::exp((&x * 2.0 - 0.5).ok().unwrap()).unwrap();
    // A Poisson count of every mean: how many sums of exponentials stay below it.
    let mut left = rate.clone();
    let mut counts = xp().zeros(n).unwrap();
    for i in 0..40 {
        let u = xp().uniform(array_api::fold_in(key(1), i).unwrap(), n).unwrap();
        left = (&left + array_api::log1p(array_api::negative(u).unwrap()).unwrap()).ok().unwrap();
        let inside = array_api::astype(array_api::greater(&left, 0.0).unwrap(), array_api::DType::Float64).unwrap();
        counts = (counts + inside).ok().unwrap();
    }
    let table = Table::new().numbers("x", x).numbers("y", counts);
    let normal = Distribution::named("normal").unwrap().with(&[0.0, 1.0]).unwrap();
    let p_value = |formula: &str| {
        let glm = Glm::new(formula, Family::Poisson).unwrap();
        let fitted = glm.fitted(&table, &glm.fit(&table).unwrap()).unwrap();
        kolmogorov_smirnov(&normal, &fitted.quantile(Some(&key(2))).unwrap()).unwrap().p_value
    };
    // The true model's are normal; those of a wrong one are not.
    assert!(p_value("y ~ x") > 0.05, "{}", p_value("y ~ x"));
    assert!(p_value("y ~ 1") < 1e-6, "{}", p_value("y ~ 1"));
}

#[test]
fn quantile_residuals_that_do_not_exist() {
    let all = reference();
    let (glm, table) = model(&all, &all["cases"][5]);
    let fitted = glm.fitted(&table, &glm.fit(&table).unwrap()).unwrap();
    assert!(fitted.quantile(None).unwrap_err().to_string().contains("give a key"));
    let halves = Table::new().numbers("y", xp().asarray([0.5, 1.0, 2.5, 3.0]).unwrap());
    let glm = Glm::new("y ~ 1", Family::Poisson).unwrap();
    let fitted = glm.fitted(&halves, &glm.fit(&halves).unwrap()).unwrap();
    let error = fitted.quantile(Some(&xp().key(1).unwrap())).unwrap_err().to_string();
    assert!(error.contains("2 of 4 rows are no whole counts"), "{error}");
}

#[test]
fn residuals_of_linear_regression() {
    let all = reference();
    let ones = xp().ones([60]).unwrap();
    let x = array_api::stack([&ones, &array(&all["a"]), &array(&all["b"])], -1).unwrap();
    let y = array(&all["real"]);
    let model = Linear::new(&["(Intercept)", "a", "b"]);
    for (model, key) in [(model.clone(), "linear"), (model.weights(&array(&all["weights"])), "weighted_linear")] {
        let wanted = &all[key];
        let residuals = model.residuals(&x, &y, &model.fit(&x, &y).unwrap()).unwrap();
        for (name, got) in [
            ("response", residuals.response),
            ("pearson", residuals.pearson),
            ("leverage", residuals.leverage),
            ("standardized", residuals.standardized),
            ("studentized", residuals.studentized),
            ("cooks_distance", residuals.cooks_distance),
        ] {
            each(&format!("{key} {name}"), &got.to_vec::<f64>().unwrap(), &numbers(&wanted[name]), 1e-9);
        }
    }
    // The generalised model's are the same, but for its dispersion.
    let table = Table::new().numbers("a", array(&all["a"])).numbers("b", array(&all["b"])).numbers("y", y);
    let glm = Glm::new("y ~ a + b", Family::Gaussian).unwrap();
    let fitted = glm.fitted(&table, &glm.fit(&table).unwrap()).unwrap();
    let got = fitted.standardized_pearson().unwrap().to_vec::<f64>().unwrap();
    each("standardized", &got, &numbers(&all["linear"]["standardized"]), 1e-9);
    // A row that only its own coefficient fits has no standardized residual.
    let x = xp().asarray([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]).unwrap();
    let y = xp().asarray([1.0, 2.0, 4.0, 7.0]).unwrap();
    let model = Linear::new(&["a", "b"]);
    let residuals = model.residuals(&x, &y, &model.fit(&x, &y).unwrap()).unwrap();
    let standardized = residuals.standardized.to_vec::<f64>().unwrap();
    assert!(standardized[3].is_nan() && standardized[..3].iter().all(|r| r.is_finite()), "{standardized:?}");
    let other = Linear::new(&["a", "c"]).residuals(&x, &y, &model.fit(&x, &y).unwrap()).unwrap_err().to_string();
    assert!(other.contains("a, b") && other.contains("a, c"), "{other}");
}

#[test]
fn residuals_of_distributions() {
    let all = reference();
    for set in all["distributions"].as_array().unwrap() {
        let name = set["name"].as_str().unwrap();
        let law = Distribution::named(name).unwrap().with(&numbers(&set["parameters"])).unwrap();
        let values = array(&set["values"]);
        let key = xp().key(9).unwrap();
        let got = quantile_residuals(&law, &values, Some(&key)).unwrap().to_vec::<f64>().unwrap();
        each(&format!("{name} quantile residuals"), &got, &quantiles(set, &key), 1e-9);
        if !set["probability"].is_null() {
            let got = probability_integral(&law, &values, None).unwrap().to_vec::<f64>().unwrap();
            each(&format!("{name} probabilities"), &got, &numbers(&set["probability"]), 1e-11);
        }
        let (expected, observed) = quantile_pairs(&law, &values).unwrap();
        each(&format!("{name} quantiles"), &expected.to_vec::<f64>().unwrap(), &numbers(&set["expected"]), 1e-10);
        let observed = observed.to_vec::<f64>().unwrap();
        assert!(observed.windows(2).all(|w| w[0] <= w[1]));
    }
}
