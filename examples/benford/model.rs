//! A language model with its tokens: published, or trained on the spot.

use std::path::Path;
use std::time::Instant;

use array_protocol::prelude::*;
use program::failure::{Outcome, fail};

use crate::config::Config;
use crate::generate::{Sampling, generate};
use crate::gpt2::{Cache, Gpt2};
use crate::text::Text;
use crate::weights::Weights;
use crate::{character, law};

/// A model that goes on with text.
pub(crate) struct Model {
    gpt2: Gpt2,
    text: Text,
    /// What it is, for people.
    pub(crate) about: String,
}

/// What a model says after one prompt.
pub(crate) struct Said {
    /// Probabilities of the digits 1 to 9 among themselves.
    pub(crate) digits: Vec<f64>,
    /// The probability that the next token is one of them.
    pub(crate) any: f64,
    /// How far the digits are from the law.
    pub(crate) distance: law::Distance,
}

impl Model {
    /// Reads a published model.
    pub(crate) fn load(xp: &Namespace, folder: &Path) -> Outcome<Model> {
        let config = Config::read(&folder.join("config.json"))?;
        let text = Text::read(&folder.join("tokenizer.json"))?;
        if text.size() > config.vocab_size {
            return fail(format!(
                "{}: tokenizer.json has {} tokens where config.json has {}: they belong to different models",
                folder.display(),
                text.size(),
                config.vocab_size
            ));
        }
        let gpt2 = Gpt2::load(xp, config, &Weights::open(folder)?)?;
        let about = format!("The GPT-2 in {}: {}.", folder.display(), sizes(&gpt2)?);
        Ok(Model { gpt2, text, about })
    }

    /// Trains the character-level model.
    pub(crate) fn train(xp: &Namespace, steps: u64, seed: u64) -> Outcome<Model> {
        let text = Text::characters(character::FACTS);
        let start = Instant::now();
        let (gpt2, loss) = character::train(xp, &text, steps, seed)?;
        let about = format!(
            "A small character-level model ({}), trained on shipped sentences on countries for {steps} steps in {:.0} s, with a \
             loss of {loss:.2} nats per character: it shows how the program works. --model DIR takes a published GPT-2.",
            sizes(&gpt2)?,
            start.elapsed().as_secs_f64()
        );
        Ok(Model { gpt2, text, about })
    }

    /// Prompts that suit the model.
    pub(crate) fn prompts(&self) -> Vec<String> {
        let all = match self.text {
            Text::Published(_) => [
                "with a population size of",
                "The number of people who live there is about",
                "It covers an area of",
                "The number of votes cast was",
                "The survey counted",
                "at a distance of",
            ],
            Text::Characters(_) => [
                "Egypt has a population of",
                "Norway has an area of",
                "Chile has a coastline of",
                "Kenya has a labor force of",
                "Peru has mobile subscriptions numbering",
                "France has railways of",
            ],
        };
        all.map(str::to_owned).to_vec()
    }

    /// The digits that may come after a prompt.
    pub(crate) fn digits(&self, prompt: &str) -> Outcome<Said> {
        let (tokens, digits) = self.text.before_digits(prompt)?;
        let xp = self.gpt2.namespace()?;
        let logits = self.gpt2.logits(&xp.asarray(tokens)?.expand_dims(0)?, &mut Cache::default())?;
        let all = logits.at(index![0, -1])?.astype(DType::Float64)?.softmax(-1)?;
        let chosen = all.take(xp.asarray(digits)?, 0)?;
        let any = chosen.sum(..)?;
        let shares = (chosen / &any).ok()?;
        Ok(Said { distance: law::distance(&shares)?, digits: shares.to_vec::<f64>()?, any: any.item::<f64>()? })
    }

    /// A prompt with what the model goes on with.
    pub(crate) fn goes_on(&self, prompt: &str, count: usize, sampling: Sampling) -> Outcome<String> {
        let (tokens, _) = self.text.before_digits(prompt)?;
        let mut all = tokens.clone();
        all.extend(generate(&self.gpt2, &tokens, count, sampling)?);
        self.text.decode(&all)
    }
}

fn sizes(gpt2: &Gpt2) -> Outcome<String> {
    let weights = gpt2.leaves().iter().map(|a| a.size()).sum::<Result<usize>>()?;
    let c = &gpt2.config;
    Ok(format!("{} blocks, {} heads, width {}, {weights} weights", c.n_layer, c.n_head, c.n_embd))
}
