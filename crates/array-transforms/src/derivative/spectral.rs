//! Derivatives of eigenvalues, determinants and the pseudoinverse.
//!
//! Eigenvectors have a derivative where the eigenvalues differ. They are unique up to a phase (a sign): only functions that
//! do not depend on it are functions of the matrix, and for the others the derivative holds the phase still.
//!
//! Sources: M. Giles 2008, *Collected matrix derivative results for forward and reverse mode algorithmic differentiation*;
//! C. Boeddeker et al. 2017, *On the computation of complex-valued gradients with application to statistically optimum
//! beamforming*; G. Golub and V. Pereyra 1973, *The differentiation of pseudo-inverses*.

use super::{Context, Keep::*, adjoint, conj, plus, rules};
use array_api::{
    Array, Complex, Error, Result, add, divide, equal, expand_dims, imag, inv, matmul, multiply, negative, real, solve,
    subtract, sum, trace, where_, zeros_like,
};

rules! {
    Det: General(Both,
        |c, g, _| along_inverse(c, multiply(only(c, g)?, conj(c.out(0)?)?)?),
        |c, t| Ok(vec![multiply(c.out(0)?, relative(c, t)?)?]));
    Slogdet: General(Both, |c, g, _| slogdet_vjp(c, g), slogdet_jvp);
    Eigh: General(Results, |c, g, _| eigh_vjp(c, g), eigh_jvp);
    Eig: General(Results, |c, g, _| eig_vjp(c, g), eig_jvp);
    Pinv: General(Both, pinv_vjp, pinv_jvp);
}

fn only<'g>(c: &Context<'_>, g: &'g [Option<Array>]) -> Result<&'g Array> {
    g.iter().flatten().next().ok_or_else(|| Error::transform(c.op.name, "has nothing to carry on"))
}

/// `tr(A^-1 dA)`: the relative change of the determinant.
fn relative(c: &Context<'_>, t: &[Option<Array>]) -> Result<Array> {
    trace(solve(c.x(0)?, only(c, t)?)?, ..)
}

/// The cotangent of `A` for a cotangent `g` of `tr(A^-1 dA)`.
fn along_inverse(c: &Context<'_>, g: Array) -> Result<Array> {
    multiply(expand_dims(expand_dims(g, -1)?, -1)?, adjoint(&inv(c.x(0)?)?)?)
}

fn i() -> Complex<f64> {
    Complex::new(0.0, 1.0)
}

/// With `w = tr(A^-1 dA)`: the logarithm moves by `Re w`, the phase turns by `Im w`.
fn slogdet_jvp(c: &Context<'_>, t: &[Option<Array>]) -> Result<Vec<Array>> {
    let (w, sign) = (relative(c, t)?, c.out(0)?);
    if !sign.dtype().is_complex() {
        return Ok(vec![zeros_like(sign, ..)?, w]);
    }
    Ok(vec![multiply(multiply(sign, imag(&w)?)?, i())?, real(w)?])
}

fn slogdet_vjp(c: &Context<'_>, g: &[Option<Array>]) -> Result<Array> {
    let sign = c.out(0)?;
    let turn = match &g[0] {
        Some(gs) if sign.dtype().is_complex() => Some(multiply(imag(multiply(conj(sign)?, gs)?)?, i())?),
        _ => None,
    };
    match (turn, &g[1]) {
        (None, None) => zeros_like(c.x(0)?, ..),
        (turn, log) => along_inverse(c, plus(turn, log.clone())?.unwrap_or_else(|| sign.clone())),
    }
}

/// `1 / (w_j - w_i)`, zero on the diagonal; and the diagonal's ones.
fn gaps(w: &Array) -> Result<(Array, Array)> {
    let n = w.shape()?[w.ndim() - 1];
    let eye = w.namespace().eye((n, w.dtype()))?;
    let diagonal = equal(&eye, 1)?;
    let gaps = subtract(expand_dims(w, -2)?, expand_dims(w, -1)?)?;
    Ok((where_(&diagonal, 0.0, divide(1.0, where_(&diagonal, 1.0, gaps)?)?)?, eye))
}

/// Only one triangle is read: the derivative is that of the Hermitian matrix made of it.
fn hermitian(x: &Array) -> Result<Array> {
    multiply(add(x, adjoint(x)?)?, 0.5)
}

/// With `P = Q^H dA Q`: `dw = Re diag P`, `dQ = Q (F * P)`.
fn eigh_jvp(c: &Context<'_>, t: &[Option<Array>]) -> Result<Vec<Array>> {
    let (w, q) = (c.out(0)?, c.out(1)?);
    let p = matmul(adjoint(q)?, matmul(hermitian(only(c, t)?)?, q)?)?;
    let (f, eye) = gaps(w)?;
    Ok(vec![real(sum(multiply(&p, eye)?, -1)?)?, matmul(q, multiply(f, p)?)?])
}

