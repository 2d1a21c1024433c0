//! Training batch by batch, with the norm of each layer's gradient.

use std::time::Instant;

use array_protocol::prelude::*;
use program::failure::Outcome;

use crate::cli::Preset;
use crate::digits::{Digits, Set};
use crate::network::Network;

/// What a training gave.
pub(crate) struct Trained {
    /// Norms of the gradient, one row of as many as there are layers per batch.
    pub(crate) norms: Vec<Vec<f64>>,
    /// The loss of each batch; the last one is not finite if the training broke.
    pub(crate) losses: Vec<f64>,
    /// Whether loss or gradients stopped being finite; such a batch has no norms.
    pub(crate) broke: bool,
    /// The share of digits held out that are recognised.
    pub(crate) accuracy: f64,
    /// Time of the training, without that of the accuracy.
    pub(crate) seconds: f64,
}

/// Trains on `batches` batches: all digits in drawn order, again and again. There are at least as many digits as a batch takes. Digits that do not fill a last batch wait for
/// the next order.
pub(crate) fn train(preset: &Preset, digits: &Digits, batches: u64, seed: u64) -> Outcome<Trained> {
    let xp = digits.training.labels.namespace();
    let key = xp.key(seed)?;
    let (mut network, orders) = (Network::draw(&xp, &key.fold_in(0)?)?, key.fold_in(1)?);
    let (optimizer, rate) = preset.optimizer();
    let mut state = optimizer.start(&network)?;
    let n = digits.training.len();
    let batch = preset.batch;
    let per_order = (n / batch) as u64;
    let mut order = xp.permutation(&orders, n)?;
    let mut trained = Trained { norms: vec![], losses: vec![], broke: false, accuracy: 0.0, seconds: 0.0 };
    let bar = program::progress::bar(&preset.name(), batches);
    let start = Instant::now();
    for step in 0..batches {
        let place = (step % per_order) as isize * batch as isize;
        if place == 0 {
            order = xp.permutation(orders.fold_in(step)?, n)?;
        }
        let (images, labels) = digits.training.batch(&order.at(index![place..place + batch as isize])?)?;
        let (loss, gradient) = value_and_grad(|n: &Network| n.loss(&images, &labels))(&network)?;
        let (loss, gradient) = persist((loss, gradient))?;
        let (loss, norms) = (f64::from(loss.item::<f32>()?), gradient.norms()?.to_vec::<f64>()?);
        trained.losses.push(loss);
        if !loss.is_finite() || norms.iter().any(|n| !n.is_finite()) {
            trained.broke = true;
            break;
        }
        trained.norms.push(norms);
        (network, state) = persist(optimizer.step(network, gradient, state, step + 1, rate)?)?;
        bar.inc(1);
    }
    trained.seconds = start.elapsed().as_secs_f64();
    bar.finish_and_clear();
    trained.accuracy = accuracy(&network, &digits.held_out)?;
    Ok(trained)
}

/// Digits that are recognised at a time: more would only fill memory.
const AT_A_TIME: usize = 256;

fn accuracy(network: &Network, set: &Set) -> Outcome<f64> {
    let xp = set.labels.namespace();
    let mut right = 0;
    for first in (0..set.len()).step_by(AT_A_TIME) {
        let last = (first + AT_A_TIME).min(set.len());
        let (images, labels) = set.batch(&xp.arange(first as i64..last as i64)?)?;
        let said = network.log_probabilities(&images)?.argmax(1)?;
        right += said.equal(labels)?.count_nonzero(..)?.item::<i64>()?;
    }
    Ok(right as f64 / set.len() as f64)
}
