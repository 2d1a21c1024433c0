//! The example `likelihood_tour` as a process: its identities hold for any seed, it draws them, and it refuses.

use std::fs;
use std::sync::OnceLock;

use program::trial::{Trial, json};

fn likelihood_tour() -> &'static Trial {
    static PROGRAM: OnceLock<Trial> = OnceLock::new();
    PROGRAM.get_or_init(|| Trial::of("likelihood_tour"))
}

const STOPS: [&str; 10] = [
    "product",
    "average",
    "large-numbers",
    "gaussian",
    "density",
    "divergence",
    "regression",
    "prior",
    "hierarchy",
    "sampling",
];

/// A number of a stop, by the beginning of its name.
fn number(stop: &serde_json::Value, what: &str) -> f64 {
    let all = stop["numbers"].as_array().unwrap();
    let found = all.iter().find(|n| n["what"].as_str().unwrap().starts_with(what));
    found.unwrap_or_else(|| panic!("{what} in {all:?}"))["value"].as_f64().unwrap()
}

#[test]
fn every_identity_holds_and_has_a_figure() {
    let dir = likelihood_tour().folder("all");
    let said = likelihood_tour().ok(&dir, "--json all.json");
    assert!(said.contains("Take care") && said.contains("report.html") && !said.contains('≠'), "{said}");
    for (i, name) in STOPS.iter().enumerate() {
        let file = format!("out/likelihood_tour/{:02}-{name}.png", i + 1);
        assert!(fs::read(dir.join(&file)).unwrap().starts_with(b"\x89PNG"), "{file}");
    }
    let report = fs::read_to_string(dir.join("out/likelihood_tour/report.html")).unwrap();
    assert!(report.contains("A prior counts once"));
    let all = json(&dir.join("all.json"));
    assert_eq!((all["holds"].as_bool(), all["rows"].as_u64()), (Some(true), Some(1000)));
    let stops = all["stops"].as_array().unwrap();
    assert_eq!(stops.iter().map(|s| s["name"].as_str().unwrap()).collect::<Vec<_>>(), STOPS);
    for stop in stops {
        let checked = stop["numbers"].as_array().unwrap().iter().filter(|n| !n["must"].is_null()).count();
        assert!(checked >= 3 && stop["holds"] == true, "{stop}");
        assert!(!stop["slip"].as_str().unwrap().is_empty());
    }
    // What can be said without the program: the smallest double is e^-744.44, and a row adds -1.82 to the sum.
    let rows = number(&stops[0], "rows after which the product is 0");
    assert!((744.44 / 1.824 - rows).abs() < 60.0, "{rows}");
    // beta(2, 30) is highest at 1/30, where it is 930 (1/30) (29/30)^29.
    let highest = number(&stops[4], "largest density");
    assert!((highest - 31.0 * (29.0_f64 / 30.0).powi(29)).abs() < 1e-3, "{highest}");
}

#[test]
fn identities_do_not_depend_on_the_draw() {
    let dir = likelihood_tour().folder("seeds");
    for seed in [1, 7, 123_456_789] {
        likelihood_tour().ok(&dir, &format!("--seed {seed} --out {seed} --json {seed}.json"));
    }
    let value = |seed: &str| number(&json(&dir.join(format!("{seed}.json")))["stops"][3], "mean, by Newton");
    assert_ne!(value("1"), value("7"), "another seed draws other data");
    likelihood_tour().ok(&dir, "--seed 7 --stop gaussian --json again.json");
    assert_eq!(number(&json(&dir.join("again.json"))["stops"][0], "mean, by Newton"), value("7"));
}

#[test]
fn wrong_input_is_refused_with_what_to_do() {
    let dir = likelihood_tour().folder("refused");
    fs::write(dir.join("file"), "").unwrap();
    let cases: &[(&str, &[&str])] = &[
        ("--stop posterior", &["posterior", "prior", "sampling"]),
        ("--rows 10", &["10", "1000"]),
        ("--seed many", &["many"]),
        ("--backend abacus", &["abacus", "ndarray"]),
        ("--out file", &["file", "--out"]),
        ("--json no/where.json", &["no/where.json", "--json"]),
    ];
    for (args, parts) in cases {
        likelihood_tour().refused(&dir, args, parts);
    }
    assert!(!dir.join("out/likelihood_tour").exists(), "what is refused leaves no files behind");
}
