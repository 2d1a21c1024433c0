//! Derivatives of elementwise operations.

use super::{Context, Keep::*, conj, rules};
use array_api::{
    Array, Error, Operand, Result, add, cos, cosh, divide, equal, exp, greater, greater_equal, less, less_equal,
    lgamma, log, log1p, logical_and, multiply, negative, pow, reciprocal, sign, sin, sinh, sqrt, square, subtract,
    where_, zeros_like,
};
use std::f64::consts::{FRAC_2_SQRT_PI, LN_2, LN_10};

rules! {
    // Sums and products: linear, so nothing is kept but the other factor.
    Add: Linear(Nothing, |_, g, _| Ok(g));
    Subtract: Linear(Nothing, |_, g, i| if i == 0 { Ok(g) } else { negative(g) });
    Negative: Linear(Nothing, |_, g, _| negative(g));
    Positive: Linear(Nothing, |_, g, _| Ok(g));
    Multiply: Multilinear(Others, |c, g, i| by_other(c, g, 1 - i));
    Divide: Partial(Both, |c, i| match i {
        0 => inverse_of(c, 1),
        _ => Ok((-c.out(0)? / c.x(1)?).ok()?),
    });
    Reciprocal: Partial(Results, |c, _| negative(square(c.out(0)?)?));
    Square: Partial(Operands, |c, _| multiply(c.x(0)?, 2.0));
    Sqrt: Partial(Results, |c, _| divide(0.5, c.out(0)?));
    Pow: Partial(Both, power);
    Hypot: Partial(Both, |c, i| divide(c.x(i)?, c.out(0)?));
    Astype: Linear(Nothing, |_, g, _| Ok(g));

    // Exponentials and logarithms.
    Exp: Partial(Results, |c, _| Ok(c.out(0)?.clone()));
    Expm1: Partial(Results, |c, _| add(c.out(0)?, 1.0));
    Log: Partial(Operands, |c, _| reciprocal(c.x(0)?));
    Log1p: Partial(Operands, |c, _| reciprocal(add(c.x(0)?, 1.0)?));
    Log2: Partial(Operands, |c, _| divide(1.0 / LN_2, c.x(0)?));
    Log10: Partial(Operands, |c, _| divide(1.0 / LN_10, c.x(0)?));
    // The softmax weights; from the difference of the operands, so that infinities cancel only where they must.
    Logaddexp: Partial(Both, |c, i| exp(subtract(&c.args[i], c.out(0)?)?));

    // Trigonometric and hyperbolic functions.
    Sin: Partial(Operands, |c, _| cos(c.x(0)?));
    Cos: Partial(Operands, |c, _| negative(sin(c.x(0)?)?));
    Tan: Partial(Results, |c, _| add(square(c.out(0)?)?, 1.0));
    Asin: Partial(Operands, |c, _| reciprocal(sqrt(one_minus_square(c)?)?));
    Acos: Partial(Operands, |c, _| negative(reciprocal(sqrt(one_minus_square(c)?)?)?));
    Atan: Partial(Operands, |c, _| reciprocal(add(square(c.x(0)?)?, 1.0)?));
    Sinh: Partial(Operands, |c, _| cosh(c.x(0)?));
    Cosh: Partial(Operands, |c, _| sinh(c.x(0)?));
    Tanh: Partial(Results, |c, _| subtract(1.0, square(c.out(0)?)?));
    Asinh: Partial(Operands, |c, _| reciprocal(sqrt(add(square(c.x(0)?)?, 1.0)?)?));
    // As a product of roots, which stays on the branch that the function takes.
    Acosh: Partial(Operands, |c, _| reciprocal((sqrt(c.x(0)? - 1.0)? * sqrt(c.x(0)? + 1.0)?).ok()?));
    Atanh: Partial(Operands, |c, _| reciprocal(one_minus_square(c)?));
    Atan2: Partial(Operands, angle);
    Erf: Partial(Operands, |c, _| multiply(exp(negative(square(c.x(0)?)?)?)?, FRAC_2_SQRT_PI));
    Lgamma: Partial(Operands, |c, _| array_api::digamma(c.x(0)?));
    Digamma: Partial(Operands, |c, _| array_api::polygamma(c.x(0)?, 1));
    Polygamma: Partial(Operands, |c, _| array_api::polygamma(c.x(0)?, c.params::<array_api::Polygamma>()?.n + 1));

    // The density that is integrated. With respect to parameters there is no closed form, and no framework has one.
    Gammainc: Partial(Operands, gamma_density);
    Gammaincc: Partial(Operands, |c, i| negative(gamma_density(c, i)?));
    Betainc: Partial(Operands, beta_density);

    // Kinks: sign(0) = 0 for abs; ties of maximum and minimum share the cotangent equally.
    Abs: General(Both, |c, g, _| abs_vjp(c, g), abs_jvp);
    Sign: General(Both, |c, g, _| turned(c, cotangent(c, g)?), |c, t| Ok(vec![turned(c, cotangent(c, t)?)?]));
    Copysign: Partial(Operands, |c, i| match i {
        0 => same_sign(c),
        _ => zeros_like(c.x(1)?, ..),
    });
    Maximum: Partial(Operands, |c, i| shared(c, i, |a, b| greater(a, b)));
    Minimum: Partial(Operands, |c, i| shared(c, i, |a, b| less(a, b)));
    // At a bound, the derivative is that of the unclipped side.
    Clip: Partial(Operands, clipped);
    Floor: Zero;
    Ceil: Zero;
    Trunc: Zero;
    Round: Zero;
    Remainder: Partial(Operands, |c, i| match i {
        0 => ones(c),
        _ => negative(array_api::floor(divide(&c.args[0], &c.args[1])?)?),
    });
    FloorDivide: Zero;
    Nextafter: Linear(Nothing, |_, g, i| if i == 0 { Ok(g) } else { zeros_like(&g, ..) });

    // Parts of complex numbers: linear over the real numbers only.
    Real: Linear(Nothing, |_, g, _| Ok(g));
    Imag: General(Nothing, |c, g, _| imaginary(c, g), |c, t| match &t[0] {
        Some(t) => Ok(vec![array_api::imag(t)?]),
        None => Err(array_api::Error::transform(c.op.name, "has no tangent")),
    });
    Conj: Linear(Nothing, |_, g, _| conj(&g));

    Where: Linear(Fixed, |c, g, i| match i {
        1 => where_(&c.args[0], g, 0.0),
        _ => where_(&c.args[0], 0.0, g),
    });
}

