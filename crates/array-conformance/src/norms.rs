//! Norms of vectors and matrices, as sums, extremes and singular values.

use array_api::{Axes, DTYPES, DType, ErrorKind, NormOrder, Scalar};

use crate::Check;
use crate::compare::{Close, Want, epsilon};
use crate::inputs::moderate;
use crate::jacobi::singular_values;
use crate::kit::{Kit, fields};
use crate::matrix::{Matrix, TALL_AND_WIDE, bad_input, floating, matrices};
use crate::reference::rounded;
use crate::statistical::{SHAPES, axes_of, reduced, wrong_axes};

pub(crate) const ROWS: &[(&str, Check)] = &[("vector_norm", vector_norm), ("matrix_norm", matrix_norm)];

const INF: f64 = f64::INFINITY;

fn vector_norm(kit: &mut Kit) {
    for dtype in DTYPES {
        if !dtype.is_floating() {
            kit.refuses(&[], &[moderate(dtype, &[2], 1).into()], ErrorKind::DType);
            continue;
        }
        for shape in SHAPES {
            // Some zeros: the norm of order zero counts the others.
            let mut x = moderate(dtype, shape, 241);
            x.data.iter_mut().step_by(5).for_each(|s| *s = rounded(dtype, Scalar::Float(0.0)).unwrap_or(*s));
            for order in [2.0, 1.0, 0.0, 3.0, 0.5, -1.0, -2.5, INF, -INF] {
                for (axes, list) in axes_of(shape.len()) {
                    for keepdims in [false, true] {
                        let want = reduced(&x, &list, keepdims, dtype.real(), |v| norm(v, order));
                        let fields = fields![axis = axes, keepdims = keepdims, ord = NormOrder::Number(order)];
                        kit.gives_one(fields, &[(&x).into()], want);
                    }
                }
            }
            if kit.enough() {
                return;
            }
        }
    }
    for order in [NormOrder::Number(f64::NAN), NormOrder::from("fro"), NormOrder::from("nuc")] {
        kit.refuses(fields![ord = order], &[moderate(DType::Float64, &[2], 1).into()], ErrorKind::Value);
    }
    wrong_axes(kit);
    kit.refuses(fields![axis = Axes::One(0)], &[moderate(DType::Float64, &[], 1).into()], ErrorKind::Axis);
}

/// The norm of a vector, and how many epsilons it may be off by.
fn norm(v: &[Scalar], order: f64) -> (Option<Scalar>, f64) {
    let sizes = || v.iter().map(|s| s.to_complex().norm());
    let value = match order {
        0.0 => sizes().filter(|&x| x != 0.0).count() as f64,
        INF => sizes().fold(0.0, f64::max),
        f64::NEG_INFINITY => sizes().fold(INF, f64::min),
        // The power of an infinite sum, and of none, is what it is in the limit.
        // The sum starts from a zero of its own: that of no floats is negative.
        p => (0.0 + sizes().map(|x| x.powf(p)).sum::<f64>()).powf(1.0 / p),
    };
    let share = (v.len() as f64 + 8.0) * if order.is_finite() { 1.0 + (1.0 / order.abs().max(0.1)) } else { 1.0 };
    (Some(Scalar::Float(value)), if value.is_finite() { share * value } else { 0.0 })
}

/// The orders of norms of matrices, and what they compare or add up.
const ORDERS: [(&str, f64); 8] =
    [("fro", 0.0), ("nuc", 0.0), ("", 1.0), ("", -1.0), ("", 2.0), ("", -2.0), ("", INF), ("", -INF)];

/// The norm, or none where a smallest one of nothing is asked for.
fn norm_of(a: &Matrix, word: &str, order: f64) -> Option<f64> {
    let size = |i: usize, j: usize| a.at(i, j).norm();
    let parts: Vec<f64> = match (word, order.abs()) {
        ("fro", _) => return Some(a.norm()),
        ("nuc", _) => return Some(singular_values(a).iter().sum()),
        (_, 1.0) => (0..a.columns).map(|j| (0..a.rows).map(|i| size(i, j)).sum()).collect(),
        (_, 2.0) => singular_values(a),
        _ => (0..a.rows).map(|i| (0..a.columns).map(|j| size(i, j)).sum()).collect(),
    };
    if order > 0.0 { Some(parts.into_iter().fold(0.0, f64::max)) } else { parts.into_iter().reduce(f64::min) }
}

fn matrix_norm(kit: &mut Kit) {
    bad_input(kit, false);
    for dtype in floating() {
        for dims in TALL_AND_WIDE.into_iter().chain([&[0, 0][..], &[3, 0], &[0, 3], &[2, 0, 3]]) {
            let x = moderate(dtype, dims, 242);
            let (batch, last) = dims.split_at(dims.len() - 2);
            for (word, order) in ORDERS {
                let ord = if word.is_empty() { NormOrder::Number(order) } else { NormOrder::from(word) };
                let all = matrices(&x, batch);
                let one = Matrix::build(last[0], last[1], |_, _| 0.0.into());
                if norm_of(&one, word, order).is_none() {
                    kit.refuses(fields![ord = ord], &[(&x).into()], ErrorKind::Value);
                    continue;
                }
                for keepdims in [false, true] {
                    let kept = if keepdims { &[1, 1][..] } else { &[] };
                    let out = dtype.real();
                    let data = all.iter().map(|a| norm_of(a, word, order).and_then(|x| rounded(out, x.into())));
                    let n = 20.0 * (last[0].max(last[1]) as f64) * epsilon(out);
                    let want = Want {
                        dims: [batch, kept].concat(),
                        dtype: out,
                        data: data.collect(),
                        close: Close::Within(all.iter().map(|a| n * a.norm()).collect()),
                    };
                    kit.gives_one(fields![ord = ord.clone(), keepdims = keepdims], &[(&x).into()], want);
                }
            }
        }
    }
    for order in [NormOrder::Number(3.0), NormOrder::Number(0.0), NormOrder::from("frobenius")] {
        kit.refuses(fields![ord = order], &[moderate(DType::Float64, &[2, 2], 1).into()], ErrorKind::Value);
    }
}
