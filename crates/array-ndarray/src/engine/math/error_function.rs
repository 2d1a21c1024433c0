//! The error function, for both precisions: within 1.8 ulp, without fused operations 2.3.
//!
//! Up to about 1 it is an odd polynomial; from there on `1 - q^8` with a polynomial `q` for the eighth root of its
//! complement, up to where that is below rounding. Both are minimax ones, our own by Remez' algorithm. The root is
//! smoother than the complement, so that one polynomial is enough, and takes three multiplications back where an
//! exponential function takes a dozen.

macro_rules! precision {
    ($float:ident, tiny: $tiny:literal, low to: $low_to:literal, one from: $one_from:literal,
     // erf(x) / x - 1 as a polynomial in x^2, highest power first
     low: [$low_highest:literal $(, $low:literal)*],
     // (1 - erf(x))^(1/8) as one in x
     high: [$high_highest:literal $(, $high:literal)*]) => {
        pub(crate) mod $float {
            use crate::engine::math::arithmetic::Arithmetic;

            type F = $float;

            /// The error function; NaN stays.
            #[inline(always)]
            pub(crate) fn erf<M: Arithmetic>(x: F) -> F {
                let size = x.abs();
                // The squares of tiny numbers would underflow, which takes the processor a hundred cycles.
                let root = if size < $tiny { 0.0 } else { size };
                let z = root * root;
                let mut low = $low_highest;
                $( low = M::fma(low, z, $low); )*
                let bounded = if size > $one_from { $one_from } else { size };
                let mut q = $high_highest;
                $( q = M::fma(q, bounded, $high); )*
                let square = q * q;
                let fourth = square * square;
                let high = M::fma(-fourth, fourth, 1.0);
                (if size < $low_to { M::fma(size, low, size) } else { high }).copysign(x)
            }
        }
    };
}

precision! {
    f64, tiny: 1e-17, low to: 1.0, one from: 6.0,
    low: [-7.607_827_675_189_998e-10, 1.361_670_697_455_898_8e-8, -1.618_399_275_666_967e-7,
          1.644_415_074_226_786_2e-6, -1.492_446_565_024_611_6e-5, 1.205_528_049_693_382_2e-4,
          -8.548_325_485_005_243e-4, 5.223_977_596_735_931e-3, -2.686_617_064_195_914e-2, 0.112_837_916_709_369_5,
          -0.376_126_389_031_833_43, 0.128_379_167_095_512_56],
    high: [-1.410_754_957_935_782_3e-14, 7.363_774_148_260_216e-13, -1.806_627_091_012_477e-11,
           2.775_166_021_699_572e-10, -3.001_372_095_673_92e-9, 2.434_329_914_702_225e-8, -1.532_755_595_388_787e-7,
           7.573_851_729_422_76e-7, -2.901_529_295_705_406_2e-6, 8.390_579_449_321_34e-6,
           -1.789_117_554_624_125_2e-5, 2.308_933_906_505_950_6e-5, 5.695_344_014_917_217e-5,
           -4.860_430_388_893_282e-4, 1.705_942_281_088_168_2e-4, 6.595_319_808_197_782e-3,
           -2.090_275_283_387_814_5e-3, -6.963_028_866_888_202e-2, -0.141_047_383_935_077_62,
           0.999_999_997_968_241_6]
}

precision! {
    f32, tiny: 1e-9, low to: 1.125, one from: 4.0,
    low: [7.063_275_6e-5, -7.765_732e-4, 5.160_253e-3, -2.683_922e-2, 0.112_832_56, -0.376_126_02, 0.128_379_17],
    high: [1.132_591_75e-5, 1.751_947_1e-5, -1.826_495e-3, 1.124_105_4e-2, -8.808_364e-3, -6.369_279e-2,
           -0.143_987_4, 1.000_625_5]
}
