//! Inner loops of [`position`](super::position), by data type, and of the extreme itself.
//!
//! Which position is best is decided by values and positions alone, so a line may be cut anywhere: the best of the best
//! is found by the same loops.

use array_api::{DType, Element};
use std::ops::BitOr;

use crate::engine::simd::{compiled, level};

/// Elements of which the extreme is found before one looks whether it beats the ones before: they stay in the
/// first-level cache, in case the position has to be found among them.
const BLOCK_BYTES: usize = 8192;
/// Columns of which the best are kept at once, with their positions.
pub(crate) const COLUMNS: usize = 256;

type Line = unsafe fn(n: usize, from: *const u8, largest: bool, to: *mut usize);
type Columns = unsafe fn(n: usize, from: *const u8, row: usize, columns: usize, largest: bool, to: *mut i64);
type Value = unsafe fn(n: usize, from: *const u8, largest: bool, to: *mut u8, sure: *mut bool);

/// The loops for one data type.
#[derive(Clone, Copy)]
pub(crate) struct PositionKernel {
    line: [Line; 3],
    columns: [Columns; 3],
    value: [Value; 3],
}

impl PositionKernel {
    /// The position of the first best of `n >= 1` contiguous elements.
    pub(crate) fn line(&self) -> Line {
        self.line[level() as usize]
    }
    /// The extreme of `n >= 1` contiguous elements, and whether it is the same in whatever order one looks at them: it is not
    /// among zeros of both signs, or where an element is not a number.
    pub(crate) fn value(&self) -> Value {
        self.value[level() as usize]
    }
    /// The positions of the first best in each of at most [`COLUMNS`] contiguous columns of `n >= 1` rows, `row` elements
    /// apart.
    pub(crate) fn columns(&self) -> Columns {
        self.columns[level() as usize]
    }
}

/// A number that is compared.
trait Real: Element + PartialOrd {
    /// An unsigned integer of the same width, so that vectors of both have as many lanes.
    type Place: Copy + Ord + BitOr<Output = Self::Place>;
    /// The place before all others, no bit of it set.
    const ZERO: Self::Place;
    /// A place that stands for none; all below are [`Real::place`]s.
    const NONE: Self::Place;
    /// Whether different elements may be equal, and some not even that.
    const FLOATING: bool = matches!(Self::DTYPE, DType::Float32 | DType::Float64);
    /// How many places there are, as far as they matter.
    const PLACES: usize;
    fn place(i: usize) -> Self::Place;
    fn index(place: Self::Place) -> usize;
    /// A place all bits of which are set, or none: as wide as the numbers, which vectors compare to such.
    fn mark(set: bool) -> Self::Place;
    /// The largest of the turned numbers is the smallest of the numbers.
    fn turned(self, largest: bool) -> Self;
    /// The number if it is larger; otherwise, also if it is not one, the other.
    #[inline(always)]
    fn larger(self, other: Self) -> Self {
        if self > other { self } else { other }
    }
    #[allow(clippy::eq_op)]
    #[inline(always)]
    fn nan(self) -> bool {
        self != self
    }
    /// Whether the number takes the place of the best so far; not-a-number does, unless it is taken by one already.
    #[allow(clippy::eq_op, clippy::neg_cmp_op_on_partial_ord)]
    #[inline(always)]
    fn beats(self, best: Self) -> bool {
        !(self <= best) & (best == best)
    }
}

