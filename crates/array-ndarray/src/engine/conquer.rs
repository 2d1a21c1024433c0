//! Eigenvalues and eigenvectors of a real symmetric tridiagonal matrix: divide and conquer.
//!
//! The matrix is cut into small ones by taking matrices of rank one from it; then neighbours are joined two by two. Where a rank-one
//! matrix changes an eigenvalue by no more than rounding would, the eigenvector stays as it is; the others are the old ones times
//! those of a secular equation, whose weights are computed anew from its roots, so that they are orthogonal to working precision
//! (Cuppen 1981; Gu and Eisenstat 1995; as in LAPACK's `stedc`).
//!
//! Small matrices, roots and the columns of products are shared among threads, each computed by one: the result does not show it.

use faer::diag::{Diag, DiagRef};
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{self, ComputeEigenvectors};
use faer::{MatMut, Par};
use gemm::{Parallelism, gemm};

use std::ops::Range;
use std::sync::OnceLock;

use crate::engine::entry::Real;
use crate::engine::pool::{cleared, keep};
use crate::engine::secular::Secular;
use crate::engine::share;

/// The largest matrix that is not cut.
const LEAF: usize = 32;
/// Columns of a product, or roots, that one thread computes at a time.
const PIECE: usize = 32;
/// Rows of which one thread computes the weights at a time.
const ROWS: usize = 128;

/// Operations from which on threads are worth waking.
const SHARED: usize = 1 << 16;

/// The iteration did not end.
#[derive(Debug)]
pub(crate) struct Endless;

/// Which rows of the eigenvectors are computed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    All,
    /// The first one and the last one, which the next join needs: for eigenvalues alone.
    Ends,
}

/// Replaces the diagonal by the eigenvalues, ascending, and `q`, if it is not empty, by the eigenvectors, column by column. What is
/// beside the diagonal, of which the last element is not looked at, is used up.
pub(crate) fn tridiagonal<R: Real>(d: &mut [R], beside: &mut [R], q: &mut [R]) -> Result<(), Endless> {
    let n = d.len();
    let (mut ends, mut known) = (vec![], Known::All);
    if q.is_empty() {
        (ends, known) = (vec![R::zero(); 2 * n], Known::Ends);
    }
    let q = if known == Known::All { q } else { &mut ends[..] };
    let leaves = n.div_ceil(LEAF).next_power_of_two();
    let mut bounds: Vec<usize> = (0..=leaves).map(|i| i * n / leaves).collect();
    for &b in &bounds[1..leaves] {
        let size = beside[b - 1].abs();
        d[b - 1] -= size;
        d[b] -= size;
    }
    let failed = OnceLock::new();
    turns(n * LEAF * LEAF, split(d, q, known, &bounds), |block| {
        let first = block.first;
        if leaf(block, &beside[first..]).is_err() {
            let _ = failed.set(());
        }
    });
    if failed.get().is_some() {
        return Err(Endless);
    }
    while bounds.len() > 2 {
        let wider: Vec<usize> = bounds.iter().copied().step_by(2).collect();
        let join = |block: Block<'_, R>| {
            let half = bounds[2 * block.number + 1];
            merge(block, half, beside[half - 1]);
        };
        if wider.len() > rayon::current_num_threads() {
            turns(8 * n * (2 * n / wider.len()), split(d, q, known, &wider), join);
        } else {
            split(d, q, known, &wider).for_each(join);
        }
        bounds = wider;
    }
    Ok(())
}

/// A block on the diagonal: its eigenvalues, and the columns with what is known of its eigenvectors.
struct Block<'a, R> {
    number: usize,
    /// The first row of the matrix that is the block's.
    first: usize,
    known: Known,
    /// Elements of a column, and those of them that are the block's.
    column: usize,
    rows: Range<usize>,
    d: &'a mut [R],
    q: &'a mut [R],
}

impl<R> Block<'_, R> {
    fn column(&mut self, j: usize) -> &mut [R] {
        &mut self.q[j * self.column..][self.rows.clone()]
    }
}

fn split<'a, R>(
    mut d: &'a mut [R],
    mut q: &'a mut [R],
    known: Known,
    bounds: &[usize],
) -> impl Iterator<Item = Block<'a, R>> {
    let column = q.len() / d.len();
    bounds.windows(2).enumerate().map(move |(number, ends)| {
        let size = ends[1] - ends[0];
        let (d_here, d_after) = std::mem::take(&mut d).split_at_mut(size);
        let (q_here, q_after) = std::mem::take(&mut q).split_at_mut(size * column);
        (d, q) = (d_after, q_after);
        let rows = if known == Known::All { ends[0]..ends[1] } else { 0..2 };
        Block { number, first: ends[0], known, column, rows, d: d_here, q: q_here }
    })
}

