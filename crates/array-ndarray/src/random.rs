//! Random numbers: the portable laws of `array_api::random`, filled in by all threads.
//!
//! Element `i` of a draw is element `i` under its key, whatever is drawn beside it and however the work is divided.

use array_api::random::{self, Draw};
use array_api::{
    Arg, Bits, DType, Error, Exponential, Gamma, Integers, Key, Namespace, Normal, Poisson, Result, Split, Uniform,
    Verdict, implements,
};
use num_traits::{AsPrimitive, Float};
use std::mem::MaybeUninit;

use crate::array::{NdArray, NdElement};
use crate::engine::by_type::{Wide, with_integer};
use crate::engine::pool;
use crate::engine::share;
use crate::kind::on_cpu;

/// Elements that one thread fills at a time.
const CHUNK: usize = 1 << 13;

/// The keys of an array `(..., 2)`.
fn keys(key: &NdArray) -> Vec<random::Key> {
    let words = key.to_vec::<u32>().unwrap_or_default();
    words.as_chunks().0.iter().map(|&words| random::Key(words)).collect()
}

fn words(keys: impl Iterator<Item = random::Key>, verdict: &Verdict) -> NdArray {
    NdArray::from_vec(keys.flat_map(|k| k.0).collect::<Vec<u32>>(), verdict.dims())
}

/// A draw of the verdict's shape, whose first extents are those of the array of keys.
///
/// `fill(key, start, out)` stores the elements from `start` on.
fn drawn<T: NdElement>(key: &NdArray, verdict: &Verdict, fill: impl Fn(random::Key, u64, &mut [T]) + Sync) -> NdArray {
    let keys = keys(key);
    let total = verdict.dims().iter().product();
    let mut drawn = pool::vector::<T>(total);
    if total > 0 {
        let out = &mut drawn.spare_capacity_mut()[..total];
        let each = total / keys.len();
        let fill = |key: random::Key, i: usize, part: &mut [MaybeUninit<T>]| {
            part.fill(MaybeUninit::new(T::default()));
            // SAFETY: it was just filled.
            let part = unsafe { part.assume_init_mut() };
            fill(key, (i * CHUNK) as u64, part);
        };
        let rows = |(out, keys): (&mut [MaybeUninit<T>], &[random::Key])| {
            for (out, &key) in out.chunks_mut(each).zip(keys) {
                out.chunks_mut(CHUNK).enumerate().for_each(|(i, part)| fill(key, i, part));
            }
        };
        if total < 2 * CHUNK || !share::alone() {
            rows((out, &keys));
        } else if keys.len() >= 2 * rayon::current_num_threads() {
            // Short rows go together, so that a turn is worth taking.
            let together = CHUNK.div_ceil(each);
            share::turns(out.chunks_mut(each * together).zip(keys.chunks(together)), rows);
        } else {
            for (out, &key) in out.chunks_mut(each).zip(&keys) {
                share::turns(out.chunks_mut(CHUNK).enumerate(), |(i, part)| fill(key, i, part));
            }
        }
    }
    // SAFETY: the capacity is at least `total`, and every chunk of every key's part was filled.
    unsafe { drawn.set_len(total) };
    NdArray::from_vec(drawn, verdict.dims())
}

#[implements(key)]
fn key(p: &Key, xp: &Namespace) -> Result<NdArray> {
    on_cpu(xp)?;
    Ok(NdArray::from_vec(random::Key::new(p.seed).0.to_vec(), &[2]))
}

#[implements(split)]
fn split(key: &NdArray, p: &Split, verdict: &Verdict) -> Result<NdArray> {
    Ok(words(keys(key).into_iter().flat_map(|k| k.split(p.n as u64)), verdict))
}

#[implements(fold_in)]
fn fold_in(key: &NdArray, data: Arg<'_, NdArray>, verdict: &Verdict) -> Result<NdArray> {
    fn folded<T: NdElement + Into<Wide>>(key: &NdArray, data: &NdArray, verdict: &Verdict) -> Result<NdArray> {
        let (Some(key), Some(data)) = (key.view::<u32>(), data.view::<T>()) else {
            return Err(Error::backend("fold_in", "the data types are not those that were checked"));
        };
        let dims = verdict.dims();
        let batch = &dims[..dims.len() - 1];
        let (Some(key), Some(data)) = (key.broadcast(&dims[..]), data.broadcast(batch)) else {
            return Err(Error::backend("fold_in", "the shapes are not those that were checked"));
        };
        let mut out = Vec::with_capacity(2 * data.len());
        for (words, &data) in key.rows().into_iter().zip(&data) {
            let Wide(data) = data.into();
            let Ok(data) = u64::try_from(data) else {
                return Err(Error::value("fold_in", format!("data holds {data}, but must not be negative")));
            };
            out.extend(random::Key([words[0], words[1]]).fold_in(data).0);
        }
        Ok(NdArray::from_vec(out, dims))
    }
    let own;
    let data = match data {
        Arg::Scalar(s, _) => {
            let data = s.to_i128() as u64;
            return Ok(words(keys(key).into_iter().map(|k| k.fold_in(data)), verdict));
        }
        Arg::Ref(a) => a,
        Arg::Own(a) => {
            own = a;
            &own
        }
    };
    with_integer!("fold_in", data.dtype(), T => folded::<T>(key, data, verdict))
}

