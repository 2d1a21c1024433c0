//! Copying a matrix that lies by columns row after row.
//!
//! Squares are turned in registers: element by element each would be a load and a store of its own, and every other cache line
//! a miss.

use crate::engine::simd::{Level, level};

/// Rows and columns of a part: few enough pages, and a cache line or two of each column.
const PART: [usize; 2] = [32, 256];

/// Copies a matrix whose columns lie `apart` elements from one to the next to rows that lie `row` elements apart.
///
/// # Safety
/// There must be such a matrix of `rows` and `columns`, and room for it, which do not overlap.
pub(crate) unsafe fn turn<T: Copy>(dst: *mut T, row: usize, src: *const T, apart: isize, [rows, columns]: [usize; 2]) {
    for c in (0..columns).step_by(PART[1]) {
        for r in (0..rows).step_by(PART[0]) {
            let extents = [PART[0].min(rows - r), PART[1].min(columns - c)];
            // SAFETY: the part is the matrix's.
            unsafe { part(dst.add(r * row + c), row, src.add(r).offset(c as isize * apart), apart, extents) }
        }
    }
}

/// # Safety
/// That of [`turn`].
#[inline(always)]
unsafe fn part<T: Copy>(dst: *mut T, row: usize, src: *const T, apart: isize, extents: [usize; 2]) {
    let [rows, columns] = extents;
    let side = match (size_of::<T>(), level()) {
        _ if cfg!(miri) => 1,
        (8, Level::Avx2 | Level::Avx512) => 8,
        (4, Level::Avx2 | Level::Avx512) => 16,
        _ => 1,
    };
    let whole = [rows / side * side, columns / side * side];
    // SAFETY: the squares lie within the matrix, whose elements have the size that the functions are for, and the level is the
    // processor's.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        match side {
            8 => squares_of_8(dst.cast(), row, src.cast(), apart, whole),
            16 => squares_of_4(dst.cast(), row, src.cast(), apart, whole),
            _ => each(dst, row, src, apart, 0..rows, 0..columns),
        }
        #[cfg(not(target_arch = "x86_64"))]
        each(dst, row, src, apart, 0..rows, 0..columns);
        each(dst, row, src, apart, 0..whole[0], whole[1]..columns);
        each(dst, row, src, apart, whole[0]..rows, 0..columns);
    }
}

/// # Safety
/// That of [`turn`].
#[inline(always)]
unsafe fn each<T: Copy>(
    dst: *mut T,
    row: usize,
    src: *const T,
    apart: isize,
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
) {
    for c in columns {
        for r in rows.clone() {
            // SAFETY: row and column are the matrix's.
            unsafe { *dst.add(r * row + c) = *src.offset(c as isize * apart).add(r) };
        }
    }
}

/// Goes over squares of `SIDE` rows and columns, four at once: they share a cache line of each column, and many lines have to be
/// on their way for memory to be busy.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn squares<const SIDE: usize>(rows: usize, columns: usize, square: impl Fn(usize, usize)) {
    for column in (0..columns).step_by(2 * SIDE) {
        for row in (0..rows).step_by(2 * SIDE) {
            square(row, column);
            square(row + SIDE, column);
            square(row, column + SIDE);
            square(row + SIDE, column + SIDE);
        }
    }
}