/// `g` times the (conjugate of the) operand `i`, which may be a number.
fn by_other(c: &Context<'_>, g: Array, i: usize) -> Result<Array> {
    match &c.args[i] {
        Operand::Scalar(array_api::Scalar::Complex(z)) => multiply(g, z.conj()),
        Operand::Own(a) if a.dtype().is_complex() => multiply(g, conj(a)?),
        other => multiply(g, other),
    }
}

/// Operand `i` as an array, also where a number was given.
fn whole(c: &Context<'_>, i: usize) -> Result<Array> {
    match &c.args[i] {
        Operand::Scalar(_) => multiply(ones(c)?, &c.args[i]),
        x => array_api::positive(x),
    }
}

fn by_parameter(c: &Context<'_>, i: usize) -> Result<Array> {
    let parameter = c.op.args[i].0;
    Err(Error::transform(
        c.op.name,
        format!(
            "has no derivative with respect to the parameter {parameter}, only to x; stop_gradient({parameter}) holds it"
        ),
    ))
}

/// `(n - 1) ln x`, zero for `n = 1` whatever `x`.
fn power_of(n: &Array, ln_x: Array) -> Result<Array> {
    where_(equal(n, 1.0)?, 0.0, multiply(subtract(n, 1.0)?, ln_x)?)
}

/// `x^(a-1) e^-x / gamma(a)`
fn gamma_density(c: &Context<'_>, i: usize) -> Result<Array> {
    if i != 1 {
        return by_parameter(c, i);
    }
    let (a, x) = (whole(c, 0)?, c.x(1)?);
    exp((power_of(&a, log(x)?)? - x - lgamma(&a)?).ok()?)
}

/// `x^(a-1) (1-x)^(b-1) / B(a, b)`
fn beta_density(c: &Context<'_>, i: usize) -> Result<Array> {
    if i != 2 {
        return by_parameter(c, i);
    }
    let (a, b, x) = (whole(c, 0)?, whole(c, 1)?, c.x(2)?);
    let powers = add(power_of(&a, log(x)?)?, power_of(&b, log1p(negative(x)?)?)?)?;
    exp((powers + lgamma(add(&a, &b)?)? - lgamma(a)? - lgamma(b)?).ok()?)
}

fn ones(c: &Context<'_>) -> Result<Array> {
    let like = c.args.iter().find_map(Operand::array).map_or_else(|| c.x(0), Ok)?;
    like.namespace().ones((&c.results[0].dims, c.results[0].dtype))
}

/// `1 / x`, for an operand that may be a number.
fn inverse_of(c: &Context<'_>, i: usize) -> Result<Array> {
    match &c.args[i] {
        Operand::Scalar(_) => divide(ones(c)?, &c.args[i]),
        x => reciprocal(x),
    }
}

fn one_minus_square(c: &Context<'_>) -> Result<Array> {
    subtract(1.0, square(c.x(0)?)?)
}

