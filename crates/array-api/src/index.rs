//! Basic indices: positions, slices, new axes and the ellipsis.

use std::ops::{Range, RangeFrom, RangeFull, RangeTo};

use crate::error::{Error, Result};
use crate::value::{Field, Value};

/// One entry of an index.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Index {
    /// One position; negative ones count from the end. The axis goes.
    At(isize),
    /// `start:stop:step`, as in Python; in canonical form `start` is a position, and `stop` one of `0..=n` or, where a
    /// negative step runs through position 0, `None`.
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
    /// Afterwards `start` is the first position, and making it explicit once more changes nothing: wrappers hand calls
    /// on in canonical form.
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
        // Below position 0 there is no way to write a stop: -1 would be the last position.
        *stop = if count == 0 { Some(0) } else { Some(last).filter(|&s| s >= 0) };
        Ok(count)
    }

    /// The first position, number of elements and step of a slice in canonical form, `None` for other entries.
    pub fn range(&self) -> Option<(usize, usize, isize)> {
        match *self {
            Index::Slice { start: Some(start), stop, step } if stop.is_some() || step < 0 => {
                let span = stop.unwrap_or(-1).abs_diff(start);
                Some((start as usize, span.div_ceil(step.unsigned_abs()), step))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_select_what_python_selects_and_stay_so() {
        let bounds = [None, Some(-9), Some(-4), Some(-1), Some(0), Some(1), Some(3), Some(4), Some(9)];
        let steps = [1, 2, 3, -1, -2, -3, isize::MAX, isize::MIN];
        for (n, start, stop, step) in cases(&[0, 1, 4, 5], &bounds, &steps) {
            let m = n as isize;
            // Python's documentation of slices, position by position.
            let (low, high) = if step > 0 { (0, m) } else { (-1, m - 1) };
            let bound = |b: isize| (if b < 0 { b + m } else { b }).clamp(low, high);
            let mut at = start.map_or(if step > 0 { low } else { high }, bound);
            let end = stop.map_or(if step > 0 { high } else { low }, bound);
            let mut want = vec![];
            while if step > 0 { at < end } else { at > end } {
                want.push(at as usize);
                at = at.saturating_add(step);
            }
            let mut slice = Index::Slice { start, stop, step };
            let count = slice.resolve("at", n).unwrap();
            let canonical = slice.clone();
            let (first, len, by) = slice.range().unwrap();
            let got: Vec<usize> = (0..len).map(|i| first.wrapping_add_signed(i as isize * by)).collect();
            assert_eq!((&got, count), (&want, want.len()), "{start:?}:{stop:?}:{step} of {n}");
            assert_eq!(slice.resolve("at", n).unwrap(), count);
            assert_eq!(slice, canonical, "{start:?}:{stop:?}:{step} of {n}");
        }
        assert!(Index::Slice { start: None, stop: None, step: 0 }.resolve("at", 3).is_err());
    }

    type Case = (usize, Option<isize>, Option<isize>, isize);

    fn cases(extents: &[usize], bounds: &[Option<isize>], steps: &[isize]) -> Vec<Case> {
        let mut all = vec![];
        for &n in extents {
            for &start in bounds {
                for &stop in bounds {
                    all.extend(steps.iter().map(|&step| (n, start, stop, step)));
                }
            }
        }
        all
    }
}
