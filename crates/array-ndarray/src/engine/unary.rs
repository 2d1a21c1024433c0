//! Elementwise operations of one operand.

use array_api::Complex;

use crate::engine::kernel::{Op, table};
use crate::engine::math::hypotenuse::Component;
use crate::engine::math::{self, complex, gamma, hyperbolic, plane, root, scalar};

table! { /// The size of each element; of a complex one its modulus. The most negative integer stays.
    ABS = "abs";
    unsigned -> T, Cheap: |x| x;
    signed -> T, Cheap: |x| x.wrapping_abs();
    float -> T, Wide: |x| x.abs();
    complex -> R, Math: |z| Component::length::<M>(z.re, z.im), if Component::is_far(z.re, z.im) => Component::length_far(z.re, z.im);
}
table! { /// `-x`; unsigned integers wrap.
    NEGATIVE = "negative";
    integer -> T, Cheap: |x| x.wrapping_neg();
    float -> T, Wide: |x| -x;
    complex -> T, Cheap: |x| -x;
}
table! { /// `x` itself.
    POSITIVE = "positive";
    numeric -> T, Cheap: |x| x;
}
table! { /// -1, 0 or 1; NaN stays; of a complex number `x / abs(x)`.
    SIGN = "sign";
    unsigned -> T, Cheap: |x| (x > 0) as T;
    signed -> T, Cheap: |x| (x > 0) as T - (x < 0) as T;
    float -> T, Wide: |x| if x.abs() > 0.0 { T::copysign(1.0, x) } else { x + 0.0 };
    complex -> T, Scalar: |z| if z.re == 0.0 && z.im == 0.0 { T::new(0.0, 0.0) } else { z / z.re.hypot(z.im) };
}
table! { /// Whether the sign bit is set.
    SIGNBIT = "signbit";
    float -> bool, Cheap: |x| x.is_sign_negative();
}
table! { /// `x * x`
    SQUARE = "square";
    integer -> T, Cheap: |x| x.wrapping_mul(x);
    float -> T, Wide: |x| x * x;
    complex -> T, Cheap: |x| x * x;
}
table! { /// `1 / x`
    RECIPROCAL = "reciprocal";
    float -> T, Divider: |x| 1.0 / x;
    complex -> T, Math: |z| scalar::divide_by_larger(T::new(1.0, 0.0), z),
        if scalar::is_zero(z) => scalar::divide_by_zero(T::new(1.0, 0.0), z);
}
#[allow(unreachable_pub)] // a table makes public operations
mod by_divider {
    use super::*;
    table! { /// The square root as the processor has it.
        SQRT = "sqrt";
        float -> T, Divider: |x| x.sqrt();
        complex -> T, Math: |z| plane::sqrt::<T, M>(z), if plane::no_sqrt(z) => complex::sqrt(z);
    }
}
/// The square root.
pub static SQRT: Op = Op { name: "sqrt", kernels: root::faster(by_divider::SQRT.kernels) };
table! { /// The conjugate; a real number stays.
    CONJ = "conj";
    real -> T, Cheap: |x| x;
    complex -> T, Cheap: |z| z.conj();
}
table! { /// The real part.
    REAL = "real";
    real -> T, Cheap: |x| x;
    complex -> R, Cheap: |z| z.re;
}
table! { /// The imaginary part, of complex arrays.
    IMAG = "imag";
    complex -> R, Cheap: |z| z.im;
}

table! { /// Rounded up; integers stay.
    CEIL = "ceil";
    integer -> T, Cheap: |x| x;
    float -> T, Wide: |x| x.ceil();
}
table! { /// Rounded down; integers stay.
    FLOOR = "floor";
    integer -> T, Cheap: |x| x;
    float -> T, Wide: |x| x.floor();
}
table! { /// Rounded towards zero; integers stay.
    TRUNC = "trunc";
    integer -> T, Cheap: |x| x;
    float -> T, Wide: |x| x.trunc();
}
table! { /// Rounded to the nearest integer, halves to the even one; complex parts separately.
    ROUND = "round";
    integer -> T, Cheap: |x| x;
    float -> T, Wide: |x| x.round_ties_even();
    complex -> T, Math: |z| T::new(z.re.round_ties_even(), z.im.round_ties_even());
}

table! { /// Neither infinite nor NaN.
    ISFINITE = "isfinite";
    integer -> bool, Cheap: |x| true;
    float -> bool, Wide: |x| x.is_finite();
    complex -> bool, Cheap: |z| z.re.is_finite() & z.im.is_finite();
}
table! { /// Infinite; of a complex number in either part.
    ISINF = "isinf";
    integer -> bool, Cheap: |x| false;
    float -> bool, Wide: |x| x.is_infinite();
    complex -> bool, Cheap: |z| z.re.is_infinite() | z.im.is_infinite();
}
table! { /// NaN; of a complex number in either part.
    ISNAN = "isnan";
    integer -> bool, Cheap: |x| false;
    float -> bool, Wide: |x| x.is_nan();
    complex -> bool, Cheap: |z| z.re.is_nan() | z.im.is_nan();
}
table! { /// `!x`
    LOGICAL_NOT = "logical_not";
    bool -> bool, Cheap: |x| !x;
}
table! { /// Every bit inverted.
    BITWISE_INVERT = "bitwise_invert";
    bool -> bool, Cheap: |x| !x;
    integer -> T, Cheap: |x| !x;
}

