//! Reductions and scans, by loops over the elements that each result is made of.

use array_api::{Axes, Complex, DTYPES, DType, ErrorKind, Scalar};

use crate::Check;
use crate::compare::{Close, Want, epsilon};
use crate::inputs::{moderate, telling};
use crate::kit::{Kit, fields};
use crate::reference::{Reference, indices, rounded};

pub(crate) const ROWS: &[(&str, Check)] = &[
    ("sum", |kit| totals(kit, sum)),
    ("prod", |kit| totals(kit, product)),
    ("max", |kit| extremes(kit, |a, b| a > b)),
    ("min", |kit| extremes(kit, |a, b| a < b)),
    ("mean", |kit| floating(kit, true, |_, v| mean(v))),
    ("var", |kit| spread(kit, variance)),
    ("std", |kit| spread(kit, deviation)),
    ("logsumexp", |kit| floating(kit, false, |_, v| logsumexp(v))),
    ("cumulative_sum", |kit| running(kit, Scalar::int(0), sum)),
    ("cumulative_prod", |kit| running(kit, Scalar::int(1), product)),
];

/// A value, and its largest error in epsilons.
pub(crate) type Made = (Option<Scalar>, f64);

/// Extents that the reductions are tried on.
pub(crate) const SHAPES: [&[usize]; 7] = [&[6], &[3, 4], &[2, 3, 4], &[], &[0], &[2, 0, 3], &[5, 67]];

/// Every way to name axes of an array of `n` axes that is worth a call, with the axes it means.
pub(crate) fn axes_of(n: usize) -> Vec<(Axes, Vec<usize>)> {
    let mut all = vec![(Axes::All, (0..n).collect())];
    all.extend((0..n).map(|a| (Axes::One(a as isize), vec![a])));
    if n > 0 {
        all.push((Axes::One(-1), vec![n - 1]));
        all.push((Axes::Many(Box::new([])), vec![]));
    }
    if n > 1 {
        all.push((Axes::from([-1, 0]), vec![0, n - 1]));
    }
    all
}

/// Reduces: `f` makes each result of the elements over `axes`, in row-major order.
pub(crate) fn reduced(
    x: &Reference,
    axes: &[usize],
    keepdims: bool,
    out: DType,
    f: impl Fn(&[Scalar]) -> Made,
) -> Want {
    let kept: Vec<usize> = (0..x.dims.len()).map(|a| if axes.contains(&a) { 1 } else { x.dims[a] }).collect();
    let over: Vec<usize> = (0..x.dims.len()).map(|a| if axes.contains(&a) { x.dims[a] } else { 1 }).collect();
    let (mut data, mut errors) = (vec![], vec![]);
    for place in indices(&kept) {
        let terms: Vec<Scalar> =
            indices(&over).map(|i| x.at(&i.iter().zip(&place).map(|(a, b)| a + b).collect::<Vec<_>>())).collect();
        let (value, error) = f(&terms);
        data.push(value.and_then(|v| rounded(out, v)));
        errors.push(error * epsilon(out));
    }
    let dims = (0..x.dims.len()).filter(|a| keepdims || !axes.contains(a)).map(|a| kept[a]).collect();
    Want { dims, dtype: out, data, close: Close::Within(errors) }
}

fn size(s: &Scalar) -> f64 {
    s.to_complex().norm()
}

fn is_complex(v: &[Scalar]) -> bool {
    v.iter().any(|s| matches!(s, Scalar::Complex(_)))
}

fn exact(v: &[Scalar]) -> bool {
    v.iter().all(|s| matches!(s, Scalar::Int(_) | Scalar::Bool(_)))
}

pub(crate) fn sum(v: &[Scalar]) -> Made {
    let bound = v.len() as f64 * v.iter().map(size).sum::<f64>();
    if exact(v) {
        return (v.iter().try_fold(0i128, |a, s| a.checked_add(s.to_i128())).map(Scalar::int), 0.0);
    }
    let total = v.iter().fold(Complex::new(0.0, 0.0), |a, s| a + s.to_complex());
    (Some(if is_complex(v) { Scalar::Complex(total) } else { Scalar::Float(total.re) }), bound)
}

fn product(v: &[Scalar]) -> Made {
    if exact(v) {
        return (v.iter().try_fold(1i128, |a, s| a.checked_mul(s.to_i128())).map(Scalar::int), 0.0);
    }
    if !is_complex(v) {
        let p: f64 = v.iter().map(|s| s.to_f64()).product();
        return (Some(Scalar::Float(p)).filter(|_| (1e-30..1e30).contains(&p.abs())), 2.0 * v.len() as f64 * p.abs());
    }
    let p = v.iter().fold(Complex::new(1.0, 0.0), |a, s| a * s.to_complex());
    // Beyond the range of the smaller type the order of the factors shows.
    (Some(Scalar::Complex(p)).filter(|_| (1e-30..1e30).contains(&p.norm())), 4.0 * v.len() as f64 * p.norm())
}

