//! Keys, and the division of the counter between them and the draws.
use super::philox::{lanes, philox4x32};

/// What a block of random words is used for: the last word of the counter.
///
/// Two uses under one key never see the same counter, and the block function is a bijection, so that keys
/// and draws, and draws of two distributions, never repeat each other's blocks.
/// The whole counter is `[index low, index high, attempt, domain]`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(u32)]
#[non_exhaustive]
pub enum Domain {
    /// Children of a key.
    Split = 1,
    /// Keys made from a key and data.
    Fold = 2,
    /// Raw words of 32 bits, four to a block.
    Bits32 = 3,
    /// Raw words of 64 bits, two to a block.
    Bits64 = 4,
    /// Uniform f32, four to a block.
    Uniform32 = 5,
    /// Uniform f64, two to a block.
    Uniform64 = 6,
    /// Normal f32, four to a block.
    Normal32 = 7,
    /// Normal f64, two to a block.
    Normal64 = 8,
    /// Exponential f32, four to a block.
    Exponential32 = 9,
    /// Exponential f64, two to a block.
    Exponential64 = 10,
    /// Bounded integers, two to a block and attempt.
    Integers = 11,
    /// Poisson counts, one to a block and attempt.
    Poisson = 12,
    /// Gamma variates: the normal proposal, one to a block and attempt.
    GammaProposal = 13,
    /// Gamma variates: the uniform numbers that accept it, one to a block and attempt.
    GammaAccept = 14,
}

/// A key of the generator: two words. Everything drawn is a pure function of a key and a position.
///
/// Use a key for one draw of each distribution and take new ones with [`child`](Key::child) or
/// [`fold_in`](Key::fold_in): the same draw under the same key is the same numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Key(
    /// The words, lowest first.
    pub [u32; 2],
);

impl Key {
    /// The key of a seed. Different seeds give different keys.
    pub const fn new(seed: u64) -> Key {
        Key([seed as u32, (seed >> 32) as u32])
    }

    /// The `i`-th child. It does not depend on how many children there are, so that an ensemble that
    /// grows keeps the members it has.
    ///
    /// Children are 64 bits of a block: among `n` of them two are equal with probability about `n² / 2^65`
    /// (3e-8 for a million).
    ///
    /// ```
    /// use array_api::random::Key;
    /// let key = Key::new(1);
    /// assert_ne!(key.child(0), key.child(1));
    /// assert_eq!(key.split(5).nth(3), Some(key.child(3)));
    /// ```
    pub fn child(self, i: u64) -> Key {
        self.derived(Domain::Split, i)
    }

    /// The first `n` children.
    pub fn split(self, n: u64) -> impl Iterator<Item = Key> {
        (0..n).map(move |i| self.child(i))
    }

    /// The key for some data, such as a step, a row or the hash of a name; independent of the children.
    ///
    /// ```
    /// use array_api::random::Key;
    /// let key = Key::new(1);
    /// assert_ne!(key.fold_in(9), key.child(9));
    /// ```
    pub fn fold_in(self, data: u64) -> Key {
        self.derived(Domain::Fold, data)
    }

    fn derived(self, domain: Domain, index: u64) -> Key {
        let [low, high, ..] = self.block(domain, index, 0);
        Key([low, high])
    }

    /// Four random words: block `index` of a domain at an attempt. What backends with kernels of their own
    /// hold themselves against.
    pub fn block(self, domain: Domain, index: u64, attempt: u32) -> [u32; 4] {
        philox4x32([index as u32, (index >> 32) as u32, attempt, domain as u32], self.0)
    }

    /// `L` blocks from `first` on.
    #[inline(always)]
    #[expect(clippy::needless_range_loop, reason = "lanes run through several words at once")]
    pub(super) fn blocks<const L: usize>(self, domain: Domain, first: u64) -> [[u32; L]; 4] {
        let mut counter = [[0; L], [0; L], [0; L], [domain as u32; L]];
        for lane in 0..L {
            let index = first.wrapping_add(lane as u64);
            counter[0][lane] = index as u32;
            counter[1][lane] = (index >> 32) as u32;
        }
        lanes(counter, self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn derived_keys_are_distinct_and_fixed() {
        let key = Key::new(0);
        let mut seen: HashSet<Key> = key.split(10_000).collect();
        seen.extend((0..10_000).map(|i| key.fold_in(i)));
        seen.extend((0..10_000).map(|i| key.child(0).child(i)));
        seen.extend((0..10_000).map(Key::new));
        assert_eq!(seen.len(), 40_000);
        // The words are part of the protocol: philox4x32 of [5, 0, 0, Split] under [3, 1].
        let words = philox4x32([5, 0, 0, 1], [3, 1]);
        assert_eq!(Key::new((1 << 32) + 3).child(5), Key([words[0], words[1]]));
    }

    #[test]
    fn large_positions_use_both_words() {
        let key = Key::new(2);
        let first = u64::from(u32::MAX) - 1;
        let many = key.blocks::<4>(Domain::Bits32, first);
        for lane in 0..4 {
            let one = key.block(Domain::Bits32, first + lane as u64, 0);
            assert_eq!(one, many.map(|word| word[lane]));
        }
    }
}
