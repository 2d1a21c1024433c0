//! Triangular systems tile by tile, by substitution.

use array_api::{Exit, Operation, Result, Subtract, TriangularSolve};

use super::{sides, tiles};
use crate::chunks::{AxisChunks, Chunks};
use crate::node::{Node, Work};
use crate::program::{Program, Source};
use crate::rechunk::rechunk;
use crate::rules::{Emit, Planned, Site, blocks, params};
use crate::tasks::{Grid, Tasks};

pub(super) fn plan(site: &Site<'_>) -> Result<Planned, Exit> {
    let (x, right) = (site.lazy(0)?, site.lazy(1)?);
    let [rows, columns] = sides(site.op.name, x.chunks())?;
    let own = AxisChunks::Known(if rows.len() > columns.len() { rows } else { columns }.into());
    let right = rechunk(right, &right.chunks().with(0, own.clone()))?;
    let outputs = vec![right.chunks().clone()];
    Ok(Planned { inputs: vec![rechunk(x, &Chunks::new([own.clone(), own]))?, right], outputs })
}

pub(in crate::rules) const EMIT: Emit = Emit { name: "triangular", run: emit };

fn emit(node: &Node, inputs: &[Grid], tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let Work::Call { op, params: any, .. } = &node.work else { return Err(blocks::not_a_call(node)) };
    let p = params::<TriangularSolve>(op, &**any)?.clone();
    let (x, right) = (&inputs[0], &inputs[1]);
    let (n, columns) = (right.chunks.axes()[0].len(), right.chunks.axes()[1].len());
    let solved = tasks.call(TriangularSolve::OP, p.clone(), 2);
    let mut program = Program::new(3);
    let explained = tiles::product(&mut program, Source::Input(1), Source::Input(2));
    program.results = vec![program.push(Subtract::OP, Box::new(Subtract {}), [Source::Input(0), explained])];
    let without = tasks.program(program);
    let mut blocks = right.blocks.clone();
    for column in 0..columns {
        for k in 0..n {
            let i = if p.upper { n - 1 - k } else { k };
            let bytes = right.bytes(&[i, column]);
            let mut y = right.at(&[i, column]);
            for before in 0..k {
                let j = if p.upper { n - 1 - before } else { before };
                y = tasks.task(without, &[y, x.at(&[i, j]), blocks[j * columns + column]], bytes);
            }
            blocks[i * columns + column] = tasks.task(solved, &[x.at(&[i, i]), y], bytes);
        }
    }
    Ok(vec![Grid { dtype: node.outputs[0].dtype, chunks: right.chunks.clone(), blocks }])
}
