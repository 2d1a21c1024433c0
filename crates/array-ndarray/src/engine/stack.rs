//! Stacks of matrices: the elements that decompositions work on, and how the matrices are shared among threads.

use array_api::{Complex, Error, Result};
use faer::{MatMut, MatRef};
use std::borrow::Cow;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use crate::array::{NdArray, NdElement};
use crate::engine::share;

/// What the decompositions need of an element beside faer's own arithmetic.
pub(crate) trait Entry: NdElement + faer::traits::ComplexField<Real: NdElement> {
    fn finite(self) -> bool;
    fn conjugate(self) -> Self;
    fn real_part(self) -> Self::Real;
    fn of_real(x: Self::Real) -> Self;
    fn times(self, other: Self) -> Self;
    /// The number of absolute value one by which `self` is divided to become real and not negative, if it is not so.
    fn phase(self) -> Option<Self>;
    /// The number divided by its absolute value, or 0, and the logarithm of the absolute value.
    fn polar(self) -> (Self, Self::Real);
    /// The absolute value, of a complex number that of its larger part.
    fn larger_part(self) -> Self::Real;
    /// The power of two next above a positive number, 0 for 0.
    fn exponent(x: Self::Real) -> i32;
    /// The number times a power of two.
    fn times_power(self, exponent: i32) -> Self;
    /// The same for a real number.
    fn real_times_power(x: Self::Real, exponent: i32) -> Self::Real;
    /// Within plus or minus so many powers of two, squares and their sums neither overflow nor lose digits.
    const MODERATE: i32;
    const ONE: Self;
    const MINUS_ONE: Self;
}

macro_rules! entries {
    ($($t:ident: $frexp:ident $scalbn:ident;)*) => { $(
        impl Entry for $t {
            const MODERATE: i32 = $t::MAX_EXP / 4;
            const ONE: Self = 1.0;
            const MINUS_ONE: Self = -1.0;
            fn larger_part(self) -> $t { self.abs() }
            fn exponent(x: $t) -> i32 { if x == 0.0 { 0 } else { libm::$frexp(x).1 } }
            fn times_power(self, exponent: i32) -> Self { libm::$scalbn(self, exponent) }
            fn real_times_power(x: $t, exponent: i32) -> $t { libm::$scalbn(x, exponent) }
            fn finite(self) -> bool { self.is_finite() }
            fn conjugate(self) -> Self { self }
            fn real_part(self) -> Self { self }
            fn of_real(x: Self) -> Self { x }
            fn times(self, other: Self) -> Self { self * other }
            fn phase(self) -> Option<Self> { (self < 0.0).then_some(-1.0) }
            fn polar(self) -> (Self, Self) { (if self == 0.0 { 0.0 } else { self.signum() }, self.abs().ln()) }
        }
        impl Entry for Complex<$t> {
            const MODERATE: i32 = $t::MODERATE;
            const ONE: Self = Complex::new(1.0, 0.0);
            const MINUS_ONE: Self = Complex::new(-1.0, 0.0);
            fn larger_part(self) -> $t { self.re.abs().max(self.im.abs()) }
            fn exponent(x: $t) -> i32 { $t::exponent(x) }
            fn times_power(self, exponent: i32) -> Self {
                Complex::new(self.re.times_power(exponent), self.im.times_power(exponent))
            }
            fn real_times_power(x: $t, exponent: i32) -> $t { x.times_power(exponent) }
            fn finite(self) -> bool { self.re.is_finite() && self.im.is_finite() }
            fn conjugate(self) -> Self { self.conj() }
            fn real_part(self) -> $t { self.re }
            fn of_real(x: $t) -> Self { Complex::new(x, 0.0) }
            fn times(self, other: Self) -> Self { self * other }
            fn phase(self) -> Option<Self> {
                let size = self.re.hypot(self.im);
                (size > 0.0 && (self.im != 0.0 || self.re < 0.0)).then(|| self / size)
            }
            fn polar(self) -> (Self, $t) {
                let size = self.re.hypot(self.im);
                (if size == 0.0 { Self::default() } else { self / size }, size.ln())
            }
        }
    )* };
}
entries! {
    f32: frexpf scalbnf;
    f64: frexp scalbn;
}

/// A matrix times a power of two.
pub(crate) struct Scaled<'a, T: Clone> {
    data: Cow<'a, [T]>,
    m: usize,
    n: usize,
    /// What the elements were multiplied by is two to the power of minus this.
    pub(crate) exponent: i32,
}

impl<T: Entry> Scaled<'_, T> {
    pub(crate) fn matrix(&self) -> MatRef<'_, T> {
        MatRef::from_column_major_slice(&self.data, self.m, self.n)
    }
    /// A value of the scaled matrix as the matrix's own.
    pub(crate) fn back(&self, value: T::Real) -> T::Real {
        if self.exponent == 0 { value } else { T::real_times_power(value, self.exponent) }
    }
}

/// A stack of `m` by `n` matrices, one after the other, each column by column: as decompositions work on them.
pub(crate) struct Stack<T> {
    pub(crate) data: Vec<T>,
    pub(crate) batch: Vec<usize>,
    pub(crate) m: usize,
    pub(crate) n: usize,
}

