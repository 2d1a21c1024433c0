//! Decompositions and solvers of stacks of matrices, by faer.
//!
//! Each matrix is worked on by one thread, or in pieces of a fixed size, so that results do not depend on how many there are;
//! outside the pool the matrices of a stack are shared among its threads. Numbers that are not finite are carried on as in any
//! arithmetic, but refused by iterations, which need not end on them. A panic of the library becomes an error.

use array_api::{Cholesky, Error, Qr, Result, Svd, TriangularSolve, Verdict, implements};
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::svd as svd_factor;
use faer::{Mat, MatMut, Par};

use std::sync::{Mutex, PoisonError};

use crate::array::NdArray;
use crate::engine::by_type::with_floating;
use crate::engine::cholesky::factor;
use crate::engine::pool::vector;
use crate::engine::qr;
use crate::engine::stack::{Entry, Stack, append, cost, each, matrices, stacked};
use crate::engine::systems::{Factors, Systems};
use crate::engine::triangular::{self, Triangle};
use crate::engine::turn::turn;

#[implements(cholesky)]
fn cholesky(x: &NdArray, p: &Cholesky) -> Result<NdArray> {
    with_floating!("cholesky", x.dtype(), T => {
        let mut x = Stack::<T>::new("cholesky", x)?;
        let n = x.n;
        each("cholesky", x.len(), n * n, |i| x.finite("cholesky", i, |c| if p.upper { 0..c + 1 } else { c..n }))?;
        let only = Mutex::new(x.taken());
        let parts = each("cholesky", x.len(), cost(n, n), |i| {
            let taken = only.lock().unwrap_or_else(PoisonError::into_inner).take();
            let given = taken.unwrap_or_else(|| x.elements(i).to_vec());
            let adjoint = |from: Vec<T>| {
                let mut to = vector::<T>(n * n);
                to.resize(n * n, T::default());
                // SAFETY: both have `n` rows of `n` elements.
                unsafe { turn(to.as_mut_ptr(), n, from.as_ptr(), n as isize, [n, n]) };
                to.iter_mut().for_each(|x| *x = x.conjugate());
                to
            };
            // The lower triangle, or the upper one's adjoint; the diagonal of a Hermitian matrix is real.
            let mut l = if p.upper { adjoint(given) } else { given };
            l.iter_mut().step_by(n + 1).for_each(|x| *x = T::of_real(x.real_part()));
            factor(MatMut::from_column_major_slice_mut(&mut l, n, n)).map_err(|pivot| {
                let name = x.name(i);
                Error::value("cholesky", format!("{name} is not positive definite: pivot {pivot} is not positive"))
            })?;
            l.chunks_exact_mut(n.max(1)).enumerate().for_each(|(c, column)| column[..c].fill(T::default()));
            Ok(if p.upper { adjoint(l) } else { l })
        })?;
        let shape = [&x.batch[..], &[n, n]].concat();
        Ok(matrices(parts, &shape))
    })
}

#[implements(solve)]
fn solve(x1: &NdArray, x2: &NdArray, verdict: &Verdict) -> Result<NdArray> {
    with_floating!("solve", x1.dtype(), T => {
        let mut a = Stack::<T>::new("solve", x1)?;
        // Each matrix is factored once, however many right-hand sides it is broadcast to.
        let factors = Factors::each("solve", &mut a)?;
        let systems = Systems::new("solve", a.batch, x2, verdict.dims())?;
        systems.solutions("solve", verdict.dims(), |matrix, x| factors[matrix].solve(x))
    })
}

#[implements(inv)]
fn inv(x: &NdArray) -> Result<NdArray> {
    with_floating!("inv", x.dtype(), T => {
        let mut a = Stack::<T>::new("inv", x)?;
        let factors = Factors::each("inv", &mut a)?;
        let parts = each("inv", factors.len(), cost(a.n, a.n), |i| Ok(factors[i].inverse()))?;
        Ok(matrices(parts, x.shape()))
    })
}

#[implements(triangular_solve)]
fn triangular_solve(x1: &NdArray, x2: &NdArray, p: &TriangularSolve, verdict: &Verdict) -> Result<NdArray> {
    with_floating!("triangular_solve", x1.dtype(), T => {
        let a = Stack::<T>::new("triangular_solve", x1)?;
        for i in 0..a.len() {
            let matrix = a.matrix(i);
            if let Some(k) = (0..a.n).find(|&k| !p.unit_diagonal && matrix[(k, k)] == T::default()) {
                let message = format!("{} is singular: element {k} of its diagonal is 0", a.name(i));
                return Err(Error::value("triangular_solve", message));
            }
        }
        let triangle = Triangle { upper: p.upper, unit: p.unit_diagonal };
        let systems = Systems::new("triangular_solve", a.batch.clone(), x2, verdict.dims())?;
        let solve = |matrix, x: MatMut<'_, T>| triangular::solve(a.matrix(matrix), triangle, x);
        systems.solutions("triangular_solve", verdict.dims(), solve)
    })
}

