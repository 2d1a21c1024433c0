//! Inner loops of reductions, by data type.
//!
//! A block of up to [`BLOCK`] elements is reduced in one fixed order: element `r` joins lane `r mod 32`, then the lanes join
//! as a tree (there are 8 lanes for fewer than 32 elements, and one for fewer than 8). The order is the same whether a block
//! lies as one run ([`ReduceKernel::run`]) or as rows of which every column is reduced at once ([`ReduceKernel::rows`]).

use array_api::{Complex, DType, Element};
use std::mem::MaybeUninit;

use crate::engine::chain::prefetch;
use crate::engine::scan_kernel::ScanKernel;
use crate::engine::simd::{compiled, level};

/// Elements of a block. Blocks are joined pairwise, so that rounding errors grow with the logarithm of the length.
pub(crate) const BLOCK: usize = 512;
/// Two of the widest vectors of `f32`: the next addition need not wait for the last one.
const LANES: usize = 32;
/// Lanes of short blocks.
const FEW: usize = 8;
/// Columns of which a lane fits the registers together: rows are read in pieces as long as can be.
const WIDE: usize = 256;
/// Columns from which on the same is done with fewer.
const NARROW: usize = 64;

type Block = unsafe fn(n: usize, from: *const u8, to: *mut u8);
type Rows = unsafe fn(n: usize, from: *const u8, offsets: *const isize, columns: usize, to: *mut u8);

/// The loops of one reduction at one data type.
#[derive(Clone, Copy)]
pub(crate) struct ReduceKernel {
    run: [Block; 3],
    rows: [Rows; 3],
    join: [Block; 3],
    /// The running reduction.
    pub(crate) scan: ScanKernel,
}

impl ReduceKernel {
    /// Reduces `n >= 1` contiguous elements to one, block by block.
    pub(crate) fn run(&self) -> Block {
        self.run[level() as usize]
    }
    /// Reduces `n <= BLOCK` rows at byte offsets from an address, each of contiguous columns, to one row.
    pub(crate) fn rows(&self) -> Rows {
        self.rows[level() as usize]
    }
    /// Joins a row of `n` elements into another: `to = to op from`.
    pub(crate) fn join(&self) -> Block {
        self.join[level() as usize]
    }
}

/// An associative operation up to rounding.
pub(crate) trait Join<T> {
    fn join(a: T, b: T) -> T;
}

#[inline(always)]
unsafe fn run<T: Element, F: Join<T>>(n: usize, from: *const u8, to: *mut u8) {
    // SAFETY: the caller gives `n >= 1` elements and room for one.
    let (x, to) = unsafe { (std::slice::from_raw_parts(from.cast::<T>(), n), &mut *to.cast::<T>()) };
    let (blocks, rest) = x.as_chunks::<BLOCK>();
    if blocks.is_empty() {
        *to = block::<T, F>(rest);
        return;
    }
    // Each joins as many as went before it as the last of them that it completes: at most one waits on each level.
    let (mut waiting, mut top) = ([T::default(); usize::BITS as usize], 0);
    for (i, whole) in blocks.iter().enumerate() {
        let mut sum = block_by::<T, F, LANES>(whole);
        for _ in 0..i.trailing_ones() {
            top -= 1;
            sum = F::join(waiting[top], sum);
        }
        waiting[top] = sum;
        top += 1;
    }
    if !rest.is_empty() {
        waiting[top] = block::<T, F>(rest);
        top += 1;
    }
    // The last ones, whose levels are not complete.
    *to = waiting[..top - 1].iter().rfold(waiting[top - 1], |sum, &before| F::join(before, sum));
}

#[inline(always)]
fn block<T: Element, F: Join<T>>(x: &[T]) -> T {
    match x.len() {
        LANES.. => block_by::<T, F, LANES>(x),
        FEW.. => block_by::<T, F, FEW>(x),
        _ => x[1..].iter().fold(x[0], |sum, &y| F::join(sum, y)),
    }
}

/// Joins `L` elements or more.
#[inline(always)]
fn block_by<T: Element, F: Join<T>, const L: usize>(x: &[T]) -> T {
    let (groups, rest) = x.as_chunks::<L>();
    let mut lanes = [T::default(); L];
    let mut groups = groups.iter();
    if let Some(first) = groups.next() {
        lanes = *first;
    }
    for group in groups {
        for l in 0..L {
            lanes[l] = F::join(lanes[l], group[l]);
        }
    }
    for (lane, &y) in lanes.iter_mut().zip(rest) {
        *lane = F::join(*lane, y);
    }
    // From memory: seen from inside the loop, the tree would make pairs of the vectors.
    let mut lanes = std::hint::black_box(lanes);
    let mut half = L / 2;
    while half > 0 {
        for l in 0..half {
            lanes[l] = F::join(lanes[l], lanes[l + half]);
        }
        half /= 2;
    }
    lanes[0]
}

