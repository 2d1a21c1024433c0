//! Eigenvalues and eigenvectors of Hermitian matrices of sizes that are decomposed in parts.
mod matrices;

use array_api::*;
use array_ndarray::namespace;
use matrices::{adjoint, close, complex, eye, numbers};
use proptest::prelude::*;

fn reals(x: &Array) -> Vec<f64> {
    complex(x).into_iter().map(|z| z.re).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    /// Sizes that are decomposed in parts, with elements of any magnitude, nearly equal eigenvalues, and hardly coupled ones.
    #[test]
    fn eigh_of_any_magnitudes(double: bool, n in 49_usize..130, form in 0..5, seed: u64) {
        let dtype = if double { DType::Float64 } else { DType::Float32 };
        let span = if double { 200.0 } else { 40.0 };
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / 2.0_f64.powi(31)
        };
        let mut a = vec![0.0; n * n];
        for i in 0..n {
            for j in if form == 0 { 0..i + 1 } else { i.saturating_sub(1)..i + 1 } {
                let magnitude = f64::exp2((next() - 0.5) * span);
                a[i * n + j] = match (form, i == j) {
                    (0 | 1, _) => (next() - 0.5) * magnitude,
                    (2, true) => (3.0 * next()).floor(),
                    (2, false) => if next() < 0.3 { 0.0 } else { 1e-8 * next() },
                    (3, true) => 1.0 + 1e-10 * (i % 2) as f64,
                    (3, false) => if i % 7 == 0 { 0.0 } else { 1e-5 * (next() - 0.5) },
                    (_, true) => (i as f64 - n as f64 / 2.0).abs(),
                    (_, false) => 1.0,
                };
            }
        }
        let x = astype(namespace().from_host(a, [n, n]).unwrap(), dtype).unwrap();
        let d = eigh(&x).unwrap();
        let wide = |x: &Array| astype(x, DType::Float64).unwrap();
        let (w, q) = (wide(&d.eigenvalues), wide(&d.eigenvectors));
        let h = add(tril(wide(&x), 0).unwrap(), matrix_transpose(tril(wide(&x), -1).unwrap()).unwrap()).unwrap();
        let size = |x: Array| reals(&abs(x).unwrap()).into_iter().fold(0.0, f64::max);
        let rounding = 2.0 * n as f64 * if double { f64::EPSILON } else { f64::from(f32::EPSILON) };
        let scale = rounding * size(w.clone());
        prop_assert!(size(subtract(matmul(matrix_transpose(&q).unwrap(), &q).unwrap(), eye(n, &q)).unwrap()) <= rounding);
        prop_assert!(size(subtract(matmul(&h, &q).unwrap(), multiply(&q, &w).unwrap()).unwrap()) <= scale);
        prop_assert!(size(subtract(wide(&eigvalsh(&x).unwrap()), &w).unwrap()) <= scale);
    }
}

/// Larger matrices, which are decomposed in parts: eigenvalues far apart, in clusters, equal and zero.
#[test]
fn large_hermitian_matrices() {
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    for (n, dtype) in [(49, DType::Complex64), (65, DType::Float64), (150, DType::Complex128), (203, DType::Float32)] {
        let (x, error) = numbers(&[n, n], dtype, n as u64);
        let thin = at(&x, index![.., ..3]).unwrap();
        let q = qr(&x, Qr::default()).unwrap().q;
        let clusters: Vec<f64> = (0..n).map(|i| (i % 4) as f64 + 1e-12 * i as f64).collect();
        let clusters = astype(namespace().asarray(clusters).unwrap(), dtype).unwrap();
        let cases = [
            add(&x, adjoint(&x)).unwrap(),
            matmul(&thin, adjoint(&thin)).unwrap(),
            matmul(multiply(&q, clusters).unwrap(), adjoint(&q)).unwrap(),
            eye(n, &x),
            multiply(&x, 0.0).unwrap(),
        ];
        for h in cases {
            // Neither the upper triangle is read nor what is imaginary on the diagonal.
            let mask = triu(namespace().ones(([n, n], DType::Bool)).unwrap(), 1).unwrap();
            let mut half = where_(mask, f64::NAN, &h).unwrap();
            if dtype.is_complex() {
                half = add(half, multiply(eye(n, &x), Complex::new(0.0, 5.0)).unwrap()).unwrap();
            }
            let d = eigh(&half).unwrap();
            let alone = one.install(|| eigh(&half)).unwrap();
            assert!(complex(&d.eigenvectors) == complex(&alone.eigenvectors));
            assert!(complex(&d.eigenvalues) == complex(&alone.eigenvalues));
            let (w, q) = (&d.eigenvalues, &d.eigenvectors);
            let h = multiply(add(&h, adjoint(&h)).unwrap(), 0.5).unwrap();
            close(&matmul(adjoint(q), q).unwrap(), &eye(n, q), error);
            close(&matmul(multiply(q, w).unwrap(), adjoint(q)).unwrap(), &h, 2.0 * error);
            assert!(reals(w).windows(2).all(|w| w[0] <= w[1]));
            close(&eigvalsh(&half).unwrap(), w, error);
        }
        // A power of two changes nothing but the exponents of the eigenvalues.
        let h = add(&x, adjoint(&x)).unwrap();
        let d = eigh(&h).unwrap();
        for power in [-60, 25] {
            let factor = f64::powi(2.0, power);
            let other = eigh(multiply(&h, factor).unwrap()).unwrap();
            assert!(complex(&other.eigenvectors) == complex(&d.eigenvectors));
            assert!(complex(&other.eigenvalues) == complex(&multiply(&d.eigenvalues, factor).unwrap()));
        }
    }
}
