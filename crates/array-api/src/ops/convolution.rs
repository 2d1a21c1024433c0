//! Convolutions, as products of matrices over sliding windows. Beyond the standard.

use super::windows::{each_axis, span};
use super::{
    Pad, SlidingWindowView, at, concat, flip, matmul, pad, permute_dims, reshape, sliding_window_view, spellings,
};
use crate::array::Array;
use crate::call::{Call, Verdict};
use crate::dims::{Dims, UNKNOWN};
use crate::error::{Error, Result};
use crate::operand::Operand;
use crate::operation::Op;
use crate::value::{Field, IntoField, Value};
use crate::{Index, operation, rule};

operation! {
    /// Sums of products of `x` with the reversed `w` wherever they overlap, along the last axis; the axes before broadcast.
    /// By `mode` all overlaps (`"full"`), as many as the longer one has elements, about the middle (`"same"`), or those of
    /// the whole shorter one (`"valid"`). As `numpy.convolve`, which takes 1-d arrays only; `x` and `w` may change places.
    Convolve = convolve(x: One, w: One) { mode: String = "full".to_string() } -> Array;
    "convolution", Contraction, convolve_rule, compose compose_convolve
}

operation! {
    /// Sums of products of `w` with every window of an image: `(.., c, h, w)` with `(o, c / groups, p, q)` to `(.., o, h', w')`.
    /// Not reversed, without a bias, as `torch.nn.functional.conv2d`. Of as many groups of `c` and of `o`, only those of the
    /// same number meet.
    Conv2d = conv2d(x: One, w: One) {
        /** From one window to the next. */ stride: Dims = Dims::from(1),
        /** Zeros around the image: how many, or `"valid"` for none, `"same"` for as many as keep its extents. */
        padding: Padding = Padding::Elements(Dims::from(0)),
        /** From one element of a window to the next. */ dilation: Dims = Dims::from(1),
        groups: usize = 1,
    } -> Array;
    "convolution", Contraction, conv2d_rule, compose compose_conv2d
}

spellings!(defaults: Convolve, Conv2d);

impl From<&str> for Convolve {
    fn from(mode: &str) -> Convolve {
        Convolve { mode: mode.to_string() }
    }
}

/// Zeros around an image.
///
/// ```
/// use array_api::{Conv2d, Padding};
/// assert_eq!(Conv2d::default().padding(1).padding, Padding::Elements([1].into()));
/// assert_eq!(Conv2d::default().padding("same").padding, Padding::Word("same".into()));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Padding {
    /// As many on either side of each axis; one number serves all axes.
    Elements(Dims),
    /// `"valid"` or `"same"`.
    Word(String),
}

impl Field for Padding {
    fn to_value(&self) -> Value {
        match self {
            Padding::Elements(n) => n.to_value(),
            Padding::Word(w) => w.to_value(),
        }
    }
    fn from_value(v: &Value) -> Result<Padding> {
        match v {
            Value::Text(w) => Ok(Padding::Word(w.clone())),
            v => Dims::from_value(v).map(Padding::Elements),
        }
    }
}

impl IntoField<Padding> for &str {
    fn into_field(self) -> Padding {
        Padding::Word(self.to_string())
    }
}

impl IntoField<Padding> for usize {
    fn into_field(self) -> Padding {
        Padding::Elements(self.into())
    }
}

impl IntoField<Padding> for [usize; 2] {
    fn into_field(self) -> Padding {
        Padding::Elements(self.into())
    }
}

/// How many elements the windows of one product hold: more would only fill memory.
const BLOCK: usize = 1 << 22;