/// Rows for a function that is vectorised for real numbers and taken one by one for complex ones.
macro_rules! vectorised {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $f:ident, $complex:expr;)*) => { $(
        table! { $(#[$doc])*
            $name = $text;
            single -> T, Math: |x| math::f32::$f::<M>(x);
            double -> T, Math: |x| math::f64::$f::<M>(x);
            complex -> T, Scalar: |z| $complex(z);
        }
    )* };
}

vectorised! {
    /// `e^x - 1`, exact near zero.
    EXPM1 = "expm1", expm1, complex::expm1;
    /// The hyperbolic tangent.
    TANH = "tanh", tanh, complex::tanh;
}
table! { /// `log(1 + x)`, exact near zero.
    LOG1P = "log1p";
    single -> T, Math: |x| math::f32::log1p_of_moderate::<M>(x), if math::f32::has_plain_log1p(x) => math::f32::log1p::<M>(x);
    double -> T, Math: |x| math::f64::log1p_of_moderate::<M>(x), if math::f64::has_plain_log1p(x) => math::f64::log1p::<M>(x);
    complex -> T, Scalar: |z| scalar::log1p_complex(z);
}

/// Rows for a function of a module with both precisions, and of `libm` for arguments that are rare.
macro_rules! vectorised_or_libm {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $module:ident, $f:ident,
        if $rare:ident => $slow32:ident or $slow64:ident, $complex:expr;)*) => { $(
        table! { $(#[$doc])*
            $name = $text;
            single -> T, Math: |x| math::$module::f32::$f::<M>(x), if math::$module::f32::$rare(x) => libm::$slow32(x);
            double -> T, Math: |x| math::$module::f64::$f::<M>(x), if math::$module::f64::$rare(x) => libm::$slow64(x);
            complex -> T, Scalar: |z| $complex(z);
        }
    )* };
}

vectorised_or_libm! {
    /// The inverse cosine.
    ACOS = "acos", arcsine, acos, if is_outside => acosf or acos, complex::acos;
    /// The inverse sine.
    ASIN = "asin", arcsine, asin, if is_outside => asinf or asin, complex::asin;
    /// The inverse hyperbolic sine.
    ASINH = "asinh", area, asinh, if is_huge => asinhf or asinh, complex::asinh;
    /// The inverse hyperbolic tangent.
    ATANH = "atanh", area, atanh, if is_outside => atanhf or atanh, complex::atanh;
    /// The tangent.
    TAN = "tan", tangent, tan, if is_huge => tanf or tan, complex::tan;
    /// The logarithm to base 2.
    LOG2 = "log2", logarithm, log2, if is_not_normal => log2f or log2, T::log2;
    /// The logarithm to base 10.
    LOG10 = "log10", logarithm, log10, if is_not_normal => log10f or log10, T::log10;
}

table! { /// The hyperbolic cosine.
    COSH = "cosh";
    single -> T, Math: |x| hyperbolic::f32::cosh::<M>(x), if hyperbolic::f32::is_extreme(x) => libm::coshf(x);
    double -> T, Math: |x| hyperbolic::f64::cosh::<M>(x), if hyperbolic::f64::is_extreme(x) => libm::cosh(x);
    complex -> T, Math: |z| plane::cosh::<T, M>(z), if plane::no_cosh(z) => complex::cosh(z);
}
table! { /// The hyperbolic sine.
    SINH = "sinh";
    single -> T, Math: |x| hyperbolic::f32::sinh::<M>(x), if hyperbolic::f32::is_extreme(x) => libm::sinhf(x);
    double -> T, Math: |x| hyperbolic::f64::sinh::<M>(x), if hyperbolic::f64::is_extreme(x) => libm::sinh(x);
    complex -> T, Math: |z| plane::sinh::<T, M>(z), if plane::no_sinh(z) => complex::sinh(z);
}
table! { /// The inverse tangent.
    ATAN = "atan";
    single -> T, Math: |x| math::arctangent::f32::atan::<M>(x);
    double -> T, Math: |x| math::arctangent::f64::atan::<M>(x);
    complex -> T, Scalar: |z| complex::atan(z);
}
table! { /// The inverse hyperbolic cosine; below 1 there is none, where `libm` gives numbers for negative arguments.
    ACOSH = "acosh";
    single -> T, Math: |x| math::area::f32::acosh::<M>(x),
        if math::area::f32::has_plain_acosh(x) => if x < 1.0 { T::NAN } else { libm::acoshf(x) };
    double -> T, Math: |x| math::area::f64::acosh::<M>(x),
        if math::area::f64::has_plain_acosh(x) => if x < 1.0 { T::NAN } else { libm::acosh(x) };
    complex -> T, Scalar: |z| complex::acosh(z);
}

