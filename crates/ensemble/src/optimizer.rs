//! Optimisers: from parameters and gradients to the next parameters.
//!
//! A step is elementwise, so it serves one member and a stack of them alike.

use array_api::{Array, Error, Result, Tree, add, divide, multiply, sqrt, square, subtract, zeros_like};
use serde::{Deserialize, Serialize};

/// An optimiser and its settings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Optimizer {
    /// Adam (Kingma and Ba 2015).
    Adam {
        /// Decay of the gradients' mean.
        beta1: f64,
        /// Decay of the squared gradients' mean.
        beta2: f64,
        /// Added to the denominator.
        epsilon: f64,
    },
    /// Adam with decoupled weight decay (Loshchilov and Hutter 2019).
    AdamW {
        /// Decay of the gradients' mean.
        beta1: f64,
        /// Decay of the squared gradients' mean.
        beta2: f64,
        /// Added to the denominator.
        epsilon: f64,
        /// Share of each parameter that is taken off per step, times the learning rate.
        decay: f64,
    },
    /// Stochastic gradient descent with momentum, as PyTorch defines it.
    Sgd {
        /// Share of the last step that is kept.
        momentum: f64,
    },
}

impl Default for Optimizer {
    fn default() -> Optimizer {
        Optimizer::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

/// What an optimiser remembers between steps: one or two arrays per parameter.
#[derive(Clone, Debug, Tree)]
pub struct OptimizerState {
    /// Mean gradients, or the last step.
    pub first: Vec<Array>,
    /// Mean squared gradients.
    pub second: Vec<Array>,
}

impl Optimizer {
    /// The state before the first step.
    ///
    /// # Errors
    /// If zeros cannot be made where the parameters live.
    pub fn start(&self, params: &impl Tree) -> Result<OptimizerState> {
        let zeros = || params.leaves().into_iter().map(|p| zeros_like(p, ..)).collect::<Result<Vec<_>>>();
        Ok(match self {
            Optimizer::Adam { .. } | Optimizer::AdamW { .. } => OptimizerState { first: zeros()?, second: zeros()? },
            Optimizer::Sgd { .. } => OptimizerState { first: zeros()?, second: vec![] },
        })
    }

    /// One step; `step` counts from 1. All arrays are given away, so that buffers are written in place.
    ///
    /// # Errors
    /// If parameters, gradients and state do not fit each other.
    pub fn step<T: Tree>(
        &self,
        params: T,
        gradients: T,
        state: OptimizerState,
        step: u64,
        learning_rate: f64,
    ) -> Result<(T, OptimizerState)> {
        let mut gs = owned(gradients)?.into_iter();
        let mut first = state.first.into_iter();
        let mut second = state.second.into_iter();
        let mut next = OptimizerState { first: vec![], second: vec![] };
        let missing = || Error::value("optimizer", "the gradients or the state have fewer leaves than the parameters");
        let params = params.map_owned(&mut |p| {
            let g = gs.next().ok_or_else(missing)?;
            let m = first.next().ok_or_else(missing)?;
            match *self {
                Optimizer::Adam { beta1, beta2, epsilon } => {
                    let v = second.next().ok_or_else(missing)?;
                    let (p, m, v) = adam(p, g, m, v, [beta1, beta2, epsilon], step, learning_rate)?;
                    next.first.push(m);
                    next.second.push(v);
                    Ok(p)
                }
                Optimizer::AdamW { beta1, beta2, epsilon, decay } => {
                    let v = second.next().ok_or_else(missing)?;
                    let p = multiply(p, 1.0 - learning_rate * decay)?;
                    let (p, m, v) = adam(p, g, m, v, [beta1, beta2, epsilon], step, learning_rate)?;
                    next.first.push(m);
                    next.second.push(v);
                    Ok(p)
                }
                Optimizer::Sgd { momentum } => {
                    let m = add(multiply(m, momentum)?, g)?;
                    let p = subtract(p, multiply(&m, learning_rate)?)?;
                    next.first.push(m);
                    Ok(p)
                }
            }
        })?;
        Ok((params, next))
    }
}

/// `p - lr m^ / (sqrt(v^) + epsilon)`, with the corrections of the bias folded into the two scalars (Kingma and Ba 2015,
/// end of section 2).
fn adam(
    p: Array,
    g: Array,
    m: Array,
    v: Array,
    [beta1, beta2, epsilon]: [f64; 3],
    step: u64,
    learning_rate: f64,
) -> Result<(Array, Array, Array)> {
    let t = step as f64;
    let correction = (1.0 - beta2.powf(t)).sqrt();
    let rate = learning_rate * correction / (1.0 - beta1.powf(t));
    let v = add(multiply(v, beta2)?, multiply(square(&g)?, 1.0 - beta2)?)?;
    let m = add(multiply(m, beta1)?, multiply(g, 1.0 - beta1)?)?;
    let denominator = add(sqrt(&v)?, epsilon * correction)?;
    let p = subtract(p, divide(multiply(&m, rate)?, denominator)?)?;
    Ok((p, m, v))
}

/// The leaves, given away.
fn owned<T: Tree>(tree: T) -> Result<Vec<Array>> {
    let mut leaves = vec![];
    // What stays in the tree is a handle that goes with it at once, so each leaf has one owner again.
    let rest = tree.map_owned(&mut |a| {
        leaves.push(a.clone());
        Ok(a)
    })?;
    drop(rest);
    Ok(leaves)
}
