//! Large buffers that were freed, kept for the next ones of their size by whatever thread.
//!
//! Python's process decides how its allocator gives memory back to the system, and Dask has its workers do so at once
//! (`MALLOC_TRIM_THRESHOLD_`): each buffer of a chunk then pays for its pages again, a third of a worker's time. Arrays keep
//! buffers by thread (`array-ndarray/src/engine/pool.rs`), but chunks are dropped by others than those that made them, and draws
//! and decompositions take memory that is no array yet. This is for all of the extension's own memory, and only for that.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Mutex;

/// Smaller ones are the system's allocator's, which serves them without new pages.
const SMALLEST: usize = 1 << 20;
/// What is kept at most, in bytes, over all threads.
const LIMIT: usize = 1 << 28;
/// And how many buffers: what looks for one looks at all.
const COUNT: usize = 64;

struct Kept {
    /// The oldest first.
    buffers: [(usize, Layout); COUNT],
    count: usize,
    bytes: usize,
}

const NOTHING: (usize, Layout) = (0, Layout::new::<()>());

static KEPT: Mutex<Kept> = Mutex::new(Kept { buffers: [NOTHING; COUNT], count: 0, bytes: 0 });

impl Kept {
    fn remove(&mut self, i: usize) -> (usize, Layout) {
        let found = self.buffers[i];
        self.buffers.copy_within(i + 1..self.count, i);
        self.count -= 1;
        self.bytes -= found.1.size();
        found
    }

    /// The newest of this layout: it is still in the cache.
    fn take(&mut self, layout: Layout) -> Option<*mut u8> {
        let i = self.buffers[..self.count].iter().rposition(|(_, kept)| *kept == layout)?;
        Some(std::ptr::with_exposed_provenance_mut(self.remove(i).0))
    }

    /// Keeps a buffer, if there is room; what has to go for it is given to `free`.
    fn keep(&mut self, start: *mut u8, layout: Layout, limit: usize, mut free: impl FnMut(*mut u8, Layout)) {
        let fits = layout.size() <= limit;
        let room = if fits { limit - layout.size() } else { limit };
        while self.bytes > room || self.count == COUNT {
            let (oldest, layout) = self.remove(0);
            free(std::ptr::with_exposed_provenance_mut(oldest), layout);
        }
        if !fits {
            return free(start, layout);
        }
        self.buffers[self.count] = (start.expose_provenance(), layout);
        self.count += 1;
        self.bytes += layout.size();
    }
}

/// The system's allocator, with large buffers kept.
struct Keeping;

#[global_allocator]
static ALLOCATOR: Keeping = Keeping;

/// A lock that is taken is not waited for: in a process that was forked, who has it may be gone.
fn taken(layout: Layout) -> Option<*mut u8> {
    KEPT.try_lock().ok()?.take(layout)
}

/// Buffers from this size on begin with a cache line, so that no vector of theirs lies in two.
const ALIGNED: usize = 1 << 16;
const CACHE_LINE: usize = 64;

/// What is asked of the system for a new buffer: where it frees and grows any memory of its own without being told its layout.
#[inline]
fn asked(layout: Layout) -> Layout {
    match layout.align_to(CACHE_LINE) {
        Ok(aligned) if cfg!(unix) && layout.size() >= ALIGNED => aligned,
        _ => layout,
    }
}

/// New memory, in large pages if there is much: imports and draws fill it before it is an array's.
#[inline]
fn large(start: *mut u8, layout: Layout) -> *mut u8 {
    array_ndarray::prefer_large_pages(start, layout.size());
    start
}

/// Nothing where somebody runs within a limit of memory: what may be kept then is for the arrays' own pools.
fn limit() -> usize {
    if array_api::kept_at_most() == u64::MAX { LIMIT } else { 0 }
}

// SAFETY: memory is the system allocator's, of the layout that is asked for, but for its alignment, which `malloc`, the system's
// allocator on Unix, need not be told again: a buffer is kept with the layout that it was
// allocated with, given for the same one only, and by then nobody's. Nothing here allocates or panics: indices are below
// `count`, which is at most `COUNT`.
unsafe impl GlobalAlloc for Keeping {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() >= SMALLEST
            && let Some(start) = taken(layout)
        {
            return start;
        }
        // SAFETY: the caller's promise.
        large(unsafe { System.alloc(asked(layout)) }, layout)
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if layout.size() >= SMALLEST
            && let Some(start) = taken(layout)
        {
            // SAFETY: the buffer has this size, and is nobody else's.
            unsafe { start.write_bytes(0, layout.size()) };
            return start;
        }
        // SAFETY: the caller's promise.
        large(unsafe { System.alloc_zeroed(layout) }, layout)
    }

    #[inline]
    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise, and that of whoever gave back a kept buffer.
        let free = |start, layout| unsafe { System.dealloc(start, layout) };
        if layout.size() < SMALLEST {
            return free(start, layout);
        }
        match KEPT.try_lock() {
            Ok(mut kept) => kept.keep(start, layout, limit(), free),
            Err(_) => free(start, layout),
        }
    }

    #[inline]
    unsafe fn realloc(&self, start: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // The system moves pages where it can, and copies nothing.
        // SAFETY: the caller's promise: kept or not, the buffer is the system allocator's of this layout.
        unsafe { System.realloc(start, layout, size) }
    }
}
