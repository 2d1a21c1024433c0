//! Products against plain loops, and the promise that bits depend on `(m, k, n)` alone.
use array_api::Complex;
use array_ndarray::{NdArray, NdElement, matmul::matmul};
use ndarray::{ArrayD, IxDyn};
use proptest::prelude::*;

fn numbers(shape: &[usize], seed: u64) -> ArrayD<f64> {
    let mut state = seed | 1;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / 1e7 - 0.8
    })
}

/// The last two axes stored the other way round.
fn turned<T: NdElement>(x: ArrayD<T>) -> NdArray {
    let rank = x.ndim();
    let mut order: Vec<usize> = (0..rank).collect();
    order.swap(rank - 2, rank - 1);
    let stored = x.permuted_axes(IxDyn(&order)).as_standard_layout().into_owned();
    T::wrap(stored.permuted_axes(IxDyn(&order)).into_shared())
}

fn naive(x: &ArrayD<f64>, y: &ArrayD<f64>, batch: &[usize]) -> Vec<f64> {
    let (m, k) = (x.shape()[x.ndim() - 2], x.shape()[x.ndim() - 1]);
    let n = y.shape()[y.ndim() - 1];
    let full = |a, b| batch.iter().copied().chain([a, b]).collect::<Vec<_>>();
    let (x, y) = (x.broadcast(IxDyn(&full(m, k))).unwrap(), y.broadcast(IxDyn(&full(k, n))).unwrap());
    let (x, y): (Vec<_>, Vec<_>) = (x.iter().collect(), y.iter().collect());
    let mut out = Vec::new();
    for b in 0..batch.iter().product() {
        for i in 0..m {
            for j in 0..n {
                out.push((0..k).map(|p| x[(b * m + i) * k + p] * y[(b * k + p) * n + j]).sum());
            }
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_shape_and_layout(m in 0_usize..40, k in 0_usize..40, n in 0_usize..70, outer in 0_usize..4, inner in 1_usize..4,
                            broadcast in any::<[bool; 2]>(), seed in any::<u64>()) {
        let batch = [outer, inner];
        let a = numbers(&[if broadcast[0] && outer > 0 { 1 } else { outer }, inner, m, k], seed);
        let b = if broadcast[1] { numbers(&[k, n], !seed) } else { numbers(&[outer, inner, k, n], !seed) };
        let expected = naive(&a, &b, &batch);
        let shape = [outer, inner, m, n];
        let plain = matmul(&NdArray::from(a.clone()), &NdArray::from(b.clone()), &shape).unwrap().to_vec::<f64>().unwrap();
        for (x, y) in plain.iter().zip(&expected) {
            prop_assert!((x - y).abs() <= 1e-12 * (k as f64 + 1.0), "{x} {y}");
        }
        let turned_both = matmul(&turned(a.clone()), &turned(b.clone()), &shape).unwrap().to_vec::<f64>().unwrap();
        prop_assert_eq!(&turned_both, &plain);

        let ints = |v: &ArrayD<f64>| v.mapv(|v| (v * 1e3) as i16);
        let product = matmul(&ints(&a).into(), &turned(ints(&b)), &shape).unwrap().to_vec::<i16>().unwrap();
        let exact = naive(&ints(&a).mapv(f64::from), &ints(&b).mapv(f64::from), &batch);
        prop_assert_eq!(product, exact.iter().map(|&v| v as i64 as i16).collect::<Vec<_>>());

        let complex = |v: &ArrayD<f64>| v.mapv(|v| Complex::new(v, 1.0 - v));
        let z = matmul(&complex(&a).into(), &turned(complex(&b)), &shape).unwrap().to_vec::<Complex<f64>>().unwrap();
        let part = |f: fn(f64) -> f64, g: fn(f64) -> f64| naive(&a.mapv(f), &b.mapv(g), &batch);
        let (re, im) = (part(|v| v, |v| v), part(|v| 1.0 - v, |v| 1.0 - v));
        for ((z, re), im) in z.iter().zip(re).zip(im) {
            prop_assert!((z.re - (re - im)).abs() <= 1e-11 * (k as f64 + 1.0));
        }
    }
}

/// One member alone, in a batch, transposed, on one thread or many: the same bits, for small and large products.
#[test]
fn a_member_does_not_see_its_batch() {
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    for (m, k, n) in [
        (100, 20, 20),
        (20, 100, 20),
        (100, 1, 20),
        (100, 20, 1),
        (1, 50, 33),
        (7, 300, 45),
        (90, 90, 90),
        (100, 300, 40),
        (257, 129, 65),
        (64, 1000, 64),
        (300, 513, 300),
        (1, 2000, 400),
        (400, 2000, 1),
    ] {
        let (a, b) = (numbers(&[5, m, k], 3).mapv(|v| v as f32), numbers(&[5, k, n], 4).mapv(|v| v as f32));
        let (x, y) = (NdArray::from(a.clone()), NdArray::from(b.clone()));
        let batch = matmul(&x, &y, &[5, m, n]).unwrap().to_vec::<f32>().unwrap();
        let serial = one.install(|| matmul(&x, &y, &[5, m, n])).unwrap().to_vec::<f32>().unwrap();
        assert!(batch == serial, "threads show at {m} {k} {n}");
        for (x, y) in
            [(turned(a.clone()), y.clone()), (x.clone(), turned(b.clone())), (turned(a.clone()), turned(b.clone()))]
        {
            let other = matmul(&x, &y, &[5, m, n]).unwrap().to_vec::<f32>().unwrap();
            assert!(batch == other, "strides show at {m} {k} {n}");
        }
        for i in 0..5 {
            let alone = |v: &ArrayD<f32>| NdArray::from(v.index_axis(ndarray::Axis(0), i).to_owned());
            let single = matmul(&alone(&a), &alone(&b), &[m, n]).unwrap().to_vec::<f32>().unwrap();
            assert!(batch[i * m * n..(i + 1) * m * n] == single, "the batch shows at {m} {k} {n}");
            let single = one.install(|| matmul(&alone(&a), &alone(&b), &[m, n])).unwrap().to_vec::<f32>().unwrap();
            assert!(batch[i * m * n..(i + 1) * m * n] == single, "batch and threads show at {m} {k} {n}");
        }
    }
}
