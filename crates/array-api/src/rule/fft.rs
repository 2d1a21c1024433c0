//! Rules of Fourier transforms.

use super::*;
use crate::axes::{Axes, normalize_axis};
use crate::call::Verdict;

/// What goes in and comes out of a transform along its (last) axis.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// Complex numbers, as many as go in.
    Complex,
    /// Real numbers go in, half a spectrum comes out.
    HalfOut,
    /// Half a spectrum goes in, real numbers come out.
    HalfIn,
}

impl Form {
    /// The length of the transform of an axis of `m` elements, and how many elements come out.
    fn lengths(self, op: &'static Op, given: Option<usize>, m: usize) -> Result<(usize, usize)> {
        let n = match (given, self) {
            (Some(n), _) => n,
            (None, _) if m == UNKNOWN => return Ok((UNKNOWN, UNKNOWN)),
            (None, Form::HalfIn) => 2 * m.saturating_sub(1),
            (None, _) => m,
        };
        match self {
            _ if n == 0 && given.is_none() => {
                let message =
                    format!("an axis of {m} elements gives a transform of length 0; give the length as n or s");
                Err(Error::value(op.name, message))
            }
            _ if n == 0 => Err(Error::value(op.name, "the length of a transform must be at least 1, not 0")),
            Form::HalfOut => Ok((n, n / 2 + 1)),
            _ => Ok((n, n)),
        }
    }

    fn verdict(self, op: &'static Op, args: &mut [Operand<'_>], dims: Dims, as_complex: bool) -> Result<Verdict> {
        let x = array(op, args, 0)?;
        let real = x.dtype().real();
        let complex = if real == DType::Float32 { DType::Complex64 } else { DType::Complex128 };
        // The shape must be one that memory can hold: lengths are the user's.
        if x.dims().size().is_some() && dims.iter().all(|&d| d != UNKNOWN) {
            let bytes = dims.iter().try_fold(complex.size(), |n, &d| n.checked_mul(d));
            if bytes.is_none_or(|n| isize::try_from(n).is_err()) {
                return Err(Error::shape(op.name, format!("a result of shape {dims} is too large")));
            }
        }
        match self {
            Form::HalfOut => Ok(Verdict::new(dims, complex, real)),
            Form::HalfIn | Form::Complex => {
                if as_complex {
                    cast(&mut args[0], complex)?;
                }
                Ok(Verdict::new(dims, if self == Form::HalfIn { real } else { complex }, complex))
            }
        }
    }

    fn accept(self) -> Accept {
        if self == Form::HalfOut { REAL_FLOATING } else { FLOATING }
    }
}

/// What every transform checks first; the operand's extents.
fn checked(op: &'static Op, args: &[Operand<'_>], norm: &str, form: Form) -> Result<Dims> {
    if !["backward", "ortho", "forward"].contains(&norm) {
        let message = format!("norm is {norm:?}, but must be \"backward\", \"ortho\" or \"forward\"");
        return Err(Error::value(op.name, message));
    }
    let x = array(op, args, 0)?;
    form.accept().check(op, x.dtype())?;
    Ok(x.dims().clone())
}

/// The rule of a transform along one axis: the length is filled in, real operands become complex where the form asks for it.
///
/// # Errors
/// Types that are not floating (or not real), an axis that does not exist, length zero, an unknown `norm`.
pub fn transform(
    op: &'static Op,
    args: &mut [Operand<'_>],
    n: &mut Option<usize>,
    axis: &mut isize,
    norm: &str,
    form: Form,
) -> Result<Verdict> {
    let dims = checked(op, args, norm, form)?;
    let a = normalize_axis(op.name, *axis, dims.len())?;
    *axis = a as isize;
    let (length, out) = form.lengths(op, *n, dims[a])?;
    *n = if length == UNKNOWN { None } else { Some(length) };
    form.verdict(op, args, dims.with(a, out), true)
}

/// The rule of a transform along several axes; the form is that of the last of them, the others are complex.
///
/// A real operand of a complex transform stays real, since half the work is enough for it; over no axes it becomes complex.
///
/// # Errors
/// As [`transform`]; lengths without axes, or not as many; an axis given twice.
pub fn transform_axes(
    op: &'static Op,
    args: &mut [Operand<'_>],
    s: &mut Option<Vec<isize>>,
    axes: &mut Option<Vec<isize>>,
    norm: &str,
    form: Form,
) -> Result<Verdict> {
    let mut dims = checked(op, args, norm, form)?;
    let rank = dims.len();
    if s.is_some() && axes.is_none() {
        return Err(Error::value(op.name, "lengths s are given without the axes that they are for; give axes too"));
    }
    let axes = axes.get_or_insert_with(|| (0..rank as isize).collect());
    Axes::Many(axes.as_slice().into()).normalize(op.name, rank)?;
    let s = s.get_or_insert_with(|| vec![-1; axes.len()]);
    if s.len() != axes.len() {
        return Err(Error::value(op.name, format!("{} lengths s are given for {} axes", s.len(), axes.len())));
    }
    if axes.is_empty() && form != Form::Complex {
        return Err(Error::axis(op.name, "needs at least one axis to transform"));
    }
    let last = axes.len().wrapping_sub(1);
    for (i, (n, axis)) in s.iter_mut().zip(axes.iter_mut()).enumerate() {
        let a = normalize_axis(op.name, *axis, rank)?;
        *axis = a as isize;
        let given = match *n {
            -1 => None,
            n => Some(
                usize::try_from(n)
                    .map_err(|_| Error::value(op.name, format!("a length in s is {n}; -1 takes the axis as it is")))?,
            ),
        };
        // Only the last axis is halved; for the others the transform is complex, in both directions.
        let (length, out) = if i == last { form } else { Form::Complex }.lengths(op, given, dims[a])?;
        *n = if length == UNKNOWN { -1 } else { length as isize };
        dims = dims.with(a, out);
    }
    form.verdict(op, args, dims, axes.is_empty() || form != Form::Complex)
}
