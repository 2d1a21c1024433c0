//! Quantiles from sorted elements, and reductions over those elements that are numbers.

use array_api::{DTYPES, DType, ErrorKind, Scalar};

use crate::Check;
use crate::inputs::moderate;
use crate::kit::{Kit, fields};
use crate::reference::Reference;
use crate::statistical::{Made, SHAPES, axes_of, deviation, mean, reduced, sum, variance, wrong_axes};

pub(crate) const ROWS: &[(&str, Check)] = &[
    ("median", median),
    ("quantile", quantile),
    ("nansum", |kit| skipping(kit, false, sum)),
    ("nanmean", |kit| skipping(kit, false, mean)),
    ("nanmax", |kit| skipping(kit, true, |v| extreme(v, f64::max))),
    ("nanmin", |kit| skipping(kit, true, |v| extreme(v, f64::min))),
    ("nanvar", |kit| spread(kit, variance)),
    ("nanstd", |kit| spread(kit, deviation)),
];

/// Types that are not real floats are refused; the others are to be tried.
fn real_floating(kit: &mut Kit) -> impl Iterator<Item = DType> + use<> {
    for dtype in DTYPES.into_iter().filter(|d| !d.is_real_floating()) {
        kit.refuses(&[], &[moderate(dtype, &[2], 1).into()], ErrorKind::DType);
    }
    DTYPES.into_iter().filter(|d| d.is_real_floating())
}

/// Of no elements there is no such number; of no lanes there are none.
fn needs_elements(kit: &mut Kit) {
    let empty = moderate(DType::Float64, &[2, 0], 1);
    kit.refuses(&[], &[(&empty).into()], ErrorKind::Value);
    kit.refuses(fields![axis = array_api::Axes::One(1)], &[(&empty).into()], ErrorKind::Value);
    let axis = fields![axis = array_api::Axes::One(0)];
    kit.gives_one(axis, &[empty.into()], moderate(DType::Float64, &[0], 1));
}

/// The value below which a share `q` lies: linear between neighbours in sorted order.
fn at_share(v: &[Scalar], q: f64) -> Made {
    let mut sorted: Vec<f64> = v.iter().map(|s| s.to_f64()).collect();
    if sorted.iter().any(|x| x.is_nan()) {
        return (Some(Scalar::Float(f64::NAN)), 0.0);
    }
    sorted.sort_by(f64::total_cmp);
    let place = q * (sorted.len() - 1) as f64;
    let (low, weight) = (place.floor() as usize, place.fract());
    let (a, b) = (sorted[low], sorted[(low + 1).min(sorted.len() - 1)]);
    if weight == 0.0 || a == b {
        return (Some(Scalar::Float(a)), 0.0);
    }
    let value = a * (1.0 - weight) + b * weight;
    // The share's own rounding moves the place between the neighbours.
    let size = (a.abs() + b.abs()) * (2.0 + sorted.len() as f64);
    (Some(Scalar::Float(value)), if size.is_finite() { size } else { 0.0 })
}

/// Plain numbers, and some with infinities and what is no number among them.
fn samples(dtype: DType) -> Vec<Reference> {
    let plain = SHAPES.iter().filter(|s| !s.contains(&0)).map(|s| moderate(dtype, s, 271));
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let rows = [[1.0, inf, 2.0, 3.0], [-inf, 0.5, 0.25, -inf], [1.0, nan, 2.0, inf], [nan, nan, nan, nan]];
    plain.chain([Reference::reals(&[4, 4], rows.as_flattened()).cast(dtype)]).collect()
}

fn median(kit: &mut Kit) {
    for dtype in real_floating(kit) {
        for x in samples(dtype) {
            for (axes, list) in axes_of(x.dims.len()) {
                for keepdims in [false, true] {
                    let want = reduced(&x, &list, keepdims, dtype, |v| at_share(v, 0.5));
                    kit.gives_one(fields![axis = axes, keepdims = keepdims], &[(&x).into()], want);
                }
            }
        }
    }
    needs_elements(kit);
    wrong_axes(kit);
}

