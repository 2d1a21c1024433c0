//! Activations of neural networks, as their papers define them. Beyond the standard.

use super::spellings;
use crate::array::Array;
use crate::{operation, rule};

/// alpha of Klambauer et al. 2017, *Self-normalizing neural networks*.
pub const SELU_ALPHA: f64 = 1.673_263_242_354_377_3;
/// lambda of Klambauer et al. 2017.
pub const SELU_SCALE: f64 = 1.050_700_987_355_480_5;

operation! {
    /// `max(x, 0)`.
    Relu = relu(x: One) {} -> Array;
    "activation", Elementwise, rule::real_valued, compose |_, call| crate::maximum(&call[0], 0)
}

operation! {
    /// `x` above zero, `alpha * (exp(x) - 1)` below (Clevert et al. 2015).
    Elu = elu(x: One) { alpha: f64 = 1.0 } -> Array;
    "activation", Elementwise, rule::real_floating,
    compose |p, call| {
        let below = crate::multiply(crate::expm1(crate::minimum(&call[0], 0.0)?)?, p.alpha)?;
        crate::where_(crate::greater(&call[0], 0.0)?, &call[0], below)
    }
}

operation! {
    /// Scaled exponential linear unit (Klambauer et al. 2017).
    Selu = selu(x: One) {} -> Array;
    "activation", Elementwise, rule::real_floating,
    compose |_, call| crate::multiply(elu(&call[0], Elu::default().alpha(SELU_ALPHA))?, SELU_SCALE)
}

operation! {
    /// `x` times the normal distribution function of `x`, exactly, by `erf` (Hendrycks and Gimpel 2016).
    Gelu = gelu(x: One) {} -> Array;
    "activation", Elementwise, rule::real_floating,
    compose |_, call| {
        let cdf = ((crate::erf(crate::multiply(&call[0], std::f64::consts::FRAC_1_SQRT_2)?)? + 1.0) * 0.5).ok()?;
        crate::multiply(cdf, &call[0])
    }
}

operation! {
    /// The logistic function `1 / (1 + exp(-x))`, without overflow.
    Sigmoid = sigmoid(x: One) {} -> Array;
    "activation", Elementwise, rule::real_floating,
    compose |_, call| {
        // The exponential of what is negative, on either side: it keeps the digits of results close to zero.
        let decay = crate::exp(-crate::abs(&call[0])?)?;
        let up = crate::where_(crate::less(&call[0], 0.0)?, &decay, 1.0)?;
        crate::divide(up, decay + 1.0)
    }
}

operation! {
    /// `log(1 + exp(x))`, without overflow.
    Softplus = softplus(x: One) {} -> Array;
    "activation", Elementwise, rule::real_floating,
    compose |_, call| crate::logaddexp(&call[0], 0.0)
}

operation! {
    /// `exp(x) / sum(exp(x))` along an axis, without overflow.
    Softmax = softmax(x: One) { axis: isize = -1 } -> Array;
    "activation", Scan, |op, p, args| rule::scan(op, args, &mut p.axis, rule::REAL_FLOATING),
    compose |p, call| {
        let x = rule::array(call.op, call.args, 0)?;
        // The result does not depend on the shift, so its derivative is none of ours.
        let top = crate::stop_gradient(crate::max(x, crate::axis(p.axis).keepdims())?)?;
        let weights = crate::exp(crate::subtract(x, top)?)?;
        let total = crate::sum(&weights, crate::axis(p.axis).keepdims())?;
        crate::divide(weights, total)
    }
}

operation! {
    /// The logarithm of [`softmax`], accurate where that is close to zero.
    LogSoftmax = log_softmax(x: One) { axis: isize = -1 } -> Array;
    "activation", Scan, |op, p, args| rule::scan(op, args, &mut p.axis, rule::REAL_FLOATING),
    compose |p, call| {
        let x = rule::array(call.op, call.args, 0)?;
        // Shifted first: the digits that a large maximum would cost are lost nowhere else.
        let top = crate::stop_gradient(crate::max(x, crate::axis(p.axis).keepdims())?)?;
        let x = crate::subtract(x, top)?;
        crate::subtract(&x, crate::logsumexp(&x, crate::axis(p.axis).keepdims())?)
    }
}

spellings!(defaults: Elu, Softmax, LogSoftmax);
spellings!(axis: Softmax, LogSoftmax);
