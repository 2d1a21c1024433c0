//! Elementwise operations of three operands, and ELU, whose parameter is an operand.

use array_api::{Complex, DType};

use crate::engine::kernel::{Class, Function3, Kernel, Op, table, ternary};
use crate::engine::math::arithmetic::Arithmetic;
use crate::engine::math::incomplete_beta;

struct Select;
impl<T> Function3<bool, T, T, T> for Select {
    #[inline(always)]
    fn f<M: Arithmetic>(condition: bool, yes: T, no: T) -> T {
        if condition { yes } else { no }
    }
}

/// `x1` where the condition is true and `x2` elsewhere; operands: condition (bool), x1, x2.
///
/// Elements are moved, so data types of one size share a loop.
pub static WHERE: Op = Op {
    name: "where",
    kernels: {
        let mut kernels: [Option<Kernel>; 13] = [None; 13];
        let mut i = 0;
        while i < 13 {
            let dtype = array_api::DTYPES[i];
            kernels[dtype as usize] = match dtype.size() {
                1 => ternary::<bool, u8, u8, u8, Select>(dtype, Class::Cheap),
                2 => ternary::<bool, u16, u16, u16, Select>(dtype, Class::Cheap),
                4 => ternary::<bool, u32, u32, u32, Select>(dtype, Class::Cheap),
                // Pairs of 32 bits are aligned as the complex type of this size is.
                8 if matches!(dtype, DType::Complex64) => {
                    ternary::<bool, Complex<f32>, Complex<f32>, Complex<f32>, Select>(dtype, Class::Cheap)
                }
                8 => ternary::<bool, u64, u64, u64, Select>(dtype, Class::Cheap),
                _ => ternary::<bool, Complex<f64>, Complex<f64>, Complex<f64>, Select>(dtype, Class::Cheap),
            };
            i += 1;
        }
        kernels
    },
};

table! { /// `x` kept between `min` and `max`; operands: x, min, max. NaN in any of them gives NaN.
    CLIP = "clip";
    integer -> T, Cheap: |x, low, high| { let y = if x < low { low } else { x }; if y > high { high } else { y } };
    // Comparisons in the order of the processor's own minimum and maximum.
    float -> T, Wide: |x, low, high| {
        let y = if low > x { low } else { x };
        let y = if high < y { high } else { y };
        if low.is_nan() | high.is_nan() { low + high } else { y }
    };
}

table! { /// `x` where positive, `alpha (e^x - 1)` elsewhere (arXiv:1511.07289); operands: x, alpha.
    ELU = "elu";
    single -> T, Math: |x, alpha| if x > 0.0 { x } else { alpha * crate::engine::math::f32::expm1::<M>(x) };
    double -> T, Math: |x, alpha| if x > 0.0 { x } else { alpha * crate::engine::math::f64::expm1::<M>(x) };
}
table! { /// The regularised incomplete beta function; operands: a, b, x.
    BETAINC = "betainc";
    single -> T, Scalar: |a, b, x| incomplete_beta::regularized(a as f64, b as f64, x as f64) as f32;
    double -> T, Scalar: |a, b, x| incomplete_beta::regularized(a, b, x);
}
