//! Functions that move elements without changing them: views of libtorch's where it has them.

use array_api::{
    Arg, BroadcastTo, Concat, DType, Error, ExpandDims, Flip, PermuteDims, Repeat, Reshape, Result, SlidingWindowView,
    Squeeze, Stack, ToDevice, Verdict, implements,
};
use tch::{Kind, Tensor};

use crate::array::{TorchArray, made, sizes};
use crate::data_type::converted;
use crate::error::failed;
use crate::kind::{device, namespace, together};
use crate::numbers::Numbers;

#[implements(reshape)]
fn reshape(x: &TorchArray, _: &Reshape, verdict: &Verdict) -> Result<TorchArray> {
    x.with("reshape", x.tensor().f_reshape(sizes(verdict.dims())))
}

#[implements(permute_dims)]
fn permute_dims(x: &TorchArray, p: &PermuteDims) -> Result<TorchArray> {
    x.with("permute_dims", x.tensor().f_permute(p.axes.iter().map(|&a| a as i64).collect::<Vec<_>>()))
}

#[implements(matrix_transpose)]
fn matrix_transpose(x: &TorchArray) -> Result<TorchArray> {
    x.with("matrix_transpose", x.tensor().f_transpose(-2, -1))
}

#[implements(expand_dims)]
fn expand_dims(x: &TorchArray, p: &ExpandDims) -> Result<TorchArray> {
    x.with("expand_dims", x.tensor().f_unsqueeze(p.axis as i64))
}

#[implements(squeeze)]
fn squeeze(x: &TorchArray, _: &Squeeze, verdict: &Verdict) -> Result<TorchArray> {
    x.with("squeeze", x.tensor().f_reshape(sizes(verdict.dims())))
}

#[implements(flip)]
fn flip(x: &TorchArray, p: &Flip) -> Result<TorchArray> {
    x.with("flip", x.tensor().f_flip(sizes(&p.axis.list(x.ndim()))))
}

#[implements(broadcast_to)]
fn broadcast_to(x: &TorchArray, _: &BroadcastTo, verdict: &Verdict) -> Result<TorchArray> {
    x.with("broadcast_to", x.tensor().f_expand(sizes(verdict.dims()), false))
}

/// A view: libtorch only reads what overlaps.
#[implements(sliding_window_view)]
fn sliding_window_view(x: &TorchArray, p: &SlidingWindowView) -> Result<TorchArray> {
    let windows = p.axis.iter().flatten().enumerate().try_fold(x.tensor().shallow_clone(), |t, (j, &axis)| {
        let (window, dilation) = (p.window_shape[j] as i64, p.dilation[j] as i64);
        let span = (window - 1) * dilation + 1;
        // From one extent on there is one window, and one element needs no dilation: libtorch would multiply strides by either.
        let stride = p.stride[j].min(x.dims()[axis as usize].max(1)) as i64;
        let whole = t.f_unfold(axis as i64, span, stride)?;
        if window == 1 || dilation == 1 { Ok(whole) } else { whole.f_slice(-1, 0, span, dilation) }
    });
    x.with("sliding_window_view", windows)
}

/// Tensors of arrays that are to be one.
fn tensors<'a>(op: &str, arrays: &[&'a TorchArray], verdict: &Verdict) -> Result<Vec<&'a Tensor>> {
    let mut tensors = Vec::with_capacity(arrays.len());
    for x in arrays {
        together(op, arrays[0], x)?;
        if x.dtype() != verdict.dtype() {
            let message = format!("an array is {}, the result {}", x.dtype(), verdict.dtype());
            return Err(Error::backend(op, message));
        }
        tensors.push(x.tensor());
    }
    Ok(tensors)
}

#[implements(concat)]
fn concat(arrays: &[&TorchArray], p: &Concat, verdict: &Verdict) -> Result<TorchArray> {
    made("concat", Tensor::f_cat(&tensors("concat", arrays, verdict)?, p.axis as i64), verdict.dtype())
}

#[implements(stack)]
fn stack(arrays: &[&TorchArray], p: &Stack, verdict: &Verdict) -> Result<TorchArray> {
    made("stack", Tensor::f_stack(&tensors("stack", arrays, verdict)?, p.axis as i64), verdict.dtype())
}

#[implements(to_device)]
fn to_device(x: &TorchArray, p: &ToDevice) -> Result<TorchArray> {
    let device = device("to_device", &namespace().on(p.device))?;
    x.with(
        "to_device",
        if x.device() == device { Ok(x.tensor().shallow_clone()) } else { x.tensor().f_to_device(device) },
    )
}

#[implements(repeat)]
fn repeat(x: &TorchArray, repeats: Arg<'_, TorchArray>, p: &Repeat) -> Result<TorchArray> {
    let fail = |e| failed("repeat", e);
    let refuse =
        |n: i128, at: String| Err(Error::value("repeat", format!("repeats is {n}{at}, but cannot be negative")));
    let flat = if p.axis.is_none() { x.tensor().f_reshape(-1).map_err(fail)? } else { x.tensor().shallow_clone() };
    let axis = p.axis.unwrap_or(0) as i64;
    let extent = flat.size()[axis as usize];
    let counts = match &repeats {
        Arg::Scalar(s, _) if s.to_i128() < 0 => return refuse(s.to_i128(), String::new()),
        // Nothing is repeated any number of times; libtorch would lay out the numbers of times first.
        Arg::Scalar(..) if extent == 0 => return x.with("repeat", Ok(flat)),
        Arg::Scalar(s, _) if i64::try_from(s.to_i128()).is_err() => {
            let message = format!("repeats is {}, and there is no memory for it", s.to_i128());
            return Err(Error::memory("repeat", message));
        }
        Arg::Scalar(s, _) => {
            return x.with("repeat", flat.f_repeat_interleave_self_int(s.to_i128() as i64, axis, None));
        }
        Arg::Ref(counts) => *counts,
        Arg::Own(counts) => counts,
    };
    together("repeat", x, counts)?;
    let whole = converted(counts.tensor(), counts.dtype(), DType::Int64).and_then(|c| c.f_reshape(-1)).map_err(fail)?;
    let negative = whole.is_below(0).and_then(|n| n.f_nonzero()).map_err(fail)?;
    if negative.numel() > 0 {
        let at = negative.f_int64_value(&[0, 0]).map_err(fail)?;
        let n = whole.f_int64_value(&[at]).map_err(fail)?;
        if counts.dtype() != DType::UInt64 {
            return refuse(n.into(), format!(" at position {at}"));
        }
        if extent > 0 {
            let message = format!("repeats is {} at position {at}, and there is no memory for it", n as u64);
            return Err(Error::memory("repeat", message));
        }
    }
    if extent == 0 {
        return x.with("repeat", Ok(flat));
    }
    let whole = if whole.numel() == 1 { whole.f_expand([extent], false).map_err(fail)? } else { whole };
    // libtorch adds the counts up in 64 bits, and writes where a sum that wrapped around leads it.
    let total = whole.f_sum(Kind::Double).and_then(|t| t.f_double_value(&[])).map_err(fail)?;
    if total >= 2f64.powi(62) {
        let message = format!("repeats are {total:e} together, and there is no memory for it");
        return Err(Error::memory("repeat", message));
    }
    x.with("repeat", flat.f_repeat_interleave_self_tensor(&whole, axis, None))
}
