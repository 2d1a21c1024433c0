//! Stacks of matrices: the elements that decompositions work on, and how the matrices are shared among threads.

use array_api::{Complex, Error, Result};
use faer::MatRef;
use std::borrow::Cow;
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
    /// The power of two next above its larger part; `None` of 0.
    fn exponent(self) -> Option<i32>;
    /// The number times a power of two.
    fn times_power(self, exponent: i32) -> Self;
    /// The same for a real number.
    fn real_times_power(x: Self::Real, exponent: i32) -> Self::Real;
    /// Within plus or minus so many powers of two, squares and their sums neither overflow nor lose digits.
    const MODERATE: i32;
}

macro_rules! entries {
    ($($t:ident: $frexp:ident $scalbn:ident;)*) => { $(
        impl Entry for $t {
            const MODERATE: i32 = $t::MAX_EXP / 4;
            fn exponent(self) -> Option<i32> { (self != 0.0).then(|| libm::$frexp(self).1) }
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
            fn exponent(self) -> Option<i32> { self.re.exponent().max(self.im.exponent()) }
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
        MatRef::from_row_major_slice(&self.data, self.m, self.n)
    }
    /// A value of the scaled matrix as the matrix's own.
    pub(crate) fn back(&self, value: T::Real) -> T::Real {
        if self.exponent == 0 { value } else { T::real_times_power(value, self.exponent) }
    }
}

/// A stack of `m` by `n` matrices in C order.
pub(crate) struct Stack<T> {
    pub(crate) data: Vec<T>,
    pub(crate) batch: Vec<usize>,
    pub(crate) m: usize,
    pub(crate) n: usize,
}

impl<T: Entry> Stack<T> {
    pub(crate) fn new(op: &str, x: &NdArray) -> Result<Stack<T>> {
        match (x.to_vec::<T>(), x.shape()) {
            (Some(data), &[ref batch @ .., m, n]) => Ok(Stack { data, batch: batch.to_vec(), m, n }),
            _ => Err(Error::backend(op, format!("an array of shape {:?} is no stack of matrices", x.shape()))),
        }
    }
    pub(crate) fn len(&self) -> usize {
        self.batch.iter().product()
    }
    pub(crate) fn matrix(&self, i: usize) -> MatRef<'_, T> {
        let size = self.m * self.n;
        MatRef::from_row_major_slice(&self.data[i * size..(i + 1) * size], self.m, self.n)
    }
    /// The matrix, brought to elements of about one if the largest is far from it: iterations that square elements would
    /// not end otherwise, or end on wrong numbers. The elements at which `read` says so are looked at, and must be finite.
    pub(crate) fn scaled(&self, i: usize, read: impl Fn(usize, usize) -> bool) -> Scaled<'_, T> {
        let (m, n) = (self.m, self.n);
        let data = &self.data[i * m * n..(i + 1) * m * n];
        let places = (0..m).flat_map(|r| (0..n).map(move |c| (r, c)));
        let seen = data.iter().zip(places).filter(|&(_, (r, c))| read(r, c));
        let exponent = seen.filter_map(|(x, _)| x.exponent()).max().unwrap_or(0);
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
    pub(crate) fn finite(&self, op: &str, i: usize, read: impl Fn(usize, usize) -> bool) -> Result<()> {
        let a = self.matrix(i);
        for r in 0..self.m {
            for c in 0..self.n {
                if read(r, c) && !a[(r, c)].finite() {
                    let (name, value) = (self.name(i), a[(r, c)]);
                    return Err(Error::value(
                        op,
                        format!("{name} has the element {value} in row {r}, column {c}: it must be finite"),
                    ));
                }
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

/// Computes `f(0), f(1), ...`: by several threads if that is worth while and this is not one of the pool's.
///
/// The error of the first matrix that fails is returned, whichever thread meets one first.
pub(crate) fn each<R: Send + Sync>(
    op: &str,
    count: usize,
    work: usize,
    f: impl Fn(usize) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let guarded = |i| {
        catch_unwind(AssertUnwindSafe(|| f(i))).unwrap_or_else(|cause| {
            let text = cause.downcast_ref::<String>().map(String::as_str).or(cause.downcast_ref::<&str>().copied());
            Err(Error::backend(op, format!("faer failed: {}", text.unwrap_or("it gave no reason"))))
        })
    };
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

/// Appends a matrix in C order.
pub(crate) fn append<T: Entry>(to: &mut Vec<T>, m: usize, n: usize, at: impl Fn(usize, usize) -> T) {
    to.extend((0..m).flat_map(|i| (0..n).map(move |j| (i, j))).map(|(i, j)| at(i, j)));
}

/// The matrices of a result, joined.
pub(crate) fn stacked<T: NdElement>(parts: Vec<Vec<T>>, shape: &[usize]) -> NdArray {
    NdArray::from_vec(parts.concat(), shape)
}
