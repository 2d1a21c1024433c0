//! Matrix products of blocks: one product for each pair of blocks that meet, added up in a fixed order.

use array_api::{Add, Exit, Matmul, Operation, Result};

use super::reduction::{Joins, tree};
use super::{Planned, Rule, Site};
use crate::chunks::{AxisChunks, Chunks, unknown_sizes};
use crate::node::{Lazy, Node};
use crate::program::{Program, Source};
use crate::rechunk::rechunk;
use crate::tasks::{Block, Grid, Tasks, bytes, places};

/// With fewer blocks in the result than this, products are added in a tree, since a chain would be one thread's work.
const ENOUGH: usize = 8;

/// The rules of this file.
pub(super) fn rule(name: &str) -> Option<Rule> {
    (name == "matmul").then_some(Rule::Tasks(plan, emit))
}

/// Batch axes, then the axes of the matrices; a vector has no rows or no columns.
struct Sides {
    batch: usize,
    left: bool,
    right: bool,
}

fn sides(x: &Chunks, y: &Chunks) -> Sides {
    let (m, n) = (x.axes().len(), y.axes().len());
    Sides { batch: m.saturating_sub(2).max(n.saturating_sub(2)), left: m > 1, right: n > 1 }
}

fn plan(site: &Site<'_>) -> Result<Planned, Exit> {
    let (x, y) = (site.lazy(0)?, site.lazy(1)?);
    let apart = || unknown_sizes(site.op.name);
    let Sides { batch, left, right } = sides(x.chunks(), y.chunks());
    let (own_x, own_y) = (x.chunks().axes(), y.chunks().axes());
    let (inner_x, inner_y) = (own_x.len() - 1, own_y.len() - if right { 2 } else { 1 });
    let inner = own_x[inner_x].refine(&own_y[inner_y]).ok_or_else(apart)?;
    let one = |a: &AxisChunks| a.sizes() == Some(&[1]);
    let outer_x = own_x.len().saturating_sub(2);
    let outer_y = own_y.len().saturating_sub(2);
    let mut outer = vec![];
    for a in 0..batch {
        let of = |own: &[AxisChunks], n: usize| (a + n).checked_sub(batch).map(|i| own[i].clone());
        outer.push(match (of(own_x, outer_x), of(own_y, outer_y)) {
            (Some(p), Some(q)) if one(&p) => q,
            (Some(p), Some(q)) if one(&q) => p,
            (Some(p), Some(q)) => p.refine(&q).ok_or_else(apart)?,
            (Some(p), None) | (None, Some(p)) => p,
            (None, None) => AxisChunks::whole(1),
        });
    }
    let fit = |own: &[AxisChunks], n: usize, axis: usize| {
        let mut due = own.to_vec();
        for (i, pieces) in due.iter_mut().take(n).enumerate() {
            if !one(pieces) {
                *pieces = outer[batch - n + i].clone();
            }
        }
        due[axis] = inner.clone();
        Chunks::new(due)
    };
    let mut out = outer.clone();
    if left {
        out.push(own_x[own_x.len() - 2].clone());
    }
    if right {
        out.push(own_y[own_y.len() - 1].clone());
    }
    let inputs: Vec<Lazy> =
        vec![rechunk(x, &fit(own_x, outer_x, inner_x))?, rechunk(y, &fit(own_y, outer_y, inner_y))?];
    Ok(Planned { inputs, outputs: vec![Chunks::new(out)] })
}

fn emit(node: &Node, inputs: &[Grid], tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let (x, y, layout) = (&inputs[0], &inputs[1], &node.outputs[0]);
    let Sides { batch, left, right } = sides(&x.chunks, &y.chunks);
    let (own_x, own_y) = (x.chunks.axes(), y.chunks.axes());
    let count = own_x[own_x.len() - 1].len();
    let product = tasks.call(Matmul::OP, Matmul {}, 2);
    let mut added = Program::new(3);
    let next = added.push(Matmul::OP, Box::new(Matmul {}), [Source::Input(1), Source::Input(2)]);
    added.results = vec![added.push(Add::OP, Box::new(Add {}), [Source::Input(0), next])];
    let added = tasks.program(added);
    let chain = layout.chunks.count() >= ENOUGH;
    let mut made = Joins::default();
    let mut blocks = Vec::with_capacity(layout.chunks.count());
    for place in places(&layout.chunks.grid()) {
        let size = bytes(&layout.chunks, layout.dtype, &place);
        let outer = |own: &[AxisChunks]| -> Vec<usize> {
            let n = own.len().saturating_sub(2);
            (0..n).map(|i| if own[i].len() > 1 { place[batch - n + i] } else { 0 }).collect()
        };
        let pair = |k: usize| -> [Block; 2] {
            let (mut a, mut b) = (outer(own_x), outer(own_y));
            if left {
                a.push(place[batch]);
            }
            a.push(k);
            b.push(k);
            if right {
                b.push(place[place.len() - 1]);
            }
            [x.at(&a), y.at(&b)]
        };
        blocks.push(if chain {
            let mut total = tasks.task(product, &pair(0), size);
            for k in 1..count {
                let [a, b] = pair(k);
                total = tasks.task(added, &[total, a, b], size);
            }
            total
        } else {
            let parts: Vec<Block> = (0..count).map(|k| tasks.task(product, &pair(k), size)).collect();
            if let [one] = parts[..] { one } else { tree(parts, tasks, size, &mut made, &add_all)? }
        });
    }
    Ok(vec![Grid { dtype: layout.dtype, chunks: layout.chunks.clone(), blocks }])
}

fn add_all(program: &mut Program, k: usize, _last: bool) -> Result<()> {
    let mut total = Source::Input(0);
    for i in 1..k {
        total = program.push(Add::OP, Box::new(Add {}), [total, Source::Input(i)]);
    }
    program.results = vec![total];
    Ok(())
}
