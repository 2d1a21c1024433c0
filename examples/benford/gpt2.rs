//! GPT-2 (Radford et al. 2019) on the protocol: blocks of attention and a perceptron, each behind a layer norm.

use array_protocol::prelude::*;
use program::failure::Outcome;

use crate::config::{Activation, Config};
use crate::weights::{HEAD, Weights};

/// A linear layer: weight `(inputs, outputs)`, as published, and bias.
#[derive(Clone, Debug, Tree)]
struct Linear {
    weight: Array,
    bias: Array,
}

/// Scale and shift behind a normalisation.
#[derive(Clone, Debug, Tree)]
struct Norm {
    weight: Array,
    bias: Array,
}

#[derive(Clone, Debug, Tree)]
struct Block {
    before_attention: Norm,
    /// Queries, keys and values side by side.
    attention: Linear,
    attention_out: Linear,
    before_perceptron: Norm,
    perceptron: Linear,
    perceptron_out: Linear,
}

/// All weights of a GPT-2.
#[derive(Clone, Debug, Tree)]
pub(crate) struct Gpt2 {
    /// `(tokens, width)`: what a token is, and at the end how likely it is, if no head of its own says that.
    tokens: Array,
    /// `(positions, width)`.
    positions: Array,
    blocks: Vec<Block>,
    last: Norm,
    /// `(tokens, width)`: how likely a token is, where that is not `tokens`.
    head: Option<Array>,
    #[tree(skip)]
    pub(crate) config: Config,
}

/// Keys and values of the tokens so far, one pair per block, `(b, heads, t, width / heads)`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cache {
    blocks: Vec<(Array, Array)>,
}

impl Cache {
    /// The number of tokens that it holds.
    pub(crate) fn len(&self) -> usize {
        self.blocks.first().and_then(|(k, _)| k.dims().get(2).copied()).unwrap_or(0)
    }
}

impl Gpt2 {
    /// Takes each tensor, by its published name and shape, from a function.
    pub(crate) fn of(config: Config, tensor: impl Fn(&str, &[usize]) -> Outcome<Array>) -> Outcome<Gpt2> {
        let width = config.n_embd;
        let norm = |name: &str| {
            Ok::<_, program::failure::Failure>(Norm {
                weight: tensor(&format!("{name}.weight"), &[width])?,
                bias: tensor(&format!("{name}.bias"), &[width])?,
            })
        };
        let linear = |name: &str, inputs: usize, outputs: usize| {
            Ok::<_, program::failure::Failure>(Linear {
                weight: tensor(&format!("{name}.weight"), &[inputs, outputs])?,
                bias: tensor(&format!("{name}.bias"), &[outputs])?,
            })
        };
        let block = |i: usize| {
            Ok(Block {
                before_attention: norm(&format!("h.{i}.ln_1"))?,
                attention: linear(&format!("h.{i}.attn.c_attn"), width, 3 * width)?,
                attention_out: linear(&format!("h.{i}.attn.c_proj"), width, width)?,
                before_perceptron: norm(&format!("h.{i}.ln_2"))?,
                perceptron: linear(&format!("h.{i}.mlp.c_fc"), width, config.inner())?,
                perceptron_out: linear(&format!("h.{i}.mlp.c_proj"), config.inner(), width)?,
            })
        };
        Ok(Gpt2 {
            tokens: tensor("wte.weight", &[config.vocab_size, width])?,
            positions: tensor("wpe.weight", &[config.n_positions, width])?,
            blocks: (0..config.n_layer).map(block).collect::<Outcome<_>>()?,
            last: norm("ln_f")?,
            head: if config.tie_word_embeddings { None } else { Some(tensor(HEAD, &[config.vocab_size, width])?) },
            config,
        })
    }

    /// The published weights.
    pub(crate) fn load(xp: &Namespace, config: Config, weights: &Weights) -> Outcome<Gpt2> {
        Gpt2::of(config, |name, shape| weights.get(xp, name, shape))
    }

    /// Draws weights as GPT-2 began: normal with sd 0.02, less by the square root of twice the blocks where a block adds to
    /// what came in; biases 0 and scales 1.
    pub(crate) fn draw(xp: &Namespace, config: Config, key: &Array) -> Outcome<Gpt2> {
        let number = std::cell::Cell::new(0u64);
        let adding = 0.02 / (2.0 * config.n_layer as f64).sqrt();
        Gpt2::of(config, |name, shape| {
            number.set(number.get() + 1);
            let shape = (shape, DType::Float32);
            Ok(match name {
                _ if name.ends_with(".bias") => xp.zeros(shape)?,
                _ if name.contains("ln_") => xp.ones(shape)?,
                _ => {
                    let sd = if name.ends_with("c_proj.weight") { adding } else { 0.02 };
                    xp.normal(key.fold_in(number.get())?, Normal::from(shape).sd(sd))?
                }
            })
        })
    }

