//! Elementwise functions: each is a line that names libtorch's.

use array_api::{Arg, DType, Elu, Result, Verdict, implements};
use std::ops::Deref;
use tch::{Device, Kind, TchError, Tensor};

use crate::array::{TorchArray, ruled};
use crate::carrier::{carrier, divided, is_carried, ordered, widened};
use crate::complex;
use crate::donation;
use crate::error::failed;
use crate::kind::{number, operand, together};
use crate::numbers::Numbers;

type Outcome = std::result::Result<Tensor, TchError>;

/// An operand's tensor: the array's own, or a number's.
pub(crate) enum Lent<'a> {
    Array(&'a Tensor),
    Number(Tensor),
}

impl Deref for Lent<'_> {
    type Target = Tensor;
    fn deref(&self) -> &Tensor {
        match self {
            Lent::Array(tensor) => tensor,
            Lent::Number(tensor) => tensor,
        }
    }
}

/// An operand's tensor. A number beside arrays stays on the CPU, from where libtorch takes it on every device.
pub(crate) fn lent<'a>(x: &'a Arg<'_, TorchArray>) -> Result<Lent<'a>> {
    match x {
        Arg::Ref(x) => Ok(Lent::Array(x.tensor())),
        Arg::Own(x) => Ok(Lent::Array(x.tensor())),
        Arg::Scalar(s, dtype) => Ok(Lent::Number(operand(*s, *dtype)?)),
    }
}

/// The same for functions of which the operand itself can be the result.
fn owned(x: &Arg<'_, TorchArray>) -> Result<Tensor> {
    match x {
        Arg::Ref(x) => Ok(x.tensor().shallow_clone()),
        Arg::Own(x) => Ok(x.tensor().shallow_clone()),
        Arg::Scalar(s, dtype) => number(*s, *dtype),
    }
}

#[inline]
pub(crate) fn on_one_device(op: &str, x1: &Arg<'_, TorchArray>, x2: &Arg<'_, TorchArray>) -> Result<()> {
    match (x1.array(), x2.array()) {
        (Some(x1), Some(x2)) => together(op, x1, x2),
        _ => Ok(()),
    }
}

/// Where the result of a row is: where its arrays are, of which there is one; numbers alone are on the CPU.
#[inline]
pub(crate) fn place(x1: &Arg<'_, TorchArray>, x2: &Arg<'_, TorchArray>) -> Device {
    x1.array().or_else(|| x2.array()).map_or(Device::Cpu, TorchArray::device)
}

#[inline]
fn one(
    op: &str,
    x: &Arg<'_, TorchArray>,
    verdict: &Verdict,
    f: impl Fn(&Tensor, DType) -> Outcome,
) -> Result<TorchArray> {
    let own;
    let tensor = match x {
        Arg::Ref(x) => x.tensor(),
        Arg::Own(x) => x.tensor(),
        // Its own, since the operand can be the result.
        Arg::Scalar(s, dtype) => {
            own = number(*s, *dtype)?;
            &own
        }
    };
    ruled(op, f(tensor, verdict.operands), verdict, place(x, x))
}

#[inline]
fn two(
    op: &str,
    x1: &Arg<'_, TorchArray>,
    x2: &Arg<'_, TorchArray>,
    verdict: &Verdict,
    f: impl Fn(&Tensor, &Tensor, DType) -> Outcome,
) -> Result<TorchArray> {
    if let (Arg::Ref(a), Arg::Ref(b)) = (x1, x2) {
        together(op, a, b)?;
        return ruled(op, f(a.tensor(), b.tensor(), verdict.operands), verdict, a.device());
    }
    on_one_device(op, x1, x2)?;
    ruled(op, f(&*lent(x1)?, &*lent(x2)?, verdict.operands), verdict, place(x1, x2))
}

