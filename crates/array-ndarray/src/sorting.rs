//! Sorting along an axis: stable, not-a-number last in either direction, -0.0 equal to 0.0.

use array_api::{Argsort, Result, Sort, implements};
use smallvec::SmallVec;
use std::mem::MaybeUninit;
use std::ops::Range;

use crate::array::NdArray;
use crate::engine::by_type::with_real;
use crate::engine::lines::{lines, lines_unset};
use crate::engine::order::{Keyed, turned};
use crate::engine::radix;
use crate::engine::simd::{Level, compiled, level};
use crate::engine::{argsort, pool, share};

/// The values of a line in order: their keys are sorted where they go.
fn sort_line<T: Keyed>(from: &[T], to: &mut [MaybeUninit<T>], descending: bool) {
    const { assert!(size_of::<T>() == size_of::<T::Key>() && align_of::<T>() == align_of::<T::Key>()) };
    // SAFETY: there is room for as many keys.
    let room = unsafe { std::slice::from_raw_parts_mut(to.as_mut_ptr().cast::<MaybeUninit<T::Key>>(), to.len()) };
    let keys = sorted(from, room, descending);
    let shared = T::SHARED.iter().map(|&key| (key, range_of::<T>(keys, key, descending)));
    let shared: SmallVec<[_; 2]> = shared.collect();
    let level = level();
    // SAFETY: the processor has this level, and each key is read before its value is written.
    let values = |keys: &mut [T::Key]| unsafe {
        let (n, from, to) = (keys.len(), keys.as_ptr(), keys.as_mut_ptr().cast());
        match level {
            Level::Baseline => values_baseline::<T>(n, from, to, descending),
            Level::Avx2 => values_avx2::<T>(n, from, to, descending),
            Level::Avx512 => values_avx512::<T>(n, from, to, descending),
        }
    };
    match shared_out(keys.len()) {
        true => share::pieces(keys, PIECE, |_, piece| values(piece)),
        false => values(keys),
    }
    for (key, range) in shared {
        let same = from.iter().filter(|x| x.key() == key);
        to[range].iter_mut().zip(same).for_each(|(to, &x)| *to = MaybeUninit::new(x));
    }
}

/// The keys of a line in order, in a vector from the pool.
pub(crate) fn sorted_keys<T: Keyed>(from: &[T], descending: bool) -> Vec<T::Key> {
    let mut keys = pool::vector::<T::Key>(from.len());
    sorted(from, &mut keys.spare_capacity_mut()[..from.len()], descending);
    // SAFETY: there are as many sorted keys.
    unsafe { keys.set_len(from.len()) };
    keys
}

/// Writes the keys of a line, and sorts them.
fn sorted<'a, T: Keyed>(from: &[T], room: &'a mut [MaybeUninit<T::Key>], descending: bool) -> &'a mut [T::Key] {
    assert_eq!(from.len(), room.len());
    let level = level();
    // SAFETY: the processor has this level; there is room for as many keys.
    each(from, room, |from, to| unsafe {
        match level {
            Level::Baseline => keys_baseline(from, to, descending),
            Level::Avx2 => keys_avx2(from, to, descending),
            Level::Avx512 => keys_avx512(from, to, descending),
        }
    });
    // SAFETY: each was just written.
    let keys = unsafe { &mut *(room as *mut [MaybeUninit<T::Key>] as *mut [T::Key]) };
    radix::sort(keys);
    keys
}

/// The values of sorted keys, which are those of a line. Values that share a key, such as 0.0 and -0.0, keep their order.
pub(crate) fn back<T: Keyed>(from: &[T], keys: &[T::Key], to: &mut [T], descending: bool) {
    let level = level();
    // SAFETY: the processor has this level, and there is room for as many values.
    each(keys, to, |keys, to| unsafe {
        let (n, from, to) = (keys.len().min(to.len()), keys.as_ptr(), to.as_mut_ptr());
        match level {
            Level::Baseline => values_baseline::<T>(n, from, to, descending),
            Level::Avx2 => values_avx2::<T>(n, from, to, descending),
            Level::Avx512 => values_avx512::<T>(n, from, to, descending),
        }
    });
    for &shared in T::SHARED {
        let same = from.iter().filter(|x| x.key() == shared);
        to[range_of::<T>(keys, shared, descending)].iter_mut().zip(same).for_each(|(to, &x)| *to = x);
    }
}

