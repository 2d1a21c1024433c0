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

/// A function without derivatives, differentiated by central differences of fourth order.
///
/// Gradients are right to about `1e-12` of the function's size over the parameters', Hessians to about `1e-9`.
pub struct FiniteDifferences<F> {
    namespace: Namespace,
    function: F,
}

impl<F: Fn(&Array) -> Result<Array>> FiniteDifferences<F> {
    /// The function; its argument is made in the namespace.
    pub fn new(namespace: &Namespace, function: F) -> FiniteDifferences<F> {
        FiniteDifferences { namespace: namespace.clone(), function }
    }

    /// `f(x + a h_i e_i + b h_j e_j)`.
    fn moved(&self, point: &[f64], (i, a): (usize, f64), (j, b): (usize, f64)) -> Result<f64> {
        let mut x = point.to_vec();
        x[i] += a;
        x[j] += b;
        self.value(&x)
    }
}

/// Weights of a first difference of fourth order at -2, -1, 1 and 2 steps.
const FIRST: [(f64, f64); 4] = [(-2.0, 1.0 / 12.0), (-1.0, -2.0 / 3.0), (1.0, 2.0 / 3.0), (2.0, -1.0 / 12.0)];
/// Weights of a second difference of fourth order at -2 to 2 steps.
const SECOND: [(f64, f64); 5] =
    [(-2.0, -1.0 / 12.0), (-1.0, 4.0 / 3.0), (0.0, -2.5), (1.0, 4.0 / 3.0), (2.0, -1.0 / 12.0)];

/// A step that is exact in binary, a share of the parameter's size.
fn step(x: f64, share: f64) -> f64 {
    let h = share * x.abs().max(1.0);
    (x + h) - x
}

impl<F: Fn(&Array) -> Result<Array>> Objective for FiniteDifferences<F> {
    fn value(&self, point: &[f64]) -> Result<f64> {
        (self.function)(&self.namespace.asarray(point)?)?.item()
    }

    fn gradient(&self, point: &[f64]) -> Result<(f64, Vec<f64>)> {
        let mut gradient = vec![];
        for i in 0..point.len() {
            // Rounding over h and h^4 balance near eps^(1/5).
            let h = step(point[i], 7e-4);
            let mut sum = 0.0;
            for (at, weight) in FIRST {
                sum += weight * self.moved(point, (i, at * h), (i, 0.0))?;
            }
            gradient.push(sum / h);
        }
        Ok((self.value(point)?, gradient))
    }

    fn curvature(&self, point: &[f64]) -> Result<Curvature> {
        let n = point.len();
        let (value, gradient) = self.gradient(point)?;
        let mut hessian = Matrix::zeros(n, n);
        for i in 0..n {
            let hi = step(point[i], 2e-3);
            for j in 0..i {
                let hj = step(point[j], 2e-3);
                let mut sum = 0.0;
                for (a, wa) in FIRST {
                    for (b, wb) in FIRST {
                        sum += wa * wb * self.moved(point, (i, a * hi), (j, b * hj))?;
                    }
                }
                hessian[(i, j)] = sum / (hi * hj);
                hessian[(j, i)] = hessian[(i, j)];
            }
            let mut sum = 0.0;
            for (at, weight) in SECOND {
                sum += weight * self.moved(point, (i, at * hi), (i, 0.0))?;
            }
            hessian[(i, i)] = sum / (hi * hi);
        }
        Ok(Curvature { value, gradient, hessian })
    }
}
