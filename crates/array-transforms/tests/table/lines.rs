//! The table. Shapes are in brackets; names of arguments are those of `Make`'s short spellings below.

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

macro_rules! table {
    ($($name:literal $kind:ident [$($arg:expr),*] |$x:ident| $call:expr;)*) => {
        vec![$(Line { name: $name, args: vec![$($arg),*], call: |$x| Several::several($call), derivative: Derivative::$kind }),*]
    };
}

/// All lines.
pub(crate) fn lines() -> Vec<Line> {
    [
        activations(),
        unary(),
        binary(),
        choices(),
        statistics(),
        movement(),
        indexing(),
        products(),
        decompositions(),
        spectra(),
        norms(),
        transforms(),
        rest(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn activations() -> Vec<Line> {
    table! {
        "relu" Smooth [r([2, 3])] |x| relu(&x[0]);
        "elu" Smooth [r([5])] |x| elu(&x[0], ..);
        "elu" Smooth [r([5])] |x| elu(&x[0], Elu { alpha: 0.3 });
        "selu" Smooth [r([5])] |x| selu(&x[0]);
        "gelu" Smooth [r([5])] |x| gelu(&x[0]);
        "sigmoid" Smooth [r([5])] |x| sigmoid(&x[0]);
        "softplus" Smooth [r([2, 2])] |x| softplus(&x[0]);
        "softmax" Smooth [r([2, 3])] |x| softmax(&x[0], ..);
        "softmax" Smooth [r([2, 3])] |x| softmax(&x[0], 0);
        "log_softmax" Smooth [r([2, 3])] |x| log_softmax(&x[0], ..);
        "log_softmax" Smooth [r([2, 3])] |x| log_softmax(&x[0], 0);
    }
}

fn unary() -> Vec<Line> {
    table! {
        "abs" Smooth [r([2, 3])] |x| abs(&x[0]);
        "abs" Smooth [z([3])] |x| abs(&x[0]);
        "acos" Smooth [unit([3])] |x| acos(&x[0]);
        "acos" Smooth [zin([3])] |x| acos(&x[0]);
        "acosh" Smooth [above([3])] |x| acosh(&x[0]);
        "acosh" Smooth [zin([3])] |x| acosh(&x[0]);
        "asin" Smooth [unit([3])] |x| asin(&x[0]);
        "asin" Smooth [zin([3])] |x| asin(&x[0]);
        "asinh" Smooth [r([3])] |x| asinh(&x[0]);
        "asinh" Smooth [zin([3])] |x| asinh(&x[0]);
        "atan" Smooth [r([3])] |x| atan(&x[0]);
        "atan" Smooth [zin([3])] |x| atan(&x[0]);
        "atanh" Smooth [unit([3])] |x| atanh(&x[0]);
        "atanh" Smooth [zin([3])] |x| atanh(&x[0]);
        "bitwise_invert" None [int([3], 9)] |x| bitwise_invert(&x[0]);
        "ceil" Smooth [r([3])] |x| ceil(&x[0]);
        "conj" Smooth [z([3])] |x| conj(&x[0]);
        "conj" Smooth [r([3])] |x| conj(&x[0]);
        "cos" Smooth [r([3])] |x| cos(&x[0]);
        "cos" Smooth [z([3])] |x| cos(&x[0]);
        "cosh" Smooth [r([3])] |x| cosh(&x[0]);
        "cosh" Smooth [z([3])] |x| cosh(&x[0]);
        "erf" Smooth [r([3])] |x| erf(&x[0]);
        "exp" Smooth [r([3])] |x| exp(&x[0]);
        "exp" Smooth [z([3])] |x| exp(&x[0]);
        "expm1" Smooth [r([3])] |x| expm1(&x[0]);
        "expm1" Smooth [z([3])] |x| expm1(&x[0]);
        "floor" Smooth [r([3])] |x| floor(&x[0]);
        "imag" Smooth [z([3])] |x| imag(&x[0]);
        "isfinite" None [r([3])] |x| isfinite(&x[0]);
        "isinf" None [r([3])] |x| isinf(&x[0]);
        "isnan" None [r([3])] |x| isnan(&x[0]);
        "lgamma" Smooth [range([3], -1.7, -1.3)] |x| lgamma(&x[0]);
        "lgamma" Smooth [pos([3])] |x| lgamma(&x[0]);
        "digamma" Smooth [pos([3])] |x| digamma(&x[0]);
        "digamma" Smooth [range([2], -1.7, -1.3)] |x| digamma(&x[0]);
        "polygamma" Smooth [pos([3])] |x| polygamma(&x[0], 1);
        "polygamma" Smooth [pos([3])] |x| polygamma(&x[0], 2);
        "log" Smooth [pos([3])] |x| log(&x[0]);
        "log" Smooth [z([3])] |x| log(&x[0]);
        "log1p" Smooth [unit([3])] |x| log1p(&x[0]);
        "log1p" Smooth [zin([3])] |x| log1p(&x[0]);
        "log2" Smooth [pos([3])] |x| log2(&x[0]);
        "log2" Smooth [z([3])] |x| log2(&x[0]);
        "log10" Smooth [pos([3])] |x| log10(&x[0]);
        "log10" Smooth [z([3])] |x| log10(&x[0]);
        "logical_not" None [truth([3])] |x| logical_not(&x[0]);
        "negative" Smooth [r([3])] |x| negative(&x[0]);
        "negative" Smooth [z([3])] |x| negative(&x[0]);
        "positive" Smooth [r([3])] |x| positive(&x[0]);
        "real" Smooth [z([3])] |x| real(&x[0]);
        "real" Smooth [r([3])] |x| real(&x[0]);
        "reciprocal" Smooth [r([3])] |x| reciprocal(&x[0]);
        "reciprocal" Smooth [z([3])] |x| reciprocal(&x[0]);
        "round" Smooth [r([3])] |x| round(&x[0]);
        "sign" Smooth [r([3])] |x| sign(&x[0]);
        "sign" Smooth [z([3])] |x| sign(&x[0]);
        "signbit" None [r([3])] |x| signbit(&x[0]);
        "sin" Smooth [r([3])] |x| sin(&x[0]);
        "sin" Smooth [z([3])] |x| sin(&x[0]);
        "sinh" Smooth [r([3])] |x| sinh(&x[0]);
        "sinh" Smooth [z([3])] |x| sinh(&x[0]);
        "square" Smooth [r([3])] |x| square(&x[0]);
        "square" Smooth [z([3])] |x| square(&x[0]);
        "sqrt" Smooth [pos([3])] |x| sqrt(&x[0]);
        "sqrt" Smooth [z([3])] |x| sqrt(&x[0]);
        "tan" Smooth [unit([3])] |x| tan(&x[0]);
        "tan" Smooth [z([3])] |x| tan(&x[0]);
        "tanh" Smooth [r([3])] |x| tanh(&x[0]);
        "tanh" Smooth [z([3])] |x| tanh(&x[0]);
        "trunc" Smooth [r([3])] |x| trunc(&x[0]);
        "astype" Smooth [r([3])] |x| astype(&x[0], DType::Complex128);
        "astype" None [r([3])] |x| astype(&x[0], DType::Int32);
        "stop_gradient" None [r([3])] |x| stop_gradient(&x[0]);
    }
}

fn binary() -> Vec<Line> {
    table! {
        "add" Smooth [r([3, 1]), r([2])] |x| add(&x[0], &x[1]);
        "add" Smooth [r([]), r([2, 2])] |x| add(&x[0], &x[1]);
        "add" Smooth [z([3, 1]), z([2])] |x| add(&x[0], &x[1]);
        "add" Smooth [r([3]), z([2, 1])] |x| add(&x[0], &x[1]);
        "add" Smooth [r([3])] |x| add(&x[0], 2);
        "add" Smooth [r([3])] |x| add(0.5, &x[0]);
        "add" Smooth [r([3])] |x| add(&x[0], &x[0]);
        "atan2" Smooth [r([3, 1]), r([2])] |x| atan2(&x[0], &x[1]);
        "atan2" Smooth [r([3])] |x| atan2(&x[0], 0.7);
        "atan2" Smooth [r([3])] |x| atan2(0.7, &x[0]);
        "bitwise_and" None [int([3, 1], 9), int([2], 9)] |x| bitwise_and(&x[0], &x[1]);
        "bitwise_left_shift" None [int([3, 1], 9), int([2], 5)] |x| bitwise_left_shift(&x[0], &x[1]);
        "bitwise_or" None [int([3, 1], 9), int([2], 9)] |x| bitwise_or(&x[0], &x[1]);
        "bitwise_right_shift" None [int([3, 1], 9), int([2], 5)] |x| bitwise_right_shift(&x[0], &x[1]);
        "bitwise_xor" None [int([3, 1], 9), int([2], 9)] |x| bitwise_xor(&x[0], &x[1]);
        "copysign" Smooth [r([3, 1]), r([2])] |x| copysign(&x[0], &x[1]);
        "copysign" Smooth [r([3])] |x| copysign(&x[0], -1.0);
        "copysign" Smooth [r([3])] |x| copysign(1.5, &x[0]);
        "divide" Smooth [r([3, 1]), r([2])] |x| divide(&x[0], &x[1]);
        "divide" Smooth [z([3, 1]), z([2])] |x| divide(&x[0], &x[1]);
        "divide" Smooth [r([3]), z([2, 1])] |x| divide(&x[0], &x[1]);
        "divide" Smooth [r([3])] |x| divide(&x[0], 3);
        "divide" Smooth [r([3])] |x| divide(0.5, &x[0]);
        "divide" Smooth [z([3])] |x| divide(c(0.5, 1.0), &x[0]);
        "isclose" None [r([3, 1]), r([2])] |x| isclose(&x[0], &x[1], Isclose::default().atol(0.4));
        "isclose" None [r([3])] |x| isclose(&x[0], 0.1, Isclose::default().atol(0.4));
        "allclose" None [r([3, 1]), r([2])] |x| allclose(&x[0], &x[1], Allclose::default().atol(0.9));
        "equal" None [int([3, 1], 3), int([2], 3)] |x| equal(&x[0], &x[1]);
        "floor_divide" Smooth [range([3, 1], 2.2, 2.8), range([2], 0.95, 1.05)] |x| floor_divide(&x[0], &x[1]);
        "greater" None [r([3, 1]), r([2])] |x| greater(&x[0], &x[1]);
        "greater_equal" None [r([3, 1]), r([2])] |x| greater_equal(&x[0], &x[1]);
        "hypot" Smooth [r([3, 1]), r([2])] |x| hypot(&x[0], &x[1]);
        "hypot" Smooth [r([3])] |x| hypot(&x[0], 2.0);
        "hypot" Smooth [r([3])] |x| hypot(2.0, &x[0]);
        "less" None [r([3, 1]), r([2])] |x| less(&x[0], &x[1]);
        "less_equal" None [r([3, 1]), r([2])] |x| less_equal(&x[0], &x[1]);
        "logaddexp" Smooth [r([3, 1]), r([2])] |x| logaddexp(&x[0], &x[1]);
        "logaddexp" Smooth [r([3])] |x| logaddexp(&x[0], 0.5);
        "logaddexp" Smooth [r([3])] |x| logaddexp(0.5, &x[0]);
        "logical_and" None [truth([3, 1]), truth([2])] |x| logical_and(&x[0], &x[1]);
        "logical_or" None [truth([3, 1]), truth([2])] |x| logical_or(&x[0], &x[1]);
        "logical_xor" None [truth([3, 1]), truth([2])] |x| logical_xor(&x[0], &x[1]);
        "maximum" Smooth [r([3, 1]), pos([2])] |x| maximum(&x[0], &x[1]);
        "maximum" Smooth [r([3])] |x| maximum(&x[0], 0);
        "maximum" Smooth [r([3])] |x| maximum(0.05, &x[0]);
        "minimum" Smooth [r([3, 1]), pos([2])] |x| minimum(&x[0], &x[1]);
        "minimum" Smooth [r([3])] |x| minimum(&x[0], 0.05);
        "multiply" Smooth [r([3, 1]), r([2])] |x| multiply(&x[0], &x[1]);
        "multiply" Smooth [z([3, 1]), z([2])] |x| multiply(&x[0], &x[1]);
        "multiply" Smooth [r([3]), z([2, 1])] |x| multiply(&x[0], &x[1]);
        "multiply" Smooth [r([3])] |x| multiply(&x[0], 3);
        "multiply" Smooth [z([3])] |x| multiply(c(0.5, 1.0), &x[0]);
        "multiply" Smooth [r([3])] |x| multiply(&x[0], &x[0]);
        "nextafter" Smooth [r([3])] |x| nextafter(&x[0], 9.0);
        "not_equal" None [int([3, 1], 3), int([2], 3)] |x| not_equal(&x[0], &x[1]);
        "pow" Smooth [pos([3, 1]), r([2])] |x| pow(&x[0], &x[1]);
        "pow" Smooth [r([3])] |x| pow(&x[0], 0);
        "pow" Smooth [r([3])] |x| pow(&x[0], 1);
        "pow" Smooth [r([3])] |x| pow(&x[0], 2);
        "pow" Smooth [r([3])] |x| pow(&x[0], 3);
        "pow" Smooth [pos([3])] |x| pow(&x[0], -1.5);
        "pow" Smooth [r([3])] |x| pow(1.5, &x[0]);
        "pow" Smooth [z([3])] |x| pow(&x[0], 3);
        "pow" Smooth [z([3, 1]), z([2])] |x| pow(&x[0], &x[1]);
        "pow" Smooth [z([3])] |x| pow(&x[0], c(0.5, 1.0));
        "pow" Smooth [z([3])] |x| pow(c(0.5, 1.0), &x[0]);
        "remainder" Smooth [range([3, 1], 2.2, 2.8), range([2], 0.95, 1.05)] |x| remainder(&x[0], &x[1]);
        "remainder" Smooth [range([3], 0.8, 1.3)] |x| remainder(&x[0], -0.71);
        "remainder" Smooth [range([3], 0.8, 0.95)] |x| remainder(2.0, &x[0]);
        "subtract" Smooth [r([3, 1]), r([2])] |x| subtract(&x[0], &x[1]);
        "subtract" Smooth [z([3, 1]), r([2])] |x| subtract(&x[0], &x[1]);
        "subtract" Smooth [r([3])] |x| subtract(&x[0], 2);
        "subtract" Smooth [r([3])] |x| subtract(2, &x[0]);
    }
}

fn choices() -> Vec<Line> {
    table! {
        "where" Smooth [truth([3, 1]), r([2]), r([])] |x| where_(&x[0], &x[1], &x[2]);
        "where" Smooth [truth([3]), z([2, 1]), z([3])] |x| where_(&x[0], &x[1], &x[2]);
        "where" Smooth [truth([3]), r([3])] |x| where_(&x[0], &x[1], 2);
        "where" Smooth [truth([3]), r([3])] |x| where_(&x[0], 0.5, &x[1]);
        "clip" Smooth [r([2, 3])] |x| clip(&x[0], -0.4, 0.4);
        "clip" Smooth [r([2, 3])] |x| clip(&x[0], None, 0.4);
        "clip" Smooth [r([2, 3])] |x| clip(&x[0], -0.4, None);
        "clip" Smooth [r([2, 3])] |x| clip(&x[0], None, None);
        "clip" Smooth [r([2, 3]), neg([3]), pos([2, 1])] |x| clip(&x[0], &x[1], &x[2]);
        "isin" None [r([2, 3]), r([4])] |x| isin(&x[0], &x[1], ..);
        "isin" None [r([3])] |x| isin(&x[0], 0.5, Isin { invert: true });
        "searchsorted" None [r([4])] |x| searchsorted(sort(&x[0], ..)?, &x[0], None, "right");
        "searchsorted" None [r([4]), r([2, 3])] |x| searchsorted(sort(&x[0], ..)?, &x[1], None, ..);
        "searchsorted" None [r([4]), r([3])] |x| searchsorted(&x[0], &x[1], argsort(&x[0], ..)?, ..);
        "argmax" None [r([2, 3])] |x| argmax(&x[0], ..);
        "argmax" None [r([2, 3])] |x| argmax(&x[0], 0);
        "argmax" None [r([2, 3])] |x| argmax(&x[0], Argmax { axis: None, keepdims: true });
        "argmin" None [r([2, 3])] |x| argmin(&x[0], -1);
        "argmin" None [r([2, 3])] |x| argmin(&x[0], ..);
        "count_nonzero" None [int([2, 3], 2)] |x| count_nonzero(&x[0], ..);
        "count_nonzero" None [int([2, 3], 2)] |x| count_nonzero(&x[0], axis(1).keepdims());
        "argsort" None [r([2, 3])] |x| argsort(&x[0], 0);
        "sort" Smooth [r([2, 3])] |x| sort(&x[0], ..);
        "sort" Smooth [r([2, 3])] |x| sort(&x[0], Sort { axis: 0, descending: true, stable: true });
    }
}

fn statistics() -> Vec<Line> {
    table! {
        "sum" Smooth [r([2, 3])] |x| sum(&x[0], ..);
        "sum" Smooth [z([2, 3])] |x| sum(&x[0], axis(0).keepdims());
        "sum" Smooth [r([2, 3, 2])] |x| sum(&x[0], [0, -1]);
        "sum" Smooth [r([2])] |x| sum(&x[0], axis(0).dtype(DType::Complex128));
        "sum" Smooth [r([])] |x| sum(&x[0], ..);
        "prod" Smooth [r([2, 3])] |x| prod(&x[0], ..);
        "prod" Smooth [r([2, 3])] |x| prod(&x[0], 1);
        "prod" Smooth [z([2, 2, 2])] |x| prod(&x[0], axis([0, 2]).keepdims());
        "max" Smooth [r([2, 3])] |x| max(&x[0], ..);
        "max" Smooth [r([2, 3])] |x| max(&x[0], axis(1).keepdims());
        "min" Smooth [r([2, 3])] |x| min(&x[0], 0);
        "min" Smooth [r([2, 3, 2])] |x| min(&x[0], [0, 2]);
        "mean" Smooth [r([2, 3])] |x| mean(&x[0], ..);
        "mean" Smooth [z([2, 3])] |x| mean(&x[0], 1);
        "var" Smooth [r([2, 3])] |x| var(&x[0], ..);
        "var" Smooth [r([2, 3])] |x| var(&x[0], axis(1).correction(1.0));
        "std" Smooth [r([2, 3])] |x| std(&x[0], ..);
        "std" Smooth [r([2, 3])] |x| std(&x[0], axis(0).keepdims().correction(1.0));
        "logsumexp" Smooth [r([2, 3])] |x| logsumexp(&x[0], ..);
        "logsumexp" Smooth [r([2, 3])] |x| logsumexp(&x[0], axis(1).keepdims());
        "quantile" Smooth [r([2, 3])] |x| quantile(&x[0], 0.3);
        "quantile" Smooth [r([2, 3, 2])] |x| quantile(&x[0], Quantile::default().q(0.9).axis([0, 2]).keepdims(true));
        "quantile" Smooth [r([2, 3])] |x| quantile(&x[0], (1.0, 0));
        "median" Smooth [r([2, 3])] |x| median(&x[0], ..);
        "median" Smooth [r([2, 4])] |x| median(&x[0], axis(1).keepdims());
        "nansum" Smooth [r([2, 3])] |x| nansum(holes(&x[0])?, ..);
        "nansum" Smooth [r([2, 3])] |x| nansum(holes(&x[0])?, axis(1).keepdims());
        "nanmean" Smooth [r([2, 3])] |x| nanmean(holes(&x[0])?, ..);
        "nanmean" Smooth [r([2, 5])] |x| nanmean(holes(&x[0])?, 1);
        "nanvar" Smooth [r([2, 5])] |x| nanvar(holes(&x[0])?, ..);
        "nanvar" Smooth [r([2, 5])] |x| nanvar(&x[0], axis(1).correction(1.0));
        "nanstd" Smooth [r([2, 5])] |x| nanstd(holes(&x[0])?, ..);
        "nanmax" Smooth [r([2, 5])] |x| nanmax(holes(&x[0])?, axis(1).keepdims());
        "nanmax" Smooth [r([2, 3])] |x| nanmax(holes(&x[0])?, ..);
        "nanmin" Smooth [r([2, 5])] |x| nanmin(holes(&x[0])?, 1);
        "cov" Smooth [r([2, 4])] |x| cov(&x[0], ..);
        "cov" Smooth [z([2, 2, 3])] |x| cov(&x[0], Cov::default().correction(0.0));
        "interp" Smooth [range([5], -0.4, 2.3), range([1], 0.2, 0.3), r([4])] |x| interp(&x[0], points(&x[1])?, &x[2]);
        "interp" Smooth [r([2, 2]), r([1]), r([1])] |x| interp(&x[0], &x[1], &x[2]);
        "histogram" None [r([3, 4]), range([1], 0.2, 0.3)] |x| histogram(&x[0], points(&x[1])?);
        "bincount" None [int([3, 4], 5)] |x| bincount(&x[0], 4);
        "cumulative_sum" Smooth [r([2, 3])] |x| cumulative_sum(&x[0], 1);
        "cumulative_sum" Smooth [z([3])] |x| cumulative_sum(&x[0], ..);
        "cumulative_sum" Smooth [r([2, 3])] |x| cumulative_sum(&x[0], CumulativeSum { axis: Some(0), dtype: None, include_initial: true });
        "cumulative_prod" Smooth [r([2, 4])] |x| cumulative_prod(&x[0], 1);
        "cumulative_prod" Smooth [z([3])] |x| cumulative_prod(&x[0], ..);
        "cumulative_prod" Smooth [r([3, 2])] |x| cumulative_prod(&x[0], CumulativeProd { axis: Some(0), dtype: None, include_initial: true });
        "diff" Smooth [r([2, 4])] |x| diff(&x[0], ..);
        "diff" Smooth [z([4, 2])] |x| diff(&x[0], Diff { axis: 0, n: 2 });
        "all" None [truth([2, 3])] |x| all(&x[0], 0);
        "any" None [truth([2, 3])] |x| any(&x[0], ..);
    }
}

fn movement() -> Vec<Line> {
    table! {
        "broadcast_to" Smooth [r([3, 1])] |x| broadcast_to(&x[0], [2, 3, 2]);
        "broadcast_to" Smooth [r([])] |x| broadcast_to(&x[0], [2]);
        "concat" Smooth [r([2, 1]), r([2, 3])] |x| concat([&x[0], &x[1]], 1);
        "concat" Smooth [r([2]), z([3]), r([1])] |x| concat([&x[0], &x[1], &x[2]], ..);
        "expand_dims" Smooth [r([2, 3])] |x| expand_dims(&x[0], 1);
        "expand_dims" Smooth [r([2, 3])] |x| expand_dims(&x[0], -1);
        "flip" Smooth [r([2, 3])] |x| flip(&x[0], ..);
        "flip" Smooth [r([2, 3])] |x| flip(&x[0], 0);
        "moveaxis" Smooth [r([2, 3, 1])] |x| moveaxis(&x[0], (0, -1));
        "permute_dims" Smooth [r([2, 3, 1])] |x| permute_dims(&x[0], [2, 0, 1]);
        "matrix_transpose" Smooth [r([2, 3, 2])] |x| matrix_transpose(&x[0]);
        "pad" Smooth [r([2, 3])] |x| pad(&x[0], 1);
        "pad" Smooth [z([2, 3])] |x| pad(&x[0], Pad::default().pad_width([vec![1, 0], vec![0, 2]]).constant(0.5));
        "pad" Smooth [r([2, 3])] |x| pad(&x[0], ([[0, 1], [2, 3]], "edge"));
        "pad" Smooth [r([2, 3])] |x| pad(&x[0], (4, "reflect"));
        "pad" Smooth [r([2, 3])] |x| pad(&x[0], ([[3, 0], [1, 4]], "wrap"));
        "repeat" Smooth [r([2, 3])] |x| repeat(&x[0], 2, 1);
        "repeat" Smooth [r([2, 2])] |x| repeat(&x[0], 3, ..);
        "repeat" Smooth [r([2, 3])] |x| repeat(&x[0], x[0].namespace().asarray([2, 0, 1])?, 1);
        "repeat" Smooth [r([2, 2])] |x| repeat(&x[0], x[0].namespace().asarray([2, 0, 1, 3])?, ..);
        "repeat" Smooth [r([3])] |x| repeat(&x[0], x[0].namespace().asarray(2)?, 0);
        "reshape" Smooth [r([2, 3])] |x| reshape(&x[0], [3, -1]);
        "reshape" Smooth [r([1])] |x| reshape(&x[0], vec![]);
        "roll" Smooth [r([2, 3])] |x| roll(&x[0], (1, 1));
        "roll" Smooth [r([2, 3])] |x| roll(&x[0], -2);
        "roll" Smooth [r([2, 3])] |x| roll(&x[0], Roll { shift: vec![1, -1], axis: Some(vec![0, 1]) });
        "squeeze" Smooth [r([2, 1, 1])] |x| squeeze(&x[0], ..);
        "squeeze" Smooth [r([1, 2, 1])] |x| squeeze(&x[0], 0);
        "stack" Smooth [r([2, 3]), r([2, 3])] |x| stack([&x[0], &x[1]], 1);
        "stack" Smooth [r([3]), r([3])] |x| stack([&x[0], &x[1]], -1);
        "tile" Smooth [r([2, 3])] |x| tile(&x[0], [2, 1, 2]);
        "tile" Smooth [r([2, 3])] |x| tile(&x[0], [2]);
        "unstack" Smooth [r([2, 3])] |x| unstack(&x[0], 1);
        "tril" Smooth [r([2, 3, 3])] |x| tril(&x[0], 0);
        "tril" Smooth [r([3, 4])] |x| tril(&x[0], 1);
        "triu" Smooth [z([3, 3])] |x| triu(&x[0], -1);
        "meshgrid" Smooth [r([2]), r([3])] |x| meshgrid([&x[0], &x[1]], ..);
        "meshgrid" Smooth [r([2]), r([3])] |x| meshgrid([&x[0], &x[1]], Meshgrid { indexing: "ij".into() });
        "to_device" Smooth [r([3])] |x| to_device(&x[0], Device::Cpu);
        "convert" Smooth [r([3])] |x| convert(&x[0], &x[0].namespace());
        "broadcast_arrays" Smooth [r([2, 1]), r([3])] |x| broadcast_arrays([&x[0], &x[1]]);
        "empty_like" Smooth [r([2, 3])] |x| empty_like(&x[0], ..);
        "zeros_like" Smooth [r([2, 3])] |x| zeros_like(&x[0], ..);
        "ones_like" Smooth [r([2, 3])] |x| ones_like(&x[0], ..);
        "full_like" Smooth [r([2, 3])] |x| full_like(&x[0], 0.5);
    }
}

fn indexing() -> Vec<Line> {
    table! {
        "at" Smooth [r([4, 3])] |x| at(&x[0], index![1]);
        "at" Smooth [r([4, 3])] |x| at(&x[0], index![1..3, -1]);
        "at" Smooth [z([4, 3])] |x| at(&x[0], index![Index::Slice { start: None, stop: None, step: -2 }, 1..]);
        "at" Smooth [r([2, 3, 2])] |x| at(&x[0], index![Index::Ellipsis, Index::NewAxis, 0]);
        "set_at" Smooth [r([4, 3]), r([3])] |x| set_at(&x[0], &x[1], index![1..3]);
        "set_at" Smooth [r([4, 3]), r([2, 1])] |x| set_at(&x[0], &x[1], index![Index::Slice { start: None, stop: None, step: -2 }, 1..]);
        "set_at" Smooth [r([4, 3]), r([])] |x| set_at(&x[0], &x[1], index![.., 1]);
        "set_at" Smooth [r([4])] |x| set_at(&x[0], 3, index![1]);
        "set_at" Smooth [z([4]), r([2])] |x| set_at(&x[0], &x[1], index![1..3]);
        "take" Smooth [r([4, 3]), int([5], 4)] |x| take(&x[0], &x[1], 0);
        "take" Smooth [r([2, 3, 2]), int([2, 2], 3)] |x| take(&x[0], &x[1], 1);
        "take" Smooth [r([4]), int([], 4)] |x| take(&x[0], &x[1], 0);
        "take_along_axis" Smooth [r([3, 4]), int([3, 2], 4)] |x| take_along_axis(&x[0], &x[1], 1);
        "take_along_axis" Smooth [r([3, 4]), int([2, 1], 3)] |x| take_along_axis(&x[0], &x[1], 0);
        "take_along_axis" Smooth [r([1, 4]), int([3, 2], 4)] |x| take_along_axis(&x[0], &x[1], -1);
        "put" Smooth [r([4, 3]), int([5], 4), r([5, 3])] |x| put(&x[0], &x[1], &x[2], 0);
        "put" Smooth [z([2, 3]), int([2, 1], 3), z([2, 2, 1])] |x| put(&x[0], &x[1], &x[2], -1);
        "at_arrays" Smooth [r([3, 4, 2]), int([2, 1], 3), int([3], 4)] |x| at_arrays(&x[0], [&x[1], &x[2]]);
        "at_arrays" Smooth [z([4]), int([2, 2], 4)] |x| at_arrays(&x[0], [&x[1]]);
        "set_at_arrays" Smooth [r([3, 4, 2]), r([2]), int([2, 1], 3), int([3], 4)] |x| set_at_arrays(&x[0], &x[1], [&x[2], &x[3]]);
        "set_at_arrays" Smooth [r([4]), int([3], 4)] |x| set_at_arrays(&x[0], 2.5, [&x[1]]);
        "set_at_mask" Smooth [r([3, 2]), truth([3]), r([2])] |x| set_at_mask(&x[0], &x[1], &x[2]);
        "set_at_mask" Smooth [r([3, 2]), truth([3, 2])] |x| set_at_mask(&x[0], &x[1], 1);
        "index_add" Smooth [r([4, 3]), int([5], 4), r([5, 3])] |x| index_add(&x[0], &x[1], &x[2], 0);
        "index_add" Smooth [r([2, 3]), int([4], 3), r([2, 4])] |x| index_add(&x[0], &x[1], &x[2], 1);
        "index_add" Smooth [z([3]), int([2, 2], 3), z([2, 2])] |x| index_add(&x[0], &x[1], &x[2], 0);
        "scatter_add" Smooth [r([3, 4]), int([3, 5], 4), r([3, 5])] |x| scatter_add(&x[0], &x[1], &x[2], 1);
        "scatter_add" Smooth [r([3, 4]), int([2, 4], 3), r([2, 4])] |x| scatter_add(&x[0], &x[1], &x[2], 0);
    }
}

fn products() -> Vec<Line> {
    table! {
        "einsum" Smooth [r([2, 3]), r([3, 2]), r([2])] |x| einsum([&x[0], &x[1], &x[2]], "ij,jk,i->k");
        "einsum" Smooth [z([2, 2, 3])] |x| einsum([&x[0]], "iij->ji");
        "einsum" Smooth [r([2, 3]), r([1, 3])] |x| einsum([&x[0], &x[1]], "...i,...i->...");
        "matmul" Smooth [r([2, 3]), r([3, 2])] |x| matmul(&x[0], &x[1]);
        "matmul" Smooth [r([3]), r([3, 2])] |x| matmul(&x[0], &x[1]);
        "matmul" Smooth [r([2, 3]), r([3])] |x| matmul(&x[0], &x[1]);
        "matmul" Smooth [r([3]), r([3])] |x| matmul(&x[0], &x[1]);
        "matmul" Smooth [r([2, 1, 2, 3]), r([2, 3, 2])] |x| matmul(&x[0], &x[1]);
        "matmul" Smooth [r([3]), r([2, 3, 2])] |x| matmul(&x[0], &x[1]);
        "matmul" Smooth [r([2, 2, 3]), r([3])] |x| matmul(&x[0], &x[1]);
        "matmul" Smooth [z([2, 3]), z([3, 2])] |x| matmul(&x[0], &x[1]);
        "matmul" Smooth [r([2, 3]), z([3, 2])] |x| matmul(&x[0], &x[1]);
        "vecdot" Smooth [r([2, 3]), r([3])] |x| vecdot(&x[0], &x[1], ..);
        "vecdot" Smooth [z([3, 2]), z([3, 1])] |x| vecdot(&x[0], &x[1], -2);
        "tensordot" Smooth [r([2, 3, 2]), r([3, 2, 2])] |x| tensordot(&x[0], &x[1], 2);
        "tensordot" Smooth [z([2, 3]), z([3])] |x| tensordot(&x[0], &x[1], ([1], [0]));
        "tensordot" Smooth [r([2]), r([3])] |x| tensordot(&x[0], &x[1], 0);
        "outer" Smooth [r([2]), r([3])] |x| outer(&x[0], &x[1]);
        "outer" Smooth [z([2]), r([3])] |x| outer(&x[0], &x[1]);
        "kron" Smooth [r([2, 3]), r([2, 2])] |x| kron(&x[0], &x[1]);
        "kron" Smooth [z([2]), r([2, 1, 2])] |x| kron(&x[0], &x[1]);
        "kron" Smooth [r([]), r([2])] |x| kron(&x[0], &x[1]);
        "cross" Smooth [r([2, 3]), r([3])] |x| cross(&x[0], &x[1], ..);
        "cross" Smooth [z([3, 2]), z([2, 3, 1])] |x| cross(&x[0], &x[1], -2);
        "diagonal" Smooth [r([2, 3, 3])] |x| diagonal(&x[0], ..);
        "diagonal" Smooth [z([2, 4])] |x| diagonal(&x[0], 1);
        "diagonal" Smooth [r([4, 2])] |x| diagonal(&x[0], -2);
        "trace" Smooth [r([2, 3, 3])] |x| trace(&x[0], ..);
        "trace" Smooth [z([3, 2])] |x| trace(&x[0], -1);
        "trace" Smooth [r([2, 2])] |x| trace(&x[0], DType::Complex128);
    }
}

fn decompositions() -> Vec<Line> {
    table! {
        "solve" Smooth [mat([3, 3]), r([3])] |x| solve(&x[0], &x[1]);
        "solve" Smooth [mat([3, 3]), r([3, 2])] |x| solve(&x[0], &x[1]);
        "solve" Smooth [mat([2, 2, 2]), r([2, 1])] |x| solve(&x[0], &x[1]);
        "solve" Smooth [mat([2, 2]), r([3, 2, 1])] |x| solve(&x[0], &x[1]);
        "solve" Smooth [mat([3, 2, 2]), r([2])] |x| solve(&x[0], &x[1]);
        "solve" Smooth [zmat([2, 2]), z([2, 2])] |x| solve(&x[0], &x[1]);
        "triangular_solve" Smooth [mat([3, 3]), r([3])] |x| triangular_solve(&x[0], &x[1], ..);
        "triangular_solve" Smooth [mat([2, 3, 3]), r([3, 2])] |x| triangular_solve(&x[0], &x[1], TriangularSolve { upper: true, unit_diagonal: false });
        "triangular_solve" Smooth [zmat([3, 3]), z([3, 2])] |x| triangular_solve(&x[0], &x[1], TriangularSolve { upper: false, unit_diagonal: true });
        "triangular_solve" Smooth [zmat([2, 2]), z([2])] |x| triangular_solve(&x[0], &x[1], TriangularSolve { upper: true, unit_diagonal: true });
        "inv" Smooth [mat([3, 3])] |x| inv(&x[0]);
        "inv" Smooth [zmat([2, 2, 2])] |x| inv(&x[0]);
        "cholesky" Smooth [mat([3, 3])] |x| cholesky(hermitian(&x[0])?, ..);
        "cholesky" Smooth [mat([2, 2, 2])] |x| cholesky(hermitian(&x[0])?, Cholesky { upper: true });
        "cholesky" Smooth [zmat([2, 2])] |x| cholesky(hermitian(&x[0])?, ..);
        "cholesky" Smooth [zmat([2, 2])] |x| cholesky(hermitian(&x[0])?, Cholesky { upper: true });
        "qr" Smooth [mat([3, 3])] |x| { let d = qr(&x[0], ..)?; Ok(vec![d.q, d.r]) };
        "qr" Smooth [mat([2, 3, 2])] |x| { let d = qr(&x[0], ..)?; Ok(vec![d.q, d.r]) };
        "qr" Smooth [zmat([3, 2])] |x| { let d = qr(&x[0], ..)?; Ok(vec![d.q, d.r]) };
        "qr" Smooth [mat([3, 2])] |x| Ok(qr(&x[0], ..)?.r);
        "svd" Smooth [mat([3, 3])] |x| { let d = svd(&x[0], ..)?; Ok(vec![phaseless(&d.u)?, d.s, phaseless(&d.vh)?]) };
        "svd" Smooth [mat([2, 3, 2])] |x| { let d = svd(&x[0], Svd { full_matrices: false })?; Ok(vec![phaseless(&d.u)?, d.s, phaseless(&d.vh)?]) };
        "svd" Smooth [mat([2, 3])] |x| { let d = svd(&x[0], Svd { full_matrices: false })?; matmul(&d.u, (expand_dims(log1p(&d.s)?, -1)? * &d.vh).ok()?) };
        "svd" Smooth [zmat([3, 2])] |x| { let d = svd(&x[0], Svd { full_matrices: false })?; Ok(vec![phaseless(&d.u)?, d.s, phaseless(&d.vh)?]) };
        "svd" Smooth [zmat([2, 3])] |x| { let d = svd(&x[0], Svd { full_matrices: false })?; matmul(multiply(&d.u, astype(log1p(&d.s)?, DType::Complex128)?)?, &d.vh) };
    }
}

fn spectra() -> Vec<Line> {
    table! {
        "eigh" Smooth [mat([3, 3])] |x| { let d = eigh(hermitian(&x[0])?)?; Ok(vec![d.eigenvalues, phaseless(&d.eigenvectors)?]) };
        "eigh" Smooth [mat([2, 2, 2])] |x| { let d = eigh(hermitian(&x[0])?)?; matmul(multiply(&d.eigenvectors, expand_dims(square(&d.eigenvalues)?, -2)?)?, matrix_transpose(&d.eigenvectors)?) };
        "eigh" Smooth [zmat([3, 3])] |x| { let d = eigh(hermitian(&x[0])?)?; Ok(vec![d.eigenvalues, phaseless(&d.eigenvectors)?]) };
        "eigvalsh" Smooth [mat([2, 3, 3])] |x| eigvalsh(hermitian(&x[0])?);
        "eigvalsh" Smooth [zmat([3, 3])] |x| eigvalsh(hermitian(&x[0])?);
        "eig" Smooth [r([3, 3])] |x| { let d = eig(&x[0])?; Ok(vec![d.eigenvalues, phaseless(&d.eigenvectors)?]) };
        "eig" Smooth [z([2, 2, 2])] |x| { let d = eig(&x[0])?; Ok(vec![d.eigenvalues, phaseless(&d.eigenvectors)?]) };
        "eig" Smooth [z([3, 3])] |x| Ok(phaseless(&eig(&x[0])?.eigenvectors)?);
        "eigvals" Smooth [r([2, 3, 3])] |x| eigvals(&x[0]);
        "eigvals" Smooth [z([3, 3])] |x| eigvals(&x[0]);
        "slogdet" Smooth [mat([2, 3, 3])] |x| { let d = slogdet(&x[0])?; Ok(vec![d.sign, d.logabsdet]) };
        "slogdet" Smooth [zmat([2, 2])] |x| { let d = slogdet(&x[0])?; Ok(vec![d.sign, d.logabsdet]) };
        "slogdet" Smooth [zmat([2, 2])] |x| Ok(slogdet(&x[0])?.sign);
        "slogdet" Smooth [r([2, 2])] |x| Ok(slogdet(&x[0])?.sign);
        "det" Smooth [r([2, 3, 3])] |x| det(&x[0]);
        "det" Smooth [z([3, 3])] |x| det(&x[0]);
        "matrix_power" Smooth [r([2, 2, 2])] |x| matrix_power(&x[0], 3);
        "matrix_power" Smooth [zmat([2, 2])] |x| matrix_power(&x[0], -2);
        "matrix_power" Smooth [r([2, 2])] |x| matrix_power(&x[0], 0);
        "matrix_power" Smooth [r([2, 2])] |x| matrix_power(&x[0], 1);
        "pinv" Smooth [mat([3, 2])] |x| pinv(&x[0], None);
        "pinv" Smooth [zmat([2, 2, 3])] |x| pinv(&x[0], 1e-10);
        "pinv" Smooth [mat([2, 2, 2]), pos([2])] |x| pinv(&x[0], multiply(&x[1], 1e-6)?);
        // Of rank one, where the decomposition that gives the value has no derivative.
        "pinv" Smooth [pos([3]), pos([2])] |x| pinv(outer(&x[0], &x[1])?, 1e-6);
        "svdvals" Smooth [mat([2, 3, 2])] |x| svdvals(&x[0]);
        "svdvals" Smooth [zmat([2, 3])] |x| svdvals(&x[0]);
        "matrix_rank" None [mat([2, 3, 2])] |x| matrix_rank(&x[0], None);
        "matrix_rank" None [mat([2, 2, 3]), pos([2])] |x| matrix_rank(&x[0], multiply(&x[1], 0.5)?);
        "matrix_rank" None [mat([3, 3])] |x| matrix_rank(&x[0], 0.5);
    }
}

fn norms() -> Vec<Line> {
    table! {
        "matrix_norm" Smooth [r([2, 3, 2])] |x| matrix_norm(&x[0], ..);
        "matrix_norm" Smooth [z([2, 3])] |x| matrix_norm(&x[0], MatrixNorm::default().keepdims(true));
        "matrix_norm" Smooth [mat([2, 3])] |x| matrix_norm(&x[0], "nuc");
        "matrix_norm" Smooth [zmat([2, 3, 2])] |x| matrix_norm(&x[0], MatrixNorm::from("nuc").keepdims(true));
        "matrix_norm" Smooth [r([2, 3])] |x| matrix_norm(&x[0], 1);
        "matrix_norm" Smooth [z([3, 2])] |x| matrix_norm(&x[0], -1);
        "matrix_norm" Smooth [mat([2, 3, 2])] |x| matrix_norm(&x[0], MatrixNorm::from(2).keepdims(true));
        "matrix_norm" Smooth [zmat([2, 3])] |x| matrix_norm(&x[0], -2);
        "matrix_norm" Smooth [r([2, 2, 3])] |x| matrix_norm(&x[0], f64::INFINITY);
        "matrix_norm" Smooth [z([2, 3])] |x| matrix_norm(&x[0], f64::NEG_INFINITY);
        "vector_norm" Smooth [r([2, 3])] |x| vector_norm(&x[0], ..);
        "vector_norm" Smooth [z([2, 3])] |x| vector_norm(&x[0], axis(0).keepdims());
        "vector_norm" Smooth [r([2, 3, 2])] |x| vector_norm(&x[0], VectorNorm::from([0, 2]).ord(1));
        "vector_norm" Smooth [z([3])] |x| vector_norm(&x[0], VectorNorm::default().ord(1));
        "vector_norm" Smooth [r([2, 3])] |x| vector_norm(&x[0], VectorNorm::from(1).ord(3));
        "vector_norm" Smooth [z([2, 3])] |x| vector_norm(&x[0], VectorNorm::from(1).ord(2.5));
        "vector_norm" Smooth [pos([2, 3])] |x| vector_norm(&x[0], VectorNorm::from(1).ord(0.5));
        "vector_norm" Smooth [pos([2, 3])] |x| vector_norm(&x[0], VectorNorm::from(0).ord(-1));
        "vector_norm" Smooth [z([3])] |x| vector_norm(&x[0], VectorNorm::default().ord(-2));
        "vector_norm" Smooth [r([2, 3])] |x| vector_norm(&x[0], VectorNorm::from(1).ord(f64::INFINITY));
        "vector_norm" Smooth [z([2, 3])] |x| vector_norm(&x[0], VectorNorm::from(1).ord(f64::NEG_INFINITY));
        "vector_norm" Smooth [r([2, 3])] |x| vector_norm(&x[0], VectorNorm::from(1).ord(0));
    }
}

fn transforms() -> Vec<Line> {
    table! {
        "fft" Smooth [z([2, 5])] |x| fft(&x[0], ..);
        "fft" Smooth [r([4, 2])] |x| fft(&x[0], Fft::default().axis(0).norm("ortho"));
        "fft" Smooth [z([2, 3])] |x| fft(&x[0], Fft::default().n(5).norm("forward"));
        "fft" Smooth [z([5])] |x| fft(&x[0], Fft::default().n(3));
        "ifft" Smooth [z([2, 5])] |x| ifft(&x[0], 1);
        "ifft" Smooth [r([3, 2])] |x| ifft(&x[0], Ifft::default().n(4).axis(0).norm("ortho"));
        "ifft" Smooth [z([5])] |x| ifft(&x[0], Ifft::default().n(3).norm("forward"));
        "rfft" Smooth [r([2, 5])] |x| rfft(&x[0], ..);
        "rfft" Smooth [r([4, 2])] |x| rfft(&x[0], Rfft::default().axis(0).norm("ortho"));
        "rfft" Smooth [r([3])] |x| rfft(&x[0], Rfft::default().n(6).norm("forward"));
        "rfft" Smooth [r([5])] |x| rfft(&x[0], Rfft::default().n(2));
        "rfft" Smooth [r([2])] |x| rfft(&x[0], Rfft::default().n(1));
        "irfft" Smooth [z([2, 3])] |x| irfft(&x[0], ..);
        "irfft" Smooth [z([3, 2])] |x| irfft(&x[0], Irfft::default().n(5).axis(0).norm("ortho"));
        "irfft" Smooth [r([3])] |x| irfft(&x[0], Irfft::default().n(7).norm("forward"));
        "irfft" Smooth [z([4])] |x| irfft(&x[0], Irfft::default().n(4));
        "irfft" Smooth [z([2])] |x| irfft(&x[0], Irfft::default().n(1));
        "hfft" Smooth [z([2, 3])] |x| hfft(&x[0], ..);
        "hfft" Smooth [z([3, 2])] |x| hfft(&x[0], Hfft::default().n(5).axis(0).norm("ortho"));
        "ihfft" Smooth [r([2, 5])] |x| ihfft(&x[0], ..);
        "ihfft" Smooth [r([4, 2])] |x| ihfft(&x[0], Ihfft::default().n(6).axis(0).norm("forward"));
        "fftn" Smooth [z([2, 3])] |x| fftn(&x[0], ..);
        "fftn" Smooth [r([2, 3, 2])] |x| fftn(&x[0], Fftn::default().s([4, -1]).axes([-1, 0]).norm("ortho"));
        "ifftn" Smooth [z([2, 3])] |x| ifftn(&x[0], [0, 1]);
        "ifftn" Smooth [z([3, 2])] |x| ifftn(&x[0], Ifftn::default().s([2, 3]).axes([0, 1]).norm("forward"));
        "rfftn" Smooth [r([2, 3])] |x| rfftn(&x[0], ..);
        "rfftn" Smooth [r([3, 2, 2])] |x| rfftn(&x[0], Rfftn::default().s([3, 4]).axes([2, 0]));
        "irfftn" Smooth [z([3, 2])] |x| irfftn(&x[0], ..);
        "irfftn" Smooth [z([2, 3])] |x| irfftn(&x[0], Irfftn::default().s([3, 3]).axes([1, 0]).norm("ortho"));
        "fftshift" Smooth [r([3, 4])] |x| fftshift(&x[0], ..);
        "fftshift" Smooth [z([3, 4])] |x| fftshift(&x[0], 0);
        "ifftshift" Smooth [r([3, 4])] |x| ifftshift(&x[0], [0, 1]);
    }
}

fn rest() -> Vec<Line> {
    table! {
        "split" None [Make::Key] |x| split(&x[0], 3);
        "fold_in" None [Make::Key] |x| fold_in(&x[0], 7);
        "fold_in" None [Make::Key, int([3], 9)] |x| fold_in(&x[0], &x[1]);
        "gamma" None [Make::Key] |x| x[0].namespace().gamma(&x[0], [2, 2]);
        "beta" None [Make::Key] |x| x[0].namespace().beta(&x[0], [2, 2]);
        "permutation" None [Make::Key] |x| x[0].namespace().permutation(&x[0], 4);
        "choice" None [Make::Key] |x| x[0].namespace().choice(&x[0], None, (4, 3));
        "choice" None [Make::Key] |x| x[0].namespace().choice(&x[0], None, Choice::default().n(4).shape(3).replace(false));
        "bits" None [Make::Key] |x| x[0].namespace().bits(&x[0], 3);
        "uniform" None [Make::Key] |x| x[0].namespace().uniform(&x[0], [2, 3]);
        "normal" None [Make::Key] |x| x[0].namespace().normal(&x[0], [2, 3]);
        "exponential" None [Make::Key] |x| x[0].namespace().exponential(&x[0], 3);
        "integers" None [Make::Key] |x| x[0].namespace().integers(&x[0], (4, 2..9));
        "poisson" None [Make::Key] |x| x[0].namespace().poisson(&x[0], 4);
    }
}
