//! Hyperbolic sine and cosine, for both precisions: within 1.9 ulp.
//!
//! With `|x| = n ln2 + r`, reduced as for the exponential function, both are sums of `sinh r` and `cosh r` times
//! `2^(n-1) + 2^(-n-1)` and `2^(n-1) - 2^(-n-1)`: without a division, and without cancellation near zero, where
//! `n = 0`. `sinh r` and `cosh r - 1` are minimax polynomials, our own by Remez' algorithm.

macro_rules! precision {
    ($float:ident, tiny: $tiny:literal,
     // (sinh(r) / r - 1) / r^2 and (cosh(r) - 1) / r^2 as polynomials in r^2, highest power first
     sinh: [$sinh_highest:literal $(, $sinh:literal)*], cosh: [$cosh_highest:literal $(, $cosh:literal)*]) => {
        pub(crate) mod $float {
            use crate::engine::math::arithmetic::Arithmetic;
            pub(crate) use crate::engine::math::$float::is_extreme;
            use crate::engine::math::$float::{halves_of_powers, reduce_in_parts};

            type F = $float;

            /// `2^(n-1) + 2^(-n-1)`, `2^(n-1) - 2^(-n-1)`, `sinh r` and `cosh r - 1`.
            #[inline(always)]
            fn parts<M: Arithmetic>(size: F) -> (F, F, F, F) {
                let (shifted, r, low) = reduce_in_parts::<M>(size);
                let (up, down) = halves_of_powers(shifted);
                // The squares of tiny numbers would underflow, which takes the processor a hundred cycles.
                let root = if size < $tiny { 0.0 } else { r };
                let z = root * root;
                let mut sinh = $sinh_highest;
                $( sinh = M::fma(sinh, z, $sinh); )*
                let mut cosh = $cosh_highest;
                $( cosh = M::fma(cosh, z, $cosh); )*
                (up + down, up - down, r + M::fma(r * z, sinh, low), z * cosh)
            }

            /// The hyperbolic sine of what is not extreme.
            #[inline(always)]
            pub(crate) fn sinh<M: Arithmetic>(x: F) -> F {
                let (sum, difference, sinh, rest) = parts::<M>(x.abs());
                (difference + M::fma(difference, rest, sum * sinh)).copysign(x)
            }

            /// The hyperbolic cosine of what is not extreme.
            #[inline(always)]
            pub(crate) fn cosh<M: Arithmetic>(x: F) -> F {
                let (sum, difference, sinh, rest) = parts::<M>(x.abs());
                sum + M::fma(sum, rest, difference * sinh)
            }
        }
    };
}

precision! {
    f64, tiny: 1e-17,
    sinh: [2.510_932_121_561_778_5e-8, 2.755_724_345_163_969e-6, 1.984_126_988_681_585_7e-4,
           8.333_333_333_321_386e-3, 1.666_666_666_666_667_7e-1],
    cosh: [2.092_177_002_435_958_8e-9, 2.755_725_181_950_791_5e-7, 2.480_158_734_920_218_5e-5,
           1.388_888_888_887_328_3e-3, 4.166_666_666_666_668_5e-2, 0.5]
}

precision! {
    f32, tiny: 1e-9,
    sinh: [1.997_409_7e-4, 8.333_175e-3, 1.666_666_7e-1],
    cosh: [1.393_542_9e-3, 4.166_646e-2, 0.5]
}
