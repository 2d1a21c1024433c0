//! Distributions of which every number takes a fixed share of one block of four words `w0..w3`.
//!
//! | draw | number of the block | from |
//! |---|---|---|
//! | bits u32 | `k = 0..4` | `wk` |
//! | bits u64 | `k = 0..2` | `w2k + 2^32 w2k+1` |
//! | uniform f32 | `k = 0..4` | `(wk >> 8) 2^-24` |
//! | uniform f64 | `k = 0..2` | `(bits u64 >> 11) 2^-53` |
//! | exponential f32 | `k = 0..4` | `-ln((wk + 1/2) 2^-32)` |
//! | exponential f64 | `k = 0..2` | `-ln(((bits u64 >> 11) + 1) 2^-53)` |
//! | normal f32 | pairs `(w0, w1)`, `(w2, w3)` | `sqrt(2 e) (cos a, sin a)`, `e` exponential, `a = 2π w 2^-32` |
//! | normal f64 | the pair | the same, `e` from `(w0, w1)` and `a = 2π (bits u64 >> 11) 2^-53` from `(w2, w3)` |
//!
//! Normals are those of Box and Muller (1958). Angles are reduced to an eighth of a turn as integers, so that no
//! accuracy is lost near the zeros; a backend's own logarithm, sine and cosine, used in the same way, agree
//! within 4 units of the last place.
use super::draw::block_draws;
use super::portable::{ln_f32, ln_f64, quarter_turn_f32, quarter_turn_f64, rotate};

/// Raw words, u32 or u64.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bits;

/// Uniform on [0, 1): multiples of 2^-24 in f32, of 2^-53 in f64.
#[derive(Clone, Copy, Debug, Default)]
pub struct Uniform;

/// Standard normal. The largest absolute values are 6.76 in f32 (probability 1e-11) and 8.57 in f64 (1e-17).
#[derive(Clone, Copy, Debug, Default)]
pub struct Normal;

/// Exponential with mean 1. The largest values are 22.9 in f32 and 36.7 in f64.
#[derive(Clone, Copy, Debug, Default)]
pub struct Exponential;

block_draws! {
    Bits        u32, Bits32,        4, bits_u32;
    Bits        u64, Bits64,        2, bits_u64;
    Uniform     f32, Uniform32,     4, uniform_f32;
    Uniform     f64, Uniform64,     2, uniform_f64;
    Normal      f32, Normal32,      4, normal_f32;
    Normal      f64, Normal64,      2, normal_f64;
    Exponential f32, Exponential32, 4, exponential_f32;
    Exponential f64, Exponential64, 2, exponential_f64;
}

const SCALE_24: f32 = 1.0 / (1 << 24) as f32;
const SCALE_32: f32 = 1.0 / (1_u64 << 32) as f32;
const SCALE_53: f64 = 1.0 / (1_u64 << 53) as f64;

/// The upper 53 of 64 bits as a whole number, through two i32, for which every machine has vector code.
#[inline(always)]
fn upper_53(low: u32, high: u32) -> f64 {
    f64::from((high >> 6) as i32) * (1 << 27) as f64 + f64::from(((high & 63) << 21 | low >> 11) as i32)
}

/// Uniform on (0, 1], so that the logarithm is finite.
#[inline(always)]
fn positive_f32(word: u32) -> f32 {
    (word as f32 + 0.5) * SCALE_32
}
#[inline(always)]
fn positive_f64(low: u32, high: u32) -> f64 {
    (upper_53(low, high) + 1.0) * SCALE_53
}

/// Cosine and sine of `word 2^-32` turns.
#[inline(always)]
fn circle_f32(word: u32) -> (f32, f32) {
    let quarters = word.wrapping_add(1 << 29) >> 30;
    let rest = word.wrapping_sub(quarters << 30) as i32;
    let (sine, cosine) = quarter_turn_f32(rest as f32 * (1.0 / (1 << 30) as f32));
    rotate(quarters, cosine, sine)
}

/// Cosine and sine of the upper 53 bits times 2^-53 turns.
#[inline(always)]
fn circle_f64(low: u32, high: u32) -> (f64, f64) {
    let upper = high >> 6;
    let quarters = (upper + (1 << 23)) >> 24;
    let rest = f64::from((upper as i32) - ((quarters << 24) as i32)) * (1 << 27) as f64;
    let rest = rest + f64::from(((high & 63) << 21 | low >> 11) as i32);
    let (sine, cosine) = quarter_turn_f64(rest * (4.0 * SCALE_53));
    rotate(quarters, cosine, sine)
}

