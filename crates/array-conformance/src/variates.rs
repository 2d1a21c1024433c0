//! Draws that are made of others: gamma variates of several attempts, beta variates of two of these, and random orders
//! and positions, each recomputed from the laws of `array_api::random`.

use array_api::random::{self, Draw, Key};
use array_api::{DTYPES, DType, ErrorKind, Scalar};

use crate::Check;
use crate::compare::{Close, Want, epsilon};
use crate::inputs::moderate;
use crate::kit::{Given, Kit, fields};
use crate::random::{SHAPES, bad_keys, drawn, keys};
use crate::reference::{Reference, rounded};

pub(crate) const ROWS: &[(&str, Check)] =
    &[("gamma", gamma), ("beta", beta), ("permutation", permutation), ("choice", choice)];

/// A variate in its type: an `f64` that is rounded.
fn variate(dtype: DType, alpha: f64, key: Key, i: u64) -> f64 {
    let x = random::Gamma::new(alpha).map_or(f64::NAN, |law| law.element(key, i));
    rounded(dtype, Scalar::Float(x)).map_or(x, |s| s.to_f64())
}

fn not_real(kit: &mut Kit) {
    for dtype in DTYPES.into_iter().filter(|d| !d.is_real_floating()) {
        kit.refuses(fields![dtype = dtype], &[keys(&[]).0.into()], ErrorKind::DType);
    }
}

fn gamma(kit: &mut Kit) {
    for dtype in [DType::Float32, DType::Float64] {
        // Below one, where variates are raised and powers taken; one; above.
        for alpha in [0.3, 1.0, 2.5, 1000.0] {
            drawn(kit, dtype, fields![alpha = alpha], Close::Exact, |k, i| variate(dtype, alpha, k, i).into());
        }
        drawn(kit, dtype, fields![alpha = 2.0, scale = 0.3], Close::AnyZero(4.0), |k, i| {
            (0.3 * random::Gamma::new(2.0).map_or(f64::NAN, |law| law.element(k, i))).into()
        });
        drawn(kit, dtype, fields![scale = 0.0], Close::AnyZero(0.0), |_, _| 0.0.into());
    }
    let key = keys(&[]).0;
    for alpha in [0.0, -1.0, f64::INFINITY, f64::NAN] {
        kit.refuses(fields![alpha = alpha], &[(&key).into()], ErrorKind::Value);
    }
    for scale in [-1.0, f64::INFINITY, f64::NAN] {
        kit.refuses(fields![scale = scale], &[(&key).into()], ErrorKind::Value);
    }
    not_real(kit);
}

fn beta(kit: &mut Kit) {
    for dtype in [DType::Float32, DType::Float64] {
        for (a, b) in [(1.0, 1.0), (0.5, 2.0), (30.0, 4.0)] {
            drawn(kit, dtype, fields![a = a, b = b], Close::AnyZero(4.0), |k, i| {
                let (x, y) = (variate(dtype, a, k.child(0), i), variate(dtype, b, k.child(1), i));
                (x / (x + y)).into()
            });
        }
    }
    let key = keys(&[]).0;
    for wrong in [0.0, -2.0, f64::INFINITY, f64::NAN] {
        kit.refuses(fields![a = wrong], &[(&key).into()], ErrorKind::Value);
        kit.refuses(fields![b = wrong], &[(&key).into()], ErrorKind::Value);
    }
    not_real(kit);
}

/// The order that sorts values; equal ones stay as they are.
fn order<T: PartialOrd>(values: &[T]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].partial_cmp(&values[b]).unwrap_or(std::cmp::Ordering::Equal));
    order
}

fn positions(all: impl IntoIterator<Item = usize>) -> Vec<i64> {
    all.into_iter().map(|i| i as i64).collect()
}

/// The order that sorts random words.
fn permutation(kit: &mut Kit) {
    for batch in [&[][..], &[3], &[2, 2], &[0]] {
        for n in [0usize, 1, 2, 9, 1000] {
            let (given, all) = keys(batch);
            let words = |k: &Key| (0..n as u64).map(|i| random::Bits.element(*k, i)).collect::<Vec<u64>>();
            let orders = positions(all.iter().flat_map(|k| order(&words(k))));
            kit.gives_one(fields![n = n], &[given.into()], Reference::ints(&[batch, &[n]].concat(), &orders));
        }
    }
    bad_keys(kit, fields![n = 3usize]);
}

