//! The work of the peers' script `lazy.py`, timed here: prints a name and the best of a few runs in seconds on each line.

use array_api::{Array, Result, Value, index};
use std::hint::black_box;
use std::time::Instant;

fn best(times: usize, mut f: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..times {
        let start = Instant::now();
        f()?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(best)
}

fn expression(x: &Array) -> Result<Array> {
    let bell = array_api::exp(array_api::negative(array_api::multiply(x, x)?)?)?;
    let whole = array_api::subtract(array_api::add(bell, array_api::multiply(x, 2.0)?)?, 1.0)?;
    array_api::mean(whole, 0)
}

fn main() -> Result<()> {
    // Cargo gives benches `--bench`.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let asked = |name: &str| wanted.is_empty() || wanted.iter().any(|w| name.contains(w.as_str()));
    let memory = array_ndarray::namespace();
    let xp = |chunk: usize| array_chunked::over(&memory).with("chunks", Value::Int(chunk as i128));
    let show = |name: &str, seconds: f64| println!("{name}\t{seconds:e}");

    if asked("task") {
        let n = 1_000_000;
        let one = memory.ones([1])?;
        let build = || -> Result<()> {
            let x = array_chunked::from_fn("task", &[n], one.dtype(), 1, &memory, {
                let one = one.clone();
                move |_, _| Ok(one.clone())
            })?;
            black_box(array_chunked::persist(&x)?);
            Ok(())
        };
        show("trivial task", best(3, build)? / n as f64);
        let plan = || -> Result<()> {
            let x = array_chunked::from_fn("task", &[n], one.dtype(), 1, &memory, |_, e| {
                array_ndarray::namespace().ones(e)
            })?;
            black_box(array_chunked::plan_size(&array_api::add(&x, 1.0)?)?);
            Ok(())
        };
        show("plan of a million tasks", best(3, plan)?);
    }
    if asked("sum of 10,000 chunks") {
        let x = xp(10).ones([1000, 1000])?;
        show("sum of 10,000 chunks", best(5, || array_chunked::compute(&array_api::sum(&x, ..)?).map(drop))?);
    }
    if asked("svd") {
        let xp = xp(1000);
        let x = xp.uniform(&xp.key(0)?, [5000, 1000])?;
        let run = || {
            let s = array_api::svd(&x, array_api::Svd { full_matrices: false })?;
            array_chunked::compute_all(&[&s.u, &s.s, &s.vh]).map(drop)
        };
        show("svd", best(3, run)?);
        let data = array_chunked::compute(&x)?;
        show("svd in memory", best(3, || array_api::svd(&data, array_api::Svd { full_matrices: false }).map(drop))?);
    }
    let big = xp(1000);
    let x = big.uniform(&big.key(1)?, [10_000, 10_000])?;
    if asked("mean of an expression of random numbers") {
        show(
            "mean of an expression of random numbers",
            best(3, || array_chunked::compute(&expression(&x)?).map(drop))?,
        );
    }
    let rest = ["mean of an expression", "matmul and sum", "matmul in memory", "rechunk and sum", "centred std"];
    if !rest.iter().any(|name| asked(name)) {
        return Ok(());
    }
    let y = array_chunked::persist(&x)?;
    if asked("mean of an expression") {
        show("mean of an expression", best(5, || array_chunked::compute(&expression(&y)?).map(drop))?);
    }
    if asked("matmul and sum") {
        let run = || {
            let product = array_api::matmul(&y, array_api::matrix_transpose(&y)?)?;
            array_chunked::compute(&array_api::sum(product, ..)?).map(drop)
        };
        show("matmul and sum", best(1, run)?);
    }
    if asked("matmul in memory") {
        // The rate that the kernel itself has, of which the chunks may lose a tenth.
        let data = array_chunked::compute(&y)?;
        let run = || array_api::sum(array_api::matmul(&data, array_api::matrix_transpose(&data)?)?, ..).map(drop);
        show("matmul in memory", best(1, run)?);
    }
    if asked("rechunk and sum") {
        let run = || {
            let columns = array_chunked::rechunk(&y, [10_000, 100])?;
            array_chunked::compute(&array_api::sum(columns, 0)?).map(drop)
        };
        show("rechunk and sum", best(3, run)?);
    }
    if asked("centred std") {
        let run = || {
            let centred = array_api::subtract(&y, array_api::mean(&y, 0)?)?;
            array_chunked::compute(&array_api::std(centred, 0)?).map(drop)
        };
        show("centred std", best(3, run)?);
    }
    black_box(array_api::at(&y, index![0])?);
    Ok(())
}
