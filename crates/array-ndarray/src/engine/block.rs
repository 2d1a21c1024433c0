//! Loops of functions that take dozens of vector instructions, by blocks of one cache line.
//!
//! A block of constant length is vectorised without a remainder. The last block ends where the operands end, so it may
//! compute some elements of the one before again: that costs less than a tail. Only what is shorter than a block goes one by
//! one. A line is a single vector at most; several at once gained nothing, for the processor overlaps blocks by itself.

use std::mem::MaybeUninit;

use crate::engine::kernel::{Function1, Function2, slice_in, slice_out};

const LINE: usize = 64;

/// The starts of blocks that cover `n >= block` elements.
#[inline(always)]
fn starts(n: usize, block: usize) -> impl Iterator<Item = usize> {
    (0..n).step_by(block).map(move |i| i.min(n - block))
}

#[inline(always)]
pub(super) unsafe fn block1<A: Copy, O: Copy, F: Function1<A, O>>(n: usize, out: *mut u8, ins: [*const u8; 3]) {
    // SAFETY: the loop's contract gives `n` elements behind each pointer, without overlap.
    let (o, a) = unsafe { (slice_out::<O>(out, n), slice_in::<A>(ins[0], n)) };
    let block = const { LINE / size_of::<A>() };
    if n < block {
        for (o, &a) in o.iter_mut().zip(a) {
            o.write(if F::is_slow(a) { F::slow(a) } else { F::f(a) });
        }
        return;
    }
    for i in starts(n, block) {
        whole1::<A, O, F>(block, &a[i..i + block], &mut o[i..i + block]);
    }
}

#[inline(always)]
fn whole1<A: Copy, O: Copy, F: Function1<A, O>>(block: usize, a: &[A], o: &mut [MaybeUninit<O>]) {
    for i in 0..block {
        o[i].write(F::f(a[i]));
    }
    let mut slow = false;
    for i in 0..block {
        slow |= F::is_slow(a[i]);
    }
    if slow {
        for i in 0..block {
            if F::is_slow(a[i]) {
                o[i].write(F::slow(a[i]));
            }
        }
    }
}

#[inline(always)]
pub(super) unsafe fn block2<A: Copy, B: Copy, O: Copy, F: Function2<A, B, O>>(
    n: usize,
    out: *mut u8,
    ins: [*const u8; 3],
) {
    // SAFETY: as in `block1`.
    let (o, a, b) = unsafe { (slice_out::<O>(out, n), slice_in::<A>(ins[0], n), slice_in::<B>(ins[1], n)) };
    let block = const { LINE / size_of::<A>() };
    if n < block {
        for (o, (&a, &b)) in o.iter_mut().zip(a.iter().zip(b)) {
            o.write(if F::is_slow(a, b) { F::slow(a, b) } else { F::f(a, b) });
        }
        return;
    }
    for i in starts(n, block) {
        whole2::<A, B, O, F>(block, &a[i..i + block], &b[i..i + block], &mut o[i..i + block]);
    }
}

#[inline(always)]
fn whole2<A: Copy, B: Copy, O: Copy, F: Function2<A, B, O>>(block: usize, a: &[A], b: &[B], o: &mut [MaybeUninit<O>]) {
    for i in 0..block {
        o[i].write(F::f(a[i], b[i]));
    }
    let mut slow = false;
    for i in 0..block {
        slow |= F::is_slow(a[i], b[i]);
    }
    if slow {
        for i in 0..block {
            if F::is_slow(a[i], b[i]) {
                o[i].write(F::slow(a[i], b[i]));
            }
        }
    }
}