#[implements(qr)]
fn qr(x: &NdArray, p: &Qr, verdict: &Verdict) -> Result<[NdArray; 2]> {
    with_floating!("qr", x.dtype(), T => {
        let mut x = Stack::<T>::new("qr", x)?;
        let (m, n) = (x.m, x.n);
        let k = m.min(n);
        let only = Mutex::new(x.taken());
        let (columns, rows) = match p.mode.as_str() {
            "complete" => (m, m),
            "r" => (0, k),
            _ => (k, k),
        };
        let parts = each("qr", x.len(), cost(m, n.max(columns)), |i| {
            let taken = only.lock().unwrap_or_else(PoisonError::into_inner).take();
            let mut a = taken.unwrap_or_else(|| x.elements(i).to_vec());
            let mut a = MatMut::from_column_major_slice_mut(&mut a, m, n);
            let mut left = vector::<T>(m * columns);
            left.resize(m * columns, T::default());
            left.iter_mut().step_by(m + 1).for_each(|x| *x = T::of_real(1.0));
            if k > 0 {
                let factors = qr::factor(a.as_mut());
                qr::orthogonal(a.as_ref(), factors.as_ref(), MatMut::from_column_major_slice_mut(&mut left, m, columns));
            }
            // Q R = (Q D) (D^H R) for any diagonal D of phases: the one that makes R's diagonal not negative.
            let phases: Vec<Option<T>> = (0..k).map(|j| a[(j, j)].phase()).collect();
            let phase = |j: usize| phases.get(j).copied().flatten();
            for (c, column) in left.chunks_exact_mut(m.max(1)).enumerate() {
                if let Some(d) = phase(c) {
                    column.iter_mut().for_each(|x| *x = x.times(d));
                }
            }
            let mut right = Vec::with_capacity(rows * n);
            append(&mut right, rows, n, |r, c| {
                let turned = match phase(r) {
                    _ if r > c => return T::default(),
                    Some(d) => a[(r, c)].times(d.conjugate()),
                    None => a[(r, c)],
                };
                if r == c { T::of_real(turned.real_part()) } else { turned }
            });
            Ok((left, right))
        })?;
        let (q, r) = parts.into_iter().unzip();
        Ok([matrices(q, &verdict.results()[0].dims), matrices(r, &verdict.results()[1].dims)])
    })
}

#[implements(svd)]
fn svd(x: &NdArray, p: &Svd, verdict: &Verdict) -> Result<[NdArray; 3]> {
    with_floating!("svd", x.dtype(), T => {
        let x = Stack::<T>::new("svd", x)?;
        let (m, n) = (x.m, x.n);
        let k = m.min(n);
        let (rows, columns) = if p.full_matrices { (m, n) } else { (k, k) };
        let want = match p.full_matrices {
            true => svd_factor::ComputeSvdVectors::Full,
            false => svd_factor::ComputeSvdVectors::Thin,
        };
        let parts = each("svd", x.len(), 16 * cost(m, n), |i| {
            x.finite("svd", i, |_| 0..m)?;
            let a = x.scaled(i, |_| 0..m);
            let mut u = Mat::<T>::identity(m, rows);
            let mut v = Mat::<T>::identity(n, columns);
            let mut s = faer::diag::Diag::<T>::zeros(k);
            if k > 0 {
                let need = svd_factor::svd_scratch::<T>(m, n, want, want, Par::Seq, Default::default());
                let mut room = MemBuffer::new(need);
                let (left, right) = (Some(u.as_mut()), Some(v.as_mut()));
                let stack = MemStack::new(&mut room);
                svd_factor::svd(a.matrix(), s.as_mut(), left, right, Par::Seq, stack, Default::default()).map_err(
                    |_| Error::value("svd", format!("{} did not converge", x.name(i))),
                )?;
            }
            let values: Vec<_> = (0..k).map(|j| a.back(s[j].real_part())).collect();
            let (mut left, mut right) = (Vec::with_capacity(m * rows), Vec::with_capacity(columns * n));
            append(&mut left, m, rows, |r, c| u[(r, c)]);
            append(&mut right, columns, n, |r, c| v[(c, r)].conjugate());
            Ok((left, (values, right)))
        })?;
        let (u, rest): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        let (s, v) = rest.into_iter().unzip();
        let dims = |i: usize| &verdict.results()[i].dims;
        Ok([matrices(u, dims(0)), stacked(s, dims(1)), matrices(v, dims(2))])
    })
}
