//! Reductions: a part of each chunk, joined in a tree whose shape depends on the chunks only, and an ending.

use array_api::{
    Add, Axes, Dims, Divide, Error, Exit, LogicalAnd, LogicalOr, Maximum, Minimum, Multiply, Op, Operation, Params,
    Result, Scalar, Sqrt, Square, Squeeze, Std, Subtract, Value, Var,
};

use super::{Planned, Rule, Site, params};
use crate::chunks::{AxisChunks, Chunks};
use crate::node::{Node, Slot, Work};
use crate::program::{Program, Source};
use crate::tasks::{Block, Grid, Tasks, bytes, places};

/// How many parts are joined by one task.
const FAN_IN: usize = 8;

/// The rules of this file.
pub(super) fn rule(name: &str) -> Option<Rule> {
    match name {
        "sum" | "prod" | "max" | "min" | "any" | "all" | "count_nonzero" => Some(Rule::Tasks(plan, emit)),
        "var" | "std" => Some(Rule::Tasks(plan_moments, emit_moments)),
        _ => None,
    }
}

/// Reductions and the operation that joins their parts.
pub(crate) fn join(name: &str) -> Option<&'static Op> {
    Some(match name {
        "sum" | "count_nonzero" => Add::OP,
        "prod" => Multiply::OP,
        "max" => Maximum::OP,
        "min" => Minimum::OP,
        "any" => LogicalOr::OP,
        "all" => LogicalAnd::OP,
        _ => return None,
    })
}

/// The parameters `axis` and `keepdims` of any reduction, for an array of `ndim` axes.
pub(crate) fn along(params: &dyn Params, ndim: usize) -> (Vec<usize>, bool) {
    let (mut axes, mut keepdims) = ((0..ndim).collect(), false);
    for (name, value) in params.write() {
        match (name, value) {
            ("axis", Value::Int(a)) => axes = vec![a as usize],
            ("axis", Value::List(list)) => {
                let axis = |v: &Value| if let Value::Int(a) = v { Some(*a as usize) } else { None };
                axes = list.iter().filter_map(axis).collect();
            }
            ("keepdims", Value::Bool(b)) => keepdims = b,
            _ => {}
        }
    }
    (axes, keepdims)
}

fn plan(site: &Site<'_>) -> Result<Planned, Exit> {
    let x = site.lazy(0)?;
    let (axes, keepdims) = along(site.params, x.chunks().axes().len());
    let unknown = axes.iter().any(|&a| x.chunks().axes()[a].sizes().is_none());
    if unknown && matches!(site.op.name, "max" | "min") {
        // A chunk may turn out to be empty.
        return Err(crate::chunks::unknown_sizes(site.op.name).into());
    }
    Ok(Planned { inputs: vec![x.clone()], outputs: vec![reduced(x.chunks(), &axes, keepdims)] })
}

/// The chunks that stay.
pub(crate) fn reduced(chunks: &Chunks, axes: &[usize], keepdims: bool) -> Chunks {
    let kept = chunks.axes().iter().enumerate().filter_map(|(i, pieces)| match axes.contains(&i) {
        true => keepdims.then(|| AxisChunks::whole(1)),
        false => Some(pieces.clone()),
    });
    Chunks::new(kept)
}

fn emit(node: &Node, inputs: &[Grid], tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let Work::Call { op, params, .. } = &node.work else { return Err(super::blocks::not_a_call(node)) };
    let part = part_params(op, &**params, inputs[0].chunks.axes().len())?;
    let step = tasks.step(crate::tasks::Step::Call {
        op,
        params: part,
        operands: [Slot::Input(0)].into_iter().collect(),
        space: None,
    });
    joined(op, &**params, node, step, &inputs[..1], &inputs[0].chunks, tasks)
}

/// The parameters of a part: the same axes, which stay with extent one.
pub(crate) fn part_params(op: &'static Op, params: &dyn Params, ndim: usize) -> Result<Box<dyn Params>> {
    let (axes, _) = along(params, ndim);
    let mut fields = params.write();
    for (name, value) in &mut fields {
        match *name {
            "keepdims" => *value = Value::Bool(true),
            "axis" => *value = Value::List(axes.iter().map(|&a| Value::Int(a as i128)).collect()),
            _ => {}
        }
    }
    op.read(&fields)
}

/// The chunks of the parts: as many pieces along the reduced axes as before, each with one element.
fn one_each(over: &Chunks, axes: &[usize]) -> Chunks {
    let pieces = over.axes().iter().enumerate().map(|(i, a)| match axes.contains(&i) {
        true => AxisChunks::Known(vec![1; a.len()].into()),
        false => a.clone(),
    });
    Chunks::new(pieces)
}

