//! Products: sums of products over index tuples, within `n eps sum|terms|`.

use array_api::{Complex, DTYPES, DType, ErrorKind, Scalar};

use crate::Check;
use crate::compare::{Close, Want, epsilon};
use crate::inputs::moderate;
use crate::kit::{Kit, fields};
use crate::reference::{Reference, broadcast, indices, rounded};

pub(crate) const ROWS: &[(&str, Check)] = &[("matmul", matmul), ("vecdot", vecdot), ("tensordot", tensordot)];

/// Every element is a sum of products of pairs.
pub(crate) fn sums(dtype: DType, dims: &[usize], pairs: impl Fn(&[usize]) -> Vec<(Scalar, Scalar)>) -> Want {
    let (mut data, mut errors) = (vec![], vec![]);
    for index in indices(dims) {
        let terms = pairs(&index);
        let size: f64 = terms.iter().map(|(a, b)| a.to_complex().norm() * b.to_complex().norm()).sum();
        errors.push(2.0 * (terms.len() as f64 + 1.0) * epsilon(dtype) * size);
        let total = if dtype.is_integer() {
            Scalar::int(terms.iter().map(|(a, b)| a.to_i128() * b.to_i128()).sum())
        } else {
            let total = terms.iter().fold(Complex::new(0.0, 0.0), |t, (a, b)| t + a.to_complex() * b.to_complex());
            if dtype.is_complex() { Scalar::Complex(total) } else { Scalar::Float(total.re) }
        };
        data.push(rounded(dtype, total));
    }
    Want { dims: dims.to_vec(), dtype, data, close: Close::Within(errors) }
}

pub(crate) fn numeric() -> impl Iterator<Item = DType> {
    DTYPES.into_iter().filter(|d| d.is_numeric())
}

/// The product of stacks of matrices; vectors have been made matrices.
pub(crate) fn product(a: &Reference, b: &Reference) -> Want {
    let (n, m) = (a.dims.len(), b.dims.len());
    let (rows, inner, columns) = (a.dims[n - 2], a.dims[n - 1], b.dims[m - 1]);
    let dims = [broadcast(&[&a.dims[..n - 2], &b.dims[..m - 2]]), vec![rows, columns]].concat();
    let at = |r: &Reference, batch: &[usize], i: usize, j: usize| {
        let own = r.dims.len() - 2;
        let batch = &batch[batch.len() - own..];
        let mut p: Vec<usize> = batch.iter().zip(&r.dims).map(|(&i, &d)| if d == 1 { 0 } else { i }).collect();
        p.extend([i, j]);
        r.at(&p)
    };
    sums(a.dtype, &dims, |i| {
        let (batch, last) = i.split_at(i.len() - 2);
        (0..inner).map(|k| (at(a, batch, last[0], k), at(b, batch, k, last[1]))).collect()
    })
}

fn matmul(kit: &mut Kit) {
    let shapes: [(&[usize], &[usize]); 11] = [
        (&[2, 3], &[3, 4]),
        (&[4], &[4]),
        (&[3], &[3, 2]),
        (&[2, 3], &[3]),
        (&[5, 2, 3], &[3, 4]),
        (&[2, 3], &[5, 3, 2]),
        (&[4, 1, 2, 3], &[5, 3, 2]),
        (&[2, 0], &[0, 3]),
        (&[0, 3], &[3, 2]),
        (&[37, 41], &[41, 29]),
        (&[1, 64], &[64, 1]),
    ];
    for dtype in numeric() {
        for (a, b) in shapes {
            let (x, y) = (moderate(dtype, a, 171), moderate(dtype, b, 172));
            let left = if a.len() == 1 { x.reshaped(&[1, a[0]]) } else { x.clone() };
            let right = if b.len() == 1 { y.reshaped(&[b[0], 1]) } else { y.clone() };
            let mut want = product(&left, &right);
            if b.len() == 1 {
                want.dims.pop();
            }
            if a.len() == 1 {
                let row = want.dims.len() - if b.len() == 1 { 1 } else { 2 };
                want.dims.remove(row);
            }
            kit.gives_one(&[], &[x.into(), y.into()], want);
        }
    }
    let (a, b) = (moderate(DType::Float32, &[2, 3], 1), moderate(DType::Float64, &[3, 2], 2));
    let want = product(&a.cast(DType::Float64), &b);
    kit.gives_one(&[], &[(&a).into(), b.into()], want);
    kit.refuses(&[], &[(&a).into(), (&a).into()], ErrorKind::Shape);
    kit.refuses(&[], &[(&a).into(), moderate(DType::Float32, &[], 1).into()], ErrorKind::Shape);
    let t = moderate(DType::Bool, &[2, 2], 1);
    kit.refuses(&[], &[(&t).into(), (&t).into()], ErrorKind::DType);
}

