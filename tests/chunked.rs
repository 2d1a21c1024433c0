//! Chunked arrays in the facade: named by a word, under derivatives, with chunks of any kind.

use array_protocol::chunked::{chunks_of, compute, from_array, from_fn, plan_size};
use array_protocol::ensemble::{EarlyStopping, Fit, Noise, Options};
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
/// What a lazy kind computes once an epoch, `persist`, leaves arrays that hold their elements alone.
#[test]
fn what_is_persisted_is_not_computed_again() -> Result<()> {
    let memory = array_protocol::ndarray().asarray([1.0, 2.0, 3.0])?;
    let lazy = from_array(&memory, 2)?;
    let long = (0..50).try_fold(lazy.clone(), |x, _| x.sin())?;
    let (kept, same, none) = persist((vec![long.clone(), (lazy * 2.0).ok()?], memory.clone(), None::<Array>))?;
    assert!(kept.iter().all(|x| plan_size(x).is_ok_and(|n| n == 2)) && none.is_none());
    assert_eq!(kept[0].to_vec::<f64>()?, long.to_vec::<f64>()?);
    assert_eq!(kept[1].to_vec::<f64>()?, [2.0, 4.0, 6.0]);
    assert_eq!((same.kind().name(), same.to_vec::<f64>()?), ("ndarray", memory.to_vec::<f64>()?));
    let e = persist(from_fn("broken", &[2_usize], DType::Float64, 1, &array_protocol::ndarray(), |_, _| {
        Err(Error::value("reading", "there is nothing"))
    })?);
    assert!(e.unwrap_err().to_string().contains("there is nothing"));
    Ok(())
}

#[test]
fn an_ensemble_trains_on_chunks_as_it_does_in_memory() -> Result<()> {
    let trained = |xp: &Namespace| -> Result<Vec<f64>> {
        let x: Vec<Vec<f64>> = (0..60).map(|i| vec![f64::from(i) / 30.0 - 1.0]).collect();
        let y: Vec<f64> = x.iter().map(|x| x[0] + 0.3 * (6.0 * x[0]).sin()).collect();
        let (x, y) = (xp.asarray(x)?, xp.asarray(y)?);
        let early_stopping = Some(EarlyStopping { every: 5, patience: 2 });
        let noise = Noise::Multinomial;
        let options =
            Options { members: 4, epochs: 20, dtype: DType::Float64, noise, early_stopping, ..Options::default() };
        Fit::new(options, xp).run(&x, &y)?.predict(&x)?.mean()?.to_vec::<f64>()
    };
    let memory = array_protocol::ndarray();
    let due = trained(&memory)?;
    let chunked = array_protocol::chunked_over(&memory);
    for xp in [chunked.clone(), chunked.with("chunks", Value::Int(13))] {
        for (a, b) in trained(&xp)?.iter().zip(&due) {
            assert!((a - b).abs() < 1e-9, "{a} is not {b}");
        }
    }
    Ok(())
}

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
