//! Functions with too many cases to vectorise.

use array_api::Complex;
use num_traits::{Float, FloatConst};

macro_rules! division {
    ($($float:ident: $floor_divide:ident, $remainder:ident, $fmod:path;)*) => { $(
        /// `floor(a / b)` with the standard's special cases, exact where the quotient is an integer.
        pub(crate) fn $floor_divide(a: $float, b: $float) -> $float {
            if b == 0.0 || a.is_infinite() || a.is_nan() || b.is_nan() {
                return a / b;
            }
            if b.is_infinite() {
                return (0.0 as $float).copysign(a * b.signum());
            }
            let r = $fmod(a, b);
            let mut quotient = (a - r) / b;
            if r != 0.0 && (r < 0.0) != (b < 0.0) {
                quotient -= 1.0;
            }
            if quotient == 0.0 {
                return (0.0 as $float).copysign(a / b);
            }
            let floor = quotient.floor();
            if quotient - floor > 0.5 { floor + 1.0 } else { floor }
        }

        /// `a - floor(a / b) b` with the sign of `b`.
        pub(crate) fn $remainder(a: $float, b: $float) -> $float {
            let r = $fmod(a, b);
            if r == 0.0 {
                (0.0 as $float).copysign(b)
            } else if (r < 0.0) != (b < 0.0) {
                r + b
            } else {
                r
            }
        }
    )* };
}

division! {
    f32: floor_divide_f32, remainder_f32, libm::fmodf;
    f64: floor_divide_f64, remainder_f64, libm::fmod;
}

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

/// `a / b` scaled by the divisor's larger part, which neither overflows nor underflows needlessly (Smith 1962).
#[inline(always)]
pub(crate) fn divide_complex<T: Float>(a: Complex<T>, b: Complex<T>) -> Complex<T> {
    if b.re.abs() >= b.im.abs() {
        if b.re == T::zero() {
            // Both parts are zero: the quotients by zero are what IEEE 754 gives.
            return Complex::new(a.re / b.re.abs(), a.im / b.re.abs());
        }
        let ratio = b.im / b.re;
        let scale = b.re + b.im * ratio;
        Complex::new((a.re + a.im * ratio) / scale, (a.im - a.re * ratio) / scale)
    } else {
        let ratio = b.re / b.im;
        let scale = b.re * ratio + b.im;
        Complex::new((a.re * ratio + a.im) / scale, (a.im * ratio - a.re) / scale)
    }
}

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
    // erfc keeps the digits that 1 + erf would lose on the left.
    if x == f64::NEG_INFINITY { 0.0 } else { 0.5 * x * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2) }
}
