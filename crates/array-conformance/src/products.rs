//! Products without sums or with few of them, and diagonals: `outer`, `kron`, `cross`, `diagonal`, `trace`.

use array_api::{DTYPES, DType, ErrorKind, Scalar};

use crate::Check;
use crate::compare::{Close, Want, epsilon};
use crate::inputs::moderate;
use crate::kit::{Kit, fields};
use crate::linear_algebra::{numeric, sums};
use crate::reference::{Reference, broadcast, indices, rounded};
use crate::statistical::{accumulator, sum};

pub(crate) const ROWS: &[(&str, Check)] =
    &[("outer", outer), ("kron", kron), ("cross", cross), ("diagonal", diagonal), ("trace", trace)];

/// Two arrays promote to their common type; truth values are refused.
fn types(kit: &mut Kit, dims: &[usize]) {
    let t = moderate(DType::Bool, dims, 1);
    kit.refuses(&[], &[(&t).into(), (&t).into()], ErrorKind::DType);
    let (int, double) = (moderate(DType::Int64, dims, 1), moderate(DType::Float64, dims, 1));
    kit.refuses(&[], &[int.into(), double.into()], ErrorKind::DType);
}

fn outer(kit: &mut Kit) {
    let product = |x: &Reference, y: &Reference| {
        sums(y.dtype, &[x.data.len(), y.data.len()], |i| vec![(x.data[i[0]], y.data[i[1]])])
    };
    for dtype in numeric() {
        for (m, n) in [(3, 4), (1, 5), (0, 2), (2, 0), (70, 3)] {
            let (x, y) = (moderate(dtype, &[m], 251), moderate(dtype, &[n], 252));
            let want = product(&x, &y);
            kit.gives_one(&[], &[x.into(), y.into()], want);
        }
    }
    let (x, y) = (moderate(DType::Float32, &[2], 1), moderate(DType::Complex128, &[3], 2));
    let want = product(&x.cast(DType::Complex128), &y);
    kit.gives_one(&[], &[(&x).into(), y.into()], want);
    for dims in [&[][..], &[2, 2]] {
        kit.refuses(&[], &[(&x).into(), moderate(DType::Float32, dims, 1).into()], ErrorKind::Shape);
    }
    types(kit, &[2]);
}

fn kron(kit: &mut Kit) {
    let product = |x: &Reference, y: &Reference| {
        let rank = x.dims.len().max(y.dims.len());
        let whole = |r: &Reference| r.reshaped(&[vec![1; rank - r.dims.len()], r.dims.clone()].concat());
        let (x, y) = (whole(x), whole(y));
        let dims: Vec<usize> = x.dims.iter().zip(&y.dims).map(|(m, n)| m * n).collect();
        sums(y.dtype, &dims, |i| {
            let block: Vec<usize> = i.iter().zip(&y.dims).map(|(i, n)| i / n).collect();
            let inside: Vec<usize> = i.iter().zip(&y.dims).map(|(i, n)| i % n).collect();
            vec![(x.at(&block), y.at(&inside))]
        })
    };
    let shapes: [(&[usize], &[usize]); 8] = [
        (&[3], &[2]),
        (&[2, 3], &[3, 2]),
        (&[2, 3], &[4]),
        (&[2], &[3, 2]),
        (&[2, 1, 3], &[2, 2]),
        (&[], &[2, 2]),
        (&[], &[]),
        (&[2, 0], &[3, 3]),
    ];
    for dtype in numeric() {
        for (a, b) in shapes {
            let (x, y) = (moderate(dtype, a, 253), moderate(dtype, b, 254));
            let want = product(&x, &y);
            kit.gives_one(&[], &[x.into(), y.into()], want);
        }
    }
    let (x, y) = (moderate(DType::Int8, &[2, 2], 1), moderate(DType::Int32, &[2, 3], 2));
    let want = product(&x.cast(DType::Int32), &y);
    kit.gives_one(&[], &[x.into(), y.into()], want);
    types(kit, &[2, 2]);
}

