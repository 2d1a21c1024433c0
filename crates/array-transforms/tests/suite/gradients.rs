//! Derivatives of every operation: to second order against differences and each other, in `f64` and `c128`, and in `f32`
//! against `f64`.

use super::table::{Derivative, chosen, lines, partial, subsets, weighted};
use array_api::{Array, DType, Result, astype, operations};
use array_transforms::{CheckGrads, check_grads};

/// Rows that no line differentiates, with the reason.
const CONSTANT: &[(&str, &str)] = &[
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
    ("split", "keys are integers"),
    ("fold_in", "keys are integers"),
    ("gamma", "keys are integers"),
    ("beta", "keys are integers"),
    ("permutation", "keys are integers"),
    ("choice", "positions"),
    ("bits", "keys are integers"),
    ("uniform", "keys are integers"),
    ("normal", "keys are integers"),
    ("exponential", "keys are integers"),
    ("integers", "keys are integers"),
    ("poisson", "keys are integers"),
    ("bitwise_invert", "integers"),
    ("bitwise_and", "integers"),
    ("bitwise_left_shift", "integers"),
    ("bitwise_or", "integers"),
    ("bitwise_right_shift", "integers"),
    ("bitwise_xor", "integers"),
    ("isfinite", "truth values"),
    ("isinf", "truth values"),
    ("isnan", "truth values"),
    ("logical_not", "truth values"),
    ("logical_and", "truth values"),
    ("logical_or", "truth values"),
    ("logical_xor", "truth values"),
    ("signbit", "truth values"),
    ("equal", "truth values"),
    ("not_equal", "truth values"),
    ("greater", "truth values"),
    ("greater_equal", "truth values"),
    ("less", "truth values"),
    ("less_equal", "truth values"),
    ("all", "truth values"),
    ("any", "truth values"),
    ("argmax", "positions"),
    ("argmin", "positions"),
    ("argsort", "positions"),
    ("searchsorted", "positions"),
    ("nonzero", "positions"),
    ("count_nonzero", "counts"),
    ("matrix_rank", "counts"),
    ("histogram", "counts"),
    ("bincount", "counts"),
    ("isclose", "truth values"),
    ("allclose", "truth values"),
    ("stop_gradient", "its derivative is zero by definition; tested in conventions.rs"),
    ("unique_all", "the number of results depends on data; an error says so"),
    ("unique_counts", "the number of results depends on data; an error says so"),
    ("unique_inverse", "the number of results depends on data; an error says so"),
    ("at_mask", "the number of results depends on data; tested in conventions.rs"),
    ("isin", "truth values"),
    ("unique_values", "the number of results depends on data; an error says so"),
];

/// Subsets of the floating arguments.
fn moving(args: &[Array]) -> Vec<Vec<bool>> {
    let fits = |m: &Vec<bool>| m.iter().zip(args).all(|(&m, a)| !m || a.dtype().is_floating());
    subsets(args.len()).into_iter().filter(fits).collect()
}

#[test]
fn every_row_is_in_the_table_or_has_a_reason() {
    let lines = lines();
    for op in operations() {
        let differentiated = lines.iter().any(|l| l.name == op.name && l.derivative == Derivative::Smooth);
        let reason = CONSTANT.iter().any(|(name, _)| *name == op.name);
        assert!(
            differentiated != reason,
            "{}: in the table {differentiated}, in the list of constants {reason}",
            op.name
        );
    }
}

#[test]
fn second_order_of_every_row() {
    let mut failures = vec![];
    for line in lines().iter().filter(|l| l.derivative == Derivative::Smooth) {
        let args = line.arguments(1);
        for moving in moving(&args) {
            let f = partial(line, &args, &moving);
            if let Err(e) = check_grads(f, &chosen(&args, &moving), CheckGrads::order(2)) {
                let shapes: Vec<_> = args.iter().map(|a| format!("{}{}", a.dtype(), a.dims())).collect();
                failures.push(format!("{} of {} moving {moving:?}: {e}", line.name, shapes.join(", ")));
            }
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn single_precision_agrees_with_double() {
    let narrow = |a: &Array| match a.dtype() {
        DType::Float64 => astype(a, DType::Float32),
        DType::Complex128 => astype(a, DType::Complex64),
        _ => Ok(a.clone()),
    };
    let wide = |a: &Array| astype(a, DType::Complex128)?.to_vec::<array_api::Complex<f64>>();
    let mut failures = vec![];
    for line in lines().iter().filter(|l| l.derivative == Derivative::Smooth) {
        // The same numbers in both precisions.
        let single: Vec<Array> = line.arguments(1).iter().map(|a| narrow(a).unwrap()).collect();
        let double: Vec<Array> = line
            .arguments(1)
            .iter()
            .zip(&single)
            .map(|(a, s)| if a.dtype().is_floating() { astype(s, a.dtype()).unwrap() } else { a.clone() })
            .collect();
        let moving: Vec<bool> = double.iter().map(|a| a.dtype().is_floating()).collect();
        let compared = || -> Result<Option<String>> {
            let (s, d) = (weighted(line, &single, &moving)?, weighted(line, &double, &moving)?);
            for (s, d) in s.iter().zip(&d) {
                let (s, d) = (wide(s)?, wide(d)?);
                let size = d.iter().map(|z| z.norm()).fold(1.0, f64::max);
                if let Some(i) = (0..d.len()).find(|&i| (s[i] - d[i]).norm() > 2e-5 * size || s[i].is_nan()) {
                    return Ok(Some(format!("element {i} is {} in single and {} in double precision", s[i], d[i])));
                }
            }
            Ok(None)
        };
        match compared() {
            Ok(None) => {}
            Ok(Some(why)) => failures.push(format!("{}: {why}", line.name)),
            Err(e) => failures.push(format!("{}: {e}", line.name)),
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}
