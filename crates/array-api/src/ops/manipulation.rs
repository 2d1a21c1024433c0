//! Operations that move elements without changing them.

use super::spellings;
use crate::array::Array;
use crate::axes::{Axes, normalize_axis};
use crate::call::{Call, Meta, Verdict};
use crate::dims::{Dims, UNKNOWN};
use crate::error::{Error, Result};
use crate::operand::Operand;
use crate::operation::{List, Op};
use crate::{operation, rule};

operation! {
    /// Broadcasts to a shape, without a copy where the kind allows. Spec: `broadcast_to`.
    BroadcastTo = broadcast_to(x: One) { /** The extents. */ shape: Dims = Dims::SCALAR } -> Array;
    "manipulation", Movement, |op, p, args| rule::broadcast_to(op, args, &p.shape)
}

operation! {
    /// Arrays broadcast against each other, without a copy where the kind allows. Spec: `broadcast_arrays`.
    BroadcastArrays = broadcast_arrays(arrays: Many) {} -> List;
    "manipulation", Movement,
    |op, _, args| {
        let dims = rule::broadcast_dims(op.name, args.iter().filter_map(|o| o.array().map(Array::dims)))?;
        let metas: Result<Vec<_>> =
            (0..args.len()).map(|i| Ok(Meta::new(&dims, rule::array(op, args, i)?.dtype()))).collect();
        Ok(Verdict::many(metas?, crate::DType::Bool))
    },
    compose |_, call| {
        let dims = call.verdict.results().first().map(|m| m.dims.clone()).unwrap_or_default();
        call.arrays().map(|a| crate::broadcast_to(a, &dims)).collect::<Result<List>>()
    }
}

operation! {
    /// Joins arrays along an axis. Spec: `concat`.
    Concat = concat(arrays: Many) { axis: isize = 0 } -> Array;
    "manipulation", Movement, |op, p, args| rule::concat(op, &mut p.axis, args)
}

operation! {
    /// Inserts an axis of extent one. Spec: `expand_dims`.
    ExpandDims = expand_dims(x: One) { axis: isize = 0 } -> Array;
    "manipulation", Movement,
    |op, p, args| {
        let x = rule::array(op, args, 0)?;
        p.axis = normalize_axis(op.name, p.axis, x.ndim() + 1)? as isize;
        Ok(Verdict::same(x.dims().insert(p.axis as usize, 1), x.dtype()))
    },
    compose |_, call| { let d = call.verdict.dims().clone(); reshape(call[0].take(), d) }
}

operation! {
    /// Reverses the order along axes. Spec: `flip`.
    Flip = flip(x: One) { axis: Axes = Axes::All } -> Array;
    "manipulation", Movement,
    |op, p, args| {
        let x = rule::array(op, args, 0)?;
        p.axis.normalize(op.name, x.ndim())?;
        Ok(Verdict::same(x.dims().clone(), x.dtype()))
    },
    compose |p, call| {
        let x = rule::array(call.op, call.args, 0)?;
        let axes = p.axis.list(x.ndim());
        let back = crate::Index::Slice { start: None, stop: None, step: -1 };
        let entry = |i| if axes.contains(&i) { back.clone() } else { crate::Index::full() };
        crate::at(x, (0..x.ndim()).map(entry).collect::<Vec<_>>())
    }
}

operation! {
    /// Moves axes to new places; the others keep their order. Spec: `moveaxis`.
    Moveaxis = moveaxis(x: One) { source: Vec<isize> = vec![], destination: Vec<isize> = vec![] } -> Array;
    "manipulation", Movement, moveaxis_rule,
    compose |p, call| { let x = rule::array(call.op, call.args, 0)?; permute_dims(x, moved(p, x.ndim())) }
}

operation! {
    /// Permutes the axes. Spec: `permute_dims`.
    PermuteDims = permute_dims(x: One) { /** The old axis at each new place. */ axes: Vec<isize> = vec![] } -> Array;
    "manipulation", Movement,
    |op, p, args| {
        let x = rule::array(op, args, 0)?;
        rule::permutation(op, &mut p.axes, x.ndim())?;
        Ok(Verdict::same(p.axes.iter().map(|&a| x.dims()[a as usize]).collect(), x.dtype()))
    }
}

