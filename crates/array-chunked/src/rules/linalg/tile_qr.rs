//! QR tile by tile: Buttari, Langou, Kurzak, Dongarra, "A class of parallel tiled linear algebra algorithms for multicore
//! architectures", Parallel Computing 35 (2009).
//!
//! In column after column, the tile on the diagonal is decomposed; then its triangle together with each tile below, whose
//! orthogonal factors are applied to the rest of the two rows. `Q` is what all factors, in reverse, make of the identity. Only
//! orthogonal matrices are multiplied, so that also matrices without full rank have an orthonormal `Q`.

use std::collections::HashMap;

use array_api::{At, Concat, DType, Operation, Result};

use super::qr::StackedQr;
use super::tiles::{self, Tiles, adjoint, product};
use crate::node::Node;
use crate::program::{Program, Source};
use crate::tasks::{Block, Grid, Tasks};

/// An orthogonal factor of two rows of tiles, or of one.
struct Factor {
    q: Block,
    top: usize,
    bottom: Option<usize>,
}

/// `Q`, if it is needed, and `R`.
pub(super) fn emit(node: &Node, x: &Grid, complete: bool, with_q: bool, tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let mut a = Tiles::of("qr", x)?;
    let (rows, columns) = (a.rows.clone(), a.columns.clone());
    let (m, n): (usize, usize) = (rows.iter().sum(), columns.iter().sum());
    let diagonal = super::split(&rows, m.min(n)).0.len();
    let step = |k: usize, tasks: &mut Tasks| tasks.call(StackedQr::OP, StackedQr { mode: "complete".to_string() }, k);
    let (mut factors, mut steps) = (vec![], Steps::default());
    for k in 0..diagonal {
        for i in k..rows.len() {
            let (parts, bottom): (Vec<Block>, _) = match i == k {
                true => (a.at(k, k).into_iter().collect(), None),
                false => (a.at(k, k).into_iter().chain(a.at(i, k)).collect(), Some(i)),
            };
            let height = rows[k] + bottom.map_or(0, |i| rows[i]);
            let step = step(parts.len(), tasks);
            let q = tasks.task(step, &parts, a.bytes(height, height) + a.bytes(rows[k], columns[k]));
            a.set(k, k, Some(q.output(1)));
            if let Some(i) = bottom {
                a.set(i, k, None);
            }
            let factor = Factor { q, top: k, bottom };
            for j in k + 1..columns.len() {
                factor.apply(true, &mut a, j, &mut steps, tasks);
            }
            factors.push(factor);
        }
    }
    let inner = if complete { &rows[..] } else { &rows[..diagonal] };
    let mut r = Tiles::zeros(inner, &columns, x.dtype);
    for i in 0..diagonal {
        (i..columns.len()).for_each(|j| r.set(i, j, a.at(i, j)));
    }
    let r = r.into_grid(&node.space, tasks);
    if !with_q {
        return Ok(vec![Grid { dtype: x.dtype, chunks: x.chunks.clone(), blocks: vec![] }, r]);
    }
    let mut q = Tiles::identity(&rows, inner, x.dtype, &node.space, tasks);
    for factor in factors.iter().rev() {
        for j in factor.top..inner.len() {
            factor.apply(false, &mut q, j, &mut steps, tasks);
        }
    }
    Ok(vec![q.into_grid(&node.space, tasks), r])
}

/// Steps that were made already, which do not depend on the columns that they are applied to.
#[derive(Default)]
struct Steps(HashMap<Shape, u32>);

/// What an application of a factor depends on.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Shape {
    adjointly: bool,
    /// The rows of the upper tile.
    top: usize,
    /// The rows of both.
    height: usize,
    /// Which tiles are not zero.
    upper: bool,
    lower: bool,
}

impl Shape {
    fn program(self, dtype: DType) -> Program {
        let Shape { adjointly, top, height, upper, lower } = self;
        let mut program = Program::new(1 + usize::from(upper) + usize::from(lower));
        let mut q = Source::Input(0);
        if adjointly {
            q = adjoint(&mut program, q, dtype);
        }
        let columns = match (upper, lower) {
            (true, false) if height > top => Some((0, top)),
            (false, true) => Some((top, height)),
            _ => None,
        };
        if let Some((start, stop)) = columns {
            q = program.push(At::OP, Box::new(At { index: tiles::columns(start, stop) }), [q]);
        }
        let both = match upper && lower {
            true => {
                let stacked = [Source::Input(1), Source::Input(2)];
                program.push(Concat::OP, Box::new(Concat { axis: 0 }), stacked)
            }
            false => Source::Input(1),
        };
        let made = product(&mut program, q, both);
        program.results = match height > top {
            false => vec![made],
            true => [(0, top), (top, height)]
                .map(|(start, stop)| program.push(At::OP, Box::new(At { index: tiles::rows(start, stop) }), [made]))
                .to_vec(),
        };
        program
    }
}

impl Factor {
    /// Multiplies the tiles of a column with this factor, or its adjoint. Tiles that are zero are left out.
    fn apply(&self, adjointly: bool, to: &mut Tiles, column: usize, steps: &mut Steps, tasks: &mut Tasks) {
        let upper = to.at(self.top, column);
        let lower = self.bottom.and_then(|i| to.at(i, column));
        if upper.is_none() && lower.is_none() {
            return;
        }
        let top = to.rows[self.top];
        let height = top + self.bottom.map_or(0, |i| to.rows[i]);
        let shape = Shape { adjointly, top, height, upper: upper.is_some(), lower: lower.is_some() };
        let step = *steps.0.entry(shape).or_insert_with(|| tasks.program(shape.program(to.dtype)));
        let inputs: Vec<Block> = std::iter::once(self.q).chain(upper).chain(lower).collect();
        let block = tasks.task(step, &inputs, to.bytes(height, to.columns[column]));
        to.set(self.top, column, Some(block));
        if let Some(i) = self.bottom {
            to.set(i, column, Some(block.output(1)));
        }
    }
}
