//! Singular values and vectors of one matrix.
//!
//! Larger matrices are made bidiagonal by reflections, very tall ones after they were made triangular; the singular vectors of the
//! bidiagonal matrix are brought back (Golub and Kahan 1965; Chan 1982).

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::svd::bidiag::{bidiag_in_place, bidiag_in_place_scratch};
use faer::linalg::svd::{self, ComputeSvdVectors};
use faer::traits::math_utils::abs;
use faer::{Conj, Mat, MatMut, MatRef, Par, diag::Diag};

use crate::engine::bidiagonal::bidiagonal;
use crate::engine::conquer::Endless;
use crate::engine::eigen::{BLOCK, ENDLESS, back};
use crate::engine::entry::Entry;
use crate::engine::pool::{cleared, keep};
use crate::engine::qr;
use crate::engine::stack::{finite, moderate};

/// Rows or columns, whichever are fewer, of the largest matrix that is not taken apart.
const WHOLE: usize = 48;

/// Singular values, descending, of a matrix with `m` rows, which may be written over. If there are places for the vectors, which hold
/// zeros: U, and the conjugate of V, column by column.
///
/// # Errors
/// Elements that are not finite; no convergence.
pub(crate) fn singular<T: Entry>(
    m: usize,
    a: &mut [T],
    values: &mut [T::Real],
    vectors: Option<(&mut [T], &mut [T])>,
) -> Result<(), String> {
    finite(m, a, |_| 0..m, false)?;
    let k = values.len();
    if k == 0 {
        // What there is of U or V is square then.
        let (u, v) = vectors.unwrap_or_default();
        for x in [u, v] {
            let side = x.len().isqrt();
            x.iter_mut().step_by(side + 1).for_each(|x| *x = T::ONE);
        }
        return Ok(());
    }
    let n = a.len() / m;
    let exponent = moderate(m, a, |_| 0..m);
    let mut places = vectors.map(|(u, v)| {
        let (columns, rows) = (u.len() / m, v.len() / n);
        [MatMut::from_column_major_slice_mut(u, m, columns), MatMut::from_column_major_slice_mut(v, n, rows)]
    });
    let here = places.as_mut().map(|places| places.each_mut().map(|x| x.as_mut()));
    let a = MatMut::from_column_major_slice_mut(a, m, n);
    match k <= WHOLE {
        true => whole(a.as_ref(), values, here)?,
        false if m >= n => tall(a, values, here)?,
        false => {
            // The adjoint, whose left vectors are the right ones.
            let mut adjoint = a.as_ref().adjoint().to_owned();
            tall(adjoint.as_mut(), values, here.map(|[u, v]| [v, u]))?;
        }
    }
    values.iter_mut().for_each(|x| *x = back::<T>(*x, exponent));
    if let Some([_, v]) = places {
        v.col_iter_mut().for_each(|column| column.iter_mut().for_each(|x| *x = x.conjugate()));
    }
    Ok(())
}

/// By an iteration on the whole.
fn whole<T: Entry>(
    a: MatRef<'_, T>,
    values: &mut [T::Real],
    vectors: Option<[MatMut<'_, T>; 2]>,
) -> Result<(), &'static str> {
    let (m, n, k) = (a.nrows(), a.ncols(), values.len());
    let want = match &vectors {
        Some([u, v]) if u.ncols().max(v.ncols()) > k => ComputeSvdVectors::Full,
        Some(_) => ComputeSvdVectors::Thin,
        None => ComputeSvdVectors::No,
    };
    let (u, v) = vectors.map_or((None, None), |[u, v]| (Some(u), Some(v)));
    let mut found = Diag::<T>::zeros(k);
    let mut room = MemBuffer::new(svd::svd_scratch::<T>(m, n, want, want, Par::Seq, Default::default()));
    svd::svd(a, found.as_mut(), u, v, Par::Seq, MemStack::new(&mut room), Default::default()).map_err(|_| ENDLESS)?;
    values.iter_mut().enumerate().for_each(|(i, to)| *to = found[i].real_part());
    Ok(())
}

