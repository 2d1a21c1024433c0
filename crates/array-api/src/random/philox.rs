//! Philox4x32-10: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.

const MULTIPLIER: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
/// Added to the key from round to round: the golden ratio and sqrt(3) - 1, as fractions of 2^32.
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;

/// The block function: four random words for a counter of four words under a key of two.
///
/// It is a bijection of the counter for every key.
///
/// ```
/// use array_api::random::philox4x32;
/// assert_eq!(philox4x32([0; 4], [0; 2]), [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
/// ```
pub fn philox4x32(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    lanes(counter.map(|word| [word]), key).map(|[word]| word)
}

/// The block function on `L` counters side by side, word by word, so that the compiler can use vectors.
#[inline(always)]
#[expect(clippy::needless_range_loop, reason = "lanes run through several words at once")]
pub(super) fn lanes<const L: usize>(mut counter: [[u32; L]; 4], mut key: [u32; 2]) -> [[u32; L]; 4] {
    for round in 0..ROUNDS {
        if round > 0 {
            key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
        }
        for lane in 0..L {
            let [a, b, c, d] = [counter[0][lane], counter[1][lane], counter[2][lane], counter[3][lane]];
            let left = u64::from(MULTIPLIER[0]) * u64::from(a);
            let right = u64::from(MULTIPLIER[1]) * u64::from(c);
            counter[0][lane] = (right >> 32) as u32 ^ b ^ key[0];
            counter[1][lane] = right as u32;
            counter[2][lane] = (left >> 32) as u32 ^ d ^ key[1];
            counter[3][lane] = left as u32;
        }
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows `philox 4 32 10` of the table `kat_vectors` in the authors' Random123.
    const KNOWN: [([u32; 4], [u32; 2], [u32; 4]); 3] = [
        ([0; 4], [0; 2], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]),
        ([u32::MAX; 4], [u32::MAX; 2], [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]),
        (
            [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
            [0xa4093822, 0x299f31d0],
            [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
        ),
    ];

    #[test]
    fn known_answers() {
        for (counter, key, answer) in KNOWN {
            assert_eq!(philox4x32(counter, key), answer);
            assert_eq!(lanes(counter.map(|word| [word; 8]), key), answer.map(|word| [word; 8]));
        }
    }
}
