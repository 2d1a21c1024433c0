//! Derivatives of operations that move elements: the transpose moves them back.

use super::indexing::added_at;
use super::{Context, Keep::*, rules, zeros};
use array_api::{
    Array, BroadcastTo, Concat, Flip, Index, Indices, PermuteDims, Result, Roll, SlidingWindowView, Tril, Triu, at,
    convert, flip, permute_dims, reshape, roll, to_device, tril, triu,
};

rules! {
    Reshape: Linear(Nothing, |c, g, _| reshape(g, &c.operands[0].dims));
    // The driver sums over what broadcasting added.
    BroadcastTo: Linear(Nothing, |c, g, _| { c.params::<BroadcastTo>()?; Ok(g) });
    PermuteDims: Linear(Nothing, |c, g, _| {
        let axes = &c.params::<PermuteDims>()?.axes;
        let mut back = vec![0; axes.len()];
        axes.iter().enumerate().for_each(|(to, &from)| back[from as usize] = to as isize);
        permute_dims(g, back)
    });
    Flip: Linear(Nothing, |c, g, _| flip(g, c.params::<Flip>()?.clone()));
    Roll: Linear(Nothing, |c, g, _| {
        let p = c.params::<Roll>()?;
        roll(g, Roll { shift: p.shift.iter().map(|s| -s).collect(), axis: p.axis.clone() })
    });
    Concat: Linear(Nothing, |c, g, i| part(c, &g, i, c.params::<Concat>()?.axis as usize));
    SlidingWindowView: Parts(Nothing, |c, sum, g| overlapped(c, sum.map_or_else(|| zeros(&g, &c.operands[0]), Ok)?, &g));
    Tril: Linear(Nothing, |c, g, _| tril(g, c.params::<Tril>()?.clone()));
    Triu: Linear(Nothing, |c, g, _| triu(g, c.params::<Triu>()?.clone()));
    // Back to where the operand lives.
    ToDevice: Linear(Operands, |c, g, _| to_device(g, c.x(0)?.namespace().device()));
    Convert: Linear(Operands, |c, g, _| convert(g, &c.x(0)?.namespace()));
    // Values do not depend on the operand, only shapes do.
    ZerosLike: Zero;
    OnesLike: Zero;
    FullLike: Zero;
}

/// The part of a joined cotangent that belongs to array `i`.
fn part(c: &Context<'_>, g: &Array, i: usize, axis: usize) -> Result<Array> {
    let extent = |k: usize| c.operands[k].dims[axis] as isize;
    let start: isize = (0..i).map(extent).sum();
    let mut index = vec![Index::full(); axis];
    index.push((start..start + extent(i)).into());
    at(g, index)
}

/// A sum with the elements of windows added to where they came from: all first elements at once, all second ones, and so on.
fn overlapped(c: &Context<'_>, mut sum: Array, g: &Array) -> Result<Array> {
    let p = c.params::<SlidingWindowView>()?;
    let ndim = c.operands[0].dims.len();
    let counts = g.shape()?.to_vec();
    let elements: usize = p.window_shape.iter().product();
    for element in 0..elements {
        let mut to = vec![Index::full(); ndim];
        let mut from = vec![Index::full(); ndim];
        from.resize(ndim + p.window_shape.len(), Index::At(0));
        let mut rest = element;
        for (j, &axis) in p.axis.as_deref().unwrap_or_default().iter().enumerate().rev() {
            let (axis, window, stride) = (axis as usize, p.window_shape[j], p.stride[j]);
            let place = rest % window;
            rest /= window;
            from[ndim + j] = Index::At(place as isize);
            let start = place * p.dilation[j];
            let last = counts[axis] - 1;
            // The only window of an axis may be followed at any distance.
            let step = if last > 0 { stride } else { 1 };
            let stop = start + last * step + 1;
            to[axis] = Index::Slice { start: Some(start as isize), stop: Some(stop as isize), step: step as isize };
        }
        sum = added_at(sum, &at(g, from)?, &Indices(to))?;
    }
    Ok(sum)
}
