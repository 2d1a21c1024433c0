//! Cholesky's decomposition by blocks: one thread factors some columns, then all threads take their part from the columns after
//! them (right-looking, as LAPACK's `potrf` of one level). The thread that does so with the next columns factors them at once,
//! beside the others' work.
//!
//! What threads share are pieces of a fixed size, so that the result does not show how many there are.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor as llt;
use faer::linalg::triangular_solve::solve_lower_triangular_in_place_with_conj as solve;
use faer::{Conj, MatMut, Par};

use std::sync::OnceLock;

use crate::engine::entry::Entry;
use crate::engine::share;
use crate::engine::small::{self, SMALL};
use crate::engine::stack::cut;
use crate::engine::triangular::subtract;

/// Columns of a matrix that one thread factors by itself.
const WHOLE: usize = 128;
/// Columns that are factored together in larger ones, and those of a piece of the rest.
const BLOCK: usize = 64;

/// Replaces the lower triangle of a matrix with `n` rows, given column by column, by its factor; what is above the diagonal is left
/// without meaning.
///
/// # Errors
/// The number of the first pivot that is not positive.
pub(crate) fn factor<T: Entry>(n: usize, a: &mut [T]) -> Result<(), usize> {
    if n <= SMALL {
        return small::cholesky(n, a);
    }
    let mut a = MatMut::from_column_major_slice_mut(a, n, n);
    let block = if n <= WHOLE { n } else { BLOCK };
    columns(a.as_mut().subcols_mut(0, block.min(n)), 0)?;
    for first in (0..n).step_by(block) {
        let after = (first + block).min(n);
        let (factored, right) = a.as_mut().split_at_col_mut(after);
        let below = factored.as_ref().submatrix(after, first, n - after, after - first);
        let next = OnceLock::new();
        let this = first / block;
        let done = (0..=this).map(|_| None);
        share::cyclic(done.chain(cut(right, block).map(|(_, piece)| Some(piece))), this + 1, |place, piece| {
            let Some(piece) = piece else { return };
            let row = place * block;
            let mut piece = piece.subrows_mut(row, n - row);
            let left = below.subrows(row - after, n - row);
            let right = left.subrows(0, piece.ncols()).transpose();
            subtract(piece.as_mut(), left, right, Conj::Yes);
            if place == this + 1 {
                let _ = next.set(columns(piece, row));
            }
        });
        next.into_inner().unwrap_or(Ok(()))?;
    }
    Ok(())
}

/// Factors columns, the first of which is the matrix's column `first`, from the diagonal on.
fn columns<T: Entry>(a: MatMut<'_, T>, first: usize) -> Result<(), usize> {
    let n = a.ncols();
    let (mut block, below) = a.split_at_row_mut(n);
    let mut room = MemBuffer::new(llt::cholesky_in_place_scratch::<T>(n, Par::Seq, Default::default()));
    let stack = MemStack::new(&mut room);
    llt::cholesky_in_place(block.as_mut(), Default::default(), Par::Seq, stack, Default::default())
        .map_err(|llt::LltError::NonPositivePivot { index }| first + index)?;
    // X L^H = B is conj(L) X^T = B^T.
    solve(block.as_ref(), Conj::Yes, below.transpose_mut(), Par::Seq);
    Ok(())
}
