//! Elementwise operations. Names, types and special cases are the standard's (`elementwise_functions`).

use super::{special, spellings};
use crate::array::Array;
use crate::call::{Call, Verdict};
use crate::dims::Dims;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::namespace::Namespace;
use crate::operand::Operand;
use crate::operation::Op;
use crate::{operation, rule};

/// Rows of elementwise operations without parameters: `Params function rule "What it is", compose ..`.
macro_rules! elementwise {
    (unary: $($Op:ident $f:ident $rule:path, $doc:literal $(, compose $compose:expr)?;)*) => { $(
        operation! {
            #[doc = $doc] $Op = $f(x: One) {} -> Array; "elementwise", Elementwise, $rule $(, compose $compose)?
        }
    )* };
    (binary: $($Op:ident $f:ident $rule:path, $doc:literal $(, compose $compose:expr)?;)*) => { $(
        operation! {
            #[doc = $doc] $Op = $f(x1: One, x2: One) {} -> Array; "elementwise", Elementwise, $rule $(, compose $compose)?
        }
    )* };
}

elementwise! { unary:
    Abs abs rule::magnitude, "Absolute value.";
    Acos acos rule::floating, "Inverse cosine.";
    Acosh acosh rule::floating, "Inverse hyperbolic cosine.";
    Asin asin rule::floating, "Inverse sine.";
    Asinh asinh rule::floating, "Inverse hyperbolic sine.";
    Atan atan rule::floating, "Inverse tangent.";
    Atanh atanh rule::floating, "Inverse hyperbolic tangent.";
    BitwiseInvert bitwise_invert rule::bitwise, "Inverts every bit.";
    Ceil ceil rule::real_valued, "Rounds up.";
    Conj conj rule::numeric, "Complex conjugate.";
    Cos cos rule::floating, "Cosine.";
    Cosh cosh rule::floating, "Hyperbolic cosine.";
    Exp exp rule::floating, "Exponential.";
    Expm1 expm1 rule::floating, "`exp(x) - 1`, accurate near zero.";
    Floor floor rule::real_valued, "Rounds down.";
    Imag imag rule::complex_part, "Imaginary part.";
    Isfinite isfinite rule::predicate, "Whether elements are finite.";
    Isinf isinf rule::predicate, "Whether elements are infinite.";
    Isnan isnan rule::predicate, "Whether elements are not a number.";
    Log log rule::floating, "Natural logarithm.";
    Log1p log1p rule::floating, "`log(1 + x)`, accurate near zero.";
    Log2 log2 rule::floating, "Logarithm to base 2.";
    Log10 log10 rule::floating, "Logarithm to base 10.";
    LogicalNot logical_not rule::logical, "Logical negation.";
    Negative negative rule::numeric, "Negation.";
    Positive positive rule::numeric, "The same values.";
    Real real real_part, "Real part.";
    Reciprocal reciprocal rule::floating, "`1 / x`.", compose |_, call| divide(1.0, &call[0]);
    Round round rule::numeric, "Rounds to the nearest integer, halves to even.";
    Sign sign rule::numeric, "Sign: -1, 0 or 1; for complex numbers `x / abs(x)`.";
    Signbit signbit rule::real_predicate, "Whether the sign bit is set.", compose |_, call| less(copysign(1.0, &call[0])?, 0.0);
    Sin sin rule::floating, "Sine.";
    Sinh sinh rule::floating, "Hyperbolic sine.";
    Square square rule::numeric, "`x * x`.", compose |_, call| multiply(&call[0], &call[0]);
    Sqrt sqrt rule::floating, "Square root.";
    Tan tan rule::floating, "Tangent.";
    Tanh tanh rule::floating, "Hyperbolic tangent.";
    Trunc trunc rule::real_valued, "Rounds towards zero.";
}

