//! The singular value decomposition of a tall matrix in chunks: built without computing, then computed, and held against
//! the one in memory.
//!
//! `cargo run --release -p array-chunked --example svd -- [ROWS COLUMNS CHUNK]`, 5000 x 1000 in 1000 x 1000 unless given.

use std::process::ExitCode;
use std::time::Instant;

use array_api::{Array, Result, Svd, Value};

fn main() -> ExitCode {
    let given: std::result::Result<Vec<usize>, _> = std::env::args().skip(1).map(|a| a.parse()).collect();
    let (rows, columns, chunk) = match given.as_deref() {
        Ok([]) => (5000, 1000, 1000),
        Ok(&[rows, columns, chunk]) if rows > 0 && columns > 0 && chunk > 0 => (rows, columns, chunk),
        _ => {
            eprintln!("takes three positive numbers: ROWS COLUMNS CHUNK, as in 5000 1000 1000");
            return ExitCode::from(2);
        }
    };
    match decompose(rows, columns, chunk) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn largest(x: Array) -> Result<f64> {
    array_api::max(array_api::abs(x)?, ..)?.item::<f64>()
}

fn decompose(rows: usize, columns: usize, chunk: usize) -> Result<()> {
    let space = array_ndarray::namespace();
    let xp = array_chunked::over(&space).with("chunks", Value::Int(chunk as i128));
    let x = array_chunked::persist(&xp.normal(xp.key(1)?, [rows, columns])?)?;
    let reduced = || Svd { full_matrices: false };

    let start = Instant::now();
    let lazy = array_api::svd(&x, reduced())?;
    println!("x   {x}\nu   {}\ns   {}\nvh  {}", lazy.u, lazy.s, lazy.vh);
    println!("built in {:.1?}, nothing computed yet", start.elapsed());

    let start = Instant::now();
    let computed = array_chunked::compute_all(&[&lazy.u, &lazy.s, &lazy.vh])?;
    let [u, s, vh] = &computed[..] else { return Err(array_api::Error::backend("svd", "gave no three arrays")) };
    println!("computed in {:.3} s", start.elapsed().as_secs_f64());

    let whole = array_chunked::compute(&x)?;
    let start = Instant::now();
    let own = array_api::svd(&whole, reduced())?;
    println!("in memory in {:.3} s", start.elapsed().as_secs_f64());

    let apart = largest(array_api::divide(array_api::subtract(s, &own.s)?, &own.s)?)?;
    let again = array_api::matmul(array_api::multiply(u, s)?, vh)?;
    let residual = largest(array_api::subtract(again, &whole)?)?;
    let product = array_api::matmul(array_api::matrix_transpose(u)?, u)?;
    let skew = largest(array_api::subtract(product, space.eye(s.dims()[0])?)?)?;
    println!(
        "singular values differ by {apart:.1e} of their size, u s vh by {residual:.1e}, u is orthonormal to {skew:.1e}"
    );
    Ok(())
}
