//! Largest errors of the vectorised functions over wide ranges, against `libm` in double precision and, for double
//! precision itself, against identities in pairs of doubles where `libm` is within an ulp.
use array_ndarray::{NdArray, Op, map::map, unary};

fn apply32(op: &Op, x: &[f32]) -> Vec<f32> {
    let n = x.len();
    map(op, [NdArray::from_slice(x, &[n]).into()], &[n]).unwrap().to_vec().unwrap()
}

fn apply64(op: &Op, x: &[f64]) -> Vec<f64> {
    let n = x.len();
    map(op, [NdArray::from_slice(x, &[n]).into()], &[n]).unwrap().to_vec().unwrap()
}

fn ulp32(x: f32) -> f64 {
    let x = x.abs().max(f32::MIN_POSITIVE);
    (x.next_up() - x) as f64
}

fn ulp64(x: f64) -> f64 {
    let x = x.abs().max(f64::MIN_POSITIVE);
    x.next_up() - x
}

/// Every 397th float32 there is.
fn floats() -> Vec<f32> {
    (0..u32::MAX / 397).map(|i| f32::from_bits(i * 397)).filter(|x| x.is_finite()).collect()
}

/// Double-precision numbers over all exponents, with mantissas from a linear congruence.
fn doubles() -> Vec<f64> {
    let mut state = 1_u64;
    (0..2_000_000)
        .map(|i| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let fraction = (state >> 11) as f64 / (1_u64 << 53) as f64;
            let scale = match i % 4 {
                0 => 1.0,
                1 => 40.0,
                2 => 700.0,
                _ => 2.0_f64.powi((state % 600) as i32 - 300),
            };
            (2.0 * fraction - 1.0) * scale
        })
        .collect()
}

type Reference = fn(f64) -> f64;

fn sigmoid(x: f64) -> f64 {
    if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) }
}

fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

#[test]
fn single_precision_is_within_two_ulp() {
    let x = floats();
    let cases: [(&Op, Reference, f64); 9] = [
        (&unary::EXP, libm::exp, 1.1),
        (&unary::EXPM1, libm::expm1, 2.0),
        (&unary::LOG, libm::log, 1.1),
        (&unary::LOG1P, libm::log1p, 1.1),
        (&unary::TANH, libm::tanh, 2.0),
        (&unary::SIN, libm::sin, 0.51),
        (&unary::COS, libm::cos, 0.51),
        (&unary::SIGMOID, sigmoid, 2.5),
        (&unary::SOFTPLUS, softplus, 2.5),
    ];
    for (op, reference, limit) in cases {
        let y = apply32(op, &x);
        let (mut worst, mut at) = (0.0, 0.0);
        for (&x, &y) in x.iter().zip(&y) {
            let expected = reference(x as f64);
            let rounded = expected as f32;
            if !rounded.is_finite() || rounded.is_nan() {
                let same = rounded.is_nan() && y.is_nan() || rounded == y;
                // Rounding to infinity happens half an ulp later than the largest number.
                assert!(same || y == f32::MAX.copysign(rounded), "{}({x}) = {y}, not {rounded}", op.name);
                continue;
            }
            let error = if y.is_infinite() && rounded.abs() == f32::MAX {
                1.0
            } else {
                (y as f64 - expected).abs() / ulp32(rounded)
            };
            if error > worst || error.is_nan() {
                (worst, at) = (error, x);
            }
        }
        println!("{:10} f32 {worst:.3} ulp at {at}", op.name);
        assert!(worst <= limit, "{} f32: {worst} ulp at {at}", op.name);
    }
}

