//! Indexing. Basic indices are views of the same buffer; integer positions move elements.

use array_api::{
    At, DType, Error, Index, IndexAdd, Indices, Put, Result, SetAt, Take, Verdict, implements, with_element,
};
use ndarray::{Axis, SliceInfoElem};
use smallvec::SmallVec;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::array::{NdArray, NdElement};
use crate::engine::by_size::{Movement, moved};
use crate::engine::by_type::{Wide, with_integer};
use crate::engine::nonzero::Nonzero;
use crate::engine::share;
use crate::engine::simd::{Level, compiled, level};

/// A basic index in canonical form, as `ndarray` writes it: with a negative step it counts the range from its end.
fn elements(index: &Indices) -> SmallVec<[SliceInfoElem; 4]> {
    index
        .0
        .iter()
        .map(|entry| match (entry, entry.range()) {
            (Index::At(i), _) => SliceInfoElem::Index(*i),
            (_, Some((_, 0, _))) => SliceInfoElem::Slice { start: 0, end: Some(0), step: 1 },
            (_, Some((start, count, step))) => {
                let (start, last) = (start as isize, start as isize + (count as isize - 1) * step);
                SliceInfoElem::Slice { start: start.min(last), end: Some(start.max(last) + 1), step }
            }
            _ => SliceInfoElem::NewAxis,
        })
        .collect()
}

/// The view of an array at a basic index, without a copy.
pub(crate) fn sliced(x: &NdArray, elements: &[SliceInfoElem]) -> NdArray {
    with_element!(x.dtype(), T => match T::peel(x) {
        Some(a) => T::wrap(a.clone().slice_move(elements)),
        None => x.clone(),
    })
}

// Borrowed: the result is a handle on the same buffer, and its only one once a donated operand is gone.
#[implements(at)]
fn at(x: &NdArray, p: &At) -> Result<NdArray> {
    // What is written most, and what iterating does.
    if let [Index::At(i), rest @ ..] = &p.index.0[..]
        && rest.len() + 1 == x.shape().len()
        && rest.iter().zip(&x.shape()[1..]).all(|(entry, &n)| entry.range() == Some((0, n, 1)))
    {
        return Ok(with_element!(x.dtype(), T => match T::peel(x) {
            Some(a) => T::wrap(a.clone().index_axis_move(Axis(0), *i as usize)),
            None => x.clone(),
        }));
    }
    Ok(sliced(x, &elements(&p.index)))
}

#[implements(at_mask)]
fn at_mask(x: &NdArray, mask: &NdArray) -> Result<NdArray> {
    Ok(Nonzero::of(mask).rows(x))
}

#[implements(set_at)]
fn set_at(x: NdArray, value: &NdArray, p: &SetAt) -> Result<NdArray> {
    let (mut x, elements) = (x, elements(&p.index));
    with_element!(x.dtype(), T => {
        if let (Some(a), Some(value)) = (T::peel_mut(&mut x), value.view::<T>()) {
            // Copies the buffer if somebody else holds it.
            let mut part = a.view_mut().slice_move(&elements[..]);
            match value.first() {
                Some(&v) if value.len() == 1 => part.fill(v),
                _ => part.assign(&value),
            }
        }
    });
    Ok(x)
}

/// Integer positions along an axis, with those that count from the end made explicit.
///
/// # Errors
/// If a position is out of bounds: it is named with the axis and the extent.
pub(crate) fn positions(op: &str, indices: &NdArray, axis: usize, extent: usize) -> Result<Vec<usize>> {
    fn bounded<T: NdElement + Into<Wide>>(op: &str, indices: &NdArray, axis: usize, n: usize) -> Result<Vec<usize>> {
        let extent = n as i128;
        let one = |&i: &T| {
            let Wide(i) = i.into();
            let j = if i < 0 { i + extent } else { i };
            if (0..extent).contains(&j) {
                return Ok(j as usize);
            }
            Err(Error::index(op, format!("index {i} is out of bounds for axis {axis} with {n} elements")))
        };
        match indices.view::<T>() {
            Some(view) => match view.as_slice() {
                Some(s) => s.iter().map(one).collect(),
                None => view.iter().map(one).collect(),
            },
            None => Ok(vec![]),
        }
    }
    with_integer!(op, indices.dtype(), T => bounded::<T>(op, indices, axis, extent))
}

/// An array as slabs before an axis, the axis, and what lies behind it.
pub(crate) struct Around {
    pub(crate) outer: usize,
    pub(crate) extent: usize,
    pub(crate) inner: usize,
}

