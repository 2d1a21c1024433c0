//! Operands that lie by columns give what copies of them in C order give.
use array_ndarray::{NdArray, NdElement, binary, map::map};

fn turned<T: NdElement + PartialEq + std::fmt::Debug>(shape: &[usize], order: &[usize], value: impl Fn(usize) -> T) {
    let n = shape.iter().product::<usize>();
    let x = NdArray::from_vec((0..n).map(&value).collect(), shape).permuted(order);
    let shape = x.shape().to_vec();
    let plain = NdArray::from_vec(x.to_vec::<T>().unwrap(), &shape);
    assert_eq!(x.contiguous().to_vec::<T>(), plain.to_vec::<T>());
    let other = NdArray::from_vec((0..n).map(|i| value(i * 7 + 3)).collect(), &shape);
    let one = NdArray::scalar(value(5));
    let row = NdArray::from_vec((0..shape[shape.len() - 1]).map(&value).collect(), &shape[shape.len() - 1..]);
    for with in [&other, &one, &row, &x] {
        for [a, b] in [[&x, with], [with, &x]] {
            let plainly = |y: &NdArray| {
                if y.shape() == shape { NdArray::from_vec(y.to_vec::<T>().unwrap(), &shape) } else { y.clone() }
            };
            let got = map(&binary::ADD, [a.into(), b.into()], &shape).unwrap();
            let want = map(&binary::ADD, [(&plainly(a)).into(), (&plainly(b)).into()], &shape).unwrap();
            assert_eq!(got.to_vec::<T>(), want.to_vec::<T>(), "{shape:?}");
        }
    }
    // An operand that is overwritten.
    let want = map(&binary::ADD, [(&other).into(), (&plain).into()], &shape).unwrap();
    let got = map(&binary::ADD, [other.into(), (&x).into()], &shape).unwrap();
    assert_eq!(got.to_vec::<T>(), want.to_vec::<T>());
}

#[test]
fn matrices_of_every_size() {
    for shape in [[8, 8], [7, 40], [33, 9], [100, 65], [31, 129], [300, 410]] {
        turned::<u8>(&shape, &[1, 0], |i| (i % 100) as u8);
        turned::<i16>(&shape, &[1, 0], |i| (i % 10_000) as i16);
        turned::<f32>(&shape, &[1, 0], |i| i as f32);
        turned::<f64>(&shape, &[1, 0], |i| i as f64);
        turned::<array_api::Complex<f64>>(&shape, &[1, 0], |i| array_api::Complex::new(i as f64, 1.0));
    }
    for order in [[0, 2, 1], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
        turned::<f32>(&[5, 40, 70], &order, |i| i as f32);
        turned::<f64>(&[33, 9, 17], &order, |i| i as f64);
    }
}
