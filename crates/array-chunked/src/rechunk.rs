//! The same elements in other chunks.

use array_api::{Array, DType, Dims, Empty, Indices, Result, SetAt, operation};
use smallvec::SmallVec;

use crate::chunks::{AxisChunks, Chunks, unknown_sizes};
use crate::node::{Layout, Lazy, Node, Slot, Work};
use crate::rechunk_steps::between;
use crate::tasks::{Block, Grid, Step, Tasks, places};

/// The array in other chunks; the same array where it has them already.
pub(crate) fn rechunk(x: &Lazy, chunks: &Chunks) -> Result<Lazy> {
    if x.chunks() == chunks {
        return Ok(x.clone());
    }
    for (own, due) in x.chunks().axes().iter().zip(chunks.axes()) {
        if own != due && (own.sizes().is_none() || due.sizes().is_none()) {
            return Err(unknown_sizes("rechunk"));
        }
    }
    let step = |x: Lazy, chunks: Chunks| {
        let (space, layout) = (x.node.space.clone(), Layout { dtype: x.dtype(), chunks });
        Lazy { node: Node::new(Work::Rechunk, vec![x], vec![layout], space), output: 0 }
    };
    let between = between(x.chunks(), chunks, x.dtype());
    Ok(step(between.into_iter().fold(x.clone(), step), chunks.clone()))
}

/// Each of these axes in one piece; the longest of the others is cut further, so that chunks do not grow.
pub(crate) fn together(op: &str, x: &Lazy, whole: &[usize]) -> Result<Lazy> {
    let own = x.chunks().axes();
    let mut axes = own.to_vec();
    let mut joined = 1;
    for &a in whole {
        if own[a].len() > 1 {
            joined *= own[a].len();
            let extent = own[a].sizes().ok_or_else(|| unknown_sizes(op))?.iter().sum();
            axes[a] = AxisChunks::whole(extent);
        }
    }
    let others = (0..own.len()).filter(|a| !whole.contains(a));
    let widest = |a: usize| own[a].sizes().and_then(|s| s.iter().max().copied()).unwrap_or(0);
    if joined > 1
        && let Some(longest) = others.max_by_key(|&a| widest(a)).filter(|&a| widest(a) > 1)
        && let Some(sizes) = own[longest].sizes()
    {
        let size = widest(longest).div_ceil(joined);
        let cut = sizes.iter().flat_map(|&n| (0..n.div_ceil(size)).map(move |k| size.min(n - k * size)));
        axes[longest] = AxisChunks::Known(cut.collect());
    }
    rechunk(x, &Chunks::new(axes))
}

/// A run of elements along one axis: from which piece, which elements of it, in which direction, and where they go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Run {
    pub(crate) piece: usize,
    /// The first element taken.
    pub(crate) start: usize,
    pub(crate) count: usize,
    /// The distance of one element to the next.
    pub(crate) step: isize,
    /// Where the first one goes in the piece of the result.
    pub(crate) to: usize,
}

/// For each piece of a result along an axis, the runs that fill it.
pub(crate) type AxisRuns = Vec<Vec<Run>>;

/// The runs that cut an axis into other pieces.
pub(crate) fn axis_runs(from: &AxisChunks, to: &AxisChunks) -> AxisRuns {
    let (Some(own), Some(due)) = (from.sizes(), to.sizes()) else {
        // Equal, as `rechunk` has seen to: piece after piece as it is.
        return (0..from.len()).map(|piece| vec![Run { piece, start: 0, count: usize::MAX, step: 1, to: 0 }]).collect();
    };
    let (mut piece, mut used) = (0, 0);
    due.iter()
        .map(|&extent| {
            let (mut runs, mut filled) = (vec![], 0);
            if extent == 0 {
                runs.push(Run { piece, start: 0, count: 0, step: 1, to: 0 });
            }
            while filled < extent {
                let count = (own[piece] - used).min(extent - filled);
                if count > 0 {
                    runs.push(Run { piece, start: used, count, step: 1, to: filled });
                }
                filled += count;
                used += count;
                if used == own[piece] && piece + 1 < own.len() {
                    (piece, used) = (piece + 1, 0);
                }
            }
            runs
        })
        .collect()
}

/// Chunks put together from boxes of others, which are given by the runs along each axis.
pub(crate) fn from_boxes(x: &Grid, runs: &[AxisRuns], chunks: &Chunks, tasks: &mut Tasks) -> Grid {
    let mut blocks = Vec::with_capacity(chunks.count());
    let mut made: Vec<(Assemble, u32)> = vec![];
    for place in places(&chunks.grid()) {
        let here: Vec<&[Run]> = place.iter().zip(runs).map(|(&i, axis)| &axis[i][..]).collect();
        let extents = chunks.at(&place);
        let counts: Dims = here.iter().map(|runs| runs.len()).collect();
        let mut inputs: SmallVec<[Block; 4]> = SmallVec::new();
        let mut boxes: Vec<isize> = vec![];
        for choice in places(&counts) {
            let chosen: SmallVec<[Run; 6]> = choice.iter().zip(&here).map(|(&i, runs)| runs[i]).collect();
            let source: SmallVec<[usize; 6]> = chosen.iter().map(|r| r.piece).collect();
            inputs.push(x.at(&source));
            for r in &chosen {
                let count = if r.count == usize::MAX { -1 } else { r.count as isize };
                boxes.extend([r.start as isize, count, r.step, r.to as isize]);
            }
        }
        if is_whole(x, &here) {
            blocks.push(inputs[0]);
            continue;
        }
        let dims = if extents.known().is_some() { extents.clone() } else { Dims::SCALAR };
        let params = Assemble { shape: dims, dtype: x.dtype, boxes };
        let bytes = x.dtype.size() as u64 * extents.size().unwrap_or(0) as u64;
        let found = made.iter().rev().take(8).find(|(p, _)| *p == params).map(|(_, step)| *step);
        let step = found.unwrap_or_else(|| {
            let operands = (0..inputs.len()).map(Slot::Input).collect();
            let step = tasks.step(Step::Call {
                op: <Assemble as array_api::Operation>::OP,
                params: Box::new(params.clone()),
                operands,
                space: None,
            });
            made.push((params, step));
            step
        });
        blocks.push(tasks.task(step, &inputs, bytes));
    }
    Grid { dtype: x.dtype, chunks: chunks.clone(), blocks }
}

