//! The driver against plain loops over `ndarray` views: broadcasting, layouts, donation, threads, all data types.
use array_api::{DTYPES, DType, with_element};
use array_ndarray::{NdArray, NdElement, Op, binary, cast::astype, map::map, ternary, unary};
use ndarray::{ArrayD, Axis, IxDyn, Slice};
use proptest::prelude::*;

/// An array with these elements whose layout is permuted, reversed and padded as `seed` says.
fn laid_out<T: NdElement>(values: &ArrayD<T>, seed: u64) -> NdArray {
    let rank = values.ndim();
    let mut order: Vec<usize> = (0..rank).collect();
    if rank > 1 {
        order.rotate_left(seed as usize % rank);
        if seed & 8 == 8 {
            order.reverse();
        }
    }
    let step = 1 + (seed >> 4) as usize % 2;
    let reverse = (seed >> 5) & 1 == 1;
    let mut shape: Vec<usize> = order.iter().map(|&a| values.shape()[a]).collect();
    if let Some(last) = shape.last_mut() {
        *last *= step;
    }
    let mut base = ArrayD::from_elem(IxDyn(&shape), T::default());
    if rank > 0 {
        base.slice_axis_inplace(
            Axis(rank - 1),
            Slice::from(..).step_by(if reverse { -(step as isize) } else { step as isize }),
        );
    }
    let mut inverse = vec![0; rank];
    for (i, &a) in order.iter().enumerate() {
        inverse[a] = i;
    }
    let mut view = base.permuted_axes(IxDyn(&inverse));
    view.assign(values);
    T::wrap(view.into_shared())
}

fn numbers(shape: &[usize], seed: u64) -> ArrayD<f64> {
    let mut state = seed | 1;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / 1e5 - 80.0
    })
}

/// A shape and which of its axes each of three operands broadcasts along.
fn shapes() -> impl Strategy<Value = (Vec<usize>, [u8; 3], [u64; 3])> {
    (
        prop_oneof![prop::collection::vec(0_usize..7, 0..5), prop::collection::vec(1_usize..80, 1..3)],
        any::<[u8; 3]>(),
        any::<[u64; 3]>(),
    )
}