#[test]
fn double_precision_is_within_two_ulp() {
    let x = doubles();
    // The reference is itself rounded, so up to one ulp of the limit is not ours.
    let cases: [(&Op, Reference, f64); 9] = [
        (&unary::EXP, f64::exp, 1.0),
        (&unary::EXPM1, f64::exp_m1, 2.0),
        (&unary::LOG, f64::ln, 1.0),
        (&unary::LOG1P, f64::ln_1p, 2.0),
        (&unary::TANH, libm::tanh, 3.0),
        (&unary::SIN, f64::sin, 1.0),
        (&unary::COS, f64::cos, 1.0),
        (&unary::SIGMOID, sigmoid, 4.0),
        (&unary::SOFTPLUS, softplus, 3.0),
    ];
    for (op, reference, limit) in cases {
        let y = apply64(op, &x);
        let (mut worst, mut at) = (0.0, 0.0);
        for (&x, &y) in x.iter().zip(&y) {
            let expected = reference(x);
            if !expected.is_finite() {
                assert!(expected.is_nan() && y.is_nan() || expected == y, "{}({x}) = {y}, not {expected}", op.name);
                continue;
            }
            let error = (y - expected).abs() / ulp64(expected);
            if error > worst || error.is_nan() {
                (worst, at) = (error, x);
            }
        }
        println!("{:10} f64 {worst:.3} ulp at {at:e}", op.name);
        assert!(worst <= limit, "{} f64: {worst} ulp at {at:e}", op.name);
    }
}

/// The standard's special cases: operation, argument, result.
#[test]
fn special_cases() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let cases: &[(&Op, f64, f64)] = &[
        (&unary::EXP, nan, nan),
        (&unary::EXP, 0.0, 1.0),
        (&unary::EXP, -0.0, 1.0),
        (&unary::EXP, inf, inf),
        (&unary::EXP, -inf, 0.0),
        (&unary::EXPM1, nan, nan),
        (&unary::EXPM1, 0.0, 0.0),
        (&unary::EXPM1, -0.0, -0.0),
        (&unary::EXPM1, inf, inf),
        (&unary::EXPM1, -inf, -1.0),
        (&unary::LOG, nan, nan),
        (&unary::LOG, -1.0, nan),
        (&unary::LOG, 0.0, -inf),
        (&unary::LOG, -0.0, -inf),
        (&unary::LOG, 1.0, 0.0),
        (&unary::LOG, inf, inf),
        (&unary::LOG, -inf, nan),
        (&unary::LOG1P, nan, nan),
        (&unary::LOG1P, -1.5, nan),
        (&unary::LOG1P, -1.0, -inf),
        (&unary::LOG1P, -0.0, -0.0),
        (&unary::LOG1P, 0.0, 0.0),
        (&unary::LOG1P, inf, inf),
        (&unary::TANH, nan, nan),
        (&unary::TANH, 0.0, 0.0),
        (&unary::TANH, -0.0, -0.0),
        (&unary::TANH, inf, 1.0),
        (&unary::TANH, -inf, -1.0),
        (&unary::SIN, nan, nan),
        (&unary::SIN, 0.0, 0.0),
        (&unary::SIN, -0.0, -0.0),
        (&unary::SIN, inf, nan),
        (&unary::SIN, -inf, nan),
        (&unary::COS, nan, nan),
        (&unary::COS, -0.0, 1.0),
        (&unary::COS, inf, nan),
        (&unary::SIGN, -0.0, 0.0),
        (&unary::SIGN, nan, nan),
        (&unary::ROUND, 2.5, 2.0),
        (&unary::ROUND, -0.5, -0.0),
        (&unary::CEIL, -0.5, -0.0),
        (&unary::TRUNC, -0.9, -0.0),
        (&unary::SQRT, -0.0, -0.0),
        (&unary::SQRT, -1.0, nan),
        (&unary::RECIPROCAL, -0.0, -inf),
        (&unary::SIGMOID, inf, 1.0),
        (&unary::SIGMOID, -inf, 0.0),
        (&unary::SOFTPLUS, inf, inf),
        (&unary::SOFTPLUS, -inf, 0.0),
        (&unary::SOFTPLUS, nan, nan),
        (&unary::GELU, -inf, 0.0),
        (&unary::SELU, -0.0, -0.0),
    ];
    for &(op, x, expected) in cases {
        let y = apply64(op, &[x])[0];
        let same = y.is_nan() && expected.is_nan() || y.to_bits() == expected.to_bits();
        assert!(same, "{}({x:?}) = {y:?}, the standard says {expected:?}", op.name);
        let y = apply32(op, &[x as f32])[0];
        let same = y.is_nan() && expected.is_nan() || y.to_bits() == (expected as f32).to_bits();
        assert!(same, "{}({x:?}_f32) = {y:?}, the standard says {expected:?}", op.name);
    }
}
