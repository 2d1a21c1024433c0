//! Work shared among threads: the caller's and those of rayon's pool.
//!
//! Rayon's own adaptors, called from outside of the pool, hand everything to it and sleep until it is done: some 50
//! microseconds, in which a kernel has gone over 100,000 numbers. Here the caller begins at once, the pool's threads join
//! it as they wake, and one that comes late finds nothing left and is not waited for. When nothing is left they stay awake for
//! a moment (`standby.rs`), since the next call is often near.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::*};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Thread};

use array_api::parallel::forked;
use smallvec::SmallVec;

use crate::engine::standby::Standby;

thread_local! {
    /// Whether this thread, which is none of the pool's, computes a part of something.
    static SHARING: Cell<bool> = const { Cell::new(false) };
}

/// Whether work is better shared: not inside of shared work, which fills the threads already, nor where there are no threads to
/// share it with. To ask takes some 80 nanoseconds: whether there is enough to share is the first question.
pub(crate) fn alone() -> bool {
    rayon::current_thread_index().is_none() && !SHARING.get() && !forked()
}

/// Looks at the parts that others compute before the caller sleeps: about 20 microseconds.
const LOOKS: usize = 1 << 10;

static STANDBY: Standby<Arc<Shared>> = Standby::new();

/// Parts, in as many ranges as threads. Each thread begins with a range of its own, the same one in every call: the memory that
/// it computes with is likely in its cache. Then it takes what others have left.
struct Shared {
    part: *const (dyn Fn(usize) + Sync),
    /// The next part of each range, and where the range ends.
    ranges: SmallVec<[(AtomicUsize, usize); 8]>,
    unfinished: AtomicUsize,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    caller: Thread,
}

// SAFETY: `part` is `Sync`, and is called only while the caller waits for it: see `shared`.
unsafe impl Send for Shared {}
// SAFETY: the same.
unsafe impl Sync for Shared {}

impl Shared {
    /// Computes parts until none is left, those of the range `first` before the others.
    fn work(&self, first: usize) {
        let (before, after) = self.ranges.split_at(first % self.ranges.len());
        for (next, end) in after.iter().chain(before) {
            loop {
                let i = next.fetch_add(1, Relaxed);
                if i >= *end {
                    break;
                }
                self.compute(i);
            }
        }
    }

    fn compute(&self, i: usize) {
        // SAFETY: part `i` is unfinished, so the caller of `shared` has not returned and the closure lives.
        let part = unsafe { &*self.part };
        if let Err(cause) = catch_unwind(AssertUnwindSafe(|| part(i))) {
            *self.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(cause);
        }
        if self.unfinished.fetch_sub(1, AcqRel) == 1 {
            self.caller.unpark();
        }
    }

    fn wait(&self) {
        for _ in 0..LOOKS {
            if self.unfinished.load(Acquire) == 0 {
                return;
            }
            std::hint::spin_loop();
        }
        while self.unfinished.load(Acquire) > 0 {
            thread::park();
        }
    }
}

/// Runs `part(0)` to `part(count - 1)`, in any order, by all threads. Many are taken a run at a time.
///
/// # Panics
/// If a part does, when no thread computes any more.
pub(crate) fn parts(count: usize, part: &(dyn Fn(usize) + Sync)) {
    let threads = rayon::current_num_threads().min(count);
    if threads <= 1 || !alone() {
        return (0..count).for_each(part);
    }
    let runs = count.min(RUNS * threads);
    shared(threads, runs, &|run| (count * run / runs..count * (run + 1) / runs).for_each(part));
}

/// Runs per thread: enough for one that is slowed down to leave some to the others.
const RUNS: usize = 16;

fn shared<'a>(threads: usize, count: usize, part: &'a (dyn Fn(usize) + Sync + 'a)) {
    // SAFETY: only the lifetime changes. Whoever calls the closure has taken a part that counts as unfinished until the call
    // is over, and this function returns when no part is unfinished.
    let part = unsafe {
        std::mem::transmute::<*const (dyn Fn(usize) + Sync + 'a), *const (dyn Fn(usize) + Sync + 'static)>(part)
    };
    let shared = Arc::new(Shared {
        part,
        ranges: (0..threads).map(|t| (AtomicUsize::new(count * t / threads), count * (t + 1) / threads)).collect(),
        unfinished: AtomicUsize::new(count),
        panic: Mutex::new(None),
        caller: thread::current(),
    });
    for _ in 0..STANDBY.give(threads - 1, rayon::current_num_threads() - 1, || shared.clone()) {
        rayon::spawn(|| {
            let place = rayon::current_thread_index().unwrap_or(0);
            while let Some(shared) = STANDBY.look() {
                // The first range is the caller's.
                shared.work(1 + place % (shared.ranges.len() - 1));
            }
        });
    }
    SHARING.set(true);
    shared.work(0);
    SHARING.set(false);
    shared.wait();
    STANDBY.withdraw(|work| !Arc::ptr_eq(work, &shared));
    let panic = shared.panic.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(cause) = panic {
        resume_unwind(cause);
    }
}

