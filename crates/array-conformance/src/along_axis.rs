//! Reading, setting and adding by positions along an axis: a loop over the index of every result.

use array_api::{DTYPES, DType, ErrorKind, Scalar};

use crate::Check;
use crate::compare::{Close, Want, epsilon};
use crate::inputs::moderate;
use crate::kit::{Kit, fields};
use crate::reference::{Reference, broadcast, indices, rounded};

pub(crate) const ROWS: &[(&str, Check)] = &[
    ("take", take),
    ("take_along_axis", take_along_axis),
    ("index_add", index_add),
    ("scatter_add", scatter_add),
    ("put", put),
];

/// Positions of an axis of `n` elements, from both ends and some twice.
pub(crate) fn positions(dims: &[usize], n: usize, seed: u64) -> Reference {
    let n = n as i128;
    let data = moderate(DType::Int64, dims, seed)
        .data
        .iter()
        .map(|s| Scalar::int(s.to_i128().rem_euclid(2 * n) - n))
        .collect();
    Reference::new(DType::Int64, dims, data)
}

pub(crate) fn place(s: Scalar, n: usize) -> usize {
    s.to_i128().rem_euclid(n as i128) as usize
}

/// For every element of `take(x, at, axis)` its index there, and the one in `x`.
fn taken(x: &Reference, at: &Reference, axis: usize) -> (Vec<usize>, Vec<Vec<usize>>) {
    let (before, after) = (&x.dims[..axis], &x.dims[axis + 1..]);
    let shape = [before, &at.dims, after].concat();
    let places = indices(&shape)
        .map(|i| {
            let (head, tail) = i.split_at(axis);
            let (middle, tail) = tail.split_at(at.dims.len());
            [head, &[place(at.at(middle), x.dims[axis])], tail].concat()
        })
        .collect();
    (shape, places)
}

const TAKES: [(&[usize], &[usize], usize); 6] = [
    (&[5], &[7], 0),
    (&[3, 4], &[2], 1),
    (&[3, 4], &[2, 3], 0),
    (&[2, 3, 4], &[5], 1),
    (&[3, 4], &[], 0),
    (&[3], &[0], 0),
];

fn take(kit: &mut Kit) {
    for dtype in DTYPES {
        for (dims, shape, axis) in TAKES {
            let (x, at) = (moderate(dtype, dims, 136), positions(shape, dims[axis], 137));
            let (shape, places) = taken(&x, &at, axis);
            let want = Reference::new(dtype, &shape, places.iter().map(|p| x.at(p)).collect());
            for axis in [axis as isize, axis as isize - dims.len() as isize] {
                kit.gives_one(fields![axis = axis], &[(&x).into(), (&at).into()], want.clone());
            }
        }
    }
    let x = moderate(DType::Float64, &[3], 1);
    for bad in [3, -4] {
        kit.refuses(&[], &[(&x).into(), Reference::ints(&[1], &[bad]).into()], ErrorKind::Index);
    }
    kit.refuses(&[], &[(&x).into(), (&x).into()], ErrorKind::DType);
    kit.refuses(fields![axis = 1isize], &[x.into(), Reference::ints(&[1], &[0]).into()], ErrorKind::Axis);
}

/// For every element of `take_along_axis(x, at, axis)` the index in `x`.
fn along(x: &Reference, at: &Reference, axis: usize) -> (Vec<usize>, Vec<Vec<usize>>) {
    let one =
        |r: &Reference| -> Vec<usize> { (0..r.dims.len()).map(|a| if a == axis { 1 } else { r.dims[a] }).collect() };
    let mut shape = broadcast(&[&one(x), &one(at)]);
    shape[axis] = at.dims[axis];
    let places = indices(&shape)
        .map(|i| {
            let mut p: Vec<usize> = i.iter().zip(&x.dims).map(|(&i, &d)| if d == 1 { 0 } else { i }).collect();
            p[axis] = place(at.broadcast_at(&i), x.dims[axis]);
            p
        })
        .collect();
    (shape, places)
}

fn take_along_axis(kit: &mut Kit) {
    for dtype in DTYPES {
        for (dims, shape, axis) in [
            (&[3, 4][..], &[3, 2][..], 1),
            (&[3, 4], &[5, 4], 0),
            (&[3, 4], &[3, 0], 1),
            (&[1, 4], &[3, 2], 1),
            (&[3, 4], &[1, 2], 1),
        ] {
            let (x, at) = (moderate(dtype, dims, 138), positions(shape, dims[axis], 139));
            let (shape, places) = along(&x, &at, axis);
            let want = Reference::new(dtype, &shape, places.iter().map(|p| x.at(p)).collect());
            kit.gives_one(fields![axis = axis as isize], &[x.into(), at.into()], want);
        }
    }
    let x = moderate(DType::Float64, &[2, 3], 1);
    kit.refuses(&[], &[(&x).into(), Reference::ints(&[1], &[0]).into()], ErrorKind::Shape);
    kit.refuses(&[], &[(&x).into(), Reference::ints(&[2, 1], &[0, 3]).into()], ErrorKind::Index);
    kit.refuses(&[], &[(&x).into(), (&x).into()], ErrorKind::DType);
}

