//! Compositions of the special functions: their formulas on arrays, for kinds that have no kernels of their own.
//!
//! Every range of arguments has its formula. Elements outside of a range are replaced by a harmless number before the
//! formula sees them, so that neither overflow nor not-a-number is made that would then have to be thrown away. Where
//! values can be read, a range that no element is in is passed over, and a series ends when nothing moves it any more;
//! elsewhere all of it is computed. Single precision is computed in double and rounded once.

mod beta_tail;
mod error_function;
mod gamma;
mod incomplete_beta;
mod incomplete_gamma;
mod stirling;

pub(super) use error_function::erf;
pub(super) use gamma::{digamma, lgamma, polygamma};
pub(super) use incomplete_beta::betainc;
pub(super) use incomplete_gamma::{gammainc, gammaincc};

use crate::array::Array;
use crate::call::Call;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::kind::Level;
use crate::operand::Operand;
use crate::{any, astype, broadcast_arrays, greater_equal, less, logical_and, where_};

/// How many steps a loop takes from one look at its values to the next: a look waits for all that was started.
const LOOK: usize = 8;

/// Computes with the operands as arrays of one shape in double precision.
fn in_double<const N: usize>(call: &mut Call<'_, '_>, f: impl FnOnce([Array; N]) -> Result<Array>) -> Result<Array> {
    let Some(xp) = call.arrays().next().map(Array::namespace) else {
        return Err(Error::dtype(call.op.name, "needs an array: the arguments are all plain numbers"));
    };
    let dtype = call.verdict.dtype();
    let double = |operand: Operand<'_>| match operand {
        Operand::Own(a) if a.dtype() == DType::Float64 => Ok(a),
        Operand::Ref(a) if a.dtype() == DType::Float64 => Ok(a.clone()),
        // A number has the precision of the arrays beside it.
        Operand::Scalar(s) => astype(xp.full(((), s, dtype))?, DType::Float64),
        other => astype(other, DType::Float64),
    };
    let mut x: Vec<Array> = call.args.iter_mut().map(|o| double(o.take())).collect::<Result<_>>()?;
    if x.iter().any(|a| a.dims() != x[0].dims()) {
        x = broadcast_arrays(x)?;
    }
    let out = f(several(x)?)?;
    if dtype == DType::Float64 { Ok(out) } else { astype(out, dtype) }
}

/// As many arrays as the caller names.
fn several<const N: usize>(arrays: Vec<Array>) -> Result<[Array; N]> {
    arrays.try_into().map_err(|v: Vec<Array>| Error::value("special", format!("{} arrays instead of {N}", v.len())))
}

/// Whether some element is true, or may be where that cannot be read. What is lazy is not computed for it.
fn some(mask: &Array) -> Result<bool> {
    if mask.level() == Level::LAZY {
        return Ok(true);
    }
    Ok(any(mask, ..)?.item::<bool>().unwrap_or(true))
}

/// `f` where the mask holds, `elsewhere` where it does not. `f` sees its arguments, and in place of those that are not its
/// own the harmless number beside each.
fn within<const N: usize>(
    mask: &Array,
    arguments: [(&Array, f64); N],
    f: impl FnOnce([Array; N]) -> Result<Array>,
    elsewhere: Array,
) -> Result<Array> {
    if !some(mask)? {
        return Ok(elsewhere);
    }
    let own = arguments.iter().map(|(x, harmless)| where_(mask, *x, *harmless)).collect::<Result<Vec<_>>>()?;
    where_(mask, f(several(own)?)?, elsewhere)
}

/// `low <= x < high`
fn between(x: &Array, low: f64, high: f64) -> Result<Array> {
    logical_and(greater_equal(x, low)?, less(x, high)?)
}

/// `c_0 + c_1 x + c_2 x^2 + ..` by Horner's scheme, for two coefficients or more.
fn polynomial(x: &Array, coefficients: &[f64]) -> Result<Array> {
    let [rest @ .., next, last] = coefficients else {
        return Err(Error::value("polynomial", "has less than two coefficients"));
    };
    let mut sum = (x * *last + *next).ok()?;
    for c in rest.iter().rev() {
        sum = (sum * x + *c).ok()?;
    }
    Ok(sum)
}
