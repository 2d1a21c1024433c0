//! Reading and writing at integer positions along an axis that is cut: each chunk does what falls into it.

use array_api::{
    Array, DType, Dims, Error, Exit, IndexAdd, Op, Operand, Operation, Put, Result, ScatterAdd, Take, TakeAlongAxis,
    UNKNOWN, Verdict,
};

use super::{Planned, Rule, Site, blocks, params};
use crate::chunks::{AxisChunks, Chunks, unknown_sizes};
use crate::node::{Lazy, Node, Slot, Work};
use crate::rechunk::{rechunk, together};
use crate::tasks::{Block, Grid, Step, Tasks, bytes, places};

/// The rules of this file.
pub(super) fn rule(name: &str) -> Option<Rule> {
    Some(match name {
        "take" => Rule::Tasks(plan_take, emit_taken),
        "take_along_axis" => Rule::Tasks(plan_along, emit_taken),
        "put" | "index_add" => Rule::Tasks(plan_written, emit_written),
        "scatter_add" => Rule::Tasks(plan_scattered, emit_written),
        _ => return None,
    })
}

/// The axis that a call works along.
fn axis(op: &'static Op, any: &dyn array_api::Params) -> Result<usize> {
    Ok(match op.name {
        "take" => params::<Take>(op, any)?.axis,
        "take_along_axis" => params::<TakeAlongAxis>(op, any)?.axis,
        "put" => params::<Put>(op, any)?.axis,
        "index_add" => params::<IndexAdd>(op, any)?.axis,
        _ => params::<ScatterAdd>(op, any)?.axis,
    } as usize)
}

/// Where the pieces of an axis begin.
fn offsets(op: &str, pieces: &AxisChunks) -> Result<Vec<usize>> {
    pieces.sizes().map(AxisChunks::offsets).ok_or_else(|| unknown_sizes(op))
}

fn plan_take(site: &Site<'_>) -> Result<Planned, Exit> {
    let (x, indices) = (site.lazy(0)?, site.lazy(1)?);
    let axis = axis(site.op, site.params)?;
    let own = x.chunks().axes();
    if own[axis].len() == 1 {
        return blocks::plan(site);
    }
    offsets(site.op.name, &own[axis])?;
    let out = [&own[..axis], indices.chunks().axes(), &own[axis + 1..]].concat();
    Ok(Planned { inputs: vec![x.clone(), indices.clone()], outputs: vec![Chunks::new(out)] })
}

/// Arrays with the same pieces along all axes but one, or one element, and these pieces.
fn beside(op: &str, arrays: &[&Lazy], axis: usize) -> Result<(Vec<Lazy>, Chunks)> {
    let one = |a: &AxisChunks| a.sizes() == Some(&[1]);
    let mut common = arrays[0].chunks().axes().to_vec();
    for x in &arrays[1..] {
        for (a, (pieces, own)) in common.iter_mut().zip(x.chunks().axes()).enumerate() {
            if a == axis || one(own) {
                continue;
            }
            *pieces = match one(pieces) {
                true => own.clone(),
                false => pieces.refine(own).ok_or_else(|| unknown_sizes(op))?,
            };
        }
    }
    let fit = |x: &&Lazy| {
        let due = x
            .chunks()
            .axes()
            .iter()
            .zip(&common)
            .enumerate()
            .map(|(a, (own, pieces))| if a == axis || one(own) { own.clone() } else { pieces.clone() });
        rechunk(x, &Chunks::new(due))
    };
    Ok((arrays.iter().map(fit).collect::<Result<_>>()?, Chunks::new(common)))
}

fn plan_along(site: &Site<'_>) -> Result<Planned, Exit> {
    let (x, indices) = (site.lazy(0)?, site.lazy(1)?);
    let axis = axis(site.op, site.params)?;
    if x.chunks().axes()[axis].len() == 1 {
        return blocks::plan(site);
    }
    offsets(site.op.name, &x.chunks().axes()[axis])?;
    let (inputs, common) = beside(site.op.name, &[x, indices], axis)?;
    Ok(Planned { inputs, outputs: vec![common.with(axis, indices.chunks().axes()[axis].clone())] })
}

