//! Decompositions and solvers of the standard's `linalg` extension: stacks of matrices over the last two axes.

use super::spellings;
use crate::array::Array;
use crate::call::{Meta, Verdict};
use crate::error::{Error, Result};
use crate::operand::Operand;
use crate::operation::Op;
use crate::{operation, rule};

operation! {
    /// Cholesky factor of symmetric (Hermitian) positive definite matrices: `x = L L^H`. Only the triangle that is asked
    /// for is read. A matrix that is not positive definite is an error. Spec: `linalg.cholesky`.
    Cholesky = cholesky(x: One) { /** The upper factor instead: `x = U^H U`. */ upper: bool = false } -> Array;
    "linalg", Matrix, square_rule
}

operation! {
    /// Solves `x1 @ out = x2` for square `x1`. A singular matrix is an error. Spec: `linalg.solve`.
    Solve = solve(x1: One, x2: One) {} -> Array;
    "linalg", Matrix, rule::solve
}

operation! {
    /// Solves a triangular system `x1 @ out = x2`; only that triangle of `x1` is read.
    TriangularSolve = triangular_solve(x1: One, x2: One) {
        upper: bool = false, /** The diagonal is taken to be ones. */ unit_diagonal: bool = false,
    } -> Array;
    "linalg", Matrix, rule::solve
}

operation! {
    /// QR decomposition `x = Q R`; `mode` is `"reduced"` or `"complete"`. The diagonal of `R` is not negative, which makes
    /// the result unique for full column rank. Spec: `linalg.qr`.
    Qr = qr(x: One) { mode: String = "reduced".to_string() } -> QrResult { q, r };
    "linalg", Matrix, qr_rule
}

operation! {
    /// Singular value decomposition `x = U diag(S) Vh`, singular values descending. Spec: `linalg.svd`.
    Svd = svd(x: One) { full_matrices: bool = true } -> SvdResult { u, s, vh };
    "linalg", Matrix, svd_rule
}

operation! {
    /// Inverse of square matrices. A singular matrix is an error. Spec: `linalg.inv`.
    Inv = inv(x: One) {} -> Array;
    "linalg", Matrix, square_rule,
    compose |_, call| {
        let x = rule::array(call.op, call.args, 0)?;
        let n = x.shape()?[x.ndim() - 1];
        let eye = x.namespace().eye((n, x.dtype()))?;
        solve(x, crate::broadcast_to(eye, x.dims())?)
    }
}

spellings!(defaults: Cholesky, TriangularSolve, Qr, Svd);

fn square_rule<P>(op: &'static Op, _: &mut P, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let x = rule::array(op, args, 0)?;
    rule::FLOATING.check(op, x.dtype())?;
    rule::square(op, "x", x.dims())?;
    Ok(Verdict::same(x.dims().clone(), x.dtype()))
}

fn qr_rule(op: &'static Op, p: &mut Qr, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let x = rule::array(op, args, 0)?;
    rule::FLOATING.check(op, x.dtype())?;
    let (batch, m, n) = rule::matrix(op, "x", x.dims())?;
    let k = match p.mode.as_str() {
        "reduced" => m.min(n),
        "complete" => m,
        other => {
            return Err(Error::value(op.name, format!("mode is {other:?}, but must be \"reduced\" or \"complete\"")));
        }
    };
    let meta = |r, c| Meta::new(batch.iter().copied().chain([r, c]).collect::<crate::Dims>(), x.dtype());
    Ok(Verdict::many(vec![meta(m, k), meta(k, n)], x.dtype()))
}

fn svd_rule(op: &'static Op, p: &mut Svd, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let x = rule::array(op, args, 0)?;
    rule::FLOATING.check(op, x.dtype())?;
    let (batch, m, n) = rule::matrix(op, "x", x.dims())?;
    let k = m.min(n);
    let (rows, columns) = if p.full_matrices { (m, n) } else { (k, k) };
    let dims = |d: &[usize]| batch.iter().chain(d).copied().collect::<crate::Dims>();
    Ok(Verdict::many(
        vec![
            Meta::new(dims(&[m, rows]), x.dtype()),
            Meta::new(dims(&[k]), x.dtype().real()),
            Meta::new(dims(&[columns, n]), x.dtype()),
        ],
        x.dtype(),
    ))
}
