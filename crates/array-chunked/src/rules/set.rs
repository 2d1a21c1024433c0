//! Sets: the unique values of chunks, joined up a tree; positions among them, sent back down.

use std::ops::Range;

use array_api::{
    Array, Call, Concat, DType, Exit, Isin, List, LogicalNot, LogicalOr, Meta, Operation, Outs, Result, Take,
    UniqueAll, UniqueValues, Verdict,
};

use super::reduction::{Joins, tree};
use super::{Emit, Planned, Rule, Site, blocks};
use crate::chunks::{AxisChunks, Chunks};
use crate::kind;
use crate::node::{Node, Slot, Work};
use crate::program::{Program, Source};
use crate::rechunk::together;
use crate::tasks::{Block, Grid, Step, Tasks, bytes, places};

/// How many chunks' unique values are joined by one task.
const FAN_IN: usize = 8;

/// The rules of this file.
pub(super) fn rule(name: &str) -> Option<Rule> {
    Some(match name {
        "unique_values" => Rule::Tasks(plan_values, emit_values),
        "unique_all" => Rule::Tasks(plan_all, emit_all),
        "isin" => Rule::Rewrite(isin),
        _ => return None,
    })
}

fn plan_values(site: &Site<'_>) -> Result<Planned, Exit> {
    Ok(Planned { inputs: vec![site.lazy(0)?.clone()], outputs: vec![Chunks::new([AxisChunks::unknown(1)])] })
}

fn emit_values(node: &Node, inputs: &[Grid], tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let x = &inputs[0];
    let step = tasks.call(UniqueValues::OP, UniqueValues {}, 1);
    let parts = places(&x.chunks.grid()).zip(&x.blocks).map(|(at, &block)| tasks.task(step, &[block], x.bytes(&at)));
    let parts: Vec<Block> = parts.collect();
    // No more than all elements of as many chunks.
    let size = places(&x.chunks.grid()).map(|at| x.bytes(&at)).max().unwrap_or(0) * FAN_IN as u64;
    let block = tree(parts, tasks, size, &mut Joins::default(), &|program: &mut Program, k: usize, _| {
        let all = program.push(Concat::OP, Box::new(Concat { axis: 0 }), (0..k).map(Source::Input));
        program.results = vec![program.push(UniqueValues::OP, Box::new(UniqueValues {}), [all])];
        Ok(())
    })?;
    Ok(vec![Grid { dtype: x.dtype, chunks: node.outputs[0].chunks.clone(), blocks: vec![block] }])
}

/// Chunks of whole rows, so that first positions come in row-major order.
fn plan_all(site: &Site<'_>) -> Result<Planned, Exit> {
    let x = site.lazy(0)?;
    let x = together(site.op.name, x, &(1..x.chunks().axes().len().max(1)).collect::<Vec<_>>())?;
    if x.chunks().count() > 1 {
        x.chunks().sizes(site.op.name)?;
    }
    let unique = Chunks::new([AxisChunks::unknown(1)]);
    let inverse = x.chunks().clone();
    Ok(Planned { inputs: vec![x], outputs: vec![unique.clone(), unique.clone(), inverse, unique] })
}

/// Unique values of several parts: the task, whose results are `values`, `indices`, `counts` and a map from each part.
struct Joined {
    made: Block,
    members: Range<usize>,
}

fn emit_all(node: &Node, inputs: &[Grid], tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let x = &inputs[0];
    if x.chunks.count() == 1 {
        return blocks::emit(node, inputs, tasks);
    }
    let dims = x.chunks.dims();
    let row: usize = dims[1..].iter().product();
    let offsets: Vec<usize> =
        AxisChunks::offsets(&x.chunks.sizes("unique_all")?[0]).into_iter().map(|first| first * row).collect();
    let step = tasks.call(UniqueAll::OP, UniqueAll {}, 1);
    let size = |at: &[usize]| x.bytes(at) / x.dtype.size() as u64 * (x.dtype.size() as u64 + 24);
    let own: Vec<Block> =
        places(&x.chunks.grid()).zip(&x.blocks).map(|(at, &b)| tasks.task(step, &[b], size(&at))).collect();
    // What is known of each part: values, first positions, counts.
    let mut parts: Vec<[Block; 3]> = own.iter().map(|b| [*b, b.output(1), b.output(3)]).collect();
    let mut begins = offsets;
    let mut levels: Vec<Vec<Joined>> = vec![];
    loop {
        let mut level = vec![];
        for first in (0..parts.len()).step_by(FAN_IN) {
            let members = first..parts.len().min(first + FAN_IN);
            let offsets = members.clone().map(|i| if levels.is_empty() { begins[i] as isize } else { 0 }).collect();
            let operands: Vec<Block> = parts[members.clone()].iter().flatten().copied().collect();
            let step = tasks.call(JoinUnique::OP, JoinUnique { offsets }, operands.len());
            let most: u64 = members.clone().map(|_| size(&vec![0; dims.len()])).sum();
            level.push(Joined { made: tasks.task(step, &operands, most), members });
        }
        parts = level.iter().map(|j| [j.made, j.made.output(1), j.made.output(2)]).collect();
        levels.push(level);
        if parts.len() == 1 {
            break;
        }
        begins.clear();
    }
    let mapped = tasks.call(Take::OP, Take { axis: 0 }, 2);
    // For each part of a level, the map from its unique values to those of all.
    let mut maps: Vec<Option<Block>> = vec![None];
    for level in levels.iter().rev() {
        let mut below = vec![];
        for (joined, map) in level.iter().zip(&maps) {
            for i in 0..joined.members.len() {
                let own = joined.made.output(3 + i as u32);
                below.push(Some(map.map_or(own, |map| tasks.task(mapped, &[map, own], 0))));
            }
        }
        maps = below;
    }
    let inverse = maps.into_iter().flatten().zip(&own).zip(places(&x.chunks.grid()));
    let inverse = inverse
        .map(|((map, own), at)| {
            let size = bytes(&node.outputs[2].chunks, DType::Int64, &at);
            tasks.task(mapped, &[map, own.output(2)], size)
        })
        .collect();
    let [values, indices, counts] = parts[0];
    let blocks = [vec![values], vec![indices], inverse, vec![counts]];
    let grid = |(layout, blocks): (&crate::node::Layout, Vec<Block>)| Grid {
        dtype: layout.dtype,
        chunks: layout.chunks.clone(),
        blocks,
    };
    Ok(node.outputs.iter().zip(blocks).map(grid).collect())
}

