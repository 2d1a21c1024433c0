//! Pooling: one number for each window of an image. Beyond the standard; parameters as in `torch.nn.functional`.

use super::windows::{each_axis, span};
use super::{Pad, SlidingWindowView, finfo, iinfo, pad, sliding_window_view};
use crate::array::Array;
use crate::call::{Call, Verdict};
use crate::dims::{Dims, UNKNOWN};
use crate::error::{Error, Result};
use crate::operation::Op;
use crate::scalar::Scalar;
use crate::{operation, rule};

operation! {
    /// The largest element under each window of the last two axes; not-a-number if one is. What lies around the image does
    /// not count. Elements that are equally large share the derivative.
    MaxPool2d = max_pool2d(x: One) {
        /** Extents of a window; one number serves both. */ kernel_size: Dims = Dims::SCALAR,
        /** From one window to the next; windows side by side unless given. */ stride: Option<Dims> = None,
        /** How far windows reach over each side, at most half of one. */ padding: Dims = Dims::from(0),
        /** From one element of a window to the next. */ dilation: Dims = Dims::from(1),
        /** Whether a last window that begins inside may reach further. */ ceil_mode: bool = false,
    } -> Array;
    "pooling", Other,
    |op, p, args| {
        let x = rule::array(op, args, 0)?;
        rule::REAL.check(op, x.dtype())?;
        let frame = canonical(op, x.dims(), &p.kernel_size, &mut p.stride, &p.padding, &p.dilation, p.ceil_mode)?;
        (p.kernel_size, p.padding, p.dilation) = (frame.window.into(), frame.pads.into(), frame.dilation.into());
        Ok(Verdict::same(frame.dims(x.dims()), x.dtype()))
    },
    compose |p, call| {
        let x = rule::array(call.op, call.args, 0)?;
        let lowest = match x.dtype().is_floating() {
            true => Scalar::Float(f64::NEG_INFINITY),
            false => Scalar::int(iinfo(x.dtype())?.min),
        };
        let mut stride = p.stride.clone();
        let frame = canonical(call.op, x.dims(), &p.kernel_size, &mut stride, &p.padding, &p.dilation, p.ceil_mode)?;
        crate::max(frame.windows(x, lowest)?, [-2, -1])
    }
}

operation! {
    /// The mean of the elements under each window of the last two axes. Zeros around the image count, if
    /// `count_include_pad`, as far as `padding` says.
    AvgPool2d = avg_pool2d(x: One) {
        /** Extents of a window; one number serves both. */ kernel_size: Dims = Dims::SCALAR,
        /** From one window to the next; windows side by side unless given. */ stride: Option<Dims> = None,
        /** How far windows reach over each side, at most half of one. */ padding: Dims = Dims::from(0),
        /** Whether a last window that begins inside may reach further. */ ceil_mode: bool = false,
        /** Whether zeros around the image are elements. */ count_include_pad: bool = true,
    } -> Array;
    "pooling", Other,
    |op, p, args| {
        let x = rule::array(op, args, 0)?;
        rule::FLOATING.check(op, x.dtype())?;
        let frame = canonical(op, x.dims(), &p.kernel_size, &mut p.stride, &p.padding, &Dims::from(1), p.ceil_mode)?;
        (p.kernel_size, p.padding) = (frame.window.into(), frame.pads.into());
        Ok(Verdict::same(frame.dims(x.dims()), x.dtype()))
    },
    compose compose_avg_pool2d
}

macro_rules! sized {
    ($($Op:ident)*) => { $(
        impl From<usize> for $Op {
            fn from(kernel_size: usize) -> $Op { $Op { kernel_size: kernel_size.into(), ..$Op::default() } }
        }
        impl From<[usize; 2]> for $Op {
            fn from(kernel_size: [usize; 2]) -> $Op { $Op { kernel_size: kernel_size.into(), ..$Op::default() } }
        }
    )* };
}
sized!(MaxPool2d AvgPool2d);

/// Windows along height and width of an image.
struct Frame {
    window: [usize; 2],
    stride: [usize; 2],
    pads: [usize; 2],
    dilation: [usize; 2],
    /// Elements that are needed behind the image.
    after: [usize; 2],
    out: [usize; 2],
}

fn pair(d: &Dims) -> [usize; 2] {
    [d[0], d[1]]
}

