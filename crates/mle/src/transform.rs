//! Ranges of parameters, and the maps from numbers without bounds onto them.

use array_api::{Array, Result, add, exp, multiply, negative, sigmoid, softplus, subtract};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The range of a parameter. Optimisers move in numbers without bounds, which are mapped onto it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Range {
    /// All numbers, mapped onto themselves.
    Real,
    /// Numbers above a bound: `bound + exp(u)`.
    Above(f64),
    /// Numbers below a bound: `bound - exp(u)`.
    Below(f64),
    /// Numbers between two bounds: the logistic curve.
    Between(f64, f64),
}

impl Range {
    /// The positive numbers.
    pub const POSITIVE: Range = Range::Above(0.0);
    /// The numbers between 0 and 1.
    pub const UNIT: Range = Range::Between(0.0, 1.0);

    /// The ends.
    pub fn bounds(self) -> (f64, f64) {
        match self {
            Range::Real => (f64::NEG_INFINITY, f64::INFINITY),
            Range::Above(low) => (low, f64::INFINITY),
            Range::Below(high) => (f64::NEG_INFINITY, high),
            Range::Between(low, high) => (low, high),
        }
    }

    /// Whether a number lies inside; the ends do not.
    pub fn contains(self, x: f64) -> bool {
        let (low, high) = self.bounds();
        x.is_finite() && x > low && x < high
    }

    /// Numbers without bounds, mapped into the range.
    ///
    /// # Errors
    /// Of the operations.
    pub fn constrain(self, u: &Array) -> Result<Array> {
        match self {
            Range::Real => Ok(u.clone()),
            Range::Above(0.0) => exp(u),
            Range::Above(low) => add(exp(u)?, low),
            Range::Below(high) => subtract(high, exp(u)?),
            Range::Between(low, high) => add(multiply(sigmoid(u)?, high - low)?, low),
        }
    }

    /// The logarithm of the derivative of [`constrain`](Range::constrain).
    ///
    /// # Errors
    /// Of the operations.
    pub fn log_derivative(self, u: &Array) -> Result<Array> {
        match self {
            Range::Real => array_api::zeros_like(u, ..),
            Range::Above(_) | Range::Below(_) => Ok(u.clone()),
            // log of sigmoid(u) sigmoid(-u).
            Range::Between(low, high) => {
                let tails = negative(add(softplus(u)?, softplus(negative(u)?)?)?)?;
                add(tails, (high - low).ln())
            }
        }
    }

    /// One number of the range, mapped back.
    pub fn unconstrain(self, x: f64) -> f64 {
        match self {
            Range::Real => x,
            Range::Above(low) => (x - low).ln(),
            Range::Below(high) => (high - x).ln(),
            Range::Between(low, high) => ((x - low) / (high - x)).ln(),
        }
    }

    /// [`constrain`](Range::constrain) of one number.
    pub fn constrain_number(self, u: f64) -> f64 {
        match self {
            Range::Real => u,
            Range::Above(low) => low + u.exp(),
            Range::Below(high) => high - u.exp(),
            Range::Between(low, high) if u >= 0.0 => high - (high - low) / (1.0 + u.exp()),
            Range::Between(low, high) => low + (high - low) / (1.0 + (-u).exp()),
        }
    }

    /// The derivative of [`constrain`](Range::constrain) where its value is `x`.
    pub fn derivative_at(self, x: f64) -> f64 {
        match self {
            Range::Real => 1.0,
            Range::Above(low) => x - low,
            Range::Below(high) => x - high,
            Range::Between(low, high) => (x - low) * (high - x) / (high - low),
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (low, high) = self.bounds();
        write!(f, "({low}, {high})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_inverse_and_their_derivatives_right() {
        let xp = array_ndarray::namespace();
        for range in [
            Range::Real,
            Range::POSITIVE,
            Range::Above(-2.0),
            Range::Below(3.0),
            Range::UNIT,
            Range::Between(-1.0, 4.0),
        ] {
            for u in [-3.0, -0.2, 0.0, 1.5] {
                let x = range.constrain_number(u);
                assert!(range.contains(x) && (range.unconstrain(x) - u).abs() < 1e-12, "{range}: {u}");
                let array = xp.asarray(u).unwrap();
                let same = range.constrain(&array).unwrap().item::<f64>().unwrap();
                assert!((same - x).abs() < 1e-14, "{range}: {same} and {x}");
                let slope = (range.constrain_number(u + 1e-5) - range.constrain_number(u - 1e-5)) / 2e-5;
                assert!((range.derivative_at(x) - slope).abs() < 1e-8, "{range}");
                let log = range.log_derivative(&array).unwrap().item::<f64>().unwrap();
                assert!((log - slope.abs().ln()).abs() < 1e-8, "{range}");
            }
        }
    }
}
