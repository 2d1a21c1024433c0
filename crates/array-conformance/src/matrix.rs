//! Matrices of complex numbers in plain loops: what decompositions must satisfy is said in products and norms of them.

use array_api::{Complex, DTYPES, DType, ErrorKind, Scalar};

use crate::compare::epsilon;
use crate::inputs::moderate;
use crate::kit::Kit;
use crate::reference::{Reference, indices, rounded};

pub(crate) type C = Complex<f64>;
pub(crate) type Checked = Result<(), String>;

/// One matrix of a stack.
#[derive(Clone)]
pub(crate) struct Matrix {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) data: Vec<C>,
}

impl Matrix {
    pub(crate) fn build(rows: usize, columns: usize, f: impl Fn(usize, usize) -> C) -> Matrix {
        let data = (0..rows * columns).map(|k| f(k / columns.max(1), k % columns.max(1))).collect();
        Matrix { rows, columns, data }
    }
    pub(crate) fn at(&self, i: usize, j: usize) -> C {
        self.data[i * self.columns + j]
    }
    pub(crate) fn adjoint(&self) -> Matrix {
        Matrix::build(self.columns, self.rows, |i, j| self.at(j, i).conj())
    }
    pub(crate) fn times(&self, other: &Matrix) -> Matrix {
        Matrix::build(self.rows, other.columns, |i, j| (0..self.columns).map(|k| self.at(i, k) * other.at(k, j)).sum())
    }
    /// The Frobenius norm.
    pub(crate) fn norm(&self) -> f64 {
        self.data.iter().map(|z| z.norm_sqr()).sum::<f64>().sqrt()
    }
    pub(crate) fn eye(n: usize) -> Matrix {
        Matrix::build(n, n, |i, j| C::new(f64::from(u8::from(i == j)), 0.0))
    }
    /// `self` must equal `other` within some epsilons of a size.
    pub(crate) fn must_be(&self, other: &Matrix, dtype: DType, size: f64, what: &str) -> Checked {
        let n = self.rows.max(self.columns).max(1) as f64;
        let error = Matrix::build(self.rows, self.columns, |i, j| self.at(i, j) - other.at(i, j)).norm();
        let bound = 20.0 * n * epsilon(dtype) * size;
        // A comparison that not-a-number fails.
        match error <= bound {
            true => Ok(()),
            false => Err(format!("{what}: the residual is {error:e}, the bound {bound:e}")),
        }
    }
    pub(crate) fn zero_where(&self, f: impl Fn(usize, usize) -> bool, what: &str) -> Checked {
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
pub(crate) fn matrices(r: &Reference, batch: &[usize]) -> Vec<Matrix> {
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
pub(crate) fn form(got: &Reference, dims: &[usize], dtype: DType) -> Checked {
    match got.dims == dims && got.dtype == dtype {
        true => Ok(()),
        false => Err(format!("{}{:?} instead of {dtype}{dims:?}", got.dtype, got.dims)),
    }
}

pub(crate) fn floating() -> impl Iterator<Item = DType> {
    DTYPES.into_iter().filter(|d| d.is_floating())
}

/// Integers are refused, and what is no (square) matrix.
pub(crate) fn bad_input(kit: &mut Kit, square: bool) {
    kit.refuses(&[], &[moderate(DType::Int64, &[2, 2], 1).into()], ErrorKind::DType);
    kit.refuses(&[], &[moderate(DType::Float64, &[3], 1).into()], ErrorKind::Shape);
    if square {
        kit.refuses(&[], &[moderate(DType::Float64, &[2, 3], 1).into()], ErrorKind::Shape);
    }
}

/// A stack of well-conditioned square matrices; Hermitian and positive definite on demand.
pub(crate) fn regular(dtype: DType, dims: &[usize], definite: bool, seed: u64) -> Reference {
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

pub(crate) const SQUARE: [&[usize]; 6] = [&[1, 1], &[3, 3], &[17, 17], &[2, 3, 3], &[0, 2, 2], &[0, 0]];

pub(crate) fn orthonormal(q: &Matrix, dtype: DType, what: &str) -> Checked {
    q.adjoint().times(q).must_be(&Matrix::eye(q.columns), dtype, (q.columns as f64).sqrt(), what)
}

pub(crate) const TALL_AND_WIDE: [&[usize]; 7] = [&[3, 3], &[5, 2], &[2, 5], &[2, 4, 3], &[1, 1], &[19, 7], &[0, 3, 2]];