operation! {
    /// Repeats elements along an axis, each as often as `repeats` says: a number, or an array with one count for each.
    /// Without an axis, of the flattened array. Spec: `repeat`.
    Repeat = repeat(x: One, repeats: One) { axis: Option<isize> = None } -> Array;
    "manipulation", Indexing, repeat_rule
}

operation! {
    /// The same elements, in row-major order, in another shape; one extent may be -1. Spec: `reshape`.
    Reshape = reshape(x: One) { /** The extents. */ shape: Vec<isize> = vec![] } -> Array;
    "manipulation", Movement,
    |op, p, args| {
        let x = rule::array(op, args, 0)?;
        let dims = rule::reshape_dims(op, x.dims(), &p.shape)?;
        p.shape = dims.iter().map(|&d| d as isize).collect();
        Ok(Verdict::same(dims, x.dtype()))
    }
}

operation! {
    /// Shifts elements along axes, those that fall off coming back at the other end. Without axes, of the flattened array.
    /// Spec: `roll`.
    Roll = roll(x: One) { shift: Vec<isize> = vec![], axis: Option<Vec<isize>> = None } -> Array;
    "manipulation", Movement, roll_rule, compose compose_roll
}

operation! {
    /// Removes axes of extent one. Spec: `squeeze`.
    Squeeze = squeeze(x: One) { axis: Axes = Axes::All } -> Array;
    "manipulation", Movement, squeeze_rule,
    compose |_, call| { let d = call.verdict.dims().clone(); reshape(call[0].take(), d) }
}

operation! {
    /// Joins arrays along a new axis. Spec: `stack`.
    Stack = stack(arrays: Many) { axis: isize = 0 } -> Array;
    "manipulation", Movement, |op, p, args| rule::stack(op, &mut p.axis, args),
    compose |p, call| {
        let parts = call.args.iter().map(|a| expand_dims(a, p.axis)).collect::<Result<Vec<_>>>()?;
        concat(parts, p.axis)
    }
}

operation! {
    /// Repeats the whole array along its axes. Spec: `tile`.
    Tile = tile(x: One) { repetitions: Vec<usize> = vec![] } -> Array;
    "manipulation", Movement, tile_rule, compose compose_tile
}

operation! {
    /// The slices along an axis, as a list. Spec: `unstack`.
    Unstack = unstack(x: One) { axis: isize = 0 } -> List;
    "manipulation", Movement, unstack_rule,
    compose |p, call| {
        let x = rule::array(call.op, call.args, 0)?;
        let n = x.shape()?[p.axis as usize];
        let full = vec![crate::Index::full(); p.axis as usize];
        let slice = |i: usize| { let mut at = full.clone(); at.push(crate::Index::At(i as isize)); crate::at(x, at) };
        (0..n).map(slice).collect::<Result<Vec<_>>>()
    }
}

spellings!(axis: Concat, ExpandDims, Stack, Unstack);
spellings!(defaults: Concat, Flip, Squeeze, Stack, Unstack, Repeat);

macro_rules! axes_only {
    ($($Op:ident),*) => { $(
        impl From<isize> for $Op { fn from(a: isize) -> $Op { $Op { axis: a.into() } } }
        impl<const N: usize> From<[isize; N]> for $Op { fn from(a: [isize; N]) -> $Op { $Op { axis: a.into() } } }
    )* };
}
axes_only!(Flip, Squeeze);

impl From<isize> for Repeat {
    fn from(axis: isize) -> Repeat {
        Repeat { axis: Some(axis) }
    }
}

impl<D: Into<Dims>> From<D> for BroadcastTo {
    fn from(shape: D) -> BroadcastTo {
        BroadcastTo { shape: shape.into() }
    }
}

impl<const N: usize> From<[isize; N]> for Reshape {
    fn from(shape: [isize; N]) -> Reshape {
        Reshape { shape: shape.into() }
    }
}

impl From<isize> for Reshape {
    fn from(n: isize) -> Reshape {
        Reshape { shape: vec![n] }
    }
}

impl From<Vec<isize>> for Reshape {
    fn from(shape: Vec<isize>) -> Reshape {
        Reshape { shape }
    }
}

impl From<Dims> for Reshape {
    fn from(d: Dims) -> Reshape {
        Reshape { shape: d.iter().map(|&d| d as isize).collect() }
    }
}

