//! Singular values and vectors of a real bidiagonal matrix: divide and conquer.
//!
//! The matrix is cut at rows into small ones with one column more than rows, whose last column of right vectors is what they make
//! zero; then neighbours are joined two by two (Gu and Eisenstat 1995; as in LAPACK's `bdsdc`).
//!
//! Small matrices, and within a join roots and the columns of products, are shared among threads, each computed by one: the result
//! does not show it.

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::svd::{self, ComputeSvdVectors};
use faer::{Mat, Par};

use std::mem::take;
use std::sync::OnceLock;

use crate::engine::conquer::Endless;
use crate::engine::entry::Real;
use crate::engine::join::{Block, join};
use crate::engine::rank_one::{Columns, Known};
use crate::engine::share::turns_if_worth as turns;

/// Columns of the largest matrix that is not cut.
const LEAF: usize = 16;

/// Replaces the diagonal by the singular values, ascending, and zeros in `u` and `v`, if they are not empty, by the vectors, column by
/// column. The last element of `above`, the numbers above the diagonal, is not looked at. No element may be larger than one.
pub(crate) fn bidiagonal<R: Real>(d: &mut [R], above: &[R], u: &mut [R], v: &mut [R]) -> Result<(), Endless> {
    let n = d.len();
    let (mut ends, mut known) = (vec![], Known::All);
    if v.is_empty() {
        (ends, known) = (vec![R::zero(); 2 * n], Known::Ends);
    }
    let v = if known == Known::All { v } else { &mut ends[..] };
    let leaves = n.div_ceil(LEAF).next_power_of_two();
    let mut bounds: Vec<usize> = (0..=leaves).map(|i| i * n / leaves).collect();
    let diagonal = d.to_vec();
    let failed = OnceLock::new();
    turns(n * LEAF * LEAF * 8, split(d, u, v, known, &bounds), |block| {
        let first = bounds[block.number];
        if leaf(block, &diagonal[first..], &above[first..]).is_err() {
            let _ = failed.set(());
        }
    });
    if failed.get().is_some() {
        return Err(Endless);
    }
    while bounds.len() > 2 {
        let wider: Vec<usize> = bounds.iter().copied().step_by(2).collect();
        let join = |block: Block<'_, R>| {
            let [first, half] = [0, 1].map(|i| bounds[2 * block.number + i]);
            join(block, half - first, [diagonal[half - 1], above[half - 1]]);
        };
        if wider.len() > rayon::current_num_threads() {
            turns(16 * n * (2 * n / wider.len()), split(d, u, v, known, &wider), join);
        } else {
            split(d, u, v, known, &wider).for_each(join);
        }
        bounds = wider;
    }
    Ok(())
}

/// The blocks between bounds: of each but the last one, the last row is left out.
fn split<'a, R>(
    mut d: &'a mut [R],
    mut u: &'a mut [R],
    mut v: &'a mut [R],
    known: Known,
    bounds: &[usize],
) -> impl Iterator<Item = Block<'a, R>> {
    let [u_column, v_column] = [u.len() / d.len(), v.len() / d.len()];
    let last = bounds.len() - 2;
    bounds.windows(2).enumerate().map(move |(number, ends)| {
        let (size, wide) = (ends[1] - ends[0], number < last);
        let part = |all: &mut &'a mut [R], column: usize| {
            let (here, after) = take(all).split_at_mut(size * column);
            *all = after;
            here
        };
        let [d, u, v] = [part(&mut d, 1), part(&mut u, u_column), part(&mut v, v_column)];
        let (rows, end) = if known == Known::All { (ends[0]..ends[1], ends[1]) } else { (0..2, 0) };
        let end = end - usize::from(wide && known == Known::All);
        Block {
            number,
            wide,
            known,
            d,
            u: Columns { column: u_column, rows: rows.start..end, elements: u },
            v: Columns { column: v_column, rows, elements: v },
        }
    })
}

