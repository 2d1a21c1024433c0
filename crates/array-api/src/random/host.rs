//! Draws made in the host's memory and handed to a kind: what a kind without a generator of its own gets, with the same bits
//! as every other.

use super::{Bits, Draw, Exponential, Gamma, Integers, Key, Normal, Poisson, Uniform};
use crate as row;
use crate::array::Array;
use crate::call::Call;
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::host::Host;
use crate::operation::Op;
use crate::parallel;
use crate::scalar::{FromScalar, Scalar};
use crate::value::Params;
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

/// Room for the elements of a result.
fn room<T>(op: &'static Op, extents: &[usize]) -> Result<(Vec<T>, usize)> {
    let total = extents.iter().try_fold(1_usize, |n, &d| n.checked_mul(d));
    let mut out = Vec::new();
    match total.filter(|&n| out.try_reserve_exact(n).is_ok()) {
        Some(total) => Ok((out, total)),
        None => {
            let message = format!("there is no memory for a draw of shape {}", crate::Dims::new(extents));
            Err(Error::memory(op.name, message))
        }
    }
}

/// What is drawn: the keys, the extents of all of it, and which box of that is wanted.
struct Wanted<'w> {
    op: &'static Op,
    keys: Vec<Key>,
    /// Extents whose first ones are those of the array of keys.
    whole: &'w [usize],
    /// Where the box begins, and its extents; without one, all.
    part: Option<(&'w [usize], &'w [usize])>,
}

/// The elements of a draw in row-major order; `fill(key, start, out)` stores those from `start` on.
fn drawn<T: Element + Default>(wanted: &Wanted<'_>, fill: impl Fn(Key, u64, &mut [T]) + Sync) -> Result<Host> {
    let Wanted { op, keys, whole, part } = wanted;
    let (mut out, total) = room::<T>(op, part.map_or(*whole, |(_, extents)| extents))?;
    out.resize(total, T::default());
    if total > 0 {
        let each = whole.iter().product::<usize>() / keys.len();
        let runs = match part {
            None => vec![(0, total)],
            Some((start, extents)) => runs(whole, start, extents),
        };
        let mut pieces = vec![];
        let mut rest = &mut out[..];
        for (mut at, mut count) in runs {
            while count > 0 {
                let (row, i) = (at / each, at % each);
                let n = count.min(each - i).min(CHUNK);
                let (now, after) = rest.split_at_mut(n);
                pieces.push((keys[row], i as u64, now));
                (rest, at, count) = (after, at + n, count - n);
            }
        }
        let work = |(key, start, out): (Key, u64, &mut [T])| fill(key, start, out);
        if total < 2 * CHUNK {
            pieces.into_iter().for_each(work);
        } else {
            parallel::map(pieces, |piece| {
                work(piece);
                Ok(())
            })?;
        }
    }
    Ok(Host::from_vec(out))
}

/// The elements of a box that lie side by side in the whole: where each run begins, and how long it is.
fn runs(whole: &[usize], start: &[usize], extents: &[usize]) -> Vec<(usize, usize)> {
    // The last axes that are taken whole lie side by side, and so do the elements along the one before.
    let split = (0..whole.len()).rev().find(|&a| extents[a] != whole[a]).unwrap_or(0);
    let strides: Vec<usize> = (0..whole.len()).map(|a| whole[a + 1..].iter().product()).collect();
    let length: usize = extents[split..].iter().product();
    let count: usize = extents[..split].iter().product();
    let begin: usize = start.iter().zip(&strides).map(|(s, w)| s * w).sum();
    let offset = |mut flat: usize| {
        let mut at = begin;
        for a in (0..split).rev() {
            at += flat % extents[a] * strides[a];
            flat /= extents[a];
        }
        (at, length)
    };
    (0..count).map(offset).collect()
}

/// A box of a draw: the elements that lie from `start` on, `extents` along each axis, in the draw of shape `whole` that the
/// operation makes from these keys. The first extents of `whole` are those of the array of keys, shape `(..., 2)`.
///
/// # Errors
/// For operations that are not one of the laws, boxes that do not lie inside, and where there is no memory.
///
/// ```
/// use array_api::{Normal, Operation, random};
/// let (key, law) = (random::Key::new(7), Normal::default());
/// let whole = random::part(Normal::OP, &law, &[key], &[4, 5], &[0, 0], &[4, 5])?.into_vec::<f64>()?;
/// let part = random::part(Normal::OP, &law, &[key], &[4, 5], &[1, 2], &[2, 3])?.into_vec::<f64>()?;
/// assert_eq!(part[..3], whole[7..10]);
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn part(
    op: &'static Op,
    params: &dyn Params,
    keys: &[Key],
    whole: &[usize],
    start: &[usize],
    extents: &[usize],
) -> Result<Host> {
    let inside = start.len() == whole.len()
        && extents.len() == whole.len()
        && (0..whole.len()).all(|a| start[a].checked_add(extents[a]).is_some_and(|end| end <= whole[a]));
    if !inside {
        let message = format!("a box of extents {extents:?} at {start:?} does not lie in a draw of shape {whole:?}");
        return Err(Error::shape(op.name, message));
    }
    let total = whole.iter().try_fold(1_usize, |n, &d| n.checked_mul(d));
    if keys.is_empty() && total != Some(0) || total.is_none_or(|n| n % keys.len().max(1) != 0) {
        return Err(Error::shape(op.name, format!("{} keys do not fit a draw of shape {whole:?}", keys.len())));
    }
    let wanted = Wanted { op, keys: keys.to_vec(), whole, part: Some((start, extents)) };
    law(params, &wanted)
        .ok_or_else(|| Error::value(op.name, "is none of the laws that are drawn element by element"))?
}

