//! Stacks of matrices, and how the matrices are shared among threads.

use array_api::{Error, Result};
use faer::MatMut;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use crate::array::{NdArray, NdElement};
use crate::engine::entry::Entry;
use crate::engine::places::{Of, Places};
use crate::engine::pool::keep;
use crate::engine::share;

/// A stack of `m` by `n` matrices, one after the other, each column by column: as decompositions work on them.
pub(crate) struct Stack<T: Entry> {
    pub(crate) data: Vec<T>,
    pub(crate) batch: Vec<usize>,
    pub(crate) m: usize,
    pub(crate) n: usize,
}

impl<T: Entry> Drop for Stack<T> {
    fn drop(&mut self) {
        keep(std::mem::take(&mut self.data));
    }
}

impl<T: Entry> Stack<T> {
    pub(crate) fn new(op: &str, x: &NdArray) -> Result<Stack<T>> {
        match x.shape() {
            &[ref batch @ .., m, n] => {
                let data = transposed(x.clone()).contiguous().into_vec::<T>();
                Ok(Stack { data: data.unwrap_or_default(), batch: batch.to_vec(), m, n })
            }
            _ => Err(Error::backend(op, format!("an array of shape {:?} is no stack of matrices", x.shape()))),
        }
    }
    pub(crate) fn len(&self) -> usize {
        self.batch.iter().product()
    }
    /// The elements of a matrix, column by column.
    pub(crate) fn elements(&self, i: usize) -> &[T] {
        let size = self.m * self.n;
        &self.data[i * size..(i + 1) * size]
    }
    /// How errors name a matrix.
    pub(crate) fn name(&self, i: usize) -> String {
        match self.batch[..] {
            [] => "the matrix".to_string(),
            _ => format!("matrix {:?} of the stack", unravel(i, &self.batch)),
        }
    }
    /// Works on each matrix, which may be written over, and on its own of the places beside it: by several threads if that is worth
    /// while and this is not one of the pool's. `work` is what a matrix costs, in operations.
    ///
    /// # Errors
    /// What `f` says about the first matrix that fails, whichever thread meets one first.
    pub(crate) fn each<P: Places>(
        &mut self,
        op: &str,
        work: usize,
        beside: P,
        f: impl Fn(&mut [T], P::One) -> Result<(), String> + Sync,
    ) -> Result<()> {
        let mut data = std::mem::take(&mut self.data);
        let places = (Of::size(self.m * self.n, &mut data), beside);
        let failed = guarded(op, || Ok(first_failure(self.len(), work, places, |(matrix, place)| f(matrix, place))))?;
        self.data = data;
        match failed {
            Some((i, what)) => Err(Error::value(op, format!("{} {what}", self.name(i)))),
            None => Ok(()),
        }
    }
}

/// The elements of a matrix with `m` rows that are looked at, column by column: those in the rows that `read` tells of a column.
fn seen<T>(m: usize, elements: &[T], read: impl Fn(usize) -> Range<usize>) -> impl Iterator<Item = &[T]> {
    // A matrix without rows has no columns to cut into.
    elements.chunks_exact(m.max(1)).enumerate().map(move |(c, column)| &column[read(c)])
}

/// Whether the elements that are looked at are finite.
///
/// # Errors
/// The first one that is not, in words that say where: `turned` if the matrix is the transpose of the one to be told of.
pub(crate) fn finite<T: Entry>(
    m: usize,
    elements: &[T],
    read: impl Fn(usize) -> Range<usize>,
    turned: bool,
) -> Result<(), String> {
    for (c, column) in seen(m, elements, &read).enumerate() {
        // Without a branch for each element, which would keep vectors out.
        if column.iter().fold(true, |all, x| all & x.finite()) {
            continue;
        }
        if let Some((r, value)) = column.iter().enumerate().find(|(_, x)| !x.finite()) {
            let r = read(c).start + r;
            let (r, c) = if turned { (c, r) } else { (r, c) };
            return Err(format!("has the element {value} in row {r}, column {c}: it must be finite"));
        }
    }
    Ok(())
}

