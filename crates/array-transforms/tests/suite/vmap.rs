//! Vectorisation of every operation and of every gradient, against a loop.

use super::table::{Derivative, Line, lines, subsets, weighted};
use array_api::{Array, Complex, DType, Result, astype, operations, stack};
use array_transforms::vmap_n;

/// Rows that are not vectorised, with the reason.
const MISSING: &[(&str, &str)] = &[
    ("zeros", "has no array argument"),
    ("empty", "has no array argument"),
    ("ones", "has no array argument"),
    ("full", "has no array argument"),
    ("arange", "has no array argument"),
    ("linspace", "has no array argument"),
    ("eye", "has no array argument"),
    ("key", "has no array argument"),
    ("fftfreq", "has no array argument"),
    ("rfftfreq", "has no array argument"),
    ("nonzero", "the number of results depends on data, and differs between members"),
    ("unique_all", "the number of results depends on data, and differs between members"),
    ("unique_counts", "the number of results depends on data, and differs between members"),
    ("unique_inverse", "the number of results depends on data, and differs between members"),
    ("at_mask", "the number of results depends on data, and differs between members"),
    ("unique_values", "the number of results depends on data, and differs between members"),
];

#[test]
fn every_row_is_in_the_table_or_has_a_reason() {
    let lines = lines();
    for op in operations() {
        let vectorised = lines.iter().any(|l| l.name == op.name);
        let reason = MISSING.iter().any(|(name, _)| *name == op.name);
        assert!(vectorised != reason, "{}: in the table {vectorised}, in the list of missing ones {reason}", op.name);
    }
}

type Function<'f> = &'f dyn Fn(&[Array]) -> Result<Vec<Array>>;

fn numbers(x: &Array) -> Result<Vec<Complex<f64>>> {
    astype(x, DType::Complex128)?.to_vec()
}

/// The function vectorised over some of its arguments against a loop; what differs, if anything does.
fn against_loop(line: &Line, batched: &[bool], size: usize, f: Function<'_>) -> Result<Option<String>> {
    let members: Vec<Vec<Array>> = (0..size).map(|b| line.arguments(b as u64 + 1)).collect();
    let pick = |b: usize| -> Vec<Array> {
        (0..batched.len()).map(|i| members[if batched[i] { b } else { 0 }][i].clone()).collect()
    };
    let inputs = (0..batched.len())
        .filter(|&i| batched[i])
        .map(|i| stack(members.iter().map(|m| m[i].clone()).collect::<Vec<_>>(), 0))
        .collect::<Result<Vec<_>>>()?;
    let vectorised = vmap_n(
        |inside: &Vec<Array>| {
            let mut inside = inside.iter();
            let args: Vec<Array> = pick(0)
                .into_iter()
                .zip(batched)
                .map(|(a, &b)| if b { inside.next().cloned().unwrap_or(a) } else { a })
                .collect();
            f(&args)
        },
        size,
        &inputs,
    )?;
    let one_by_one = (0..size).map(|b| f(&pick(b))).collect::<Result<Vec<_>>>()?;
    for (k, got) in vectorised.iter().enumerate() {
        let expected = stack(one_by_one.iter().map(|r| r[k].clone()).collect::<Vec<_>>(), 0)?;
        if (got.dims(), got.dtype()) != (expected.dims(), expected.dtype()) {
            return Ok(Some(format!(
                "result {k} is {}{}, not {}{}",
                got.dtype(),
                got.dims(),
                expected.dtype(),
                expected.dims()
            )));
        }
        for (i, (g, e)) in numbers(got)?.into_iter().zip(numbers(&expected)?).enumerate() {
            if (g - e).norm() > 1e-11 * e.norm().max(1.0) || g.re.is_nan() != e.re.is_nan() {
                return Ok(Some(format!("element {i} of result {k} is {g}, not {e}")));
            }
        }
    }
    Ok(None)
}

fn every_subset(keep: fn(&Line) -> bool, f: fn(&Line, &[Array]) -> Result<Vec<Array>>) {
    let mut failures = vec![];
    for line in lines().iter().filter(|l| keep(l)) {
        for batched in subsets(line.args.len()) {
            for size in [1, 3] {
                let failure = match against_loop(line, &batched, size, &|args| f(line, args)) {
                    Ok(None) => continue,
                    Ok(Some(why)) => why,
                    Err(e) => e.to_string(),
                };
                let shapes: Vec<_> = line.arguments(1).iter().map(|a| format!("{}{}", a.dtype(), a.dims())).collect();
                failures.push(format!("{} of {}, {size} of {batched:?}: {failure}", line.name, shapes.join(", ")));
            }
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn every_row_against_a_loop() {
    every_subset(|_| true, |line, args| (line.call)(args));
}

#[test]
fn gradients_of_every_row_against_a_loop() {
    every_subset(
        |line| line.derivative == Derivative::Smooth,
        |line, args| {
            let moving: Vec<bool> = args.iter().map(|a| a.dtype().is_floating()).collect();
            weighted(line, args, &moving)
        },
    );
}
