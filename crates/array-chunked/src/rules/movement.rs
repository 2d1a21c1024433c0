//! Elements that move: boxes of chunks, put together anew.

use array_api::{
    Array, At, Axes, BroadcastTo, Call, Concat, Exit, ExpandDims, Index, Indices, Operation, Outs, Reshape, Result,
    SetAt, Squeeze,
};

use super::elementwise::{arrays, unify};
use super::{Planned, Rule, Site, params};
use crate::chunk_spec::{AUTO_BYTES, check_count};
use crate::chunks::{AxisChunks, Chunks, unknown_sizes};
use crate::node::{Lazy, Node, Work};
use crate::rechunk::{AxisRuns, Run, from_boxes, rechunk, together};
use crate::tasks::{Grid, Step, Tasks, bytes, places};

/// The rules of this file.
pub(super) fn rule(name: &str) -> Option<Rule> {
    Some(match name {
        "at" => Rule::Rewrite(at),
        "sliced" => Rule::Tasks(plan_sliced, emit_sliced),
        "set_at" => Rule::Tasks(plan_set_at, emit_set_at),
        "concat" => Rule::Tasks(plan_concat, emit_concat),
        "broadcast_to" => Rule::Tasks(plan_broadcast, emit_broadcast),
        "reshape" => Rule::Tasks(plan_reshape, emit_reshape),
        _ => return None,
    })
}

array_api::operation! {
    /// The elements at slices, one for each axis.
    Sliced = sliced(x: One) { index: Indices = Indices::default() } -> Array;
    "chunks", Indexing,
    |op, p, args| {
        let x = array_api::rule::array(op, args, 0)?;
        Ok(array_api::Verdict::same(array_api::rule::basic(op, x.dims(), &mut p.index)?, x.dtype()))
    },
    methods (trait SlicedMethods)
}

/// Slices first; then positions lose their axis, and new axes come in.
fn at(call: &mut Call<'_, '_>) -> Result<Outs, Exit> {
    let index = call.params::<At>()?.index.clone();
    let x = array_api::rule::array(call.op, call.args, 0)?.clone();
    let unknown = |axis: usize| x.dims()[axis] == array_api::UNKNOWN;
    let (mut slices, mut gone, mut axis) = (vec![], vec![], 0);
    for entry in &index.0 {
        match entry {
            Index::At(i) => {
                if unknown(axis) {
                    return Err(unknown_sizes(call.op.name).into());
                }
                let stop = (*i >= 0 || *i < -1).then_some(*i + 1);
                slices.push(Index::Slice { start: Some(*i), stop, step: 1 });
                gone.push(axis as isize);
                axis += 1;
            }
            Index::Slice { .. } => {
                if unknown(axis) && *entry != Index::full() {
                    return Err(unknown_sizes(call.op.name).into());
                }
                slices.push(entry.clone());
                axis += 1;
            }
            Index::NewAxis => {}
            Index::Ellipsis => slices.push(Index::Ellipsis),
        }
    }
    let whole = slices.iter().all(|s| *s == Index::full());
    let mut out = if whole { x } else { sliced(x, Sliced { index: Indices(slices) })? };
    if !gone.is_empty() {
        out = array_api::squeeze(out, Squeeze { axis: Axes::Many(gone.into()) })?;
    }
    let mut place = 0;
    for entry in &index.0 {
        match entry {
            Index::NewAxis => {
                out = array_api::expand_dims(out, ExpandDims { axis: place })?;
                place += 1;
            }
            Index::At(_) => {}
            _ => place += 1,
        }
    }
    Ok(Outs::One(out))
}

