//! Rows beyond the standard: values by definition, published or computed to 25 digits elsewhere, and wrong input.

use array_api::*;
use array_ndarray::namespace;
use std::f64::consts::{LN_2, PI};

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;

fn x(v: &[f64]) -> Array {
    namespace().asarray(v).unwrap()
}

fn v(x: Result<Array>) -> Vec<f64> {
    x.unwrap().to_vec().unwrap()
}

fn one(x: Result<Array>) -> f64 {
    x.unwrap().item().unwrap()
}

#[track_caller]
fn close(got: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(got.len(), expected.len());
    for (g, e) in got.iter().zip(expected) {
        let same = g == e || g.is_nan() && e.is_nan();
        assert!(same || (g - e).abs() <= tolerance * e.abs().max(1.0), "{got:?} instead of {expected:?}");
    }
}

#[track_caller]
fn says<T: std::fmt::Debug>(r: Result<T>, text: &str) {
    let e = r.unwrap_err();
    assert!(e.message().contains(text), "{e}");
}

#[test]
fn quantiles() {
    let a = x(&[3.0, 1.0, 10.0, 2.0]);
    assert_eq!(one(median(&a, ..)), 2.5);
    assert_eq!(one(median(x(&[3.0, 1.0, 2.0]), ..)), 2.0);
    for (q, expected) in [(0.0, 1.0), (0.25, 1.75), (0.5, 2.5), (2.0 / 3.0, 3.0), (0.9, 7.9), (1.0, 10.0)] {
        close(&[one(quantile(&a, q))], &[expected], 1e-15);
    }
    let m = namespace().asarray([[1.0, 9.0, 2.0], [8.0, 3.0, 4.0]]).unwrap();
    assert_eq!(v(median(&m, 0)), [4.5, 6.0, 3.0]);
    assert_eq!(v(quantile(&m, (0.5, -1))), [2.0, 4.0]);
    assert_eq!(median(&m, axis([0, 1]).keepdims()).unwrap().shape().unwrap(), [1, 1]);
    // Infinities stay what they are, what is not a number wins.
    assert_eq!(one(quantile(x(&[INF, INF, 1.0]), 0.75)), INF);
    assert!(one(median(x(&[1.0, NAN, 2.0]), ..)).is_nan());
    assert_eq!(median(astype(&a, DType::Float32).unwrap(), ..).unwrap().dtype(), DType::Float32);
    says(quantile(&a, 1.5), "q is 1.5, but must be between 0 and 1");
    says(quantile(&a, NAN), "q is NaN");
    says(median(x(&[]), ..), "no elements");
    says(median(namespace().asarray([1, 2]).unwrap(), ..), "astype(float64)");
}

/// Of 3, 1, 10 and 2 at five shares, as NumPy 2.4.6 gives them.
const METHODS: [(&str, [f64; 5]); 13] = [
    ("linear", [1.0, 1.6, 2.5, 4.75, 10.0]),
    ("lower", [1.0, 1.0, 2.0, 3.0, 10.0]),
    ("higher", [1.0, 2.0, 3.0, 10.0, 10.0]),
    ("nearest", [1.0, 2.0, 3.0, 3.0, 10.0]),
    ("midpoint", [1.0, 1.5, 2.5, 6.5, 10.0]),
    ("inverted_cdf", [1.0, 1.0, 2.0, 3.0, 10.0]),
    ("averaged_inverted_cdf", [1.0, 1.0, 2.5, 6.5, 10.0]),
    ("closest_observation", [1.0, 1.0, 2.0, 3.0, 10.0]),
    ("interpolated_inverted_cdf", [1.0, 1.0, 2.0, 3.0, 10.0]),
    ("hazen", [1.0, 1.3, 2.5, 6.5, 10.0]),
    ("weibull", [1.0, 1.0, 2.5, 8.25, 10.0]),
    ("median_unbiased", [1.0, 1.2, 2.5, 85.0 / 12.0, 10.0]),
    ("normal_unbiased", [1.0, 1.225, 2.5, 6.9375, 10.0]),
];

