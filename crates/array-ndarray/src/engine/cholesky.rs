//! Cholesky's decomposition by blocks: some columns are factored by one thread, then all threads solve for the rows below them
//! and take their part from the columns after them (right-looking, as LAPACK's `potrf` of one level).
//!
//! What threads share are pieces of a fixed size, so that the result does not show how many there are.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor as llt;
use faer::linalg::triangular_solve::solve_lower_triangular_in_place_with_conj as solve;
use faer::{Conj, MatMut, Par};

use crate::engine::share;
use crate::engine::stack::{Entry, cut};
use crate::engine::triangular::subtract;

/// Columns that are factored together.
const BLOCK: usize = 128;
/// Rows and columns of a piece of the rest.
const PIECE: usize = 64;

/// Replaces the lower triangle of a matrix by its factor; what is above the diagonal is left without meaning.
///
/// # Errors
/// The number of the first pivot that is not positive.
pub(crate) fn factor<T: Entry>(mut a: MatMut<'_, T>) -> Result<(), usize> {
    let n = a.nrows();
    let mut room = MemBuffer::new(llt::cholesky_in_place_scratch::<T>(n.min(BLOCK), Par::Seq, Default::default()));
    for first in (0..n).step_by(BLOCK) {
        let size = BLOCK.min(n - first);
        let rest = a.as_mut().submatrix_mut(first, first, n - first, n - first);
        let (mut block, _, mut below, after) = rest.split_at_mut(size, size);
        let stack = MemStack::new(&mut room);
        llt::cholesky_in_place(block.as_mut(), Default::default(), Par::Seq, stack, Default::default())
            .map_err(|llt::LltError::NonPositivePivot { index }| first + index)?;
        let block = block.as_ref();
        // X L^H = B is conj(L) X^T = B^T.
        let pieces = cut(below.as_mut().transpose_mut(), PIECE).map(|(_, rows)| rows);
        share::turns(pieces, |rows| solve(block, Conj::Yes, rows, Par::Seq));
        let below = below.as_ref();
        let pieces = cut(after, PIECE).flat_map(|(j, columns)| {
            let lower = columns.split_at_row_mut(j * PIECE).1;
            cut(lower.transpose_mut(), PIECE).map(move |(i, piece)| (i + j, j, piece.transpose_mut()))
        });
        share::turns(pieces, |(i, j, piece)| {
            let left = below.subrows(i * PIECE, piece.nrows());
            let right = below.subrows(j * PIECE, piece.ncols()).transpose();
            subtract(piece, left, right, Conj::Yes);
        });
    }
    Ok(())
}