array_api::operation! {
    /// Unique values of parts that come one after the other: `values`, `indices` and `counts` of each in turn. The results
    /// are those of all, and for each part the places of its values among them.
    JoinUnique = join_unique(parts: Many) { /** What is added to each part's indices. */ offsets: Vec<isize> = vec![] }
        -> List;
    "chunks", Other,
    |op, p, args| {
        let dtype = array_api::rule::array(op, args, 0)?.dtype();
        if args.len() != 3 * p.offsets.len() {
            let message = format!("{} parts have {} arrays, not {}", p.offsets.len(), 3 * p.offsets.len(), args.len());
            return Err(array_api::Error::value(op.name, message));
        }
        let places = array_api::rule::unknown(DType::Int64);
        let metas = std::iter::once(array_api::rule::unknown(dtype));
        let metas: Vec<Meta> = metas.chain(std::iter::repeat_n(places, 2 + p.offsets.len())).collect();
        Ok(Verdict::many(metas, dtype))
    },
    compose |p, call| {
        let parts: Vec<Array> = call.args.iter().filter_map(|a| a.array().cloned()).collect();
        if parts.len() != 3 * p.offsets.len() {
            return Err(array_api::Error::value(call.op.name, "takes arrays only"));
        }
        let column = |i: usize| parts.chunks(3).map(|part| part[i].clone()).collect::<Vec<_>>();
        let indices = column(1).into_iter().zip(&p.offsets).map(|(x, &n)| array_api::add(x, n as i64));
        let all = array_api::unique_all(array_api::concat(column(0), 0)?)?;
        // Parts come in order, so the first occurrence among them has the first position.
        let indices = array_api::take(array_api::concat(indices.collect::<Result<Vec<_>>>()?, 0)?, all.indices, 0)?;
        let none = indices.namespace().zeros((indices.dims(), DType::Int64))?;
        let counts = array_api::index_add(none, &all.inverse_indices, array_api::concat(column(2), 0)?, 0)?;
        let mut out = vec![all.values, indices, counts];
        let mut first = 0;
        for part in parts.chunks(3) {
            let next = first + part[0].size()? as isize;
            out.push(array_api::at(&all.inverse_indices, first..next)?);
            first = next;
        }
        Ok(out)
    },
    methods (trait JoinUniqueMethods)
}

/// Among chunks that are searched, an element is in one of them.
fn isin(call: &mut Call<'_, '_>) -> Result<Outs, Exit> {
    let cut = |x: &Array| x.downcast_ref::<crate::ChunkedArray>().is_some_and(|x| x.lazy().chunks().count() > 1);
    if call[0].array().is_some() && call[1].array().is_some_and(cut) {
        return kind::tasks(call, plan_isin, ISIN);
    }
    match call.op.compose {
        Some(compose) => Ok(compose(call)?),
        None => array_api::decline("nothing to compose it of"),
    }
}

fn plan_isin(site: &Site<'_>) -> Result<Planned, Exit> {
    let (x, among) = (site.lazy(0)?, site.lazy(1)?);
    Ok(Planned { inputs: vec![x.clone(), among.clone()], outputs: vec![x.chunks().clone()] })
}

pub(super) const ISIN: Emit = Emit { name: "isin", run: emit_isin };

fn emit_isin(node: &Node, inputs: &[Grid], tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let Work::Call { op, params, .. } = &node.work else { return Err(blocks::not_a_call(node)) };
    let invert = super::params::<Isin>(op, &**params)?.invert;
    let operands = [Slot::Input(0), Slot::Input(1)].into_iter().collect();
    let step = tasks.step(Step::Call { op, params: Box::new(Isin { invert: false }), operands, space: None });
    let layout = &node.outputs[0];
    let mut made = Joins::default();
    let mut out = Vec::with_capacity(layout.chunks.count());
    for (place, &block) in places(&layout.chunks.grid()).zip(&inputs[0].blocks) {
        let size = bytes(&layout.chunks, layout.dtype, &place);
        let parts = inputs[1].blocks.iter().map(|&among| tasks.task(step, &[block, among], size)).collect();
        out.push(tree(parts, tasks, size, &mut made, &|program: &mut Program, k: usize, last: bool| {
            let mut any = Source::Input(0);
            for i in 1..k {
                any = program.push(LogicalOr::OP, Box::new(LogicalOr {}), [any, Source::Input(i)]);
            }
            if last && invert {
                any = program.push(LogicalNot::OP, Box::new(LogicalNot {}), [any]);
            }
            program.results = vec![any];
            Ok(())
        })?);
    }
    Ok(vec![Grid { dtype: layout.dtype, chunks: layout.chunks.clone(), blocks: out }])
}