impl<T: Entry> Stack<T> {
    pub(crate) fn new(op: &str, x: &NdArray) -> Result<Stack<T>> {
        match x.shape() {
            &[ref batch @ .., m, n] => {
                let data = x.clone().permuted(&turned(x.shape().len())).contiguous().into_vec::<T>();
                Ok(Stack { data: data.unwrap_or_default(), batch: batch.to_vec(), m, n })
            }
            _ => Err(Error::backend(op, format!("an array of shape {:?} is no stack of matrices", x.shape()))),
        }
    }
    pub(crate) fn len(&self) -> usize {
        self.batch.iter().product()
    }
    pub(crate) fn matrix(&self, i: usize) -> MatRef<'_, T> {
        MatRef::from_column_major_slice(self.elements(i), self.m, self.n)
    }
    /// The elements of a matrix, column by column.
    pub(crate) fn elements(&self, i: usize) -> &[T] {
        let size = self.m * self.n;
        &self.data[i * size..(i + 1) * size]
    }
    /// The elements of the only matrix, to be written over; the stack has none afterwards. Of several matrices, nothing.
    pub(crate) fn taken(&mut self) -> Option<Vec<T>> {
        (self.len() == 1).then(|| std::mem::take(&mut self.data))
    }
    /// The elements that are looked at, column by column: those in the rows that `read` tells of a column.
    fn seen(&self, i: usize, read: impl Fn(usize) -> Range<usize>) -> impl Iterator<Item = &[T]> {
        let size = self.m * self.n;
        // A matrix without rows has no columns to cut into.
        let columns = self.data[i * size..(i + 1) * size].chunks_exact(self.m.max(1));
        columns.enumerate().map(move |(c, column)| &column[read(c)])
    }
    /// The matrix, brought to elements of about one if the largest is far from it: iterations that square elements would
    /// not end otherwise, or end on wrong numbers. The elements that are looked at must be finite.
    pub(crate) fn scaled(&self, i: usize, read: impl Fn(usize) -> Range<usize>) -> Scaled<'_, T> {
        let (m, n) = (self.m, self.n);
        let larger = |a: T::Real, b: T::Real| if b > a { b } else { a };
        let largest = self.seen(i, read).flatten().fold(T::Real::default(), |a, x| larger(a, x.larger_part()));
        let exponent = T::exponent(largest);
        let data = &self.data[i * m * n..(i + 1) * m * n];
        if exponent.abs() <= T::MODERATE {
            return Scaled { data: Cow::Borrowed(data), m, n, exponent: 0 };
        }
        let data = data.iter().map(|x| x.times_power(-exponent)).collect();
        Scaled { data: Cow::Owned(data), m, n, exponent }
    }
    /// How errors name a matrix.
    pub(crate) fn name(&self, i: usize) -> String {
        match self.batch[..] {
            [] => "the matrix".to_string(),
            _ => format!("matrix {:?} of the stack", unravel(i, &self.batch)),
        }
    }
    pub(crate) fn finite(&self, op: &str, i: usize, read: impl Fn(usize) -> Range<usize>) -> Result<()> {
        for (c, column) in self.seen(i, &read).enumerate() {
            // Without a branch for each element, which would keep vectors out.
            if column.iter().fold(true, |all, x| all & x.finite()) {
                continue;
            }
            if let Some((r, value)) = column.iter().enumerate().find(|(_, x)| !x.finite()) {
                let (name, r) = (self.name(i), read(c).start + r);
                let message = format!("{name} has the element {value} in row {r}, column {c}: it must be finite");
                return Err(Error::value(op, message));
            }
        }
        Ok(())
    }
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

/// Computes `f(0), f(1), ...`: by several threads if that is worth while and this is not one of the pool's.
///
/// The error of the first matrix that fails is returned, whichever thread meets one first.
pub(crate) fn each<R: Send + Sync>(
    op: &str,
    count: usize,
    work: usize,
    f: impl Fn(usize) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let guarded = |i| guarded(op, || f(i));
    if count > 1 && count.saturating_mul(work) >= 1 << 16 && share::alone() {
        let results: Vec<OnceLock<Result<R>>> = (0..count).map(|_| OnceLock::new()).collect();
        share::parts(count, &|i| drop(results[i].set(guarded(i))));
        let missing = || Err(Error::backend(op, "a matrix of the stack was not computed"));
        results.into_iter().map(|r| r.into_inner().unwrap_or_else(missing)).collect()
    } else {
        (0..count).map(guarded).collect()
    }
}

/// The operations that one matrix costs, roughly.
pub(crate) fn cost(m: usize, n: usize) -> usize {
    m.saturating_mul(n).saturating_mul(m.min(n))
}

/// Appends a matrix column by column.
pub(crate) fn append<T: Entry>(to: &mut Vec<T>, m: usize, n: usize, at: impl Fn(usize, usize) -> T) {
    for j in 0..n {
        // A range has a known length, so that room is asked for once and not for each element.
        to.extend((0..m).map(|i| at(i, j)));
    }
}

/// The axes with the last two exchanged.
fn turned(rank: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rank).collect();
    order.swap(rank - 2, rank - 1);
    order
}

/// Matrices that lie column by column, joined; the result is a view that says so.
pub(crate) fn matrices<T: NdElement>(parts: Vec<Vec<T>>, shape: &[usize]) -> NdArray {
    let order = turned(shape.len());
    let columns: Vec<usize> = order.iter().map(|&a| shape[a]).collect();
    stacked(parts, &columns).permuted(&order)
}

/// The values of a result, joined in C order.
pub(crate) fn stacked<T: NdElement>(mut parts: Vec<Vec<T>>, shape: &[usize]) -> NdArray {
    let all = if parts.len() == 1 { std::mem::take(&mut parts[0]) } else { parts.concat() };
    NdArray::from_vec(all, shape)
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