#[test]
fn quantiles_at_several_shares() {
    let a = x(&[3.0, 1.0, 10.0, 2.0]);
    for (method, expected) in METHODS {
        let q = quantile(&a, Quantile::from([0.0, 0.2, 0.5, 0.75, 1.0]).method(method));
        close(&v(q), &expected, 1e-15);
    }
    // The leading axis, whatever else stays.
    let m = namespace().asarray([[1.0, 9.0, 2.0], [8.0, 3.0, 4.0]]).unwrap();
    let q = quantile(&m, ([0.0, 0.5], -1)).unwrap();
    assert_eq!((q.shape().unwrap(), q.to_vec::<f64>().unwrap()), (&[2, 2][..], vec![1.0, 3.0, 2.0, 4.0]));
    let kept = quantile(&m, Quantile::from([0.0, 0.5, 1.0]).axis(0).keepdims(true)).unwrap();
    assert_eq!(kept.shape().unwrap(), [3, 1, 3]);
    assert_eq!(quantile(&m, [0.5]).unwrap().shape().unwrap(), [1]);
    assert_eq!(quantile(&m, Quantile::default().q(vec![]).axis(0)).unwrap().shape().unwrap(), [0, 3]);
    close(&v(quantile(x(&[1.0, NAN, 2.0]), [0.0, 1.0])), &[NAN, NAN], 0.0);
    // Read from data, as Python and JSON give it.
    let op = Op::named("quantile").unwrap();
    let several = op.read(&[("q", Value::List(vec![Value::Float(0.25), Value::Int(1)]))]).unwrap();
    assert_eq!(several.write()[0].1, Value::List(vec![Value::Float(0.25), Value::Float(1.0)]));
    says(quantile(&a, [0.5, -0.1]), "q is -0.1, but must be between 0 and 1");
    says(quantile(&a, Quantile::default().method("middle")), "method is \"middle\", but must be one of \"linear\"");
}

#[test]
fn missing_values_are_skipped() {
    let m = namespace().asarray([[1.0, NAN, 3.0], [NAN, NAN, NAN], [5.0, 6.0, 10.0]]).unwrap();
    assert_eq!(v(nansum(&m, 1)), [4.0, 0.0, 21.0]);
    close(&v(nanmean(&m, 1)), &[2.0, NAN, 7.0], 0.0);
    close(&v(nanvar(&m, 1)), &[1.0, NAN, 14.0 / 3.0], 1e-15);
    close(&v(nanvar(&m, axis(1).correction(1.0))), &[2.0, NAN, 7.0], 1e-15);
    close(&v(nanstd(&m, axis(1).correction(1.0))), &[2.0_f64.sqrt(), NAN, 7.0_f64.sqrt()], 1e-15);
    close(&v(nanmax(&m, 1)), &[3.0, NAN, 10.0], 0.0);
    close(&v(nanmin(&m, 0)), &[1.0, 6.0, 3.0], 0.0);
    assert_eq!((one(nanmax(&m, ..)), one(nansum(&m, ..)), one(nanmean(&m, ..))), (10.0, 25.0, 5.0));
    assert_eq!(nanmin(&m, axis(1).keepdims()).unwrap().shape().unwrap(), [3, 1]);
    // A minus infinity that is there is not taken for a missing value.
    assert_eq!(one(nanmax(x(&[-INF, NAN]), ..)), -INF);
    // Without missing values they are the plain ones.
    let full = x(&[2.0, -1.0, 7.5, 3.25]);
    assert_eq!(one(nanvar(&full, ..)), one(var(&full, ..)));
    assert_eq!(one(nanmean(&full, ..)), one(mean(&full, ..)));
    says(nanmax(x(&[]), ..), "no elements");
}

