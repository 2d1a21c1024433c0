//! Random numbers: pure functions of a key and a position, the same on every backend.
//!
//! A key is two `uint32` words; an array of keys has them on its last axis, `(..., 2)`, and gives a batch of draws whose
//! extents come first. Keys are operands, so that vectorising over keys works. The generator and the transformations of
//! its bits are defined in [`crate::random`].

use super::creation::made;
use super::spellings;
use crate::array::Array;
use crate::call::Verdict;
use crate::dims::Dims;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::operand::Operand;
use crate::operation::Op;
use crate::{operation, rule};

operation! {
    /// The key of a seed, shape `(2,)`, type `uint32`.
    Key = key() { seed: u64 = 0 } -> Array;
    "random", Creation, |op, _, _| made(op, &Dims::from(2), DType::UInt32), methods (namespace)
}

operation! {
    /// `n` new keys of each key: shape `(..., n, 2)`.
    Split = split(key: One) { n: usize = 2 } -> Array;
    "random", Random,
    |op, p, args| { let batch = keys(op, args)?; drawn(op, &batch, &Dims::from([p.n, 2]), DType::UInt32) }
}

operation! {
    /// A new key from a key and an integer, such as the number of a member or a step; integers may be an array.
    FoldIn = fold_in(key: One, data: One) {} -> Array;
    "random", Random, fold_in_rule
}

operation! {
    /// Uniformly distributed bits as `uint32` or `uint64`.
    Bits = bits(key: One) { /** The extents. */ shape: Dims = Dims::SCALAR, dtype: DType = DType::UInt32 } -> Array;
    "random", Random,
    |op, p, args| match p.dtype {
        DType::UInt32 | DType::UInt64 => draw(op, args, &p.shape, p.dtype),
        other => Err(Error::dtype(op.name, format!("bits are uint32 or uint64, not {other}"))),
    },
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
    methods (namespace)
}

operation! {
    /// Uniformly distributed integers in `[low, high)`.
    Integers = integers(key: One) {
        /** The extents. */ shape: Dims = Dims::SCALAR, dtype: DType = DType::Int64, low: isize = 0, high: isize = 1,
    } -> Array;
    "random", Random, integers_rule, methods (namespace)
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
    methods (namespace)
}

spellings!(shape: Bits, Uniform, Normal, Exponential, Integers, Poisson);

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
