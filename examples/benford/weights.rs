//! Weights as they are published: a safetensors file beside a config.json.

use std::path::Path;

use array_protocol::prelude::*;
use program::failure::{Failure, Outcome, fail};
use safetensors::SafeTensors;
use safetensors::tensor::Dtype;
use serde::Deserialize;

/// The form of a GPT-2, by the names of its published config.json.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(crate) struct Config {
    /// Blocks.
    pub(crate) n_layer: usize,
    /// Heads of a block.
    pub(crate) n_head: usize,
    /// Width.
    pub(crate) n_embd: usize,
    /// The longest context.
    pub(crate) n_positions: usize,
    /// Tokens that there are.
    pub(crate) vocab_size: usize,
    /// Added to variances.
    #[serde(default = "epsilon")]
    pub(crate) layer_norm_epsilon: f64,
    #[serde(default)]
    model_type: Option<String>,
    #[serde(default)]
    activation_function: Option<String>,
}

fn epsilon() -> f64 {
    1e-5
}

impl Config {
    /// A GPT-2 of these sizes.
    pub(crate) fn new(n_layer: usize, n_head: usize, n_embd: usize, n_positions: usize, vocab_size: usize) -> Config {
        let (model_type, activation_function) = (None, None);
        let layer_norm_epsilon = epsilon();
        Config { n_layer, n_head, n_embd, n_positions, vocab_size, layer_norm_epsilon, model_type, activation_function }
    }

    /// Reads config.json.
    pub(crate) fn read(path: &Path) -> Outcome<Config> {
        let shown = path.display();
        let text = std::fs::read(path).map_err(|e| Failure(format!("{shown}: cannot be read: {e}")))?;
        let config: Config = serde_json::from_slice(&text).map_err(|e| Failure(format!("{shown}: {e}")))?;
        let sizes = [config.n_layer, config.n_head, config.n_embd, config.n_positions, config.vocab_size];
        if let Some(other) = config.model_type.as_deref().filter(|t| *t != "gpt2") {
            return fail(format!("{shown}: model_type is {other}, where only gpt2 can be read"));
        }
        if let Some(other) = config.activation_function.as_deref().filter(|a| *a != "gelu_new") {
            return fail(format!("{shown}: activation_function is {other}, where a GPT-2 has gelu_new"));
        }
        if sizes.contains(&0) || !config.n_embd.is_multiple_of(config.n_head) {
            return fail(format!(
                "{shown}: n_layer, n_head, n_embd, n_positions and vocab_size are {sizes:?}: none may be 0, and n_embd has to \
                 be a multiple of n_head"
            ));
        }
        Ok(config)
    }
}

/// The tensors of a safetensors file, by name.
pub(crate) struct Weights<'a> {
    shown: String,
    tensors: SafeTensors<'a>,
    /// What stands before each name: `transformer.` in files that a model with a head has saved, else nothing.
    prefix: &'static str,
}

impl<'a> Weights<'a> {
    /// Reads a file's bytes; `shown` names it in messages.
    pub(crate) fn parse(shown: &str, bytes: &'a [u8]) -> Outcome<Weights<'a>> {
        let tensors = SafeTensors::deserialize(bytes).map_err(|e| {
            Failure(format!(
                "{shown}: is no whole safetensors file: {e}; copy or download it again ({} bytes are here)",
                bytes.len()
            ))
        })?;
        let prefix = match tensors.tensor("transformer.wte.weight") {
            Ok(_) => "transformer.",
            Err(_) => "",
        };
        Ok(Weights { shown: shown.to_owned(), tensors, prefix })
    }

    /// The tensor of this name, which must have this shape, as `float32`.
    pub(crate) fn get(&self, xp: &Namespace, name: &str, shape: &[usize]) -> Outcome<Array> {
        let name = format!("{}{name}", self.prefix);
        let Ok(view) = self.tensors.tensor(&name) else {
            return fail(format!(
                "{}: there is no tensor {name}, which a GPT-2 of this config.json has; the file holds {} tensors",
                self.shown,
                self.tensors.len()
            ));
        };
        if view.shape() != shape {
            return fail(format!(
                "{}: tensor {name} has shape {:?}, where config.json needs {shape:?}",
                self.shown,
                view.shape()
            ));
        }
        let words = |bits: fn([u8; 2]) -> f32| view.data().chunks_exact(2).map(|b| bits([b[0], b[1]])).collect();
        let values: Vec<f32> = match view.dtype() {
            Dtype::F32 => view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect(),
            // The upper half of a float32.
            Dtype::BF16 => words(|b| f32::from_le_bytes([0, 0, b[0], b[1]])),
            Dtype::F16 => words(|b| half(u16::from_le_bytes(b))),
            other => return fail(format!("{}: tensor {name} is {other:?}; F32, F16 or BF16 is due", self.shown)),
        };
        if let Some(i) = values.iter().position(|v| !v.is_finite()) {
            return fail(format!("{}: tensor {name} holds {} at position {i}", self.shown, values[i]));
        }
        Ok(xp.from_host(values, shape)?)
    }
}

/// The value of 16 bits by IEEE 754: a sign, 5 bits of exponent, 10 of fraction.
fn half(bits: u16) -> f32 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023));
    let size = match exponent {
        0 => fraction * 2f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1.0 + fraction / 1024.0) * 2f32.powi(exponent - 15),
    };
    if bits >> 15 == 1 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::half;

    #[test]
    fn halves() {
        let values = [0x3c00, 0xc000, 0x3555, 0x0001, 0x7bff, 0x8000].map(half);
        assert_eq!(values, [1.0, -2.0, 0.333_251_95, 5.960_464_5e-8, 65504.0, 0.0]);
        assert!(half(0x7c00).is_infinite() && half(0x7e00).is_nan());
    }
}