/// For each chunk of the result a chain over the pieces of the axis, each of which fills in what it has.
fn emit_taken(node: &Node, inputs: &[Grid], tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let Work::Call { op, params: any, .. } = &node.work else { return Err(blocks::not_a_call(node)) };
    let (x, indices, layout) = (&inputs[0], &inputs[1], &node.outputs[0]);
    let axis = axis(op, &**any)?;
    let own = x.chunks.axes();
    if own[axis].len() == 1 {
        return blocks::emit(node, inputs, tasks);
    }
    let paired = op.name == "take_along_axis";
    let offsets = offsets(op.name, &own[axis])?;
    let extent = offsets[offsets.len() - 1];
    let mut step = |offset: usize| {
        let operands = if offset == 0 {
            [Slot::Input(0), Slot::Input(1), Slot::Absent].into_iter().collect()
        } else {
            [Slot::Input(0), Slot::Input(1), Slot::Input(2)].into_iter().collect()
        };
        let params = TakenPart { axis: axis as isize, offset, extent, paired };
        tasks.step(Step::Call { op: TakenPart::OP, params: Box::new(params), operands, space: None })
    };
    let steps: Vec<u32> = offsets[..own[axis].len()].iter().map(|&offset| step(offset)).collect();
    let inner = if paired { 1 } else { indices.chunks.axes().len() };
    let mut blocks = Vec::with_capacity(layout.chunks.count());
    for place in places(&layout.chunks.grid()) {
        let at = |chunks: &Chunks, place: Vec<usize>| -> Vec<usize> {
            place.iter().zip(chunks.axes()).map(|(&i, pieces)| if pieces.len() == 1 { 0 } else { i }).collect()
        };
        let chosen = if paired { at(&indices.chunks, place.to_vec()) } else { place[axis..axis + inner].to_vec() };
        let size = bytes(&layout.chunks, layout.dtype, &place);
        let mut total: Option<Block> = None;
        for (piece, &step) in steps.iter().enumerate() {
            let source = [&place[..axis], &[piece], &place[axis + inner..]].concat();
            let operands: Vec<Block> =
                [x.at(&at(&x.chunks, source)), indices.at(&chosen)].into_iter().chain(total).collect();
            total = Some(tasks.task(step, &operands, size));
        }
        blocks.extend(total);
    }
    Ok(vec![Grid { dtype: layout.dtype, chunks: layout.chunks.clone(), blocks }])
}

/// Positions in one list, in order: a chunk of them is whole along all axes but the first.
fn plan_written(site: &Site<'_>) -> Result<Planned, Exit> {
    let (x, indices, values) = (site.lazy(0)?, site.lazy(1)?, site.lazy(2)?);
    let axis = axis(site.op, site.params)?;
    let own = x.chunks().axes();
    if own[axis].len() == 1 && indices.chunks().count() == 1 {
        return blocks::plan(site);
    }
    offsets(site.op.name, &own[axis])?;
    let indices = together(site.op.name, indices, &(1..indices.chunks().axes().len()).collect::<Vec<_>>())?;
    let due = [&own[..axis], indices.chunks().axes(), &own[axis + 1..]].concat();
    let values = rechunk(values, &Chunks::new(due))?;
    Ok(Planned { inputs: vec![x.clone(), indices, values], outputs: vec![x.chunks().clone()] })
}

fn plan_scattered(site: &Site<'_>) -> Result<Planned, Exit> {
    let (x, indices, values) = (site.lazy(0)?, site.lazy(1)?, site.lazy(2)?);
    let axis = axis(site.op, site.params)?;
    let cut = |x: &Lazy| x.chunks().axes()[axis].len() > 1;
    if !cut(x) && !cut(indices) && !cut(values) {
        return blocks::plan(site);
    }
    offsets(site.op.name, &x.chunks().axes()[axis])?;
    let pieces = indices.chunks().axes()[axis].clone();
    let values = rechunk(values, &values.chunks().with(axis, pieces))?;
    let (inputs, _) = beside(site.op.name, &[x, indices, &values], axis)?;
    let outputs = vec![inputs[0].chunks().clone()];
    Ok(Planned { inputs, outputs })
}

