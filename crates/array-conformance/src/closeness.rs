//! Closeness of numbers: `abs(x1 - x2) <= atol + rtol * abs(x2)`, and what is meant where that has no answer.

use array_api::{DTYPES, DType, ErrorKind, Scalar};

use crate::Check;
use crate::compare::{Close, Want, epsilon};
use crate::inputs::{moderate, telling, unit};
use crate::kit::{Given, Kit, fields};
use crate::matrix::C;
use crate::reference::{Reference, broadcast, indices, rounded};

pub(crate) const ROWS: &[(&str, Check)] = &[("isclose", |kit| close(kit, false)), ("allclose", |kit| close(kit, true))];

struct Tolerance {
    rtol: f64,
    atol: f64,
    equal_nan: bool,
}

/// The answer, unless rounding decides it.
fn near(x1: Scalar, x2: Scalar, t: &Tolerance, dtype: DType) -> Option<bool> {
    let (a, b) = (x1.to_complex(), x2.to_complex());
    if a.is_nan() || b.is_nan() {
        return Some(t.equal_nan && a.is_nan() && b.is_nan());
    }
    if a == b {
        return Some(true);
    }
    if b.is_infinite() {
        return Some(false);
    }
    let (distance, room) = ((a - b).norm(), t.atol + t.rtol * b.norm());
    // A tolerance beyond the range of numbers is left open.
    if room > array_api::finfo(dtype.real()).map_or(f64::MAX, |limits| limits.max) {
        return None;
    }
    if a.is_infinite() {
        return Some(false);
    }
    let unsure = 8.0 * epsilon(dtype) * (a.norm() + b.norm() + room);
    ((distance - room).abs() > unsure || (distance > 0.0 && room == 0.0)).then_some(distance <= room)
}

/// What the row must give; of all elements together only if no single one is open.
fn want(x1: &Reference, x2: &Reference, t: &Tolerance, all: bool) -> Want {
    let dims = broadcast(&[&x1.dims, &x2.dims]);
    let each: Vec<Option<bool>> =
        indices(&dims).map(|i| near(x1.broadcast_at(&i), x2.broadcast_at(&i), t, x1.dtype)).collect();
    let together = match each.contains(&Some(false)) {
        true => Some(false),
        false => each.iter().all(Option::is_some).then_some(true),
    };
    let (dims, each) = if all { (vec![], vec![together]) } else { (dims, each) };
    let data = each.into_iter().map(|b| b.map(Scalar::Bool)).collect();
    Want { dims, dtype: DType::Bool, data, close: Close::Exact }
}

/// The same numbers moved by shares of all sizes from `10^-12` to 1.
fn moved(x: &Reference, seed: u64) -> Reference {
    let share = |i: usize| 10f64.powf(-12.0 * unit(seed, i as u64));
    let data = x.data.iter().enumerate().map(|(i, s)| match s {
        Scalar::Complex(z) => Scalar::Complex(z + z * share(i) * C::new(0.6, 0.8)),
        s => Scalar::Float(s.to_f64() * (1.0 + share(i))),
    });
    Reference::new(x.dtype, &x.dims, data.map(|s| rounded(x.dtype, s).unwrap_or(s)).collect())
}

fn pairs(dtype: DType) -> Vec<(Reference, Reference)> {
    let special = telling(dtype, 301);
    let n = special.data.len();
    let x = moderate(dtype, &[6, 20], 302);
    let slightly = |dims: &[usize]| {
        let x = moderate(dtype, dims, 303);
        // Within the usual tolerance, all of it.
        let scale = |s: &Scalar| match s {
            Scalar::Complex(z) => Scalar::Complex(z * (1.0 + 1e-6)),
            s => Scalar::Float(s.to_f64() * (1.0 + 1e-6)),
        };
        let data = x.data.iter().map(|s| rounded(dtype, scale(s)).unwrap_or(*s)).collect();
        (Reference::new(dtype, dims, data), x)
    };
    vec![
        (moved(&x, 304), x.clone()),
        (x.clone(), x),
        (special.reshaped(&[n, 1]), special.reshaped(&[n])),
        (special.clone(), special),
        slightly(&[3, 4]),
        slightly(&[]),
        (moderate(dtype, &[2, 1, 3], 305), moderate(dtype, &[4, 1], 306)),
        (moderate(dtype, &[0, 3], 307), moderate(dtype, &[1], 308)),
    ]
}

fn close(kit: &mut Kit, all: bool) {
    for dtype in DTYPES {
        if !dtype.is_floating() {
            let x = moderate(dtype, &[2], 1);
            kit.refuses(&[], &[(&x).into(), x.into()], ErrorKind::DType);
            continue;
        }
        let mut pairs = pairs(dtype);
        // Real ones have the whole list of special values; infinite complex ones are beside the axes.
        if dtype.is_complex() {
            let (inf, nan) = (f64::INFINITY, f64::NAN);
            let parts = [(inf, 0.0), (-inf, 1.0), (0.0, inf), (nan, 0.0), (1.0, 2.0), (1.0, nan)];
            let odd = Reference::new(dtype, &[6], parts.map(|(re, im)| Scalar::Complex(C::new(re, im))).to_vec());
            pairs.push((odd.reshaped(&[6, 1]), odd));
        }
        for (x1, x2) in pairs {
            for (rtol, atol) in [(1e-5, 1e-8), (0.0, 0.0), (1e-3, 0.0), (0.0, 0.5), (2.0, 1.0)] {
                for equal_nan in [false, true] {
                    let t = Tolerance { rtol, atol, equal_nan };
                    let fields = fields![rtol = rtol, atol = atol, equal_nan = equal_nan];
                    kit.gives_one(fields, &[(&x1).into(), (&x2).into()], want(&x1, &x2, &t, all));
                }
            }
        }
        let (x, number) = (moderate(dtype, &[2, 3], 309), Reference::new(dtype, &[], vec![Scalar::Float(1.0)]));
        let number = number.cast(dtype);
        let t = Tolerance { rtol: 1e-5, atol: 1e-8, equal_nan: false };
        let plain = Given::Scalar(Scalar::Float(1.0));
        kit.gives_one(&[], &[(&x).into(), plain.clone()], want(&x, &number, &t, all));
        kit.gives_one(&[], &[plain, (&x).into()], want(&number, &x, &t, all));
    }
    let (x, y) = (moderate(DType::Float32, &[3], 1), moderate(DType::Float64, &[3], 1));
    let t = Tolerance { rtol: 1e-5, atol: 1e-8, equal_nan: false };
    kit.gives_one(&[], &[(&x).into(), (&y).into()], want(&x.cast(DType::Float64), &y, &t, all));
    kit.refuses(&[], &[x.into(), moderate(DType::Float32, &[2], 1).into()], ErrorKind::Shape);
    kit.refuses(&[], &[y.into(), moderate(DType::Int64, &[3], 1).into()], ErrorKind::DType);
}
