//! What cannot be fitted is refused with the user's own values, or gets a status with its reason; never a wrong number.

use array_api::{Array, Namespace};
use mle::distribution::{Censoring, Distribution};
use mle::glm::{Family, Glm};
use mle::linear::Linear;
use mle::nonlinear::Nonlinear;
use mle::transform::Range;
use mle::{Columns, Model, Status, Table};

fn xp() -> Namespace {
    array_ndarray::namespace()
}

fn vector(values: &[f64]) -> Array {
    xp().asarray(values).unwrap()
}

fn refused(result: array_api::Result<mle::Fit>, words: &[&str]) {
    let error = result.map(|fit| fit.to_string()).expect_err("a fit of what cannot be fitted").to_string();
    for word in words {
        assert!(error.contains(word), "`{error}` lacks `{word}`");
    }
}

#[test]
fn values_that_a_distribution_cannot_have() {
    let fit = |name: &str, values: &[f64]| Distribution::named(name).unwrap().fit(&vector(values));
    refused(fit("normal", &[2.0, f64::NAN, 1.0]), &["1 of 3", "not finite"]);
    refused(fit("normal", &[2.0, f64::INFINITY]), &["1 of 2", "not finite"]);
    refused(fit("normal", &[3.0, 3.0, 3.0]), &["all 3 values are 3", "without bound"]);
    refused(fit("normal", &[7.0]), &["the only value is 7"]);
    refused(fit("normal", &[]), &["no rows"]);
    refused(fit("gamma", &[1.0, -2.0, 0.0]), &["2 of 3", "from -2 to 1", "(0, inf)"]);
    refused(fit("beta", &[0.5, 1.5]), &["1 of 2", "(0, 1)"]);
    refused(fit("poisson", &[1.0, 2.5]), &["1 of 2", "whole numbers"]);
    refused(fit("binomial", &[1.0, 2.0]), &["`size` is not estimated"]);
    let binomial = Distribution::named("binomial").unwrap().fitting().fix("size", 5.0);
    refused(binomial.fit(&vector(&[1.0, 7.0])), &["1 of 2", "[0, 5]"]);
    assert!(Distribution::named("normall").unwrap_err().to_string().contains("`normall`; there are"));
    let matrix = xp().ones([2, 2]).unwrap();
    refused(Distribution::named("normal").unwrap().fit(&matrix), &["(2, 2)"]);
}

#[test]
fn options_that_make_no_sense() {
    let weibull = || Distribution::named("weibull").unwrap().fitting();
    let x = vector(&[1.0, 2.0, 4.0]);
    refused(weibull().level(1.5).fit(&x), &["level is 1.5"]);
    refused(weibull().weights(&vector(&[1.0, -1.0, 1.0])).fit(&x), &["1 of 3 weights are negative"]);
    refused(weibull().weights(&vector(&[1.0, 1.0])).fit(&x), &["`weights` has 2 rows"]);
    refused(weibull().weights(&vector(&[0.0, 0.0, 0.0])).fit(&x), &["all weights are zero"]);
    refused(weibull().fix("rate", 1.0).fit(&x), &["weibull(shape, scale) has no parameter `rate`"]);
    refused(weibull().fix("shape", -1.0).fit(&x), &["shape is fixed at -1", "(0, inf)"]);
    refused(weibull().fix("shape", 1.0).fix("scale", 1.0).fit(&x), &["all parameters", "fixed"]);
    refused(weibull().truncated(3.0, 2.0).fit(&x), &["between the truncation limits 3 and 2"]);
    refused(weibull().truncated(1.5, 9.0).fit(&x), &["1 of 3", "outside the truncation limits"]);
    refused(weibull().bootstrap(1, 0).fit(&x), &["1 replicates"]);
    let upper = Censoring::Interval(vector(&[2.0, 1.0, 5.0]));
    refused(weibull().censored(upper).fit(&x), &["1 of 3 intervals"]);
}

#[test]
fn all_censored_is_no_maximum() {
    let all = xp().asarray([true, true, true]).unwrap();
    let fitting = Distribution::named("exponential").unwrap().fitting().censored(Censoring::Right(all));
    let fit = fitting.fit(&vector(&[1.0, 2.0, 4.0])).unwrap();
    assert_eq!(fit.status, Status::Boundary, "{fit}");
    assert!(fit.parameters.iter().all(|p| p.std_error.is_none() && p.std_error_reason.is_some()), "{fit}");
}

