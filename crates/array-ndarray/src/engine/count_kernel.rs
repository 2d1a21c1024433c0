//! Inner loops that count elements which are not zero, or find them, by data type.
//!
//! They are counted in unsigned integers as wide as the elements, so that vectors of both have as many lanes.

use array_api::{Complex, DType, Element};
use num_traits::{AsPrimitive, WrappingAdd, Zero};

use crate::engine::simd::{compiled, level};

/// Columns that are counted together.
pub(crate) const COLUMNS: usize = 256;

/// When the rest of a line need not be looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// Its count is wanted.
    End,
    /// An element was not zero.
    Some,
    /// An element was zero.
    Zero,
}

type Lines = unsafe fn(lines: usize, n: usize, from: *const u8, until: Until, to: *mut i64);
type Columns = unsafe fn(n: usize, from: *const u8, row: usize, columns: usize, to: *mut i64);

/// The loops that give an integer for each line of elements, a count or a sum.
#[derive(Clone, Copy)]
pub(crate) struct Loops {
    /// For each of some lines of `n` contiguous elements, one after the other, as far as it looks.
    pub(crate) lines: Lines,
    /// For each of at most [`COLUMNS`] contiguous columns of `n` rows, `row` elements apart.
    pub(crate) columns: Columns,
}

type Places = unsafe fn(n: usize, from: *const u8, to: *mut u32, count: *mut usize);

/// The loops for one data type.
#[derive(Clone, Copy)]
pub(crate) struct CountKernel {
    lines: [Lines; 3],
    columns: [Columns; 3],
    places: [Places; 3],
}

impl CountKernel {
    /// Those that count what is not zero.
    pub(crate) fn loops(&self) -> Loops {
        Loops { lines: self.lines[level() as usize], columns: self.columns[level() as usize] }
    }
    /// Writes the places of what is not zero among `n` contiguous elements, and how many there are; there must be room for `n`.
    pub(crate) fn places(&self) -> Places {
        self.places[level() as usize]
    }
}

/// An element that is zero or not.
trait Truth: Element {
    /// What counts elements.
    type Count: Copy + Zero + WrappingAdd + AsPrimitive<i64> + 'static;
    /// Elements that can be counted, as far as it matters.
    const MOST: usize;
    /// 1 if the element is not zero, else 0.
    fn one(self) -> Self::Count;
}

macro_rules! truth {
    ($($t:ty as $u:ty: |$x:ident| $some:expr;)*) => { $(
        impl Truth for $t {
            type Count = $u;
            // Of bytes whole vectors.
            const MOST: usize = if size_of::<$u>() == 1 { 192 } else { 4096 };
            #[inline(always)]
            fn one(self) -> $u { let $x = self; ($some) as $u }
        }
    )* };
}
truth! {
    bool as u8: |x| x;
    i8 as u8: |x| x != 0; i16 as u16: |x| x != 0; i32 as u32: |x| x != 0; i64 as u64: |x| x != 0;
    u8 as u8: |x| x != 0; u16 as u16: |x| x != 0; u32 as u32: |x| x != 0; u64 as u64: |x| x != 0;
    f32 as u32: |x| x != 0.0; f64 as u64: |x| x != 0.0;
    Complex<f32> as u32: |z| (z.re != 0.0) | (z.im != 0.0);
    Complex<f64> as u64: |z| (z.re != 0.0) | (z.im != 0.0);
}

#[inline(always)]
unsafe fn along<T: Truth>(lines: usize, n: usize, from: *const u8, until: Until, to: *mut i64) {
    // SAFETY: the caller gives so many lines of `n` elements, and room for their counts.
    let (x, to) =
        unsafe { (std::slice::from_raw_parts(from.cast::<T>(), lines * n), std::slice::from_raw_parts_mut(to, lines)) };
    if n < 8 {
        for (l, to) in to.iter_mut().enumerate() {
            *to = x[l * n..(l + 1) * n].iter().map(|&y| y.one().as_()).sum();
        }
        return;
    }
    for (to, line) in to.iter_mut().zip(x.chunks_exact(n)) {
        let mut total = 0_i64;
        for block in line.chunks(T::MOST) {
            let count: i64 = block.iter().fold(T::Count::zero(), |sum, &y| sum.wrapping_add(&y.one())).as_();
            total += count;
            let decided = match until {
                Until::End => false,
                Until::Some => count > 0,
                Until::Zero => count < block.len() as i64,
            };
            if decided {
                break;
            }
        }
        *to = total;
    }
}

#[inline(always)]
unsafe fn beside<T: Truth>(n: usize, from: *const u8, row: usize, columns: usize, to: *mut i64) {
    // SAFETY: the caller gives `n` rows and room for a row of counts.
    unsafe {
        let to = std::slice::from_raw_parts_mut(to, columns);
        to.fill(0);
        for start in (0..n).step_by(T::MOST) {
            let mut counts = [T::Count::zero(); COLUMNS];
            for r in start..n.min(start + T::MOST) {
                let line = std::slice::from_raw_parts(from.cast::<T>().add(r * row), columns);
                for (count, &y) in counts.iter_mut().zip(line) {
                    *count = count.wrapping_add(&y.one());
                }
            }
            for (to, &count) in to.iter_mut().zip(&counts) {
                let count: i64 = count.as_();
                *to += count;
            }
        }
    }
}

#[inline(always)]
unsafe fn found<T: Truth>(n: usize, from: *const u8, to: *mut u32, count: *mut usize) {
    let mut next = 0;
    for i in 0..n {
        // SAFETY: the caller gives `n` elements, and room for as many places. Without a branch, since none could be foreseen.
        unsafe {
            to.add(next).write(i as u32);
            let one: i64 = (*from.cast::<T>().add(i)).one().as_();
            next += one as usize;
        }
    }
    // SAFETY: the caller's.
    unsafe { *count = next };
}

compiled!(along_baseline, along_avx2, along_avx512 =
    along<T: Truth>(lines: usize, n: usize, from: *const u8, until: Until, to: *mut i64));
compiled!(beside_baseline, beside_avx2, beside_avx512 =
    beside<T: Truth>(n: usize, from: *const u8, row: usize, columns: usize, to: *mut i64));

compiled!(found_baseline, found_avx2, found_avx512 =
    found<T: Truth>(n: usize, from: *const u8, to: *mut u32, count: *mut usize));

const fn kernel<T: Truth>() -> CountKernel {
    CountKernel {
        lines: [along_baseline::<T>, along_avx2::<T>, along_avx512::<T>],
        columns: [beside_baseline::<T>, beside_avx2::<T>, beside_avx512::<T>],
        places: [found_baseline::<T>, found_avx2::<T>, found_avx512::<T>],
    }
}

/// The kernels in the order of [`DType`].
static KERNELS: [CountKernel; 13] = [
    kernel::<bool>(),
    kernel::<i8>(),
    kernel::<i16>(),
    kernel::<i32>(),
    kernel::<i64>(),
    kernel::<u8>(),
    kernel::<u16>(),
    kernel::<u32>(),
    kernel::<u64>(),
    kernel::<f32>(),
    kernel::<f64>(),
    kernel::<Complex<f32>>(),
    kernel::<Complex<f64>>(),
];

/// The kernel for a data type.
pub(crate) fn of(dtype: DType) -> &'static CountKernel {
    &KERNELS[dtype as usize]
}
