//! A stable sort of keys, alone or with the positions that they come from.
//!
//! Processors with AVX-512 sort keys of four and eight bytes by vectors (`quick.rs`). Elsewhere many keys of up to four bytes are sorted by their digits, least significant first; comparing
//! is faster for longer ones (a million of eight bytes: 15 ms instead of 23, with positions 48 instead of 62).

use crate::engine::order::Digits;
use crate::engine::share;

/// What is sorted: a key, or a key and what goes with it.
pub(crate) trait Item: Copy + Default + Ord + Send + Sync {
    type Key: Digits;
    fn key(self) -> Self::Key;
    /// Sorts by vectors if that is possible and fast, and says whether it is.
    fn sort_by_vectors(_: &mut [Self]) -> bool {
        false
    }
}

impl<K: Digits> Item for K {
    type Key = K;
    #[inline(always)]
    fn key(self) -> K {
        self
    }
    fn sort_by_vectors(items: &mut [K]) -> bool {
        K::by_vectors(items)
    }
}

/// A key and the position that it comes from, which orders equal keys.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Placed<K, I>(pub(crate) K, pub(crate) I);

impl<K: Digits> Item for Placed<K, u32> {
    type Key = K;
    #[inline(always)]
    fn key(self) -> K {
        self.0
    }
}

/// A run that one thread sorts, at least; also the least that is merged by two.
const RUN: usize = 1 << 15;

/// Sorts by key; items of equal keys keep their order, which positions must give.
///
/// Uses the threads of the pool unless called from one of them; the result is the same.
pub(crate) fn sort<T: Item>(items: &mut [T]) {
    let threads = if items.len() >= RUN && share::alone() { rayon::current_num_threads() } else { 1 };
    if let Some(first) = two_runs(items, |a, b| a.key() <= b.key()) {
        if first < items.len() {
            let (left, right) = items.split_at(first);
            let mut room = vec![T::default(); items.len()];
            merge(left, right, &mut room, threads);
            items.copy_from_slice(&room);
        }
        return;
    }
    if T::sort_by_vectors(items) {
        return;
    }
    let mut room = Vec::new();
    if by_digits::<T>(items.len()) || (threads > 1 && items.len() >= 2 * RUN) {
        room.resize(items.len(), T::default());
    }
    sort_by_threads(items, &mut room, threads);
}

/// Whether counting digits is faster than comparing; 32 bits count the items.
fn by_digits<T: Item>(n: usize) -> bool {
    T::Key::BYTES <= 4 && n >= 128 * T::Key::BYTES && u32::try_from(n).is_ok()
}

/// How long the first of at most two sorted runs is: what a merge leaves to do, where sorted parts were joined. Of items in no
/// order it looks at a few.
pub(crate) fn two_runs<T>(items: &[T], ascends: impl Fn(&T, &T) -> bool) -> Option<usize> {
    let first = items.windows(2).position(|pair| !ascends(&pair[0], &pair[1])).map_or(items.len(), |i| i + 1);
    items[first..].is_sorted_by(ascends).then_some(first)
}

fn sort_by_threads<T: Item>(items: &mut [T], room: &mut [T], threads: usize) {
    let n = items.len();
    if threads < 2 || n < 2 * RUN {
        return sort_serial(items, room);
    }
    let (left, right) = items.split_at_mut(n / 2);
    let (room_left, room_right) = room.split_at_mut(n / 2);
    rayon::join(
        || sort_by_threads(left, room_left, threads / 2),
        || sort_by_threads(right, room_right, threads - threads / 2),
    );
    merge(left, right, room, threads);
    items.copy_from_slice(room);
}

