//! Cholesky decomposition tile by tile: Buttari, Langou, Kurzak, Dongarra, "A class of parallel tiled linear algebra
//! algorithms for multicore architectures", Parallel Computing 35 (2009).

use array_api::{Array, Cholesky, Error, Exit, Operation, Result, Subtract, TriangularSolve, Verdict};

use super::tiles::{Tiles, adjoint, product};
use super::{gathered, is_tiled, sides};
use crate::chunks::{AxisChunks, Chunks};
use crate::node::{Node, Work};
use crate::program::{Program, Source};
use crate::rechunk::rechunk;
use crate::rules::{Planned, Site, blocks, params};
use crate::tasks::{Grid, Tasks};

pub(super) fn plan(site: &Site<'_>) -> Result<Planned, Exit> {
    let x = site.lazy(0)?;
    if !is_tiled(x.chunks()) || !x.chunks().is_known() {
        return gathered(site);
    }
    let [rows, columns] = sides(site.op.name, x.chunks())?;
    let own = AxisChunks::Known(if rows.len() > columns.len() { rows } else { columns }.into());
    let chunks = Chunks::new([own.clone(), own]);
    Ok(Planned { inputs: vec![rechunk(x, &chunks)?], outputs: vec![chunks] })
}

/// The lower factor of what is read as a lower triangle; the upper one is its adjoint.
pub(super) fn emit(node: &Node, inputs: &[Grid], tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let Work::Call { op, params: any, .. } = &node.work else { return Err(blocks::not_a_call(node)) };
    if !is_tiled(&inputs[0].chunks) {
        return blocks::emit(node, inputs, tasks);
    }
    let upper = params::<Cholesky>(op, &**any)?.upper;
    let mut a = Tiles::of("cholesky", &inputs[0])?;
    let (sizes, dtype) = (a.rows.clone(), a.dtype);
    let mut turned = Program::new(1);
    turned.results = vec![adjoint(&mut turned, Source::Input(0), dtype)];
    let turned = tasks.program(turned);
    if upper {
        for i in 0..sizes.len() {
            for j in 0..=i {
                let block = a.at(j, i).map(|b| tasks.task(turned, &[b], a.bytes(sizes[i], sizes[j])));
                a.set(i, j, block);
            }
        }
    }
    let mut below = Program::new(2);
    let right = adjoint(&mut below, Source::Input(1), dtype);
    let lower = TriangularSolve { upper: false, unit_diagonal: false };
    let solved = below.push(TriangularSolve::OP, Box::new(lower), [Source::Input(0), right]);
    below.results = vec![adjoint(&mut below, solved, dtype)];
    let below = tasks.program(below);
    let mut updated = Program::new(3);
    let right = adjoint(&mut updated, Source::Input(2), dtype);
    let explained = product(&mut updated, Source::Input(1), right);
    updated.results = vec![updated.push(Subtract::OP, Box::new(Subtract {}), [Source::Input(0), explained])];
    let updated = tasks.program(updated);
    let mut out = Tiles::zeros(&sizes, &sizes, dtype);
    for k in 0..sizes.len() {
        let decomposed = tasks.call(CholeskyTile::OP, CholeskyTile { start: sizes[..k].iter().sum() }, 1);
        let diagonal = a.at(k, k).map(|b| tasks.task(decomposed, &[b], a.bytes(sizes[k], sizes[k])));
        a.set(k, k, diagonal);
        for i in k + 1..sizes.len() {
            let inputs: Vec<_> = diagonal.into_iter().chain(a.at(i, k)).collect();
            a.set(i, k, Some(tasks.task(below, &inputs, a.bytes(sizes[i], sizes[k]))));
        }
        for i in k + 1..sizes.len() {
            for j in k + 1..=i {
                let inputs: Vec<_> = [a.at(i, j), a.at(i, k), a.at(j, k)].into_iter().flatten().collect();
                a.set(i, j, Some(tasks.task(updated, &inputs, a.bytes(sizes[i], sizes[j]))));
            }
        }
        for i in k..sizes.len() {
            let block = a.at(i, k);
            match upper {
                false => out.set(i, k, block),
                true => {
                    out.set(k, i, block.map(|b| tasks.task(turned, &[b], a.bytes(sizes[i], sizes[k]))));
                }
            }
        }
    }
    Ok(vec![out.into_grid(&node.space, tasks)])
}

array_api::operation! {
    /// The lower Cholesky factor of a tile on the diagonal.
    CholeskyTile = cholesky_tile(x: One) { /** The rows above, which errors are to count. */ start: usize = 0 } -> Array;
    "chunks", Other,
    |op, _, args| {
        let x = array_api::rule::array(op, args, 0)?;
        array_api::rule::FLOATING.check(op, x.dtype())?;
        array_api::rule::square(op, "x", x.dims())?;
        Ok(Verdict::same(x.dims().clone(), x.dtype()))
    },
    compose |p, call| array_api::cholesky(call[0].take(), Cholesky { upper: false }).map_err(|e| {
        let message = format!("{}, in the part of the matrix that begins at row {}", e.message(), p.start);
        Error::new(e.kind(), "cholesky", message)
    }),
    methods (trait CholeskyTileMethods)
}
