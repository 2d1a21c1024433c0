//! Profile intervals of regressions against those computed in 20 digits (references/profiles.py) and against R's, and
//! bootstraps against what they estimate.

use array_api::{Array, Namespace};
use mle::glm::{Dispersion, Family, Glm, Link};
use mle::nonlinear::Nonlinear;
use mle::{Columns, Fit, IntervalMethod, StandardErrors, Status, Table};
use serde_json::Value;

fn xp() -> Namespace {
    array_ndarray::namespace()
}

fn read(name: &str) -> Value {
    let path = format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn array(value: &Value) -> Array {
    xp().asarray(numbers(value)).unwrap()
}

fn ends(fit: &Fit) -> Vec<[f64; 2]> {
    let ends = |p: &mle::Estimate| {
        let interval = p.interval.unwrap_or_else(|| panic!("{fit}"));
        [interval.lower, interval.upper]
    };
    fit.parameters.iter().map(ends).collect()
}

/// The ends are those of the reference, to this share of the interval's length.
fn check(name: &str, fit: &Fit, intervals: &[[f64; 2]], share: f64) {
    assert_eq!(fit.status, Status::Converged, "{fit}");
    assert!(fit.parameters.iter().all(|p| p.interval.unwrap().method == IntervalMethod::Profile));
    for (p, (got, wanted)) in fit.parameters.iter().zip(ends(fit).iter().zip(intervals)) {
        let allowed = share * (wanted[1] - wanted[0]);
        let near = (got[0] - wanted[0]).abs() <= allowed && (got[1] - wanted[1]).abs() <= allowed;
        assert!(near, "{name}, {}: {got:?} for {wanted:?}", p.name);
        assert!(p.p_value.is_some());
    }
}

fn reference(name: &str) -> Vec<[f64; 2]> {
    let all = read("profiles.json");
    all[name]["intervals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| [v[0].as_f64().unwrap(), v[1].as_f64().unwrap()])
        .collect()
}

fn table(all: &Value, response: &str) -> Table {
    Table::new().numbers("a", array(&all["a"])).numbers("b", array(&all["b"])).numbers("y", array(&all[response]))
}

#[test]
fn generalised_linear_models() {
    let all = read("generalized.json");
    let profile = |model: Glm, table: &Table| model.interval(IntervalMethod::Profile).fit(table).unwrap().fit;
    let poisson = Glm::new("y ~ a + b", Family::Poisson).unwrap();
    check("poisson", &profile(poisson, &table(&all, "counts")), &reference("poisson"), 1e-8);

    let left: Vec<f64> = numbers(&all["trials"]).iter().zip(numbers(&all["successes"])).map(|(n, y)| n - y).collect();
    let tries = table(&all, "successes").numbers("left", xp().asarray(left).unwrap());
    let probit = Glm::new("cbind(y, left) ~ a + b", Family::Binomial).unwrap().link(Link::Probit);
    check("probit", &profile(probit, &tries), &reference("probit"), 1e-8);

    // Theta has its own maximum for every value that is held.
    let wide = Glm::new("y ~ a + b", Family::NegativeBinomial { theta: None }).unwrap();
    check("negative_binomial", &profile(wide, &table(&all, "wide")), &reference("negative_binomial"), 1e-8);

    // Weights, and a dispersion by moments.
    let gamma = Glm::new("y ~ a + b", Family::Gamma).unwrap().link(Link::Log).weights(&array(&all["weights"]));
    check("gamma", &profile(gamma, &table(&all, "positive")), &reference("gamma"), 1e-8);
}

#[test]
fn a_linear_models_profile_is_its_exact_interval() {
    let all = read("generalized.json");
    let table = table(&all, "real").numbers("e", array(&all["a"]));
    for (formula, family) in [("y ~ a + b", Family::Gaussian), ("y ~ b + offset(e)", Family::Gaussian)] {
        let model = Glm::new(formula, family).unwrap();
        let wald = ends(&model.fit(&table).unwrap().fit);
        let profile = model.clone().interval(IntervalMethod::Profile).fit(&table).unwrap().fit;
        check(formula, &profile, &wald, 1e-8);
        // With the dispersion's own maximum, chi squared of n log(rss / least rss).
        let by_likelihood = model.dispersion(Dispersion::Likelihood).interval(IntervalMethod::Profile);
        let fit = by_likelihood.fit(&table).unwrap().fit;
        let n = 60.0_f64;
        let grown = (3.841_458_820_694_124_f64 / n).exp_m1();
        for (p_at, got) in fit.parameters.iter().zip(ends(&fit)) {
            // Standard errors are by the likelihood's dispersion: rss / n.
            let half = p_at.std_error.unwrap() * (n * grown).sqrt();
            assert!((got[1] - p_at.estimate - half).abs() < 1e-7 * half, "{fit} for {half}");
        }
    }
}

/// R's own, from the examples of its documentation of `confint`: Dobson's randomised trial.
#[test]
fn dobsons_trial_as_r_has_it() {
    let counts = xp().asarray([18.0, 17.0, 15.0, 20.0, 10.0, 20.0, 25.0, 13.0, 12.0]).unwrap();
    let (outcome, treatment): (Vec<&str>, Vec<&str>) =
        (0..9).map(|i| (["1", "2", "3"][i % 3], ["1", "2", "3"][i / 3])).unzip();
    let table = Table::new().numbers("counts", counts);
    let table = table.labels(&xp(), "outcome", &outcome).unwrap().labels(&xp(), "treatment", &treatment).unwrap();
    let model = Glm::new("counts ~ outcome + treatment", Family::Poisson).unwrap().interval(IntervalMethod::Profile);
    let r = [
        [2.6958215, 3.36655581],
        [-0.8577018, -0.06255840],
        [-0.6753696, 0.08244089],
        [-0.3932548, 0.39325483],
        [-0.3932548, 0.39325483],
    ];
    // R's are where a spline through some of the profile's points crosses, right to five digits.
    check("glm.D93", &model.fit(&table).unwrap().fit, &r, 2e-5);
}

#[test]
fn a_side_without_end_is_infinite() {
    // All nine successes: the estimate is at the end, so the fit is separated; with one failure only, it is not.
    let y = xp().asarray([1.0, 1.0, 1.0, 1.0, 0.0, 1.0]).unwrap();
    let x = xp().asarray([0.0, 0.0, 0.0, 1.0, 1.0, 1.0]).unwrap();
    let table = Table::new().numbers("y", y).numbers("x", x);
    let model = Glm::new("y ~ x", Family::Binomial).unwrap().interval(IntervalMethod::Profile);
    assert_eq!(model.fit(&table).unwrap().fit.status, Status::Separation);
    let mean = Glm::new("y ~ 1", Family::Binomial).unwrap().interval(IntervalMethod::Profile);
    let [low, high] = ends(&mean.fit(&table).unwrap().fit)[0];
    // Five of six: the roots of 2 (5 log(5/6 / p) + log(1/6 / (1 - p))) = 3.84, on the scale of the logit.
    let loss = |eta: f64| {
        let p = 1.0 / (1.0 + (-eta).exp());
        2.0 * (5.0 * (5.0 / 6.0 / p).ln() + (1.0 / 6.0 / (1.0 - p)).ln()) - 3.841_458_820_694_124
    };
    assert!(loss(low).abs() < 1e-7 && loss(high).abs() < 1e-7 && low < high, "{low} {high}");
    // The model b1 exp(-b2) with a constant column: large b2 is a mean of 0, which the data do not refuse.
    let data: Columns = [("y", xp().asarray([0.4, -0.3, 0.2, 0.1, -0.1]).unwrap())]
        .map(|(name, column)| (name.to_string(), column))
        .into();
    let model = Nonlinear::new("y", "exp(-b)").unwrap().interval(IntervalMethod::Profile);
    let fit = model.fit(&data, &[("b", 1.0)]).unwrap();
    let [low, high] = ends(&fit)[0];
    assert!(low.is_finite() && high == f64::INFINITY, "{fit}");
}

#[test]
fn nonlinear_regressions() {
    let sets = read("nist/nonlinear.json");
    for name in ["Misra1a", "Chwirut2", "MGH09"] {
        let set = &sets[name];
        let data: Columns = set["columns"].as_object().unwrap().iter().map(|(k, v)| (k.clone(), array(v))).collect();
        let start: Vec<(&str, f64)> = set["parameters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| (p["name"].as_str().unwrap(), p["starts"][1].as_f64().unwrap()))
            .collect();
        let model = Nonlinear::new(set["response"].as_str().unwrap(), set["model"].as_str().unwrap()).unwrap();
        let fit = model.interval(IntervalMethod::Profile).fit(&data, &start).unwrap();
        check(name, &fit, &reference(name), 1e-7);
    }
}

#[test]
fn bootstraps() {
    // Of a mean, the bootstrap's variance is that of the rows over their number, whatever their law.
    let all = read("generalized.json");
    let table = table(&all, "real");
    let y = numbers(&all["real"]);
    let mean = y.iter().sum::<f64>() / 60.0;
    let due = (y.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 3600.0).sqrt();
    let of = |fit: Fit| (fit.parameters[0].std_error.unwrap(), ends(&fit)[0], fit);
    let glm = Glm::new("y ~ 1", Family::Gaussian).unwrap().bootstrap(2000, 3);
    let glm = glm.standard_errors(StandardErrors::Bootstrap).interval(IntervalMethod::Bootstrap);
    let data: Columns = [("y".to_string(), array(&all["real"]))].into();
    let nonlinear = Nonlinear::new("y", "b").unwrap().bootstrap(2000, 3);
    let nonlinear = nonlinear.standard_errors(StandardErrors::Bootstrap).interval(IntervalMethod::Bootstrap);
    let fits = [glm.fit(&table).unwrap().fit, nonlinear.fit(&data, &[("b", 1.0)]).unwrap()];
    for (se, [low, high], fit) in fits.into_iter().map(of) {
        // Of 2000 refits, the spread is known to 1.6 %.
        assert!((se / due - 1.0).abs() < 0.06, "{se} for {due}: {fit}");
        assert!((low - (mean - 1.96 * due)).abs() < 0.25 * due && (high - (mean + 1.96 * due)).abs() < 0.25 * due);
        assert_eq!(fit.standard_errors, StandardErrors::Bootstrap);
    }
    // The same draws: the same refits.
    let a = Glm::new("y ~ a", Family::Poisson).unwrap().bootstrap(50, 1).interval(IntervalMethod::Bootstrap);
    let counts = Table::new().numbers("a", array(&all["a"])).numbers("y", array(&all["counts"]));
    assert_eq!(a.fit(&counts).unwrap(), a.fit(&counts).unwrap());
    assert_ne!(a.fit(&counts).unwrap(), a.clone().bootstrap(50, 2).fit(&counts).unwrap());
    // Few successes: refits without one are separated, left out and counted.
    let rare = Table::new()
        .numbers("x", xp().asarray((0..20).map(f64::from).collect::<Vec<_>>()).unwrap())
        .numbers("y", xp().asarray((0..20).map(|i| f64::from(i % 9 == 4)).collect::<Vec<_>>()).unwrap());
    let fit = Glm::new("y ~ x", Family::Binomial).unwrap().interval(IntervalMethod::Bootstrap).bootstrap(200, 1);
    let fit = fit.fit(&rare).unwrap().fit;
    assert!(fit.reason.contains("of 200 refits did not converge and were left out"), "{fit}");
}

#[test]
fn what_is_not_made_is_refused() {
    let all = read("generalized.json");
    let table = table(&all, "counts");
    let model = Glm::new("y ~ a", Family::Poisson).unwrap();
    let refused = |model: Glm| model.fit(&table).unwrap_err().to_string();
    assert!(refused(model.clone().bootstrap(1, 0)).contains("1 replicates"));
    assert!(refused(model.standard_errors(StandardErrors::DeltaMethod)).contains("are not made for these models"));
    let data: Columns = [("y".to_string(), array(&all["real"]))].into();
    let model = Nonlinear::new("y", "b").unwrap().standard_errors(StandardErrors::Sandwich);
    let said = model.fit(&data, &[("b", 1.0)]).unwrap_err().to_string();
    assert!(said.contains("there are least squares and the bootstrap"), "{said}");
}