elementwise! { binary:
    Add add rule::numeric, "Sum.";
    Atan2 atan2 rule::real_floating, "Angle of the point (x2, x1).";
    BitwiseAnd bitwise_and rule::bitwise, "Bitwise and.";
    BitwiseLeftShift bitwise_left_shift rule::integer, "Shifts bits left.";
    BitwiseOr bitwise_or rule::bitwise, "Bitwise or.";
    BitwiseRightShift bitwise_right_shift rule::integer, "Shifts bits right, keeping the sign.";
    BitwiseXor bitwise_xor rule::bitwise, "Bitwise exclusive or.";
    Copysign copysign rule::real_floating, "Magnitude of x1 with the sign of x2.";
    Divide divide rule::floating, "Quotient.";
    Equal equal rule::equality, "Whether elements are equal.";
    FloorDivide floor_divide rule::real_valued, "Quotient rounded down.";
    Greater greater rule::ordering, "Whether x1 > x2.";
    GreaterEqual greater_equal rule::ordering, "Whether x1 >= x2.";
    Hypot hypot rule::real_floating, "`sqrt(x1^2 + x2^2)` without overflow.", compose |_, call| compose_hypot(call);
    Less less rule::ordering, "Whether x1 < x2.";
    LessEqual less_equal rule::ordering, "Whether x1 <= x2.";
    Logaddexp logaddexp rule::real_floating, "`log(exp(x1) + exp(x2))` without overflow.", compose |_, call| compose_logaddexp(call);
    LogicalAnd logical_and rule::logical, "Logical and.";
    LogicalOr logical_or rule::logical, "Logical or.";
    LogicalXor logical_xor rule::logical, "Logical exclusive or.";
    Maximum maximum rule::real_valued, "The larger of two; not-a-number wins.";
    Minimum minimum rule::real_valued, "The smaller of two; not-a-number wins.";
    Multiply multiply rule::numeric, "Product.";
    Nextafter nextafter rule::real_floating, "The next number from x1 towards x2.";
    NotEqual not_equal rule::equality, "Whether elements differ.";
    Pow pow rule::numeric, "x1 to the power of x2.";
    Remainder remainder rule::real_valued, "Remainder with the sign of x2.";
    Subtract subtract rule::numeric, "Difference.";
}

operation! {
    /// Elements of `x1` where `condition` holds, of `x2` elsewhere. Spec: `where`.
    Where = where_(condition: One, x1: One, x2: One) {} -> Array;
    "searching", Elementwise, rule::choice
}

operation! {
    /// Limits the elements to the range from `min` to `max`; either may be left out. Spec: `clip`.
    Clip = clip(x: One, min: Maybe, max: Maybe) {} -> Array;
    "elementwise", Elementwise, rule::clip,
    compose |_, call| {
        let low = match call[1].is_absent() { true => call[0].take(), false => Operand::Own(maximum(call[0].take(), &call[1])?) };
        if call[2].is_absent() { positive(low) } else { minimum(low, &call[2]) }
    }
}

operation! {
    /// The error function `2/sqrt(pi) * integral of exp(-t^2) from 0 to x`.
    Erf = erf(x: One) {} -> Array;
    "elementwise", Elementwise, rule::real_floating, compose |_, call| special::erf(call)
}

operation! {
    /// Logarithm of the absolute value of the gamma function; infinite at its poles `0, -1, -2, ..`.
    Lgamma = lgamma(x: One) {} -> Array;
    "elementwise", Elementwise, rule::real_floating, compose |_, call| special::lgamma(call)
}

operation! {
    /// The derivative of [`lgamma`]; not-a-number at the poles `-1, -2, ..`, infinite at zero.
    Digamma = digamma(x: One) {} -> Array;
    "elementwise", Elementwise, rule::real_floating, compose |_, call| special::digamma(call)
}

operation! {
    /// The `n`-th derivative of [`digamma`], for `n` from 1 to 100: `(-1)^(n+1) n! sum_k (x + k)^-(n+1)`.
    Polygamma = polygamma(x: One) { n: usize = 1 } -> Array;
    "elementwise", Elementwise,
    |op, p, args| match p.n {
        1..=100 => rule::real_floating(op, p, args),
        n => Err(Error::value(op.name, format!("n is {n}, but must be between 1 and 100"))),
    },
    compose special::polygamma
}

operation! {
    /// The regularised lower incomplete gamma function `P(a, x)`, the share of a gamma distribution below `x`:
    /// `1/gamma(a) * integral of t^(a-1) exp(-t) from 0 to x`. Not-a-number for negative arguments.
    Gammainc = gammainc(a: One, x: One) {} -> Array;
    "elementwise", Elementwise, rule::real_floating, compose |_, call| special::gammainc(call)
}

operation! {
    /// The regularised upper incomplete gamma function `Q(a, x) = 1 - P(a, x)`, without the cancellation; see [`gammainc`].
    Gammaincc = gammaincc(a: One, x: One) {} -> Array;
    "elementwise", Elementwise, rule::real_floating, compose |_, call| special::gammaincc(call)
}

