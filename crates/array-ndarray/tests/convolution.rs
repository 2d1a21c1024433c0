//! Convolutions, pooling and sliding windows: values against loops and against published ones, and wrong input.

use array_api::*;
use array_ndarray::namespace;

fn ints(n: usize, shape: &[usize]) -> Array {
    let numbers: Vec<i64> = (0..n as i64).map(|i| (i * 7919 + 13) % 23 - 11).collect();
    namespace().from_host(numbers, shape).unwrap()
}

fn floats(shape: &[usize]) -> Array {
    astype(ints(shape.iter().product(), shape), DType::Float64).unwrap()
}

fn v(x: Result<Array>) -> Vec<f64> {
    x.unwrap().to_vec().unwrap()
}

fn x(v: &[f64]) -> Array {
    namespace().asarray(v).unwrap()
}

#[track_caller]
fn says(r: Result<Array>, text: &str) {
    let e = r.unwrap_err();
    assert!(e.message().contains(text), "{e}");
}

#[test]
fn windows_slide() {
    let a = ints(20, &[4, 5]);
    let w = sliding_window_view(&a, [2, 3]).unwrap();
    assert_eq!(w.shape().unwrap(), [3, 3, 2, 3]);
    let p = SlidingWindowView::from([2]).axis([-1]).stride(2).dilation(2);
    let s = sliding_window_view(&a, p).unwrap();
    assert_eq!(s.shape().unwrap(), [4, 2, 2]);
    let (a, w, s): (Vec<i64>, Vec<i64>, Vec<i64>) = (a.to_vec().unwrap(), w.to_vec().unwrap(), s.to_vec().unwrap());
    for (i, got) in w.into_iter().enumerate() {
        let (r, c, y, x) = (i / 18, i / 6 % 3, i / 3 % 2, i % 3);
        assert_eq!(got, a[(r + y) * 5 + c + x]);
    }
    for (i, got) in s.into_iter().enumerate() {
        assert_eq!(got, a[i / 4 * 5 + i / 2 % 2 * 2 + i % 2 * 2]);
    }
    // The axes in another order give their windows in that order.
    let turned = sliding_window_view(floats(&[4, 5]), SlidingWindowView::from([3, 2]).axis([1, 0])).unwrap();
    assert_eq!(turned.shape().unwrap(), [3, 3, 3, 2]);
    let a = floats(&[4, 5]);
    says(sliding_window_view(&a, [2]), "window_shape (2,) has not one number for each of 2 axes");
    says(sliding_window_view(&a, [5, 1]), "a window over 5 elements does not fit axis 0 of 4 elements");
    says(sliding_window_view(&a, [0, 1]), "window_shape is 0");
    says(sliding_window_view(&a, SlidingWindowView::from([1, 1]).stride([1, 1, 1])), "stride has 3 numbers for 2 axes");
    says(sliding_window_view(&a, SlidingWindowView::from([1, 1]).axis([0, -2])), "axis");
    says(sliding_window_view(&a, SlidingWindowView::from([2, 1]).dilation(usize::MAX)), "longer than any axis");
}

