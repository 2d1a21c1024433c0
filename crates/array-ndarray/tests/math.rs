//! Largest errors of the vectorised functions over wide ranges, against `libm` in double precision and, for double
//! precision itself, against identities in pairs of doubles where `libm` is within an ulp.
use array_api::DType;
use array_ndarray::{NdArray, Op, binary, cast::astype, map::map, unary};

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

/// By the complement of the error function, at the exact argument.
fn gelu(x: f64) -> f64 {
    let u = -x * std::f64::consts::FRAC_1_SQRT_2;
    let lost = (-x).mul_add(std::f64::consts::FRAC_1_SQRT_2, -u) + x * 4.833_646_656_726_457e-17;
    let slope = std::f64::consts::FRAC_2_SQRT_PI * (-u * u).exp();
    0.5 * x * (libm::erfc(u) - slope * lost)
}

/// `libm` has numbers for negative arguments.
fn acosh(x: f64) -> f64 {
    if x < 1.0 { f64::NAN } else { libm::acosh(x) }
}

#[test]
fn single_precision_is_within_two_ulp() {
    let x = floats();
    let cases: [(&Op, Reference, f64); 22] = [
        (&unary::ATAN, libm::atan, 2.0),
        (&unary::EXP, libm::exp, 1.1),
        (&unary::EXPM1, libm::expm1, 2.0),
        (&unary::LOG, libm::log, 1.1),
        (&unary::LOG1P, libm::log1p, 1.1),
        (&unary::TANH, libm::tanh, 2.0),
        (&unary::SIN, libm::sin, 0.51),
        (&unary::COS, libm::cos, 0.51),
        (&unary::SIGMOID, sigmoid, 2.5),
        (&unary::SOFTPLUS, softplus, 2.5),
        (&unary::LOG2, libm::log2, 1.4),
        (&unary::LOG10, libm::log10, 1.4),
        (&unary::SINH, libm::sinh, 2.0),
        (&unary::COSH, libm::cosh, 2.0),
        (&unary::TAN, libm::tan, 2.0),
        (&unary::ASIN, libm::asin, 1.2),
        (&unary::ACOS, libm::acos, 1.2),
        (&unary::ASINH, libm::asinh, 2.0),
        (&unary::ACOSH, acosh, 2.0),
        (&unary::ATANH, libm::atanh, 2.0),
        (&unary::ERF, libm::erf, 2.0),
        (&unary::GELU, gelu, 0.6),
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
    let cases: [(&Op, Reference, f64); 22] = [
        (&unary::ATAN, f64::atan, 1.0),
        (&unary::EXP, f64::exp, 1.0),
        (&unary::EXPM1, f64::exp_m1, 2.0),
        (&unary::LOG, f64::ln, 1.0),
        (&unary::LOG1P, f64::ln_1p, 2.0),
        (&unary::TANH, libm::tanh, 3.0),
        (&unary::SIN, f64::sin, 1.0),
        (&unary::COS, f64::cos, 1.0),
        (&unary::SIGMOID, sigmoid, 4.0),
        (&unary::SOFTPLUS, softplus, 3.0),
        (&unary::LOG2, f64::log2, 2.0),
        (&unary::LOG10, f64::log10, 2.0),
        (&unary::SINH, f64::sinh, 3.0),
        (&unary::COSH, f64::cosh, 2.0),
        (&unary::TAN, f64::tan, 2.5),
        (&unary::ASIN, f64::asin, 2.0),
        (&unary::ACOS, f64::acos, 2.0),
        (&unary::ASINH, libm::asinh, 3.0),
        (&unary::ACOSH, acosh, 3.0),
        (&unary::ATANH, libm::atanh, 3.0),
        (&unary::ERF, libm::erf, 3.0),
        (&unary::GELU, gelu, 6.0),
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

fn two32(op: &Op, x: &[f32], y: &[f32]) -> Vec<f32> {
    let n = x.len();
    map(op, [NdArray::from_slice(x, &[n]).into(), NdArray::from_slice(y, &[n]).into()], &[n]).unwrap().to_vec().unwrap()
}

fn two64(op: &Op, x: &[f64], y: &[f64]) -> Vec<f64> {
    let n = x.len();
    map(op, [NdArray::from_slice(x, &[n]).into(), NdArray::from_slice(y, &[n]).into()], &[n]).unwrap().to_vec().unwrap()
}

fn error64(y: f64, expected: f64) -> f64 {
    if y == expected || y.is_nan() && expected.is_nan() { 0.0 } else { (y - expected).abs() / ulp64(expected) }
}

fn error32(y: f32, expected: f64) -> f64 {
    let rounded = expected as f32;
    let same = y == rounded || y.is_nan() && rounded.is_nan();
    if same && !rounded.is_finite() { 0.0 } else { (f64::from(y) - expected).abs() / ulp32(rounded) }
}

/// Bases and exponents whose powers are all over the range, near one and beyond it; the second half as sides of angles.
fn pairs() -> (Vec<f64>, Vec<f64>) {
    let x = doubles();
    let y: Vec<f64> = x
        .iter()
        .zip(x.iter().rev())
        .enumerate()
        .map(|(i, (&x, &r))| match i % 3 {
            0 => r,
            1 => r % 1.0 * 1100.0 / x.abs().log2(),
            _ => (r % 40.0).round(),
        })
        .collect();
    (x, y)
}

#[test]
fn powers_and_angles_are_within_two_ulp() {
    let (x, y) = pairs();
    let (x32, y32): (Vec<f32>, Vec<f32>) = x.iter().zip(&y).map(|(&x, &y)| (x as f32, y as f32)).unzip();
    type Case<'a> = (&'a Op, fn(f64, f64) -> f64, f64, f64);
    let cases: [Case; 2] = [(&binary::POW, f64::powf, 1.0, 0.6), (&binary::ATAN2, f64::atan2, 2.0, 2.0)];
    for (op, reference, limit64, limit32) in cases {
        let (mut worst64, mut worst32) = (0.0_f64, 0.0_f64);
        for (i, z) in two64(op, &x, &y).into_iter().enumerate() {
            let error = error64(z, reference(x[i], y[i]));
            assert!(error <= limit64, "{}({:e}, {:e}) = {z:e}: {error} ulp", op.name, x[i], y[i]);
            worst64 = worst64.max(error);
        }
        for (i, z) in two32(op, &x32, &y32).into_iter().enumerate() {
            let error = error32(z, reference(x32[i].into(), y32[i].into()));
            assert!(error <= limit32, "{}({:e}, {:e}) = {z:e}: {error} ulp", op.name, x32[i], y32[i]);
            worst32 = worst32.max(error);
        }
        println!("{:10} {worst64:.3} and {worst32:.3} ulp", op.name);
    }
}

/// Every pair of numbers at which a case of `pow` or `atan2` begins or ends has the C library's result and sign.
#[test]
fn edges_of_powers_and_angles() {
    let sizes = [
        0.0,
        1.0,
        2.0,
        3.0,
        0.5,
        1.5,
        33.0,
        1024.0,
        1074.0,
        1e-320,
        1e-300,
        1e-40,
        1e-45,
        1e300,
        1e308,
        3e38,
        8_388_607.0,
        8_388_609.0,
        16_777_217.0,
        4_503_599_627_370_497.0,
        9_007_199_254_740_991.0,
        9_007_199_254_740_992.0,
        1.0 + f64::EPSILON,
        1.0 - f64::EPSILON,
        f64::MAX,
        f64::INFINITY,
        f64::NAN,
    ];
    let all: Vec<f64> = sizes.into_iter().flat_map(|s| [s, -s]).collect();
    for (op, wide, narrow) in [
        (&binary::POW, f64::powf as fn(f64, f64) -> f64, f32::powf as fn(f32, f32) -> f32),
        (&binary::ATAN2, f64::atan2, f32::atan2),
    ] {
        for &a in &all {
            for &b in &all {
                let (z, expected) = (two64(op, &[a], &[b])[0], wide(a, b));
                let signs = expected.is_nan() || z.is_sign_negative() == expected.is_sign_negative();
                assert!(signs && error64(z, expected) <= 1.0, "{}({a:e}, {b:e}) = {z:e}, not {expected:e}", op.name);
                let (a, b) = (a as f32, b as f32);
                let (z, expected) = (two32(op, &[a], &[b])[0], narrow(a, b));
                let signs = expected.is_nan() || z.is_sign_negative() == expected.is_sign_negative();
                let close = error32(z, expected.into()) <= 1.0;
                assert!(signs && close, "{}({a:e}_f32, {b:e}) = {z:e}, not {expected:e}", op.name);
            }
        }
    }
}

#[test]
fn floats_cast_to_integers_as_rust_does() {
    let mut x = doubles();
    for limit in [7, 8, 15, 16, 23, 24, 31, 32, 52, 53, 63, 64] {
        let power = 2.0_f64.powi(limit);
        x.extend([power, power - 1.0, power.next_down(), power.next_up(), power + 0.5].iter().flat_map(|&v| [v, -v]));
    }
    x.extend([0.0, -0.0, 0.99, -0.99, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e-310]);
    let narrow: Vec<f32> = x.iter().map(|&x| x as f32).collect();
    let (wide, narrow) = (NdArray::from_vec(x.clone(), &[x.len()]), NdArray::from_vec(narrow, &[x.len()]));
    macro_rules! check {
        ($($t:ident $dtype:ident),*) => { $(
            let cast = astype(&wide, DType::$dtype).unwrap().to_vec::<$t>().unwrap();
            assert!(cast.iter().zip(&x).all(|(&c, &x)| c == x as $t), "f64 to {}", stringify!($t));
            let cast = astype(&narrow, DType::$dtype).unwrap().to_vec::<$t>().unwrap();
            assert!(cast.iter().zip(&x).all(|(&c, &x)| c == x as f32 as $t), "f32 to {}", stringify!($t));
        )* };
    }
    check!(i8 Int8, i16 Int16, i32 Int32, i64 Int64, u8 UInt8, u16 UInt16, u32 UInt32, u64 UInt64);
}

#[test]
fn powers_of_the_base_have_whole_logarithms() {
    let powers: Vec<f64> = (-1022..1024).map(|k| 2.0_f64.powi(k)).collect();
    assert!(apply64(&unary::LOG2, &powers).into_iter().zip(-1022..).all(|(y, k)| y == f64::from(k)));
    let powers: Vec<f32> = (-126_i16..128).map(|k| 2.0_f32.powi(k.into())).collect();
    assert!(apply32(&unary::LOG2, &powers).into_iter().zip(-126_i16..).all(|(y, k)| y == f32::from(k)));
    // The powers of ten that are exact, and those where nothing is as near.
    let powers: Vec<f64> = (-307..309).map(|k| format!("1e{k}").parse().unwrap()).collect();
    assert!(apply64(&unary::LOG10, &powers).into_iter().zip(-307..).all(|(y, k)| y == f64::from(k)));
    let powers: Vec<f32> = (-37_i16..39).map(|k| format!("1e{k}").parse().unwrap()).collect();
    assert!(apply32(&unary::LOG10, &powers).into_iter().zip(-37_i16..).all(|(y, k)| y == f32::from(k)));
}

#[test]
fn odd_functions_are_odd() {
    let (x, x32) = (doubles(), floats());
    let (opposite, opposite32): (Vec<f64>, Vec<f32>) =
        (x.iter().map(|x| -x).collect(), x32.iter().map(|x| -x).collect());
    for op in [&unary::SINH, &unary::TAN, &unary::ASIN, &unary::ASINH, &unary::ATANH, &unary::ERF] {
        let pairs = apply64(op, &x).into_iter().zip(apply64(op, &opposite));
        assert!(pairs.into_iter().all(|(y, o)| y.is_nan() || y.to_bits() == (-o).to_bits()), "{} f64", op.name);
        let pairs = apply32(op, &x32).into_iter().zip(apply32(op, &opposite32));
        assert!(pairs.into_iter().all(|(y, o)| y.is_nan() || y.to_bits() == (-o).to_bits()), "{} f32", op.name);
    }
}

/// Where all digits of the argument cancel in its reduction.
#[test]
fn tangents_near_multiples_of_quarter_turns() {
    let x: Vec<f64> = (1..636_000).map(|k| f64::from(k) * std::f64::consts::FRAC_PI_2).collect();
    let x32: Vec<f32> = x.iter().map(|&x| x as f32).collect();
    for (&x, y) in x.iter().zip(apply64(&unary::TAN, &x)) {
        assert!(error64(y, x.tan()) <= 2.5, "tan({x:e}) = {y:e}, not {:e}", x.tan());
    }
    for (&x, y) in x32.iter().zip(apply32(&unary::TAN, &x32)) {
        assert!(error32(y, f64::from(x).tan()) <= 2.0, "tan({x:e}_f32) = {y:e}");
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
        (&unary::ATAN, nan, nan),
        (&unary::ATAN, 0.0, 0.0),
        (&unary::ATAN, -0.0, -0.0),
        (&unary::ATAN, inf, std::f64::consts::FRAC_PI_2),
        (&unary::ATAN, -inf, -std::f64::consts::FRAC_PI_2),
        (&unary::LOG2, nan, nan),
        (&unary::LOG2, -1.0, nan),
        (&unary::LOG2, -inf, nan),
        (&unary::LOG2, 0.0, -inf),
        (&unary::LOG2, -0.0, -inf),
        (&unary::LOG2, 1.0, 0.0),
        (&unary::LOG2, inf, inf),
        (&unary::LOG10, nan, nan),
        (&unary::LOG10, -1.0, nan),
        (&unary::LOG10, -inf, nan),
        (&unary::LOG10, 0.0, -inf),
        (&unary::LOG10, -0.0, -inf),
        (&unary::LOG10, 1.0, 0.0),
        (&unary::LOG10, inf, inf),
        (&unary::LOG2, 8.0, 3.0),
        (&unary::LOG2, 0.125, -3.0),
        (&unary::LOG10, 1000.0, 3.0),
        (&unary::SINH, nan, nan),
        (&unary::SINH, 0.0, 0.0),
        (&unary::SINH, -0.0, -0.0),
        (&unary::SINH, inf, inf),
        (&unary::SINH, -inf, -inf),
        (&unary::SINH, 1000.0, inf),
        (&unary::SINH, -1000.0, -inf),
        (&unary::COSH, nan, nan),
        (&unary::COSH, 0.0, 1.0),
        (&unary::COSH, -0.0, 1.0),
        (&unary::COSH, inf, inf),
        (&unary::COSH, -inf, inf),
        (&unary::COSH, -1000.0, inf),
        (&unary::TAN, nan, nan),
        (&unary::TAN, 0.0, 0.0),
        (&unary::TAN, -0.0, -0.0),
        (&unary::TAN, inf, nan),
        (&unary::TAN, -inf, nan),
        (&unary::ASIN, nan, nan),
        (&unary::ASIN, 0.0, 0.0),
        (&unary::ASIN, -0.0, -0.0),
        (&unary::ASIN, 1.0, std::f64::consts::FRAC_PI_2),
        (&unary::ASIN, -1.0, -std::f64::consts::FRAC_PI_2),
        (&unary::ASIN, 1.5, nan),
        (&unary::ASIN, -1.5, nan),
        (&unary::ASIN, inf, nan),
        (&unary::ACOS, nan, nan),
        (&unary::ACOS, 1.0, 0.0),
        (&unary::ACOS, 0.0, std::f64::consts::FRAC_PI_2),
        (&unary::ACOS, -1.0, std::f64::consts::PI),
        (&unary::ACOS, 1.5, nan),
        (&unary::ACOS, -1.5, nan),
        (&unary::ACOS, -inf, nan),
        (&unary::ASINH, nan, nan),
        (&unary::ASINH, 0.0, 0.0),
        (&unary::ASINH, -0.0, -0.0),
        (&unary::ASINH, inf, inf),
        (&unary::ASINH, -inf, -inf),
        (&unary::ACOSH, nan, nan),
        (&unary::ACOSH, 1.0, 0.0),
        (&unary::ACOSH, 0.5, nan),
        (&unary::ACOSH, -2.0, nan),
        (&unary::ACOSH, inf, inf),
        (&unary::ACOSH, -inf, nan),
        (&unary::ATANH, nan, nan),
        (&unary::ATANH, 0.0, 0.0),
        (&unary::ATANH, -0.0, -0.0),
        (&unary::ATANH, 1.0, inf),
        (&unary::ATANH, -1.0, -inf),
        (&unary::ATANH, 1.5, nan),
        (&unary::ATANH, -1.5, nan),
        (&unary::ATANH, inf, nan),
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
        (&unary::GELU, inf, inf),
        (&unary::GELU, nan, nan),
        (&unary::GELU, 0.0, 0.0),
        (&unary::GELU, -0.0, -0.0),
        (&unary::GELU, -1000.0, -0.0),
        (&unary::ERF, nan, nan),
        (&unary::ERF, 0.0, 0.0),
        (&unary::ERF, -0.0, -0.0),
        (&unary::ERF, inf, 1.0),
        (&unary::ERF, -inf, -1.0),
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
