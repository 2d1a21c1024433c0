//! Searching: the place of the largest element, the places of those that are not zero, places in a sorted array.

use std::collections::HashMap;

use array_api::{
    Add, Argmax, Argmin, Axes, Call, Equal, Exit, FloorDivide, Greater, Less, LogicalAnd, LogicalNot, LogicalOr,
    Multiply, Nonzero, NotEqual, Op, Operation, Outs, Params, Remainder, Reshape, Result, Scalar, Searchsorted,
    Squeeze, TakeAlongAxis, Where,
};

use super::reduction::{Joins, lines, reduced, tree};
use super::{Emit, Given, Planned, Rule, Site, blocks, params};
use crate::chunks::{AxisChunks, Chunks};
use crate::kind;
use crate::node::{Node, Slot, Work};
use crate::program::{Program, Source};
use crate::rechunk::together;
use crate::tasks::{Block, Grid, Step, Tasks, bytes, places};

/// How many candidates are compared by one task.
const FAN_IN: usize = 8;

/// The rules of this file.
pub(super) fn rule(name: &str) -> Option<Rule> {
    Some(match name {
        "argmax" | "argmin" => Rule::Tasks(plan_arg, emit_arg),
        "nonzero" => Rule::Tasks(plan_nonzero, emit_nonzero),
        "searchsorted" => Rule::Rewrite(searchsorted),
        _ => return None,
    })
}

/// The axis, and whether it stays.
fn along(op: &'static Op, any: &dyn Params) -> Result<(Option<usize>, bool)> {
    let (axis, keepdims) = match op.name {
        "argmax" => {
            let p = params::<Argmax>(op, any)?;
            (p.axis, p.keepdims)
        }
        _ => {
            let p = params::<Argmin>(op, any)?;
            (p.axis, p.keepdims)
        }
    };
    Ok((axis.map(|a| a as usize), keepdims))
}

fn axes(axis: Option<usize>, ndim: usize) -> Vec<usize> {
    axis.map_or_else(|| (0..ndim).collect(), |a| vec![a])
}

/// Whether the axes that are searched are in one piece each.
fn is_whole(chunks: &Chunks, axis: Option<usize>) -> bool {
    axes(axis, chunks.axes().len()).iter().all(|&a| chunks.axes()[a].len() == 1)
}

fn plan_arg(site: &Site<'_>) -> Result<Planned, Exit> {
    let x = site.lazy(0)?;
    let (axis, keepdims) = along(site.op, site.params)?;
    if is_whole(x.chunks(), axis) {
        return blocks::plan(site);
    }
    let axes = axes(axis, x.chunks().axes().len());
    for &a in &axes {
        // Places after a chunk of unknown extent are not known, and it may turn out to be empty.
        x.chunks().axes()[a].sizes().ok_or_else(|| crate::chunks::unknown_sizes(site.op.name))?;
    }
    Ok(Planned { inputs: vec![x.clone()], outputs: vec![reduced(x.chunks(), &axes, keepdims)] })
}

/// A candidate of each chunk, value and place, of which the best remains: the larger (smaller) value, of equal ones the first.
fn emit_arg(node: &Node, inputs: &[Grid], tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let Work::Call { op, params: any, .. } = &node.work else { return Err(blocks::not_a_call(node)) };
    let (x, layout) = (&inputs[0], &node.outputs[0]);
    let (axis, keepdims) = along(op, &**any)?;
    if is_whole(&x.chunks, axis) {
        return blocks::emit(node, inputs, tasks);
    }
    let ndim = x.chunks.axes().len();
    let axes = axes(axis, ndim);
    let offsets: Vec<Vec<usize>> =
        x.chunks.axes().iter().map(|a| a.sizes().map_or(vec![0; a.len()], AxisChunks::offsets)).collect();
    let mut steps: HashMap<Vec<usize>, u32> = HashMap::new();
    let mut blocks = Vec::with_capacity(x.blocks.len());
    for place in places(&x.chunks.grid()) {
        // Chunks at the same place along the axes, and of the same extents if they are flattened, do the same.
        let mut key: Vec<usize> = axes.iter().map(|&a| offsets[a][place[a]]).collect();
        if axis.is_none() {
            key.extend(x.chunks.at(&place).iter());
        }
        let step = *steps.entry(key).or_insert_with(|| {
            let program = match axis {
                Some(axis) => candidate(op, axis, offsets[axis][place[axis]]),
                None => flat_candidate(op, &x.chunks, &place, &offsets),
            };
            tasks.program(program)
        });
        let left: usize = (0..ndim).filter(|a| !axes.contains(a)).map(|a| x.chunks.axes()[a].size(place[a])).product();
        blocks.push(tasks.task(step, &[x.at(&place)], (left * (8 + x.dtype.size())) as u64));
    }
    let candidates = Grid { dtype: x.dtype, chunks: x.chunks.clone(), blocks };
    let better = if op.name == "argmax" { Greater::OP } else { Less::OP };
    let shape = if keepdims { vec![1; ndim] } else { vec![] };
    let mut made: Vec<((usize, bool), u32)> = vec![];
    let blocks = lines(
        &candidates,
        &axes,
        |mut line, _, tasks| loop {
            let last = line.len() <= FAN_IN;
            let mut next = Vec::with_capacity(line.len().div_ceil(FAN_IN));
            for group in line.chunks(FAN_IN) {
                let key = (group.len(), last);
                let found = made.iter().find(|(k, _)| *k == key).map(|(_, step)| *step);
                let step = match found {
                    Some(step) => step,
                    None => {
                        let mut program = best(better, group.len())?;
                        if last {
                            let place = program.results[1];
                            let ended = match axis {
                                None => program.push(Reshape::OP, Box::new(Reshape { shape: shape.clone() }), [place]),
                                Some(_) if keepdims => place,
                                Some(a) => {
                                    let axis = Axes::One(a as isize);
                                    program.push(Squeeze::OP, Box::new(Squeeze { axis }), [place])
                                }
                            };
                            program.results = vec![ended];
                        }
                        made.push((key, tasks.program(program)));
                        made[made.len() - 1].1
                    }
                };
                let operands: Vec<Block> = group.iter().flat_map(|b| [*b, b.output(1)]).collect();
                next.push(tasks.task(step, &operands, 16));
            }
            if last {
                return Ok(next[0]);
            }
            line = next;
        },
        tasks,
    )?;
    Ok(vec![Grid { dtype: layout.dtype, chunks: layout.chunks.clone(), blocks }])
}