#[test]
fn closeness() {
    let xp = namespace();
    let truth = |r: Result<Array>| r.unwrap().to_vec::<bool>().unwrap();
    let (a, b) = (x(&[1.0, 1.0, INF, INF, NAN, 1.0, -INF]), x(&[1.0 + 9e-6, 1.0 + 2e-5, INF, 1.0, NAN, INF, INF]));
    assert_eq!(truth(isclose(&a, &b, ..)), [true, false, true, false, false, false, false]);
    let p = Isclose::default().equal_nan(true).rtol(1e-4);
    assert_eq!(truth(isclose(&a, &b, p)), [true, true, true, false, true, false, false]);
    assert_eq!(truth(isclose(&a, 1.0, ..)), [true, true, false, false, false, true, false]);
    assert_eq!(
        truth(isclose(NAN, &a, Isclose::default().equal_nan(true))),
        [false, false, false, false, true, false, false]
    );
    let z = xp.asarray([Complex::new(1.0, 1.0)]).unwrap();
    assert_eq!(truth(isclose(&z, (&z + 1e-9).ok().unwrap(), ..)), [true]);
    assert!(allclose(&z, &z, ..).unwrap().item::<bool>().unwrap());
    assert!(!allclose(&a, &b, ..).unwrap().item::<bool>().unwrap());
    assert!(allclose(xp.ones([2, 1]).unwrap(), xp.ones(3).unwrap(), ..).unwrap().item::<bool>().unwrap());
    says(allclose(xp.ones(2).unwrap(), xp.ones(3).unwrap(), ..), "cannot broadcast");
    says(isclose(xp.asarray([1]).unwrap(), 1, ..), "astype(float64)");
}

#[test]
fn weights_of_a_softmax() {
    let m = namespace().asarray([[0.0, LN_2], [1000.0, 1000.0], [-INF, 0.0]]).unwrap();
    close(&v(softmax(&m, ..)), &[1.0 / 3.0, 2.0 / 3.0, 0.5, 0.5, 0.0, 1.0], 1e-15);
    close(&v(log_softmax(&m, ..)), &[-(3.0_f64.ln()), (2.0_f64 / 3.0).ln(), -LN_2, -LN_2, -INF, 0.0], 1e-15);
    let c = namespace().asarray([[0.0, 0.0], [0.0, 3.0_f64.ln()]]).unwrap();
    close(&v(softmax(&c, 0)), &[0.5, 0.25, 0.5, 0.75], 1e-15);
    // A probability too small for a number still has a logarithm.
    close(&v(log_softmax(x(&[0.0, -2000.0]), ..)), &[0.0, -2000.0], 0.0);
    says(softmax(&m, 2), "there is no axis 2");
}

#[test]
fn covariances() {
    let m = namespace().asarray([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]).unwrap();
    assert_eq!(v(cov(&m, ..)), [1.0, -1.0, -1.0, 1.0]);
    close(&v(cov(&m, Cov::default().correction(0.0))), &[2.0 / 3.0, -2.0 / 3.0, -2.0 / 3.0, 2.0 / 3.0], 1e-15);
    let stack = stack([&m, &m], 0).unwrap();
    assert_eq!(cov(stack, ..).unwrap().shape().unwrap(), [2, 2, 2]);
    let z = namespace().asarray([
        [Complex::new(0.0, 1.0), Complex::new(0.0, -1.0)],
        [Complex::new(1.0, 0.0), Complex::new(-1.0, 0.0)],
    ]);
    let c = cov(z.unwrap(), ..).unwrap().to_vec::<Complex<f64>>().unwrap();
    assert_eq!(c, [Complex::new(2.0, 0.0), Complex::new(0.0, 2.0), Complex::new(0.0, -2.0), Complex::new(2.0, 0.0)]);
    says(cov(x(&[1.0]), ..), "a matrix");
}

