//! What samples add up to: counts of values and in bins, and covariances.

use array_api::{DTYPES, DType, ErrorKind, Scalar};

use crate::Check;
use crate::compare::{Close, Want, epsilon};
use crate::inputs::{moderate, telling};
use crate::kit::{Kit, fields};
use crate::matrix::{C, bad_input, floating, matrices};
use crate::reference::{Reference, rounded};

pub(crate) const ROWS: &[(&str, Check)] = &[("histogram", histogram), ("bincount", bincount), ("cov", cov)];

/// How many elements lie in each bin: from one edge to before the next, in the last one to the edge itself.
fn binned(x: &Reference, edges: &Reference) -> Reference {
    // Integers beyond 2^53 are not told apart as reals.
    let at_least = |a: Scalar, b: Scalar| match x.dtype.is_integer() {
        true => a.to_i128() >= b.to_i128(),
        false => a.to_f64() >= b.to_f64(),
    };
    let bins = edges.data.len() - 1;
    let counts: Vec<i64> = (0..bins)
        .map(|k| {
            let (low, high) = (edges.data[k], edges.data[k + 1]);
            let below = |v: Scalar| at_least(high, v) && (k + 1 == bins || !at_least(v, high));
            x.data.iter().filter(|&&v| at_least(v, low) && below(v)).count() as i64
        })
        .collect();
    Reference::ints(&[bins], &counts)
}

fn histogram(kit: &mut Kit) {
    for dtype in DTYPES {
        let edges = |all: &[f64]| Reference::reals(&[all.len()], all);
        if dtype == DType::Bool || dtype.is_complex() {
            let x = moderate(dtype, &[3], 1);
            kit.refuses(&[], &[(&x).into(), x.into()], ErrorKind::DType);
            continue;
        }
        let all = [&[0.0, 1.0][..], &[0.0, 2.0, 3.0, 7.0], &[1.0, 1.0, 4.0, 4.0], &[2.0, 100.0]];
        let signed = [&[-4.0, -1.0, 0.0, 2.0][..], &[-100.0, 0.0, 3.0, 100.0]];
        let below_zero = dtype.is_floating() || dtype.category() == array_api::Category::SignedInteger;
        for edges in all.into_iter().chain(signed.into_iter().filter(|_| below_zero)).map(edges) {
            let edges = edges.cast(dtype);
            let empty = moderate(dtype, &[0], 1);
            let shapes = [&[40][..], &[3, 4], &[], &[2, 0]].map(|dims| moderate(dtype, dims, 281));
            for x in shapes.into_iter().chain([telling(dtype, 282), edges.clone(), empty]) {
                let want = binned(&x, &edges);
                kit.gives_one(&[], &[x.into(), (&edges).into()], want);
            }
        }
    }
    // Both are compared in their common type.
    let (x, edges) = (moderate(DType::Float32, &[20], 283), Reference::reals(&[3], &[-1.0, 0.1, 2.0]));
    kit.gives_one(&[], &[(&x).into(), (&edges).into()], binned(&x.cast(DType::Float64), &edges));
    for dims in [&[1][..], &[], &[2, 2], &[0]] {
        kit.refuses(&[], &[(&x).into(), moderate(DType::Float32, dims, 1).into()], ErrorKind::Shape);
    }
    kit.refuses(&[], &[moderate(DType::Int64, &[3], 1).into(), edges.into()], ErrorKind::DType);
}

fn bincount(kit: &mut Kit) {
    for dtype in DTYPES {
        if !dtype.is_integer() {
            kit.refuses(fields![length = 3usize], &[moderate(dtype, &[2], 1).into()], ErrorKind::DType);
            continue;
        }
        let shapes = [&[50][..], &[4, 5], &[], &[0], &[2, 0]].map(|dims| moderate(dtype, dims, 284));
        for x in shapes.into_iter().chain([telling(dtype, 285)]) {
            for length in [0usize, 1, 5, 12] {
                let count = |k: usize| x.data.iter().filter(|s| s.to_i128() == k as i128).count() as i64;
                let want = Reference::ints(&[length], &(0..length).map(count).collect::<Vec<_>>());
                kit.gives_one(fields![length = length], &[(&x).into()], want);
            }
        }
    }
}

fn cov(kit: &mut Kit) {
    bad_input(kit, false);
    for dtype in floating() {
        for dims in [&[3, 7][..], &[1, 4], &[2, 3, 5], &[4, 2], &[0, 3], &[0, 2, 3], &[2, 61]] {
            let x = moderate(dtype, dims, 286);
            let (batch, last) = dims.split_at(dims.len() - 2);
            let (p, n) = (last[0], last[1] as f64);
            for correction in [1.0, 0.0, 0.5] {
                let (mut data, mut errors) = (vec![], vec![]);
                for a in matrices(&x, batch) {
                    let row = |i: usize| (0..a.columns).map(move |k| (i, k));
                    let mean: Vec<C> = (0..p).map(|i| row(i).map(|(i, k)| a.at(i, k)).sum::<C>() / n).collect();
                    let size: Vec<f64> = (0..p).map(|i| row(i).map(|(i, k)| a.at(i, k).norm()).sum::<f64>()).collect();
                    for (i, j) in (0..p * p).map(|k| (k / p, k % p)) {
                        let product = |k: usize| (a.at(i, k) - mean[i]) * (a.at(j, k) - mean[j]).conj();
                        let value = (0..a.columns).map(product).sum::<C>() / (n - correction);
                        let number = if dtype.is_complex() { Scalar::Complex(value) } else { Scalar::Float(value.re) };
                        data.push(rounded(dtype, number));
                        errors.push(8.0 * (n + 4.0) * epsilon(dtype) * size[i] * size[j] / (n - correction));
                    }
                }
                let dims = [batch, &[p, p]].concat();
                let want = Want { dims, dtype, data, close: Close::Within(errors) };
                kit.gives_one(fields![correction = correction], &[(&x).into()], want);
            }
        }
    }
}
