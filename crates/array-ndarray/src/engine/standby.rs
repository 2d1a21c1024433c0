//! Threads of the pool that look for their next work for a moment before they go back to it.
//!
//! To wake a thread takes microseconds, in which a kernel goes over tens of thousands of numbers; calls that follow each
//! other closely find the threads of the one before still awake.

use std::sync::atomic::{AtomicBool, Ordering::*};
use std::sync::{Mutex, PoisonError};

/// How often a thread looks: about 50 microseconds.
const LOOKS: usize = 1 << 11;

/// Threads that can be on standby, by their place in the pool.
const THREADS: usize = 64;

/// Where threads that have no work are given some.
pub(super) struct Standby<W>([Place<W>; THREADS]);

/// What one thread looks at.
#[repr(align(128))] // no two of them share a cache line
struct Place<W> {
    /// Whether it looks, and was given nothing. It becomes false under the lock only.
    open: AtomicBool,
    work: Mutex<Option<W>>,
}

impl<W> Standby<W> {
    pub(super) const fn new() -> Standby<W> {
        Standby([const { Place { open: AtomicBool::new(false), work: Mutex::new(None) } }; THREADS])
    }

    /// Gives work to threads that look for some, to so many at most, and returns to how many.
    pub(super) fn give(&self, most: usize, work: impl Fn() -> W) -> usize {
        let mut given = 0;
        for place in &self.0[..rayon::current_num_threads().min(THREADS)] {
            if given == most {
                break;
            }
            if place.open.load(Relaxed) {
                let mut mine = place.work.lock().unwrap_or_else(PoisonError::into_inner);
                if place.open.load(Relaxed) {
                    *mine = Some(work());
                    place.open.store(false, Release);
                    given += 1;
                }
            }
        }
        given
    }

    /// Looks for work for a moment; for threads of the pool.
    pub(super) fn look(&self) -> Option<W> {
        let place = self.0.get(rayon::current_thread_index()?)?;
        place.open.store(true, Relaxed);
        for _ in 0..LOOKS {
            if !place.open.load(Relaxed) {
                break;
            }
            std::hint::spin_loop();
        }
        let mut work = place.work.lock().unwrap_or_else(PoisonError::into_inner);
        place.open.store(false, Relaxed);
        work.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_looks_gets_work_once_and_nobody_else_does() {
        static WORK: Standby<u32> = Standby::new();
        assert_eq!(WORK.give(3, || 0), 0);
        assert_eq!(WORK.look(), None, "not a thread of the pool");
        let (mut given, mut got) = (0, 0);
        rayon::scope(|_| ());
        for round in 0..200 {
            let (send, receive) = std::sync::mpsc::channel();
            rayon::spawn(move || send.send(WORK.look()).unwrap_or_default());
            for _ in 0..round * 50 {
                std::hint::spin_loop();
            }
            given += WORK.give(usize::MAX, || round);
            if let Some(work) = receive.recv().ok().flatten() {
                assert_eq!(work, round);
                got += 1;
            }
        }
        assert_eq!(given, got);
        assert!(WORK.0.iter().all(|place| !place.open.load(Relaxed)));
    }
}
