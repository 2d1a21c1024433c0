//! The incomplete gamma and beta functions against a table computed with 60 digits elsewhere, and at the ends of their
//! domains. `incomplete/table.py` writes the table and says how.

use array_api::*;
use array_ndarray::namespace;

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;

fn x(v: &[f64]) -> Array {
    namespace().asarray(v).unwrap()
}

fn v(x: Result<Array>) -> Vec<f64> {
    x.unwrap().to_vec().unwrap()
}

#[track_caller]
fn same(got: Vec<f64>, expected: &[f64]) {
    assert_eq!(got.len(), expected.len());
    let equal = got.iter().zip(expected).all(|(g, e)| g == e || g.is_nan() && e.is_nan());
    assert!(equal, "{got:?} instead of {expected:?}");
}

/// A function's name, its arguments, and its value.
fn lines() -> Vec<(&'static str, Vec<f64>, f64)> {
    let mut lines = vec![];
    for line in include_str!("incomplete/table.tsv").lines() {
        let (name, numbers) = line.split_once('\t').unwrap();
        let n: Vec<f64> = numbers.split('\t').map(|n| n.parse().unwrap()).collect();
        if name == "gamma" {
            lines.push(("gammainc", n[..2].to_vec(), n[2]));
            lines.push(("gammaincc", n[..2].to_vec(), n[3]));
        } else {
            lines.push(("betainc", n[..3].to_vec(), n[3]));
        }
    }
    lines
}

fn call(name: &str, args: &[Array]) -> Result<Array> {
    match name {
        "gammainc" => gammainc(&args[0], &args[1]),
        "gammaincc" => gammaincc(&args[0], &args[1]),
        _ => betainc(&args[0], &args[1], &args[2]),
    }
}

#[test]
fn values_have_thirteen_digits() {
    let mut worst = [("", 0.0, vec![]), ("", 0.0, vec![])];
    for (name, args, expected) in lines() {
        let arrays: Vec<_> = args.iter().map(|&n| x(&[n])).collect();
        let got = v(call(name, &arrays))[0];
        let error = (got - expected).abs() / expected;
        // An exponential has the absolute error of its exponent, which is the result's logarithm.
        let allowed = 3e-14 + 5e-16 * expected.ln().abs();
        assert!(error <= allowed, "{name}{args:?} = {got:e}, not {expected:e}: error {error:e}");
        let worst = &mut worst[usize::from(expected < 1e-30)];
        if error > worst.1 {
            *worst = (name, error, args.clone());
        }
        // Single precision computes in double and rounds once.
        let single: Vec<_> = arrays.iter().map(|a| astype(a, DType::Float32).unwrap()).collect();
        let wide: Vec<_> = single.iter().map(|a| astype(a, DType::Float64).unwrap()).collect();
        let narrow = call(name, &single).unwrap().to_vec::<f32>().unwrap()[0];
        let rounded = v(call(name, &wide))[0] as f32;
        assert!(narrow == rounded || narrow.is_nan() && rounded.is_nan(), "{name}{args:?} in single precision");
    }
    println!("largest relative errors: {:?}, of results below 1e-30: {:?}", worst[0], worst[1]);
}

