//! Decompositions: their factors have the promised form and multiply back, for every floating type and stacks.
mod matrices;

use array_api::{
    Array, Cholesky, Complex, DType, ErrorKind, Qr, Svd, TriangularSolve, astype, at, cholesky, expand_dims, index,
    inv, matmul, qr, solve, svd, triangular_solve,
};
use array_ndarray::namespace;
use matrices::{FLOATING, adjoint, backwards, close, complex, eye, matrices, numbers};
use proptest::prelude::*;

fn cases() -> impl Strategy<Value = (DType, Vec<usize>, usize, usize, u64)> {
    let extent = || prop_oneof![3 => 0_usize..7, 1 => 20_usize..45];
    (prop::sample::select(&FLOATING[..]), prop::collection::vec(0_usize..4, 0..3), extent(), extent(), any::<u64>())
}

#[test]
fn a_matrix_without_columns_has_a_whole_orthogonal_factor() {
    let f = qr(namespace().zeros([3, 0]).unwrap(), Qr::default().mode("complete")).unwrap();
    assert_eq!(f.q.to_vec::<f64>().unwrap(), [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    assert_eq!(f.r.shape().unwrap(), [3, 0]);
}

#[test]
fn cholesky_by_blocks() {
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    for (n, dtype) in [(127, DType::Float64), (129, DType::Complex64), (200, DType::Complex128), (333, DType::Float32)]
    {
        let (x, error) = numbers(&[n, n], dtype, n as u64);
        let a = array_api::add(matmul(&x, adjoint(&x)).unwrap(), eye(n, &x)).unwrap();
        for upper in [false, true] {
            let mask = namespace().ones(([n, n], DType::Bool)).unwrap();
            let other = if upper { array_api::tril(mask, -1) } else { array_api::triu(mask, 1) }.unwrap();
            let half = array_api::where_(other, f64::NAN, &a).unwrap();
            let factor = cholesky(&half, Cholesky { upper }).unwrap();
            assert_eq!(complex(&one.install(|| cholesky(&half, Cholesky { upper })).unwrap()), complex(&factor));
            let (l, r) = if upper { (adjoint(&factor), factor) } else { (factor.clone(), adjoint(&factor)) };
            let upper_part = array_api::triu(&l, 1).unwrap();
            assert!(complex(&upper_part).iter().all(|z| *z == Complex::new(0.0, 0.0)));
            close(&matmul(l, r).unwrap(), &a, error);
        }
    }
    // A pivot of the second block.
    let mut diagonal = vec![1.0; 200];
    diagonal[150] = -1.0;
    let x = array_api::multiply(namespace().asarray(diagonal).unwrap(), namespace().eye(200).unwrap()).unwrap();
    let e = cholesky(x, Cholesky::default()).unwrap_err().to_string();
    assert_eq!(e, "cholesky: the matrix is not positive definite: pivot 150 is not positive");
}

#[test]
fn lu_by_blocks() {
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    for (n, dtype) in [(128, DType::Float64), (129, DType::Complex64), (200, DType::Complex128), (333, DType::Float32)]
    {
        let (x, error) = numbers(&[n, n], dtype, n as u64);
        let (b, _) = numbers(&[n, 150], dtype, 7);
        let solution = array_api::solve(&x, &b).unwrap();
        assert_eq!(complex(&one.install(|| array_api::solve(&x, &b)).unwrap()), complex(&solution));
        // What is left of the right-hand side is what rounding a product with such a solution leaves.
        let size = complex(&solution).iter().map(|z| z.norm()).fold(1.0, f64::max);
        close(&matmul(&x, &solution).unwrap(), &b, 10.0 * error * size);
    }
    // Rows that all have to move, and a pivot of zero in the second block.
    let order: Vec<i64> = (0..200).map(|i| (i * 77 + 5) % 200).collect();
    let swaps = (0..200).flat_map(|i| (0..i).map(move |j| (i, j))).filter(|&(i, j)| order[j] > order[i]).count();
    let mut diagonal = vec![2.0; 200];
    let scaled =
        |d: &[f64]| array_api::multiply(namespace().asarray(d.to_vec()).unwrap(), namespace().eye(200).unwrap());
    let moved =
        |d: &[f64]| array_api::take(scaled(d).unwrap(), namespace().asarray(order.clone()).unwrap(), 0).unwrap();
    let det = array_api::slogdet(moved(&diagonal)).unwrap();
    assert_eq!(det.sign.to_vec::<f64>().unwrap(), [if swaps % 2 == 0 { 1.0 } else { -1.0 }]);
    assert!((det.logabsdet.to_vec::<f64>().unwrap()[0] - 200.0 * 2.0_f64.ln()).abs() < 1e-10);
    let halves = inv(moved(&diagonal)).unwrap();
    assert_eq!(complex(&matmul(halves, moved(&diagonal)).unwrap()), complex(&namespace().eye(200).unwrap()));
    diagonal[150] = 0.0;
    let e = inv(scaled(&diagonal).unwrap()).unwrap_err().to_string();
    assert!(e.contains("singular: pivot 150 of its LU decomposition is 0"), "{e}");
    assert_eq!(array_api::det(moved(&diagonal)).unwrap().to_vec::<f64>().unwrap(), [0.0]);
}

#[test]
fn qr_by_blocks() {
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let cases = [
        (41, 41, DType::Complex64),
        (100, 90, DType::Float64),
        (130, 300, DType::Complex128),
        (300, 270, DType::Float32),
        (275, 310, DType::Float64),
    ];
    for (m, n, dtype) in cases {
        let (x, error) = numbers(&[m, n], dtype, n as u64);
        // Of rank 2; with a block of zeros; zero.
        let low = matmul(numbers(&[m, 2], dtype, 1).0, numbers(&[2, n], dtype, 2).0).unwrap();
        let zeros = array_api::set_at(&x, 0.0, index![.., 10..70]).unwrap();
        let zero = array_api::multiply(&x, 0.0).unwrap();
        for x in [x, low, zeros, zero] {
            for mode in ["reduced", "complete"] {
                let f = qr(&x, Qr::default().mode(mode)).unwrap();
                let alone = one.install(|| qr(&x, Qr::default().mode(mode))).unwrap();
                assert!(complex(&f.q) == complex(&alone.q) && complex(&f.r) == complex(&alone.r));
                close(&matmul(&f.q, &f.r).unwrap(), &x, error);
                close(&matmul(adjoint(&f.q), &f.q).unwrap(), &eye(f.q.dims()[1], &x), error);
                assert!(complex(&array_api::tril(&f.r, -1).unwrap()).iter().all(|z| *z == Complex::new(0.0, 0.0)));
                let r = qr(&x, Qr::default().mode("r")).unwrap().r;
                assert!(mode == "complete" || complex(&r) == complex(&f.r));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn qr_is_unique_and_multiplies_back((dtype, batch, m, n, seed) in cases(), rank_one: bool) {
        let (mut x, error) = numbers(&[&batch[..], &[m, n]].concat(), dtype, seed);
        if rank_one && m > 0 && n > 0 {
            let column = at(&x, array_api::Indices(vec![array_api::Index::Ellipsis, (..1).into()])).unwrap();
            x = array_api::multiply(column, numbers(&[1, n], dtype, seed).0).unwrap();
        }
        for mode in ["reduced", "complete"] {
            let f = qr(backwards(&x), Qr::default().mode(mode)).unwrap();
            for ((q, r), x) in matrices(&f.q).iter().zip(&matrices(&f.r)).zip(&matrices(&x)) {
                close(&matmul(q, r).unwrap(), x, error);
                close(&matmul(adjoint(q), q).unwrap(), &eye(q.dims()[1], q), error);
                let entries = complex(r);
                for (i, z) in entries.iter().enumerate() {
                    let (row, column) = (i / n, i % n);
                    prop_assert!(row <= column || *z == Complex::new(0.0, 0.0));
                    prop_assert!(row != column || (z.re >= 0.0 && z.im == 0.0), "{z} on the diagonal");
                }
            }
        }
    }

    #[test]
    fn svd_multiplies_back((dtype, batch, m, n, seed) in cases()) {
        let (x, error) = numbers(&[&batch[..], &[m, n]].concat(), dtype, seed);
        let k = m.min(n);
        for full in [false, true] {
            let f = svd(backwards(&x), Svd::default().full_matrices(full)).unwrap();
            let values = complex(&f.s);
            for (i, ((u, vh), x)) in matrices(&f.u).iter().zip(&matrices(&f.vh)).zip(&matrices(&x)).enumerate() {
                let s: Vec<f64> = values[i * k..(i + 1) * k].iter().map(|z| z.re).collect();
                prop_assert!(s.windows(2).all(|w| w[0] >= w[1]) && s.iter().all(|&s| s >= 0.0));
                close(&matmul(adjoint(u), u).unwrap(), &eye(u.dims()[1], u), error);
                close(&matmul(vh, adjoint(vh)).unwrap(), &eye(vh.dims()[0], u), error);
                let s = astype(namespace().asarray(s).unwrap(), dtype).unwrap();
                let thin = array_api::multiply(at(u, index![.., ..k as isize]).unwrap(), s).unwrap();
                close(&matmul(thin, at(vh, index![..k as isize]).unwrap()).unwrap(), x, error);
            }
        }
    }

    #[test]
    fn cholesky_reads_one_triangle((dtype, batch, n, _, seed) in cases(), upper: bool) {
        let (x, error) = numbers(&[&batch[..], &[n, n]].concat(), dtype, seed);
        let a = array_api::add(matmul(&x, adjoint(&x)).unwrap(), eye(n, &x)).unwrap();
        let noise = numbers(&[n, n], dtype, !seed).0;
        // The other triangle holds anything, not-a-number too.
        let nan = array_api::multiply(noise, f64::NAN).unwrap();
        let mask = namespace().ones(([n, n], DType::Bool)).unwrap();
        let other = if upper { array_api::tril(mask, -1) } else { array_api::triu(mask, 1) }.unwrap();
        let half = array_api::where_(other, nan, &a).unwrap();
        let factor = cholesky(backwards(&half), Cholesky { upper }).unwrap();
        let clean = if upper { array_api::triu(&factor, 0) } else { array_api::tril(&factor, 0) }.unwrap();
        prop_assert_eq!(complex(&factor), complex(&clean));
        let (l, r) = if upper { (adjoint(&factor), factor) } else { (factor.clone(), adjoint(&factor)) };
        close(&matmul(l, r).unwrap(), &a, error);
    }

    #[test]
    fn systems_are_solved((dtype, batch, n, k, seed) in cases(), upper: bool, unit_diagonal: bool, swap in 0_u8..4) {
        // Far from singular, so that the residual says enough.
        let (x, error) = numbers(&[&batch[..], &[n, n]].concat(), dtype, seed);
        let a = array_api::add(array_api::multiply(x, 0.3 / (n as f64).sqrt().max(1.0)).unwrap(), eye(n, &numbers(&[], dtype, 0).0)).unwrap();
        let b = match swap {
            0 => numbers(&[n], dtype, seed ^ 1).0,
            1 => numbers(&[n, k], dtype, seed ^ 1).0,
            2 => numbers(&[&[2][..], &vec![1; batch.len()], &[n, k]].concat(), dtype, seed ^ 1).0,
            _ => numbers(&[&batch[..], &[n, k]].concat(), dtype, seed ^ 1).0,
        };
        let product = |a: &Array, y: &Array| match swap {
            0 => array_api::squeeze(matmul(a, expand_dims(y, -1).unwrap()).unwrap(), -1).unwrap(),
            _ => matmul(a, y).unwrap(),
        };
        let y = solve(backwards(&a), &b).unwrap();
        let wide = array_api::broadcast_to(&b, y.dims()).unwrap();
        close(&product(&a, &y), &wide, 10.0 * error);

        let p = TriangularSolve { upper, unit_diagonal };
        let y = triangular_solve(backwards(&a), &b, p).unwrap();
        let mut part = if upper { array_api::triu(&a, 0) } else { array_api::tril(&a, 0) }.unwrap();
        if unit_diagonal {
            let rest = if upper { array_api::triu(&a, 1) } else { array_api::tril(&a, -1) }.unwrap();
            part = array_api::add(rest, eye(n, &a)).unwrap();
        }
        close(&product(&part, &y), &array_api::broadcast_to(&b, y.dims()).unwrap(), 10.0 * error);
        close(&matmul(inv(&a).unwrap(), &a).unwrap(), &array_api::broadcast_to(eye(n, &a), a.dims()).unwrap(), 10.0 * error);
    }
}

#[test]
fn results_do_not_depend_on_threads_or_the_rest_of_the_stack() {
    let (x, _) = numbers(&[40, 30, 30], DType::Float64, 5);
    let f = || (svd(&x, Svd::default()).unwrap(), qr(&x, Qr::default()).unwrap(), solve(&x, &x).unwrap());
    let list = |(s, q, y): &(array_api::SvdResult, array_api::QrResult, Array)| {
        [&s.u, &s.s, &s.vh, &q.q, &q.r, y].map(|a| a.to_vec::<f64>().unwrap())
    };
    let outside = list(&f());
    let inside = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap().install(|| list(&f()));
    assert_eq!(outside, inside);
    let alone = at(&x, index![7]).unwrap();
    assert_eq!(qr(alone, Qr::default()).unwrap().q.to_vec::<f64>().unwrap(), outside[3][7 * 900..8 * 900]);
}

#[test]
fn failures_name_the_matrix() {
    let xp = namespace();
    let text = |r: array_api::Result<Array>| {
        let e = r.unwrap_err();
        assert_eq!(e.kind(), ErrorKind::Value);
        e.to_string()
    };
    let stack = xp.asarray([[[2.0, 0.0], [0.0, 1.0]], [[1.0, 2.0], [2.0, 1.0]]]).unwrap();
    assert_eq!(
        text(cholesky(&stack, Cholesky::default())),
        "cholesky: matrix [1] of the stack is not positive definite: pivot 1 is not positive"
    );
    let singular = xp.asarray([[1.0, 2.0], [2.0, 4.0]]).unwrap();
    assert_eq!(
        text(solve(&singular, xp.ones([2]).unwrap())),
        "solve: the matrix is singular: pivot 1 of its LU decomposition is 0"
    );
    assert_eq!(text(inv(&singular)), "inv: the matrix is singular: pivot 1 of its LU decomposition is 0");
    let zero = xp.zeros([2, 2]).unwrap();
    assert_eq!(
        text(triangular_solve(zero, xp.ones([2]).unwrap(), TriangularSolve::default())),
        "triangular_solve: the matrix is singular: element 0 of its diagonal is 0"
    );
    for bad in [f64::NAN, f64::INFINITY] {
        let x = xp.asarray([[[1.0, 2.0], [3.0, 4.0]], [[1.0, bad], [2.0, 1.0]]]).unwrap();
        let want = format!("matrix [1] of the stack has the element {bad} in row 0, column 1: it must be finite");
        assert_eq!(text(svd(&x, Svd::default()).map(|f| f.u)), format!("svd: {want}"));
    }
}

/// One bad matrix of a stack spoils its own results only, as in any arithmetic.
#[test]
fn what_is_not_finite_is_carried_on() {
    let xp = namespace();
    let good = [[4.0, 1.0], [2.0, 3.0]];
    for bad in [f64::NAN, f64::INFINITY] {
        let x = xp.asarray([[[1.0, bad], [2.0, 1.0]], good]).unwrap();
        let ones = xp.ones([2, 2, 1]).unwrap();
        let lower = TriangularSolve::default();
        let results = [
            (solve(&x, &ones).unwrap(), solve(xp.asarray(good).unwrap(), xp.ones([2, 1]).unwrap()).unwrap()),
            (inv(&x).unwrap(), inv(xp.asarray(good).unwrap()).unwrap()),
            (qr(&x, Qr::default()).unwrap().r, qr(xp.asarray(good).unwrap(), Qr::default()).unwrap().r),
            (
                triangular_solve(x.matrix_transpose().unwrap(), &ones, lower.clone()).unwrap(),
                triangular_solve(xp.asarray([[4.0, 2.0], [1.0, 3.0]]).unwrap(), xp.ones([2, 1]).unwrap(), lower)
                    .unwrap(),
            ),
        ];
        for (got, want) in results {
            let spoilt = got.at(index![0]).unwrap().to_vec::<f64>().unwrap();
            // An infinite coefficient has a solution.
            assert!(bad.is_infinite() || spoilt.iter().any(|v| v.is_nan()), "{spoilt:?}");
            assert_eq!(got.at(index![1]).unwrap().to_vec::<f64>().unwrap(), want.to_vec::<f64>().unwrap());
        }
    }
}

/// The pivot that fails is found in large matrices too, where the decomposition works in blocks.
#[test]
fn the_failing_pivot_is_counted_from_the_first() {
    let n = 300;
    for bad in [0, 5, 63, 64, 129, 299] {
        let x = namespace().eye(n).unwrap();
        let x = array_api::set_at(x, -1.0, index![bad as isize, bad as isize]).unwrap();
        let e = cholesky(&x, Cholesky::default()).unwrap_err().to_string();
        assert!(e.ends_with(&format!("pivot {bad} is not positive")), "{e}");
    }
}

/// Numbers near the ends of the range, all equal, or zero: an answer or an error, never a panic or a hang.
#[test]
fn extreme_numbers_are_survived() {
    for dtype in FLOATING {
        let (x, _) = numbers(&[25, 25], dtype, 3);
        let ends = if dtype.real() == DType::Float32 { [1e38, 1e-38, 1e-44] } else { [1e308, 1e-308, 5e-324] };
        for factor in ends.into_iter().chain([0.0]) {
            let y = array_api::multiply(&x, factor).unwrap();
            let _ = svd(&y, Svd::default());
            let _ = qr(&y, Qr::default());
            let _ = solve(&y, &x);
            let _ = cholesky(&y, Cholesky::default());
        }
        let zero = svd(array_api::multiply(&x, 0.0).unwrap(), Svd::default()).unwrap();
        assert!(complex(&zero.s).iter().all(|s| s.norm() == 0.0));
        close(&matmul(adjoint(&zero.u), &zero.u).unwrap(), &eye(25, &x), 1e-5);
    }
}

/// More right-hand sides than are solved for together, broadcast over a stack.
#[test]
fn many_right_hand_sides() {
    for dtype in FLOATING {
        let (mut a, error) = numbers(&[2, 7, 7], dtype, 1);
        a = array_api::add(a, array_api::multiply(eye(7, &namespace().zeros(([1], dtype)).unwrap()), 8.0).unwrap())
            .unwrap();
        let (b, _) = numbers(&[7, 300], dtype, 2);
        let all = solve(&a, &b).unwrap();
        let lower = triangular_solve(&a, &b, TriangularSolve::default().upper(false)).unwrap();
        let triangle = array_api::tril(&a, ..).unwrap();
        for i in 0..2 {
            let of = |x: &Array| at(x, i).unwrap();
            close(&matmul(of(&a), of(&all)).unwrap(), &b, error);
            close(&matmul(of(&triangle), of(&lower)).unwrap(), &b, error);
        }
    }
}

/// Long lines are one pass, short ones a product and a sum: neither layout nor neighbours nor broadcasting show in the bits.
#[test]
fn inner_products_and_norms_of_lines() {
    let xp = array_ndarray::namespace();
    for n in [1_usize, 5, 127, 128, 1000, 4097, 20_000] {
        let values = |seed: f64| (0..3 * n).map(|i| (i as f64 * seed).sin() * 3.0).collect::<Vec<f64>>();
        for dtype in [DType::Float32, DType::Float64] {
            let array = |seed: f64| {
                let x = xp.from_host(values(seed), [3, n]).unwrap();
                array_api::astype(x, dtype).unwrap()
            };
            let (x, y) = (array(0.37), array(0.91));
            let wide = |x: &Array| array_api::astype(x, DType::Float64).unwrap().to_vec::<f64>().unwrap();
            let (a, b) = (wide(&x), wide(&y));
            let made = array_api::vecdot(&x, &y, ..).unwrap();
            let norms = array_api::vector_norm(&x, array_api::axis(1)).unwrap();
            assert_eq!((made.dims().to_vec(), made.dtype(), norms.dtype()), (vec![3], dtype, dtype));
            let eps = if dtype == DType::Float32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
            for (l, (made, norm)) in wide(&made).into_iter().zip(wide(&norms)).enumerate() {
                let line = l * n..(l + 1) * n;
                let terms: Vec<f64> = line.clone().map(|i| a[i] * b[i]).collect();
                let size: f64 = terms.iter().map(|t| t.abs()).sum();
                assert!((made - terms.iter().sum::<f64>()).abs() <= 4.0 * n as f64 * eps * size, "vecdot {n}");
                let due = line.map(|i| a[i] * a[i]).sum::<f64>().sqrt();
                assert!((norm - due).abs() <= 2.0 * n as f64 * eps * due, "norm {n}");
            }
            // Along the first axis, of what lies crosswise and backwards, and beside one line for all.
            let crossed = array_api::permute_dims(&x, [1, 0]).unwrap();
            let same = |one: Array, other: Array| assert_eq!(wide(&one), wide(&other), "{n} {dtype}");
            same(array_api::vector_norm(&crossed, array_api::axis(0)).unwrap(), norms);
            let twice = array_api::flip(array_api::flip(&y, ..).unwrap(), ..).unwrap();
            let turned = array_api::permute_dims(twice, [1, 0]).unwrap();
            let along = array_api::vecdot(&crossed, &turned, -2);
            same(along.unwrap(), made);
            let first = array_api::at(&y, array_api::index![0]).unwrap();
            let each = array_api::vecdot(&x, &first, ..).unwrap();
            let repeated = array_api::broadcast_to(&first, [3, n]).unwrap();
            same(each, array_api::vecdot(&x, repeated, ..).unwrap());
        }
    }
    let none = xp.zeros([0, 300]).unwrap();
    assert_eq!(array_api::vecdot(&none, &none, ..).unwrap().dims().to_vec(), [0]);
    assert_eq!(array_api::vector_norm(&none, ..).unwrap().item::<f64>().unwrap(), 0.0);
}
