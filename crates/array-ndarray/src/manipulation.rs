//! Operations that move elements. Views share the buffer; what cannot be a view is copied once.

use array_api::{
    Arg, BroadcastTo, Concat, Dims, Error, ExpandDims, Flip, PermuteDims, Repeat, Reshape, Result, Scalar,
    SlidingWindowView, Squeeze, Verdict, implements, with_element,
};
use ndarray::{IxDyn, SliceInfoElem};

use crate::array::{NdArray, NdElement};
use crate::engine::by_size::moved;
use crate::engine::by_type::{Wide, with_integer};
use crate::engine::copy::copy;
use crate::engine::interleave::{Runs, TILE, interleave};
use crate::engine::pack::{Axis, pack};
use crate::engine::repeat::Repeated;
use crate::engine::share;
use crate::indexing::{Around, sliced};
use crate::kind::{bytes, room};

/// The same elements in another shape: a view where the layout allows.
pub(crate) fn reshaped(x: &NdArray, shape: &Dims) -> Result<NdArray> {
    let x = x.contiguous();
    with_element!(x.dtype(), T => match T::peel(&x) {
        Some(a) => match a.clone().into_shape_with_order(IxDyn(shape)) {
            Ok(a) => Ok(T::wrap(a)),
            Err(e) => Err(Error::backend("reshape", e.to_string())),
        },
        None => Ok(x),
    })
}

#[implements(reshape)]
fn reshape(x: &NdArray, _: &Reshape, verdict: &Verdict) -> Result<NdArray> {
    reshaped(x, verdict.dims())
}

#[implements(permute_dims)]
fn permute_dims(x: NdArray, p: &PermuteDims) -> Result<NdArray> {
    let order: Vec<usize> = p.axes.iter().map(|&a| a as usize).collect();
    Ok(x.permuted(&order))
}

const FULL: SliceInfoElem = SliceInfoElem::Slice { start: 0, end: None, step: 1 };

#[implements(expand_dims)]
fn expand_dims(x: &NdArray, p: &ExpandDims) -> Result<NdArray> {
    let mut entries = vec![FULL; x.shape().len()];
    entries.insert(p.axis as usize, SliceInfoElem::NewAxis);
    Ok(sliced(x, &entries))
}

#[implements(squeeze)]
fn squeeze(x: &NdArray, p: &Squeeze) -> Result<NdArray> {
    let shape = x.shape();
    let gone = match &p.axis {
        array_api::Axes::All => (0..shape.len()).filter(|&a| shape[a] == 1).collect(),
        some => some.list(shape.len()),
    };
    let entry = |a| if gone.contains(&a) { SliceInfoElem::Index(0) } else { FULL };
    let entries: Vec<_> = (0..shape.len()).map(entry).collect();
    Ok(sliced(x, &entries))
}

#[implements(flip)]
fn flip(x: &NdArray, p: &Flip) -> Result<NdArray> {
    let n = x.shape().len();
    let axes = p.axis.list(n);
    let step = |a| if axes.contains(&a) { -1 } else { 1 };
    let entries: Vec<_> = (0..n).map(|a| SliceInfoElem::Slice { start: 0, end: None, step: step(a) }).collect();
    Ok(sliced(x, &entries))
}

/// The axes of an array in bytes.
fn axes(x: &NdArray) -> Vec<Axis> {
    let size = x.dtype().size() as isize;
    x.shape().iter().zip(x.strides()).map(|(&len, &stride)| Axis { len, step: stride * size }).collect()
}

/// A copy: an owned array of `ndarray` may be changed in place, so that no two of its elements share a place.
#[implements(broadcast_to)]
fn broadcast_to(x: &NdArray, p: &BroadcastTo) -> Result<NdArray> {
    if x.shape() == &p.shape[..] {
        return Ok(x.clone());
    }
    let new = p.shape.len() - x.shape().len();
    let own = axes(x);
    let repeated = |(i, &len): (usize, &usize)| match i.checked_sub(new).map(|i| own[i]) {
        Some(axis) if axis.len == len => axis,
        _ => Axis { len, step: 0 },
    };
    let wide: Vec<_> = p.shape.iter().enumerate().map(repeated).collect();
    let size = x.dtype().size();
    // SAFETY: the box repeats elements of the array, and is empty if the result is.
    Ok(unsafe { NdArray::build(x.dtype(), &p.shape, &mut |out| copy(size, out, x.ptr(), &wide)) })
}

