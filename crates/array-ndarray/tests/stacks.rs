//! Stacks of small matrices: every size that is decomposed element by element, and the first ones that are not.
mod matrices;

use array_api::{
    Array, Cholesky, Complex, DType, Qr, cholesky, det, index, inv, matmul, multiply, qr, slogdet, solve, take,
};
use array_ndarray::namespace;
use matrices::{FLOATING, adjoint, close, complex, eye, matrices, numbers};

const SIZES: std::ops::RangeInclusive<usize> = 1..=18;
const COUNT: usize = 5;

fn real(x: &Array) -> Vec<f64> {
    complex(x).iter().map(|z| z.re).collect()
}

#[test]
fn systems_with_pivots_are_solved() {
    for (n, dtype) in SIZES.flat_map(|n| FLOATING.map(|dtype| (n, dtype))) {
        let (a, error) = numbers(&[COUNT, n, n], dtype, n as u64);
        let (b, _) = numbers(&[COUNT, n, 3], dtype, 3);
        let x = solve(&a, &b).unwrap();
        let size = complex(&x).iter().map(|z| z.norm()).fold(1.0, f64::max);
        close(&matmul(&a, &x).unwrap(), &b, 4.0 * error * size);
        let inverse = inv(&a).unwrap();
        let size = complex(&inverse).iter().map(|z| z.norm()).fold(1.0, f64::max);
        close(
            &matmul(&a, &inverse).unwrap(),
            &array_api::broadcast_to(eye(n, &a), [COUNT, n, n]).unwrap(),
            4.0 * error * size,
        );
    }
}

/// Of a permuted diagonal matrix everything is exact.
#[test]
fn the_order_of_rows_is_kept() {
    for n in SIZES {
        let step = (2..).find(|s| (1..=n).all(|d| d == 1 || s % d != 0 || n % d != 0)).unwrap();
        let order: Vec<i64> = (0..n).map(|i| ((i * step + 1) % n) as i64).collect();
        let odd =
            (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).filter(|&(i, j)| order[j] > order[i]).count() % 2 == 1;
        let diagonal: Vec<f64> = (0..n).map(|i| -f64::powi(2.0, i as i32 % 3)).collect();
        let scaled = multiply(namespace().asarray(diagonal.clone()).unwrap(), namespace().eye(n).unwrap()).unwrap();
        let x = take(&scaled, namespace().asarray(order).unwrap(), 0).unwrap();
        let product = diagonal.iter().product::<f64>() * if odd { -1.0 } else { 1.0 };
        assert_eq!(det(&x).unwrap().to_vec::<f64>().unwrap(), [product], "{n}");
        let parts = slogdet(&x).unwrap();
        assert_eq!(parts.sign.to_vec::<f64>().unwrap(), [product.signum()]);
        assert!((parts.logabsdet.to_vec::<f64>().unwrap()[0] - product.abs().ln()).abs() < 1e-13);
        assert_eq!(complex(&matmul(inv(&x).unwrap(), &x).unwrap()), complex(&eye(n, &x)));
    }
}

#[test]
fn determinants_agree_with_the_triangular_factors() {
    for (n, dtype) in SIZES.flat_map(|n| FLOATING.map(|dtype| (n, dtype))) {
        let (a, error) = numbers(&[COUNT, n, n], dtype, 17 * n as u64);
        let r = qr(&a, Qr::default()).unwrap().r;
        let sizes = matrices(&r)
            .iter()
            .map(|r| complex(r).iter().step_by(n + 1).map(|z| z.re).product::<f64>())
            .collect::<Vec<_>>();
        let found = det(&a).unwrap();
        let logs = slogdet(&a).unwrap();
        for (i, z) in complex(&found).iter().enumerate() {
            assert!((z.norm() - sizes[i]).abs() <= 100.0 * error * sizes[i], "{n} {dtype}: {z} {}", sizes[i]);
            let again = complex(&logs.sign)[i] * real(&logs.logabsdet)[i].exp();
            assert!((again - z).norm() <= 40.0 * error * z.norm(), "{n} {dtype}: {again} {z}");
        }
    }
}

