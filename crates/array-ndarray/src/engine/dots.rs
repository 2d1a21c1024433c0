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
pub(crate) const LONG: usize = 128;

/// As many as keep the compiler from writing the loop over them out: it makes as many scalars of 32, in some builds.
const LANES: usize = 64;
/// Rows that are summed together where the elements of a row do not stand side by side.
const TOGETHER: usize = 32;

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
        // Down the columns: the same parts of each row, those of neighbouring rows side by side.
        let mut parts = [T::ZERO; LANES * TOGETHER];
        for first in (0..m).step_by(TOGETHER) {
            let count = TOGETHER.min(m - first);
            parts.fill(T::ZERO);
            for (p, &y) in y.iter().enumerate() {
                let column = a.ptr.offset(first as isize * a.rows + p as isize * a.cols);
                let part = &mut parts[p % LANES * TOGETHER..][..count];
                if a.rows == 1 {
                    for (part, &x) in part.iter_mut().zip(std::slice::from_raw_parts(column, count)) {
                        *part = T::add_product(*part, x, y);
                    }
                } else {
                    for (r, part) in part.iter_mut().enumerate() {
                        *part = T::add_product(*part, *column.offset(r as isize * a.rows), y);
                    }
                }
            }
            for r in 0..count {
                *out.add(first + r) = total(&std::array::from_fn(|l| parts[l * TOGETHER + r]));
            }
        }
    }
}

/// The sum of products of two lines of one length.
#[inline(always)]
pub(crate) fn dot<T: Summed>(x: &[T], y: &[T]) -> T {
    let mut parts = [T::ZERO; LANES];
    // Of a known length, so that no element's place is looked at.
    let ((xs, x_rest), (ys, y_rest)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
    for (x, y) in xs.iter().zip(ys) {
        for (part, (&x, &y)) in parts.iter_mut().zip(x.iter().zip(y)) {
            *part = T::add_product(*part, x, y);
        }
    }
    for (part, (&x, &y)) in parts.iter_mut().zip(x_rest.iter().zip(y_rest)) {
        *part = T::add_product(*part, x, y);
    }
    total(&parts)
}

/// The parts added in pairs. A call of its own, so that the loop above is compiled without it.
#[inline(never)]
fn total<T: Summed>(parts: &[T; LANES]) -> T {
    let mut parts = *parts;
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

    #[test]
    fn the_layout_does_not_show() {
        let (m, k) = (37, 211);
        let value = |i: usize, p: usize| ((i * 7919 + p * 104_729) % 1009) as f32 / 37.0 - 13.0;
        let rows: Vec<f32> = (0..m * k).map(|j| value(j / k, j % k)).collect();
        let columns: Vec<f32> = (0..m * k).map(|j| value(j % m, j / m)).collect();
        let y: Vec<f32> = (0..k).map(|p| value(1, p) / 3.0).collect();
        let of = |data: &[f32], rows: usize, cols: usize| {
            let mut out = vec![0.0; m];
            let a = View { ptr: data.as_ptr(), rows: rows as isize, cols: cols as isize };
            // SAFETY: the strides are those of the data.
            unsafe { product::<f32>()(m, k, 1, a, View { ptr: y.as_ptr(), rows: 1, cols: 1 }, out.as_mut_ptr()) };
            out
        };
        assert_eq!(of(&rows, k, 1), of(&columns, 1, m));
    }

    /// Rows side by side, one below the other, and with gaps, for lengths around the number of parts.
    #[test]
    fn every_layout_and_length() {
        for (m, k) in [(1, 1), (3, 31), (17, 64), (33, 100), (16, 129), (5, 0)] {
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