#[inline(always)]
unsafe fn rows<T: Element, F: Join<T>>(n: usize, from: *const u8, offsets: *const isize, columns: usize, to: *mut u8) {
    // SAFETY: the caller gives `n` offsets, of rows of `columns` elements, and room for one row.
    unsafe {
        let offsets = std::slice::from_raw_parts(offsets, n);
        let mut c = 0;
        while c < columns {
            let row = |r: usize| from.offset(offsets[r]).cast::<T>().add(c);
            let to = to.cast::<T>().add(c);
            let rest = columns - c;
            c += match n {
                LANES.. if rest >= WIDE && size_of::<T>() <= 8 => band::<T, F, LANES, WIDE>(n, row, to),
                LANES.. if rest >= NARROW => band::<T, F, LANES, NARROW>(n, row, to),
                LANES.. => rows_by::<T, F, LANES>(n, row, slice_mut(to.cast(), rest)),
                FEW.. if rest >= NARROW => band::<T, F, FEW, NARROW>(n, row, to),
                FEW.. => rows_by::<T, F, FEW>(n, row, slice_mut(to.cast(), rest)),
                _ => {
                    let to = slice_mut::<T>(to.cast(), rest);
                    to.copy_from_slice(std::slice::from_raw_parts(row(0), rest));
                    (1..n).for_each(|r| join_slices::<T, F>(to, std::slice::from_raw_parts(row(r), rest)));
                    rest
                }
            };
        }
    }
}

/// Joins `n` rows of `C` elements, `L` or more rows: a lane of each column stays in registers for all of its rows.
///
/// # Safety
/// The rows must have that many elements, and `to` room for them.
#[inline(always)]
unsafe fn band<T: Element, F: Join<T>, const L: usize, const C: usize>(
    n: usize,
    row: impl Fn(usize) -> *const T,
    to: *mut T,
) -> usize {
    let mut lanes = [const { MaybeUninit::<[T; C]>::uninit() }; L];
    // SAFETY: rows as the caller promises; each lane is written before it is read.
    unsafe {
        let row = |r: usize| row(r).cast::<[T; C]>();
        for (l, lane) in lanes.iter_mut().enumerate() {
            let mut sum = *row(l);
            for r in (l + L..n).step_by(L) {
                // What the next lane begins with: rows far apart are not what the processor expects.
                prefetch(row((r + 1).min(n - 1)).cast(), 0..size_of::<[T; C]>());
                let next = &*row(r);
                for i in 0..C {
                    sum[i] = F::join(sum[i], next[i]);
                }
            }
            lane.write(sum);
        }
        let mut half = L / 2;
        while half > 0 {
            let (low, high) = lanes.split_at_mut(half);
            for (lane, other) in low.iter_mut().zip(high) {
                let (lane, other) = (lane.assume_init_mut(), other.assume_init_ref());
                for i in 0..C {
                    lane[i] = F::join(lane[i], other[i]);
                }
            }
            half /= 2;
        }
        *to.cast::<[T; C]>() = lanes[0].assume_init();
    }
    C
}

/// Joins `n` rows, `L` or more, of as many elements as the result has, fewer than [`NARROW`].
///
/// # Safety
/// The rows must have that many elements.
#[inline(always)]
unsafe fn rows_by<T: Element, F: Join<T>, const L: usize>(
    n: usize,
    row: impl Fn(usize) -> *const T,
    to: &mut [T],
) -> usize {
    let here = to.len();
    let mut lanes = [const { MaybeUninit::<[T; NARROW]>::uninit() }; L];
    // SAFETY: rows as the caller promises; each lane is written before it is read.
    unsafe {
        let row = |r: usize| std::slice::from_raw_parts(row(r), here);
        let lanes = lanes.as_mut_ptr();
        let lane = |l: usize| slice_mut::<T>(lanes.add(l).cast(), here);
        for l in 0..L {
            let sum = lane(l);
            sum.copy_from_slice(row(l));
            for r in (l + L..n).step_by(L) {
                join_slices::<T, F>(sum, row(r));
            }
        }
        let mut half = L / 2;
        while half > 0 {
            for l in 0..half {
                join_slices::<T, F>(lane(l), lane(l + half));
            }
            half /= 2;
        }
        to.copy_from_slice(lane(0));
    }
    here
}

