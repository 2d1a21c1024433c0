//! Statistics beyond the standard: medians, counts in bins, covariances, and reductions that skip missing values.

use super::{Quantile, at, concat, diff, quantile, spellings, where_};
use crate::array::Array;
use crate::axes::{Axes, AxisCorrection};
use crate::call::{Call, Verdict};
use crate::dims::{Dims, UNKNOWN};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::operand::Operand;
use crate::operation::Op;
use crate::{Index, operation, rule};

operation! {
    /// The middle element in sorted order, or the mean of the middle two; not-a-number if an element is.
    Median = median(x: One) { axis: Axes = Axes::All, keepdims: bool = false } -> Array;
    "statistical", Reduction, |op, p, args| not_empty(op, args, &mut p.axis, p.keepdims),
    compose |p, call| quantile(&call[0], Quantile { axis: p.axis.clone(), keepdims: p.keepdims, ..Quantile::default() })
}

/// Rows of reductions that skip elements that are not a number.
macro_rules! skipping {
    ($($Op:ident $f:ident [$($correction:ident)?] $rule:expr, $doc:literal, $compose:expr;)*) => { $(
        operation! {
            #[doc = $doc]
            $Op = $f(x: One) { axis: Axes = Axes::All, $($correction: f64 = 0.0,)? keepdims: bool = false } -> Array;
            "statistical", Reduction, |op, p, args| $rule(op, args, &mut p.axis, p.keepdims), compose $compose
        }
        spellings!(axes: $Op);
    )* };
}

skipping! {
    Nansum nansum [] real, "Sum of the elements that are numbers; zero if none is.", |p, call| {
        let x = rule::array(call.op, call.args, 0)?;
        reduced(&where_(crate::isnan(x)?, 0.0, x)?, &p.axis, p.keepdims)
    };
    Nanmean nanmean [] real, "Mean of the elements that are numbers; not-a-number if none is.", |p, call| {
        let x = rule::array(call.op, call.args, 0)?;
        crate::divide(nansum(x, Nansum { axis: p.axis.clone(), keepdims: p.keepdims })?, valid(x, &p.axis, p.keepdims)?)
    };
    Nanvar nanvar [correction] real,
    "Variance of the elements that are numbers: the mean of squared deviations, with `n - correction` for their number `n`.",
    |p, call| {
        let x = rule::array(call.op, call.args, 0)?;
        let center = nanmean(x, Nanmean { axis: p.axis.clone(), keepdims: true })?;
        let deviations = where_(crate::isnan(x)?, 0.0, crate::subtract(x, center)?)?;
        let squares = reduced(&crate::square(deviations)?, &p.axis, p.keepdims)?;
        let n = crate::subtract(valid(x, &p.axis, p.keepdims)?, p.correction)?;
        crate::divide(squares, crate::maximum(n, 0.0)?)
    };
    Nanstd nanstd [correction] real, "Standard deviation of the elements that are numbers: the root of [`nanvar`].",
    |p, call| {
        let p = Nanvar { axis: p.axis.clone(), correction: p.correction, keepdims: p.keepdims };
        crate::sqrt(nanvar(&call[0], p)?)
    };
    Nanmax nanmax [] not_empty, "Largest of the elements that are numbers; not-a-number if none is.", |p, call| {
        extremum(call, f64::NEG_INFINITY, |x| crate::max(x, crate::Max { axis: p.axis.clone(), keepdims: p.keepdims }),
            |x| crate::all(x, crate::All { axis: p.axis.clone(), keepdims: p.keepdims }))
    };
    Nanmin nanmin [] not_empty, "Smallest of the elements that are numbers; not-a-number if none is.", |p, call| {
        extremum(call, f64::INFINITY, |x| crate::min(x, crate::Min { axis: p.axis.clone(), keepdims: p.keepdims }),
            |x| crate::all(x, crate::All { axis: p.axis.clone(), keepdims: p.keepdims }))
    };
}

operation! {
    /// Covariances of variables, the rows, over observations, the columns: `(.., p, n)` to `(.., p, p)`, Hermitian, divided
    /// by `n - correction`.
    Cov = cov(x: One) { /** 1 gives the unbiased estimate. */ correction: f64 = 1.0 } -> Array;
    "statistical", Matrix,
    |op, _, args| {
        let x = rule::array(op, args, 0)?;
        rule::FLOATING.check(op, x.dtype())?;
        let (_, p, _) = rule::matrix(op, "x", x.dims())?;
        Ok(Verdict::same(x.dims().with(x.ndim() - 1, p), x.dtype()))
    },
    compose |p, call| {
        let x = rule::array(call.op, call.args, 0)?;
        let n = x.shape()?[x.ndim() - 1] as f64;
        let deviations = crate::subtract(x, crate::mean(x, crate::axis(-1).keepdims())?)?;
        let adjoint = crate::matrix_transpose(crate::conj(&deviations)?)?;
        crate::divide(crate::matmul(&deviations, adjoint)?, (n - p.correction).max(0.0))
    }
}

