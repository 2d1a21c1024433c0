//! Sorting.

use super::spellings;
use crate::array::Array;
use crate::call::Verdict;
use crate::dtype::DType;
use crate::{operation, rule};

operation! {
    /// The order that sorts along an axis; equal elements keep their order, not-a-number comes last. Spec: `argsort`.
    Argsort = argsort(x: One) { axis: isize = -1, descending: bool = false, stable: bool = true } -> Array;
    "sorting", Scan,
    |op, p, args| {
        let v = rule::scan(op, args, &mut p.axis, rule::REAL)?;
        Ok(Verdict::new(v.dims().clone(), DType::Int64, v.operands))
    }
}

operation! {
    /// Sorts along an axis; not-a-number comes last. Spec: `sort`.
    Sort = sort(x: One) { axis: isize = -1, descending: bool = false, stable: bool = true } -> Array;
    "sorting", Scan, |op, p, args| rule::scan(op, args, &mut p.axis, rule::REAL),
    compose |p, call| {
        let order = argsort(&call[0], Argsort { axis: p.axis, descending: p.descending, stable: p.stable })?;
        crate::take_along_axis(&call[0], order, p.axis)
    }
}

spellings!(defaults: Argsort, Sort);
spellings!(axis: Argsort, Sort);
