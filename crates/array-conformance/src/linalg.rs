//! Decompositions and solvers, by what they must satisfy: factors multiply to the matrix, bases are orthonormal, singular
//! values descend, solutions leave residuals of rounding size.

use array_api::{DType, ErrorKind, Scalar};

use crate::Check;
use crate::inputs::moderate;
use crate::kit::{Kit, fields};
use crate::matrix::{
    Checked, Matrix, SQUARE, TALL_AND_WIDE, bad_input, floating, form, matrices, orthonormal, regular,
};
use crate::reference::{Reference, rounded};

pub(crate) const ROWS: &[(&str, Check)] = &[
    ("cholesky", cholesky),
    ("solve", solve),
    ("triangular_solve", triangular_solve),
    ("inv", inv),
    ("qr", qr),
    ("svd", svd),
];

fn cholesky(kit: &mut Kit) {
    bad_input(kit, true);
    for dtype in floating() {
        for dims in SQUARE {
            let x = regular(dtype, dims, true, 181);
            for upper in [false, true] {
                kit.satisfies(fields![upper = upper], &[(&x).into()], |got| {
                    form(&got[0], dims, dtype)?;
                    let batch = &dims[..dims.len() - 2];
                    for (a, f) in matrices(&x, batch).iter().zip(matrices(&got[0], batch)) {
                        let l = if upper { f.adjoint() } else { f };
                        l.zero_where(|i, j| j > i, "the other triangle must be zero")?;
                        if (0..l.rows).any(|i| l.at(i, i).re <= 0.0) {
                            return Err("the diagonal must be positive".to_string());
                        }
                        l.times(&l.adjoint()).must_be(a, dtype, a.norm(), "the factor's product")?;
                    }
                    Ok(())
                });
            }
        }
    }
    let x = Reference::reals(&[2, 2], &[1.0, 2.0, 2.0, 1.0]);
    kit.refuses(&[], &[x.into()], ErrorKind::Value);
}

/// `a x = b` for every system of the stacks; `b` is made of matrices.
fn solves(a: &Reference, b: &Reference, x: &Reference, batch: &[usize], dtype: DType) -> Checked {
    for ((a, b), x) in matrices(a, batch).iter().zip(&matrices(b, batch)).zip(&matrices(x, batch)) {
        a.times(x).must_be(b, dtype, a.norm() * x.norm() + b.norm(), "a x - b")?;
    }
    Ok(())
}

const SYSTEMS: [(&[usize], &[usize], &[usize]); 6] = [
    (&[3, 3], &[3, 2], &[]),
    (&[3, 3], &[3], &[]),
    (&[4, 3, 3], &[3, 2], &[4]),
    (&[3, 3], &[4, 3, 2], &[4]),
    (&[13, 13], &[13, 1], &[]),
    (&[0, 0], &[0, 2], &[]),
];

fn systems(kit: &mut Kit, fields: crate::kit::Fields<'_>, make: impl Fn(DType, &[usize]) -> (Reference, Reference)) {
    for dtype in floating() {
        for (dims, right, batch) in SYSTEMS {
            // What is given, and the matrix that it must be taken for.
            let ((given, a), b) = (make(dtype, dims), moderate(dtype, right, 182));
            let n = right[0];
            let vector = right.len() == 1;
            let columns = if vector { b.reshaped(&[n, 1]) } else { b.clone() };
            let height = if vector { n } else { right[right.len() - 2] };
            let width = columns.dims[columns.dims.len() - 1];
            kit.satisfies(fields, &[(&given).into(), (&b).into()], |got| {
                let whole = [batch, &[height, width]].concat();
                let dims = if vector { whole[..whole.len() - 1].to_vec() } else { whole.clone() };
                form(&got[0], &dims, dtype)?;
                solves(&a, &columns, &got[0].reshaped(&whole), batch, dtype)
            });
        }
    }
    let (a, b) = (regular(DType::Float64, &[3, 3], false, 1), moderate(DType::Float64, &[4], 1));
    kit.refuses(fields, &[(&a).into(), b.into()], ErrorKind::Shape);
    kit.refuses(fields, &[a.into(), moderate(DType::Float64, &[], 1).into()], ErrorKind::Shape);
    let (a, b) = (moderate(DType::Int64, &[2, 2], 1), moderate(DType::Int64, &[2], 1));
    kit.refuses(fields, &[a.into(), b.into()], ErrorKind::DType);
}

fn solve(kit: &mut Kit) {
    systems(kit, &[], |dtype, dims| {
        let a = regular(dtype, dims, false, 183);
        (a.clone(), a)
    });
    let singular = Reference::reals(&[2, 2], &[1.0, 2.0, 2.0, 4.0]);
    kit.refuses(&[], &[singular.into(), moderate(DType::Float64, &[2], 1).into()], ErrorKind::Value);
}

fn triangular_solve(kit: &mut Kit) {
    for (upper, unit) in [(false, false), (true, false), (false, true), (true, true)] {
        systems(kit, fields![upper = upper, unit_diagonal = unit], |dtype, dims| {
            let whole = regular(dtype, dims, false, 184);
            // Small off the diagonal: a triangle of ones on the diagonal may be as good as singular.
            let small = |s: Scalar| match s {
                Scalar::Complex(z) => Scalar::Complex(z / 8.0),
                s => Scalar::Float(s.to_f64() / 8.0),
            };
            let number = |x: f64| rounded(dtype, Scalar::Float(x)).unwrap_or(Scalar::Float(x));
            let n = dims.len();
            let given = Reference::build(dtype, dims, |i| {
                let s = whole.at(i);
                if i[n - 1] == i[n - 2] { s } else { rounded(dtype, small(s)).unwrap_or(s) }
            });
            let a = Reference::build(dtype, dims, |i| match i[n - 2].cmp(&i[n - 1]) {
                std::cmp::Ordering::Equal if unit => number(1.0),
                std::cmp::Ordering::Less if !upper => number(0.0),
                std::cmp::Ordering::Greater if upper => number(0.0),
                _ => given.at(i),
            });
            (given, a)
        });
    }
}

