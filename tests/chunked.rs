//! Chunked arrays in the facade: named by a word, under derivatives, with chunks of any kind.

use array_protocol::chunked::{chunks_of, compute, from_array, from_fn};
use array_protocol::prelude::*;

/// Rows of a design and a response that no memory holds together: each chunk is made when it is needed.
fn rows(n: usize) -> Result<(Array, Array)> {
    let xp = array_protocol::ndarray();
    let design = |start: &[usize], extents: &[usize]| {
        let xp = array_protocol::ndarray();
        let i = xp.arange(start[0] as i64..(start[0] + extents[0]) as i64)?.astype(DType::Float64)?;
        stack([&xp.ones(extents[0])?, &sin(&i)?, &cos(&(i * 0.3).ok()?)?], 1)
    };
    let x = from_fn("design", &[n, 3], DType::Float64, [1000, 3], &xp, design)?;
    let y = matmul(&x, xp.asarray([1.0, -2.0, 0.5])?)?;
    Ok((x, y))
}

#[test]
fn a_word_names_the_kind() -> Result<()> {
    let _ = array_protocol::chunked_over(&array_protocol::ndarray());
    let xp: Namespace = "chunked".parse()?;
    let x = xp.ones([3, 3])?;
    assert_eq!((x.kind().name(), chunks_of(&x)?.count()), ("chunked", 1));
    assert_eq!(compute(&sum(&x, ..)?)?.item::<f64>()?, 9.0);
    Ok(())
}

#[test]
fn the_gradient_of_a_sum_over_rows_is_lazy_and_right() -> Result<()> {
    let (x, y) = rows(10_000)?;
    let loss = |w: &Array| square(subtract(matmul(&x, w)?, &y)?)?.sum(..);
    let w = array_protocol::ndarray().asarray([0.0, 0.0, 0.0])?;
    let slope = grad(loss)(&w)?;
    assert_eq!(slope.kind().name(), "chunked");
    let (x, y) = (compute(&x)?, compute(&y)?);
    let expected = grad(|w: &Array| square(subtract(matmul(&x, w)?, &y)?)?.sum(..))(&w)?;
    for (a, b) in slope.to_vec::<f64>()?.iter().zip(expected.to_vec::<f64>()?) {
        assert!((a - b).abs() <= 1e-10 * b.abs(), "{a} is not {b}");
    }
    Ok(())
}

#[test]
fn newton_steps_fit_without_the_rows_in_memory() -> Result<()> {
    let (x, y) = rows(20_000)?;
    let loss = |w: &Array| square(subtract(matmul(&x, w)?, &y)?)?.sum(..);
    let w = array_protocol::ndarray().asarray([0.0, 0.0, 0.0])?;
    let (slope, bend) = (compute(&grad(loss)(&w)?)?, compute(&hessian(loss)(&w)?)?);
    let step = solve(&bend, &slope)?;
    for (got, want) in subtract(&w, step)?.to_vec::<f64>()?.iter().zip([1.0, -2.0, 0.5]) {
        assert!((got - want).abs() < 1e-9, "{got} is not {want}");
    }
    Ok(())
}

#[test]
fn vmap_maps_over_chunks() -> Result<()> {
    let x = from_array(&array_protocol::ndarray().asarray([1.0, 2.0, 3.0])?, 2)?;
    let y = vmap(|x: &Array| square(x))(&x)?;
    assert_eq!(y.to_vec::<f64>()?, [1.0, 4.0, 9.0]);
    Ok(())
}
