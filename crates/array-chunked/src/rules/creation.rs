//! Arrays made of nothing but parameters: each chunk makes its part.

use array_api::{
    Add, Arange, Astype, Complex, DType, Divide, Exit, Eye, Full, Less, Linspace, Multiply, Operation, Params, Result,
    Scalar, Subtract, Where, Zeros,
};

use super::{Planned, Rule, Site, params};
use crate::chunks::{AxisChunks, Chunks};
use crate::node::{Node, Slot, Work};
use crate::program::{Program, Source};
use crate::tasks::{Grid, Step, Tasks, bytes, places};

/// The rules of this file.
pub(super) fn rule(name: &str) -> Option<Rule> {
    match name {
        "zeros" | "ones" | "full" | "empty" | "eye" => Some(Rule::Tasks(plan, emit)),
        "arange" | "linspace" => Some(Rule::Tasks(plan, emit_sequence)),
        "key" => Some(Rule::Tasks(plan_key, emit_key)),
        "bits" | "uniform" | "normal" | "exponential" | "integers" | "poisson" | "gamma" => {
            Some(Rule::Tasks(plan_draw, emit_draw))
        }
        _ => None,
    }
}

/// The chunks that the namespace's option asks for.
fn asked(site: &Site<'_>) -> Result<Chunks> {
    let (dims, dtype) = (site.verdict.dims(), site.verdict.dtype());
    let spec = crate::array::cut_by(&site.space, dims.len())?;
    spec.told_apart(site.op.name.bytes().map(u64::from)).resolve(dims, dtype)
}

fn plan(site: &Site<'_>) -> Result<Planned, Exit> {
    Ok(Planned { inputs: vec![], outputs: vec![asked(site)?] })
}

