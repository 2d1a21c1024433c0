//! Threads of the pool that help a caller, and look for the next one for a moment before they go back to the pool.
//!
//! To wake a thread takes microseconds, in which a kernel goes over tens of thousands of numbers; calls that follow each
//! other closely find the helpers of the one before still awake.

use std::sync::atomic::{AtomicUsize, Ordering::*};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How often a helper looks: some 50 to 100 microseconds.
const LOOKS: usize = 1 << 11;

/// Work that waits for helpers, and how many of them are awake.
pub(super) struct Standby<W> {
    /// How much work waits; for looking without the lock.
    waiting: AtomicUsize,
    state: Mutex<State<W>>,
}

struct State<W> {
    work: Vec<W>,
    /// Helpers that were called and have not gone back, whether they work or look.
    awake: usize,
}

impl<W> Standby<W> {
    pub(super) const fn new() -> Standby<W> {
        Standby { waiting: AtomicUsize::new(0), state: Mutex::new(State { work: Vec::new(), awake: 0 }) }
    }

    fn state(&self) -> MutexGuard<'_, State<W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lays out work for `helpers`, and returns how many of them must be called. There are `most` at a time: one that is busy
    /// comes when it is free, since another thread would only take the processor from it.
    pub(super) fn give(&self, helpers: usize, most: usize, work: impl Fn() -> W) -> usize {
        let mut state = self.state();
        let free = state.awake.saturating_sub(state.work.len());
        let called = helpers.saturating_sub(free).min(most.saturating_sub(state.awake));
        let given = helpers.min(free + called);
        state.work.extend(std::iter::repeat_with(work).take(given));
        state.awake += called;
        self.waiting.store(state.work.len(), Relaxed);
        called
    }

    /// Takes back what nobody has come for.
    pub(super) fn withdraw(&self, keep: impl Fn(&W) -> bool) {
        if self.waiting.load(Relaxed) > 0 {
            let mut state = self.state();
            state.work.retain(keep);
            self.waiting.store(state.work.len(), Relaxed);
        }
    }

    /// Work for a helper that was called or has looked before. Without any for a moment it must go.
    pub(super) fn look(&self) -> Option<W> {
        for _ in 0..LOOKS {
            if self.waiting.load(Relaxed) > 0 {
                break;
            }
            std::hint::spin_loop();
        }
        let mut state = self.state();
        let work = state.work.pop();
        state.awake -= usize::from(work.is_none());
        self.waiting.store(state.work.len(), Relaxed);
        work
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn helpers_are_called_until_they_are_as_many_as_there_may_be() {
        let standby = Standby::new();
        assert_eq!(standby.give(2, 3, || "first"), 2);
        assert_eq!((standby.look(), standby.look()), (Some("first"), Some("first")));
        // Two are awake, a third one is called, and there is no fourth.
        assert_eq!(standby.give(4, 3, || "second"), 1);
        assert_eq!(standby.give(1, 3, || "none"), 0);
        assert_eq!([(); 3].map(|()| standby.look()), [Some("second"); 3]);
        assert_eq!([(); 3].map(|()| standby.look()), [None; 3]);
        assert_eq!(standby.give(1, 3, || "third"), 1);
        // What is taken back was done without them.
        standby.withdraw(|work| *work != "third");
        assert_eq!(standby.look(), None);
        assert_eq!(standby.state().awake, 0);
    }

    #[test]
    fn helpers_of_many_callers_all_go_back() {
        static STANDBY: Standby<usize> = Standby::new();
        let caller = |caller: usize| {
            move || {
                for round in 0..300 {
                    for _ in 0..STANDBY.give(2, 3, || caller) {
                        std::thread::spawn(|| while STANDBY.look().is_some() {});
                    }
                    (0..round * caller).for_each(|_| std::hint::spin_loop());
                    STANDBY.withdraw(|&work| work != caller);
                    assert!(STANDBY.state().awake <= 3);
                }
            }
        };
        let callers = [1, 2, 3].map(|i| std::thread::spawn(caller(i)));
        callers.into_iter().for_each(|caller| caller.join().unwrap());
        while STANDBY.state().awake > 0 {
            std::thread::yield_now();
        }
        assert!(STANDBY.state().work.is_empty());
    }
}