#[test]
fn convolution_of_lines_as_in_numpy() {
    // The examples of numpy.convolve's documentation.
    let (a, w) = (x(&[1.0, 2.0, 3.0]), x(&[0.0, 1.0, 0.5]));
    assert_eq!(v(convolve(&a, &w, ..)), [0.0, 1.0, 2.5, 4.0, 1.5]);
    assert_eq!(v(convolve(&a, &w, "same")), [1.0, 2.5, 4.0]);
    assert_eq!(v(convolve(&a, &w, "valid")), [2.5]);
    for n in 1..7 {
        for m in 1..7 {
            let (a, w) = (ints(n, &[n]), ints(m + 3, &[m + 3]).at(3..).unwrap());
            let (av, wv): (Vec<i64>, Vec<i64>) = (a.to_vec().unwrap(), w.to_vec().unwrap());
            let mut full = vec![0; n + m - 1];
            (0..n).for_each(|i| (0..m).for_each(|j| full[i + j] += av[i] * wv[j]));
            let (long, short) = (n.max(m), n.min(m));
            let first = (short - 1) / 2;
            let got = |mode: &str| convolve(&a, &w, mode).unwrap().to_vec::<i64>().unwrap();
            assert_eq!(got("full"), full);
            assert_eq!(got("same"), full[first..first + long], "{n} {m}");
            assert_eq!(got("valid"), full[short - 1..long], "{n} {m}");
        }
    }
    // Axes before the last broadcast, and either argument may be the longer one.
    let (a, w) = (floats(&[2, 1, 4]), floats(&[3, 6]));
    let all = convolve(&a, &w, "same").unwrap();
    assert_eq!(all.shape().unwrap(), [2, 3, 6]);
    for (i, j) in (0..2).flat_map(|i| (0..3).map(move |j| (i, j))) {
        let one = convolve(a.at(index![i, 0]).unwrap(), w.at(j).unwrap(), "same").unwrap();
        assert_eq!(v(all.at(index![i, j])), v(Ok(one)));
    }
    let z = namespace().asarray([Complex::new(0.0, 1.0), Complex::new(1.0, 0.0)]).unwrap();
    let square = convolve(&z, &z, ..).unwrap().to_vec::<Complex<f64>>().unwrap();
    assert_eq!(square, [Complex::new(-1.0, 0.0), Complex::new(0.0, 2.0), Complex::new(1.0, 0.0)]);
    // So long that the windows go through memory in parts.
    let long = astype(namespace().arange(0..6000_i64).unwrap(), DType::Float64).unwrap();
    let ones = namespace().ones(3000).unwrap();
    let (parts, sums) = (v(convolve(&long, &ones, "valid")), v(cumulative_sum(&long, ..)));
    assert_eq!(parts.len(), 3001);
    assert_eq!(parts[0], sums[2999]);
    assert!((1..3001).all(|i| parts[i] == sums[i + 2999] - sums[i - 1]));
    says(convolve(&long, &ones, "half"), "mode is \"half\", but must be \"full\"");
    says(convolve(&long, x(&[]), ..), "x has shape (6000,), w (0,): neither may be empty");
    says(convolve(&long, 2.0, ..), "array");
}

/// The definition, with loops: `x` (n, c, h, w), `w` (o, c / groups, p, q).
fn looped(
    x: &Array,
    w: &Array,
    stride: [usize; 2],
    pads: [[usize; 2]; 2],
    dilation: [usize; 2],
    groups: usize,
) -> Array {
    let (xs, ws) = (x.shape().unwrap().to_vec(), w.shape().unwrap().to_vec());
    let (xv, wv): (Vec<f64>, Vec<f64>) = (x.to_vec().unwrap(), w.to_vec().unwrap());
    let extent = |a: usize| (xs[2 + a] + pads[a][0] + pads[a][1] - dilation[a] * (ws[2 + a] - 1) - 1) / stride[a] + 1;
    let (oh, ow, per) = (extent(0), extent(1), ws[0] / groups);
    let mut out = vec![0.0; xs[0] * ws[0] * oh * ow];
    for (i, to) in out.iter_mut().enumerate() {
        let (n, o, r, s) = (i / (ws[0] * oh * ow), i / (oh * ow) % ws[0], i / ow % oh, i % ow);
        for k in 0..ws[1] * ws[2] * ws[3] {
            let (c, p, q) = (k / (ws[2] * ws[3]), k / ws[3] % ws[2], k % ws[3]);
            let y = (r * stride[0] + p * dilation[0]).wrapping_sub(pads[0][0]);
            let z = (s * stride[1] + q * dilation[1]).wrapping_sub(pads[1][0]);
            if y < xs[2] && z < xs[3] {
                let channel = o / per * ws[1] + c;
                *to += xv[((n * xs[1] + channel) * xs[2] + y) * xs[3] + z] * wv[o * ws[1] * ws[2] * ws[3] + k];
            }
        }
    }
    namespace().from_host(out, [xs[0], ws[0], oh, ow]).unwrap()
}

