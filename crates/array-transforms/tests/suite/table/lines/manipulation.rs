//! Operations that move elements.

use super::*;

pub(super) fn lines() -> Vec<Line> {
    table! {
        "broadcast_to" Smooth [r([3, 1])] |x| broadcast_to(&x[0], [2, 3, 2]);
        "broadcast_to" Smooth [r([])] |x| broadcast_to(&x[0], [2]);
        "concat" Smooth [r([2, 1]), r([2, 3])] |x| concat([&x[0], &x[1]], 1);
        "concat" Smooth [r([2]), z([3]), r([1])] |x| concat([&x[0], &x[1], &x[2]], ..);
        "expand_dims" Smooth [r([2, 3])] |x| expand_dims(&x[0], 1);
        "expand_dims" Smooth [r([2, 3])] |x| expand_dims(&x[0], -1);
        "flip" Smooth [r([2, 3])] |x| flip(&x[0], ..);
        "flip" Smooth [r([2, 3])] |x| flip(&x[0], 0);
        "moveaxis" Smooth [r([2, 3, 1])] |x| moveaxis(&x[0], (0, -1));
        "permute_dims" Smooth [r([2, 3, 1])] |x| permute_dims(&x[0], [2, 0, 1]);
        "pad" Smooth [r([2, 3])] |x| pad(&x[0], 1);
        "pad" Smooth [z([2, 3])] |x| pad(&x[0], Pad::default().pad_width([vec![1, 0], vec![0, 2]]).constant(0.5));
        "pad" Smooth [r([2, 3])] |x| pad(&x[0], ([[0, 1], [2, 3]], "edge"));
        "pad" Smooth [r([2, 3])] |x| pad(&x[0], (4, "reflect"));
        "pad" Smooth [r([2, 3])] |x| pad(&x[0], ([[3, 0], [1, 4]], "wrap"));
        "repeat" Smooth [r([2, 3])] |x| repeat(&x[0], 2, 1);
        "repeat" Smooth [r([2, 2])] |x| repeat(&x[0], 3, ..);
        "repeat" Smooth [r([2, 3])] |x| repeat(&x[0], x[0].namespace().asarray([2, 0, 1])?, 1);
        "repeat" Smooth [r([2, 2])] |x| repeat(&x[0], x[0].namespace().asarray([2, 0, 1, 3])?, ..);
        "repeat" Smooth [r([3])] |x| repeat(&x[0], x[0].namespace().asarray(2)?, 0);
        "reshape" Smooth [r([2, 3])] |x| reshape(&x[0], [3, -1]);
        "reshape" Smooth [r([1])] |x| reshape(&x[0], vec![]);
        "roll" Smooth [r([2, 3])] |x| roll(&x[0], (1, 1));
        "roll" Smooth [r([2, 3])] |x| roll(&x[0], -2);
        "roll" Smooth [r([2, 3])] |x| roll(&x[0], Roll { shift: vec![1, -1], axis: Some(vec![0, 1]) });
        "squeeze" Smooth [r([2, 1, 1])] |x| squeeze(&x[0], ..);
        "squeeze" Smooth [r([1, 2, 1])] |x| squeeze(&x[0], 0);
        "stack" Smooth [r([2, 3]), r([2, 3])] |x| stack([&x[0], &x[1]], 1);
        "stack" Smooth [r([3]), r([3])] |x| stack([&x[0], &x[1]], -1);
        "tile" Smooth [r([2, 3])] |x| tile(&x[0], [2, 1, 2]);
        "tile" Smooth [r([2, 3])] |x| tile(&x[0], [2]);
        "unstack" Smooth [r([2, 3])] |x| unstack(&x[0], 1);
        "broadcast_arrays" Smooth [r([2, 1]), r([3])] |x| broadcast_arrays([&x[0], &x[1]]);
        "sliding_window_view" Smooth [r([4, 3])] |x| sliding_window_view(&x[0], [2, 2]);
        "sliding_window_view" Smooth [z([2, 7])] |x| sliding_window_view(&x[0], SlidingWindowView::from(3).axis([-1]).stride(2).dilation(2));
    }
}