macro_rules! kernels {
    (unary: $($f:ident = $method:ident;)*) => { $(
        #[implements($f)]
        fn $f(x: Arg<'_, TorchArray>, verdict: &Verdict) -> Result<TorchArray> {
            one(stringify!($f), &x, verdict, |x, _| x.$method())
        }
    )* };
    (unary by type: $($f:ident = $body:expr;)*) => { $(
        #[implements($f)]
        fn $f(x: Arg<'_, TorchArray>, verdict: &Verdict) -> Result<TorchArray> {
            one(stringify!($f), &x, verdict, $body)
        }
    )* };
    (binary: $($f:ident = $method:ident;)*) => { $(
        #[implements($f)]
        fn $f(x1: Arg<'_, TorchArray>, x2: Arg<'_, TorchArray>, verdict: &Verdict) -> Result<TorchArray> {
            two(stringify!($f), &x1, &x2, verdict, |a, b, _| a.$method(b))
        }
    )* };
    (binary by type: $($f:ident = $body:expr;)*) => { $(
        #[implements($f)]
        fn $f(x1: Arg<'_, TorchArray>, x2: Arg<'_, TorchArray>, verdict: &Verdict) -> Result<TorchArray> {
            two(stringify!($f), &x1, &x2, verdict, $body)
        }
    )* };
    // Rows whose results are always new, with libtorch's forms that write to an output.
    (unary, into: $($f:ident = $method:ident $into:ident;)*) => { $(
        #[implements($f)]
        fn $f(x: Arg<'_, TorchArray>, verdict: &Verdict) -> Result<TorchArray> {
            donation::one(stringify!($f), x, verdict, (Tensor::$method, Tensor::$into))
        }
    )* };
    (binary, into: $($f:ident = $method:ident $into:ident;)*) => { $(
        #[implements($f)]
        fn $f(x1: Arg<'_, TorchArray>, x2: Arg<'_, TorchArray>, verdict: &Verdict) -> Result<TorchArray> {
            donation::two(stringify!($f), x1, x2, verdict, (Tensor::$method, Tensor::$into))
        }
    )* };
}

kernels! { unary, into:
    acosh = f_acosh f_acosh_out; asin = f_asin f_asin_out; asinh = f_asinh f_asinh_out;
    atan = f_atan f_atan_out; atanh = f_atanh f_atanh_out; cos = f_cos f_cos_out; cosh = f_cosh f_cosh_out;
    erf = f_erf f_erf_out; exp = f_exp f_exp_out; log = f_log f_log_out; log10 = f_log10 f_log10_out;
    log2 = f_log2 f_log2_out; reciprocal = f_reciprocal f_reciprocal_out;
    sigmoid = f_sigmoid f_sigmoid_out; sin = f_sin f_sin_out; sinh = f_sinh f_sinh_out; sqrt = f_sqrt f_sqrt_out;
    tan = f_tan f_tan_out; tanh = f_tanh f_tanh_out; bitwise_invert = f_bitwise_not f_bitwise_not_out;
}

kernels! { unary:
    conj = f_conj_physical; imag = f_imag; isfinite = f_isfinite; isinf = f_isinf; isnan = f_isnan;
    logical_not = f_logical_not; real = f_real; selu = f_selu; signbit = f_signbit;
}

/// What integers are not changed by.
fn unless_whole(x: &Tensor, dtype: DType, f: impl Fn(&Tensor) -> Outcome) -> Outcome {
    if dtype.is_integer() { Ok(x.shallow_clone()) } else { f(x) }
}

fn is_unsigned(dtype: DType) -> bool {
    dtype == DType::UInt8 || is_carried(dtype)
}

/// The complement of the error function keeps the digits that `1 + erf` would lose on the left, where it changes by a multiple of
/// what its argument lost; of minus infinity the limit is zero.
fn gaussian_unit(x: &Tensor, dtype: DType) -> Outcome {
    use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};
    // The root of 1/2 as a number of few bits and the rest; the product with as few of the operand's is exact.
    let (short, high, low) = match dtype {
        DType::Float64 => (Kind::Float, 0.707_106_769_084_930_4, 1.210_161_710_447_897e-8),
        _ => (Kind::BFloat16, 0.707_092_285_156_25, 1.449_603_029_752_44e-5),
    };
    let product = x.times(FRAC_1_SQRT_2)?;
    let first = x.f_to_kind(short)?.f_to_kind(x.f_kind()?)?;
    let rest = x.f_sub(&first)?.times(FRAC_1_SQRT_2)?;
    let lost = first.times(high)?.f_sub(&product)?.f_add(&first.times(low)?)?.f_add(&rest)?;
    // Where there is nothing on the right and all on the left; the parts of larger numbers may be infinite.
    let lost = lost.with_where(&product.f_abs()?.f_ge(40.0)?, 0.0)?;
    let slope = product.f_mul(&product)?.f_neg()?.f_exp()?.times(FRAC_2_SQRT_PI)?;
    let below = product.f_neg()?.f_erfc()?.f_add(&slope.f_mul(&lost)?)?;
    x.times(0.5)?.f_mul(&below)?.with_where(&x.f_isneginf()?, 0.0)
}

