//! Two neighbouring tridiagonal matrices whose eigenvalues and eigenvectors are known, joined by a matrix of rank one.

use crate::engine::entry::Real;
use crate::engine::pool::{cleared, keep};
use crate::engine::rank_one::{
    Changed, Columns, Known, Layout, PIECE, Roots, Rows, ascending, columns, product, solve,
};
use crate::engine::secular::{Poles, Secular};
use crate::engine::share::turns_if_worth as turns;

/// A block on the diagonal: its eigenvalues, and what is known of its eigenvectors.
pub(crate) struct Block<'a, R> {
    pub(crate) number: usize,
    /// The first row of the matrix that is the block's.
    pub(crate) first: usize,
    pub(crate) known: Known,
    pub(crate) d: &'a mut [R],
    pub(crate) q: Columns<'a, R>,
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
            let column = block.q.get(j);
            let x = match known {
                Known::All => column[if first { above - 1 } else { above }],
                // Of the joined matrix they are neither the first one nor the last one.
                Known::Ends => std::mem::take(&mut column[usize::from(first)]),
            };
            let x = if !first && beside < R::zero() { -x } else { x };
            x / two.sqrt()
        })
        .collect();
    let changed = deflate(&mut block, left, z, factor);
    let k = changed.columns.len();
    let mut out = cleared::<R>(size * k);
    let mut values: Vec<R> = Vec::with_capacity(count);
    if k > 0 {
        let Layout { order, place, above: with_above, below: from_below } = changed.layout();
        let top = block.q.packed(&order[..with_above], 0..above);
        let bottom = block.q.packed(&order[from_below..], above..size);
        let equation = Secular { d: &changed.poles, z: &changed.weights, factor, poles: Poles::Values };
        let Roots { roots, apart: mut vectors, weights } = solve(equation);
        values.extend(roots);
        columns(&mut vectors, &weights, &place);
        let columns = out.chunks_mut(size * PIECE).zip(vectors.chunks(k * PIECE));
        turns(size * k * k / 2, columns, |(to, vectors)| {
            let width = vectors.len() / k;
            product(above, width, &top, vectors, k, 0, to, size, 0);
            product(size - above, width, &bottom, vectors, k, from_below, to, size, above);
        });
        keep(top);
        keep(bottom);
        keep(vectors);
    }
    values.extend(changed.rest.iter().map(|&j| block.d[j]));
    let order = ascending(&values);
    block.q.arrange(&order, &out, &changed.rest);
    block.d.iter_mut().zip(&order).for_each(|(d, &from)| *d = values[from]);
    keep(out);
}

/// Finds the eigenvectors that a rank-one change leaves alone. Of two with nearly the same eigenvalue one is made so, by a rotation.
fn deflate<R: Real>(block: &mut Block<'_, R>, left: usize, mut z: Vec<R>, factor: R) -> Changed<R> {
    let order = ascending(block.d);
    let largest = |x: &[R]| x.iter().fold(R::zero(), |m, &x| m.max(x.abs()));
    let eight = R::from(8).unwrap_or_else(R::one);
    let negligible = eight * R::epsilon() * largest(block.d).max(largest(&z));
    let mut found = Changed::default();
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
                block.q.rotate(before, j, c, s);
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