/// Along an axis: what a slice takes of each piece, as pieces of the result.
fn slice_runs(pieces: &AxisChunks, entry: &Index) -> (AxisChunks, AxisRuns) {
    let whole = || {
        let run = |piece| vec![Run { piece, start: 0, count: usize::MAX, step: 1, to: 0 }];
        (pieces.clone(), (0..pieces.len()).map(run).collect())
    };
    let Some(sizes) = pieces.sizes() else { return whole() };
    let extent: usize = sizes.iter().sum();
    let mut entry = entry.clone();
    let _ = entry.resolve("at", extent);
    let Some((first, count, step)) = entry.range() else { return whole() };
    let offsets = AxisChunks::offsets(sizes);
    let (mut out, mut runs, mut taken) = (vec![], vec![], 0_usize);
    let order: Vec<usize> = if step > 0 { (0..sizes.len()).collect() } else { (0..sizes.len()).rev().collect() };
    for piece in order {
        if taken == count {
            break;
        }
        let next = (first as isize + taken as isize * step) as usize;
        let (begin, end) = (offsets[piece], offsets[piece + 1]);
        if next < begin || next >= end {
            continue;
        }
        let room = if step > 0 { end - 1 - next } else { next - begin };
        let here = (room / step.unsigned_abs() + 1).min(count - taken);
        out.push(here);
        runs.push(vec![Run { piece, start: next - begin, count: here, step, to: 0 }]);
        taken += here;
    }
    if out.is_empty() {
        return (AxisChunks::whole(0), vec![vec![Run { piece: 0, start: 0, count: 0, step: 1, to: 0 }]]);
    }
    (AxisChunks::Known(out.into()), runs)
}

fn plan_sliced(site: &Site<'_>) -> Result<Planned, Exit> {
    let x = site.lazy(0)?;
    let index = &site.params::<Sliced>()?.index.0;
    let pieces = x.chunks().axes().iter().zip(index).map(|(pieces, entry)| slice_runs(pieces, entry).0);
    Ok(Planned { inputs: vec![x.clone()], outputs: vec![Chunks::new(pieces)] })
}

fn emit_sliced(node: &Node, inputs: &[Grid], tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let Work::Call { op, params: any, .. } = &node.work else { return Err(super::blocks::not_a_call(node)) };
    let index = &params::<Sliced>(op, &**any)?.index.0;
    let runs: Vec<AxisRuns> =
        inputs[0].chunks.axes().iter().zip(index).map(|(pieces, entry)| slice_runs(pieces, entry).1).collect();
    Ok(vec![from_boxes(&inputs[0], &runs, &node.outputs[0].chunks, tasks)])
}

/// An entry of an index that covers an axis of the array: which axis, and which axis of the part that it names, if any.
fn covered(index: &[Index]) -> Vec<(Index, Option<usize>)> {
    let mut part = 0;
    let mut out = vec![];
    for entry in index {
        match entry {
            Index::NewAxis => part += 1,
            Index::At(_) => out.push((entry.clone(), None)),
            _ => {
                out.push((entry.clone(), Some(part)));
                part += 1;
            }
        }
    }
    out
}

fn part_rank(index: &[Index]) -> usize {
    index.iter().filter(|e| !matches!(e, Index::At(_))).count()
}

fn plan_set_at(site: &Site<'_>) -> Result<Planned, Exit> {
    let x = site.lazy(0)?;
    let index = &site.params::<SetAt>()?.index.0;
    x.chunks().sizes(site.op.name)?;
    let mut inputs = vec![x.clone()];
    if let super::Given::Lazy(value) = &site.operands[1] {
        let rank = part_rank(index);
        let mut due: Vec<AxisChunks> = vec![AxisChunks::whole(1); rank];
        for ((entry, place), pieces) in covered(index).iter().zip(x.chunks().axes()) {
            if let Some(place) = place {
                due[*place] = slice_runs(pieces, entry).0;
            }
        }
        let own = value.chunks().axes();
        // A value may have more axes of extent one than the part has axes.
        let extra = own.len().saturating_sub(rank);
        let fitted = own.iter().enumerate().map(|(a, pieces)| match pieces.sizes() {
            Some([1]) => pieces.clone(),
            _ => due[a - extra + rank - (own.len() - extra)].clone(),
        });
        inputs.push(rechunk(value, &Chunks::new(fitted))?);
    }
    Ok(Planned { inputs, outputs: vec![x.chunks().clone()] })
}

