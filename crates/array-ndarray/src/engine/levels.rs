//! Tests that a kernel has the same bits at every SIMD level.

use array_api::DType;

use crate::engine::simd::{Level, level};
use crate::engine::{binary, cast, unary};

/// Every level that this machine has, and every tail, gives the bits of the baseline.
#[test]
fn levels_agree() {
    let mut x: Vec<f64> = (0..1000).map(|i| (i as f64 - 500.0) * 0.173 + 1e-3).collect();
    for (i, rare) in [0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e-310, -720.0, 1e7].into_iter().enumerate() {
        x[17 * i] = rare;
    }
    let y: Vec<f32> = x.iter().map(|&v| v as f32).collect();
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
        &unary::SQRT,
        &unary::ROUND,
        &unary::SQUARE,
    ] {
        for level in [Level::Baseline, Level::Avx2, Level::Avx512].into_iter().filter(|&l| l <= level()) {
            for n in [1, 7, 33, 100, 1000] {
                let run64 = |level, out: &mut [f64]| {
                    // SAFETY: `out` and `x` have at least `n` elements.
                    unsafe {
                        op.kernels[DType::Float64 as usize].unwrap().at(level)(
                            n,
                            out.as_mut_ptr().cast(),
                            [x.as_ptr().cast(), std::ptr::null(), std::ptr::null()],
                        )
                    }
                };
                let run32 = |level, out: &mut [f32]| {
                    // SAFETY: `out` and `y` have at least `n` elements.
                    unsafe {
                        op.kernels[DType::Float32 as usize].unwrap().at(level)(
                            n,
                            out.as_mut_ptr().cast(),
                            [y.as_ptr().cast(), std::ptr::null(), std::ptr::null()],
                        )
                    }
                };
                let (mut a, mut b) = (vec![0.0; n], vec![0.0; n]);
                run64(Level::Baseline, &mut a);
                run64(level, &mut b);
                assert!(a.iter().zip(&b).all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()));
                let (mut a, mut b) = (vec![0.0; n], vec![0.0; n]);
                run32(Level::Baseline, &mut a);
                run32(level, &mut b);
                assert!(a.iter().zip(&b).all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()));
            }
        }
    }
}

/// As `levels_agree`, for operations of two operands and casts.
#[test]
fn levels_agree_on_two() {
    let mut state = 1_u64;
    let mut number = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5) * 2.0_f64.powi((state % 80) as i32 - 40)
    };
    let mut x: Vec<f64> = (0..2000).map(|_| number()).collect();
    let mut y: Vec<f64> = (0..2000).map(|_| number()).collect();
    for (i, special) in [0.0, -0.0, f64::INFINITY, f64::NAN, 3.0, -1.0, 1e-310].into_iter().enumerate() {
        x[7 * i] = special;
        y[11 * i] = special;
    }
    let (x32, y32): (Vec<f32>, Vec<f32>) = x.iter().zip(&y).map(|(&x, &y)| (x as f32, y as f32)).unzip();
    let double = [x.as_ptr().cast::<u8>(), y.as_ptr().cast()];
    let single = [x32.as_ptr().cast::<u8>(), y32.as_ptr().cast()];
    for op in [
        &binary::POW,
        &binary::ATAN2,
        &binary::LOGADDEXP,
        &cast::INT8,
        &cast::INT32,
        &cast::UINT32,
        &cast::INT64,
        &cast::UINT64,
    ] {
        for (dtype, [a, b]) in [(DType::Float64, double), (DType::Float32, single)] {
            for level in [Level::Avx2, Level::Avx512].into_iter().filter(|&l| l <= level()) {
                for n in [1, 7, 8, 9, 16, 33, 100, 2000] {
                    let kernel = op.kernels[dtype as usize].unwrap();
                    let run = |level| {
                        let mut out = vec![0_u8; n * kernel.out.size()];
                        // SAFETY: every operand has 2000 elements, the result room for `n`.
                        unsafe { kernel.at(level)(n, out.as_mut_ptr(), [a, b, std::ptr::null()]) };
                        out
                    };
                    let (plain, vector) = (run(Level::Baseline), run(level));
                    for (i, (p, v)) in plain.chunks(kernel.out.size()).zip(vector.chunks(kernel.out.size())).enumerate()
                    {
                        let nan = |b: &[u8]| match kernel.out {
                            DType::Float64 => f64::from_ne_bytes(b.try_into().unwrap()).is_nan(),
                            DType::Float32 => f32::from_ne_bytes(b.try_into().unwrap()).is_nan(),
                            _ => false,
                        };
                        assert!(p == v || nan(p) && nan(v), "{} {dtype} {level:?}: element {i} of {n}", op.name);
                    }
                }
            }
        }
    }
}