#[test]
fn interpolation() {
    let (points, values) = (x(&[0.0, 1.0, 3.0]), x(&[10.0, 20.0, 0.0]));
    let at = x(&[-1.0, 0.0, 0.25, 1.0, 2.0, 3.0, 9.0]);
    assert_eq!(v(interp(&at, &points, &values)), [10.0, 10.0, 12.5, 20.0, 10.0, 0.0, 0.0]);
    close(&v(interp(x(&[NAN, INF, -INF]), &points, &values)), &[NAN, 0.0, 10.0], 0.0);
    close(&v(interp(x(&[NAN, 2.0, INF]), x(&[1.0]), x(&[4.0]))), &[NAN, 4.0, 4.0], 0.0);
    // A step: from the second of two equal points on, the second value.
    assert_eq!(v(interp(x(&[0.5, 1.0, 2.0]), x(&[0.0, 1.0, 1.0]), x(&[0.0, 1.0, 5.0]))), [0.5, 5.0, 5.0]);
    says(interp(&at, &points, x(&[1.0])), "points have shape (3,), values (1,)");
    says(interp(&at, x(&[]), x(&[])), "at least one");
}

#[test]
fn counts() {
    let whole = |r: Result<Array>| r.unwrap().to_vec::<i64>().unwrap();
    let a = x(&[0.0, 0.5, 1.0, 1.5, 2.0, 2.5, -0.1, NAN, 1.0]);
    assert_eq!(whole(histogram(&a, x(&[0.0, 1.0, 2.0]))), [2, 4]);
    assert_eq!(whole(histogram(&a, x(&[-INF, INF]))), [8]);
    assert_eq!(
        whole(histogram(namespace().asarray([[1, 2], [2, 7]]).unwrap(), namespace().asarray([1, 2, 7]).unwrap())),
        [1, 3]
    );
    says(histogram(&a, x(&[1.0])), "edges have shape (1,)");
    let b = namespace().asarray([[0, 1, 1], [3, -2, 9]]).unwrap();
    assert_eq!(whole(bincount(&b, 5)), [1, 2, 0, 1, 0]);
    assert_eq!(whole(bincount(astype(abs(&b).unwrap(), DType::UInt8).unwrap(), 300))[..4], [1, 2, 1, 1]);
    assert_eq!(whole(bincount(&b, 0)), []);
    says(bincount(&a, 3), "an integer data type");
}

#[test]
fn padding() {
    let a = x(&[1.0, 2.0, 3.0]);
    assert_eq!(v(pad(&a, 1)), [0.0, 1.0, 2.0, 3.0, 0.0]);
    assert_eq!(v(pad(&a, Pad::from([[2, 0]]).constant(7.0))), [7.0, 7.0, 1.0, 2.0, 3.0]);
    assert_eq!(v(pad(&a, ([[2, 1]], "edge"))), [1.0, 1.0, 1.0, 2.0, 3.0, 3.0]);
    assert_eq!(v(pad(&a, ([[5, 3]], "reflect"))), [2.0, 1.0, 2.0, 3.0, 2.0, 1.0, 2.0, 3.0, 2.0, 1.0, 2.0]);
    assert_eq!(v(pad(&a, ([[4, 2]], "wrap"))), [3.0, 1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 1.0, 2.0]);
    assert_eq!(v(pad(x(&[5.0]), (2, "reflect"))), [5.0; 5]);
    let m = namespace().asarray([[1, 2], [3, 4]]).unwrap();
    let wide = pad(&m, ([[1, 0], [0, 1]], "edge")).unwrap();
    assert_eq!((wide.to_vec::<i32>().unwrap(), wide.dtype()), (vec![1, 2, 2, 1, 2, 2, 3, 4, 4], DType::Int32));
    assert_eq!(pad(&m, 2).unwrap().shape().unwrap(), [6, 6]);
    says(pad(&a, (1, "mirror")), "mode is \"mirror\", but must be");
    says(pad(&m, [[1, 1], [1, 1], [0, 0]]), "pad_width has 3 pairs for 2 axes");
    says(pad(&a, Pad::default().pad_width([vec![1]])), "pad_width of axis 0 has 1 numbers");
    says(pad(x(&[]), (1, "wrap")), "has no elements to pad with");
    says(pad(&a, usize::MAX), "too large");
    says(pad(astype(&m, DType::Int8).unwrap(), Pad::from(1).constant(300)), "does not fit int8");
}

