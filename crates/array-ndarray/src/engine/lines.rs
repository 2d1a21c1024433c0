//! Lines of an axis, each computed by itself: its result does not depend on the lines beside it or on the number of threads.
//!
//! Lines of the last axis lie in one piece. Of another axis neighbouring lines are gathered, computed and put back together,
//! so that every cache line is read and written once, by all threads.

use array_api::Result;
use std::mem::MaybeUninit;
use std::sync::OnceLock;

use crate::array::{NdArray, NdElement};
use crate::engine::turn::turn;
use crate::engine::{pool, share};

/// Elements of input and output from which on lines are shared among threads.
const PARALLEL: usize = 1 << 13;

/// Computes every line of an axis, `out` elements (at least one) from the ones there are: `line(from, to, buffers)`, where `to`
/// is zero, and each thread makes its own buffers.
pub(crate) fn lines<T: NdElement, U: NdElement, B>(
    x: &NdArray,
    axis: usize,
    out: usize,
    buffers: impl Fn() -> B + Sync,
    line: impl Fn(&[T], &mut [U], &mut B) -> Result<()> + Sync,
) -> Result<NdArray> {
    // SAFETY: each line is set.
    unsafe { lines_unset(x, axis, out, buffers, zeroed(line)) }
}

/// A line's work on zeros, which stay in the cache if they are written where they are needed.
fn zeroed<T, U: NdElement, B>(
    line: impl Fn(&[T], &mut [U], &mut B) -> Result<()> + Sync,
) -> impl Fn(&[T], &mut [MaybeUninit<U>], &mut B) -> Result<()> + Sync {
    move |from, to, b| {
        to.fill(MaybeUninit::new(U::default()));
        // SAFETY: all of it was just set.
        line(from, unsafe { &mut *(to as *mut [MaybeUninit<U>] as *mut [U]) }, b)
    }
}

/// The same, where `to` is not set yet.
///
/// # Safety
/// `line` must set all of `to` unless it fails.
pub(crate) unsafe fn lines_unset<T: NdElement, U: NdElement, B>(
    x: &NdArray,
    axis: usize,
    out: usize,
    buffers: impl Fn() -> B + Sync,
    line: impl Fn(&[T], &mut [MaybeUninit<U>], &mut B) -> Result<()> + Sync,
) -> Result<NdArray> {
    let rank = x.shape().len();
    let is_last = axis + 1 == rank;
    let turned = if is_last {
        x.clone()
    } else {
        let order: Vec<usize> = (0..rank).filter(|&a| a != axis).chain([axis]).collect();
        x.clone().permuted(&order)
    };
    let gathered = !is_last && !turned.is_contiguous();
    // Lines without gaps go last, and their place is given back at the end.
    let x = if gathered { x.contiguous() } else { turned.contiguous() };
    let view = x.view::<T>();
    let from = view.as_ref().and_then(|v| v.as_slice()).unwrap_or_default();
    let mut shape = x.shape().to_vec();
    let place = if gathered { axis } else { rank - 1 };
    let m = std::mem::replace(&mut shape[place], out);
    let size = shape.iter().product();
    let mut to = pool::vector::<U>(size);
    if from.is_empty() {
        // Of an axis without elements only zeros are transformed.
        to.resize(size, U::default());
    } else if gathered {
        let lie = Lie { inner: shape[axis + 1..].iter().product(), m, out };
        // SAFETY: the result has a line, and room for it, where `x` has one; the buffers do not overlap.
        unsafe {
            by_blocks(lie, from.len(), from.as_ptr(), to.as_mut_ptr(), buffers, line)?;
            to.set_len(size);
        }
    } else {
        by_rows(m, out, from, &mut to.spare_capacity_mut()[..size], buffers, line)?;
        // SAFETY: all lines were computed, and each sets what it has.
        unsafe { to.set_len(size) };
    }
    let to = NdArray::from_vec(to, &shape);
    if gathered || is_last {
        return Ok(to);
    }
    let mut back: Vec<usize> = (0..rank - 1).collect();
    back.insert(axis, rank - 1);
    Ok(to.permuted(&back))
}