/// Parts of chunks by `step`, from whatever inputs that needs, joined and ended.
pub(crate) fn joined(
    op: &'static Op,
    params: &dyn Params,
    node: &Node,
    step: u32,
    inputs: &[Grid],
    over: &Chunks,
    tasks: &mut Tasks,
) -> Result<Vec<Grid>> {
    let join = join(op.name).ok_or_else(|| Error::backend(op.name, "has no joining operation"))?;
    let (axes, keepdims) = along(params, over.axes().len());
    let dtype = node.outputs[0].dtype;
    let parts = super::elementwise::each(step, &one_each(over, &axes), dtype, inputs, tasks);
    let ending = |program: &mut Program, value: Source| end(program, value, &axes, keepdims);
    let mut made = Joins::default();
    let blocks = lines(
        &parts,
        &axes,
        |line, size, tasks: &mut Tasks| {
            tree(line, tasks, size, &mut made, &|program: &mut Program, k: usize, last: bool| {
                let mut value = Source::Input(0);
                for i in 1..k {
                    value = program.push(join, join.read(&[])?, [value, Source::Input(i)]);
                }
                program.results = vec![if last { ending(program, value)? } else { value }];
                Ok(())
            })
        },
        tasks,
    )?;
    Ok(vec![Grid { dtype, chunks: node.outputs[0].chunks.clone(), blocks }])
}

/// Takes the reduced axes away, if they are not to stay.
fn end(program: &mut Program, value: Source, axes: &[usize], keepdims: bool) -> Result<Source> {
    if keepdims || axes.is_empty() {
        return Ok(value);
    }
    let params = Squeeze { axis: Axes::Many(axes.iter().map(|&a| a as isize).collect()) };
    Ok(program.push(Squeeze::OP, Box::new(params), [value]))
}

/// For each place of the result, the parts along the reduced axes in row-major order, made one by `f`.
pub(super) fn lines(
    parts: &Grid,
    axes: &[usize],
    mut f: impl FnMut(Vec<Block>, u64, &mut Tasks) -> Result<Block>,
    tasks: &mut Tasks,
) -> Result<Vec<Block>> {
    let grid = parts.chunks.grid();
    let outer: Dims = (0..grid.len()).map(|a| if axes.contains(&a) { 1 } else { grid[a] }).collect();
    let inner: Dims = (0..grid.len()).map(|a| if axes.contains(&a) { grid[a] } else { 1 }).collect();
    let mut blocks = Vec::with_capacity(outer.iter().product());
    for place in places(&outer) {
        let at = |offset: Dims| -> Vec<usize> { place.iter().zip(offset.iter()).map(|(a, b)| a + b).collect() };
        let line: Vec<Block> = places(&inner).map(|offset| parts.at(&at(offset))).collect();
        let size = bytes(&parts.chunks, parts.dtype, &place);
        blocks.push(f(line, size, tasks)?);
    }
    Ok(blocks)
}

/// Steps that were made already, by how many parts they join and whether they end.
#[derive(Default)]
pub(super) struct Joins(Vec<((usize, bool), u32)>);

/// Joins parts in a tree of a fixed fan-in; `write` says how `k` parts become one, and whether that is the last step.
pub(super) fn tree(
    mut parts: Vec<Block>,
    tasks: &mut Tasks,
    size: u64,
    made: &mut Joins,
    write: &dyn Fn(&mut Program, usize, bool) -> Result<()>,
) -> Result<Block> {
    let mut step = |k: usize, last: bool, tasks: &mut Tasks| -> Result<u32> {
        if let Some((_, step)) = made.0.iter().find(|(key, _)| *key == (k, last)) {
            return Ok(*step);
        }
        let mut program = Program::new(k);
        write(&mut program, k, last)?;
        let step = tasks.program(program);
        made.0.push(((k, last), step));
        Ok(step)
    };
    while parts.len() > FAN_IN {
        let mut next = Vec::with_capacity(parts.len().div_ceil(FAN_IN));
        for group in parts.chunks(FAN_IN) {
            next.push(match group {
                [one] => *one,
                several => {
                    let step = step(several.len(), false, tasks)?;
                    tasks.task(step, several, size)
                }
            });
        }
        parts = next;
    }
    let step = step(parts.len(), true, tasks)?;
    Ok(tasks.task(step, &parts, size))
}

fn plan_moments(site: &Site<'_>) -> Result<Planned, Exit> {
    let x = site.lazy(0)?;
    x.chunks().sizes(site.op.name)?;
    plan(site)
}

/// The parts of a reduction of several stages, by a step that makes one of each chunk of the inputs.
pub(crate) fn reduce_with(
    node: &Node,
    step: u32,
    inputs: &[Grid],
    over: &Chunks,
    tasks: &mut Tasks,
) -> Result<Vec<Grid>> {
    let Work::Call { op, params, .. } = &node.work else { return Err(super::blocks::not_a_call(node)) };
    match op.name {
        "var" | "std" => merged(node, step, inputs, over, tasks),
        _ => joined(op, &**params, node, step, inputs, over, tasks),
    }
}

