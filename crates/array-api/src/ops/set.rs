//! Sets: unique values. How many there are depends on data.

use super::spellings;
use crate::array::Array;
use crate::call::{Call, Meta, Verdict};
use crate::dtype::DType;
use crate::error::Result;
use crate::operand::Operand;
use crate::operation::Op;
use crate::{operation, rule};

operation! {
    /// Unique values, the first position of each, the position of every element among them, and their counts. Values are
    /// sorted; each not-a-number is unique. Spec: `unique_all`.
    UniqueAll = unique_all(x: One) {} -> UniqueAllResult { values, indices, inverse_indices, counts };
    "set", Other, unique_all_rule
}

operation! {
    /// Unique values, sorted. Spec: `unique_values`.
    UniqueValues = unique_values(x: One) {} -> Array;
    "set", Other,
    |op, _, args| { let x = rule::array(op, args, 0)?; Ok(Verdict::same([crate::UNKNOWN].into(), x.dtype())) },
    compose |_, call| Ok(unique_all(&call[0])?.values)
}

operation! {
    /// Unique values, sorted, and how often each occurs. Spec: `unique_counts`.
    UniqueCounts = unique_counts(x: One) {} -> UniqueCountsResult { values, counts };
    "set", Other,
    |op, _, args| {
        let x = rule::array(op, args, 0)?;
        Ok(Verdict::many(vec![rule::unknown(x.dtype()), rule::unknown(DType::Int64)], x.dtype()))
    },
    compose |_, call| { let all = unique_all(&call[0])?; Ok([all.values, all.counts]) }
}

operation! {
    /// Unique values, sorted, and the position of every element among them. Spec: `unique_inverse`.
    UniqueInverse = unique_inverse(x: One) {} -> UniqueInverseResult { values, inverse_indices };
    "set", Other,
    |op, _, args| {
        let x = rule::array(op, args, 0)?;
        let inverse = Meta::new(x.dims(), DType::Int64);
        Ok(Verdict::many(vec![rule::unknown(x.dtype()), inverse], x.dtype()))
    },
    compose |_, call| { let all = unique_all(&call[0])?; Ok([all.values, all.inverse_indices]) }
}

operation! {
    /// Whether each element of `x1` equals some element of `x2`; with `invert`, whether it equals none. Not-a-number equals
    /// nothing. Spec: `isin`.
    Isin = isin(x1: One, x2: One) { invert: bool = false } -> Array;
    "set", Other,
    |op, _, args| {
        let dtype = rule::common_dtype(op, args)?;
        for operand in args.iter_mut() {
            rule::cast(operand, dtype)?;
        }
        let dims = args[0].array().map(|a| a.dims().clone()).unwrap_or_default();
        Ok(Verdict::new(dims, DType::Bool, dtype))
    },
    compose compose_isin
}

spellings!(defaults: Isin);

/// Real numbers are looked up among the sorted values. Complex ones have no order: both arrays' elements are numbered by
/// their values together, and the numbers that occur in `x2` are marked.
fn compose_isin(p: &Isin, call: &mut Call<'_, '_>) -> Result<Array> {
    let dtype = call.verdict.operands;
    let sought = whole(call, 0, dtype)?;
    let among = crate::reshape(whole(call, 1, dtype)?, -1)?;
    let (n, m) = (sought.size()?, among.size()?);
    let xp = sought.namespace();
    let found = if n == 0 || m == 0 {
        xp.zeros((sought.dims(), DType::Bool))?
    } else if dtype.is_complex() {
        let joined = crate::concat([&crate::reshape(&sought, -1)?, &among], 0)?;
        let numbers = unique_all(&joined)?.inverse_indices;
        let (of_sought, of_among) = (crate::at(&numbers, ..n as isize)?, crate::at(&numbers, n as isize..)?);
        let marks = crate::set_at_arrays(xp.zeros((n + m, DType::Bool))?, true, [&of_among])?;
        crate::reshape(crate::take(marks, of_sought, 0)?, sought.dims())?
    } else {
        // Truth values have no order either, but their numbers have.
        let numbers = |x: Array| if dtype == DType::Bool { crate::astype(x, DType::UInt8) } else { Ok(x) };
        let (sought, sorted) = (numbers(sought)?, crate::sort(numbers(among)?, ..)?);
        let place = crate::minimum(crate::searchsorted(&sorted, &sought, None, ..)?, m as i64 - 1)?;
        let nearest = crate::take(sorted, crate::reshape(place, -1)?, 0)?;
        crate::equal(crate::reshape(nearest, sought.dims())?, sought)?
    };
    if p.invert { crate::logical_not(found) } else { Ok(found) }
}

/// An operand as an array, also where a number was given.
fn whole(call: &Call<'_, '_>, i: usize, dtype: DType) -> Result<Array> {
    match &call[i] {
        Operand::Scalar(s) => rule::array(call.op, call.args, 1 - i)?.namespace().full(((), *s, dtype)),
        _ => Ok(rule::array(call.op, call.args, i)?.clone()),
    }
}

fn unique_all_rule(op: &'static Op, _: &mut UniqueAll, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let x = rule::array(op, args, 0)?;
    let inverse = Meta::new(x.dims(), DType::Int64);
    let metas = vec![rule::unknown(x.dtype()), rule::unknown(DType::Int64), inverse, rule::unknown(DType::Int64)];
    Ok(Verdict::many(metas, x.dtype()))
}
