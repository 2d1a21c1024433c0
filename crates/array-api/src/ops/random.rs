//! Random numbers: pure functions of a key and a position, the same on every backend.
//!
//! A key is two `uint32` words; an array of keys has them on its last axis, `(..., 2)`, and gives a batch of draws whose
//! extents come first. Keys are operands, so that vectorising over keys works. The generator and the transformations of
//! its bits are defined in [`crate::random`].

use super::creation::made;
use super::spellings;
use crate::array::Array;
use crate::call::{Call, Verdict};
use crate::dims::Dims;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::index::Index;
use crate::operand::Operand;
use crate::operation::Op;
use crate::random::host;
use crate::{operation, rule};

operation! {
    /// The key of a seed, shape `(2,)`, type `uint32`.
    Key = key() { seed: u64 = 0 } -> Array;
    "random", Creation, |op, _, _| made(op, &Dims::from(2), DType::UInt32),
    compose host::key, methods (namespace)
}

operation! {
    /// `n` new keys of each key: shape `(..., n, 2)`.
    Split = split(key: One) { n: usize = 2 } -> Array;
    "random", Random,
    |op, p, args| { let batch = keys(op, args)?; drawn(op, &batch, &Dims::from([p.n, 2]), DType::UInt32) },
    compose host::split
}

operation! {
    /// A new key from a key and an integer, such as the number of a member or a step; integers may be an array.
    FoldIn = fold_in(key: One, data: One) {} -> Array;
    "random", Random, fold_in_rule, compose host::fold_in
}

operation! {
    /// Uniformly distributed bits as `uint32` or `uint64`.
    Bits = bits(key: One) { /** The extents. */ shape: Dims = Dims::SCALAR, dtype: DType = DType::UInt32 } -> Array;
    "random", Random,
    |op, p, args| match p.dtype {
        DType::UInt32 | DType::UInt64 => draw(op, args, &p.shape, p.dtype),
        other => Err(Error::dtype(op.name, format!("bits are uint32 or uint64, not {other}"))),
    },
    compose host::bits,
    methods (namespace)
}

operation! {
    /// Uniformly distributed real numbers in `[low, high)`.
    Uniform = uniform(key: One) {
        /** The extents. */ shape: Dims = Dims::SCALAR, dtype: DType = DType::Float64, low: f64 = 0.0, high: f64 = 1.0,
    } -> Array;
    "random", Random,
    |op, p, args| {
        if !(p.low < p.high && (p.high - p.low).is_finite()) {
            return Err(Error::value(op.name, format!("the range from {} to {} is empty or not finite", p.low, p.high)));
        }
        real_draw(op, args, &p.shape, p.dtype)
    },
    compose host::uniform,
    methods (namespace)
}

operation! {
    /// Normally distributed real numbers.
    Normal = normal(key: One) {
        /** The extents. */ shape: Dims = Dims::SCALAR, dtype: DType = DType::Float64,
        /** The expectation. */ mean: f64 = 0.0, /** The standard deviation. */ sd: f64 = 1.0,
    } -> Array;
    "random", Random,
    |op, p, args| { not_negative(op, "sd", p.sd)?; real_draw(op, args, &p.shape, p.dtype) },
    compose host::normal,
    methods (namespace)
}

operation! {
    /// Exponentially distributed real numbers.
    Exponential = exponential(key: One) {
        /** The extents. */ shape: Dims = Dims::SCALAR, dtype: DType = DType::Float64,
        /** The expectation. */ scale: f64 = 1.0,
    } -> Array;
    "random", Random,
    |op, p, args| { not_negative(op, "scale", p.scale)?; real_draw(op, args, &p.shape, p.dtype) },
    compose host::exponential,
    methods (namespace)
}

operation! {
    /// Uniformly distributed integers in `[low, high)`.
    Integers = integers(key: One) {
        /** The extents. */ shape: Dims = Dims::SCALAR, dtype: DType = DType::Int64, low: isize = 0, high: isize = 1,
    } -> Array;
    "random", Random, integers_rule, compose host::integers, methods (namespace)
}

operation! {
    /// Poisson distributed counts.
    Poisson = poisson(key: One) {
        /** The extents. */ shape: Dims = Dims::SCALAR, dtype: DType = DType::Int64,
        /** The expectation. */ rate: f64 = 1.0,
    } -> Array;
    "random", Random,
    |op, p, args| {
        not_negative(op, "rate", p.rate)?;
        if p.dtype == DType::Bool || p.dtype.is_complex() {
            return Err(Error::dtype(op.name, format!("counts cannot have type {}", p.dtype)));
        }
        draw(op, args, &p.shape, p.dtype)
    },
    compose host::poisson,
    methods (namespace)
}

