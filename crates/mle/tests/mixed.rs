//! Mixed models against lme4's fits and against 40 digits.

use array_api::Namespace;
use mle::mixed::{Mixed, MixedFit};
use mle::{Status, Table};

fn xp() -> Namespace {
    array_ndarray::namespace()
}

/// A file's columns: numbers where every cell is one, labels elsewhere.
fn table(name: &str) -> Table {
    let path = format!("{}/tests/data/mixed/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let rows: Vec<Vec<&str>> = lines.map(|l| l.split(',').collect()).collect();
    names.iter().enumerate().fold(Table::new(), |table, (j, name)| {
        let cells: Vec<&str> = rows.iter().map(|r| r[j]).collect();
        match cells.iter().map(|c| c.parse().ok()).collect::<Option<Vec<f64>>>() {
            Some(numbers) if *name != "subject" => table.numbers(name, xp().asarray(numbers).unwrap()),
            _ => table.labels(&xp(), name, &cells).unwrap(),
        }
    })
}

fn near(got: f64, wanted: f64, relative: f64) {
    assert!((got - wanted).abs() <= relative * wanted.abs(), "{got} for {wanted}");
}

fn each<const N: usize>(got: &[f64], wanted: [f64; N], relative: f64) {
    assert_eq!(got.len(), N);
    got.iter().zip(wanted).for_each(|(got, wanted)| near(*got, wanted, relative));
}

fn coefficients(fit: &MixedFit, wanted: &[(f64, f64)]) {
    for (p, (estimate, std_error)) in fit.fit.parameters.iter().zip(wanted) {
        near(p.estimate, *estimate, 1e-9);
        near(p.std_error.unwrap(), *std_error, 1e-6);
    }
}

/// The maxima in 40 digits (tests/references/mixed.py), and what lme4's documentation prints of its fit, which stops a little
/// before: the deviance is flat there, so its theta has four digits.
#[test]
fn sleepstudy() {
    let table = table("sleepstudy.csv");
    let model = || Mixed::new("reaction ~ 1 + days", "1 + days", "subject").unwrap();
    let fit = model().fit(&table).unwrap();
    assert_eq!((fit.fit.status, fit.groups), (Status::Converged, 18), "{fit}");
    near(fit.deviance, 1751.9393444631976, 1e-13);
    each(&fit.theta, [0.929225473723695, 0.0181657066700353, 0.222645422566727], 1e-7);
    coefficients(&fit, &[(251.405104848485, 6.63227680702451), (10.467285959596, 1.50223678231343)]);
    each(&fit.standard_deviations, [23.7805669991932, 5.71683454250771], 1e-8);
    near(fit.fit.log_likelihood, -875.9696722315988, 1e-12);
    each(&[fit.fit.aic, fit.fit.bic], [1763.939344, 1783.097086], 1e-9);
    let fit = model().restricted().fit(&table).unwrap();
    assert_eq!(fit.fit.status, Status::Converged, "{fit}");
    near(fit.deviance, 1743.6282719584908, 1e-13);
    each(&fit.theta, [0.966732951864803, 0.0151690542704847, 0.230909594760483], 1e-7);
    coefficients(&fit, &[(251.405104848485, 6.82455653206907), (10.467285959596, 1.54578889629473)]);
    each(&fit.standard_deviations, [24.7404514644039, 5.92213310373191], 1e-8);
    near(fit.sigma, 25.5918156267253, 1e-9);
    each(&fit.theta, [0.96674177, 0.01516906, 0.23090995], 3e-5);
    assert!(fit.to_string().contains("correlation 0.066"), "{fit}");
}

#[test]
fn dyestuff2_lies_at_its_boundary() {
    let table = table("dyestuff2.csv");
    for (model, deviance, sigma, std_error) in [
        (Mixed::new("yield ~ 1", "1", "batch").unwrap(), 162.87303665382575, 3.653231351374652, 0.6669857396443261),
        (
            Mixed::new("yield ~ 1", "1", "batch").unwrap().restricted(),
            161.82827781228846,
            3.715684274475726,
            0.678388031232524,
        ),
    ] {
        let fit = model.fit(&table).unwrap();
        assert_eq!((fit.fit.status, &fit.theta[..]), (Status::Boundary, &[0.0][..]), "{fit}");
        assert!(!fit.fit.status.is_converged() && fit.fit.reason.contains("(Intercept)"), "{fit}");
        near(fit.deviance, deviance, 1e-12);
        near(fit.sigma, sigma, 1e-12);
        coefficients(&fit, &[(5.6656, std_error)]);
    }
}

#[test]
fn without_groups_that_differ_it_is_regression() {
    // Random slopes on their own, and groups that are told apart by nothing.
    let (x, y): (Vec<f64>, Vec<f64>) =
        (0..40).map(|i| (f64::from(i % 8), f64::from(i % 8) + f64::sin(f64::from(i * 37)))).unzip();
    let groups: Vec<String> = (0..40).map(|i| format!("g{}", i / 8)).collect();
    let table = Table::new().numbers("x", xp().asarray(x).unwrap()).numbers("y", xp().asarray(y).unwrap());
    let table = table.labels(&xp(), "g", &groups).unwrap();
    let fit = Mixed::new("y ~ x", "0 + x", "g").unwrap().fit(&table).unwrap();
    assert_eq!(fit.effects, ["x"]);
    for (formula, random, group, part) in [
        ("y ~ x", "1", "h", "`h`"),
        ("y ~ z", "1", "g", "`z`"),
        ("y ~ x", "1", "x", "never"),
        ("y ~ x + I(2*x)", "1", "g", "linearly dependent"),
        ("y ~ x + offset(x)", "1", "g", "no offset"),
    ] {
        let said = Mixed::new(formula, random, group).unwrap().fit(&table);
        match said {
            Err(e) => assert!(e.to_string().contains(part), "{formula} {group}: {e}"),
            // A column of few different numbers may be a grouping.
            Ok(fit) => assert_eq!((group, fit.groups), ("x", 8)),
        }
    }
}