fn emit(node: &Node, _: &[Grid], tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let Work::Call { op, params: any, .. } = &node.work else { return Err(super::blocks::not_a_call(node)) };
    let layout = &node.outputs[0];
    let sizes = layout.chunks.sizes(op.name)?;
    let offsets: Vec<Vec<usize>> = sizes.iter().map(|s| AxisChunks::offsets(s)).collect();
    let mut made: Vec<(Vec<(&'static str, array_api::Value)>, u32)> = vec![];
    let mut blocks = Vec::with_capacity(layout.chunks.count());
    for place in places(&layout.chunks.grid()) {
        let extents = layout.chunks.at(&place);
        let start: Vec<usize> = place.iter().zip(&offsets).map(|(&i, o)| o[i]).collect();
        let (op, part): (_, Box<dyn Params>) = match op.name {
            "eye" => {
                let p = params::<Eye>(op, &**any)?;
                let k = p.k + start[0] as isize - start[1] as isize;
                (*op, Box::new(Eye { n_rows: extents[0], n_cols: Some(extents[1]), k, dtype: layout.dtype }))
            }
            "full" => {
                let p = params::<Full>(op, &**any)?;
                (*op, Box::new(Full { shape: extents.clone(), fill_value: p.fill_value, dtype: Some(layout.dtype) }))
            }
            "ones" => {
                let fill_value = Scalar::int(1);
                (Full::OP, Box::new(Full { shape: extents.clone(), fill_value, dtype: Some(layout.dtype) }))
            }
            _ => (Zeros::OP, Box::new(Zeros { shape: extents.clone(), dtype: layout.dtype })),
        };
        let fields = part.write();
        let found = made.iter().rev().take(4).find(|(f, _)| *f == fields).map(|(_, s)| *s);
        let step = found.unwrap_or_else(|| {
            let operands = Default::default();
            let step = tasks.step(Step::Call { op, params: part, operands, space: Some(node.space.clone()) });
            made.push((fields, step));
            step
        });
        blocks.push(tasks.task(step, &[], bytes(&layout.chunks, layout.dtype, &place)));
    }
    Ok(vec![Grid { dtype: layout.dtype, chunks: layout.chunks.clone(), blocks }])
}

/// Sequences: each chunk counts its positions and makes its values of them, as the whole sequence would.
fn emit_sequence(node: &Node, _: &[Grid], tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let Work::Call { op, params: any, .. } = &node.work else { return Err(super::blocks::not_a_call(node)) };
    let layout = &node.outputs[0];
    let sizes = layout.chunks.sizes(op.name)?;
    let offsets = AxisChunks::offsets(&sizes[0]);
    let operands = || Default::default();
    let mut blocks = Vec::with_capacity(sizes[0].len());
    for (i, &count) in sizes[0].iter().enumerate() {
        let first = offsets[i];
        let size = (count * layout.dtype.size()) as u64;
        let mut values = Program::new(1);
        let result = match op.name {
            "arange" => {
                let p = params::<Arange>(op, &**any)?;
                let space = Some(node.space.clone());
                if let (Scalar::Int(start), Scalar::Int(step)) = (p.start, p.step) {
                    let (start, step) = (i128::from(start), i128::from(step));
                    let at = |i: usize| Scalar::int(start + i as i128 * step);
                    let part =
                        Arange { start: at(first), stop: at(first + count), step: p.step, dtype: Some(layout.dtype) };
                    let step = tasks.step(Step::Call { op, params: Box::new(part), operands: operands(), space });
                    blocks.push(tasks.task(step, &[], size));
                    continue;
                }
                arange(&mut values, p.start.to_f64(), p.step.to_f64())
            }
            _ => linspace(&mut values, params::<Linspace>(op, &**any)?),
        };
        let cast = Astype { dtype: layout.dtype };
        values.results = vec![values.push(Astype::OP, Box::new(cast), [result])];
        let positions = Arange {
            start: Scalar::int(first as i128),
            stop: Scalar::int((first + count) as i128),
            step: Scalar::int(1),
            dtype: Some(DType::Float64),
        };
        let space = Some(node.space.clone());
        let step = tasks.step(Step::Call { op: Arange::OP, params: Box::new(positions), operands: operands(), space });
        let counted = tasks.task(step, &[], (count * DType::Float64.size()) as u64);
        let step = tasks.program(values);
        blocks.push(tasks.task(step, &[counted], size));
    }
    Ok(vec![Grid { dtype: layout.dtype, chunks: layout.chunks.clone(), blocks }])
}

fn number(x: f64) -> Source {
    Source::Plain(Slot::Scalar(Scalar::Float(x)))
}

/// `start + i * step`.
fn arange(program: &mut Program, start: f64, step: f64) -> Source {
    let along = program.push(Multiply::OP, Box::new(Multiply {}), [Source::Input(0), number(step)]);
    program.push(Add::OP, Box::new(Add {}), [along, number(start)])
}

/// From the nearer end, so that the sequence is symmetric and its last value is exactly `stop`.
fn linspace(program: &mut Program, p: &Linspace) -> Source {
    let steps = (if p.endpoint { p.num.saturating_sub(1) } else { p.num }).max(1) as f64;
    let (start, stop) = (p.start.to_complex(), p.stop.to_complex());
    let complex = p.dtype.is_complex();
    let scalar =
        |x: Complex<f64>| Source::Plain(Slot::Scalar(if complex { Scalar::Complex(x) } else { Scalar::Float(x.re) }));
    let part = program.push(Divide::OP, Box::new(Divide {}), [Source::Input(0), number(steps)]);
    let near = program.push(Less::OP, Box::new(Less {}), [part, number(0.5)]);
    let back = program.push(Subtract::OP, Box::new(Subtract {}), [number(steps), Source::Input(0)]);
    let back = program.push(Divide::OP, Box::new(Divide {}), [back, number(steps)]);
    let mut ends = [part, back];
    if complex {
        for end in &mut ends {
            let cast = Astype { dtype: DType::Complex128 };
            *end = program.push(Astype::OP, Box::new(cast), [*end]);
        }
    }
    let low = program.push(Multiply::OP, Box::new(Multiply {}), [ends[0], scalar(stop - start)]);
    let low = program.push(Add::OP, Box::new(Add {}), [low, scalar(start)]);
    let high = program.push(Multiply::OP, Box::new(Multiply {}), [ends[1], scalar(start - stop)]);
    let high = program.push(Add::OP, Box::new(Add {}), [high, scalar(stop)]);
    program.push(Where::OP, Box::new(Where {}), [near, low, high])
}

fn plan_key(site: &Site<'_>) -> Result<Planned, Exit> {
    Ok(Planned { inputs: vec![], outputs: vec![Chunks::whole(site.verdict.dims())] })
}

fn emit_key(node: &Node, _: &[Grid], tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let Work::Call { op, params, .. } = &node.work else { return Err(super::blocks::not_a_call(node)) };
    let layout = &node.outputs[0];
    let operands = Default::default();
    let step = tasks.step(Step::Call { op, params: params.boxed(), operands, space: Some(node.space.clone()) });
    let block = tasks.task(step, &[], 8);
    Ok(vec![Grid { dtype: layout.dtype, chunks: layout.chunks.clone(), blocks: vec![block] }])
}

fn plan_draw(site: &Site<'_>) -> Result<Planned, Exit> {
    let key = site.lazy(0)?;
    let all: Vec<usize> = (0..key.chunks().axes().len()).collect();
    let key = crate::rechunk::together(site.op.name, key, &all)?;
    Ok(Planned { inputs: vec![key], outputs: vec![asked(site)?] })
}

/// Each chunk is a box of the whole draw: element `i` under a key is the same number whatever the chunks are.
fn emit_draw(node: &Node, inputs: &[Grid], tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let Work::Call { op, params, .. } = &node.work else { return Err(super::blocks::not_a_call(node)) };
    let layout = &node.outputs[0];
    let sizes = layout.chunks.sizes(op.name)?;
    let offsets: Vec<Vec<usize>> = sizes.iter().map(|s| AxisChunks::offsets(s)).collect();
    let whole = layout.chunks.dims();
    let mut blocks = Vec::with_capacity(layout.chunks.count());
    for place in places(&layout.chunks.grid()) {
        let extents = layout.chunks.at(&place);
        let start = place.iter().zip(&offsets).map(|(&i, o)| o[i]).collect();
        let part = crate::draw::part(op, &**params, &whole, start, &extents, layout.dtype)?;
        let step = tasks.call(<crate::draw::DrawPart as Operation>::OP, part, 1);
        blocks.push(tasks.task(step, &[inputs[0].blocks[0]], bytes(&layout.chunks, layout.dtype, &place)));
    }
    Ok(vec![Grid { dtype: layout.dtype, chunks: layout.chunks.clone(), blocks }])
}
