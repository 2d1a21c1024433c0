//! Stacks of linear systems: matrices with their right-hand sides, whose batches are broadcast together.

use array_api::Result;
use faer::{MatMut, MatRef};
use smallvec::SmallVec;

use crate::array::NdArray;
use crate::engine::entry::Entry;
use crate::engine::pool::{cleared, keep, vector};
use crate::engine::small::SMALL;
use crate::engine::stack::{Stack, TURN, cost, guarded, matrices, unravel};
use crate::engine::triangular::{self, UNIT_LOWER, UPPER, solve_slices as solve};
use crate::engine::{lu, share};

/// Right-hand sides of one system that are solved for together.
const TOGETHER: usize = 128;

pub(crate) struct Systems<T: Entry> {
    /// The leading axes of the matrices.
    matrices: Vec<usize>,
    b: Stack<T>,
    /// The leading axes of the solutions.
    batch: Vec<usize>,
    /// Whether the right-hand side is one vector.
    vector: bool,
}

impl<T: Entry> Systems<T> {
    /// Matrices with the leading axes `matrices`, right-hand sides `x2`, solutions of the shape `out`.
    pub(crate) fn new(op: &str, matrices: Vec<usize>, x2: &NdArray, out: &[usize]) -> Result<Systems<T>> {
        // Only a 1-d x2 is a vector, which each matrix of the stack gets.
        let (b, batch) = match *x2.shape() {
            [n] => {
                let data = x2.to_vec::<T>().unwrap_or_default();
                (Stack { data, batch: vec![], m: n, n: 1 }, &out[..out.len() - 1])
            }
            _ => (Stack::new(op, x2)?, &out[..out.len() - 2]),
        };
        Ok(Systems { matrices, b, batch: batch.to_vec(), vector: x2.shape().len() == 1 })
    }

    /// The number of system `i`'s part of a stack with the axes `batch`.
    fn number(&self, i: usize, batch: &[usize]) -> usize {
        if batch == self.batch {
            return i;
        }
        let index = unravel(i, &self.batch);
        let skip = index.len() - batch.len();
        batch.iter().zip(&index[skip..]).fold(0, |k, (&n, &j)| k * n + if n == 1 { 0 } else { j })
    }

    /// The right-hand sides of all systems, in order, to be replaced by the solutions.
    fn right(&mut self) -> Vec<T> {
        if self.b.batch == self.batch {
            return std::mem::take(&mut self.b.data);
        }
        let count = self.batch.iter().product();
        let mut all = vector(count * self.b.m * self.b.n);
        (0..count).for_each(|i| all.extend_from_slice(self.b.elements(self.number(i, &self.b.batch))));
        all
    }

    /// The solutions of all systems: `solve(matrix, part)` replaces a part of its right-hand sides by theirs.
    ///
    /// Many right-hand sides are cut at fixed places, which may be by several threads at once without showing in the result.
    pub(crate) fn solutions(
        mut self,
        op: &str,
        shape: &[usize],
        solve: impl Fn(usize, &mut [T]) + Sync,
    ) -> Result<NdArray> {
        let mut all = self.right();
        let (rows, columns) = (self.b.m, self.b.n);
        let (size, work) = (rows * columns, cost(rows, rows).saturating_mul(columns) / rows.max(1));
        if size > 0 {
            let turn = (TURN / work.max(1)).max(1);
            let piece = if turn == 1 { rows * TOGETHER } else { size * turn };
            let total = work.saturating_mul(all.len() / size);
            let turns = all.chunks_mut(size * turn).enumerate();
            let turns = turns.flat_map(|(k, some)| some.chunks_mut(piece).map(move |part| (k * turn, part)));
            let compute = |(first, part): (usize, &mut [T])| {
                for (i, x) in part.chunks_mut(size).enumerate() {
                    solve(self.number(first + i, &self.matrices), x);
                }
            };
            guarded(op, || {
                share::turns_if_worth(total, turns, compute);
                Ok(())
            })?;
        }
        Ok(if self.vector { NdArray::from_vec(all, shape) } else { matrices(all, shape) })
    }
}

/// Replaces a matrix by its factors L and U (see [`lu::factor`]).
///
/// # Errors
/// If it is singular.
pub(crate) fn factor<T: Entry>(a: &mut [T], order: &mut [usize]) -> Result<(), String> {
    lu::factor(a, order);
    match a.iter().step_by(order.len() + 1).position(|&pivot| pivot == T::default()) {
        Some(k) => Err(format!("is singular: pivot {k} of its LU decomposition is 0")),
        None => Ok(()),
    }
}

/// Replaces right-hand sides, one after the other, by the solutions of a factored system.
pub(crate) fn substitute<T: Entry>(lu: &[T], order: &[usize], x: &mut [T]) {
    let n = order.len();
    let mut before = SmallVec::<[T; SMALL]>::new();
    for column in x.chunks_exact_mut(n) {
        before.clear();
        before.extend_from_slice(column);
        column.iter_mut().zip(order).for_each(|(x, &row)| *x = before[row]);
    }
    solve(n, lu, UNIT_LOWER, x);
    solve(n, lu, UPPER, x);
}

/// Writes the inverse of a factored matrix, column by column, over zeros.
///
/// `L U = P A`, so it is the inverse of `L U` with its columns in the order of `P`. What `L`'s inverse has above the diagonal is
/// zero: a fourth of the work that solving for the identity's columns takes is not done.
pub(crate) fn inverse<T: Entry>(lu: &[T], order: &[usize], out: &mut [T]) {
    let n = order.len();
    if n <= SMALL {
        order.iter().enumerate().for_each(|(k, &to)| out[to * n + k] = T::ONE);
        solve(n, lu, UNIT_LOWER, out);
        return solve(n, lu, UPPER, out);
    }
    let lu = MatRef::from_column_major_slice(lu, n, n);
    let mut places: Vec<Option<&mut [T]>> = out.chunks_mut(n).map(Some).collect();
    let mut columns: Vec<_> = order.iter().filter_map(|&to| places[to].take()).collect();
    let pieces = columns.chunks_mut(TOGETHER).enumerate();
    let compute = |(k, piece): (usize, &mut [&mut [T]])| {
        let (first, width) = (k * TOGETHER, piece.len());
        let mut x = cleared::<T>(n * width);
        x[first..].iter_mut().step_by(n + 1).take(width).for_each(|x| *x = T::ONE);
        let mut part = MatMut::from_column_major_slice_mut(&mut x, n, width);
        let rest = n - first;
        let below = lu.submatrix(first, first, rest, rest);
        triangular::solve(below, UNIT_LOWER, part.as_mut().subrows_mut(first, rest));
        triangular::solve(lu, UPPER, part);
        piece.iter_mut().zip(x.chunks(n)).for_each(|(to, x)| to.copy_from_slice(x));
        keep(x);
    };
    if n > TOGETHER { share::turns(pieces, compute) } else { pieces.for_each(compute) }
}