fn vecdot(kit: &mut Kit) {
    for dtype in numeric() {
        for (a, b, axis) in [
            (&[4][..], &[4][..], -1isize),
            (&[3, 4], &[4], -1),
            (&[4, 2], &[4, 1], -2),
            (&[2, 1, 3], &[5, 3], -1),
            (&[2, 0], &[2, 0], -1),
        ] {
            let (x, y) = (moderate(dtype, a, 173), moderate(dtype, b, 174));
            let mut all = broadcast(&[a, b]);
            let at = (all.len() as isize + axis) as usize;
            let n = all.remove(at);
            let want = sums(dtype, &all, |i| {
                (0..n)
                    .map(|k| {
                        let mut i = i.to_vec();
                        i.insert(at, k);
                        let left = match x.broadcast_at(&i) {
                            Scalar::Complex(c) => Scalar::Complex(c.conj()),
                            other => other,
                        };
                        (left, y.broadcast_at(&i))
                    })
                    .collect()
            });
            kit.gives_one(fields![axis = axis], &[x.into(), y.into()], want);
        }
    }
    let (x, y) = (moderate(DType::Float64, &[3], 1), moderate(DType::Float64, &[4], 1));
    kit.refuses(&[], &[(&x).into(), y.into()], ErrorKind::Shape);
    kit.refuses(fields![axis = 0isize], &[(&x).into(), (&x).into()], ErrorKind::Axis);
}

/// The extents of both arrays, and the axes of each that are summed.
type Contraction = (&'static [usize], &'static [usize], &'static [isize], &'static [isize]);

fn tensordot(kit: &mut Kit) {
    let cases: [Contraction; 5] = [
        (&[2, 3, 4], &[3, 4, 5], &[-2, -1], &[0, 1]),
        (&[2, 3], &[4, 2], &[0], &[1]),
        (&[2], &[3], &[], &[]),
        (&[2, 3, 4], &[4, 2], &[2, 0], &[0, 1]),
        (&[2, 0], &[0, 3], &[1], &[0]),
    ];
    for dtype in numeric() {
        for (a, b, first, second) in cases {
            let (x, y) = (moderate(dtype, a, 175), moderate(dtype, b, 176));
            let own = |axes: &[isize], d: &[usize]| -> Vec<usize> {
                axes.iter().map(|&i| i.rem_euclid(d.len() as isize) as usize).collect()
            };
            let (p, q) = (own(first, a), own(second, b));
            let free =
                |d: &[usize], used: &[usize]| -> Vec<usize> { (0..d.len()).filter(|i| !used.contains(i)).collect() };
            let (fa, fb) = (free(a, &p), free(b, &q));
            let dims: Vec<usize> = fa.iter().map(|&i| a[i]).chain(fb.iter().map(|&i| b[i])).collect();
            let inner: Vec<usize> = p.iter().map(|&i| a[i]).collect();
            let whole = |rank: usize, free: &[usize], i: &[usize], used: &[usize], k: &[usize]| {
                let mut at = vec![0; rank];
                free.iter().zip(i).chain(used.iter().zip(k)).for_each(|(&axis, &v)| at[axis] = v);
                at
            };
            let want = sums(dtype, &dims, |i| {
                let (i, j) = i.split_at(fa.len());
                indices(&inner)
                    .map(|k| (x.at(&whole(a.len(), &fa, i, &p, &k)), y.at(&whole(b.len(), &fb, j, &q, &k))))
                    .collect()
            });
            kit.gives_one(fields![axes1 = first.to_vec(), axes2 = second.to_vec()], &[x.into(), y.into()], want);
        }
    }
    let x = moderate(DType::Float64, &[2, 3], 1);
    let fields = fields![axes1 = vec![0isize], axes2 = vec![1isize]];
    kit.refuses(fields, &[(&x).into(), (&x).into()], ErrorKind::Shape);
    kit.refuses(fields![axes1 = vec![0isize], axes2 = vec![] as Vec<isize>], &[(&x).into(), x.into()], ErrorKind::Axis);
}
