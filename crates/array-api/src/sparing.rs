//! Memory that kinds keep beside what their arrays take: buffers of dropped arrays, kept for the next ones.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

/// The limits that hold now, and the least of them.
static LIMITS: Mutex<Vec<u64>> = Mutex::new(vec![]);
static LEAST: AtomicU64 = AtomicU64::new(u64::MAX);

/// As long as it lives, kinds keep at most so many bytes for reuse.
#[derive(Debug)]
pub struct Sparing {
    limit: u64,
}

/// Asks all kinds to keep at most so many bytes of dropped arrays for reuse, over all threads, until what is given is dropped.
///
/// Whoever runs within a limit of memory asks for a small part of it here; of several limits the least holds. What a kind has
/// kept already it gives back as its threads go on.
///
/// ```
/// let sparing = array_api::sparing(1 << 20);
/// assert_eq!(array_api::kept_at_most(), 1 << 20);
/// drop(sparing);
/// assert_eq!(array_api::kept_at_most(), u64::MAX);
/// ```
#[must_use = "the limit holds as long as this lives"]
pub fn sparing(bytes: u64) -> Sparing {
    let mut limits = LIMITS.lock().unwrap_or_else(PoisonError::into_inner);
    limits.push(bytes);
    LEAST.store(least(&limits), Relaxed);
    Sparing { limit: bytes }
}

/// How many bytes a kind may keep for reuse, over all threads: [`u64::MAX`] where nobody has asked for less.
#[inline]
pub fn kept_at_most() -> u64 {
    LEAST.load(Relaxed)
}

impl Drop for Sparing {
    fn drop(&mut self) {
        let mut limits = LIMITS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(i) = limits.iter().position(|&limit| limit == self.limit) {
            limits.swap_remove(i);
        }
        LEAST.store(least(&limits), Relaxed);
    }
}

fn least(limits: &[u64]) -> u64 {
    limits.iter().copied().min().unwrap_or(u64::MAX)
}
