//! Shape-and-dtype rules: the only place in the project where such logic lives.
//!
//! A rule checks a call, makes its operands one type, brings its parameters into canonical form (axes non-negative, types
//! filled in), and says what will come out. Rows name the rule; backends never check anything again.

mod contraction;
mod elementwise;
mod fft;
mod indexing;
mod movement;
mod reduction;

pub use contraction::*;
pub use elementwise::*;
pub use fft::*;
pub use indexing::*;
pub use movement::*;
pub use reduction::*;

use crate::array::Array;
use crate::dims::{Dims, UNKNOWN};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::operand::Operand;
use crate::operation::Op;

/// A set of data types that an operation accepts, with the words that errors use.
#[derive(Clone, Copy)]
pub struct Accept {
    /// How the standard names the set.
    pub name: &'static str,
    /// Membership.
    pub has: fn(DType) -> bool,
}

macro_rules! accept {
    ($($(#[$doc:meta])* $name:ident = $words:literal, $has:expr;)*) => { $(
        $(#[$doc])* pub const $name: Accept = Accept { name: $words, has: $has };
    )* };
}

accept! {
    /// All 13 types.
    ANY = "any data type", |_| true;
    /// All but `bool`.
    NUMERIC = "a numeric data type", DType::is_numeric;
    /// Integers and real floats.
    REAL = "a real-valued data type", |d| d.is_numeric() && !d.is_complex();
    /// Floats, real or complex.
    FLOATING = "a floating-point data type", DType::is_floating;
    /// Real floats.
    REAL_FLOATING = "a real-valued floating-point data type", DType::is_real_floating;
    /// Complex floats.
    COMPLEX = "a complex floating-point data type", DType::is_complex;
    /// Integers.
    INTEGER = "an integer data type", DType::is_integer;
    /// Integers and `bool`.
    INTEGER_OR_BOOLEAN = "an integer or boolean data type", |d| d.is_integer() || !d.is_numeric();
    /// `bool`.
    BOOLEAN = "the boolean data type", |d| !d.is_numeric();
}

impl Accept {
    /// Refuses a type outside the set.
    ///
    /// # Errors
    /// With the operation, the type, and `astype` as the way out.
    #[inline]
    pub fn check(&self, op: &'static Op, dtype: DType) -> Result<()> {
        if (self.has)(dtype) { Ok(()) } else { Err(self.refusal(op, dtype)) }
    }

    #[cold]
    fn refusal(&self, op: &'static Op, dtype: DType) -> Error {
        let hint = match self.name {
            n if n.contains("floating") && !dtype.is_floating() => "; convert it with astype(float64)",
            n if n.contains("boolean") && dtype.is_floating() => "; compare it, or convert it with astype",
            _ => "",
        };
        Error::dtype(op.name, format!("the argument has type {dtype}, but {} needs {}{hint}", op.name, self.name))
    }
}

/// The array in an argument position.
///
/// # Errors
/// If there is a plain number instead.
#[inline]
pub fn array<'o>(op: &'static Op, args: &'o [Operand<'_>], i: usize) -> Result<&'o Array> {
    match args.get(i).and_then(Operand::array) {
        Some(a) => Ok(a),
        None => Err(not_an_array(op, args.get(i), i)),
    }
}

#[cold]
fn not_an_array(op: &'static Op, operand: Option<&Operand<'_>>, i: usize) -> Error {
    let name = op.args.get(i).map_or("its argument", |(n, _)| n);
    match operand {
        Some(Operand::Scalar(s)) => {
            Error::dtype(op.name, format!("{name} must be an array, not the number {s}; make one with xp.asarray({s})"))
        }
        _ => Error::value(op.name, format!("{name} is missing")),
    }
}

/// Replaces an operand by one of another type, through the protocol itself, so that wrappers see it.
///
/// # Errors
/// The conversion's.
pub fn cast(operand: &mut Operand<'_>, dtype: DType) -> Result<()> {
    let converted = match operand.array() {
        Some(a) if a.dtype() != dtype => crate::astype(operand.take(), dtype)?,
        _ => return Ok(()),
    };
    *operand = Operand::Own(converted);
    Ok(())
}

/// The extents of arrays broadcast together.
///
/// # Errors
/// If extents differ and neither is one.
pub fn broadcast_dims<'d>(op: &str, all: impl Iterator<Item = &'d Dims> + Clone) -> Result<Dims> {
    let rank = all.clone().map(|d| d.len()).max().unwrap_or(0);
    let mut out = Dims::from(vec![1; rank]);
    for dims in all.clone() {
        let skip = rank - dims.len();
        for (o, &d) in out.as_mut()[skip..].iter_mut().zip(dims.iter()) {
            match (*o, d) {
                (a, b) if a == b => {}
                (1, b) => *o = b,
                (_, 1) => {}
                // A known extent decides over an unknown one; the kernel checks when it knows.
                (UNKNOWN, b) => *o = b,
                (_, UNKNOWN) => {}
                _ => return Err(no_broadcast(op, all)),
            }
        }
    }
    Ok(out)
}

#[cold]
fn no_broadcast<'d>(op: &str, all: impl Iterator<Item = &'d Dims>) -> Error {
    let shapes: Vec<_> = all.map(|d| d.to_string()).collect();
    Error::shape(
        op,
        format!(
            "cannot broadcast {}: aligned from the last axis, extents must be equal or 1; reshape one of them",
            shapes.join(" with ")
        ),
    )
}