fn emit_set_at(node: &Node, inputs: &[Grid], tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let Work::Call { op, params: any, operands: slots, .. } = &node.work else {
        return Err(super::blocks::not_a_call(node));
    };
    let index = &params::<SetAt>(op, &**any)?.index.0;
    let x = &inputs[0];
    let covered = covered(index);
    // For each axis and piece: what is set of it, and which piece of the value goes there.
    let found: Vec<Vec<Option<(Run, usize)>>> = covered
        .iter()
        .zip(x.chunks.axes())
        .map(|((entry, _), pieces)| {
            let entry = match entry {
                Index::At(i) => Index::Slice { start: Some(*i), stop: (*i != -1).then_some(*i + 1), step: 1 },
                other => other.clone(),
            };
            let mut here = vec![None; pieces.len()];
            for (i, runs) in slice_runs(pieces, &entry).1.iter().enumerate() {
                let run = runs[0];
                let count = if run.count == usize::MAX { pieces.size(run.piece) } else { run.count };
                if count > 0 {
                    here[run.piece] = Some((Run { count, ..run }, i));
                }
            }
            here
        })
        .collect();
    let rank = part_rank(index);
    let mut blocks = Vec::with_capacity(x.blocks.len());
    for place in places(&x.chunks.grid()) {
        let block = x.at(&place);
        let local: Option<Vec<(Run, usize)>> = place.iter().zip(&found).map(|(&i, axis)| axis[i]).collect();
        let Some(local) = local else {
            blocks.push(block);
            continue;
        };
        let (mut entries, mut axis, mut part) = (vec![], 0, vec![0; rank]);
        for entry in index {
            if matches!(entry, Index::NewAxis) {
                entries.push(Index::NewAxis);
                continue;
            }
            let (run, piece) = local[axis];
            match covered[axis].1 {
                None => entries.push(Index::At(run.start as isize)),
                Some(at) => {
                    part[at] = piece;
                    let stop = run.start as isize + run.count as isize * run.step;
                    let stop = (stop >= 0).then_some(stop);
                    entries.push(Index::Slice { start: Some(run.start as isize), stop, step: run.step });
                }
            }
            axis += 1;
        }
        let mut operands = vec![block];
        if let Some(value) = inputs.get(1) {
            let own = value.chunks.axes();
            let at: Vec<usize> = (0..own.len())
                .map(|a| match (a + rank).checked_sub(own.len()) {
                    Some(p) if own[a].len() > 1 => part[p],
                    _ => 0,
                })
                .collect();
            operands.push(value.at(&at));
        }
        let step = tasks.step(Step::Call {
            op,
            params: Box::new(SetAt { index: Indices(entries) }),
            operands: slots.iter().copied().collect(),
            space: None,
        });
        blocks.push(tasks.task(step, &operands, x.bytes(&place)));
    }
    Ok(vec![Grid { dtype: x.dtype, chunks: x.chunks.clone(), blocks }])
}

/// Chunks of all arrays side by side; nothing is copied.
fn plan_concat(site: &Site<'_>) -> Result<Planned, Exit> {
    let inputs = arrays(site);
    let axis = site.params::<Concat>()?.axis;
    let Ok(axis) = usize::try_from(axis) else { return Err(unknown_sizes(site.op.name).into()) };
    // Along the other axes, chunks must fit.
    let flat: Vec<Lazy> = inputs.iter().map(|x| (*x).clone()).collect();
    let mut common: Option<Chunks> = None;
    for x in &flat {
        let own = x.chunks().with(axis, AxisChunks::whole(1));
        common = Some(match common {
            None => own,
            Some(other) => {
                let refined = own.axes().iter().zip(other.axes()).map(|(a, b)| a.refine(b));
                Chunks::new(refined.collect::<Option<Vec<_>>>().ok_or_else(|| unknown_sizes(site.op.name))?)
            }
        });
    }
    let Some(common) = common else {
        return Err(array_api::Error::value(site.op.name, "needs at least one array").into());
    };
    let fitted = flat.iter().map(|x| rechunk(x, &common.with(axis, x.chunks().axes()[axis].clone())));
    let inputs = fitted.collect::<Result<Vec<_>>>()?;
    let along: Option<Vec<usize>> = inputs.iter().try_fold(vec![], |mut all, x| {
        all.extend(x.chunks().axes()[axis].sizes()?);
        Some(all)
    });
    let pieces = match along {
        Some(sizes) => {
            let some: Vec<usize> = sizes.into_iter().filter(|&n| n > 0).collect();
            if some.is_empty() { AxisChunks::whole(0) } else { AxisChunks::Known(some.into()) }
        }
        None => AxisChunks::unknown(inputs.iter().map(|x| x.chunks().axes()[axis].len()).sum()),
    };
    let chunks = common.with(axis, pieces);
    Ok(Planned { inputs, outputs: vec![chunks] })
}

