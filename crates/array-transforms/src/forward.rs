//! `jvp`, forward Jacobians and Hessians.

use array_api::{Array, Error, Level, Result, Tree};

use crate::dual::{dual, mine};
use crate::reverse::grad;
use crate::vectorize::vmap;

/// The value of a function at `x`, and its derivative in the direction `v`.
///
/// # Errors
/// If `v` does not have the structure, shapes and types of `x`; an operation without a derivative rule; `f`'s own error.
///
/// ```
/// use array_api::Array;
/// use array_transforms::jvp;
/// # let xp = array_ndarray::namespace();
/// let x = xp.asarray([1.0, 2.0])?;
/// let (y, dy) = jvp(|x: &Array| x.square(), &x, &xp.ones(2)?)?;
/// assert_eq!((y.to_vec::<f64>()?, dy.to_vec::<f64>()?), (vec![1.0, 4.0], vec![2.0, 4.0]));
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn jvp<T: Tree, O: Tree>(f: impl Fn(&T) -> Result<O>, x: &T, v: &T) -> Result<(O, O)> {
    let level = Level::fresh();
    let (xs, vs) = (x.leaves(), v.leaves());
    if xs.len() != vs.len() {
        return Err(Error::transform("jvp", format!("x has {} leaves, v has {}", xs.len(), vs.len())));
    }
    for (x, v) in xs.iter().zip(&vs) {
        if x.dims() != v.dims() || x.dtype() != v.dtype() {
            let message = format!("a leaf is {}{}, its tangent {}{}", x.dtype(), x.dims(), v.dtype(), v.dims());
            return Err(Error::transform("jvp", message));
        }
    }
    let mut vs = vs.into_iter();
    let moving = x.map(&mut |leaf| match vs.next() {
        Some(v) => dual(level, leaf.clone(), v.clone()),
        None => Ok(leaf.clone()),
    })?;
    let y = f(&moving)?;
    let value = y.map(&mut |y| Ok(mine(y, level).map_or_else(|| y.clone(), |d| d.primal.clone())))?;
    let tangent = y.map(&mut |y| match mine(y, level) {
        Some(d) => Ok(d.tangent.clone()),
        None => array_api::zeros_like(y, ..),
    })?;
    Ok((value, tangent))
}

/// The Jacobian of a function of one array, a column per element of `x` in one vectorised forward pass.
///
/// The result has the axes of the value, then those of `x`.
///
/// # Errors
/// As [`jvp`].
pub fn jacobian_forward(f: impl Fn(&Array) -> Result<Array>) -> impl Fn(&Array) -> Result<Array> {
    move |x| {
        let n = x.size()? as isize;
        let basis = x.namespace().eye((n as usize, x.dtype()))?;
        let shape: Vec<isize> = std::iter::once(n).chain(x.shape()?.iter().map(|&d| d as isize)).collect();
        let basis = array_api::reshape(basis, shape)?;
        let columns = vmap(|v: &Array| Ok(jvp(&f, x, v)?.1))(&basis)?;
        let columns = array_api::moveaxis(columns, (0, -1))?;
        let rest = columns.ndim() - 1;
        let dims: Vec<isize> = columns.shape()?[..rest].iter().chain(x.shape()?).map(|&d| d as isize).collect();
        array_api::reshape(columns, dims)
    }
}

/// The Hessian of a real function of one array: forward over reverse, vectorised over the basis.
///
/// The result has the axes of `x` twice.
///
/// # Errors
/// As [`grad`].
///
/// ```
/// use array_api::Array;
/// use array_transforms::hessian;
/// # let xp = array_ndarray::namespace();
/// let x = xp.asarray([1.0, 2.0])?;
/// let h = hessian(|x: &Array| (x * x * x).sum(..))(&x)?;
/// assert_eq!(h.to_vec::<f64>()?, [6.0, 0.0, 0.0, 12.0]);
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn hessian(f: impl Fn(&Array) -> Result<Array>) -> impl Fn(&Array) -> Result<Array> {
    jacobian_forward(grad(f))
}
