//! Text that a model goes on with: each token drawn from the k most likely ones.

use array_protocol::prelude::*;
use program::failure::{Outcome, fail};

use crate::gpt2::{Cache, Gpt2};

/// How tokens are drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sampling {
    /// Of so many most likely tokens; 1 takes the most likely one.
    pub(crate) top_k: usize,
    /// Logits are divided by it: less than 1 sharpens.
    pub(crate) temperature: f64,
    /// Seed of the draws.
    pub(crate) seed: u64,
}

/// Goes on for `count` tokens. Keys and values of what was read are kept, so each token costs one step through the model.
pub(crate) fn generate(model: &Gpt2, prompt: &[i64], count: usize, sampling: Sampling) -> Outcome<Vec<i64>> {
    fits(model.config.n_positions, prompt.len(), count)?;
    let xp = model.namespace()?;
    let key = xp.key(sampling.seed)?;
    let (mut cache, mut read, mut drawn) = (Cache::default(), prompt.to_vec(), vec![]);
    for step in 0..count {
        let logits = model.logits(&xp.asarray(read)?.expand_dims(0)?, &mut cache)?.at(index![0, -1])?;
        let token = draw(&logits, &key.fold_in(step as u64)?, sampling)?;
        drawn.push(token);
        read = vec![token];
    }
    Ok(drawn)
}

/// Refuses more tokens than a model has positions. The last one needs none: nothing is read behind it.
pub(crate) fn fits(positions: usize, prompt: usize, count: usize) -> Outcome<()> {
    if prompt.saturating_add(count) > positions + 1 {
        return fail(format!(
            "{prompt} tokens of the prompt and {count} more do not fit the model's {positions} positions; give a shorter \
             prompt or less with --generate"
        ));
    }
    Ok(())
}

/// One token by Gumbel's trick: the largest of logits plus independent Gumbel noise is distributed as their softmax.
fn draw(logits: &Array, key: &Array, sampling: Sampling) -> Outcome<i64> {
    let n = logits.size()?;
    let least = logits.sort(..)?.at(n as isize - sampling.top_k.clamp(1, n) as isize)?;
    let kept = where_(logits.less(least)?, f64::NEG_INFINITY, logits)?.astype(DType::Float64)?;
    // Between the smallest positive number and 1, where both logarithms are finite.
    let uniform = logits.namespace().uniform(key, Uniform::from([n]).low(1e-300).high(1.0))?;
    let gumbel = uniform.log()?.negative()?.log()?.negative()?;
    Ok((kept / sampling.temperature + gumbel).ok()?.argmax(..)?.item::<i64>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    /// The same by reading everything again for each token.
    fn without_cache(model: &Gpt2, prompt: &[i64], count: usize, sampling: Sampling) -> Vec<i64> {
        let xp = model.namespace().unwrap();
        let key = xp.key(sampling.seed).unwrap();
        let mut all = prompt.to_vec();
        for step in 0..count {
            let tokens = xp.asarray(all.clone()).unwrap().expand_dims(0).unwrap();
            let logits = model.logits(&tokens, &mut Cache::default()).unwrap().at(index![0, -1]).unwrap();
            all.push(draw(&logits, &key.fold_in(step as u64).unwrap(), sampling).unwrap());
        }
        all.split_off(prompt.len())
    }

    #[test]
    fn a_cache_changes_no_draw() {
        let xp = array_protocol::ndarray();
        let model = Gpt2::draw(&xp, Config::new(2, 4, 32, 40, 50), &xp.key(5).unwrap()).unwrap();
        // Logits far enough apart that rounding moves no draw, near enough that draws differ.
        let model = model.map(&mut |a| (a * 4.0).ok()).unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for (seed, top_k) in [(0, 1), (1, 3), (2, 10), (3, 50), (4, 1000)] {
            let sampling = Sampling { top_k, temperature: 0.8, seed };
            let ours = generate(&model, &[3, 1, 4, 1, 5], 36, sampling).unwrap();
            assert_eq!(ours, without_cache(&model, &[3, 1, 4, 1, 5], 36, sampling), "top {top_k}");
            seen.extend(ours);
        }
        assert!(seen.len() > 20, "{seen:?}");
    }

    #[test]
    fn draws_follow_the_softmax_of_the_most_likely() {
        let xp = array_protocol::ndarray();
        let logits = xp.asarray([0.0, 3f64.ln(), 2f64.ln(), -9.0, 0.5f64.ln()]).unwrap();
        let sampling = Sampling { top_k: 3, temperature: 1.0, seed: 0 };
        let mut counts = [0i32; 5];
        for i in 0..6000 {
            let key = xp.key(7).unwrap().fold_in(i).unwrap();
            counts[draw(&logits, &key, sampling).unwrap() as usize] += 1;
        }
        assert_eq!((counts[3], counts[4]), (0, 0));
        // 1/6, 1/2 and 1/3 of 6000, each within four standard deviations.
        for (count, due) in [(counts[0], 1000), (counts[1], 3000), (counts[2], 2000)] {
            assert!((count - due).abs() < 160, "{counts:?}");
        }
        let greedy = Sampling { top_k: 1, ..sampling };
        assert!((0..20).all(|i| draw(&logits, &xp.key(i).unwrap(), greedy).unwrap() == 1));
    }
}