/// `x` with `values` added at the places.
fn added(x: &Reference, places: &[Vec<usize>], values: &Reference) -> Want {
    let mut data: Vec<Option<Scalar>> = x.data.iter().copied().map(Some).collect();
    let mut sizes: Vec<f64> = x.data.iter().map(|s| s.to_complex().norm()).collect();
    for (p, &v) in places.iter().zip(&values.data) {
        let at = x.offset(p);
        sizes[at] += v.to_complex().norm();
        data[at] = data[at].map(|old| match (old, v) {
            (Scalar::Int(a), b) => Scalar::int(i128::from(a) + b.to_i128()),
            (Scalar::Complex(a), b) => Scalar::Complex(a + b.to_complex()),
            (a, b) => Scalar::Float(a.to_f64() + b.to_f64()),
        });
    }
    let n = places.len() as f64 + 1.0;
    let close = Close::Within(sizes.iter().map(|s| n * epsilon(x.dtype) * s).collect());
    let data = data.into_iter().map(|v| v.and_then(|v| rounded(x.dtype, v))).collect();
    Want { dims: x.dims.clone(), dtype: x.dtype, data, close }
}

fn index_add(kit: &mut Kit) {
    for dtype in DTYPES.into_iter().filter(|d| d.is_numeric()) {
        for (dims, shape, axis) in TAKES {
            let (x, at) = (moderate(dtype, dims, 140), positions(shape, dims[axis], 141));
            let (shape, places) = taken(&x, &at, axis);
            let values = moderate(dtype, &shape, 142);
            let want = added(&x, &places, &values);
            kit.gives_one(fields![axis = axis as isize], &[x.into(), at.into(), values.into()], want);
        }
    }
    let (x, at) = (moderate(DType::Float64, &[3], 1), Reference::ints(&[2], &[0, 1]));
    kit.refuses(&[], &[(&x).into(), (&at).into(), (&x).into()], ErrorKind::Shape);
    kit.refuses(&[], &[x.into(), at.clone().into(), at.into()], ErrorKind::DType);
}

fn scatter_add(kit: &mut Kit) {
    for dtype in DTYPES.into_iter().filter(|d| d.is_numeric()) {
        for (dims, shape, axis) in [(&[3, 4][..], &[3, 6][..], 1), (&[3, 4], &[5, 4], 0), (&[3, 4], &[3, 0], 1)] {
            let (x, at) = (moderate(dtype, dims, 143), positions(shape, dims[axis], 144));
            let (shape, places) = along(&x, &at, axis);
            let values = moderate(dtype, &shape, 145);
            let want = added(&x, &places, &values);
            kit.gives_one(fields![axis = axis as isize], &[x.into(), at.into(), values.into()], want);
        }
    }
    let (x, at) = (moderate(DType::Float64, &[1, 2], 1), Reference::ints(&[3, 1], &[0, 0, 1]));
    kit.refuses(&[], &[x.into(), at.into(), moderate(DType::Float64, &[3, 1], 1).into()], ErrorKind::Shape);
}

/// `x` with `values` at the places, later ones over earlier ones.
pub(crate) fn replaced(x: &Reference, places: &[Vec<usize>], values: impl Iterator<Item = Scalar>) -> Reference {
    let mut out = x.clone();
    for (p, v) in places.iter().zip(values) {
        let at = out.offset(p);
        out.data[at] = v;
    }
    out
}

fn put(kit: &mut Kit) {
    for dtype in DTYPES {
        for (dims, shape, axis) in TAKES {
            let (x, at) = (moderate(dtype, dims, 146), positions(shape, dims[axis], 147));
            let (shape, places) = taken(&x, &at, axis);
            let values = moderate(dtype, &shape, 148);
            let want = replaced(&x, &places, values.data.iter().copied());
            kit.gives_one(fields![axis = axis as isize], &[x.into(), at.into(), values.into()], want);
        }
    }
    let (x, at) = (moderate(DType::Float64, &[3], 1), Reference::ints(&[2], &[0, 3]));
    let values = moderate(DType::Float64, &[2], 1);
    kit.refuses(&[], &[(&x).into(), at.into(), values.into()], ErrorKind::Index);
}
