//! Joining arrays along an inner axis: a row of the result is a run of each array.
//!
//! Copied array by array, a cache line of the result would come and go once for each of them. Here the rows of a tile, which
//! the first-level cache holds, get the runs of all arrays before the next tile is begun.

use crate::array::NdArray;
use crate::engine::share;

/// Bytes of the result in a tile; longer rows are better copied array by array.
pub(crate) const TILE: usize = 1 << 14;
/// Bytes of the result that one thread takes at a time.
const PART: usize = 1 << 18;

/// The runs of an array, one for each row.
pub(crate) struct Runs {
    from: *const u8,
    /// Bytes from one run to the next.
    step: isize,
    /// Bytes of a run.
    bytes: usize,
}

// SAFETY: read only, from an array that outlives them.
unsafe impl Sync for Runs {}

impl Runs {
    /// The runs of an array that begin at an axis, where they lie at equal distances and each in one piece.
    pub(crate) fn of(x: &NdArray, axis: usize) -> Option<Runs> {
        let (shape, strides, size) = (x.shape(), x.strides(), x.dtype().size());
        let mut length = 1;
        for a in (axis..shape.len()).rev() {
            if shape[a] != 1 && strides[a] != length {
                return None;
            }
            length *= shape[a] as isize;
        }
        let mut rows: Option<(isize, isize)> = None;
        for a in (0..axis).rev().filter(|&a| shape[a] != 1) {
            rows = match rows {
                None => Some((strides[a], strides[a] * shape[a] as isize)),
                Some((step, next)) if strides[a] == next => Some((step, next * shape[a] as isize)),
                Some(_) => return None,
            };
        }
        let step = rows.map_or(0, |(step, _)| step) * size as isize;
        Some(Runs { from: x.ptr(), step, bytes: length as usize * size })
    }

    /// Copies the runs of rows `first..last` to places `width` bytes apart.
    unsafe fn copy(&self, to: *mut u8, width: usize, [first, last]: [usize; 2]) {
        // SAFETY: the caller's contract is that of `interleave`.
        unsafe {
            match self.bytes {
                1 => self.elements::<u8>(to, width, [first, last]),
                2 => self.elements::<u16>(to, width, [first, last]),
                4 => self.elements::<u32>(to, width, [first, last]),
                8 => self.elements::<u64>(to, width, [first, last]),
                16 => self.elements::<u128>(to, width, [first, last]),
                bytes => {
                    for row in first..last {
                        let from = self.from.offset(row as isize * self.step);
                        std::ptr::copy_nonoverlapping(from, to.add(row * width), bytes);
                    }
                }
            }
        }
    }

    /// Writes rows of two runs, if each is one number and the next one lies beside it, and says whether they are.
    unsafe fn beside(&self, other: &Runs, to: *mut u8, rows: [usize; 2]) -> bool {
        let bytes = self.bytes;
        if other.bytes != bytes || [self.step, other.step] != [bytes as isize; 2] {
            return false;
        }
        // SAFETY: as for `copy`.
        unsafe {
            match bytes {
                1 => self.pairs::<u8>(other, to, rows),
                2 => self.pairs::<u16>(other, to, rows),
                4 => self.pairs::<u32>(other, to, rows),
                8 => self.pairs::<u64>(other, to, rows),
                _ => return false,
            }
        }
        true
    }

    /// The same for numbers, which vectors put between each other.
    unsafe fn pairs<T: Copy>(&self, other: &Runs, to: *mut u8, [first, last]: [usize; 2]) {
        let (a, b) = (self.from.cast::<T>(), other.from.cast::<T>());
        let to = to.cast::<[T; 2]>();
        for row in first..last {
            // SAFETY: as for `copy`. Numbers may be aligned to less than they take.
            unsafe { to.add(row).write_unaligned([a.add(row).read_unaligned(), b.add(row).read_unaligned()]) };
        }
    }

    /// The same for runs that one number holds.
    unsafe fn elements<T: Copy>(&self, to: *mut u8, width: usize, [first, last]: [usize; 2]) {
        for row in first..last {
            // SAFETY: as for `copy`. Both places may be aligned to less than the number is.
            unsafe {
                let value = self.from.offset(row as isize * self.step).cast::<T>().read_unaligned();
                to.add(row * width).cast::<T>().write_unaligned(value);
            }
        }
    }
}

/// The result's address, of which each thread writes its own rows.
struct Target(*mut u8);
// SAFETY: threads write disjoint rows.
unsafe impl Sync for Target {}

impl Target {
    fn at(&self, byte: usize) -> *mut u8 {
        self.0.wrapping_add(byte)
    }
}

/// Writes rows that consist of a run of each array.
///
/// # Safety
/// Each array must have so many runs, and `to` room for all of them; they must not overlap.
pub(crate) unsafe fn interleave(to: *mut u8, rows: usize, arrays: &[Runs]) {
    let width: usize = arrays.iter().map(|runs| runs.bytes).sum();
    if width == 0 {
        return;
    }
    let target = Target(to);
    let tile = (TILE / width).max(1);
    let parts = (rows * width / PART).clamp(1, rows.max(1));
    let part = |p: usize| {
        let end = rows * (p + 1) / parts;
        for first in (rows * p / parts..end).step_by(tile) {
            if let [a, b] = arrays
                // SAFETY: the rows are this part's own.
                && unsafe { a.beside(b, target.at(0), [first, end.min(first + tile)]) }
            {
                continue;
            }
            let mut before = 0;
            for runs in arrays {
                // SAFETY: the rows are this part's own, and the runs of one array stand beside those of the others.
                unsafe { runs.copy(target.at(before), width, [first, end.min(first + tile)]) };
                before += runs.bytes;
            }
        }
    };
    match parts > 1 && share::alone() {
        true => share::parts(parts, &part),
        false => (0..parts).for_each(part),
    }
}