/// Of a matrix with as many rows as columns, or more.
fn tall<T: Entry>(
    mut a: MatMut<'_, T>,
    values: &mut [T::Real],
    vectors: Option<[MatMut<'_, T>; 2]>,
) -> Result<(), &'static str> {
    let (m, n) = (a.nrows(), a.ncols());
    // Where making it triangular first is less work.
    if 6 * m < 11 * n {
        return by_parts(a, values, vectors).map_err(|Endless| ENDLESS);
    }
    let factors = qr::factor(a.as_mut());
    let a = a.as_ref();
    let mut triangle = Mat::<T>::zeros(n, n);
    for j in 0..n {
        triangle.as_mut().col_mut(j).subrows_mut(0, j + 1).copy_from(a.col(j).subrows(0, j + 1));
    }
    let Some([mut u, v]) = vectors else {
        return by_parts(triangle.as_mut(), values, None).map_err(|Endless| ENDLESS);
    };
    by_parts(triangle.as_mut(), values, Some([u.as_mut().submatrix_mut(0, 0, n, n), v])).map_err(|Endless| ENDLESS)?;
    (n..u.ncols()).for_each(|j| u[(j, j)] = T::ONE);
    qr::reflect(a, factors.as_ref(), Conj::No, u);
    Ok(())
}

/// By way of a bidiagonal matrix.
fn by_parts<T: Entry>(
    mut a: MatMut<'_, T>,
    values: &mut [T::Real],
    vectors: Option<[MatMut<'_, T>; 2]>,
) -> Result<(), Endless> {
    let (m, n) = (a.nrows(), a.ncols());
    let (mut left, mut right) = (Mat::<T>::zeros(BLOCK, n), Mat::<T>::zeros(BLOCK, n - 1));
    let mut room = MemBuffer::new(bidiag_in_place_scratch::<T>(m, n, Par::Seq, Default::default()));
    let stack = MemStack::new(&mut room);
    bidiag_in_place(a.as_mut(), left.as_mut(), right.as_mut(), Par::Seq, stack, Default::default());
    let a = a.as_ref();
    values.iter_mut().enumerate().for_each(|(i, to)| *to = abs(&a[(i, i)]));
    let mut above: Vec<T::Real> = (1..n).map(|i| abs(&a[(i - 1, i)])).collect();
    above.push(T::Real::default());
    // What is negligible is compared with one.
    let largest = values.iter().chain(&above).fold(T::Real::default(), |m, &x| if x > m { x } else { m });
    let exponent = T::exponent(largest);
    let scaled = |x: &mut [T::Real], by: i32| x.iter_mut().for_each(|x| *x = T::real_times_power(*x, by));
    scaled(values, -exponent);
    scaled(&mut above, -exponent);
    let size = if vectors.is_some() { n * n } else { 0 };
    let (mut u, mut v) = (cleared::<T::Real>(size), cleared::<T::Real>(size));
    bidiagonal(values, &above, &mut u, &mut v)?;
    values.reverse();
    scaled(values, exponent);
    let Some([mut to_u, mut to_v]) = vectors else { return Ok(()) };
    // The bidiagonal matrix is made real, and not negative, by a phase for each row and each column.
    let phase = |x: T| Some(x.polar().0).filter(|&phase| phase != T::default()).unwrap_or(T::ONE);
    let (mut rows, mut columns) = (vec![T::ONE; n], vec![T::ONE; n]);
    for i in 0..n {
        rows[i] = phase(a[(i, i)]) * columns[i];
        if i + 1 < n {
            columns[i + 1] = phase(a[(i, i + 1)]).conjugate() * rows[i];
        }
    }
    let put = |to: MatMut<'_, T>, from: &[T::Real], phases: &[T]| {
        for (to, from) in to.col_iter_mut().zip(from.chunks_exact(n).rev()) {
            to.iter_mut().zip(from).zip(phases).for_each(|((to, &x), &phase)| *to = T::of_real(x) * phase);
        }
    };
    put(to_u.as_mut(), &u, &rows);
    put(to_v.as_mut(), &v, &columns);
    [u, v].into_iter().for_each(keep);
    (n..to_u.ncols()).for_each(|j| to_u[(j, j)] = T::ONE);
    qr::reflect(a, left.as_ref(), Conj::No, to_u);
    let basis = a.submatrix(0, 1, n - 1, n - 1).transpose().to_owned();
    qr::reflect(basis.as_ref(), right.as_ref(), Conj::Yes, to_v.subrows_mut(1, n - 1));
    Ok(())
}
