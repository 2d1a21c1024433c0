//! Sorting along an axis: stable, not-a-number last in either direction, -0.0 equal to 0.0.

use array_api::{Argsort, Result, Sort, implements};
use rayon::prelude::*;

use crate::array::{NdArray, NdElement};
use crate::engine::order::{Keyed, Ordered, turned, with_real};
use crate::engine::radix::{self, Placed};

/// Sorts every line of an axis by itself: `line(from, to)`.
fn lines<T: NdElement, U: NdElement>(x: &NdArray, axis: usize, line: impl Fn(&[T], &mut [U]) + Sync) -> NdArray {
    // The axis goes last, where lines have no gaps, and its place is given back at the end.
    let rank = x.shape().len();
    let last: Vec<usize> = (0..rank).filter(|&a| a != axis).chain([axis]).collect();
    let mut back: Vec<usize> = (0..rank - 1).collect();
    back.insert(axis, rank - 1);
    let x = x.clone().permuted(&last).contiguous();
    let view = x.view::<T>();
    let from = view.as_ref().and_then(|v| v.as_slice()).unwrap_or_default();
    let n = x.shape()[rank - 1];
    let mut out = vec![U::default(); from.len()];
    if !from.is_empty() {
        let many = from.len() / n > 1 && from.len() >= 1 << 13;
        if many && rayon::current_thread_index().is_none() {
            from.par_chunks(n).zip(out.par_chunks_mut(n)).for_each(|(from, to)| line(from, to));
        } else {
            from.chunks(n).zip(out.chunks_mut(n)).for_each(|(from, to)| line(from, to));
        }
    }
    NdArray::from_vec(out, x.shape()).permuted(&back)
}

/// The positions of a line's elements in sorted order.
pub(crate) fn order<T: Ordered>(line: &[T], descending: bool) -> Vec<Placed<T::Key, u32>> {
    let mut order: Vec<_> = line.iter().zip(0..).map(|(x, i)| Placed(x.place(descending), i)).collect();
    radix::sort(&mut order);
    order
}

/// The keys of a line in order.
fn sort_line<T: Keyed>(from: &[T], to: &mut [T], descending: bool) {
    let mut keys: Vec<T::Key> = from.iter().map(|x| x.place(descending)).collect();
    radix::sort(&mut keys);
    to.iter_mut().zip(&keys).for_each(|(to, &key)| *to = T::value(turned::<T>(key, descending)));
    // Values that share a key, such as 0.0 and -0.0, keep their order.
    for &shared in T::SHARED {
        let key = turned::<T>(shared, descending);
        let first = keys.partition_point(|&k| k < key);
        if keys.get(first) == Some(&key) {
            let same = from.iter().filter(|x| x.key() == shared);
            to[first..].iter_mut().zip(same).for_each(|(to, &x)| *to = x);
        }
    }
}

#[implements(argsort)]
fn argsort(x: &NdArray, p: &Argsort) -> Result<NdArray> {
    if x.shape().is_empty() {
        return Ok(NdArray::scalar(0_i64));
    }
    with_real!("argsort", x.dtype(), T => Ok(lines::<T, i64>(x, p.axis as usize, |from, to| {
        if u32::try_from(from.len()).is_ok() {
            let order = order(from, p.descending);
            to.iter_mut().zip(order).for_each(|(to, Placed(_, i))| *to = i64::from(i));
        } else {
            to.iter_mut().zip(0..).for_each(|(to, i)| *to = i);
            to.sort_by_key(|&i| from[i as usize].place(p.descending));
        }
    })))
}

#[implements(sort)]
fn sort(x: &NdArray, p: &Sort) -> Result<NdArray> {
    if x.shape().is_empty() {
        return Ok(x.clone());
    }
    let axis = p.axis as usize;
    with_real!("sort", x.dtype(), T => Ok(lines::<T, T>(x, axis, |from, to| sort_line(from, to, p.descending))))
}
