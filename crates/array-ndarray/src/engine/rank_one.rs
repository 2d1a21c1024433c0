//! What a change of rank one makes of eigenvectors: all roots of a secular equation, the weights that have exactly these roots, the
//! eigenvectors in terms of the old ones, and products with those.
//!
//! Of weights computed anew from the roots the eigenvectors are orthogonal to working precision (Gu and Eisenstat 1995). Roots,
//! weights and columns are shared among threads, each computed by one: the result does not show it.

use gemm::{Parallelism, gemm};

use std::array::from_fn;
use std::ops::Range;

use crate::engine::entry::Real;
use crate::engine::pool::{cleared, keep};
use crate::engine::secular::{Poles, Secular};
use crate::engine::share::turns_if_worth as turns;
use crate::engine::simd::by_level;

/// Columns of a product, or roots, that one thread computes at a time.
pub(super) const PIECE: usize = 32;
/// Rows of which one thread computes the weights at a time.
const ROWS: usize = 128;
/// Parts of a sum.
const LANES: usize = 16;

/// Which rows of the vectors are computed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    All,
    /// The first one and the last one, which the next join needs: for values alone.
    Ends,
}

/// The vectors of a block on the diagonal: whole columns of `column` elements, of which some rows are the block's.
pub(crate) struct Columns<'a, R> {
    pub(crate) column: usize,
    pub(crate) rows: Range<usize>,
    pub(crate) elements: &'a mut [R],
}

impl<R: Real> Columns<'_, R> {
    pub(crate) fn get(&mut self, j: usize) -> &mut [R] {
        &mut self.elements[j * self.column..][self.rows.clone()]
    }

    /// Replaces columns `i < j` or `j < i` by `c x + s y` and `c y - s x`.
    pub(super) fn rotate(&mut self, i: usize, j: usize, c: R, s: R) {
        let (low, high) = (i.min(j), i.max(j));
        let (before, after) = self.elements.split_at_mut(high * self.column);
        let (a, b) = (&mut before[low * self.column..][self.rows.clone()], &mut after[self.rows.clone()]);
        let (x, y) = if i < j { (a, b) } else { (b, a) };
        for (x, y) in x.iter_mut().zip(y) {
            (*x, *y) = (c * *x + s * *y, c * *y - s * *x);
        }
    }

    /// Columns of some rows, one after the other.
    pub(super) fn packed(&mut self, columns: &[usize], rows: Range<usize>) -> Vec<R> {
        let mut to = cleared::<R>(rows.len() * columns.len());
        if !rows.is_empty() {
            to.chunks_exact_mut(rows.len())
                .zip(columns)
                .for_each(|(to, &j)| to.copy_from_slice(&self.get(j)[rows.clone()]));
        }
        to
    }

    /// Writes the columns anew, in an order: the new ones and, after them, those that stayed.
    pub(super) fn arrange(&mut self, order: &[usize], new: &[R], stayed: &[usize]) {
        let size = self.rows.len();
        let stayed = self.packed(stayed, 0..size);
        for (j, &from) in order.iter().enumerate() {
            let (old, from) = (from * size >= new.len(), from * size);
            let columns = if old { &stayed[from - new.len()..] } else { &new[from..] };
            self.get(j).copy_from_slice(&columns[..size]);
        }
        keep(stayed);
    }
}

/// Which rows of an eigenvector are not zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rows {
    Above,
    All,
    Below,
}

/// The places of values in ascending order.
pub(super) fn ascending<R: Real>(values: &[R]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].partial_cmp(&values[b]).unwrap_or(std::cmp::Ordering::Equal));
    order
}

/// The columns that a change of rank one changes, and those that it leaves alone.
#[derive(Default)]
pub(super) struct Changed<R> {
    /// By their poles, ascending.
    pub(super) columns: Vec<usize>,
    pub(super) poles: Vec<R>,
    pub(super) weights: Vec<R>,
    rows: Vec<Rows>,
    pub(super) rest: Vec<usize>,
}

/// How the columns that change are packed for products.
pub(super) struct Layout {
    /// The columns by the rows that they have.
    pub(super) order: Vec<usize>,
    /// Where each lies then.
    pub(super) place: Vec<usize>,
    /// So many have rows above.
    pub(super) above: usize,
    /// From here on they have rows below.
    pub(super) below: usize,
}

impl<R> Changed<R> {
    pub(super) fn push(&mut self, column: usize, pole: R, weight: R, rows: Rows) {
        self.columns.push(column);
        self.poles.push(pole);
        self.weights.push(weight);
        self.rows.push(rows);
    }

    pub(super) fn layout(&self) -> Layout {
        let k = self.rows.len();
        let mut by_rows: Vec<usize> = (0..k).collect();
        by_rows.sort_by_key(|&i| self.rows[i]);
        let mut place = vec![0; k];
        by_rows.iter().enumerate().for_each(|(to, &i)| place[i] = to);
        let number = |which: Rows| self.rows.iter().filter(|&&r| r == which).count();
        let order = by_rows.iter().map(|&i| self.columns[i]).collect();
        Layout { order, place, above: k - number(Rows::Below), below: number(Rows::Above) }
    }
}

/// The roots of a secular equation, what the poles are apart from each, and the weights whose equation has exactly these roots.
pub(super) struct Roots<R> {
    pub(super) roots: Vec<R>,
    pub(super) apart: Vec<R>,
    pub(super) weights: Vec<R>,
}

