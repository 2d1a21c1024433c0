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
    /// The member fits far worse than the others do, or than a constant: it did not fit.
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
            Status::NotFitted => "fits far worse than the other members, or than a constant; restart it",
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

/// Judges a member from its losses and its error; `stopped`: its parameters are those of an epoch before the last.
pub(crate) fn judge(losses: &[f64], mse: f64, stopped: bool) -> Status {
    let last = losses.last().copied().unwrap_or(f64::NAN);
    if !mse.is_finite() || !(last.is_finite() || stopped) {
        return Status::Diverged;
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

/// A member has not fitted if it leaves more than this share of what a constant leaves,
const UNEXPLAINED: f64 = 0.5;
/// and more than this many times what the median member leaves. Both, because data may be so noisy that no good member
/// explains half of them, and leaving out the worse half of good members would make bands too narrow;
const WORSE: f64 = 3.0;
/// or if it leaves this many times what a constant leaves, whatever the others do.
const HOPELESS: f64 = 4.0;

/// Marks the members that have not fitted; `constant` is the error of a constant on the targets.
pub(crate) fn mark_unfitted(reports: &mut [MemberReport], constant: f64) {
    let mut errors: Vec<f64> = reports.iter().map(|r| r.mse).filter(|e| e.is_finite()).collect();
    errors.sort_by(f64::total_cmp);
    let Some(&median) = errors.get(errors.len() / 2) else { return };
    // A target without variance leaves nothing to explain.
    for r in reports.iter_mut().filter(|r| r.status != Status::Diverged && constant > 0.0) {
        if r.mse > HOPELESS * constant || r.mse > UNEXPLAINED * constant && r.mse > WORSE * median {
            r.status = Status::NotFitted;
        }
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
        assert_eq!(judge(&falling, 0.01, false), Status::Converged);
        let line: Vec<f64> = (0..100).map(|i| 2.0 - 0.01 * f64::from(i)).collect();
        assert_eq!(judge(&line, 0.01, false), Status::StillImproving);
        let rising: Vec<f64> = (0..100).map(|i| if i < 80 { 0.1 } else { 0.01 * f64::from(i) }).collect();
        assert_eq!(judge(&rising, 0.01, false), Status::Unsettled);
        assert_eq!(judge(&[1.0, f64::NAN], 0.1, false), Status::Diverged);
        assert_eq!(judge(&falling, 0.01, true), Status::StoppedEarly);
    }

    #[test]
    fn members_that_fit_far_worse_than_the_others_are_marked() {
        let marked = |errors: &[f64], constant: f64| {
            let report = |(member, &mse): (usize, &f64)| {
                let status = judge(&[1.0, 1.0], mse, false);
                MemberReport { member, mse, final_loss: 1.0, epoch: 2, status, restarts: 0 }
            };
            let mut reports: Vec<_> = errors.iter().enumerate().map(report).collect();
            mark_unfitted(&mut reports, constant);
            reports.iter().filter(|r| r.status == Status::NotFitted).map(|r| r.member).collect::<Vec<_>>()
        };
        assert_eq!(marked(&[0.01, 0.9, 0.02, 0.01], 1.0), [1]);
        // Noisy data, of which nobody explains half: all are good members.
        assert_eq!(marked(&[0.7, 0.9, 1.1, 0.8], 1.0), [] as [usize; 0]);
        assert_eq!(marked(&[9.0, f64::NAN], 1.0), [0]);
        assert_eq!(marked(&[f64::NAN], 1.0), [] as [usize; 0]);
        assert_eq!(marked(&[0.1, 0.2], 0.0), [] as [usize; 0]);
    }
}