/// For each chunk a chain over the positions' chunks, so that what is given last stays.
fn emit_written(node: &Node, inputs: &[Grid], tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let Work::Call { op, params: any, .. } = &node.work else { return Err(blocks::not_a_call(node)) };
    let (x, indices, values) = (&inputs[0], &inputs[1], &inputs[2]);
    let axis = axis(op, &**any)?;
    let own = x.chunks.axes();
    let paired = op.name == "scatter_add";
    let count = if paired { indices.chunks.axes()[axis].len() } else { indices.chunks.count() };
    if own[axis].len() == 1 && count == 1 {
        return blocks::emit(node, inputs, tasks);
    }
    let offsets = offsets(op.name, &own[axis])?;
    let extent = offsets[offsets.len() - 1];
    let step = |&offset: &usize| {
        let params = WrittenPart { axis: axis as isize, offset, extent, operation: op.name.to_string() };
        tasks.call(WrittenPart::OP, params, 3)
    };
    let steps: Vec<u32> = offsets[..own[axis].len()].iter().map(step).collect();
    let mut blocks = Vec::with_capacity(x.blocks.len());
    for place in places(&x.chunks.grid()) {
        let mut block = x.at(&place);
        for q in 0..count {
            let [chosen, given] = if paired {
                let at = |chunks: &Chunks| -> Vec<usize> {
                    let index = |(a, pieces): (usize, &AxisChunks)| match pieces.len() {
                        1 => 0,
                        _ if a == axis => q,
                        _ => place[a],
                    };
                    chunks.axes().iter().enumerate().map(index).collect()
                };
                [indices.at(&at(&indices.chunks)), values.at(&at(&values.chunks))]
            } else {
                let rank = indices.chunks.axes().len();
                let mut at = place[..axis].to_vec();
                // Only the first axis of the positions is cut.
                at.extend((0..rank).map(|a| if a == 0 { q } else { 0 }));
                at.extend_from_slice(&place[axis + 1..]);
                [indices.blocks[q], values.at(&at)]
            };
            block = tasks.task(steps[place[axis]], &[block, chosen, given], x.bytes(&place));
        }
        blocks.push(block);
    }
    Ok(vec![Grid { dtype: x.dtype, chunks: x.chunks.clone(), blocks }])
}

/// Positions in a piece of `count` elements that begins at `offset`, and which of them are in it. The first piece checks them.
fn local(op: &str, indices: &Array, axis: isize, offset: usize, count: usize, extent: usize) -> Result<[Array; 2]> {
    if indices.dtype() == DType::UInt64 && indices.size()? > 0 {
        let largest = array_api::max(indices, ..)?.item::<u64>()?;
        if offset == 0 && largest >= extent as u64 {
            return Err(outside(op, largest.into(), axis, extent));
        }
    }
    let places = array_api::astype(indices, DType::Int64)?;
    let n = extent as i64;
    if offset == 0 && places.size()? > 0 {
        let bounds = [array_api::min(&places, ..)?.item::<i64>()?, array_api::max(&places, ..)?.item::<i64>()?];
        if let Some(bad) = bounds.into_iter().find(|&i| i < -n || i >= n) {
            return Err(outside(op, bad.into(), axis, extent));
        }
    }
    let positive = array_api::where_(array_api::less(&places, 0)?, array_api::add(&places, n)?, &places)?;
    let local = array_api::subtract(positive, offset as i64)?;
    let inside = array_api::logical_and(array_api::greater_equal(&local, 0)?, array_api::less(&local, count as i64)?)?;
    Ok([array_api::clip(local, 0, (count as i64 - 1).max(0))?, inside])
}

/// Refuses what is no piece of an axis of that extent.
fn is_piece(op: &'static Op, args: &[Operand<'_>], axis: isize, offset: usize, extent: usize) -> Result<()> {
    let x = array_api::rule::array(op, args, 0)?;
    let count = x.dims().get(axis as usize).copied().unwrap_or(0);
    if count != UNKNOWN && offset.saturating_add(count) <= extent && extent <= i64::MAX as usize {
        return Ok(());
    }
    let message = format!("{count} elements from {offset} on are no piece of an axis with {extent}");
    Err(Error::value(op.name, message))
}

#[cold]
fn outside(op: &str, index: i128, axis: isize, extent: usize) -> Error {
    Error::index(op, format!("index {index} is out of bounds for axis {axis} with {extent} elements"))
}