/// Two normals of f64 from one block; also the proposal of other distributions.
#[inline(always)]
pub(super) fn normal_pair([a, b, c, d]: [u32; 4]) -> (f64, f64) {
    let radius = (0.0 - 2.0 * ln_f64(positive_f64(a, b))).sqrt();
    let (x, y) = circle_f64(c, d);
    (radius * x, radius * y)
}

/// Two uniforms on (0, 1] from one block.
#[inline(always)]
pub(super) fn positive_pair([a, b, c, d]: [u32; 4]) -> (f64, f64) {
    (positive_f64(a, b), positive_f64(c, d))
}

#[inline(always)]
fn bits_u32<const L: usize>([a, b, c, d]: &[[u32; L]; 4], out: &mut [u32]) {
    for lane in 0..L {
        out[4 * lane..4 * lane + 4].copy_from_slice(&[a[lane], b[lane], c[lane], d[lane]]);
    }
}

#[inline(always)]
fn bits_u64<const L: usize>([a, b, c, d]: &[[u32; L]; 4], out: &mut [u64]) {
    for lane in 0..L {
        out[2 * lane] = u64::from(a[lane]) | u64::from(b[lane]) << 32;
        out[2 * lane + 1] = u64::from(c[lane]) | u64::from(d[lane]) << 32;
    }
}

/// Numbers of which each comes from one word: computed word by word, then put in order.
#[inline(always)]
fn by_word<const L: usize>(words: &[[u32; L]; 4], out: &mut [f32], number: impl Fn(u32) -> f32) {
    let numbers = words.map(|word| word.map(&number));
    interleave_4(&numbers, out);
}

/// Numbers of which each comes from two words.
#[inline(always)]
fn by_pair<const L: usize>([a, b, c, d]: &[[u32; L]; 4], out: &mut [f64], number: impl Fn(u32, u32) -> f64) {
    let mut numbers = [[0.0; L]; 2];
    for lane in 0..L {
        numbers[0][lane] = number(a[lane], b[lane]);
        numbers[1][lane] = number(c[lane], d[lane]);
    }
    interleave_2(&numbers, out);
}

#[inline(always)]
fn interleave_4<const L: usize>([a, b, c, d]: &[[f32; L]; 4], out: &mut [f32]) {
    for lane in 0..L {
        out[4 * lane] = a[lane];
        out[4 * lane + 1] = b[lane];
        out[4 * lane + 2] = c[lane];
        out[4 * lane + 3] = d[lane];
    }
}

#[inline(always)]
fn interleave_2<const L: usize>([a, b]: &[[f64; L]; 2], out: &mut [f64]) {
    for lane in 0..L {
        out[2 * lane] = a[lane];
        out[2 * lane + 1] = b[lane];
    }
}

#[inline(always)]
fn uniform_f32<const L: usize>(words: &[[u32; L]; 4], out: &mut [f32]) {
    by_word(words, out, |word| (word >> 8) as i32 as f32 * SCALE_24);
}

#[inline(always)]
fn uniform_f64<const L: usize>(words: &[[u32; L]; 4], out: &mut [f64]) {
    by_pair(words, out, |low, high| upper_53(low, high) * SCALE_53);
}

#[inline(always)]
fn exponential_f32<const L: usize>(words: &[[u32; L]; 4], out: &mut [f32]) {
    // 0 - x, not -x: ln(1) gives 0 and not -0.
    by_word(words, out, |word| 0.0 - ln_f32(positive_f32(word)));
}

#[inline(always)]
fn exponential_f64<const L: usize>(words: &[[u32; L]; 4], out: &mut [f64]) {
    by_pair(words, out, |low, high| 0.0 - ln_f64(positive_f64(low, high)));
}

#[inline(always)]
fn normal_f32<const L: usize>(words: &[[u32; L]; 4], out: &mut [f32]) {
    let mut numbers = [[0.0; L]; 4];
    for pair in [0, 2] {
        for lane in 0..L {
            let radius = (0.0 - 2.0 * ln_f32(positive_f32(words[pair][lane]))).sqrt();
            let (x, y) = circle_f32(words[pair + 1][lane]);
            numbers[pair][lane] = radius * x;
            numbers[pair + 1][lane] = radius * y;
        }
    }
    interleave_4(&numbers, out);
}

#[inline(always)]
fn normal_f64<const L: usize>([a, b, c, d]: &[[u32; L]; 4], out: &mut [f64]) {
    let mut numbers = [[0.0; L]; 2];
    for lane in 0..L {
        (numbers[0][lane], numbers[1][lane]) = normal_pair([a[lane], b[lane], c[lane], d[lane]]);
    }
    interleave_2(&numbers, out);
}
