//! Decompositions and solvers of matrices that are cut into chunks.
//!
//! | operation | matrix in chunks |
//! |---|---|
//! | `qr` of tall matrices | `tsqr`: a tree of decompositions of stacked triangles |
//! | `qr` of any others | `tile_qr`: tile by tile |
//! | `svd`, `svdvals` | QR first, then the decomposition of its triangle |
//! | `cholesky`, `triangular_solve` | tile by tile |
//! | `tril`, `triu` | chunk by chunk |
//! | `solve`, `inv`, `slogdet`, `det` | `lu`: panels of whole columns, so that pivots are those of the whole matrix |
//! | eigenvalues | none in bounded memory: small matrices are gathered, large ones decline |
//!
//! Stacks of matrices are taken apart into matrices, each of which is one task's work.

mod cholesky;
mod lu;
mod qr;
mod svd;
mod tile_qr;
mod tiles;
mod triangle;
mod triangular;
mod tsqr;

pub(super) use lu::EMIT as LU;
pub use svd::svd_compressed;
pub(super) use triangular::EMIT as TRIANGULAR;

use array_api::{Array, Error, Exit, Result, UNKNOWN, decline};

use super::{Planned, Rule, Site, blocks};
use crate::array::ChunkedArray;
use crate::chunks::Chunks;

/// The largest matrix that is gathered within one task, in bytes.
const GATHERED: usize = 64 << 20;

/// The rules of this folder.
pub(super) fn rule(name: &str) -> Option<Rule> {
    Some(match name {
        "qr" => Rule::Tasks(qr::plan, qr::emit),
        "svd" => Rule::Rewrite(svd::svd),
        "svdvals" => Rule::Rewrite(svd::svdvals),
        "cholesky" => Rule::Tasks(cholesky::plan, cholesky::emit),
        "solve" | "triangular_solve" => Rule::Rewrite(lu::solve),
        "slogdet" => Rule::Tasks(lu::plan_slogdet, lu::emit_slogdet),
        "det" => Rule::Rewrite(lu::det),
        "tril" | "triu" => Rule::Tasks(triangle::plan, triangle::emit),
        "eig" | "eigh" | "eigvals" | "eigvalsh" => Rule::Tasks(gathered, blocks::emit),
        _ => return None,
    })
}

/// Whether the matrices themselves are cut, not only their stack.
fn is_cut(chunks: &Chunks) -> bool {
    chunks.axes().iter().rev().take(2).any(|axis| axis.len() > 1)
}

/// Whether there is an algorithm by tiles: for one matrix that is cut, and is not empty.
fn is_tiled(chunks: &Chunks) -> bool {
    chunks.axes().len() == 2 && is_cut(chunks) && !chunks.dims().contains(&0)
}

/// The chunks of an array of this kind; what is beside it in a call may be data.
fn lazy_chunks(x: &Array) -> Option<Chunks> {
    x.downcast_ref::<ChunkedArray>().map(|x| x.lazy().chunks().clone())
}

/// Matrices in one piece each, if they are not too large for that.
fn gathered(site: &Site<'_>) -> Result<Planned, Exit> {
    for operand in &site.operands {
        let super::Given::Lazy(x) = operand else { continue };
        let dims = x.dims();
        let Some(inner) = dims.len().checked_sub(2) else { continue };
        if !is_cut(x.chunks()) || dims[inner..].contains(&UNKNOWN) {
            continue;
        }
        let bytes = dims[inner..].iter().fold(x.dtype().size(), |n, &extent| n.saturating_mul(extent));
        if bytes > GATHERED {
            return decline(format!(
                "matrices of {} x {} take {} MiB each, and this needs each of them at once; rechunk the array so that \
                 each is in one chunk, if there is memory for that",
                dims[inner],
                dims[inner + 1],
                bytes >> 20
            ));
        }
    }
    blocks::plan(site)
}

/// The extents of the pieces along the two axes of a matrix.
fn sides(op: &str, chunks: &Chunks) -> Result<[Vec<usize>; 2]> {
    match &chunks.sizes(op)?[..] {
        [rows, columns] => Ok([rows.to_vec(), columns.to_vec()]),
        _ => Err(Error::backend(op, "tiles are of one matrix")),
    }
}

/// The first pieces that hold `extent` elements, cutting the last one if it holds more, and the rest.
fn split(sizes: &[usize], extent: usize) -> (Vec<usize>, Vec<usize>) {
    let (mut first, mut rest, mut left) = (vec![], vec![], extent);
    for &size in sizes.iter().filter(|&&n| n > 0) {
        let here = size.min(left);
        left -= here;
        first.extend((here > 0).then_some(here));
        rest.extend((size > here).then_some(size - here));
    }
    (first, rest)
}