fn canonical(
    op: &'static Op,
    x: &Dims,
    kernel_size: &Dims,
    stride: &mut Option<Dims>,
    padding: &Dims,
    dilation: &Dims,
    ceil: bool,
) -> Result<Frame> {
    let [.., h, w] = x[..] else {
        return Err(Error::shape(op.name, format!("x has shape {x}, but must have (.., h, w)")));
    };
    let window = each_axis(op, "kernel_size", kernel_size, 2, 1)?;
    let step = each_axis(op, "stride", stride.get_or_insert_with(|| window.clone()), 2, 1)?;
    let pads = each_axis(op, "padding", padding, 2, 0)?;
    let dilation = each_axis(op, "dilation", dilation, 2, 1)?;
    let mut frame = Frame {
        window: pair(&window),
        stride: pair(&step),
        pads: pair(&pads),
        dilation: pair(&dilation),
        after: [0; 2],
        out: [UNKNOWN; 2],
    };
    *stride = Some(step);
    for (a, n) in [h, w].into_iter().enumerate() {
        let (stride, pad, span) = (frame.stride[a], frame.pads[a], span(op, frame.window[a], frame.dilation[a])?);
        if pad > span / 2 {
            let message = format!("padding is {pad}, but must be at most half of a window over {span} elements");
            return Err(Error::value(op.name, message));
        }
        if n == UNKNOWN {
            continue;
        }
        let wide = n.saturating_add(2 * pad);
        if n == 0 || wide < span {
            let what = ["height", "width"][a];
            let message = format!("a window over {span} elements does not fit the {what} of {n}, {wide} padded");
            return Err(Error::shape(op.name, message));
        }
        let free = wide - span;
        let mut out = if ceil { free.div_ceil(stride) } else { free / stride } + 1;
        // A window that begins behind the image would have none of its elements.
        if (out - 1) * stride >= n + pad {
            out -= 1;
        }
        frame.out[a] = out;
        frame.after[a] = ((out - 1) * stride + span).saturating_sub(n + pad);
    }
    Ok(frame)
}

impl Frame {
    fn dims(&self, x: &Dims) -> Dims {
        x.with(x.len() - 2, self.out[0]).with(x.len() - 1, self.out[1])
    }

    /// The windows, with `around` around the image.
    fn windows(&self, x: &Array, around: Scalar) -> Result<Array> {
        let (mut x, rank) = (x.clone(), x.ndim());
        if self.pads != [0; 2] || self.after != [0; 2] {
            let mut pad_width = vec![vec![0, 0]; rank - 2];
            pad_width.extend((0..2).map(|a| vec![self.pads[a], self.after[a]]));
            x = pad(x, Pad { pad_width, constant: around, ..Pad::default() })?;
        }
        let windows = SlidingWindowView {
            window_shape: self.window.into(),
            axis: Some(vec![-2, -1]),
            stride: self.stride.into(),
            dilation: self.dilation.into(),
        };
        sliding_window_view(x, windows)
    }

    /// How many elements of each window count, along one axis of `n`.
    fn counted(&self, a: usize, n: usize, pads: bool) -> Vec<f64> {
        let (first, last) = if pads { (0, n + 2 * self.pads[a]) } else { (self.pads[a], n + self.pads[a]) };
        let count = |i: usize| {
            let start = i * self.stride[a];
            (start + self.window[a]).min(last) - start.max(first)
        };
        (0..self.out[a]).map(|i| count(i) as f64).collect()
    }
}

fn compose_avg_pool2d(p: &AvgPool2d, call: &mut Call<'_, '_>) -> Result<Array> {
    let x = rule::array(call.op, call.args, 0)?;
    let mut stride = p.stride.clone();
    let frame = canonical(call.op, x.dims(), &p.kernel_size, &mut stride, &p.padding, &Dims::from(1), p.ceil_mode)?;
    let windows = frame.windows(x, Scalar::Float(0.0))?;
    let [.., h, w] = *x.shape()? else { return Err(Error::shape(call.op.name, "x is no image")) };
    let counts = [frame.counted(0, h, p.count_include_pad), frame.counted(1, w, p.count_include_pad)];
    let whole = |a: usize| counts[a].iter().all(|&n| n == frame.window[a] as f64);
    if whole(0) && whole(1) {
        return crate::mean(windows, [-2, -1]);
    }
    let [rows, columns] = counts;
    let counts: Vec<f64> = rows.iter().flat_map(|r| columns.iter().map(move |c| r * c)).collect();
    let counts = x.namespace().from_host(counts, [rows.len(), columns.len()])?;
    crate::divide(crate::sum(windows, [-2, -1])?, crate::astype(counts, finfo(x.dtype())?.dtype)?)
}
