//! Decompositions of small matrices, element by element: blocks and buffers would cost more than the arithmetic.
//!
//! Matrices lie column by column. The loops are the textbook's (Golub and Van Loan, Matrix Computations, 4th ed., algorithms 3.4.1,
//! 3.1.3, 3.1.4, 4.2.2 and 5.2.1); for the sizes of points and rotations they are compiled with the size known.

use crate::engine::entry::Entry;
use crate::engine::stack::moderate;
use crate::engine::triangular::Triangle;
use faer::traits::math_utils::sqrt;

/// Rows and columns of the largest small matrix.
pub(crate) const SMALL: usize = 16;
/// Rows of the largest small matrix that need not be square.
pub(crate) const TALL: usize = 64;

/// Calls an `#[inline(always)]` function with the size, which the compiler knows for the smallest.
macro_rules! sized {
    ($n:expr, $f:ident($($a:expr),*)) => {
        match $n {
            1 => $f(1, $($a),*),
            2 => $f(2, $($a),*),
            3 => $f(3, $($a),*),
            4 => $f(4, $($a),*),
            n => $f(n, $($a),*),
        }
    };
}

/// Replaces a matrix by its factors L and U, and the numbers of its rows by those in the order of the pivots; tells whether an odd
/// number of exchanges leads to it.
///
/// Nothing is divided by a pivot of zero, below which only zeros were left.
pub(crate) fn lu<T: Entry>(a: &mut [T], order: &mut [usize]) -> bool {
    sized!(order.len(), lu_of(a, order))
}

#[inline(always)]
fn lu_of<T: Entry>(n: usize, a: &mut [T], order: &mut [usize]) -> bool {
    let (a, order) = (&mut a[..n * n], &mut order[..n]);
    let mut odd = false;
    for k in 0..n {
        let column = &a[k * n..(k + 1) * n];
        let size = |row: usize| column[row].larger_part();
        let row = (k + 1..n).fold(k, |most, row| if size(row) > size(most) { row } else { most });
        if row != k {
            odd = !odd;
            order.swap(k, row);
            a.chunks_exact_mut(n).for_each(|column| column.swap(k, row));
        }
        let (column, right) = a[k * n..].split_at_mut(n);
        let pivot = column[k];
        if pivot == T::default() {
            continue;
        }
        column[k + 1..].iter_mut().for_each(|x| *x = x.over(pivot));
        for other in right.chunks_exact_mut(n) {
            let beside = other[k];
            other[k + 1..].iter_mut().zip(&column[k + 1..]).for_each(|(x, &l)| *x -= l * beside);
        }
    }
    odd
}

/// Replaces right-hand sides, of so many elements as the matrix has rows each, by the solutions of a triangular system.
pub(crate) fn solve<T: Entry>(n: usize, a: &[T], t: Triangle, x: &mut [T]) {
    sized!(n, solve_of(a, t, x))
}

#[inline(always)]
fn solve_of<T: Entry>(n: usize, a: &[T], t: Triangle, x: &mut [T]) {
    let a = &a[..n * n];
    for x in x.chunks_exact_mut(n) {
        for step in 0..n {
            let k = if t.upper { n - 1 - step } else { step };
            let column = &a[k * n..(k + 1) * n];
            if !t.unit {
                x[k] = x[k].over(column[k]);
            }
            let (known, others) = (x[k], if t.upper { 0..k } else { k + 1..n });
            x[others.clone()].iter_mut().zip(&column[others]).for_each(|(x, &a)| *x -= a * known);
        }
    }
}

/// Replaces the lower triangle of a matrix by its factor; what is above the diagonal is left as it is.
///
/// # Errors
/// The number of the first pivot that is not positive.
pub(crate) fn cholesky<T: Entry>(n: usize, a: &mut [T]) -> Result<(), usize> {
    sized!(n, cholesky_of(a))
}