macro_rules! real {
    ($($t:ty as $u:ty: |$x:ident, $largest:ident| $turned:expr;)*) => { $(
        impl Real for $t {
            type Place = $u;
            const ZERO: $u = 0;
            const NONE: $u = <$u>::MAX;
            const PLACES: usize = if size_of::<$u>() < 4 { <$u>::MAX as usize } else { 1 << 30 };
            #[inline(always)]
            fn place(i: usize) -> $u { i as $u }
            #[inline(always)]
            fn index(place: $u) -> usize { place as usize }
            #[inline(always)]
            fn mark(set: bool) -> $u { (set as $u).wrapping_neg() }
            #[inline(always)]
            fn turned(self, $largest: bool) -> $t { let $x = self; $turned }
        }
    )* };
}
real! {
    i8 as u8: |x, largest| x ^ if largest { 0 } else { !0 };
    i16 as u16: |x, largest| x ^ if largest { 0 } else { !0 };
    i32 as u32: |x, largest| x ^ if largest { 0 } else { !0 };
    i64 as u64: |x, largest| x ^ if largest { 0 } else { !0 };
    u8 as u8: |x, largest| x ^ if largest { 0 } else { !0 };
    u16 as u16: |x, largest| x ^ if largest { 0 } else { !0 };
    u32 as u32: |x, largest| x ^ if largest { 0 } else { !0 };
    u64 as u64: |x, largest| x ^ if largest { 0 } else { !0 };
    f32 as u32: |x, largest| f32::from_bits(x.to_bits() ^ if largest { 0 } else { 1 << 31 });
    f64 as u64: |x, largest| f64::from_bits(x.to_bits() ^ if largest { 0 } else { 1 << 63 });
}

#[inline(always)]
unsafe fn line<T: Real>(n: usize, from: *const u8, largest: bool, to: *mut usize) {
    // SAFETY: the caller gives `n >= 1` elements and room for a position.
    let (x, to) = unsafe { (std::slice::from_raw_parts(from.cast::<T>(), n), &mut *to) };
    let mut best = x[0].turned(largest);
    if n < 32 {
        *to = 0;
        for (i, y) in x.iter().enumerate() {
            let y = y.turned(largest);
            if y.beats(best) {
                (best, *to) = (y, i);
            }
        }
        return;
    }
    let length = BLOCK_BYTES / size_of::<T>();
    let mut winner = 0;
    for (b, block) in x.chunks(length).enumerate() {
        let (extreme, nan) = lanes(block, largest);
        if nan {
            *to = b * length + first(block, |y| y.nan());
            return;
        }
        if extreme > best {
            (best, winner) = (extreme, b * length);
        }
    }
    *to = winner + first(&x[winner..], |y| y.turned(largest) == best);
}

/// The position of the first element that is looked for, which there is.
#[inline(always)]
fn first<T: Real>(x: &[T], wanted: impl Fn(T) -> bool) -> usize {
    let (groups, rest) = x.as_chunks::<GROUP>();
    for (g, group) in groups.iter().enumerate() {
        if group.iter().fold(T::ZERO, |any, &y| any | T::mark(wanted(y))) != T::ZERO {
            // Without a branch for each element, since the place cannot be foreseen.
            let mut place = T::NONE;
            for (i, &y) in group.iter().enumerate() {
                place = place.min(if wanted(y) { T::place(i) } else { T::NONE });
            }
            return g * GROUP + T::index(place);
        }
    }
    groups.len() * GROUP + rest.iter().position(|&y| wanted(y)).unwrap_or_default()
}

/// Elements that are looked at together.
const GROUP: usize = 64;

/// The largest of a block's numbers, and whether there is one that is none.
#[inline(always)]
fn lanes<T: Real>(x: &[T], largest: bool) -> (T, bool) {
    if T::FLOATING {
        return extreme(x, largest);
    }
    let start = x[0].turned(largest);
    // Integers have their extreme in whatever order, which the compiler knows. What is left of whole groups is looked at
    // together with elements before it.
    let over = |x: &[T]| x.iter().fold(start, |best, &y| y.turned(largest).larger(best));
    match x.last_chunk::<GROUP>() {
        Some(last) => (over(x.as_chunks::<GROUP>().0.as_flattened()).larger(over(last)), false),
        None => (over(x), false),
    }
}

/// Two of the widest vectors of `f32`.
const LANES: usize = 32;

