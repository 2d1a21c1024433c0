//! Multilayer perceptrons.

use array_api::{Array, DType, Error, Namespace, Result, Tree, add, fold_in, matmul};
use serde::{Deserialize, Serialize};

use super::{Activation, BiasInitializer, Initializer};

/// The form of a multilayer perceptron: linear layers with an activation between them.
///
/// ```
/// use ensemble::network::Mlp;
/// let mlp = Mlp::new(3, &[20, 20], 1);
/// assert_eq!(mlp.parameters(), 3 * 20 + 20 + 20 * 20 + 20 + 20 + 1);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mlp {
    /// Number of inputs.
    pub inputs: usize,
    /// Number of units of each hidden layer.
    pub widths: Vec<usize>,
    /// Number of outputs.
    pub outputs: usize,
    /// Activation after each hidden layer.
    pub activation: Activation,
    /// Initial weights.
    pub weights: Initializer,
    /// Initial biases; `None` for layers without.
    pub biases: Option<BiasInitializer>,
}

/// A layer: `x @ weight + bias`.
#[derive(Clone, Debug, Tree)]
pub struct Linear {
    /// Shape `(inputs, outputs)`.
    pub weight: Array,
    /// Shape `(outputs,)`.
    pub bias: Option<Array>,
}

/// The parameters of an [`Mlp`].
#[derive(Clone, Debug, Tree)]
pub struct MlpParams {
    /// The layers in order.
    pub layers: Vec<Linear>,
}

impl Mlp {
    /// Selu between layers, Glorot-uniform weights and PyTorch's biases, as in the article on randomized priors.
    pub fn new(inputs: usize, widths: &[usize], outputs: usize) -> Mlp {
        Mlp {
            inputs,
            widths: widths.to_vec(),
            outputs,
            activation: Activation::Selu,
            weights: Initializer::GlorotUniform,
            biases: Some(BiasInitializer::Torch),
        }
    }

    /// Inputs and outputs of each layer.
    fn layers(&self) -> Vec<(usize, usize)> {
        let ends = self.widths.iter().copied().chain([self.outputs]);
        std::iter::once(self.inputs).chain(self.widths.iter().copied()).zip(ends).collect()
    }

    /// The number of parameters.
    pub fn parameters(&self) -> usize {
        self.layers().iter().map(|(i, o)| i * o + if self.biases.is_some() { *o } else { 0 }).sum()
    }

    /// Refuses layers without units.
    ///
    /// # Errors
    /// If a width, or the number of inputs or outputs, is zero.
    pub fn check(&self) -> Result<()> {
        match self.layers().iter().any(|&(i, o)| i == 0 || o == 0) {
            true => Err(Error::value(
                "mlp",
                format!(
                    "{} inputs, widths {:?} and {} outputs: none of them may be 0",
                    self.inputs, self.widths, self.outputs
                ),
            )),
            false => Ok(()),
        }
    }

    /// Draws initial parameters from a key.
    ///
    /// # Errors
    /// If a layer has no units, or the namespace cannot draw numbers of this type.
    pub fn init(&self, xp: &Namespace, key: &Array, dtype: DType) -> Result<MlpParams> {
        self.check()?;
        let layer = |(n, (inputs, outputs)): (usize, (usize, usize))| {
            let bias_key = fold_in(key, 2 * n + 1)?;
            Ok(Linear {
                weight: self.weights.draw(xp, &fold_in(key, 2 * n)?, inputs, outputs, dtype)?,
                bias: self.biases.map(|b| b.draw(xp, &bias_key, inputs, outputs, dtype)).transpose()?,
            })
        };
        Ok(MlpParams { layers: self.layers().into_iter().enumerate().map(layer).collect::<Result<_>>()? })
    }

    /// The outputs, shape `(rows, outputs)`, for inputs of shape `(rows, inputs)`.
    ///
    /// # Errors
    /// If shapes or types do not fit.
    pub fn apply(&self, params: &MlpParams, x: &Array) -> Result<Array> {
        let mut h: Option<Array> = None;
        for (n, layer) in params.layers.iter().enumerate() {
            let mut z = matmul(h.as_ref().unwrap_or(x), &layer.weight)?;
            if let Some(bias) = &layer.bias {
                z = add(z, bias)?;
            }
            h = Some(if n + 1 < params.layers.len() { self.activation.apply(z)? } else { z });
        }
        h.ok_or_else(|| Error::value("mlp", "the parameters have no layers"))
    }
}