table! { /// `e^x`
    EXP = "exp";
    single -> T, Math: |x| math::f32::exp_of_moderate::<M>(x), if math::f32::is_extreme(x) => math::f32::exp::<M>(x);
    double -> T, Math: |x| math::f64::exp_of_moderate::<M>(x), if math::f64::is_extreme(x) => math::f64::exp::<M>(x);
    complex -> T, Math: |z| plane::exp::<T, M>(z), if plane::no_exp(z) => z.exp();
}
table! { /// The natural logarithm.
    LOG = "log";
    single -> T, Math: |x| math::f32::log_of_normal::<M>(x), if math::f32::is_not_normal(x) => math::f32::log::<M>(x);
    double -> T, Math: |x| math::f64::log_of_normal::<M>(x), if math::f64::is_not_normal(x) => math::f64::log::<M>(x);
    complex -> T, Math: |z| plane::log::<T, M>(z), if plane::no_log(z) => complex::log(z);
}
table! { /// The sine; `libm` reduces huge arguments.
    SIN = "sin";
    single -> T, Math: |x| math::half_turns::sin::<M>(x), if x.abs() > math::circular::LIMIT as T => libm::sinf(x);
    double -> T, Math: |x| math::circular::sin::<M>(x), if x.abs() > math::circular::LIMIT => libm::sin(x);
    complex -> T, Math: |z| plane::sin::<T, M>(z), if plane::no_sin(z) => complex::sin(z);
}
table! { /// The cosine.
    COS = "cos";
    single -> T, Math: |x| math::half_turns::cos::<M>(x), if x.abs() > math::circular::LIMIT as T => libm::cosf(x);
    double -> T, Math: |x| math::circular::cos::<M>(x), if x.abs() > math::circular::LIMIT => libm::cos(x);
    complex -> T, Math: |z| plane::cos::<T, M>(z), if plane::no_cos(z) => complex::cos(z);
}

table! { /// The error function.
    ERF = "erf";
    single -> T, Math: |x| math::error_function::f32::erf::<M>(x);
    double -> T, Math: |x| math::error_function::f64::erf::<M>(x);
}
table! { /// The logarithm of the absolute value of the gamma function.
    LGAMMA = "lgamma";
    single -> T, Scalar: |x| libm::lgamma(x as f64) as f32;
    double -> T, Scalar: |x| libm::lgamma(x);
}
table! { /// The derivative of `lgamma`.
    DIGAMMA = "digamma";
    single -> T, Scalar: |x| gamma::digamma(x as f64) as f32;
    double -> T, Scalar: |x| gamma::digamma(x);
}
table! { /// `1 / (1 + e^-x)`
    SIGMOID = "sigmoid";
    single -> T, Math: |x| math::f32::sigmoid_of_moderate::<M>(x), if math::f32::is_extreme(x) => math::f32::sigmoid::<M>(x);
    double -> T, Math: |x| math::f64::sigmoid_of_moderate::<M>(x), if math::f64::is_extreme(x) => math::f64::sigmoid::<M>(x);
}
table! { /// `max(x, 0)`; NaN stays.
    RELU = "relu";
    unsigned -> T, Cheap: |x| x;
    signed -> T, Cheap: |x| x.max(0);
    float -> T, Wide: |x| if x < 0.0 { 0.0 } else { x };
}
table! { /// The self-normalising unit of Klambauer et al. 2017 (arXiv:1706.02515).
    SELU = "selu";
    single -> T, Math: |x| math::f32::selu::<M>(x);
    double -> T, Math: |x| math::f64::selu::<M>(x);
}
table! { /// `log(1 + e^x)` without overflow.
    SOFTPLUS = "softplus";
    single -> T, Math: |x| math::f32::softplus_of_moderate::<M>(x), if math::f32::is_extreme(x) => math::f32::softplus::<M>(x);
    double -> T, Math: |x| math::f64::softplus_of_moderate::<M>(x), if math::f64::is_extreme(x) => math::f64::softplus::<M>(x);
}
table! { /// `x` times the normal distribution function of `x` (arXiv:1606.08415), by the error function.
    GELU = "gelu";
    single -> T, Math: |x| math::normal::f32::gelu::<M>(x),
        if math::normal::f32::is_extreme(x) => scalar::gelu(x as f64) as f32;
    double -> T, Math: |x| math::normal::f64::gelu::<M>(x), if math::normal::f64::is_extreme(x) => scalar::gelu(x);
}