fn narrowed(shape: &[usize], mask: u8) -> Vec<usize> {
    let full: Vec<usize> =
        shape.iter().enumerate().map(|(i, &n)| if mask >> i & 1 == 1 && n > 0 { 1 } else { n }).collect();
    // Leading axes of length one may be absent.
    let skip = if mask & 0x80 != 0 { full.iter().take_while(|&&n| n == 1).count() } else { 0 };
    full[skip..].to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn binary_equals_a_plain_loop((shape, masks, seeds) in shapes()) {
        let a = numbers(&narrowed(&shape, masks[0] & masks[1]), seeds[0]);
        let b = numbers(&narrowed(&shape, masks[1] & masks[2] & !masks[0]), seeds[1]);
        let expected: Vec<f64> = {
            let (a, b) = (a.broadcast(IxDyn(&shape)).unwrap(), b.broadcast(IxDyn(&shape)).unwrap());
            a.iter().zip(b.iter()).map(|(a, b)| a - b).collect()
        };
        let (x, y) = (laid_out(&a, seeds[0]), laid_out(&b, seeds[1]));
        let z = map(&binary::SUBTRACT, [(&x).into(), (&y).into()], &shape).unwrap();
        prop_assert_eq!(z.shape(), &shape[..]);
        prop_assert_eq!(&z.to_vec::<f64>().unwrap(), &expected);
        // Donated operands give the same, and a shared one is left alone.
        let kept = x.clone();
        let z = map(&binary::SUBTRACT, [x.into(), y.into()], &shape).unwrap();
        prop_assert_eq!(&z.to_vec::<f64>().unwrap(), &expected);
        prop_assert_eq!(kept.to_vec::<f64>().unwrap(), a.iter().copied().collect::<Vec<_>>());
        let z = map(&binary::SUBTRACT, [kept.into(), laid_out(&b, seeds[2]).into()], &shape).unwrap();
        prop_assert_eq!(&z.to_vec::<f64>().unwrap(), &expected);
    }

    #[test]
    fn where_moves_every_type((shape, masks, seeds) in shapes()) {
        let condition = numbers(&narrowed(&shape, masks[0] & masks[1]), seeds[0]).mapv(|v| v > 0.0);
        let a = numbers(&narrowed(&shape, masks[1] & masks[2]), seeds[1]);
        let b = numbers(&narrowed(&shape, 0), seeds[2]);
        for dtype in DTYPES {
            with_element!(dtype, T => {
                let typed = |v: &ArrayD<f64>| {
                    let real = if dtype.is_complex() { DType::Float64 } else { dtype };
                    let cast = astype(&NdArray::from(v.clone()), real).unwrap();
                    astype(&cast, dtype).unwrap().into_array::<T>().unwrap()
                };
                let (a, b) = (typed(&a), typed(&b));
                let expected: Vec<T> = {
                    let c = condition.broadcast(IxDyn(&shape)).unwrap();
                    let (a, b) = (a.broadcast(IxDyn(&shape)).unwrap(), b.broadcast(IxDyn(&shape)).unwrap());
                    c.iter().zip(a.iter().zip(b.iter())).map(|(&c, (&a, &b))| if c { a } else { b }).collect()
                };
                let operands = [
                    laid_out(&condition, seeds[0]).into(), laid_out(&a, seeds[1]).into(), laid_out(&b, seeds[2]).into(),
                ];
                let z = map(&ternary::WHERE, operands, &shape).unwrap();
                prop_assert_eq!(z.to_vec::<T>().unwrap(), expected);
            });
        }
    }

    #[test]
    fn an_element_is_the_same_anywhere((shape, _, seeds) in shapes()) {
        let a = numbers(&shape, seeds[0]);
        let x = laid_out(&a, seeds[0]);
        for op in [&unary::EXP, &unary::TANH, &unary::SIN, &unary::LOG1P, &unary::SIGMOID] {
            let whole: Vec<u64> = bits(op, &x, &shape);
            let each: Vec<u64> = a.iter().flat_map(|&v| bits(op, &NdArray::scalar(v), &[])).collect();
            prop_assert_eq!(whole, each);
        }
    }
}

fn bits(op: &Op, x: &NdArray, shape: &[usize]) -> Vec<u64> {
    let y = map(op, [x.into()], shape).unwrap().to_vec::<f64>().unwrap();
    y.into_iter().map(|v| if v.is_nan() { 0 } else { v.to_bits() }).collect()
}

#[test]
fn threads_do_not_show() {
    let n = 300_001;
    let x = astype(&NdArray::from(numbers(&[n], 5)), DType::Float32).unwrap();
    let rows = NdArray::from_vec((0..n as i64).map(|i| i as f32).collect(), &[n]);
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    for op in [&unary::EXP, &unary::COS, &unary::GELU] {
        let many = map(op, [(&x).into()], &[n]).unwrap();
        let serial = one.install(|| map(op, [(&x).into()], &[n])).unwrap();
        assert_eq!(many.to_vec::<f32>(), serial.to_vec::<f32>());
    }
    let column = NdArray::from_vec(vec![1.0_f32, 2.0, 3.0], &[3, 1]);
    let many = map(&binary::ADD, [(&rows).into(), (&column).into()], &[3, n]).unwrap();
    let many = many.to_vec::<f32>().unwrap();
    assert!((0..3 * n).all(|i| many[i] == (i % n) as f32 + (i / n + 1) as f32));
}

