//! Windows that slide along axes: what convolutions and pooling are made of. Beyond the standard.

use super::{moveaxis, take};
use crate::array::Array;
use crate::axes::{Axes, normalize_axis};
use crate::call::{Call, Verdict};
use crate::dims::{Dims, UNKNOWN};
use crate::error::{Error, Result};
use crate::operand::Operand;
use crate::operation::Op;
use crate::{operation, rule};

operation! {
    /// Windows that slide along axes, each with its elements in new axes at the end: `(.., n, ..)` to
    /// `(.., count, .., window)`. As `numpy.lib.stride_tricks.sliding_window_view`, with steps as convolutions have them.
    SlidingWindowView = sliding_window_view(x: One) {
        /** How many elements a window has, along each of the axes. */ window_shape: Dims = Dims::SCALAR,
        /** All axes if none are given. */ axis: Option<Vec<isize>> = None,
        /** From one window to the next; one number serves all axes. */ stride: Dims = Dims::from(1),
        /** From one element of a window to the next; one number serves all axes. */ dilation: Dims = Dims::from(1),
    } -> Array;
    "manipulation", Movement, windows_rule, compose compose_windows
}

/// Windows of this shape along all axes.
impl<D: Into<Dims>> From<D> for SlidingWindowView {
    fn from(window_shape: D) -> SlidingWindowView {
        SlidingWindowView { window_shape: window_shape.into(), ..SlidingWindowView::default() }
    }
}

/// One number for each of `count` axes, where one number may serve all; none below `least`.
pub(super) fn each_axis(op: &'static Op, name: &str, given: &Dims, count: usize, least: usize) -> Result<Dims> {
    if let Some(n) = given.iter().find(|&&n| n < least) {
        return Err(Error::value(op.name, format!("{name} is {n} along an axis, but must be at least {least}")));
    }
    match given[..] {
        [n] => Ok(vec![n; count].into()),
        _ if given.len() == count => Ok(given.clone()),
        _ => Err(Error::value(op.name, format!("{name} has {} numbers for {count} axes", given.len()))),
    }
}

/// From the first element of a window to behind its last one.
pub(super) fn span(op: &'static Op, window: usize, dilation: usize) -> Result<usize> {
    let span = window.checked_sub(1).and_then(|w| w.checked_mul(dilation)).and_then(|s| s.checked_add(1));
    span.filter(|&s| isize::try_from(s).is_ok()).ok_or_else(|| {
        Error::value(op.name, format!("a window of {window} elements, {dilation} apart, is longer than any axis"))
    })
}

fn windows_rule(op: &'static Op, p: &mut SlidingWindowView, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let x = rule::array(op, args, 0)?;
    let axes = p.axis.get_or_insert_with(|| (0..x.ndim() as isize).collect());
    Axes::Many(axes.as_slice().into()).normalize(op.name, x.ndim())?;
    if p.window_shape.len() != axes.len() {
        let message = format!("window_shape {} has not one number for each of {} axes", p.window_shape, axes.len());
        return Err(Error::value(op.name, message));
    }
    each_axis(op, "window_shape", &p.window_shape, axes.len(), 1)?;
    p.stride = each_axis(op, "stride", &p.stride, axes.len(), 1)?;
    p.dilation = each_axis(op, "dilation", &p.dilation, axes.len(), 1)?;
    let mut dims = x.dims().to_vec();
    for (i, axis) in axes.iter_mut().enumerate() {
        let a = normalize_axis(op.name, *axis, x.ndim())?;
        *axis = a as isize;
        let span = span(op, p.window_shape[i], p.dilation[i])?;
        dims[a] = match x.dims()[a] {
            UNKNOWN => UNKNOWN,
            n if n >= span => (n - span) / p.stride[i] + 1,
            n => {
                let message = format!("a window over {span} elements does not fit axis {a} of {n} elements");
                return Err(Error::shape(op.name, message));
            }
        };
    }
    dims.extend(p.window_shape.iter());
    let dims = Dims::from(dims);
    let bytes = dims.iter().filter(|&&n| n != UNKNOWN).try_fold(x.dtype().size(), |n, &d| n.checked_mul(d));
    if bytes.is_none_or(|n| isize::try_from(n).is_err()) {
        return Err(Error::shape(op.name, format!("a result of shape {dims} is too large")));
    }
    Ok(Verdict::same(dims, x.dtype()))
}

/// Along each axis the positions of every window's elements, and the axis of these moved to the end.
fn compose_windows(p: &SlidingWindowView, call: &mut Call<'_, '_>) -> Result<Array> {
    let mut x = rule::array(call.op, call.args, 0)?.clone();
    let xp = x.namespace();
    for (i, &a) in p.axis.iter().flatten().enumerate() {
        let (window, stride, dilation) = (p.window_shape[i], p.stride[i], p.dilation[i]);
        let count = (x.shape()?[a as usize] - span(call.op, window, dilation)?) / stride + 1;
        let places: Vec<i64> =
            (0..count).flat_map(|c| (0..window).map(move |k| (c * stride + k * dilation) as i64)).collect();
        x = moveaxis(take(x, xp.from_host(places, [count, window])?, a)?, (a + 1, -1))?;
    }
    Ok(x)
}
