//! LU decomposition with partial pivoting by blocks: one thread factors some columns, then all threads bring the other columns
//! into the order of its pivots, solve for the rows beside it and take its part from the rows below (right-looking, as LAPACK's
//! `getrf` of one level). The thread that does so with the next columns factors them at once, beside the others' work.
//!
//! What threads share are pieces of a fixed size, so that the result does not show how many there are.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::lu::partial_pivoting::factor as lu;
use faer::{Conj, MatMut, Par};

use std::sync::OnceLock;

use crate::engine::entry::Entry;
use crate::engine::share;
use crate::engine::small::{self, SMALL};
use crate::engine::stack::cut;
use crate::engine::triangular::{UNIT_LOWER, solve, subtract};

/// Columns of a matrix that one thread factors by itself.
const WHOLE: usize = 128;
/// Columns that are factored together in larger ones, and those of a piece of the rest.
const BLOCK: usize = 64;

/// Replaces a square matrix, given column by column, by its factors: below the diagonal L, whose diagonal is one, and U. The numbers
/// in `order` become those of the rows of the matrix that the rows of the factors are. Tells whether an odd number of exchanges
/// leads to that order.
///
/// A pivot of zero stays where it is, and what is divided by it is not finite.
pub(crate) fn factor<T: Entry>(a: &mut [T], order: &mut [usize]) -> bool {
    let n = order.len();
    order.iter_mut().enumerate().for_each(|(i, row)| *row = i);
    if n <= SMALL {
        return small::lu(a, order);
    }
    let mut a = MatMut::from_column_major_slice_mut(a, n, n);
    let block = if n <= WHOLE { n } else { BLOCK };
    let mut odd = false;
    let mut step = columns(a.as_mut().subcols_mut(0, block.min(n)), 0);
    for first in (0..n).step_by(block) {
        odd ^= step.odd;
        step.reorder(order);
        let size = block.min(n - first);
        let (left, rest) = a.as_mut().split_at_col_mut(first);
        let (factored, right) = rest.split_at_col_mut(size);
        let (triangle, below) = factored.as_ref().subrows(first, n - first).split_at_row(size);
        let next = OnceLock::new();
        let this = first / block;
        let pieces = cut(left, block).map(|(_, piece)| Some(piece)).chain([None]);
        let pieces = pieces.chain(cut(right, block).map(|(_, piece)| Some(piece)));
        share::cyclic(pieces, this + 1, |place, piece| {
            let Some(mut piece) = piece else { return };
            for column in piece.as_mut().col_iter_mut() {
                if let Some(column) = column.try_as_col_major_mut() {
                    step.reorder(column.as_slice_mut());
                }
            }
            if place < this {
                return;
            }
            let (mut beside, mut rest) = piece.subrows_mut(first, n - first).split_at_row_mut(size);
            solve(triangle, UNIT_LOWER, beside.as_mut());
            subtract(rest.as_mut(), below, beside.as_ref(), Conj::No);
            if place == this + 1 {
                let _ = next.set(columns(rest, first + size));
            }
        });
        step = next.into_inner().unwrap_or_default();
    }
    odd
}

/// The exchanges of rows that belong to some factored columns.
#[derive(Default)]
struct Step {
    /// Cycles of places: each gets what lies at the next one, the last what lay at the first.
    cycles: Vec<Vec<usize>>,
    odd: bool,
}

impl Step {
    fn reorder<T: Copy>(&self, x: &mut [T]) {
        for cycle in &self.cycles {
            let (first, last) = (cycle[0], cycle[cycle.len() - 1]);
            let kept = x[first];
            cycle.windows(2).for_each(|next| x[next[0]] = x[next[1]]);
            x[last] = kept;
        }
    }
}

/// Factors columns, the first row of which is the matrix's row `first`.
fn columns<T: Entry>(a: MatMut<'_, T>, first: usize) -> Step {
    let (m, n) = (a.nrows(), a.ncols());
    let mut room = MemBuffer::new(lu::lu_in_place_scratch::<usize, T>(m, n, Par::Seq, Default::default()));
    let (mut from, mut to) = (vec![0_usize; m], vec![0_usize; m]);
    let (info, _) = lu::lu_in_place(a, &mut from, &mut to, Par::Seq, MemStack::new(&mut room), Default::default());
    let odd = info.transposition_count % 2 == 1;
    let mut cycles = vec![];
    for start in 0..from.len() {
        let mut cycle = vec![];
        let mut place = start;
        while from[place] != place {
            cycle.push(first + place);
            place = std::mem::replace(&mut from[place], place);
        }
        if !cycle.is_empty() {
            cycles.push(cycle);
        }
    }
    Step { cycles, odd }
}