#[test]
fn factors_multiply_back() {
    for (n, dtype) in SIZES.flat_map(|n| FLOATING.map(|dtype| (n, dtype))) {
        let (x, error) = numbers(&[COUNT, n, n], dtype, 5 * n as u64);
        let a = array_api::add(matmul(&x, adjoint(&x)).unwrap(), eye(n, &x)).unwrap();
        let l = cholesky(&a, Cholesky::default()).unwrap();
        let u = cholesky(&a, Cholesky { upper: true }).unwrap();
        close(&matmul(&l, adjoint(&l)).unwrap(), &a, error);
        close(&u, &adjoint(&l), error);
        for m in [1, 2, n, n + 1, 40, 64, 65] {
            let (x, error) = numbers(&[2, m, n], dtype, (n * m) as u64);
            for mode in ["reduced", "complete"] {
                let f = qr(&x, Qr::default().mode(mode)).unwrap();
                close(&matmul(&f.q, &f.r).unwrap(), &x, error);
                for (q, r) in matrices(&f.q).iter().zip(&matrices(&f.r)) {
                    close(&matmul(adjoint(q), q).unwrap(), &eye(q.dims()[1], q), error);
                    for (i, z) in complex(r).into_iter().enumerate() {
                        let (row, column) = (i / n, i % n);
                        assert!(row <= column || z == Complex::new(0.0, 0.0));
                        assert!(row != column || (z.re >= 0.0 && z.im == 0.0));
                    }
                }
            }
        }
    }
}

/// Columns whose squares overflow, or are zero, have the same Q as their multiples that are not so far out.
#[test]
fn lengths_of_columns_neither_overflow_nor_vanish() {
    for dtype in FLOATING {
        let ends = if dtype.real() == DType::Float32 { [120, -120, 80, -80] } else { [1000, -1000, 600, -600] };
        for n in [4, 7] {
            let (x, error) = numbers(&[9, n], dtype, 8);
            let want = qr(&x, Qr::default()).unwrap();
            let powers: Vec<f64> = (0..n).map(|i| f64::powi(2.0, ends[i % 4])).collect();
            let powers = array_api::astype(namespace().asarray(powers).unwrap(), dtype.real()).unwrap();
            let f = qr(multiply(&x, &powers).unwrap(), Qr::default()).unwrap();
            close(&f.q, &want.q, error);
            close(&array_api::divide(&f.r, &powers).unwrap(), &want.r, error);
        }
    }
}

/// Whichever thread meets a failure first, the first matrix that fails is named.
#[test]
fn the_first_of_many_failures_is_named() {
    let good = array_api::broadcast_to(namespace().eye(3).unwrap(), [20_000, 3, 3]).unwrap();
    let bad = array_api::set_at(&good, 0.0, index![15_007, 2, 2]).unwrap();
    let bad = array_api::set_at(bad, 0.0, index![19_000, 0, 0]).unwrap();
    for _ in 0..20 {
        let e = inv(&bad).unwrap_err().to_string();
        assert_eq!(e, "inv: matrix [15007] of the stack is singular: pivot 2 of its LU decomposition is 0");
        let e = cholesky(&bad, Cholesky::default()).unwrap_err().to_string();
        assert_eq!(e, "cholesky: matrix [15007] of the stack is not positive definite: pivot 2 is not positive");
    }
    let determinants = det(&bad).unwrap().to_vec::<f64>().unwrap();
    assert!(determinants.iter().enumerate().all(|(i, &d)| d == if [15_007, 19_000].contains(&i) { 0.0 } else { 1.0 }));
    let infinite = array_api::set_at(&good, f64::INFINITY, index![777, 0, 2]).unwrap();
    let e = cholesky(infinite, Cholesky { upper: true }).unwrap_err().to_string();
    assert_eq!(e, "cholesky: matrix [777] of the stack has the element inf in row 0, column 2: it must be finite");
}

/// What is not a number stays with its matrix.
#[test]
fn determinants_carry_on_what_is_no_number() {
    for n in [2, 5, 16, 17] {
        for place in [(0, 0), (n - 1, n - 1), (n - 1, 0), (0, n - 1)] {
            let (x, _) = numbers(&[3, n, n], DType::Float64, n as u64);
            let bad = array_api::set_at(&x, f64::NAN, index![1, place.0 as isize, place.1 as isize]).unwrap();
            let (good, bad) = (det(&x).unwrap().to_vec::<f64>().unwrap(), det(&bad).unwrap().to_vec::<f64>().unwrap());
            assert!(bad[1].is_nan() && (bad[0], bad[2]) == (good[0], good[2]), "{n} {place:?} {bad:?}");
        }
    }
}

#[test]
fn threads_do_not_show() {
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    for n in [3, 8, 16, 20] {
        let (x, _) = numbers(&[30_000 / (n * n), n, n], DType::Float64, 1);
        let all = || {
            let f = qr(&x, Qr::default()).unwrap();
            [det(&x).unwrap(), inv(&x).unwrap(), f.q, f.r, solve(&x, &x).unwrap(), matmul(&x, &x).unwrap()]
                .map(|y| complex(&y))
        };
        assert_eq!(one.install(all), all());
    }
}
