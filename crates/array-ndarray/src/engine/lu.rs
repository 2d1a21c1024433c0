//! LU decomposition with partial pivoting by blocks: one thread factors some columns, then all threads bring the other columns
//! into the order of its pivots, solve for the rows beside it and take its part from the rows below (right-looking, as LAPACK's
//! `getrf` of one level).
//!
//! What threads share are pieces of a fixed size, so that the result does not show how many there are.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::lu::partial_pivoting::factor as lu;
use faer::linalg::matmul::matmul;
use faer::linalg::triangular_solve::solve_unit_lower_triangular_in_place as solve;
use faer::{Accum, MatMut, Par};

use crate::engine::share;
use crate::engine::stack::{Entry, cut};

/// Columns of a matrix that one thread factors by itself.
const WHOLE: usize = 128;
/// Columns that are factored together in larger ones.
const BLOCK: usize = 64;
/// Columns of a piece of the rest.
const PIECE: usize = 64;

/// The order of the rows of a decomposed matrix.
pub(crate) struct Pivots {
    /// Which row of the matrix each row of the factors is.
    pub(crate) order: Vec<usize>,
    /// Whether an odd number of exchanges leads to it.
    pub(crate) odd: bool,
}

/// Replaces a square matrix by its factors: below the diagonal L, whose diagonal is one, and U.
///
/// A pivot of zero stays where it is, and what is divided by it is not finite.
pub(crate) fn factor<T: Entry>(mut a: MatMut<'_, T>) -> Pivots {
    let n = a.nrows();
    let block = if n <= WHOLE { n.max(1) } else { BLOCK };
    let mut room = MemBuffer::new(lu::lu_in_place_scratch::<usize, T>(n, block.min(n), Par::Seq, Default::default()));
    let (mut to, mut from) = (vec![0_usize; n], vec![0_usize; n]);
    let mut pivots = Pivots { order: (0..n).collect(), odd: false };
    for first in (0..n).step_by(block) {
        let size = block.min(n - first);
        let (left, rest) = a.as_mut().split_at_col_mut(first);
        let (columns, right) = rest.split_at_col_mut(size);
        let mut columns = columns.subrows_mut(first, n - first);
        let (to, from) = (&mut to[first..], &mut from[first..]);
        let stack = MemStack::new(&mut room);
        let (info, _) = lu::lu_in_place(columns.as_mut(), to, from, Par::Seq, stack, Default::default());
        pivots.odd ^= info.transposition_count % 2 == 1;
        let moved: Vec<(usize, usize)> =
            to.iter().enumerate().filter(|(i, p)| i != *p).map(|(i, p)| (first + i, first + p)).collect();
        reorder(&mut pivots.order, &moved, &mut Vec::new());
        let (triangle, below) = columns.as_ref().split_at_row(size);
        let pieces = cut(left, PIECE).map(|(_, piece)| (piece, false));
        let pieces = pieces.chain(cut(right, PIECE).map(|(_, piece)| (piece, true)));
        share::turns_with(pieces, Vec::new, |buffer, (mut piece, follows)| {
            for column in piece.as_mut().col_iter_mut() {
                if let Some(column) = column.try_as_col_major_mut() {
                    reorder(column.as_slice_mut(), &moved, buffer);
                }
            }
            if follows {
                let (mut beside, rest) = piece.subrows_mut(first, n - first).split_at_row_mut(size);
                solve(triangle, beside.as_mut(), Par::Seq);
                matmul(rest, Accum::Add, below, beside.as_ref(), T::MINUS_ONE, Par::Seq);
            }
        });
    }
    pivots
}

/// Moves elements: each pair is a place, and where its new element lies so far.
fn reorder<T: Copy>(x: &mut [T], moved: &[(usize, usize)], buffer: &mut Vec<T>) {
    buffer.clear();
    buffer.extend(moved.iter().map(|&(_, from)| x[from]));
    moved.iter().zip(buffer).for_each(|(&(to, _), value)| x[to] = *value);
}
