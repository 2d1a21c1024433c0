//! Copying a strided box by all threads.

use smallvec::SmallVec;

use crate::engine::kernel::{CHEAP_GRAIN, Loop};
use crate::engine::pack::{Axis, merged, pack};
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
