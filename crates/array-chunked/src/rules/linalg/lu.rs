//! LU decomposition with partial pivoting by panels of whole columns, and what it serves: `solve`, `slogdet`, `det`.
//!
//! Pivots are the largest of their whole columns, as in memory. Each panel is decomposed by halves (Toledo, "Locality of
//! reference in LU decomposition with partial pivoting", SIAM J. Matrix Anal. 18, 1997), then the panels on its right are
//! brought up to date: Golub and Van Loan, "Matrix Computations", section 3.4. A task holds two panels.

use array_api::{
    Add, Array, At, Call, Concat, Error, Exit, ExpandDims, Meta, Multiply, Operand, Operation, Outs, Result, Squeeze,
    TriangularSolve, Verdict, index,
};

use super::{GATHERED, gathered, is_tiled, lazy_chunks, sides, tiles};
use crate::array::of;
use crate::chunks::{AxisChunks, Chunks};
use crate::kind;
use crate::node::Node;
use crate::rechunk::{rechunk, together};
use crate::rules::{Emit, Planned, Site, blocks};
use crate::tasks::{Block, Grid, Tasks};

/// Solves by panels where `x1` is one matrix that is cut. A vector is a matrix of one column.
pub(super) fn solve(call: &mut Call<'_, '_>) -> Result<Outs, Exit> {
    let x1 = array_api::rule::array(call.op, call.args, 0)?.clone();
    let x2 = array_api::rule::array(call.op, call.args, 1)?.clone();
    let tiled = match lazy_chunks(&x1) {
        Some(chunks) => is_tiled(&chunks) && !x2.dims().contains(&0),
        None => false,
    };
    match (tiled, x2.ndim()) {
        (true, 1) => {
            let column = array_api::expand_dims(x2, ExpandDims { axis: 1 })?;
            let made = call
                .op
                .apply(call.params, &mut [Operand::Own(x1), Operand::Own(column)], None)?
                .into_vec()
                .swap_remove(0);
            Ok(Outs::One(array_api::squeeze(made, Squeeze { axis: 1.into() })?))
        }
        (true, 2) if call.op.name == "triangular_solve" => {
            kind::tasks(call, super::triangular::plan, super::triangular::EMIT)
        }
        (true, 2) => kind::tasks(call, plan, EMIT),
        _ => kind::tasks(call, gathered, blocks::EMIT),
    }
}

/// The determinant by its logarithm, which cannot overflow where the product of a few pivots does.
pub(super) fn det(call: &mut Call<'_, '_>) -> Result<Outs, Exit> {
    let x = array_api::rule::array(call.op, call.args, 0)?.clone();
    if !is_tiled(of(call.op.name, &x)?.chunks()) {
        return kind::tasks(call, gathered, blocks::EMIT);
    }
    let made = array_api::slogdet(x)?;
    Ok(Outs::One(array_api::multiply(made.sign, array_api::exp(made.logabsdet)?)?))
}

/// A matrix in panels of whole columns, none of which is too large for a task.
fn panels(site: &Site<'_>) -> Result<crate::node::Lazy, Exit> {
    let x = site.lazy(0)?;
    let [rows, columns] = sides(site.op.name, x.chunks())?;
    let n: usize = columns.iter().sum();
    let widest = GATHERED / (n * x.dtype().size());
    if widest == 0 {
        let message = format!("a single column of the {n} x {n} matrix takes more than {} MiB", GATHERED >> 20);
        return Err(Error::memory(site.op.name, message).into());
    }
    let own = if columns.len() > 1 { columns } else { rows };
    let cut = own.iter().flat_map(|&n| (0..n.div_ceil(widest)).map(move |k| widest.min(n - k * widest)));
    Ok(rechunk(x, &Chunks::new([AxisChunks::whole(n), AxisChunks::Known(cut.collect())]))?)
}

fn plan(site: &Site<'_>) -> Result<Planned, Exit> {
    let right = together(site.op.name, site.lazy(1)?, &[0])?;
    let outputs = vec![right.chunks().clone()];
    Ok(Planned { inputs: vec![panels(site)?, right], outputs })
}

/// A decomposed panel: where it begins, how wide it is, and its task, whose results are the factors and the rows' order.
struct Panel {
    start: usize,
    width: usize,
    made: Block,
    /// The step that brings other columns up to date with this panel.
    eliminate: u32,
}

