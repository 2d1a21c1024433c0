//! Large pages for large buffers.
//!
//! The system hands out memory by pages, each at its first touch. A page of 4 KiB costs more than filling it: a fresh result of
//! 80 MB takes 32 ms to write, and 5.5 ms in pages of 2 MiB. Linux gives those where they are asked for
//! (`/sys/kernel/mm/transparent_hugepage/enabled` says `madvise` on most systems), as NumPy does for its arrays.

/// From this size on a buffer is sure to hold a whole large page, wherever it begins.
const SMALLEST: usize = 4_000_000;

/// Asks for large pages. Where there are none, nothing changes.
pub(crate) fn prefer_large<T>(buffer: &mut [T]) {
    prefer_large_pages(buffer.as_mut_ptr().cast(), size_of_val(buffer));
}

/// Asks for large pages for memory that an allocator is about to give away, if it is large enough to hold any. Where the system
/// has none, nothing changes. It neither allocates nor panics.
///
/// ```
/// use std::alloc::{GlobalAlloc, Layout, System};
///
/// struct Large;
///
/// // SAFETY: memory is the system allocator's.
/// unsafe impl GlobalAlloc for Large {
///     unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
///         let start = unsafe { System.alloc(layout) };
///         array_ndarray::prefer_large_pages(start, layout.size());
///         start
///     }
///     unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
///         unsafe { System.dealloc(start, layout) }
///     }
/// }
///
/// #[global_allocator]
/// static ALLOCATOR: Large = Large;
///
/// assert!(vec![1.0; 1_000_000].iter().all(|x| *x == 1.0));
/// ```
#[inline]
pub fn prefer_large_pages(start: *mut u8, bytes: usize) {
    if bytes >= SMALLEST && !start.is_null() {
        advise(start, bytes);
    }
}

#[cfg(all(target_os = "linux", not(miri)))]
fn advise(start: *mut u8, bytes: usize) {
    const PAGE: usize = 4096;
    let before = start.align_offset(PAGE);
    let whole = bytes.saturating_sub(before) / PAGE * PAGE;
    // SAFETY: the advice changes neither contents nor who may touch them, wherever the range lies.
    unsafe { libc::madvise(start.wrapping_add(before).cast(), whole, libc::MADV_HUGEPAGE) };
}

#[cfg(not(all(target_os = "linux", not(miri))))]
fn advise(_: *mut u8, _: usize) {}

#[cfg(all(test, target_os = "linux", not(miri)))]
mod tests {
    use super::*;

    /// Bytes of this process in large pages, and what the system gives them for.
    fn large() -> (usize, bool) {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let rollup = read("/proc/self/smaps_rollup");
        let line = rollup.lines().find_map(|line| line.strip_prefix("AnonHugePages:")).unwrap_or_default();
        let kib: usize = line.trim().trim_end_matches(" kB").parse().unwrap_or(0);
        (kib << 10, read("/sys/kernel/mm/transparent_hugepage/enabled").contains("[madvise]"))
    }

    #[test]
    fn a_buffer_that_is_filled_lies_in_large_pages_where_the_system_has_them() {
        let mut buffer: Vec<u64> = Vec::with_capacity(8 << 20);
        prefer_large(buffer.spare_capacity_mut());
        buffer.resize(8 << 20, 1);
        let (bytes, given) = large();
        // A system whose memory is in pieces gives fewer of them.
        assert!(bytes > 0 || !given, "{bytes} bytes");
        assert!(buffer.iter().all(|&x| x == 1));
        prefer_large::<u8>(&mut []);
    }
}