fn number(n: usize) -> Source {
    Source::Plain(Slot::Scalar(Scalar::int(n as i128)))
}

fn search(op: &'static Op, axis: usize) -> Box<dyn Params> {
    match op.name {
        "argmax" => Box::new(Argmax { axis: Some(axis as isize), keepdims: true }),
        _ => Box::new(Argmin { axis: Some(axis as isize), keepdims: true }),
    }
}

/// The best of a chunk along an axis, and its place along the whole axis.
fn candidate(op: &'static Op, axis: usize, offset: usize) -> Program {
    let mut program = Program::new(1);
    let place = program.push(op, search(op, axis), [Source::Input(0)]);
    let along = Box::new(TakeAlongAxis { axis: axis as isize });
    let value = program.push(TakeAlongAxis::OP, along, [Source::Input(0), place]);
    program.results = vec![value, program.push(Add::OP, Box::new(Add {}), [place, number(offset)])];
    program
}

/// The best of a chunk, and its place in the flattened array: the place in the chunk, taken apart axis by axis.
fn flat_candidate(op: &'static Op, chunks: &Chunks, place: &[usize], offsets: &[Vec<usize>]) -> Program {
    let mut program = Program::new(1);
    let flat = program.push(Reshape::OP, Box::new(Reshape { shape: vec![-1] }), [Source::Input(0)]);
    let mut rest = program.push(op, search(op, 0), [flat]);
    let value = program.push(TakeAlongAxis::OP, Box::new(TakeAlongAxis { axis: 0 }), [flat, rest]);
    let (extents, dims) = (chunks.at(place), chunks.dims());
    let (mut stride, mut first, mut total) = (1, 0, None);
    for axis in (0..dims.len()).rev() {
        first += offsets[axis][place[axis]] * stride;
        let index = program.push(Remainder::OP, Box::new(Remainder {}), [rest, number(extents[axis])]);
        rest = program.push(FloorDivide::OP, Box::new(FloorDivide {}), [rest, number(extents[axis])]);
        let along = program.push(Multiply::OP, Box::new(Multiply {}), [index, number(stride)]);
        total = Some(match total {
            None => along,
            Some(total) => program.push(Add::OP, Box::new(Add {}), [total, along]),
        });
        stride *= dims[axis];
    }
    let total = total.unwrap_or(rest);
    program.results = vec![value, program.push(Add::OP, Box::new(Add {}), [total, number(first)])];
    program
}

/// The best of several candidates, given as values and places in turn. Not-a-number is better than any number, as in memory.
fn best(better: &'static Op, count: usize) -> Result<Program> {
    let mut program = Program::new(2 * count);
    let (mut value, mut place) = (Source::Input(0), Source::Input(1));
    for i in 1..count {
        let (v, at) = (Source::Input(2 * i), Source::Input(2 * i + 1));
        let call = |op: &'static Op, program: &mut Program, operands: &[Source]| -> Result<Source> {
            Ok(program.push(op, op.read(&[])?, operands.iter().copied()))
        };
        let (own, other) =
            (call(NotEqual::OP, &mut program, &[value, value])?, call(NotEqual::OP, &mut program, &[v, v])?);
        let is_number = call(LogicalNot::OP, &mut program, &[own])?;
        let only_other = call(LogicalAnd::OP, &mut program, &[other, is_number])?;
        let both = call(LogicalAnd::OP, &mut program, &[own, other])?;
        let equal = call(Equal::OP, &mut program, &[value, v])?;
        let equal = call(LogicalOr::OP, &mut program, &[equal, both])?;
        let before = call(Less::OP, &mut program, &[at, place])?;
        let first = call(LogicalAnd::OP, &mut program, &[equal, before])?;
        let greater = call(better, &mut program, &[v, value])?;
        let choose = call(LogicalOr::OP, &mut program, &[only_other, first])?;
        let choose = call(LogicalOr::OP, &mut program, &[choose, greater])?;
        value = call(Where::OP, &mut program, &[choose, v, value])?;
        place = call(Where::OP, &mut program, &[choose, at, place])?;
    }
    program.results = vec![value, place];
    Ok(program)
}

