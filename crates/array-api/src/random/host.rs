//! Draws made in the host's memory and handed to a kind: what a kind without a generator of its own gets, with the same bits
//! as every other.

use super::{Bits, Draw, Exponential, Gamma, Integers, Key, Normal, Poisson, Uniform};
use crate as row;
use crate::array::Array;
use crate::call::Call;
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::host::Host;
use crate::parallel;
use crate::scalar::{FromScalar, Scalar};
use crate::{rule, with_element};

/// Elements that one thread fills at a time.
const CHUNK: usize = 1 << 14;

/// The keys of the first argument, an array `(..., 2)`.
fn keys(call: &Call<'_, '_>) -> Result<Vec<Key>> {
    let words = rule::array(call.op, call.args, 0)?.to_host()?.into_vec::<u32>()?;
    Ok(words.as_chunks().0.iter().map(|&words| Key(words)).collect())
}

/// Elements in row-major order as the call's result, beside the keys or where the namespace says.
fn placed(call: &Call<'_, '_>, elements: Host) -> Result<Array> {
    let namespace = match call.args.first().and_then(|key| key.array()) {
        Some(key) => key.namespace(),
        None => call.namespace.cloned().ok_or_else(|| Error::value(call.op.name, "needs a namespace"))?,
    };
    namespace.from_host(elements, call.verdict.dims())
}

/// Room for the elements of the result.
fn room<T>(call: &Call<'_, '_>) -> Result<(Vec<T>, usize)> {
    let extents = call.verdict.dims();
    let total = extents.iter().try_fold(1_usize, |n, &d| n.checked_mul(d));
    let mut out = Vec::new();
    match total.filter(|&n| out.try_reserve_exact(n).is_ok()) {
        Some(total) => Ok((out, total)),
        None => Err(Error::memory(call.op.name, format!("there is no memory for a draw of shape {extents}"))),
    }
}

/// A draw of the verdict's shape, whose first extents are those of the array of keys.
///
/// `fill(key, start, out)` stores the elements from `start` on.
fn drawn<T: Element + Default>(call: &Call<'_, '_>, fill: impl Fn(Key, u64, &mut [T]) + Sync) -> Result<Array> {
    let keys = keys(call)?;
    let (mut out, total) = room::<T>(call)?;
    out.resize(total, T::default());
    if total > 0 {
        let each = total / keys.len();
        let rows = out.chunks_mut(each).zip(&keys);
        let pieces =
            rows.flat_map(|(row, &key)| row.chunks_mut(CHUNK).enumerate().map(move |(i, part)| (key, i, part)));
        let work = |(key, i, part): (Key, usize, &mut [T])| fill(key, (i * CHUNK) as u64, part);
        if total < 2 * CHUNK {
            pieces.for_each(work);
        } else {
            parallel::map(pieces.collect(), |piece| {
                work(piece);
                Ok(())
            })?;
        }
    }
    placed(call, Host::from_vec(out))
}

pub(crate) fn key(p: &row::Key, call: &mut Call<'_, '_>) -> Result<Array> {
    placed(call, Host::from_vec(Key::new(p.seed).0.to_vec()))
}

pub(crate) fn split(p: &row::Split, call: &mut Call<'_, '_>) -> Result<Array> {
    let (mut words, _) = room::<u32>(call)?;
    words.extend(keys(call)?.into_iter().flat_map(|key| key.split(p.n as u64)).flat_map(|key| key.0));
    placed(call, Host::from_vec(words))
}

pub(crate) fn fold_in(_: &row::FoldIn, call: &mut Call<'_, '_>) -> Result<Array> {
    let (mut words, _) = room::<u32>(call)?;
    let extents = call.verdict.dims().clone();
    let batch = &extents[..extents.len() - 1];
    let keys = broadcast(&keys(call)?, &rule::array(call.op, call.args, 0)?.dims()[..], &extents[..], 2);
    let (data, shape) = match call.args[1].array() {
        Some(data) => {
            let at = [rule::array(call.op, call.args, 0)?, data].map(|x| x.namespace().device());
            if at[0] != at[1] {
                let message = format!("the keys are on {}, data on {}: move one with to_device", at[0], at[1]);
                return Err(Error::device(call.op.name, message));
            }
            (data.to_host()?, data.dims().clone())
        }
        None => {
            let one = match call.args[1] {
                crate::Operand::Scalar(s) => s,
                _ => return Err(Error::value(call.op.name, "data is missing")),
            };
            (Host::from_vec(vec![u64::from_scalar(one)]), crate::Dims::SCALAR)
        }
    };
    let data: Vec<i128> = (0..data.len()).filter_map(|i| data.get(i)).map(Scalar::to_i128).collect();
    let data = broadcast(&data, &shape, batch, 1);
    for (key, data) in keys.iter().zip(data) {
        let Ok(data) = u64::try_from(data) else {
            return Err(Error::value(call.op.name, format!("data holds {data}, but must not be negative")));
        };
        words.extend(key.fold_in(data).0);
    }
    placed(call, Host::from_vec(words))
}

