//! Indexing.

use super::*;

pub(super) fn lines() -> Vec<Line> {
    table! {
        "at" Smooth [r([4, 3])] |x| at(&x[0], index![1]);
        "at" Smooth [r([4, 3])] |x| at(&x[0], index![1..3, -1]);
        "at" Smooth [z([4, 3])] |x| at(&x[0], index![Index::Slice { start: None, stop: None, step: -2 }, 1..]);
        "at" Smooth [r([2, 3, 2])] |x| at(&x[0], index![Index::Ellipsis, Index::NewAxis, 0]);
        "set_at" Smooth [r([4, 3]), r([3])] |x| set_at(&x[0], &x[1], index![1..3]);
        "set_at" Smooth [r([4, 3]), r([2, 1])] |x| set_at(&x[0], &x[1], index![Index::Slice { start: None, stop: None, step: -2 }, 1..]);
        "set_at" Smooth [r([4, 3]), r([])] |x| set_at(&x[0], &x[1], index![.., 1]);
        "set_at" Smooth [r([4])] |x| set_at(&x[0], 3, index![1]);
        "set_at" Smooth [z([4]), r([2])] |x| set_at(&x[0], &x[1], index![1..3]);
        "take" Smooth [r([4, 3]), int([5], 4)] |x| take(&x[0], &x[1], 0);
        "take" Smooth [r([2, 3, 2]), int([2, 2], 3)] |x| take(&x[0], &x[1], 1);
        "take" Smooth [r([4]), int([], 4)] |x| take(&x[0], &x[1], 0);
        "take_along_axis" Smooth [r([3, 4]), int([3, 2], 4)] |x| take_along_axis(&x[0], &x[1], 1);
        "take_along_axis" Smooth [r([3, 4]), int([2, 1], 3)] |x| take_along_axis(&x[0], &x[1], 0);
        "take_along_axis" Smooth [r([1, 4]), int([3, 2], 4)] |x| take_along_axis(&x[0], &x[1], -1);
        "put" Smooth [r([4, 3]), int([5], 4), r([5, 3])] |x| put(&x[0], &x[1], &x[2], 0);
        "put" Smooth [z([2, 3]), int([2, 1], 3), z([2, 2, 1])] |x| put(&x[0], &x[1], &x[2], -1);
        "at_arrays" Smooth [r([3, 4, 2]), int([2, 1], 3), int([3], 4)] |x| at_arrays(&x[0], [&x[1], &x[2]]);
        "at_arrays" Smooth [z([4]), int([2, 2], 4)] |x| at_arrays(&x[0], [&x[1]]);
        "set_at_arrays" Smooth [r([3, 4, 2]), r([2]), int([2, 1], 3), int([3], 4)] |x| set_at_arrays(&x[0], &x[1], [&x[2], &x[3]]);
        "set_at_arrays" Smooth [r([4]), int([3], 4)] |x| set_at_arrays(&x[0], 2.5, [&x[1]]);
        "set_at_mask" Smooth [r([3, 2]), truth([3]), r([2])] |x| set_at_mask(&x[0], &x[1], &x[2]);
        "set_at_mask" Smooth [r([3, 2]), truth([3, 2])] |x| set_at_mask(&x[0], &x[1], 1);
        "index_add" Smooth [r([4, 3]), int([5], 4), r([5, 3])] |x| index_add(&x[0], &x[1], &x[2], 0);
        "index_add" Smooth [r([2, 3]), int([4], 3), r([2, 4])] |x| index_add(&x[0], &x[1], &x[2], 1);
        "index_add" Smooth [z([3]), int([2, 2], 3), z([2, 2])] |x| index_add(&x[0], &x[1], &x[2], 0);
        "scatter_add" Smooth [r([3, 4]), int([3, 5], 4), r([3, 5])] |x| scatter_add(&x[0], &x[1], &x[2], 1);
        "scatter_add" Smooth [r([3, 4]), int([2, 4], 3), r([2, 4])] |x| scatter_add(&x[0], &x[1], &x[2], 0);
    }
}