/// Threads take items, each the next one, until none is left: for pieces of a result, which only an iterator can hand out.
///
/// An item should be worth some microseconds, since the iterator is locked for each.
pub(crate) fn turns<I: Iterator + Send>(items: I, work: impl Fn(I::Item) + Sync) {
    turns_with(items, || (), |(), item| work(item));
}

/// Operations from which on threads are worth waking.
const WORTH: usize = 1 << 16;

/// The same where so many operations are worth it; else the caller takes all of the items.
pub(crate) fn turns_if_worth<I: Iterator + Send>(operations: usize, items: I, work: impl Fn(I::Item) + Sync) {
    if operations >= WORTH && alone() { turns(items, work) } else { items.for_each(work) }
}

/// As [`turns`], each thread with something of its own, such as a buffer.
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

/// Computes pieces of so many elements, each from where it begins. The same thread takes the same ones in every call, as far as
/// it comes, so that what it has written is in its cache when the buffer is used again.
pub(crate) fn pieces<T: Send>(all: &mut [T], size: usize, work: impl Fn(usize, &mut [T]) + Sync) {
    struct Start<T>(*mut T);
    // SAFETY: threads have disjoint pieces.
    unsafe impl<T: Send> Sync for Start<T> {}
    let (n, start) = (all.len(), &Start(all.as_mut_ptr()));
    parts(n.div_ceil(size), &|i| {
        let first = i * size;
        // SAFETY: the piece is in the slice, which is borrowed until all are done, and no other part has it.
        work(first, unsafe { std::slice::from_raw_parts_mut(start.0.add(first), size.min(n - first)) });
    });
}

/// Each item has its turn once. The same thread takes the same ones in every call, so that what it works with stays in its
/// cache, one of every `threads`, the first from `from` on before the others; it then takes what others have not begun.
pub(crate) fn cyclic<T: Send>(items: impl Iterator<Item = T>, from: usize, work: impl Fn(usize, T) + Sync) {
    let items: Vec<_> = items.map(|item| Mutex::new(Some(item))).collect();
    let (count, threads) = (items.len(), rayon::current_num_threads());
    let mut order: Vec<usize> = (0..count).collect();
    // The first ranges are those with fewer parts.
    order.sort_by_key(|i| (threads - i % threads, (i + count - from) % count));
    parts(count, &|i| {
        let item = items[order[i]].lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(item) = item {
            work(order[i], item);
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
            pieces(&mut out, 3, |first, piece| piece.iter_mut().for_each(|x| *x += first));
            assert!(out.iter().enumerate().all(|(i, &x)| x == i / 3 * 4 + 1));
        }
    }

    #[test]
    fn every_part_is_computed_once_before_the_caller_goes_on() {
        for round in 0..2000 {
            let count = round % 23;
            let seen: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
            parts(count, &|i| {
                seen[i].fetch_add(1, Relaxed);
            });
            assert!(seen.iter().all(|n| n.load(Relaxed) == 1));
        }
        let sum = AtomicUsize::new(0);
        parts(1000, &|i| {
            sum.fetch_add(i, Relaxed);
        });
        assert_eq!(sum.into_inner(), 499_500);
    }

    #[test]
    fn parts_are_not_shared_again() {
        assert!(alone());
        parts(8, &|_| assert!(!alone()));
        assert!(alone());
        rayon::scope(|_| assert!(!alone()));
    }

    #[test]
    fn a_panic_reaches_the_caller_when_nothing_runs_any_more() {
        let running = AtomicUsize::new(0);
        let caught = catch_unwind(AssertUnwindSafe(|| {
            parts(16, &|i| {
                assert!(i != 3, "the third");
                running.fetch_add(1, Relaxed);
                thread::sleep(std::time::Duration::from_millis(1));
                running.fetch_sub(1, Relaxed);
            });
        }));
        assert!(caught.is_err());
        assert_eq!(running.load(Relaxed), 0);
        assert!(alone());
    }
}
