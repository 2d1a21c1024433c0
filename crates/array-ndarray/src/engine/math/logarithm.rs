//! Logarithms to bases 2 and 10, for both precisions: within 1.3 ulp.
//!
//! As for the natural logarithm `x = 2^k (1 + f)`, and `log(1 + f) = f - s (f - z p(z))` with `s = f / (2 + f)` and
//! `z = s^2`. Here `f` times the base's factor is added to the multiple of the octave without loss. So powers of the
//! base have the integers they should have.

macro_rules! precision {
    ($float:ident, $bits:ident, lowest: $lowest:literal,
     // the factor of each base in two parts, of which the first has few bits, and what the nearest number lacks
     log2: $factor2_hi:literal + $factor2_lo:literal, $lacks2:literal;
     log10: $factor10_hi:literal + $factor10_lo:literal, $lacks10:literal;
     // the logarithm of 2 to base 10
     octave: $octave_hi:literal + $octave_lo:literal) => {
        pub(crate) mod $float {
            use crate::engine::math::arithmetic::Arithmetic;
            pub(crate) use crate::engine::math::$float::is_not_normal;
            use crate::engine::math::$float::{log_rest, split};
            use std::$float::consts::{LOG2_E, LOG10_E};

            type F = $float;
            /// A base's factor: the nearest number and what that lacks, then the two parts.
            type Factor = (F, F, F, F);
            const FACTOR2: Factor = (LOG2_E, $lacks2, $factor2_hi, $factor2_lo);
            const FACTOR10: Factor = (LOG10_E, $lacks10, $factor10_hi, $factor10_lo);

            /// All but the lowest bits, so that products with the first part of a factor are exact.
            const LEADING: $bits = $bits::MAX << $lowest;

            /// `start + more + log(1 + f) factor`, for `start` that is zero or larger than the product.
            #[inline(always)]
            fn line<M: Arithmetic>(start: F, more: F, f: F, (factor, lacks, hi, lo): Factor) -> F {
                let tail = M::fma(log_rest::<M>(f), factor, more);
                if M::FUSED {
                    let sum = M::fma(f, factor, start);
                    let lost = M::fma(f, factor, start - sum);
                    sum + (M::fma(f, lacks, lost) + tail)
                } else {
                    let leading = F::from_bits(f.to_bits() & LEADING);
                    let product = leading * hi;
                    let sum = start + product;
                    sum + (((start - sum) + product) + ((f - leading) * hi + (f * lo + tail)))
                }
            }

            #[inline(always)]
            pub(crate) fn log2<M: Arithmetic>(x: F) -> F {
                let (k, m) = split(x);
                line::<M>(k, 0.0, m - 1.0, FACTOR2)
            }

            #[inline(always)]
            pub(crate) fn log10<M: Arithmetic>(x: F) -> F {
                let (k, m) = split(x);
                line::<M>(k * $octave_hi, k * $octave_lo, m - 1.0, FACTOR10)
            }
        }
    };
}

precision! {
    f64, u64, lowest: 32,
    log2: 1.442_695_040_721_446_3 + 1.675_171_316_488_651_2e-10, 2.035_527_374_093_103_3e-17;
    log10: 0.434_294_481_878_168_9 + 2.508_294_671_164_527_5e-11, 1.098_319_650_216_765e-17;
    octave: 0.301_029_995_663_952_83 + 2.836_339_455_104_496_4e-14
}

precision! {
    f32, u32, lowest: 12,
    log2: 1.442_382_8 + 0.000_312_228_4, 1.925_963e-8;
    log10: 0.434_204_1 + 9.038_034e-5, -1.010_305e-8;
    octave: 0.301_025_4 + 4.605_039e-6
}
