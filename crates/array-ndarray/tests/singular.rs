//! Singular values and vectors of matrices of sizes that are decomposed in parts.
mod matrices;

use array_api::*;
use array_ndarray::namespace;
use matrices::{adjoint, close, complex, eye, numbers};
use proptest::prelude::*;

fn size(x: Array) -> f64 {
    complex(&abs(x).unwrap()).into_iter().fold(0.0, |m, z| m.max(z.re))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    /// Elements of any magnitude, nearly equal singular values, hardly coupled ones, and many zeros.
    #[test]
    fn svd_of_any_magnitudes(double: bool, m in 49_usize..130, n in 49_usize..130, form in 0..6, seed: u64) {
        let dtype = if double { DType::Float64 } else { DType::Float32 };
        let span = if double { 200.0 } else { 40.0 };
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / 2.0_f64.powi(31)
        };
        let mut a = vec![0.0; m * n];
        for i in 0..m {
            for j in if form == 0 { 0..n } else { i.min(n)..(i + 2).min(n) } {
                let magnitude = f64::exp2((next() - 0.5) * span);
                a[i * n + j] = match (form, i == j) {
                    (0 | 1, _) => (next() - 0.5) * magnitude,
                    (2, true) => (3.0 * next()).floor(),
                    (2, false) => if next() < 0.3 { 0.0 } else { 1e-8 * next() },
                    (3, true) => 1.0 + 1e-10 * (i % 2) as f64,
                    (3, false) => if i % 7 == 0 { 0.0 } else { 1e-5 * (next() - 0.5) },
                    (4, true) => f64::exp2(-(i as f64)),
                    (4, false) => f64::exp2(-(i as f64)) * next(),
                    (_, true) => 0.0,
                    (_, false) => if next() < 0.2 { 0.0 } else { 1.0 },
                };
            }
        }
        let x = astype(namespace().from_host(a, [m, n]).unwrap(), dtype).unwrap();
        let d = svd(&x, Svd::default().full_matrices(false)).unwrap();
        let wide = |x: &Array| astype(x, DType::Float64).unwrap();
        let (u, s, vh) = (wide(&d.u), wide(&d.s), wide(&d.vh));
        let (rounding, k) = (2.0 * m.max(n) as f64 * if double { f64::EPSILON } else { f64::from(f32::EPSILON) }, m.min(n));
        let scale = rounding * size(s.clone());
        let values = complex(&s);
        prop_assert!(values.windows(2).all(|w| w[0].re >= w[1].re) && values[k - 1].re >= 0.0);
        let off = |product: Array, like: &Array| size(subtract(product, like).unwrap());
        let one = eye(k, &u);
        let (left, right) = (matmul(adjoint(&u), &u).unwrap(), matmul(&vh, adjoint(&vh)).unwrap());
        let errors = [off(left, &one), off(right, &one)];
        prop_assert!(errors.iter().all(|&e| e <= rounding), "{errors:?}, {rounding}");
        let back = off(matmul(multiply(&u, &s).unwrap(), &vh).unwrap(), &wide(&x));
        prop_assert!(back <= 3.0 * scale, "{back}, {scale}");
        prop_assert!(off(wide(&svdvals(&x).unwrap()), &s) <= scale);
    }
}

/// Wide, tall and square ones: singular values far apart, in clusters, equal and zero.
#[test]
fn large_matrices() {
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let shapes = [
        (49, 49, DType::Complex64),
        (65, 90, DType::Float64),
        (170, 130, DType::Complex128),
        (230, 110, DType::Float64),
        (60, 203, DType::Complex128),
        (140, 140, DType::Float32),
    ];
    for (m, n, dtype) in shapes {
        let k = m.min(n);
        let (x, error) = numbers(&[m, n], dtype, (m + n) as u64);
        let (u, v) = (qr(numbers(&[m, k], dtype, 1).0, Qr::default()).unwrap().q, numbers(&[k, n], dtype, 2).0);
        let vh = adjoint(&qr(adjoint(&v), Qr::default()).unwrap().q);
        let clusters: Vec<f64> = (0..k).map(|i| (i % 4) as f64 + 1e-12 * i as f64).collect();
        let clusters = astype(namespace().asarray(clusters).unwrap(), dtype).unwrap();
        let cases = [
            x.clone(),
            matmul(at(&x, index![.., ..3]).unwrap(), at(&x, index![..3]).unwrap()).unwrap(),
            matmul(multiply(&u, clusters).unwrap(), &vh).unwrap(),
            matmul(&u, &vh).unwrap(),
            at(eye(m.max(n), &x), index![..m as isize, ..n as isize]).unwrap(),
            multiply(&x, 0.0).unwrap(),
        ];
        for x in cases {
            for full in [false, true] {
                let p = Svd::default().full_matrices(full);
                let (d, alone) = (svd(&x, p.clone()).unwrap(), one.install(|| svd(&x, p)).unwrap());
                for (a, b) in [(&d.u, &alone.u), (&d.s, &alone.s), (&d.vh, &alone.vh)] {
                    assert!(complex(a) == complex(b));
                }
                let values = complex(&d.s);
                assert!(values.windows(2).all(|w| w[0].re >= w[1].re) && values[k - 1].re >= 0.0);
                close(&matmul(adjoint(&d.u), &d.u).unwrap(), &eye(d.u.dims()[1], &d.u), error);
                close(&matmul(&d.vh, adjoint(&d.vh)).unwrap(), &eye(d.vh.dims()[0], &d.u), error);
                let thin = [at(&d.u, index![.., ..k as isize]), at(&d.vh, index![..k as isize])].map(Result::unwrap);
                close(&matmul(multiply(&thin[0], &d.s).unwrap(), &thin[1]).unwrap(), &x, 2.0 * error);
                close(&svdvals(&x).unwrap(), &d.s, error);
            }
        }
        // A power of two changes nothing but the exponents of the singular values.
        let d = svd(&x, ..).unwrap();
        for power in [-60, 25] {
            let factor = f64::powi(2.0, power);
            let other = svd(multiply(&x, factor).unwrap(), ..).unwrap();
            assert!(complex(&other.u) == complex(&d.u) && complex(&other.vh) == complex(&d.vh));
            assert!(complex(&other.s) == complex(&multiply(&d.s, factor).unwrap()));
        }
    }
}
