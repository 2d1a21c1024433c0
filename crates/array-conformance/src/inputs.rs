//! Inputs: the values where mistakes are, and numbers that are the same in every run.

use array_api::{Complex, DType, Scalar, finfo, iinfo};

use crate::reference::{Reference, rounded};

/// The position `i` of stream `seed`, as 64 uniform bits: a counter and a mixer (splitmix64), no state.
pub(crate) fn bits(seed: u64, i: u64) -> u64 {
    let mut z =
        seed.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(i.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A uniform number in `[0, 1)`.
pub(crate) fn unit(seed: u64, i: u64) -> f64 {
    (bits(seed, i) >> 11) as f64 / (1u64 << 53) as f64
}

/// Values of a type at which implementations go wrong: signed zeros, infinities, not-a-number, extremes, halves.
///
/// Subnormal numbers are not among them: the standard lets implementations flush them.
pub(crate) fn specials(dtype: DType) -> Vec<Scalar> {
    if dtype == DType::Bool {
        return vec![Scalar::Bool(false), Scalar::Bool(true)];
    }
    if let (true, Ok(limits)) = (dtype.is_integer(), iinfo(dtype)) {
        let all = [0, 1, -1, 2, -2, 3, -3, 7, -8, 10, 100, limits.max, limits.max - 1, limits.min, limits.min + 1];
        let mut all: Vec<i128> = all.into_iter().filter(|&i| i >= limits.min).collect();
        all.sort_unstable();
        all.dedup();
        return all.into_iter().map(Scalar::int).collect();
    }
    let Ok(limits) = finfo(dtype) else { return vec![] };
    let reals = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        -0.5,
        1.5,
        -1.5,
        2.5,
        -2.5,
        2.0,
        -2.0,
        3.0,
        -3.0,
        10.0,
        -0.1,
        1e-3,
        -1e-9,
        40.25,
        -100.75,
        1e5,
        -1e10,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        limits.max,
        limits.min,
        limits.smallest_normal,
        -limits.smallest_normal,
        limits.eps,
        1.0 + limits.eps,
        std::f64::consts::PI,
    ];
    if dtype.is_complex() {
        // The axes and the branch cuts on them, from both sides.
        let parts = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 2.0, -2.0];
        let grid = parts.iter().flat_map(|&re| parts.iter().map(move |&im| Complex::new(re, im)));
        return grid.map(Scalar::Complex).collect();
    }
    reals.into_iter().filter_map(|x| rounded(dtype, Scalar::Float(x))).collect()
}

/// Numbers of moderate size: reals in (-4, 4), integers in -9..=9 (from 0 for unsigned types).
pub(crate) fn moderate(dtype: DType, dims: &[usize], seed: u64) -> Reference {
    let n = dims.iter().product::<usize>() as u64;
    let real = |i: u64| 8.0 * unit(seed, i) - 4.0;
    let one = |i: u64| match dtype {
        DType::Bool => Scalar::Bool(bits(seed, i) & 1 == 1),
        d if d.is_complex() => Scalar::Complex(Complex::new(real(2 * i), real(2 * i + 1))),
        d if d.is_floating() => Scalar::Float(real(i)),
        _ => {
            let k = (bits(seed, i) % 19) as i128 - 9;
            Scalar::int(if iinfo(dtype).is_ok_and(|l| l.min == 0) { k.abs() } else { k })
        }
    };
    Reference::new(dtype, dims, (0..n).filter_map(|i| rounded(dtype, one(i))).collect())
}

/// Numbers of every size: reals from 2^-20 to 2^20 of either sign, integers from their whole range.
pub(crate) fn wide(dtype: DType, n: usize, seed: u64) -> Vec<Scalar> {
    let real =
        |i: u64| (40.0 * unit(seed, 2 * i) - 20.0).exp2() * if bits(seed, 2 * i + 1) & 1 == 1 { -1.0 } else { 1.0 };
    let one = |i: u64| match (dtype, iinfo(dtype)) {
        (DType::Bool, _) => Scalar::Bool(bits(seed, i) & 1 == 1),
        // Every width of bits is as likely: uniform ones would all be near the limits.
        (_, Ok(l)) => {
            let k = (bits(seed, 2 * i) >> (bits(seed, 2 * i + 1) % 64)) as i128;
            Scalar::int(l.min.max(if l.min < 0 && k & 1 == 1 { -(k >> 1) } else { k.min(l.max) }).min(l.max))
        }
        (d, _) if d.is_complex() => Scalar::Complex(Complex::new(real(2 * i), real(2 * i + 1))),
        _ => Scalar::Float(real(i)),
    };
    (0..n as u64).filter_map(|i| rounded(dtype, one(i))).collect()
}

/// The special values, then numbers of every size, as one row.
pub(crate) fn telling(dtype: DType, seed: u64) -> Reference {
    let mut all = specials(dtype);
    all.extend(wide(dtype, 37, seed));
    let n = all.len();
    Reference::new(dtype, &[n], all)
}
