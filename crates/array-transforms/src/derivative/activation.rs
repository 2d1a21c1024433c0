//! Derivatives of activations.

use super::{Keep::*, rules};
use array_api::{
    Elu, SELU_ALPHA, SELU_SCALE, add, erf, exp, greater, multiply, negative, sigmoid, square, subtract, where_,
};
use std::f64::consts::FRAC_1_SQRT_2;

/// `1 / sqrt(2 pi)`.
const NORMAL: f64 = 0.398_942_280_401_432_7;

rules! {
    // Zero at the kink, as in most frameworks.
    Relu: Partial(Operands, |c, _| array_api::astype(greater(c.x(0)?, 0)?, c.results[0].dtype));
    // From the result: below zero it is alpha (exp(x) - 1), whose derivative is the result plus alpha.
    Elu: Partial(Results, |c, _| {
        let alpha = c.params::<Elu>()?.alpha;
        where_(greater(c.out(0)?, 0.0)?, 1.0, add(c.out(0)?, alpha)?)
    });
    Selu: Partial(Results, |c, _| where_(greater(c.out(0)?, 0.0)?, SELU_SCALE, add(c.out(0)?, SELU_SCALE * SELU_ALPHA)?));
    Gelu: Partial(Operands, |c, _| {
        let x = c.x(0)?;
        let cdf = ((erf(multiply(x, FRAC_1_SQRT_2)?)? + 1.0) * 0.5).ok()?;
        let density = multiply(exp(negative((square(x)? * 0.5).ok()?)?)?, NORMAL)?;
        (cdf + x * density).ok()
    });
    Sigmoid: Partial(Results, |c, _| { let s = c.out(0)?; multiply(s, subtract(1.0, s)?) });
    Softplus: Partial(Operands, |c, _| sigmoid(c.x(0)?));
}