impl From<&Dims> for Reshape {
    fn from(d: &Dims) -> Reshape {
        d.clone().into()
    }
}

impl<const N: usize> From<[isize; N]> for PermuteDims {
    fn from(axes: [isize; N]) -> PermuteDims {
        PermuteDims { axes: axes.into() }
    }
}

impl From<Vec<isize>> for PermuteDims {
    fn from(axes: Vec<isize>) -> PermuteDims {
        PermuteDims { axes }
    }
}

impl From<(isize, isize)> for Moveaxis {
    fn from((source, destination): (isize, isize)) -> Moveaxis {
        Moveaxis { source: vec![source], destination: vec![destination] }
    }
}

impl From<isize> for Roll {
    fn from(shift: isize) -> Roll {
        Roll { shift: vec![shift], axis: None }
    }
}

impl From<(isize, isize)> for Roll {
    fn from((shift, axis): (isize, isize)) -> Roll {
        Roll { shift: vec![shift], axis: Some(vec![axis]) }
    }
}

impl<const N: usize> From<[usize; N]> for Tile {
    fn from(repetitions: [usize; N]) -> Tile {
        Tile { repetitions: repetitions.into() }
    }
}

fn moveaxis_rule(op: &'static Op, p: &mut Moveaxis, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let x = rule::array(op, args, 0)?;
    if p.source.len() != p.destination.len() {
        let message = format!("{} axes are moved to {} places", p.source.len(), p.destination.len());
        return Err(Error::axis(op.name, message));
    }
    for axes in [&mut p.source, &mut p.destination] {
        Axes::Many(axes.as_slice().into()).normalize(op.name, x.ndim())?;
        for a in axes.iter_mut() {
            *a = normalize_axis(op.name, *a, x.ndim())? as isize;
        }
    }
    Ok(Verdict::same(moved(p, x.ndim()).iter().map(|&a| x.dims()[a as usize]).collect(), x.dtype()))
}

/// The permutation that moves the axes.
fn moved(p: &Moveaxis, ndim: usize) -> Vec<isize> {
    let mut order: Vec<isize> = (0..ndim as isize).filter(|a| !p.source.contains(a)).collect();
    let mut pairs: Vec<_> = p.destination.iter().zip(&p.source).collect();
    pairs.sort();
    for (&to, &from) in pairs {
        order.insert(to as usize, from);
    }
    order
}

fn repeat_rule(op: &'static Op, p: &mut Repeat, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let x = rule::array(op, args, 0)?;
    let n = match &mut p.axis {
        Some(a) => {
            *a = normalize_axis(op.name, *a, x.ndim())? as isize;
            x.dims()[*a as usize]
        }
        None => x.dims().size().unwrap_or(UNKNOWN),
    };
    let total = match &args[1] {
        Operand::Scalar(s) if s.to_i128() < 0 => {
            return Err(Error::value(op.name, format!("repeats is {s}, but cannot be negative")));
        }
        // Nothing is repeated any number of times.
        Operand::Scalar(_) if n == 0 || n == UNKNOWN => n,
        Operand::Scalar(s) => {
            let total = usize::try_from(s.to_i128()).ok().and_then(|k| n.checked_mul(k));
            total.ok_or_else(|| Error::shape(op.name, "the result is too large"))?
        }
        counts => {
            let counts = counts.array().ok_or_else(|| Error::value(op.name, "repeats is missing"))?;
            rule::INTEGER.check(op, counts.dtype())?;
            let fits =
                matches!(counts.dims()[..], [] | [1]) || matches!(counts.dims()[..], [m] if m == n || n == UNKNOWN);
            if !fits {
                let message = format!("repeats has shape {}, but {n} elements need one count each", counts.dims());
                return Err(Error::shape(op.name, message));
            }
            UNKNOWN
        }
    };
    let dims = match p.axis {
        Some(a) => x.dims().with(a as usize, total),
        None => Dims::from(total),
    };
    Ok(Verdict::same(dims, x.dtype()))
}

