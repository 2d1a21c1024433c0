//! One line per operation: arguments, and a call. Derivatives and vectorisation are tested on every line.

#![allow(dead_code)] // each test binary reads other columns

mod lines;
mod values;

use array_api::{Array, Result};
pub(crate) use lines::lines;
pub(crate) use values::{Make, c};

/// What a line says about derivatives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Derivative {
    /// Smooth at the arguments: checked to second order.
    Smooth,
    /// Results that have none, such as truth values and positions.
    None,
}

/// A call of one operation.
pub(crate) struct Line {
    /// The operation.
    pub(crate) name: &'static str,
    /// How its array arguments are made.
    pub(crate) args: Vec<Make>,
    /// What is called.
    pub(crate) call: fn(&[Array]) -> Result<Vec<Array>>,
    /// Whether it is differentiated.
    pub(crate) derivative: Derivative,
}

impl Line {
    /// The arguments, the same ones for the same seed.
    pub(crate) fn arguments(&self, seed: u64) -> Vec<Array> {
        self.args.iter().enumerate().map(|(i, make)| make.array(seed * 101 + i as u64)).collect()
    }
}

/// All non-empty subsets of `n` arguments, as flags.
pub(crate) fn subsets(n: usize) -> Vec<Vec<bool>> {
    (1..1 << n).map(|bits: u32| (0..n).map(|i| bits >> i & 1 == 1).collect()).collect()
}
