//! Norms, and what is decided by singular values: rows of the standard's `linalg` extension.

use super::spellings;
use crate::array::Array;
use crate::axes::{Axes, axis};
use crate::call::{Call, Verdict};
use crate::dims::Dims;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::index::Index;
use crate::norm::NormOrder;
use crate::operand::Operand;
use crate::operation::Op;
use crate::{index, operation, rule};

operation! {
    /// Singular values, descending, in the real type of `x`. Spec: `linalg.svdvals`.
    Svdvals = svdvals(x: One) {} -> Array;
    "linalg", Matrix, svdvals_rule,
    compose |_, call| Ok(crate::svd(call[0].take(), crate::Svd { full_matrices: false })?.s)
}

operation! {
    /// The number of singular values above `rtol` times the largest one, as `int64`. `rtol` is a real number, or an array
    /// of them for the matrices of the stack; without it `max(M, N)` times the machine's epsilon. Spec: `linalg.matrix_rank`.
    MatrixRank = matrix_rank(x: One, rtol: Maybe) {} -> Array;
    "linalg", Other,
    |op, _, args| {
        let batch = tolerance(op, args)?;
        Ok(Verdict::new(batch, DType::Int64, rule::array(op, args, 0)?.dtype().real()))
    },
    compose |_, call| {
        let s = svdvals(&call[0])?;
        crate::count_nonzero(significant(call, &s)?, -1)
    }
}

operation! {
    /// Moore-Penrose inverse: singular values up to `rtol` times the largest one count as zero, `rtol` as in
    /// [`matrix_rank`]. Spec: `linalg.pinv`.
    Pinv = pinv(x: One, rtol: Maybe) {} -> Array;
    "linalg", Other,
    |op, _, args| {
        let batch = tolerance(op, args)?;
        let x = rule::array(op, args, 0)?;
        let (_, m, n) = rule::matrix(op, "x", x.dims())?;
        Ok(Verdict::new(batch.iter().copied().chain([n, m]).collect(), x.dtype(), x.dtype().real()))
    },
    compose |_, call| {
        let f = crate::svd(&call[0], crate::Svd { full_matrices: false })?;
        let large = significant(call, &f.s)?;
        let inverse = crate::where_(&large, crate::reciprocal(crate::where_(&large, &f.s, 1.0)?)?, 0.0)?;
        let v = crate::multiply(adjoint(&f.vh)?, crate::expand_dims(inverse, -2)?)?;
        crate::matmul(v, adjoint(&f.u)?)
    }
}

operation! {
    /// Norm of matrices, in the real type of `x`. The order is `"fro"` (root of the sum of squares), `"nuc"` (sum of the
    /// singular values), 1 or -1 (largest or smallest sum of a column's absolute values), infinity or -infinity (of a
    /// row's), 2 or -2 (largest or smallest singular value). A matrix without elements has norm 0.
    /// Spec: `linalg.matrix_norm`.
    MatrixNorm = matrix_norm(x: One) { keepdims: bool = false, ord: NormOrder = NormOrder::from("fro") } -> Array;
    "linalg", Matrix, matrix_norm_rule, compose compose_matrix_norm
}

operation! {
    /// Norm over one axis, several, or all: `sum(abs(x)^ord)^(1/ord)` for any order but 0 (the number of elements that are
    /// not zero), infinity (the largest absolute value) and -infinity (the smallest), in the real type of `x`. Squares
    /// are not scaled: numbers beyond the root of the type's range overflow. The derivative is 0 at a zero vector, and
    /// for orders below 1 at zero elements. Spec: `linalg.vector_norm`.
    VectorNorm = vector_norm(x: One) {
        axis: Axes = Axes::All, keepdims: bool = false, ord: NormOrder = NormOrder::Number(2.0),
    } -> Array;
    "linalg", Reduction, vector_norm_rule, compose compose_vector_norm
}

spellings!(defaults: MatrixNorm);
spellings!(axes: VectorNorm);

macro_rules! orders {
    ($($given:ty),*) => { $(
        impl From<$given> for MatrixNorm {
            fn from(ord: $given) -> MatrixNorm { MatrixNorm { keepdims: false, ord: ord.into() } }
        }
    )* };
}
orders!(&str, f64, isize, NormOrder);

