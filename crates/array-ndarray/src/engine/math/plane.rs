//! Functions of complex numbers in a form that vectorises, where nothing over- or underflows.
//!
//! They are put together from the functions of real numbers, in double precision: single precision loses nothing but the last
//! rounding. Elsewhere, and for the special cases, there is `complex.rs`.

use num_complex::Complex64 as C;

use crate::engine::math::arctangent::f64::atan2;
use crate::engine::math::arithmetic::Arithmetic;
use crate::engine::math::circular::{LIMIT, cos as cosine, sin as sine};
use crate::engine::math::complex::Complex;
use crate::engine::math::f64::{exp_of_moderate, log_of_sum};
use crate::engine::math::hyperbolic::f64::{cosh as hyperbolic_cosine, sinh as hyperbolic_sine};
use crate::engine::math::hypotenuse::Component;

/// A growth, of which the exponential is far from the largest number, and an angle that is not huge.
#[inline(always)]
fn is_beyond(growth: f64, angle: f64) -> bool {
    // Comparisons with NaN are false.
    !((growth.abs() < 700.0) & (angle.abs() <= LIMIT))
}

/// A size whose square is far from the ends of the range.
#[inline(always)]
fn is_extreme(z: C) -> bool {
    let (x, y) = (z.re.abs(), z.im.abs());
    !((x < 1e150) & (y < 1e150) & ((x > 1e-135) | (y > 1e-135)))
}

/// Functions, and where they must not be used.
macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident, not where $beyond:ident, is |$z:ident| $is_beyond:expr => $f:expr;)*) => { $(
        $(#[$doc])*
        #[inline(always)]
        pub(crate) fn $name<T: Complex, M: Arithmetic>(z: T) -> T {
            let $z = z.wide();
            T::of($f)
        }
        #[inline(always)]
        pub(crate) fn $beyond<T: Complex>(z: T) -> bool {
            let $z = z.wide();
            $is_beyond
        }
    )* };
}

functions! {
    /// `e^x (cos y + i sin y)`
    exp, not where no_exp, is |z| is_beyond(z.re, z.im) => {
        let size = exp_of_moderate::<M>(z.re);
        C::new(size * cosine::<M>(z.im), size * sine::<M>(z.im))
    };
    /// The logarithm of the size, and the angle.
    log, not where no_log, is |z| is_extreme(z) => C::new(log_of_size::<M>(z), atan2::<M>(z.im, z.re));
    /// The root on the right, after Kahan: without cancellation.
    sqrt, not where no_sqrt, is |z| is_extreme(z) => {
        let large = ((z.re.abs() + f64::length::<M>(z.re, z.im)) * 0.5).sqrt();
        let small = z.im.abs() / (2.0 * large);
        let (re, im) = if z.re >= 0.0 { (large, small) } else { (small, large) };
        C::new(re, im.copysign(z.im))
    };
    /// `sin x cosh y + i cos x sinh y`
    sin, not where no_sin, is |z| is_beyond(z.im, z.re) => {
        let (x, y) = (z.re, z.im);
        C::new(sine::<M>(x) * hyperbolic_cosine::<M>(y), cosine::<M>(x) * hyperbolic_sine::<M>(y))
    };
    /// `cos x cosh y - i sin x sinh y`
    cos, not where no_cos, is |z| is_beyond(z.im, z.re) => {
        let (x, y) = (z.re, z.im);
        C::new(cosine::<M>(x) * hyperbolic_cosine::<M>(y), -sine::<M>(x) * hyperbolic_sine::<M>(y))
    };
    /// `sinh x cos y + i cosh x sin y`
    sinh, not where no_sinh, is |z| is_beyond(z.re, z.im) => {
        let (x, y) = (z.re, z.im);
        C::new(hyperbolic_sine::<M>(x) * cosine::<M>(y), hyperbolic_cosine::<M>(x) * sine::<M>(y))
    };
    /// `cosh x cos y + i sinh x sin y`
    cosh, not where no_cosh, is |z| is_beyond(z.re, z.im) => {
        let (x, y) = (z.re, z.im);
        C::new(hyperbolic_cosine::<M>(x) * cosine::<M>(y), hyperbolic_sine::<M>(x) * sine::<M>(y))
    };
}

