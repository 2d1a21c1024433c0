//! Creation, data types and utilities.

use super::*;

pub(super) fn lines() -> Vec<Line> {
    table! {
        "astype" Smooth [r([3])] |x| astype(&x[0], DType::Complex128);
        "astype" None [r([3])] |x| astype(&x[0], DType::Int32);
        "stop_gradient" None [r([3])] |x| stop_gradient(&x[0]);
        "diff" Smooth [r([2, 4])] |x| diff(&x[0], ..);
        "diff" Smooth [z([4, 2])] |x| diff(&x[0], Diff { axis: 0, n: 2 });
        "all" None [truth([2, 3])] |x| all(&x[0], 0);
        "any" None [truth([2, 3])] |x| any(&x[0], ..);
        "tril" Smooth [r([2, 3, 3])] |x| tril(&x[0], 0);
        "tril" Smooth [r([3, 4])] |x| tril(&x[0], 1);
        "triu" Smooth [z([3, 3])] |x| triu(&x[0], -1);
        "meshgrid" Smooth [r([2]), r([3])] |x| meshgrid([&x[0], &x[1]], ..);
        "meshgrid" Smooth [r([2]), r([3])] |x| meshgrid([&x[0], &x[1]], Meshgrid { indexing: "ij".into() });
        "to_device" Smooth [r([3])] |x| to_device(&x[0], Device::Cpu);
        "convert" Smooth [r([3])] |x| convert(&x[0], &x[0].namespace());
        "empty_like" Smooth [r([2, 3])] |x| empty_like(&x[0], ..);
        "zeros_like" Smooth [r([2, 3])] |x| zeros_like(&x[0], ..);
        "ones_like" Smooth [r([2, 3])] |x| ones_like(&x[0], ..);
        "full_like" Smooth [r([2, 3])] |x| full_like(&x[0], 0.5);
    }
}