/// Decomposes panel after panel.
fn decompose(op: &str, x: &Grid, tasks: &mut Tasks) -> Result<Vec<Panel>> {
    let [_, widths] = sides(op, &x.chunks)?;
    let n: usize = widths.iter().sum();
    let bytes = |width: usize| (n * width * x.dtype.size()) as u64;
    let mut blocks = x.blocks.clone();
    let mut made = Vec::with_capacity(widths.len());
    let mut start = 0;
    for (k, &width) in widths.iter().enumerate() {
        let step = tasks.call(LuPanel::OP, LuPanel { start }, 1);
        let eliminate = tasks.call(LuEliminate::OP, LuEliminate { start, width }, 3);
        let task = tasks.task(step, &[blocks[k]], bytes(width) + 8 * n as u64);
        let panel = Panel { start, width, made: task, eliminate };
        for j in k + 1..widths.len() {
            blocks[j] = panel.eliminate(blocks[j], bytes(widths[j]), tasks);
        }
        made.push(panel);
        start += width;
    }
    Ok(made)
}

impl Panel {
    /// Brings other columns up to date with this panel.
    fn eliminate(&self, columns: Block, bytes: u64, tasks: &mut Tasks) -> Block {
        tasks.task(self.eliminate, &[self.made, self.made.output(1), columns], bytes)
    }
}

pub(in crate::rules) const EMIT: Emit = Emit { name: "lu", run: emit };

fn emit(node: &Node, inputs: &[Grid], tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let (x, right) = (&inputs[0], &inputs[1]);
    let factors = decompose("solve", x, tasks)?;
    let substitute = |p: &Panel| tasks.call(LuSubstitute::OP, LuSubstitute { start: p.start, width: p.width }, 2);
    let substitutes: Vec<u32> = factors.iter().map(substitute).collect();
    let mut blocks = Vec::with_capacity(right.blocks.len());
    for (i, &block) in right.blocks.iter().enumerate() {
        let bytes = right.bytes(&[0, i]);
        let mut y = block;
        for panel in &factors {
            y = panel.eliminate(y, bytes, tasks);
        }
        for (panel, &step) in factors.iter().zip(&substitutes).rev() {
            y = tasks.task(step, &[panel.made, y], bytes);
        }
        blocks.push(y);
    }
    Ok(vec![Grid { dtype: node.outputs[0].dtype, chunks: right.chunks.clone(), blocks }])
}

pub(super) fn plan_slogdet(site: &Site<'_>) -> Result<Planned, Exit> {
    if !is_tiled(site.lazy(0)?.chunks()) {
        return gathered(site);
    }
    Ok(Planned { inputs: vec![panels(site)?], outputs: vec![Chunks::whole(&[]); 2] })
}

pub(super) fn emit_slogdet(node: &Node, inputs: &[Grid], tasks: &mut Tasks) -> Result<Vec<Grid>> {
    if !is_tiled(&inputs[0].chunks) {
        return blocks::emit(node, inputs, tasks);
    }
    let parts: Vec<Block> = decompose("slogdet", &inputs[0], tasks)?
        .iter()
        .map(|panel| {
            let step = tasks.call(LuSlogdet::OP, LuSlogdet { start: panel.start, width: panel.width }, 2);
            tasks.task(step, &[panel.made, panel.made.output(1)], 16)
        })
        .collect();
    let joined = |i: usize, tasks: &mut Tasks| {
        let mut total = parts[0].output(i as u32);
        for part in &parts[1..] {
            let step = if i == 0 { tasks.call(Multiply::OP, Multiply {}, 2) } else { tasks.call(Add::OP, Add {}, 2) };
            total = tasks.task(step, &[total, part.output(i as u32)], 16);
        }
        Grid { dtype: node.outputs[i].dtype, chunks: node.outputs[i].chunks.clone(), blocks: vec![total] }
    };
    Ok(vec![joined(0, tasks), joined(1, tasks)])
}

/// What the last operand is, if that and the first one are matrices with the rows that the step works on.
fn check(op: &'static array_api::Op, args: &[Operand<'_>], start: usize, width: usize) -> Result<Meta> {
    let last = array_api::rule::array(op, args, args.len() - 1)?;
    array_api::rule::FLOATING.check(op, last.dtype())?;
    for i in [0, args.len() - 1] {
        let panel = array_api::rule::array(op, args, i)?.dims();
        match panel[..] {
            [rows, _] if start.saturating_add(width) <= rows => {}
            _ => {
                let message = format!("a panel of shape {panel} has no rows {start} to {start} + {width}");
                return Err(Error::shape(op.name, message));
            }
        }
    }
    Ok(Meta::new(last.dims().clone(), last.dtype()))
}

