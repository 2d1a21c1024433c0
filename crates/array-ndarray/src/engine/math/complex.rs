//! Functions of one complex number, on the branches and with the special cases of the array API standard.
//!
//! All is computed in `f64`: `complex64` results lose nothing but the last rounding. Formulas are those of Kahan,
//! "Branch cuts for complex elementary functions" (1987), which neither cancel near the cuts nor overflow needlessly.

use std::f64::consts::{FRAC_PI_2, FRAC_PI_4};

use num_complex::Complex64 as C;

/// A complex number of either precision.
pub(crate) trait Complex: Copy {
    /// The number with parts of 64 bits.
    fn wide(self) -> C;
    /// The nearest number of this precision.
    fn of(z: C) -> Self;
}

impl Complex for C {
    #[inline]
    fn wide(self) -> C {
        self
    }
    #[inline]
    fn of(z: C) -> C {
        z
    }
}

impl Complex for num_complex::Complex32 {
    #[inline]
    fn wide(self) -> C {
        C::new(self.re.into(), self.im.into())
    }
    #[inline]
    fn of(z: C) -> Self {
        Self::new(z.re as f32, z.im as f32)
    }
}

macro_rules! functions {
    ($($(#[$doc:meta])* $f:ident = $exact:ident;)*) => { $(
        $(#[$doc])*
        pub(crate) fn $f<T: Complex>(z: T) -> T { T::of($exact(z.wide())) }
    )* };
}

functions! {
    /// The square root with a real part that is not negative.
    sqrt = root;
    /// The natural logarithm.
    log = logarithm;
    /// `e^z - 1` without cancellation near zero.
    expm1 = exponential_minus_one;
    /// The hyperbolic sine.
    sinh = hyperbolic_sine;
    /// The hyperbolic cosine.
    cosh = hyperbolic_cosine;
    /// The hyperbolic tangent.
    tanh = hyperbolic_tangent;
    /// The sine.
    sin = sine;
    /// The cosine.
    cos = cosine;
    /// The tangent.
    tan = tangent;
    /// The inverse cosine.
    acos = inverse_cosine;
    /// The inverse sine.
    asin = inverse_sine;
    /// The inverse tangent.
    atan = inverse_tangent;
    /// The inverse hyperbolic cosine.
    acosh = inverse_hyperbolic_cosine;
    /// The inverse hyperbolic sine.
    asinh = inverse_hyperbolic_sine;
    /// The inverse hyperbolic tangent.
    atanh = inverse_hyperbolic_tangent;
}

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;
/// Beyond it `exp` overflows although half of it may be wanted.
const EXP_LIMIT: f64 = 700.0;
/// Beyond it a sum with one, or of squares, is lost or overflows.
const LARGE: f64 = 1e150;

/// `i z`
fn turned(z: C) -> C {
    C::new(-z.im, z.re)
}

/// `-i z`
fn turned_back(z: C) -> C {
    C::new(z.im, -z.re)
}

fn root(z: C) -> C {
    let (x, y) = (z.re, z.im);
    if y.is_infinite() {
        return C::new(INF, y);
    }
    if x.is_infinite() {
        return match (x > 0.0, y.is_nan()) {
            (true, true) => C::new(INF, NAN),
            (true, false) => C::new(INF, 0f64.copysign(y)),
            (false, true) => C::new(NAN, INF),
            (false, false) => C::new(0.0, INF.copysign(y)),
        };
    }
    if x.is_nan() || y.is_nan() {
        return C::new(NAN, NAN);
    }
    if x == 0.0 && y == 0.0 {
        return C::new(0.0, y);
    }
    // Scaled by a power of four, so that the squares in `hypot` keep all their digits.
    let size = x.abs().max(y.abs());
    let (up, down) = match size {
        s if s > 1e300 => (2f64.powi(-4), 2f64.powi(2)),
        s if s < 1e-300 => (2f64.powi(108), 2f64.powi(-54)),
        _ => (1.0, 1.0),
    };
    let (ax, ay) = (x.abs() * up, y.abs() * up);
    let s = ((ax + ax.hypot(ay)) * 0.5).sqrt();
    let d = ay / (2.0 * s);
    let (s, d) = (s * down, d * down);
    if x >= 0.0 { C::new(s, d.copysign(y)) } else { C::new(d, s.copysign(y)) }
}

fn logarithm(z: C) -> C {
    let (ax, ay) = (z.re.abs(), z.im.abs());
    let (high, low) = (ax.max(ay), ax.min(ay));
    let size = ax.hypot(ay);
    // Near the unit circle the logarithm of the size is small, and its digits are those of `size^2 - 1`.
    // `max` above would pass over a part that is not a number.
    let re = if size.is_nan() {
        NAN
    } else if (0.7..1.8).contains(&size) {
        ((high - 1.0) * (high + 1.0) + low * low).ln_1p() / 2.0
    } else if high > LARGE && high < INF {
        (high / 1e200).hypot(low / 1e200).ln() + 200.0 * std::f64::consts::LN_10
    } else if high < 1e-300 && high > 0.0 {
        (high * 1e200).hypot(low * 1e200).ln() - 200.0 * std::f64::consts::LN_10
    } else {
        size.ln()
    };
    C::new(re, z.im.atan2(z.re))
}

/// `e^x (cos y, sin y)`, where `e^x` alone may overflow.
fn cis(x: f64, y: f64) -> C {
    let (sin, cos) = y.sin_cos();
    if x > EXP_LIMIT {
        let half = (x / 2.0).exp();
        return C::new(half * cos * half, half * sin * half);
    }
    C::new(x.exp() * cos, x.exp() * sin)
}

fn exponential_minus_one(z: C) -> C {
    let (x, y) = (z.re, z.im);
    if y == 0.0 {
        return C::new(x.exp_m1() + 0.0, y);
    }
    if x.is_infinite() {
        return match (x > 0.0, y.is_finite()) {
            (true, true) => C::new(x * y.cos(), x * y.sin()),
            (true, false) => C::new(x, NAN),
            (false, true) => C::new(-1.0, 0f64.copysign(y.sin())),
            (false, false) => C::new(-1.0, 0.0),
        };
    }
    if !x.is_finite() || !y.is_finite() {
        return C::new(NAN, NAN);
    }
    if x > EXP_LIMIT {
        return cis(x, y);
    }
    let half = (y / 2.0).sin();
    C::new(x.exp_m1() * y.cos() - 2.0 * half * half, x.exp() * y.sin())
}

fn hyperbolic_sine(z: C) -> C {
    let (x, y) = (z.re, z.im);
    if y == 0.0 {
        return C::new(x.sinh(), y);
    }
    if x == 0.0 {
        return C::new(if y.is_finite() { x * y.cos() } else { x }, y.sin());
    }
    if x.is_infinite() {
        return match y.is_finite() {
            true => C::new(x * y.cos(), x.abs() * y.sin()),
            false => C::new(x, NAN),
        };
    }
    if x.abs() > EXP_LIMIT {
        let e = cis(x.abs(), y);
        return C::new(e.re.copysign(e.re * x.signum()) / 2.0, e.im / 2.0);
    }
    let (sin, cos) = y.sin_cos();
    C::new(x.sinh() * cos, x.cosh() * sin)
}

fn hyperbolic_cosine(z: C) -> C {
    let (x, y) = (z.re, z.im);
    if y == 0.0 {
        return C::new(x.cosh(), if x.is_nan() { y } else { y * 1f64.copysign(x) });
    }
    if x == 0.0 {
        return C::new(y.cos(), if y.is_finite() { x * y.sin() } else { 0.0 });
    }
    if x.is_infinite() {
        return match y.is_finite() {
            true => C::new(INF * y.cos(), x * y.sin()),
            false => C::new(INF, NAN),
        };
    }
    if x.abs() > EXP_LIMIT {
        let e = cis(x.abs(), y);
        return C::new(e.re / 2.0, e.im * x.signum() / 2.0);
    }
    let (sin, cos) = y.sin_cos();
    C::new(x.cosh() * cos, x.sinh() * sin)
}

fn hyperbolic_tangent(z: C) -> C {
    let (x, y) = (z.re, z.im);
    if y == 0.0 {
        return C::new(x.tanh(), y);
    }
    if x.is_infinite() {
        return C::new(1f64.copysign(x), if y.is_finite() { 0f64.copysign(y) } else { 0.0 });
    }
    if x == 0.0 {
        return C::new(x, y.tan());
    }
    if !y.is_finite() {
        return C::new(NAN, NAN);
    }
    if x.abs() > EXP_LIMIT / 2.0 {
        let (sin, cos) = y.sin_cos();
        return C::new(1f64.copysign(x), 4.0 * sin * cos * (-2.0 * x.abs()).exp());
    }
    // With t = tan y: (cosh x sinh x (1 + t^2) + i t) / (1 + sinh(x)^2 (1 + t^2)).
    let (t, s, c) = (y.tan(), x.sinh(), x.cosh());
    let b = 1.0 + t * t;
    let below = 1.0 + b * s * s;
    match b.is_infinite() {
        true => C::new(c / s, 0f64.copysign(t)),
        false => C::new(b * s * c / below, t / below),
    }
}

fn sine(z: C) -> C {
    turned_back(hyperbolic_sine(turned(z)))
}

fn cosine(z: C) -> C {
    hyperbolic_cosine(turned(z))
}

fn tangent(z: C) -> C {
    turned_back(hyperbolic_tangent(turned(z)))
}

fn inverse_cosine(z: C) -> C {
    // acos of the conjugate is the conjugate of acos.
    let (x, y) = (z.re, z.im.abs());
    let w = above_cosine(x, y);
    if z.im.is_sign_negative() { w.conj() } else { w }
}

/// The inverse cosine where the imaginary part is not negative; its own is then not positive.
fn above_cosine(x: f64, y: f64) -> C {
    match (x, y) {
        (x, y) if x.is_nan() => C::new(NAN, if y.is_infinite() { -INF } else { NAN }),
        (x, y) if x.is_infinite() && y.is_nan() => C::new(NAN, -INF),
        (x, y) if y.is_nan() => C::new(if x == 0.0 { FRAC_PI_2 } else { NAN }, NAN),
        (x, y) if x.is_infinite() || y.is_infinite() => C::new(y.atan2(x), -INF),
        (x, y) if x.abs() > LARGE || y > LARGE => {
            C::new(y.atan2(x), -(logarithm(C::new(x.abs(), y)).re + std::f64::consts::LN_2))
        }
        (x, y) => {
            let (a, b) = (root(C::new(1.0 - x, -y)), root(C::new(1.0 + x, y)));
            C::new(2.0 * a.re.atan2(b.re), -(b.im * a.re - b.re * a.im).asinh().abs())
        }
    }
}

fn inverse_sine(z: C) -> C {
    turned_back(inverse_hyperbolic_sine(turned(z)))
}

fn inverse_tangent(z: C) -> C {
    turned_back(inverse_hyperbolic_tangent(turned(z)))
}

fn inverse_hyperbolic_cosine(z: C) -> C {
    // `i acos z` above the real axis, mirrored below it.
    let w = above_cosine(z.re, z.im.abs());
    C::new(w.im.abs(), w.re.copysign(z.im))
}

fn inverse_hyperbolic_sine(z: C) -> C {
    // Odd, and symmetric to the real axis: the first quadrant is enough.
    let (x, y) = (z.re.abs(), z.im.abs());
    let w = match (x, y) {
        (x, y) if x.is_nan() && y == 0.0 => C::new(NAN, 0.0),
        (x, y) if x.is_nan() => C::new(if y.is_infinite() { INF } else { NAN }, NAN),
        (x, y) if y.is_nan() => C::new(if x.is_infinite() { INF } else { NAN }, NAN),
        (x, y) if x.is_infinite() && y.is_infinite() => C::new(INF, FRAC_PI_4),
        (x, y) if x.is_infinite() || y.is_infinite() => C::new(INF, y.atan2(x)),
        (x, y) if x > LARGE || y > LARGE => C::new(logarithm(C::new(x, y)).re + std::f64::consts::LN_2, y.atan2(x)),
        (x, y) => {
            let (a, b) = (root(C::new(1.0 + y, -x)), root(C::new(1.0 - y, x)));
            C::new((a.re * b.im - a.im * b.re).asinh(), y.atan2(a.re * b.re - a.im * b.im))
        }
    };
    C::new(w.re.copysign(z.re), w.im.copysign(z.im))
}

fn inverse_hyperbolic_tangent(z: C) -> C {
    let (x, y) = (z.re.abs(), z.im.abs());
    let w = match (x, y) {
        (_, y) if y.is_infinite() => C::new(0.0, FRAC_PI_2),
        (x, y) if x.is_infinite() => C::new(0.0, if y.is_nan() { NAN } else { FRAC_PI_2 }),
        (x, y) if x.is_nan() || y.is_nan() => C::new(if x == 0.0 { 0.0 } else { NAN }, NAN),
        (x, y) if x > LARGE || y > LARGE => {
            // Halved twice, so that neither the size nor its square overflows.
            let h = (x / 2.0).hypot(y / 2.0);
            C::new(x / 4.0 / h / h, FRAC_PI_2)
        }
        (1.0, 0.0) => C::new(INF, 0.0),
        (1.0, y) if y < 1e-150 => C::new((2.0 / y).ln() / 2.0, FRAC_PI_4),
        (x, y) => {
            let re = (4.0 * x / ((1.0 - x) * (1.0 - x) + y * y)).ln_1p() / 4.0;
            C::new(re, (2.0 * y).atan2((1.0 - x) * (1.0 + x) - y * y) / 2.0)
        }
    };
    C::new(w.re.copysign(z.re), w.im.copysign(z.im))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    /// Each function undoes its inverse, to the digits that the argument's own rounding leaves.
    #[test]
    fn inverses_come_back() {
        let parts = [-40.0, -3.0, -1.0, -0.5, -1e-9, 1e-9, 0.25, 0.9, 1.0, 2.0, 25.0];
        for z in parts.iter().flat_map(|&x| parts.iter().map(move |&y| C::new(x, y))) {
            type Function = fn(C) -> C;
            let pairs: [(Function, Function); 6] = [
                (inverse_sine, sine),
                (inverse_cosine, cosine),
                (inverse_tangent, tangent),
                (inverse_hyperbolic_sine, hyperbolic_sine),
                (inverse_hyperbolic_cosine, hyperbolic_cosine),
                (inverse_hyperbolic_tangent, hyperbolic_tangent),
            ];
            for (i, (inverse, f)) in pairs.into_iter().enumerate() {
                let back = f(inverse(z));
                assert!((back - z).norm() <= 1e-11 * (1.0 + z.norm_sqr()), "{i}: {z} came back as {back}");
            }
            let square = root(z) * root(z);
            assert!((square - z).norm() <= 1e-14 * z.norm(), "{z}: {square}");
            assert!((cis(logarithm(z).re, logarithm(z).im) - z).norm() <= 1e-14 * z.norm(), "{z}");
        }
    }

    #[test]
    fn branch_cuts_have_the_side_of_the_zero() {
        for side in [0.0, -0.0] {
            assert_eq!(root(C::new(-4.0, side)), C::new(0.0, 2f64.copysign(side)));
            assert_eq!(logarithm(C::new(-1.0, side)).im, PI.copysign(side));
            assert_eq!(inverse_sine(C::new(2.0, side)).im.is_sign_negative(), side.is_sign_negative());
            assert_eq!(inverse_cosine(C::new(2.0, side)).im.is_sign_negative(), side.is_sign_positive());
            assert_eq!(inverse_hyperbolic_tangent(C::new(2.0, side)).im, FRAC_PI_2.copysign(side));
        }
    }

    #[test]
    fn nothing_overflows_on_the_way() {
        assert!((inverse_hyperbolic_sine(C::new(1e300, 1e300)).re - 691.815_249).abs() < 1e-5);
        assert!(hyperbolic_sine(C::new(710.3, 1.0)).re.is_finite());
        assert!(root(C::new(f64::MAX, f64::MAX)).re.is_finite());
        assert!((logarithm(C::new(f64::MAX, f64::MAX)).re - 710.129_286).abs() < 1e-5);
    }
}
