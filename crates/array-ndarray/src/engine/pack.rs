//! Copying a strided box of elements into contiguous memory, by element size.

use smallvec::SmallVec;

use crate::engine::turn::turn;

/// One axis of a box: its length and the distance of neighbours in bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Axis {
    pub(crate) len: usize,
    pub(crate) step: isize,
}

/// The axes of the same box without those of one element, neighbours joined where the inner one's end is the outer one's next.
pub(crate) fn merged(axes: impl Iterator<Item = Axis>) -> SmallVec<[Axis; 6]> {
    let mut merged: SmallVec<[Axis; 6]> = SmallVec::new();
    for axis in axes.filter(|a| a.len != 1) {
        match merged.last_mut() {
            Some(outer) if outer.step == axis.step * axis.len as isize => {
                *outer = Axis { len: outer.len * axis.len, step: axis.step };
            }
            _ => merged.push(axis),
        }
    }
    merged
}

/// Copies the box at `src` to `dst` in C order.
///
/// # Safety
/// Every element of the box must be readable, aligned to at least its size up to 8 bytes (4 for an element of 8 that is
/// a pair of 4), and `dst` must have room for all of them with the same alignment. They must not overlap.
pub(crate) unsafe fn pack(size: usize, dst: *mut u8, src: *const u8, axes: &[Axis]) {
    // SAFETY: the caller's contract is the same.
    unsafe {
        match size {
            1 => pack_as::<u8>(dst.cast(), src, axes),
            2 => pack_as::<u16>(dst.cast(), src, axes),
            4 => pack_as::<u32>(dst.cast(), src, axes),
            8 => pack_as::<Eight>(dst.cast(), src, axes),
            16 => pack_as::<[u64; 2]>(dst.cast(), src, axes),
            _ => unreachable!("no data type has {size} bytes"),
        };
    }
}

/// Eight bytes, moved as one number though they may be a pair of four.
#[derive(Clone, Copy)]
#[repr(C, packed(4))]
struct Eight(u64);

/// Copies elements so many elements apart, which the compiler knows and moves by vectors.
#[inline(always)]
unsafe fn spaced<T: Copy, const APART: isize>(dst: *mut T, src: *const T, len: usize) {
    for i in 0..len {
        // SAFETY: the caller's contract is that of `pack`.
        unsafe { *dst.add(i) = *src.offset(i as isize * APART) };
    }
}

/// Copies and returns the number of elements.
unsafe fn pack_as<T: Copy>(dst: *mut T, src: *const u8, axes: &[Axis]) -> usize {
    let size = size_of::<T>();
    // SAFETY: by the caller's contract each `src + i * step` is an element of the box, and `dst` has room.
    unsafe {
        let Some((&Axis { len, step }, inner)) = axes.split_first() else {
            *dst = *src.cast::<T>();
            return 1;
        };
        if len == 0 {
            return 0;
        }
        if inner.is_empty() {
            if step == size as isize {
                copy_short(dst, src.cast(), len);
            } else if step == 0 {
                let value = *src.cast::<T>();
                for i in 0..len {
                    *dst.add(i) = value;
                }
            } else if step == 2 * size as isize {
                spaced::<T, 2>(dst, src.cast(), len);
            } else if step == -(size as isize) {
                spaced::<T, -1>(dst, src.cast(), len);
            } else {
                for i in 0..len {
                    *dst.add(i) = *src.offset(i as isize * step).cast::<T>();
                }
            }
            return len;
        }
        if let [Axis { len: columns, step: 0 }] = *inner
            && columns > 0
        {
            for i in 0..len {
                let value = *src.offset(i as isize * step).cast::<T>();
                let row = dst.add(i * columns);
                for j in 0..columns {
                    *row.add(j) = value;
                }
            }
            return len * columns;
        }
        if let [Axis { len: columns, step: apart }] = *inner
            && step == size as isize
            && apart.unsigned_abs() > size
            && len.min(columns) >= CROSSED
        {
            turn(dst, columns, src.cast(), apart / size as isize, [len, columns]);
            return len * columns;
        }
        let row = pack_as(dst, src, inner);
        if step == 0 {
            // The same row again and again: doubling what is there needs few, large copies.
            let (mut done, total) = (row, row * len);
            while done < total {
                let next = done.min(total - done);
                std::ptr::copy_nonoverlapping(dst, dst.add(done), next);
                done += next;
            }
        } else {
            for i in 1..len {
                pack_as(dst.add(i * row), src.offset(i as isize * step), inner);
            }
        }
        row * len
    }
}

/// Rows and columns from which on a matrix that lies by columns is worth turning.
pub(crate) const CROSSED: usize = 8;
/// A copy that does not call `memcpy` for a handful of elements.
#[inline(always)]
unsafe fn copy_short<T: Copy>(dst: *mut T, src: *const T, len: usize) {
    // SAFETY: the caller's contract is that of `copy_nonoverlapping`.
    unsafe {
        if len <= 4 {
            for i in 0..len {
                *dst.add(i) = *src.add(i);
            }
        } else {
            std::ptr::copy_nonoverlapping(src, dst, len);
        }
    }
}
