//! Work shared among the threads of the pool.
//!
//! Rayon's adaptors are compiled anew for every closure and element type that they meet, which once made a seventh of this
//! crate's code. Here they meet one: whatever is generic stays outside of them.

use rayon::prelude::*;
use std::sync::{Mutex, PoisonError};

/// Whether work is better shared: not inside the pool, where independent work already fills the threads.
pub(crate) fn alone() -> bool {
    rayon::current_thread_index().is_none()
}

/// Runs `part(0)` to `part(count - 1)`, in any order, by all threads.
pub(crate) fn parts(count: usize, part: &(dyn Fn(usize) + Sync)) {
    (0..count).into_par_iter().for_each(part);
}

/// Threads take items, each the next one, until none is left: for pieces of a result, which only an iterator can hand out.
///
/// An item should be worth some microseconds, since the iterator is locked for each.
pub(crate) fn turns<I: Iterator + Send>(items: I, work: impl Fn(I::Item) + Sync) {
    turns_with(items, || (), |(), item| work(item));
}

/// The same, each thread with something of its own, such as a buffer.
pub(crate) fn turns_with<I: Iterator + Send, B>(
    items: I,
    own: impl Fn() -> B + Sync,
    work: impl Fn(&mut B, I::Item) + Sync,
) {
    let items = Mutex::new(items);
    parts(rayon::current_num_threads(), &|_| {
        let mut own = own();
        loop {
            let item = items.lock().unwrap_or_else(PoisonError::into_inner).next();
            match item {
                Some(item) => work(&mut own, item),
                None => break,
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_has_its_turn_once() {
        for n in [0, 1, 7, 1000] {
            let mut out = vec![0; n];
            turns(out.chunks_mut(3).enumerate(), |(i, piece)| piece.iter_mut().for_each(|x| *x += i + 1));
            assert!(out.iter().enumerate().all(|(i, &x)| x == i / 3 + 1));
        }
    }
}