#[test]
fn donation_reuses_the_buffer() {
    let x = NdArray::from_vec(vec![1.0_f32; 5000], &[50, 100]);
    let address = x.ptr();
    let row = NdArray::from_vec((0..100).map(|i| i as f32).collect(), &[100]);
    let y = map(&binary::ADD, [x.into(), (&row).into()], &[50, 100]).unwrap();
    assert_eq!((y.ptr(), y.view::<f32>().unwrap()[[49, 99]]), (address, 100.0));
    let y = map(&binary::SUBTRACT, [(&row).into(), y.permuted(&[0, 1]).into()], &[50, 100]).unwrap();
    assert_eq!((y.ptr(), y.view::<f32>().unwrap()[[3, 7]]), (address, -1.0));
    let shared = y.clone();
    let z = map(&unary::NEGATIVE, [y.into()], &[50, 100]).unwrap();
    assert!(z.ptr() != address && shared.view::<f32>().unwrap()[[0, 0]] == -1.0);
    // A transposed operand is donated too, and the result keeps its layout.
    let t = shared.permuted(&[1, 0]);
    let z = map(&unary::NEGATIVE, [t.into()], &[100, 50]).unwrap();
    assert_eq!((z.ptr(), z.strides(), z.view::<f32>().unwrap()[[7, 3]]), (address, &[1, 100][..], 1.0));
    // Another result type cannot take the buffer.
    let less = map(&binary::LESS, [z.into(), NdArray::scalar(2.0_f32).into()], &[100, 50]).unwrap();
    assert_eq!(less.to_vec::<bool>().unwrap().iter().filter(|&&b| b).count(), 5000);
}

macro_rules! check_integer {
    ($($t:ident),*) => { $( {
        let values = [$t::MIN, $t::MIN + 1, 0, 1, 2, 3, 7, $t::MAX - 1, $t::MAX];
        let pairs: Vec<($t, $t)> = values.iter().flat_map(|&a| values.iter().map(move |&b| (a, b))).collect();
        let x = NdArray::from_vec(pairs.iter().map(|p| p.0).collect(), &[81]);
        let y = NdArray::from_vec(pairs.iter().map(|p| p.1).collect(), &[81]);
        let check = |op: &Op, f: &dyn Fn(i128, i128) -> i128| {
            let z = map(op, [(&x).into(), (&y).into()], &[81]).unwrap().to_vec::<$t>().unwrap();
            for (&(a, b), &z) in pairs.iter().zip(&z) {
                assert_eq!(z, f(a as i128, b as i128) as $t, "{}({a}, {b})", op.name);
            }
        };
        check(&binary::ADD, &|a, b| a + b);
        check(&binary::SUBTRACT, &|a, b| a - b);
        check(&binary::MULTIPLY, &|a, b| a.wrapping_mul(b));
        let floor = |a: i128, b: i128| if b == 0 { 0 } else { a.div_euclid(b) - (b < 0 && a.rem_euclid(b) != 0) as i128 };
        check(&binary::FLOOR_DIVIDE, &floor);
        check(&binary::REMAINDER, &|a, b| if b == 0 { 0 } else { a - floor(a, b) * b });
        check(&binary::MAXIMUM, &|a, b| a.max(b));
        check(&binary::MINIMUM, &|a, b| a.min(b));
        let width = $t::BITS as i128;
        check(&binary::BITWISE_LEFT_SHIFT, &|a, b| if (0..width).contains(&b) { a << b } else { 0 });
        check(&binary::BITWISE_RIGHT_SHIFT, &|a, b| a >> if (0..width).contains(&b) { b } else { 127 });
        let z = map(&binary::POW, [(&x).into(), NdArray::scalar(3 as $t).into()], &[81]).unwrap();
        assert!(pairs.iter().zip(z.to_vec::<$t>().unwrap()).all(|(p, z)| z == p.0.wrapping_pow(3)));
    } )* };
}

#[test]
fn integers_wrap_and_never_panic() {
    check_integer!(i8, i16, i32, i64, u8, u16, u32, u64);
}