    /// Logits of the token after each of `tokens`, `(b, t)` of `int64`, that follow those in the cache: `(b, t, tokens)`.
    /// Keys and values of `tokens` join the cache.
    ///
    /// # Errors
    /// If they are more than the model has positions.
    pub(crate) fn logits(&self, tokens: &Array, cache: &mut Cache) -> Result<Array> {
        let [_, t] = *tokens.shape()? else {
            return Err(Error::shape("gpt2", format!("tokens have shape {}, where (b, t) is due", tokens.dims())));
        };
        let (before, longest) = (cache.len(), self.config.n_positions);
        if before + t > longest {
            return Err(Error::value(
                "gpt2",
                format!("{} tokens are more than the model's {longest} positions", before + t),
            ));
        }
        let positions = self.positions.at(index![before as isize..(before + t) as isize])?;
        let mut x = (self.tokens.take(tokens, 0)? + positions).ok()?;
        let xp = tokens.namespace();
        // A token sees itself and those before.
        let now = xp.arange(before as i64..(before + t) as i64)?.expand_dims(1)?;
        let seen = xp.arange(0..(before + t) as i64)?.less_equal(now)?;
        for (i, block) in self.blocks.iter().enumerate() {
            let inner = self.norm(&block.before_attention, &x)?;
            let attended = self.attention(block, &inner, &seen, i, cache)?;
            x = (x + attended).ok()?;
            let inner =
                self.config.activation_function.of(block.perceptron.of(&self.norm(&block.before_perceptron, &x)?)?)?;
            x = (x + block.perceptron_out.of(&inner)?).ok()?;
        }
        let head = self.head.as_ref().unwrap_or(&self.tokens);
        self.norm(&self.last, &x)?.matmul(head.matrix_transpose()?)
    }

    /// Where its arrays live.
    pub(crate) fn namespace(&self) -> Result<Namespace> {
        Namespace::of(self.leaves())
    }

    fn norm(&self, norm: &Norm, x: &Array) -> Result<Array> {
        let centred = (x - x.mean(axis(-1).keepdims())?).ok()?;
        let variance = centred.square()?.mean(axis(-1).keepdims())?;
        (centred / (variance + self.config.layer_norm_epsilon).sqrt()? * &norm.weight + &norm.bias).ok()
    }

    fn attention(&self, block: &Block, x: &Array, seen: &Array, i: usize, cache: &mut Cache) -> Result<Array> {
        let (heads, width) = (self.config.n_head as isize, self.config.n_embd as isize);
        let [b, t] = [x.shape()?[0] as isize, x.shape()?[1] as isize];
        let all = block.attention.of(x)?.reshape([b, t, 3, heads, width / heads])?.permute_dims([2, 0, 3, 1, 4])?;
        let (q, mut k, mut v) = (all.at(0)?, all.at(1)?, all.at(2)?);
        if let Some((past_k, past_v)) = cache.blocks.get(i) {
            k = concat(vec![past_k.clone(), k], 2)?;
            v = concat(vec![past_v.clone(), v], 2)?;
        }
        let scores = (q.matmul(k.matrix_transpose()?)? / self.config.score_scale(i)).ok()?;
        let shares = where_(seen, scores, f64::NEG_INFINITY)?.softmax(-1)?;
        let mixed = shares.matmul(&v)?.permute_dims([0, 2, 1, 3])?.reshape([b, t, width])?;
        match cache.blocks.get_mut(i) {
            Some(pair) => *pair = (k, v),
            None => cache.blocks.push((k, v)),
        }
        block.attention_out.of(&mixed)
    }

    /// The mean negative logarithm of the probability of each next token; `tokens` is `(b, t)`, `next` as well.
    pub(crate) fn loss(&self, tokens: &Array, next: &Array) -> Result<Array> {
        let logits = self.logits(tokens, &mut Cache::default())?.log_softmax(-1)?;
        take_along_axis(logits, next.expand_dims(2)?, 2)?.mean(..)?.negative()
    }
}

impl Linear {
    fn of(&self, x: &Array) -> Result<Array> {
        (x.matmul(&self.weight)? + &self.bias).ok()
    }
}

