//! Statistics: reductions and scans.

use super::spellings;
use crate::array::Array;
use crate::axes::{Axes, AxisCorrection, AxisDType, axis, normalize_axis};
use crate::call::{Call, Verdict};
use crate::dims::Dims;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::operand::Operand;
use crate::operation::Op;
use crate::{operation, rule};

operation! {
    /// Sum. Integers and `bool` are summed as 64-bit integers unless a type is given. Spec: `sum`.
    Sum = sum(x: One) { axis: Axes = Axes::All, keepdims: bool = false, dtype: Option<DType> = None } -> Array;
    "statistical", Reduction,
    |op, p, args| { let v = rule::summation(op, args, &mut p.axis, p.keepdims, &mut p.dtype)?; added(args, v) }
}

operation! {
    /// Product. Integers and `bool` are multiplied as 64-bit integers unless a type is given. Spec: `prod`.
    Prod = prod(x: One) { axis: Axes = Axes::All, keepdims: bool = false, dtype: Option<DType> = None } -> Array;
    "statistical", Reduction,
    |op, p, args| { let v = rule::summation(op, args, &mut p.axis, p.keepdims, &mut p.dtype)?; summed(args, v) }
}

operation! {
    /// Largest element; not-a-number wins. Spec: `max`.
    Max = max(x: One) { axis: Axes = Axes::All, keepdims: bool = false } -> Array;
    "statistical", Reduction, |op, p, args| extremum(op, args, &mut p.axis, p.keepdims)
}

operation! {
    /// Smallest element; not-a-number wins. Spec: `min`.
    Min = min(x: One) { axis: Axes = Axes::All, keepdims: bool = false } -> Array;
    "statistical", Reduction, |op, p, args| extremum(op, args, &mut p.axis, p.keepdims)
}

operation! {
    /// Arithmetic mean; not-a-number over no elements. Spec: `mean`.
    Mean = mean(x: One) { axis: Axes = Axes::All, keepdims: bool = false } -> Array;
    "statistical", Reduction,
    |op, p, args| rule::reduction(op, args, &mut p.axis, p.keepdims, rule::FLOATING, |d| d),
    compose |p, call| {
        let n = count(call, &p.axis)?;
        crate::divide(sum(call[0].take(), Sum { axis: p.axis.clone(), keepdims: p.keepdims, dtype: None })?, n)
    }
}

operation! {
    /// Variance: the mean of squared deviations, with `n - correction` in place of `n`. Spec: `var`.
    Var = var(x: One) {
        axis: Axes = Axes::All, /** 1 gives the unbiased estimate. */ correction: f64 = 0.0, keepdims: bool = false,
    } -> Array;
    "statistical", Reduction,
    |op, p, args| rule::reduction(op, args, &mut p.axis, p.keepdims, rule::REAL_FLOATING, |d| d),
    compose |p, call| {
        let n = count(call, &p.axis)?;
        let center = mean(&call[0], Mean { axis: p.axis.clone(), keepdims: true })?;
        let squares = crate::square(crate::subtract(call[0].take(), center)?)?;
        // Fewer elements than the correction: the standard leaves it open; not-a-number says that there is no estimate.
        crate::divide(sum(squares, Sum { axis: p.axis.clone(), keepdims: p.keepdims, dtype: None })?, (n - p.correction).max(0.0))
    }
}

operation! {
    /// Standard deviation: the square root of [`var`]. Spec: `std`.
    Std = std(x: One) {
        axis: Axes = Axes::All, /** 1 corrects the variance's bias. */ correction: f64 = 0.0, keepdims: bool = false,
    } -> Array;
    "statistical", Reduction,
    |op, p, args| rule::reduction(op, args, &mut p.axis, p.keepdims, rule::REAL_FLOATING, |d| d),
    compose |p, call| {
        crate::sqrt(var(call[0].take(), Var { axis: p.axis.clone(), correction: p.correction, keepdims: p.keepdims })?)
    }
}

operation! {
    /// `log(sum(exp(x)))` without overflow.
    Logsumexp = logsumexp(x: One) { axis: Axes = Axes::All, keepdims: bool = false } -> Array;
    "statistical", Reduction,
    |op, p, args| rule::reduction(op, args, &mut p.axis, p.keepdims, rule::REAL_FLOATING, |d| d),
    compose compose_logsumexp
}

operation! {
    /// Cumulative sum along an axis; with `include_initial`, zero comes first. Spec: `cumulative_sum`.
    CumulativeSum = cumulative_sum(x: One) {
        /** May be left out for 1-d arrays. */ axis: Option<isize> = None,
        dtype: Option<DType> = None, include_initial: bool = false,
    } -> Array;
    "statistical", Scan,
    |op, p, args| cumulative(op, args, &mut p.axis, &mut p.dtype, p.include_initial)
}

