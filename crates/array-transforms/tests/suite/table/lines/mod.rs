//! The table, a file for each category of the standard. Shapes are in brackets; names of arguments are those of `Make`'s
//! short spellings below.

macro_rules! table {
    ($($name:literal $kind:ident [$($arg:expr),*] |$x:ident| $call:expr;)*) => {
        vec![$(Line { name: $name, args: vec![$($arg),*], call: |$x| Several::several($call), derivative: Derivative::$kind }),*]
    };
}

mod activation;
mod convolution;
mod creation;
mod elementwise;
mod fft;
mod indexing;
mod linalg;
mod linear_algebra;
mod manipulation;
mod random;
mod searching;
mod statistical;

use super::{Derivative, Line, Make, c};
use array_api::*;

/// `Apart`: for functions of any real number, kinks included.
fn r<const N: usize>(shape: [usize; N]) -> Make {
    Make::Apart(shape.into())
}
/// Positive.
fn pos<const N: usize>(shape: [usize; N]) -> Make {
    Make::Range(shape.into(), 0.4, 2.0)
}
/// Between -1 and 1.
fn unit<const N: usize>(shape: [usize; N]) -> Make {
    Make::Range(shape.into(), -0.8, 0.8)
}
/// Above 1.
fn above<const N: usize>(shape: [usize; N]) -> Make {
    Make::Range(shape.into(), 1.3, 2.5)
}
/// Below zero.
fn neg<const N: usize>(shape: [usize; N]) -> Make {
    Make::Range(shape.into(), -2.0, -0.4)
}
/// Complex.
fn z<const N: usize>(shape: [usize; N]) -> Make {
    Make::Complex(shape.into(), 0.3, 1.4)
}
/// Complex, well inside the unit circle.
fn zin<const N: usize>(shape: [usize; N]) -> Make {
    Make::Complex(shape.into(), 0.2, 0.6)
}
/// In a range.
fn range<const N: usize>(shape: [usize; N], low: f64, high: f64) -> Make {
    Make::Range(shape.into(), low, high)
}
/// Integers.
fn int<const N: usize>(shape: [usize; N], below: i64) -> Make {
    Make::Integers(shape.into(), below)
}
/// Truth values.
fn truth<const N: usize>(shape: [usize; N]) -> Make {
    Make::Truth(shape.into())
}
/// Well-conditioned matrices.
fn mat<const N: usize>(shape: [usize; N]) -> Make {
    Make::Dominant(shape.into())
}
/// Complex well-conditioned matrices.
fn zmat<const N: usize>(shape: [usize; N]) -> Make {
    Make::ComplexDominant(shape.into())
}

/// `(x + x^H) / 2 + 2 I` of a well-conditioned matrix is Hermitian and positive definite.
fn hermitian(x: &Array) -> Result<Array> {
    let h = if x.dtype().is_complex() { conj(x)? } else { x.clone() };
    ((x + matrix_transpose(h)?) * 0.5).ok()
}

/// Of singular vectors and orthonormal factors only what does not depend on their phases is a function of the matrix.
fn phaseless(q: &Array) -> Result<Array> {
    let h = if q.dtype().is_complex() { conj(q)? } else { q.clone() };
    multiply(q, h)
}

/// Some elements missing: the same ones near the same argument.
fn holes(x: &Array) -> Result<Array> {
    where_(less(abs(x)?, 0.2)?, f64::NAN, x)
}

/// Four ascending positions.
fn points(x: &Array) -> Result<Array> {
    multiply(x, astype(x.namespace().asarray([0, 1, 4, 6])?, x.dtype())?)
}

trait Several {
    fn several(self) -> Result<Vec<Array>>;
}
impl Several for Result<Array> {
    fn several(self) -> Result<Vec<Array>> {
        Ok(vec![self?])
    }
}
impl Several for Result<Vec<Array>> {
    fn several(self) -> Result<Vec<Array>> {
        self
    }
}

/// All lines.
pub(crate) fn lines() -> Vec<Line> {
    [
        activation::lines(),
        convolution::lines(),
        creation::lines(),
        elementwise::lines(),
        fft::lines(),
        indexing::lines(),
        linalg::lines(),
        linear_algebra::lines(),
        manipulation::lines(),
        random::lines(),
        searching::lines(),
        statistical::lines(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
