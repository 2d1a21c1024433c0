//! Two neighbouring bidiagonal matrices whose singular values and vectors are known, joined by the row between them.
//!
//! In terms of their vectors the whole is a diagonal matrix with one full row, where the diagonal is zero. The squares of its singular
//! values are the roots of a secular equation (Jessup and Sorensen 1994; as in LAPACK's `lasd1`).

use crate::engine::entry::Real;
use crate::engine::pool::{cleared, keep};
use crate::engine::rank_one::{Changed, Columns, Known, Layout, PIECE, Roots, Rows, ascending, divide, product, solve};
use crate::engine::secular::{Poles, Secular};
use crate::engine::share::turns_if_worth as turns;

/// A bidiagonal block: its singular values, ascending, and what is known of its vectors.
pub(crate) struct Block<'a, R> {
    pub(crate) number: usize,
    /// Whether it has one column more than rows: the last column of `v` is the vector that it makes zero.
    pub(crate) wide: bool,
    pub(crate) known: Known,
    /// As many as the block has columns, of which it has one value for each row.
    pub(crate) d: &'a mut [R],
    /// Not used where the ends alone are known.
    pub(crate) u: Columns<'a, R>,
    pub(crate) v: Columns<'a, R>,
}

/// Joins two blocks: `half` is the number of columns of the first one, and `row` what the row between them has in the last of these
/// and in the first one after. No element of the whole matrix is larger than one.
pub(crate) fn join<R: Real>(mut block: Block<'_, R>, half: usize, row: [R; 2]) {
    let columns = block.d.len();
    let (between, count) = (half - 1, columns - usize::from(block.wide));
    let whole = block.known == Known::All;
    let (size, above) = if whole { (columns, half) } else { (2, 1) };
    // The row in terms of the vectors of both.
    let mut z: Vec<R> = (0..columns)
        .map(|j| {
            let first = j < half;
            let column = block.v.get(j);
            let x = match whole {
                true => column[if first { above - 1 } else { above }],
                // Of the joined matrix they are neither the first one nor the last one.
                false => std::mem::take(&mut column[usize::from(first)]),
            };
            x * row[usize::from(!first)]
        })
        .collect();
    let mut rows = Rows::Above;
    if block.wide {
        // Of the two vectors that the blocks make zero, one that the row makes zero too, and one for the row.
        let (x, y) = (z[between], z[columns - 1]);
        z[between] = x.hypot(y);
        if z[between] > R::zero() {
            block.v.rotate(between, columns - 1, x / z[between], y / z[between]);
        }
        rows = Rows::All;
    }
    let changed = deflate(&mut block, between, count, z, rows);
    let k = changed.columns.len();
    let Layout { order, place, above: with_above, below: from_below } = changed.layout();
    let equation = Secular { d: &changed.poles, z: &changed.weights, factor: R::one(), poles: Poles::Squares };
    let (mut values, mut right, mut left);
    if k == 1 {
        let value = changed.weights[0];
        values = vec![value.abs()];
        (right, left) = (vec![value.signum()], vec![R::one()]);
    } else {
        let Roots { roots, apart, weights } = solve(equation);
        values = roots;
        (right, left) = (apart, cleared::<R>(if whole { k * k } else { 0 }));
        vectors(&changed.poles, &weights, &place, &mut right, &mut left);
    }
    let (mut new_v, mut new_u) = (cleared::<R>(size * k), cleared::<R>(if whole { count * k } else { 0 }));
    let [top, bottom] = [(&order[..with_above], 0..above), (&order[from_below..], above..size)]
        .map(|(order, rows)| block.v.packed(order, rows));
    let to = new_v.chunks_mut(size * PIECE).zip(right.chunks(k * PIECE));
    turns(size * k * k / 2, to, |(to, vectors)| {
        let width = vectors.len() / k;
        product(above, width, &top, vectors, k, 0, to, size, 0);
        product(size - above, width, &bottom, vectors, k, from_below, to, size, above);
    });
    keep(top);
    keep(bottom);
    if whole {
        let [top, bottom] = [(&order[..with_above], 0..between), (&order[from_below..], half..count)]
            .map(|(order, rows)| block.u.packed(order, rows));
        let to = new_u.chunks_mut(count * PIECE).zip(left.chunks(k * PIECE));
        turns(count * k * k / 2, to, |(to, vectors)| {
            let width = vectors.len() / k;
            product(between, width, &top, vectors, k, 0, to, count, 0);
            product(count - half, width, &bottom, vectors, k, from_below, to, count, half);
            for (to, vector) in to.chunks_exact_mut(count).zip(vectors.chunks_exact(k)) {
                to[between] = vector[place[0]];
            }
        });
        keep(top);
        keep(bottom);
    }
    values.extend(changed.rest.iter().map(|&j| block.d[j]));
    let order = ascending(&values);
    block.v.arrange(&order, &new_v, &changed.rest);
    if whole {
        block.u.arrange(&order, &new_u, &changed.rest);
    }
    block.d.iter_mut().zip(&order).for_each(|(d, &from)| *d = values[from]);
    [right, left, new_v, new_u].into_iter().for_each(keep);
}

