//! Inner loops of running reductions of contiguous lines.
//!
//! An element waits for the one before it in its line, but not for other lines, so some lines are computed side by side.

use array_api::{DType, Element};

use crate::engine::reduce_kernel::Join;
use crate::engine::simd::{compiled, level};
use crate::engine::turn::turn;

/// Lines that are computed side by side.
pub(crate) const TOGETHER: usize = 16;
/// Elements of each line that are turned at a time: the first-level cache holds them for all lines.
const PIECE: usize = 64;
/// Shorter lines are not worth turning.
const SHORT: usize = 16;

type Lines = unsafe fn(lines: usize, n: usize, from: *const u8, to: *mut u8, apart: usize);

/// The loop of one running reduction at one data type.
#[derive(Clone, Copy)]
pub(crate) struct ScanKernel([Lines; 3]);

impl ScanKernel {
    pub(crate) const fn new<T: Element, F: Join<T>>() -> ScanKernel {
        ScanKernel([along_baseline::<T, F>, along_avx2::<T, F>, along_avx512::<T, F>])
    }
    /// Computes at most [`TOGETHER`] lines of `n` elements, one after the other, to lines `apart` elements apart.
    pub(crate) fn lines(&self) -> Lines {
        self.0[level() as usize]
    }
}

#[inline(always)]
unsafe fn along<T: Element, F: Join<T>>(lines: usize, n: usize, from: *const u8, to: *mut u8, apart: usize) {
    // SAFETY: the caller gives so many lines, and room for them.
    unsafe {
        let (from, to) = (from.cast::<T>(), to.cast::<T>());
        if n == 0 {
            return;
        }
        if T::DTYPE == DType::Float32 && lines > 1 && n >= SHORT {
            return turned::<T, F>(lines, n, from, to, apart);
        }
        let fours = lines / 4 * 4;
        (0..fours).step_by(4).for_each(|l| beside::<T, F, 4>(n, from.add(l * n), to.add(l * apart), apart));
        (fours..lines).for_each(|l| beside::<T, F, 1>(n, from.add(l * n), to.add(l * apart), apart));
    }
}

/// Computes `L` lines of at least one element, each of which has its last result in a register.
#[inline(always)]
unsafe fn beside<T: Element, F: Join<T>, const L: usize>(n: usize, from: *const T, to: *mut T, apart: usize) {
    // SAFETY: the caller gives so many lines, and room for them.
    unsafe {
        let mut last: [T; L] = std::array::from_fn(|l| *from.add(l * n));
        for (l, &first) in last.iter().enumerate() {
            to.add(l * apart).write(first);
        }
        for i in 1..n {
            for (l, last) in last.iter_mut().enumerate() {
                *last = F::join(*last, *from.add(l * n + i));
                to.add(l * apart + i).write(*last);
            }
        }
    }
}

/// Computes lines a piece at a time, turned so that a vector holds one element of each. Numbers of four bytes fill such vectors, and
/// their products are soon too small for fast arithmetic: a vector of them is slow once, not sixteen times.
#[inline(always)]
unsafe fn turned<T: Element, F: Join<T>>(lines: usize, n: usize, from: *const T, to: *mut T, apart: usize) {
    let mut rows = [[T::default(); TOGETHER]; PIECE];
    let mut last = rows[0];
    for start in (0..n).step_by(PIECE) {
        let count = PIECE.min(n - start);
        // SAFETY: the caller gives so many lines, and room for them; the rows are as long as many.
        unsafe { turn(rows.as_mut_ptr().cast(), TOGETHER, from.add(start), n as isize, [count, lines]) };
        let mut now = &mut rows[..count];
        if start == 0 {
            last = now[0];
            now = &mut now[1..];
        }
        for row in now {
            for l in 0..TOGETHER {
                last[l] = F::join(last[l], row[l]);
            }
            *row = last;
        }
        // SAFETY: as above.
        unsafe { turn(to.add(start), apart, rows.as_ptr().cast(), TOGETHER as isize, [lines, count]) };
    }
}

compiled!(along_baseline, along_avx2, along_avx512 =
    along<T: Element, F: Join<T>>(lines: usize, n: usize, from: *const u8, to: *mut u8, apart: usize));