operation! {
    /// Gamma distributed real numbers; the expectation is `alpha * scale`.
    Gamma = gamma(key: One) {
        /** The extents. */ shape: Dims = Dims::SCALAR, dtype: DType = DType::Float64,
        /** The shape of the law. */ alpha: f64 = 1.0, scale: f64 = 1.0,
    } -> Array;
    "random", Random,
    |op, p, args| {
        positive(op, "alpha", p.alpha)?;
        not_negative(op, "scale", p.scale)?;
        real_draw(op, args, &p.shape, p.dtype)
    },
    compose host::gamma,
    methods (namespace)
}

operation! {
    /// Beta distributed real numbers; the expectation is `a / (a + b)`.
    Beta = beta(key: One) {
        /** The extents. */ shape: Dims = Dims::SCALAR, dtype: DType = DType::Float64, a: f64 = 1.0, b: f64 = 1.0,
    } -> Array;
    "random", Random,
    |op, p, args| {
        positive(op, "a", p.a)?;
        positive(op, "b", p.b)?;
        real_draw(op, args, &p.shape, p.dtype)
    },
    compose compose_beta,
    methods (namespace)
}

operation! {
    /// The integers from 0 to `n - 1` in random order.
    Permutation = permutation(key: One) { n: usize = 0 } -> Array;
    "random", Random, |op, p, args| draw(op, args, &Dims::from(p.n), DType::Int64),
    compose |p, call| {
        let key = rule::array(call.op, call.args, 0)?;
        crate::argsort(key.namespace().bits(key, (p.n, DType::UInt64))?, -1)
    },
    methods (namespace)
}

operation! {
    /// Random positions from 0 to `n - 1`: all equally likely, or with probabilities proportional to the `n` `weights`;
    /// without `replace`, no position twice. Take them with [`take`](crate::take).
    ///
    /// Weighted draws without replacement follow Efraimidis and Spirakis, "Weighted random sampling with a reservoir",
    /// Inf. Process. Lett. 97 (2006).
    Choice = choice(key: One, weights: Maybe) {
        n: usize = 0, /** The extents. */ shape: Dims = Dims::SCALAR, replace: bool = true,
    } -> Array;
    "random", Other, choice_rule, compose compose_choice, methods (namespace)
}

spellings!(shape: Bits, Uniform, Normal, Exponential, Integers, Poisson, Gamma, Beta);

impl From<usize> for Permutation {
    fn from(n: usize) -> Permutation {
        Permutation { n }
    }
}

impl<S: crate::IntoField<Dims>> From<(usize, S)> for Choice {
    fn from((n, shape): (usize, S)) -> Choice {
        Choice::default().n(n).shape(shape)
    }
}

fn choice_rule(op: &'static Op, p: &mut Choice, args: &mut [Operand<'_>]) -> Result<Verdict> {
    if let Some(weights) = args[1].array() {
        rule::REAL_FLOATING.check(op, weights.dtype())?;
        if weights.dims()[..] != [p.n] {
            let message = format!("weights have shape {}, but there are n = {} positions", weights.dims(), p.n);
            return Err(Error::shape(op.name, message));
        }
    }
    let count = p.shape.size().unwrap_or(usize::MAX);
    if p.n == 0 && count > 0 {
        return Err(Error::value(op.name, "n is 0: there is nothing to choose from"));
    }
    if !p.replace && count > p.n {
        return Err(Error::value(
            op.name,
            format!("{count} of {} positions cannot be chosen without replacement", p.n),
        ));
    }
    draw(op, args, &p.shape, DType::Int64)
}

/// `x / (x + y)` of two gamma variates. Of small shapes both may be too small for any number; there they are powers
/// `u^(1/a)` and `v^(1/b)` of uniform numbers, and since waiting times `-log u` below a bound are as from the start, what
/// remains is the quotient of two new ones.
fn compose_beta(p: &Beta, call: &mut Call<'_, '_>) -> Result<Array> {
    let key = rule::array(call.op, call.args, 0)?;
    let small = p.a.max(p.b) < 0.5;
    let dtype = if small { DType::Float64 } else { p.dtype };
    let (keys, xp) = (split(key, if small { 4 } else { 2 })?, key.namespace());
    let child = |i: isize| crate::at(&keys, vec![Index::Ellipsis, i.into(), Index::full()]);
    let law = Gamma::default().shape(&p.shape).dtype(dtype);
    let (x, y) = (xp.gamma(child(0)?, law.clone().alpha(p.a))?, xp.gamma(child(1)?, law.alpha(p.b))?);
    let total = crate::add(&x, y)?;
    let share = crate::divide(x, &total)?;
    if !small {
        return Ok(share);
    }
    let wait = |i: isize, rate: f64| crate::divide(xp.exponential(child(i)?, (&p.shape, dtype))?, rate);
    let odds = crate::exp(crate::subtract(wait(2, p.a)?, wait(3, p.b)?)?)?;
    let beyond = crate::reciprocal(crate::add(odds, 1.0)?)?;
    crate::astype(crate::where_(crate::equal(total, 0.0)?, beyond, share)?, p.dtype)
}

