//! Triangular systems by blocks, and the update that decompositions by blocks are made of.

use faer::linalg::triangular_solve as whole;
use faer::{Conj, MatMut, MatRef, Par};
use gemm::{Parallelism, gemm};

use crate::engine::entry::Entry;
use crate::engine::small::{self, SMALL};

/// Rows that are solved for together, before their part is taken from the others.
const BLOCK: usize = 64;

/// Which elements of a matrix are its triangle.
#[derive(Clone, Copy)]
pub(crate) struct Triangle {
    pub(crate) upper: bool,
    /// Whether the diagonal is one, whatever lies there.
    pub(crate) unit: bool,
}

pub(crate) const UNIT_LOWER: Triangle = Triangle { upper: false, unit: true };
pub(crate) const UPPER: Triangle = Triangle { upper: true, unit: false };

/// Replaces the right-hand sides of a system with `n` rows, given column by column as its matrix is, by their solutions.
pub(crate) fn solve_slices<T: Entry>(n: usize, a: &[T], t: Triangle, x: &mut [T]) {
    match n {
        0 => {}
        1..=SMALL => small::solve(n, a, t, x),
        _ => {
            let columns = x.len() / n;
            let x = MatMut::from_column_major_slice_mut(x, n, columns);
            solve(MatRef::from_column_major_slice(a, n, n), t, x);
        }
    }
}

/// Replaces right-hand sides by their solutions, by one thread.
pub(crate) fn solve<T: Entry>(a: MatRef<'_, T>, t: Triangle, mut x: MatMut<'_, T>) {
    let n = a.nrows();
    let solve = match (t.upper, t.unit) {
        (false, false) => whole::solve_lower_triangular_in_place::<T, T, usize, usize>,
        (false, true) => whole::solve_unit_lower_triangular_in_place,
        (true, false) => whole::solve_upper_triangular_in_place,
        (true, true) => whole::solve_unit_upper_triangular_in_place,
    };
    let blocks = n.div_ceil(BLOCK);
    for k in 0..blocks {
        let first = BLOCK * if t.upper { blocks - 1 - k } else { k };
        let size = BLOCK.min(n - first);
        let (above, rest) = x.as_mut().split_at_row_mut(first);
        let (mut here, below) = rest.split_at_row_mut(size);
        let (left, height, others) = if t.upper { (0, first, above) } else { (first + size, n - first - size, below) };
        solve(a.submatrix(first, first, size, size), here.as_mut(), Par::Seq);
        subtract(others, a.submatrix(left, first, height, size), here.as_ref(), Conj::No);
    }
}

/// Takes a product from a matrix, by one thread: `to -= a b`, or `to -= a conj(b)`.
///
/// By the gemm crate as the products of arrays are: for these shapes it keeps the pace that faer's own has only for some sizes.
pub(crate) fn subtract<T: Entry>(to: MatMut<'_, T>, a: MatRef<'_, T>, b: MatRef<'_, T>, conjugate: Conj) {
    let (m, n, k) = (to.nrows(), to.ncols(), a.ncols());
    assert!((a.nrows(), b.nrows(), b.ncols()) == (m, k, n), "the extents of a product fit");
    let (rows, columns) = (to.row_stride(), to.col_stride());
    // SAFETY: the extents fit; `to` is borrowed alone.
    unsafe {
        gemm(
            m,
            n,
            k,
            to.as_ptr_mut(),
            columns,
            rows,
            true,
            a.as_ptr(),
            a.col_stride(),
            a.row_stride(),
            b.as_ptr(),
            b.col_stride(),
            b.row_stride(),
            T::ONE,
            T::MINUS_ONE,
            false,
            false,
            conjugate == Conj::Yes,
            Parallelism::None,
        );
    }
}
