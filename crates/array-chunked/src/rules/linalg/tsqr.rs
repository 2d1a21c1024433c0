//! QR of tall matrices whose chunks hold whole rows: Demmel, Grigori, Hoemmen, Langou, "Communication-optimal parallel and
//! sequential QR and LU factorizations", SIAM J. Sci. Comput. 34 (2012).
//!
//! Chunks are decomposed, their triangles stacked and decomposed again, and so on up a tree whose shape depends on the chunks
//! only; the small orthogonal matrices are multiplied back down. Each step is as stable as Householder's method, and so is
//! the whole.

use std::ops::Range;

use array_api::{At, Operation, Result};

use super::qr::StackedQr;
use super::{GATHERED, sides, tiles};
use crate::chunks::Chunks;
use crate::program::{Program, Source};
use crate::tasks::{Block, Grid, Tasks};

/// How many triangles are stacked.
const FAN_IN: usize = 4;

/// Chunks are stacked at once up to this many times more rows than columns. A leaf's triangle is as high as it is wide, so
/// what the tree adds to the work is about one part in this many.
const WORTHWHILE: usize = 8;

/// The decomposition of a stack.
struct Stack {
    /// The task: `q`, `r`.
    made: Block,
    /// Which parts of the level below are stacked.
    members: Range<usize>,
    /// Where the rows of each begin in `q`, and where they end.
    offsets: Vec<usize>,
    /// The rows of `r`.
    rank: usize,
}

/// Some rows of a matrix.
#[derive(Clone)]
struct Rows {
    of: Block,
    rows: Option<Range<usize>>,
}

/// Even parts of `0..count`, of at most `most` each.
fn even(count: usize, most: usize) -> Vec<Range<usize>> {
    let parts = count.div_ceil(most.max(1)).max(1);
    (0..parts).map(|i| i * count / parts..(i + 1) * count / parts).collect()
}

/// `Q`, if it is needed, and `R`.
pub(super) fn emit(x: &Grid, with_q: bool, tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let [rows, columns] = sides("qr", &x.chunks)?;
    let n = columns[0];
    let size = x.dtype.size();
    let mode = if with_q { "reduced" } else { "r" };
    let step = |k: usize, tasks: &mut Tasks| tasks.call(StackedQr::OP, StackedQr { mode: mode.to_string() }, k);
    let level = |parts: &[(Block, usize)], groups: Vec<Range<usize>>, tasks: &mut Tasks| -> Vec<Stack> {
        let one = |members: Range<usize>| {
            let heights: Vec<usize> = parts[members.clone()].iter().map(|(_, n)| *n).collect();
            let offsets = crate::chunks::AxisChunks::offsets(&heights);
            let height: usize = heights.iter().sum();
            let rank = height.min(n);
            let blocks: Vec<Block> = parts[members.clone()].iter().map(|(b, _)| *b).collect();
            let step = step(blocks.len(), tasks);
            let rows = if with_q { height + n } else { n };
            let made = tasks.task(step, &blocks, (rows * rank * size) as u64);
            Stack { made, members, offsets, rank }
        };
        groups.into_iter().map(one).collect()
    };
    let highest = rows.iter().max().copied().unwrap_or(1).max(1);
    let together = (WORTHWHILE * n).min(GATHERED / (n * size).max(1)) / highest;
    let chunks: Vec<(Block, usize)> = x.blocks.iter().copied().zip(rows.iter().copied()).collect();
    let mut tree = vec![level(&chunks, even(chunks.len(), together), tasks)];
    while let Some(below) = tree.last().filter(|below| below.len() > 1) {
        let parts: Vec<(Block, usize)> = below.iter().map(|s| (s.made.output(1), s.rank)).collect();
        let above = level(&parts, even(parts.len(), FAN_IN), tasks);
        tree.push(above);
    }
    let r = tree[tree.len() - 1][0].made.output(1);
    let triangle = Grid { dtype: x.dtype, chunks: Chunks::whole(&[n, n]), blocks: vec![r] };
    if !with_q {
        return Ok(vec![Grid { dtype: x.dtype, chunks: x.chunks.clone(), blocks: vec![] }, triangle]);
    }
    // What each stack's `q` is multiplied with; nothing at the root.
    let mut factors: Vec<Option<Rows>> = vec![None];
    for stacks in tree.iter().rev() {
        let mut below = vec![];
        for (stack, factor) in stacks.iter().zip(&factors) {
            for (i, _) in stack.members.clone().enumerate() {
                let rows = stack.offsets[i]..stack.offsets[i + 1];
                let own = (stack.members.len() > 1).then(|| rows.clone());
                let own = Rows { of: stack.made, rows: own };
                below.push(Some(match factor {
                    None => own,
                    Some(factor) => {
                        let bytes = (rows.len() * n * size) as u64;
                        Rows { of: multiplied(&own, factor, bytes, tasks), rows: None }
                    }
                }));
            }
        }
        factors = below;
    }
    let last = |(rows, height): (Option<Rows>, &usize)| match rows {
        Some(Rows { of, rows: None }) => of,
        Some(Rows { of, rows: Some(rows) }) => {
            let step = tasks.call(At::OP, At { index: tiles::rows(rows.start, rows.end) }, 1);
            tasks.task(step, &[of], (height * n * size) as u64)
        }
        None => r,
    };
    let blocks = factors.into_iter().zip(&rows).map(last).collect();
    let q = Grid { dtype: x.dtype, chunks: x.chunks.clone(), blocks };
    Ok(vec![q, triangle])
}

/// The product of some rows of one matrix with some of another.
fn multiplied(left: &Rows, right: &Rows, bytes: u64, tasks: &mut Tasks) -> Block {
    let mut program = Program::new(2);
    let mut part = |i: usize, rows: &Option<Range<usize>>| match rows {
        None => Source::Input(i),
        Some(rows) => {
            program.push(At::OP, Box::new(At { index: tiles::rows(rows.start, rows.end) }), [Source::Input(i)])
        }
    };
    let (a, b) = (part(0, &left.rows), part(1, &right.rows));
    program.results = vec![tiles::product(&mut program, a, b)];
    let step = tasks.program(program);
    tasks.task(step, &[left.of, right.of], bytes)
}
