//! Rules of elementwise operations: broadcasting, promotion, weak scalars.

use super::*;
use crate::call::Verdict;
use crate::scalar::Scalar;

/// The type of an elementwise result.
#[derive(Clone, Copy)]
pub enum Out {
    /// The operands' common type.
    Same,
    /// `bool`.
    Bool,
    /// The real type of the same precision.
    Real,
}

impl Out {
    #[inline]
    fn of(self, dtype: DType) -> DType {
        match self {
            Out::Same => dtype,
            Out::Bool => DType::Bool,
            Out::Real => dtype.real(),
        }
    }
}

/// The rule of every elementwise operation: broadcast, promote, check the type.
///
/// # Errors
/// Shapes that do not broadcast; types without a common one, or outside `accept`.
#[inline]
pub fn elementwise(op: &'static Op, args: &mut [Operand<'_>], accept: Accept, out: Out) -> Result<Verdict> {
    // Equal shapes and types, or one array beside scalars of its category, need nothing but a look.
    match args {
        [a, b] => {
            if let (Some(a), Some(b)) = (a.array(), b.array())
                && a.dtype() == b.dtype()
                && a.dims() == b.dims()
                && (accept.has)(a.dtype())
            {
                return Ok(Verdict::new(a.dims().clone(), out.of(a.dtype()), a.dtype()));
            }
        }
        [a] => {
            if let Some(a) = a.array()
                && (accept.has)(a.dtype())
            {
                return Ok(Verdict::new(a.dims().clone(), out.of(a.dtype()), a.dtype()));
            }
        }
        _ => {}
    }
    general(op, args, accept, out)
}

#[inline(never)]
fn general(op: &'static Op, args: &mut [Operand<'_>], accept: Accept, out: Out) -> Result<Verdict> {
    let dtype = common_dtype(op, args)?;
    accept.check(op, dtype)?;
    let dims = broadcast_dims(op.name, args.iter().filter_map(|o| o.array().map(Array::dims)))?;
    for operand in args.iter_mut() {
        cast(operand, dtype)?;
    }
    Ok(Verdict::new(dims, out.of(dtype), dtype))
}

/// The common type of operands: arrays promote, weak scalars follow.
///
/// # Errors
/// Where the standard defines none, naming `astype`; scalars that the type cannot hold.
pub fn common_dtype(op: &'static Op, args: &[Operand<'_>]) -> Result<DType> {
    let mut arrays = args.iter().filter_map(Operand::dtype);
    let Some(first) = arrays.next() else {
        return Err(Error::dtype(
            op.name,
            "needs an array: the arguments are all plain numbers; make one with xp.asarray",
        ));
    };
    let mut dtype = arrays.try_fold(first, |a, b| a.promote(b).ok_or_else(|| no_common(op, a, b)))?;
    for operand in args {
        let Operand::Scalar(s) = operand else { continue };
        dtype = s.result_dtype(dtype).ok_or_else(|| no_scalar(op, dtype, *s))?;
        if !s.fits(dtype) {
            return Err(Error::value(
                op.name,
                format!("the number {s} does not fit {dtype}; convert the array with astype"),
            ));
        }
    }
    Ok(dtype)
}

#[cold]
fn no_common(op: &'static Op, a: DType, b: DType) -> Error {
    Error::dtype(
        op.name,
        format!("{a} and {b} promote to no common dtype in the standard; convert one of the arrays with astype"),
    )
}

#[cold]
fn no_scalar(op: &'static Op, dtype: DType, s: Scalar) -> Error {
    let to = s.default_dtype();
    Error::dtype(
        op.name,
        format!("an array of dtype {dtype} cannot take the number {s}; convert it with astype({to}) first"),
    )
}

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $accept:ident -> $out:ident;)*) => { $(
        $(#[$doc])*
        ///
        /// # Errors
        /// Shapes that do not broadcast, and types that the operation does not accept.
        #[inline]
        pub fn $name<P>(op: &'static Op, _: &mut P, args: &mut [Operand<'_>]) -> Result<Verdict> {
            elementwise(op, args, $accept, Out::$out)
        }
    )* };
}

rules! {
    /// Any type in, the same out.
    any = ANY -> Same;
    /// Numbers in, the same out.
    numeric = NUMERIC -> Same;
    /// Numbers in, their real type out: `abs`.
    magnitude = NUMERIC -> Real;
    /// Integers and real floats in, the same out.
    real_valued = REAL -> Same;
    /// Floats in, the same out.
    floating = FLOATING -> Same;
    /// Real floats in, the same out.
    real_floating = REAL_FLOATING -> Same;
    /// Complex in, their real type out.
    complex_part = COMPLEX -> Real;
    /// Integers and `bool` in, the same out.
    bitwise = INTEGER_OR_BOOLEAN -> Same;
    /// Integers in, the same out.
    integer = INTEGER -> Same;
    /// `bool` in and out.
    logical = BOOLEAN -> Same;
    /// Anything in, `bool` out.
    equality = ANY -> Bool;
    /// Ordered types in, `bool` out.
    ordering = REAL -> Bool;
    /// Numbers in, `bool` out.
    predicate = NUMERIC -> Bool;
    /// Real floats in, `bool` out.
    real_predicate = REAL_FLOATING -> Bool;
}

/// The rule of `where`: a condition that only broadcasts, and two values that promote.
///
/// # Errors
/// A condition that is not `bool`; values without a common type; shapes that do not broadcast.
pub fn choice<P>(op: &'static Op, _: &mut P, args: &mut [Operand<'_>]) -> Result<Verdict> {
    BOOLEAN.check(op, array(op, args, 0)?.dtype())?;
    let dtype = match (&args[1], &args[2]) {
        (Operand::Scalar(a), Operand::Scalar(b)) => {
            let (a, b) = (a.default_dtype(), b.default_dtype());
            // Of two plain numbers the wider category counts, as when Python adds them.
            a.promote(b).unwrap_or(if a > b { a } else { b })
        }
        _ => common_dtype(op, &args[1..])?,
    };
    let dims = broadcast_dims(op.name, args.iter().filter_map(|o| o.array().map(Array::dims)))?;
    for operand in &mut args[1..] {
        cast(operand, dtype)?;
    }
    Ok(Verdict::same(dims, dtype))
}

/// The rule of `clip`: the type of `x` stays, its shape broadcasts with those of the bounds.
///
/// # Errors
/// Bounds of a type that `x` cannot hold; shapes that do not broadcast.
pub fn clip<P>(op: &'static Op, _: &mut P, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let x = array(op, args, 0)?;
    let dtype = x.dtype();
    REAL.check(op, dtype)?;
    let common = common_dtype(op, args)?;
    if common != dtype {
        return Err(Error::dtype(
            op.name,
            format!("the bounds would make {dtype} into {common}; convert x with astype({common})"),
        ));
    }
    let dims = broadcast_dims(op.name, args.iter().filter_map(|o| o.array().map(Array::dims)))?;
    for operand in args.iter_mut() {
        cast(operand, dtype)?;
    }
    Ok(Verdict::same(dims, dtype))
}
