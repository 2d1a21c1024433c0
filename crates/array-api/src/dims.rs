//! Extents of an array: inline up to six axes, so that the common path never allocates.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

/// An extent that is not known before computing; only lazy kinds have such.
pub const UNKNOWN: usize = usize::MAX;

const INLINE: usize = 6;

/// The extents of an array, one per axis.
///
/// Dereferences to a slice. An extent may be [`UNKNOWN`] on lazy kinds; [`Dims::known`] tells.
///
/// ```
/// use array_api::Dims;
/// let d = Dims::from([2, 3]);
/// assert_eq!(d.size(), Some(6));
/// assert_eq!(d.to_string(), "(2, 3)");
/// ```
// Seven whole words and no narrower field: narrow stores followed by wide moves stall, and a `SmallVec`, which has both
// and whose clone is a loop, costs 40 ns per call.
pub struct Dims(Repr);

enum Repr {
    Inline { rank: Rank, at: [usize; INLINE] },
    Heap(Box<[usize]>),
}

/// A number of axes that fits inline. Being an enum, it leaves room for [`Repr`]'s tag and bounds its own slices.
#[derive(Clone, Copy, PartialEq)]
#[repr(usize)]
enum Rank {
    R0,
    R1,
    R2,
    R3,
    R4,
    R5,
    R6,
}

const _: () = assert!(size_of::<Dims>() == (INLINE + 1) * size_of::<usize>());

impl Dims {
    /// No axes: the shape of a 0-d array.
    pub const SCALAR: Dims = Dims(Repr::Inline { rank: Rank::R0, at: [0; INLINE] });

    /// Copies the extents of a slice.
    #[inline]
    pub fn new(extents: &[usize]) -> Dims {
        use Rank::*;
        // Written out, since copying a slice of unknown length calls `memcpy`.
        let (rank, at) = match *extents {
            [] => (R0, [0; 6]),
            [a] => (R1, [a, 0, 0, 0, 0, 0]),
            [a, b] => (R2, [a, b, 0, 0, 0, 0]),
            [a, b, c] => (R3, [a, b, c, 0, 0, 0]),
            [a, b, c, d] => (R4, [a, b, c, d, 0, 0]),
            [a, b, c, d, e] => (R5, [a, b, c, d, e, 0]),
            [a, b, c, d, e, f] => (R6, [a, b, c, d, e, f]),
            _ => return Dims(Repr::Heap(extents.into())),
        };
        Dims(Repr::Inline { rank, at })
    }

    /// The extents if all of them are known.
    #[inline]
    pub fn known(&self) -> Option<&[usize]> {
        if self.contains(&UNKNOWN) { None } else { Some(self) }
    }

    /// The number of elements; `None` where an extent is unknown or the product overflows.
    pub fn size(&self) -> Option<usize> {
        self.known()?.iter().try_fold(1usize, |n, &d| n.checked_mul(d))
    }

    /// The same extents with one axis inserted.
    pub fn insert(&self, axis: usize, extent: usize) -> Dims {
        let mut v = self.to_vec();
        v.insert(axis, extent);
        v.into()
    }

    /// The same extents with one axis removed.
    pub fn remove(&self, axis: usize) -> Dims {
        let mut v = self.to_vec();
        v.remove(axis);
        v.into()
    }

    /// The same extents with one of them replaced.
    pub fn with(&self, axis: usize, extent: usize) -> Dims {
        let mut d = self.clone();
        d.as_mut()[axis] = extent;
        d
    }
}

impl AsMut<[usize]> for Dims {
    #[inline]
    fn as_mut(&mut self) -> &mut [usize] {
        match &mut self.0 {
            Repr::Inline { rank, at } => &mut at[..*rank as usize],
            Repr::Heap(b) => b,
        }
    }
}

impl Deref for Dims {
    type Target = [usize];
    #[inline]
    fn deref(&self) -> &[usize] {
        match &self.0 {
            Repr::Inline { rank, at } => &at[..*rank as usize],
            Repr::Heap(b) => b,
        }
    }
}

impl Clone for Dims {
    #[inline]
    fn clone(&self) -> Dims {
        match &self.0 {
            Repr::Inline { rank, at } => Dims(Repr::Inline { rank: *rank, at: *at }),
            Repr::Heap(b) => Dims(Repr::Heap(b.clone())),
        }
    }
}

impl Default for Dims {
    fn default() -> Dims {
        Dims::SCALAR
    }
}

impl PartialEq for Dims {
    #[inline]
    fn eq(&self, other: &Dims) -> bool {
        match (&self.0, &other.0) {
            // Unused places are zero, so all six compare, in a few vector instructions instead of a call of `bcmp`.
            (Repr::Inline { rank, at }, Repr::Inline { rank: r, at: a }) => {
                rank == r && (0..INLINE).fold(0, |differ, i| differ | (at[i] ^ a[i])) == 0
            }
            _ => self[..] == other[..],
        }
    }
}

impl Eq for Dims {}

impl Hash for Dims {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self[..].hash(state);
    }
}

impl fmt::Display for Dims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (i, &d) in self.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            if d == UNKNOWN { f.write_str("?")? } else { write!(f, "{d}")? }
        }
        f.write_str(if self.len() == 1 { ",)" } else { ")" })
    }
}

impl fmt::Debug for Dims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<&[usize]> for Dims {
    fn from(s: &[usize]) -> Dims {
        Dims::new(s)
    }
}

impl From<Vec<usize>> for Dims {
    fn from(s: Vec<usize>) -> Dims {
        Dims::new(&s)
    }
}

impl From<&Vec<usize>> for Dims {
    fn from(s: &Vec<usize>) -> Dims {
        Dims::new(s)
    }
}

impl<const N: usize> From<[usize; N]> for Dims {
    fn from(s: [usize; N]) -> Dims {
        Dims::new(&s)
    }
}

impl From<usize> for Dims {
    fn from(n: usize) -> Dims {
        Dims::new(&[n])
    }
}

impl From<()> for Dims {
    fn from((): ()) -> Dims {
        Dims::SCALAR
    }
}

impl From<&Dims> for Dims {
    fn from(d: &Dims) -> Dims {
        d.clone()
    }
}

impl FromIterator<usize> for Dims {
    fn from_iter<I: IntoIterator<Item = usize>>(iter: I) -> Dims {
        iter.into_iter().collect::<Vec<_>>().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_and_heap_agree() {
        let long: Vec<usize> = (1..9).collect();
        let d = Dims::from(&long);
        assert_eq!(d[..], long[..]);
        assert_eq!(d.clone(), d);
        assert_eq!(d.remove(0).remove(0), Dims::from([3, 4, 5, 6, 7, 8]));
        assert_eq!(d.insert(0, 9).len(), 9);
        assert_eq!(Dims::from(3).to_string(), "(3,)");
        assert_eq!(Dims::from([UNKNOWN, 2]).to_string(), "(?, 2)");
        assert_eq!(Dims::from([usize::MAX - 1, 2]).size(), None);
    }
}
