//! The length of a vector of two components, within an ulp and a half.
//!
//! Squares are summed without scaling where they neither overflow nor lose digits that count.

use crate::engine::math::arithmetic::Arithmetic;

/// Components of a vector.
pub(crate) trait Component: Copy {
    /// Where [`length`](Self::length) is not valid.
    fn is_far(x: Self, y: Self) -> bool;
    /// `sqrt(x^2 + y^2)`
    fn length<M: Arithmetic>(x: Self, y: Self) -> Self;
    /// The same for all components.
    fn length_far(x: Self, y: Self) -> Self;
}

macro_rules! components {
    ($($t:ident: $least:literal to $most:literal, far: $far:path;)*) => { $(
        impl Component for $t {
            #[inline(always)]
            fn is_far(x: $t, y: $t) -> bool {
                let (x, y) = (x.abs(), y.abs());
                let zero = (x == 0.0) & (y == 0.0);
                // Comparisons with NaN are false.
                !((x < $most) & (y < $most) & ((x > $least) | (y > $least) | zero))
            }
            #[inline(always)]
            fn length<M: Arithmetic>(x: $t, y: $t) -> $t {
                let (x, y) = (x.abs(), y.abs());
                let (low, high) = if x < y { (x, y) } else { (y, x) };
                M::fma(high, high, low * low).sqrt()
            }
            fn length_far(x: $t, y: $t) -> $t {
                $far(x, y)
            }
        }
    )* };
}
// The square of the least one is far enough from the subnormal numbers that what is lost below does not count.
components! {
    f32: 1e-15 to 1e18, far: libm::hypotf;
    f64: 1e-138 to 1e153, far: libm::hypot;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::math::arithmetic::{Fused, Separate};

    /// In single precision against double precision; in double precision against `libm`, which is within an ulp.
    #[test]
    fn lengths_are_within_an_ulp_and_a_half() {
        let mut state = 1_u64;
        let mut number = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5) * 2.0_f64.powi((state % 24) as i32 - 12)
        };
        for _ in 0..100_000 {
            let (x, y) = (number(), number());
            for scale in [1.0, 1e-14, 1e17, 1e-137, 1e152] {
                let (x, y) = (x * scale, y * scale);
                if !f64::is_far(x, y) {
                    let due = libm::hypot(x, y);
                    for z in [f64::length::<Fused>(x, y), f64::length::<Separate>(x, y)] {
                        assert!((z - due).abs() <= 2.5 * (due.next_up() - due), "{x} {y}: {z}, not {due}");
                    }
                }
                let (x, y) = (x as f32, y as f32);
                if !f32::is_far(x, y) {
                    let due = f64::from(x).hypot(y.into());
                    let ulp = f64::from((due as f32).next_up() - due as f32);
                    for z in [f32::length::<Fused>(x, y), f32::length::<Separate>(x, y)] {
                        assert!((f64::from(z) - due).abs() <= 1.5 * ulp, "{x} {y}: {z}, not {due}");
                    }
                }
            }
        }
        for (x, y) in [(f32::INFINITY, f32::NAN), (f32::NAN, 1.0), (1e-30, 1e-30), (3e38, 1.0)] {
            assert!(f32::is_far(x, y) && f64::is_far(f64::from(x).powi(9), f64::from(y).powi(9)));
        }
        assert!(!f32::is_far(0.0, -0.0) && f32::length::<Fused>(0.0, -0.0) == 0.0);
    }
}