/// `d x^y / dx = y x^(y-1)`, zero for `y = 0` whatever `x`; `d x^y / dy = x^y log x`, zero for `x = 0` and `y >= 0`.
fn power(c: &Context<'_>, i: usize) -> Result<Array> {
    let (x, y) = (&c.args[0], &c.args[1]);
    if i == 0 {
        return match y {
            Operand::Scalar(s) if s.to_complex() == 0.0.into() => zeros_like(c.x(0)?, ..),
            Operand::Scalar(s) if s.to_complex() == 2.0.into() => multiply(x, 2.0),
            Operand::Scalar(s) => match s {
                array_api::Scalar::Complex(z) => multiply(pow(x, z - 1.0)?, *z),
                s => multiply(pow(x, s.to_f64() - 1.0)?, s.to_f64()),
            },
            y => {
                let zero = equal(y, 0)?;
                let safe = where_(&zero, 1.0, y)?;
                where_(zero, 0.0, multiply(pow(x, subtract(&safe, 1.0)?)?, &safe)?)
            }
        };
    }
    match x {
        Operand::Scalar(array_api::Scalar::Complex(z)) => multiply(c.out(0)?, z.ln()),
        Operand::Scalar(s) if s.to_f64() == 0.0 => zeros_like(c.out(0)?, ..),
        Operand::Scalar(s) if c.results[0].dtype.is_complex() => multiply(c.out(0)?, s.to_complex().ln()),
        Operand::Scalar(s) => multiply(c.out(0)?, s.to_f64().ln()),
        x => {
            let zero = equal(x, 0)?;
            let safe = where_(&zero, 1.0, x)?;
            where_(zero, 0.0, multiply(c.out(0)?, log(safe)?)?)
        }
    }
}

fn angle(c: &Context<'_>, i: usize) -> Result<Array> {
    // One of the operands may be a number, which `hypot` takes as it is.
    let squares = square(array_api::hypot(&c.args[0], &c.args[1])?)?;
    match i {
        0 => divide(&c.args[1], squares),
        _ => negative(divide(&c.args[0], squares)?),
    }
}

/// The derivative of `x / |x|`, which is its own adjoint: `(g - s Re(conj(s) g)) / |x|`, zero for real numbers and at zero.
fn turned(c: &Context<'_>, g: &Array) -> Result<Array> {
    if !g.dtype().is_complex() {
        return zeros_like(g, ..);
    }
    let (x, s) = (c.x(0)?, c.out(0)?);
    let along = array_api::real(multiply(conj(s)?, g)?)?;
    let size = array_api::abs(x)?;
    let zero = equal(&size, 0)?;
    let safe = where_(&zero, 1.0, size)?;
    where_(zero, 0.0, divide(subtract(g, multiply(s, along)?)?, safe)?)
}

/// `g * x / |x|`, zero at zero; for real arrays `g * sign(x)`.
fn abs_vjp(c: &Context<'_>, g: &[Option<Array>]) -> Result<Array> {
    let g = cotangent(c, g)?;
    multiply(sign(c.x(0)?)?, g)
}

fn abs_jvp(c: &Context<'_>, t: &[Option<Array>]) -> Result<Vec<Array>> {
    let t = cotangent(c, t)?;
    let moved = multiply(conj(&sign(c.x(0)?)?)?, t)?;
    Ok(vec![if moved.dtype().is_complex() { array_api::real(moved)? } else { moved }])
}

fn cotangent<'g>(c: &Context<'_>, g: &'g [Option<Array>]) -> Result<&'g Array> {
    g.iter().flatten().next().ok_or_else(|| array_api::Error::transform(c.op.name, "has no cotangent"))
}

/// `i * g`: the adjoint of taking the imaginary part.
fn imaginary(c: &Context<'_>, g: &[Option<Array>]) -> Result<Array> {
    let g = array_api::astype(cotangent(c, g)?, c.operands[0].dtype)?;
    multiply(g, num_complex::Complex::new(0.0, 1.0))
}

/// 1 where the operands have the same sign bit, -1 elsewhere.
fn same_sign(c: &Context<'_>) -> Result<Array> {
    let x = c.x(0)?;
    let one = array_api::ones_like(x, ..)?;
    let (a, b) = (array_api::copysign(&one, x)?, array_api::copysign(&one, &c.args[1])?);
    multiply(a, b)
}

/// 1 where operand `i` wins, 1/2 at ties.
fn shared(c: &Context<'_>, i: usize, wins: fn(&Operand<'_>, &Operand<'_>) -> Result<Array>) -> Result<Array> {
    let (a, b) = (&c.args[i], &c.args[1 - i]);
    let half = where_(equal(a, b)?, 0.5, 0.0)?;
    let share = where_(wins(a, b)?, 1.0, half)?;
    array_api::astype(share, c.results[0].dtype)
}

fn clipped(c: &Context<'_>, i: usize) -> Result<Array> {
    let (x, low, high) = (&c.args[0], &c.args[1], &c.args[2]);
    let inside = match i {
        0 => match (low.is_absent(), high.is_absent()) {
            (true, true) => return array_api::ones_like(c.x(0)?, ..),
            (false, true) => greater_equal(x, low)?,
            (true, false) => less_equal(x, high)?,
            (false, false) => logical_and(greater_equal(x, low)?, less_equal(x, high)?)?,
        },
        // The upper bound wins over the lower one.
        1 if high.is_absent() => less(x, low)?,
        1 => logical_and(less(x, low)?, less(low, high)?)?,
        _ if low.is_absent() => greater(x, high)?,
        _ => greater(array_api::maximum(x, low)?, high)?,
    };
    let ones = where_(inside, 1.0, 0.0)?;
    array_api::astype(ones, c.results[0].dtype)
}
