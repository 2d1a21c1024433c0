//! The work of the peers' script `mle.py`, timed here: prints a name and the median seconds of a few runs on each line.

use array_api::{DType, Result, astype, index, less, matmul, sigmoid};
use mle::distribution::Distribution;
use mle::glm::{Family, Glm};
use mle::{StandardErrors, Table};
use std::hint::black_box;
use std::time::Instant;

fn median(times: usize, mut f: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut seconds = vec![];
    for _ in 0..times {
        let start = Instant::now();
        f()?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    Ok(seconds[times / 2])
}

fn main() -> Result<()> {
    // Cargo gives benches `--bench`.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let asked = |name: &str| wanted.is_empty() || wanted.iter().any(|w| name.contains(w.as_str()));
    let show = |name: &str, seconds: f64| println!("{name}\t{seconds:e}");
    let xp = array_ndarray::namespace();

    let name = "1,000 bootstrap refits of a Weibull, 10,000 rows";
    if asked(name) {
        let family = Distribution::named("weibull")?;
        let x = family.with(&[1.7, 3.0])?.sample(&xp.key(0)?, 10_000)?;
        let fitting = family.fitting().standard_errors(StandardErrors::Bootstrap).bootstrap(1000, 1);
        let work = || {
            let fit = black_box(fitting.fit(&x)?);
            assert!(fit.status.is_converged() && fit.reason.is_empty(), "{fit}");
            Ok(())
        };
        show(name, median(5, work)?);
    }

    let name = "logistic regression, 1,000,000 x 20";
    if asked(name) {
        let (rows, columns) = (1_000_000, 20);
        let x = xp.normal(&xp.key(1)?, [rows, columns])?;
        let slopes = xp.linspace((-0.5, 0.5, columns))?;
        let chances = sigmoid((matmul(&x, slopes)? + 0.3).ok()?)?;
        let y = astype(less(xp.uniform(&xp.key(2)?, [rows])?, chances)?, DType::Float64)?;
        let mut table = Table::new().numbers("y", y);
        let mut formula = "y ~ 1".to_string();
        for j in 0..columns {
            // A column that lies together, as a table has it.
            let column = (x.at(index![.., j as isize])? + 0.0).ok()?;
            table = table.numbers(&format!("x{j}"), column);
            formula += &format!(" + x{j}");
        }
        let glm = Glm::new(&formula, Family::Binomial)?;
        let work = || {
            let fit = black_box(glm.fit(&table)?);
            assert!(fit.fit.status.is_converged() && fit.fit.covariance.is_some(), "{fit}");
            Ok(())
        };
        show(name, median(5, work)?);
    }

    let name = "normal distribution, 10,000,000 rows";
    if asked(name) {
        let x = (xp.normal(&xp.key(3)?, 10_000_000)? * 2.0 + 5.0).ok()?;
        let family = Distribution::named("normal")?;
        let work = || {
            black_box(family.fit(&x)?);
            Ok(())
        };
        show(name, median(9, work)?);
    }
    Ok(())
}
