//! The derivative of the singular value decomposition, where the singular values are distinct and not zero.
//!
//! Sources: J. Townsend 2016, *Differentiating the singular value decomposition*; for complex matrices, whose singular
//! vectors are unique up to a phase, the phase's movement is given to `U` (Wan and Zhang 2019).

use super::{Context, Keep::*, adjoint, rules};
use array_api::{
    Array, Error, Result, add, astype, divide, equal, expand_dims, matmul, matrix_transpose, multiply, negative, real,
    square, subtract, sum, where_,
};

rules! {
    Svd: General(Results, |c, g, _| vjp(c, g), |c, t| jvp(c, &t[0]));
}

/// What both modes need of the thin decomposition.
struct Thin<'c> {
    u: &'c Array,
    s: &'c Array,
    vh: &'c Array,
    /// `1 / (s_j^2 - s_i^2)`, zero on the diagonal.
    f: Array,
    /// Singular values of the matrix's own type, as a row: `x * row` scales columns, `x / row` divides them.
    row: Array,
    /// Ones on the diagonal.
    eye: Array,
}

impl<'c> Thin<'c> {
    fn of(c: &'c Context<'_>, values_only: bool) -> Result<Thin<'c>> {
        let dims = &c.operands[0].dims;
        let (m, n) = (dims[dims.len() - 2], dims[dims.len() - 1]);
        let full = c.results[0].dims[dims.len() - 1] != c.results[2].dims[dims.len() - 2];
        if full && !values_only {
            let message = format!("of full matrices has no derivative for {m} x {n}; pass full_matrices = false");
            return Err(Error::transform(c.op.name, message));
        }
        let (u, s, vh) = (c.out(0)?, c.out(1)?, c.out(2)?);
        let k = s.shape()?[s.ndim() - 1];
        let eye = u.namespace().eye((k, s.dtype()))?;
        let squares = square(s)?;
        let gaps = subtract(expand_dims(&squares, -2)?, expand_dims(&squares, -1)?)?;
        let diagonal = equal(&eye, 1)?;
        let f = where_(&diagonal, 0.0, divide(1.0, where_(&diagonal, 1.0, gaps)?)?)?;
        let row = astype(expand_dims(s, -2)?, u.dtype())?;
        Ok(Thin { u, s, vh, f: astype(f, u.dtype())?, row, eye: astype(eye, u.dtype())? })
    }

    /// The skew-Hermitian part of the diagonal: how phases move. Zero for real matrices.
    fn phases(&self, x: &Array) -> Result<Option<Array>> {
        if !x.dtype().is_complex() {
            return Ok(None);
        }
        Ok(Some(multiply((x - adjoint(x)?).ok()?, multiply(&self.eye, 0.5)?)?))
    }

    /// The thin factors, where full ones were asked for.
    fn cut(&self) -> Result<(Array, Array)> {
        let k = self.s.shape()?[self.s.ndim() - 1] as isize;
        let u = array_api::at(self.u, array_api::index![array_api::Index::Ellipsis, ..k])?;
        let vh = array_api::at(self.vh, array_api::index![array_api::Index::Ellipsis, ..k, ..])?;
        Ok((u, vh))
    }
}

/// With `P = U^H dA V`: `dS = Re diag P`, `dU = U (F * (P S + S P^H)) + (dA V - U P) S^-1`, and `dV` alike.
fn jvp(c: &Context<'_>, t: &Option<Array>) -> Result<Vec<Array>> {
    let t = t.as_ref().ok_or_else(|| Error::transform(c.op.name, "has no tangent"))?;
    let d = Thin::of(c, false)?;
    let v = adjoint(d.vh)?;
    let (av, ahu) = (matmul(t, &v)?, matmul(adjoint(t)?, d.u)?);
    let p = matmul(adjoint(d.u)?, &av)?;
    let ph = adjoint(&p)?;
    let ds = real(sum(multiply(&p, &d.eye)?, -1)?)?;

    let column = matrix_transpose(&d.row)?;
    let mut turn_u = multiply(&d.f, (&p * &d.row + &column * &ph).ok()?)?;
    if let Some(phases) = d.phases(&p)? {
        turn_u = add(turn_u, divide(phases, &d.row)?)?;
    }
    let turn_v = multiply(&d.f, (column * &p + ph.clone() * &d.row).ok()?)?;
    let du = (matmul(d.u, turn_u)? + (av - matmul(d.u, &p)?) / &d.row).ok()?;
    let dv = (matmul(&v, turn_v)? + (ahu - matmul(&v, ph)?) / &d.row).ok()?;
    Ok(vec![du, ds, adjoint(&dv)?])
}

/// The adjoint of `jvp`, term by term.
fn vjp(c: &Context<'_>, g: &[Option<Array>]) -> Result<Array> {
    let d = Thin::of(c, g[0].is_none() && g[2].is_none())?;
    let (u, vh) = d.cut()?;
    let (uh, v) = (adjoint(&u)?, adjoint(&vh)?);
    let column = matrix_transpose(&d.row)?;
    // The cotangent of P, and that of dA beside P.
    let mut gp: Option<Array> = None;
    let mut direct: Option<Array> = None;
    let plus = |sum: Option<Array>, x: Array| {
        Ok::<_, Error>(Some(match sum {
            Some(s) => add(s, x)?,
            None => x,
        }))
    };
    if let Some(gs) = &g[1] {
        gp = plus(gp, multiply(&d.eye, expand_dims(gs, -2)?)?)?;
    }
    if let Some(gu) = &g[0] {
        let x = matmul(&uh, gu)?;
        let y = multiply(&d.f, &x)?;
        gp = plus(gp, multiply(add(&y, adjoint(&y)?)?, &d.row)?)?;
        gp = plus(gp, negative(divide(&x, &d.row)?)?)?;
        if let Some(phases) = d.phases(&x)? {
            gp = plus(gp, divide(phases, &d.row)?)?;
        }
        direct = plus(direct, matmul(divide(gu, &d.row)?, &vh)?)?;
    }
    if let Some(gvh) = &g[2] {
        let x = matmul(gvh, &v)?;
        let y = multiply(&d.f, adjoint(&x)?)?;
        gp = plus(gp, multiply(add(&y, adjoint(&y)?)?, &column)?)?;
        gp = plus(gp, negative(divide(&x, &column)?)?)?;
        direct = plus(direct, matmul(divide(&u, &d.row)?, gvh)?)?;
    }
    let gp = gp.ok_or_else(|| Error::transform(c.op.name, "has no cotangent"))?;
    let through = matmul(matmul(&u, gp)?, &vh)?;
    match direct {
        Some(direct) => add(through, direct),
        None => Ok(through),
    }
}