/// Arguments, and the polygamma functions 0, 1, 2 and 5 there, from a computation with 25 digits.
const GAMMA: [(f64, [f64; 4]); 9] = [
    (0.5, [-1.963_510_026_021_423_5, 4.934_802_200_544_679, -16.828_796_644_234_32, 7_691.113_548_602_435]),
    (1.5, [0.036_489_973_978_576_52, 0.934_802_200_544_679_3, -0.828_796_644_234_32, 11.113_548_602_435_496]),
    (2.5, [0.703_156_640_645_243_2, 0.490_357_756_100_234_86, -0.236_204_051_641_727_4, 0.578_569_178_567_183_5]),
    (10.0, [2.251_752_589_066_721, 0.105_166_335_681_685_75, -0.011_049_834_970_802_068, 0.000_305_945_162_117_268_2]),
    (0.01, [-100.560_885_457_868_67, 10_001.621_213_528_313, -2_000_002.340_398_677, 120_000_000_000_115.05]),
    (-0.5, [0.036_489_973_978_576_52, 8.934_802_200_544_68, -0.828_796_644_234_32, 15_371.113_548_602_435]),
    (-3.3, [3.620_353_460_592_126, 14.817_739_525_515_93, 68.769_445_477_485_23, 165_660.146_529_172_1]),
    (50.5, [3.912_039_670_928_392, 0.019_999_333_426_637_16, -0.000_399_960_009_329_203_04, 7.676_162_506_422_413e-8]),
    (
        1000.0,
        [6.907_255_195_648_812, 0.001_000_500_166_666_633_3, -1.001_000_499_999_833_3e-6, 2.406_005_999_994_4e-14],
    ),
];

#[test]
fn gamma_functions() {
    for (at, [zero, first, second, fifth]) in GAMMA {
        let at = x(&[at]);
        let got = [v(digamma(&at))[0], v(polygamma(&at, 1))[0], v(polygamma(&at, 2))[0], v(polygamma(&at, 5))[0]];
        for (g, e) in got.into_iter().zip([zero, first, second, fifth]) {
            assert!((g - e).abs() <= 2e-14 * e.abs(), "{g} instead of {e} at {at}");
        }
        let narrow = digamma(astype(&at, DType::Float32).unwrap()).unwrap();
        assert_eq!(narrow.dtype(), DType::Float32);
    }
    // Euler's constant, zeta(2) and zeta(3).
    close(&v(digamma(x(&[1.0]))), &[-0.577_215_664_901_532_9], 1e-15);
    close(&v(polygamma(x(&[1.0]), 1)), &[PI * PI / 6.0], 1e-15);
    // 1 / x, long after 1 / x^2 is no number.
    close(&v(polygamma(x(&[1e300]), 1)), &[1e-300], 1e-315);
    close(&v(polygamma(x(&[1.0]), 2)), &[-2.0 * 1.202_056_903_159_594_2], 1e-15);
    close(
        &v(lgamma(x(&[1.0, 2.0, 0.5, 11.0, -0.5]))),
        &[0.0, 0.0, PI.sqrt().ln(), 3_628_800_f64.ln(), (2.0 * PI.sqrt()).ln()],
        1e-15,
    );
    // Poles and limits.
    close(&v(lgamma(x(&[0.0, -3.0, INF, NAN]))), &[INF, INF, INF, NAN], 0.0);
    close(&v(digamma(x(&[0.0, -0.0, -3.0, INF, -INF, NAN]))), &[-INF, INF, NAN, INF, NAN, NAN], 0.0);
    close(&v(polygamma(x(&[0.0, -3.0, INF, -INF, NAN]), 1)), &[INF, INF, 0.0, NAN, NAN], 0.0);
    close(&v(polygamma(x(&[0.0, -3.0, INF]), 2)), &[NAN, NAN, 0.0], 0.0);
    says(polygamma(x(&[1.0]), 0), "n is 0, but must be between 1 and 100");
    says(lgamma(namespace().asarray([1]).unwrap()), "astype(float64)");
}
