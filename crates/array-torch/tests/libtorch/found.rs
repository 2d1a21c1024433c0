//! What random calls have found: libtorch and the arrays in memory said different things here. Both are held to what is due.

use array_api::{Array, DType, ErrorKind, Namespace, Repeat, Result, Scalar, astype, betainc, gammaincc, polygamma};

use crate::devices;

fn kinds() -> Vec<Namespace> {
    devices().into_iter().chain([array_ndarray::namespace()]).collect()
}

#[track_caller]
fn near(xp: &Namespace, made: Result<Array>, due: f64, what: &str) {
    let made = made.unwrap().to_host().unwrap().to_f64().unwrap()[0];
    assert!((made - due).abs() <= 4.0 * f64::EPSILON * due.abs(), "{what} = {made:e} on {xp}, not {due:e}");
}

/// Orders, arguments and values, by 400 digits: poles on both sides of -5/2 cancel for even orders, and a power of order 100
/// multiplies what its base was rounded by.
const POLYGAMMA: [(usize, f64, f64); 11] = [
    (1, -2.5, 9.539_246_644_989_124),
    (2, -2.5, -0.108_204_051_641_727_4),
    (2, -3.3, 68.769_445_477_485_23),
    (3, -2.5, 194.747_876_219_187_62),
    (4, -1_000_000.5, -5.999_976_000_055e-24),
    (5, 0.5, 7_691.113_548_602_435),
    (20, 3.5, -9_182_070.204_945_627),
    (64, -2.5, -5.482_694_527_559_691e53),
    (64, -2.25, 1.727_095_424_621_971e128),
    (64, 100.0, -2.685_272_444_148_175_6e-41),
    (100, 31.25, -10_201_324.525_487_868),
];

#[test]
fn polygamma_keeps_its_digits_between_poles_and_at_high_orders() {
    for xp in kinds() {
        for (n, x, due) in POLYGAMMA {
            let made = polygamma(xp.asarray([x]).unwrap(), n);
            near(&xp, made, due, &format!("polygamma({x}, n = {n})"));
        }
        // Beyond the numbers of single precision: the sign is left.
        let single = xp.asarray([-2.5_f32]).unwrap();
        let made = polygamma(single, 64).unwrap().to_vec::<f32>().unwrap();
        assert_eq!(made, [f32::NEG_INFINITY], "{xp}");
    }
}

#[test]
fn the_upper_incomplete_gamma_function_keeps_its_digits_beside_its_mean() {
    for xp in kinds() {
        let [a, x] = [64.0, 100.0].map(|x| xp.asarray([x]).unwrap());
        near(&xp, gammaincc(&a, &x), 4.872_583_660_281_038e-5, "gammaincc");
    }
}

#[test]
fn nothing_is_repeated_any_number_of_times() {
    for xp in kinds() {
        let nothing = xp.zeros([2, 0, 3]).unwrap();
        for (times, refusal) in
            [(i64::MAX as i128, ErrorKind::Memory), (u64::MAX as i128, ErrorKind::Shape), (i128::MAX, ErrorKind::Shape)]
        {
            let times = Scalar::int(times);
            let made = nothing.repeat(times, Repeat::default().axis(1)).unwrap();
            assert_eq!(made.shape().unwrap(), [2, 0, 3], "{xp}");
            assert_eq!(nothing.repeat(times, ..).unwrap().shape().unwrap(), [0], "{xp}");
            let refused = xp.zeros([2]).unwrap().repeat(times, ..).unwrap_err();
            assert_eq!(refused.kind(), refusal, "{xp}: {refused}");
        }
        let counts = xp.asarray([u64::MAX]).unwrap();
        assert_eq!(nothing.repeat(&counts, ..).unwrap().shape().unwrap(), [0], "{xp}");
        let refused = nothing.repeat(-1, ..).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Value, "{xp}: {refused}");
    }
}

