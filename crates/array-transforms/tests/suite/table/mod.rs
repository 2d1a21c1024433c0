//! One line per operation: arguments, and a call. Derivatives and vectorisation are tested on every line.

mod lines;
mod values;

use array_api::{Array, Result, astype};
use array_transforms::vjp;
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

/// The call as a function of some of the arguments, the others held.
pub(crate) fn partial<'l>(
    line: &'l Line,
    all: &'l [Array],
    moving: &'l [bool],
) -> impl Fn(&Vec<Array>) -> Result<Vec<Array>> + 'l {
    move |some: &Vec<Array>| {
        let mut some = some.iter();
        let pick = |(a, &m): (&Array, &bool)| if m { some.next().unwrap_or(a).clone() } else { a.clone() };
        let args: Vec<Array> = all.iter().zip(moving).map(pick).collect();
        (line.call)(&args)
    }
}

pub(crate) fn chosen(all: &[Array], moving: &[bool]) -> Vec<Array> {
    all.iter().zip(moving).filter(|(_, m)| **m).map(|(a, _)| a.clone()).collect()
}

/// A gradient with the results weighted by fixed numbers.
pub(crate) fn weighted(line: &Line, args: &[Array], moving: &[bool]) -> Result<Vec<Array>> {
    let f = partial(line, args, moving);
    let (y, pull) = vjp(
        |x: &Vec<Array>| Ok(f(x)?.into_iter().filter(|y| y.dtype().is_floating()).collect::<Vec<_>>()),
        &chosen(args, moving),
    )?;
    let weights = |y: &Array| {
        let n = y.size()?;
        let w: Vec<f64> = (0..n).map(|i| (i as f64 * 1.7).sin() + 0.2).collect();
        astype(y.namespace().from_host(w, y.dims())?, y.dtype())
    };
    pull.apply(&y.iter().map(weights).collect::<Result<_>>()?)
}