impl Around {
    pub(crate) fn new(shape: &[usize], axis: usize) -> Around {
        Around { outer: shape[..axis].iter().product(), extent: shape[axis], inner: shape[axis + 1..].iter().product() }
    }
}

/// Positions that are read as they are needed, and checked then: listing a million takes as long as moving as many
/// elements.
pub(crate) struct Places {
    indices: NdArray,
    extent: usize,
    /// Whether one was out of bounds.
    pub(crate) outside: AtomicBool,
}

impl Places {
    /// The positions along an axis; where `unread`, so that none can be looked at later, they are checked now.
    pub(crate) fn new(op: &str, indices: &NdArray, axis: usize, extent: usize, unread: bool) -> Result<Places> {
        let listed = || positions(op, indices, axis, extent);
        let indices = match indices.dtype() {
            // What does not fit `i64` is out of bounds.
            DType::UInt64 => {
                NdArray::from_vec(listed()?.iter().map(|&i| i as i64).collect::<Vec<_>>(), indices.shape())
            }
            _ if unread => NdArray::from_vec(vec![0_i64; listed()?.len()], indices.shape()),
            _ => indices.contiguous(),
        };
        Ok(Places { indices, extent, outside: AtomicBool::new(false) })
    }

    /// Reads the positions from `start` on. In place of one that is out of bounds stands 0.
    pub(crate) fn read(&self, start: usize, to: &mut [usize]) {
        fn read<T: NdElement + Into<i64>>(places: &Places, start: usize, to: &mut [usize]) -> bool {
            let view = places.indices.view::<T>();
            let from = view.as_ref().and_then(|v| v.as_slice()).unwrap_or_default();
            let (mut inside, from, extent) = (true, &from[start..start + to.len()], places.extent as i64);
            // SAFETY: the processor has this level.
            unsafe {
                match level() {
                    Level::Baseline => read_baseline(from, extent, to, &mut inside),
                    Level::Avx2 => read_avx2(from, extent, to, &mut inside),
                    Level::Avx512 => read_avx512(from, extent, to, &mut inside),
                }
            }
            inside
        }
        let inside = match self.indices.dtype() {
            DType::Int8 => read::<i8>(self, start, to),
            DType::Int16 => read::<i16>(self, start, to),
            DType::Int32 => read::<i32>(self, start, to),
            DType::UInt8 => read::<u8>(self, start, to),
            DType::UInt16 => read::<u16>(self, start, to),
            DType::UInt32 => read::<u32>(self, start, to),
            _ => read::<i64>(self, start, to),
        };
        if !inside {
            self.outside.store(true, Ordering::Relaxed);
        }
    }
}

/// An integer that fits `i64`.
trait Place: NdElement + Into<i64> {}
impl<T: NdElement + Into<i64>> Place for T {}

compiled!(read_baseline, read_avx2, read_avx512 = read<T: Place>(from: &[T], extent: i64, to: &mut [usize], inside: &mut bool));

/// Makes positions that count from the end explicit, and 0 of those that are out of bounds.
#[inline(always)]
unsafe fn read<T: Place>(from: &[T], extent: i64, to: &mut [usize], inside: &mut bool) {
    let mut all = true;
    for (to, &i) in to.iter_mut().zip(from) {
        let i: i64 = i.into();
        let j = if i < 0 { i.wrapping_add(extent) } else { i };
        let fits = (j as u64) < extent as u64;
        *to = if fits { j as usize } else { 0 };
        all &= fits;
    }
    *inside = all;
}

struct Rows<'a>(Around, &'a Places);

/// Positions that are read at a time: few enough for the first-level cache.
pub(crate) const PLACES: usize = 1 << 8;
/// Elements that a thread moves in one turn, about.
pub(crate) const TURN: usize = 1 << 13;
/// Elements from which on a second thread pays.
pub(crate) const PARALLEL: usize = 1 << 14;