/// Extents of images and of weights, stride, padding, dilation, groups.
type Case = ([usize; 4], [usize; 4], [usize; 2], [usize; 2], [usize; 2], usize);

#[test]
fn convolution_of_images_against_loops() {
    let cases: &[Case] = &[
        ([1, 1, 3, 3], [1, 1, 2, 2], [1, 1], [0, 0], [1, 1], 1),
        ([2, 3, 5, 6], [4, 3, 3, 2], [1, 1], [1, 0], [1, 1], 1),
        ([2, 4, 7, 5], [6, 2, 3, 3], [2, 1], [1, 2], [1, 1], 2),
        ([1, 3, 9, 8], [3, 1, 2, 3], [2, 3], [0, 1], [3, 2], 3),
        ([0, 2, 4, 4], [3, 2, 2, 2], [1, 1], [0, 0], [1, 1], 1),
        ([3, 2, 4, 4], [5, 2, 1, 1], [1, 1], [0, 0], [1, 1], 1),
    ];
    for &(xs, ws, stride, pads, dilation, groups) in cases {
        let (image, weights) = (floats(&xs), floats(&ws));
        let p = Conv2d::default().stride(stride).padding(pads).dilation(dilation).groups(groups);
        let got = conv2d(&image, &weights, p).unwrap();
        let expected = looped(&image, &weights, stride, pads.map(|p| [p, p]), dilation, groups);
        assert_eq!(got.shape().unwrap(), expected.shape().unwrap());
        assert_eq!(v(Ok(got)), v(Ok(expected)), "{xs:?} {ws:?}");
    }
    // "same" keeps extents; what cannot be shared equally goes behind, as in torch.
    let (image, weights) = (floats(&[1, 2, 5, 4]), floats(&[3, 2, 4, 3]));
    let same = conv2d(&image, &weights, Conv2d::default().padding("same").dilation([1, 2])).unwrap();
    assert_eq!(v(Ok(same)), v(Ok(looped(&image, &weights, [1, 1], [[1, 2], [2, 2]], [1, 2], 1))));
    let valid = conv2d(&image, &weights, Conv2d::default().padding("valid")).unwrap();
    assert_eq!(v(Ok(valid)), v(conv2d(&image, &weights, ..)));
    // One image, several axes of images, integers.
    let one = conv2d(image.at(0).unwrap(), &weights, ..).unwrap();
    assert_eq!(v(Ok(one)), v(conv2d(&image, &weights, ..)));
    let many = conv2d(floats(&[2, 3, 2, 5, 4]), &weights, ..).unwrap();
    assert_eq!(many.shape().unwrap(), [2, 3, 3, 2, 2]);
    assert_eq!(v(Ok(many)), v(conv2d(floats(&[6, 2, 5, 4]), &weights, ..)));
    let whole = conv2d(ints(16, &[1, 4, 4]), ints(4, &[1, 1, 2, 2]), ..).unwrap();
    assert_eq!(whole.dtype(), DType::Int64);
    // Images that go through memory in parts.
    let (image, weights) = (floats(&[9, 8, 64, 64]), floats(&[1, 8, 5, 5]));
    let parts = v(conv2d(&image, &weights, ..));
    let last = v(conv2d(image.at(index![8..]).unwrap(), &weights, ..));
    assert_eq!(parts[parts.len() - last.len()..], last);
}

