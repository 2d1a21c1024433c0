//! Real functions that the language lacks, with the standard's special cases.

use array_api::DType;

/// Rounded down, with the standard's results at infinities and zeros.
pub(crate) fn floor_divide(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() || (a.is_infinite() && b.is_infinite()) || (a == 0.0 && b == 0.0) {
        return f64::NAN;
    }
    let negative = a.is_sign_negative() != b.is_sign_negative();
    if a.is_infinite() || b == 0.0 {
        return if negative { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    if b.is_infinite() || a == 0.0 {
        return if negative { -0.0 } else { 0.0 };
    }
    let rest = remainder(a, b);
    let quotient = (a - rest) / b;
    // The division is exact but for rounding, so the nearest integer is the floor.
    let whole = quotient.round();
    if whole == 0.0 { if negative { -0.0 } else { 0.0 } } else { whole }
}

/// The remainder with the sign of the divisor, zero included.
pub(crate) fn remainder(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() || a.is_infinite() || b == 0.0 {
        return f64::NAN;
    }
    let rest = a % b;
    if rest == 0.0 {
        0f64.copysign(b)
    } else if rest.is_sign_negative() != b.is_sign_negative() {
        rest + b
    } else {
        rest
    }
}

pub(crate) fn floor_divide_ints(a: i128, b: i128) -> Option<i128> {
    (b != 0).then(|| a.div_euclid(b) - i128::from(b < 0 && a.rem_euclid(b) != 0))
}

pub(crate) fn remainder_ints(a: i128, b: i128) -> Option<i128> {
    floor_divide_ints(a, b).map(|q| a - q * b)
}

/// Negative exponents are left open for integers.
pub(crate) fn pow_ints(a: i128, b: i128) -> Option<i128> {
    match a {
        0 | 1 if b >= 0 => Some(if b == 0 { 1 } else { a }),
        -1 if b >= 0 => Some(if b % 2 == 0 { 1 } else { -1 }),
        _ => u32::try_from(b).ok().and_then(|b| a.checked_pow(b)),
    }
}

pub(crate) fn pow(a: f64, b: f64) -> f64 {
    a.powf(b)
}

pub(crate) fn sign(x: f64) -> f64 {
    if x.is_nan() || x == 0.0 { x } else { x.signum() }
}

pub(crate) fn maximum(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }
}

pub(crate) fn minimum(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.min(b) }
}

pub(crate) fn logaddexp(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        return f64::NAN;
    }
    let (high, low) = (a.max(b), a.min(b));
    if high.is_infinite() { high } else { high + (low - high).exp().ln_1p() }
}

/// The language's own loses all digits for large negative numbers and overflows for large ones.
pub(crate) fn asinh(x: f64) -> f64 {
    libm::asinh(x)
}

pub(crate) fn acosh(x: f64) -> f64 {
    if x < 1.0 { f64::NAN } else { libm::acosh(x) }
}

pub(crate) fn atanh(x: f64) -> f64 {
    libm::atanh(x)
}

pub(crate) fn selu(x: f64) -> f64 {
    array_api::SELU_SCALE * if x > 0.0 { x } else { array_api::SELU_ALPHA * x.exp_m1() }
}

pub(crate) fn gelu(x: f64) -> f64 {
    if x == f64::INFINITY { x } else { 0.5 * x * libm::erfc(-x / std::f64::consts::SQRT_2) }
}

/// The next number of the type from `a` towards `b`.
pub(crate) fn next(dtype: DType, a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        return f64::NAN;
    }
    if a == b {
        return b;
    }
    if dtype == DType::Float32 {
        let (a, b) = (a as f32, b as f32);
        return (if b > a { a.next_up() } else { a.next_down() }).into();
    }
    if b > a { a.next_up() } else { a.next_down() }
}
