//! Searching, sorting and sets.

use super::*;

pub(super) fn lines() -> Vec<Line> {
    table! {
        "where" Smooth [truth([3, 1]), r([2]), r([])] |x| where_(&x[0], &x[1], &x[2]);
        "where" Smooth [truth([3]), z([2, 1]), z([3])] |x| where_(&x[0], &x[1], &x[2]);
        "where" Smooth [truth([3]), r([3])] |x| where_(&x[0], &x[1], 2);
        "where" Smooth [truth([3]), r([3])] |x| where_(&x[0], 0.5, &x[1]);
        "isin" None [r([2, 3]), r([4])] |x| isin(&x[0], &x[1], ..);
        "isin" None [r([3])] |x| isin(&x[0], 0.5, Isin { invert: true });
        "searchsorted" None [r([4])] |x| searchsorted(sort(&x[0], ..)?, &x[0], None, "right");
        "searchsorted" None [r([4]), r([2, 3])] |x| searchsorted(sort(&x[0], ..)?, &x[1], None, ..);
        "searchsorted" None [r([4]), r([3])] |x| searchsorted(&x[0], &x[1], argsort(&x[0], ..)?, ..);
        "argmax" None [r([2, 3])] |x| argmax(&x[0], ..);
        "argmax" None [r([2, 3])] |x| argmax(&x[0], 0);
        "argmax" None [r([2, 3])] |x| argmax(&x[0], Argmax { axis: None, keepdims: true });
        "argmin" None [r([2, 3])] |x| argmin(&x[0], -1);
        "argmin" None [r([2, 3])] |x| argmin(&x[0], ..);
        "count_nonzero" None [int([2, 3], 2)] |x| count_nonzero(&x[0], ..);
        "count_nonzero" None [int([2, 3], 2)] |x| count_nonzero(&x[0], axis(1).keepdims());
        "argsort" None [r([2, 3])] |x| argsort(&x[0], 0);
        "sort" Smooth [r([2, 3])] |x| sort(&x[0], ..);
        "sort" Smooth [r([2, 3])] |x| sort(&x[0], Sort { axis: 0, descending: true, stable: true });
        "interp" Smooth [range([5], -0.4, 2.3), range([1], 0.2, 0.3), r([4])] |x| interp(&x[0], points(&x[1])?, &x[2]);
        "interp" Smooth [r([2, 2]), r([1]), r([1])] |x| interp(&x[0], &x[1], &x[2]);
    }
}