/// Replaces every line of an axis of an array in C order, `shape`, by one of as many elements.
pub(crate) fn lines_within<T: NdElement, B>(
    x: &mut [T],
    shape: &[usize],
    axis: usize,
    buffers: impl Fn() -> B + Sync,
    line: impl Fn(&[T], &mut [T], &mut B) -> Result<()> + Sync,
) -> Result<()> {
    assert_eq!(x.len(), shape.iter().product());
    if x.is_empty() {
        return Ok(());
    }
    let lie = Lie { inner: shape[axis + 1..].iter().product(), m: shape[axis], out: shape[axis] };
    let (len, to) = (x.len(), x.as_mut_ptr());
    // SAFETY: the array is as long as its shape says, and each line has its place in it.
    unsafe { by_blocks(lie, len, to.cast_const(), to, buffers, zeroed(line)) }
}

/// Lines one after the other.
fn by_rows<T: NdElement, U: NdElement, B>(
    m: usize,
    out: usize,
    from: &[T],
    to: &mut [MaybeUninit<U>],
    buffers: impl Fn() -> B + Sync,
    line: impl Fn(&[T], &mut [MaybeUninit<U>], &mut B) -> Result<()> + Sync,
) -> Result<()> {
    let each = |b: &mut B, (from, to): (&[T], &mut [MaybeUninit<U>])| {
        from.chunks_exact(m).zip(to.chunks_exact_mut(out)).try_for_each(|(from, to)| line(from, to, b))
    };
    if from.len() == m || from.len() + to.len() < PARALLEL || !share::alone() {
        return each(&mut buffers(), (from, to));
    }
    // Short lines go together, so that a turn is worth taking.
    let together = (PARALLEL / 2 / (m + out)).max(1);
    in_turns(from.chunks(m * together).zip(to.chunks_mut(out * together)), buffers, each)
}

/// Computes pieces by all threads; one failure is enough to say.
fn in_turns<I: Iterator + Send, B>(
    pieces: I,
    buffers: impl Fn() -> B + Sync,
    each: impl Fn(&mut B, I::Item) -> Result<()> + Sync,
) -> Result<()> {
    let failure = OnceLock::new();
    share::turns_with(pieces, &buffers, |b, piece| {
        if let Err(e) = each(b, piece) {
            let _ = failure.set(e);
        }
    });
    failure.into_inner().map_or(Ok(()), Err)
}

/// How lines lie side by side: `inner` of them, of `m` elements before and `out` after.
#[derive(Clone, Copy)]
struct Lie {
    inner: usize,
    m: usize,
    out: usize,
}

struct Pointers<T, U>(*const T, *mut U);
// SAFETY: threads read and write disjoint blocks of lines.
unsafe impl<T: Sync, U: Send> Sync for Pointers<T, U> {}

/// Bytes of gathered lines, before and after, that the second-level cache holds.
const BLOCK: usize = 1 << 19;

/// A buffer of gathered lines, which the pool keeps.
struct Gathered<T: NdElement>(Vec<T>);

impl<T: NdElement> Gathered<T> {
    fn new(len: usize) -> Gathered<T> {
        let mut room = pool::vector(len);
        room.resize(len, T::default());
        Gathered(room)
    }
}

impl<T: NdElement> Drop for Gathered<T> {
    fn drop(&mut self) {
        pool::keep(std::mem::take(&mut self.0));
    }
}

/// Elements as room for others.
fn unset<T: Copy>(elements: &mut [T]) -> &mut [MaybeUninit<T>] {
    // SAFETY: what is written there are elements: lines set what they have.
    unsafe { &mut *(elements as *mut [T] as *mut [MaybeUninit<T>]) }
}

/// Bytes of a row of gathered lines: of fewer than a cache line a part would be read in vain.
const ROW: [usize; 2] = [64, 512];