pub(crate) fn mean(v: &[Scalar]) -> Made {
    let (total, bound) = sum(v);
    let n = v.len() as f64;
    match total {
        // An empty sum is an exact zero of no type.
        _ if v.is_empty() => (Some(Scalar::Float(f64::NAN)), 0.0),
        Some(Scalar::Complex(c)) => (Some(Scalar::Complex(c / n)), (bound + 2.0 * c.norm()) / n),
        Some(s) => (Some(Scalar::Float(s.to_f64() / n)), (bound + 2.0 * s.to_f64().abs()) / n),
        None => (None, 0.0),
    }
}

pub(crate) fn variance(v: &[Scalar], correction: f64) -> Made {
    let n = v.len() as f64;
    if n <= correction {
        return (None, 0.0);
    }
    let center = v.iter().map(|s| s.to_f64()).sum::<f64>() / n;
    let squares: f64 = v.iter().map(|s| (s.to_f64() - center).powi(2)).sum();
    let scale = v.iter().map(|s| s.to_f64().powi(2)).sum::<f64>();
    (Some(Scalar::Float(squares / (n - correction))), 4.0 * (n + 4.0) * (scale + squares) / (n - correction))
}

pub(crate) fn deviation(v: &[Scalar], correction: f64) -> Made {
    match variance(v, correction) {
        (Some(s), error) if s.to_f64() > 0.0 => {
            (Some(Scalar::Float(s.to_f64().sqrt())), error / s.to_f64().sqrt() + 1.0)
        }
        // The square root of a rounding error.
        (Some(_), error) => (Some(Scalar::Float(0.0)), error.sqrt() * 1e8),
        none => none,
    }
}

fn logsumexp(v: &[Scalar]) -> Made {
    let top = v.iter().map(|s| s.to_f64()).fold(f64::NEG_INFINITY, f64::max);
    if v.is_empty() {
        return (None, 0.0);
    }
    let total: f64 = v.iter().map(|s| (s.to_f64() - top).exp()).sum();
    (Some(Scalar::Float(top + total.ln())), (v.len() as f64 + 8.0) * (1.0 + top.abs()))
}

/// The type that integers are summed in.
pub(crate) fn accumulator(dtype: DType) -> DType {
    match array_api::iinfo(dtype) {
        Ok(l) if l.min == 0 => DType::UInt64,
        Ok(_) => DType::Int64,
        Err(_) => dtype,
    }
}

fn totals(kit: &mut Kit, f: fn(&[Scalar]) -> Made) {
    for dtype in DTYPES.into_iter().filter(|d| d.is_numeric()) {
        let out = accumulator(dtype);
        for shape in SHAPES {
            let x = moderate(dtype, shape, 51);
            for (axes, list) in axes_of(shape.len()) {
                for keepdims in [false, true] {
                    let want = reduced(&x, &list, keepdims, out, f);
                    kit.gives_one(fields![axis = axes, keepdims = keepdims], &[(&x).into()], want);
                }
            }
        }
        if kit.enough() {
            return;
        }
    }
    for (from, to) in [(DType::Int8, DType::Float64), (DType::Float32, DType::Float64), (DType::UInt8, DType::Int16)] {
        let x = moderate(from, &[3, 4], 52);
        let want = reduced(&x.cast(to), &[0], false, to, f);
        kit.gives_one(fields![axis = Axes::One(0), dtype = Some(to)], &[x.into()], want);
    }
    let x = moderate(DType::Complex128, &[3], 53);
    kit.refuses(fields![dtype = Some(DType::Float64)], &[x.into()], ErrorKind::DType);
    wrong_axes(kit);
}

/// Axes that do not exist, or are given twice.
pub(crate) fn wrong_axes(kit: &mut Kit) {
    let x = moderate(DType::Float64, &[3, 4], 54);
    for axes in [Axes::One(2), Axes::One(-3), Axes::from([0, 0]), Axes::from([0, -2])] {
        kit.refuses(fields![axis = axes], &[(&x).into()], ErrorKind::Axis);
    }
}

