//! Derivatives of operations that move elements: the transpose moves them back.

use super::{Context, Keep::*, rules};
use array_api::{
    Array, BroadcastTo, Concat, Flip, Index, PermuteDims, Result, Roll, Tril, Triu, at, convert, flip, permute_dims,
    reshape, roll, to_device, tril, triu,
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