/// Elements of `width` numbers each, in the order of the extents that they are broadcast to.
fn broadcast<T: Copy>(elements: &[T], from: &[usize], to: &[usize], width: usize) -> Vec<T> {
    // An element of several numbers has the last axis.
    let axes = usize::from(width > 1);
    let (from, to) = (&from[..from.len() - axes], &to[..to.len() - axes]);
    let mut step = 1;
    let mut steps = vec![0; to.len()];
    for (axis, &n) in from.iter().enumerate().rev() {
        steps[to.len() - from.len() + axis] = if n == 1 { 0 } else { step };
        step *= n;
    }
    let place = |mut flat: usize| {
        let mut at = 0;
        for (&n, &step) in to.iter().zip(&steps).rev() {
            at += flat % n * step;
            flat /= n;
        }
        elements[at]
    };
    (0..to.iter().product()).map(place).collect()
}

pub(crate) fn bits(p: &row::Bits, call: &mut Call<'_, '_>) -> Result<Array> {
    match p.dtype {
        DType::UInt64 => drawn::<u64>(call, |k, i, out| Bits.fill(k, i, out)),
        _ => drawn::<u32>(call, |k, i, out| Bits.fill(k, i, out)),
    }
}

/// Real numbers of a standard law, then one multiplication and one addition in their own type.
fn scaled<L: Draw<f32> + Draw<f64> + Sync>(
    call: &Call<'_, '_>,
    dtype: DType,
    law: L,
    factor: f64,
    term: f64,
) -> Result<Array> {
    macro_rules! scaled {
        ($t:ty) => {{
            let (factor, term) = (factor as $t, term as $t);
            let standard = factor == 1.0 && term == 0.0;
            drawn::<$t>(call, |k, i, out| {
                law.fill(k, i, out);
                if !standard {
                    out.iter_mut().for_each(|x| *x = *x * factor + term);
                }
            })
        }};
    }
    if dtype == DType::Float32 { scaled!(f32) } else { scaled!(f64) }
}

pub(crate) fn uniform(p: &row::Uniform, call: &mut Call<'_, '_>) -> Result<Array> {
    scaled(call, p.dtype, Uniform, p.high - p.low, p.low)
}

pub(crate) fn normal(p: &row::Normal, call: &mut Call<'_, '_>) -> Result<Array> {
    scaled(call, p.dtype, Normal, p.sd, p.mean)
}

pub(crate) fn exponential(p: &row::Exponential, call: &mut Call<'_, '_>) -> Result<Array> {
    scaled(call, p.dtype, Exponential, p.scale, 0.0)
}

pub(crate) fn gamma(p: &row::Gamma, call: &mut Call<'_, '_>) -> Result<Array> {
    let (law, scale) = (Gamma::new(p.alpha)?, p.scale);
    let element = |k, i| law.element(k, i) * scale;
    match p.dtype {
        DType::Float32 => drawn::<f32>(call, |k, start, out| {
            out.iter_mut().zip(start..).for_each(|(x, i)| *x = element(k, i) as f32);
        }),
        _ => drawn::<f64>(call, |k, start, out| {
            out.iter_mut().zip(start..).for_each(|(x, i)| *x = element(k, i));
        }),
    }
}

/// Counts in any type; those that it cannot hold become its nearest.
fn counted(call: &Call<'_, '_>, dtype: DType, law: &(impl Draw<i64> + Sync)) -> Result<Array> {
    let (low, high) = match dtype {
        DType::Int8 => (i8::MIN.into(), i8::MAX.into()),
        DType::Int16 => (i16::MIN.into(), i16::MAX.into()),
        DType::Int32 => (i32::MIN.into(), i32::MAX.into()),
        DType::UInt8 => (0, u8::MAX.into()),
        DType::UInt16 => (0, u16::MAX.into()),
        DType::UInt32 => (0, u32::MAX.into()),
        DType::UInt64 => (0, i64::MAX),
        _ => (i64::MIN, i64::MAX),
    };
    with_element!(dtype, T => drawn::<T>(call, |k, start, out| {
        let count = |i| <T as FromScalar>::from_scalar(Scalar::from(law.element(k, i).clamp(low, high)));
        out.iter_mut().zip(start..).for_each(|(x, i)| *x = count(i));
    }))
}

pub(crate) fn integers(p: &row::Integers, call: &mut Call<'_, '_>) -> Result<Array> {
    counted(call, p.dtype, &Integers::new(p.low as i64, p.high as i64)?)
}

pub(crate) fn poisson(p: &row::Poisson, call: &mut Call<'_, '_>) -> Result<Array> {
    counted(call, p.dtype, &Poisson::new(p.rate)?)
}
