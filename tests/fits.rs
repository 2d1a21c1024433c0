//! The same fits on arrays in memory, in chunks and, where it is built in, in libtorch: estimates within a millionth of a
//! standard error, log-likelihoods to twelve digits.

use array_protocol::chunked::from_array;
use array_protocol::mle::distribution::{
    Censoring, Dirichlet, Distribution, Multinomial, MultivariateNormal, NormalMixture,
};
use array_protocol::mle::glm::{Family, Glm};
use array_protocol::mle::linear::Linear;
use array_protocol::mle::mixed::Mixed;
use array_protocol::mle::multinomial::MultinomialLogit;
use array_protocol::mle::nonlinear::Nonlinear;
use array_protocol::mle::penalized::Penalized;
use array_protocol::mle::regression::{Outcome, Regression};
use array_protocol::mle::{Columns, Fit, IntervalMethod, StandardErrors, Status, Table};
use array_protocol::prelude::*;
use array_protocol::{ErrorKind, Namespace};
use serde_json::Value;

/// A kind of array: how data in memory become one.
struct Backend {
    name: &'static str,
    xp: Namespace,
    put: fn(&Array) -> Result<Array>,
}

/// Rows in chunks that are not equally long.
fn in_chunks(x: &Array) -> Result<Array> {
    let shape = x.shape()?;
    let rows = (2 * shape[0]).div_ceil(5).max(1);
    match shape {
        [_] => from_array(x, rows),
        &[_, columns] => from_array(x, [rows, columns]),
        _ => Ok(x.clone()),
    }
}

#[cfg(feature = "torch")]
fn in_torch(x: &Array) -> Result<Array> {
    x.convert(&array_protocol::torch())
}

fn backends() -> Vec<Backend> {
    let chunked = array_protocol::chunked_over(&array_protocol::ndarray());
    vec![
        Backend { name: "ndarray", xp: array_protocol::ndarray(), put: |x| Ok(x.clone()) },
        Backend { name: "chunked", xp: chunked, put: in_chunks },
        #[cfg(feature = "torch")]
        Backend { name: "torch", xp: array_protocol::torch(), put: in_torch },
    ]
}

impl Backend {
    fn column(&self, values: &[f64]) -> Result<Array> {
        let column = (self.put)(&array_protocol::ndarray().asarray(values.to_vec())?)?;
        assert_eq!(column.kind().name(), self.name);
        Ok(column)
    }

    fn matrix(&self, rows: &[Vec<f64>]) -> Result<Array> {
        (self.put)(&array_protocol::ndarray().asarray(rows)?)
    }
}