operation! {
    /// Cumulative product along an axis; with `include_initial`, one comes first. Spec: `cumulative_prod`.
    CumulativeProd = cumulative_prod(x: One) {
        /** May be left out for 1-d arrays. */ axis: Option<isize> = None,
        dtype: Option<DType> = None, include_initial: bool = false,
    } -> Array;
    "statistical", Scan,
    |op, p, args| cumulative(op, args, &mut p.axis, &mut p.dtype, p.include_initial)
}

spellings!(axes: Sum, Prod, Max, Min, Mean, Var, Std, Logsumexp);
spellings!(defaults: CumulativeSum, CumulativeProd);

macro_rules! with_options {
    (correction: $($Op:ident),*) => { $(
        impl From<AxisCorrection> for $Op {
            fn from(a: AxisCorrection) -> $Op {
                $Op { axis: a.axis.axes, correction: a.correction, keepdims: a.axis.keepdims }
            }
        }
    )* };
    (dtype: $($Op:ident),*) => { $(
        impl From<AxisDType> for $Op {
            fn from(a: AxisDType) -> $Op { $Op { axis: a.axis.axes, keepdims: a.axis.keepdims, dtype: Some(a.dtype) } }
        }
    )* };
    (one: $($Op:ident),*) => { $(
        impl From<isize> for $Op { fn from(axis: isize) -> $Op { $Op { axis: Some(axis), ..$Op::default() } } }
    )* };
}
with_options!(correction: Var, Std);
with_options!(dtype: Sum, Prod);
with_options!(one: CumulativeSum, CumulativeProd);

/// Integers that are summed in 64 bits stay as they are: to write them down as such first would take longer than their sum. A
/// kernel converts what it reads to the verdict's type.
fn added(args: &mut [Operand<'_>], mut verdict: Verdict) -> Result<Verdict> {
    let given = args[0].array().map(|x| x.dtype());
    match (given, verdict.operands) {
        (Some(of), DType::Int64 | DType::UInt64) if of.is_integer() || of == DType::Bool => {
            verdict.operands = of;
            Ok(verdict)
        }
        _ => summed(args, verdict),
    }
}

/// Converts the operand to the type that is summed or multiplied in.
fn summed(args: &mut [Operand<'_>], verdict: Verdict) -> Result<Verdict> {
    rule::cast(&mut args[0], verdict.operands)?;
    Ok(verdict)
}

fn extremum(op: &'static Op, args: &[Operand<'_>], axes: &mut Axes, keepdims: bool) -> Result<Verdict> {
    let verdict = rule::reduction(op, args, axes, keepdims, rule::REAL, |d| d)?;
    rule::not_empty(op, rule::array(op, args, 0)?, axes)?;
    Ok(verdict)
}

/// The number of elements that one result is made of.
fn count(call: &Call<'_, '_>, axes: &Axes) -> Result<f64> {
    let x = rule::array(call.op, call.args, 0)?;
    let shape = x.shape()?;
    Ok(axes.list(shape.len()).into_iter().map(|a| shape[a]).product::<usize>() as f64)
}

/// Shifts by the maximum, which is taken as zero where it is infinite: `exp` of the difference would be not-a-number.
fn compose_logsumexp(p: &Logsumexp, call: &mut Call<'_, '_>) -> Result<Array> {
    let x = rule::array(call.op, call.args, 0)?;
    let top = max(x, axis(p.axis.clone()).keepdims())?;
    let top = crate::where_(crate::isfinite(&top)?, &top, 0.0)?;
    let total = sum(crate::exp(crate::subtract(x, &top)?)?, axis(p.axis.clone()).keepdims())?;
    let out = (crate::log(total)? + top).ok()?;
    let dims: Dims = call.verdict.dims().clone();
    crate::reshape(out, dims)
}

fn cumulative(
    op: &'static Op,
    args: &mut [Operand<'_>],
    axis: &mut Option<isize>,
    dtype: &mut Option<DType>,
    include_initial: bool,
) -> Result<Verdict> {
    let x = rule::array(op, args, 0)?;
    let a = match (*axis, x.ndim()) {
        (Some(a), n) => normalize_axis(op.name, a, n)?,
        (None, 1) => 0,
        (None, n) => return Err(Error::axis(op.name, format!("an array of {n} axes needs the axis to be given"))),
    };
    *axis = Some(a as isize);
    let out = *dtype.get_or_insert(rule::accumulator(x.dtype()));
    rule::NUMERIC.check(op, out)?;
    let dims = x.dims().with(a, x.dims()[a] + usize::from(include_initial));
    rule::cast(&mut args[0], out)?;
    Ok(Verdict::same(dims, out))
}
