//! Inner loops of variances: means and sums of squared deviations of blocks.
//!
//! As in [`reduce_kernel`](super::reduce_kernel), a block has one order: element `r` joins lane `r mod 32`, then the lanes
//! join as a tree (fewer than 32 elements join one after the other), whether they lie as one run or as a column of rows.

use array_api::Element;
use num_traits::Float;
use std::mem::MaybeUninit;

use crate::engine::simd::{compiled, level};

/// Elements of a block: the first-level cache holds them.
pub(crate) const BLOCK: usize = 512;
/// As many as sums have.
const LANES: usize = 32;
/// Up to so many rows are summed one after the other.
pub(crate) const FEW: usize = LANES - 1;
/// Columns whose lanes are kept at once.
pub(crate) const COLUMNS: usize = 64;

/// Columns whose sums are kept in registers.
const WIDE: usize = 32;

/// A real floating type.
pub(crate) trait Real: Element + Float {}
impl Real for f32 {}
impl Real for f64 {}

/// The sum of a block, in the order of all blocks.
#[inline(always)]
fn sum<T: Real>(x: &[T], term: impl Fn(T) -> T) -> T {
    if x.len() < LANES {
        return x.iter().fold(T::zero(), |sum, &y| sum + term(y));
    }
    let (groups, rest) = x.as_chunks::<LANES>();
    let mut lanes = [T::zero(); LANES];
    for group in groups {
        for l in 0..LANES {
            lanes[l] = lanes[l] + term(group[l]);
        }
    }
    for (lane, &y) in lanes.iter_mut().zip(rest) {
        *lane = *lane + term(y);
    }
    // From memory: seen from inside the loop, the tree would make pairs of the vectors.
    let mut lanes = std::hint::black_box(lanes);
    let mut half = LANES / 2;
    while half > 0 {
        for l in 0..half {
            lanes[l] = lanes[l] + lanes[l + half];
        }
        half /= 2;
    }
    lanes[0]
}

/// The mean of a block, less its origin, and the sum of squared deviations from it.
#[inline(always)]
unsafe fn block<T: Real>(n: usize, from: *const T, origin: *const T, count: T, to: *mut T) {
    // SAFETY: the caller gives `n` elements, their origin and room for two numbers.
    let (x, origin) = unsafe { (std::slice::from_raw_parts(from, n), *origin) };
    let mean = sum(x, |y| y - origin) / count;
    let square = |d: T| d * d;
    let squares = sum(x, |y| square((y - origin) - mean));
    // SAFETY: the same.
    unsafe { (*to, *to.add(1)) = (mean, squares) };
}

/// Adds up rows in the order of blocks: the numbers less their origins, or their squared deviations from the means.
#[inline(always)]
fn sum_rows<'a, T: Real + 'a>(
    n: usize,
    row: impl Fn(usize) -> &'a [T],
    origins: &[T],
    means: Option<&[T]>,
    to: &mut [T],
) {
    let columns = to.len();
    if n <= FEW {
        // Few elements are summed one after the other.
        return match means {
            None => few_rows::<T, false>(n, row, origins, &[T::zero(); COLUMNS], to),
            Some(means) => few_rows::<T, true>(n, row, origins, means, to),
        };
    }
    let mut room = [[MaybeUninit::uninit(); COLUMNS]; LANES];
    // SAFETY: these were just filled.
    let mut lanes = room.each_mut().map(|lane| unsafe {
        lane[..columns].fill(MaybeUninit::new(T::zero()));
        lane[..columns].assume_init_mut()
    });
    for r in 0..n {
        let lane = &mut *lanes[r % LANES];
        let terms = row(r).iter().zip(origins);
        match means {
            None => lane.iter_mut().zip(terms).for_each(|(sum, (&y, &o))| *sum = *sum + (y - o)),
            Some(means) => lane.iter_mut().zip(terms).zip(means).for_each(|((sum, (&y, &o)), &mean)| {
                let d = (y - o) - mean;
                *sum = *sum + d * d;
            }),
        }
    }
    let mut half = LANES / 2;
    while half > 0 {
        let (low, high) = lanes.split_at_mut(half);
        for (low, high) in low.iter_mut().zip(&*high) {
            low.iter_mut().zip(&**high).for_each(|(low, &high)| *low = *low + high);
        }
        half /= 2;
    }
    to.copy_from_slice(lanes[0]);
}