fn read(path: &str) -> Value {
    let path = format!("{}/crates/mle/tests/data/{path}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

/// What two fits of the same data differ in, if they do.
fn difference(one: &Fit, other: &Fit, share: f64, likelihood: f64) -> Option<String> {
    if one.status != other.status || one.standard_errors != other.standard_errors {
        return Some(format!("status {} and {}", one.status, other.status));
    }
    for (a, b) in one.parameters.iter().zip(&other.parameters) {
        let size = a.estimate.abs().max(1e-300);
        let allowed = a.std_error.map_or(1e-9 * size, |se| (share * se).max(1e-13 * size));
        // Where there is no maximum the estimates are where the search was left.
        let placed = one.status.is_converged() || one.status == Status::Boundary;
        if placed && !(a.estimate == b.estimate || (a.estimate - b.estimate).abs() <= allowed) {
            return Some(format!("{} is {:e} and {:e}, allowed {allowed:e}", a.name, a.estimate, b.estimate));
        }
        match (a.std_error, b.std_error) {
            (Some(a), Some(b)) if (a - b).abs() <= share.max(1e-6) * a => {}
            (None, None) => {}
            (a_error, b_error) => return Some(format!("standard error of {}: {a_error:?} and {b_error:?}", a.name)),
        }
    }
    let (a, b) = (one.log_likelihood, other.log_likelihood);
    // An exact fit's likelihood has no bound.
    let exact = one.reason.contains("exact") || !one.status.is_converged();
    (!exact && (a - b).abs() > likelihood * a.abs().max(1.0)).then(|| format!("log-likelihood {a:e} and {b:e}"))
}

/// Fits whose residuals are near the rounding of their data, the share of a standard error to which they agree, and that of the
/// log-likelihood. A unit in the last place of an exponential is a hundredth of a residual of Lanczos1, whose data are exact to
/// 13 digits, and a ten-billionth of one of Lanczos2.
const BY_ROUNDING: &[(&str, f64, f64)] = &[("Lanczos1", 0.3, 1e-3), ("Lanczos2", 1e-6, 1e-11)];

/// What fits on a backend.
type OnBackend<'a> = Box<dyn Fn(&Backend) -> Result<Fit> + 'a>;

/// A name, and what fits on a backend.
type Fitted<'a> = (String, OnBackend<'a>);

/// What a backend cannot do, which it has to say itself.
const DECLINED: &[(&str, &str)] = &[];

/// Fits on every backend, compared with that in memory.
fn agree(fits: &[Fitted]) {
    let backends = backends();
    let mut wrong = vec![];
    for (name, fit) in fits {
        let here = fit(&backends[0]).unwrap_or_else(|e| panic!("{name}: {e}"));
        for backend in &backends[1..] {
            let declined = DECLINED.contains(&(backend.name, name.as_str()));
            match fit(backend) {
                Ok(there) if declined => {
                    wrong.push(format!("{name} on {} is done now: {}", backend.name, there.status))
                }
                Ok(there) => {
                    let rounding = BY_ROUNDING.iter().find(|(of, ..)| *of == name);
                    let (share, likelihood) = rounding.map_or((1e-6, 1e-12), |&(_, share, of)| (share, of));
                    if let Some(what) = difference(&here, &there, share, likelihood) {
                        wrong.push(format!("{name} on {}: {what}", backend.name));
                    }
                }
                Err(e) if declined && e.kind() == ErrorKind::NotImplemented => {}
                Err(e) => wrong.push(format!("{name} on {}: {e}", backend.name)),
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), fits.len(), wrong.join("\n"));
}

/// Parameters to draw data with.
const LAWS: &[(&str, &[f64])] = &[
    ("bernoulli", &[0.4]),
    ("beta", &[2.0, 3.0]),
    ("binomial", &[8.0, 0.3]),
    ("burr12", &[2.0, 3.0, 1.5]),
    ("cauchy", &[1.0, 2.0]),
    ("chi_squared", &[5.0]),
    ("exponential", &[1.5]),
    ("f", &[5.0, 9.0]),
    ("gamma", &[2.0, 1.5]),
    ("geometric", &[0.3]),
    ("gumbel", &[1.0, 2.0]),
    ("half_cauchy", &[1.5]),
    ("half_normal", &[2.0]),
    ("inverse_gamma", &[3.0, 2.0]),
    ("inverse_gaussian", &[2.0, 3.0]),
    ("laplace", &[1.0, 2.0]),
    ("log_logistic", &[2.0, 3.0]),
    ("logistic", &[1.0, 2.0]),
    ("lognormal", &[0.5, 0.8]),
    ("negative_binomial", &[2.0, 4.0]),
    ("normal", &[5.0, 2.0]),
    ("pareto", &[1.0, 3.0]),
    ("poisson", &[3.0]),
    ("rayleigh", &[2.0]),
    ("student_t", &[5.0, 1.0, 2.0]),
    ("uniform", &[-1.0, 2.0]),
    ("von_mises", &[0.5, 2.0]),
    ("weibull", &[1.7, 3.0]),
    ("zero_inflated_poisson", &[3.0, 0.3]),
];

#[test]
fn distributions() {
    let mut fits: Vec<Fitted> = vec![];
    let key = array_protocol::ndarray().key(5).unwrap();
    for &(name, parameters) in LAWS {
        let family = Distribution::named(name).unwrap();
        let values = family.with(parameters).unwrap().sample(&key, 300).unwrap().to_vec::<f64>().unwrap();
        let given = values.clone();
        fits.push((
            name.to_string(),
            Box::new(move |b: &Backend| {
                let fitting = family.fitting();
                let fitting = if name == "binomial" { fitting.fix("size", parameters[0]) } else { fitting };
                fitting.fit(&b.column(&given)?)
            }),
        ));
        let weights: Vec<f64> = (0..300).map(|i| f64::from(i % 3) + 0.5).collect();
        if ["gamma", "weibull", "normal", "poisson", "student_t"].contains(&name) {
            fits.push((
                format!("{name}, weighted"),
                Box::new(move |b: &Backend| family.fitting().weights(&b.column(&weights)?).fit(&b.column(&values)?)),
            ));
        }
    }
    let weibull = Distribution::named("weibull").unwrap();
    let x = weibull.with(&[1.7, 3.0]).unwrap().sample(&key, 200).unwrap().to_vec::<f64>().unwrap();
    let known: Vec<f64> = x.iter().map(|x| x.min(4.0)).collect();
    let over: Vec<f64> = x.iter().map(|x| f64::from(*x > 4.0)).collect();
    fits.push((
        "weibull, censored".to_string(),
        Box::new(move |b: &Backend| {
            weibull.fitting().censored(Censoring::Right(b.column(&over)?)).fit(&b.column(&known)?)
        }),
    ));
    agree(&fits);
}

#[test]
fn generalized_linear_models() {
    let all = read("generalized.json");
    let mut fits: Vec<Fitted> = vec![];
    for case in all["cases"].as_array().unwrap() {
        let text = |key: &str| case[key].as_str().unwrap();
        let (response, weighted) = (text("response"), case["weighted"].as_bool().unwrap());
        for source in
            [StandardErrors::ExpectedInformation, StandardErrors::ObservedInformation, StandardErrors::SandwichHc1]
        {
            let all = &all;
            let fit = move |b: &Backend| {
                let column = |name: &str| b.column(&numbers(&all[name]));
                let mut table = Table::new().numbers("a", column("a")?).numbers("b", column("b")?);
                table = table.numbers("y", column(response)?);
                let mut formula = "y ~ a + b";
                if response == "successes" {
                    table = table.numbers("left", (column("trials")? - column(response)?).ok()?);
                    formula = "cbind(y, left) ~ a + b";
                }
                let family = match case["family"].as_str().unwrap() {
                    "negative_binomial" => Family::NegativeBinomial { theta: None },
                    name => Family::named(name)?,
                };
                let mut glm = Glm::new(formula, family)?.link(case["link"].as_str().unwrap().parse()?);
                if weighted {
                    glm = glm.weights(&column("weights")?);
                }
                Ok(glm.standard_errors(source).fit(&table)?.fit)
            };
            fits.push((format!("{} {} of {response}, {source}", text("family"), text("link")), Box::new(fit)));
        }
    }
    // Separated by labels, and by numbers.
    let zero = |b: &Backend| {
        let labels = ["a", "a", "b", "b", "c", "c"];
        let table =
            Table::new().numbers("y", b.column(&[3.0, 4.0, 0.0, 0.0, 5.0, 2.0])?).labels(&b.xp, "g", &labels)?;
        Ok(Glm::new("y ~ g", Family::Poisson)?.fit(&table)?.fit)
    };
    fits.push(("a cell of zeros".to_string(), Box::new(zero)));
    agree(&fits);
}

#[test]
fn linear_regressions_of_nist() {
    let sets = read("nist/linear.json");
    let mut fits: Vec<Fitted> = vec![];
    for (name, set) in sets.as_object().unwrap() {
        let y = numbers(&set["y"]);
        let x: Vec<Vec<f64>> = set["x"].as_array().unwrap().iter().map(numbers).collect();
        let powers: Option<Vec<i32>> =
            set["powers"].as_array().map(|p| p.iter().map(|v| v.as_i64().unwrap() as i32).collect());
        let design: Vec<Vec<f64>> = match powers {
            None => x.iter().map(|row| [&[1.0], &row[..]].concat()).collect(),
            Some(powers) => x.iter().map(|row| powers.iter().map(|&e| row[0].powi(e)).collect()).collect(),
        };
        let names: Vec<String> = (0..design[0].len()).map(|j| format!("B{j}")).collect();
        let fit = move |b: &Backend| {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            Linear::new(&names).fit(&b.matrix(&design)?, &b.column(&y)?)
        };
        fits.push((name.clone(), Box::new(fit)));
    }
    agree(&fits);
}

#[test]
fn nonlinear_regressions_of_nist() {
    let sets = read("nist/nonlinear.json");
    let mut fits: Vec<Fitted> = vec![];
    for (name, set) in sets.as_object().unwrap() {
        let fit = move |b: &Backend| {
            let columns = set["columns"].as_object().unwrap().iter();
            let data = columns.map(|(k, v)| Ok((k.clone(), b.column(&numbers(v))?))).collect::<Result<Columns>>()?;
            let start = |p: &'_ Value| (p["name"].as_str().unwrap().to_string(), p["starts"][1].as_f64().unwrap());
            let starts: Vec<(String, f64)> = set["parameters"].as_array().unwrap().iter().map(start).collect();
            let starts: Vec<(&str, f64)> = starts.iter().map(|(n, v)| (n.as_str(), *v)).collect();
            Nonlinear::new(set["response"].as_str().unwrap(), set["model"].as_str().unwrap())?.fit(&data, &starts)
        };
        fits.push((name.clone(), Box::new(fit)));
    }
    agree(&fits);
}

#[test]
fn mixed_models() {
    let text =
        std::fs::read_to_string(format!("{}/crates/mle/tests/data/mixed/sleepstudy.csv", env!("CARGO_MANIFEST_DIR")));
    let text = text.unwrap();
    let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    let cells = |name: &str| -> Vec<&str> {
        let j = header.iter().position(|h| *h == name).unwrap();
        text.lines().skip(1).map(|l| l.split(',').nth(j).unwrap()).collect()
    };
    let column = |name: &str| -> Vec<f64> { cells(name).iter().map(|c| c.parse().unwrap()).collect() };
    let fit = |b: &Backend, restricted: bool| -> Result<Fit> {
        let table = Table::new().numbers("reaction", b.column(&column("reaction"))?);
        let table = table.numbers("days", b.column(&column("days"))?).labels(&b.xp, "subject", &cells("subject"))?;
        let model = Mixed::new("reaction ~ 1 + days", "1 + days", "subject")?;
        Ok(if restricted { model.restricted() } else { model }.fit(&table)?.fit)
    };
    agree(&[
        ("sleepstudy, ML".to_string(), Box::new(|b: &Backend| fit(b, false))),
        ("sleepstudy, REML".to_string(), Box::new(|b: &Backend| fit(b, true))),
        ("Dyestuff2".to_string(), Box::new(dyestuff2)),
    ]);
}

/// Whose batches differ by less than their samples let them.
fn dyestuff2(b: &Backend) -> Result<Fit> {
    let path = format!("{}/crates/mle/tests/data/mixed/dyestuff2.csv", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let rows = || text.lines().skip(1).map(|l| l.split_once(',').unwrap());
    let values: Vec<f64> = rows().map(|(value, _)| value.parse().unwrap()).collect();
    let batches: Vec<&str> = rows().map(|(_, batch)| batch).collect();
    let table = Table::new().numbers("yield", b.column(&values)?).labels(&b.xp, "batch", &batches)?;
    let fit = Mixed::new("yield ~ 1", "1", "batch")?.fit(&table)?.fit;
    assert_eq!(fit.status, Status::Boundary, "{fit}");
    Ok(fit)
}

#[test]
fn vectors_and_mixtures() {
    let all = read("distributions/vectors.json");
    let mut fits: Vec<Fitted> = vec![];
    for (i, case) in all["fits"].as_array().unwrap().iter().enumerate() {
        let law = case["law"].as_str().unwrap();
        let fit = move |b: &Backend| {
            let rows = || -> Result<Array> {
                b.matrix(&case["x"].as_array().unwrap().iter().map(numbers).collect::<Vec<_>>())
            };
            let weights = case.get("weights").map(|w| b.column(&numbers(w))).transpose()?;
            match law {
                "multivariate_normal" => MultivariateNormal::fit(&rows()?, weights.as_ref()),
                "dirichlet" => Dirichlet::fit(&rows()?, weights.as_ref()),
                "multinomial" => Multinomial::fit(&rows()?, weights.as_ref()),
                _ => {
                    let mixture = NormalMixture::new(2)?;
                    let common = case["common"].as_bool().unwrap();
                    let mixture = if common { mixture.common_sd() } else { mixture };
                    mixture.fit(&b.column(&numbers(&case["x"]))?)
                }
            }
        };
        fits.push((format!("{law} {i}"), Box::new(fit)));
    }
    agree(&fits);
}

#[test]
fn intervals() {
    let all = read("generalized.json");
    let all = &all;
    let sets = read("nist/nonlinear.json");
    let column = |b: &Backend, name: &str| b.column(&numbers(&all[name]));
    let glm = move |b: &Backend, method| {
        let table = Table::new().numbers("a", column(b, "a")?).numbers("b", column(b, "b")?);
        let model = Glm::new("y ~ a + b", Family::Poisson)?.interval(method).bootstrap(20, 1);
        Ok(model.fit(&table.numbers("y", column(b, "counts")?))?.fit)
    };
    let set = &sets["Misra1a"];
    let nls = |b: &Backend, method| {
        let columns = set["columns"].as_object().unwrap().iter();
        let data = columns.map(|(k, v)| Ok((k.clone(), b.column(&numbers(v))?))).collect::<Result<Columns>>()?;
        let model = Nonlinear::new("y", set["model"].as_str().unwrap())?.interval(method).bootstrap(20, 1);
        model.fit(&data, &[("b1", 250.0), ("b2", 5e-4)])
    };
    for method in [IntervalMethod::Profile, IntervalMethod::Bootstrap] {
        let fits: [(&str, OnBackend); 2] =
            [("glm", Box::new(move |b| glm(b, method))), ("nls", Box::new(move |b| nls(b, method)))];
        for (name, fit) in fits {
            let all: Vec<Fit> = backends().iter().map(|b| fit(b).unwrap()).collect();
            for other in &all[1..] {
                for (a, b) in all[0].parameters.iter().zip(&other.parameters) {
                    let (a, b, se) = (a.interval.unwrap(), b.interval.unwrap(), a.std_error.unwrap());
                    assert_eq!((a.method, b.method), (method, method));
                    let near = (a.lower - b.lower).abs().max((a.upper - b.upper).abs()) <= 1e-6 * se;
                    assert!(near, "{name}: {a:?} and {b:?}");
                }
            }
        }
    }
}

#[test]
fn other_regressions() {
    let all = read("regressions.json");
    let table = |b: &Backend, response: &str| -> Result<Table> {
        let column = |name: &str| b.column(&numbers(&all[name]));
        Ok(Table::new().numbers("a", column("a")?).numbers("b", column("b")?).numbers("y", column(response)?))
    };
    let table = &table;
    let of = move |outcome: Outcome, response: &'static str| -> OnBackend<'_> {
        Box::new(move |b| Regression::new("y ~ a + b", outcome)?.fit(&table(b, response)?))
    };
    let all = &all;
    let penalized = move |b: &Backend| {
        let rows: Vec<Vec<f64>> = all["design"].as_array().unwrap().iter().map(numbers).collect();
        let model = Penalized::elastic_net(&["a", "b", "c", "d", "e", "f"], 0.2, 0.4);
        model.fit(&b.matrix(&rows)?, &b.column(&numbers(&all["response"]))?)
    };
    agree(&[
        ("NB1".to_string(), of(Outcome::NegativeBinomial1, "counts")),
        ("NB2".to_string(), of(Outcome::NegativeBinomial2, "counts")),
        ("zero-inflated".to_string(), of(Outcome::ZeroInflatedPoisson, "inflated")),
        ("beta".to_string(), of(Outcome::Beta, "shares")),
        ("multinomial".to_string(), Box::new(|b| MultinomialLogit::new("y ~ a + b")?.fit(&table(b, "categories")?))),
        ("elastic net".to_string(), Box::new(penalized)),
    ]);
}
