//! QR decomposition of a matrix that is cut: which algorithm it is for, in which chunks.

use array_api::{Exit, Meta, Qr, Result, Verdict};

use super::tiles::Tiles;
use super::{GATHERED, gathered, is_tiled, sides, split, tile_qr, tiles, tsqr};
use crate::chunks::{AxisChunks, Chunks};
use crate::node::{Node, Work};
use crate::rechunk::{rechunk, together};
use crate::rules::{Planned, Site, blocks, params};
use crate::tasks::{Grid, Tasks};

/// So many times more rows than columns, and whole rows are worth bringing together.
const TALL: usize = 4;

pub(super) fn plan(site: &Site<'_>) -> Result<Planned, Exit> {
    let x = site.lazy(0)?;
    if !is_tiled(x.chunks()) || !x.chunks().is_known() {
        return gathered(site);
    }
    let mode = site.params::<Qr>()?.mode.clone();
    let complete = mode == "complete";
    // Without columns, in the rows' pieces.
    let narrowed = |q: Chunks| match mode.as_str() {
        "r" => Chunks::new([q.axes()[0].clone(), AxisChunks::whole(0)]),
        _ => q,
    };
    let [rows, columns] = sides(site.op.name, x.chunks())?;
    let (m, n): (usize, usize) = (rows.iter().sum(), columns.iter().sum());
    let triangle = n.saturating_mul(n).saturating_mul(x.dtype().size());
    if !complete && m >= n && (columns.len() == 1 || m / TALL >= n && triangle <= GATHERED) {
        let x = together(site.op.name, x, &[1])?;
        let q = narrowed(x.chunks().clone());
        return Ok(Planned { inputs: vec![x], outputs: vec![q, Chunks::whole(&[n, n])] });
    }
    // Tiles on the diagonal are square, and no others are higher.
    let shorter = m.min(n);
    let (by_rows, by_columns) = (split(&rows, shorter), split(&columns, shorter));
    let diagonal = if by_rows.0.len() > by_columns.0.len() { by_rows.0 } else { by_columns.0 };
    let highest = diagonal.iter().max().copied().unwrap_or(1);
    let below = by_rows.1.iter().flat_map(|&n| (0..n.div_ceil(highest)).map(move |k| highest.min(n - k * highest)));
    let rows: Vec<usize> = diagonal.iter().copied().chain(below).collect();
    let columns: Vec<usize> = diagonal.iter().copied().chain(by_columns.1).collect();
    let inner = if complete { &rows } else { &diagonal };
    let cut = |rows: &[usize], columns: &[usize]| Chunks::new([rows, columns].map(|s| AxisChunks::Known(s.into())));
    let outputs = vec![narrowed(cut(&rows, inner)), cut(inner, &columns)];
    Ok(Planned { inputs: vec![rechunk(x, &cut(&rows, &columns))?], outputs })
}

pub(super) fn emit(node: &Node, inputs: &[Grid], tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let Work::Call { op, params: any, .. } = &node.work else { return Err(blocks::not_a_call(node)) };
    let x = &inputs[0];
    if !is_tiled(&x.chunks) {
        return blocks::emit(node, inputs, tasks);
    }
    let mode = &params::<Qr>(op, &**any)?.mode;
    let complete = mode == "complete";
    let with_q = mode != "r" && tasks.is_wanted(0);
    let dims = x.chunks.dims();
    let mut grids = match !complete && x.chunks.axes()[1].len() == 1 && dims[0] >= dims[1] {
        true => tsqr::emit(x, with_q, tasks)?,
        false => tile_qr::emit(node, x, complete, with_q, tasks)?,
    };
    if mode == "r" && tasks.is_wanted(0) {
        let [rows, _] = sides("qr", &x.chunks)?;
        grids[0] = Tiles::zeros(&rows, &[0], x.dtype).into_grid(&node.space, tasks);
    }
    Ok(grids)
}

array_api::operation! {
    /// QR decomposition of matrices one upon the other; `r` is without the rows that are zero.
    StackedQr = stacked_qr(parts: Many) { /** As of [`qr`](array_api::qr). */ mode: String = "reduced".to_string() }
        -> StackedQrResult { q, r };
    "chunks", Other,
    |op, p, args| {
        let first = array_api::rule::array(op, args, 0)?;
        let (_, _, n) = array_api::rule::matrix(op, "the first part", first.dims())?;
        let mut m = 0_usize;
        for i in 0..args.len() {
            let part = array_api::rule::array(op, args, i)?;
            match part.dims()[..] {
                [rows, columns] if columns == n && part.dtype() == first.dtype() => m = rows.saturating_add(m),
                _ => {
                    let message = format!("part {i} has shape {}, the first one {}", part.dims(), first.dims());
                    return Err(array_api::Error::shape(op.name, message));
                }
            }
        }
        let inner = match p.mode.as_str() {
            "complete" => m,
            "r" => 0,
            _ => m.min(n),
        };
        let meta = |rows, columns| Meta::new([rows, columns], first.dtype());
        Ok(Verdict::many(vec![meta(m, inner), meta(m.min(n), n)], first.dtype()))
    },
    compose |p, call| {
        let parts = tiles::parts(call);
        let x = if let [one] = &parts[..] { one.clone() } else { array_api::concat(parts, 0)? };
        let [m, n] = *x.shape()? else { return Err(array_api::Error::shape(call.op.name, "parts are matrices")) };
        let made = array_api::qr(x, Qr { mode: p.mode.clone() })?;
        let r = if m > n && p.mode == "complete" {
            array_api::at(made.r, array_api::At { index: tiles::rows(0, n) })?
        } else {
            made.r
        };
        Ok([made.q, r])
    },
    methods (trait StackedQrMethods)
}