/// Joins a row into another: what is left of long loops in vectors of sixteen, then of four, so that narrow rows are not
/// left to a scalar tail.
#[inline(always)]
fn join_slices<T: Copy, F: Join<T>>(to: &mut [T], from: &[T]) {
    // Loops of a fixed length are unrolled before they are vectorised, and a choice between two elements never is, then.
    let long = to.len().min(from.len()) & !63;
    let ((head, to), (head_from, from)) = (to.split_at_mut(long), from.split_at(long));
    for (to, &b) in head.iter_mut().zip(head_from) {
        *to = F::join(*to, b);
    }
    let (wide, to) = to.as_chunks_mut::<16>();
    let (wide_from, from) = from.as_chunks::<16>();
    for (to, from) in wide.iter_mut().zip(wide_from) {
        for i in 0..16 {
            to[i] = F::join(to[i], from[i]);
        }
    }
    let (narrow, to) = to.as_chunks_mut::<4>();
    let (narrow_from, from) = from.as_chunks::<4>();
    for (to, from) in narrow.iter_mut().zip(narrow_from) {
        for i in 0..4 {
            to[i] = F::join(to[i], from[i]);
        }
    }
    for (to, &from) in to.iter_mut().zip(from) {
        *to = F::join(*to, from);
    }
}

#[inline(always)]
unsafe fn join_rows<T: Element, F: Join<T>>(n: usize, from: *const u8, to: *mut u8) {
    // SAFETY: the caller gives two distinct rows of `n` elements.
    let (x, to) = unsafe { (std::slice::from_raw_parts(from.cast::<T>(), n), slice_mut::<T>(to, n)) };
    join_slices::<T, F>(to, x);
}

#[inline(always)]
unsafe fn slice_mut<'a, T>(p: *mut u8, n: usize) -> &'a mut [T] {
    // SAFETY: the caller's.
    unsafe { std::slice::from_raw_parts_mut(p.cast(), n) }
}

compiled!(run_baseline, run_avx2, run_avx512 =
    run<T: Element, F: Join<T>>(n: usize, from: *const u8, to: *mut u8));
compiled!(rows_baseline, rows_avx2, rows_avx512 =
    rows<T: Element, F: Join<T>>(n: usize, from: *const u8, offsets: *const isize, columns: usize, to: *mut u8));
compiled!(join_baseline, join_avx2, join_avx512 =
    join_rows<T: Element, F: Join<T>>(n: usize, from: *const u8, to: *mut u8));

/// Integers and booleans are bound by memory, so the widest vectors bring nothing.
const fn kernel<T: Element, F: Join<T>>() -> Option<ReduceKernel> {
    let wide = matches!(T::DTYPE, DType::Float32 | DType::Float64 | DType::Complex64 | DType::Complex128);
    let run: Block = if wide { run_avx512::<T, F> } else { run_avx2::<T, F> };
    let rows: Rows = if wide { rows_avx512::<T, F> } else { rows_avx2::<T, F> };
    let join: Block = if wide { join_avx512::<T, F> } else { join_avx2::<T, F> };
    Some(ReduceKernel {
        run: [run_baseline::<T, F>, run_avx2::<T, F>, run],
        rows: [rows_baseline::<T, F>, rows_avx2::<T, F>, rows],
        join: [join_baseline::<T, F>, join_avx2::<T, F>, join],
        scan: ScanKernel::new::<T, F>(),
    })
}

pub(crate) type Kernels = [Option<ReduceKernel>; 13];

macro_rules! reductions {
    ($($(#[$doc:meta])* $name:ident { $([$($t:ty),*] |$a:ident, $b:ident| $body:expr;)* })*) => { $(
        $(#[$doc])*
        pub(crate) static $name: Kernels = {
            struct F;
            let mut kernels: Kernels = [None; 13];
            $( $(
                impl Join<$t> for F {
                    #[inline(always)]
                    fn join($a: $t, $b: $t) -> $t { $body }
                }
                kernels[<$t as Element>::DTYPE as usize] = kernel::<$t, F>();
            )* )*
            kernels
        };
    )* };
}

reductions! {
    SUM {
        [i8, i16, i32, i64, u8, u16, u32, u64] |a, b| a.wrapping_add(b);
        [f32, f64, Complex<f32>, Complex<f64>] |a, b| a + b;
    }
    PROD {
        [i8, i16, i32, i64, u8, u16, u32, u64] |a, b| a.wrapping_mul(b);
        [f32, f64, Complex<f32>, Complex<f64>] |a, b| a * b;
    }
    /// The maximum; of booleans their disjunction.
    MAX {
        [bool] |a, b| a | b;
        [i8, i16, i32, i64, u8, u16, u32, u64] |a, b| if a > b { a } else { b };
        [f32, f64] |a, b| if (a < b) | b.is_nan() { b } else { a };
    }
    /// The minimum; of booleans their conjunction.
    MIN {
        [bool] |a, b| a & b;
        [i8, i16, i32, i64, u8, u16, u32, u64] |a, b| if a < b { a } else { b };
        [f32, f64] |a, b| if (a > b) | b.is_nan() { b } else { a };
    }
}

/// The kernel for a data type.
pub(crate) fn find(kernels: &'static Kernels, dtype: DType) -> Option<&'static ReduceKernel> {
    kernels[dtype as usize].as_ref()
}
