//! QR decomposition by blocks of Householder reflections: one thread finds the reflections of some columns, then all threads apply
//! them to the columns after (as LAPACK's `geqrf`). The thread that does so with the next columns finds theirs at once, beside the
//! others' work.
//!
//! What threads share are pieces of a fixed size, so that the result does not show how many there are.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::householder;
use faer::linalg::qr::no_pivoting::factor as qr;
use faer::{Conj, Mat, MatMut, MatRef, Par};

use std::sync::OnceLock;

use crate::engine::entry::Entry;
use crate::engine::share;
use crate::engine::small::{self, SMALL, TALL};
use crate::engine::stack::cut;

/// Columns of a matrix whose reflections one thread finds by itself.
const WHOLE: usize = 40;
/// Columns of the orthogonal matrix that one thread computes at a time.
const PIECE: usize = 64;

/// Columns of a larger matrix whose reflections are found together, and those of a piece of the rest.
fn block(k: usize) -> usize {
    if k <= 256 { 16 } else { 32 }
}

/// Replaces a matrix of `m` rows, given column by column, by R and what is left of the reflections below the diagonal, and zeros by
/// the first columns of Q: as many as there is room for in `q`.
pub(crate) fn decompose<T: Entry>(m: usize, a: &mut [T], q: &mut [T]) {
    q.iter_mut().step_by(m + 1).for_each(|x| *x = T::ONE);
    if a.is_empty() {
        return;
    }
    let (n, columns) = (a.len() / m, q.len() / m);
    if n <= SMALL && m <= TALL {
        let mut factors = [T::default(); SMALL];
        let factors = &mut factors[..n.min(m)];
        small::qr(m, a, factors);
        small::orthogonal(m, a, factors, q);
        return;
    }
    let mut a = MatMut::from_column_major_slice_mut(a, m, n);
    let factors = factor(a.as_mut());
    orthogonal(a.as_ref(), factors.as_ref(), MatMut::from_column_major_slice_mut(q, m, columns));
}

/// Replaces a matrix by R and, below the diagonal, the vectors of the reflections; returns the factors that belong to each block of
/// them, side by side: as many rows as reflections that are applied together.
pub(super) fn factor<T: Entry>(mut a: MatMut<'_, T>) -> Mat<T> {
    let (m, n) = (a.nrows(), a.ncols());
    let k = m.min(n);
    if k <= WHOLE {
        let mut factors = Mat::zeros(qr::recommended_block_size::<T>(m, n), k);
        columns(a, factors.as_mut());
        return factors;
    }
    let block = block(k);
    let mut factors = Mat::zeros(block, k);
    let (now, _) = a.as_mut().split_at_col_mut(block);
    columns(now, factors.as_mut().subcols_mut(0, block));
    for first in (0..k).step_by(block) {
        let after = (first + block).min(k);
        let (factored, right) = a.as_mut().split_at_col_mut(after);
        let basis = factored.as_ref().submatrix(first, first, m - first, after - first);
        let (known, later) = factors.as_mut().split_at_col_mut(after);
        let factor = known.as_ref().submatrix(0, first, after - first, after - first);
        let next = OnceLock::new();
        let this = first / block;
        let done = (0..=this).map(|_| None);
        share::cyclic(done.chain(cut(right, block).map(|(_, piece)| Some(piece))), this + 1, |place, piece| {
            let Some(piece) = piece else { return };
            let mut piece = piece.subrows_mut(first, m - first);
            apply(basis, factor, Way::Adjoint, piece.as_mut());
            if place == this + 1 && after < k {
                let width = block.min(k - after);
                let mut factors = Mat::zeros(width, width);
                columns(piece.submatrix_mut(after - first, 0, m - after, width), factors.as_mut());
                let _ = next.set(factors);
            }
        });
        if let Some(found) = next.into_inner() {
            later.submatrix_mut(0, 0, found.nrows(), found.ncols()).copy_from(found);
        }
    }
    factors
}

/// The first columns of the product of the reflections below the diagonal of `a`: `q` holds those of the identity.
///
/// From the last block of reflections to the first: a block leaves the columns of the identity that are left of it as they are,
/// so half of the work is not done (as in LAPACK's `orgqr`).
fn orthogonal<T: Entry>(a: MatRef<'_, T>, factors: MatRef<'_, T>, q: MatMut<'_, T>) {
    let (block, k) = (factors.nrows(), factors.ncols());
    let part = |first: usize, mut q: MatMut<'_, T>| {
        let columns = q.ncols();
        for start in (0..k.min(first + columns)).step_by(block).rev() {
            let size = block.min(k - start);
            let basis = a.submatrix(start, start, a.nrows() - start, size);
            let factor = factors.submatrix(0, start, size, size);
            let (from, rows) = (start.saturating_sub(first), a.nrows() - start);
            apply(basis, factor, Way::Itself(Conj::No), q.as_mut().submatrix_mut(start, from, rows, columns - from));
        }
    };
    if k <= WHOLE {
        part(0, q);
    } else {
        share::turns(cut(q, PIECE), |(i, piece)| part(i * PIECE, piece));
    }
}

/// Replaces a matrix by its product with reflections on the left, which lie below the diagonal of `a`, or with their conjugates.
pub(crate) fn reflect<T: Entry>(a: MatRef<'_, T>, factors: MatRef<'_, T>, conjugate: Conj, to: MatMut<'_, T>) {
    let (block, k) = (factors.nrows(), factors.ncols());
    share::turns(cut(to, PIECE), |(_, mut piece)| {
        for start in (0..k).step_by(block).rev() {
            let size = block.min(k - start);
            let basis = a.submatrix(start, start, a.nrows() - start, size);
            let rest = piece.as_mut().subrows_mut(start, a.nrows() - start);
            apply(basis, factors.submatrix(0, start, size, size), Way::Itself(conjugate), rest);
        }
    });
}

/// Finds the reflections of some columns, and the factors of each block of them.
fn columns<T: Entry>(a: MatMut<'_, T>, mut factors: MatMut<'_, T>) {
    let (m, n, block) = (a.nrows(), a.ncols(), factors.nrows());
    let mut room = MemBuffer::new(qr::qr_in_place_scratch::<T>(m, n, block, Par::Seq, Default::default()));
    qr::qr_in_place(a, factors.as_mut(), Par::Seq, MemStack::new(&mut room), Default::default());
}

/// Whether a product of reflections is applied, or that of their conjugates, or its adjoint.
#[derive(Clone, Copy)]
enum Way {
    Itself(Conj),
    Adjoint,
}

fn apply<T: Entry>(basis: MatRef<'_, T>, factor: MatRef<'_, T>, way: Way, to: MatMut<'_, T>) {
    let (m, block, n) = (to.nrows(), factor.nrows(), to.ncols());
    let need = householder::apply_block_householder_on_the_left_in_place_scratch::<T>(m, block, n);
    let mut room = MemBuffer::new(need);
    let stack = MemStack::new(&mut room);
    match way {
        Way::Itself(conjugate) => householder::apply_block_householder_on_the_left_in_place_with_conj(
            basis,
            factor,
            conjugate,
            to,
            Par::Seq,
            stack,
        ),
        Way::Adjoint => householder::apply_block_householder_transpose_on_the_left_in_place_with_conj(
            basis,
            factor,
            Conj::Yes,
            to,
            Par::Seq,
            stack,
        ),
    }
}
