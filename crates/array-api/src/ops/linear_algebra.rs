//! Products of matrices and tensors, and diagonals.

use super::spellings;
use crate::array::Array;
use crate::axes::{Axes, normalize_axis};
use crate::call::{Call, Verdict};
use crate::dims::{Dims, UNKNOWN};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::index::Index;
use crate::operand::Operand;
use crate::operation::Op;
use crate::{index, operation, rule};

operation! {
    /// Matrix product; axes before the last two are a batch and broadcast. Spec: `matmul`.
    Matmul = matmul(x1: One, x2: One) {} -> Array;
    "linear_algebra", Contraction, rule::matmul
}

operation! {
    /// Transposes the last two axes. Spec: `matrix_transpose`.
    MatrixTranspose = matrix_transpose(x: One) {} -> Array;
    "linear_algebra", Matrix, transpose_rule,
    compose |_, call| {
        let x = rule::array(call.op, call.args, 0)?;
        let n = x.ndim() as isize;
        let axes: Vec<isize> = (0..n - 2).chain([n - 1, n - 2]).collect();
        crate::permute_dims(x, axes)
    }
}

operation! {
    /// Dot product of vectors along an axis, broadcasting the others; the first one is conjugated. Spec: `vecdot`.
    Vecdot = vecdot(x1: One, x2: One) { /** Negative. */ axis: isize = -1 } -> Array;
    "linear_algebra", Contraction, vecdot_rule,
    compose |p, call| {
        let a = if call[0].dtype().is_some_and(|d| d.is_complex()) { crate::conj(&call[0])? } else { crate::positive(&call[0])? };
        let dtype = a.dtype();
        crate::sum(crate::multiply(a, &call[1])?, crate::axis(p.axis).dtype(dtype))
    }
}

operation! {
    /// Sum of products over pairs of axes; empty lists of axes give the outer product. Spec: `tensordot`.
    Tensordot = tensordot(x1: One, x2: One) {
        /** Axes of `x1` that are summed. */ axes1: Vec<isize> = vec![-2, -1],
        /** Axes of `x2` that they are paired with. */ axes2: Vec<isize> = vec![0, 1],
    } -> Array;
    "linear_algebra", Contraction, tensordot_rule, compose compose_tensordot
}

operation! {
    /// Products of every element of a vector with every element of another one: `out[i, j] = x1[i] x2[j]`.
    /// Spec: `linalg.outer`.
    Outer = outer(x1: One, x2: One) {} -> Array;
    "linalg", Contraction, outer_rule,
    compose |_, call| crate::multiply(crate::expand_dims(&call[0], -1)?, &call[1])
}

operation! {
    /// Kronecker product: every element of `x1` times all of `x2`, as blocks. A lower rank is filled with axes of extent
    /// one in front.
    Kron = kron(x1: One, x2: One) {} -> Array;
    "linear_algebra", Contraction, kron_rule, compose compose_kron
}

operation! {
    /// Cross product of vectors of three elements along an axis, broadcasting the others. Spec: `linalg.cross`.
    Cross = cross(x1: One, x2: One) { /** Negative. */ axis: isize = -1 } -> Array;
    "linalg", Contraction, cross_rule, compose compose_cross
}

operation! {
    /// The diagonal of matrices that lies `offset` above the main one. Spec: `linalg.diagonal`.
    Diagonal = diagonal(x: One) { /** Below the main diagonal if negative. */ offset: isize = 0 } -> Array;
    "linalg", Matrix, diagonal_rule, compose compose_diagonal
}

operation! {
    /// Sum of the diagonal of matrices that lies `offset` above the main one, in the type that [`sum`](crate::sum) has.
    /// Spec: `linalg.trace`.
    Trace = trace(x: One) {
        /** Below the main diagonal if negative. */ offset: isize = 0, dtype: Option<DType> = None,
    } -> Array;
    "linalg", Matrix,
    |op, p, args| {
        let x = rule::array(op, args, 0)?;
        rule::NUMERIC.check(op, x.dtype())?;
        rule::matrix(op, "x", x.dims())?;
        rule::summation(op, args, &mut Axes::from([-2, -1]), false, &mut p.dtype)
    },
    compose |p, call| {
        let diagonal = diagonal(call[0].take(), p.offset)?;
        crate::sum(diagonal, crate::Sum { axis: Axes::One(-1), keepdims: false, dtype: p.dtype })
    }
}

spellings!(defaults: Vecdot, Cross, Diagonal, Trace);
spellings!(axis: Vecdot, Cross);

impl From<isize> for Diagonal {
    fn from(offset: isize) -> Diagonal {
        Diagonal { offset }
    }
}

impl From<isize> for Trace {
    fn from(offset: isize) -> Trace {
        Trace { offset, dtype: None }
    }
}

impl From<DType> for Trace {
    fn from(dtype: DType) -> Trace {
        Trace { offset: 0, dtype: Some(dtype) }
    }
}