/// Where a key is among those in order.
fn range_of<T: Keyed>(keys: &[T::Key], key: T::Key, descending: bool) -> Range<usize> {
    let key = turned::<T>(key, descending);
    let first = keys.partition_point(|&k| k < key);
    first..first + keys[first..].partition_point(|&k| k == key)
}

compiled!(keys_baseline, keys_avx2, keys_avx512 =
    keys<T: Keyed>(from: &[T], to: &mut [MaybeUninit<T::Key>], descending: bool));

#[inline(always)]
unsafe fn keys<T: Keyed>(from: &[T], to: &mut [MaybeUninit<T::Key>], descending: bool) {
    to.iter_mut().zip(from).for_each(|(to, x)| *to = MaybeUninit::new(x.place(descending)));
}

compiled!(values_baseline, values_avx2, values_avx512 =
    values<T: Keyed>(n: usize, from: *const T::Key, to: *mut T, descending: bool));

/// # Safety
/// There must be `n` keys, and room for as many values, which may be the same place.
#[inline(always)]
unsafe fn values<T: Keyed>(n: usize, from: *const T::Key, to: *mut T, descending: bool) {
    // Where keys and values share a place, the compiler uses vectors only for blocks that are read whole before they are written.
    const BLOCK: usize = 64;
    let whole = n - n % BLOCK;
    for first in (0..whole).step_by(BLOCK) {
        // SAFETY: the caller's.
        unsafe {
            let keys = from.add(first).cast::<[T::Key; BLOCK]>().read();
            to.add(first).cast::<[T; BLOCK]>().write(keys.map(|key| T::value(turned::<T>(key, descending))));
        }
    }
    for i in whole..n {
        // SAFETY: the caller's.
        unsafe { to.add(i).write(T::value(turned::<T>(*from.add(i), descending))) };
    }
}

/// Elements that a thread computes in one turn.
const PIECE: usize = 1 << 13;

/// Whether so many elements are worth a second thread.
fn shared_out(n: usize) -> bool {
    n >= 8 * PIECE && share::alone()
}

/// Computes each element from one, by all threads where they are many.
fn each<A: Sync, B: Send>(from: &[A], to: &mut [B], piece: impl Fn(&[A], &mut [B]) + Sync) {
    match shared_out(from.len()) {
        true => share::pieces(to, PIECE, |first, to| piece(&from[first..first + to.len()], to)),
        false => piece(from, to),
    }
}

#[implements(argsort)]
fn argsort(x: &NdArray, p: &Argsort) -> Result<NdArray> {
    if x.shape().is_empty() {
        return Ok(NdArray::scalar(0_i64));
    }
    let axis = p.axis as usize;
    let n = x.shape()[axis];
    with_real!("argsort", x.dtype(), T => lines(x, axis, n, || (), |from: &[T], to: &mut [i64], ()| {
        argsort::argsort(from, to, p.descending);
        Ok(())
    }))
}

#[implements(sort)]
fn sort(x: &NdArray, p: &Sort) -> Result<NdArray> {
    if x.shape().is_empty() {
        return Ok(x.clone());
    }
    let axis = p.axis as usize;
    let n = x.shape()[axis];
    // SAFETY: as many values are written as there are.
    with_real!("sort", x.dtype(), T => unsafe { lines_unset(x, axis, n, || (), |from: &[T], to: &mut [_], ()| {
        sort_line(from, to, p.descending);
        Ok(())
    }) })
}
