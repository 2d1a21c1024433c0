//! Decompositions and solvers of the standard's `linalg` extension: stacks of matrices over the last two axes.

use super::spellings;
use crate::array::Array;
use crate::call::{Call, Meta, Verdict};
use crate::dims::Dims;
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
    ///
    /// Beyond the standard, mode `"r"` gives the `R` of `"reduced"` alone, in half of the time and memory: `Q` has no columns.
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
        solve(x, identity(x)?)
    }
}

operation! {
    /// Eigenvalues, ascending, in the real type of `x`, and orthonormal eigenvectors (columns) of symmetric (Hermitian)
    /// matrices: `x = V diag(w) V^H`. Only the lower triangle is read. Spec: `linalg.eigh`.
    Eigh = eigh(x: One) {} -> EighResult { eigenvalues, eigenvectors };
    "linalg", Matrix, |op, _, args| eigen(op, args, true, true)
}

operation! {
    /// Eigenvalues of symmetric (Hermitian) matrices, as in [`eigh`]. Spec: `linalg.eigvalsh`.
    Eigvalsh = eigvalsh(x: One) {} -> Array;
    "linalg", Matrix, |op, _, args| eigen(op, args, true, false),
    compose |_, call| Ok(eigh(call[0].take())?.eigenvalues)
}

operation! {
    /// Eigenvalues and eigenvectors (columns of length one) of square matrices: `x V = V diag(w)`. Both are complex, for
    /// real `x` too. The eigenvalues ascend by real part, then by imaginary part. Spec: `linalg.eig`.
    Eig = eig(x: One) {} -> EigResult { eigenvalues, eigenvectors };
    "linalg", Matrix, |op, _, args| eigen(op, args, false, true)
}

operation! {
    /// Eigenvalues of square matrices, as in [`eig`]. Spec: `linalg.eigvals`.
    Eigvals = eigvals(x: One) {} -> Array;
    "linalg", Matrix, |op, _, args| eigen(op, args, false, false),
    compose |_, call| Ok(eig(call[0].take())?.eigenvalues)
}

operation! {
    /// Sign of the determinant (a number of absolute value one, or 0) and logarithm of its absolute value, in the real
    /// type of `x`: `det = sign exp(logabsdet)` without overflow. A singular matrix gives 0 and -infinity; the derivative
    /// exists for the others. Spec: `linalg.slogdet`.
    Slogdet = slogdet(x: One) {} -> SlogdetResult { sign, logabsdet };
    "linalg", Matrix,
    |op, _, args| {
        let x = rule::array(op, args, 0)?;
        let dims = determinant(op, x)?;
        Ok(Verdict::many(vec![Meta::new(dims.clone(), x.dtype()), Meta::new(dims, x.dtype().real())], x.dtype()))
    }
}

operation! {
    /// Determinant; that of a matrix without elements is 1. The derivative exists for matrices that are not singular.
    /// Spec: `linalg.det`.
    Det = det(x: One) {} -> Array;
    "linalg", Matrix,
    |op, _, args| {
        let x = rule::array(op, args, 0)?;
        Ok(Verdict::same(determinant(op, x)?, x.dtype()))
    },
    compose |_, call| {
        let d = slogdet(call[0].take())?;
        crate::multiply(d.sign, crate::exp(d.logabsdet)?)
    }
}

operation! {
    /// Power of square matrices, by repeated squaring; a negative one is that of the inverse. Spec: `linalg.matrix_power`.
    MatrixPower = matrix_power(x: One) { n: isize = 1 } -> Array;
    "linalg", Matrix, square_rule, compose compose_power
}

spellings!(defaults: Cholesky, TriangularSolve, Qr, Svd);

impl From<isize> for MatrixPower {
    fn from(n: isize) -> MatrixPower {
        MatrixPower { n }
    }
}

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
    let (columns, rows) = match p.mode.as_str() {
        "reduced" => (m.min(n), m.min(n)),
        "complete" => (m, m),
        "r" => (0, m.min(n)),
        other => {
            let message = format!("mode is {other:?}, but must be \"reduced\", \"complete\" or \"r\"");
            return Err(Error::value(op.name, message));
        }
    };
    let meta = |r, c| Meta::new(batch.iter().copied().chain([r, c]).collect::<Dims>(), x.dtype());
    Ok(Verdict::many(vec![meta(m, columns), meta(rows, n)], x.dtype()))
}

fn svd_rule(op: &'static Op, p: &mut Svd, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let x = rule::array(op, args, 0)?;
    rule::FLOATING.check(op, x.dtype())?;
    let (batch, m, n) = rule::matrix(op, "x", x.dims())?;
    let k = m.min(n);
    let (rows, columns) = if p.full_matrices { (m, n) } else { (k, k) };
    let dims = |d: &[usize]| batch.iter().chain(d).copied().collect::<Dims>();
    Ok(Verdict::many(
        vec![
            Meta::new(dims(&[m, rows]), x.dtype()),
            Meta::new(dims(&[k]), x.dtype().real()),
            Meta::new(dims(&[columns, n]), x.dtype()),
        ],
        x.dtype(),
    ))
}

/// The identity in the shape of a stack of matrices.
fn identity(x: &Array) -> Result<Array> {
    let n = x.shape()?[x.ndim() - 1];
    crate::broadcast_to(x.namespace().eye((n, x.dtype()))?, x.dims())
}

/// The verdict on eigenvalues, and on the eigenvectors beside them.
fn eigen(op: &'static Op, args: &[Operand<'_>], hermitian: bool, both: bool) -> Result<Verdict> {
    let x = rule::array(op, args, 0)?;
    rule::FLOATING.check(op, x.dtype())?;
    let (batch, n) = rule::square(op, "x", x.dims())?;
    // Hermitian matrices have real eigenvalues and vectors of their own type; others have complex ones.
    let complex = x.dtype().complex().unwrap_or(x.dtype());
    let (values, vectors) = if hermitian { (x.dtype().real(), x.dtype()) } else { (complex, complex) };
    let values = Meta::new(batch.iter().copied().chain([n]).collect::<Dims>(), values);
    Ok(match both {
        true => Verdict::many(vec![values, Meta::new(x.dims().clone(), vectors)], x.dtype()),
        false => Verdict::new(values.dims, values.dtype, x.dtype()),
    })
}

fn determinant(op: &'static Op, x: &Array) -> Result<Dims> {
    rule::FLOATING.check(op, x.dtype())?;
    Ok(Dims::new(rule::square(op, "x", x.dims())?.0))
}

fn compose_power(p: &MatrixPower, call: &mut Call<'_, '_>) -> Result<Array> {
    let x = rule::array(call.op, call.args, 0)?;
    let mut left = p.n.unsigned_abs();
    if left == 0 {
        return identity(x);
    }
    // The inverse is squared, not the power inverted: its condition is then that of x.
    let mut square = if p.n < 0 { inv(x)? } else { x.clone() };
    let mut out: Option<Array> = None;
    loop {
        if left & 1 == 1 {
            out = Some(match out {
                Some(out) => crate::matmul(out, &square)?,
                None => square.clone(),
            });
        }
        left >>= 1;
        match out {
            Some(out) if left == 0 => return Ok(out),
            _ => square = crate::matmul(&square, &square)?,
        }
    }
}
