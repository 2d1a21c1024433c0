//! Moving elements by their size alone: a movement is compiled for five sizes instead of thirteen data types.

use array_api::with_element;
use std::mem::MaybeUninit;

use crate::array::NdArray;
use crate::engine::pool;

/// Something that moves elements without looking at them.
///
/// # Safety
/// `run` must write every place of the result.
pub(crate) unsafe trait Movement {
    /// Moves elements of `from`, in C order, to `to`, where nothing is yet.
    fn run<T: Copy + Send + Sync>(&self, from: &[T], to: &mut [MaybeUninit<T>]);
}

/// An array of the given shape whose elements come from `x`.
pub(crate) fn moved(x: &NdArray, shape: &[usize], movement: &impl Movement) -> NdArray {
    let x = x.contiguous();
    let len = shape.iter().product();
    let (from, n, size) = (x.ptr(), x.len(), x.dtype().size());
    with_element!(x.dtype(), E => {
        let mut out = pool::vector::<E>(len);
        let to = out.as_mut_ptr().cast::<u8>();
        // SAFETY: both have room for this many elements of `size` bytes, aligned at least as the type below, and a movement,
        // generic over `Copy`, can only store what it read, and stores an element in every place.
        unsafe {
            match size {
                1 => run::<u8>(movement, from, n, to, len),
                2 => run::<u16>(movement, from, n, to, len),
                4 => run::<u32>(movement, from, n, to, len),
                // A complex number of two f32 is aligned to 4 bytes.
                8 => run::<[u32; 2]>(movement, from, n, to, len),
                _ => run::<[u64; 2]>(movement, from, n, to, len),
            }
            out.set_len(len);
        }
        NdArray::from_vec(out, shape)
    })
}

unsafe fn run<T: Copy + Send + Sync>(movement: &impl Movement, from: *const u8, n: usize, to: *mut u8, len: usize) {
    // SAFETY: the caller's contract.
    let (from, to) = unsafe {
        (
            std::slice::from_raw_parts(from.cast::<T>(), n),
            std::slice::from_raw_parts_mut(to.cast::<MaybeUninit<T>>(), len),
        )
    };
    movement.run(from, to);
}