kernels! { unary by type:
    abs = |x, t| if is_unsigned(t) { Ok(x.shallow_clone()) } else { x.f_abs() };
    ceil = |x, t| unless_whole(x, t, Tensor::f_ceil);
    floor = |x, t| unless_whole(x, t, Tensor::f_floor);
    trunc = |x, t| unless_whole(x, t, Tensor::f_trunc);
    round = |x, t| unless_whole(x, t, |x| {
        if t.is_complex() { Tensor::f_complex(&x.f_real()?.f_round()?, &x.f_imag()?.f_round()?) } else { x.f_round() }
    });
    square = |x, _| x.f_mul(x);
    acos = |x, t| if t.is_complex() { complex::acos(x) } else { x.f_acos() };
    expm1 = |x, t| if t.is_complex() { complex::expm1(x) } else { x.f_expm1() };
    log1p = |x, t| if t.is_complex() { complex::log1p(x) } else { x.f_log1p() };
    negative = |x, t| if t.is_complex() { complex::negative(x) } else { x.f_neg() };
    sign = |x, t| match t {
        _ if t.is_complex() => x.f_sgn(),
        _ if is_carried(t) => x.is_not(0)?.f_to_kind(carrier(t)),
        // libtorch has 0 for NaN.
        _ if t.is_floating() => x.f_where_self(&x.f_isnan()?, &x.f_sign()?),
        _ => x.f_sign(),
    };
    relu = |x, t| if is_unsigned(t) { Ok(x.shallow_clone()) } else { x.f_relu() };
    gelu = gaussian_unit;
    // Without the threshold from which libtorch's own takes the argument itself.
    softplus = |x, _| x.f_logaddexp(&x.f_zeros_like()?);
}

/// The same tensor: values never change.
#[implements(positive)]
fn positive(x: TorchArray) -> Result<TorchArray> {
    Ok(x)
}

kernels! { binary, into:
    add = f_add f_add_out; subtract = f_sub f_sub_out; multiply = f_mul f_mul_out; divide = f_div f_div_out;
    bitwise_and = f_bitwise_and_tensor f_bitwise_and_tensor_out; bitwise_or = f_bitwise_or_tensor f_bitwise_or_tensor_out;
    bitwise_xor = f_bitwise_xor_tensor f_bitwise_xor_tensor_out;
}

kernels! { binary:
    equal = f_eq_tensor; not_equal = f_ne_tensor;
    atan2 = f_atan2; copysign = f_copysign; hypot = f_hypot;
    logaddexp = f_logaddexp; logical_and = f_logical_and; logical_or = f_logical_or; logical_xor = f_logical_xor;
    nextafter = f_nextafter;
}

/// `f` of numbers in the operands' order.
fn compared(a: &Tensor, b: &Tensor, dtype: DType, f: fn(&Tensor, &Tensor) -> Outcome) -> Outcome {
    if is_carried(dtype) { f(&ordered(a, dtype)?, &ordered(b, dtype)?) } else { f(a, b) }
}

kernels! { binary by type:
    less = |a, b, t| compared(a, b, t, Tensor::f_lt_tensor);
    less_equal = |a, b, t| compared(a, b, t, Tensor::f_le_tensor);
    greater = |a, b, t| compared(a, b, t, Tensor::f_gt_tensor);
    greater_equal = |a, b, t| compared(a, b, t, Tensor::f_ge_tensor);
    maximum = |a, b, t| ordered(&compared(a, b, t, Tensor::f_maximum)?, t);
    minimum = |a, b, t| ordered(&compared(a, b, t, Tensor::f_minimum)?, t);
    floor_divide = |a, b, t| if t.is_integer() { quotient(a, b, t) } else { in_double(a, b, t, floored) };
    remainder = |a, b, t| if t.is_integer() { rest(a, b, t) } else { in_double(a, b, t, modulo) };
    pow = power;
    bitwise_left_shift = |a, b, t| shifted(a, b, t, true);
    bitwise_right_shift = |a, b, t| shifted(a, b, t, false);
}

