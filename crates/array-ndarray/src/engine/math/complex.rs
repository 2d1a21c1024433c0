//! Complex functions whose textbook formulas lose digits or the side of a branch cut.
//!
//! After W. Kahan, *Branch Cuts for Complex Elementary Functions, or Much Ado About Nothing's Sign Bit* (1987), computed
//! in f64 for either precision. Signs of zeros say on which side of a cut an argument lies.

use num_complex::Complex;
use num_traits::AsPrimitive;

type C = Complex<f64>;

/// Each row: a function of either precision, from the one of f64.
macro_rules! functions {
    ($($(#[$doc:meta])* $f:ident = |$z:ident| $body:expr;)*) => { $(
        $(#[$doc])*
        pub(crate) fn $f<T: AsPrimitive<f64>>(z: Complex<T>) -> Complex<T>
        where
            f64: AsPrimitive<T>,
        {
            let $z = C::new(z.re.as_(), z.im.as_());
            let w: C = $body;
            Complex::new(w.re.as_(), w.im.as_())
        }
    )* };
}

functions! {
    /// The inverse sine.
    asin = |z| inverse_sine(z);
    /// The inverse cosine.
    acos = |z| {
        let (m, p) = roots(z);
        C::new(2.0 * libm::atan2(m.re, p.re), libm::asinh((p.conj() * m).im))
    };
    /// The inverse tangent.
    atan = |z| back(inverse_tangent(turn(z)));
    /// The inverse hyperbolic sine.
    asinh = |z| back(inverse_sine(turn(z)));
    /// The inverse hyperbolic cosine.
    acosh = |z| {
        let (m, p) = (root(C::new(z.re - 1.0, z.im)), root(C::new(z.re + 1.0, z.im)));
        C::new(libm::asinh((m.conj() * p).re), 2.0 * libm::atan2(m.im, p.re))
    };
    /// The inverse hyperbolic tangent.
    atanh = |z| inverse_tangent(z);
    /// The tangent.
    tan = |z| back(tangent(turn(z)));
    /// The hyperbolic tangent.
    tanh = |z| tangent(z);
}

/// `i z`, which changes no sign of a zero but the one it must.
fn turn(z: C) -> C {
    C::new(-z.im, z.re)
}

/// `-i z`
fn back(z: C) -> C {
    C::new(z.im, -z.re)
}

/// The square root with a real part that is not negative; the imaginary part has the sign of the argument's.
fn root(z: C) -> C {
    if z.re == 0.0 && z.im == 0.0 {
        return C::new(0.0, z.im);
    }
    let t = (0.5 * z.re.abs() + 0.5 * libm::hypot(z.re, z.im)).sqrt();
    if z.re >= 0.0 { C::new(t, 0.5 * z.im / t) } else { C::new(0.5 * z.im.abs() / t, t.copysign(z.im)) }
}

/// The square roots of `1 - z` and `1 + z`.
fn roots(z: C) -> (C, C) {
    (root(C::new(1.0 - z.re, -z.im)), root(C::new(1.0 + z.re, z.im)))
}

fn inverse_sine(z: C) -> C {
    let (m, p) = roots(z);
    C::new(libm::atan2(z.re, (m * p).re), libm::asinh((m.conj() * p).im))
}

/// The hyperbolic one.
fn inverse_tangent(z: C) -> C {
    let (below, above) = (1.0 - z.re, 1.0 + z.re);
    let re = 0.25 * libm::log1p(4.0 * z.re / (below * below + z.im * z.im));
    C::new(re, 0.5 * libm::atan2(2.0 * z.im, below * above - z.im * z.im))
}

/// The hyperbolic one.
fn tangent(z: C) -> C {
    let t = libm::tan(z.im);
    // The square of the hyperbolic sine would overflow.
    if z.re.abs() > 350.0 {
        return C::new(1f64.copysign(z.re), 0f64.copysign(t));
    }
    let (s, slope) = (libm::sinh(z.re), 1.0 + t * t);
    let d = 1.0 + slope * s * s;
    C::new(slope * (1.0 + s * s).sqrt() * s / d, t / d)
}
