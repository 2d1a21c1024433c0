//! Frequencies of Fourier terms, and the shift that puts frequency zero in the middle.

use array_api::{DTYPES, DType, ErrorKind, Scalar};

use crate::Check;
use crate::compare::{Close, Want};
use crate::inputs::moderate;
use crate::kit::{Kit, fields};
use crate::reference::{Reference, rounded};
use crate::statistical::{SHAPES, axes_of};

pub(crate) const ROWS: &[(&str, Check)] = &[
    ("fftfreq", |kit| frequencies(kit, |n| (0..n).map(|k| if 2 * k < n { k } else { k - n }).collect())),
    ("rfftfreq", |kit| frequencies(kit, |n| (0..=n / 2).collect())),
    ("fftshift", |kit| shifted(kit, |n| n / 2)),
    // Back by half as much, rounded down.
    ("ifftshift", |kit| shifted(kit, |n| n - n / 2)),
];

/// The frequencies of a transform of `n` terms, in cycles per `n` samples.
fn frequencies(kit: &mut Kit, cycles: fn(i64) -> Vec<i64>) {
    for n in [1usize, 2, 3, 4, 7, 8, 101] {
        for d in [1.0, 0.1, 25.0, -2.0] {
            for given in [None, Some(DType::Float64), Some(DType::Float32)] {
                let dtype = given.unwrap_or(DType::Float64);
                let value = |k: i64| rounded(dtype, Scalar::Float(k as f64 / (n as f64 * d)));
                let data: Vec<_> = cycles(n as i64).into_iter().map(value).collect();
                let want = Want { dims: vec![data.len()], dtype, data, close: Close::AnyZero(2.0) };
                kit.gives_one(fields![n = n, d = d, dtype = given], &[], want);
            }
        }
    }
    kit.refuses(fields![n = 0usize], &[], ErrorKind::Value);
    for d in [0.0, f64::INFINITY, f64::NAN] {
        kit.refuses(fields![n = 4usize, d = d], &[], ErrorKind::Value);
    }
    for dtype in DTYPES.into_iter().filter(|d| !d.is_real_floating()) {
        kit.refuses(fields![n = 4usize, dtype = Some(dtype)], &[], ErrorKind::DType);
    }
}

/// Element `i` of an axis of `n` comes out at `i + by(n)`, around the end.
fn shifted(kit: &mut Kit, by: fn(usize) -> usize) {
    for dtype in DTYPES {
        for shape in SHAPES.iter().copied().chain([&[5][..], &[1]]) {
            let x = moderate(dtype, shape, 203);
            for (axes, list) in axes_of(shape.len()) {
                let want = Reference::build(dtype, shape, |to| {
                    let from = |a: usize| match list.contains(&a) {
                        true => (to[a] + shape[a] - by(shape[a])) % shape[a],
                        false => to[a],
                    };
                    x.at(&(0..shape.len()).map(from).collect::<Vec<_>>())
                });
                kit.gives_one(fields![axes = axes], &[(&x).into()], want);
            }
        }
    }
    let x = moderate(DType::Float64, &[3, 4], 1);
    for axes in [array_api::Axes::One(2), array_api::Axes::from([0, -2])] {
        kit.refuses(fields![axes = axes], &[(&x).into()], ErrorKind::Axis);
    }
}
