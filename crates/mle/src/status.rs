//! What happened in a fit, in one word.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How a fit ended. Only [`Converged`](Status::Converged) and [`NonRegular`](Status::NonRegular) are maxima that were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Status {
    /// A maximum inside the parameters' range, with a negative definite Hessian.
    Converged,
    /// The maximum was found, but the likelihood is not smooth there or its range depends on the parameters: the curvature
    /// says nothing about standard errors.
    NonRegular,
    /// The likelihood grows towards the end of a parameter's range, and the estimate lies there.
    Boundary,
    /// Some combination of the parameters does not change the likelihood: the data do not determine it.
    FlatDirection,
    /// Some combination of the predictors separates the outcomes, so that coefficients grow without end.
    Separation,
    /// The likelihood has no largest value.
    Unbounded,
    /// The iterations ended before a maximum was reached.
    IterationLimit,
    /// The likelihood or its derivatives stopped being finite, and no smaller step helped.
    Diverged,
}

impl Status {
    /// Whether a maximum of the likelihood was found: what a program's exit code tells.
    pub fn is_converged(self) -> bool {
        matches!(self, Status::Converged | Status::NonRegular)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Status::Converged => "converged",
            Status::NonRegular => "converged, not regular",
            Status::Boundary => "boundary",
            Status::FlatDirection => "flat direction",
            Status::Separation => "separation",
            Status::Unbounded => "unbounded likelihood",
            Status::IterationLimit => "iteration limit",
            Status::Diverged => "diverged",
        })
    }
}