impl Activation {
    fn of(self, x: Array) -> Result<Array> {
        match self {
            Activation::GeluByTanh => gelu_by_tanh(x),
            Activation::Gelu => (&x * 0.5 * (erf((&x * std::f64::consts::FRAC_1_SQRT_2).ok()?)? + 1.0)).ok(),
            Activation::Relu => x.relu(),
        }
    }
}

/// GELU as GPT-2 computes it, with a hyperbolic tangent (Hendrycks and Gimpel 2016).
fn gelu_by_tanh(x: Array) -> Result<Array> {
    let inner = ((&x + pow(&x, 3.0)? * 0.044_715) * (2.0 / std::f64::consts::PI).sqrt()).ok()?;
    (&x * 0.5 * (inner.tanh()? + 1.0)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn small() -> (Gpt2, serde_json::Value) {
        let xp = array_protocol::ndarray();
        let due: serde_json::Value = serde_json::from_str(include_str!("data/logits.json")).unwrap();
        let number = Cell::new(0);
        let model = Gpt2::of(Config::new(3, 4, 32, 24, 61), |name, shape| {
            assert_eq!(due["names"][number.get()], name, "tensors are asked for in the order of the file");
            let n: usize = shape.iter().product();
            let i = xp.arange(0..n as i64)?.astype(DType::Float64)?;
            let wave = ((i * 0.7 + number.replace(number.get() + 1) as f64).sin()? * 0.3).ok()?;
            let scale = name.contains("ln_") && name.ends_with("weight");
            let values = if scale { (wave + 1.0).ok()? } else { wave };
            Ok(values.astype(DType::Float32)?.reshape(shape.iter().map(|n| *n as isize).collect::<Vec<_>>())?)
        });
        (model.unwrap(), due)
    }

    fn tokens(due: &serde_json::Value) -> Array {
        let rows: Vec<Vec<i64>> = serde_json::from_value(due["tokens"].clone()).unwrap();
        array_protocol::ndarray().asarray(rows).unwrap()
    }

    fn difference(a: &Array, b: &Array) -> f32 {
        (a - b).abs().unwrap().max(..).unwrap().item::<f32>().unwrap()
    }

    /// Logits by PyTorch 2.11 and transformers 5.23 on the same weights and tokens: data/logits.py.
    #[test]
    fn logits_agree_with_transformers() {
        let (model, due) = small();
        let ours = model.logits(&tokens(&due), &mut Cache::default()).unwrap();
        let theirs: Vec<f32> = serde_json::from_value(due["logits"].clone()).unwrap();
        let theirs = ours.namespace().from_host(theirs, [2, 20, 61]).unwrap();
        assert!(difference(&ours, &theirs) < 1e-4, "{}", difference(&ours, &theirs));
    }

    #[test]
    fn a_cache_changes_nothing() {
        let (model, due) = small();
        let tokens = tokens(&due);
        let whole = model.logits(&tokens, &mut Cache::default()).unwrap();
        let mut cache = Cache::default();
        let mut parts = vec![];
        for part in [index![.., ..7], index![.., 7..8], index![.., 8..20]] {
            parts.push(model.logits(&tokens.at(part).unwrap(), &mut cache).unwrap());
        }
        assert_eq!(cache.len(), 20);
        assert!(difference(&whole, &concat(parts, 1).unwrap()) < 2e-5);
        let five = tokens.at(index![.., ..5]).unwrap();
        let refused = model.logits(&five, &mut cache).unwrap_err().to_string();
        assert!(refused.contains("25 tokens are more than the model's 24 positions"), "{refused}");
    }

    #[test]
    fn the_loss_has_the_derivative_of_finite_differences() {
        let (model, due) = small();
        let tokens = tokens(&due);
        let (now, next) = (tokens.at(index![.., ..-1]).unwrap(), tokens.at(index![.., 1..]).unwrap());
        let double = model.map(&mut |a| a.astype(DType::Float64)).unwrap();
        let (_, gradient) = value_and_grad(|m: &Gpt2| m.loss(&now, &next))(&double).unwrap();
        let squares = |m: &Gpt2| m.leaves().iter().map(|g| g.square()?.sum(..)?.item::<f64>()).sum::<Result<f64>>();
        let step = 1e-6;
        let at = |sign: f64| {
            let gradients = gradient.leaves();
            let place = Cell::new(0);
            let moved = double.map(&mut |a| (a + gradients[place.replace(place.get() + 1)] * (sign * step)).ok());
            moved.unwrap().loss(&now, &next).unwrap().item::<f64>().unwrap()
        };
        let (slope, due) = ((at(1.0) - at(-1.0)) / (2.0 * step), squares(&gradient).unwrap());
        assert!((slope / due - 1.0).abs() < 1e-5, "{slope} {due}");
    }
}
