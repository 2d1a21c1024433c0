//! `vmap`: a function of one becomes a function of many.

use array_api::{Array, Error, Level, Result, Tree};

use crate::batch::{batched, mine};

/// Vectorises a function over the leading axis of every leaf of its argument.
///
/// The function is written for one: inside it, arrays have the shape of a single element of the batch. What it captures is
/// shared by all. Results have the batch as their leading axis.
///
/// # Errors
/// Of the returned function: leaves whose leading extents differ, an operation without a batching rule, `f`'s own error.
///
/// ```
/// use array_api::Array;
/// use array_transforms::{grad, vmap};
/// # let xp = array_ndarray::namespace();
/// let f = |x: &Array| (x * x).sum(..);
/// let xs = xp.asarray([[1.0, 2.0], [3.0, 4.0]])?;
/// assert_eq!(vmap(grad(f))(&xs)?.to_vec::<f64>()?, [2.0, 4.0, 6.0, 8.0]);
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn vmap<T: Tree, O: Tree>(f: impl Fn(&T) -> Result<O>) -> impl Fn(&T) -> Result<O> {
    move |x| {
        let mut size = None;
        for (name, leaf) in x.named_leaves() {
            let n = match leaf.dims().first() {
                Some(&n) => n,
                None => {
                    let message = format!("leaf `{name}` is 0-d and has no axis to vectorise over; capture it instead");
                    return Err(Error::transform("vmap", message));
                }
            };
            match size {
                Some(m) if m != n => {
                    let message = format!("leaf `{name}` has {n} elements on its leading axis, the ones before it {m}");
                    return Err(Error::transform("vmap", message));
                }
                _ => size = Some(n),
            }
        }
        match size {
            Some(n) => vmap_n(&f, n, x),
            None => Err(Error::transform("vmap", "the argument has no arrays to vectorise over")),
        }
    }
}

/// [`vmap`] with the size of the batch given, for trees that may be without leaves.
///
/// # Errors
/// As [`vmap`].
pub fn vmap_n<T: Tree, O: Tree>(f: impl Fn(&T) -> Result<O>, size: usize, x: &T) -> Result<O> {
    let level = Level::fresh();
    let inside = x.map(&mut |leaf| batched(level, size, leaf.clone()))?;
    let y = f(&inside)?;
    y.map(&mut |y: &Array| match mine(y, level) {
        Some(b) => Ok(b.content.clone()),
        // The same for all: repeated without a copy where the kind allows.
        None => array_api::broadcast_to(y, y.dims().insert(0, size)),
    })
}
