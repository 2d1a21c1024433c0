//! Operations that work on chunk after chunk once some axes are in one piece, by patterns of axes.

use array_api::{Axes, Error, Exit, Result, Squeeze, Value};

use super::{Emit, Given, Planned, Rule, Site};
use crate::chunks::{AxisChunks, Chunks};
use crate::node::{Lazy, Node, Work};
use crate::rechunk::{rechunk, together};
use crate::tasks::{Grid, Step, Tasks, bytes, places};

/// What an axis of an operand or a result is to the operation.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Label {
    /// Chunk after chunk: axes of one label have the same pieces, or one element.
    Loop(usize),
    /// All of it at once.
    Whole,
}
use Label::{Loop, Whole};

/// The axes of operands and results.
struct Pattern {
    inputs: Vec<Vec<Label>>,
    outputs: Vec<Vec<Label>>,
}

/// Operations and their patterns.
type Describe = fn(&Site<'_>, &[usize]) -> Pattern;

/// The rules of this file.
pub(super) fn rule(name: &str) -> Option<Rule> {
    pattern(name).map(|_| Rule::Tasks(plan, emit))
}

fn pattern(name: &str) -> Option<Describe> {
    Some(match name {
        "cumulative_sum" | "cumulative_prod" | "sort" | "argsort" | "fft" | "ifft" | "rfft" | "irfft" | "fftn"
        | "ifftn" | "rfftn" => along,
        "argmax" | "argmin" => reduced,
        "take_along_axis" => take_along_axis,
        "take" => take,
        "put" | "index_add" => put,
        "scatter_add" => scatter_add,
        "searchsorted" => searchsorted,
        "cholesky" | "det" | "eig" | "eigh" | "eigvals" | "eigvalsh" | "qr" | "slogdet" | "svd" | "svdvals" => matrix,
        "solve" | "triangular_solve" => solve,
        "unique_all" | "split" | "fold_in" => everything,
        "counted" => counted,
        "expand_dims" | "squeeze" | "permute_dims" | "matrix_transpose" => moved,
        _ => return None,
    })
}

/// The parameter `axis`, or all axes.
fn axes(site: &Site<'_>, ndim: usize) -> Vec<usize> {
    for (name, value) in site.params.write() {
        match (name, value) {
            ("axis" | "axes", Value::Int(a)) => {
                return vec![if a < 0 { (a + ndim as i128) as usize } else { a as usize }];
            }
            ("axis" | "axes", Value::List(list)) => {
                let one = |v: &Value| if let Value::Int(a) = v { Some(*a as usize) } else { None };
                return list.iter().filter_map(one).collect();
            }
            _ => {}
        }
    }
    (0..ndim).collect()
}

/// Loops over `ndim` axes but those in `whole`.
fn loops(ndim: usize, whole: &[usize]) -> Vec<Label> {
    (0..ndim).map(|a| if whole.contains(&a) { Whole } else { Loop(a) }).collect()
}

fn along(site: &Site<'_>, ranks: &[usize]) -> Pattern {
    let labels = loops(ranks[0], &axes(site, ranks[0]));
    Pattern { inputs: vec![labels.clone()], outputs: vec![labels; site.verdict.results().len()] }
}

fn reduced(site: &Site<'_>, ranks: &[usize]) -> Pattern {
    let gone = axes(site, ranks[0]);
    let labels = loops(ranks[0], &gone);
    let keeps = site.verdict.dims().len() == ranks[0];
    let kept = labels.iter().copied().filter(|l| keeps || *l != Whole).collect();
    Pattern { inputs: vec![labels], outputs: vec![kept] }
}

fn take_along_axis(site: &Site<'_>, ranks: &[usize]) -> Pattern {
    let axis = axes(site, ranks[0]);
    let x = loops(ranks[0], &axis);
    let mut indices = x.clone();
    axis.iter().for_each(|&a| indices[a] = Loop(ranks[0]));
    Pattern { inputs: vec![x, indices.clone()], outputs: vec![indices] }
}

fn take(site: &Site<'_>, ranks: &[usize]) -> Pattern {
    let axis = axes(site, ranks[0])[0];
    let x = loops(ranks[0], &[axis]);
    let indices: Vec<Label> = (0..ranks[1]).map(|a| Loop(ranks[0] + a)).collect();
    let out = [&x[..axis], &indices, &x[axis + 1..]].concat();
    Pattern { inputs: vec![x, indices], outputs: vec![out] }
}

fn put(site: &Site<'_>, ranks: &[usize]) -> Pattern {
    let axis = axes(site, ranks[0])[0];
    let x = loops(ranks[0], &[axis]);
    let indices = vec![Whole; ranks[1]];
    let values = [&x[..axis], &indices, &x[axis + 1..]].concat();
    Pattern { inputs: vec![x.clone(), indices, values], outputs: vec![x] }
}

fn scatter_add(site: &Site<'_>, ranks: &[usize]) -> Pattern {
    let x = loops(ranks[0], &axes(site, ranks[0]));
    Pattern { inputs: vec![x.clone(), x.clone(), x.clone()], outputs: vec![x] }
}

fn searchsorted(_: &Site<'_>, ranks: &[usize]) -> Pattern {
    let values: Vec<Label> = (0..ranks[1]).map(Loop).collect();
    let mut inputs = vec![vec![Whole; ranks[0]], values.clone()];
    inputs.extend(ranks[2..].iter().map(|&n| vec![Whole; n]));
    Pattern { inputs, outputs: vec![values] }
}

/// The axes before the last `inner` ones, aligned from the right.
fn batch(ndim: usize, inner: usize, rank: usize) -> Vec<Label> {
    let outer = ndim - inner;
    (0..outer).map(|a| Loop(rank - outer + a)).chain(std::iter::repeat_n(Whole, inner)).collect()
}

fn matrix(site: &Site<'_>, ranks: &[usize]) -> Pattern {
    let outer = ranks[0] - 2;
    let outputs = site.verdict.results().iter().map(|m| batch(m.dims.len(), m.dims.len() - outer, outer)).collect();
    let rest = ranks[1..].iter().map(|&n| vec![Whole; n]);
    Pattern { inputs: std::iter::once(batch(ranks[0], 2, outer)).chain(rest).collect(), outputs }
}

fn solve(site: &Site<'_>, ranks: &[usize]) -> Pattern {
    let right = if ranks[1] == 1 { 1 } else { 2 };
    let outer = (ranks[0] - 2).max(ranks[1] - right);
    let inputs = vec![batch(ranks[0], 2, outer), batch(ranks[1], right, outer)];
    Pattern { inputs, outputs: vec![batch(site.verdict.dims().len(), right, outer)] }
}

fn everything(site: &Site<'_>, ranks: &[usize]) -> Pattern {
    let whole = |n: &usize| vec![Whole; *n];
    let outputs = site.verdict.results().iter().map(|m| vec![Whole; m.dims.len()]).collect();
    Pattern { inputs: ranks.iter().map(whole).collect(), outputs }
}

fn counted(_: &Site<'_>, ranks: &[usize]) -> Pattern {
    // The extent along the first axis is what is looked at.
    let labels = loops(ranks[0], &[0]);
    Pattern { inputs: vec![labels.clone(), vec![]], outputs: vec![labels] }
}

fn moved(site: &Site<'_>, ranks: &[usize]) -> Pattern {
    let x = loops(ranks[0], &[]);
    let out = match site.op.name {
        "permute_dims" => axes(site, ranks[0]).into_iter().map(Loop).collect(),
        "matrix_transpose" => {
            let mut out = x.clone();
            out.swap(ranks[0] - 1, ranks[0] - 2);
            out
        }
        "expand_dims" => {
            let mut out = x.clone();
            out.insert(axes(site, ranks[0] + 1)[0], Whole);
            out
        }
        _ => {
            let dims =
                site.operands.first().map(|g| if let Given::Lazy(x) = g { x.dims() } else { Default::default() });
            let dims = dims.unwrap_or_default();
            let all = site.params.write().iter().any(|(_, v)| *v == Value::None);
            let gone: Vec<usize> =
                if all { (0..ranks[0]).filter(|&a| dims[a] == 1).collect() } else { axes(site, ranks[0]) };
            x.iter().enumerate().filter(|(a, _)| !gone.contains(a)).map(|(_, l)| *l).collect()
        }
    };
    Pattern { inputs: vec![x], outputs: vec![out] }
}

/// The operands that are arrays, and the pattern of these; numbers have no axes.
fn describe(site: &Site<'_>) -> Result<(Vec<Lazy>, Pattern)> {
    let rank = |given: &Given| if let Given::Lazy(x) = given { x.chunks().axes().len() } else { 0 };
    let ranks: Vec<usize> = site.operands.iter().map(rank).collect();
    let known = pattern(site.op.name).ok_or_else(|| Error::backend(site.op.name, "has no pattern"))?;
    let mut pattern = known(site, &ranks);
    let arrays: Vec<bool> = site.operands.iter().map(|given| matches!(given, Given::Lazy(_))).collect();
    let mut array = arrays.iter();
    pattern.inputs.retain(|_| array.next().copied().unwrap_or(false));
    Ok((super::elementwise::arrays(site).into_iter().cloned().collect(), pattern))
}

pub(super) fn plan(site: &Site<'_>) -> Result<Planned, Exit> {
    let (mut inputs, pattern) = describe(site)?;
    for (x, labels) in inputs.iter_mut().zip(&pattern.inputs) {
        let whole: Vec<usize> = (0..labels.len()).filter(|&a| labels[a] == Whole).collect();
        *x = together(site.op.name, x, &whole)?;
    }
    let mut pieces: Vec<Option<AxisChunks>> = vec![];
    let one = |a: &AxisChunks| a.sizes() == Some(&[1]);
    for (x, labels) in inputs.iter().zip(&pattern.inputs) {
        for (own, label) in x.chunks().axes().iter().zip(labels) {
            let Loop(at) = *label else { continue };
            if pieces.len() <= at {
                pieces.resize(at + 1, None);
            }
            pieces[at] = Some(match pieces[at].take() {
                None => own.clone(),
                Some(other) if one(&other) => own.clone(),
                Some(other) if one(own) => other,
                Some(other) => other.refine(own).ok_or_else(|| crate::chunks::unknown_sizes(site.op.name))?,
            });
        }
    }
    let fit = |(x, labels): (&Lazy, &Vec<Label>)| {
        let axes = x.chunks().axes().iter().zip(labels).map(|(own, label)| match label {
            Loop(at) if !one(own) => pieces[*at].clone().unwrap_or_else(|| own.clone()),
            _ => own.clone(),
        });
        rechunk(x, &Chunks::new(axes))
    };
    let inputs = inputs.iter().zip(&pattern.inputs).map(fit).collect::<Result<Vec<_>>>()?;
    // Results of one call whose extents depend on the same data fit each other.
    let unknown = AxisChunks::unknown(1);
    let outputs = site.verdict.results().iter().zip(&pattern.outputs).map(|(meta, labels)| {
        Chunks::new(labels.iter().zip(meta.dims.iter()).map(|(label, &extent)| match label {
            Loop(at) => pieces[*at].clone().unwrap_or_else(|| AxisChunks::whole(extent)),
            Whole if extent == array_api::UNKNOWN => unknown.clone(),
            Whole => AxisChunks::whole(extent),
        }))
    });
    Ok(Planned { inputs, outputs: outputs.collect() })
}

pub(super) const EMIT: Emit = Emit { name: "blocks", run: emit };

/// One task for each place of the loops. Which places belong together is read from the extents: an axis of one piece is the
/// same for all.
pub(super) fn emit(node: &Node, inputs: &[Grid], tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let Work::Call { op, params, operands, .. } = &node.work else { return Err(not_a_call(node)) };
    let verdict = array_api::Verdict::many(
        node.outputs.iter().map(|o| array_api::Meta::new(o.chunks.dims(), o.dtype)).collect(),
        array_api::DType::Bool,
    );
    let given = operands.iter().map(|slot| match slot {
        crate::node::Slot::Input(i) => Given::Lazy(node.inputs[*i].clone()),
        crate::node::Slot::Scalar(s) => Given::Scalar(*s),
        crate::node::Slot::Absent => Given::Absent,
    });
    let site = Site { op, params: &**params, operands: given.collect(), verdict: &verdict, space: node.space.clone() };
    let (_, pattern) = describe(&site)?;
    let count = pattern.inputs.iter().flatten().filter_map(|l| if let Loop(a) = l { Some(a + 1) } else { None }).max();
    let mut grid = vec![1; count.unwrap_or(0)];
    for (x, labels) in inputs.iter().zip(&pattern.inputs) {
        for (own, label) in x.chunks.axes().iter().zip(labels) {
            if let Loop(at) = label {
                grid[*at] = grid[*at].max(own.len());
            }
        }
    }
    let params = match op.name {
        // Without axes it would also take those away that are one element long in a chunk only.
        "squeeze" => {
            let kept: Vec<Label> = pattern.outputs[0].clone();
            let gone = pattern.inputs[0].iter().enumerate().filter(|(_, l)| !kept.contains(l)).map(|(a, _)| a as isize);
            Box::new(Squeeze { axis: Axes::Many(gone.collect()) })
        }
        _ => params.boxed(),
    };
    let step = tasks.step(Step::Call { op, params, operands: operands.iter().copied().collect(), space: None });
    let at = |labels: &[Label], chunks: &Chunks, place: &[usize]| -> Vec<usize> {
        let index = |(label, own): (&Label, &AxisChunks)| match label {
            Loop(a) if own.len() > 1 => place[*a],
            _ => 0,
        };
        labels.iter().zip(chunks.axes()).map(index).collect()
    };
    let first = crate::tasks::Block { task: u32::MAX, output: 0 };
    let mut outputs: Vec<Grid> = node
        .outputs
        .iter()
        .map(|o| Grid { dtype: o.dtype, chunks: o.chunks.clone(), blocks: vec![first; o.chunks.count()] })
        .collect();
    for place in places(&grid) {
        let blocks: Vec<_> =
            inputs.iter().zip(&pattern.inputs).map(|(x, labels)| x.at(&at(labels, &x.chunks, &place))).collect();
        let targets: Vec<Vec<usize>> =
            outputs.iter().zip(&pattern.outputs).map(|(o, labels)| at(labels, &o.chunks, &place)).collect();
        let size = outputs.iter().zip(&targets).map(|(o, t)| bytes(&o.chunks, o.dtype, t)).sum();
        let task = tasks.task(step, &blocks, size);
        for (i, (output, target)) in outputs.iter_mut().zip(&targets).enumerate() {
            let flat = output.chunks.axes().iter().zip(target).fold(0, |flat, (axis, &j)| flat * axis.len() + j);
            output.blocks[flat] = task.output(i as u32);
        }
    }
    Ok(outputs)
}

#[cold]
pub(super) fn not_a_call(node: &Node) -> Error {
    Error::backend(node.work.name(), "the plan holds something else than a call here")
}