fn extremes(kit: &mut Kit, better: fn(f64, f64) -> bool) {
    for dtype in DTYPES {
        if dtype == DType::Bool || dtype.is_complex() {
            kit.refuses(&[], &[moderate(dtype, &[2], 1).into()], ErrorKind::DType);
            continue;
        }
        let pick = |v: &[Scalar]| -> Made {
            let compare = |a: Scalar, b: Scalar| match dtype.is_integer() {
                // Integers beyond 2^53 are not told apart as reals.
                true => better((a.to_i128() - b.to_i128()).signum() as f64, 0.0),
                false => better(a.to_f64(), b.to_f64()),
            };
            let nan = v.iter().find(|s| s.to_f64().is_nan());
            let best = v.iter().copied().reduce(|a, b| if compare(b, a) { b } else { a });
            (nan.copied().or(best), 0.0)
        };
        let special = telling(dtype, 55);
        let n = special.data.len() / 4 * 4;
        let block = Reference::new(dtype, &[4, n / 4], special.data[..n].to_vec());
        let plain = SHAPES.iter().filter(|s| !s.contains(&0)).map(|s| moderate(dtype, s, 56));
        for x in plain.chain([block]) {
            for (axes, list) in axes_of(x.dims.len()) {
                for keepdims in [false, true] {
                    let want = reduced(&x, &list, keepdims, dtype, pick);
                    kit.gives_one(fields![axis = axes, keepdims = keepdims], &[(&x).into()], want);
                }
            }
        }
    }
    let empty = moderate(DType::Float64, &[2, 0], 57);
    kit.refuses(&[], &[(&empty).into()], ErrorKind::Value);
    kit.refuses(fields![axis = Axes::One(1)], &[(&empty).into()], ErrorKind::Value);
    kit.gives_one(fields![axis = Axes::One(0)], &[empty.into()], moderate(DType::Float64, &[0], 0));
    wrong_axes(kit);
}

fn floating(kit: &mut Kit, complex: bool, f: fn(DType, &[Scalar]) -> Made) {
    for dtype in DTYPES {
        if !dtype.is_floating() || (dtype.is_complex() && !complex) {
            kit.refuses(&[], &[moderate(dtype, &[2], 1).into()], ErrorKind::DType);
            continue;
        }
        for shape in SHAPES {
            let x = moderate(dtype, shape, 58);
            for (axes, list) in axes_of(shape.len()) {
                for keepdims in [false, true] {
                    let want = reduced(&x, &list, keepdims, dtype, |v| f(dtype, v));
                    // Over no elements a backend may have no answer where the standard has none.
                    if !(want.data.iter().all(Option::is_none) && x.data.is_empty()) || want.data.is_empty() {
                        kit.gives_one(fields![axis = axes, keepdims = keepdims], &[(&x).into()], want);
                    }
                }
            }
        }
    }
    wrong_axes(kit);
}

fn spread(kit: &mut Kit, f: fn(&[Scalar], f64) -> Made) {
    for dtype in DTYPES {
        if !dtype.is_real_floating() {
            kit.refuses(&[], &[moderate(dtype, &[2], 1).into()], ErrorKind::DType);
            continue;
        }
        for shape in SHAPES {
            let x = moderate(dtype, shape, 59);
            for (axes, list) in axes_of(shape.len()) {
                for (keepdims, correction) in [(false, 0.0), (true, 0.0), (false, 1.0), (true, 0.5)] {
                    let want = reduced(&x, &list, keepdims, dtype, |v| f(v, correction));
                    let fields = fields![axis = axes, correction = correction, keepdims = keepdims];
                    kit.gives_one(fields, &[(&x).into()], want);
                }
            }
        }
    }
    wrong_axes(kit);
}

fn running(kit: &mut Kit, start: Scalar, f: fn(&[Scalar]) -> Made) {
    for dtype in DTYPES.into_iter().filter(|d| d.is_numeric()) {
        let out = accumulator(dtype);
        for shape in SHAPES.iter().filter(|s| !s.is_empty()) {
            let x = moderate(dtype, shape, 60);
            for axis in (0..shape.len()).map(|a| a as isize).chain([-1]) {
                let a = axis.rem_euclid(shape.len() as isize) as usize;
                for include in [false, true] {
                    let mut dims = shape.to_vec();
                    dims[a] += usize::from(include);
                    let (mut data, mut errors) = (vec![], vec![]);
                    for index in indices(&dims) {
                        let count = index[a] + usize::from(!include);
                        let terms: Vec<Scalar> = (0..count)
                            .map(|i| {
                                let mut at = index.clone();
                                at[a] = i;
                                x.at(&at)
                            })
                            .collect();
                        let (value, error) = if terms.is_empty() { (Some(start), 0.0) } else { f(&terms) };
                        data.push(value.and_then(|v| rounded(out, v)));
                        errors.push(error * epsilon(out));
                    }
                    let want = Want { dims, dtype: out, data, close: Close::Within(errors) };
                    let fields = fields![axis = Some(axis), include_initial = include];
                    kit.gives_one(fields, &[(&x).into()], want);
                }
            }
        }
        if kit.enough() {
            return;
        }
    }
    let x = moderate(DType::Float64, &[2, 2], 61);
    kit.refuses(&[], &[(&x).into()], ErrorKind::Axis);
    kit.refuses(fields![axis = Some(2isize)], &[x.into()], ErrorKind::Axis);
}
