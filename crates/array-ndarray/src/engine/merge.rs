//! Two neighbouring tridiagonal matrices whose eigenvalues and eigenvectors are known, joined by a matrix of rank one.

use gemm::{Parallelism, gemm};

use std::array::from_fn;
use std::ops::Range;

use crate::engine::entry::Real;
use crate::engine::pool::{cleared, keep};
use crate::engine::secular::Secular;
use crate::engine::share::turns_if_worth as turns;
use crate::engine::simd::by_level;

/// Columns of a product, or roots, that one thread computes at a time.
const PIECE: usize = 32;
/// Rows of which one thread computes the weights at a time.
const ROWS: usize = 128;
/// Parts of a sum.
const LANES: usize = 16;

/// Which rows of the eigenvectors are computed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    All,
    /// The first one and the last one, which the next join needs: for eigenvalues alone.
    Ends,
}

/// A block on the diagonal: its eigenvalues, and the columns with what is known of its eigenvectors.
pub(crate) struct Block<'a, R> {
    pub(crate) number: usize,
    /// The first row of the matrix that is the block's.
    pub(crate) first: usize,
    pub(crate) known: Known,
    /// Elements of a column, and those of them that are the block's.
    pub(crate) column: usize,
    pub(crate) rows: Range<usize>,
    pub(crate) d: &'a mut [R],
    pub(crate) q: &'a mut [R],
}

impl<R> Block<'_, R> {
    pub(crate) fn column(&mut self, j: usize) -> &mut [R] {
        &mut self.q[j * self.column..][self.rows.clone()]
    }
}

/// Which rows of an eigenvector are not zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rows {
    Above,
    All,
    Below,
}

/// Joins two matrices whose eigenvalues and eigenvectors are known: `half` is the first row of the second one, `beside` the element
/// that was cut.
pub(crate) fn merge<R: Real>(mut block: Block<'_, R>, half: usize, beside: R) {
    let (count, left) = (block.d.len(), half - block.first);
    let (size, above) = match block.known {
        Known::All => (count, left),
        Known::Ends => (2, 1),
    };
    let two = R::one() + R::one();
    let factor = two * beside.abs();
    // The rows of the eigenvectors beside the cut.
    let z: Vec<R> = (0..count)
        .map(|j| {
            let (first, known) = (j < left, block.known);
            let column = block.column(j);
            let x = match known {
                Known::All => column[if first { above - 1 } else { above }],
                // Of the joined matrix they are neither the first one nor the last one.
                Known::Ends => std::mem::take(&mut column[usize::from(first)]),
            };
            let x = if !first && beside < R::zero() { -x } else { x };
            x / two.sqrt()
        })
        .collect();
    let Deflation { kept, poles, weights, rows, rest } = deflate(&mut block, left, z, factor);
    let k = kept.len();
    let mut out = cleared::<R>(size * k);
    let mut values: Vec<R> = Vec::with_capacity(count);
    if k > 0 {
        // The old eigenvectors by the rows that they have, and where each is then.
        let mut by_rows: Vec<usize> = (0..k).collect();
        by_rows.sort_by_key(|&i| rows[i]);
        let mut place = vec![0; k];
        by_rows.iter().enumerate().for_each(|(to, &i)| place[i] = to);
        let number = |which: Rows| rows.iter().filter(|&&r| r == which).count();
        let (only_above, both, only_below) = (number(Rows::Above), number(Rows::All), number(Rows::Below));
        let mut packed = cleared::<R>(above * (only_above + both) + (size - above) * (both + only_below));
        let (top, bottom) = packed.split_at_mut(above * (only_above + both));
        for (to, &i) in top.chunks_exact_mut(above).zip(&by_rows) {
            to.copy_from_slice(&block.column(kept[i])[..above]);
        }
        for (to, &i) in bottom.chunks_exact_mut(size - above).zip(&by_rows[only_above..]) {
            to.copy_from_slice(&block.column(kept[i])[above..]);
        }
        let equation = Secular { d: &poles, z: &weights, factor };
        let (roots, vectors) = eigenvectors(equation, &place);
        values.extend(roots);
        let columns = out.chunks_mut(size * PIECE).zip(vectors.chunks(k * PIECE));
        turns(size * k * k / 2, columns, |(to, vectors)| {
            let width = vectors.len() / k;
            product(above, width, top, vectors, k, 0, to, size, 0);
            product(size - above, width, bottom, vectors, k, only_above, to, size, above);
        });
        keep(packed);
        keep(vectors);
    }
    // In order, with those that stayed as they were.
    let mut stayed = cleared::<R>(size * rest.len());
    for (to, &j) in stayed.chunks_exact_mut(size).zip(&rest) {
        to.copy_from_slice(block.column(j));
        values.push(block.d[j]);
    }
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|&a, &b| values[a].partial_cmp(&values[b]).unwrap_or(std::cmp::Ordering::Equal));
    for (j, &from) in order.iter().enumerate() {
        let column = match from < k {
            true => &out[from * size..(from + 1) * size],
            false => &stayed[(from - k) * size..(from - k + 1) * size],
        };
        block.column(j).copy_from_slice(column);
        block.d[j] = values[from];
    }
    keep(out);
    keep(stayed);
}

/// What is left of a rank-one change.
struct Deflation<R> {
    /// The eigenvectors that change, by their eigenvalues.
    kept: Vec<usize>,
    poles: Vec<R>,
    weights: Vec<R>,
    rows: Vec<Rows>,
    /// Those that do not.
    rest: Vec<usize>,
}