/// # Safety
/// There must be `len` elements at `from` that lie so, at least one, and room for their lines at `to`. Both may be the same
/// if lines keep their length.
unsafe fn by_blocks<T: NdElement, U: NdElement, B>(
    Lie { inner, m, out }: Lie,
    len: usize,
    from: *const T,
    to: *mut U,
    buffers: impl Fn() -> B + Sync,
    line: impl Fn(&[T], &mut [MaybeUninit<U>], &mut B) -> Result<()> + Sync,
) -> Result<()> {
    let outer = len / (m * inner);
    let size = size_of::<T>().max(size_of::<U>());
    let fits = BLOCK / (size * (m + out));
    let threads =
        if len + outer * out * inner >= PARALLEL && share::alone() { rayon::current_num_threads() } else { 1 };
    // Few lines are shared too.
    let fair = (outer * inner).div_ceil(threads);
    let width = fits.clamp(ROW[0] / size, ROW[1] / size).min(fair).min(inner);
    let per_slab = inner.div_ceil(width);
    let blocks = outer * per_slab;
    let pointers = Pointers(from, to);
    let pointers = &pointers;
    let own = || (Gathered::new(width * m), Gathered::new(width * out), buffers());
    let block = |(Gathered(before), Gathered(after), b): &mut (Gathered<T>, Gathered<U>, B), i: usize| {
        let (slab, first) = (i / per_slab, i % per_slab * width);
        let count = width.min(inner - first);
        // SAFETY: the block is in the slab, and no other block has these lines; they are read before they are written.
        unsafe {
            turn(before.as_mut_ptr(), m, pointers.0.add(slab * m * inner + first), inner as isize, [count, m]);
            let lines = before.chunks_exact(m).zip(after.chunks_exact_mut(out));
            lines.take(count).try_for_each(|(from, to)| line(from, unset(to), b))?;
            turn(pointers.1.add(slab * out * inner + first), inner, after.as_ptr(), out as isize, [out, count]);
        }
        Ok(())
    };
    if threads == 1 || blocks == 1 {
        let mut own = own();
        return (0..blocks).try_for_each(|i| block(&mut own, i));
    }
    let together = (PARALLEL / 2 / (width * (m + out))).max(1);
    let groups = (0..blocks).step_by(together);
    in_turns(groups, own, |own, first| (first..blocks.min(first + together)).try_for_each(|i| block(own, i)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each line's running sums of squares, one element more than it has: every place matters.
    fn running(from: &[i64], to: &mut [i32]) {
        assert!(to.iter().all(|&x| x == 0));
        let mut sum = 0;
        for (to, x) in to.iter_mut().skip(1).zip(from) {
            sum += *x as i32 * *x as i32 % 1009;
            *to = sum;
        }
    }

    #[test]
    fn every_layout_has_the_same_lines() {
        for shape in
            [vec![7], vec![3, 5], vec![1, 9, 1], vec![40, 300], vec![300, 41, 3], vec![2, 1000, 17], vec![5, 2000, 1]]
        {
            let n: usize = shape.iter().product();
            let x = NdArray::from_vec((0..n as i64).collect(), &shape);
            for axis in 0..shape.len() {
                let m = shape[axis];
                let inner: usize = shape[axis + 1..].iter().product();
                let mut expected = vec![0; n / m * (m + 1)];
                for l in 0..n / m {
                    let (o, i) = (l / inner, l % inner);
                    let from: Vec<i64> = (0..m).map(|k| ((o * m + k) * inner + i) as i64).collect();
                    let mut to = vec![0; m + 1];
                    running(&from, &mut to);
                    to.iter().enumerate().for_each(|(k, &y)| expected[(o * (m + 1) + k) * inner + i] = y);
                }
                let order: Vec<usize> = (0..shape.len()).rev().collect();
                let crossed = x.clone().permuted(&order).contiguous().permuted(&order);
                for x in [&x, &crossed] {
                    let y = lines(
                        x,
                        axis,
                        m + 1,
                        || (),
                        |from: &[i64], to: &mut [i32], ()| {
                            running(from, to);
                            Ok(())
                        },
                    );
                    assert_eq!(y.unwrap().to_vec::<i32>().unwrap(), expected, "{shape:?} {axis}");
                }
                let mut within = x.to_vec::<i64>().unwrap();
                lines_within(
                    &mut within,
                    &shape,
                    axis,
                    || (),
                    |from, to, ()| {
                        to.iter_mut().zip(from.iter().rev()).for_each(|(to, &x)| *to = x + 1);
                        Ok(())
                    },
                )
                .unwrap();
                for (at, &y) in within.iter().enumerate() {
                    let k = at / inner % m;
                    assert_eq!(y as usize, at + (m - 1 - k) * inner - k * inner + 1);
                }
            }
        }
    }

    #[test]
    fn a_failure_is_said() {
        let x = NdArray::from_vec(vec![1.0_f32; 90_000], &[300, 300]);
        for axis in [0, 1] {
            let fails = |_: &[f32], _: &mut [f32], (): &mut ()| Err(array_api::Error::value("lines", "no"));
            assert!(lines(&x, axis, 2, || (), fails).is_err());
        }
    }
}