/// A draw by the law that the parameters are those of.
fn law(params: &dyn Params, wanted: &Wanted<'_>) -> Option<Result<Host>> {
    let any: &dyn std::any::Any = params;
    macro_rules! laws {
        ($($Law:ident: $draw:expr;)*) => { $(
            if let Some(p) = any.downcast_ref::<row::$Law>() {
                let draw: fn(&row::$Law, &Wanted<'_>) -> Result<Host> = $draw;
                return Some(draw(p, wanted));
            }
        )* };
    }
    laws! {
        Bits: |p, w| match p.dtype {
            DType::UInt64 => drawn::<u64>(w, |k, i, out| Bits.fill(k, i, out)),
            _ => drawn::<u32>(w, |k, i, out| Bits.fill(k, i, out)),
        };
        Uniform: |p, w| scaled(w, p.dtype, Uniform, p.high - p.low, p.low);
        Normal: |p, w| scaled(w, p.dtype, Normal, p.sd, p.mean);
        Exponential: |p, w| scaled(w, p.dtype, Exponential, p.scale, 0.0);
        Gamma: gammas;
        Integers: |p, w| counted(w, p.dtype, &Integers::new(p.low as i64, p.high as i64)?);
        Poisson: |p, w| counted(w, p.dtype, &Poisson::new(p.rate)?);
    }
    None
}

/// What a kind without a kernel of its own answers: the draw, handed over.
fn composed(params: &dyn Params, call: &Call<'_, '_>) -> Result<Array> {
    let wanted = Wanted { op: call.op, keys: keys(call)?, whole: call.verdict.dims(), part: None };
    let elements = law(params, &wanted).ok_or_else(|| Error::backend(call.op.name, "has no law"))??;
    placed(call, elements)
}

pub(crate) fn key(p: &row::Key, call: &mut Call<'_, '_>) -> Result<Array> {
    placed(call, Host::from_vec(Key::new(p.seed).0.to_vec()))
}

pub(crate) fn split(p: &row::Split, call: &mut Call<'_, '_>) -> Result<Array> {
    let (mut words, _) = room::<u32>(call.op, call.verdict.dims())?;
    words.extend(keys(call)?.into_iter().flat_map(|key| key.split(p.n as u64)).flat_map(|key| key.0));
    placed(call, Host::from_vec(words))
}

pub(crate) fn fold_in(_: &row::FoldIn, call: &mut Call<'_, '_>) -> Result<Array> {
    let (mut words, _) = room::<u32>(call.op, call.verdict.dims())?;
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
    composed(p, call)
}

pub(crate) fn uniform(p: &row::Uniform, call: &mut Call<'_, '_>) -> Result<Array> {
    composed(p, call)
}

pub(crate) fn normal(p: &row::Normal, call: &mut Call<'_, '_>) -> Result<Array> {
    composed(p, call)
}

pub(crate) fn exponential(p: &row::Exponential, call: &mut Call<'_, '_>) -> Result<Array> {
    composed(p, call)
}

pub(crate) fn gamma(p: &row::Gamma, call: &mut Call<'_, '_>) -> Result<Array> {
    composed(p, call)
}

pub(crate) fn integers(p: &row::Integers, call: &mut Call<'_, '_>) -> Result<Array> {
    composed(p, call)
}

pub(crate) fn poisson(p: &row::Poisson, call: &mut Call<'_, '_>) -> Result<Array> {
    composed(p, call)
}

/// Real numbers of a standard law, then one multiplication and one addition in their own type.
fn scaled<L: Draw<f32> + Draw<f64> + Sync>(
    wanted: &Wanted<'_>,
    dtype: DType,
    law: L,
    factor: f64,
    term: f64,
) -> Result<Host> {
    macro_rules! scaled {
        ($t:ty) => {{
            let (factor, term) = (factor as $t, term as $t);
            let standard = factor == 1.0 && term == 0.0;
            drawn::<$t>(wanted, |k, i, out| {
                law.fill(k, i, out);
                if !standard {
                    out.iter_mut().for_each(|x| *x = *x * factor + term);
                }
            })
        }};
    }
    if dtype == DType::Float32 { scaled!(f32) } else { scaled!(f64) }
}

fn gammas(p: &row::Gamma, wanted: &Wanted<'_>) -> Result<Host> {
    let (law, scale) = (Gamma::new(p.alpha)?, p.scale);
    let element = |k, i| law.element(k, i) * scale;
    match p.dtype {
        DType::Float32 => drawn::<f32>(wanted, |k, start, out| {
            out.iter_mut().zip(start..).for_each(|(x, i)| *x = element(k, i) as f32);
        }),
        _ => drawn::<f64>(wanted, |k, start, out| {
            out.iter_mut().zip(start..).for_each(|(x, i)| *x = element(k, i));
        }),
    }
}

/// Counts in any type; those that it cannot hold become its nearest.
fn counted(wanted: &Wanted<'_>, dtype: DType, law: &(impl Draw<i64> + Sync)) -> Result<Host> {
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
    with_element!(dtype, T => drawn::<T>(wanted, |k, start, out| {
        let count = |i| <T as FromScalar>::from_scalar(Scalar::from(law.element(k, i).clamp(low, high)));
        out.iter_mut().zip(start..).for_each(|(x, i)| *x = count(i));
    }))
}
