//! Derivatives of products, solvers and decompositions.
//!
//! Sources: M. Giles 2008, *Collected matrix derivative results for forward and reverse mode algorithmic
//! differentiation*; I. Murray 2016, *Differentiation of the Cholesky decomposition*; H. Walter and L. Lehmann 2010 for QR.

use super::{Context, Keep::*, adjoint, conj, rules};
use array_api::{
    Array, Cholesky, Error, Result, TriangularSolve, add, expand_dims, matmul, multiply, negative, solve, squeeze,
    subtract, triangular_solve, tril, triu,
};

rules! {
    Matmul: Multilinear(Others, product);
    Solve: General(Both, |c, g, i| solve_vjp(c, cotangent(c, g)?, i), solve_jvp);
    TriangularSolve: General(Both, |c, g, i| triangular_vjp(c, cotangent(c, g)?, i), triangular_jvp);
    Inv: General(Results,
        |c, g, _| { let h = adjoint(c.out(0)?)?; negative(matmul(matmul(&h, cotangent(c, g)?)?, &h)?) },
        |c, t| Ok(vec![negative(matmul(matmul(c.out(0)?, cotangent(c, t)?)?, c.out(0)?)?)?]));
    Cholesky: General(Results, |c, g, _| cholesky_vjp(c, cotangent(c, g)?), |c, t| cholesky_jvp(c, cotangent(c, t)?));
    Qr: General(Results, |c, g, _| qr_vjp(c, g), |c, t| qr_jvp(c, cotangent(c, t)?));
}

fn cotangent<'g>(c: &Context<'_>, g: &'g [Option<Array>]) -> Result<&'g Array> {
    g.iter().flatten().next().ok_or_else(|| Error::transform(c.op.name, "has no cotangent"))
}

/// Cotangent of one factor; vectors become matrices and back.
fn product(c: &Context<'_>, g: Array, i: usize) -> Result<Array> {
    let (ranks, other) = ([c.operands[0].dims.len(), c.operands[1].dims.len()], c.x(1 - i)?);
    // g with the axes that vectors lost: rows of a 1-d x1, columns of a 1-d x2.
    let g = if ranks[1] == 1 { expand_dims(g, -1)? } else { g };
    let g = if ranks[0] == 1 { expand_dims(g, -2)? } else { g };
    let other = match (i, ranks[1 - i]) {
        (0, 1) => expand_dims(other, -1)?,
        (_, 1) => expand_dims(other, 0)?,
        _ => other.clone(),
    };
    let out = if i == 0 { matmul(g, adjoint(&other)?)? } else { matmul(adjoint(&other)?, g)? };
    match (i, ranks[i]) {
        (0, 1) => squeeze(out, -2),
        (_, 1) => squeeze(out, -1),
        _ => Ok(out),
    }
}

/// A right-hand side or solution as matrices.
fn columns(c: &Context<'_>, x: &Array) -> Result<Array> {
    if c.operands[1].dims.len() == 1 { expand_dims(x, -1) } else { Ok(x.clone()) }
}

fn like_right(c: &Context<'_>, x: Array) -> Result<Array> {
    if c.operands[1].dims.len() == 1 { squeeze(x, -1) } else { Ok(x) }
}

/// `b = A^-H g`, `A = -b x^H`.
fn solve_vjp(c: &Context<'_>, g: &Array, i: usize) -> Result<Array> {
    let b = solve(adjoint(c.x(0)?)?, columns(c, g)?)?;
    if i == 1 {
        return like_right(c, b);
    }
    negative(matmul(b, adjoint(&columns(c, c.out(0)?)?)?)?)
}

/// `dx = A^-1 (db - dA x)`.
fn solve_jvp(c: &Context<'_>, t: &[Option<Array>]) -> Result<Vec<Array>> {
    let right = right_tangent(c, t, |a| Ok(a.clone()))?;
    Ok(vec![like_right(c, solve(c.x(0)?, right)?)?])
}

fn right_tangent(c: &Context<'_>, t: &[Option<Array>], part: impl Fn(&Array) -> Result<Array>) -> Result<Array> {
    let moved = match &t[0] {
        Some(a) => Some(matmul(part(a)?, columns(c, c.out(0)?)?)?),
        None => None,
    };
    match (&t[1], moved) {
        (Some(b), Some(m)) => subtract(columns(c, b)?, m),
        (Some(b), None) => columns(c, b),
        (None, Some(m)) => negative(m),
        (None, None) => Err(Error::transform(c.op.name, "has no tangent")),
    }
}

/// The triangle that a triangular solve reads.
fn triangle(p: &TriangularSolve, x: &Array) -> Result<Array> {
    match (p.upper, p.unit_diagonal) {
        (true, unit) => triu(x, isize::from(unit)),
        (false, unit) => tril(x, -isize::from(unit)),
    }
}

fn triangular_vjp(c: &Context<'_>, g: &Array, i: usize) -> Result<Array> {
    let p = c.params::<TriangularSolve>()?;
    let transposed = TriangularSolve { upper: !p.upper, unit_diagonal: p.unit_diagonal };
    let b = triangular_solve(adjoint(c.x(0)?)?, columns(c, g)?, transposed)?;
    if i == 1 {
        return like_right(c, b);
    }
    triangle(p, &negative(matmul(b, adjoint(&columns(c, c.out(0)?)?)?)?)?)
}

