//! Products of matrices and tensors.

use super::spellings;
use crate::array::Array;
use crate::axes::{Axes, normalize_axis};
use crate::call::{Call, Verdict};
use crate::error::{Error, Result};
use crate::operand::Operand;
use crate::operation::Op;
use crate::{operation, rule};

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

spellings!(defaults: Vecdot);
spellings!(axis: Vecdot);

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

fn vecdot_rule(op: &'static Op, p: &mut Vecdot, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let dtype = rule::promote(op, args, rule::NUMERIC)?;
    let (a, b) = (rule::array(op, args, 0)?, rule::array(op, args, 1)?);
    // Counted from the end, since the ranks may differ (spec: vecdot).
    if p.axis >= 0 {
        return Err(Error::axis(op.name, format!("axis {} must be negative, counted from the end", p.axis)));
    }
    let (i, j) = (normalize_axis(op.name, p.axis, a.ndim())?, normalize_axis(op.name, p.axis, b.ndim())?);
    if a.dims()[i] != b.dims()[j] {
        let message = format!("axis {} has {} elements in x1 and {} in x2", p.axis, a.dims()[i], b.dims()[j]);
        return Err(Error::shape(op.name, message));
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
    let rest = |d: &crate::Dims, axes: &[isize]| -> Vec<usize> {
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