/// The standard's special cases of `floor_divide`, `remainder`, `pow`, `atan2` and their like.
#[test]
fn special_cases_of_two_operands() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let cases: &[(&Op, f64, f64, f64)] = &[
        (&binary::FLOOR_DIVIDE, inf, inf, nan),
        (&binary::FLOOR_DIVIDE, 0.0, -0.0, nan),
        (&binary::FLOOR_DIVIDE, inf, 2.0, inf),
        (&binary::FLOOR_DIVIDE, inf, -2.0, -inf),
        (&binary::FLOOR_DIVIDE, 1.0, 0.0, inf),
        (&binary::FLOOR_DIVIDE, -1.0, 0.0, -inf),
        (&binary::FLOOR_DIVIDE, -0.0, 2.0, -0.0),
        (&binary::FLOOR_DIVIDE, 0.0, -2.0, -0.0),
        (&binary::FLOOR_DIVIDE, 1.0, inf, 0.0),
        (&binary::FLOOR_DIVIDE, 1.0, -inf, -0.0),
        (&binary::FLOOR_DIVIDE, -1.0, inf, -0.0),
        (&binary::FLOOR_DIVIDE, -1.0, -inf, 0.0),
        (&binary::FLOOR_DIVIDE, -0.0, inf, -0.0),
        (&binary::FLOOR_DIVIDE, 7.0, -2.0, -4.0),
        (&binary::REMAINDER, inf, 2.0, nan),
        (&binary::REMAINDER, 1.0, 0.0, nan),
        (&binary::REMAINDER, -0.0, 2.0, 0.0),
        (&binary::REMAINDER, 0.0, -2.0, -0.0),
        (&binary::REMAINDER, 4.0, -2.0, -0.0),
        (&binary::REMAINDER, -1.0, inf, inf),
        (&binary::REMAINDER, 1.0, -inf, -inf),
        (&binary::REMAINDER, 1.0, inf, 1.0),
        (&binary::REMAINDER, -7.0, 2.0, 1.0),
        (&binary::POW, nan, 0.0, 1.0),
        (&binary::POW, 2.0, nan, nan),
        (&binary::POW, -1.0, inf, 1.0),
        (&binary::POW, -0.0, -3.0, -inf),
        (&binary::POW, -8.0, 1.0 / 3.0, nan),
        (&binary::POW, -inf, 3.0, -inf),
        (&binary::ATAN2, -0.0, -0.0, -std::f64::consts::PI),
        (&binary::ATAN2, inf, -inf, 3.0 * std::f64::consts::FRAC_PI_4),
        (&binary::HYPOT, inf, nan, inf),
        (&binary::MAXIMUM, nan, 1.0, nan),
        (&binary::MAXIMUM, 1.0, nan, nan),
        (&binary::MINIMUM, -inf, nan, nan),
        (&binary::LOGADDEXP, inf, inf, inf),
        (&binary::LOGADDEXP, -inf, -inf, -inf),
        (&binary::LOGADDEXP, -inf, 1.0, 1.0),
        (&binary::LOGADDEXP, inf, -inf, inf),
        (&binary::LOGADDEXP, nan, 1.0, nan),
        (&binary::LOGADDEXP, 1.0, nan, nan),
        (&binary::NEXTAFTER, 0.0, -1.0, -5e-324),
        (&binary::NEXTAFTER, 0.0, -0.0, -0.0),
        (&binary::COPYSIGN, nan, -1.0, nan),
        (&binary::COPYSIGN, 1.0, -0.0, -1.0),
    ];
    for &(op, a, b, expected) in cases {
        let z =
            map(op, [NdArray::scalar(a).into(), NdArray::scalar(b).into()], &[]).unwrap().to_vec::<f64>().unwrap()[0];
        let same = z.is_nan() && expected.is_nan() || z.to_bits() == expected.to_bits();
        assert!(same, "{}({a:?}, {b:?}) = {z:?}, the standard says {expected:?}", op.name);
    }
}

#[test]
fn an_undefined_type_is_an_error_that_says_which_are_defined() {
    let x = NdArray::from_vec(vec![true], &[1]);
    let error = map(&unary::EXP, [(&x).into()], &[1]).unwrap_err();
    assert_eq!(error.to_string(), "exp: is not defined for bool, only for float32, float64, complex64, complex128");
    let z = NdArray::from_vec(vec![array_api::Complex::new(1.0, 2.0)], &[1]);
    assert!(astype(&z, DType::Float64).unwrap_err().to_string().contains("real(x)"));
}