#[test]
fn what_images_and_weights_must_be() {
    let (image, weights) = (floats(&[1, 2, 3, 3]), floats(&[4, 2, 2, 2]));
    let refused = |p: Conv2d, text: &str| says(conv2d(&image, &weights, p), text);
    refused(Conv2d::default().padding("full"), "padding is \"full\", but must be numbers, \"same\" or \"valid\"");
    refused(Conv2d::default().padding("same").stride(2), "padding \"same\" needs a stride of 1, not (2, 2)");
    refused(Conv2d::default().stride(0), "stride is 0 along an axis");
    refused(Conv2d::default().groups(2), "x of shape (1, 2, 3, 3) has 2 channels, w of shape (4, 2, 2, 2) takes 2");
    refused(Conv2d::default().groups(0), "0 groups");
    refused(Conv2d::default().dilation(3), "a window over 4 elements does not fit the height of 3, 3 padded");
    refused(Conv2d::default().padding(usize::MAX), "too large");
    says(conv2d(floats(&[3, 3]), &weights, ..), "x has shape (3, 3), w (4, 2, 2, 2)");
    says(max_pool2d(&image, [4, 1]), "does not fit the height of 3");
    says(max_pool2d(&image, MaxPool2d::from(2).padding(2)), "padding is 2, but must be at most half");
    says(max_pool2d(&image, MaxPool2d::default()), "kernel_size has 0 numbers for 2 axes");
    says(max_pool2d(floats(&[3]), 1), "must have (.., h, w)");
    says(avg_pool2d(ints(9, &[3, 3]), 2), "astype(float64)");
}

#[test]
fn pools_as_in_torch() {
    let image = namespace().asarray([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]).unwrap();
    let max = |p: MaxPool2d| v(max_pool2d(&image, p));
    let mean = |p: AvgPool2d| v(avg_pool2d(&image, p));
    assert_eq!(max(2.into()), [5.0]);
    assert_eq!(max(MaxPool2d::from(2).stride(1)), [5.0, 6.0, 8.0, 9.0]);
    assert_eq!(max(MaxPool2d::from(2).ceil_mode(true)), [5.0, 6.0, 8.0, 9.0]);
    assert_eq!(max(MaxPool2d::from(2).padding(1)), [1.0, 3.0, 7.0, 9.0]);
    // A window that would begin behind the image is none.
    assert_eq!(max(MaxPool2d::from(2).padding(1).ceil_mode(true)), [1.0, 3.0, 7.0, 9.0]);
    assert_eq!(max(MaxPool2d::from(2).dilation(2)), [9.0]);
    assert_eq!(max(MaxPool2d::from([1, 3])), [3.0, 6.0, 9.0]);
    assert_eq!(mean(2.into()), [3.0]);
    assert_eq!(mean(AvgPool2d::from(2).stride([1, 1])), [3.0, 4.0, 6.0, 7.0]);
    // Zeros that padding asked for count, what ceil_mode reaches beyond does not.
    assert_eq!(mean(AvgPool2d::from(2).padding(1)), [0.25, 1.25, 2.75, 7.0]);
    assert_eq!(mean(AvgPool2d::from(2).padding(1).count_include_pad(false)), [1.0, 2.5, 5.5, 7.0]);
    assert_eq!(mean(AvgPool2d::from(2).ceil_mode(true)), [3.0, 4.5, 7.5, 9.0]);
    // Below zero, of integers, and not a number.
    let low = namespace().asarray([[-7_i8, -5], [-3, -8]]).unwrap();
    let pooled = max_pool2d(&low, MaxPool2d::from(2).padding(1)).unwrap();
    assert_eq!((pooled.to_vec::<i8>().unwrap(), pooled.dtype()), (vec![-7, -5, -3, -8], DType::Int8));
    assert!(v(max_pool2d(x(&[1.0, f64::NAN]).reshape([1, 2]).unwrap(), [1, 2]))[0].is_nan());
    let stack = floats(&[2, 3, 4, 6]);
    let pooled = max_pool2d(&stack, [2, 3]).unwrap();
    assert_eq!(pooled.shape().unwrap(), [2, 3, 2, 2]);
    assert_eq!(v(pooled.at(index![1, 2])), v(max_pool2d(stack.at(index![1, 2]).unwrap(), [2, 3])));
    let single = avg_pool2d(astype(&image, DType::Float32).unwrap(), AvgPool2d::from(2).ceil_mode(true)).unwrap();
    assert_eq!(single.dtype(), DType::Float32);
}
