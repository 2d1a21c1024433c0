//! Writing what the caches cannot hold past them.
//!
//! A store brings the line that it changes from memory first, and a result larger than the caches has left them before anybody
//! reads it. Written past them it takes three quarters of the time where memory is what limits.

use std::sync::OnceLock;

use crate::engine::chain::CACHE_LINE;

/// Results of more bytes than this are written past the caches, whatever these hold: of several processors' caches each holds less.
const AT_MOST: usize = 1 << 26;
/// And not of fewer, whatever the processor says.
const AT_LEAST: usize = 1 << 24;

/// Whether a result of so many bytes is written past the caches, because the last of them does not hold it.
#[inline]
pub(super) fn streams(bytes: usize) -> bool {
    static LIMIT: OnceLock<usize> = OnceLock::new();
    cfg!(all(target_arch = "x86_64", not(miri)))
        && bytes > AT_LEAST
        && bytes > *LIMIT.get_or_init(|| last_cache().unwrap_or(AT_MOST).clamp(AT_LEAST, AT_MOST))
}

/// The bytes that the last cache holds, as the processor says (leaf 4 of `cpuid`, AMD's 0x8000001D): the product of ways,
/// partitions, bytes of a line and sets.
fn last_cache() -> Option<usize> {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        use std::arch::x86_64::{__cpuid, __cpuid_count};
        let leaves = [(0, 4), (0x8000_0000, 0x8000_001d)];
        let known = leaves.into_iter().filter(|&(first, leaf)| __cpuid(first).eax >= leaf);
        let caches = known.flat_map(|(_, leaf)| {
            (0..8).map(move |i| __cpuid_count(leaf, i)).take_while(|cache| cache.eax & 0x1f != 0)
        });
        let size = |x: std::arch::x86_64::CpuidResult| {
            let field = |word: u32, from: u32, bits: u32| (word >> from & ((1 << bits) - 1)) as usize + 1;
            field(x.ebx, 22, 10) * field(x.ebx, 12, 10) * field(x.ebx, 0, 12) * (x.ecx as usize + 1)
        };
        caches.max_by_key(|cache| cache.eax >> 5 & 7).map(size)
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    None
}

/// Copies bytes past the caches. [`finish`] must be called before another thread, or anything but this, accesses them.
///
/// # Safety
/// That of `copy_nonoverlapping`.
#[inline(always)]
pub(super) unsafe fn copy(dst: *mut u8, src: *const u8, bytes: usize) {
    // SAFETY: the caller's promise; whole lines begin where the address is a multiple of a line.
    unsafe {
        let before = dst.align_offset(CACHE_LINE).min(bytes);
        let lines = (bytes - before) / CACHE_LINE;
        std::ptr::copy_nonoverlapping(src, dst, before);
        for line in 0..lines {
            let at = before + line * CACHE_LINE;
            copy_line(dst.add(at), src.add(at));
        }
        let done = before + lines * CACHE_LINE;
        std::ptr::copy_nonoverlapping(src.add(done), dst.add(done), bytes - done);
    }
}

/// # Safety
/// A cache line must be readable and writable; the latter's address must be a multiple of one.
#[inline(always)]
unsafe fn copy_line(dst: *mut u8, src: *const u8) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    for i in 0..4 {
        use std::arch::x86_64::{_mm_loadu_si128, _mm_stream_si128};
        // SAFETY: the caller's promise.
        unsafe {
            _mm_stream_si128(
                dst.cast::<std::arch::x86_64::__m128i>().add(i),
                _mm_loadu_si128(src.cast::<std::arch::x86_64::__m128i>().add(i)),
            )
        };
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    // SAFETY: the caller's promise.
    unsafe {
        std::ptr::copy_nonoverlapping(src, dst, CACHE_LINE)
    };
}

/// Orders what was written past the caches before all that follows.
#[inline(always)]
pub(super) fn finish() {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: every processor of the architecture has it.
    unsafe {
        std::arch::x86_64::_mm_sfence()
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_cache_has_a_size() {
        assert!(last_cache().is_none_or(|bytes| (1 << 16..1 << 36).contains(&bytes)), "{:?}", last_cache());
        assert!(!streams(AT_LEAST));
        assert_eq!(streams(AT_MOST + 1), cfg!(all(target_arch = "x86_64", not(miri))));
    }

    #[test]
    fn bytes_arrive_wherever_they_lie() {
        let from: Vec<u8> = (0..1000).map(|i| i as u8).collect();
        for (start, at, bytes) in [(0, 0, 1000), (3, 1, 0), (3, 1, 20), (5, 64, 63), (7, 13, 500), (1, 2, 257)] {
            let mut to = vec![255; 1100];
            // SAFETY: both lie within their vectors.
            unsafe { copy(to[at..].as_mut_ptr(), from[start..].as_ptr(), bytes) };
            finish();
            assert_eq!(to[at..at + bytes], from[start..start + bytes]);
            assert!(to[..at].iter().chain(&to[at + bytes..]).all(|&x| x == 255));
        }
    }
}