fn cross(kit: &mut Kit) {
    let minus = |s: Scalar| match s {
        Scalar::Complex(z) => Scalar::Complex(-z),
        Scalar::Float(x) => Scalar::Float(-x),
        s => Scalar::int(-s.to_i128()),
    };
    for dtype in numeric() {
        for (a, b, axis) in [
            (&[3][..], &[3][..], -1isize),
            (&[4, 3], &[3], -1),
            (&[2, 1, 3], &[5, 3], -1),
            (&[3, 4], &[3, 1], -2),
            (&[0, 3], &[3], -1),
        ] {
            let (x, y) = (moderate(dtype, a, 255), moderate(dtype, b, 256));
            let dims = broadcast(&[a, b]);
            let at = (dims.len() as isize + axis) as usize;
            let want = sums(dtype, &dims, |i| {
                let turned = |by: usize| {
                    let mut i = i.to_vec();
                    i[at] = (i[at] + by) % 3;
                    i
                };
                let (next, after) = (turned(1), turned(2));
                vec![
                    (x.broadcast_at(&next), y.broadcast_at(&after)),
                    (minus(x.broadcast_at(&after)), y.broadcast_at(&next)),
                ]
            });
            kit.gives_one(fields![axis = axis], &[x.into(), y.into()], want);
        }
    }
    let (x, y) = (moderate(DType::Float64, &[2, 3], 1), moderate(DType::Float64, &[2], 1));
    kit.refuses(&[], &[(&x).into(), y.into()], ErrorKind::Shape);
    kit.refuses(fields![axis = -2isize], &[(&x).into(), (&x).into()], ErrorKind::Shape);
    kit.refuses(&[], &[(&x).into(), moderate(DType::Float64, &[3, 3], 1).into()], ErrorKind::Shape);
    for axis in [1isize, -3] {
        kit.refuses(fields![axis = axis], &[(&x).into(), (&x).into()], ErrorKind::Axis);
    }
    types(kit, &[3]);
}

const STACKS: [(&[usize], &[isize]); 6] = [
    (&[3, 3], &[0, 1, -1, 2, -2, 3, -3, 7, -7]),
    (&[2, 5], &[0, 1, 4, 5, -1, -2]),
    (&[5, 2], &[0, 1, 2, -3, -4, -5]),
    (&[2, 3, 4], &[0, 2, -1]),
    (&[0, 3], &[0, 1, -1]),
    (&[2, 3, 0], &[0, -1]),
];

/// The diagonal `offset` above the main one, in a last axis of its own.
fn diagonals(x: &Reference, offset: isize) -> Reference {
    let (batch, last) = x.dims.split_at(x.dims.len() - 2);
    let pairs = || indices(last).filter(|i| i[1] as isize - i[0] as isize == offset);
    let dims = [batch, &[pairs().count()]].concat();
    let data = indices(batch).flat_map(|b| pairs().map(move |p| [&b[..], &p].concat())).map(|i| x.at(&i)).collect();
    Reference::new(x.dtype, &dims, data)
}

fn diagonal(kit: &mut Kit) {
    for dtype in DTYPES {
        for (dims, offsets) in STACKS {
            let x = moderate(dtype, dims, 257);
            for &offset in offsets {
                kit.gives_one(fields![offset = offset], &[(&x).into()], diagonals(&x, offset));
            }
        }
    }
    for dims in [&[3][..], &[]] {
        kit.refuses(&[], &[moderate(DType::Float64, dims, 1).into()], ErrorKind::Shape);
    }
}

fn trace(kit: &mut Kit) {
    let traces = |x: &Reference, offset: isize, out: DType| {
        let all = diagonals(x, offset);
        let (n, batch) = (all.dims[all.dims.len() - 1], &all.dims[..all.dims.len() - 1]);
        let (mut data, mut errors) = (vec![], vec![]);
        for i in 0..batch.iter().product() {
            let (value, error) = sum(&all.data[i * n..(i + 1) * n]);
            data.push(value.and_then(|v| rounded(out, v)));
            errors.push(error * epsilon(out));
        }
        Want { dims: batch.to_vec(), dtype: out, data, close: Close::Within(errors) }
    };
    for dtype in numeric() {
        for (dims, offsets) in STACKS {
            let x = moderate(dtype, dims, 258);
            for &offset in offsets {
                let want = traces(&x, offset, accumulator(dtype));
                kit.gives_one(fields![offset = offset], &[(&x).into()], want);
            }
        }
    }
    for (from, to) in [(DType::Int8, DType::Float64), (DType::Float32, DType::Complex128), (DType::UInt8, DType::Int16)]
    {
        let x = moderate(from, &[3, 3], 259);
        let want = traces(&x.cast(to), 0, to);
        kit.gives_one(fields![dtype = Some(to)], &[x.into()], want);
    }
    kit.refuses(&[], &[moderate(DType::Bool, &[2, 2], 1).into()], ErrorKind::DType);
    kit.refuses(&[], &[moderate(DType::Float64, &[3], 1).into()], ErrorKind::Shape);
    let x = moderate(DType::Complex64, &[2, 2], 1);
    kit.refuses(fields![dtype = Some(DType::Float64)], &[x.into()], ErrorKind::DType);
}