/// A small matrix, by the iteration with Givens rotations.
fn leaf<R: Real>(mut block: Block<'_, R>, beside: &[R]) -> Result<(), Endless> {
    let size = block.d.len();
    let need = evd::self_adjoint_evd_scratch::<R>(size, ComputeEigenvectors::Yes, Par::Seq, Default::default());
    let mut room = MemBuffer::new(need);
    let (mut found, mut vectors) = (Diag::<R>::zeros(size), vec![R::zero(); size * size]);
    evd::tridiagonal_self_adjoint_evd(
        DiagRef::from_slice(block.d),
        DiagRef::from_slice(&beside[..size]),
        found.as_mut(),
        Some(MatMut::from_column_major_slice_mut(&mut vectors, size, size)),
        Par::Seq,
        MemStack::new(&mut room),
        Default::default(),
    )
    .map_err(|_| Endless)?;
    for (j, vector) in vectors.chunks_exact(size).enumerate() {
        block.d[j] = found[j];
        match block.known {
            Known::All => block.column(j).copy_from_slice(vector),
            Known::Ends => block.column(j).copy_from_slice(&[vector[0], vector[size - 1]]),
        }
    }
    Ok(())
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
fn merge<R: Real>(mut block: Block<'_, R>, half: usize, beside: R) {
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

/// Each item has its turn: by all threads where so many operations are worth it.
fn turns<I: Iterator + Send>(operations: usize, items: I, work: impl Fn(I::Item) + Sync) {
    if operations >= SHARED { share::turns(items, work) } else { items.for_each(work) }
}

/// The roots of a secular equation, and the eigenvectors that belong to them, whose element `i` lies at `place[i]`.
fn eigenvectors<R: Real>(equation: Secular<'_, R>, place: &[usize]) -> (Vec<R>, Vec<R>) {
    let (k, poles) = (equation.d.len(), equation.d);
    let (mut roots, mut apart) = (vec![R::zero(); k], cleared::<R>(k * k));
    let pieces = roots.chunks_mut(PIECE).zip(apart.chunks_mut(k * PIECE)).enumerate();
    turns(8 * k * k, pieces, |(piece, (roots, apart))| {
        for (j, (root, apart)) in roots.iter_mut().zip(apart.chunks_exact_mut(k)).enumerate() {
            *root = equation.root(piece * PIECE + j, apart);
        }
    });
    // The weights whose equation has exactly these roots.
    let mut weights = vec![R::one(); k];
    turns(k * k, weights.chunks_mut(ROWS).enumerate(), |(piece, weights)| {
        let first = piece * ROWS;
        let end = first + weights.len();
        for (j, apart) in apart.chunks_exact(k).enumerate() {
            let pole = poles[j];
            let ratio = |(weight, (&apart, &d)): (&mut R, (&R, &R))| *weight *= apart / (d - pole);
            let own = j.clamp(first, end);
            let (before, from) = weights.split_at_mut(own - first);
            before.iter_mut().zip(apart[first..own].iter().zip(&poles[first..own])).for_each(ratio);
            let after = if own == j && j < end { 1 } else { 0 };
            if let (1, Some(weight)) = (after, from.first_mut()) {
                *weight *= apart[j];
            }
            let start = own + after;
            from[after..].iter_mut().zip(apart[start..end].iter().zip(&poles[start..end])).for_each(ratio);
        }
        for (weight, &z) in weights.iter_mut().zip(&equation.z[first..end]) {
            *weight = weight.abs().sqrt().copysign(z);
        }
    });
    turns(k * k, apart.chunks_mut(k * PIECE), |columns| {
        let mut column = vec![R::zero(); k];
        for to in columns.chunks_exact_mut(k) {
            column.iter_mut().zip(&weights).zip(&*to).for_each(|((x, &weight), &apart)| *x = weight / apart);
            let length = column.iter().fold(R::zero(), |s, &x| s + x * x).sqrt();
            column.iter().zip(place).for_each(|(&x, &at)| to[at] = x / length);
        }
    });
    (roots, apart)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// How far the eigenvectors are from being orthogonal, and from being eigenvectors, in rounding errors of the largest value.
    fn errors<R: Real>(d: &[R], e: &[R]) -> (f64, f64) {
        let n = d.len();
        let (mut values, mut beside, mut q) = (d.to_vec(), e.to_vec(), vec![R::zero(); n * n]);
        tridiagonal(&mut values, &mut beside, &mut q).unwrap();
        let (mut alone, mut beside) = (d.to_vec(), e.to_vec());
        tridiagonal(&mut alone, &mut beside, &mut []).unwrap();
        assert!(values.windows(2).all(|w| w[0] <= w[1]), "{values:?}");
        let wide = |x: R| x.to_f64().unwrap();
        let (d, e): (Vec<f64>, Vec<f64>) = (d.iter().map(|&x| wide(x)).collect(), e.iter().map(|&x| wide(x)).collect());
        let q: Vec<f64> = q.into_iter().map(wide).collect();
        let size = d.iter().zip(&e).fold(0.0_f64, |m, (d, e)| m.max(d.abs()).max(e.abs()));
        let (mut orthogonal, mut residual) = (0.0_f64, 0.0_f64);
        for (i, x) in q.chunks(n).enumerate() {
            for (j, y) in q.chunks(n).enumerate() {
                let dot: f64 = x.iter().zip(y).map(|(x, y)| x * y).sum();
                orthogonal = orthogonal.max((dot - if i == j { 1.0 } else { 0.0 }).abs());
            }
            for r in 0..n {
                let mut product = d[r] * x[r];
                product += if r > 0 { e[r - 1] * x[r - 1] } else { 0.0 };
                product += if r + 1 < n { e[r] * x[r + 1] } else { 0.0 };
                residual = residual.max((product - wide(values[i]) * x[r]).abs());
            }
        }
        // Without eigenvectors the same values, but for rounding.
        for (&alone, &value) in alone.iter().zip(&values) {
            residual = residual.max(wide(alone - value).abs());
        }
        let eps = wide(R::epsilon());
        (orthogonal / eps, if size > 0.0 { residual / (eps * size) } else { residual })
    }

    fn check<R: Real>(name: &str, n: usize, d: impl Fn(usize) -> f64, e: impl Fn(usize) -> f64) {
        let of = |f: &dyn Fn(usize) -> f64| (0..n).map(|i| R::from(f(i)).unwrap()).collect::<Vec<R>>();
        let (orthogonal, residual) = errors::<R>(&of(&d), &of(&e));
        let most = 4.0 * n.max(10) as f64;
        assert!(orthogonal <= most && residual <= most, "{name} {n}: {orthogonal} {residual}");
    }

    fn all<R: Real>() {
        let random = |i: usize| ((i as f64 * 12.9898).sin() * 43_758.545_3).fract();
        for n in [1, 2, 3, 31, 32, 33, 64, 65, 100, 131, 257] {
            let middle = (n / 2) as f64;
            check::<R>("random", n, random, |i| random(i + 7));
            check::<R>("second differences", n, |_| 2.0, |_| -1.0);
            check::<R>("Wilkinson", n, |i| (i as f64 - middle).abs(), |_| 1.0);
            check::<R>(
                "glued Wilkinson",
                n,
                |i| (i as f64 % 21.0 - 10.0).abs(),
                |i| if i % 21 == 20 { 1e-7 } else { 1.0 },
            );
            check::<R>("diagonal", n, random, |_| 0.0);
            check::<R>("one value", n, |_| 3.0, |_| 0.0);
            check::<R>("zero", n, |_| 0.0, |_| 0.0);
            check::<R>("hardly coupled", n, |i| (i % 3) as f64, |i| 1e-9 * random(i));
            check::<R>("negative", n, |i| -random(i) - 1.0, |i| -random(2 * i));
            check::<R>("graded", n, |i| 2.0_f64.powi(-(i as i32 % 60)), |i| 2.0_f64.powi(-(i as i32 % 60) - 1));
            check::<R>("zero diagonal", n, |_| 0.0, |i| 1.0 + random(i));
            check::<R>("broken", n, random, |i| if i % 5 == 0 { 0.0 } else { random(i + 1) });
            check::<R>("two clusters", n, |i| if i % 2 == 0 { 1.0 } else { -1.0 }, |i| 1e-5 * random(i));
            check::<R>("Clement", n, |_| 0.0, |i| (((i + 1) * n.saturating_sub(i + 1)) as f64).sqrt());
        }
    }

    #[test]
    fn eigenvectors_are_orthogonal() {
        all::<f64>();
        all::<f32>();
    }
}
