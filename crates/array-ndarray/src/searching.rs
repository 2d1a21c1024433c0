//! Searching and counting: positions of what is not zero, places in sorted arrays, how often integers occur.

use array_api::{Bincount, Result, Searchsorted, Verdict, implements};
use num_traits::ToPrimitive;

use crate::array::NdArray;
use crate::engine::by_type::{with_integer, with_real};
use crate::engine::nonzero::Nonzero;
use crate::engine::order::Ordered;
use crate::engine::share;
use crate::indexing::positions;

#[implements(nonzero)]
fn nonzero(x: &NdArray) -> Result<Vec<NdArray>> {
    Ok(Nonzero::of(x).positions())
}

/// Not-a-number is the largest value, as in sorting.
#[implements(searchsorted)]
fn searchsorted(
    x1: &NdArray,
    x2: &NdArray,
    sorter: Option<&NdArray>,
    p: &Searchsorted,
    verdict: &Verdict,
) -> Result<NdArray> {
    let order = sorter.map(|s| positions("searchsorted", s, 0, x1.shape()[0])).transpose()?;
    with_real!("searchsorted", x1.dtype(), T => {
        let values = x1.to_vec::<T>().unwrap_or_default();
        let sorted: Vec<_> = match order {
            Some(order) => order.into_iter().map(|i| values[i].key()).collect(),
            None => values.into_iter().map(Ordered::key).collect(),
        };
        let wanted = x2.to_vec::<T>().unwrap_or_default();
        let mut out = vec![0; wanted.len()];
        let piece = |(to, from): (&mut [i64], &[T])| match p.side == "right" {
            true => places(&sorted, to, from, |k, key| k <= key),
            false => places(&sorted, to, from, |k, key| k < key),
        };
        match wanted.len() >= 1 << 13 && share::alone() {
            true => share::turns(out.chunks_mut(1 << 10).zip(wanted.chunks(1 << 10)), piece),
            false => piece((&mut out, &wanted)),
        }
        Ok(NdArray::from_vec::<i64>(out, verdict.dims()))
    })
}

/// How many values are searched for side by side: each step waits for memory, but not for the other values' steps.
const SIDE_BY_SIDE: usize = 8;

/// How many of the sorted keys go before each value.
fn places<T: Ordered>(sorted: &[T::Key], to: &mut [i64], values: &[T], before: impl Fn(T::Key, T::Key) -> bool + Copy) {
    let (to, to_rest) = to.as_chunks_mut::<SIDE_BY_SIDE>();
    let (values, rest) = values.as_chunks::<SIDE_BY_SIDE>();
    for (to, values) in to.iter_mut().zip(values) {
        *to = search(sorted, values.map(T::key), before);
    }
    for (to, value) in to_rest.iter_mut().zip(rest) {
        [*to] = search(sorted, [value.key()], before);
    }
}

/// Binary search for several keys: the pieces that are left have the same lengths for all of them.
#[inline]
fn search<K: Copy, const N: usize>(sorted: &[K], keys: [K; N], before: impl Fn(K, K) -> bool) -> [i64; N] {
    let (mut first, mut length) = ([0; N], sorted.len());
    if length == 0 {
        return [0; N];
    }
    while length > 1 {
        let half = length / 2;
        for (first, &key) in first.iter_mut().zip(&keys) {
            let middle = *first + half;
            // A branch would be guessed wrong half of the time.
            *first = std::hint::select_unpredictable(before(sorted[middle], key), middle, *first);
        }
        length -= half;
    }
    std::array::from_fn(|i| (first[i] + usize::from(before(sorted[first[i]], keys[i]))) as i64)
}

/// Values that are no place of the result are not counted.
#[implements(bincount)]
fn bincount(x: &NdArray, p: &Bincount, verdict: &Verdict) -> Result<NdArray> {
    let mut counts = vec![0_i64; p.length];
    let x = x.contiguous();
    with_integer!("bincount", x.dtype(), T => {
        let view = x.view::<T>();
        for &value in view.as_ref().and_then(|v| v.as_slice()).unwrap_or_default() {
            if let Some(count) = value.to_usize().and_then(|place| counts.get_mut(place)) {
                *count += 1;
            }
        }
        Ok(NdArray::from_vec::<i64>(counts, verdict.dims()))
    })
}