/// Merges two sorted parts; of equal keys the left part's come first.
fn merge<T: Item>(left: &[T], right: &[T], out: &mut [T], threads: usize) {
    if threads > 1 && out.len() >= RUN {
        // Cut the longer part in the middle, the other where it belongs.
        let (i, j) = if left.len() >= right.len() {
            let i = left.len() / 2;
            (i, right.partition_point(|r| r.key() < left[i].key()))
        } else {
            let j = right.len() / 2;
            (left.partition_point(|l| l.key() <= right[j].key()), j)
        };
        let (low, high) = out.split_at_mut(i + j);
        rayon::join(|| merge(&left[..i], &right[..j], low, threads), || merge(&left[i..], &right[j..], high, threads));
        return;
    }
    let (mut i, mut j) = (0, 0);
    for out in out {
        let from_left = j >= right.len() || (i < left.len() && left[i].key() <= right[j].key());
        *out = if from_left { left[i] } else { right[j] };
        i += usize::from(from_left);
        j += usize::from(!from_left);
    }
}

/// Sorts on this thread; `room` is as long as `items` where digits are counted.
fn sort_serial<T: Item>(items: &mut [T], room: &mut [T]) {
    let n = items.len();
    if !by_digits::<T>(n) {
        // Positions make all items different, and equal keys alone are the same: nothing is left to keep in order.
        return items.sort_unstable();
    }
    let mut counts = vec![[0_u32; 256]; T::Key::BYTES];
    for item in items.iter() {
        let key = item.key();
        for (i, counts) in counts.iter_mut().enumerate() {
            counts[key.digit(i)] += 1;
        }
    }
    let (mut from, mut to) = (items, room);
    let mut moved = false;
    for (i, counts) in counts.iter_mut().enumerate() {
        if counts.iter().any(|&c| c as usize == n) {
            continue;
        }
        let mut next = 0;
        for c in counts.iter_mut() {
            next += std::mem::replace(c, next);
        }
        for &item in from.iter() {
            let place = &mut counts[item.key().digit(i)];
            to[*place as usize] = item;
            *place += 1;
        }
        std::mem::swap(&mut from, &mut to);
        moved = !moved;
    }
    if moved {
        to.copy_from_slice(from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_agrees_with_the_standard_library() {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        };
        for (n, span) in [(0, 1), (1, 9), (300, 5), (3000, 1 << 31), (3 * RUN, 1000), (5 * RUN + 7, 1 << 31)] {
            let wide: Vec<_> = (0..n).map(|i| Placed(next() % span, i as u32)).collect();
            agrees(&wide);
            agrees(&wide.iter().map(|p| Placed(p.0 as u32, p.1)).collect::<Vec<_>>());
            agrees(&wide.iter().map(|p| p.0 as u16).collect::<Vec<_>>());
        }
    }

    #[test]
    fn joined_runs_are_merged() {
        for (n, cut, span) in [(2, 1, 9), (9, 9, 5), (9, 0, 5), (1000, 300, 40), (3 * RUN, RUN / 2, u32::MAX)] {
            let mut items: Vec<_> = (0..n as u32).map(|i| Placed(i.wrapping_mul(2_654_435_761) % span, i)).collect();
            items[..cut].sort_by_key(|p| p.0);
            items[cut..].sort_by_key(|p| p.0);
            assert!(
                two_runs(&items, |a, b| a.0 <= b.0)
                    .is_some_and(|first| first == cut || items.is_sorted_by_key(|p| p.0))
            );
            let mut want = items.clone();
            want.sort_by_key(|p| p.0);
            let mut keys: Vec<_> = items.iter().map(|p| p.0).collect();
            for (i, item) in items.iter_mut().enumerate() {
                item.1 = i as u32;
            }
            sort(&mut items);
            assert!(items.is_sorted());
            sort(&mut keys);
            assert_eq!(keys, want.iter().map(|p| p.0).collect::<Vec<_>>());
        }
        assert_eq!(two_runs(&[1_u32, 0, 1, 0], |a, b| a <= b), None);
    }

    fn agrees<T: Item + std::fmt::Debug>(items: &[T]) {
        let mut want = items.to_vec();
        want.sort_by_key(|p| p.key());
        for threads in [1, 2, 3, 8] {
            let (mut got, mut room) = (items.to_vec(), vec![T::default(); items.len()]);
            sort_by_threads(&mut got, &mut room, threads);
            assert_eq!(got, want, "{threads} threads");
        }
    }
}
