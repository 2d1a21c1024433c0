//! Buffers of dropped arrays, kept for the next results of the same size.
//!
//! An allocator gives the pages of a large buffer back to the system when it is freed, and the next result pays for every
//! page again: in training loops that is a third of the time. A thread keeps what its arrays leave behind, up to a limit.

use std::alloc::Layout;
use std::cell::{Cell, RefCell};
use std::mem::{ManuallyDrop, MaybeUninit};

use crate::array::NdElement;
use crate::engine::{pages, share};

/// Smaller buffers are the allocator's: it serves them without asking the system.
const SMALLEST: usize = 1 << 14;
/// What one thread keeps at most, in bytes.
const LIMIT: usize = 1 << 27;

/// A buffer without elements, as a vector of its layout would own it.
struct Buffer {
    layout: Layout,
    start: *mut u8,
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: `start` came from a vector with exactly this layout, whose ownership the buffer took over.
        unsafe { std::alloc::dealloc(self.start, self.layout) }
    }
}

#[derive(Default)]
struct Pool {
    buffers: Vec<Buffer>,
    bytes: usize,
}

thread_local! {
    static POOL: RefCell<Pool> = RefCell::default();
    /// Whether this thread has made large arrays. One that only drops them, as the loop of a server does, would keep what nobody
    /// takes.
    static MAKES: Cell<bool> = const { Cell::new(false) };
}

/// An empty vector with room for exactly `len` elements.
#[inline]
pub(crate) fn vector<T: NdElement>(len: usize) -> Vec<T> {
    let bytes = len.saturating_mul(size_of::<T>());
    if bytes < SMALLEST {
        return Vec::with_capacity(len);
    }
    reused(len).unwrap_or_else(|| {
        let mut new = Vec::with_capacity(len);
        pages::prefer_large(new.spare_capacity_mut());
        new
    })
}

/// A vector of `len` elements that are zero, in a buffer that was kept if there is one: for what is written over at once.
pub(crate) fn cleared<T: NdElement>(len: usize) -> Vec<T> {
    filled(len, T::default())
}

/// A vector of `len` times the value.
pub(crate) fn filled<T: NdElement>(len: usize, value: T) -> Vec<T> {
    written(vector(len), len, value)
}

/// A vector of `len` elements that are zero.
pub(crate) fn zeros<T: NdElement>(len: usize) -> Vec<T> {
    // A kept buffer is cleared sooner than the system brings as many new pages.
    if len.saturating_mul(size_of::<T>()) >= SMALLEST
        && let Some(kept) = reused::<T>(len)
    {
        return written(kept, len, T::default());
    }
    // Memory that is new to the process is zero already, and `vec![0; n]` asks for such.
    let mut new = vec![T::default(); len];
    pages::prefer_large(&mut new);
    new
}

/// Bytes that a thread writes in one turn.
const TURN: usize = 1 << 17;

/// The empty vector with so many times the value.
fn written<T: NdElement>(mut empty: Vec<T>, len: usize, value: T) -> Vec<T> {
    if len * size_of::<T>() < 4 * TURN {
        empty.resize(len, value);
        return empty;
    }
    let room = &mut empty.spare_capacity_mut()[..len];
    share::pieces(room, TURN / size_of::<T>(), |_, piece| piece.fill(MaybeUninit::new(value)));
    // SAFETY: the pieces are all of the elements, and each was written.
    unsafe { empty.set_len(len) };
    empty
}

fn reused<T: NdElement>(len: usize) -> Option<Vec<T>> {
    let layout = Layout::array::<T>(len).ok()?;
    MAKES.set(true);
    let found = POOL.try_with(|pool| {
        let mut pool = pool.try_borrow_mut().ok()?;
        // The newest first: it is still in the cache.
        let i = pool.buffers.iter().rposition(|b| b.layout == layout)?;
        pool.bytes -= layout.size();
        Some(ManuallyDrop::new(pool.buffers.swap_remove(i)))
    });
    let buffer = found.ok()??;
    // SAFETY: the buffer was a vector's of exactly this size and alignment, and nothing else owns it now.
    Some(unsafe { Vec::from_raw_parts(buffer.start.cast(), 0, len) })
}

