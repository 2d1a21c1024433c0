//! Eigenvalues and determinants of one matrix.
//!
//! Matrices lie column by column and may be written over; results are written to their places.

use array_api::Complex;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::tridiag::{tridiag_in_place, tridiag_in_place_scratch};
use faer::linalg::evd::{self, ComputeEigenvectors};
use faer::traits::math_utils::abs;
use faer::{Conj, Mat, MatMut, MatRef, Par, diag::Diag};
use smallvec::SmallVec;

use std::iter;

use crate::array::NdElement;
use crate::engine::conquer::{self, Endless};
use crate::engine::entry::Entry;
use crate::engine::pool::{cleared, keep};
use crate::engine::small::SMALL;
use crate::engine::stack::{finite, moderate};
use crate::engine::{lu, qr};

/// Rows of the largest matrix whose eigenvectors an iteration finds.
const WHOLE: usize = 48;
/// Reflections that are applied together.
pub(super) const BLOCK: usize = 32;
/// What an iteration that does not end says of its matrix.
pub(super) const ENDLESS: &str = "did not converge";

fn wanted(vectors: bool) -> ComputeEigenvectors {
    if vectors { ComputeEigenvectors::Yes } else { ComputeEigenvectors::No }
}

/// A value of a matrix that was divided by a power of two as the matrix's own.
pub(super) fn back<T: Entry>(value: T::Real, exponent: i32) -> T::Real {
    if exponent == 0 { value } else { T::real_times_power(value, exponent) }
}

/// Eigenvalues, ascending, and eigenvectors, if there is room for them, of the Hermitian matrix whose lower triangle is given.
///
/// # Errors
/// Elements that are not finite; no convergence.
pub(crate) fn hermitian<T: Entry>(a: &mut [T], values: &mut [T::Real], vectors: &mut [T]) -> Result<(), String> {
    let n = values.len();
    finite(n, a, |c| c..n, false)?;
    if n == 0 {
        return Ok(());
    }
    let exponent = moderate(n, a, |c| c..n);
    // The diagonal of a Hermitian matrix is real.
    a.iter_mut().step_by(n + 1).for_each(|x| *x = T::of_real(x.real_part()));
    if n <= WHOLE {
        let mut found = Diag::<T>::zeros(n);
        let wanted = wanted(!vectors.is_empty());
        let mut room = MemBuffer::new(evd::self_adjoint_evd_scratch::<T>(n, wanted, Par::Seq, Default::default()));
        let to = (!vectors.is_empty()).then(|| MatMut::from_column_major_slice_mut(vectors, n, n));
        let (a, stack) = (MatRef::from_column_major_slice(a, n, n), MemStack::new(&mut room));
        evd::self_adjoint_evd(a, found.as_mut(), to, Par::Seq, stack, Default::default()).map_err(|_| ENDLESS)?;
        values.iter_mut().enumerate().for_each(|(i, to)| *to = found[i].real_part());
    } else {
        hermitian_by_parts(a, values, vectors).map_err(|Endless| ENDLESS)?;
    }
    values.iter_mut().for_each(|x| *x = back::<T>(*x, exponent));
    Ok(())
}

