//! The form of a GPT-2, as its published config.json states it.

use std::path::Path;

use program::failure::{Failure, Outcome, fail};
use serde::Deserialize;

/// Sizes and choices, by the names of config.json; what a file leaves out has the value that transformers' `GPT2Config` gives it.
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
    /// Width inside of a perceptron; four times `n_embd` if not given.
    #[serde(default)]
    n_inner: Option<usize>,
    /// Added to variances.
    #[serde(default = "epsilon")]
    pub(crate) layer_norm_epsilon: f64,
    /// Between a perceptron's two layers.
    #[serde(default)]
    pub(crate) activation_function: Activation,
    /// Whether scores are divided by the square root of a head's width.
    #[serde(default = "yes")]
    scale_attn_weights: bool,
    /// Whether scores are divided by the block's number too, counted from 1.
    #[serde(default)]
    scale_attn_by_inverse_layer_idx: bool,
    /// Whether what a token is and how likely it is are one matrix.
    #[serde(default = "yes")]
    pub(crate) tie_word_embeddings: bool,
    #[serde(default)]
    add_cross_attention: bool,
    #[serde(default)]
    model_type: Option<String>,
}

/// The function between a perceptron's two layers, by the names that config.json has for it.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
pub(crate) enum Activation {
    /// GELU by a hyperbolic tangent: GPT-2's own.
    #[default]
    #[serde(rename = "gelu_new", alias = "gelu_pytorch_tanh", alias = "gelu_fast")]
    GeluByTanh,
    /// GELU by the error function.
    #[serde(rename = "gelu")]
    Gelu,
    /// The larger of the value and 0.
    #[serde(rename = "relu")]
    Relu,
}

fn epsilon() -> f64 {
    1e-5
}

fn yes() -> bool {
    true
}

impl Config {
    /// A GPT-2 of these sizes.
    pub(crate) fn new(n_layer: usize, n_head: usize, n_embd: usize, n_positions: usize, vocab_size: usize) -> Config {
        Config {
            n_layer,
            n_head,
            n_embd,
            n_positions,
            vocab_size,
            n_inner: None,
            layer_norm_epsilon: epsilon(),
            activation_function: Activation::default(),
            scale_attn_weights: true,
            scale_attn_by_inverse_layer_idx: false,
            tie_word_embeddings: true,
            add_cross_attention: false,
            model_type: None,
        }
    }

    /// Reads config.json.
    pub(crate) fn read(path: &Path) -> Outcome<Config> {
        let shown = path.display();
        let text = std::fs::read(path).map_err(|e| Failure(format!("{shown}: cannot be read: {e}")))?;
        let config: Config = serde_json::from_slice(&text).map_err(|e| Failure(format!("{shown}: {e}")))?;
        if let Some(other) = config.model_type.as_deref().filter(|t| *t != "gpt2") {
            return fail(format!("{shown}: model_type is {other}, where only gpt2 can be read"));
        }
        if config.add_cross_attention {
            return fail(format!("{shown}: add_cross_attention is true: such a model goes on with more than text"));
        }
        let sizes = [config.n_layer, config.n_head, config.n_embd, config.n_positions, config.vocab_size];
        if sizes.contains(&0) || config.n_inner == Some(0) || !config.n_embd.is_multiple_of(config.n_head) {
            return fail(format!(
                "{shown}: n_layer, n_head, n_embd, n_positions and vocab_size are {sizes:?}: none may be 0, and n_embd has to \
                 be a multiple of n_head"
            ));
        }
        Ok(config)
    }

    /// Width inside of a perceptron.
    pub(crate) fn inner(&self) -> usize {
        self.n_inner.unwrap_or(4 * self.n_embd)
    }

    /// What the scores of a block, counted from 0, are divided by.
    pub(crate) fn score_scale(&self, block: usize) -> f64 {
        let width = if self.scale_attn_weights { (self.n_embd as f64 / self.n_head as f64).sqrt() } else { 1.0 };
        if self.scale_attn_by_inverse_layer_idx { width * (block + 1) as f64 } else { width }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(more: &str) -> serde_json::Result<Config> {
        let sizes = r#"{"n_layer": 2, "n_head": 2, "n_embd": 8, "n_positions": 10, "vocab_size": 7"#;
        serde_json::from_str(&format!("{sizes}{more}}}"))
    }

    #[test]
    fn what_a_file_leaves_out_is_as_gpt2_began() {
        assert_eq!(parse("").unwrap(), Config::new(2, 2, 8, 10, 7));
        assert_eq!(parse(r#", "n_inner": null, "n_ctx": 10, "activation_function": "gelu_new""#).unwrap().inner(), 32);
        assert_eq!(parse("").unwrap().score_scale(1), 2.0);
        let other = parse(r#", "n_inner": 5, "scale_attn_weights": false, "scale_attn_by_inverse_layer_idx": true"#);
        let other = other.unwrap();
        assert_eq!((other.inner(), other.score_scale(0), other.score_scale(1)), (5, 1.0, 2.0));
        let refused = parse(r#", "activation_function": "swish""#).unwrap_err().to_string();
        assert!(refused.contains("swish") && refused.contains("gelu_new"), "{refused}");
    }
}
