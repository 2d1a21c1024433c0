//! Eigenvalues, singular values and determinants of stacks of matrices.
//!
//! As in the decompositions, numbers that are not finite are refused where iterations need not end on them; determinants
//! carry them on.

use array_api::{Result, Verdict, implements};
use faer::traits::ComplexField;

use crate::array::NdArray;
use crate::engine::by_type::with_floating;
use crate::engine::eigen::{General, hermitian, pivots};
use crate::engine::entry::Entry;
use crate::engine::places::Of;
use crate::engine::pool::cleared;
use crate::engine::singular::singular;
use crate::engine::stack::{Stack, cost, matrices};

/// The type of the absolute values of a type.
type Real<T> = <T as ComplexField>::Real;
/// The eigenvalues of all matrices, and their eigenvectors.
type Eigen<V, C> = (Vec<V>, Vec<C>);

/// Of each Hermitian matrix the eigenvalues, and the eigenvectors (or nothing).
fn all_hermitian<T: Entry>(op: &str, mut x: Stack<T>, vectors: bool) -> Result<Eigen<Real<T>, T>> {
    let n = x.n;
    let size = if vectors { n * n } else { 0 };
    let (mut values, mut columns) = (cleared::<Real<T>>(x.len() * n), cleared::<T>(x.len() * size));
    let places = (Of::size(n, &mut values), Of::size(size, &mut columns));
    x.each(op, 9 * cost(n, n), places, |a, (values, vectors)| hermitian(a, values, vectors))?;
    Ok((values, columns))
}

#[implements(eigh)]
fn eigh(x: &NdArray, verdict: &Verdict) -> Result<[NdArray; 2]> {
    with_floating!("eigh", x.dtype(), T => {
        let (values, vectors) = all_hermitian("eigh", Stack::<T>::new("eigh", x)?, true)?;
        let dims = |i: usize| &verdict.results()[i].dims;
        Ok([NdArray::from_vec(values, dims(0)), matrices(vectors, dims(1))])
    })
}

#[implements(eigvalsh)]
fn eigvalsh(x: &NdArray, verdict: &Verdict) -> Result<NdArray> {
    with_floating!("eigvalsh", x.dtype(), T => {
        let (values, _) = all_hermitian("eigvalsh", Stack::<T>::new("eigvalsh", x)?, false)?;
        Ok(NdArray::from_vec(values, verdict.dims()))
    })
}

/// Of each matrix the eigenvalues, and the eigenvectors (or nothing).
fn all_general<T: General>(op: &str, mut x: Stack<T>, vectors: bool) -> Result<Eigen<T::Wide, T::Wide>> {
    let n = x.n;
    let size = if vectors { n * n } else { 0 };
    let (mut values, mut columns) = (cleared::<T::Wide>(x.len() * n), cleared::<T::Wide>(x.len() * size));
    let places = (Of::size(n, &mut values), Of::size(size, &mut columns));
    x.each(op, 25 * cost(n, n), places, |a, (values, vectors)| match n {
        0 => Ok(()),
        _ => T::eigen(a, values, vectors),
    })?;
    Ok((values, columns))
}

#[implements(eig)]
fn eig(x: &NdArray, verdict: &Verdict) -> Result<[NdArray; 2]> {
    with_floating!("eig", x.dtype(), T => {
        let (values, vectors) = all_general("eig", Stack::<T>::new("eig", x)?, true)?;
        let dims = |i: usize| &verdict.results()[i].dims;
        Ok([NdArray::from_vec(values, dims(0)), matrices(vectors, dims(1))])
    })
}

#[implements(eigvals)]
fn eigvals(x: &NdArray, verdict: &Verdict) -> Result<NdArray> {
    with_floating!("eigvals", x.dtype(), T => {
        let (values, _) = all_general("eigvals", Stack::<T>::new("eigvals", x)?, false)?;
        Ok(NdArray::from_vec(values, verdict.dims()))
    })
}

#[implements(svdvals)]
fn svdvals(x: &NdArray, verdict: &Verdict) -> Result<NdArray> {
    with_floating!("svdvals", x.dtype(), T => {
        let mut x = Stack::<T>::new("svdvals", x)?;
        let (m, n) = (x.m, x.n);
        let k = m.min(n);
        let mut values = cleared::<Real<T>>(x.len() * k);
        x.each("svdvals", 4 * cost(m, n), Of::size(k, &mut values), |a, values| singular(m, a, values, None))?;
        Ok(NdArray::from_vec(values, verdict.dims()))
    })
}

#[implements(slogdet)]
fn slogdet(x: &NdArray, verdict: &Verdict) -> Result<[NdArray; 2]> {
    with_floating!("slogdet", x.dtype(), T => {
        let mut x = Stack::<T>::new("slogdet", x)?;
        let n = x.n;
        let (mut signs, mut logs) = (cleared::<T>(x.len()), cleared::<Real<T>>(x.len()));
        x.each("slogdet", cost(n, n), (Of::size(1, &mut signs), Of::size(1, &mut logs)), |a, (sign, log)| {
            let polar = pivots(n, a).map(Entry::polar);
            (sign[0], log[0]) = polar.fold((T::ONE, 0.0), |(sign, log), (s, l)| (sign * s, log + l));
            Ok(())
        })?;
        let dims = |i: usize| &verdict.results()[i].dims;
        Ok([NdArray::from_vec(signs, dims(0)), NdArray::from_vec(logs, dims(1))])
    })
}

#[implements(det)]
fn det(x: &NdArray, verdict: &Verdict) -> Result<NdArray> {
    with_floating!("det", x.dtype(), T => {
        let mut x = Stack::<T>::new("det", x)?;
        let n = x.n;
        let mut products = cleared::<T>(x.len());
        x.each("det", cost(n, n), Of::size(1, &mut products), |a, product| {
            product[0] = pivots(n, a).fold(T::ONE, |product, p| product * p);
            Ok(())
        })?;
        Ok(NdArray::from_vec(products, verdict.dims()))
    })
}
