//! Truth of whole arrays, differences, and where arrays live.

use super::spellings;
use crate::array::Array;
use crate::axes::{Axes, normalize_axis};
use crate::call::{Call, Verdict};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::namespace::{Device, Namespace};
use crate::{operation, rule};

operation! {
    /// Whether all elements are true (not zero). Spec: `all`.
    All = all(x: One) { axis: Axes = Axes::All, keepdims: bool = false } -> Array;
    "utility", Reduction, |op, p, args| rule::reduction(op, args, &mut p.axis, p.keepdims, rule::ANY, |_| DType::Bool)
}

operation! {
    /// Whether any element is true (not zero). Spec: `any`.
    Any = any(x: One) { axis: Axes = Axes::All, keepdims: bool = false } -> Array;
    "utility", Reduction, |op, p, args| rule::reduction(op, args, &mut p.axis, p.keepdims, rule::ANY, |_| DType::Bool)
}

operation! {
    /// The `n`-th differences along an axis. Spec: `diff` (values to put before and after are joined with `concat`).
    Diff = diff(x: One) { axis: isize = -1, n: usize = 1 } -> Array;
    "utility", Scan,
    |op, p, args| {
        let x = rule::array(op, args, 0)?;
        rule::NUMERIC.check(op, x.dtype())?;
        p.axis = normalize_axis(op.name, p.axis, x.ndim())? as isize;
        let a = p.axis as usize;
        Ok(Verdict::same(x.dims().with(a, x.dims()[a].saturating_sub(p.n)), x.dtype()))
    },
    compose compose_diff
}

operation! {
    /// The same values, whose derivative is taken to be zero.
    StopGradient = stop_gradient(x: One) {} -> Array;
    "utility", Elementwise, rule::any, compose |_, call| { match call[0].array() { Some(a) => Ok(a.clone()), None => Err(Error::value("stop_gradient", "x is missing")) } }
}

operation! {
    /// The array on a device of its kind; a copy only if it is elsewhere. Spec: `array.to_device`.
    ToDevice = to_device(x: One) { device: Device = Device::Cpu } -> Array;
    "utility", Elementwise, |op, _, args| { let x = rule::array(op, args, 0)?; Ok(Verdict::same(x.dims().clone(), x.dtype())) },
    compose |p, call| {
        let x = rule::array(call.op, call.args, 0)?;
        let here = x.namespace();
        match here.device() == p.device {
            true => Ok(x.clone()),
            false => Err(Error::device("to_device", format!("arrays of kind {} cannot go to {}", here.kind().name(), p.device))),
        }
    }
}

operation! {
    /// The same values as an array of another kind or device: always by name, never silently.
    ///
    /// Without an implementation of the array's kind, the values go through the host's memory. The derivative comes back
    /// to where `x` lives.
    Convert = convert(x: One) { /** Where the values are to live. */ to: Option<Namespace> = None } -> Array;
    "utility", Elementwise,
    |op, p, args| {
        let x = rule::array(op, args, 0)?;
        match p.to {
            Some(_) => Ok(Verdict::same(x.dims().clone(), x.dtype())),
            None => Err(Error::value(op.name, "needs the namespace to convert to")),
        }
    },
    compose |p, call| {
        let x = rule::array(call.op, call.args, 0)?;
        match &p.to {
            Some(to) if x.namespace() != *to => to.from_host(x.to_host()?, x.dims()),
            _ => Ok(x.clone()),
        }
    }
}

spellings!(axes: All, Any);
spellings!(defaults: Diff);
spellings!(axis: Diff);

impl From<Device> for ToDevice {
    fn from(device: Device) -> ToDevice {
        ToDevice { device }
    }
}

fn compose_diff(p: &Diff, call: &mut Call<'_, '_>) -> Result<Array> {
    let mut x = rule::array(call.op, call.args, 0)?.clone();
    let before = vec![crate::Index::full(); p.axis as usize];
    // Once nothing is left, nothing changes any more.
    for _ in 0..p.n.min(x.dims()[p.axis as usize]) {
        let part = |slice: crate::Index| crate::at(&x, [before.clone(), vec![slice]].concat());
        x = crate::subtract(part((1..).into())?, part((..-1).into())?)?;
    }
    Ok(x)
}

impl From<&Namespace> for Convert {
    fn from(to: &Namespace) -> Convert {
        Convert { to: Some(to.clone()) }
    }
}
