//! Derivatives of reductions.

use super::{Context, Keep::*, rules};
use array_api::{
    Array, Axes, Logsumexp, Max, Min, Prod, Result, Std, Sum, Var, broadcast_to, divide, equal, exp, flip, multiply,
    reshape, subtract, sum,
};

rules! {
    Sum: Linear(Nothing, |c, g, _| { let p = c.params::<Sum>()?; spread(c, g, &p.axis) });
    // The mean of a variance's deviations is zero, so only the squares count.
    Var: General(Operands,
        |c, g, _| { let p = c.params::<Var>()?; deviations(c, gradient(g)?, &p.axis, p.correction) },
        |c, t| { let p = c.params::<Var>()?; along(c, t, deviation(c, &p.axis, p.correction)?, &p.axis, p.keepdims) });
    Std: General(Both,
        |c, g, _| { let p = c.params::<Std>()?; deviations(c, &(gradient(g)? / (c.out(0)? * 2.0)).ok()?, &p.axis, p.correction) },
        |c, t| {
            let p = c.params::<Std>()?;
            let v = along(c, t, deviation(c, &p.axis, p.correction)?, &p.axis, p.keepdims)?;
            v.into_iter().map(|v| (v / (c.out(0)? * 2.0)).ok()).collect()
        });
    // Ties share the cotangent equally.
    Max: General(Both,
        |c, g, _| { let p = c.params::<Max>()?; multiply(spread_ref(c, gradient(g)?, &p.axis)?, chosen(c, &p.axis)?) },
        |c, t| { let p = c.params::<Max>()?; along(c, t, chosen(c, &p.axis)?, &p.axis, p.keepdims) });
    Min: General(Both,
        |c, g, _| { let p = c.params::<Min>()?; multiply(spread_ref(c, gradient(g)?, &p.axis)?, chosen(c, &p.axis)?) },
        |c, t| { let p = c.params::<Min>()?; along(c, t, chosen(c, &p.axis)?, &p.axis, p.keepdims) });
    Logsumexp: General(Both,
        |c, g, _| { let p = c.params::<Logsumexp>()?; multiply(spread_ref(c, gradient(g)?, &p.axis)?, softmax(c, &p.axis)?) },
        |c, t| { let p = c.params::<Logsumexp>()?; along(c, t, softmax(c, &p.axis)?, &p.axis, p.keepdims) });
    // The product of all others, without dividing: exact where elements are zero.
    Prod: General(Both,
        |c, g, _| { let p = c.params::<Prod>()?; multiply(spread_ref(c, gradient(g)?, &p.axis)?, super::conj(&others(c, &p.axis)?)?) },
        |c, t| { let p = c.params::<Prod>()?; along(c, t, others(c, &p.axis)?, &p.axis, p.keepdims) });
}

fn gradient(g: &[Option<Array>]) -> Result<&Array> {
    g.iter().flatten().next().ok_or_else(|| array_api::Error::transform("reduction", "has no cotangent"))
}

/// Gives a result, or its cotangent, the axes that were reduced, with extent one.
fn kept(c: &Context<'_>, g: Array, axes: &Axes) -> Result<Array> {
    let dims = &c.operands[0].dims;
    if g.ndim() == dims.len() {
        return Ok(g);
    }
    let gone = axes.list(dims.len());
    let shape: Vec<isize> =
        dims.iter().enumerate().map(|(i, &d)| if gone.contains(&i) { 1 } else { d as isize }).collect();
    reshape(g, shape)
}

/// The transpose of a sum: every element gets its result's cotangent.
fn spread(c: &Context<'_>, g: Array, axes: &Axes) -> Result<Array> {
    broadcast_to(kept(c, g, axes)?, &c.operands[0].dims)
}

fn spread_ref(c: &Context<'_>, g: &Array, axes: &Axes) -> Result<Array> {
    spread(c, g.clone(), axes)
}

/// The tangent of a reduction whose derivative with respect to each element is `d`.
fn along(c: &Context<'_>, t: &[Option<Array>], d: Array, axes: &Axes, keepdims: bool) -> Result<Vec<Array>> {
    let dtype = c.results[0].dtype;
    let weighted = multiply(d, gradient(t)?)?;
    Ok(vec![sum(weighted, Sum { axis: axes.clone(), keepdims, dtype: Some(dtype) })?])
}

fn count(c: &Context<'_>, axes: &Axes) -> f64 {
    let dims = &c.operands[0].dims;
    axes.list(dims.len()).into_iter().map(|a| dims[a]).product::<usize>() as f64
}

/// `2 (x - mean) / (n - correction)`.
fn deviation(c: &Context<'_>, axes: &Axes, correction: f64) -> Result<Array> {
    let x = c.x(0)?;
    let center = array_api::mean(x, array_api::axis(axes.clone()).keepdims())?;
    ((x - center) * (2.0 / (count(c, axes) - correction).max(0.0))).ok()
}

fn deviations(c: &Context<'_>, g: &Array, axes: &Axes, correction: f64) -> Result<Array> {
    multiply(spread_ref(c, g, axes)?, deviation(c, axes, correction)?)
}

/// The share of each element in an extremum: 1 over the number of ties, 0 elsewhere.
fn chosen(c: &Context<'_>, axes: &Axes) -> Result<Array> {
    let hit = equal(c.x(0)?, kept(c, c.out(0)?.clone(), axes)?)?;
    let hit = array_api::astype(hit, c.results[0].dtype)?;
    let ties = sum(&hit, array_api::axis(axes.clone()).keepdims())?;
    divide(hit, ties)
}

fn softmax(c: &Context<'_>, axes: &Axes) -> Result<Array> {
    exp(subtract(c.x(0)?, kept(c, c.out(0)?.clone(), axes)?)?)
}

/// For each element, the product of all others that are multiplied with it: from the left times from the right.
fn others(c: &Context<'_>, axes: &Axes) -> Result<Array> {
    let x = c.x(0)?;
    let dims = &c.operands[0].dims;
    let dtype = c.results[0].dtype;
    let x = if x.dtype() == dtype { x.clone() } else { array_api::astype(x, dtype)? };
    let gone = axes.list(dims.len());
    let order: Vec<isize> =
        (0..dims.len()).filter(|i| !gone.contains(i)).chain(gone.iter().copied()).map(|i| i as isize).collect();
    let mut back = vec![0isize; order.len()];
    order.iter().enumerate().for_each(|(to, &from)| back[from as usize] = to as isize);
    let moved = array_api::permute_dims(x, order)?;
    let free: Vec<isize> = moved.shape()?[..dims.len() - gone.len()].iter().map(|&d| d as isize).collect();
    let n = gone.iter().map(|&a| dims[a]).product::<usize>() as isize;
    let flat = reshape(&moved, [free, vec![n]].concat())?;
    let last = flat.ndim() as isize - 1;
    let before = |x: &Array| -> Result<Array> {
        let p = array_api::CumulativeProd { axis: Some(last), dtype: None, include_initial: true };
        let all = vec![array_api::Index::full(); last as usize];
        array_api::at(array_api::cumulative_prod(x, p)?, [all, vec![(..n).into()]].concat())
    };
    let left = before(&flat)?;
    let right = flip(before(&flip(&flat, last)?)?, last)?;
    let product = reshape(multiply(left, right)?, moved.dims())?;
    array_api::permute_dims(product, back)
}