/// In memory the windows' axes stand before those along which they slide, so that what is copied at a time is long; a product
/// of matrices over the elements of windows, which is what convolutions are, finds them as it needs them.
#[implements(sliding_window_view)]
fn sliding_window_view(x: &NdArray, p: &SlidingWindowView, verdict: &Verdict) -> Result<NdArray> {
    let (own, windows) = (axes(x), p.window_shape.len());
    let slid: Vec<usize> = p.axis.iter().flatten().map(|&a| a as usize).collect();
    let first = slid.iter().copied().min().unwrap_or(own.len());
    // From one element to the next; where there is no next one, any distance may have been asked for.
    let along =
        |axis: &Axis, len: usize, by: usize| Axis { len, step: if len > 1 { axis.step * by as isize } else { 0 } };
    let stride = |a: usize| slid.iter().position(|&s| s == a).map_or(1, |j| p.stride[j]);
    let mut wide: Vec<Axis> = (0..own.len()).map(|a| along(&own[a], verdict.dims()[a], stride(a))).collect();
    let inside: Vec<Axis> = (0..windows).map(|j| along(&own[slid[j]], p.window_shape[j], p.dilation[j])).collect();
    wide.splice(first..first, inside);
    let shape: Vec<usize> = wide.iter().map(|axis| axis.len).collect();
    let size = x.dtype().size();
    // SAFETY: the rule has checked that every window lies in the array.
    let packed = unsafe { NdArray::build(x.dtype(), &shape, &mut |out| copy(size, out, x.ptr(), &wide)) };
    let order: Vec<usize> = (0..first).chain(first + windows..shape.len()).chain(first..first + windows).collect();
    Ok(packed.permuted(&order))
}

/// Copies a box to slabs of `dst` that are `slab` bytes apart along its first `depth` axes.
///
/// # Safety
/// As [`pack`]; the slabs must lie in `dst`.
unsafe fn place(size: usize, dst: *mut u8, slabs: &[usize], src: *const u8, axes: &[Axis]) {
    // SAFETY: by the caller's contract.
    unsafe {
        match (slabs, axes) {
            ([slab, slabs @ ..], [axis, axes @ ..]) => {
                for i in 0..axis.len {
                    place(size, dst.add(i * slab), slabs, src.offset(i as isize * axis.step), axes);
                }
            }
            _ => pack(size, dst, src, axes),
        }
    }
}

/// Part of an array, cut along its first axis, and where it goes.
struct Piece {
    dst: *mut u8,
    src: *const u8,
    axes: Vec<Axis>,
}
// SAFETY: a piece is read, and its place in the result is its own.
unsafe impl Sync for Piece {}

/// Bytes of a piece, about.
const PIECE: usize = 1 << 17;

/// What arrays that are joined along an inner axis add to each row of the result, if these rows are short.
fn short_runs(arrays: &[&NdArray], axis: usize, width: usize) -> Option<Vec<Runs>> {
    if axis == 0 || width > TILE || arrays.len() < 2 {
        return None;
    }
    arrays.iter().map(|x| Runs::of(x, axis)).collect()
}