operation! {
    /// How many elements lie between each pair of neighbours in the ascending `edges`: from one to before the next, in the
    /// last bin to the last edge itself. Elements outside, and those that are not a number, are not counted.
    Histogram = histogram(x: One, edges: One) {} -> Array;
    "statistical", Other, histogram_rule,
    compose |_, call| {
        let sorted = crate::sort(crate::reshape(&call[0], -1)?, ..)?;
        let edges = rule::array(call.op, call.args, 1)?;
        let places = |part: Index, side: &str| crate::searchsorted(&sorted, at(edges, part)?, None, side);
        diff(concat(vec![places((..-1).into(), "left")?, places((-1..).into(), "right")?], 0)?, ..)
    }
}

operation! {
    /// How often each of the numbers `0, 1, .., length - 1` occurs; others are not counted.
    Bincount = bincount(x: One) { /** The number of results. */ length: usize = 0 } -> Array;
    "statistical", Other,
    |op, p, args| {
        let x = rule::array(op, args, 0)?;
        rule::INTEGER.check(op, x.dtype())?;
        if p.length >= i64::MAX as usize {
            return Err(Error::shape(op.name, format!("a result of {} elements is too large", p.length)));
        }
        Ok(Verdict::new(Dims::from(p.length), DType::Int64, x.dtype()))
    },
    compose |p, call| {
        let x = crate::astype(crate::reshape(&call[0], -1)?, DType::Int64)?;
        let bounds = x.namespace().arange(0..p.length as i64 + 1)?;
        diff(crate::searchsorted(crate::sort(x, ..)?, bounds, None, ..)?, ..)
    }
}

spellings!(axes: Median);
spellings!(defaults: Cov);

impl From<usize> for Bincount {
    fn from(length: usize) -> Bincount {
        Bincount { length }
    }
}

macro_rules! corrected {
    ($($Op:ident),*) => { $(
        impl From<AxisCorrection> for $Op {
            fn from(a: AxisCorrection) -> $Op {
                $Op { axis: a.axis.axes, correction: a.correction, keepdims: a.axis.keepdims }
            }
        }
    )* };
}
corrected!(Nanvar, Nanstd);

fn real(op: &'static Op, args: &mut [Operand<'_>], axes: &mut Axes, keepdims: bool) -> Result<Verdict> {
    rule::reduction(op, args, axes, keepdims, rule::REAL_FLOATING, |d| d)
}

pub(super) fn not_empty(op: &'static Op, args: &mut [Operand<'_>], axes: &mut Axes, keepdims: bool) -> Result<Verdict> {
    let verdict = real(op, args, axes, keepdims)?;
    rule::not_empty(op, rule::array(op, args, 0)?, axes)?;
    Ok(verdict)
}

fn reduced(x: &Array, axes: &Axes, keepdims: bool) -> Result<Array> {
    crate::sum(x, crate::Sum { axis: axes.clone(), keepdims, dtype: None })
}

/// The number of elements that are numbers, in the type of `x`.
fn valid(x: &Array, axes: &Axes, keepdims: bool) -> Result<Array> {
    reduced(&crate::astype(crate::logical_not(crate::isnan(x)?)?, x.dtype())?, axes, keepdims)
}

fn extremum(
    call: &Call<'_, '_>,
    least: f64,
    extremum: impl Fn(Array) -> Result<Array>,
    all: impl Fn(&Array) -> Result<Array>,
) -> Result<Array> {
    let x = rule::array(call.op, call.args, 0)?;
    let missing = crate::isnan(x)?;
    let found = extremum(where_(&missing, least, x)?)?;
    where_(all(&missing)?, f64::NAN, found)
}

fn histogram_rule(op: &'static Op, _: &mut Histogram, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let dtype = rule::common_dtype(op, args)?;
    rule::REAL.check(op, dtype)?;
    let edges = rule::array(op, args, 1)?;
    let bins = match edges.dims()[..] {
        [UNKNOWN] => UNKNOWN,
        [n] if n >= 2 => n - 1,
        _ => {
            let message = format!("edges have shape {}, but must be 1-d, at least two", edges.dims());
            return Err(Error::shape(op.name, message));
        }
    };
    rule::array(op, args, 0)?;
    for operand in args.iter_mut() {
        rule::cast(operand, dtype)?;
    }
    Ok(Verdict::new(Dims::from(bins), DType::Int64, dtype))
}