fn roll_rule(op: &'static Op, p: &mut Roll, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let x = rule::array(op, args, 0)?;
    match &mut p.axis {
        Some(axes) => {
            for a in axes.iter_mut() {
                *a = normalize_axis(op.name, *a, x.ndim())? as isize;
            }
            if p.shift.len() == 1 && axes.len() > 1 {
                p.shift = vec![p.shift[0]; axes.len()];
            }
            if p.shift.len() != axes.len() {
                let message = format!("{} shifts are given for {} axes", p.shift.len(), axes.len());
                return Err(Error::value(op.name, message));
            }
        }
        None if p.shift.len() == 1 => {}
        None => return Err(Error::value(op.name, "without an axis there must be one shift")),
    }
    Ok(Verdict::same(x.dims().clone(), x.dtype()))
}

fn compose_roll(p: &Roll, call: &mut Call<'_, '_>) -> Result<Array> {
    let x = rule::array(call.op, call.args, 0)?;
    let Some(axes) = &p.axis else {
        let flat = reshape(x, -1)?;
        return reshape(roll(flat, (p.shift[0], 0))?, x.dims());
    };
    let mut out = x.clone();
    for (&axis, &shift) in axes.iter().zip(&p.shift) {
        let n = out.shape()?[axis as usize] as isize;
        let cut = if n == 0 { 0 } else { (n - shift.rem_euclid(n)) % n };
        if cut != 0 {
            let before = vec![crate::Index::full(); axis as usize];
            let part = |slice: crate::Index| crate::at(&out, [before.clone(), vec![slice]].concat());
            out = concat([&part((cut..).into())?, &part((..cut).into())?], axis)?;
        }
    }
    Ok(out)
}

fn squeeze_rule(op: &'static Op, p: &mut Squeeze, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let x = rule::array(op, args, 0)?;
    p.axis.normalize(op.name, x.ndim())?;
    let axes = match &p.axis {
        Axes::All => (0..x.ndim()).filter(|&a| x.dims()[a] == 1).collect(),
        some => some.list(x.ndim()),
    };
    if let Some(&a) = axes.iter().find(|&&a| x.dims()[a] != 1) {
        let message = format!("axis {a} of shape {} has {} elements, not one", x.dims(), x.dims()[a]);
        return Err(Error::shape(op.name, message));
    }
    let dims = (0..x.ndim()).filter(|a| !axes.contains(a)).map(|a| x.dims()[a]).collect();
    Ok(Verdict::same(dims, x.dtype()))
}

fn tile_rule(op: &'static Op, p: &mut Tile, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let x = rule::array(op, args, 0)?;
    let rank = x.ndim().max(p.repetitions.len());
    while p.repetitions.len() < rank {
        p.repetitions.insert(0, 1);
    }
    let skip = rank - x.ndim();
    let extent = |i: usize| if i < skip { 1 } else { x.dims()[i - skip] };
    let dims: Option<Vec<usize>> = (0..rank).map(|i| extent(i).checked_mul(p.repetitions[i])).collect();
    let dims = dims.ok_or_else(|| Error::shape(op.name, "the result is too large"))?;
    Ok(Verdict::same(dims.into(), x.dtype()))
}

/// `(a, b)` tiled by `(r, s)` is `(1, a, 1, b)` broadcast to `(r, a, s, b)` and flattened pairwise.
fn compose_tile(p: &Tile, call: &mut Call<'_, '_>) -> Result<Array> {
    let x = rule::array(call.op, call.args, 0)?;
    let skip = p.repetitions.len() - x.ndim();
    let shape = x.shape()?;
    let extent = |i: usize| if i < skip { 1 } else { shape[i - skip] };
    let (mut split, mut wide) = (vec![], vec![]);
    let dims = call.verdict.dims().clone();
    // Nothing is the same however often it is repeated.
    let most = if dims.contains(&0) { 1 } else { usize::MAX };
    for (i, &r) in p.repetitions.iter().enumerate() {
        split.extend([1, extent(i) as isize]);
        wide.extend([r.min(most), extent(i)]);
    }
    reshape(broadcast_to(reshape(x, split)?, wide)?, dims)
}

fn unstack_rule(op: &'static Op, p: &mut Unstack, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let x = rule::array(op, args, 0)?;
    p.axis = normalize_axis(op.name, p.axis, x.ndim())? as isize;
    let n = x.dims()[p.axis as usize];
    if n == UNKNOWN {
        return Err(Error::shape(op.name, format!("the extent of axis {} is not known yet", p.axis)));
    }
    Ok(Verdict::many(vec![Meta::new(x.dims().remove(p.axis as usize), x.dtype()); n], x.dtype()))
}