#[implements(bits)]
fn bits(key: &NdArray, p: &Bits, verdict: &Verdict) -> Result<NdArray> {
    Ok(match p.dtype {
        DType::UInt64 => drawn::<u64>(key, verdict, |k, i, out| random::Bits.fill(k, i, out)),
        _ => drawn::<u32>(key, verdict, |k, i, out| random::Bits.fill(k, i, out)),
    })
}

/// Real numbers of a standard law, then one multiplication and one addition in their own type.
fn scaled<T>(key: &NdArray, verdict: &Verdict, law: impl Draw<T> + Sync, factor: f64, term: f64) -> NdArray
where
    T: NdElement + Float,
    f64: AsPrimitive<T>,
{
    let (factor, term): (T, T) = (factor.as_(), term.as_());
    let standard = factor.is_one() && term.is_zero();
    drawn::<T>(key, verdict, |k, i, out| {
        law.fill(k, i, out);
        if !standard {
            out.iter_mut().for_each(|x| *x = *x * factor + term);
        }
    })
}

macro_rules! reals {
    ($($f:ident $P:ident = $law:expr, |$p:ident| $scale:expr;)*) => { $(
        #[implements($f)]
        fn $f(key: &NdArray, $p: &$P, verdict: &Verdict) -> Result<NdArray> {
            let (factor, term) = $scale;
            Ok(match $p.dtype {
                DType::Float32 => scaled::<f32>(key, verdict, $law, factor, term),
                _ => scaled::<f64>(key, verdict, $law, factor, term),
            })
        }
    )* };
}

reals! {
    uniform Uniform = random::Uniform, |p| (p.high - p.low, p.low);
    normal Normal = random::Normal, |p| (p.sd, p.mean);
    exponential Exponential = random::Exponential, |p| (p.scale, 0.0);
}

#[implements(gamma)]
fn gamma(key: &NdArray, p: &Gamma, verdict: &Verdict) -> Result<NdArray> {
    let law = random::Gamma::new(p.alpha)?;
    Ok(match p.dtype {
        DType::Float32 => drawn::<f32>(key, verdict, |k, start, out| {
            out.iter_mut().zip(start..).for_each(|(x, i)| *x = (law.element(k, i) * p.scale) as f32);
        }),
        _ => drawn::<f64>(key, verdict, |k, start, out| {
            out.iter_mut().zip(start..).for_each(|(x, i)| *x = law.element(k, i) * p.scale);
        }),
    })
}

/// A number type that counts become: those that it cannot hold become its nearest.
trait Count: NdElement {
    fn count(n: i64) -> Self;
}

macro_rules! counts {
    (exact: $($t:ty)*) => { $(
        impl Count for $t {
            fn count(n: i64) -> Self { n.clamp(<$t>::MIN as i64, i64::try_from(<$t>::MAX).unwrap_or(i64::MAX)) as $t }
        }
    )* };
    (rounded: $($t:ty)*) => { $( impl Count for $t { fn count(n: i64) -> Self { n as $t } } )* };
}
counts!(exact: i8 i16 i32 i64 u8 u16 u32 u64);
counts!(rounded: f32 f64);

fn counted<T: Count>(key: &NdArray, verdict: &Verdict, law: &(impl Draw<i64> + Sync)) -> NdArray {
    drawn::<T>(key, verdict, |k, start, out| {
        out.iter_mut().zip(start..).for_each(|(x, i)| *x = T::count(law.element(k, i)));
    })
}

#[implements(integers)]
fn integers_(key: &NdArray, p: &Integers, verdict: &Verdict) -> Result<NdArray> {
    let law = random::Integers::new(p.low as i64, p.high as i64)?;
    with_integer!("integers", p.dtype, T => Ok(counted::<T>(key, verdict, &law)))
}

#[implements(poisson)]
fn poisson(key: &NdArray, p: &Poisson, verdict: &Verdict) -> Result<NdArray> {
    let law = random::Poisson::new(p.rate)?;
    match p.dtype {
        DType::Float32 => Ok(counted::<f32>(key, verdict, &law)),
        DType::Float64 => Ok(counted::<f64>(key, verdict, &law)),
        other => with_integer!("poisson", other, T => Ok(counted::<T>(key, verdict, &law))),
    }
}