/// Whether one box is a chunk as it is.
fn is_whole(x: &Grid, here: &[&[Run]]) -> bool {
    here.iter().zip(x.chunks.axes()).all(|(runs, axis)| match runs {
        [r] => r.step == 1 && r.start == 0 && (r.count == usize::MAX || r.count == axis.size(r.piece)),
        _ => false,
    })
}

pub(crate) fn emit(node: &Node, inputs: &[Grid], tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let due = &node.outputs[0].chunks;
    let runs: Vec<AxisRuns> =
        inputs[0].chunks.axes().iter().zip(due.axes()).map(|(from, to)| axis_runs(from, to)).collect();
    Ok(vec![from_boxes(&inputs[0], &runs, due, tasks)])
}

operation! {
    /// One array put together from boxes of others.
    ///
    /// For each part in turn and each of its axes, `boxes` has four numbers: the first element taken, how many (-1: all of the
    /// axis), the distance of one to the next, and where they go. Together the boxes fill the result.
    Assemble = assemble(parts: Many) {
        /** The extents of the result. */ shape: Dims = Dims::SCALAR,
        dtype: DType = DType::Float64,
        boxes: Vec<isize> = vec![],
    } -> Array;
    "chunks", Movement,
    |op, p, args| {
        let first = array_api::rule::array(op, args, 0)?;
        let ndim = first.ndim();
        let alike = (0..args.len()).all(|i| {
            args[i].array().is_some_and(|a| a.ndim() == ndim && a.dtype() == p.dtype)
        });
        if !alike || p.boxes.len() != 4 * ndim * args.len() || p.shape.len() != ndim && !p.shape.is_empty() {
            let message = format!("{} numbers do not say how {} parts of {ndim} axes go together", p.boxes.len(), args.len());
            return Err(array_api::Error::value(op.name, message));
        }
        if p.boxes.chunks(4).any(|b| b[0] < 0 || b[1] < -1 || b[2] == 0 || b[3] < 0) {
            return Err(array_api::Error::value(op.name, "a box has a negative extent or position, or steps of 0"));
        }
        let known = p.boxes.chunks(4).all(|b| b[1] != -1);
        let dims = if known { p.shape.clone() } else { vec![array_api::UNKNOWN; first.ndim()].into() };
        Ok(array_api::Verdict::same(dims, p.dtype))
    },
    compose |p, call| {
        let parts: Vec<Array> = call.args.iter_mut().filter_map(|a| match a.take() {
            array_api::Operand::Own(a) => Some(a),
            array_api::Operand::Ref(a) => Some(a.clone()),
            _ => None,
        }).collect();
        put_together(p, parts)
    },
    methods (trait AssembleMethods)
}

fn put_together(p: &Assemble, parts: Vec<Array>) -> Result<Array> {
    let ndim = parts.first().map_or(0, Array::ndim);
    let each = |i: usize| &p.boxes[4 * ndim * i..4 * ndim * (i + 1)];
    let slice = |start: isize, count: isize, step: isize| match count {
        -1 => array_api::Index::full(),
        0 => array_api::Index::Slice { start: Some(0), stop: Some(0), step: 1 },
        _ => {
            let stop = start + count * step;
            array_api::Index::Slice { start: Some(start), stop: (stop >= 0).then_some(stop), step }
        }
    };
    let taken = |i: usize| {
        let index: Vec<_> = each(i).chunks(4).map(|b| slice(b[0], b[1], b[2])).collect();
        if ndim == 0 { Ok(parts[i].clone()) } else { array_api::at(&parts[i], index) }
    };
    if parts.len() == 1 {
        return taken(0);
    }
    let Some(first) = parts.first() else {
        return Err(array_api::Error::value("assemble", "there are no parts"));
    };
    // Extents that depend on data are those of the parts.
    let extent = |axis: usize| {
        let end = |i: usize| match each(i)[4 * axis..] {
            [_, -1, ..] => parts[i].dims()[axis],
            [_, count, _, to, ..] => (count + to) as usize,
            _ => 0,
        };
        (0..parts.len()).map(end).max().unwrap_or(0)
    };
    let shape: Dims = (0..ndim).map(extent).collect();
    let mut out = first.namespace().empty(Empty { shape, dtype: p.dtype })?;
    for i in 0..parts.len() {
        let index: Vec<_> = each(i).chunks(4).map(|b| slice(b[3], b[1], 1)).collect();
        out = array_api::set_at(out, taken(i)?, SetAt { index: Indices(index) })?;
    }
    Ok(out)
}
