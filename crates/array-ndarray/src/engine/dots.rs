//! Products of a matrix with a vector: a sum along each row, memory's to wait for.
//!
//! A sum has `LANES` parts, of which part `l` takes the elements `l`, `l + LANES`, ...; they are added in pairs at the end. So
//! its bits depend on the row and the vector alone.

use crate::engine::microkernel::{Product, View};
use crate::engine::simd::{Level, compiled, level};

/// What is summed.
pub(crate) trait Summed: Copy {
    /// Zero.
    const ZERO: Self;
    /// `sum + a * b`
    fn add_product(sum: Self, a: Self, b: Self) -> Self;
    /// `a + b`
    fn plus(a: Self, b: Self) -> Self;
}

/// From so many columns on, adding up the parts costs less than it saves.
pub(crate) const LONG: usize = 64;

const LANES: usize = 32;
/// Rows that are copied together where the elements of a row do not stand side by side.
const TOGETHER: usize = 16;

/// The product for this machine; `n` must be 1.
pub(crate) fn product<T: Summed>() -> Product<T> {
    match level() {
        Level::Baseline => rows_baseline::<T>,
        Level::Avx2 => rows_avx2::<T>,
        Level::Avx512 => rows_avx512::<T>,
    }
}

#[inline(always)]
unsafe fn rows<T: Summed>(m: usize, k: usize, _n: usize, a: View<T>, b: View<T>, out: *mut T) {
    // SAFETY: the views have `m` by `k` and `k` elements, and `out` room for `m`, as the caller promises.
    unsafe {
        let copied: Vec<T>;
        let y = if b.rows == 1 {
            std::slice::from_raw_parts(b.ptr, k)
        } else {
            copied = (0..k as isize).map(|p| *b.ptr.offset(p * b.rows)).collect();
            &copied
        };
        if a.cols == 1 {
            for i in 0..m {
                let x = std::slice::from_raw_parts(a.ptr.offset(i as isize * a.rows), k);
                *out.add(i) = dot(x, y);
            }
            return;
        }
        let mut block = vec![T::ZERO; TOGETHER * k];
        for first in (0..m).step_by(TOGETHER) {
            let count = TOGETHER.min(m - first);
            for p in 0..k {
                let column = a.ptr.offset(first as isize * a.rows + p as isize * a.cols);
                for r in 0..count {
                    block[r * k + p] = *column.offset(r as isize * a.rows);
                }
            }
            for r in 0..count {
                *out.add(first + r) = dot(&block[r * k..(r + 1) * k], y);
            }
        }
    }
}

#[inline(always)]
fn dot<T: Summed>(x: &[T], y: &[T]) -> T {
    let mut parts = [T::ZERO; LANES];
    let (xs, ys) = (x.chunks_exact(LANES), y.chunks_exact(LANES));
    let (x_rest, y_rest) = (xs.remainder(), ys.remainder());
    for (x, y) in xs.zip(ys) {
        for l in 0..LANES {
            parts[l] = T::add_product(parts[l], x[l], y[l]);
        }
    }
    for (part, (&x, &y)) in parts.iter_mut().zip(x_rest.iter().zip(y_rest)) {
        *part = T::add_product(*part, x, y);
    }
    let mut width = LANES / 2;
    while width > 0 {
        for l in 0..width {
            parts[l] = T::plus(parts[l], parts[l + width]);
        }
        width /= 2;
    }
    parts[0]
}

compiled!(rows_baseline, rows_avx2, rows_avx512 =
    rows<T: Summed>(m: usize, k: usize, n: usize, a: View<T>, b: View<T>, out: *mut T));

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows side by side, one below the other, and with gaps, for lengths around the number of parts.
    #[test]
    fn every_layout_and_length() {
        for (m, k) in [(1, 1), (3, 31), (17, 32), (33, 100), (16, 65), (5, 0)] {
            let data: Vec<u32> = (0..4 * m * k + 4).map(|i| (i as u32).wrapping_mul(2_654_435_761)).collect();
            let y: Vec<u32> = (0..3 * k + 3).map(|i| i as u32 * 40_503 + 7).collect();
            for (rows, cols) in [(k, 1), (1, m), (2 * k, 2), (2, 2 * m)] {
                for step in [1, 3] {
                    let mut out = vec![1; m];
                    let a = View { ptr: data.as_ptr(), rows: rows as isize, cols: cols as isize };
                    let b = View { ptr: y.as_ptr(), rows: step as isize, cols: 1 };
                    // SAFETY: the largest offset is below the length of each vector.
                    unsafe { product::<u32>()(m, k, 1, a, b, out.as_mut_ptr()) };
                    for (i, &found) in out.iter().enumerate() {
                        let term = |p: usize| data[i * rows + p * cols].wrapping_mul(y[p * step]);
                        assert_eq!(found, (0..k).fold(0_u32, |s, p| s.wrapping_add(term(p))), "{m} {k} {rows} {cols}");
                    }
                }
            }
        }
    }
}