fn eigh_vjp(c: &Context<'_>, g: &[Option<Array>]) -> Result<Array> {
    let (w, q) = (c.out(0)?, c.out(1)?);
    let (f, eye) = gaps(w)?;
    let values = g[0].as_ref().map(|gw| multiply(&eye, expand_dims(gw, -2)?)).transpose()?;
    let vectors = g[1].as_ref().map(|gq| multiply(&f, matmul(adjoint(q)?, gq)?)).transpose()?;
    match plus(values, vectors)? {
        Some(gp) => hermitian(&matmul(q, matmul(gp, adjoint(q)?)?)?),
        None => zeros_like(q, ..),
    }
}

/// For each column `v` of the first, `Re(v^H x)`, as a row.
fn lengthwise(v: &Array, x: &Array) -> Result<Array> {
    expand_dims(real(sum(multiply(conj(v)?, x)?, -2)?)?, -2)
}

/// With `P = V^-1 dA V`: `dw = diag P`, `dV = V (F * P)` less what would change the lengths of the columns.
fn eig_jvp(c: &Context<'_>, t: &[Option<Array>]) -> Result<Vec<Array>> {
    let (w, v) = (c.out(0)?, c.out(1)?);
    let p = solve(v, matmul(only(c, t)?, v)?)?;
    let (f, eye) = gaps(w)?;
    let free = matmul(v, multiply(f, &p)?)?;
    let stretch = multiply(v, lengthwise(v, &free)?)?;
    Ok(vec![sum(multiply(p, eye)?, -1)?, subtract(free, stretch)?])
}

/// The adjoint of `eig_jvp`, term by term.
fn eig_vjp(c: &Context<'_>, g: &[Option<Array>]) -> Result<Array> {
    let (w, v) = (c.out(0)?, c.out(1)?);
    let (f, eye) = gaps(w)?;
    let vh = adjoint(v)?;
    let values = g[0].as_ref().map(|gw| multiply(&eye, expand_dims(gw, -2)?)).transpose()?;
    let vectors = match &g[1] {
        Some(gv) => {
            let free = subtract(gv, multiply(v, lengthwise(v, gv)?)?)?;
            Some(multiply(conj(&f)?, matmul(&vh, free)?)?)
        }
        None => None,
    };
    match plus(values, vectors)? {
        Some(gp) => solve(&vh, matmul(gp, &vh)?),
        None => zeros_like(v, ..),
    }
}

/// `x^H x` and `x x^H` of a pseudoinverse, and the projections `1 - P A` and `1 - A P` onto what the matrix does not see.
struct Pseudo {
    left: Array,
    right: Array,
    rows: Array,
    columns: Array,
}

impl Pseudo {
    fn of(a: &Array, p: &Array) -> Result<Pseudo> {
        let ph = adjoint(p)?;
        let without = |product: Array| {
            let n = product.shape()?[product.ndim() - 1];
            subtract(product.namespace().eye((n, product.dtype()))?, product)
        };
        Ok(Pseudo {
            left: matmul(p, &ph)?,
            right: matmul(&ph, p)?,
            rows: without(matmul(p, a)?)?,
            columns: without(matmul(a, p)?)?,
        })
    }
}

/// `dP = -P dA P + P P^H dA^H (1 - A P) + (1 - P A) dA^H P^H P`, where the rank does not change.
fn pinv_jvp(c: &Context<'_>, t: &[Option<Array>]) -> Result<Vec<Array>> {
    let p = c.out(0)?;
    let Some(t) = &t[0] else { return Ok(vec![zeros_like(p, ..)?]) };
    let d = Pseudo::of(c.x(0)?, p)?;
    let th = adjoint(t)?;
    let through = matmul(matmul(p, t)?, p)?;
    let outside = add(matmul(matmul(d.left, &th)?, d.columns)?, matmul(matmul(d.rows, th)?, d.right)?)?;
    Ok(vec![subtract(outside, through)?])
}

/// The adjoint of `pinv_jvp`; the tolerance only decides the rank, which is constant almost everywhere.
fn pinv_vjp(c: &Context<'_>, g: &[Option<Array>], operand: usize) -> Result<Array> {
    if operand != 0 {
        return zeros_like(c.x(operand)?, ..);
    }
    let (p, g) = (c.out(0)?, only(c, g)?);
    let d = Pseudo::of(c.x(0)?, p)?;
    let (ph, gh) = (adjoint(p)?, adjoint(g)?);
    let through = negative(matmul(matmul(&ph, g)?, &ph)?)?;
    let outside = add(matmul(matmul(d.columns, &gh)?, d.left)?, matmul(matmul(d.right, gh)?, d.rows)?)?;
    add(through, outside)
}
