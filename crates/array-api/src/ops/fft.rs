//! Discrete Fourier transforms, the standard's extension `fft`.
//!
//! A backend needs [`fft`] alone: everything else is composed of it. One that has kernels for [`ifft`], [`rfft`] and
//! [`irfft`] too saves half the work on real arrays. Real arrays are taken where the standard asks for complex ones.

use super::{Roll, conj, roll, spellings};
use crate::array::Array;
use crate::axes::{Axes, normalize_axis};
use crate::call::{Call, Verdict};
use crate::dims::Dims;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::operand::Operand;
use crate::operation::Op;
use crate::{Index, operation, rule};

/// Rows of transforms along one axis.
macro_rules! along_one_axis {
    ($($(#[doc = $doc:literal])* $Op:ident $f:ident $rule:expr $(, compose $compose:expr)?;)*) => { $(
        operation! {
            $(#[doc = $doc])*
            $Op = $f(x: One) {
                /** The length of the (inverse) transform: the input is cut, or padded with zeros. */ n: Option<usize> = None,
                axis: isize = -1,
                /** Which direction divides by the length: `"backward"`, `"forward"`, or both by its root, `"ortho"`. */
                norm: String = "backward".to_string(),
            } -> Array;
            "fft", Scan, |op, p, args| $rule(op, args, &mut p.n, &mut p.axis, &p.norm) $(, compose $compose)?
        }
        spellings!(defaults: $Op);
        spellings!(axis: $Op);
    )* };
}

along_one_axis! {
    /// Discrete Fourier transform along an axis: `sum_j x_j exp(-2 pi i j k / n)`. Spec: `fft.fft`.
    Fft fft complex;
    /// Inverse discrete Fourier transform along an axis: `1/n sum_k x_k exp(2 pi i j k / n)`. Spec: `fft.ifft`.
    Ifft ifft complex, compose |p, call| {
        conj(fft(conj(&call[0])?, Fft { n: p.n, axis: p.axis, norm: opposite_norm(&p.norm) })?)
    };
    /// The `n // 2 + 1` terms of non-negative frequency of a real array's transform. Spec: `fft.rfft`.
    Rfft rfft half_out, compose |p, call| {
        let all = fft(&call[0], Fft { n: p.n, axis: p.axis, norm: p.norm.clone() })?;
        resize_axis(&all, p.axis, call.verdict.dims()[p.axis as usize])
    };
    /// The real array of `n` elements, `2 (M - 1)` unless given, whose [`rfft`] of `M` terms this is. The imaginary parts of
    /// the first term, and of the last one where `n` is even, have no meaning and are ignored. Spec: `fft.irfft`.
    Irfft irfft half_in, compose |p, call| {
        let n = call.verdict.dims()[p.axis as usize];
        let half = resize_axis(rule::array(call.op, call.args, 0)?, p.axis, n / 2 + 1)?;
        crate::real(ifft(mirrored(&half, p.axis, n)?, Ifft { n: None, axis: p.axis, norm: p.norm.clone() })?)
    };
    /// The real transform, of `n` elements, of a Hermitian signal given by its first half. Spec: `fft.hfft`.
    Hfft hfft half_in, compose |p, call| {
        irfft(conj(&call[0])?, Irfft { n: p.n, axis: p.axis, norm: opposite_norm(&p.norm) })
    };
    /// The first half of the Hermitian signal whose transform is a real array: the inverse of [`hfft`]. Spec: `fft.ihfft`.
    Ihfft ihfft half_out, compose |p, call| {
        conj(rfft(&call[0], Rfft { n: p.n, axis: p.axis, norm: opposite_norm(&p.norm) })?)
    };
}

/// Rows of transforms along several axes.
macro_rules! along_axes {
    ($($(#[doc = $doc:literal])* $Op:ident $f:ident $form:ident, $compose:expr;)*) => { $(
        operation! {
            $(#[doc = $doc])*
            $Op = $f(x: One) {
                /** The lengths along `axes`, which must be given too; -1 takes an axis as it is. */ s: Option<Vec<isize>> = None,
                /** All axes unless given. */ axes: Option<Vec<isize>> = None,
                /** As for transforms along one axis. */ norm: String = "backward".to_string(),
            } -> Array;
            "fft", Other, |op, p, args| rule::transform_axes(op, args, &mut p.s, &mut p.axes, &p.norm, rule::Form::$form), compose $compose
        }
        spellings!(defaults: $Op);
        impl<const N: usize> From<[isize; N]> for $Op { fn from(axes: [isize; N]) -> $Op { $Op::default().axes(axes) } }
    )* };
}

along_axes! {
    /// [`fft`] along several axes. Spec: `fft.fftn`.
    Fftn fftn Complex, |p, call| {
        lines(&p.s, &p.axes).try_fold(rule::array(call.op, call.args, 0)?.clone(), |x, (n, axis)| fft(x, Fft { n, axis, norm: p.norm.clone() }))
    };
    /// [`ifft`] along several axes. Spec: `fft.ifftn`.
    Ifftn ifftn Complex, |p, call| {
        lines(&p.s, &p.axes).try_fold(rule::array(call.op, call.args, 0)?.clone(), |x, (n, axis)| ifft(x, Ifft { n, axis, norm: p.norm.clone() }))
    };
    /// [`rfft`] along the last of the axes, then [`fft`] along the others. Spec: `fft.rfftn`.
    Rfftn rfftn HalfOut, |p, call| {
        let x = rule::array(call.op, call.args, 0)?.clone();
        lines(&p.s, &p.axes).enumerate().try_fold(x, |x, (i, (n, axis))| match i {
            0 => rfft(x, Rfft { n, axis, norm: p.norm.clone() }),
            _ => fft(x, Fft { n, axis, norm: p.norm.clone() }),
        })
    };
    /// [`ifft`] along all but the last of the axes, then [`irfft`] along that one: the inverse of [`rfftn`], which needs to
    /// be told the length if it is odd. Spec: `fft.irfftn`.
    Irfftn irfftn HalfIn, |p, call| {
        let mut all: Vec<_> = lines(&p.s, &p.axes).collect();
        let (n, axis) = all.remove(0);
        let x = all.into_iter().try_fold(rule::array(call.op, call.args, 0)?.clone(), |x, (n, axis)| ifft(x, Ifft { n, axis, norm: p.norm.clone() }))?;
        irfft(x, Irfft { n, axis, norm: p.norm.clone() })
    };
}

operation! {
    /// Frequencies of [`fft`]'s terms, in cycles per unit of the sample spacing `d`. Spec: `fft.fftfreq`.
    Fftfreq = fftfreq() {
        /** The length of the transform. */ n: usize = 1, d: f64 = 1.0,
        /** A real floating-point type; `float64` unless given. */ dtype: Option<DType> = None,
    } -> Array;
    "fft", Creation, |op, p, _| frequencies(op, p.n, p.n, p.d, &mut p.dtype),
    compose |p, call| {
        let n = p.n as i64;
        scaled(call, [(0, n - n / 2), (-(n / 2), 0)], p.n, p.d)
    },
    methods (namespace)
}

operation! {
    /// Frequencies of [`rfft`]'s terms, in cycles per unit of the sample spacing `d`. Spec: `fft.rfftfreq`.
    Rfftfreq = rfftfreq() {
        /** The length of the transform. */ n: usize = 1, d: f64 = 1.0,
        /** A real floating-point type; `float64` unless given. */ dtype: Option<DType> = None,
    } -> Array;
    "fft", Creation, |op, p, _| frequencies(op, p.n, p.n / 2 + 1, p.d, &mut p.dtype),
    compose |p, call| scaled(call, [(0, (p.n / 2 + 1) as i64)], p.n, p.d),
    methods (namespace)
}

operation! {
    /// Moves the term of frequency zero to the middle. Spec: `fft.fftshift`.
    Fftshift = fftshift(x: One) { axes: Axes = Axes::All } -> Array;
    "fft", Movement, |op, p, args| shift_rule(op, args, &mut p.axes), compose |p, call| shifted(call, &p.axes, 1)
}

operation! {
    /// Moves the term of frequency zero from the middle to the front: the inverse of [`fftshift`]. Spec: `fft.ifftshift`.
    Ifftshift = ifftshift(x: One) { axes: Axes = Axes::All } -> Array;
    "fft", Movement, |op, p, args| shift_rule(op, args, &mut p.axes), compose |p, call| shifted(call, &p.axes, -1)
}

macro_rules! small_spellings {
    (shift: $($Op:ident),*) => { $(
        spellings!(defaults: $Op);
        impl From<isize> for $Op { fn from(axis: isize) -> $Op { $Op::default().axes(axis) } }
        impl<const N: usize> From<[isize; N]> for $Op { fn from(axes: [isize; N]) -> $Op { $Op::default().axes(axes) } }
    )* };
    (frequencies: $($Op:ident),*) => { $(
        impl From<usize> for $Op { fn from(n: usize) -> $Op { $Op::default().n(n) } }
        impl From<(usize, f64)> for $Op { fn from((n, d): (usize, f64)) -> $Op { $Op::default().n(n).d(d) } }
    )* };
}
small_spellings!(shift: Fftshift, Ifftshift);
small_spellings!(frequencies: Fftfreq, Rfftfreq);

/// The first `n` elements along an axis, with zeros where there are fewer.
///
/// # Errors
/// If the axis does not exist, or its extent is not known yet.
pub fn resize_axis(x: &Array, axis: isize, n: usize) -> Result<Array> {
    let a = normalize_axis("resize_axis", axis, x.ndim())?;
    let m = x.shape()?[a];
    match n {
        _ if n == m => Ok(x.clone()),
        _ if n < m => part(x, a as isize, (..n as isize).into()),
        _ => super::concat([x, &x.namespace().zeros((x.dims().with(a, n - m), x.dtype()))?], a as isize),
    }
}

fn part(x: &Array, axis: isize, slice: Index) -> Result<Array> {
    super::at(x, [vec![Index::full(); axis as usize], vec![slice]].concat())
}

/// All `n` terms of a Hermitian signal from the first `n // 2 + 1`.
fn mirrored(half: &Array, axis: isize, n: usize) -> Result<Array> {
    let rest = part(half, axis, (1..(n - n / 2) as isize).into())?;
    super::concat([half, &conj(super::flip(rest, axis)?)?], axis)
}

/// The normalisation of the other direction, `"backward"` for `"forward"`: under it a transform is the conjugate of the
/// inverse, and its adjoint.
pub fn opposite_norm(norm: &str) -> String {
    match norm {
        "backward" => "forward",
        "forward" => "backward",
        ortho => ortho,
    }
    .to_string()
}

/// Lengths and axes in the order in which they are transformed: the last one first.
fn lines(s: &Option<Vec<isize>>, axes: &Option<Vec<isize>>) -> impl Iterator<Item = (Option<usize>, isize)> + use<> {
    let lengths = s.clone().unwrap_or_default().into_iter().map(|n| usize::try_from(n).ok());
    lengths.zip(axes.clone().unwrap_or_default()).rev()
}

macro_rules! line_rules {
    ($($f:ident = $form:ident;)*) => { $(
        fn $f(op: &'static Op, args: &mut [Operand<'_>], n: &mut Option<usize>, axis: &mut isize, norm: &str) -> Result<Verdict> {
            rule::transform(op, args, n, axis, norm, rule::Form::$form)
        }
    )* };
}
line_rules! { complex = Complex; half_out = HalfOut; half_in = HalfIn; }

fn frequencies(op: &'static Op, n: usize, out: usize, d: f64, dtype: &mut Option<DType>) -> Result<Verdict> {
    if n == 0 || i64::try_from(n).is_err() {
        return Err(Error::value(op.name, format!("a transform has at least one and at most 2^63 - 1 terms, not {n}")));
    }
    if d == 0.0 || !d.is_finite() {
        return Err(Error::value(op.name, format!("the sample spacing d is {d}, but must be finite and not zero")));
    }
    let dtype = *dtype.get_or_insert(DType::Float64);
    rule::REAL_FLOATING.check(op, dtype)?;
    Ok(Verdict::same(Dims::from(out), dtype))
}

/// Ranges of integers, one after the other, over `n d`.
fn scaled<const N: usize>(call: &Call<'_, '_>, ranges: [(i64, i64); N], n: usize, d: f64) -> Result<Array> {
    let xp = call.namespace.ok_or_else(|| Error::value(call.op.name, "has no namespace to create the array in"))?;
    let dtype = call.verdict.dtype();
    let part = |(start, stop)| xp.arange(super::Arange::from(start..stop).dtype(dtype));
    let parts = ranges.into_iter().map(part).collect::<Result<Vec<_>>>()?;
    crate::divide(super::concat(parts, 0)?, n as f64 * d)
}

fn shift_rule(op: &'static Op, args: &mut [Operand<'_>], axes: &mut Axes) -> Result<Verdict> {
    let x = rule::array(op, args, 0)?;
    axes.normalize(op.name, x.ndim())?;
    Ok(Verdict::same(x.dims().clone(), x.dtype()))
}

fn shifted(call: &mut Call<'_, '_>, axes: &Axes, sign: isize) -> Result<Array> {
    let x = rule::array(call.op, call.args, 0)?;
    let (shape, axes) = (x.shape()?, axes.list(x.ndim()));
    let shift = axes.iter().map(|&a| sign * (shape[a] / 2) as isize).collect();
    roll(x, Roll { shift, axis: Some(axes.iter().map(|&a| a as isize).collect()) })
}