fn choice(kit: &mut Kit) {
    with_replacement(kit);
    without_replacement(kit);
    let key = keys(&[]).0;
    let shape = |n: usize| vec![n];
    kit.refuses(fields![n = 0usize, shape = shape(1)], &[(&key).into(), Given::Absent], ErrorKind::Value);
    let many = fields![n = 3usize, shape = shape(4), replace = false];
    kit.refuses(many, &[(&key).into(), Given::Absent], ErrorKind::Value);
    for dims in [&[2][..], &[3, 1], &[]] {
        let weights = moderate(DType::Float64, dims, 1);
        kit.refuses(fields![n = 3usize], &[(&key).into(), weights.into()], ErrorKind::Shape);
    }
    for dtype in DTYPES.into_iter().filter(|d| !d.is_real_floating()) {
        let weights = moderate(dtype, &[3], 1);
        kit.refuses(fields![n = 3usize], &[(&key).into(), weights.into()], ErrorKind::DType);
    }
    let wrong = moderate(DType::UInt32, &[3], 1);
    kit.refuses(fields![n = 3usize], &[wrong.into(), Given::Absent], ErrorKind::Value);
}

/// Weights that differ much, two of them zero.
fn weights(dtype: DType) -> Reference {
    Reference::reals(&[6], &[0.0, 2.5, 0.125, 0.0, 7.0, 1.0]).cast(dtype)
}

fn uniform(dtype: DType, key: Key, i: u64) -> f64 {
    match dtype {
        DType::Float32 => {
            let x: f32 = random::Uniform.element(key, i);
            x.into()
        }
        _ => random::Uniform.element(key, i),
    }
}

fn exponential(dtype: DType, key: Key, i: u64) -> f64 {
    match dtype {
        DType::Float32 => {
            let x: f32 = random::Exponential.element(key, i);
            x.into()
        }
        _ => random::Exponential.element(key, i),
    }
}

/// Bounded integers; with weights, the position whose share of the total a uniform number falls into.
fn with_replacement(kit: &mut Kit) {
    for batch in [&[][..], &[2], &[0]] {
        for shape in SHAPES {
            let (given, all) = keys(batch);
            let dims = [batch, shape].concat();
            let count = shape.iter().product::<usize>() as u64;
            let draws = || all.iter().flat_map(|&k| (0..count).map(move |i| (k, i)));
            if let Ok(law) = random::Integers::new(0, 11) {
                let data: Vec<i64> = draws().map(|(k, i)| law.element(k, i)).collect();
                let fields = fields![n = 11usize, shape = shape.to_vec()];
                kit.gives_one(fields, &[(&given).into(), Given::Absent], Reference::ints(&dims, &data));
            }
            for dtype in [DType::Float32, DType::Float64] {
                let weights = weights(dtype);
                let total: f64 = weights.data.iter().map(|s| s.to_f64()).sum();
                let place = |(k, i): (Key, u64)| -> Option<Scalar> {
                    let target = uniform(dtype, k, i) * total;
                    let mut end = 0.0;
                    let ends = weights.data.iter().map(|w| {
                        end += w.to_f64();
                        end
                    });
                    let ends: Vec<f64> = ends.collect();
                    // Rounding may move a number over an end that it is so close to.
                    let unsure = ends.iter().any(|e| *e > 0.0 && (e - target).abs() <= 8.0 * epsilon(dtype) * total);
                    let found = ends.iter().filter(|e| **e <= target).count();
                    (!unsure).then(|| Scalar::int(found as i128))
                };
                let data = draws().map(place).collect();
                let want = Want { dims: dims.clone(), dtype: DType::Int64, data, close: Close::Exact };
                kit.gives_one(fields![n = 6usize, shape = shape.to_vec()], &[(&given).into(), weights.into()], want);
            }
        }
    }
}

/// The first to arrive, where waiting times are exponential with the weights as rates.
fn without_replacement(kit: &mut Kit) {
    for batch in [&[][..], &[3], &[0]] {
        for shape in [&[][..], &[4], &[2, 2], &[0]] {
            let (given, all) = keys(batch);
            let dims = [batch, shape].concat();
            let count = shape.iter().product::<usize>();
            let chosen = |dtype: DType, rates: &[f64]| {
                let time = |k: Key, i: usize| exponential(dtype, k, i as u64) / rates[i];
                let first = |k: &Key| order(&(0..rates.len()).map(|i| time(*k, i)).collect::<Vec<_>>());
                positions(all.iter().flat_map(|k| first(k).into_iter().take(count)))
            };
            let fields = fields![n = 6usize, shape = shape.to_vec(), replace = false];
            let want = Reference::ints(&dims, &chosen(DType::Float64, &[1.0; 6]));
            kit.gives_one(fields, &[(&given).into(), Given::Absent], want);
            for dtype in [DType::Float32, DType::Float64] {
                let weights = weights(dtype);
                let rates: Vec<f64> = weights.data.iter().map(|s| s.to_f64()).collect();
                let want = Reference::ints(&dims, &chosen(dtype, &rates));
                kit.gives_one(fields, &[(&given).into(), weights.into()], want);
            }
        }
    }
}
