//! Sets: unique values. How many there are depends on data.

use crate::array::Array;
use crate::call::{Meta, Verdict};
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

fn unique_all_rule(op: &'static Op, _: &mut UniqueAll, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let x = rule::array(op, args, 0)?;
    let inverse = Meta::new(x.dims(), DType::Int64);
    let metas = vec![rule::unknown(x.dtype()), rule::unknown(DType::Int64), inverse, rule::unknown(DType::Int64)];
    Ok(Verdict::many(metas, x.dtype()))
}