/// Brings a matrix to elements of about one if the largest is far from it: iterations that square elements would not end otherwise,
/// or end on wrong numbers. The elements that are looked at must be finite. Returns the power of two that it was divided by.
pub(crate) fn moderate<T: Entry>(m: usize, elements: &mut [T], read: impl Fn(usize) -> Range<usize>) -> i32 {
    let larger = |a: T::Real, b: T::Real| if b > a { b } else { a };
    let largest = seen(m, elements, read).flatten().fold(T::Real::default(), |a, x| larger(a, x.larger_part()));
    let exponent = T::exponent(largest);
    if exponent.abs() <= T::MODERATE {
        return 0;
    }
    elements.iter_mut().for_each(|x| *x = x.times_power(-exponent));
    exponent
}

pub(crate) fn unravel(mut i: usize, extents: &[usize]) -> Vec<usize> {
    let mut index = vec![0; extents.len()];
    for (at, &n) in index.iter_mut().zip(extents).rev() {
        (*at, i) = (i % n, i / n);
    }
    index
}

/// What a function returns, or the error that it panicked.
pub(crate) fn guarded<R>(op: &str, f: impl FnOnce() -> Result<R>) -> Result<R> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|cause| {
        let text = cause.downcast_ref::<String>().map(String::as_str).or(cause.downcast_ref::<&str>().copied());
        Err(Error::backend(op, format!("faer failed: {}", text.unwrap_or("it gave no reason"))))
    })
}

/// Operations that make a thread's turn: small matrices are taken several at a time.
pub(crate) const TURN: usize = 1 << 15;
/// What a matrix costs at least, in operations.
const LEAST: usize = 16;

/// Calls `f` for each of `count` places, and tells which was the first to fail.
fn first_failure<P: Places>(
    count: usize,
    work: usize,
    places: P,
    f: impl Fn(P::One) -> Result<(), String> + Sync,
) -> Option<(usize, String)> {
    let turn = (TURN / work.saturating_add(LEAST)).max(1);
    let mut rest = Some(places);
    let turns = (0..count).step_by(turn).filter_map(|first| {
        let size = turn.min(count - first);
        let (now, after) = rest.take()?.split(size);
        rest = Some(after);
        Some((first, size, now))
    });
    let failed = Mutex::new(None::<(usize, String)>);
    let compute = |(first, size, mut rest): (usize, usize, P)| {
        for i in first..first + size {
            let (place, after) = rest.split(1);
            rest = after;
            if let Err(what) = f(place.one()) {
                let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                if failed.as_ref().is_none_or(|&(first, _)| i < first) {
                    *failed = Some((i, what));
                }
                break;
            }
        }
    };
    // A lone matrix is shared by what works on it.
    let operations = if count > 1 { count.saturating_mul(work) } else { 0 };
    share::turns_if_worth(operations, turns, compute);
    failed.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// The operations that one matrix costs, roughly.
pub(crate) fn cost(m: usize, n: usize) -> usize {
    m.saturating_mul(n).saturating_mul(m.min(n))
}

/// The matrices of a stack transposed: a view.
pub(crate) fn transposed(x: NdArray) -> NdArray {
    let order = turned(x.shape().len());
    x.permuted(&order)
}

/// The axes with the last two exchanged.
fn turned(rank: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rank).collect();
    order.swap(rank - 2, rank - 1);
    order
}

/// Matrices that lie one after the other, each column by column; the result is a view that says so.
pub(crate) fn matrices<T: NdElement>(elements: Vec<T>, shape: &[usize]) -> NdArray {
    let columns: Vec<usize> = turned(shape.len()).iter().map(|&a| shape[a]).collect();
    transposed(NdArray::from_vec(elements, &columns))
}

/// Pieces of a matrix, of so many columns each, and their numbers.
pub(crate) fn cut<T>(mut rest: MatMut<'_, T>, width: usize) -> impl Iterator<Item = (usize, MatMut<'_, T>)> {
    (0..rest.ncols().div_ceil(width)).map(move |j| {
        let width = width.min(rest.ncols());
        let whole = std::mem::replace(&mut rest, MatMut::from_column_major_slice_mut(&mut [], 0, 0));
        let (piece, after) = whole.split_at_col_mut(width);
        rest = after;
        (j, piece)
    })
}