#[test]
fn formulas_that_do_not_fit_the_data() {
    let data: Columns = [("x", &[1.0, 2.0, 3.0][..]), ("y", &[2.0, 4.1, 5.9][..]), ("z", &[1.0, 2.0][..])]
        .map(|(name, v)| (name.to_string(), vector(v)))
        .into();
    let fit =
        |response: &str, formula: &str, start: &[(&str, f64)]| Nonlinear::new(response, formula)?.fit(&data, start);
    refused(fit("y", "a*(x", &[("a", 1.0)]), &["column 5", "expected `)`"]);
    refused(fit("y", "a**", &[("a", 1.0)]), &["column 4"]);
    refused(fit("y", "a $ x", &[("a", 1.0)]), &["column 3", "`$`"]);
    refused(fit("y", "a*sine(x)", &[("a", 1.0)]), &["column 3", "no function `sine`"]);
    refused(fit("y", "a*x + c", &[("a", 1.0)]), &["column 7", "`c`", "x, y, z, a"]);
    refused(fit("w", "a*x", &[("a", 1.0)]), &["column 1", "`w`"]);
    refused(fit("y", "a*x", &[("a", 1.0), ("b", 1.0)]), &["`b` has a starting value"]);
    refused(fit("y", "a*x", &[("a", f64::NAN)]), &["starting value of `a` is NaN"]);
    refused(fit("y", "a*z", &[("a", 1.0)]), &["`z` has 2 rows, `y` has 3"]);
    refused(
        fit("y", "a+b*x+c*x^2+d*x^3", &[("a", 1.0), ("b", 1.0), ("c", 1.0), ("d", 1.0)]),
        &["3 rows", "4 parameters"],
    );
    refused(fit("y", "a*x", &[]), &["no parameters"]);
    refused(fit("y", &"(".repeat(5000), &[("a", 1.0)]), &["5000"]);
    refused(fit("y", &"-(".repeat(1000), &[("a", 1.0)]), &["nested"]);
    let long = format!("a*({})", ["x"; 1900].join("+"));
    assert!(fit("y", &long, &[("a", 1.0)]).unwrap().status.is_converged());
    let undefined = fit("y", "a*log(x - 5)", &[("a", 1.0)]).unwrap();
    assert_eq!(undefined.status, Status::Diverged, "{undefined}");
    let flat = fit("y", "a*b*x", &[("a", 1.0), ("b", 1.0)]).unwrap();
    assert_eq!(flat.status, Status::FlatDirection, "{flat}");
    assert!(flat.reason.contains("a, b") && flat.parameters[0].std_error.is_none(), "{flat}");
}

#[test]
fn designs_that_are_too_small_or_dependent() {
    let x = xp().asarray([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]]).unwrap();
    let fit = Linear::new(&["a", "b"]).fit(&x, &vector(&[1.0, 2.0, 2.0])).unwrap();
    assert_eq!(fit.status, Status::FlatDirection);
    assert!(fit.reason.contains("a, b") && fit.estimates().iter().all(|e| e.is_nan()), "{fit}");
    refused(Linear::new(&["a", "b"]).fit(&x, &vector(&[1.0, 2.0])), &["(3, 2)", "(2, 2)"]);
    refused(Linear::new(&["a"]).fit(&x, &vector(&[1.0, 2.0, 3.0])), &["(3, 2)"]);
    let one = xp().asarray([[1.0, 2.0]]).unwrap();
    refused(Linear::new(&["a", "b"]).fit(&one, &vector(&[1.0])), &["1 rows cannot determine 2"]);
}

#[test]
fn tables_and_formulas_of_generalised_models() {
    let table = Table::new().numbers("x", vector(&[1.0, 2.0, 3.0])).numbers("y", vector(&[1.0, 0.0, 1.0]));
    let table = table.labels(&xp(), "g", &["u", "v", "u"]).unwrap();
    let fit = |formula: &str| Glm::new(formula, Family::Poisson)?.fit(&table).map(|f| f.fit);
    refused(fit("y ~ x +"), &["column 8"]);
    refused(fit("y x"), &["one `~`"]);
    refused(fit("y ~ q"), &["column 5", "`q`", "x, y, g"]);
    refused(fit("y ~ C(q)"), &["`q` is not a column"]);
    refused(fit("y ~ log(g)"), &["`g` holds labels"]);
    refused(fit("y ~ x:g"), &["without a term of its own"]);
    refused(fit("y ~ C(x)"), &["too many to be categories"]);
    refused(fit("cbind(y, x) ~ 1"), &["binomial family"]);
}

#[test]
fn models_of_ones_own() {
    let x = vector(&[1.0, 2.0]);
    let model = || Model::new("m", |p| (p.get("a")? * &x * -1.0).ok());
    refused(model().fit(&xp()), &["no parameters"]);
    refused(model().parameter("a", Range::POSITIVE, -1.0).fit(&xp()), &["starts at -1", "(0, inf)"]);
    refused(model().parameter("b", Range::Real, 1.0).fit(&xp()), &["no parameter `a`", "b"]);
    let sum = Model::new("m", |p| p.get("a")?.square()?.sum(..)).parameter("a", Range::Real, 1.0);
    refused(sum.fit(&xp()), &["observations(..)"]);
    // A likelihood without a maximum is told, whichever way it grows.
    let grows = Model::new("m", |p| p.get("a")?.square()?.sum(..)).parameter("a", Range::Real, 1.0).observations(1.0);
    let fit = grows.fit(&xp()).unwrap();
    assert!(!fit.status.is_converged() && fit.parameters[0].std_error.is_none(), "{fit}");
}
