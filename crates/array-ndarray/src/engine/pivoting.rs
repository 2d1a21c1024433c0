//! LU decomposition with partial pivoting of some columns, by one thread: halves, down to a few columns that are updated one by
//! one (as LAPACK's `getrf2`).

use faer::{Conj, MatMut};

use crate::engine::simd::{Level, compiled, level};
use crate::engine::stack::Entry;
use crate::engine::triangular::{UNIT_LOWER, solve, subtract};

/// Columns that are updated one by one.
const FEW: usize = 16;

/// Replaces columns, at most as many as rows, by their factors, and tells which row each of the first rows changed places with.
///
/// Where a column has only zeros left, the pivot is zero and nothing is divided by it.
pub(crate) fn factor<T: Entry>(mut a: MatMut<'_, T>) -> Vec<usize> {
    let n = a.ncols();
    if n <= FEW {
        let mut exchanges = Vec::with_capacity(n);
        let mut columns: Vec<&mut [T]> =
            a.col_iter_mut().filter_map(|c| Some(c.try_as_col_major_mut()?.as_slice_mut())).collect();
        // SAFETY: the level is this processor's.
        unsafe {
            match level() {
                Level::Avx512 => avx512(&mut columns, &mut exchanges),
                Level::Avx2 => avx2(&mut columns, &mut exchanges),
                Level::Baseline => baseline(&mut columns, &mut exchanges),
            }
        }
        return exchanges;
    }
    let half = (n / 2).next_multiple_of(FEW);
    let (mut left, mut right) = a.as_mut().split_at_col_mut(half);
    let mut exchanges = factor(left.as_mut());
    exchange(right.as_mut(), &exchanges);
    let (mut beside, mut rest) = right.split_at_row_mut(half);
    let (triangle, mut below) = left.split_at_row_mut(half);
    solve(triangle.as_ref(), UNIT_LOWER, beside.as_mut());
    subtract(rest.as_mut(), below.as_ref(), beside.as_ref(), Conj::No);
    let later = factor(rest);
    exchange(below.as_mut(), &later);
    exchanges.extend(later.iter().map(|row| half + row));
    exchanges
}

/// Exchanges the first rows with others, in order.
fn exchange<T: Entry>(a: MatMut<'_, T>, exchanges: &[usize]) {
    for column in a.col_iter_mut().filter_map(|c| c.try_as_col_major_mut()) {
        let column = column.as_slice_mut();
        exchanges.iter().enumerate().for_each(|(i, &row)| column.swap(i, row));
    }
}

compiled!(baseline, avx2, avx512 = few<T: Entry>(columns: &mut [&mut [T]], exchanges: &mut Vec<usize>));

/// Each column is updated by those before it when its turn comes: first where their triangle is, then below.
#[inline(always)]
unsafe fn few<T: Entry>(columns: &mut [&mut [T]], exchanges: &mut Vec<usize>) {
    for j in 0..columns.len() {
        let (before, rest) = columns.split_at_mut(j);
        let x = &mut *rest[0];
        exchanges.iter().enumerate().for_each(|(i, &row)| x.swap(i, row));
        let mut y = [T::default(); FEW];
        y[..j].copy_from_slice(&x[..j]);
        for (k, l) in before.iter().enumerate() {
            let (known, l) = (y[k], &l[..j]);
            y[..j].iter_mut().zip(l).skip(k + 1).for_each(|(y, &l)| *y = y.minus_product(l, known));
        }
        x[..j].copy_from_slice(&y[..j]);
        let mut row = j;
        row = update::<T, 32>(x, row, before, &y);
        row = update::<T, 8>(x, row, before, &y);
        update::<T, 1>(x, row, before, &y);
        let row = j + largest(&x[j..]);
        exchanges.push(row);
        x.swap(j, row);
        before.iter_mut().for_each(|l| l.swap(j, row));
        let (pivot, below) = (x[j], &mut x[j + 1..]);
        let reciprocal = T::ONE.over(pivot);
        if pivot == T::default() {
            continue;
        } else if reciprocal.finite() {
            below.iter_mut().for_each(|x| *x = x.times(reciprocal));
        } else {
            below.iter_mut().for_each(|x| *x = x.over(pivot));
        }
    }
}

/// Takes from a column, `N` rows at a time from `row` on, its part in the columns before it; returns the first row that is left.
#[inline(always)]
fn update<T: Entry, const N: usize>(x: &mut [T], row: usize, before: &[&mut [T]], y: &[T; FEW]) -> usize {
    let (chunks, rest) = x[row..].as_chunks_mut::<N>();
    let left = rest.len();
    for (c, x) in chunks.iter_mut().enumerate() {
        let mut sum = *x;
        for (l, &y) in before.iter().zip(y) {
            if let Some(l) = l[row + c * N..].first_chunk::<N>() {
                sum.iter_mut().zip(l).for_each(|(x, &l)| *x = x.minus_product(l, y));
            }
        }
        *x = sum;
    }
    x.len() - left
}

/// The place of the largest element, the first of equal ones.
#[inline(always)]
fn largest<T: Entry>(x: &[T]) -> usize {
    const LANES: usize = 16;
    let larger = |a: T::Real, b: T::Real| if b > a { b } else { a };
    let mut most = [T::Real::default(); LANES];
    let (chunks, rest) = x.as_chunks::<LANES>();
    chunks.iter().for_each(|chunk| most.iter_mut().zip(chunk).for_each(|(m, x)| *m = larger(*m, x.larger_part())));
    most.iter_mut().zip(rest).for_each(|(m, x)| *m = larger(*m, x.larger_part()));
    let most = most.into_iter().fold(T::Real::default(), larger);
    x.iter().position(|x| x.larger_part() == most).unwrap_or(0)
}