fn adjoint(x: &Array) -> Result<Array> {
    let x = if x.dtype().is_complex() { crate::conj(x)? } else { x.clone() };
    crate::matrix_transpose(x)
}

fn svdvals_rule<P>(op: &'static Op, _: &mut P, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let x = rule::array(op, args, 0)?;
    rule::FLOATING.check(op, x.dtype())?;
    let (batch, m, n) = rule::matrix(op, "x", x.dims())?;
    let dims = batch.iter().copied().chain([m.min(n)]).collect();
    Ok(Verdict::new(dims, x.dtype().real(), x.dtype()))
}

/// Checks matrices and the relative tolerance beside them; gives the extents of the stack.
fn tolerance(op: &'static Op, args: &[Operand<'_>]) -> Result<Dims> {
    let x = rule::array(op, args, 0)?;
    rule::FLOATING.check(op, x.dtype())?;
    let batch = Dims::new(rule::matrix(op, "x", x.dims())?.0);
    match &args[1] {
        Operand::Absent => {}
        Operand::Scalar(s) => {
            if !s.result_dtype(x.dtype().real()).is_some_and(DType::is_real_floating) {
                return Err(Error::dtype(op.name, format!("rtol is {s}, but must be a real number")));
            }
        }
        rtol => {
            if let Some(rtol) = rtol.array() {
                rule::REAL_FLOATING.check(op, rtol.dtype())?;
                if rule::broadcast_dims(op.name, [&batch, rtol.dims()].into_iter())? != batch {
                    let message = format!(
                        "rtol has shape {}, which does not broadcast to that of the stack of matrices, {batch}",
                        rtol.dims()
                    );
                    return Err(Error::shape(op.name, message));
                }
            }
        }
    }
    Ok(batch)
}

/// Which singular values are above the tolerance.
fn significant(call: &Call<'_, '_>, s: &Array) -> Result<Array> {
    let x = rule::array(call.op, call.args, 0)?;
    let (_, m, n) = rule::matrix(call.op, "x", x.dims())?;
    // The first is the largest; a slice, since there may be none.
    let largest = crate::at(s, index![Index::Ellipsis, ..1])?;
    let bound = match &call[1] {
        Operand::Absent => crate::multiply(largest, m.max(n) as f64 * epsilon(x.dtype()))?,
        Operand::Scalar(rtol) => crate::multiply(largest, *rtol)?,
        rtol => crate::multiply(largest, crate::expand_dims(rtol, -1)?)?,
    };
    crate::greater(s, bound)
}

/// The distance from one to the next larger number of a floating type's parts.
fn epsilon(dtype: DType) -> f64 {
    match dtype.real() {
        DType::Float32 => f32::EPSILON.into(),
        _ => f64::EPSILON,
    }
}

fn unknown_order(op: &'static Op, ord: &NormOrder, valid: &str) -> Error {
    Error::value(op.name, format!("there is no norm of order {ord}; valid are {valid}"))
}

fn matrix_norm_rule(op: &'static Op, p: &mut MatrixNorm, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let x = rule::array(op, args, 0)?;
    rule::FLOATING.check(op, x.dtype())?;
    let (batch, m, n) = rule::matrix(op, "x", x.dims())?;
    let candidates = match &p.ord {
        NormOrder::Word(w) if w == "fro" || w == "nuc" => 1,
        NormOrder::Number(o) if *o == -1.0 => n,
        NormOrder::Number(o) if *o == -2.0 => m.min(n),
        NormOrder::Number(o) if *o == f64::NEG_INFINITY => m,
        NormOrder::Number(o) if [1.0, 2.0, f64::INFINITY].contains(o) => 1,
        ord => return Err(unknown_order(op, ord, "\"fro\", \"nuc\", 1, -1, 2, -2, inf and -inf")),
    };
    if candidates == 0 {
        let message = format!("a matrix of {m} x {n} has no smallest one of what order {} compares", p.ord);
        return Err(Error::value(op.name, message));
    }
    let kept = if p.keepdims { &[1, 1][..] } else { &[] };
    Ok(Verdict::new(batch.iter().chain(kept).copied().collect(), x.dtype().real(), x.dtype()))
}

