//! Decompositions and solvers, by what they must satisfy: factors multiply to the matrix, bases are orthonormal, singular
//! values descend, solutions leave residuals of rounding size.

use array_api::{Complex, DTYPES, DType, ErrorKind, Scalar};

use crate::Check;
use crate::compare::epsilon;
use crate::inputs::moderate;
use crate::kit::{Kit, fields};
use crate::reference::{Reference, indices, rounded};

pub(crate) const ROWS: &[(&str, Check)] = &[
    ("cholesky", cholesky),
    ("solve", solve),
    ("triangular_solve", triangular_solve),
    ("inv", inv),
    ("qr", qr),
    ("svd", svd),
];

type C = Complex<f64>;
type Checked = Result<(), String>;

/// One matrix of a stack.
#[derive(Clone)]
struct Matrix {
    rows: usize,
    columns: usize,
    data: Vec<C>,
}

impl Matrix {
    fn build(rows: usize, columns: usize, f: impl Fn(usize, usize) -> C) -> Matrix {
        let data = (0..rows * columns).map(|k| f(k / columns.max(1), k % columns.max(1))).collect();
        Matrix { rows, columns, data }
    }
    fn at(&self, i: usize, j: usize) -> C {
        self.data[i * self.columns + j]
    }
    fn adjoint(&self) -> Matrix {
        Matrix::build(self.columns, self.rows, |i, j| self.at(j, i).conj())
    }
    fn times(&self, other: &Matrix) -> Matrix {
        Matrix::build(self.rows, other.columns, |i, j| (0..self.columns).map(|k| self.at(i, k) * other.at(k, j)).sum())
    }
    /// The Frobenius norm.
    fn norm(&self) -> f64 {
        self.data.iter().map(|z| z.norm_sqr()).sum::<f64>().sqrt()
    }
    fn eye(n: usize) -> Matrix {
        Matrix::build(n, n, |i, j| C::new(f64::from(u8::from(i == j)), 0.0))
    }
    /// `self` must equal `other` within some epsilons of a size.
    fn must_be(&self, other: &Matrix, dtype: DType, size: f64, what: &str) -> Checked {
        let n = self.rows.max(self.columns).max(1) as f64;
        let error = Matrix::build(self.rows, self.columns, |i, j| self.at(i, j) - other.at(i, j)).norm();
        let bound = 20.0 * n * epsilon(dtype) * size;
        // A comparison that not-a-number fails.
        match error <= bound {
            true => Ok(()),
            false => Err(format!("{what}: the residual is {error:e}, the bound {bound:e}")),
        }
    }
    fn zero_where(&self, f: impl Fn(usize, usize) -> bool, what: &str) -> Checked {
        for i in 0..self.rows {
            for j in 0..self.columns {
                if f(i, j) && self.at(i, j) != C::new(0.0, 0.0) {
                    return Err(format!("{what}: element [{i}, {j}] is {}", self.at(i, j)));
                }
            }
        }
        Ok(())
    }
}

/// The matrices of a stack, broadcast over `batch`.
fn matrices(r: &Reference, batch: &[usize]) -> Vec<Matrix> {
    let (own, last) = r.dims.split_at(r.dims.len() - 2);
    indices(batch)
        .map(|b| {
            let b: Vec<usize> =
                b[batch.len() - own.len()..].iter().zip(own).map(|(&i, &d)| if d == 1 { 0 } else { i }).collect();
            Matrix::build(last[0], last[1], |i, j| r.at(&[&b[..], &[i, j]].concat()).to_complex())
        })
        .collect()
}

/// The extents and the type of a result.
fn form(got: &Reference, dims: &[usize], dtype: DType) -> Checked {
    match got.dims == dims && got.dtype == dtype {
        true => Ok(()),
        false => Err(format!("{}{:?} instead of {dtype}{dims:?}", got.dtype, got.dims)),
    }
}

fn floating() -> impl Iterator<Item = DType> {
    DTYPES.into_iter().filter(|d| d.is_floating())
}

/// Integers are refused, and what is no (square) matrix.
fn bad_input(kit: &mut Kit, square: bool) {
    kit.refuses(&[], &[moderate(DType::Int64, &[2, 2], 1).into()], ErrorKind::DType);
    kit.refuses(&[], &[moderate(DType::Float64, &[3], 1).into()], ErrorKind::Shape);
    if square {
        kit.refuses(&[], &[moderate(DType::Float64, &[2, 3], 1).into()], ErrorKind::Shape);
    }
}

/// A stack of well-conditioned square matrices; Hermitian and positive definite on demand.
fn regular(dtype: DType, dims: &[usize], definite: bool, seed: u64) -> Reference {
    let x = moderate(dtype, dims, seed);
    let n = dims[dims.len() - 1];
    let all = matrices(&x, &dims[..dims.len() - 2]);
    let data = all.iter().flat_map(|m| {
        let product = if definite { m.times(&m.adjoint()) } else { m.clone() };
        let shift = if definite { n as f64 } else { 6.0 * n as f64 };
        Matrix::build(n, n, |i, j| product.at(i, j) + if i == j { shift } else { 0.0 }).data
    });
    let data = data.map(|z| if dtype.is_complex() { Scalar::Complex(z) } else { Scalar::Float(z.re) });
    Reference::new(dtype, dims, data.filter_map(|s| rounded(dtype, s)).collect())
}

const SQUARE: [&[usize]; 6] = [&[1, 1], &[3, 3], &[17, 17], &[2, 3, 3], &[0, 2, 2], &[0, 0]];

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

fn orthonormal(q: &Matrix, dtype: DType, what: &str) -> Checked {
    q.adjoint().times(q).must_be(&Matrix::eye(q.columns), dtype, (q.columns as f64).sqrt(), what)
}

const TALL_AND_WIDE: [&[usize]; 7] = [&[3, 3], &[5, 2], &[2, 5], &[2, 4, 3], &[1, 1], &[19, 7], &[0, 3, 2]];

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
