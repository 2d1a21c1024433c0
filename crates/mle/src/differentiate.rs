//! Value, gradient and Hessian of a function of a vector of parameters, in one pass over the data.

use array_api::{Array, Namespace, Result, index};
use array_transforms::{jvp, value_and_grad, vmap};

use crate::matrix::{self, Matrix};

/// A function of a point that is minimised.
pub trait Objective {
    /// The value; infinite or not a number where the function is not defined.
    ///
    /// # Errors
    /// Of the operations.
    fn value(&self, point: &[f64]) -> Result<f64>;

    /// The value and the gradient.
    ///
    /// # Errors
    /// Of the operations, and where one has no derivative.
    fn gradient(&self, point: &[f64]) -> Result<(f64, Vec<f64>)>;

    /// The value, the gradient and the Hessian.
    ///
    /// # Errors
    /// Of the operations, and where one has no second derivative.
    fn curvature(&self, point: &[f64]) -> Result<Curvature>;
}

/// A function's second-order expansion at a point.
#[derive(Clone, Debug)]
pub struct Curvature {
    /// The value.
    pub value: f64,
    /// The gradient.
    pub gradient: Vec<f64>,
    /// The Hessian.
    pub hessian: Matrix,
}

/// A function from a `float64` vector of parameters to one number, differentiated by the transformations.
///
/// ```
/// use mle::differentiate::{Differentiable, Objective};
/// # let xp = array_ndarray::namespace();
/// let f = Differentiable::new(&xp, |x: &array_api::Array| (x * x * x).sum(..));
/// let c = f.curvature(&[1.0, 2.0])?;
/// assert_eq!((c.value, c.gradient, c.hessian[(1, 1)]), (9.0, vec![3.0, 12.0], 12.0));
/// # Ok::<(), array_api::Error>(())
/// ```
pub struct Differentiable<F> {
    namespace: Namespace,
    function: F,
}

impl<F: Fn(&Array) -> Result<Array>> Differentiable<F> {
    /// The function; its argument is made in the namespace.
    pub fn new(namespace: &Namespace, function: F) -> Differentiable<F> {
        Differentiable { namespace: namespace.clone(), function }
    }
}

impl<F: Fn(&Array) -> Result<Array>> Objective for Differentiable<F> {
    fn value(&self, point: &[f64]) -> Result<f64> {
        (self.function)(&self.namespace.asarray(point)?)?.item()
    }

    fn gradient(&self, point: &[f64]) -> Result<(f64, Vec<f64>)> {
        let (value, gradient) = value_and_grad(&self.function)(&self.namespace.asarray(point)?)?;
        Ok((value.item()?, gradient.to_vec()?))
    }

    fn curvature(&self, point: &[f64]) -> Result<Curvature> {
        let (value, gradient, hessian) = expand(&self.function, &self.namespace.asarray(point)?)?;
        Ok(Curvature { value: value.item()?, gradient: gradient.to_vec()?, hessian: matrix::read(&hessian)? })
    }
}

/// Value, gradient and Hessian of a function of one vector: forward over reverse, so that all come from one evaluation.
///
/// # Errors
/// Of the operations, and where one has no second derivative.
pub fn expand(f: impl Fn(&Array) -> Result<Array>, x: &Array) -> Result<(Array, Array, Array)> {
    let basis = x.namespace().eye((x.size()?, x.dtype()))?;
    let first = value_and_grad(f);
    let columns = |v: &Array| {
        let ((value, gradient), (_, column)) = jvp(&first, x, v)?;
        Ok((value, gradient, column))
    };
    let (value, gradient, hessian) = vmap(columns)(&basis)?;
    Ok((value.at(index![0])?, gradient.at(index![0])?, hessian))
}
