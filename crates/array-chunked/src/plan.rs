//! From expressions to tasks: what is needed, in order, each thing once, chains of elementwise operations in one pass.

use std::collections::HashMap;
use std::sync::Arc;

use array_api::{Dims, Result};

use crate::chunks::{AxisChunks, Chunks};
use crate::fuse::fuse;
use crate::node::{Layout, Lazy, Node, NodeKey, Work};
use crate::program::Program;
use crate::push::push;
use crate::rechunk::from_boxes;
use crate::storage::Stored;
use crate::tasks::{Block, Grid, Step, Tasks, bit, bytes, places};

/// A plan: its stages, their tasks, and which blocks are asked for.
pub(crate) struct Plan {
    pub(crate) stages: Vec<Stage>,
    pub(crate) tasks: Tasks,
    pub(crate) outputs: Vec<Grid>,
}

/// An operation of a plan: a node, or several in one.
pub(crate) struct Stage {
    /// The node whose results these are.
    pub(crate) node: Arc<Node>,
    /// Which results of which stages it needs.
    pub(crate) inputs: Vec<(usize, usize)>,
    pub(crate) outputs: Vec<Layout>,
    pub(crate) what: What,
}

/// What a stage does.
pub(crate) enum What {
    /// What its node does.
    Node,
    /// Several elementwise operations.
    Fused { program: Arc<Program>, names: Vec<String> },
    /// Several elementwise operations, and a reduction of what they give, whose chunks would be these.
    Reduced { program: Arc<Program>, names: Vec<String>, over: crate::chunks::Chunks },
    /// A part of another stage by now.
    Gone,
}

impl Stage {
    /// The operations of the stage.
    pub(crate) fn names(&self) -> Vec<String> {
        match &self.what {
            What::Fused { names, .. } | What::Reduced { names, .. } => names.clone(),
            What::Node | What::Gone => vec![self.node.work.name().to_string()],
        }
    }
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

/// One stage for each node, and which results are wanted.
pub(crate) fn stages(wanted: &[Lazy]) -> (Vec<Stage>, Vec<(usize, usize)>) {
    let nodes = needed(wanted);
    let place: HashMap<NodeKey, usize> = nodes.iter().enumerate().map(|(i, n)| (n.key, i)).collect();
    let at = |x: &Lazy| (place[&x.node.key], x.output);
    let ends = wanted.iter().map(at).collect();
    let stage = |node: Arc<Node>| Stage {
        inputs: node.inputs.iter().map(at).collect(),
        outputs: node.outputs.clone(),
        node,
        what: What::Node,
    };
    (nodes.into_iter().map(stage).collect(), ends)
}

/// The tasks that compute the arrays.
pub(crate) fn plan(wanted: &[Lazy]) -> Result<Plan> {
    let wanted = push(wanted)?;
    let (mut stages, ends) = stages(&wanted);
    fuse(&mut stages, &ends);
    let mut tasks = Tasks::default();
    let mut wanted = vec![0_u64; stages.len()];
    let used = stages.iter().filter(|s| !matches!(s.what, What::Gone)).flat_map(|s| &s.inputs);
    used.chain(&ends).for_each(|&(s, output)| wanted[s] |= bit(output));
    let mut grids: Vec<Vec<Grid>> = Vec::with_capacity(stages.len());
    for (i, stage) in stages.iter().enumerate() {
        tasks.node = i as u32;
        tasks.wanted = wanted[i];
        if matches!(stage.what, What::Gone) {
            grids.push(vec![]);
            continue;
        }
        let inputs: Vec<Grid> = stage.inputs.iter().map(|&(s, output)| grids[s][output].clone()).collect();
        grids.push(emit(stage, &inputs, &mut tasks)?);
    }
    let outputs = ends.iter().map(|&(s, output)| grids[s][output].clone()).collect();
    Ok(Plan { stages, tasks, outputs })
}

fn emit(stage: &Stage, inputs: &[Grid], tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let node = &*stage.node;
    match &stage.what {
        What::Node => {}
        What::Gone => return Ok(vec![]),
        What::Fused { program, .. } => {
            let step = tasks.step(Step::Program(program.clone()));
            let layout = &stage.outputs[0];
            return Ok(vec![crate::rules::each(step, &layout.chunks, layout.dtype, inputs, tasks)]);
        }
        What::Reduced { program, over, .. } => {
            let step = tasks.step(Step::Program(program.clone()));
            return crate::rules::reduce_with(node, step, inputs, over, tasks);
        }
    }
    match &node.work {
        Work::Call { emit, .. } => (emit.run)(node, inputs, tasks),
        Work::Rechunk => crate::rechunk::emit(node, inputs, tasks),
        Work::Boxes(runs) => Ok(vec![from_boxes(&inputs[0], runs, &node.outputs[0].chunks, tasks)]),
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
        Work::Read { source, start: from } => each(node, tasks, |_, start, extents| Step::Read {
            source: source.clone(),
            start: from.iter().zip(start).map(|(a, b)| a + b).collect(),
            extents: extents.into(),
        }),
        Work::Stored { to, .. } => Ok(vec![written(node, to, &inputs[0], tasks)]),
        Work::Blocked { function, .. } => {
            let step = tasks.step(Step::Function(function.clone()));
            let layout = &node.outputs[0];
            Ok(vec![crate::rules::each(step, &layout.chunks, layout.dtype, inputs, tasks)])
        }
    }
}

/// A task for each chunk that is still to be written. The grid has those only: nothing but the run's end asks for them.
fn written(node: &Node, to: &Arc<Stored>, input: &Grid, tasks: &mut Tasks) -> Grid {
    let chunks = &node.outputs[0].chunks;
    let mut blocks = vec![];
    for (chunk, (place, start)) in starts(chunks).enumerate() {
        if !to.is_done(chunk) {
            let step = tasks.step(Step::Write { to: to.clone(), chunk, start });
            blocks.push(tasks.task(step, &[input.at(&place)], 0));
        }
    }
    Grid { dtype: input.dtype, chunks: chunks.clone(), blocks }
}

/// The places of all chunks, and where they begin.
pub(crate) fn starts(chunks: &Chunks) -> impl Iterator<Item = (Dims, Dims)> {
    let offsets: Vec<Vec<usize>> =
        chunks.axes().iter().map(|a| a.sizes().map_or(vec![0; a.len()], AxisChunks::offsets)).collect();
    places(&chunks.grid()).map(move |place| {
        let start = place.iter().zip(&offsets).map(|(&i, o)| o[i]).collect();
        (place, start)
    })
}

/// A task without inputs for each chunk.
fn each(node: &Node, tasks: &mut Tasks, step: impl Fn(usize, &[usize], &[usize]) -> Step) -> Result<Vec<Grid>> {
    let layout = &node.outputs[0];
    let mut blocks: Vec<Block> = Vec::with_capacity(layout.chunks.count());
    for (i, (place, start)) in starts(&layout.chunks).enumerate() {
        let step = tasks.step(step(i, &start, &layout.chunks.at(&place)));
        blocks.push(tasks.task(step, &[], bytes(&layout.chunks, layout.dtype, &place)));
    }
    Ok(vec![Grid { dtype: layout.dtype, chunks: layout.chunks.clone(), blocks }])
}