array_api::operation! {
    /// LU decomposition of a panel from the row `start` on: both factors in one matrix, and the order of the rows.
    LuPanel = lu_panel(panel: One) { start: usize = 0 } -> LuPanelResult { factors, order };
    "chunks", Other,
    |op, p, args| {
        let columns = array_api::rule::array(op, args, 0)?.dims().last().copied().unwrap_or(0);
        let meta = check(op, args, p.start, columns)?;
        let (order, dtype) = (Meta::new([meta.dims[0]], array_api::DType::Int64), meta.dtype);
        Ok(Verdict::many(vec![meta, order], dtype))
    },
    compose |p, call| {
        let panel = tiles::parts(call).swap_remove(0);
        let rows = panel.shape()?[0];
        let below = array_api::at(&panel, At { index: tiles::rows(p.start, rows) })?;
        let (factors, order) = halves(below)?;
        let order: Vec<i64> = (0..p.start as i64).chain(order.iter().map(|&i| (i + p.start) as i64)).collect();
        let order = panel.namespace().asarray(order)?;
        let above = array_api::at(panel, At { index: tiles::rows(0, p.start) })?;
        Ok([array_api::concat(vec![above, factors], 0)?, order])
    },
    methods (trait LuPanelMethods)
}

array_api::operation! {
    /// Columns in a panel's order of rows, and without what its factors explain.
    LuEliminate = lu_eliminate(factors: One, order: One, columns: One) { start: usize = 0, width: usize = 0 } -> Array;
    "chunks", Other,
    |op, p, args| { let meta = check(op, args, p.start, p.width)?; Ok(Verdict::same(meta.dims, meta.dtype)) },
    compose |p, call| {
        let [factors, order, columns] = &tiles::parts(call)[..] else {
            return Err(Error::value(call.op.name, "takes three arrays"));
        };
        let (middle, rows) = (p.start + p.width, columns.shape()?[0]);
        let columns = array_api::take(columns, order, 0)?;
        let part = |x: &Array, from: usize, to: usize| array_api::at(x, At { index: tiles::rows(from, to) });
        let unit = TriangularSolve { upper: false, unit_diagonal: true };
        let upper = array_api::triangular_solve(part(factors, p.start, middle)?, part(&columns, p.start, middle)?, unit)?;
        let explained = array_api::matmul(part(factors, middle, rows)?, &upper)?;
        let rest = array_api::subtract(part(&columns, middle, rows)?, explained)?;
        array_api::concat(vec![part(&columns, 0, p.start)?, upper, rest], 0)
    },
    methods (trait LuEliminateMethods)
}

array_api::operation! {
    /// Solves for the unknowns of one panel and takes them out of the equations above.
    LuSubstitute = lu_substitute(factors: One, columns: One) { start: usize = 0, width: usize = 0 } -> Array;
    "chunks", Other,
    |op, p, args| { let meta = check(op, args, p.start, p.width)?; Ok(Verdict::same(meta.dims, meta.dtype)) },
    compose |p, call| {
        let [factors, columns] = &tiles::parts(call)[..] else {
            return Err(Error::value(call.op.name, "takes two arrays"));
        };
        let (middle, rows) = (p.start + p.width, columns.shape()?[0]);
        let part = |x: &Array, from: usize, to: usize| array_api::at(x, At { index: tiles::rows(from, to) });
        let square = part(factors, p.start, middle)?;
        let zero = array_api::equal(array_api::diagonal(&square, 0)?, 0)?;
        if array_api::any(&zero, ..)?.item::<bool>()? {
            let first = array_api::argmax(array_api::astype(zero, array_api::DType::UInt8)?, ..)?.item::<i64>()?;
            let message = format!(
                "the matrix is singular: pivot {} of its LU decomposition is 0",
                p.start as i64 + first
            );
            return Err(Error::value("solve", message));
        }
        let upper = TriangularSolve { upper: true, unit_diagonal: false };
        let found = array_api::triangular_solve(square, part(columns, p.start, middle)?, upper)?;
        let explained = array_api::matmul(part(factors, 0, p.start)?, &found)?;
        let above = array_api::subtract(part(columns, 0, p.start)?, explained)?;
        array_api::concat(vec![above, found, part(columns, middle, rows)?], 0)
    },
    methods (trait LuSubstituteMethods)
}

