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

use std::sync::OnceLock;

use crate::engine::entry::Real;
use crate::engine::merge::{Block, merge};
use crate::engine::rank_one::{Columns, Known};
use crate::engine::share::turns_if_worth as turns;

/// The largest matrix that is not cut.
const LEAF: usize = 32;

/// The iteration did not end.
#[derive(Debug)]
pub(crate) struct Endless;

/// Replaces the diagonal of a matrix whose largest element is about one by the eigenvalues, ascending, and `q`, if it is not empty, by the eigenvectors, column by column. What is
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
        Block { number, first: ends[0], known, d: d_here, q: Columns { column, rows, elements: q_here } }
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
            Known::All => block.q.get(j).copy_from_slice(vector),
            Known::Ends => block.q.get(j).copy_from_slice(&[vector[0], vector[size - 1]]),
        }
    }
    Ok(())
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
