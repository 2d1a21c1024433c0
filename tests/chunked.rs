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

/// The same fit on arrays in memory and in chunks: estimates within 1e-6 of a standard error, log-likelihoods to 1e-12.
#[test]
fn fits_do_not_depend_on_chunks() -> Result<()> {
    use array_protocol::mle::distribution::Distribution;
    use array_protocol::mle::glm::{Family, Glm};
    use array_protocol::mle::{Fit, Table};

    let xp = array_protocol::ndarray();
    let n = 20_000;
    let x = xp.normal(&xp.key(5)?, n)?;
    let rate = (exp((&x * 0.3 + 0.5).ok()?)? + 0.0).ok()?;
    let waits = (xp.exponential(&xp.key(6)?, n)? / &rate).ok()?;
    let likely = less(xp.uniform(&xp.key(7)?, n)?, sigmoid((&x * 0.7 - 0.2).ok()?)?)?.astype(DType::Float64)?;
    let chunked = |x: &Array| from_array(x, [3000]);
    let same = |memory: &Fit, chunks: &Fit| {
        assert_eq!(memory.status, chunks.status, "{chunks}");
        for (a, b) in memory.parameters.iter().zip(&chunks.parameters) {
            let se = a.std_error.expect("the fit in memory has standard errors");
            assert!((a.estimate - b.estimate).abs() <= 1e-6 * se, "{}: {} and {}", a.name, a.estimate, b.estimate);
            assert!((b.std_error.expect("so has the other") / se - 1.0).abs() < 1e-6, "{}", a.name);
        }
        let (a, b) = (memory.log_likelihood, chunks.log_likelihood);
        assert!((a - b).abs() <= 1e-12 * a.abs(), "{a} and {b}");
    };
    for name in ["weibull", "gamma", "normal", "lognormal"] {
        let family = Distribution::named(name)?;
        same(&family.fit(&waits)?, &family.fit(&chunked(&waits)?)?);
    }
    let table = |y: &Array, x: &Array| Table::new().numbers("y", y.clone()).numbers("x", x.clone());
    for (family, y) in [(Family::Binomial, &likely), (Family::Gamma, &waits), (Family::Gaussian, &waits)] {
        let model = Glm::new("y ~ x", family)?;
        let model = if family == Family::Gamma { model.link(array_protocol::mle::glm::Link::Log) } else { model };
        same(&model.fit(&table(y, &x))?.fit, &model.fit(&table(&chunked(y)?, &chunked(&x)?))?.fit);
    }
    Ok(())
}
