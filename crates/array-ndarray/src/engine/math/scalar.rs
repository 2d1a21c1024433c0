//! Functions with too many cases to vectorise.

use array_api::Complex;
use num_traits::{Float, FloatConst};

/// `base` to a natural power by squaring.
#[inline(always)]
pub(crate) fn power<T: Copy>(base: T, mut exponent: u64, multiply: fn(T, T) -> T, one: T) -> T {
    let (mut square, mut result) = (base, one);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = multiply(result, square);
        }
        exponent >>= 1;
        if exponent > 0 {
            square = multiply(square, square);
        }
    }
    result
}

/// `a / b` of complex numbers.
#[inline(always)]
pub(crate) fn divide_complex<T: Float>(a: Complex<T>, b: Complex<T>) -> Complex<T> {
    if is_zero(b) { divide_by_zero(a, b) } else { divide_by_larger(a, b) }
}

#[inline(always)]
pub(crate) fn is_zero<T: Float>(b: Complex<T>) -> bool {
    (b.re == T::zero()) & (b.im == T::zero())
}

/// The quotients by zero are what IEEE 754 gives.
#[inline(always)]
pub(crate) fn divide_by_zero<T: Float>(a: Complex<T>, b: Complex<T>) -> Complex<T> {
    Complex::new(a.re / b.re.abs(), a.im / b.re.abs())
}

/// `a / b` for a divisor that is not zero, scaled by its larger part, which neither overflows nor underflows needlessly
/// (Smith 1962).
#[inline(always)]
pub(crate) fn divide_by_larger<T: Float>(a: Complex<T>, b: Complex<T>) -> Complex<T> {
    // The parts change places instead of the formula, so that there is no branch.
    let real = b.re.abs() >= b.im.abs();
    let (large, small) = if real { (b.re, b.im) } else { (b.im, b.re) };
    let (x, y) = if real { (a.re, a.im) } else { (a.im, a.re) };
    let ratio = small / large;
    let scale = large + small * ratio;
    let turned = x * ratio;
    Complex::new((x + y * ratio) / scale, (if real { y - turned } else { turned - y }) / scale)
}

/// Numbers with neighbours.
pub(crate) trait Neighbours {
    /// The neighbour of `self` on the way to `to`.
    fn towards(self, to: Self) -> Self;
}

macro_rules! neighbours {
    ($($t:ident),*) => { $(
        impl Neighbours for $t {
            #[inline(always)]
            fn towards(self, to: $t) -> $t {
                let bits = self.to_bits();
                let away = (self < to) == (self > 0.0);
                let next = $t::from_bits(if away { bits.wrapping_add(1) } else { bits.wrapping_sub(1) });
                let next = if self == 0.0 { $t::from_bits(1).copysign(to) } else { next };
                let next = if self == to { to } else { next };
                if self.is_nan() | to.is_nan() { $t::NAN } else { next }
            }
        }
    )* };
}
neighbours! { f32, f64 }

/// A complex power; any number to the power of zero is one.
pub(crate) fn power_complex<T: Float + FloatConst>(a: Complex<T>, b: Complex<T>) -> Complex<T> {
    let zero = Complex::new(T::zero(), T::zero());
    let one = Complex::new(T::one(), T::zero());
    if b == zero {
        one
    } else if a == zero {
        if b.re > T::zero() { zero } else { Complex::new(T::nan(), T::nan()) }
    } else if b == one {
        a
    } else if b == one + one {
        a * a
    } else {
        a.powc(b)
    }
}

/// `log(1 + z)` without cancellation near zero.
pub(crate) fn log1p_complex<T: Float>(z: Complex<T>) -> Complex<T> {
    let two = T::one() + T::one();
    let size = z.re.hypot(z.im);
    // The identity |1 + z|^2 - 1 = 2x + x^2 + y^2 serves near zero; far away it would overflow.
    let re = if size < T::one() / two {
        (two * z.re + z.re * z.re + z.im * z.im).ln_1p() / two
    } else {
        (T::one() + z.re).hypot(z.im).ln()
    };
    Complex::new(re, z.im.atan2(T::one() + z.re))
}

/// `x Phi(x)`
pub(crate) fn gelu(x: f64) -> f64 {
    if x == f64::NEG_INFINITY {
        return 0.0;
    }
    // erfc keeps the digits that 1 + erf would lose on the left, where what its argument loses is a multiple of it.
    const LACKS: f64 = -4.833_646_656_726_457e-17;
    let u = -x * std::f64::consts::FRAC_1_SQRT_2;
    let lost = (-x).mul_add(std::f64::consts::FRAC_1_SQRT_2, -u) - x * LACKS;
    let slope = std::f64::consts::FRAC_2_SQRT_PI * (-u * u).exp();
    0.5 * x * if lost.is_finite() { libm::erfc(u) - slope * lost } else { libm::erfc(u) }
}