array_api::operation! {
    /// What a piece of an axis has of the elements at positions along the whole axis; elsewhere what `total` has.
    TakenPart = taken_part(x: One, indices: One, total: Maybe) {
        axis: isize = 0, /** Where the piece begins. */ offset: usize = 0, /** Of the whole axis. */ extent: usize = 0,
        /** Whether positions vary along the other axes. */ paired: bool = false,
    } -> Array;
    "chunks", Other,
    |op, p, args| {
        let verdict = match p.paired {
            true => array_api::rule::take_along_axis(op, &mut p.axis, &args[..2]),
            false => array_api::rule::take(op, &mut p.axis, &args[..2]),
        };
        is_piece(op, args, p.axis, p.offset, p.extent)?;
        verdict
    },
    compose |p, call| {
        let total = call[2].array().cloned();
        let name = if p.paired { "take_along_axis" } else { "take" };
        let (x, indices) = (array_api::rule::array(call.op, call.args, 0)?, array_api::rule::array(call.op, call.args, 1)?);
        let count = x.shape()?[p.axis as usize];
        let [local, inside] = local(name, indices, p.axis, p.offset, count, p.extent)?;
        if let Some(total) = &total && !array_api::any(&inside, ..)?.item::<bool>()? {
            return Ok(total.clone());
        }
        let (part, inside) = if p.paired {
            (array_api::take_along_axis(x, local, p.axis)?, inside)
        } else {
            let after = x.ndim() - p.axis as usize - 1;
            let shape: Dims = inside.dims().iter().copied().chain(std::iter::repeat_n(1, after)).collect();
            (array_api::take(x, local, p.axis)?, array_api::reshape(inside, shape)?)
        };
        match total {
            Some(total) => array_api::where_(inside, part, total),
            // Each position is in some piece, which puts right what is not in this one.
            None => Ok(part),
        }
    },
    methods (trait TakenPartMethods)
}

array_api::operation! {
    /// A piece of an axis with what is written into it at positions along the whole axis.
    WrittenPart = written_part(x: One, indices: One, values: One) {
        axis: isize = 0, /** Where the piece begins. */ offset: usize = 0, /** Of the whole axis. */ extent: usize = 0,
        /** `put`, `index_add` or `scatter_add`. */ operation: String = "put".to_string(),
    } -> Array;
    "chunks", Other,
    |op, p, args| {
        array_api::rule::take(op, &mut p.axis, &args[..2])?;
        is_piece(op, args, p.axis, p.offset, p.extent)?;
        let x = array_api::rule::array(op, args, 0)?;
        Ok(Verdict::same(x.dims().clone(), x.dtype()))
    },
    compose |p, call| {
        let at = p.axis as usize;
        let own = |operand: &mut Operand<'_>| match operand.take() {
            Operand::Own(a) => Ok(a),
            Operand::Ref(a) => Ok(a.clone()),
            _ => Err(Error::value("written_part", "takes arrays")),
        };
        let (x, indices, values) = (own(&mut call[0])?, own(&mut call[1])?, own(&mut call[2])?);
        let count = x.shape()?[at];
        let [local, inside] = local(&p.operation, &indices, p.axis, p.offset, count, p.extent)?;
        if p.operation == "scatter_add" {
            let values = array_api::where_(inside, values, 0)?;
            return array_api::scatter_add(x, local, values, p.axis);
        }
        let kept = array_api::nonzero(array_api::reshape(inside, -1)?)?.swap_remove(0);
        if kept.size()? == 0 {
            return Ok(x);
        }
        let local = array_api::take(array_api::reshape(local, -1)?, &kept, 0)?;
        let (before, after) = (&x.shape()?[..at], &x.shape()?[at + 1..]);
        let flat: Dims = before.iter().copied().chain([indices.size()?]).chain(after.iter().copied()).collect();
        let values = array_api::take(array_api::reshape(values, flat)?, kept, p.axis)?;
        match p.operation.as_str() {
            "put" => array_api::put(x, local, values, p.axis),
            _ => array_api::index_add(x, local, values, p.axis),
        }
    },
    methods (trait WrittenPartMethods)
}
