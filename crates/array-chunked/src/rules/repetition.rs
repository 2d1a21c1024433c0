//! Repeating elements: chunk after chunk.

use array_api::{At, Call, Exit, Index, Indices, Operand, Outs, Repeat, Result};

use super::{Emit, Given, Planned, Rule, Site, blocks, params};
use crate::chunks::{AxisChunks, Chunks};
use crate::kind;
use crate::node::{Node, Work};
use crate::rechunk::rechunk;
use crate::tasks::{Block, Grid, Step, Tasks, bytes, places};

/// The rules of this file.
pub(super) fn rule(name: &str) -> Option<Rule> {
    (name == "repeat").then_some(Rule::Rewrite(repeat))
}

fn repeat(call: &mut Call<'_, '_>) -> Result<Outs, Exit> {
    let x = array_api::rule::array(call.op, call.args, 0)?.clone();
    let Some(axis) = call.params::<Repeat>()?.axis else {
        let flat = if x.ndim() == 1 { x } else { array_api::reshape(x, -1)? };
        return Ok(Outs::One(array_api::repeat(flat, &call[1], 0)?));
    };
    if let Operand::Scalar(count) = &call[1]
        && count.to_i128() == 0
    {
        let mut index = vec![Index::full(); x.ndim()];
        index[axis as usize] = Index::Slice { start: Some(0), stop: Some(0), step: 1 };
        return Ok(Outs::One(array_api::at(x, At { index: Indices(index) })?));
    }
    kind::tasks(call, plan, EMIT)
}

fn plan(site: &Site<'_>) -> Result<Planned, Exit> {
    let x = site.lazy(0)?;
    let axis = site.params::<Repeat>()?.axis.unwrap_or(0) as usize;
    let own = &x.chunks().axes()[axis];
    let mut inputs = vec![x.clone()];
    let pieces = match &site.operands[1] {
        Given::Scalar(count) => match own.sizes() {
            Some(sizes) => AxisChunks::Known(sizes.iter().map(|&n| n * count.to_i128() as usize).collect()),
            None => AxisChunks::unknown(own.len()),
        },
        Given::Lazy(counts) => {
            let same = counts.dims().iter().all(|&n| n == 1);
            inputs.push(if same { counts.clone() } else { rechunk(counts, &Chunks::new([own.clone()]))? });
            AxisChunks::unknown(own.len())
        }
        Given::Absent => return Err(array_api::Error::value(site.op.name, "repeats is missing").into()),
    };
    Ok(Planned { inputs, outputs: vec![x.chunks().with(axis, pieces)] })
}

pub(super) const EMIT: Emit = Emit { name: "repetition", run: emit };

fn emit(node: &Node, inputs: &[Grid], tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let Work::Call { op, params: any, operands, .. } = &node.work else { return Err(blocks::not_a_call(node)) };
    let axis = params::<Repeat>(op, &**any)?.axis.unwrap_or(0) as usize;
    let layout = &node.outputs[0];
    let operands = operands.iter().copied().collect();
    let step = tasks.step(Step::Call { op, params: any.boxed(), operands, space: None });
    let mut blocks = Vec::with_capacity(layout.chunks.count());
    for (place, &block) in places(&layout.chunks.grid()).zip(&inputs[0].blocks) {
        let counts = inputs.get(1).map(|c| c.blocks[if c.blocks.len() > 1 { place[axis] } else { 0 }]);
        let operands: Vec<Block> = std::iter::once(block).chain(counts).collect();
        blocks.push(tasks.task(step, &operands, bytes(&layout.chunks, layout.dtype, &place)));
    }
    Ok(vec![Grid { dtype: layout.dtype, chunks: layout.chunks.clone(), blocks }])
}
