//! Copying a strided box by all threads.

use smallvec::SmallVec;

use crate::engine::kernel::{CHEAP_GRAIN, Loop};
use crate::engine::pack::{Axis, merged, pack};
use crate::engine::share;
use crate::engine::tiles::{Form, Job};

/// [`pack`], shared among threads where it is large.
///
/// # Safety
/// That of [`pack`].
pub(crate) unsafe fn copy(size: usize, dst: *mut u8, src: *const u8, axes: &[Axis]) {
    let len: usize = axes.iter().map(|axis| axis.len).product();
    let axes = merged(axes.iter().copied());
    // SAFETY: the caller's promise; the job's one operand is the box.
    unsafe {
        if len < 2 * CHEAP_GRAIN || axes.is_empty() {
            return pack(size, dst, src, &axes);
        }
        if let Some((row, outer)) = axes.split_last()
            && row.step == size as isize
            && row.len * size >= ROW
        {
            return by_rows(Rows(dst, src), outer, row.len * size);
        }
        let mut job = Job {
            kernel: of_size(size),
            grain: CHEAP_GRAIN,
            out: std::ptr::null_mut(),
            out_size: size,
            len,
            count: 1,
            sizes: [size; 3],
            ins: [src; 3],
            forms: [Form::Pack; 3],
            axes: [axes, SmallVec::new(), SmallVec::new()],
        };
        job.execute(dst);
    }
}

/// Bytes from which on a row that lies in one piece is copied by itself, straight to its place.
const ROW: usize = 512;

/// Where a box goes, and where it lies.
struct Rows(*mut u8, *const u8);
// SAFETY: threads read, and write disjoint rows.
unsafe impl Sync for Rows {}

/// Copies a box of rows of so many bytes, by all threads.
///
/// # Safety
/// That of [`pack`].
unsafe fn by_rows(whole: Rows, outer: &[Axis], bytes: usize) {
    let whole = &whole;
    let rows = outer.iter().map(|axis| axis.len).product();
    let row = |r: usize| {
        let mut from = whole.1;
        let mut rest = r;
        for axis in outer.iter().rev() {
            from = from.wrapping_offset((rest % axis.len) as isize * axis.step);
            rest /= axis.len;
        }
        // SAFETY: the row is the box's, and no other goes to its place.
        unsafe { std::ptr::copy_nonoverlapping(from, whole.0.wrapping_add(r * bytes), bytes) };
    };
    match share::alone() {
        true => share::parts(rows, &row),
        false => (0..rows).for_each(row),
    }
}

/// The loop that copies elements of a size.
fn of_size(size: usize) -> Loop {
    unsafe fn bytes<const SIZE: usize>(n: usize, out: *mut u8, ins: [*const u8; 3]) {
        // SAFETY: the loop's contract gives `n` elements behind each pointer, without overlap.
        unsafe { std::ptr::copy_nonoverlapping(ins[0], out, n * SIZE) }
    }
    match size {
        1 => bytes::<1>,
        2 => bytes::<2>,
        4 => bytes::<4>,
        8 => bytes::<8>,
        _ => bytes::<16>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_rows_go_where_packed_ones_do() {
        let x: Vec<u64> = (0..300_000).collect();
        let axis = |len, step: isize| Axis { len, step: step * 8 };
        for axes in [
            vec![axis(100_000, 1)],
            vec![axis(400, 700), axis(300, 1)],
            vec![axis(2, 0), axis(300, 900), axis(3, 0), axis(70, 1)],
            vec![axis(500, -400), axis(2, 200), axis(100, 1)],
        ] {
            let len = axes.iter().map(|axis| axis.len).product();
            let (mut got, mut want) = (vec![0_u64; len], vec![0_u64; len]);
            let first = if axes[0].step < 0 { 499 * 400 } else { 0 };
            // SAFETY: the boxes lie in the vector, and there is room for them.
            unsafe {
                copy(8, got.as_mut_ptr().cast(), x[first..].as_ptr().cast(), &axes);
                pack(8, want.as_mut_ptr().cast(), x[first..].as_ptr().cast(), &axes);
            }
            assert!(got == want, "{axes:?}");
        }
    }
}