fn compose_choice(p: &Choice, call: &mut Call<'_, '_>) -> Result<Array> {
    let key = rule::array(call.op, call.args, 0)?;
    let xp = key.namespace();
    match (call[1].array(), p.replace) {
        (None, true) => xp.integers(key, (&p.shape, 0..p.n as isize)),
        (Some(weights), true) => {
            // Positions of weight zero have no length on the way from 0 to the total.
            let ends = crate::cumulative_sum(weights, 0)?;
            let total = crate::at(&ends, -1)?;
            let u = xp.uniform(key, (&p.shape, weights.dtype()))?;
            let place = crate::searchsorted(ends, crate::multiply(u, total)?, None, "right")?;
            crate::minimum(place, p.n as i64 - 1)
        }
        (weights, false) => {
            // The first to arrive of exponential waiting times.
            let mut times = xp.exponential(key, (p.n, weights.map_or(DType::Float64, Array::dtype)))?;
            if let Some(weights) = weights {
                times = crate::divide(times, weights)?;
            }
            let order = crate::argsort(times, -1)?;
            let count = p.shape.size().unwrap_or(0) as isize;
            let first = crate::at(order, vec![Index::Ellipsis, (..count).into()])?;
            crate::reshape(first, call.verdict.dims())
        }
    }
}

fn positive(op: &'static Op, name: &str, value: f64) -> Result<()> {
    match value > 0.0 && value.is_finite() {
        true => Ok(()),
        false => Err(Error::value(op.name, format!("{name} is {value}, but must be finite and positive"))),
    }
}

impl From<u64> for Key {
    fn from(seed: u64) -> Key {
        Key { seed }
    }
}

impl From<usize> for Split {
    fn from(n: usize) -> Split {
        Split { n }
    }
}

impl<S: crate::IntoField<Dims>> From<(S, std::ops::Range<isize>)> for Integers {
    fn from((shape, range): (S, std::ops::Range<isize>)) -> Integers {
        Integers::default().shape(shape).low(range.start).high(range.end)
    }
}

/// Checks a key argument and gives the extents of the batch of keys.
fn keys(op: &'static Op, args: &[Operand<'_>]) -> Result<Dims> {
    let key = rule::array(op, args, 0)?;
    match key.dims()[..] {
        [ref batch @ .., 2] if key.dtype() == DType::UInt32 => Ok(Dims::new(batch)),
        _ => Err(Error::value(
            op.name,
            format!(
                "a key is uint32 with two words on its last axis, not {}{}; make one with xp.key(seed), split or fold_in",
                key.dtype(),
                key.dims()
            ),
        )),
    }
}

fn drawn(op: &'static Op, batch: &Dims, shape: &Dims, dtype: DType) -> Result<Verdict> {
    made(op, &batch.iter().chain(shape.iter()).copied().collect(), dtype)
}

fn draw(op: &'static Op, args: &[Operand<'_>], shape: &Dims, dtype: DType) -> Result<Verdict> {
    let batch = keys(op, args)?;
    drawn(op, &batch, shape, dtype)
}

fn real_draw(op: &'static Op, args: &[Operand<'_>], shape: &Dims, dtype: DType) -> Result<Verdict> {
    rule::REAL_FLOATING.check(op, dtype)?;
    draw(op, args, shape, dtype)
}

fn not_negative(op: &'static Op, name: &str, value: f64) -> Result<()> {
    match value >= 0.0 && value.is_finite() {
        true => Ok(()),
        false => Err(Error::value(op.name, format!("{name} is {value}, but must be finite and not negative"))),
    }
}

fn fold_in_rule(op: &'static Op, _: &mut FoldIn, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let batch = keys(op, args)?;
    let data = match &args[1] {
        Operand::Scalar(s) if u64::try_from(s.to_i128()).is_ok() => Dims::SCALAR,
        Operand::Scalar(s) => {
            return Err(Error::value(op.name, format!("data is {s}, but must be a non-negative integer")));
        }
        other => {
            let data = other.array().ok_or_else(|| Error::value(op.name, "data is missing"))?;
            rule::INTEGER.check(op, data.dtype())?;
            data.dims().clone()
        }
    };
    let all = rule::broadcast_dims(op.name, [&batch, &data].into_iter())?;
    let dims: Dims = all.iter().copied().chain([2]).collect();
    Ok(Verdict::new(dims, DType::UInt32, DType::Int64))
}

fn integers_rule(op: &'static Op, p: &mut Integers, args: &mut [Operand<'_>]) -> Result<Verdict> {
    rule::INTEGER.check(op, p.dtype)?;
    let fits = |i: isize| crate::Scalar::from(i as i64).fits(p.dtype);
    if p.low >= p.high || !fits(p.low) || !fits(p.high - 1) {
        let message = format!("the range from {} to {} is empty or does not fit {}", p.low, p.high, p.dtype);
        return Err(Error::value(op.name, message));
    }
    draw(op, args, &p.shape, p.dtype)
}
