//! Loops of functions that take dozens of vector instructions, by blocks.
//!
//! A block of constant length is vectorised without a remainder. The last block ends where the operands end, so it may
//! compute some elements of the one before again: that costs less than a tail. What is shorter than a block is a loop of its
//! own, because filling a block up takes one element as long as all of them.

use std::mem::MaybeUninit;

use crate::engine::kernel::{Function1, Function2, slice_in, slice_out};
use crate::engine::math::arithmetic::Arithmetic;

/// Elements handled at once: 256 bytes. With fewer the compiler unrolls first and then fails to vectorise the longer functions.
const fn block<A>() -> usize {
    let count = 256 / size_of::<A>();
    if count > 64 {
        64
    } else if count < 32 {
        32
    } else {
        count
    }
}

/// The starts of blocks that cover `n >= block` elements.
#[inline(always)]
fn starts(n: usize, block: usize) -> impl Iterator<Item = usize> {
    (0..n).step_by(block).map(move |i| i.min(n - block))
}

#[inline(always)]
pub(super) unsafe fn block1<A: Copy, O: Copy, F: Function1<A, O>, M: Arithmetic>(
    n: usize,
    out: *mut u8,
    ins: [*const u8; 3],
) {
    // SAFETY: the loop's contract gives `n` elements behind each pointer, without overlap.
    let (o, a) = unsafe { (slice_out::<O>(out, n), slice_in::<A>(ins[0], n)) };
    let block = const { block::<A>() };
    if n < block {
        return whole1::<A, O, F, M>(n, a, o);
    }
    for i in starts(n, block) {
        whole1::<A, O, F, M>(block, &a[i..i + block], &mut o[i..i + block]);
    }
}

#[inline(always)]
pub(super) unsafe fn block2<A: Copy, B: Copy, O: Copy, F: Function2<A, B, O>, M: Arithmetic>(
    n: usize,
    out: *mut u8,
    ins: [*const u8; 3],
) {
    // SAFETY: as in `block1`.
    let (o, a, b) = unsafe { (slice_out::<O>(out, n), slice_in::<A>(ins[0], n), slice_in::<B>(ins[1], n)) };
    let block = const { block::<A>() };
    if n < block {
        return whole2::<A, B, O, F, M>(n, a, b, o);
    }
    for i in starts(n, block) {
        whole2::<A, B, O, F, M>(block, &a[i..i + block], &b[i..i + block], &mut o[i..i + block]);
    }
}

#[inline(always)]
fn whole1<A: Copy, O: Copy, F: Function1<A, O>, M: Arithmetic>(n: usize, a: &[A], o: &mut [MaybeUninit<O>]) {
    let (a, o) = (&a[..n], &mut o[..n]);
    for i in 0..n {
        o[i].write(F::f::<M>(a[i]));
    }
    let mut slow = false;
    for &a in a {
        slow |= F::is_slow(a);
    }
    if slow {
        for i in 0..n {
            if F::is_slow(a[i]) {
                o[i].write(F::slow::<M>(a[i]));
            }
        }
    }
}

#[inline(always)]
fn whole2<A: Copy, B: Copy, O: Copy, F: Function2<A, B, O>, M: Arithmetic>(
    n: usize,
    a: &[A],
    b: &[B],
    o: &mut [MaybeUninit<O>],
) {
    let (a, b, o) = (&a[..n], &b[..n], &mut o[..n]);
    for i in 0..n {
        o[i].write(F::f::<M>(a[i], b[i]));
    }
    let mut slow = false;
    for i in 0..n {
        slow |= F::is_slow(a[i], b[i]);
    }
    if slow {
        for i in 0..n {
            if F::is_slow(a[i], b[i]) {
                o[i].write(F::slow::<M>(a[i], b[i]));
            }
        }
    }
}
