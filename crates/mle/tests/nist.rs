//! NIST's Statistical Reference Datasets, certified to 11 digits and more: https://www.itl.nist.gov/div898/strd/.

use mle::nonlinear::Nonlinear;
use mle::{Columns, Fit};
use serde_json::Value;

fn read(name: &str) -> serde_json::Map<String, Value> {
    let path = format!("{}/tests/data/nist/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

/// The number of digits that agree: the logarithm of the relative error.
fn digits(got: f64, certified: f64) -> f64 {
    let error = if certified == 0.0 { got.abs() } else { ((got - certified) / certified).abs() };
    -error.max(1e-16).log10()
}

fn nonlinear(set: &Value, start: usize) -> Fit {
    let xp = array_ndarray::namespace();
    let columns = set["columns"].as_object().unwrap().iter();
    let data: Columns = columns.map(|(k, v)| (k.clone(), xp.asarray(numbers(v)).unwrap())).collect();
    let parameters = set["parameters"].as_array().unwrap();
    let starts: Vec<(&str, f64)> =
        parameters.iter().map(|p| (p["name"].as_str().unwrap(), p["starts"][start].as_f64().unwrap())).collect();
    let model = Nonlinear::new(set["response"].as_str().unwrap(), set["model"].as_str().unwrap()).unwrap();
    model.fit(&data, &starts).unwrap()
}

#[test]
fn nonlinear_regression_from_both_starts() {
    let mut failures = vec![];
    for (name, set) in read("nonlinear") {
        for start in [0, 1] {
            let fit = nonlinear(&set, start);
            let certified = set["parameters"].as_array().unwrap();
            let of = |get: fn(&mle::Estimate) -> f64, key: &str| {
                let pairs = fit.parameters.iter().zip(certified);
                pairs.map(|(p, c)| digits(get(p), c[key].as_f64().unwrap())).fold(16.0, f64::min)
            };
            let parameters = of(|p| p.estimate, "certified");
            let errors = of(|p| p.std_error.unwrap_or(f64::NAN), "std_error");
            println!(
                "{name} from start {}: {parameters:.1} digits, standard errors {errors:.1}; {} after {} iterations, {:.1e}",
                start + 1,
                fit.status,
                fit.iterations,
                fit.gradient_norm,
            );
            // Residuals of Lanczos1 are rounding of 13 digits, so nothing certifies its standard errors.
            let wanted = if name == "Lanczos1" { 0.0 } else { 4.0 };
            if !(fit.status.is_converged() && parameters >= 6.0 && errors >= wanted) {
                failures.push(format!("{name} from start {}:\n{fit}", start + 1));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn linear_regression() {
    let xp = array_ndarray::namespace();
    // Powers of Filip's predictor are rounded before the fit sees them; that costs half of the digits.
    let wanted = |name: &str| if name == "Filip" { 7.0 } else { 9.0 };
    let mut failures = vec![];
    for (name, set) in read("linear") {
        let y = xp.asarray(numbers(&set["y"])).unwrap();
        let rows: Vec<Vec<f64>> = set["x"].as_array().unwrap().iter().map(numbers).collect();
        let x = xp.asarray(rows).unwrap();
        let design = match &set["powers"] {
            Value::Null => {
                let ones = xp.ones([y.size().unwrap(), 1]).unwrap();
                array_api::concat([&ones, &x], 1).unwrap()
            }
            powers => {
                let exponents: Vec<usize> = numbers(powers).iter().map(|&e| e as usize).collect();
                mle::linear::powers(&x.reshape(-1).unwrap(), &exponents).unwrap()
            }
        };
        let p = design.shape().unwrap()[1];
        let names: Vec<String> = (0..p).map(|j| format!("B{j}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let fit = mle::linear::Linear::new(&names).fit(&design, &y).unwrap();
        let certified = set["parameters"].as_array().unwrap();
        let of = |get: fn(&mle::Estimate) -> f64, key: &str| {
            let pairs = fit.parameters.iter().zip(certified);
            pairs.map(|(p, c)| digits(get(p), c[key].as_f64().unwrap())).fold(16.0, f64::min)
        };
        let (parameters, errors) =
            (of(|p| p.estimate, "estimate"), of(|p| p.std_error.unwrap_or(f64::NAN), "std_error"));
        println!("{name}: {parameters:.1} digits, standard errors {errors:.1}, {} refinements", fit.iterations);
        if !(fit.status.is_converged() && parameters >= wanted(&name) && errors >= wanted(&name)) {
            failures.push(format!("{name}: {parameters:.1} digits, standard errors {errors:.1}\n{fit}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn univariate_moments() {
    let xp = array_ndarray::namespace();
    for (name, set) in read("univariate") {
        let m = mle::moments(&xp.asarray(numbers(&set["y"])).unwrap()).unwrap();
        let of = |key: &str, got: f64| digits(got, set[key].as_f64().unwrap());
        let (mean, sd, lag) = (of("mean", m.mean), of("sd", m.sd), of("autocorrelation", m.autocorrelation));
        println!("{name}: mean {mean:.1}, sd {sd:.1}, autocorrelation {lag:.1}");
        // The decimals of NumAcc4 are not binary numbers: 8.3 digits of its spread survive that rounding.
        let wanted = if name == "NumAcc4" { 8.0 } else { 9.0 };
        assert!(mean >= 9.0 && sd >= wanted && lag >= if name == "NumAcc4" { 7.9 } else { 9.0 }, "{name}: {m:?}");
    }
}
