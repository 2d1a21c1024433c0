//! `grad`, `value_and_grad` and `vjp`.

use array_api::{Array, Error, Result, Tree};
use std::sync::Arc;

use crate::derivative::differentiable;
use crate::tape::{Input, Tape};

/// Ends a tape when the function returns, whichever way.
struct Closing(Arc<Tape>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Puts the leaves of a tree on a tape.
fn inputs<T: Tree>(tape: &Arc<Tape>, x: &T) -> Result<(T, Vec<Input>)> {
    for (name, leaf) in x.named_leaves() {
        if !differentiable(leaf.dtype()) {
            return Err(Error::dtype(
                "grad",
                format!("leaf `{name}` has type {}; only floating-point leaves have a derivative", leaf.dtype()),
            ));
        }
    }
    let mut places = vec![];
    let taped = x.map(&mut |leaf| {
        let (array, place) = tape.input(leaf)?;
        places.push(place);
        Ok(array)
    })?;
    Ok((taped, places))
}

/// The gradient of a function of a tree of arrays whose value is one real number.
///
/// The gradient has the structure of the argument. For complex leaves it points uphill: `x + t * grad` increases `f`.
///
/// # Errors
/// Of the returned function: leaves that are not floating, a value that is not one real number, an operation without a
/// derivative rule, or `f`'s own error.
///
/// ```
/// use array_api::Array;
/// use array_transforms::grad;
/// # let xp = array_ndarray::namespace();
/// let f = |(x, y): &(Array, Array)| (x * y).sum(..);
/// let point = (xp.asarray([1.0, 2.0])?, xp.asarray([3.0, 4.0])?);
/// let (dx, dy) = grad(f)(&point)?;
/// assert_eq!((dx.to_vec::<f64>()?, dy.to_vec::<f64>()?), (vec![3.0, 4.0], vec![1.0, 2.0]));
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn grad<T: Tree>(f: impl Fn(&T) -> Result<Array>) -> impl Fn(&T) -> Result<T> {
    let f = value_and_grad(f);
    move |x| Ok(f(x)?.1)
}

/// Like [`grad`], with the value beside the gradient.
///
/// # Errors
/// As [`grad`].
pub fn value_and_grad<T: Tree>(f: impl Fn(&T) -> Result<Array>) -> impl Fn(&T) -> Result<(Array, T)> {
    move |x| {
        let tape = Tape::start();
        let _closing = Closing(tape.clone());
        let (taped, places) = inputs(&tape, x)?;
        let y = f(&taped)?;
        drop(taped);
        if y.ndim() != 0 || !y.dtype().is_real_floating() {
            let message = format!(
                "the function's value is {}{}, but must be one real number; reduce it, for example with sum(..)",
                y.dtype(),
                y.dims()
            );
            return Err(Error::transform("grad", message));
        }
        let value = tape.primal(&y);
        let one = array_api::ones_like(&value, ..)?;
        let mut cotangents = tape.backward(&[(&y, one)], &places)?.into_iter();
        let gradient = x.map(&mut |leaf| match cotangents.next().flatten() {
            Some(g) => Ok(g),
            None => array_api::zeros_like(leaf, ..),
        })?;
        Ok((value, gradient))
    }
}

/// The linear map from cotangents of a function's value to those of its argument; made by [`vjp`].
pub struct Pullback<T, O> {
    tape: Arc<Tape>,
    places: Vec<Input>,
    argument: T,
    output: O,
}

impl<T, O> Drop for Pullback<T, O> {
    fn drop(&mut self) {
        self.tape.close();
    }
}

impl<T: Tree, O: Tree> Pullback<T, O> {
    /// Applies the map, once: the memory of the forward pass is freed on the way.
    ///
    /// # Errors
    /// If the cotangent does not have the structure, shapes and types of the value.
    pub fn apply(self, cotangent: &O) -> Result<T> {
        let (outputs, gs) = (self.output.leaves(), cotangent.leaves());
        if outputs.len() != gs.len() {
            let message = format!("the cotangent has {} leaves, the value has {}", gs.len(), outputs.len());
            return Err(Error::transform("vjp", message));
        }
        for (y, g) in outputs.iter().zip(&gs) {
            if y.dims() != g.dims() || y.dtype() != g.dtype() {
                let message = format!("a cotangent is {}{}, its value {}{}", g.dtype(), g.dims(), y.dtype(), y.dims());
                return Err(Error::transform("vjp", message));
            }
        }
        let pairs: Vec<_> = outputs.into_iter().zip(gs.into_iter().cloned()).collect();
        let mut cotangents = self.tape.backward(&pairs, &self.places)?.into_iter();
        self.argument.map(&mut |leaf| match cotangents.next().flatten() {
            Some(g) => Ok(g),
            None => array_api::zeros_like(leaf, ..),
        })
    }
}

/// The value of a function at `x`, and the map from its cotangents to those of `x`.
///
/// # Errors
/// As [`grad`], for any tree of values.
pub fn vjp<T: Tree, O: Tree>(f: impl Fn(&T) -> Result<O>, x: &T) -> Result<(O, Pullback<T, O>)> {
    let tape = Tape::start();
    let closing = Closing(tape.clone());
    let (taped, places) = inputs(&tape, x)?;
    let output = f(&taped)?;
    let value = output.map(&mut |y| Ok(tape.primal(y)))?;
    let argument = x.map(&mut |leaf| Ok(leaf.clone()))?;
    std::mem::forget(closing);
    Ok((value, Pullback { tape, places, argument, output }))
}