fn quantile(kit: &mut Kit) {
    for dtype in real_floating(kit) {
        for x in samples(dtype) {
            for (axes, list) in axes_of(x.dims.len()) {
                for (q, keepdims) in
                    [(0.0, false), (1.0, true), (0.25, false), (0.9, true), (0.5, false), (0.37, false)]
                {
                    let want = reduced(&x, &list, keepdims, dtype, |v| at_share(v, q));
                    kit.gives_one(fields![q = q, axis = axes, keepdims = keepdims], &[(&x).into()], want);
                }
            }
        }
    }
    for q in [-0.1, 1.1, f64::NAN] {
        kit.refuses(fields![q = q], &[moderate(DType::Float64, &[2], 1).into()], ErrorKind::Value);
    }
    needs_elements(kit);
    wrong_axes(kit);
}

/// Every third element missing, one row all of them, infinities.
fn gaps(dtype: DType) -> Vec<Reference> {
    let with_gaps = SHAPES.iter().map(|dims| {
        let mut x = moderate(dtype, dims, 272);
        x.data.iter_mut().skip(1).step_by(3).for_each(|s| *s = Scalar::Float(f64::NAN));
        x
    });
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let rows = [[nan, nan, nan], [1.0, nan, inf], [-inf, nan, 2.0], [0.5, 0.25, 4.0]];
    with_gaps.chain([Reference::reals(&[4, 3], rows.as_flattened()).cast(dtype)]).collect()
}

fn numbers(v: &[Scalar]) -> Vec<Scalar> {
    v.iter().copied().filter(|s| !s.to_f64().is_nan()).collect()
}

fn extreme(v: &[Scalar], better: fn(f64, f64) -> f64) -> Made {
    let best = v.iter().map(|s| s.to_f64()).reduce(better).unwrap_or(f64::NAN);
    (Some(Scalar::Float(best)), 0.0)
}

/// Infinite bounds say nothing: a sum with infinities must be exactly theirs.
fn exact_if_infinite((value, error): Made) -> Made {
    // No terms are an integer zero to the sum.
    (value.map(|v| Scalar::Float(v.to_f64())), if error.is_finite() { error } else { 0.0 })
}

fn skipping(kit: &mut Kit, needs: bool, f: fn(&[Scalar]) -> Made) {
    for dtype in real_floating(kit) {
        for x in gaps(dtype) {
            if needs && x.data.is_empty() {
                continue;
            }
            for (axes, list) in axes_of(x.dims.len()) {
                for keepdims in [false, true] {
                    let want = reduced(&x, &list, keepdims, dtype, |v| exact_if_infinite(f(&numbers(v))));
                    kit.gives_one(fields![axis = axes, keepdims = keepdims], &[(&x).into()], want);
                }
            }
        }
    }
    if needs {
        needs_elements(kit);
    }
    wrong_axes(kit);
}

fn spread(kit: &mut Kit, f: fn(&[Scalar], f64) -> Made) {
    for dtype in real_floating(kit) {
        for x in gaps(dtype) {
            for (axes, list) in axes_of(x.dims.len()) {
                for (keepdims, correction) in [(false, 0.0), (true, 0.0), (false, 1.0), (true, 0.5)] {
                    // Deviations from an infinite mean are no numbers.
                    let of = |v: &[Scalar]| match v.iter().any(|s| s.to_f64().is_infinite()) {
                        true => (Some(Scalar::Float(f64::NAN)), 0.0),
                        false => f(&numbers(v), correction),
                    };
                    let want = reduced(&x, &list, keepdims, dtype, of);
                    let fields = fields![axis = axes, correction = correction, keepdims = keepdims];
                    kit.gives_one(fields, &[(&x).into()], want);
                }
            }
        }
    }
    wrong_axes(kit);
}
