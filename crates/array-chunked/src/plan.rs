//! From expressions to tasks: what is needed, in order, each thing once.

use std::collections::HashMap;
use std::sync::Arc;

use array_api::Result;

use crate::chunks::AxisChunks;
use crate::node::{Lazy, Node, NodeKey, Work};
use crate::tasks::{Block, Grid, Step, Tasks, bytes, places};

/// A plan: its tasks, and which blocks are asked for.
pub(crate) struct Plan {
    pub(crate) nodes: Vec<Arc<Node>>,
    pub(crate) tasks: Tasks,
    pub(crate) outputs: Vec<Grid>,
}

/// Everything that the arrays need, inputs before what uses them; equal work stands for one.
pub(crate) fn needed(wanted: &[Lazy]) -> Vec<Arc<Node>> {
    let mut found: HashMap<NodeKey, Arc<Node>> = HashMap::new();
    let mut rest: Vec<&Arc<Node>> = wanted.iter().map(|x| &x.node).collect();
    while let Some(node) = rest.pop() {
        if found.contains_key(&node.key) {
            continue;
        }
        found.insert(node.key, node.clone());
        rest.extend(node.inputs.iter().map(|x| &x.node));
    }
    let mut nodes: Vec<Arc<Node>> = found.into_values().collect();
    nodes.sort_by_key(|n| n.number);
    // Of equal nodes, the one that was found may be younger than what uses it: then order by what needs what.
    let place: HashMap<NodeKey, usize> = nodes.iter().enumerate().map(|(i, n)| (n.key, i)).collect();
    let ordered = nodes.iter().enumerate().all(|(i, n)| n.inputs.iter().all(|x| place[&x.node.key] < i));
    if ordered { nodes } else { sorted(nodes, &place) }
}

/// Inputs before what uses them.
fn sorted(nodes: Vec<Arc<Node>>, place: &HashMap<NodeKey, usize>) -> Vec<Arc<Node>> {
    let mut done = vec![false; nodes.len()];
    let mut out = Vec::with_capacity(nodes.len());
    for start in 0..nodes.len() {
        let mut stack = vec![(start, 0)];
        while let Some((at, next)) = stack.pop() {
            if done[at] {
                continue;
            }
            match nodes[at].inputs.get(next) {
                Some(input) => {
                    stack.push((at, next + 1));
                    stack.push((place[&input.node.key], 0));
                }
                None => {
                    done[at] = true;
                    out.push(nodes[at].clone());
                }
            }
        }
    }
    out
}

/// The tasks that compute the arrays.
pub(crate) fn plan(wanted: &[Lazy]) -> Result<Plan> {
    let nodes = needed(wanted);
    let mut tasks = Tasks::default();
    let mut grids: HashMap<NodeKey, Vec<Grid>> = HashMap::with_capacity(nodes.len());
    for (i, node) in nodes.iter().enumerate() {
        tasks.node = i as u32;
        let inputs: Vec<Grid> = node.inputs.iter().map(|x| grids[&x.node.key][x.output].clone()).collect();
        let made = emit(node, &inputs, &mut tasks)?;
        grids.insert(node.key, made);
    }
    let outputs = wanted.iter().map(|x| grids[&x.node.key][x.output].clone()).collect();
    Ok(Plan { nodes, tasks, outputs })
}

fn emit(node: &Node, inputs: &[Grid], tasks: &mut Tasks) -> Result<Vec<Grid>> {
    match &node.work {
        Work::Call { emit, .. } => emit(node, inputs, tasks),
        Work::Rechunk => crate::rechunk::emit(node, inputs, tasks),
        Work::Blocks(values) => {
            let values = values.clone();
            each(node, tasks, |i, _, _| Step::Value(values[i].clone()))
        }
        Work::Held(array) => {
            if node.outputs[0].chunks.count() == 1 {
                return each(node, tasks, |_, _, _| Step::Value(array.clone()));
            }
            each(node, tasks, |_, start, extents| Step::Part {
                array: array.clone(),
                start: start.into(),
                extents: extents.into(),
            })
        }
        Work::Made { make, .. } => each(node, tasks, |_, start, extents| Step::Make {
            make: make.clone(),
            start: start.into(),
            extents: extents.into(),
        }),
        Work::Blocked { function, .. } => {
            let step = tasks.step(Step::Function(function.clone()));
            let layout = &node.outputs[0];
            Ok(vec![crate::rules::each(step, &layout.chunks, layout.dtype, inputs, tasks)])
        }
    }
}

/// A task without inputs for each chunk.
fn each(node: &Node, tasks: &mut Tasks, step: impl Fn(usize, &[usize], &[usize]) -> Step) -> Result<Vec<Grid>> {
    let layout = &node.outputs[0];
    let offsets: Vec<Vec<usize>> =
        layout.chunks.axes().iter().map(|a| a.sizes().map_or(vec![0; a.len()], AxisChunks::offsets)).collect();
    let mut blocks: Vec<Block> = Vec::with_capacity(layout.chunks.count());
    for (i, place) in places(&layout.chunks.grid()).enumerate() {
        let start: Vec<usize> = place.iter().zip(&offsets).map(|(&i, o)| o[i]).collect();
        let step = tasks.step(step(i, &start, &layout.chunks.at(&place)));
        blocks.push(tasks.task(step, &[], bytes(&layout.chunks, layout.dtype, &place)));
    }
    Ok(vec![Grid { dtype: layout.dtype, chunks: layout.chunks.clone(), blocks }])
}