/// The same for larger matrices: a tridiagonal one is made of them, whose eigenvectors are brought back.
fn hermitian_by_parts<T: Entry>(a: &mut [T], values: &mut [T::Real], vectors: &mut [T]) -> Result<(), Endless> {
    let n = values.len();
    let mut a = MatMut::from_column_major_slice_mut(a, n, n);
    let mut factors = Mat::<T>::zeros(BLOCK, n - 1);
    let mut room = MemBuffer::new(tridiag_in_place_scratch::<T>(n, Par::Seq, Default::default()));
    tridiag_in_place(a.as_mut(), factors.as_mut(), Par::Seq, MemStack::new(&mut room), Default::default());
    let a = a.as_ref();
    values.iter_mut().enumerate().for_each(|(i, to)| *to = a[(i, i)].real_part());
    let mut beside: Vec<T::Real> = (1..n).map(|i| abs(&a[(i, i - 1)])).collect();
    beside.push(T::Real::default());
    // The elements of eigenvectors are compared with those of the matrix, which must be of about one for that.
    let largest = values.iter().chain(&beside).fold(T::Real::default(), |m, x| if abs(x) > m { abs(x) } else { m });
    let exponent = T::exponent(largest);
    let scaled = |x: &mut [T::Real], by: i32| x.iter_mut().for_each(|x| *x = T::real_times_power(*x, by));
    scaled(values, -exponent);
    scaled(&mut beside, -exponent);
    let mut real = cleared::<T::Real>(vectors.len());
    conquer::tridiagonal(values, &mut beside, &mut real)?;
    scaled(values, exponent);
    if vectors.is_empty() {
        return Ok(());
    }
    // The numbers beside the diagonal are made real by a phase for each row.
    let mut phases = vec![T::ONE; n];
    for i in 1..n {
        phases[i] = (phases[i - 1] * a[(i, i - 1)]).polar().0;
        if phases[i] == T::default() {
            phases[i] = T::ONE;
        }
    }
    for (to, from) in vectors.chunks_exact_mut(n).zip(real.chunks_exact(n)) {
        to.iter_mut().zip(from).zip(&phases).for_each(|((to, &x), &phase)| *to = T::of_real(x) * phase);
    }
    keep(real);
    let vectors = MatMut::from_column_major_slice_mut(vectors, n, n);
    qr::reflect(a.submatrix(1, 0, n - 1, n - 1), factors.as_ref(), Conj::No, vectors.subrows_mut(1, n - 1));
    Ok(())
}

/// Elements of matrices that need not be Hermitian: real ones have complex eigenvalues too.
pub(crate) trait General: Entry {
    /// The complex type.
    type Wide: NdElement + Entry;
    /// Eigenvalues of a matrix of at least one element, by their real parts, then by their imaginary ones, and eigenvectors of length
    /// one, if there is room for them.
    ///
    /// # Errors
    /// Elements that are not finite; no convergence.
    fn eigen(a: &mut [Self], values: &mut [Self::Wide], vectors: &mut [Self::Wide]) -> Result<(), String>;
}

macro_rules! general {
    ($($t:ty),*) => { $(
        impl General for $t {
            type Wide = Complex<$t>;
            fn eigen(a: &mut [$t], values: &mut [Self::Wide], vectors: &mut [Self::Wide]) -> Result<(), String> {
                let n = values.len();
                finite(n, a, |_| 0..n, false)?;
                let exponent = moderate(n, a, |_| 0..n);
                let a = MatRef::from_column_major_slice(a, n, n);
                let (mut re, mut im) = (Diag::<$t>::zeros(n), Diag::<$t>::zeros(n));
                let wanted = wanted(!vectors.is_empty());
                let mut v = (!vectors.is_empty()).then(|| Mat::<$t>::zeros(n, n));
                let need = evd::evd_scratch::<$t>(n, ComputeEigenvectors::No, wanted, Par::Seq, Default::default());
                let mut room = MemBuffer::new(need);
                let to = v.as_mut().map(|v| v.as_mut());
                evd::evd_real(a, re.as_mut(), im.as_mut(), None, to, Par::Seq, MemStack::new(&mut room), Default::default())
                    .map_err(|_| ENDLESS)?;
                // Of a conjugate pair, the first column is the real part and the second one the imaginary part of the first
                // eigenvector; the other one is its conjugate.
                let mut first = vec![true; n];
                for i in 1..n {
                    first[i] = im[i] == 0.0 || im[i - 1] == 0.0 || !first[i - 1];
                }
                let entry = |v: &Mat<$t>, r: usize, c: usize| match (im[c] == 0.0, first[c]) {
                    (true, _) => Complex::new(v[(r, c)], 0.0),
                    (_, true) => Complex::new(v[(r, c)], v[(r, c + 1)]),
                    (_, false) => Complex::new(v[(r, c - 1)], -v[(r, c)]),
                };
                let found: Vec<_> = (0..n).map(|i| Complex::new(re[i], im[i])).collect();
                sorted(&found, |r, c| v.as_ref().map_or_else(Default::default, |v| entry(v, r, c)), values, vectors);
                rescale(values, exponent);
                Ok(())
            }
        }
        impl General for Complex<$t> {
            type Wide = Complex<$t>;
            fn eigen(a: &mut [Self], values: &mut [Self::Wide], vectors: &mut [Self::Wide]) -> Result<(), String> {
                let n = values.len();
                finite(n, a, |_| 0..n, false)?;
                let exponent = moderate(n, a, |_| 0..n);
                let a = MatRef::from_column_major_slice(a, n, n);
                let mut found = Diag::<Self>::zeros(n);
                let wanted = wanted(!vectors.is_empty());
                let mut v = (!vectors.is_empty()).then(|| Mat::<Self>::zeros(n, n));
                let need = evd::evd_scratch::<Self>(n, ComputeEigenvectors::No, wanted, Par::Seq, Default::default());
                let mut room = MemBuffer::new(need);
                let to = v.as_mut().map(|v| v.as_mut());
                evd::evd_cplx(a, found.as_mut(), None, to, Par::Seq, MemStack::new(&mut room), Default::default())
                    .map_err(|_| ENDLESS)?;
                let found: Vec<_> = (0..n).map(|i| found[i]).collect();
                sorted(&found, |r, c| v.as_ref().map_or_else(Default::default, |v| v[(r, c)]), values, vectors);
                rescale(values, exponent);
                Ok(())
            }
        }
    )* };
}
general!(f32, f64);