#[inline(always)]
fn cholesky_of<T: Entry>(n: usize, a: &mut [T]) -> Result<(), usize> {
    let a = &mut a[..n * n];
    for k in 0..n {
        let (column, right) = a[k * n..].split_at_mut(n);
        let pivot = column[k].real_part();
        if pivot.partial_cmp(&T::Real::default()) != Some(std::cmp::Ordering::Greater) {
            return Err(k);
        }
        let root = T::of_real(sqrt(&pivot));
        column[k] = root;
        column[k + 1..].iter_mut().for_each(|x| *x = x.over(root));
        for (j, other) in (k + 1..n).zip(right.chunks_exact_mut(n)) {
            let beside = column[j].conjugate();
            other[j..].iter_mut().zip(&column[j..]).for_each(|(x, &l)| *x -= l * beside);
        }
    }
    Ok(())
}

/// Replaces a matrix of `m` rows and `n` columns by R and, below the diagonal, the vectors of its reflections `1 - t v v^H`, whose
/// first element is one; their `t` go to `factors`, one for each.
pub(crate) fn qr<T: Entry>(m: usize, a: &mut [T], factors: &mut [T]) {
    sized!(m, qr_of(a, factors))
}

#[inline(always)]
fn qr_of<T: Entry>(m: usize, a: &mut [T], factors: &mut [T]) {
    for (j, factor) in factors.iter_mut().enumerate() {
        let (column, right) = a[j * m..].split_at_mut(m);
        *factor = reflection(&mut column[j..m]);
        for other in right.chunks_exact_mut(m) {
            reflect(&column[j..m], factor.conjugate(), &mut other[j..m]);
        }
    }
}

/// Writes the first columns of the product of the reflections over those of the identity.
pub(crate) fn orthogonal<T: Entry>(m: usize, a: &[T], factors: &[T], q: &mut [T]) {
    sized!(m, orthogonal_of(a, factors, q))
}

#[inline(always)]
fn orthogonal_of<T: Entry>(m: usize, a: &[T], factors: &[T], q: &mut [T]) {
    // From the last one: each leaves the columns before its own as they are.
    for (j, &factor) in factors.iter().enumerate().rev() {
        let column = &a[j * m..(j + 1) * m];
        for other in q.chunks_exact_mut(m).skip(j) {
            reflect(&column[j..m], factor, &mut other[j..m]);
        }
    }
}

/// Replaces a vector by the real number that a reflection makes of it, and the reflection's vector without its first element, which
/// is one; returns the factor (as LAPACK's `larfg`).
#[inline(always)]
fn reflection<T: Entry>(x: &mut [T]) -> T {
    let square = |x: &[T]| x.iter().fold(T::Real::default(), |sum, &x| sum + (x * x.conjugate()).real_part());
    let mut squares = square(x);
    let mut exponent = 0;
    // Squares that overflow or lose digits: of the vector times a power of two.
    let zero = T::Real::default();
    if squares == zero || T::exponent(squares).abs() > 2 * T::MODERATE || !T::of_real(squares).finite() {
        let m = x.len();
        exponent = moderate(m, x, |_| 0..m);
        squares = square(x);
    }
    if squares == zero {
        return T::default();
    }
    let norm = sqrt(&squares);
    let first = x[0];
    let to = T::of_real(if first.real_part() > zero { -norm } else { norm });
    let apart = first - to;
    x[1..].iter_mut().for_each(|x| *x = x.over(apart));
    x[0] = if exponent == 0 { to } else { to.times_power(exponent) };
    (to - first).over(to)
}

/// Applies the reflection of a vector, whose first element is taken for one.
#[inline(always)]
fn reflect<T: Entry>(v: &[T], factor: T, to: &mut [T]) {
    let part = v[1..].iter().zip(&to[1..]).fold(to[0], |sum, (v, &x)| sum + v.conjugate() * x) * factor;
    to[0] -= part;
    v[1..].iter().zip(&mut to[1..]).for_each(|(&v, x)| *x -= v * part);
}