// SAFETY: the pieces are the whole result, and each of their rows is written.
unsafe impl Movement for Rows<'_> {
    fn run<T: Copy + Send + Sync>(&self, from: &[T], to: &mut [MaybeUninit<T>]) {
        let Rows(Around { extent, inner, .. }, places) = self;
        let count = places.indices.len();
        if to.is_empty() || from.is_empty() {
            return to.fill(MaybeUninit::zeroed());
        }
        let together = (TURN / inner).max(1);
        let parallel = to.len() >= PARALLEL && share::alone();
        let slabs = from.chunks_exact(extent * inner).zip(to.chunks_exact_mut(count * inner));
        let pieces = slabs.flat_map(|(slab, to)| to.chunks_mut(together * inner).enumerate().map(move |p| (slab, p)));
        let work = |(slab, (piece, to)): (&[T], (usize, &mut [MaybeUninit<T>]))| {
            let mut positions = [0; PLACES];
            for (part, to) in to.chunks_mut(PLACES * inner).enumerate() {
                let positions = &mut positions[..to.len() / inner];
                places.read(piece * together + part * PLACES, positions);
                if *inner == 1 {
                    for (to, &i) in to.iter_mut().zip(&*positions) {
                        // SAFETY: what was read is less than the extent, which the slab has; checking again takes a tenth.
                        to.write(unsafe { *slab.get_unchecked(i) });
                    }
                } else {
                    let rows = to.chunks_exact_mut(*inner).zip(&*positions);
                    rows.for_each(|(to, &i)| _ = to.write_copy_of_slice(&slab[i * inner..(i + 1) * inner]));
                }
            }
        };
        if parallel { share::turns(pieces, work) } else { pieces.for_each(work) }
    }
}

#[implements(take)]
fn take(x: &NdArray, indices: &NdArray, p: &Take, verdict: &Verdict) -> Result<NdArray> {
    let axis = p.axis as usize;
    let extent = x.shape()[axis];
    let places = Places::new("take", indices, axis, extent, x.is_empty())?;
    let taken = moved(x, verdict.dims(), &Rows(Around::new(x.shape(), axis), &places));
    if places.outside.into_inner() {
        positions("take", indices, axis, extent)?;
    }
    Ok(taken)
}

/// Addition; integers wrap.
pub(crate) trait Plus: NdElement {
    fn plus(self, other: Self) -> Self;
}

macro_rules! plus {
    ($($t:ty: $a:ident $b:ident => $e:expr;)*) => { $( impl Plus for $t { #[inline] fn plus(self, $b: $t) -> $t { let $a = self; $e } } )* };
}
plus! {
    bool: a b => a | b;
    i8: a b => a.wrapping_add(b); i16: a b => a.wrapping_add(b); i32: a b => a.wrapping_add(b);
    i64: a b => a.wrapping_add(b); u8: a b => a.wrapping_add(b); u16: a b => a.wrapping_add(b);
    u32: a b => a.wrapping_add(b); u64: a b => a.wrapping_add(b); f32: a b => a + b; f64: a b => a + b;
    array_api::Complex<f32>: a b => a + b; array_api::Complex<f64>: a b => a + b;
}

/// `x` as C-ordered elements that may be changed: its own buffer if nobody else holds it.
pub(crate) fn owned<T: NdElement>(mut x: NdArray, change: impl FnOnce(&mut [T])) -> NdArray {
    if x.unique_mut::<T>().is_none() {
        let shape = x.shape().to_vec();
        x = NdArray::from_vec(x.to_vec::<T>().unwrap_or_default(), &shape);
    }
    if let Some(elements) = x.unique_mut::<T>() {
        change(elements);
    }
    x
}

/// Combines each row of `values` with the row of `x` at its position, in order.
fn at_rows<T: NdElement>(
    x: NdArray,
    axis: usize,
    positions: &[usize],
    values: &NdArray,
    combine: impl Fn(&mut [T], &[T]),
) -> NdArray {
    let around = Around::new(x.shape(), axis);
    let (slab, inner, values) = (around.extent * around.inner, around.inner, values.contiguous());
    owned::<T>(x, |x| {
        let view = values.view::<T>();
        let mut values = view.as_ref().and_then(|v| v.as_slice()).unwrap_or_default();
        for o in 0..around.outer {
            for &i in positions {
                let (row, rest) = values.split_at(inner);
                combine(&mut x[o * slab + i * inner..][..inner], row);
                values = rest;
            }
        }
    })
}

#[implements(index_add)]
fn index_add(x: NdArray, indices: &NdArray, values: &NdArray, p: &IndexAdd) -> Result<NdArray> {
    let axis = p.axis as usize;
    let positions = positions("index_add", indices, axis, x.shape()[axis])?;
    Ok(with_element!(x.dtype(), T => at_rows::<T>(x, axis, &positions, values, |to, row| {
        to.iter_mut().zip(row).for_each(|(to, &v)| *to = to.plus(v));
    })))
}

#[implements(put)]
fn put(x: NdArray, indices: &NdArray, values: &NdArray, p: &Put) -> Result<NdArray> {
    let axis = p.axis as usize;
    let positions = positions("put", indices, axis, x.shape()[axis])?;
    Ok(with_element!(x.dtype(), T => at_rows::<T>(x, axis, &positions, values, |to, row| to.copy_from_slice(row))))
}