/// Integer quotients rounded down; by zero they are zero.
fn quotient(a: &Tensor, b: &Tensor, dtype: DType) -> Outcome {
    match dtype {
        DType::UInt64 => divided(a, b),
        DType::UInt16 | DType::UInt32 => {
            quotient(&widened(a, dtype)?, &widened(b, dtype)?, DType::Int64)?.f_to_kind(carrier(dtype))
        }
        _ => {
            let zero = b.is(0)?;
            if dtype == DType::UInt8 {
                return a.f_div_tensor_mode(&b.with_where(&zero, 1)?, "floor")?.with_where(&zero, 0);
            }
            // The processor traps for the least number by -1, as for any number by 0.
            let minus = b.is(-1)?;
            let divisor = b.with_where(&zero.f_logical_or(&minus)?, 1)?;
            let q = a.f_div_tensor_mode(&divisor, "floor")?;
            a.f_neg()?.f_where_self(&minus, &q)?.with_where(&zero, 0)
        }
    }
}

/// What integer quotients leave, with the sign of the divisor.
fn rest(a: &Tensor, b: &Tensor, dtype: DType) -> Outcome {
    let zero = b.is(0)?;
    let left = a.f_sub(&quotient(a, b, dtype)?.f_mul(b)?)?;
    left.with_where(&zero, 0)
}

/// `f` of single-precision numbers as doubles, in which quotients are exact enough for the floor of theirs.
fn in_double(a: &Tensor, b: &Tensor, dtype: DType, f: fn(&Tensor, &Tensor) -> Outcome) -> Outcome {
    match dtype {
        DType::Float32 => f(&a.f_to_kind(Kind::Double)?, &b.f_to_kind(Kind::Double)?)?.f_to_kind(Kind::Float),
        _ => f(a, b),
    }
}

/// `floor(a / b)` with the standard's special cases.
fn floored(a: &Tensor, b: &Tensor) -> Outcome {
    let exact = a.f_div(b)?;
    // The division of what a multiple leaves is exact but for rounding, so the nearest integer is the floor.
    let whole = a.f_sub(&modulo(a, b)?)?.f_div(b)?.f_round()?;
    let whole = whole.f_abs()?.f_copysign(&exact)?;
    // Where either is infinite or `b` zero there is no remainder, and where `a` is zero no quotient.
    let plain = a.f_isinf()?.f_logical_or(&b.f_isinf()?)?.f_logical_or(&b.is(0)?)?.f_logical_or(&a.is(0)?)?;
    exact.f_where_self(&plain, &whole)
}

/// The remainder with the sign of the divisor, zero included.
fn modulo(a: &Tensor, b: &Tensor) -> Outcome {
    let left = truncated_rest(a, b)?;
    let turned = left.f_signbit()?.f_ne_tensor(&b.f_signbit()?)?;
    let left = left.f_add(b)?.f_where_self(&turned, &left)?.f_where_self(&left.is_not(0)?, &left.f_copysign(b)?)?;
    left.f_where_self(&a.f_isfinite()?, &left.number(f64::NAN)?)
}

/// The remainder with the sign of the dividend, exactly. libtorch's own fails where the quotient or `1 / b` overflows, so
/// the dividend is brought near in steps, and the last is of larger numbers where `b` is tiny.
fn truncated_rest(a: &Tensor, b: &Tensor) -> Outcome {
    let step = 2.0_f64.powi(700);
    let near = b.times(step)?;
    let left = a.f_fmod_tensor(&near.times(step)?)?.f_fmod_tensor(&near)?;
    let scale = b.f_ones_like()?.with_where(&b.f_abs()?.is_below(2.0_f64.powi(-900))?, 2.0_f64.powi(200))?;
    left.f_mul(&scale)?.f_fmod_tensor(&b.f_mul(&scale)?)?.f_div(&scale)
}