#[test]
fn ends_of_the_domain() {
    let a = x(&[0.0, 0.0, 0.0, 2.0, 2.0, INF, INF, -1.0, 2.0, NAN, 2.0]);
    let b = x(&[0.0, 1.0, INF, 0.0, INF, 3.0, INF, 1.0, -1.0, 1.0, NAN]);
    same(v(gammainc(&a, &b)), &[NAN, 1.0, 1.0, 0.0, 1.0, 0.0, NAN, NAN, NAN, NAN, NAN]);
    same(v(gammaincc(&a, &b)), &[NAN, 0.0, 0.0, 1.0, 0.0, 1.0, NAN, NAN, NAN, NAN, NAN]);
    // Far out nothing overflows on the way.
    same(
        v(gammainc(x(&[1e-300, 1e300, 1e300, 5.0, 1e-310]), x(&[1e300, 1e290, 1e305, 1e-300, 1.0]))),
        &[1.0, 0.0, 1.0, 0.0, 1.0],
    );
    let a = x(&[0.0, 0.0, 2.0, 0.0, INF, INF, 2.0, 2.0, 2.0, 2.0, 2.0, -1.0, NAN]);
    let b = x(&[0.0, 1.0, 0.0, 1.0, 1.0, INF, INF, 3.0, 3.0, 3.0, 3.0, 1.0, 1.0]);
    let at = x(&[0.5, 0.5, 0.5, 0.0, 0.5, 0.5, 0.5, 0.0, 1.0, -0.1, 1.1, 0.5, 0.5]);
    same(v(betainc(&a, &b, &at)), &[NAN, 1.0, 0.0, 0.0, 0.0, NAN, 1.0, 0.0, 1.0, NAN, NAN, NAN, NAN]);
    same(v(betainc(x(&[1e-310, 1e300, 1e300]), x(&[1.0, 1.0, 1e-300]), 0.5)), &[1.0, 0.0, 0.0]);
    // Both so small that their gamma functions are infinite, and that they have few digits left.
    assert!((v(betainc(x(&[1e-310]), 1e-310, 0.5))[0] - 0.5).abs() < 1e-12);
}

#[test]
fn shares_of_known_distributions() {
    let at = [0.1, 0.7, 1.3, 4.0];
    // Of the exponential and the normal distribution.
    for (got, t) in v(gammaincc(1.0, x(&at))).into_iter().zip(at) {
        assert!((got - (-t).exp()).abs() < 1e-15);
    }
    let squares = square(x(&at)).unwrap();
    for (got, erf) in v(gammainc(0.5, squares)).into_iter().zip(v(erf(x(&at)))) {
        assert!((got - erf).abs() < 1e-15);
    }
    // Of the arcsine and of a power.
    for t in [0.1_f64, 0.5, 0.93] {
        assert!((v(betainc(x(&[0.5]), 0.5, t))[0] - 2.0 / std::f64::consts::PI * t.sqrt().asin()).abs() < 1e-15);
        assert!((v(betainc(x(&[3.0]), 1.0, t))[0] - t.powi(3)).abs() < 1e-15);
    }
    // Shapes broadcast, types promote.
    let wide = gammainc(namespace().ones([2, 1]).unwrap(), namespace().ones((3, DType::Float32)).unwrap()).unwrap();
    assert_eq!((wide.shape().unwrap(), wide.dtype()), (&[2, 3][..], DType::Float64));
    let e = betainc(namespace().asarray([1, 2]).unwrap(), 1, 0).unwrap_err();
    assert!(e.message().contains("astype(float64)"), "{e}");
}

/// `I_x(a, b)` for large parameters, about the mean and far from it, by quadrature with 50 digits.
#[test]
fn large_parameters_lose_no_digits() {
    for [a, b, at, want] in [
        [2000.0, 2000.0, 0.5, 0.5],
        [3000.5, 4500.75, 0.35474893676888825, 2.3505143577872935e-16],
        [1e8, 1.5e8, 0.4, 0.5000034335487504],
        [1e8, 1e11, 0.0009989011488137176, 0.15865525352957627],
        [1e10, 1e13, 0.0009987014484391546, 4.4849147831829725e-198],
        [1e12, 1.5e12, 0.4000001549193339, 0.6914624840396655],
        [1e15, 1.5e15, 0.39999997060612313, 0.0013498979566431595],
    ] {
        let got = v(betainc(x(&[a]), b, at))[0];
        let allowed = (3e-14 + 5e-16 * want.ln().abs()) * want;
        assert!((got - want).abs() <= allowed, "I_{at}({a}, {b}) is {want:e}, not {got:e}");
    }
}
