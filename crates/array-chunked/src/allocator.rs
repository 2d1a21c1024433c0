//! What the system's allocator keeps of chunks that were freed.
//!
//! glibc gives each thread a heap of its own. A chunk that one thread reads and another one frees leaves a hole in the heap of
//! the first, beside chunks that live on: with most of a limit taken, holes made up a third of it again. They are given back
//! now and then.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Bytes that came and went since freed memory was given back.
#[derive(Default)]
pub(crate) struct Holes(AtomicU64);

impl Holes {
    /// Counts bytes of new chunks, and gives back what is free each time that they are a part of the limit.
    pub(crate) fn add(&self, bytes: u64, limit: u64) {
        let before = self.0.fetch_add(bytes, Relaxed);
        let part = (limit / 8).max(1);
        if before / part != (before.saturating_add(bytes)) / part {
            give_back();
        }
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn give_back() {
    // SAFETY: `malloc_trim` takes no address, may be called by any thread at any time, and touches free memory only.
    unsafe { libc::malloc_trim(0) };
}

/// Other allocators return large buffers by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn give_back() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_counted_over_all_chunks() {
        let holes = Holes::default();
        (0..100).for_each(|_| holes.add(10, 800));
        assert_eq!(holes.0.load(Relaxed), 1000);
        holes.add(u64::MAX, 0);
    }
}
