//! The triangles of matrices: each chunk is cut by the same diagonal, wherever that passes it.

use std::collections::HashMap;

use array_api::{Exit, Operation, Params, Result, Tril, Triu};

use crate::chunks::{AxisChunks, unknown_sizes};
use crate::node::{Node, Slot, Work};
use crate::rules::{Planned, Site, blocks, params};
use crate::tasks::{Grid, Step, Tasks, bytes, places};

pub(super) fn plan(site: &Site<'_>) -> Result<Planned, Exit> {
    let x = site.lazy(0)?;
    // Where a chunk lies to the diagonal is not known before its extents are.
    if x.chunks().axes().iter().rev().take(2).any(|a| a.len() > 1 && a.sizes().is_none()) {
        return Err(unknown_sizes(site.op.name).into());
    }
    Ok(Planned { inputs: vec![x.clone()], outputs: vec![x.chunks().clone()] })
}

pub(super) fn emit(node: &Node, inputs: &[Grid], tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let Work::Call { op, params: any, .. } = &node.work else { return Err(blocks::not_a_call(node)) };
    let (x, layout) = (&inputs[0], &node.outputs[0]);
    let inner = x.chunks.axes().len() - 2;
    let offsets: Vec<Vec<usize>> =
        x.chunks.axes()[inner..].iter().map(|a| a.sizes().map_or(vec![0; a.len()], AxisChunks::offsets)).collect();
    let mut made: HashMap<isize, u32> = HashMap::new();
    let mut blocks = Vec::with_capacity(x.blocks.len());
    for (place, &block) in places(&x.chunks.grid()).zip(&x.blocks) {
        let shift = offsets[0][place[inner]] as isize - offsets[1][place[inner + 1]] as isize;
        let found = made.get(&shift).copied();
        let step = match found {
            Some(step) => step,
            None => {
                let (op, params): (_, Box<dyn Params>) = match op.name {
                    "tril" => (Tril::OP, Box::new(Tril { k: params::<Tril>(op, &**any)?.k.saturating_add(shift) })),
                    _ => (Triu::OP, Box::new(Triu { k: params::<Triu>(op, &**any)?.k.saturating_add(shift) })),
                };
                let operands = [Slot::Input(0)].into_iter().collect();
                let step = tasks.step(Step::Call { op, params, operands, space: None });
                made.insert(shift, step);
                step
            }
        };
        blocks.push(tasks.task(step, &[block], bytes(&layout.chunks, layout.dtype, &place)));
    }
    Ok(vec![Grid { dtype: layout.dtype, chunks: layout.chunks.clone(), blocks }])
}