/// `tensordot(x1, x2, n)`: the last `n` axes of `x1` with the first `n` of `x2`.
impl From<usize> for Tensordot {
    fn from(n: usize) -> Tensordot {
        let n = n as isize;
        Tensordot { axes1: (-n..0).collect(), axes2: (0..n).collect() }
    }
}

impl<const N: usize> From<([isize; N], [isize; N])> for Tensordot {
    fn from((a, b): ([isize; N], [isize; N])) -> Tensordot {
        Tensordot { axes1: a.into(), axes2: b.into() }
    }
}

fn transpose_rule<P>(op: &'static Op, _: &mut P, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let x = rule::array(op, args, 0)?;
    let (_, m, n) = rule::matrix(op, "x", x.dims())?;
    let last = x.ndim() - 1;
    Ok(Verdict::same(x.dims().with(last - 1, n).with(last, m), x.dtype()))
}

/// Both arrays' extents along an axis that is counted from the end, since the ranks may differ.
fn from_the_end(op: &'static Op, axis: isize, a: &Array, b: &Array) -> Result<[usize; 2]> {
    if axis >= 0 {
        return Err(Error::axis(op.name, format!("axis {axis} must be negative, counted from the end")));
    }
    Ok([a.dims()[normalize_axis(op.name, axis, a.ndim())?], b.dims()[normalize_axis(op.name, axis, b.ndim())?]])
}

fn vecdot_rule(op: &'static Op, p: &mut Vecdot, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let dtype = rule::promote(op, args, rule::NUMERIC)?;
    let (a, b) = (rule::array(op, args, 0)?, rule::array(op, args, 1)?);
    let [m, n] = from_the_end(op, p.axis, a, b)?;
    if m != n {
        return Err(Error::shape(op.name, format!("axis {} has {m} elements in x1 and {n} in x2", p.axis)));
    }
    let dims = rule::broadcast_dims(op.name, [a.dims(), b.dims()].into_iter())?;
    let at = (dims.len() as isize + p.axis) as usize;
    Ok(Verdict::same(dims.remove(at), dtype))
}

fn tensordot_rule(op: &'static Op, p: &mut Tensordot, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let dtype = rule::promote(op, args, rule::NUMERIC)?;
    let (a, b) = (rule::array(op, args, 0)?.dims(), rule::array(op, args, 1)?.dims());
    if p.axes1.len() != p.axes2.len() {
        let message = format!("{} axes of x1 are paired with {} of x2", p.axes1.len(), p.axes2.len());
        return Err(Error::axis(op.name, message));
    }
    for (axes, dims) in [(&mut p.axes1, a), (&mut p.axes2, b)] {
        let mut all = Axes::Many(axes.as_slice().into());
        all.normalize(op.name, dims.len())?;
        for axis in axes.iter_mut() {
            *axis = normalize_axis(op.name, *axis, dims.len())? as isize;
        }
    }
    for (&i, &j) in p.axes1.iter().zip(&p.axes2) {
        if a[i as usize] != b[j as usize] {
            let message =
                format!("axis {i} of x1 has {} elements, axis {j} of x2 has {}", a[i as usize], b[j as usize]);
            return Err(Error::shape(op.name, message));
        }
    }
    let rest = |d: &Dims, axes: &[isize]| -> Vec<usize> {
        (0..d.len()).filter(|&i| !axes.contains(&(i as isize))).map(|i| d[i]).collect()
    };
    let dims = rest(a, &p.axes1).into_iter().chain(rest(b, &p.axes2)).collect();
    Ok(Verdict::same(dims, dtype))
}

/// Moves the summed axes together, then one product of matrices.
fn compose_tensordot(p: &Tensordot, call: &mut Call<'_, '_>) -> Result<Array> {
    let (a, b) = (rule::array(call.op, call.args, 0)?, rule::array(call.op, call.args, 1)?);
    let free =
        |x: &Array, axes: &[isize]| -> Vec<isize> { (0..x.ndim() as isize).filter(|i| !axes.contains(i)).collect() };
    let (free_a, free_b) = (free(a, &p.axes1), free(b, &p.axes2));
    let extents = |x: &Array, axes: &[isize]| -> Result<Vec<usize>> {
        let shape = x.shape()?;
        Ok(axes.iter().map(|&i| shape[i as usize]).collect())
    };
    let (rows, columns, inner) = (extents(a, &free_a)?, extents(b, &free_b)?, extents(a, &p.axes1)?);
    let product = |d: &[usize]| d.iter().product::<usize>() as isize;
    let left = crate::permute_dims(a, [free_a, p.axes1.clone()].concat())?;
    let right = crate::permute_dims(b, [p.axes2.clone(), free_b].concat())?;
    let left = crate::reshape(left, vec![product(&rows), product(&inner)])?;
    let right = crate::reshape(right, vec![product(&inner), product(&columns)])?;
    let shape: Vec<isize> = rows.iter().chain(&columns).map(|&d| d as isize).collect();
    crate::reshape(matmul(left, right)?, shape)
}

