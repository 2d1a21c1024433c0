//! The order of values, as unsigned integers: not-a-number last, -0.0 equal to 0.0.

use array_api::Complex;

use crate::array::NdElement;
#[cfg(target_arch = "x86_64")]
use crate::engine::quick;

/// A value with a place in an order.
pub(crate) trait Ordered: NdElement {
    /// Unsigned integers in the order of the values.
    type Key: Digits;
    /// Whether the largest key is that of not-a-number alone; no value has the key 0 then.
    const NAN: bool;
    /// The place of the value in ascending order.
    fn key(self) -> Self::Key;

    /// The place of the value in the direction asked for; not-a-number comes last in both.
    #[inline(always)]
    fn place(self, descending: bool) -> Self::Key {
        turned::<Self>(self.key(), descending)
    }
}

/// Turns a key between ascending and descending order.
#[inline(always)]
pub(crate) fn turned<T: Ordered>(key: T::Key, descending: bool) -> T::Key {
    let last = !T::Key::default();
    if descending && !(T::NAN && key == last) { !key } else { key }
}

/// A value that can be made from its key.
pub(crate) trait Keyed: Ordered<Key: NdElement> {
    /// The keys that several values, different in bits, have in common.
    const SHARED: &'static [Self::Key];
    /// A value with this key.
    fn value(key: Self::Key) -> Self;
}

/// An unsigned integer, read byte by byte.
pub(crate) trait Digits: Copy + Ord + Default + Send + Sync + std::ops::Not<Output = Self> + 'static {
    const BYTES: usize;
    fn digit(self, i: usize) -> usize;
    /// The key as a number of eight bytes; for keys of at most as many.
    fn widened(self) -> u64;
    /// Sorts keys by vectors if the processor can, and says whether it can.
    fn by_vectors(_: &mut [Self]) -> bool {
        false
    }
}

macro_rules! digits {
    ($($t:ty $(: $sort:path)?),*) => { $(
        impl Digits for $t {
            const BYTES: usize = size_of::<$t>();
            #[inline(always)]
            fn digit(self, i: usize) -> usize {
                (self >> (8 * i)) as usize & 0xff
            }
            #[inline(always)]
            fn widened(self) -> u64 {
                self as u64
            }
            $(
                #[cfg(target_arch = "x86_64")]
                fn by_vectors(keys: &mut [$t]) -> bool {
                    $sort(keys)
                }
            )?
        }
    )* };
}
digits!(u8, u16, u32: quick::sort, u64: quick::sort, u128);

macro_rules! integers {
    ($($t:ty as $u:ty, $flip:expr;)*) => { $(
        impl Ordered for $t {
            type Key = $u;
            const NAN: bool = false;
            #[inline(always)]
            fn key(self) -> $u {
                self as $u ^ $flip
            }
        }
        impl Keyed for $t {
            const SHARED: &'static [$u] = &[];
            #[inline(always)]
            fn value(key: $u) -> $t {
                (key ^ $flip) as $t
            }
        }
    )* };
}
integers! {
    u8 as u8, 0; u16 as u16, 0; u32 as u32, 0; u64 as u64, 0;
    i8 as u8, 1 << 7; i16 as u16, 1 << 15; i32 as u32, 1 << 31; i64 as u64, 1 << 63;
}

// Positive floats are ordered as their bits are, negative ones the other way round.
macro_rules! floats {
    ($($t:ty as $u:ty, $i:ty, a pair as $pair:ty;)*) => { $(
        impl Ordered for $t {
            type Key = $u;
            const NAN: bool = true;
            #[inline(always)]
            fn key(self) -> $u {
                // Adding 0 makes -0.0 the 0.0 that it equals.
                let bits = (self + 0.0).to_bits();
                let mask = ((bits as $i) >> (<$i>::BITS - 1)) as $u | <$i>::MIN as $u;
                if self.is_nan() { <$u>::MAX } else { bits ^ mask }
            }
        }
        impl Keyed for $t {
            const SHARED: &'static [$u] = &[<$i>::MIN as $u, <$u>::MAX];
            #[inline(always)]
            fn value(key: $u) -> $t {
                let negative = (key as $i) >= 0;
                <$t>::from_bits(if negative { !key } else { key ^ <$i>::MIN as $u })
            }
        }
        /// By the real parts, then by the imaginary ones; with not-a-number in either last.
        impl Ordered for Complex<$t> {
            type Key = $pair;
            const NAN: bool = true;
            fn key(self) -> $pair {
                match self.re.is_nan() || self.im.is_nan() {
                    true => <$pair>::MAX,
                    false => <$pair>::from(self.re.key()) << <$u>::BITS | <$pair>::from(self.im.key()),
                }
            }
        }
    )* };
}
floats! { f32 as u32, i32, a pair as u64; f64 as u64, i64, a pair as u128; }

impl Ordered for bool {
    type Key = u8;
    const NAN: bool = false;
    fn key(self) -> u8 {
        u8::from(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_order_of_the_values() {
        let ascending = [f64::NEG_INFINITY, -1.5, -f64::MIN_POSITIVE, 0.0, 5e-324, 2.0, f64::INFINITY, f64::NAN];
        assert!(ascending.map(|x| x.place(false)).is_sorted_by(|a, b| a < b));
        assert!(ascending[..7].iter().rev().chain(&[f64::NAN]).map(|x| x.place(true)).is_sorted_by(|a, b| a < b));
        assert_eq!((-0.0_f32).key(), 0.0_f32.key());
        assert_eq!((-f32::NAN).key(), u32::MAX);
        for x in ascending {
            assert_eq!(f64::value(x.key()).to_bits(), if x.is_nan() { u64::MAX ^ 1 << 63 } else { x.to_bits() });
            assert_eq!(turned::<f64>(x.place(true), true), x.key());
        }
        assert!([i16::MIN, -1, 0, i16::MAX].map(|x| x.key()).is_sorted_by(|a, b| a < b));
        assert_eq!([u8::MAX, 0].map(|x| x.place(true)), [0, u8::MAX]);
        assert_eq!(i16::value((-7_i16).key()), -7);
        let z = |re, im| Complex::<f32>::new(re, im);
        let complex = [z(-1.0, 5.0), z(0.0, -1.0), z(-0.0, 2.0), z(0.0, f32::INFINITY), z(f32::NAN, 0.0)];
        assert!(complex.map(|x| x.key()).is_sorted_by(|a, b| a < b));
    }
}
