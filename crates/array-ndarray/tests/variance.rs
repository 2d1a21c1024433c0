//! Variances against two passes in higher precision, and the promise that their bits depend on the reduced length alone.
use array_ndarray::{NdArray, variance::variance};
use ndarray::{ArrayD, Axis, IxDyn};
use proptest::prelude::*;

fn numbers(shape: &[usize], seed: u64, offset: f64) -> ArrayD<f64> {
    let mut state = seed | 1;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Few bits, so that sums of whole numbers below are exact.
        (state >> 48) as f64 / 1024.0 + offset
    })
}

/// Sums in whole numbers are exact: `n^2` times the variance is `n sum(x^2) - sum(x)^2`.
fn exact(x: &[f64], correction: f64) -> f64 {
    let whole: Vec<i128> = x.iter().map(|v| (v * 1024.0) as i128).collect();
    let n = whole.len() as i128;
    let (sum, squares) = (whole.iter().sum::<i128>(), whole.iter().map(|v| v * v).sum::<i128>());
    let over = n * squares - sum * sum;
    over as f64 / n as f64 / (1024.0 * 1024.0) / (n as f64 - correction).max(0.0)
}

fn bits(x: &NdArray, axes: &[usize], shape: &[usize]) -> Vec<u64> {
    variance(x, axes, shape, 0.0, false).unwrap().to_vec::<f64>().unwrap().iter().map(|v| v.to_bits()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn as_exact_as_two_passes(
        shape in prop_oneof![
            prop::collection::vec(1_usize..30, 1..4),
            prop::collection::vec(200_usize..600, 1..3),
        ],
        mask: u8, turn: bool, seed: u64, offset in prop_oneof![Just(0.0), Just(1e6), Just(-3e8)],
    ) {
        let stored = numbers(&shape, seed, offset);
        let values = if turn { stored.reversed_axes() } else { stored };
        let axes: Vec<usize> = (0..values.ndim()).filter(|a| mask >> a & 1 == 1).collect();
        let kept: Vec<usize> = (0..values.ndim()).filter(|a| !axes.contains(a)).collect();
        let order: Vec<usize> = kept.iter().chain(&axes).copied().collect();
        let out: Vec<usize> = kept.iter().map(|&a| values.shape()[a]).collect();
        let length: usize = axes.iter().map(|&a| values.shape()[a]).product();
        let flat: Vec<f64> = values.view().permuted_axes(IxDyn(&order)).iter().copied().collect();
        let x = NdArray::from(values);
        let got = bits(&x, &axes, &out);
        for (line, got) in flat.chunks(length).zip(&got) {
            // Alone a line has the same bits.
            prop_assert_eq!(bits(&NdArray::from_vec(line.to_vec(), &[length]), &[0], &[]), [*got]);
            let (got, want) = (f64::from_bits(*got), exact(line, 0.0));
            // A mean is off by the last bit of the numbers at most, and the variance by its square.
            prop_assert!((got - want).abs() <= 1e-12 * want + (offset * 1e-15).powi(2), "{got} instead of {want}");
        }
        if offset == 0.0 {
            let single = array_ndarray::cast::astype(&x, array_api::DType::Float32).unwrap();
            let root = variance(&single, &axes, &out, 1.0, true).unwrap().to_vec::<f32>().unwrap();
            for (line, got) in flat.chunks(length).zip(root) {
                let want = exact(line, 1.0).sqrt();
                prop_assert!(want.is_nan() && got.is_nan() || (f64::from(got) - want).abs() <= 1e-5 * want);
            }
        }
    }
}

#[test]
fn threads_do_not_show() {
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    for (shape, axes, out) in [
        (vec![1_234_567], vec![0], vec![]),
        (vec![3, 333_333], vec![1], vec![3]),
        (vec![333_333, 3], vec![0], vec![3]),
        (vec![300, 7, 300], vec![0, 2], vec![7]),
        (vec![2000, 700], vec![0], vec![700]),
        (vec![20_000, 40], vec![1], vec![20_000]),
    ] {
        let values = numbers(&shape, 7, 0.0);
        let x = NdArray::from(values.clone());
        let many = bits(&x, &axes, &out);
        assert_eq!(many, one.install(|| bits(&x, &axes, &out)), "{shape:?}");
        if let &[axis] = &axes[..] {
            let want = values.lanes(Axis(axis)).into_iter().map(|l| exact(&l.to_vec(), 0.0));
            assert!(many.iter().zip(want).all(|(&got, want)| (f64::from_bits(got) - want).abs() <= 1e-12 * want));
        }
    }
}

#[test]
fn corners() {
    let of = |x: Vec<f64>, correction| {
        let n = x.len();
        variance(&NdArray::from_vec(x, &[n]), &[0], &[], correction, false).unwrap().to_vec::<f64>().unwrap()[0]
    };
    assert!(of(vec![], 0.0).is_nan());
    assert!(of(vec![3.0], 1.0).is_nan());
    assert_eq!(of(vec![3.0], 0.0), 0.0);
    assert_eq!(of(vec![3.0, 5.0], 3.0), f64::INFINITY);
    assert!(of(vec![1.0, f64::NAN, 2.0], 0.0).is_nan());
    assert!(of(vec![1.0, f64::INFINITY, 2.0], 0.0).is_nan());
    assert!(of([vec![1.0; 300], vec![f64::NAN; 300]].concat(), 0.0).is_nan());
    assert_eq!(of(vec![1.5; 1000], 0.0), 0.0);
    let x = NdArray::from_vec(Vec::<f32>::new(), &[0, 2]);
    assert!(variance(&x, &[0], &[2], 0.0, true).unwrap().to_vec::<f32>().unwrap().iter().all(|v| v.is_nan()));
    assert_eq!(variance(&x, &[1], &[0], 0.0, true).unwrap().shape(), [0]);
    assert!(variance(&NdArray::from_vec(vec![1], &[1]), &[0], &[], 0.0, true).is_err());
}