pub(super) fn solve<R: Real>(equation: Secular<'_, R>) -> Roots<R> {
    let (k, d, poles) = (equation.d.len(), equation.d, equation.poles);
    let (mut roots, mut apart) = (vec![R::zero(); k], cleared::<R>(k * k));
    let pieces = roots.chunks_mut(PIECE).zip(apart.chunks_mut(k * PIECE)).enumerate();
    turns(8 * k * k, pieces, |(piece, (roots, apart))| {
        let mut room = vec![R::zero(); k];
        for (j, (root, apart)) in roots.iter_mut().zip(apart.chunks_exact_mut(k)).enumerate() {
            *root = equation.root(piece * PIECE + j, apart, &mut room);
        }
    });
    let mut weights = vec![R::one(); k];
    turns(k * k, weights.chunks_mut(ROWS).enumerate(), |(piece, weights)| {
        let first = piece * ROWS;
        let end = first + weights.len();
        for (j, apart) in apart.chunks_exact(k).enumerate() {
            let own = j.clamp(first, end);
            let after = if own == j && j < end { j + 1 } else { own };
            ratios(&mut weights[..own - first], &apart[first..own], &d[first..own], d[j], poles);
            weights[own - first..after - first].iter_mut().for_each(|weight| *weight *= apart[j]);
            ratios(&mut weights[after - first..], &apart[after..end], &d[after..end], d[j], poles);
        }
        for (weight, &z) in weights.iter_mut().zip(&equation.z[first..end]) {
            *weight = weight.abs().sqrt().copysign(z);
        }
    });
    Roots { roots, apart, weights }
}

/// Replaces each column, of what the poles are apart from a root, by the eigenvector: the weights by them, of length one, element
/// `i` at `place[i]`.
pub(super) fn columns<R: Real>(apart: &mut [R], weights: &[R], place: &[usize]) {
    let k = weights.len();
    turns(k * k, apart.chunks_mut(k * PIECE), |columns| {
        let mut column = vec![R::zero(); k];
        for to in columns.chunks_exact_mut(k) {
            column.copy_from_slice(weights);
            let factor = divide(&mut column, to, R::zero());
            column.iter().zip(place).for_each(|(&x, &at)| to[at] = x * factor);
        }
    });
}

/// Divides weights by what the poles are apart from a root. Returns the reciprocal of the length of the vector that they and one more
/// element are, whose square is given.
pub(super) fn divide<R: Real>(weights: &mut [R], apart: &[R], more: R) -> R {
    let mut squares = R::zero();
    quotients(weights, apart, &mut squares);
    (squares + more).sqrt().recip()
}

by_level!(ratios = ratios_body, ratios_baseline, ratios_avx2, ratios_avx512
    <R: Real>(weights: &mut [R], apart: &[R], d: &[R], own: R, poles: Poles));
by_level!(quotients = quotients_body, quotients_baseline, quotients_avx2, quotients_avx512
    <R: Real>(column: &mut [R], apart: &[R], squares: &mut R));

#[inline(always)]
unsafe fn ratios_body<R: Real>(weights: &mut [R], apart: &[R], d: &[R], own: R, poles: Poles) {
    let all = weights.iter_mut().zip(apart.iter().zip(d));
    match poles {
        Poles::Values => all.for_each(|(weight, (&apart, &d))| *weight *= apart / (d - own)),
        Poles::Squares => all.for_each(|(weight, (&apart, &d))| *weight *= apart / ((d - own) * (d + own))),
    }
}

/// Divides a column, and sums the squares.
#[inline(always)]
unsafe fn quotients_body<R: Real>(column: &mut [R], apart: &[R], squares: &mut R) {
    let mut parts = [R::zero(); LANES];
    let ((apart, apart_rest), (column, column_rest)) = (apart.as_chunks::<LANES>(), column.as_chunks_mut::<LANES>());
    for (x, apart) in column.iter_mut().zip(apart) {
        let quotients: [R; LANES] = from_fn(|l| x[l] / apart[l]);
        parts = from_fn(|l| parts[l] + quotients[l] * quotients[l]);
        *x = quotients;
    }
    for (x, &apart) in column_rest.iter_mut().zip(apart_rest) {
        *x /= apart;
        parts[0] += *x * *x;
    }
    *squares = parts.into_iter().fold(R::zero(), |sum, part| sum + part);
}

/// Writes a product of `a`, which has `m` rows, with rows of `b` from `b_row` on to rows of `out` from `out_row` on.
#[allow(clippy::too_many_arguments)]
pub(super) fn product<R: Real>(
    m: usize,
    n: usize,
    a: &[R],
    b: &[R],
    b_rows: usize,
    b_row: usize,
    out: &mut [R],
    out_rows: usize,
    out_row: usize,
) {
    let k = a.len().checked_div(m).unwrap_or(0);
    assert!(b.len() == n * b_rows && out.len() == n * out_rows && b_row + k <= b_rows && out_row + m <= out_rows);
    // SAFETY: all elements lie within the slices, as was checked just above; `out` is borrowed alone.
    unsafe {
        gemm(
            m,
            n,
            k,
            out.as_mut_ptr().add(out_row),
            out_rows as isize,
            1,
            false,
            a.as_ptr(),
            m as isize,
            1,
            b.as_ptr().add(b_row),
            b_rows as isize,
            1,
            R::zero(),
            R::one(),
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}
