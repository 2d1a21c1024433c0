//! Elementwise operations of two operands.
//!
//! Integers wrap. An integer divided by zero gives 0, as does its remainder; a shift by the width or more gives what
//! shifting one by one would: 0, or -1 for a negative number shifted right. A negative shift counts as one beyond the width.

use array_api::Complex;

use crate::engine::kernel::table;
use crate::engine::math::division::Division;
use crate::engine::math::hypotenuse::Component;
use crate::engine::math::scalar::Neighbours;
use crate::engine::math::{arctangent, gamma, incomplete_gamma, power, scalar};

table! { /// `x1 + x2`
    ADD = "add";
    integer -> T, Cheap: |a, b| a.wrapping_add(b);
    float -> T, Wide: |a, b| a + b;
    complex -> T, Cheap: |a, b| a + b;
}
table! { /// `x1 - x2`
    SUBTRACT = "subtract";
    integer -> T, Cheap: |a, b| a.wrapping_sub(b);
    float -> T, Wide: |a, b| a - b;
    complex -> T, Cheap: |a, b| a - b;
}
table! { /// `x1 * x2`
    MULTIPLY = "multiply";
    integer -> T, Cheap: |a, b| a.wrapping_mul(b);
    float -> T, Wide: |a, b| a * b;
    complex -> T, Cheap: |a, b| a * b;
}
table! { /// `x1 / x2`, of floating operands.
    DIVIDE = "divide";
    float -> T, Divider: |a, b| a / b;
    complex -> T, Math: |a, b| scalar::divide_by_larger(a, b), if scalar::is_zero(b) => scalar::divide_by_zero(a, b);
}
table! { /// `x1 / x2` rounded towards negative infinity.
    FLOOR_DIVIDE = "floor_divide";
    real -> T, Math: |a, b| Division::floor_divide::<M>(a, b), if Division::is_far(a, b) => Division::floor_divide_far(a, b);
}
table! { /// The remainder of [`FLOOR_DIVIDE`], with the sign of the divisor.
    REMAINDER = "remainder";
    real -> T, Math: |a, b| Division::remainder::<M>(a, b), if Division::is_far(a, b) => Division::remainder_far(a, b);
}
table! { /// `x1` to the power of `x2`. An integer to a negative power is the truncated true value.
    POW = "pow";
    unsigned -> T, Scalar: |a, b| scalar::power(a, b as u64, T::wrapping_mul, 1);
    signed -> T, Scalar: |a, b| {
        if b >= 0 { scalar::power(a, b as u64, T::wrapping_mul, 1) }
        else if a == 1 { 1 }
        else if a == -1 { if b & 1 == 0 { 1 } else { -1 } }
        else { 0 }
    };
    single -> T, Math: |a, b| power::f32::pow::<M>(a, b), if power::f32::is_extreme(a, b) => libm::powf(a, b);
    double -> T, Math: |a, b| power::f64::pow::<M>(a, b), if power::f64::is_extreme(a, b) => libm::pow(a, b);
    complex -> T, Scalar: |a, b| scalar::power_complex(a, b);
}
table! { /// The angle of the point `(x2, x1)`.
    ATAN2 = "atan2";
    single -> T, Math: |a, b| arctangent::f32::atan2::<M>(a, b), if arctangent::f32::is_huge(a, b) => libm::atan2f(a, b);
    double -> T, Math: |a, b| arctangent::f64::atan2::<M>(a, b), if arctangent::f64::is_huge(a, b) => libm::atan2(a, b);
}
table! { /// The size of `x1` with the sign of `x2`.
    COPYSIGN = "copysign";
    float -> T, Cheap: |a, b| a.copysign(b);
}
table! { /// `sqrt(x1^2 + x2^2)` without overflow.
    HYPOT = "hypot";
    float -> T, Math: |a, b| Component::length::<M>(a, b), if Component::is_far(a, b) => Component::length_far(a, b);
}
table! { /// `log(exp(x1) + exp(x2))` without overflow.
    LOGADDEXP = "logaddexp";
    single -> T, Math: |a, b| crate::engine::math::f32::logaddexp::<M>(a, b);
    double -> T, Math: |a, b| crate::engine::math::f64::logaddexp::<M>(a, b);
}
table! { /// The `x1`-th derivative of `digamma`.
    POLYGAMMA = "polygamma";
    single -> T, Scalar: |n, x| gamma::polygamma(n as i32, x as f64) as f32;
    double -> T, Scalar: |n, x| gamma::polygamma(n as i32, x);
}
table! { /// The regularised lower incomplete gamma function; operands: a, x.
    GAMMAINC = "gammainc";
    single -> T, Scalar: |a, x| incomplete_gamma::lower(a as f64, x as f64) as f32;
    double -> T, Scalar: |a, x| incomplete_gamma::lower(a, x);
}
table! { /// The regularised upper incomplete gamma function; operands: a, x.
    GAMMAINCC = "gammaincc";
    single -> T, Scalar: |a, x| incomplete_gamma::upper(a as f64, x as f64) as f32;
    double -> T, Scalar: |a, x| incomplete_gamma::upper(a, x);
}
table! { /// The larger operand; NaN if either is.
    MAXIMUM = "maximum";
    integer -> T, Cheap: |a, b| if a > b { a } else { b };
    float -> T, Wide: |a, b| if a > b || a.is_nan() { a } else { b };
}
table! { /// The smaller operand; NaN if either is.
    MINIMUM = "minimum";
    integer -> T, Cheap: |a, b| if a < b { a } else { b };
    float -> T, Wide: |a, b| if a < b || a.is_nan() { a } else { b };
}
table! { /// The next representable number after `x1` towards `x2`.
    NEXTAFTER = "nextafter";
    float -> T, Wide: |a, b| a.towards(b);
}

