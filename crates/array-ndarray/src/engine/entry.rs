//! The elements that decompositions work on.

use array_api::Complex;

use crate::array::NdElement;
use crate::engine::math::scalar::divide_complex;

/// The type of absolute values.
pub(crate) trait Real: NdElement + faer::traits::RealField + num_traits::Float {}
impl Real for f32 {}
impl Real for f64 {}

/// What the decompositions need of an element beside faer's own arithmetic.
pub(crate) trait Entry: NdElement + faer::traits::ComplexField<Real: Real> {
    fn finite(self) -> bool;
    fn conjugate(self) -> Self;
    fn real_part(self) -> Self::Real;
    fn of_real(x: Self::Real) -> Self;
    /// The quotient.
    fn over(self, by: Self) -> Self;
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
            #[inline(always)]
            fn over(self, by: Self) -> Self { self / by }
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
            #[inline(always)]
            fn over(self, by: Self) -> Self { divide_complex(self, by) }
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