/// Chunks of whole rows, so that places come in row-major order.
fn plan_nonzero(site: &Site<'_>) -> Result<Planned, Exit> {
    let x = site.lazy(0)?;
    let x = together(site.op.name, x, &(1..x.chunks().axes().len()).collect::<Vec<_>>())?;
    let first = x.chunks().axes()[0].sizes().ok_or_else(|| crate::chunks::unknown_sizes(site.op.name))?;
    // All results have as many elements.
    let pieces = Chunks::new([AxisChunks::unknown(first.len())]);
    Ok(Planned { inputs: vec![x], outputs: vec![pieces; site.verdict.results().len()] })
}

fn emit_nonzero(node: &Node, inputs: &[Grid], tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let x = &inputs[0];
    let rows = x.chunks.sizes("nonzero")?[0].clone();
    let found = tasks.call(Nonzero::OP, Nonzero {}, 1);
    let mut grids: Vec<Grid> = node
        .outputs
        .iter()
        .map(|o| Grid { dtype: o.dtype, chunks: o.chunks.clone(), blocks: Vec::with_capacity(rows.len()) })
        .collect();
    for (&block, &offset) in x.blocks.iter().zip(&AxisChunks::offsets(&rows)) {
        let made = tasks.task(found, &[block], 0);
        for (i, grid) in grids.iter_mut().enumerate() {
            let mut block = made.output(i as u32);
            if i == 0 && offset > 0 {
                let operands = [Slot::Input(0), Slot::Scalar(Scalar::int(offset as i128))].into_iter().collect();
                let step = tasks.step(Step::Call { op: Add::OP, params: Box::new(Add {}), operands, space: None });
                block = tasks.task(step, &[block], 0);
            }
            grid.blocks.push(block);
        }
    }
    Ok(grids)
}

/// In a sorted array that is cut, the number of elements before is the sum of those in its chunks.
fn searchsorted(call: &mut Call<'_, '_>) -> Result<Outs, Exit> {
    let x = array_api::rule::array(call.op, call.args, 0)?.clone();
    let cut = x.downcast_ref::<crate::ChunkedArray>().is_some_and(|x| x.lazy().chunks().count() > 1);
    let Some(sorter) = call[2].array().cloned() else {
        return if cut {
            kind::tasks(call, plan_sorted, SORTED)
        } else {
            kind::tasks(call, blocks::plan, blocks::EMIT)
        };
    };
    if !cut {
        return kind::tasks(call, blocks::plan, blocks::EMIT);
    }
    let side = call.params::<Searchsorted>()?.clone();
    let sorted = array_api::take(x, sorter, 0)?;
    Ok(Outs::One(array_api::searchsorted(sorted, &call[1], None, side)?))
}

fn plan_sorted(site: &Site<'_>) -> Result<Planned, Exit> {
    let mut inputs = vec![site.lazy(0)?.clone()];
    let output = match &site.operands[1] {
        Given::Lazy(values) => {
            inputs.push(values.clone());
            values.chunks().clone()
        }
        _ => Chunks::whole(&[]),
    };
    Ok(Planned { inputs, outputs: vec![output] })
}

pub(super) const SORTED: Emit = Emit { name: "searchsorted", run: emit_sorted };

fn emit_sorted(node: &Node, inputs: &[Grid], tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let Work::Call { op, params, operands, .. } = &node.work else { return Err(blocks::not_a_call(node)) };
    let layout = &node.outputs[0];
    let operands = operands.iter().copied().collect();
    let step = tasks.step(Step::Call { op, params: params.boxed(), operands, space: None });
    let mut made = Joins::default();
    let mut blocks = Vec::with_capacity(layout.chunks.count());
    for (i, place) in places(&layout.chunks.grid()).enumerate() {
        let size = bytes(&layout.chunks, layout.dtype, &place);
        let parts = inputs[0].blocks.iter().map(|&sorted| {
            let values = inputs.get(1).map(|values| values.blocks[i]);
            let operands: Vec<Block> = std::iter::once(sorted).chain(values).collect();
            tasks.task(step, &operands, size)
        });
        let parts = parts.collect();
        blocks.push(tree(parts, tasks, size, &mut made, &|program: &mut Program, k: usize, _| {
            let mut total = Source::Input(0);
            for i in 1..k {
                total = program.push(Add::OP, Box::new(Add {}), [total, Source::Input(i)]);
            }
            program.results = vec![total];
            Ok(())
        })?);
    }
    Ok(vec![Grid { dtype: layout.dtype, chunks: layout.chunks.clone(), blocks }])
}