fn compose_matrix_norm(p: &MatrixNorm, call: &mut Call<'_, '_>) -> Result<Array> {
    let x = rule::array(call.op, call.args, 0)?;
    let order = match &p.ord {
        NormOrder::Word(w) if w == "fro" => {
            return vector_norm(x, VectorNorm::default().axis([-2, -1]).keepdims(p.keepdims));
        }
        NormOrder::Word(_) => {
            return crate::reshape(crate::sum(svdvals(x)?, -1)?, call.verdict.dims().clone());
        }
        NormOrder::Number(order) => *order,
    };
    let candidates = match order.abs() {
        1.0 => crate::sum(crate::abs(x)?, -2)?,
        2.0 => svdvals(x)?,
        _ => crate::sum(crate::abs(x)?, -1)?,
    };
    let empty = candidates.dims().last() == Some(&0);
    let out = match order > 0.0 {
        true if empty => crate::sum(candidates, -1)?,
        true => crate::max(candidates, -1)?,
        false => crate::min(candidates, -1)?,
    };
    crate::reshape(out, call.verdict.dims().clone())
}

fn vector_norm_rule(op: &'static Op, p: &mut VectorNorm, args: &mut [Operand<'_>]) -> Result<Verdict> {
    match &p.ord {
        NormOrder::Number(o) if !o.is_nan() => {}
        ord => return Err(unknown_order(op, ord, "all real numbers, inf and -inf")),
    }
    rule::reduction(op, args, &mut p.axis, p.keepdims, rule::FLOATING, DType::real)
}

fn compose_vector_norm(p: &VectorNorm, call: &mut Call<'_, '_>) -> Result<Array> {
    let x = rule::array(call.op, call.args, 0)?;
    let NormOrder::Number(order) = p.ord else { return Err(unknown_order(call.op, &p.ord, "all real numbers")) };
    let total = |y: Array| crate::sum(y, crate::Sum { axis: p.axis.clone(), keepdims: p.keepdims, dtype: None });
    let options = || crate::AxisOptions { keepdims: p.keepdims, ..axis(p.axis.clone()) };
    let empty = p.axis.list(x.ndim()).into_iter().any(|a| x.dims()[a] == 0);
    if order == 0.0 {
        total(crate::astype(crate::not_equal(x, 0)?, x.dtype().real())?)
    } else if order == 2.0 {
        let squares = match x.dtype().is_complex() {
            true => crate::add(crate::square(crate::real(x)?)?, crate::square(crate::imag(x)?)?)?,
            false => crate::square(x)?,
        };
        root(total(squares)?, 0.0, crate::sqrt)
    } else if order == f64::INFINITY && !empty {
        crate::max(crate::abs(x)?, options())
    } else if order == f64::NEG_INFINITY && !empty {
        crate::min(crate::abs(x)?, options())
    } else if order == 1.0 || order == f64::INFINITY {
        total(crate::abs(x)?)
    } else if order == f64::NEG_INFINITY {
        // The smallest of no numbers.
        crate::add(total(crate::abs(x)?)?, f64::INFINITY)
    } else {
        let size = crate::abs(x)?;
        let powers = match order > 1.0 {
            true => crate::pow(size, order)?,
            // Zeros get their limit by hand, where the power's derivative is infinite.
            false => root(size, if order > 0.0 { 0.0 } else { f64::INFINITY }, |a| crate::pow(a, order))?,
        };
        root(total(powers)?, if order > 0.0 { 0.0 } else { f64::INFINITY }, |a| crate::pow(a, 1.0 / order))
    }
}

/// A function whose derivative is infinite at zero: the value there is given, and the derivative is taken as zero.
fn root(x: Array, at_zero: f64, f: impl Fn(Array) -> Result<Array>) -> Result<Array> {
    let zero = crate::equal(&x, 0)?;
    crate::where_(&zero, at_zero, f(crate::where_(&zero, 1.0, x)?)?)
}