fn outer_rule<P>(op: &'static Op, _: &mut P, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let dtype = rule::promote(op, args, rule::NUMERIC)?;
    match (&rule::array(op, args, 0)?.dims()[..], &rule::array(op, args, 1)?.dims()[..]) {
        (&[m], &[n]) => Ok(Verdict::same([m, n].into(), dtype)),
        (a, b) => {
            let message = format!(
                "both arguments must be vectors, not of shapes {} and {}; reshape them to one axis",
                Dims::new(a),
                Dims::new(b)
            );
            Err(Error::shape(op.name, message))
        }
    }
}

fn kron_rule<P>(op: &'static Op, _: &mut P, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let dtype = rule::promote(op, args, rule::NUMERIC)?;
    let (a, b) = (rule::array(op, args, 0)?.dims(), rule::array(op, args, 1)?.dims());
    let rank = a.len().max(b.len());
    let extent = |d: &Dims, i: usize| if i + d.len() < rank { 1 } else { d[i + d.len() - rank] };
    let dims = (0..rank).map(|i| match (extent(a, i), extent(b, i)) {
        (UNKNOWN, _) | (_, UNKNOWN) => Some(UNKNOWN),
        (m, n) => m.checked_mul(n),
    });
    match dims.collect::<Option<Dims>>() {
        Some(dims) => Ok(Verdict::same(dims, dtype)),
        None => Err(Error::shape(op.name, format!("the product of shapes {a} and {b} is larger than any memory"))),
    }
}

/// The axes of `x1` and `x2` in turn, of extent one in the other, and then each pair as one.
fn compose_kron(_: &Kron, call: &mut Call<'_, '_>) -> Result<Array> {
    let rank = call.verdict.dims().len();
    let alternating = |i: usize| -> Result<Array> {
        let x = rule::array(call.op, call.args, i)?;
        let shape = x.shape()?;
        let mut wide = vec![1_isize; 2 * rank];
        for (k, &n) in shape.iter().enumerate() {
            wide[2 * (k + rank - shape.len()) + i] = n as isize;
        }
        crate::reshape(x, wide)
    };
    crate::reshape(crate::multiply(alternating(0)?, alternating(1)?)?, call.verdict.dims().clone())
}

fn cross_rule(op: &'static Op, p: &mut Cross, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let dtype = rule::promote(op, args, rule::NUMERIC)?;
    let (a, b) = (rule::array(op, args, 0)?, rule::array(op, args, 1)?);
    let extents = from_the_end(op, p.axis, a, b)?;
    if extents != [3, 3] {
        let message = format!(
            "axis {} must have 3 elements in both arguments, but their shapes are {} and {}",
            p.axis,
            a.dims(),
            b.dims()
        );
        return Err(Error::shape(op.name, message));
    }
    Ok(Verdict::same(rule::broadcast_dims(op.name, [a.dims(), b.dims()].into_iter())?, dtype))
}

/// With `r` shifting by one place: `r(a) r(r(b)) - r(r(a)) r(b) = r(a r(b) - r(a) b)`.
fn compose_cross(p: &Cross, call: &mut Call<'_, '_>) -> Result<Array> {
    let (a, b) = (rule::array(call.op, call.args, 0)?, rule::array(call.op, call.args, 1)?);
    let shift = crate::Roll { shift: vec![-1], axis: Some(vec![p.axis]) };
    let left = crate::multiply(a, crate::roll(b, shift.clone())?)?;
    let right = crate::multiply(crate::roll(a, shift.clone())?, b)?;
    crate::roll(crate::subtract(left, right)?, shift)
}

fn diagonal_rule(op: &'static Op, p: &mut Diagonal, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let x = rule::array(op, args, 0)?;
    let (batch, m, n) = rule::matrix(op, "x", x.dims())?;
    let away = p.offset.unsigned_abs();
    let count = match p.offset >= 0 {
        _ if m == UNKNOWN || n == UNKNOWN => UNKNOWN,
        true => m.min(n.saturating_sub(away)),
        false => m.saturating_sub(away).min(n),
    };
    Ok(Verdict::same(batch.iter().copied().chain([count]).collect(), x.dtype()))
}

/// With the rows one behind the other, every `n + 1`-th element.
fn compose_diagonal(p: &Diagonal, call: &mut Call<'_, '_>) -> Result<Array> {
    let x = rule::array(call.op, call.args, 0)?;
    let count = call.verdict.dims().last().copied().unwrap_or(0) as isize;
    let [ref batch @ .., m, n] = *x.shape()? else { return Err(Error::shape(call.op.name, "x is no matrix")) };
    let shape: Vec<isize> = batch.iter().chain(&[m * n]).map(|&d| d as isize).collect();
    let n = n as isize;
    let (start, stop) = match count {
        0 => (0, 0),
        _ => {
            let start = if p.offset >= 0 { p.offset } else { -p.offset * n };
            (start, start + (count - 1) * (n + 1) + 1)
        }
    };
    let steps = Index::Slice { start: Some(start), stop: Some(stop), step: n + 1 };
    crate::at(crate::reshape(x, shape)?, index![Index::Ellipsis, steps])
}
