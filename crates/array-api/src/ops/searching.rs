//! Searching.

use super::spellings;
use crate::array::Array;
use crate::axes::Axes;
use crate::call::Verdict;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::operand::Operand;
use crate::operation::{List, Op};
use crate::{operation, rule};

operation! {
    /// Position of the (first) largest element along an axis, of the flattened array without one. Spec: `argmax`.
    Argmax = argmax(x: One) { axis: Option<isize> = None, keepdims: bool = false } -> Array;
    "searching", Reduction, |op, p, args| arg_rule(op, &mut p.axis, p.keepdims, args)
}

operation! {
    /// Position of the (first) smallest element along an axis, of the flattened array without one. Spec: `argmin`.
    Argmin = argmin(x: One) { axis: Option<isize> = None, keepdims: bool = false } -> Array;
    "searching", Reduction, |op, p, args| arg_rule(op, &mut p.axis, p.keepdims, args)
}

operation! {
    /// The number of elements that are not zero. Spec: `count_nonzero`.
    CountNonzero = count_nonzero(x: One) { axis: Axes = Axes::All, keepdims: bool = false } -> Array;
    "searching", Reduction,
    |op, p, args| rule::reduction(op, args, &mut p.axis, p.keepdims, rule::ANY, |_| DType::Int64)
}

operation! {
    /// Positions of the elements that are not zero, one array per axis; how many depends on data. Spec: `nonzero`.
    Nonzero = nonzero(x: One) {} -> List;
    "searching", Other, nonzero_rule
}

operation! {
    /// Where the elements of `x2` would be inserted to keep the 1-d `x1` sorted; `side` is `"left"` or `"right"`, `sorter`
    /// the order that sorts `x1`. Spec: `searchsorted`.
    Searchsorted = searchsorted(x1: One, x2: One, sorter: Maybe) { side: String = "left".to_string() } -> Array;
    "searching", Other, searchsorted_rule
}

spellings!(defaults: Argmax, Argmin, Searchsorted);
spellings!(axis: Argmax, Argmin);
spellings!(axes: CountNonzero);

impl From<&str> for Searchsorted {
    fn from(side: &str) -> Searchsorted {
        Searchsorted { side: side.to_string() }
    }
}

fn arg_rule(op: &'static Op, axis: &mut Option<isize>, keepdims: bool, args: &[Operand<'_>]) -> Result<Verdict> {
    let x = rule::array(op, args, 0)?;
    rule::REAL.check(op, x.dtype())?;
    let mut axes = axis.map_or(Axes::All, Axes::One);
    let dims = rule::reduced_dims(op, x, &mut axes, keepdims)?;
    rule::not_empty(op, x, &axes)?;
    if let Axes::One(a) = axes {
        *axis = Some(a);
    }
    Ok(Verdict::new(dims, DType::Int64, x.dtype()))
}

fn nonzero_rule(op: &'static Op, _: &mut Nonzero, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let x = rule::array(op, args, 0)?;
    match x.ndim() {
        0 => Err(Error::shape(op.name, "a 0-d array has no positions")),
        n => Ok(Verdict::many(vec![rule::unknown(DType::Int64); n], x.dtype())),
    }
}

fn searchsorted_rule(op: &'static Op, p: &mut Searchsorted, args: &mut [Operand<'_>]) -> Result<Verdict> {
    if p.side != "left" && p.side != "right" {
        return Err(Error::value(op.name, format!("side is {:?}, but must be \"left\" or \"right\"", p.side)));
    }
    let x1 = rule::array(op, args, 0)?;
    if x1.ndim() != 1 {
        return Err(Error::shape(op.name, format!("x1 has shape {}, but must be 1-d", x1.dims())));
    }
    if let Some(sorter) = args[2].array() {
        rule::INTEGER.check(op, sorter.dtype())?;
        if sorter.dims() != x1.dims() {
            let message = format!("sorter has shape {}, x1 has {}: they must be equal", sorter.dims(), x1.dims());
            return Err(Error::shape(op.name, message));
        }
    }
    let dtype = rule::common_dtype(op, &args[..2])?;
    rule::REAL.check(op, dtype)?;
    let dims = args[1].array().map(|a| a.dims().clone()).unwrap_or_default();
    for operand in &mut args[..2] {
        rule::cast(operand, dtype)?;
    }
    Ok(Verdict::new(dims, DType::Int64, dtype))
}