fn rescale<T: Entry>(values: &mut [T], exponent: i32) {
    if exponent != 0 {
        values.iter_mut().for_each(|x| *x = x.times_power(exponent));
    }
}

/// Writes eigenvalues in order, and the columns of eigenvectors along, each of length one.
fn sorted<T>(
    found: &[Complex<T>],
    entry: impl Fn(usize, usize) -> Complex<T>,
    values: &mut [Complex<T>],
    vectors: &mut [Complex<T>],
) where
    T: num_traits::Float,
{
    let n = found.len();
    let mut order: Vec<usize> = (0..n).collect();
    let by = |i: usize| (found[i].re, found[i].im);
    order.sort_by(|&i, &j| by(i).partial_cmp(&by(j)).unwrap_or(std::cmp::Ordering::Equal));
    values.iter_mut().zip(&order).for_each(|(to, &i)| *to = found[i]);
    for (column, &c) in vectors.chunks_exact_mut(n).zip(&order) {
        column.iter_mut().enumerate().for_each(|(r, z)| *z = entry(r, c));
        // Scaled by the largest part, so that no square overflows.
        let large = column.iter().fold(T::zero(), |m, z| m.max(z.re.abs()).max(z.im.abs()));
        let part = |x: T| (x / large) * (x / large);
        let length = large * column.iter().fold(T::zero(), |s, z| s + part(z.re) + part(z.im)).sqrt();
        column.iter_mut().for_each(|z| *z = Complex::new(z.re / length, z.im / length));
    }
}

/// Factors whose product is the determinant of a square matrix with `n` rows: 1, or -1 if its rows were exchanged an odd number of
/// times, and the pivots of its LU decomposition. Of a singular matrix only a zero.
pub(crate) fn pivots<T: Entry>(n: usize, a: &mut [T]) -> impl Iterator<Item = T> {
    let numbers = a.iter().all(|x| x.finite());
    let odd = lu::factor(a, &mut SmallVec::<[usize; SMALL]>::from_elem(0, n));
    // A pivot of zero is the largest of its column: the matrix is singular, and what follows was divided by zero.
    let singular = numbers && a.iter().step_by(n + 1).any(|&pivot| pivot == T::default());
    let sign = if odd { T::MINUS_ONE } else { T::ONE };
    let count = if singular { 0 } else { n };
    iter::once(if singular { T::default() } else { sign }).chain(a.iter().step_by(n + 1).take(count).copied())
}