fn convolve_rule(op: &'static Op, p: &mut Convolve, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let dtype = rule::promote(op, args, rule::NUMERIC)?;
    let (x, w) = (rule::array(op, args, 0)?, rule::array(op, args, 1)?);
    let (Some((&n, x_batch)), Some((&m, w_batch))) = (x.dims().split_last(), w.dims().split_last()) else {
        let message = format!("x has shape {}, w {}: both need an axis to convolve along", x.dims(), w.dims());
        return Err(Error::shape(op.name, message));
    };
    if n == 0 || m == 0 {
        let message = format!("x has shape {}, w {}: neither may be empty", x.dims(), w.dims());
        return Err(Error::shape(op.name, message));
    }
    let (long, short) = (n.max(m), n.min(m));
    let out = match p.mode.as_str() {
        "full" | "same" | "valid" if long == UNKNOWN => UNKNOWN,
        "full" => (long + short - 1).min(isize::MAX as usize),
        "same" => long,
        "valid" => long - short + 1,
        mode => {
            let message = format!("mode is {mode:?}, but must be \"full\", \"same\" or \"valid\"");
            return Err(Error::value(op.name, message));
        }
    };
    let batch = rule::broadcast_dims(op.name, [&Dims::new(x_batch), &Dims::new(w_batch)].into_iter())?;
    Ok(Verdict::same(batch.iter().copied().chain([out]).collect(), dtype))
}

fn compose_convolve(p: &Convolve, call: &mut Call<'_, '_>) -> Result<Array> {
    let (mut x, mut w) = (rule::array(call.op, call.args, 0)?, rule::array(call.op, call.args, 1)?);
    let length = |a: &Array| Ok(a.shape()?.last().copied().unwrap_or(0));
    if length(w)? > length(x)? {
        (x, w) = (w, x);
    }
    let m = length(w)?;
    let (before, after) = match p.mode.as_str() {
        "full" => (m - 1, m - 1),
        // Of an even number of elements, the one before the middle meets the first element.
        "same" => (m / 2, (m - 1) / 2),
        _ => (0, 0),
    };
    let mut widths = vec![vec![0, 0]; x.ndim()];
    widths[x.ndim() - 1] = vec![before, after];
    let x = if before + after > 0 { pad(x, Pad { pad_width: widths, ..Pad::default() })? } else { x.clone() };
    let w = crate::expand_dims(flip(w, -1)?, -1)?;
    let windows = SlidingWindowView::from(m).axis([-1]);
    let products = |x: Array| crate::squeeze(matmul(sliding_window_view(x, windows.clone())?, &w)?, -1);
    let out = length(&x)? + 1 - m;
    let step = (BLOCK / (m * x.size()?.div_ceil(length(&x)?)).max(1)).max(1);
    if step >= out {
        return products(x);
    }
    let part = |start: usize| {
        let end = (start + step).min(out) + m - 1;
        products(at(&x, vec![Index::Ellipsis, (start as isize..end as isize).into()])?)
    };
    concat((0..out).step_by(step).map(part).collect::<Result<Vec<_>>>()?, -1)
}

/// What the parameters of [`conv2d`] come to along height and width.
struct Frame {
    window: [usize; 2],
    /// Before and after.
    pads: [[usize; 2]; 2],
    out: [usize; 2],
}

impl Frame {
    /// Reads canonical parameters.
    fn new(op: &'static Op, p: &Conv2d, x: &Dims, w: &Dims) -> Result<Frame> {
        let mut frame = Frame { window: [0; 2], pads: [[0; 2]; 2], out: [0; 2] };
        for a in 0..2 {
            let (n, window) = (x[x.len() - 2 + a], w[2 + a]);
            let span = span(op, window, p.dilation[a])?;
            let pads = match &p.padding {
                Padding::Elements(n) => [n[a], n[a]],
                Padding::Word(w) if w == "same" => [(span - 1) / 2, span / 2],
                Padding::Word(_) => [0, 0],
            };
            let wide = n.checked_add(pads[0]).and_then(|n| n.checked_add(pads[1]));
            let wide = wide.filter(|&n| isize::try_from(n).is_ok());
            let wide = wide.ok_or_else(|| Error::shape(op.name, "the padded image is too large"))?;
            if wide < span {
                let what = ["height", "width"][a];
                let message = format!("a window over {span} elements does not fit the {what} of {n}, {wide} padded");
                return Err(Error::shape(op.name, message));
            }
            (frame.window[a], frame.pads[a], frame.out[a]) = (window, pads, (wide - span) / p.stride[a] + 1);
        }
        Ok(frame)
    }
}

