//! Refits and searches by workers elsewhere, who are told bytes and answer with bytes: the same fit as here.

use std::sync::{Arc, Mutex};

use array_api::parallel::{Piece, Workers};
use array_api::{Array, Normal, Result};
use mle::distribution::{Censoring, Distribution, Fitting};
use mle::{FIT, Fit, IntervalMethod, StandardErrors, fit_piece};

/// Does every piece at once, the last one first, and keeps the names.
#[derive(Default)]
struct Here(Mutex<Vec<String>>);

impl Workers for Here {
    fn pieces(&self) -> usize {
        3
    }

    fn call(&self, function: &str, shared: &[u8], pieces: &[Piece]) -> Result<Vec<Vec<u8>>> {
        assert_eq!(function, FIT);
        self.0.lock().unwrap().extend(pieces.iter().map(|piece| piece.name.clone()));
        let done: Vec<Vec<u8>> =
            pieces.iter().rev().map(|piece| fit_piece(shared, &piece.work)).collect::<Result<_>>()?;
        Ok(done.into_iter().rev().collect())
    }
}

/// Positive numbers, and counts of them.
fn lifetimes(rows: usize) -> (Array, Array) {
    let xp = array_ndarray::namespace();
    let normal = xp.normal(xp.key(5).unwrap(), Normal::from([rows])).unwrap();
    let counts = xp.asarray((0..rows).map(|i| (i % 3) as f64 + 1.0).collect::<Vec<_>>()).unwrap();
    (array_api::exp(array_api::multiply(normal, 0.4).unwrap()).unwrap(), counts)
}

/// Everything that a fit says; its numbers are written so that they are read back exactly.
fn everything(fit: &Fit) -> String {
    serde_json::to_string(fit).unwrap()
}

fn same(fitting: Fitting, values: &Array) -> Result<Vec<String>> {
    let workers = Arc::new(Here::default());
    let there = fitting.clone().on(workers.clone()).fit(values)?;
    assert_eq!(everything(&there), everything(&fitting.fit(values)?));
    let names = workers.0.lock().unwrap().clone();
    Ok(names)
}

#[test]
fn a_bootstrap_elsewhere_is_the_one_here() -> Result<()> {
    // So many rows that the refits are several groups.
    let (values, counts) = lifetimes(20_000);
    let named = |name: &str| -> Result<Fitting> {
        let fitting = Distribution::named(name)?.fitting().bootstrap(120, 7);
        Ok(fitting.standard_errors(StandardErrors::Bootstrap).interval(IntervalMethod::Bootstrap))
    };
    let names = same(named("weibull")?, &values)?;
    assert!(names.len() > 1 && names.iter().all(|name| name.contains("by-series")), "{names:?}");
    same(named("gamma")?.weights(&counts), &values)?;
    same(named("normal")?, &values)?;
    same(named("weibull")?.fix("location", -0.5), &values)?;
    same(named("lognormal")?.truncated(0.0, f64::INFINITY), &values)?;
    Ok(())
}

#[test]
fn refits_that_no_series_resolves_are_made_on_the_rows() -> Result<()> {
    let (values, _) = lifetimes(40);
    let late = array_api::greater(&values, 1.3)?;
    let fitting = Distribution::named("weibull")?.fitting().censored(Censoring::Right(late)).bootstrap(60, 1);
    let names = same(fitting.standard_errors(StandardErrors::Bootstrap), &values)?;
    assert!(names.iter().any(|name| name.contains("by-rows")), "{names:?}");
    let prior = Distribution::named("normal")?.with(&[1.0, 0.5])?;
    let fitting = Distribution::named("gamma")?.fitting().prior("shape", prior).bootstrap(60, 1);
    same(fitting.interval(IntervalMethod::Bootstrap), &values)?;
    Ok(())
}

#[test]
fn searches_from_several_starts_are_spread() -> Result<()> {
    let (values, _) = lifetimes(200);
    let names = same(Distribution::named("triangular")?.fitting(), &values)?;
    assert!(names.len() > 3 && names.iter().all(|name| name.starts_with("start-")), "{names:?}");
    // Nothing is given away that takes no time.
    assert!(same(Distribution::named("normal")?.fitting(), &values)?.is_empty());
    Ok(())
}

#[test]
fn other_bytes_are_errors() {
    for (shared, work) in
        [(&b""[..], &b""[..]), (b"{}\n", b"{}"), (&[0xff; 40], &[0; 3]), (b"", b"{\"Search\":{\"start\":[1]}}")]
    {
        assert!(fit_piece(shared, work).is_err());
    }
}
