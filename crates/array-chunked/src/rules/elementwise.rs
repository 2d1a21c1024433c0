//! Element by element: a task for each chunk of the result.

use array_api::{Error, Exit, Result};
use smallvec::SmallVec;

use super::{Emit, Given, Planned, Site};
use crate::chunks::{AxisChunks, Chunks};
use crate::node::{Lazy, Node, Work};
use crate::rechunk::rechunk;
use crate::tasks::{Block, Grid, Step, Tasks, bytes};

pub(super) fn plan(site: &Site<'_>) -> Result<Planned, Exit> {
    let inputs = arrays(site);
    let chunks = unify(site.op.name, &inputs)?;
    let inputs = inputs.into_iter().map(|x| fit(x, &chunks)).collect::<Result<_>>()?;
    Ok(Planned { inputs, outputs: vec![chunks] })
}

/// The operands that are arrays.
pub(super) fn arrays<'s>(site: &'s Site<'_>) -> Vec<&'s Lazy> {
    site.operands
        .iter()
        .filter_map(|given| match given {
            Given::Lazy(lazy) => Some(lazy),
            _ => None,
        })
        .collect()
}

/// Chunks of what arrays broadcast to, into which each of them can be cut.
pub(super) fn unify(op: &str, inputs: &[&Lazy]) -> Result<Chunks> {
    let rank = inputs.iter().map(|x| x.chunks().axes().len()).max().unwrap_or(0);
    let mut axes: Vec<Option<AxisChunks>> = vec![None; rank];
    for input in inputs {
        let own = input.chunks().axes();
        for (axis, pieces) in axes[rank - own.len()..].iter_mut().zip(own) {
            *axis = Some(match axis.take() {
                None => pieces.clone(),
                Some(other) if is_one(&other) => pieces.clone(),
                Some(other) if is_one(pieces) => other,
                Some(other) => other.refine(pieces).ok_or_else(|| apart(op))?,
            });
        }
    }
    Ok(Chunks::new(axes.into_iter().flatten()))
}

/// Whether the axis is broadcast.
fn is_one(pieces: &AxisChunks) -> bool {
    pieces.sizes() == Some(&[1])
}

#[cold]
fn apart(op: &str) -> Error {
    Error::shape(
        op,
        "two arrays have chunks whose extents depend on data, each on its own, so that nobody knows whether they fit; \
         `compute_chunk_sizes` finds the extents out",
    )
}

/// An operand in the chunks of the result, where it is not broadcast.
pub(super) fn fit(x: &Lazy, chunks: &Chunks) -> Result<Lazy> {
    let own = x.chunks().axes();
    let due = &chunks.axes()[chunks.axes().len() - own.len()..];
    let pieces = own.iter().zip(due).map(|(own, due)| if is_one(own) { own.clone() } else { due.clone() });
    rechunk(x, &Chunks::new(pieces))
}

pub(super) const EMIT: Emit = Emit { name: "elementwise", run: emit };

pub(super) fn emit(node: &Node, inputs: &[Grid], tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let Work::Call { op, params, operands, .. } = &node.work else { return Err(super::blocks::not_a_call(node)) };
    let operands = operands.iter().copied().collect();
    let step = tasks.step(Step::Call { op, params: params.boxed(), operands, space: None });
    Ok(vec![each(step, &node.outputs[0].chunks, node.outputs[0].dtype, inputs, tasks)])
}

/// A task of one step for each chunk of a result, on the chunks that are broadcast to it.
pub(crate) fn each(step: u32, chunks: &Chunks, dtype: array_api::DType, inputs: &[Grid], tasks: &mut Tasks) -> Grid {
    let grid = chunks.grid();
    let steps: Vec<SmallVec<[usize; 6]>> = inputs.iter().map(|x| strides(x, &grid)).collect();
    let count = chunks.count();
    let mut blocks = Vec::with_capacity(count);
    let mut operands: SmallVec<[Block; 4]> = SmallVec::new();
    for place in crate::tasks::places(&grid) {
        operands.clear();
        for (input, steps) in inputs.iter().zip(&steps) {
            let flat: usize = place.iter().zip(steps).map(|(i, s)| i * s).sum();
            operands.push(input.blocks[flat]);
        }
        blocks.push(tasks.task(step, &operands, bytes(chunks, dtype, &place)));
    }
    Grid { dtype, chunks: chunks.clone(), blocks }
}

/// How far apart the blocks of an input are along each axis of a grid; 0 along those that it is broadcast to.
fn strides(input: &Grid, grid: &[usize]) -> SmallVec<[usize; 6]> {
    let own = input.chunks.axes();
    let skip = grid.len() - own.len();
    let mut steps: SmallVec<[usize; 6]> = SmallVec::from_elem(0, grid.len());
    let mut step = 1;
    for (axis, pieces) in own.iter().enumerate().rev() {
        // One piece of the input belongs to all of the result's.
        if pieces.len() > 1 || grid[skip + axis] == 1 {
            steps[skip + axis] = step;
        }
        step *= pieces.len();
    }
    steps
}