/// Finds the eigenvectors that a rank-one change leaves alone. Of two with nearly the same eigenvalue one is made so, by a rotation.
fn deflate<R: Real>(block: &mut Block<'_, R>, left: usize, mut z: Vec<R>, factor: R) -> Deflation<R> {
    let size = block.d.len();
    let mut order: Vec<usize> = (0..size).collect();
    order.sort_by(|&a, &b| block.d[a].partial_cmp(&block.d[b]).unwrap_or(std::cmp::Ordering::Equal));
    let largest = |x: &[R]| x.iter().fold(R::zero(), |m, &x| m.max(x.abs()));
    let eight = R::from(8).unwrap_or_else(R::one);
    let negligible = eight * R::epsilon() * largest(block.d).max(largest(&z));
    let mut found = Deflation { kept: vec![], poles: vec![], weights: vec![], rows: vec![], rest: vec![] };
    // The last one that changes, as far as is known: it may still be turned into its successor.
    let mut last: Option<(usize, Rows)> = None;
    for j in order {
        let mut rows = if j < left { Rows::Above } else { Rows::Below };
        if factor * z[j].abs() <= negligible {
            found.rest.push(j);
            continue;
        }
        if let Some((before, rows_before)) = last.take() {
            let length = z[j].hypot(z[before]);
            let (c, s) = (z[j] / length, -z[before] / length);
            let apart = block.d[j] - block.d[before];
            if (apart * c * s).abs() <= negligible {
                z[j] = length;
                z[before] = R::zero();
                if rows != rows_before {
                    rows = Rows::All;
                }
                rotate(block, before, j, c, s);
                let (low, high) = (block.d[before], block.d[j]);
                block.d[before] = low * c * c + high * s * s;
                block.d[j] = low * s * s + high * c * c;
                found.rest.push(before);
            } else {
                found.push(before, block.d[before], z[before], rows_before);
            }
        }
        last = Some((j, rows));
    }
    if let Some((j, rows)) = last {
        found.push(j, block.d[j], z[j], rows);
    }
    found
}

impl<R> Deflation<R> {
    fn push(&mut self, column: usize, pole: R, weight: R, rows: Rows) {
        self.kept.push(column);
        self.poles.push(pole);
        self.weights.push(weight);
        self.rows.push(rows);
    }
}

/// Replaces columns `i < j` or `j < i` by `c x + s y` and `c y - s x`.
fn rotate<R: Real>(block: &mut Block<'_, R>, i: usize, j: usize, c: R, s: R) {
    let (low, high) = (i.min(j), i.max(j));
    let (before, after) = block.q.split_at_mut(high * block.column);
    let (a, b) = (&mut before[low * block.column..][block.rows.clone()], &mut after[block.rows.clone()]);
    let (x, y) = if i < j { (a, b) } else { (b, a) };
    for (x, y) in x.iter_mut().zip(y) {
        (*x, *y) = (c * *x + s * *y, c * *y - s * *x);
    }
}

/// The roots of a secular equation, and the eigenvectors that belong to them, whose element `i` lies at `place[i]`.
fn eigenvectors<R: Real>(equation: Secular<'_, R>, place: &[usize]) -> (Vec<R>, Vec<R>) {
    let (k, poles) = (equation.d.len(), equation.d);
    let (mut roots, mut apart) = (vec![R::zero(); k], cleared::<R>(k * k));
    let pieces = roots.chunks_mut(PIECE).zip(apart.chunks_mut(k * PIECE)).enumerate();
    turns(8 * k * k, pieces, |(piece, (roots, apart))| {
        let mut room = vec![R::zero(); k];
        for (j, (root, apart)) in roots.iter_mut().zip(apart.chunks_exact_mut(k)).enumerate() {
            *root = equation.root(piece * PIECE + j, apart, &mut room);
        }
    });
    // The weights whose equation has exactly these roots.
    let mut weights = vec![R::one(); k];
    turns(k * k, weights.chunks_mut(ROWS).enumerate(), |(piece, weights)| {
        let first = piece * ROWS;
        let end = first + weights.len();
        for (j, apart) in apart.chunks_exact(k).enumerate() {
            let own = j.clamp(first, end);
            let after = if own == j && j < end { j + 1 } else { own };
            ratios(&mut weights[..own - first], &apart[first..own], &poles[first..own], poles[j]);
            weights[own - first..after - first].iter_mut().for_each(|weight| *weight *= apart[j]);
            ratios(&mut weights[after - first..], &apart[after..end], &poles[after..end], poles[j]);
        }
        for (weight, &z) in weights.iter_mut().zip(&equation.z[first..end]) {
            *weight = weight.abs().sqrt().copysign(z);
        }
    });
    turns(k * k, apart.chunks_mut(k * PIECE), |columns| {
        let mut column = vec![R::zero(); k];
        for to in columns.chunks_exact_mut(k) {
            column.copy_from_slice(&weights);
            let mut squares = R::zero();
            quotients(&mut column, to, &mut squares);
            let factor = squares.sqrt().recip();
            column.iter().zip(place).for_each(|(&x, &at)| to[at] = x * factor);
        }
    });
    (roots, apart)
}

by_level!(ratios = ratios_body, ratios_baseline, ratios_avx2, ratios_avx512
    <R: Real>(weights: &mut [R], apart: &[R], poles: &[R], pole: R));
by_level!(quotients = quotients_body, quotients_baseline, quotients_avx2, quotients_avx512
    <R: Real>(column: &mut [R], apart: &[R], squares: &mut R));

#[inline(always)]
unsafe fn ratios_body<R: Real>(weights: &mut [R], apart: &[R], poles: &[R], pole: R) {
    for (weight, (&apart, &d)) in weights.iter_mut().zip(apart.iter().zip(poles)) {
        *weight *= apart / (d - pole);
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
fn product<R: Real>(
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
