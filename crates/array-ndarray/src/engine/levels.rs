//! Tests that a kernel has the same numbers at every SIMD level, in the body of a loop and in its tail.
//!
//! Where functions use fused operations the levels that have them agree to the bit, and the baseline of x86-64, which has
//! none, to a few units in the last place.

use array_api::DType;

use crate::engine::kernel::{Kernel, Op};
use crate::engine::simd::{Level, level};
use crate::engine::{binary, cast, ternary, unary};

/// The most that results may differ from the baseline's: two errors of up to 2.5 each, below what rounding them adds.
const APART: u64 = 4;

/// The first `n` results at a level, as bits that are ordered as the numbers are; every NaN is the same.
fn results(kernel: Kernel, level: Level, n: usize, ins: [*const u8; 3]) -> Vec<i64> {
    let size = kernel.out.size();
    let mut out = vec![0_u64; (n * size).div_ceil(8)];
    // SAFETY: the callers' operands have at least `n` elements, the result room for as many.
    unsafe { kernel.at(level)(n, out.as_mut_ptr().cast(), ins) };
    let bytes: Vec<u8> = out.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let ordered = |bits: i64, least: i64| if bits < 0 { least - bits } else { bits };
    bytes[..n * size]
        .chunks(size)
        .map(|b| match kernel.out {
            DType::Float64 => match f64::from_ne_bytes(b.try_into().unwrap()) {
                x if x.is_nan() => i64::MAX,
                x => ordered(x.to_bits() as i64, i64::MIN),
            },
            DType::Float32 => match f32::from_ne_bytes(b.try_into().unwrap()) {
                x if x.is_nan() => i64::MAX,
                x => ordered(x.to_bits() as i32 as i64, i32::MIN as i64),
            },
            _ => b.iter().rev().fold(0, |value, &byte| value << 8 | byte as i64),
        })
        .collect()
}

/// Each level has the same bits for any number of elements, those with fused operations agree with each other, and with the
/// baseline to `apart` units in the last place.
fn agree(op: &Op, dtype: DType, n: usize, ins: [*const u8; 3], apart: u64) {
    let kernel = op.kernels[dtype as usize].unwrap();
    let baseline = results(kernel, Level::Baseline, n, ins);
    let highest = results(kernel, level(), n, ins);
    for (i, (&b, &h)) in baseline.iter().zip(&highest).enumerate() {
        assert!(b.abs_diff(h) <= apart, "{} {dtype}: element {i} is {} apart", op.name, b.abs_diff(h));
    }
    for at in [Level::Baseline, Level::Avx2, Level::Avx512].into_iter().filter(|&l| l <= level()) {
        let whole = if at == Level::Baseline { &baseline } else { &highest };
        for n in [1, 7, 8, 9, 16, 33, 63, 64, 100, n] {
            assert!(results(kernel, at, n, ins) == whole[..n], "{} {dtype} {at:?}: {n} elements", op.name);
        }
    }
}

fn both(op: &Op, double: [&[f64]; 3], apart: u64) {
    let single = double.map(|x| x.iter().map(|&x| x as f32).collect::<Vec<f32>>());
    let n = double[0].len();
    agree(op, DType::Float64, n, double.map(|x| x.as_ptr().cast()), apart);
    agree(op, DType::Float32, n, [0, 1, 2].map(|i| single[i].as_ptr().cast()), apart);
}

#[test]
fn levels_agree() {
    let mut x: Vec<f64> = (0..1000).map(|i| (i as f64 - 500.0) * 0.173 + 1e-3).collect();
    for (i, rare) in [0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e-310, -720.0, 1e7].into_iter().enumerate() {
        x[17 * i] = rare;
    }
    for op in [
        &unary::ATAN,
        &unary::EXP,
        &unary::EXPM1,
        &unary::LOG,
        &unary::LOG1P,
        &unary::TANH,
        &unary::SIN,
        &unary::COS,
        &unary::SIGMOID,
        &unary::SOFTPLUS,
        &unary::SELU,
        &unary::LOG2,
        &unary::LOG10,
        &unary::SINH,
        &unary::COSH,
        &unary::TAN,
        &unary::ASINH,
        &unary::ACOSH,
        &unary::ERF,
    ] {
        both(op, [&x, &[], &[]], APART);
    }
    // As an exception to that its error is up to 7.5 without fused operations.
    both(&unary::GELU, [&x, &[], &[]], 11);
    let fractions: Vec<f64> = x.iter().map(|x| x / 85.0).collect();
    for op in [&unary::ASIN, &unary::ACOS, &unary::ATANH] {
        both(op, [&fractions, &[], &[]], APART);
    }
    for op in [&unary::SQRT, &unary::ROUND, &unary::SQUARE] {
        both(op, [&x, &[], &[]], 0);
    }
}

/// As `levels_agree`, for operations of two and three operands, and casts.
#[test]
fn levels_agree_on_more() {
    let mut state = 1_u64;
    let mut number = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5) * 2.0_f64.powi((state % 80) as i32 - 40)
    };
    let mut x: Vec<f64> = (0..2000).map(|_| number()).collect();
    let mut y: Vec<f64> = (0..2000).map(|_| number()).collect();
    let z: Vec<f64> = (0..2000).map(|_| number()).collect();
    for (i, special) in [0.0, -0.0, f64::INFINITY, f64::NAN, 3.0, -1.0, 1e-310].into_iter().enumerate() {
        x[7 * i] = special;
        y[11 * i] = special;
    }
    for op in [&binary::POW, &binary::ATAN2, &binary::HYPOT, &binary::LOGADDEXP, &ternary::ELU] {
        both(op, [&x, &y, &[]], APART);
    }
    let exact = [
        &binary::DIVIDE,
        &binary::FLOOR_DIVIDE,
        &binary::REMAINDER,
        &binary::NEXTAFTER,
        &ternary::CLIP,
        &cast::INT8,
        &cast::INT32,
        &cast::UINT32,
        &cast::INT64,
        &cast::UINT64,
    ];
    for op in exact {
        both(op, [&x, &y, &z], 0);
    }
}