fn power(a: &Tensor, b: &Tensor, dtype: DType) -> Outcome {
    match dtype {
        // Squares, as the standard has them: modulo the width.
        DType::UInt16 | DType::UInt32 | DType::UInt64 => {
            let (mut result, mut square) = (a.f_add(b)?.f_ones_like()?, a.shallow_clone());
            for bit in 0..8 * dtype.size() as i64 {
                let odd = b.moved_right(bit)?.and(1)?.is_not(0)?;
                result = result.f_mul(&square)?.f_where_self(&odd, &result)?;
                square = square.f_mul(&square)?;
            }
            Ok(result)
        }
        // Anything to the power of zero is one, as for real numbers.
        _ if dtype.is_complex() => a.f_pow(b)?.with_where(&b.is(0)?, 1.0),
        _ => a.f_pow(b),
    }
}

/// Bits moved; from the width on nothing is left but copies of the sign.
fn shifted(a: &Tensor, b: &Tensor, dtype: DType, left: bool) -> Outcome {
    let width = 8 * dtype.size() as i64;
    let beyond = if is_carried(dtype) || dtype == DType::UInt8 {
        compared(b, &b.number(width)?, dtype, Tensor::f_ge_tensor)?
    } else {
        b.is_below(0)?.f_logical_or(&b.is_from(width)?)?
    };
    if left {
        let by = b.with_where(&beyond, 0)?;
        return a.f_bitwise_left_shift(&by)?.with_where(&beyond, 0);
    }
    if dtype == DType::UInt64 {
        // Without the sign's copies: one bit first, then the others of a number that is not negative.
        let by = b.with_where(&beyond, 0)?;
        let none = by.is(0)?;
        let once = a.moved_right(1)?.and(i64::MAX)?;
        let more = once.f_bitwise_right_shift(&by.minus(1)?.with_where(&none, 0)?)?;
        return a.f_where_self(&none, &more)?.with_where(&beyond, 0);
    }
    if is_carried(dtype) {
        let by = widened(b, dtype)?.with_where(&beyond, 0)?;
        return widened(a, dtype)?.f_bitwise_right_shift(&by)?.with_where(&beyond, 0)?.f_to_kind(carrier(dtype));
    }
    let last = if dtype == DType::UInt8 { 0 } else { width - 1 };
    let moved = a.f_bitwise_right_shift(&b.with_where(&beyond, last)?)?;
    if dtype == DType::UInt8 { moved.with_where(&beyond, 0) } else { Ok(moved) }
}

#[implements(where_)]
fn where_(
    condition: &TorchArray,
    x1: Arg<'_, TorchArray>,
    x2: Arg<'_, TorchArray>,
    verdict: &Verdict,
) -> Result<TorchArray> {
    on_one_device("where", &x1, &x2)?;
    for x in [&x1, &x2].into_iter().filter_map(|x| x.array()) {
        together("where", condition, x)?;
    }
    ruled("where", lent(&x1)?.f_where_self(condition.tensor(), &*lent(&x2)?), verdict, condition.device())
}

#[implements(clip)]
fn clip(
    x: Arg<'_, TorchArray>,
    min: Option<Arg<'_, TorchArray>>,
    max: Option<Arg<'_, TorchArray>>,
    verdict: &Verdict,
) -> Result<TorchArray> {
    let dtype = verdict.operands;
    for bound in [&min, &max].into_iter().flatten() {
        on_one_device("clip", &x, bound)?;
    }
    let fail = |e| failed("clip", e);
    let mut clipped = ordered(&owned(&x)?, dtype).map_err(fail)?;
    if let Some(min) = &min {
        clipped = clipped.f_maximum(&ordered(&*lent(min)?, dtype).map_err(fail)?).map_err(fail)?;
    }
    if let Some(max) = &max {
        clipped = clipped.f_minimum(&ordered(&*lent(max)?, dtype).map_err(fail)?).map_err(fail)?;
    }
    let device = [Some(&x), min.as_ref(), max.as_ref()].into_iter().flatten().find_map(|x| x.array());
    ruled("clip", ordered(&clipped, dtype), verdict, device.map_or(Device::Cpu, TorchArray::device))
}

#[implements(elu)]
fn elu(x: Arg<'_, TorchArray>, p: &Elu, verdict: &Verdict) -> Result<TorchArray> {
    one("elu", &x, verdict, |x, _| x.f_where_self(&x.is_above(0)?, &x.f_expm1()?.times(p.alpha)?))
}
