//! Convolutions and pooling.

use super::*;

pub(super) fn lines() -> Vec<Line> {
    table! {
        "convolve" Smooth [r([4]), r([3])] |x| convolve(&x[0], &x[1], ..);
        "convolve" Smooth [r([2, 3]), r([4])] |x| convolve(&x[0], &x[1], "same");
        "convolve" Smooth [z([5]), r([2, 2])] |x| convolve(&x[0], &x[1], "valid");
        "conv2d" Smooth [r([2, 2, 3, 3]), r([2, 2, 2, 2])] |x| conv2d(&x[0], &x[1], ..);
        "conv2d" Smooth [r([2, 4, 3]), r([2, 1, 3, 2])] |x| conv2d(&x[0], &x[1], Conv2d::default().stride([2, 1]).padding([1, 0]).groups(2));
        "conv2d" Smooth [z([1, 1, 4, 4]), r([1, 1, 2, 2])] |x| conv2d(&x[0], &x[1], Conv2d::default().padding("same").dilation(2));
        "max_pool2d" Smooth [r([2, 4, 4])] |x| max_pool2d(&x[0], 2);
        "max_pool2d" Smooth [r([4, 5])] |x| max_pool2d(&x[0], MaxPool2d::from([2, 3]).stride(2).padding(1).ceil_mode(true));
        "avg_pool2d" Smooth [r([2, 2, 4])] |x| avg_pool2d(&x[0], 2);
        "avg_pool2d" Smooth [z([3, 4])] |x| avg_pool2d(&x[0], AvgPool2d::from(2).stride(1).padding(1).count_include_pad(false));
        "avg_pool2d" Smooth [r([3, 4])] |x| avg_pool2d(&x[0], AvgPool2d::from(2).padding(1).ceil_mode(true));
    }
}