fn triangular_jvp(c: &Context<'_>, t: &[Option<Array>]) -> Result<Vec<Array>> {
    let p = c.params::<TriangularSolve>()?;
    let right = right_tangent(c, t, |a| triangle(p, a))?;
    Ok(vec![like_right(c, triangular_solve(c.x(0)?, right, p.clone())?)?])
}

/// The lower triangle with half the diagonal.
fn half_lower(x: &Array) -> Result<Array> {
    multiply(add(tril(x, 0)?, tril(x, -1)?)?, 0.5)
}

/// With `L` lower: `S = L^-H half(L^H g) L^-1`, made Hermitian (Murray 2016, eq. 10).
fn cholesky_vjp(c: &Context<'_>, g: &Array) -> Result<Array> {
    let upper = c.params::<Cholesky>()?.upper;
    let (l, g) = match upper {
        true => (adjoint(c.out(0)?)?, adjoint(g)?),
        false => (c.out(0)?.clone(), g.clone()),
    };
    let g = tril(g, 0)?;
    let phi = half_lower(&matmul(adjoint(&l)?, g)?)?;
    let up = TriangularSolve { upper: true, unit_diagonal: false };
    // L^-H phi, then times L^-1 from the right through the adjoint.
    let left = triangular_solve(adjoint(&l)?, phi, up.clone())?;
    let s = adjoint(&triangular_solve(adjoint(&l)?, adjoint(&left)?, up)?)?;
    multiply(add(&s, adjoint(&s)?)?, 0.5)
}

/// `dL = L half(L^-1 dA L^-H)`.
fn cholesky_jvp(c: &Context<'_>, t: &Array) -> Result<Vec<Array>> {
    let upper = c.params::<Cholesky>()?.upper;
    let l = if upper { adjoint(c.out(0)?)? } else { c.out(0)?.clone() };
    // Only one triangle is read: the derivative is that of the Hermitian matrix made of it.
    let t = multiply(add(t, adjoint(t)?)?, 0.5)?;
    let low = TriangularSolve { upper: false, unit_diagonal: false };
    let left = triangular_solve(&l, t, low.clone())?;
    let both = adjoint(&triangular_solve(&l, adjoint(&left)?, low)?)?;
    let dl = matmul(&l, half_lower(&both)?)?;
    Ok(vec![if upper { adjoint(&dl)? } else { dl }])
}

fn tall(c: &Context<'_>) -> Result<()> {
    let dims = &c.operands[0].dims;
    let (m, n) = (dims[dims.len() - 2], dims[dims.len() - 1]);
    match m >= n && c.results[0].dims[dims.len() - 1] == n {
        true => Ok(()),
        false => Err(Error::transform(
            c.op.name,
            format!("has a derivative for mode \"reduced\" and at least as many rows as columns, not for {dims}"),
        )),
    }
}

/// `(g_Q + Q copyltu(M)) R^-H` with `M = R g_R^H - g_Q^H Q` (Walter and Lehmann 2010).
fn qr_vjp(c: &Context<'_>, g: &[Option<Array>]) -> Result<Array> {
    tall(c)?;
    let (q, r) = (c.out(0)?, c.out(1)?);
    let m = match (&g[0], &g[1]) {
        (Some(gq), Some(gr)) => subtract(matmul(r, adjoint(gr)?)?, matmul(adjoint(gq)?, q)?)?,
        (Some(gq), None) => negative(matmul(adjoint(gq)?, q)?)?,
        (None, Some(gr)) => matmul(r, adjoint(gr)?)?,
        (None, None) => return Err(Error::transform(c.op.name, "has no cotangent")),
    };
    // The lower triangle mirrored; the diagonal is real because that of R is.
    let low = tril(&m, -1)?;
    let diagonal = subtract(tril(&m, 0)?, &low)?;
    let diagonal = multiply(add(&diagonal, conj(&diagonal)?)?, 0.5)?;
    let mirrored = add(add(&low, adjoint(&low)?)?, diagonal)?;
    let right = matmul(q, mirrored)?;
    let right = match &g[0] {
        Some(gq) => add(gq, right)?,
        None => right,
    };
    // right R^-H = (R^-1 right^H)^H.
    adjoint(&triangular_solve(r, adjoint(&right)?, TriangularSolve { upper: true, unit_diagonal: false })?)
}

/// With `C = Q^H dA R^-1`: `dR = (C_upper + ...) R`, `dQ = dA R^-1 - Q dR R^-1`.
fn qr_jvp(c: &Context<'_>, t: &Array) -> Result<Vec<Array>> {
    tall(c)?;
    let (q, r) = (c.out(0)?, c.out(1)?);
    let low = TriangularSolve { upper: false, unit_diagonal: false };
    let ar = adjoint(&triangular_solve(adjoint(r)?, adjoint(t)?, low)?)?;
    let m = matmul(adjoint(q)?, &ar)?;
    // The skew-Hermitian part that Q takes: strictly lower triangle minus its adjoint, and the imaginary diagonal.
    let strict = tril(&m, -1)?;
    let diagonal = subtract(tril(&m, 0)?, &strict)?;
    let imaginary = multiply(subtract(&diagonal, conj(&diagonal)?)?, 0.5)?;
    let skew = add(subtract(&strict, adjoint(&strict)?)?, imaginary)?;
    let upper = subtract(&m, &skew)?;
    let dq = add(subtract(&ar, matmul(q, &m)?)?, matmul(q, skew)?)?;
    Ok(vec![dq, triu(matmul(upper, r)?, 0)?])
}