operation! {
    /// The regularised incomplete beta function `I_x(a, b)`, the share of a beta distribution below `x`:
    /// `1/B(a, b) * integral of t^(a-1) (1-t)^(b-1) from 0 to x`. Not-a-number for negative `a` or `b`, and for `x` outside
    /// 0 to 1.
    Betainc = betainc(a: One, b: One, x: One) {} -> Array;
    "elementwise", Elementwise, rule::real_floating, compose |_, call| special::betainc(call)
}

operation! {
    /// Whether `abs(x1 - x2) <= atol + rtol * abs(x2)`, element by element; equal infinities are close.
    Isclose = isclose(x1: One, x2: One) {
        rtol: f64 = 1e-5, atol: f64 = 1e-8, /** Whether two that are not a number are close. */ equal_nan: bool = false,
    } -> Array;
    "elementwise", Elementwise, |op, _, args| rule::elementwise(op, args, rule::FLOATING, rule::Out::Bool),
    compose compose_isclose
}

operation! {
    /// Whether all elements are close, as [`isclose`] says.
    Allclose = allclose(x1: One, x2: One) { rtol: f64 = 1e-5, atol: f64 = 1e-8, equal_nan: bool = false } -> Array;
    "elementwise", Other,
    |op, _, args| {
        let v = rule::elementwise(op, args, rule::FLOATING, rule::Out::Bool)?;
        Ok(Verdict::new(Dims::SCALAR, DType::Bool, v.operands))
    },
    compose |p, call| {
        let p = Isclose { rtol: p.rtol, atol: p.atol, equal_nan: p.equal_nan };
        crate::all(isclose(call[0].take(), call[1].take(), p)?, ..)
    }
}

spellings!(defaults: Isclose, Allclose);

impl From<usize> for Polygamma {
    fn from(n: usize) -> Polygamma {
        Polygamma { n }
    }
}

/// Both operands as arrays: a plain number takes the other's kind and type.
fn both(call: &Call<'_, '_>) -> Result<[Array; 2]> {
    let xp = Namespace::of(call.arrays())?;
    let whole = |operand: &Operand<'_>| match operand {
        Operand::Scalar(s) => xp.full(((), *s, call.verdict.operands)),
        other => positive(other),
    };
    Ok([whole(&call[0])?, whole(&call[1])?])
}

/// Scaled by the larger side, so that no square overflows or is lost.
fn compose_hypot(call: &mut Call<'_, '_>) -> Result<Array> {
    let [x1, x2] = both(call)?;
    let (x1, x2) = (abs(x1)?, abs(x2)?);
    let (large, small) = (maximum(&x1, &x2)?, minimum(&x1, &x2)?);
    // Of zeros the scale is one; of an infinity, whatever the other side is, the result is known.
    let scale = where_(greater(&large, 0.0)?, &large, 1.0)?;
    let length = (sqrt(square(small / &scale)? + 1.0)? * large).ok()?;
    where_(logical_or(isinf(x1)?, isinf(x2)?)?, f64::INFINITY, length)
}

/// The larger one, and what the other adds: no exponential is above one.
fn compose_logaddexp(call: &mut Call<'_, '_>) -> Result<Array> {
    let [x1, x2] = both(call)?;
    // Equal infinities have no difference.
    let away = where_(equal(&x1, &x2)?, 0.0, &x1 - &x2)?;
    (log1p(exp(-abs(away)?)?)? + maximum(x1, x2)?).ok()
}

fn compose_isclose(p: &Isclose, call: &mut Call<'_, '_>) -> Result<Array> {
    let [x1, x2] = both(call)?;
    let within = less_equal(abs(subtract(&x1, &x2)?)?, add(multiply(abs(&x2)?, p.rtol)?, p.atol)?)?;
    let near = logical_or(logical_and(within, isfinite(&x2)?)?, equal(&x1, &x2)?)?;
    if p.equal_nan { logical_or(near, logical_and(isnan(x1)?, isnan(x2)?)?) } else { Ok(near) }
}

fn real_part<P>(op: &'static Op, _: &mut P, args: &mut [Operand<'_>]) -> Result<Verdict> {
    rule::elementwise(op, args, rule::NUMERIC, rule::Out::Real)
}