/// [`lanes`] of floating-point numbers.
#[inline(always)]
fn extreme<T: Real>(x: &[T], largest: bool) -> (T, bool) {
    let first = x[0].turned(largest);
    let (mut best, mut nan) = ([first; LANES], [T::ZERO; LANES]);
    let Some(last) = x.last_chunk::<LANES>() else {
        let any = x.iter().fold(T::ZERO, |any, y| any | T::mark(y.nan()));
        return (x.iter().fold(first, |best, &y| y.turned(largest).larger(best)), any != T::ZERO);
    };
    let mut over = |group: &[T; LANES]| {
        for l in 0..LANES {
            let y = group[l].turned(largest);
            best[l] = y.larger(best[l]);
            nan[l] = nan[l] | T::mark(y.nan());
        }
    };
    x.as_chunks::<LANES>().0.iter().for_each(&mut over);
    // What is left, together with elements before it.
    over(last);
    // From memory: seen from inside the loop, the tree would take the vectors apart.
    let (mut best, mut nan) = std::hint::black_box((best, nan));
    macro_rules! halves {
        ($($half:literal)*) => { $(
            for l in 0..$half {
                best[l] = best[l + $half].larger(best[l]);
                nan[l] = nan[l] | nan[l + $half];
            }
        )* };
    }
    halves!(16 8 4 2 1);
    (best[0], nan[0] != T::ZERO)
}

#[inline(always)]
unsafe fn value<T: Real>(n: usize, from: *const u8, largest: bool, to: *mut u8, sure: *mut bool) {
    // SAFETY: the caller gives `n >= 1` elements and room for one.
    unsafe {
        let x = std::slice::from_raw_parts(from.cast::<T>(), n);
        let (extreme, nan) = lanes(x, largest);
        *to.cast::<T>() = extreme.turned(largest);
        *sure = !T::FLOATING || !nan && extreme != T::default();
    }
}

#[inline(always)]
unsafe fn beside<T: Real>(n: usize, from: *const u8, row: usize, columns: usize, largest: bool, to: *mut i64) {
    // SAFETY: the caller gives `n >= 1` rows and room for a row of positions.
    unsafe {
        let to = std::slice::from_raw_parts_mut(to, columns);
        let line = |r: usize| std::slice::from_raw_parts(from.cast::<T>().add(r * row), columns);
        let mut best = [T::default(); COLUMNS];
        best.iter_mut().zip(line(0)).for_each(|(b, y)| *b = y.turned(largest));
        to.fill(0);
        let mut start = 0;
        while start < n {
            let mut at = [T::NONE; COLUMNS];
            let end = n.min(start + T::PLACES);
            for r in start..end {
                let place = T::place(r - start);
                for ((b, at), y) in best.iter_mut().zip(&mut at).zip(line(r)) {
                    let y = y.turned(largest);
                    let better = y.beats(*b);
                    *b = if better { y } else { *b };
                    *at = if better { place } else { *at };
                }
            }
            for (to, &at) in to.iter_mut().zip(&at) {
                if at != T::NONE {
                    *to = (start + T::index(at)) as i64;
                }
            }
            start = end;
        }
    }
}

compiled!(line_baseline, line_avx2, line_avx512 =
    line<T: Real>(n: usize, from: *const u8, largest: bool, to: *mut usize));
compiled!(value_baseline, value_avx2, value_avx512 =
    value<T: Real>(n: usize, from: *const u8, largest: bool, to: *mut u8, sure: *mut bool));
compiled!(beside_baseline, beside_avx2, beside_avx512 =
    beside<T: Real>(n: usize, from: *const u8, row: usize, columns: usize, largest: bool, to: *mut i64));

const fn kernel<T: Real>() -> Option<PositionKernel> {
    Some(PositionKernel {
        line: [line_baseline::<T>, line_avx2::<T>, line_avx512::<T>],
        columns: [beside_baseline::<T>, beside_avx2::<T>, beside_avx512::<T>],
        value: [value_baseline::<T>, value_avx2::<T>, value_avx512::<T>],
    })
}

macro_rules! kernels {
    ($($t:ty)*) => {{
        let mut kernels: [Option<PositionKernel>; 13] = [None; 13];
        $( kernels[<$t as Element>::DTYPE as usize] = kernel::<$t>(); )*
        kernels
    }};
}
static KERNELS: [Option<PositionKernel>; 13] = kernels!(i8 i16 i32 i64 u8 u16 u32 u64 f32 f64);

/// The kernel for a data type; none if its values have no order.
pub(crate) fn find(dtype: DType) -> Option<&'static PositionKernel> {
    KERNELS[dtype as usize].as_ref()
}