fn inv(kit: &mut Kit) {
    bad_input(kit, true);
    for dtype in floating() {
        for dims in SQUARE {
            let x = regular(dtype, dims, false, 185);
            kit.satisfies(&[], &[(&x).into()], |got| {
                form(&got[0], dims, dtype)?;
                let batch = &dims[..dims.len() - 2];
                for (a, b) in matrices(&x, batch).iter().zip(&matrices(&got[0], batch)) {
                    a.times(b).must_be(&Matrix::eye(a.rows), dtype, a.norm() * b.norm(), "a inv(a) - 1")?;
                }
                Ok(())
            });
        }
    }
    kit.refuses(&[], &[Reference::reals(&[2, 2], &[1.0, 2.0, 2.0, 4.0]).into()], ErrorKind::Value);
}

fn qr(kit: &mut Kit) {
    bad_input(kit, false);
    for dtype in floating() {
        for dims in TALL_AND_WIDE {
            let x = moderate(dtype, dims, 186);
            for mode in ["reduced", "complete"] {
                kit.satisfies(fields![mode = mode.to_string()], &[(&x).into()], |got| {
                    let (batch, last) = dims.split_at(dims.len() - 2);
                    let k = if mode == "reduced" { last[0].min(last[1]) } else { last[0] };
                    form(&got[0], &[batch, &[last[0], k]].concat(), dtype)?;
                    form(&got[1], &[batch, &[k, last[1]]].concat(), dtype)?;
                    let factors = matrices(&got[0], batch).into_iter().zip(matrices(&got[1], batch));
                    for (a, (q, r)) in matrices(&x, batch).iter().zip(factors) {
                        orthonormal(&q, dtype, "the columns of Q")?;
                        r.zero_where(|i, j| j < i, "R must be upper triangular")?;
                        if (0..r.rows.min(r.columns)).any(|i| r.at(i, i).re < 0.0) {
                            return Err("the diagonal of R must not be negative".to_string());
                        }
                        q.times(&r).must_be(a, dtype, a.norm(), "Q R - x")?;
                    }
                    Ok(())
                });
            }
            kit.satisfies(fields![mode = "r".to_string()], &[(&x).into()], |got| {
                let (batch, last) = dims.split_at(dims.len() - 2);
                form(&got[0], &[batch, &[last[0], 0]].concat(), dtype)?;
                form(&got[1], &[batch, &[last[0].min(last[1]), last[1]]].concat(), dtype)?;
                for (a, r) in matrices(&x, batch).iter().zip(matrices(&got[1], batch)) {
                    r.zero_where(|i, j| j < i, "R must be upper triangular")?;
                    if (0..r.rows.min(r.columns)).any(|i| r.at(i, i).re < 0.0) {
                        return Err("the diagonal of R must not be negative".to_string());
                    }
                    // With that, R is the only one for which this holds.
                    r.adjoint().times(&r).must_be(
                        &a.adjoint().times(a),
                        dtype,
                        a.norm() * a.norm(),
                        "R^H R - x^H x",
                    )?;
                }
                Ok(())
            });
        }
    }
    kit.refuses(fields![mode = "raw".to_string()], &[moderate(DType::Float64, &[2, 2], 1).into()], ErrorKind::Value);
}

fn svd(kit: &mut Kit) {
    bad_input(kit, false);
    for dtype in floating() {
        for dims in TALL_AND_WIDE {
            let x = moderate(dtype, dims, 187);
            for full in [false, true] {
                kit.satisfies(fields![full_matrices = full], &[(&x).into()], |got| {
                    let (batch, last) = dims.split_at(dims.len() - 2);
                    let (m, n) = (last[0], last[1]);
                    let k = m.min(n);
                    form(&got[0], &[batch, &[m, if full { m } else { k }]].concat(), dtype)?;
                    form(&got[1], &[batch, &[k]].concat(), dtype.real())?;
                    form(&got[2], &[batch, &[if full { n } else { k }, n]].concat(), dtype)?;
                    let values = matrices(&got[1].reshaped(&[batch, &[k, 1]].concat()), batch);
                    let bases = matrices(&got[0], batch).into_iter().zip(matrices(&got[2], batch));
                    for ((a, s), (u, vh)) in matrices(&x, batch).iter().zip(&values).zip(bases) {
                        orthonormal(&u, dtype, "the columns of U")?;
                        orthonormal(&vh.adjoint(), dtype, "the rows of Vh")?;
                        let sorted = (1..k).all(|i| s.at(i - 1, 0).re >= s.at(i, 0).re);
                        if !sorted || (0..k).any(|i| s.at(i, 0).re < 0.0) {
                            return Err("singular values must descend and not be negative".to_string());
                        }
                        let scaled =
                            Matrix::build(m, n, |i, j| (0..k).map(|l| u.at(i, l) * s.at(l, 0) * vh.at(l, j)).sum());
                        scaled.must_be(a, dtype, a.norm(), "U diag(S) Vh - x")?;
                    }
                    Ok(())
                });
            }
        }
    }
}
