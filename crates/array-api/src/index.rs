//! Basic indices: positions, slices, new axes and the ellipsis.

use std::ops::{Range, RangeFrom, RangeFull, RangeTo};

use crate::error::{Error, Result};
use crate::value::{Field, Value};

/// One entry of an index.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Index {
    /// One position; negative ones count from the end. The axis goes.
    At(isize),
    /// `start:stop:step`, as in Python; in canonical form `start` is a position and `stop` the number of elements times
    /// `step` further.
    Slice {
        /// First position.
        start: Option<isize>,
        /// Position to stop before.
        stop: Option<isize>,
        /// Step, not zero.
        step: isize,
    },
    /// A new axis of extent one.
    NewAxis,
    /// All axes that are not named.
    Ellipsis,
}

impl Index {
    /// All of an axis.
    pub const fn full() -> Index {
        Index::Slice { start: None, stop: None, step: 1 }
    }

    /// Makes a slice explicit for an axis of `n` elements and gives the number of elements it selects.
    ///
    /// Afterwards `start` is the first position and `stop = start + count * step`.
    ///
    /// # Errors
    /// A step of zero.
    pub fn resolve(&mut self, op: &str, n: usize) -> Result<usize> {
        let Index::Slice { start, stop, step } = self else {
            return Err(Error::index(op, format!("{self:?} is not a slice")));
        };
        let n = n as isize;
        if *step == 0 {
            return Err(Error::index(op, "a slice's step cannot be 0"));
        }
        // Python's slice.indices: bounds are clamped to what can be reached from either side.
        let (low, high) = if *step > 0 { (0, n) } else { (-1, n - 1) };
        let clamp = |p: isize| if p < 0 { (p + n).max(low) } else { p.min(high) };
        let first = start.map_or(if *step > 0 { low } else { high }, clamp);
        let last = stop.map_or(if *step > 0 { high } else { low }, clamp);
        let span = if *step > 0 { last - first } else { first - last };
        let count = if span > 0 { (span as usize - 1) / step.unsigned_abs() + 1 } else { 0 };
        *start = Some(if count == 0 { 0 } else { first });
        *stop = Some(start.unwrap_or(0) + count as isize * *step);
        Ok(count)
    }

    /// The first position, number of elements and step of a slice in canonical form, `None` for other entries.
    pub fn range(&self) -> Option<(usize, usize, isize)> {
        match *self {
            Index::Slice { start: Some(start), stop: Some(stop), step } => {
                Some((start as usize, ((stop - start) / step) as usize, step))
            }
            _ => None,
        }
    }
}

/// An index: one entry per axis, made by [`index!`](crate::index!), a position, a range, or an array of entries.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Indices(pub Vec<Index>);

/// Writes an index as in Python: `index![0, 1..3, .., -1]`.
///
/// `..` is all of an axis; [`Index::Ellipsis`] and [`Index::NewAxis`] are written by name.
///
/// ```
/// use array_api::{index, Index};
/// assert_eq!(index![0, 1..3].0.len(), 2);
/// assert_eq!(index![.., -1].0[1], Index::At(-1));
/// ```
#[macro_export]
macro_rules! index {
    ($($entry:expr),* $(,)?) => { $crate::Indices(vec![$($crate::Index::from($entry)),*]) };
}

impl From<isize> for Index {
    fn from(i: isize) -> Index {
        Index::At(i)
    }
}

impl From<Range<isize>> for Index {
    fn from(r: Range<isize>) -> Index {
        Index::Slice { start: Some(r.start), stop: Some(r.end), step: 1 }
    }
}

impl From<RangeFrom<isize>> for Index {
    fn from(r: RangeFrom<isize>) -> Index {
        Index::Slice { start: Some(r.start), stop: None, step: 1 }
    }
}

impl From<RangeTo<isize>> for Index {
    fn from(r: RangeTo<isize>) -> Index {
        Index::Slice { start: None, stop: Some(r.end), step: 1 }
    }
}

impl From<RangeFull> for Index {
    fn from(_: RangeFull) -> Index {
        Index::full()
    }
}

impl<I: Into<Index>> From<I> for Indices {
    fn from(i: I) -> Indices {
        Indices(vec![i.into()])
    }
}

impl From<Vec<Index>> for Indices {
    fn from(v: Vec<Index>) -> Indices {
        Indices(v)
    }
}

impl Field for Index {
    fn to_value(&self) -> Value {
        match self {
            Index::At(i) => i.to_value(),
            Index::Slice { start, stop, step } => Value::List(vec![start.to_value(), stop.to_value(), step.to_value()]),
            Index::NewAxis => Value::None,
            Index::Ellipsis => Value::Text("...".into()),
        }
    }
    fn from_value(v: &Value) -> Result<Index> {
        Ok(match v {
            Value::Int(_) => Index::At(isize::from_value(v)?),
            Value::None => Index::NewAxis,
            Value::Text(t) if t == "..." => Index::Ellipsis,
            Value::List(l) if l.len() == 3 => Index::Slice {
                start: Field::from_value(&l[0])?,
                stop: Field::from_value(&l[1])?,
                step: Field::from_value(&l[2])?,
            },
            v => return Err(Error::value("index", format!("{v} is not an index"))),
        })
    }
}

impl Field for Indices {
    fn to_value(&self) -> Value {
        self.0.to_value()
    }
    fn from_value(v: &Value) -> Result<Indices> {
        Vec::from_value(v).map(Indices)
    }
}
