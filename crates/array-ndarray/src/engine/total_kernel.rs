//! Inner loops that add small integers up as integers of 64 bits, by data type.
//!
//! Nothing is converted before: a sum of `int32` reads half of the bytes that its sum as `int64` would.

use array_api::{DType, Element};
use num_traits::{AsPrimitive, WrappingAdd, Zero};

use crate::engine::count_kernel::{COLUMNS, Loops, Until};
use crate::engine::simd::{compiled, level};

/// An integer of fewer than 64 bits.
trait Small: Element + AsPrimitive<Self::Sum> {
    /// What a block of elements is added up in; in 64 bits wrapping sums of signed and of unsigned integers are the same bits.
    type Sum: Copy + Zero + WrappingAdd + AsPrimitive<i64> + 'static;
    /// Elements whose sum is within its range.
    const MOST: usize;
}

macro_rules! small {
    ($($t:ty as $sum:ty, $most:expr;)*) => { $(
        impl Small for $t {
            type Sum = $sum;
            const MOST: usize = $most;
        }
    )* };
}
small! {
    i8 as i32, 1 << 15; i16 as i32, 1 << 15; i32 as i64, usize::MAX;
    u8 as u32, 1 << 15; u16 as u32, 1 << 15; u32 as u64, usize::MAX;
}

#[inline(always)]
unsafe fn along<T: Small>(lines: usize, n: usize, from: *const u8, _: Until, to: *mut i64) {
    // SAFETY: the caller gives so many lines of `n` elements, and room for their sums.
    let (x, to) =
        unsafe { (std::slice::from_raw_parts(from.cast::<T>(), lines * n), std::slice::from_raw_parts_mut(to, lines)) };
    for (l, to) in to.iter_mut().enumerate() {
        let blocks = x[l * n..(l + 1) * n].chunks(T::MOST);
        let sums = blocks.map(|b| b.iter().fold(T::Sum::zero(), |sum, y| sum.wrapping_add(&y.as_())));
        *to = sums.fold(0, |total, sum| total.wrapping_add(sum.as_()));
    }
}

#[inline(always)]
unsafe fn beside<T: Small>(n: usize, from: *const u8, row: usize, columns: usize, to: *mut i64) {
    // SAFETY: the caller gives `n` rows and room for a row of sums.
    unsafe {
        let to = std::slice::from_raw_parts_mut(to, columns);
        to.fill(0);
        for start in (0..n).step_by(T::MOST) {
            let mut sums = [T::Sum::zero(); COLUMNS];
            for r in start..n.min(start.saturating_add(T::MOST)) {
                let line = std::slice::from_raw_parts(from.cast::<T>().add(r * row), columns);
                for (sum, y) in sums.iter_mut().zip(line) {
                    *sum = sum.wrapping_add(&y.as_());
                }
            }
            for (to, sum) in to.iter_mut().zip(&sums) {
                *to = to.wrapping_add(sum.as_());
            }
        }
    }
}

compiled!(along_baseline, along_avx2, along_avx512 =
    along<T: Small>(lines: usize, n: usize, from: *const u8, until: Until, to: *mut i64));
compiled!(beside_baseline, beside_avx2, beside_avx512 =
    beside<T: Small>(n: usize, from: *const u8, row: usize, columns: usize, to: *mut i64));

fn loops<T: Small>() -> Option<Loops> {
    Some(Loops {
        lines: [along_baseline::<T>, along_avx2::<T>, along_avx512::<T>][level() as usize],
        columns: [beside_baseline::<T>, beside_avx2::<T>, beside_avx512::<T>][level() as usize],
    })
}

/// The loops for a data type of small integers.
pub(crate) fn of(dtype: DType) -> Option<Loops> {
    match dtype {
        DType::Int8 => loops::<i8>(),
        DType::Int16 => loops::<i16>(),
        DType::Int32 => loops::<i32>(),
        DType::UInt8 => loops::<u8>(),
        DType::UInt16 => loops::<u16>(),
        DType::UInt32 => loops::<u32>(),
        _ => None,
    }
}
