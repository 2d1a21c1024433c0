//! Elements as pure functions of a key and a position, and the fill that computes many at once.
use super::keys::{Domain, Key};

/// A distribution of which element `i` under a key is a pure function of both.
///
/// Every split of a range into calls of [`fill`](Draw::fill), on any number of threads, gives the bits that
/// [`element`](Draw::element) gives one by one.
pub trait Draw<T> {
    /// Element `i` of the draw under `key`.
    fn element(&self, key: Key, i: u64) -> T;

    /// Elements `start..start + out.len()`. Positions are modulo 2^64.
    fn fill(&self, key: Key, start: u64, out: &mut [T]) {
        for (offset, value) in out.iter_mut().enumerate() {
            *value = self.element(key, start.wrapping_add(offset as u64));
        }
    }
}

/// Blocks computed side by side by a fill; the results do not depend on it.
const LANES: usize = 16;
/// Numbers that the largest group of blocks gives.
const LARGEST: usize = 4 * LANES;

/// A distribution of which every number takes a fixed share of one block, and no other block.
pub(super) trait Blockwise<T: Copy + Default> {
    /// The blocks that belong to it.
    const DOMAIN: Domain;
    /// Numbers to a block: a power of two, at most 4.
    const PER: usize;
    /// `L` blocks, word by word, to `L * PER` numbers in order.
    fn convert<const L: usize>(words: &[[u32; L]; 4], out: &mut [T]);
}

pub(super) fn element<T: Copy + Default, B: Blockwise<T>>(key: Key, i: u64) -> T {
    let mut numbers = [T::default(); 4];
    let words = key.blocks::<1>(B::DOMAIN, i / B::PER as u64);
    B::convert(&words, &mut numbers[..B::PER]);
    numbers[(i % B::PER as u64) as usize]
}

pub(super) fn fill<T: Copy + Default, B: Blockwise<T>>(key: Key, start: u64, out: &mut [T]) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the line above found the only feature that the function asks for.
        return unsafe { fill_avx2::<T, B>(key, start, out) };
    }
    fill_groups::<T, B>(key, start, out);
}

/// The same code compiled for wider vectors. No operation is fused or reordered, so the bits are the same. Measured:
/// f64 normals in 5.4 instead of 8.8 ns each, f32 in 1.8 instead of 3.6 ns.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn fill_avx2<T: Copy + Default, B: Blockwise<T>>(key: Key, start: u64, out: &mut [T]) {
    fill_groups::<T, B>(key, start, out);
}

#[inline(always)]
fn fill_groups<T: Copy + Default, B: Blockwise<T>>(key: Key, start: u64, mut out: &mut [T]) {
    let group = B::PER * LANES;
    let mut position = start;
    while !out.is_empty() {
        let offset = (position % group as u64) as usize;
        let first = (position - offset as u64) / B::PER as u64;
        let words = key.blocks::<LANES>(B::DOMAIN, first);
        let (now, rest) = out.split_at_mut((group - offset).min(out.len()));
        if now.len() == group {
            B::convert(&words, now);
        } else {
            let mut scratch = [T::default(); LARGEST];
            B::convert(&words, &mut scratch[..group]);
            now.copy_from_slice(&scratch[offset..offset + now.len()]);
        }
        position = position.wrapping_add(now.len() as u64);
        out = rest;
    }
}

/// Rows: distribution, type, domain, numbers to a block, conversion of blocks.
macro_rules! block_draws {
    ($($distribution:ident $type:ty, $domain:ident, $per:literal, $convert:ident;)*) => { $(
        impl $crate::random::draw::Blockwise<$type> for $distribution {
            const DOMAIN: $crate::random::Domain = $crate::random::Domain::$domain;
            const PER: usize = $per;
            #[inline(always)]
            fn convert<const L: usize>(words: &[[u32; L]; 4], out: &mut [$type]) {
                $convert(words, &mut out[..$per * L]);
            }
        }
        impl $crate::random::Draw<$type> for $distribution {
            fn element(&self, key: $crate::random::Key, i: u64) -> $type {
                $crate::random::draw::element::<$type, $distribution>(key, i)
            }
            fn fill(&self, key: $crate::random::Key, start: u64, out: &mut [$type]) {
                $crate::random::draw::fill::<$type, $distribution>(key, start, out)
            }
        }
    )* };
}
pub(super) use block_draws;
