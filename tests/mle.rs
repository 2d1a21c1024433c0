//! The example `mle` as a process: what it writes, and what its exit codes tell.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use program::trial::{Trial, json};

fn mle() -> &'static Trial {
    static PROGRAM: OnceLock<Trial> = OnceLock::new();
    PROGRAM.get_or_init(|| Trial::of("mle"))
}

/// A table of columns that are functions of the row.
fn table(folder: &Path, name: &str, header: &str, rows: usize, row: impl Fn(usize) -> String) {
    let lines: String = (0..rows).map(|i| row(i) + "\n").collect();
    fs::write(folder.join(name), format!("{header}\n{lines}")).unwrap();
}

/// Numbers between 0 and 1 that are the same on every machine.
fn share(i: usize) -> f64 {
    ((i * 7919 + 13) % 1009) as f64 / 1009.0
}

#[test]
fn a_fit_that_converges_leaves_with_0() {
    let dir = mle().folder("converges");
    table(&dir, "x.csv", "x", 200, |i| format!("{}", 2.0 * (-share(i).max(1e-3).ln()).powf(0.6)));
    let said = mle().ok(&dir, "fit --data x.csv --distribution weibull --column x --json fit.json --plot figures");
    assert!(said.contains("converged") && said.contains("shape") && said.contains("AIC"), "{said}");
    let fit = json(&dir.join("fit.json"));
    for key in ["status", "method", "log_likelihood", "aic", "bic", "gradient_norm", "iterations"] {
        assert!(!fit[key].is_null(), "{key}");
    }
    assert_eq!(fit["status"], "converged");
    let shape = &fit["parameters"][0];
    assert!(shape["name"] == "shape" && shape["estimate"].is_f64() && shape["std_error"].is_f64(), "{shape}");
    assert!(shape["interval"]["lower"].as_f64() < shape["estimate"].as_f64());
    for figure in ["density.png", "quantiles.png"] {
        assert!(fs::read(dir.join("figures").join(figure)).unwrap().starts_with(b"\x89PNG"), "{figure}");
    }
    // The bootstrap's spread is near the curvature's.
    mle().ok(
        &dir,
        "fit --data x.csv --distribution weibull --column x --standard-errors bootstrap --replicates 400 --json b.json",
    );
    let ratio = json(&dir.join("b.json"))["parameters"][0]["std_error"].as_f64().unwrap()
        / shape["std_error"].as_f64().unwrap();
    assert!((0.7..1.4).contains(&ratio), "{ratio}");
}

#[test]
fn a_generalised_linear_model_has_figures() {
    let dir = mle().folder("glm");
    table(&dir, "counts.csv", "y,a,g", 60, |i| {
        format!("{},{},{}", (1.0 + i as f64 / 12.0 + 3.0 * share(i)) as i64, i as f64 / 60.0, ["u", "v"][i % 2])
    });
    let words = ["glm", "--data", "counts.csv", "--formula", "y ~ a + g", "--family", "poisson", "--plot", "figures"];
    let out = std::process::Command::new(&mle().program).current_dir(&dir).args(words).output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout);
    assert_eq!(out.status.code(), Some(0), "{said}");
    assert!(said.contains("g[v]") && said.contains("deviance"), "{said}");
    assert!(fs::read(dir.join("figures/fit.png")).unwrap().starts_with(b"\x89PNG"));
    let left: Vec<_> = fs::read_dir(dir.join("figures")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.iter().all(|n| n.to_string_lossy().ends_with(".png")), "{left:?}");
    let words = "glm --data counts.csv --formula y~a --family poisson --link sqrt --standard-errors observed";
    assert!(mle().ok(&dir, words).contains("standard errors: observed information"));
}

#[test]
fn every_command_makes_every_interval() {
    let dir = mle().folder("intervals");
    // Curved enough for intervals to differ by their method.
    table(&dir, "rows.csv", "x,y,n", 80, |i| {
        let x = i as f64 / 8.0;
        let y = 2.0 * (1.0 - (-0.4 * x).exp()) + 0.3 * (share(i) - 0.5);
        format!("{x},{y},{}", (-share(i).max(1e-3).ln() * (1.0 + 0.2 * x)).round() as i64)
    });
    let commands = [
        "fit --data rows.csv --distribution poisson --column n",
        "nls --data rows.csv --response y --formula b1*(1-exp(-b2*x)) --start b1=1,b2=1",
        "glm --data rows.csv --formula n~x --family poisson",
    ];
    for command in commands {
        let fit = |more: &str| {
            mle().ok(&dir, &format!("{command} {more} --json fit.json"));
            json(&dir.join("fit.json"))["parameters"].as_array().unwrap().clone()
        };
        let wald = fit("--interval wald");
        for method in ["profile", "bootstrap"] {
            for (of, plain) in fit(&format!("--interval {method} --replicates 200")).iter().zip(&wald) {
                let ends = |p: &serde_json::Value| ["lower", "upper"].map(|end| p["interval"][end].as_f64().unwrap());
                let ([low, high], [plain_low, plain_high]) = (ends(of), ends(plain));
                assert_eq!(of["interval"]["method"], method, "{command}");
                assert!(low < of["estimate"].as_f64().unwrap() && of["estimate"].as_f64().unwrap() < high, "{of}");
                assert!(low != plain_low && high != plain_high, "{of} is {plain}");
                let ratio = (high - low) / (plain_high - plain_low);
                assert!((0.5..2.0).contains(&ratio), "{command} {method}: {of} and {plain}");
            }
        }
        for (spread, plain) in fit("--standard-errors bootstrap --replicates 300").iter().zip(&wald) {
            let ratio = spread["std_error"].as_f64().unwrap() / plain["std_error"].as_f64().unwrap();
            assert!((0.5..2.0).contains(&ratio), "{command}: {spread} and {plain}");
        }
    }
}