fn emit_concat(node: &Node, inputs: &[Grid], _: &mut Tasks) -> Result<Vec<Grid>> {
    let Work::Call { op, params: any, .. } = &node.work else { return Err(super::blocks::not_a_call(node)) };
    let axis = params::<Concat>(op, &**any)?.axis as usize;
    let layout = &node.outputs[0];
    let known = layout.chunks.axes()[axis].sizes().is_some();
    // Which array and which of its pieces each piece of the result is; empty ones are left out, unless all are.
    let mut along: Vec<(usize, usize)> = vec![];
    for (i, x) in inputs.iter().enumerate() {
        let pieces = &x.chunks.axes()[axis];
        along.extend((0..pieces.len()).filter(|&p| !known || pieces.size(p) > 0).map(|p| (i, p)));
    }
    if along.is_empty() {
        along.push((0, 0));
    }
    let blocks = places(&layout.chunks.grid()).map(|place| {
        let (i, piece) = along[place[axis]];
        let mut at = place.clone();
        at.as_mut()[axis] = piece;
        inputs[i].at(&at)
    });
    Ok(vec![Grid { dtype: layout.dtype, chunks: layout.chunks.clone(), blocks: blocks.collect() }])
}

fn plan_broadcast(site: &Site<'_>) -> Result<Planned, Exit> {
    let x = site.lazy(0)?;
    let dims = site.verdict.dims();
    let own = x.chunks().axes();
    let skip = dims.len() - own.len();
    let mut pieces: Vec<Option<AxisChunks>> = (0..dims.len())
        .map(|a| {
            let kept = a.checked_sub(skip).map(|a| &own[a]).filter(|p| p.sizes() != Some(&[1]) || dims[a] == 1);
            kept.cloned()
        })
        .collect();
    // New extents are cut so that chunks do not grow beyond what is usual; those of nothing do not grow.
    let widest = |p: &Option<AxisChunks>| p.as_ref().and_then(|p| p.sizes()).and_then(|s| s.iter().max().copied());
    let mut room = if dims.contains(&0) { usize::MAX } else { AUTO_BYTES / x.dtype().size() };
    pieces.iter().filter_map(widest).for_each(|n| room = (room / n.max(1)).max(1));
    for axis in (0..dims.len()).rev() {
        if pieces[axis].is_none() {
            let size = dims[axis].min(room).max(1);
            check_count(site.op.name, dims, dims[axis].div_ceil(size))?;
            pieces[axis] = Some(AxisChunks::regular(dims[axis], size));
            room = (room / size).max(1);
        }
    }
    Ok(Planned { inputs: vec![x.clone()], outputs: vec![Chunks::new(pieces.into_iter().flatten())] })
}

fn emit_broadcast(node: &Node, inputs: &[Grid], tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let (x, layout) = (&inputs[0], &node.outputs[0]);
    let own = x.chunks.axes();
    let skip = layout.chunks.axes().len() - own.len();
    let mut made: Vec<(array_api::Dims, u32)> = vec![];
    let mut blocks = Vec::with_capacity(layout.chunks.count());
    for place in places(&layout.chunks.grid()) {
        let extents = layout.chunks.at(&place);
        let source: Vec<usize> =
            own.iter().enumerate().map(|(a, p)| if p.len() > 1 { place[skip + a] } else { 0 }).collect();
        let step = match made.iter().rev().take(8).find(|(d, _)| *d == extents) {
            Some((_, step)) => *step,
            None => {
                let step = tasks.call(BroadcastTo::OP, BroadcastTo { shape: extents.clone() }, 1);
                made.push((extents, step));
                step
            }
        };
        // A view: no bytes of its own.
        blocks.push(tasks.task(step, &[x.at(&source)], 0));
    }
    Ok(vec![Grid { dtype: layout.dtype, chunks: layout.chunks.clone(), blocks }])
}

/// Axes of the array and of the result with the same elements in the same order, as short as they can be told apart.
fn groups(from: &[usize], to: &[usize]) -> Vec<(std::ops::Range<usize>, std::ops::Range<usize>)> {
    let (mut out, mut i, mut j) = (vec![], 0, 0);
    while i < from.len() || j < to.len() {
        let (first_i, first_j) = (i, j);
        let (mut a, mut b) = (1_usize, 1_usize);
        if i < from.len() {
            a = from[i];
            i += 1;
        }
        if j < to.len() {
            b = to[j];
            j += 1;
        }
        while a != b {
            if a < b && i < from.len() {
                a *= from[i];
                i += 1;
            } else if j < to.len() {
                b *= to[j];
                j += 1;
            } else if i < from.len() {
                a *= from[i];
                i += 1;
            } else {
                break;
            }
        }
        out.push((first_i..i, first_j..j));
    }
    out
}

