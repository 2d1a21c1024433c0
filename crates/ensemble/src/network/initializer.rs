//! Initial weights, as the literature draws them.

use array_api::{Array, DType, Namespace, Normal, Result, Uniform};
use serde::{Deserialize, Serialize};

/// How the weights of a layer are drawn; `i` and `o` are its numbers of inputs and outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Initializer {
    /// Uniform on ±sqrt(6 / (i + o)) (Glorot and Bengio 2010).
    GlorotUniform,
    /// Normal with variance 2 / (i + o) (Glorot and Bengio 2010).
    GlorotNormal,
    /// Uniform on ±sqrt(6 / i) (He et al. 2015).
    HeUniform,
    /// Normal with variance 2 / i (He et al. 2015).
    HeNormal,
}

impl Initializer {
    /// Draws weights of shape `(i, o)`.
    ///
    /// # Errors
    /// If the namespace cannot draw numbers of this type.
    pub fn draw(self, xp: &Namespace, key: &Array, inputs: usize, outputs: usize, dtype: DType) -> Result<Array> {
        let (i, o) = (inputs as f64, outputs as f64);
        let uniform = |bound: f64| Uniform::from(([inputs, outputs], dtype)).low(-bound).high(bound);
        let normal = |variance: f64| Normal::from(([inputs, outputs], dtype)).sd(variance.sqrt());
        match self {
            Initializer::GlorotUniform => xp.uniform(key, uniform((6.0 / (i + o)).sqrt())),
            Initializer::GlorotNormal => xp.normal(key, normal(2.0 / (i + o))),
            Initializer::HeUniform => xp.uniform(key, uniform((6.0 / i).sqrt())),
            Initializer::HeNormal => xp.normal(key, normal(2.0 / i)),
        }
    }
}

/// How the biases of a layer are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BiasInitializer {
    /// All zero.
    Zeros,
    /// Uniform on ±1/sqrt(i), PyTorch's rule.
    Torch,
}

impl BiasInitializer {
    /// Draws biases of shape `(o,)`.
    ///
    /// # Errors
    /// If the namespace cannot draw numbers of this type.
    pub fn draw(self, xp: &Namespace, key: &Array, inputs: usize, outputs: usize, dtype: DType) -> Result<Array> {
        match self {
            BiasInitializer::Zeros => xp.zeros(([outputs], dtype)),
            BiasInitializer::Torch => {
                let bound = 1.0 / (inputs as f64).sqrt();
                xp.uniform(key, Uniform::from(([outputs], dtype)).low(-bound).high(bound))
            }
        }
    }
}
