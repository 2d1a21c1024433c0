//! Integer positions along an axis that differ from line to line.

use array_api::{Result, ScatterAdd, TakeAlongAxis, Verdict, implements, with_element};
use std::mem::MaybeUninit;

use crate::array::NdArray;
use crate::engine::by_size::{Movement, moved};
use crate::engine::share;
use crate::indexing::{Around, PARALLEL, PLACES, Places, Plus, TURN, owned, positions};

/// Lines along one axis of several arrays of equal other extents, where an extent of one repeats.
struct Lines {
    /// The extents without the axis.
    extents: Vec<usize>,
    /// For each array the distance of neighbours along each extent and along the axis, in elements.
    steps: Vec<(Vec<usize>, usize)>,
}

impl Lines {
    fn new(out: &[usize], axis: usize, arrays: &[&[usize]]) -> Lines {
        let others = |v: &[usize]| [&v[..axis], &v[axis + 1..]].concat();
        let steps = |shape: &&[usize]| {
            let mut step = 1;
            let mut steps = vec![0; shape.len()];
            for (s, &n) in steps.iter_mut().zip(shape.iter()).rev() {
                *s = step;
                step *= n;
            }
            let along = steps[axis];
            let mut steps = others(&steps);
            for (s, &n) in steps.iter_mut().zip(&others(shape)) {
                if n == 1 {
                    *s = 0;
                }
            }
            (steps, along)
        };
        Lines { extents: others(out), steps: arrays.iter().map(steps).collect() }
    }

    /// Calls `f` with each array's first place of every line, in C order.
    fn each(&self, mut f: impl FnMut(&[usize])) {
        let mut index = vec![0; self.extents.len()];
        let mut first = vec![0; self.steps.len()];
        let count: usize = self.extents.iter().product();
        for _ in 0..count {
            f(&first);
            for a in (0..index.len()).rev() {
                index[a] += 1;
                self.steps.iter().zip(&mut first).for_each(|((s, _), at)| *at += s[a]);
                if index[a] < self.extents[a] {
                    break;
                }
                self.steps.iter().zip(&mut first).for_each(|((s, _), at)| *at -= s[a] * index[a]);
                index[a] = 0;
            }
        }
    }
}

/// Elements at positions of their own, `count` in each line: of x, the positions, the result.
struct Along<'a>(Lines, &'a [usize], usize);

// SAFETY: the lines are the whole result, and each has as many elements as positions.
unsafe impl Movement for Along<'_> {
    fn run<T: Copy + Send + Sync>(&self, from: &[T], to: &mut [MaybeUninit<T>]) {
        let Along(lines, positions, count) = self;
        let [(_, sx), (_, si), (_, so)] = lines.steps[..] else { unreachable!("there are three arrays") };
        lines.each(|first| {
            for j in 0..*count {
                to[first[2] + j * so].write(from[first[0] + positions[first[1] + j * si] * sx]);
            }
        });
    }
}

/// Elements at positions of their own, one for each of the result's elements, whose lines lie as those of x do.
struct Own<'a>(Around, usize, &'a Places);

// SAFETY: the pieces are the whole result, and each element is written.
unsafe impl Movement for Own<'_> {
    fn run<T: Copy + Send + Sync>(&self, from: &[T], to: &mut [MaybeUninit<T>]) {
        let &Own(Around { extent, inner, .. }, count, places) = self;
        if to.is_empty() || from.is_empty() {
            return to.fill(MaybeUninit::zeroed());
        }
        // Elements that lie side by side in the result and come from one slab, in which one position is one more row away.
        let (row, per_slab) = if inner == 1 { (count, 1) } else { (inner, count) };
        let turn = if row < TURN { TURN / row * row } else { TURN };
        let work = |(piece, to): (usize, &mut [MaybeUninit<T>])| {
            let mut positions = [0; PLACES];
            let (mut start, mut rest) = (piece * turn, to);
            while !rest.is_empty() {
                let column = start % row;
                let here = (row - column).min(PLACES).min(rest.len());
                let (now, later) = rest.split_at_mut(here);
                let positions = &mut positions[..here];
                places.read(start, positions);
                let slab = &from[start / row / per_slab * extent * inner..][..extent * inner];
                if inner == 1 {
                    for (to, &i) in now.iter_mut().zip(&*positions) {
                        // SAFETY: what was read is less than the extent, which the slab has.
                        to.write(unsafe { *slab.get_unchecked(i) });
                    }
                } else {
                    for (c, (to, &i)) in now.iter_mut().zip(&*positions).enumerate() {
                        // SAFETY: as above, and the column is one of the inner ones.
                        to.write(unsafe { *slab.get_unchecked(i * inner + column + c) });
                    }
                }
                (start, rest) = (start + here, later);
            }
        };
        let parallel = to.len() >= PARALLEL && share::alone();
        let pieces = to.chunks_mut(turn).enumerate();
        if parallel { share::turns(pieces, work) } else { pieces.for_each(work) }
    }
}

#[implements(take_along_axis)]
fn take_along_axis(x: &NdArray, indices: &NdArray, p: &TakeAlongAxis, verdict: &Verdict) -> Result<NdArray> {
    let (axis, out) = (p.axis as usize, verdict.dims());
    let extent = x.shape()[axis];
    let repeats = |a: usize| a != axis && x.shape()[a] != out[a];
    if indices.shape() == &out[..] && !(0..out.len()).any(repeats) {
        let places = Places::new("take_along_axis", indices, axis, extent, x.is_empty())?;
        let taken = moved(x, out, &Own(Around::new(x.shape(), axis), out[axis], &places));
        if places.outside.into_inner() {
            positions("take_along_axis", indices, axis, extent)?;
        }
        return Ok(taken);
    }
    let positions = positions("take_along_axis", indices, axis, extent)?;
    let lines = Lines::new(out, axis, &[x.shape(), indices.shape(), out]);
    Ok(moved(x, out, &Along(lines, &positions, indices.shape()[axis])))
}

#[implements(scatter_add)]
fn scatter_add(x: NdArray, indices: &NdArray, values: &NdArray, p: &ScatterAdd) -> Result<NdArray> {
    let axis = p.axis as usize;
    let positions = positions("scatter_add", indices, axis, x.shape()[axis])?;
    let values = values.contiguous();
    let lines = Lines::new(values.shape(), axis, &[x.shape(), indices.shape(), values.shape()]);
    let count = indices.shape()[axis];
    Ok(with_element!(x.dtype(), T => owned::<T>(x, |x| {
        let view = values.view::<T>();
        let values = view.as_ref().and_then(|v| v.as_slice()).unwrap_or_default();
        let [(_, sx), (_, si), (_, sv)] = lines.steps[..] else { return };
        lines.each(|first| {
            for j in 0..count {
                let to = &mut x[first[0] + positions[first[1] + j * si] * sx];
                *to = to.plus(values[first[2] + j * sv]);
            }
        });
    })))
}
