//! Derivatives of indexing and sorting.

use super::{Context, Keep::*, rules, zeros};
use array_api::{
    Argsort, Array, At, IndexAdd, Indices, Repeat, Result, ScatterAdd, SetAt, Sort, Take, TakeAlongAxis, argsort, at,
    index_add, repeat, reshape, scatter_add, set_at, take, take_along_axis,
};

rules! {
    At: Parts(Nothing, |c, sum, g| {
        let index = &c.params::<At>()?.index;
        match sum {
            Some(sum) => added_at(sum, &g, index),
            None => set_at(zeros(&g, &c.operands[0])?, &g, index.clone()),
        }
    });
    SetAt: Linear(Nothing, |c, g, i| {
        let p = c.params::<SetAt>()?;
        match i {
            0 => set_at(g, 0, p.index.clone()),
            _ => at(g, p.index.clone()),
        }
    });
    Take: Parts(Fixed, |c, sum, g| {
        let sum = sum.map_or_else(|| zeros(&g, &c.operands[0]), Ok)?;
        index_add(sum, &c.args[1], &g, c.params::<Take>()?.axis)
    });
    TakeAlongAxis: Linear(Fixed, |c, g, _| along(c, &g));
    IndexAdd: Linear(Fixed, |c, g, i| match i {
        0 => Ok(g),
        _ => take(g, &c.args[1], c.params::<IndexAdd>()?.axis),
    });
    ScatterAdd: Linear(Fixed, |c, g, i| match i {
        0 => Ok(g),
        _ => take_along_axis(g, &c.args[1], c.params::<ScatterAdd>()?.axis),
    });
    Repeat: General(Fixed,
        |c, g, _| summed(c, g[0].as_ref().map_or_else(|| c.x(0), Ok)?),
        |c, t| Ok(vec![repeat(t[0].as_ref().map_or_else(|| c.x(0), Ok)?, &c.args[1], c.params::<Repeat>()?.clone())?]));
    // A permutation that depends on the values, constant between ties.
    Sort: General(Operands,
        |c, g, _| {
            let g = g[0].as_ref().map_or_else(|| c.x(0), Ok)?;
            let axis = c.params::<Sort>()?.axis;
            scatter_add(zeros(g, &c.operands[0])?, order(c)?, g, axis)
        },
        |c, t| {
            let t = t[0].as_ref().map_or_else(|| c.x(0), Ok)?;
            Ok(vec![take_along_axis(t, order(c)?, c.params::<Sort>()?.axis)?])
        });
}

/// A sum with more added to a part of it, in place where nobody else has it.
pub(super) fn added_at(sum: Array, more: &Array, index: &Indices) -> Result<Array> {
    let part = array_api::add(at(&sum, index.clone())?, more)?;
    set_at(sum, part, index.clone())
}

fn order(c: &Context<'_>) -> Result<Array> {
    let p = c.params::<Sort>()?;
    argsort(c.x(0)?, Argsort { axis: p.axis, descending: p.descending, stable: p.stable })
}

/// The transpose of `take_along_axis`: positions broadcast, so the additions are made in the broadcast shape first.
fn along(c: &Context<'_>, g: &Array) -> Result<Array> {
    let axis = c.params::<TakeAlongAxis>()?.axis;
    let at = axis as usize;
    let extent = c.operands[0].dims[at];
    let wide = g.dims().with(at, extent);
    let indices = array_api::broadcast_to(&c.args[1], g.dims())?;
    let base = g.namespace().zeros((wide, g.dtype()))?;
    scatter_add(base, indices, g, axis)
}

/// The transpose of `repeat`: each copy's cotangent is added where the copy came from.
fn summed(c: &Context<'_>, g: &Array) -> Result<Array> {
    let dims = &c.operands[0].dims;
    let (axis, shape) = match c.params::<Repeat>()?.axis {
        Some(axis) => (axis, dims.clone()),
        None => (0, dims.size().unwrap_or(0).into()),
    };
    let all = g.namespace().arange(0..shape[axis as usize] as i64)?;
    let from = repeat(all, &c.args[1], 0)?;
    let sums = index_add(g.namespace().zeros((&shape, g.dtype()))?, from, g, axis)?;
    reshape(sums, dims)
}