#[implements(concat)]
fn concat(arrays: &[&NdArray], p: &Concat, verdict: &Verdict) -> Result<NdArray> {
    let (axis, shape, dtype) = (p.axis as usize, verdict.dims(), verdict.dtype());
    let size = dtype.size();
    let row: usize = shape[axis + 1..].iter().product::<usize>() * size;
    if let Some(runs) = short_runs(arrays, axis, shape[axis] * row) {
        let rows = shape[..axis].iter().product();
        // SAFETY: the arrays have the result's type and, but for the axis, its extents, and their extents along the axis add
        // up to the result's.
        return Ok(unsafe { NdArray::build(dtype, shape, &mut |out| interleave(out, rows, &runs)) });
    }
    let slabs: Vec<usize> = (0..axis).map(|a| shape[a + 1..].iter().product::<usize>() * size).collect();
    // SAFETY: the arrays have the result's type and, but for the axis, its extents, and their extents along the axis add
    // up to the result's: each element of the result is written once.
    let out = unsafe {
        NdArray::build(dtype, shape, &mut |out| {
            let mut before = 0;
            let mut pieces = vec![];
            for x in arrays.iter().filter(|x| !x.is_empty()) {
                // What lies in one piece and stays so may be cut anywhere.
                let (whole, apart) = match axis == 0 && x.is_contiguous() {
                    true => (vec![Axis { len: x.len(), step: size as isize }], size),
                    false => (axes(x), slabs.first().copied().unwrap_or(row)),
                };
                let (extent, bytes) = (whole[0].len, x.len() * size);
                let count = (bytes / PIECE).clamp(1, extent);
                for p in 0..count {
                    let (first, end) = (extent * p / count, extent * (p + 1) / count);
                    let mut axes = whole.clone();
                    axes[0].len = end - first;
                    let src = x.ptr().wrapping_offset(first as isize * axes[0].step);
                    pieces.push(Piece { dst: out.add(before * row + first * apart), src, axes });
                }
                before += x.shape()[axis];
            }
            let copy = |i: usize| {
                let piece: &Piece = &pieces[i];
                place(size, piece.dst, &slabs, piece.src, &piece.axes);
            };
            match pieces.len() > arrays.len() && share::alone() {
                true => share::parts(pieces.len(), &copy),
                false => (0..pieces.len()).for_each(copy),
            }
        })
    };
    Ok(out)
}

#[implements(repeat)]
fn repeat(x: &NdArray, repeats: Arg<'_, NdArray>, p: &Repeat) -> Result<NdArray> {
    let (shape, axis) = match p.axis {
        Some(axis) => (x.shape().to_vec(), axis as usize),
        None => (vec![x.len()], 0),
    };
    let around = Around::new(&shape, axis);
    let count = |i: i128, at: Option<usize>| {
        if i < 0 {
            let place = at.map(|at| format!(" at position {at}")).unwrap_or_default();
            return Err(Error::value("repeat", format!("repeats is {i}{place}, but cannot be negative")));
        }
        // What cannot be counted there is no memory for, unless there is nothing to repeat.
        Ok(usize::try_from(i).unwrap_or(usize::MAX))
    };
    let counts = match repeats {
        Arg::Scalar(s, _) => vec![count(Scalar::to_i128(s), None)?],
        Arg::Ref(a) => read(a, count)?,
        Arg::Own(a) => read(&a, count)?,
    };
    let total = match counts[..] {
        [one] => one.checked_mul(around.extent),
        _ => counts.iter().try_fold(0_usize, |n, &c| n.checked_add(c)),
    };
    let mut shape = shape;
    shape[axis] = total.unwrap_or(usize::MAX);
    room("repeat", bytes(&shape, x.dtype()), || {
        format!("a result of shape {} and dtype {}", Dims::new(&shape), x.dtype())
    })?;
    Ok(moved(x, &shape, &Repeated { inner: around.inner, counts }))
}

fn read(repeats: &NdArray, count: impl Fn(i128, Option<usize>) -> Result<usize>) -> Result<Vec<usize>> {
    fn wide<T: NdElement + Into<Wide>>(a: &NdArray) -> Vec<i128> {
        a.to_vec::<T>().unwrap_or_default().into_iter().map(|i| i.into().0).collect()
    }
    let all = with_integer!("repeat", repeats.dtype(), T => Ok(wide::<T>(repeats)))?;
    all.into_iter().enumerate().map(|(at, i)| count(i, Some(at))).collect()
}
