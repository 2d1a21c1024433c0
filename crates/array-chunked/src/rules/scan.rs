//! Cumulative sums and products along an axis that is cut: each chunk on its own, then what comes before it.

use array_api::{
    Add, Axes, CumulativeProd, CumulativeSum, DType, Exit, Multiply, Op, Operation, Params, Prod, Result, Sum,
};

use super::{Planned, Rule, Site, blocks, params};
use crate::chunks::AxisChunks;
use crate::node::{Node, Work};
use crate::tasks::{Block, Grid, Tasks, bytes, places};

/// The rules of this file.
pub(super) fn rule(name: &str) -> Option<Rule> {
    matches!(name, "cumulative_sum" | "cumulative_prod").then_some(Rule::Tasks(plan, emit))
}

/// What a cumulative operation is made of.
struct Parts {
    axis: usize,
    include_initial: bool,
    /// A chunk on its own, with the initial element or without.
    own: fn(isize, DType, bool) -> Box<dyn Params>,
    /// All of a chunk.
    total: (&'static Op, Box<dyn Params>),
    /// Two of them.
    join: &'static Op,
}

fn parts(op: &'static Op, any: &dyn Params, dtype: DType) -> Result<Parts> {
    let (axis, include_initial) = match op.name {
        "cumulative_sum" => {
            let p = params::<CumulativeSum>(op, any)?;
            (p.axis, p.include_initial)
        }
        _ => {
            let p = params::<CumulativeProd>(op, any)?;
            (p.axis, p.include_initial)
        }
    };
    // The row's rule has filled it in.
    let axis = axis.unwrap_or(0);
    let (kept, as_it_is) = (Axes::One(axis), Some(dtype));
    let axis = axis as usize;
    Ok(if op.name == "cumulative_sum" {
        let total = Box::new(Sum { axis: kept, keepdims: true, dtype: as_it_is });
        let own = |axis, dtype, include_initial| -> Box<dyn Params> {
            Box::new(CumulativeSum { axis: Some(axis), dtype: Some(dtype), include_initial })
        };
        Parts { axis, include_initial, own, total: (Sum::OP, total), join: Add::OP }
    } else {
        let total = Box::new(Prod { axis: kept, keepdims: true, dtype: as_it_is });
        let own = |axis, dtype, include_initial| -> Box<dyn Params> {
            Box::new(CumulativeProd { axis: Some(axis), dtype: Some(dtype), include_initial })
        };
        Parts { axis, include_initial, own, total: (Prod::OP, total), join: Multiply::OP }
    })
}

fn plan(site: &Site<'_>) -> Result<Planned, Exit> {
    let x = site.lazy(0)?;
    let Parts { axis, include_initial, .. } = parts(site.op, site.params, site.verdict.dtype())?;
    let own = &x.chunks().axes()[axis];
    if own.len() == 1 {
        return blocks::plan(site);
    }
    let pieces = match own.sizes() {
        _ if !include_initial => own.clone(),
        None => AxisChunks::unknown(own.len()),
        Some(sizes) => AxisChunks::Known(std::iter::once(sizes[0] + 1).chain(sizes[1..].iter().copied()).collect()),
    };
    Ok(Planned { inputs: vec![x.clone()], outputs: vec![x.chunks().with(axis, pieces)] })
}

fn emit(node: &Node, inputs: &[Grid], tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let Work::Call { op, params: any, .. } = &node.work else { return Err(blocks::not_a_call(node)) };
    let (x, layout) = (&inputs[0], &node.outputs[0]);
    let Parts { axis, include_initial, own, total, join } = parts(op, &**any, layout.dtype)?;
    let grid = x.chunks.grid();
    if grid[axis] == 1 {
        return blocks::emit(node, inputs, tasks);
    }
    let mut call = |op: &'static Op, params: Box<dyn Params>, inputs: usize| {
        let operands = (0..inputs).map(crate::node::Slot::Input).collect();
        tasks.step(crate::tasks::Step::Call { op, params, operands, space: None })
    };
    let first = call(op, own(axis as isize, layout.dtype, include_initial), 1);
    let later = call(op, own(axis as isize, layout.dtype, false), 1);
    let total = call(total.0, total.1, 1);
    let joined = call(join, join.read(&[])?, 2);
    let mut blocks = vec![Block { task: u32::MAX, output: 0 }; layout.chunks.count()];
    for place in places(&grid.with(axis, 1)) {
        let mut before: Option<Block> = None;
        for i in 0..grid[axis] {
            let place = place.with(axis, i);
            let size = bytes(&layout.chunks, layout.dtype, &place);
            let line = bytes(&x.chunks.with(axis, AxisChunks::whole(1)), layout.dtype, &place.with(axis, 0));
            let chunk = x.at(&place);
            let scanned = tasks.task(if i == 0 { first } else { later }, &[chunk], size);
            let flat = grid.iter().zip(place.iter()).fold(0, |flat, (&n, &j)| flat * n + j);
            blocks[flat] = match before {
                None => scanned,
                Some(before) => tasks.task(joined, &[before, scanned], size),
            };
            if i + 1 < grid[axis] {
                let here = tasks.task(total, &[chunk], line);
                before = Some(match before {
                    None => here,
                    Some(before) => tasks.task(joined, &[before, here], line),
                });
            }
        }
    }
    Ok(vec![Grid { dtype: layout.dtype, chunks: layout.chunks.clone(), blocks }])
}