/// Variances are always a stage of their own kind, whose tasks reduce tile by tile.
fn emit_moments(node: &Node, _: &[Grid], _: &mut Tasks) -> Result<Vec<Grid>> {
    Err(Error::backend(node.work.name(), "the plan did not make a reduction of this"))
}

/// Variance by merging counts, means and sums of squared deviations: Chan, Golub and LeVeque, "Algorithms for computing the
/// sample variance", Am. Stat. 37 (1983). One pass over the data, as stable as two.
fn merged(node: &Node, step: u32, inputs: &[Grid], over: &Chunks, tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let Work::Call { op, params: any, .. } = &node.work else { return Err(super::blocks::not_a_call(node)) };
    let (axes, keepdims) = along(&**any, over.axes().len());
    let correction = match op.name {
        "var" => params::<Var>(op, &**any)?.correction,
        _ => params::<Std>(op, &**any)?.correction,
    };
    let sizes = over.sizes(op.name)?;
    let parts = super::elementwise::each(step, &one_each(over, &axes), node.outputs[0].dtype, inputs, tasks);
    // How many elements each part of a line stands for, in the same order as the parts.
    let inner: Dims = sizes.iter().enumerate().map(|(a, s)| if axes.contains(&a) { s.len() } else { 1 }).collect();
    let counts: Vec<f64> =
        places(&inner).map(|place| axes.iter().map(|&a| sizes[a][place[a]] as f64).product()).collect();
    let total: f64 = counts.iter().sum();
    let blocks = lines(
        &parts,
        &axes,
        |line, size, tasks| {
            let ending = |program: &mut Program, squares: Source| {
                let divisor = Source::Plain(Slot::Scalar(Scalar::Float((total - correction).max(0.0))));
                let mut value = program.push(Divide::OP, Box::new(Divide {}), [squares, divisor]);
                if op.name == "std" {
                    value = program.push(Sqrt::OP, Box::new(Sqrt {}), [value]);
                }
                end(program, value, &axes, keepdims)
            };
            moments(line, &counts, size, tasks, &ending)
        },
        tasks,
    )?;
    Ok(vec![Grid { dtype: node.outputs[0].dtype, chunks: node.outputs[0].chunks.clone(), blocks }])
}

/// Merges (mean, sum of squared deviations) of parts in a tree, and ends with what `ending` makes of the latter.
fn moments(
    line: Vec<Block>,
    counts: &[f64],
    size: u64,
    tasks: &mut Tasks,
    ending: &dyn Fn(&mut Program, Source) -> Result<Source>,
) -> Result<Block> {
    let mut parts: Vec<(Block, f64)> = line.into_iter().zip(counts.iter().copied()).collect();
    if parts.iter().any(|(_, n)| *n > 0.0) {
        parts.retain(|(_, n)| *n > 0.0);
    } else {
        // Of nothing: zero divided by zero says so.
        parts.truncate(1);
    }
    loop {
        let last = parts.len() <= FAN_IN;
        let mut next = Vec::with_capacity(parts.len().div_ceil(FAN_IN));
        for group in parts.chunks(FAN_IN) {
            let mut program = Program::new(2 * group.len());
            let (mut mean, mut squares, mut count) = (Source::Input(0), Source::Input(1), group[0].1);
            for (i, (_, n)) in group.iter().enumerate().skip(1) {
                let (m, s) = (Source::Input(2 * i), Source::Input(2 * i + 1));
                let all = count + n;
                let number = |x: f64| Source::Plain(Slot::Scalar(Scalar::Float(x)));
                let apart = program.push(Subtract::OP, Box::new(Subtract {}), [m, mean]);
                let shift = program.push(Multiply::OP, Box::new(Multiply {}), [apart, number(n / all)]);
                mean = program.push(Add::OP, Box::new(Add {}), [mean, shift]);
                let square = program.push(Square::OP, Box::new(Square {}), [apart]);
                let between = program.push(Multiply::OP, Box::new(Multiply {}), [square, number(count * n / all)]);
                let both = program.push(Add::OP, Box::new(Add {}), [squares, s]);
                squares = program.push(Add::OP, Box::new(Add {}), [both, between]);
                count = all;
            }
            program.results = if last { vec![ending(&mut program, squares)?] } else { vec![mean, squares] };
            let step = tasks.program(program);
            let inputs: Vec<Block> = group.iter().flat_map(|(b, _)| [*b, b.output(1)]).collect();
            next.push((tasks.task(step, &inputs, if last { size } else { 2 * size }), count));
        }
        if last {
            return Ok(next[0].0);
        }
        parts = next;
    }
}
