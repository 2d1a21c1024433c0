//! Eigenvalues, singular values and determinants of stacks of matrices, by faer.
//!
//! As in the decompositions, numbers that are not finite are refused where iterations need not end on them; determinants
//! carry them on.

use array_api::{Error, Result, Verdict, implements};
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::svd::{self, ComputeSvdVectors};
use faer::{Mat, Par, diag::Diag};

use crate::array::NdArray;
use crate::engine::by_type::with_floating;
use crate::engine::eigen::{General, NoConvergence, hermitian, pivots};
use crate::engine::stack::{Entry, Stack, append, cost, each, matrices, stacked};

fn endless<T: Entry>(op: &str, x: &Stack<T>, i: usize) -> impl FnOnce(NoConvergence) -> Error {
    let message = format!("{} did not converge", x.name(i));
    let op = op.to_string();
    move |_| Error::value(op, message)
}

/// The elements of a matrix, column by column.
fn columns<T: Entry>(a: &Mat<T>) -> Vec<T> {
    let mut out = Vec::with_capacity(a.nrows() * a.ncols());
    append(&mut out, a.nrows(), a.ncols(), |r, c| a[(r, c)]);
    out
}

/// Eigenvalues and eigenvectors, matrix by matrix.
type Lists<V, C> = (Vec<Vec<V>>, Vec<Vec<C>>);

/// Of each Hermitian matrix the eigenvalues, and the eigenvectors (or nothing).
fn all_hermitian<T: Entry>(op: &str, x: &Stack<T>, vectors: bool) -> Result<Lists<T::Real, T>> {
    let parts = each(op, x.len(), 9 * cost(x.n, x.n), |i| {
        x.finite(op, i, |c| c..x.n)?;
        let a = x.scaled(i, |c| c..x.n);
        let (values, q) = hermitian(a.matrix(), vectors).map_err(endless(op, x, i))?;
        let values = values.into_iter().map(|v| a.back(v)).collect();
        Ok((values, q.as_ref().map(columns).unwrap_or_default()))
    })?;
    Ok(parts.into_iter().unzip())
}

#[implements(eigh)]
fn eigh(x: &NdArray, verdict: &Verdict) -> Result<[NdArray; 2]> {
    with_floating!("eigh", x.dtype(), T => {
        let (values, vectors) = all_hermitian("eigh", &Stack::<T>::new("eigh", x)?, true)?;
        Ok([stacked(values, &verdict.results()[0].dims), matrices(vectors, &verdict.results()[1].dims)])
    })
}

#[implements(eigvalsh)]
fn eigvalsh(x: &NdArray, verdict: &Verdict) -> Result<NdArray> {
    with_floating!("eigvalsh", x.dtype(), T => {
        Ok(stacked(all_hermitian("eigvalsh", &Stack::<T>::new("eigvalsh", x)?, false)?.0, verdict.dims()))
    })
}

/// Of each matrix the eigenvalues, and the eigenvectors (or nothing).
fn all_general<T: General>(op: &str, x: &Stack<T>, vectors: bool) -> Result<Lists<T::Wide, T::Wide>> {
    let parts = each(op, x.len(), 25 * cost(x.n, x.n), |i| {
        x.finite(op, i, |_| 0..x.m)?;
        let a = x.scaled(i, |_| 0..x.m);
        let (values, v) = T::eigen(a.matrix(), vectors).map_err(endless(op, x, i))?;
        let values = values.into_iter().map(|v| if a.exponent == 0 { v } else { v.times_power(a.exponent) }).collect();
        Ok((values, v.as_ref().map(columns).unwrap_or_default()))
    })?;
    Ok(parts.into_iter().unzip())
}

#[implements(eig)]
fn eig(x: &NdArray, verdict: &Verdict) -> Result<[NdArray; 2]> {
    with_floating!("eig", x.dtype(), T => {
        let (values, vectors) = all_general("eig", &Stack::<T>::new("eig", x)?, true)?;
        Ok([stacked(values, &verdict.results()[0].dims), matrices(vectors, &verdict.results()[1].dims)])
    })
}

#[implements(eigvals)]
fn eigvals(x: &NdArray, verdict: &Verdict) -> Result<NdArray> {
    with_floating!("eigvals", x.dtype(), T => {
        Ok(stacked(all_general("eigvals", &Stack::<T>::new("eigvals", x)?, false)?.0, verdict.dims()))
    })
}

#[implements(svdvals)]
fn svdvals(x: &NdArray, verdict: &Verdict) -> Result<NdArray> {
    with_floating!("svdvals", x.dtype(), T => {
        let x = Stack::<T>::new("svdvals", x)?;
        let (m, n) = (x.m, x.n);
        let parts = each("svdvals", x.len(), 4 * cost(m, n), |i| {
            x.finite("svdvals", i, |_| 0..m)?;
            let a = x.scaled(i, |_| 0..x.m);
            let mut s = Diag::<T>::zeros(m.min(n));
            if m.min(n) > 0 {
                let no = ComputeSvdVectors::No;
                let mut room = MemBuffer::new(svd::svd_scratch::<T>(m, n, no, no, Par::Seq, Default::default()));
                let stack = MemStack::new(&mut room);
                svd::svd(a.matrix(), s.as_mut(), None, None, Par::Seq, stack, Default::default())
                    .map_err(|_| endless("svdvals", &x, i)(NoConvergence))?;
            }
            Ok((0..m.min(n)).map(|j| a.back(s[j].real_part())).collect::<Vec<_>>())
        })?;
        Ok(stacked(parts, verdict.dims()))
    })
}

#[implements(slogdet)]
fn slogdet(x: &NdArray, verdict: &Verdict) -> Result<[NdArray; 2]> {
    with_floating!("slogdet", x.dtype(), T => {
        let x = Stack::<T>::new("slogdet", x)?;
        let one = T::of_real(1.0);
        let parts = each("slogdet", x.len(), cost(x.n, x.n), |i| {
            let polar = pivots(x.matrix(i)).into_iter().map(Entry::polar);
            let (sign, log) = polar.fold((one, 0.0), |(sign, log), (s, l)| (sign.times(s), log + l));
            Ok((vec![sign], vec![log]))
        })?;
        let (signs, logs) = parts.into_iter().unzip();
        Ok([stacked(signs, &verdict.results()[0].dims), stacked(logs, &verdict.results()[1].dims)])
    })
}

#[implements(det)]
fn det(x: &NdArray, verdict: &Verdict) -> Result<NdArray> {
    with_floating!("det", x.dtype(), T => {
        let x = Stack::<T>::new("det", x)?;
        let one = T::of_real(1.0);
        let parts = each("det", x.len(), cost(x.n, x.n), |i| {
            Ok(vec![pivots(x.matrix(i)).into_iter().fold(one, |product, p| product.times(p))])
        })?;
        Ok(stacked(parts, verdict.dims()))
    })
}
