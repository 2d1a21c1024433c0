//! Sorting along an axis: stable, not-a-number last in either direction, -0.0 equal to 0.0.

use array_api::{Argsort, Result, Sort, implements};

use crate::array::NdArray;
use crate::engine::by_type::with_real;
use crate::engine::lines::lines;
use crate::engine::order::{Keyed, Ordered, turned};
use crate::engine::radix::{self, Placed};
use crate::engine::{pool, share};

/// The positions of a line's elements in sorted order.
pub(crate) fn order<T: Ordered>(line: &[T], descending: bool) -> Vec<Placed<T::Key, u32>> {
    let mut order: Vec<_> = line.iter().zip(0..).map(|(x, i)| Placed(x.place(descending), i)).collect();
    radix::sort(&mut order);
    order
}

/// The values of a line in order.
pub(crate) fn sort_line<T: Keyed>(from: &[T], to: &mut [T], descending: bool) {
    let mut keys = pool::vector::<T::Key>(from.len());
    keys.resize(from.len(), T::Key::default());
    each(from, &mut keys, |x| x.place(descending));
    radix::sort(&mut keys);
    each(&keys, to, |&key| T::value(turned::<T>(key, descending)));
    // Values that share a key, such as 0.0 and -0.0, keep their order.
    for &shared in T::SHARED {
        let key = turned::<T>(shared, descending);
        let first = keys.partition_point(|&k| k < key);
        if keys.get(first) == Some(&key) {
            let same = from.iter().filter(|x| x.key() == shared);
            to[first..].iter_mut().zip(same).for_each(|(to, &x)| *to = x);
        }
    }
    pool::keep(keys);
}

/// Computes each element from one, by all threads where they are many.
fn each<A: Sync, B: Send>(from: &[A], to: &mut [B], of: impl Fn(&A) -> B + Sync) {
    let piece = |(from, to): (&[A], &mut [B])| to.iter_mut().zip(from).for_each(|(to, x)| *to = of(x));
    match from.len() >= 1 << 16 && share::alone() {
        true => share::turns(from.chunks(1 << 13).zip(to.chunks_mut(1 << 13)), piece),
        false => piece((from, to)),
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
        if u32::try_from(from.len()).is_ok() {
            let order = order(from, p.descending);
            to.iter_mut().zip(order).for_each(|(to, Placed(_, i))| *to = i64::from(i));
        } else {
            to.iter_mut().zip(0..).for_each(|(to, i)| *to = i);
            to.sort_by_key(|&i| from[i as usize].place(p.descending));
        }
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