/// Keeps a vector's buffer for later, or frees it.
pub(crate) fn keep<T: NdElement>(vector: Vec<T>) {
    let Ok(layout) = Layout::array::<T>(vector.capacity()) else { return };
    if layout.size() < SMALLEST || layout.size() > LIMIT || !MAKES.get() {
        return;
    }
    let mut vector = ManuallyDrop::new(vector);
    let buffer = Buffer { layout, start: vector.as_mut_ptr().cast() };
    // A thread that is ending has no pool any more; the buffer then frees itself.
    let _ = POOL.try_with(move |pool| {
        let Ok(mut pool) = pool.try_borrow_mut() else { return };
        pool.bytes += layout.size();
        pool.buffers.push(buffer);
        let (mut oldest, limit) = (0, limit());
        while pool.bytes > limit {
            pool.bytes -= pool.buffers[oldest].layout.size();
            oldest += 1;
        }
        pool.buffers.drain(..oldest);
    });
}

/// What this thread may keep now: its part where kinds were asked to spare memory.
fn limit() -> usize {
    match array_api::kept_at_most() {
        u64::MAX => LIMIT,
        // The caller's thread beside those of the pool.
        all => (all / (rayon::current_num_threads() as u64 + 1)).min(LIMIT as u64) as usize,
    }
}

/// Whether a buffer of so many bytes is worth keeping.
#[inline]
pub(crate) fn wants(bytes: usize) -> bool {
    bytes >= SMALLEST
}

/// Gives back to the system what this thread has kept.
pub fn clear_pool() {
    POOL.with(|pool| pool.take());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_for_the_same_size_only() {
        clear_pool();
        let v: Vec<f64> = vector(4096);
        let start = v.as_ptr();
        keep(v);
        let longer: Vec<f64> = vector(4097);
        assert_ne!(longer.as_ptr(), start);
        let again: Vec<f64> = vector(4096);
        assert_eq!((again.as_ptr(), again.len(), again.capacity()), (start, 0, 4096));
        keep(again);
        // The same bytes at another alignment are another layout.
        let bytes: Vec<u8> = vector(4096 * 8);
        let words: Vec<i64> = vector(4096);
        assert_ne!(bytes.as_ptr().cast(), start);
        assert_eq!(words.as_ptr().cast(), start);
    }

    #[test]
    fn zeros_are_zero_in_a_kept_buffer_too() {
        clear_pool();
        for len in [10, 4096, 600_000] {
            for _ in 0..2 {
                let mut v = zeros::<f64>(len);
                assert!(v.len() == len && v.iter().all(|x| x.to_bits() == 0));
                let sevens = filled(len + 1, 7.0_f64);
                assert!(sevens.len() == len + 1 && sevens.iter().all(|x| *x == 7.0));
                v.fill(3.0);
                keep(v);
            }
        }
    }

    #[test]
    fn a_thread_that_makes_nothing_keeps_nothing() {
        let kept = || POOL.with_borrow(|p| p.bytes);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                keep(Vec::<u8>::with_capacity(1 << 20));
                assert_eq!(kept(), 0);
                drop(vector::<u8>(1 << 20));
                keep(Vec::<u8>::with_capacity(1 << 20));
                assert_eq!(kept(), 1 << 20);
            });
        });
    }

    #[test]
    fn the_limit_holds_and_the_oldest_go() {
        clear_pool();
        drop(vector::<u8>(SMALLEST));
        for i in 0..40 {
            keep(Vec::<u8>::with_capacity((8 << 20) + i));
        }
        POOL.with_borrow(|p| {
            assert!(p.bytes <= LIMIT);
            assert_eq!(p.bytes, p.buffers.iter().map(|b| b.layout.size()).sum::<usize>());
            assert_eq!(p.buffers.last().map(|b| b.layout.size()), Some((8 << 20) + 39));
        });
        // Where memory is to be spared, what is kept goes with the next buffer.
        let part = (4 << 20) * (rayon::current_num_threads() as u64 + 1);
        let sparing = array_api::sparing(part);
        keep(Vec::<u8>::with_capacity(3 << 20));
        POOL.with_borrow(|p| assert_eq!(p.bytes, 3 << 20));
        keep(Vec::<u8>::with_capacity(5 << 20));
        POOL.with_borrow(|p| assert_eq!(p.bytes, 0));
        drop(sparing);
        clear_pool();
        keep(Vec::<u8>::with_capacity(LIMIT + 1));
        POOL.with_borrow(|p| assert!(p.buffers.is_empty()));
    }
}
