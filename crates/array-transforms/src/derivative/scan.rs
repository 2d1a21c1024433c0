//! Derivatives of running sums and products.

use super::{Context, Keep::*, conj, rules, zeros};
use array_api::{
    Array, CumulativeProd, CumulativeSum, Index, Result, add, at, concat, cumulative_prod, cumulative_sum, flip,
    multiply,
};

rules! {
    CumulativeSum: Linear(Nothing, |c, g, _| {
        let p = c.params::<CumulativeSum>()?;
        let axis = p.axis.unwrap_or(0);
        let g = if p.include_initial { part(&g, axis, (1..).into())? } else { g };
        flip(cumulative_sum(flip(g, axis)?, CumulativeSum { axis: Some(axis), dtype: None, include_initial: false })?, axis)
    });
    CumulativeProd: General(Operands, |c, g, _| product_vjp(c, &g[0]), |c, t| product_jvp(c, &t[0]));
}

/// Some of the positions along an axis.
fn part(x: &Array, axis: isize, slice: Index) -> Result<Array> {
    let all = vec![Index::full(); axis as usize];
    at(x, [all, vec![slice]].concat())
}

/// Moves elements `by` places on along an axis; zeros come in.
fn shifted(x: &Array, axis: isize, by: usize) -> Result<Array> {
    let n = x.shape()?[axis as usize];
    let room = x.namespace().zeros((x.dims().with(axis as usize, by), x.dtype()))?;
    concat([&room, &part(x, axis, (..(n - by) as isize).into())?], axis)
}

/// `r_i = a_i r_(i-1) + b_i` along an axis, in as many rounds as `n` has binary digits (Hillis and Steele 1986).
fn recurrence(mut a: Array, mut b: Array, axis: isize) -> Result<Array> {
    let n = b.shape()?[axis as usize];
    let mut by = 1;
    while by < n {
        b = add(multiply(&a, shifted(&b, axis, by)?)?, b)?;
        by *= 2;
        if by < n {
            a = multiply(shifted(&a, axis, by / 2)?, a)?;
        }
    }
    Ok(b)
}

/// The product of all elements before each.
fn before(x: &Array, axis: isize) -> Result<Array> {
    let n = x.shape()?[axis as usize] as isize;
    let p = CumulativeProd { axis: Some(axis), dtype: None, include_initial: true };
    part(&cumulative_prod(x, p)?, axis, (..n).into())
}

/// Each product is that of all elements before `x_j`, times those behind: no division, so zeros are exact.
fn product_vjp(c: &Context<'_>, g: &Option<Array>) -> Result<Array> {
    let p = c.params::<CumulativeProd>()?;
    let (axis, x) = (p.axis.unwrap_or(0), conj(c.x(0)?)?);
    let g = match g {
        Some(g) if p.include_initial => part(g, axis, (1..).into())?,
        Some(g) => g.clone(),
        None => zeros(&x, &c.operands[0])?,
    };
    if x.shape()?[axis as usize] == 0 {
        return Ok(g);
    }
    // From the back: what follows x_j is g_j + x_(j+1) times what follows x_(j+1).
    let behind = recurrence(shifted(&flip(&x, axis)?, axis, 1)?, flip(g, axis)?, axis)?;
    multiply(before(&x, axis)?, flip(behind, axis)?)
}

fn product_jvp(c: &Context<'_>, t: &Option<Array>) -> Result<Vec<Array>> {
    let p = c.params::<CumulativeProd>()?;
    let (axis, x) = (p.axis.unwrap_or(0), c.x(0)?);
    let t = match t {
        Some(t) => t.clone(),
        None => zeros(x, &c.operands[0])?,
    };
    let moved = recurrence(x.clone(), multiply(before(x, axis)?, t)?, axis)?;
    if !p.include_initial {
        return Ok(vec![moved]);
    }
    let first = x.namespace().zeros((moved.dims().with(axis as usize, 1), moved.dtype()))?;
    Ok(vec![concat([&first, &moved], axis)?])
}