fn conv2d_rule(op: &'static Op, p: &mut Conv2d, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let dtype = rule::promote(op, args, rule::NUMERIC)?;
    let (x, w) = (rule::array(op, args, 0)?, rule::array(op, args, 1)?);
    let (x, w) = (x.shape().map(|_| x.dims())?, w.shape().map(|_| w.dims())?);
    if x.len() < 3 || w.len() != 4 {
        let message = format!("x has shape {x}, w {w}, but must have (.., c, h, w) and (o, c / groups, p, q)");
        return Err(Error::shape(op.name, message));
    }
    p.stride = each_axis(op, "stride", &p.stride, 2, 1)?;
    p.dilation = each_axis(op, "dilation", &p.dilation, 2, 1)?;
    p.padding = match &p.padding {
        Padding::Elements(n) => Padding::Elements(each_axis(op, "padding", n, 2, 0)?),
        Padding::Word(w) if w == "same" && p.stride[..] != [1, 1] => {
            let message = format!("padding \"same\" needs a stride of 1, not {}", p.stride);
            return Err(Error::value(op.name, message));
        }
        Padding::Word(w) if w == "same" || w == "valid" => Padding::Word(w.clone()),
        Padding::Word(w) => {
            let message = format!("padding is {w:?}, but must be numbers, \"same\" or \"valid\"");
            return Err(Error::value(op.name, message));
        }
    };
    let (c, o) = (x[x.len() - 3], w[0]);
    if p.groups == 0 || !c.is_multiple_of(p.groups) || !o.is_multiple_of(p.groups) || w[1] != c / p.groups {
        let message =
            format!("x of shape {x} has {c} channels, w of shape {w} takes {} in each of {} groups", w[1], p.groups);
        return Err(Error::shape(op.name, message));
    }
    let frame = Frame::new(op, p, x, w)?;
    Ok(Verdict::same(x[..x.len() - 3].iter().copied().chain([o]).chain(frame.out).collect(), dtype))
}

/// The elements under each window as a column: then the convolution is a product of matrices.
fn compose_conv2d(p: &Conv2d, call: &mut Call<'_, '_>) -> Result<Array> {
    let (x, w) = (rule::array(call.op, call.args, 0)?, rule::array(call.op, call.args, 1)?);
    let frame = Frame::new(call.op, p, x.dims(), w.dims())?;
    let [ref batch @ .., c, height, width] = *x.shape()? else {
        return Err(Error::shape(call.op.name, "x is no image"));
    };
    let (count, o): (usize, usize) = (batch.iter().product(), w.shape()?[0]);
    let ([oh, ow], groups) = (frame.out, p.groups);
    let rows = c / groups * frame.window[0] * frame.window[1];
    let mut x = reshape(x, Dims::from([count, c, height, width]))?;
    if frame.pads != [[0; 2]; 2] {
        let widths = [[0, 0], [0, 0], frame.pads[0], frame.pads[1]];
        x = pad(x, widths)?;
    }
    let w = reshape(w, Dims::from([groups, o / groups, rows]))?;
    let windows = SlidingWindowView {
        window_shape: frame.window.into(),
        axis: Some(vec![2, 3]),
        stride: p.stride.clone(),
        dilation: p.dilation.clone(),
    };
    let products = |x: Array, count: usize| {
        let windows = permute_dims(sliding_window_view(x, windows.clone())?, [0, 1, 4, 5, 2, 3])?;
        matmul(&w, reshape(windows, Dims::from([count, groups, rows, oh * ow]))?)
    };
    let step = (BLOCK / (groups * rows * oh * ow).max(1)).max(1);
    let out = if step >= count {
        products(x, count)?
    } else {
        let part = |start: usize| {
            let end = (start + step).min(count);
            products(at(&x, start as isize..end as isize)?, end - start)
        };
        concat((0..count).step_by(step).map(part).collect::<Result<Vec<_>>>()?, 0)?
    };
    reshape(out, call.verdict.dims())
}
