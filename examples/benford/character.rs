//! A small GPT-2 over characters, trained on the spot: what the program uses where no model is given.

use array_protocol::ensemble::Optimizer;
use array_protocol::prelude::*;
use program::failure::Outcome;

use crate::config::Config;
use crate::generate::fits;
use crate::gpt2::Gpt2;
use crate::text::Text;

/// What it learns from: sentences on countries, with numbers.
pub(crate) const FACTS: &str = include_str!("data/facts.txt");

/// Characters that it sees at a time, and the longest text that it goes on with: no place behind them is trained.
const CONTEXT: usize = 96;
/// Pieces of text per step.
const BATCH: usize = 12;
/// The highest learning rate; it rises over the first tenth of the steps and falls in a line.
const RATE: f64 = 4e-3;

/// Refuses what the model that is to be trained cannot go on with, before the training.
pub(crate) fn check(prompts: &[String], count: usize) -> Outcome<()> {
    let text = Text::characters(FACTS);
    for (i, prompt) in prompts.iter().enumerate() {
        let (tokens, _) = text.before_digits(prompt)?;
        fits(CONTEXT, tokens.len(), if i == 0 { count } else { 1 })?;
    }
    fits(CONTEXT, 1, count)
}

/// Trains for so many steps; gives the mean loss of the last tenth too, in nats per character.
pub(crate) fn train(xp: &Namespace, text: &Text, steps: u64, seed: u64) -> Outcome<(Gpt2, f64)> {
    let key = xp.key(seed)?;
    let config = Config::new(2, 4, 64, CONTEXT, text.size());
    let mut model = Gpt2::draw(xp, config, &key.fold_in(0)?)?;
    let all = xp.asarray(text.encode(FACTS)?)?;
    let windows = sliding_window_view(&all, [CONTEXT + 1])?;
    let last = windows.shape()?[0] as isize;
    let optimizer = Optimizer::AdamW { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, decay: 0.01 };
    let mut state = optimizer.start(&model)?;
    let bar = program::progress::bar("characters", steps);
    let (mut tail, first_of_tail) = (vec![], steps - steps.div_ceil(10));
    for step in 0..steps {
        let places = xp.integers(key.fold_in(step + 1)?, Integers::from([BATCH]).low(0).high(last))?;
        let pieces = windows.take(places, 0)?;
        let (now, next) = (pieces.at(index![.., ..-1])?, pieces.at(index![.., 1..])?);
        let (mut loss, gradient) = value_and_grad(|m: &Gpt2| m.loss(&now, &next))(&model)?;
        let share = step as f64 / steps as f64;
        let rate = RATE * (10.0 * (share + 1.0 / steps as f64)).min(1.0) * (1.0 - share);
        (model, state) = optimizer.step(model, gradient, state, step + 1, rate)?;
        (model, state, loss) = persist((model, state, loss))?;
        if step >= first_of_tail {
            tail.push(f64::from(loss.item::<f32>()?));
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    let mean = tail.iter().sum::<f64>() / tail.len().max(1) as f64;
    Ok((model, mean))
}
