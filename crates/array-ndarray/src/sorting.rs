//! Sorting along an axis: stable, not-a-number last in either direction, -0.0 equal to 0.0.

use array_api::{Argsort, Result, Sort, implements};

use crate::array::NdArray;
use crate::engine::by_type::with_real;
use crate::engine::lines::lines;
use crate::engine::order::{Keyed, turned};
use crate::engine::radix;
use crate::engine::simd::{Level, compiled, level};
use crate::engine::{argsort, pool, share};

/// The values of a line in order.
pub(crate) fn sort_line<T: Keyed>(from: &[T], to: &mut [T], descending: bool) {
    let keys = sorted_keys(from, descending);
    back(from, &keys, to, descending);
    pool::keep(keys);
}

/// The keys of a line in order, in a vector from the pool.
pub(crate) fn sorted_keys<T: Keyed>(from: &[T], descending: bool) -> Vec<T::Key> {
    let mut keys = pool::vector::<T::Key>(from.len());
    keys.resize(from.len(), T::Key::default());
    let level = level();
    // SAFETY: the processor has this level.
    each(from, &mut keys, |from, to| unsafe {
        match level {
            Level::Baseline => keys_baseline(from, to, descending),
            Level::Avx2 => keys_avx2(from, to, descending),
            Level::Avx512 => keys_avx512(from, to, descending),
        }
    });
    radix::sort(&mut keys);
    keys
}

/// The values of sorted keys, which are those of a line. Values that share a key, such as 0.0 and -0.0, keep their order.
pub(crate) fn back<T: Keyed>(from: &[T], keys: &[T::Key], to: &mut [T], descending: bool) {
    let level = level();
    // SAFETY: the processor has this level.
    each(keys, to, |keys, to| unsafe {
        match level {
            Level::Baseline => values_baseline(keys, to, descending),
            Level::Avx2 => values_avx2(keys, to, descending),
            Level::Avx512 => values_avx512(keys, to, descending),
        }
    });
    for &shared in T::SHARED {
        let key = turned::<T>(shared, descending);
        let first = keys.partition_point(|&k| k < key);
        let count = keys[first..].partition_point(|&k| k == key);
        if count > 0 {
            let same = from.iter().filter(|x| x.key() == shared);
            to[first..first + count].iter_mut().zip(same).for_each(|(to, &x)| *to = x);
        }
    }
}

compiled!(keys_baseline, keys_avx2, keys_avx512 = keys<T: Keyed>(from: &[T], to: &mut [T::Key], descending: bool));

#[inline(always)]
unsafe fn keys<T: Keyed>(from: &[T], to: &mut [T::Key], descending: bool) {
    to.iter_mut().zip(from).for_each(|(to, x)| *to = x.place(descending));
}

compiled!(values_baseline, values_avx2, values_avx512 = values<T: Keyed>(from: &[T::Key], to: &mut [T], descending: bool));

#[inline(always)]
unsafe fn values<T: Keyed>(from: &[T::Key], to: &mut [T], descending: bool) {
    to.iter_mut().zip(from).for_each(|(to, &key)| *to = T::value(turned::<T>(key, descending)));
}

/// Computes each element from one, by all threads where they are many.
fn each<A: Sync, B: Send>(from: &[A], to: &mut [B], piece: impl Fn(&[A], &mut [B]) + Sync) {
    match from.len() >= 1 << 16 && share::alone() {
        true => share::turns(from.chunks(1 << 13).zip(to.chunks_mut(1 << 13)), |(from, to)| piece(from, to)),
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
    with_real!("sort", x.dtype(), T => lines(x, axis, n, || (), |from: &[T], to: &mut [T], ()| {
        sort_line(from, to, p.descending);
        Ok(())
    }))
}