fn plan_reshape(site: &Site<'_>) -> Result<Planned, Exit> {
    let x = site.lazy(0)?;
    let (from, to) = (x.dims(), site.verdict.dims());
    let (Some(from), Some(to)) = (from.known(), to.known()) else {
        return Err(unknown_sizes(site.op.name).into());
    };
    if from.contains(&0) {
        let x = together(site.op.name, x, &(0..from.len()).collect::<Vec<_>>())?;
        return Ok(Planned { inputs: vec![x], outputs: vec![Chunks::whole(to)] });
    }
    let (mut due, mut out) = (x.chunks().axes().to_vec(), vec![AxisChunks::whole(1); to.len()]);
    for (old, new) in groups(from, to) {
        if old.len() == 1 && new.len() == 1 {
            out[new.start] = due[old.start].clone();
            continue;
        }
        // The first axis that is longer than one may be cut, where whole rows of both shapes end.
        let long = |dims: &[usize], range: &std::ops::Range<usize>| range.clone().find(|&a| dims[a] > 1);
        let (Some(i), Some(j)) = (long(from, &old), long(to, &new)) else {
            old.for_each(|a| due[a] = AxisChunks::whole(from[a]));
            new.for_each(|a| out[a] = AxisChunks::whole(to[a]));
            continue;
        };
        let (row, target): (usize, usize) =
            (from[i + 1..old.end].iter().product(), to[j + 1..new.end].iter().product());
        let unit = target / gcd(row, target);
        let sizes = x.chunks().axes()[i].sizes().ok_or_else(|| unknown_sizes(site.op.name))?;
        let wanted = together_sizes(sizes, unit, &x.chunks().axes()[i + 1..old.end]);
        old.clone().for_each(|a| due[a] = AxisChunks::whole(from[a]));
        new.clone().for_each(|a| out[a] = AxisChunks::whole(to[a]));
        out[j] = AxisChunks::Known(wanted.iter().map(|n| n * row / target).collect());
        due[i] = AxisChunks::Known(wanted.into());
    }
    let x = rechunk(x, &Chunks::new(due))?;
    Ok(Planned { inputs: vec![x], outputs: vec![Chunks::new(out)] })
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Pieces that end at multiples of `unit` and hold about as many elements as before, though later axes are joined.
fn together_sizes(sizes: &[usize], unit: usize, later: &[AxisChunks]) -> Vec<usize> {
    let extent: usize = sizes.iter().sum();
    let joined: usize = later.iter().map(AxisChunks::len).product();
    let widest = sizes.iter().max().copied().unwrap_or(1);
    if joined == 1 && sizes.iter().take(sizes.len().saturating_sub(1)).all(|n| n % unit == 0) {
        return sizes.to_vec();
    }
    let size = (widest / joined / unit).max(1) * unit;
    (0..extent.div_ceil(size)).map(|k| size.min(extent - k * size)).collect()
}

fn emit_reshape(node: &Node, inputs: &[Grid], tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let (x, layout) = (&inputs[0], &node.outputs[0]);
    let mut made: Vec<(array_api::Dims, u32)> = vec![];
    let mut blocks = Vec::with_capacity(layout.chunks.count());
    // The axes that are cut follow each other in the same order on both sides, so blocks do too.
    for (place, &block) in places(&layout.chunks.grid()).zip(&x.blocks) {
        let extents = layout.chunks.at(&place);
        let step = match made.iter().rev().take(8).find(|(d, _)| *d == extents) {
            Some((_, step)) => *step,
            None => {
                let shape = extents.iter().map(|&n| n as isize).collect();
                let step = tasks.call(Reshape::OP, Reshape { shape }, 1);
                made.push((extents, step));
                step
            }
        };
        blocks.push(tasks.task(step, &[block], bytes(&layout.chunks, layout.dtype, &place)));
    }
    Ok(vec![Grid { dtype: layout.dtype, chunks: layout.chunks.clone(), blocks }])
}

/// Arrays in chunks that fit each other, and those of what they broadcast to.
pub(crate) fn aligned(op: &str, inputs: &[&Lazy]) -> Result<(Vec<Lazy>, Chunks)> {
    let chunks = unify(op, inputs)?;
    let fitted = inputs.iter().map(|x| super::elementwise::fit(x, &chunks)).collect::<Result<_>>()?;
    Ok((fitted, chunks))
}
