//! Activations.

use super::*;

pub(super) fn lines() -> Vec<Line> {
    table! {
        "relu" Smooth [r([2, 3])] |x| relu(&x[0]);
        "elu" Smooth [r([5])] |x| elu(&x[0], ..);
        "elu" Smooth [r([5])] |x| elu(&x[0], Elu { alpha: 0.3 });
        "selu" Smooth [r([5])] |x| selu(&x[0]);
        "gelu" Smooth [r([5])] |x| gelu(&x[0]);
        "sigmoid" Smooth [r([5])] |x| sigmoid(&x[0]);
        "softplus" Smooth [r([2, 2])] |x| softplus(&x[0]);
        "softmax" Smooth [r([2, 3])] |x| softmax(&x[0], ..);
        "softmax" Smooth [r([2, 3])] |x| softmax(&x[0], 0);
        "log_softmax" Smooth [r([2, 3])] |x| log_softmax(&x[0], ..);
        "log_softmax" Smooth [r([2, 3])] |x| log_softmax(&x[0], 0);
    }
}
