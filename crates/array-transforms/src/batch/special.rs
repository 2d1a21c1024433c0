//! Batching rules of operations that do not follow their class.

use array_api::{
    Argmax, Argmin, Array, At, BroadcastTo, Concat, Error, Flip, Index, IndexAdd, Indices, Op, Operand, Operation,
    Outs, PermuteDims, Quantile, Repeat, Reshape, Result, ScatterAdd, SetAt, Shares, SlidingWindowView, Take,
    TakeAlongAxis, expand_dims, reshape, squeeze, take_along_axis,
};
use std::any::Any;
use std::sync::OnceLock;

use super::Batch;
use crate::by_operation::ByOperation;

type Special = fn(Batch<'_, '_>) -> Result<Outs>;

macro_rules! special {
    ($($Op:ident: $rule:expr;)*) => {
        const TABLE: &[(&'static Op, Special)] = &[$((<array_api::$Op as Operation>::OP, $rule)),*];
    };
}

special! {
    Matmul: matmul;
    Solve: solve;
    TriangularSolve: solve;
    Clip: |mut b| { let (rank, size) = (b.rank(), b.size); b.args[0].spread(size)?; raise_all(&mut b, rank)?; b.apply() };
    Argmax: |b| flat_argument(b, |p: &Argmax| p.axis, |axis, keepdims| Argmax { axis, keepdims });
    Argmin: |b| flat_argument(b, |p: &Argmin| p.axis, |axis, keepdims| Argmin { axis, keepdims });
    BroadcastTo: |mut b| {
        let p = params::<BroadcastTo>(&b)?;
        let (size, rank) = (b.size, p.shape.len());
        b.args[0].raise(rank)?;
        b.apply_with(&BroadcastTo { shape: p.shape.insert(0, size) })
    };
    Reshape: |b| { let p = params::<Reshape>(&b)?; let shape = leading(b.size, &p.shape); b.apply_with(&Reshape { shape }) };
    PermuteDims: |b| {
        let p = params::<PermuteDims>(&b)?;
        let axes = std::iter::once(0).chain(p.axes.iter().map(|a| a + 1)).collect();
        b.apply_with(&PermuteDims { axes })
    };
    Flip: |b| { let p = params::<Flip>(&b)?; let axis = super::all_axes(&p.axis, b.args[0].rank); b.apply_with(&Flip { axis: axis.into() }) };
    SlidingWindowView: |b| {
        let p = params::<SlidingWindowView>(&b)?;
        let axis = p.axis.map(|axes| axes.into_iter().map(|a| a + 1).collect());
        b.apply_with(&SlidingWindowView { axis, ..p })
    };
    Concat: |mut b| {
        let (p, size) = (params::<Concat>(&b)?, b.size);
        b.args.iter_mut().try_for_each(|a| a.spread(size))?;
        b.apply_with(&Concat { axis: p.axis + 1 })
    };
    At: |b| { let p = params::<At>(&b)?; b.apply_with(&At { index: inside(&p.index) }) };
    SetAt: set_at;
    Take: take;
    TakeAlongAxis: |mut b| {
        let (p, size) = (params::<TakeAlongAxis>(&b)?, b.size);
        b.args.iter_mut().try_for_each(|a| a.spread(size))?;
        b.apply_with(&TakeAlongAxis { axis: p.axis + 1 })
    };
    ScatterAdd: |mut b| {
        let (p, size) = (params::<ScatterAdd>(&b)?, b.size);
        b.args.iter_mut().try_for_each(|a| a.spread(size))?;
        b.apply_with(&ScatterAdd { axis: p.axis + 1 })
    };
    IndexAdd: index_add;
    Quantile: quantile;
    Repeat: repeat;
    FoldIn: fold_in;
    Searchsorted: searchsorted;
}

/// The rule of an operation that has one of its own.
pub(super) fn rule(op: &'static Op) -> Option<Special> {
    static BY_OPERATION: OnceLock<ByOperation<Special>> = OnceLock::new();
    BY_OPERATION.get_or_init(|| TABLE.iter().copied().collect()).get(op).copied()
}

fn params<O: Operation + Clone>(b: &Batch<'_, '_>) -> Result<O> {
    let params: &dyn Any = b.call.params;
    params.downcast_ref::<O>().cloned().ok_or_else(|| {
        Error::transform(b.call.op.name, format!("its batching rule reads parameters of {}", O::OP.name))
    })
}

fn leading(size: usize, shape: &[isize]) -> Vec<isize> {
    std::iter::once(size as isize).chain(shape.iter().copied()).collect()
}

fn inside(index: &Indices) -> Indices {
    Indices(std::iter::once(Index::full()).chain(index.0.iter().cloned()).collect())
}

fn raise_all(b: &mut Batch<'_, '_>, rank: usize) -> Result<()> {
    b.args.iter_mut().try_for_each(|a| a.raise(rank))
}

/// Vectors become matrices, ranks are made equal behind the batch axis, and what vectors added goes again.
fn matmul(mut b: Batch<'_, '_>) -> Result<Outs> {
    let vectors = [b.args[0].rank == 1, b.args[1].rank == 1];
    for (i, axis) in [(0, -2), (1, -1)] {
        if vectors[i] {
            let a = &mut b.args[i];
            a.operand = Operand::Own(expand_dims(a.operand.take(), axis)?);
            a.rank = 2;
        }
    }
    let rank = b.rank();
    raise_all(&mut b, rank)?;
    b.apply()?.map(|out| {
        let out = if vectors[1] { squeeze(out, -1)? } else { out };
        if vectors[0] { squeeze(out, if vectors[1] { -1 } else { -2 }) } else { Ok(out) }
    })
}

/// A 1-d right-hand side is a vector to the function, but not to the stack of them.
fn solve(mut b: Batch<'_, '_>) -> Result<Outs> {
    let vector = b.args[1].rank == 1;
    if vector {
        let right = &mut b.args[1];
        right.operand = Operand::Own(expand_dims(right.operand.take(), -1)?);
        right.rank = 2;
    }
    let rank = b.rank();
    raise_all(&mut b, rank)?;
    b.apply()?.map(|out| if vector { squeeze(out, -1) } else { Ok(out) })
}

/// Without an axis, the position is in the flattened array of each member.
fn flat_argument<O: Operation + Clone>(
    mut b: Batch<'_, '_>,
    axis: fn(&O) -> Option<isize>,
    with: fn(Option<isize>, bool) -> O,
) -> Result<Outs> {
    if axis(&params::<O>(&b)?).is_some() {
        return b.apply_shifted();
    }
    let dims = b.call.verdict.dims().insert(0, b.size);
    let x = &mut b.args[0];
    let n: isize = x.array()?.shape()?[1..].iter().product::<usize>() as isize;
    x.operand = Operand::Own(reshape(x.operand.take(), [b.size as isize, n])?);
    b.apply_with(&with(Some(1), false))?.map(|out| reshape(out, &dims))
}

fn set_at(mut b: Batch<'_, '_>) -> Result<Outs> {
    let (p, size) = (params::<SetAt>(&b)?, b.size);
    b.args[0].spread(size)?;
    // The value broadcasts to the part behind the batch axis: ranks must be equal for that.
    let rank = p.index.0.iter().filter(|i| !matches!(i, Index::At(_))).count();
    b.args[1].raise(rank)?;
    b.apply_with(&SetAt { index: inside(&p.index) })
}

/// Positions that differ between members: as `take_along_axis` with positions spread over the other axes.
fn take(mut b: Batch<'_, '_>) -> Result<Outs> {
    let (p, size) = (params::<Take>(&b)?, b.size);
    if !b.args[1].batched {
        return b.apply_with(&Take { axis: p.axis + 1 });
    }
    b.args[0].spread(size)?;
    let out = b.call.verdict.dims().insert(0, size);
    let (x, indices) = (b.args[0].array()?, b.args[1].array()?);
    let indices = positions(x, indices, p.axis as usize + 1)?;
    Ok(reshape(take_along_axis(x, indices, p.axis + 1)?, &out)?.into())
}

/// `(B, k...)` positions as `(B, .., K, ..)`, with K along `axis`, broadcast to the other extents of `x`.
fn positions(x: &Array, indices: &Array, axis: usize) -> Result<Array> {
    let shape = indices.shape()?;
    let count: usize = shape[1..].iter().product();
    let mut narrow = vec![1isize; x.ndim()];
    (narrow[0], narrow[axis]) = (shape[0] as isize, count as isize);
    let wide = x.dims().with(axis, count);
    array_api::broadcast_to(reshape(indices, narrow)?, &wide)
}

fn index_add(mut b: Batch<'_, '_>) -> Result<Outs> {
    let (p, size) = (params::<IndexAdd>(&b)?, b.size);
    b.args[0].spread(size)?;
    b.args[2].spread(size)?;
    if !b.args[1].batched {
        return b.apply_with(&IndexAdd { axis: p.axis + 1 });
    }
    let (x, indices, values) = (b.args[0].array()?, b.args[1].array()?, b.args[2].array()?);
    let indices = positions(x, indices, p.axis as usize + 1)?;
    let values = reshape(values, indices.dims())?;
    Ok(array_api::scatter_add(x, indices, values, p.axis + 1)?.into())
}

/// Several shares come before the batch axis.
fn quantile(b: Batch<'_, '_>) -> Result<Outs> {
    let several = matches!(params::<Quantile>(&b)?.q, Shares::Several(_));
    b.apply_shifted()?.map(|out| if several { array_api::moveaxis(out, (1, 0)) } else { Ok(out) })
}

fn repeat(mut b: Batch<'_, '_>) -> Result<Outs> {
    let p = params::<Repeat>(&b)?;
    if b.args[1].batched {
        return Err(Error::transform("repeat", "counts that differ between members of a batch give different shapes"));
    }
    if let Some(axis) = p.axis {
        return b.apply_with(&Repeat { axis: Some(axis + 1) });
    }
    let x = &mut b.args[0];
    let n: isize = x.array()?.shape()?[1..].iter().product::<usize>() as isize;
    x.operand = Operand::Own(reshape(x.operand.take(), [b.size as isize, n])?);
    b.apply_with(&Repeat { axis: Some(1) })
}

/// Keys have their two words last, so ranks are made equal in front of them.
fn fold_in(mut b: Batch<'_, '_>) -> Result<Outs> {
    let rank = (b.args[0].rank - 1).max(b.args[1].rank);
    b.args[0].raise(rank + 1)?;
    b.args[1].raise(rank)?;
    b.apply()
}

/// One sorted array serves all; sorted arrays that differ are searched one after another.
fn searchsorted(b: Batch<'_, '_>) -> Result<Outs> {
    if !b.args[0].batched && !b.args[2].batched {
        return b.apply();
    }
    each(b)
}

/// Member by member, for operations that cannot take a stack.
fn each(b: Batch<'_, '_>) -> Result<Outs> {
    let mut parts = vec![];
    for i in 0..b.size as isize {
        let mut args = vec![];
        for a in &b.args {
            args.push(match a.batched {
                true => Operand::Own(array_api::at(a.array()?, i)?),
                false => a.operand.reborrow(),
            });
        }
        parts.push(b.call.op.apply(b.call.params, &mut args, b.call.namespace)?.into_vec());
    }
    let count = parts.first().map_or(0, Vec::len);
    let stacked: Result<Vec<Array>> =
        (0..count).map(|k| array_api::stack(parts.iter().map(|p| p[k].clone()).collect::<Vec<_>>(), 0)).collect();
    let mut stacked = stacked?;
    Ok(if stacked.len() == 1 { stacked.remove(0).into() } else { stacked.into() })
}