table! { /// `x1 == x2`
    EQUAL = "equal";
    any -> bool, Wide: |a, b| a == b;
}
table! { /// `x1 != x2`
    NOT_EQUAL = "not_equal";
    any -> bool, Wide: |a, b| a != b;
}
table! { /// `x1 < x2`
    LESS = "less";
    real -> bool, Wide: |a, b| a < b;
}
table! { /// `x1 <= x2`
    LESS_EQUAL = "less_equal";
    real -> bool, Wide: |a, b| a <= b;
}
table! { /// `x1 > x2`
    GREATER = "greater";
    real -> bool, Wide: |a, b| a > b;
}
table! { /// `x1 >= x2`
    GREATER_EQUAL = "greater_equal";
    real -> bool, Wide: |a, b| a >= b;
}

table! { /// Both operands are true.
    LOGICAL_AND = "logical_and";
    bool -> bool, Cheap: |a, b| a & b;
}
table! { /// An operand is true.
    LOGICAL_OR = "logical_or";
    bool -> bool, Cheap: |a, b| a | b;
}
table! { /// Exactly one operand is true.
    LOGICAL_XOR = "logical_xor";
    bool -> bool, Cheap: |a, b| a ^ b;
}
table! { /// Bitwise and.
    BITWISE_AND = "bitwise_and";
    bool -> bool, Cheap: |a, b| a & b;
    integer -> T, Cheap: |a, b| a & b;
}
table! { /// Bitwise or.
    BITWISE_OR = "bitwise_or";
    bool -> bool, Cheap: |a, b| a | b;
    integer -> T, Cheap: |a, b| a | b;
}
table! { /// Bitwise exclusive or.
    BITWISE_XOR = "bitwise_xor";
    bool -> bool, Cheap: |a, b| a ^ b;
    integer -> T, Cheap: |a, b| a ^ b;
}
table! { /// `x1` shifted left by `x2` bits; 0 from the width on.
    BITWISE_LEFT_SHIFT = "bitwise_left_shift";
    integer -> T, Cheap: |a, b| if (b as u64) < T::BITS as u64 { a.wrapping_shl(b as u32) } else { 0 };
}
table! { /// `x1` shifted right by `x2` bits, with copies of the sign.
    BITWISE_RIGHT_SHIFT = "bitwise_right_shift";
    integer -> T, Cheap: |a, b| a >> if (b as u64) < T::BITS as u64 { b as u32 } else { T::BITS - 1 } ;
    unsigned -> T, Cheap: |a, b| if (b as u64) < T::BITS as u64 { a.wrapping_shr(b as u32) } else { 0 };
}