array_api::operation! {
    /// A panel's share of the determinant: the sign of its pivots and of its exchanges of rows, and the logarithm of the
    /// pivots' absolute value.
    LuSlogdet = lu_slogdet(factors: One, order: One) { start: usize = 0, width: usize = 0 }
        -> LuSlogdetResult { sign, logabsdet };
    "chunks", Other,
    |op, p, args| {
        let dtype = check(op, &args[..1], p.start, p.width)?.dtype;
        let meta = |dtype| Meta::new(array_api::Dims::SCALAR, dtype);
        Ok(Verdict::many(vec![meta(dtype), meta(dtype.real())], dtype))
    },
    compose |p, call| {
        let [factors, order] = &tiles::parts(call)[..] else {
            return Err(Error::value(call.op.name, "takes two arrays"));
        };
        let square = array_api::at(factors, At { index: tiles::rows(p.start, p.start + p.width) })?;
        let pivots = array_api::diagonal(square, 0)?;
        let sign = array_api::prod(array_api::sign(&pivots)?, ..)?;
        let order = order.to_vec::<i64>()?;
        if order.iter().any(|&i| usize::try_from(i).map_or(true, |i| i >= order.len())) {
            return Err(Error::value(call.op.name, "the order of rows names rows that there are not"));
        }
        let sign = if is_odd(&order) { array_api::negative(sign)? } else { sign };
        Ok([sign, array_api::sum(array_api::log(array_api::abs(pivots)?)?, ..)?])
    },
    methods (trait LuSlogdetMethods)
}

/// Whether an order is an odd number of exchanges away from `0, 1, ...`: each cycle of even length is odd.
fn is_odd(order: &[i64]) -> bool {
    let mut seen = vec![false; order.len()];
    let mut odd = false;
    for first in 0..order.len() {
        let (mut at, mut length) = (first, 0);
        while !std::mem::replace(&mut seen[at], true) {
            at = order[at] as usize;
            length += 1;
        }
        odd ^= length > 0 && length % 2 == 0;
    }
    odd
}

/// The factors of a matrix that has no more columns than rows, and the order of its rows: the left half of the columns first,
/// then the right half without what the left one explains.
fn halves(x: Array) -> Result<(Array, Vec<usize>)> {
    let [m, n] = *x.shape()? else { return Err(Error::shape("lu_panel", "a panel is a matrix")) };
    if n == 0 {
        return Ok((x, (0..m).collect()));
    }
    if n == 1 {
        return column(x, m);
    }
    let half = n / 2;
    let (left, order) = halves(array_api::at(&x, At { index: tiles::columns(0, half) })?)?;
    let right = array_api::at(&x, At { index: tiles::columns(half, n) })?;
    let right = array_api::take(right, positions(&x, &order)?, 0)?;
    let part = |x: &Array, from: usize, to: usize| array_api::at(x, At { index: tiles::rows(from, to) });
    let unit = TriangularSolve { upper: false, unit_diagonal: true };
    let upper = array_api::triangular_solve(part(&left, 0, half)?, part(&right, 0, half)?, unit)?;
    let below = part(&left, half, m)?;
    let rest = array_api::subtract(part(&right, half, m)?, array_api::matmul(&below, &upper)?)?;
    let (rest, again) = halves(rest)?;
    let below = array_api::take(below, positions(&x, &again)?, 0)?;
    let left = array_api::concat(vec![part(&left, 0, half)?, below], 0)?;
    let right = array_api::concat(vec![upper, rest], 0)?;
    let order = order[..half].iter().copied().chain(again.iter().map(|&i| order[half + i])).collect();
    Ok((array_api::concat(vec![left, right], Concat { axis: 1 })?, order))
}

fn positions(beside: &Array, order: &[usize]) -> Result<Array> {
    beside.namespace().asarray(order.iter().map(|&i| i as i64).collect::<Vec<_>>())
}

/// One column: its largest element first, the others divided by it.
fn column(x: Array, m: usize) -> Result<(Array, Vec<usize>)> {
    let flat = array_api::reshape(&x, -1)?;
    let largest = array_api::argmax(array_api::abs(&flat)?, ..)?.item::<i64>()? as usize;
    let mut order: Vec<usize> = (0..m).collect();
    order.swap(0, largest);
    let pivot = array_api::at(&flat, index![largest as isize..largest as isize + 1])?;
    let flat =
        array_api::set_at(&flat, array_api::at(&flat, index![..1])?, index![largest as isize..largest as isize + 1])?;
    let rest = array_api::at(flat, index![1..])?;
    // Of a column of zeros nothing is to be eliminated.
    let zero = array_api::any(array_api::equal(&pivot, 0)?, ..)?.item::<bool>()?;
    let rest = if zero { rest } else { array_api::divide(rest, &pivot)? };
    Ok((array_api::reshape(array_api::concat(vec![pivot, rest], 0)?, [m as isize, 1])?, order))
}