/// Squares of four by four numbers of eight bytes.
///
/// # Safety
/// That of [`turn`]; rows and columns must be multiples of eight.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn squares_of_8(dst: *mut f64, row: usize, src: *const f64, apart: isize, [rows, columns]: [usize; 2]) {
    use std::arch::x86_64::*;
    squares::<4>(rows, columns, |r, column| {
        // SAFETY: the square lies within the matrix.
        unsafe {
            let from = src.offset(column as isize * apart).add(r);
            let load = |j: isize| _mm256_loadu_pd(from.offset(j * apart));
            let (a, b, c, d) = (load(0), load(1), load(2), load(3));
            // Rows 0 and 2, and rows 1 and 3, of two columns.
            let (ab_even, ab_odd) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
            let (cd_even, cd_odd) = (_mm256_unpacklo_pd(c, d), _mm256_unpackhi_pd(c, d));
            let to = dst.add(r * row + column);
            _mm256_storeu_pd(to, _mm256_permute2f128_pd::<0x20>(ab_even, cd_even));
            _mm256_storeu_pd(to.add(row), _mm256_permute2f128_pd::<0x20>(ab_odd, cd_odd));
            _mm256_storeu_pd(to.add(2 * row), _mm256_permute2f128_pd::<0x31>(ab_even, cd_even));
            _mm256_storeu_pd(to.add(3 * row), _mm256_permute2f128_pd::<0x31>(ab_odd, cd_odd));
        }
    });
}

/// Squares of eight by eight numbers of four bytes.
///
/// # Safety
/// That of [`turn`]; rows and columns must be multiples of sixteen.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn squares_of_4(dst: *mut f32, row: usize, src: *const f32, apart: isize, [rows, columns]: [usize; 2]) {
    use std::arch::x86_64::*;
    squares::<8>(rows, columns, |r, column| {
        // SAFETY: the square lies within the matrix.
        unsafe {
            let from = src.offset(column as isize * apart).add(r);
            let load = |j: isize| _mm256_loadu_ps(from.offset(j * apart));
            // Four columns: rows 0 and 4, 1 and 5, 2 and 6, 3 and 7.
            let four = |j: isize| {
                let (a, b, c, d) = (load(j), load(j + 1), load(j + 2), load(j + 3));
                let (ab_low, ab_high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
                let (cd_low, cd_high) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
                [
                    _mm256_shuffle_ps::<0x44>(ab_low, cd_low),
                    _mm256_shuffle_ps::<0xee>(ab_low, cd_low),
                    _mm256_shuffle_ps::<0x44>(ab_high, cd_high),
                    _mm256_shuffle_ps::<0xee>(ab_high, cd_high),
                ]
            };
            let to = dst.add(r * row + column);
            for (i, (left, right)) in four(0).into_iter().zip(four(4)).enumerate() {
                _mm256_storeu_ps(to.add(i * row), _mm256_permute2f128_ps::<0x20>(left, right));
                _mm256_storeu_ps(to.add((i + 4) * row), _mm256_permute2f128_ps::<0x31>(left, right));
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Copy + PartialEq + std::fmt::Debug>(made: impl Fn(usize) -> T) {
        for [rows, columns] in [[1, 1], [3, 5], [4, 4], [8, 8], [9, 17], [33, 70], [64, 8], [40, 131]] {
            for (down, gap) in [(false, 0), (true, 3)] {
                let (apart, row) = (rows + gap, columns + gap);
                let from: Vec<T> = (0..columns * apart).map(&made).collect();
                let mut to = vec![made(250); rows * row];
                let first = if down { from[(columns - 1) * apart..].as_ptr() } else { from.as_ptr() };
                let step = apart as isize;
                // SAFETY: the columns lie in `from`, from the first or from the last on.
                unsafe { turn(to.as_mut_ptr(), row, first, if down { -step } else { step }, [rows, columns]) };
                for (i, &x) in to.iter().enumerate() {
                    let (r, c) = (i / row, i % row);
                    let column = if down { columns.wrapping_sub(c + 1) } else { c };
                    let expected = if c < columns { from[column * apart + r] } else { made(250) };
                    assert_eq!(x, expected, "{rows} x {columns} at {r}, {c}");
                }
            }
        }
    }

    #[test]
    fn every_element_has_its_place() {
        check(|i| i as u8);
        check(|i| i as u16);
        check(|i| i as f32);
        check(|i| i as u64);
        check(|i| [i as u64, !i as u64]);
    }
}