#[test]
fn a_location_that_is_free_is_estimated() {
    let dir = mle().folder("location");
    table(&dir, "waits.csv", "wait", 200, |i| format!("{}", 20.0 + 3.0 * (-share(i).max(1e-3).ln()).powf(0.4)));
    // A Weibull density's likelihood has no bound there; what is meant is said, and is no convergence.
    let out =
        mle().run(&dir, "fit --data waits.csv --distribution weibull --column wait --free-location --json w.json");
    assert_eq!(out.status.code(), Some(1));
    let fit = json(&dir.join("w.json"));
    let location = &fit["parameters"][2];
    assert!(location["name"] == "location" && fit["status"] == "unbounded", "{fit}");
    assert!((location["estimate"].as_f64().unwrap() - 20.0).abs() < 0.5 && location["std_error"].is_f64(), "{fit}");
    // The exponential's location is the least value.
    mle().ok(
        &dir,
        "fit --data waits.csv --distribution exponential --column wait --free-location --plot f --json e.json",
    );
    let fit = json(&dir.join("e.json"));
    assert!(fit["parameters"][1]["estimate"].as_f64().unwrap() > 20.0, "{fit}");
    assert!(dir.join("f/density.png").exists());
    let words = "fit --data waits.csv --distribution normal --column wait --free-location";
    mle().refused(&dir, words, &["normal(mean, sd) has no location that could be freed"]);
}

#[test]
fn a_fit_that_does_not_converge_leaves_with_1() {
    let dir = mle().folder("separation");
    table(&dir, "apart.csv", "y,x", 20, |i| format!("{},{i}", i / 10));
    let out = mle().run(&dir, "glm --data apart.csv --formula y~x --family binomial --json fit.json");
    let said = String::from_utf8_lossy(&out.stdout);
    assert_eq!(out.status.code(), Some(1), "{said}");
    assert!(said.contains("separation") && said.contains("grows for ever"), "{said}");
    let fit = json(&dir.join("fit.json"));
    assert!(fit["status"] == "separation" && fit["parameters"][1]["std_error"].is_null(), "{fit}");
    // Two parameters of which only the product matters.
    table(&dir, "line.csv", "y,x", 10, |i| format!("{},{i}", 2 * i + i % 3));
    let out = mle().run(&dir, "nls --data line.csv --response y --formula a*b*x --start a=1,b=1");
    assert_eq!(out.status.code(), Some(1), "{}", String::from_utf8_lossy(&out.stdout));
}

#[test]
fn what_cannot_be_used_leaves_with_2() {
    let dir = mle().folder("refusals");
    table(&dir, "x.csv", "x,y,g", 12, |i| format!("{},{},{}", i, share(i), ["u", "v"][i % 2]));
    fs::write(dir.join("broken.csv"), "x,y\n1,2\n3\n").unwrap();
    fs::write(dir.join("empty.csv"), "x,y\n").unwrap();
    table(&dir, "same.csv", "x", 5, |_| "3".to_string());
    table(&dir, "nan.csv", "x", 5, |i| if i == 2 { "nan".to_string() } else { i.to_string() });
    table(&dir, "words.csv", "x", 5, |i| if i == 2 { "much".to_string() } else { i.to_string() });
    for (words, parts) in [
        ("fit --data none.csv --distribution normal --column x", &["none.csv"][..]),
        ("fit --data broken.csv --distribution normal --column x", &["broken.csv"]),
        ("fit --data empty.csv --distribution normal --column x", &["no rows"]),
        ("fit --data x.csv --distribution normal --column z", &["`z`", "x, y, g"]),
        ("fit --data x.csv --distribution weibul --column x", &["weibul", "weibull"]),
        ("fit --data x.csv --distribution gamma --column x", &["1 of 12", "support"]),
        ("fit --data same.csv --distribution normal --column x", &["all 5 values are 3"]),
        ("fit --data nan.csv --distribution normal --column x", &["1 of 5", "not finite"]),
        ("fit --data words.csv --distribution normal --column x", &["line 4", "much"]),
        ("fit --data x.csv --distribution normal --column x --level 1.5", &["1.5"]),
        ("fit --data x.csv --distribution normal --column x --truncated 5,2", &["5", "2"]),
        ("fit --data x.csv --distribution normal --column x --fix sd=-1", &["sd", "-1"]),
        ("fit --data x.csv --distribution normal --column x --prior mean=normal(0)", &["2 parameters"]),
        ("fit --data x.csv --distribution normal --column x --backend abacus", &["abacus"]),
        ("glm --data x.csv --formula y~x+z --family gaussian", &["z", "column"]),
        ("glm --data x.csv --formula y~x --family binomia", &["binomia"]),
        ("glm --data x.csv --formula x~y --family binomial", &["between 0 and 1"]),
        ("nls --data x.csv --response y --formula b*sing(x) --start b=1", &["sing"]),
        ("nls --data x.csv --response y --formula b*x --start c=1", &["b"]),
    ] {
        mle().refused(&dir, words, parts);
    }
    // What clap refuses leaves with 2 as well.
    assert_eq!(mle().run(&dir, "fit --data x.csv").status.code(), Some(2));
    assert_eq!(mle().run(&dir, "glm --data x.csv --formula y~x --family poisson --link logg").status.code(), Some(2));
}