/// The same for fewer rows than lanes. Sums of a few cache lines stay in registers from the first row to the last.
#[inline(always)]
fn few_rows<'a, T: Real + 'a, const SQUARED: bool>(
    n: usize,
    row: impl Fn(usize) -> &'a [T],
    origins: &[T],
    means: &[T],
    to: &mut [T],
) {
    let term = |x: T, origin: T, mean: T| {
        let d = (x - origin) - mean;
        if SQUARED { d * d } else { d }
    };
    let (wide, narrow) = to.as_chunks_mut::<WIDE>();
    let rest = wide.len() * WIDE;
    for (c, to) in wide.iter_mut().enumerate() {
        let here = c * WIDE..(c + 1) * WIDE;
        let (origins, means, mut sums) = (&origins[here.clone()], &means[here.clone()], [T::zero(); WIDE]);
        for r in 0..n {
            let x = &row(r)[here.clone()];
            for i in 0..WIDE {
                sums[i] = sums[i] + term(x[i], origins[i], means[i]);
            }
        }
        *to = sums;
    }
    narrow.fill(T::zero());
    for r in 0..n {
        for (i, sum) in narrow.iter_mut().enumerate() {
            let c = rest + i;
            *sum = *sum + term(row(r)[c], origins[c], means[c]);
        }
    }
}

/// A row of means and one of squares.
#[inline(always)]
unsafe fn rows<T: Real>(
    n: usize,
    from: *const T,
    apart: usize,
    columns: usize,
    origins: *const T,
    count: T,
    to: *mut T,
) {
    // SAFETY: the caller gives `n` rows of at most `COLUMNS` columns, a row of origins and room for two rows.
    unsafe {
        let origins = std::slice::from_raw_parts(origins, columns);
        let row = |r: usize| std::slice::from_raw_parts(from.add(r * apart), columns);
        let (means, squares) = std::slice::from_raw_parts_mut(to, 2 * columns).split_at_mut(columns);
        sum_rows(n, row, origins, None, means);
        means.iter_mut().for_each(|m| *m = *m / count);
        sum_rows(n, row, origins, Some(means), squares);
    }
}

compiled!(block_baseline, block_avx2, block_avx512 =
    block<T: Real>(n: usize, from: *const T, origin: *const T, count: T, to: *mut T));
compiled!(rows_baseline, rows_avx2, rows_avx512 =
    rows<T: Real>(n: usize, from: *const T, apart: usize, columns: usize, origins: *const T, count: T, to: *mut T));

/// The means of `columns` columns of `n` rows, `apart` elements apart, each less the column's origin, and behind them the
/// sums of squared deviations. One column must be contiguous.
///
/// # Safety
/// There must be `1 <= n <= BLOCK` rows of at most [`COLUMNS`] elements, an origin for each, and room for two rows.
pub(crate) unsafe fn moments<T: Real>(
    n: usize,
    from: *const T,
    apart: usize,
    columns: usize,
    origins: *const T,
    to: *mut T,
) {
    debug_assert!(n <= BLOCK && columns <= COLUMNS);
    let (count, level) = (T::from(n).unwrap_or_else(T::nan), level() as usize);
    // SAFETY: the level is the machine's; the rest is the caller's promise.
    unsafe {
        if apart == 1 {
            [block_baseline::<T>, block_avx2::<T>, block_avx512::<T>][level](n, from, origins, count, to)
        } else {
            let kernel = [rows_baseline::<T>, rows_avx2::<T>, rows_avx512::<T>][level];
            kernel(n, from, apart, columns, origins, count, to)
        }
    }
}
