//! What tasks hold at once, read from plans: a few chunks, however many the array has.

use array_api::{Array, Dims, Result, Value};

use crate::array::of;
use crate::plan::plan;

/// The most bytes of results, and of all results of the tasks that inputs come from, that a task of the plan has, in chunks of 8 x 8 numbers of eight bytes.
fn most(arrays: &[Array]) -> Result<u64> {
    let wanted = arrays.iter().map(|x| of("bounded", x).cloned()).collect::<Result<Vec<_>>>()?;
    let plan = plan(&wanted)?;
    let tasks = &plan.tasks;
    let bytes = |t: u32| {
        let mut inputs: Vec<u32> = tasks.inputs(t).iter().map(|b| b.task).collect();
        inputs.dedup();
        tasks.tasks[t as usize].bytes + inputs.iter().map(|&i| tasks.tasks[i as usize].bytes).sum::<u64>()
    };
    Ok((0..tasks.len() as u32).map(bytes).max().unwrap_or(0).div_ceil(8 * 8 * 8))
}

fn normal(shape: [usize; 2]) -> Result<Array> {
    let xp = crate::over(&array_ndarray::namespace()).with("chunks", Value::Int(8));
    xp.normal(xp.key(1)?, shape)
}

fn numbers(shape: impl Into<Dims>) -> Result<Array> {
    let xp = crate::over(&array_ndarray::namespace()).with("chunks", Value::Int(8));
    xp.zeros((shape.into(), array_api::DType::Int64))
}

/// What is made of a matrix.
type Make = fn(Array) -> Result<Vec<Array>>;

/// Operations, and how many chunks a task may hold.
const LIMITS: &[(&str, u64, Make)] = &[
    ("sort", 6, |x| Ok(vec![array_api::sort(x, 0)?])),
    ("argsort", 12, |x| Ok(vec![array_api::argsort(x, 0)?])),
    ("median", 16, |x| Ok(vec![array_api::median(x, 0)?])),
    ("cumulative_sum", 3, |x| Ok(vec![array_api::cumulative_sum(x, 0)?])),
    ("cumulative_prod", 3, |x| Ok(vec![array_api::cumulative_prod(x, 1)?])),
    ("argmax", 3, |x| Ok(vec![array_api::argmax(&x, 0)?, array_api::argmax(x, ..)?])),
    ("searchsorted", 9, |x| {
        let sorted = array_api::sort(array_api::at(&x, array_api::index![.., 0])?, ..)?;
        Ok(vec![array_api::searchsorted(sorted, x, None, ..)?])
    }),
    ("isin", 3, |x| Ok(vec![array_api::isin(&x, array_api::add(&x, 1.0)?, ..)?])),
    ("take", 4, |x| Ok(vec![array_api::take(x, numbers([300])?, 0)?])),
    ("take_along_axis", 12, |x| Ok(vec![array_api::take_along_axis(&x, array_api::argsort(&x, 0)?, 0)?])),
    ("index_add", 12, |x| Ok(vec![array_api::index_add(&x, numbers([x.dims()[0]])?, &x, 0)?])),
    ("qr", 20, |x| {
        let made = array_api::qr(x, ..)?;
        Ok(vec![made.q, made.r])
    }),
    ("cholesky", 4, |x| Ok(vec![array_api::cholesky(x, ..)?])),
    ("tril", 2, |x| Ok(vec![array_api::tril(x, 0)?])),
    ("triangular_solve", 4, |x| Ok(vec![array_api::triangular_solve(&x, &x, ..)?])),
];

/// The same in panels of whole columns.
const PANELS: &[(&str, u64, Make)] = &[
    ("solve", 4, |x| Ok(vec![array_api::solve(&x, &x)?])),
    ("slogdet", 4, |x| {
        let made = array_api::slogdet(x)?;
        Ok(vec![made.sign, made.logabsdet])
    }),
];

#[test]
fn tasks_hold_few_chunks() -> Result<()> {
    let mut wrong = vec![];
    for n in [64, 128] {
        let limits = LIMITS.iter().map(|(name, limit, make)| (name, *limit, make));
        let panels = PANELS.iter().map(|(name, limit, make)| (name, limit * n as u64 / 8, make));
        for (name, limit, make) in limits.chain(panels) {
            let found = most(&make(normal([n, n])?)?)?;
            if found > limit {
                wrong.push(format!("{name} of {n} x {n}: a task holds {found} chunks, more than {limit}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[test]
fn tall_matrices_are_decomposed_up_a_tree() -> Result<()> {
    let found = |rows: usize| -> Result<u64> {
        let made = array_api::svd(normal([rows, 8])?, array_api::Svd { full_matrices: false })?;
        most(&[made.u, made.s, made.vh])
    };
    for rows in [800, 8000] {
        let found = found(rows)?;
        assert!(found <= 46, "of {rows} rows: a task holds {found} chunks");
    }
    Ok(())
}