/// The sum of these wraps around to 1, and libtorch would write far outside of its memory.
#[test]
fn counts_whose_sum_is_no_number_are_refused() {
    for xp in kinds() {
        let counts = xp.asarray([i64::MAX, i64::MAX, 3]).unwrap();
        let refused = xp.zeros([3]).unwrap().repeat(&counts, ..).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Memory, "{xp}: {refused}");
    }
}

/// Eigenvalues of an arrow: of size 2 elements and of size 1 the corner.
#[test]
fn eigenvalues_are_found_at_the_ends_of_the_range_of_numbers() {
    let (large, middle) = (1e300, 2f64.powi(63));
    let matrix =
        [[1e-300, 0.0, 0.0, 0.0], [large, -2.5, 0.0, 0.0], [large, -middle, 0.5, 0.0], [-middle, 1.0, 100.0, -middle]];
    for xp in kinds() {
        let x = xp.asarray(matrix).unwrap();
        for x in [astype(&x, DType::Complex128).unwrap(), x] {
            let root = large * std::f64::consts::SQRT_2;
            let due = [-root, -middle, middle, root];
            let whole = array_api::eigh(&x).unwrap().eigenvalues;
            for values in [whole, array_api::eigvalsh(&x).unwrap()] {
                let made = values.to_vec::<f64>().unwrap();
                for i in [0, 3] {
                    assert!((made[i] - due[i]).abs() <= 1e-14 * root, "{made:?} on {xp}, not {due:?}");
                }
            }
        }
    }
}

#[test]
fn windows_of_one_element_may_have_any_dilation_and_stride() {
    for xp in kinds() {
        let x = xp.zeros([0, 5, 2]).unwrap();
        let far = isize::MAX as usize;
        let pooled =
            array_api::max_pool2d(&x, array_api::MaxPool2d::default().kernel_size(vec![1]).dilation(vec![far]));
        assert_eq!(pooled.unwrap().shape().unwrap(), [0, 5, 2], "{xp}");
        let windows = array_api::SlidingWindowView::default().window_shape(vec![1]).axis(vec![1]).stride(vec![far]);
        assert_eq!(array_api::sliding_window_view(&x, windows).unwrap().shape().unwrap(), [0, 1, 2, 1], "{xp}");
    }
}

/// The side that is one half of gamma functions' quotients: `x^a / a B(a, b)` for the smallest `x`.
#[test]
fn the_incomplete_beta_function_keeps_its_digits_at_its_lower_end() {
    for xp in kinds() {
        let [a, b, x] = [0.5, 3.0, 1e-300].map(|x| xp.asarray([x]).unwrap());
        near(&xp, betainc(&a, &b, &x), 1.875e-150, "betainc");
    }
}

#[test]
fn sequences_of_integers_may_leave_64_bits() {
    for xp in kinds() {
        let far = Scalar::int(u64::MAX.into());
        let down = array_api::Arange::default().start(far).stop(-5).step(i64::MIN).dtype(DType::Float64);
        let made = xp.arange(down).unwrap().to_vec::<f64>().unwrap();
        assert_eq!(made, [2f64.powi(64), 2f64.powi(63), -1.0], "{xp}");
    }
}

/// A hundred steps of a continued fraction add up what each is rounded by: the kinds take them in the same order.
#[test]
fn the_incomplete_beta_function_is_the_same_far_from_its_ends() {
    let memory = array_ndarray::namespace();
    for (a, b, x) in [(100.0, 100.0, 0.5), (100.0, 7.0, 0.9), (64.0, 100.0, 0.3), (7.0, 3.0, 0.5)] {
        let of = |xp: &Namespace| {
            let [a, b, x] = [a, b, x].map(|x| xp.asarray([x]).unwrap());
            betainc(&a, &b, &x)
        };
        let due = of(&memory).unwrap().to_vec::<f64>().unwrap()[0];
        devices().iter().for_each(|xp| near(xp, of(xp), due, &format!("betainc({a}, {b}, {x})")));
    }
}
