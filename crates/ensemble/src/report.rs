//! What became of each member: converged or not, and why.

use array_api::{Array, Result};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How a member's training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// The loss has settled.
    Converged,
    /// Stopped where the rows left out fitted best.
    StoppedEarly,
    /// The loss still falls noticeably at the last epoch: more epochs, or a higher learning rate.
    StillImproving,
    /// The loss jumps about at the last epoch: a lower learning rate.
    Unsettled,
    /// The member explains less than half of what a constant leaves: it did not fit.
    NotFitted,
    /// The loss is not a finite number.
    Diverged,
}

impl Status {
    /// Whether the member must not be averaged with the others.
    pub fn failed(self) -> bool {
        matches!(self, Status::NotFitted | Status::Diverged)
    }

    /// Why, and what helps.
    pub fn reason(self) -> &'static str {
        match self {
            Status::Converged => "the loss has settled",
            Status::StoppedEarly => "stopped where its out-of-bag rows fit best",
            Status::StillImproving => "the loss was still falling; train for more epochs",
            Status::Unsettled => "the loss was jumping; lower the learning rate",
            Status::NotFitted => "explains less than half of the variance that a constant leaves; restart it",
            Status::Diverged => "the loss is not finite; lower the learning rate or restart it",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Status::Converged => "converged",
            Status::StoppedEarly => "stopped early",
            Status::StillImproving => "still improving",
            Status::Unsettled => "unsettled",
            Status::NotFitted => "not fitted",
            Status::Diverged => "diverged",
        })
    }
}

/// The report on one member.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemberReport {
    /// Its number.
    pub member: usize,
    /// Mean squared error on the training rows as the member saw them, in units of the target.
    pub mse: f64,
    /// The training loss of the last epoch.
    pub final_loss: f64,
    /// The epoch of its parameters.
    pub epoch: u64,
    /// How the training ended.
    pub status: Status,
    /// How often it was started again.
    pub restarts: u64,
}

/// Share by which the loss may change over the last tenth of the epochs and still count as settled.
const SETTLED: f64 = 0.05;

/// Judges a member from its losses, its error, and the error of a constant on the same targets.
pub(crate) fn judge(losses: &[f64], mse: f64, constant: f64, stopped: bool) -> Status {
    let last = losses.last().copied().unwrap_or(f64::NAN);
    if !last.is_finite() || !mse.is_finite() {
        return Status::Diverged;
    }
    // A target without variance leaves nothing to explain.
    if constant > 0.0 && mse > 0.5 * constant {
        return Status::NotFitted;
    }
    if stopped {
        return Status::StoppedEarly;
    }
    let window = (losses.len() / 10).max(1);
    if losses.len() < 2 * window {
        return Status::StillImproving;
    }
    let median = |part: &[f64]| {
        let mut v = part.to_vec();
        v.sort_by(f64::total_cmp);
        v[v.len() / 2]
    };
    let now = median(&losses[losses.len() - window..]);
    let before = median(&losses[losses.len() - 2 * window..losses.len() - window]);
    // Measured against the way come since the first epoch: losses may be negative, and small ones change a lot.
    let way = (losses[0] - now).abs().max(now.abs()).max(f64::MIN_POSITIVE);
    match (before - now) / way {
        fall if fall > SETTLED => Status::StillImproving,
        fall if fall < -SETTLED => Status::Unsettled,
        _ => Status::Converged,
    }
}

/// The columns of a stack of losses: one vector per member.
pub(crate) fn histories(losses: &[Array]) -> Result<Vec<Vec<f64>>> {
    let epochs = losses.iter().map(|l| l.to_host()?.to_f64()).collect::<Result<Vec<_>>>()?;
    let members = epochs.first().map_or(0, Vec::len);
    Ok((0..members).map(|k| epochs.iter().map(|e| e[k]).collect()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn judgement() {
        let falling: Vec<f64> = (0..100).map(|i| 1.0 / f64::from(i + 1)).collect();
        assert_eq!(judge(&falling, 0.01, 1.0, false), Status::Converged);
        let line: Vec<f64> = (0..100).map(|i| 2.0 - 0.01 * f64::from(i)).collect();
        assert_eq!(judge(&line, 0.01, 1.0, false), Status::StillImproving);
        let rising: Vec<f64> = (0..100).map(|i| if i < 80 { 0.1 } else { 0.01 * f64::from(i) }).collect();
        assert_eq!(judge(&rising, 0.01, 1.0, false), Status::Unsettled);
        assert_eq!(judge(&falling, 0.9, 1.0, false), Status::NotFitted);
        assert_eq!(judge(&[1.0, f64::NAN], 0.1, 1.0, false), Status::Diverged);
        assert_eq!(judge(&falling, 0.01, 1.0, true), Status::StoppedEarly);
    }
}