/// Half of the logarithm of the square of the size, which is summed in two parts: near the unit circle its digits are those of
/// its difference to one.
#[inline(always)]
fn log_of_size<M: Arithmetic>(z: C) -> f64 {
    let (x, y) = (z.re.abs(), z.im.abs());
    let (low, high) = if x < y { (x, y) } else { (y, x) };
    let (p, q) = (high * high, low * low);
    let lost = M::exact(high, high, -p) + M::exact(low, low, -q);
    let sum = p + q;
    0.5 * log_of_sum::<M>(sum, (q - (sum - p)) + lost)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::math::arithmetic::{Fused, Separate};
    use crate::engine::math::complex;

    fn near(name: &str, z: C, made: C, due: C) {
        let apart = (made - due).norm();
        let zeros = |made: f64, due: f64| due != 0.0 || made.to_bits() == due.to_bits() || apart > 0.0;
        assert!(apart <= 8.0 * f64::EPSILON * due.norm(), "{name}({z}) = {made}, not {due}");
        assert!(zeros(made.re, due.re) && zeros(made.im, due.im), "{name}({z}) = {made:?}, not {due:?}");
    }

    /// On both sides of each axis, on it, on the unit circle, and of many sizes.
    #[test]
    fn the_plane_is_that_of_the_formulas_for_all_numbers() {
        let mut state = 1_u64;
        let mut number = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64 * 2.0 - 1.0
        };
        for i in 0..60_000 {
            let (x, y) = (number(), number());
            let z = match i % 6 {
                0 => C::new(x * 10.0, y * 10.0),
                1 => C::new(x, y) / C::new(x, y).norm(),
                2 => C::new(x * 1e3, 0.0_f64.copysign(y)),
                3 => C::new(0.0_f64.copysign(x), y * 1e3),
                4 => C::new(x, y) * 10.0_f64.powf(number() * 130.0),
                _ => C::new(x * 1e-9, y),
            };
            macro_rules! compare {
                ($($name:ident, $no:ident: $due:expr;)*) => { $(
                    if !$no(z) {
                        near(stringify!($name), z, $name::<C, Fused>(z), $due(z));
                        near(stringify!($name), z, $name::<C, Separate>(z), $due(z));
                    }
                )* };
            }
            compare! {
                exp, no_exp: C::exp;
                log, no_log: complex::log;
                sqrt, no_sqrt: complex::sqrt;
                sin, no_sin: complex::sin;
                cos, no_cos: complex::cos;
                sinh, no_sinh: complex::sinh;
                cosh, no_cosh: complex::cosh;
            }
        }
        for z in [C::new(f64::NAN, 1.0), C::new(1.0, f64::NAN), C::new(f64::INFINITY, 1.0), C::new(1.0, f64::INFINITY)]
        {
            assert!(no_exp(z) && no_log(z) && no_sqrt(z) && no_sin(z) && no_cos(z) && no_sinh(z) && no_cosh(z), "{z}");
        }
    }

    /// Where the size is nearly one, its logarithm is nearly half of what the squares have above one.
    #[test]
    fn logarithms_near_the_unit_circle_keep_their_digits() {
        for i in 1..2000 {
            let y = f64::from(i) / 4096.0;
            let x = (1.0 - y * y).sqrt();
            // Exact: squares of 26 bits at most.
            let x = (x * 67_108_864.0).round() / 67_108_864.0;
            let due = ((x * x - 1.0) + y * y).ln_1p() / 2.0;
            for made in [log::<C, Fused>(C::new(x, y)).re, log::<C, Separate>(C::new(x, y)).re] {
                assert!((made - due).abs() <= 4.0 * f64::EPSILON * due.abs(), "{x} {y}: {made:e}, not {due:e}");
            }
        }
    }
}