/// Finds the vectors that the row leaves alone. Of two with nearly the same value one is made so, by a rotation; what belongs to the
/// row, column `between`, is the first that changes.
fn deflate<R: Real>(block: &mut Block<'_, R>, between: usize, count: usize, mut z: Vec<R>, rows: Rows) -> Changed<R> {
    let negligible = R::from(8).unwrap_or_else(R::one) * R::epsilon();
    let mut found = Changed::default();
    block.d[between] = R::zero();
    found.push(between, R::zero(), z[between], rows);
    let mut last: Option<(usize, Rows)> = None;
    for j in ascending(&block.d[..count]) {
        if j == between {
            continue;
        }
        let mut rows = if j < between { Rows::Above } else { Rows::Below };
        if z[j].abs() <= negligible {
            found.rest.push(j);
            continue;
        }
        if let Some((before, rows_before)) = last.take() {
            if block.d[j] - block.d[before] <= negligible {
                let length = z[j].hypot(z[before]);
                let (c, s) = (z[j] / length, -z[before] / length);
                z[j] = length;
                if rows != rows_before {
                    rows = Rows::All;
                }
                block.v.rotate(before, j, c, s);
                if block.known == Known::All {
                    block.u.rotate(before, j, c, s);
                }
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
    // The row's own value and the least pole are kept away from zero, by what is negligible.
    if found.columns.len() > 1 {
        let least = negligible / (R::one() + R::one());
        found.poles[1] = found.poles[1].max(least);
        if found.weights[0].abs() < negligible {
            found.weights[0] = negligible.copysign(found.weights[0]);
        }
    }
    found
}

/// Replaces what the poles are apart from each root by the right singular vector, and zeros, if there is room, by the left one:
/// element `i` at `place[i]`.
fn vectors<R: Real>(poles: &[R], weights: &[R], place: &[usize], right: &mut [R], left: &mut [R]) {
    let k = poles.len();
    let of_left: Vec<R> = weights.iter().zip(poles).map(|(&weight, &d)| weight * d).collect();
    let left = left.chunks_mut(k * PIECE).map(Some).chain(std::iter::repeat_with(|| None));
    turns(2 * k * k, right.chunks_mut(k * PIECE).zip(left), |(right, left)| {
        let mut column = vec![R::zero(); k];
        let put = |to: &mut [R], column: &[R], factor: R| {
            column.iter().zip(place).for_each(|(&x, &at)| to[at] = x * factor);
        };
        if let Some(left) = left {
            for (to, apart) in left.chunks_exact_mut(k).zip(right.chunks_exact(k)) {
                column.copy_from_slice(&of_left);
                let factor = divide(&mut column, apart, R::one());
                column[0] = -R::one();
                put(to, &column, factor);
            }
        }
        for to in right.chunks_exact_mut(k) {
            column.copy_from_slice(weights);
            let factor = divide(&mut column, to, R::zero());
            put(to, &column, factor);
        }
    });
}