/// A small matrix, as a dense one.
fn leaf<R: Real>(mut block: Block<'_, R>, diagonal: &[R], above: &[R]) -> Result<(), Endless> {
    let columns = block.d.len();
    let rows = columns - usize::from(block.wide);
    let whole = block.known == Known::All;
    let mut a = Mat::<R>::zeros(rows, columns);
    for i in 0..rows {
        a[(i, i)] = diagonal[i];
        if i + 1 < columns {
            a[(i, i + 1)] = above[i];
        }
    }
    let (mut values, mut v) = (Diag::<R>::zeros(rows), Mat::<R>::zeros(columns, columns));
    let mut u = whole.then(|| Mat::<R>::zeros(rows, rows));
    let want = if whole { ComputeSvdVectors::Full } else { ComputeSvdVectors::No };
    let need = svd::svd_scratch::<R>(rows, columns, want, ComputeSvdVectors::Full, Par::Seq, Default::default());
    let (mut room, to_u) = (MemBuffer::new(need), u.as_mut().map(|u| u.as_mut()));
    let stack = MemStack::new(&mut room);
    svd::svd(a.as_ref(), values.as_mut(), to_u, Some(v.as_mut()), Par::Seq, stack, Default::default())
        .map_err(|_| Endless)?;
    for j in 0..columns {
        // Ascending; what the matrix makes zero stays the last.
        let from = if j < rows { rows - 1 - j } else { j };
        let column = v.col_as_slice(from);
        match block.known {
            Known::All => block.v.get(j).copy_from_slice(column),
            Known::Ends => block.v.get(j).copy_from_slice(&[column[0], column[columns - 1]]),
        }
        if j < rows {
            block.d[j] = values[from];
            if let Some(u) = &u {
                block.u.get(j).copy_from_slice(u.col_as_slice(from));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_zero<R: Real>(n: usize) -> Vec<R> {
        vec![R::zero(); n]
    }

    /// How far the vectors are from being orthogonal, and their product from the matrix, in rounding errors.
    fn errors<R: Real>(d: &[R], above: &[R]) -> [f64; 2] {
        let n = d.len();
        let (mut values, mut u, mut v) = (d.to_vec(), all_zero::<R>(n * n), all_zero::<R>(n * n));
        bidiagonal(&mut values, above, &mut u, &mut v).unwrap();
        assert!(values.windows(2).all(|w| w[0] <= w[1]) && values[0] >= R::zero(), "{values:?}");
        let mut alone = d.to_vec();
        bidiagonal(&mut alone, above, &mut [], &mut []).unwrap();
        let wide = |x: &[R]| x.iter().map(|x| x.to_f64().unwrap()).collect::<Vec<f64>>();
        let [d, above, values, alone, u, v] = [d, above, &values, &alone, &u, &v].map(wide);
        let (mut orthogonal, mut residual) = (0.0_f64, 0.0_f64);
        for q in [&u, &v] {
            for (i, x) in q.chunks(n).enumerate() {
                for (j, y) in q.chunks(n).enumerate() {
                    let dot: f64 = x.iter().zip(y).map(|(x, y)| x * y).sum();
                    orthogonal = orthogonal.max((dot - if i == j { 1.0 } else { 0.0 }).abs());
                }
            }
        }
        for ((u, v), value) in u.chunks(n).zip(v.chunks(n)).zip(&values) {
            for r in 0..n {
                let product = d[r] * v[r] + if r + 1 < n { above[r] * v[r + 1] } else { 0.0 };
                residual = residual.max((product - value * u[r]).abs());
            }
        }
        // Without vectors the same values, but for rounding.
        alone.iter().zip(&values).for_each(|(alone, value)| residual = residual.max((alone - value).abs()));
        [orthogonal, residual].map(|x| x / R::epsilon().to_f64().unwrap())
    }

    fn check<R: Real>(name: &str, n: usize, d: impl Fn(usize) -> f64, above: impl Fn(usize) -> f64) {
        let of = |f: &dyn Fn(usize) -> f64| (0..n).map(|i| R::from(f(i)).unwrap()).collect::<Vec<R>>();
        let worst = errors::<R>(&of(&d), &of(&above));
        let most = 4.0 * n.max(10) as f64;
        assert!(worst.iter().all(|&x| x <= most), "{name} {n}: {worst:?}");
    }

    fn all<R: Real>() {
        let random = |i: usize| ((i as f64 * 12.9898).sin() * 43_758.545_3).fract();
        for n in [1, 2, 3, 15, 16, 17, 31, 32, 33, 50, 64, 65, 100, 131, 257] {
            check::<R>("random", n, random, |i| random(i + 7));
            check::<R>("small beside", n, |i| random(i).abs(), |i| 1e-6 * random(i + 7));
            check::<R>("ones", n, |_| 1.0, |_| 1.0);
            check::<R>("nearly singular", n, |_| 0.1, |_| 1.0);
            check::<R>("diagonal", n, random, |_| 0.0);
            check::<R>("one value", n, |_| 1.0, |_| 0.0);
            check::<R>("zero", n, |_| 0.0, |_| 0.0);
            check::<R>("zero diagonal", n, |_| 0.0, |i| 0.5 + random(i) / 2.0);
            check::<R>("zeros in the diagonal", n, |i| if i % 4 == 3 { 0.0 } else { random(i) }, |i| random(i + 3));
            check::<R>("broken", n, random, |i| if i % 5 == 0 { 0.0 } else { random(i + 1) });
            check::<R>("hardly coupled", n, |i| (i % 3) as f64 / 2.0, |i| 1e-9 * random(i));
            check::<R>("graded", n, |i| 2.0_f64.powi(-(i as i32 % 60)), |i| 2.0_f64.powi(-(i as i32 % 60) - 1));
            check::<R>("graded upwards", n, |i| 0.5_f64.powi((n - i) as i32), |i| 0.5_f64.powi((n - i) as i32));
            check::<R>("tiny", n, |i| 1e-30 * random(i), |i| 1e-30 * random(i + 7));
            check::<R>("two clusters", n, |i| if i % 2 == 0 { 1.0 } else { 0.5 }, |i| 1e-5 * random(i));
            check::<R>("one large", n, |i| if i == n / 2 { 1.0 } else { 1e-12 * random(i) }, |i| 1e-12 * random(i));
        }
    }

    #[test]
    fn vectors_are_orthogonal() {
        all::<f64>();
        all::<f32>();
    }
}
