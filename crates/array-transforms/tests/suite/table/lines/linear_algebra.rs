//! Products of matrices and tensors.

use super::*;

pub(super) fn lines() -> Vec<Line> {
    table! {
        "matrix_transpose" Smooth [r([2, 3, 2])] |x| matrix_transpose(&x[0]);
        "einsum" Smooth [r([2, 3]), r([3, 2]), r([2])] |x| einsum([&x[0], &x[1], &x[2]], "ij,jk,i->k");
        "einsum" Smooth [z([2, 2, 3])] |x| einsum([&x[0]], "iij->ji");
        "einsum" Smooth [r([2, 3]), r([1, 3])] |x| einsum([&x[0], &x[1]], "...i,...i->...");
        "matmul" Smooth [r([2, 3]), r([3, 2])] |x| matmul(&x[0], &x[1]);
        "matmul" Smooth [r([3]), r([3, 2])] |x| matmul(&x[0], &x[1]);
        "matmul" Smooth [r([2, 3]), r([3])] |x| matmul(&x[0], &x[1]);
        "matmul" Smooth [r([3]), r([3])] |x| matmul(&x[0], &x[1]);
        "matmul" Smooth [r([2, 1, 2, 3]), r([2, 3, 2])] |x| matmul(&x[0], &x[1]);
        "matmul" Smooth [r([3]), r([2, 3, 2])] |x| matmul(&x[0], &x[1]);
        "matmul" Smooth [r([2, 2, 3]), r([3])] |x| matmul(&x[0], &x[1]);
        "matmul" Smooth [z([2, 3]), z([3, 2])] |x| matmul(&x[0], &x[1]);
        "matmul" Smooth [r([2, 3]), z([3, 2])] |x| matmul(&x[0], &x[1]);
        "vecdot" Smooth [r([2, 3]), r([3])] |x| vecdot(&x[0], &x[1], ..);
        "vecdot" Smooth [z([3, 2]), z([3, 1])] |x| vecdot(&x[0], &x[1], -2);
        "tensordot" Smooth [r([2, 3, 2]), r([3, 2, 2])] |x| tensordot(&x[0], &x[1], 2);
        "tensordot" Smooth [z([2, 3]), z([3])] |x| tensordot(&x[0], &x[1], ([1], [0]));
        "tensordot" Smooth [r([2]), r([3])] |x| tensordot(&x[0], &x[1], 0);
        "kron" Smooth [r([2, 3]), r([2, 2])] |x| kron(&x[0], &x[1]);
        "kron" Smooth [z([2]), r([2, 1, 2])] |x| kron(&x[0], &x[1]);
        "kron" Smooth [r([]), r([2])] |x| kron(&x[0], &x[1]);
    }
}
