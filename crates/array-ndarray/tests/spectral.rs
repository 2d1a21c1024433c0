//! Eigenvalues, determinants, norms, ranks, powers and products: invariants for every floating type and stacks, cases that
//! are worked out by hand, empty matrices, and what errors say.
mod matrices;

use array_api::*;
use array_ndarray::namespace;
use matrices::{FLOATING, adjoint, backwards, close, complex, eye, matrices as each, numbers};
use proptest::prelude::*;

fn cases() -> impl Strategy<Value = (DType, Vec<usize>, usize, usize, u64)> {
    let extent = || prop_oneof![3 => 0_usize..7, 1 => 20_usize..45];
    (
        prop::sample::select(&FLOATING[..]),
        prop::collection::vec(0_usize..4, 0..3),
        extent(),
        extent(),
        proptest::arbitrary::any::<u64>(),
    )
}

fn row(x: &Array) -> Array {
    expand_dims(x, -2).unwrap()
}

fn reals(x: &Array) -> Vec<f64> {
    complex(x).into_iter().map(|z| z.re).collect()
}

#[track_caller]
fn near(x: &Array, expected: &[f64]) {
    let got = reals(x);
    assert_eq!(got.len(), expected.len());
    for (g, e) in got.iter().zip(expected) {
        // Not "> ...": that would let not-a-number pass.
        assert!(g == e || (g - e).abs() <= 1e-13 * e.abs().max(1.0), "{got:?}, not {expected:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn eigh_multiplies_back((dtype, batch, n, _, seed) in cases()) {
        let (x, error) = numbers(&[&batch[..], &[n, n]].concat(), dtype, seed);
        let h = multiply(add(&x, adjoint(&x)).unwrap(), 0.5).unwrap();
        // The upper triangle is not read, and may hold anything.
        let mask = triu(namespace().ones(([n, n], DType::Bool)).unwrap(), 1).unwrap();
        let half = where_(mask, f64::NAN, &h).unwrap();
        let d = eigh(backwards(&half)).unwrap();
        prop_assert_eq!(d.eigenvalues.dtype(), dtype.real());
        for ((w, q), h) in each(&row(&d.eigenvalues)).iter().zip(&each(&d.eigenvectors)).zip(&each(&h)) {
            close(&matmul(adjoint(q), q).unwrap(), &eye(n, q), error);
            close(&matmul(multiply(q, w).unwrap(), adjoint(q)).unwrap(), h, error);
            prop_assert!(reals(w).windows(2).all(|w| w[0] <= w[1]));
        }
        close(&eigvalsh(&half).unwrap(), &d.eigenvalues, error);
    }

    #[test]
    fn eig_has_its_vectors((dtype, batch, n, _, seed) in cases()) {
        let (x, error) = numbers(&[&batch[..], &[n, n]].concat(), dtype, seed);
        let d = eig(backwards(&x)).unwrap();
        prop_assert_eq!(Some(d.eigenvalues.dtype()), dtype.complex());
        let wide = astype(&x, d.eigenvectors.dtype()).unwrap();
        close(&matmul(&wide, &d.eigenvectors).unwrap(), &multiply(&d.eigenvectors, row(&d.eigenvalues)).unwrap(), 4.0 * error);
        let lengths = vector_norm(&d.eigenvectors, -2).unwrap();
        close(&lengths, &ones_like(&lengths, ..).unwrap(), error);
        for w in each(&row(&d.eigenvalues)) {
            let w = complex(&w);
            prop_assert!(w.windows(2).all(|w| (w[0].re, w[0].im) <= (w[1].re, w[1].im)));
        }
        // Real matrices have conjugate pairs.
        let sum = sum(&d.eigenvalues, axis(-1)).unwrap();
        close(&sum, &astype(trace(&x, ..).unwrap(), sum.dtype()).unwrap(), 20.0 * error);
        // Eigenvalues may be ill-conditioned and change places; their sum and the sum of their squares do not.
        let w = eigvals(&x).unwrap();
        prop_assert_eq!((w.dims(), w.dtype()), (d.eigenvalues.dims(), d.eigenvalues.dtype()));
        let squares = |w: &Array| array_api::sum(square(w).unwrap(), axis(-1)).unwrap();
        close(&array_api::sum(&w, axis(-1)).unwrap(), &sum, 20.0 * error);
        close(&squares(&w), &squares(&d.eigenvalues), 20.0 * error);
    }

    #[test]
    fn determinants_multiply((dtype, batch, n, _, seed) in cases()) {
        let n = n.min(12);
        let shape = [&batch[..], &[n, n]].concat();
        let ((a, error), (b, _)) = (numbers(&shape, dtype, seed), numbers(&shape, dtype, !seed));
        let product = multiply(det(&a).unwrap(), det(&b).unwrap()).unwrap();
        // The determinant's condition is the product of the rows' lengths.
        let size = 3.0_f64.powi(n as i32);
        close(&det(matmul(&a, &b).unwrap()).unwrap(), &product, error * size * size);
        let d = slogdet(backwards(&a)).unwrap();
        prop_assert_eq!((d.sign.dtype(), d.logabsdet.dtype()), (dtype, dtype.real()));
        close(&multiply(&d.sign, exp(&d.logabsdet).unwrap()).unwrap(), &det(&a).unwrap(), 20.0 * error);
        if n > 0 {
            let s = prod(svdvals(&a).unwrap(), -1).unwrap();
            close(&abs(det(&a).unwrap()).unwrap(), &s, error * size);
        }
    }

    #[test]
    fn pinv_is_the_moore_penrose_inverse((dtype, batch, m, n, seed) in cases(), rank_one: bool) {
        let (mut x, error) = numbers(&[&batch[..], &[m, n]].concat(), dtype, seed);
        if rank_one && m > 0 && n > 0 {
            let column = at(&x, index![Index::Ellipsis, ..1]).unwrap();
            x = multiply(column, numbers(&[1, n], dtype, seed ^ 5).0).unwrap();
        }
        let s = svdvals(backwards(&x)).unwrap();
        close(&s, &svd(&x, ..).unwrap().s, error);
        // Only matrices whose rank is beyond doubt.
        let k = if rank_one { m.min(n).min(1) } else { m.min(n) };
        let clear = reals(&s).chunks(m.min(n).max(1)).all(|s| k == 0 || s[k - 1] > 0.02 * s[0].max(1.0));
        prop_assume!(clear);
        let rank = matrix_rank(&x, None).unwrap();
        prop_assert!(rank.to_vec::<i64>().unwrap().into_iter().all(|r| r == k as i64));
        let p = pinv(&x, None).unwrap();
        prop_assert_eq!(p.dtype(), dtype);
        let error = 5e3 * error;
        let (xp, px) = (matmul(&x, &p).unwrap(), matmul(&p, &x).unwrap());
        close(&matmul(&xp, &x).unwrap(), &x, error);
        close(&matmul(&px, &p).unwrap(), &p, error);
        close(&adjoint(&xp), &xp, error);
        close(&adjoint(&px), &px, error);
    }

    #[test]
    fn diagonals_are_picked(batch in prop::collection::vec(0_usize..4, 0..3), m in 0_usize..6, n in 0_usize..6, offset in -8_isize..8) {
        let shape = [&batch[..], &[m, n]].concat();
        let size: usize = shape.iter().product();
        let values: Vec<i64> = (0..size as i64).map(|i| i * i % 101).collect();
        let x = namespace().from_host(values.clone(), &shape[..]).unwrap();
        let on = |k: usize| (k % n) as isize - (k / n % m) as isize == offset;
        let picked: Vec<i64> = (0..size).filter(|&k| on(k)).map(|k| values[k]).collect();
        let d = diagonal(&x, offset).unwrap();
        prop_assert_eq!(d.to_vec::<i64>().unwrap(), picked.clone());
        let count = *d.shape().unwrap().last().unwrap();
        prop_assert_eq!(d.shape().unwrap(), &[&batch[..], &[count]].concat()[..]);
        let traces = trace(astype(&x, DType::Int8).unwrap(), offset).unwrap();
        prop_assert_eq!(traces.dtype(), DType::Int64);
        prop_assert_eq!(traces.shape().unwrap(), &batch[..]);
        if count > 0 {
            let sums: Vec<i64> = picked.chunks(count).map(|c| c.iter().sum()).collect();
            prop_assert_eq!(traces.to_vec::<i64>().unwrap(), sums);
        } else {
            prop_assert!(traces.to_vec::<i64>().unwrap().into_iter().all(|t| t == 0));
        }
    }
}

#[test]
fn eigenvalues_worked_out_by_hand() {
    let xp = namespace();
    let d = eigh(xp.asarray([[2.0, 1.0], [1.0, 2.0]]).unwrap()).unwrap();
    near(&d.eigenvalues, &[1.0, 3.0]);
    // A quarter turn has the eigenvalues -i and i, and the companion matrix of x^3 - 6 x^2 + 11 x - 6 has 1, 2, 3.
    let turn = eigvals(xp.asarray([[0.0, -1.0], [1.0, 0.0]]).unwrap()).unwrap();
    let turn = turn.to_vec::<Complex<f64>>().unwrap();
    assert!((turn[0] - Complex::new(0.0, -1.0)).norm() < 1e-15 && (turn[1] - Complex::new(0.0, 1.0)).norm() < 1e-15);
    let roots = eigvals(xp.asarray([[6.0, -11.0, 6.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]).unwrap()).unwrap();
    for (root, want) in complex(&roots).into_iter().zip([1.0, 2.0, 3.0]) {
        assert!((root - want).norm() < 1e-12, "{root}");
    }
    // A Hermitian matrix that is not real.
    let i = Complex::new(0.0, 1.0);
    let h = xp.asarray([[Complex::new(1.0, 0.0), -i], [i, Complex::new(1.0, 0.0)]]).unwrap();
    near(&eigvalsh(&h).unwrap(), &[0.0, 2.0]);
    // One eigenvector only: the values are still right.
    near(&real(eigvals(xp.asarray([[1.0, 1.0], [0.0, 1.0]]).unwrap()).unwrap()).unwrap(), &[1.0, 1.0]);
}

#[test]
fn determinants_worked_out_by_hand() {
    let xp = namespace();
    let x = xp.asarray([[[1.0, 2.0], [3.0, 4.0]], [[0.0, 1.0], [1.0, 0.0]], [[1.0, 2.0], [2.0, 4.0]]]).unwrap();
    near(&det(&x).unwrap(), &[-2.0, -1.0, 0.0]);
    let d = slogdet(&x).unwrap();
    assert_eq!(d.sign.to_vec::<f64>().unwrap(), [-1.0, -1.0, 0.0]);
    near(&d.logabsdet, &[2.0_f64.ln(), 0.0, f64::NEG_INFINITY]);
    // Beyond the range of numbers, where only the logarithm is left.
    let small = multiply(xp.eye(200).unwrap(), 1e-3).unwrap();
    assert_eq!(det(&small).unwrap().item::<f64>().unwrap(), 0.0);
    near(&slogdet(&small).unwrap().logabsdet, &[200.0 * 1e-3_f64.ln()]);
    let i = Complex::new(0.0, 1.0);
    let d = slogdet(xp.asarray([[i, 0.0.into()], [0.0.into(), 2.0.into()]]).unwrap()).unwrap();
    assert_eq!(d.sign.to_vec::<Complex<f64>>().unwrap(), [i]);
    near(&d.logabsdet, &[2.0_f64.ln()]);
    // A pivot of zero with more to come.
    for singular in [[[0.0; 3]; 3], [[1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [1.0, 2.0, 4.0]]] {
        let x = xp.asarray(singular).unwrap();
        assert_eq!(det(&x).unwrap().item::<f64>().unwrap(), 0.0);
        let d = slogdet(&x).unwrap();
        assert_eq!((d.sign.item::<f64>().unwrap(), d.logabsdet.item::<f64>().unwrap()), (0.0, f64::NEG_INFINITY));
    }
    // Numbers that are not finite go through.
    let bad = det(xp.asarray([[f64::NAN, 1.0], [1.0, 2.0]]).unwrap()).unwrap();
    assert!(bad.item::<f64>().unwrap().is_nan());
    assert_eq!(det(xp.asarray([[f64::INFINITY]]).unwrap()).unwrap().item::<f64>().unwrap(), f64::INFINITY);
}

#[test]
fn determinants_of_any_numbers_are_answered() {
    let special = [0.0, -0.0, 1.0, -1.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e308, 5e-324];
    for dtype in FLOATING {
        for seed in 0..200_usize {
            let n = 1 + seed % 6;
            let values: Vec<f64> = (0..n * n).map(|i| special[(i * i + seed * (i + 3)) % special.len()]).collect();
            let x = astype(namespace().from_host(values, [n, n]).unwrap(), dtype).unwrap();
            assert_eq!(det(&x).unwrap().dtype(), dtype);
            assert!(slogdet(&x).is_ok());
        }
    }
}

/// Values are those of the matrix times the same power of two, also where squares of the elements are out of range.
#[test]
fn values_grow_with_the_matrix() {
    for dtype in FLOATING {
        let (x, error) = numbers(&[3, 6, 6], dtype, 5);
        let h = add(&x, adjoint(&x)).unwrap();
        let (small, large) = if dtype.real() == DType::Float32 { (-96, 110) } else { (-960, 1000) };
        for power in [small, small / 2, large / 2, large] {
            let factor = f64::powi(2.0, power);
            let same = |found: Array, expected: Array| close(&divide(found, factor).unwrap(), &expected, error);
            let (y, g) = (multiply(&x, factor).unwrap(), multiply(&h, factor).unwrap());
            same(svdvals(&y).unwrap(), svdvals(&x).unwrap());
            let d = svd(&y, ..).unwrap();
            same(d.s, svdvals(&x).unwrap());
            for u in each(&d.u) {
                close(&matmul(adjoint(&u), &u).unwrap(), &eye(6, &u), error);
            }
            same(eigvalsh(&g).unwrap(), eigvalsh(&h).unwrap());
            same(eigvals(&y).unwrap(), eigvals(&x).unwrap());
        }
    }
}

/// Numbers near the ends of the range, all equal, or zero: an answer or an error, never a panic or a hang.
#[test]
fn extreme_numbers_are_survived() {
    for dtype in FLOATING {
        let (x, _) = numbers(&[25, 25], dtype, 3);
        let ends = if dtype.real() == DType::Float32 { [1e38, 1e-38, 1e-44] } else { [1e308, 1e-308, 5e-324] };
        for factor in ends {
            let y = multiply(&x, factor).unwrap();
            let _ = eigh(&y);
            let _ = eig(&y);
            let _ = eigvals(&y);
            let _ = svdvals(&y);
            assert!(slogdet(&y).is_ok() && det(&y).is_ok());
        }
        // Many equal eigenvalues, and too few eigenvectors.
        let zero = multiply(&x, 0.0).unwrap();
        let shifted = namespace().eye(Eye::default().n_rows(25).k(1).dtype(dtype)).unwrap();
        for y in [zero, ones_like(&x, ..).unwrap(), shifted] {
            let d = eig(&y).unwrap();
            let wide = astype(&y, d.eigenvectors.dtype()).unwrap();
            let turned = multiply(&d.eigenvectors, row(&d.eigenvalues)).unwrap();
            close(&matmul(wide, &d.eigenvectors).unwrap(), &turned, 1e-4);
            let lengths = vector_norm(&d.eigenvectors, -2).unwrap();
            close(&lengths, &ones_like(&lengths, ..).unwrap(), 1e-5);
        }
    }
}

#[test]
fn results_do_not_depend_on_threads() {
    let (x, _) = numbers(&[40, 30, 30], DType::Float64, 5);
    let f = || {
        let (h, g) = (eigh(&x).unwrap(), eig(&x).unwrap());
        [h.eigenvalues, h.eigenvectors, g.eigenvalues, g.eigenvectors, svdvals(&x).unwrap(), det(&x).unwrap()]
            .map(|a| complex(&a))
    };
    let outside = f();
    let inside = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap().install(f);
    assert_eq!(outside, inside);
}

#[test]
fn norms_worked_out_by_hand() {
    let xp = namespace();
    let x = xp.asarray([[1.0, -2.0], [3.0, 4.0]]).unwrap();
    let inf = f64::INFINITY;
    // The squares of the singular values are 15 +- sqrt(125).
    let s = [(15.0 + 125.0_f64.sqrt()).sqrt(), (15.0 - 125.0_f64.sqrt()).sqrt()];
    let orders = [(1.0, 6.0), (-1.0, 4.0), (inf, 7.0), (-inf, 3.0), (2.0, s[0]), (-2.0, s[1])];
    for (ord, want) in orders {
        near(&matrix_norm(&x, ord).unwrap(), &[want]);
    }
    near(&matrix_norm(&x, ..).unwrap(), &[30.0_f64.sqrt()]);
    near(&matrix_norm(&x, "nuc").unwrap(), &[s[0] + s[1]]);
    let kept = matrix_norm(xp.ones([5, 2, 3]).unwrap(), MatrixNorm::from("nuc").keepdims(true)).unwrap();
    assert_eq!(kept.shape().unwrap(), [5, 1, 1]);

    let v = xp.asarray([3.0, 0.0, -4.0]).unwrap();
    let vector = |ord: f64| vector_norm(&v, VectorNorm::default().ord(ord)).unwrap();
    for (ord, want) in [(2.0, 5.0), (1.0, 7.0), (0.0, 2.0), (inf, 4.0), (-inf, 0.0), (-1.0, 0.0), (-2.0, 0.0)] {
        near(&vector(ord), &[want]);
    }
    near(&vector(3.0), &[91.0_f64.cbrt()]);
    near(&vector(0.5), &[(3.0_f64.sqrt() + 2.0).powi(2)]);
    let away = xp.asarray([3.0, -4.0]).unwrap();
    near(&vector_norm(&away, VectorNorm::default().ord(-1)).unwrap(), &[12.0 / 7.0]);
    near(&vector_norm(&away, VectorNorm::default().ord(-2)).unwrap(), &[12.0 / 5.0]);

    // Complex numbers count by their absolute value, and the result is real.
    let z = astype(xp.asarray([[Complex::new(3.0, 4.0), Complex::new(0.0, 12.0)]]).unwrap(), DType::Complex64).unwrap();
    for (ord, want) in [(2.0, 13.0), (1.0, 17.0), (inf, 12.0), (-inf, 5.0), (0.0, 2.0)] {
        let norm = vector_norm(&z, VectorNorm::from(-1).ord(ord)).unwrap();
        assert_eq!((norm.dtype(), norm.to_vec::<f32>().unwrap()), (DType::Float32, vec![want as f32]));
    }
    assert_eq!(matrix_norm(&z, ..).unwrap().to_vec::<f32>().unwrap(), [13.0]);
    let both = vector_norm(xp.ones([2, 3, 4]).unwrap(), axis([0, -1]).keepdims()).unwrap();
    assert_eq!((both.shape().unwrap(), reals(&both)), (&[1, 3, 1][..], vec![8.0_f64.sqrt(); 3]));
    // Parameters read back from their values.
    let fields = Params::write(&MatrixNorm::from("nuc"));
    assert_eq!(fields[1], ("ord", Value::Text("nuc".into())));
    assert_eq!(NormOrder::from_value(&Value::Int(-2)).unwrap(), NormOrder::Number(-2.0));
}

#[test]
fn ranks_and_tolerances() {
    let xp = namespace();
    let x = xp.asarray([[[1.0, 0.0], [0.0, 1e-3]], [[1.0, 1.0], [1.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]]]).unwrap();
    let rank = |r: Result<Array>| r.unwrap().to_vec::<i64>().unwrap();
    assert_eq!(rank(matrix_rank(&x, None)), [2, 1, 0]);
    assert_eq!(rank(matrix_rank(&x, 1e-2)), [1, 1, 0]);
    assert_eq!(rank(matrix_rank(&x, xp.asarray([1e-4, 1e-2, 0.0]).unwrap())), [2, 1, 0]);
    assert_eq!(rank(matrix_rank(&x, xp.asarray([1e-2]).unwrap())), [1, 1, 0]);
    let p = pinv(&x, xp.asarray([1e-2, 1e-2, 0.0]).unwrap()).unwrap();
    near(&p, &[1.0, 0.0, 0.0, 0.0, 0.25, 0.25, 0.25, 0.25, 0.0, 0.0, 0.0, 0.0]);
    // The tolerance may be of the other precision; the result keeps the matrix's type.
    let single = astype(&x, DType::Float32).unwrap();
    let p = pinv(&single, xp.asarray([1e-2, 1e-2, 0.0]).unwrap()).unwrap();
    assert_eq!(p.dtype(), DType::Float32);
    let e = matrix_rank(&x, xp.asarray([1, 2, 3]).unwrap()).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::DType);
    assert_eq!(matrix_rank(&x, true).unwrap_err().kind(), ErrorKind::DType);
    let e = pinv(&x, xp.ones([2, 3]).unwrap()).unwrap_err();
    assert!(e.to_string().contains("rtol has shape (2, 3)"), "{e}");
}

#[test]
fn powers_and_products() {
    let xp = namespace();
    let x = xp.asarray([[1.0, 1.0], [1.0, 0.0]]).unwrap();
    // Fibonacci's numbers.
    near(&matrix_power(&x, 10).unwrap(), &[89.0, 55.0, 55.0, 34.0]);
    near(&matrix_power(&x, -3).unwrap(), &[-1.0, 2.0, 2.0, -3.0]);
    near(&matrix_power(&x, 0).unwrap(), &[1.0, 0.0, 0.0, 1.0]);
    near(&matrix_power(&x, 1).unwrap(), &[1.0, 1.0, 1.0, 0.0]);
    // The power of a turn by one degree, squared many times.
    let (s, c) = 1.0_f64.to_radians().sin_cos();
    let turn = matrix_power(xp.asarray([[c, -s], [s, c]]).unwrap(), isize::pow(2, 20) * 360 + 90).unwrap();
    assert!((reals(&turn)[2] - 1.0).abs() < 1e-6);

    // Exact in integers of every type that products have.
    let (a, b) = (xp.asarray([i64::MAX, -2]).unwrap(), xp.asarray([1, 0, 3_i64]).unwrap());
    let o = outer(&a, &b).unwrap();
    assert_eq!(o.to_vec::<i64>().unwrap(), [i64::MAX, 0, i64::MAX.wrapping_mul(3), -2, 0, -6]);
    let k = kron(xp.asarray([[1_i32, 2], [3, 4]]).unwrap(), xp.asarray([0_i32, 5]).unwrap()).unwrap();
    assert_eq!((k.shape().unwrap(), k.to_vec::<i32>().unwrap()), (&[2, 4][..], vec![0, 5, 0, 10, 0, 15, 0, 20]));
    let k = kron(xp.asarray([1_u8, 2]).unwrap(), xp.asarray([[3_u16], [4]]).unwrap()).unwrap();
    assert_eq!((k.dtype(), k.to_vec::<u16>().unwrap()), (DType::UInt16, vec![3, 6, 4, 8]));
    let c = cross(xp.asarray([1_i8, 0, 0]).unwrap(), xp.asarray([[0_i8, 1, 0], [0, 0, 1]]).unwrap(), ..).unwrap();
    assert_eq!((c.dtype(), c.to_vec::<i8>().unwrap()), (DType::Int8, vec![0, 0, 1, 0, -1, 0]));
    let (a, b) = (numbers(&[4, 1, 3, 2], DType::Float64, 1).0, numbers(&[5, 3, 1], DType::Float64, 2).0);
    let c = cross(&a, &b, -2).unwrap();
    assert_eq!(c.shape().unwrap(), [4, 5, 3, 2]);
    let along = sum(multiply(&c, &a).unwrap(), axis(-2)).unwrap();
    assert!(reals(&along).into_iter().all(|x| x.abs() < 1e-14));
    // Matrices that are views backwards in memory.
    let (m, _) = numbers(&[3, 4], DType::Float64, 9);
    assert_eq!(reals(&diagonal(backwards(&m), 1).unwrap()), reals(&diagonal(&m, 1).unwrap()));
    let t = trace(xp.asarray([[200_u8, 0], [0, 200]]).unwrap(), ..).unwrap();
    assert_eq!((t.dtype(), t.item::<u64>().unwrap()), (DType::UInt64, 400));
    assert_eq!(trace(xp.asarray([[1_i8, 0], [0, 1]]).unwrap(), DType::Float32).unwrap().dtype(), DType::Float32);
}

#[test]
fn matrices_without_elements() {
    let xp = namespace();
    let none = xp.zeros([0, 0]).unwrap();
    assert_eq!(det(&none).unwrap().item::<f64>().unwrap(), 1.0);
    let d = slogdet(&none).unwrap();
    assert_eq!((d.sign.item::<f64>().unwrap(), d.logabsdet.item::<f64>().unwrap()), (1.0, 0.0));
    assert_eq!(eigh(&none).unwrap().eigenvectors.shape().unwrap(), [0, 0]);
    assert_eq!(eig(&none).unwrap().eigenvalues.dtype(), DType::Complex128);
    assert_eq!(matrix_power(&none, -2).unwrap().shape().unwrap(), [0, 0]);
    let stack = xp.zeros([0, 3, 3]).unwrap();
    for x in
        [det(&stack), eigvals(&stack).map(|w| sum(w, -1).unwrap()), matrix_rank(&stack, None), matrix_norm(&stack, 2)]
    {
        assert_eq!(x.unwrap().shape().unwrap(), [0]);
    }
    assert_eq!(pinv(xp.zeros([2, 0, 3]).unwrap(), None).unwrap().shape().unwrap(), [2, 3, 0]);
    assert_eq!(matrix_rank(xp.zeros([2, 0, 3]).unwrap(), None).unwrap().to_vec::<i64>().unwrap(), [0, 0]);
    assert_eq!(svdvals(xp.zeros([2, 0, 3]).unwrap()).unwrap().shape().unwrap(), [2, 0]);
    assert_eq!(kron(xp.zeros([0, 2]).unwrap(), xp.zeros([3, 3]).unwrap()).unwrap().shape().unwrap(), [0, 6]);
    assert_eq!(outer(xp.zeros([0]).unwrap(), xp.zeros([3]).unwrap()).unwrap().shape().unwrap(), [0, 3]);
    let flat = xp.zeros([2, 0, 3]).unwrap();
    for ord in [1.0, 2.0, f64::INFINITY] {
        assert_eq!(reals(&matrix_norm(&flat, ord).unwrap()), [0.0; 2]);
        assert_eq!(reals(&matrix_norm(xp.zeros([2, 3, 0]).unwrap(), ord).unwrap()), [0.0; 2]);
        assert_eq!(reals(&vector_norm(&flat, VectorNorm::from(1).ord(ord)).unwrap()), [0.0; 6]);
    }
    let least = vector_norm(&flat, VectorNorm::from(1).ord(f64::NEG_INFINITY)).unwrap();
    assert_eq!(reals(&least), [f64::INFINITY; 6]);
    assert_eq!(reals(&vector_norm(&flat, VectorNorm::from(1).ord(-3)).unwrap()), [f64::INFINITY; 6]);
    let e = matrix_norm(&flat, -2).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Value);
    assert_eq!(reals(&matrix_norm(&flat, -1).unwrap()), [0.0; 2]);
}

#[test]
fn wrong_arguments_are_named() {
    let xp = namespace();
    let (flat, wide) = (xp.ones([3]).unwrap(), xp.ones([2, 3]).unwrap());
    let square = xp.ones([2, 2]).unwrap();
    let integers = xp.ones(([2, 2], DType::Int32)).unwrap();
    let text = |r: Result<Array>| r.unwrap_err().to_string();
    type Function = fn(&Array) -> Result<Array>;
    let squares: [Function; 4] =
        [|x| det(x), |x| eigvals(x), |x| eigh(x).map(|d| d.eigenvectors), |x| matrix_power(x, 2)];
    for f in squares {
        assert_eq!(f(&flat).unwrap_err().kind(), ErrorKind::Shape);
        assert!(text(f(&wide)).contains("x has shape (2, 3), but its last two axes must be equal"));
        assert_eq!(f(&integers).unwrap_err().kind(), ErrorKind::DType);
    }
    let matrices: [Function; 3] = [|x| svdvals(x), |x| pinv(x, None), |x| matrix_norm(x, ..)];
    for f in matrices {
        assert_eq!(f(&flat).unwrap_err().kind(), ErrorKind::Shape);
        assert_eq!(f(&integers).unwrap_err().kind(), ErrorKind::DType);
    }
    assert_eq!(
        text(matrix_norm(&square, 3)),
        "matrix_norm: there is no norm of order 3; valid are \"fro\", \"nuc\", 1, -1, 2, -2, inf and -inf"
    );
    assert!(text(matrix_norm(&square, "max")).contains("no norm of order \"max\""));
    assert!(text(vector_norm(&flat, VectorNorm::default().ord("fro"))).contains("valid are all real numbers"));
    assert!(text(vector_norm(&flat, VectorNorm::default().ord(f64::NAN))).contains("no norm of order NaN"));
    assert!(text(outer(&flat, &wide)).contains("not of shapes (3,) and (2, 3)"));
    assert!(text(cross(&flat, &square, ..)).contains("axis -1 must have 3 elements in both arguments"));
    assert!(text(cross(&flat, &flat, 0)).contains("axis 0 must be negative"));
    assert_eq!(cross(&flat, &flat, -2).unwrap_err().kind(), ErrorKind::Axis);
    assert_eq!(trace(xp.ones(([2, 2], DType::Bool)).unwrap(), ..).unwrap_err().kind(), ErrorKind::DType);
    assert!(text(matrix_power(xp.ones([2, 2]).unwrap(), -1)).contains("singular"));
    for bad in [f64::NAN, f64::INFINITY] {
        let x = xp.asarray([[[1.0, 2.0], [2.0, 4.0]], [[1.0, 2.0], [bad, 1.0]]]).unwrap();
        let want = format!("matrix [1] of the stack has the element {bad} in row 1, column 0: it must be finite");
        assert_eq!(text(eigh(&x).map(|d| d.eigenvalues)), format!("eigh: {want}"));
        assert_eq!(text(eigvalsh(&x)), format!("eigvalsh: {want}"));
        assert_eq!(text(eig(&x).map(|d| d.eigenvalues)), format!("eig: {want}"));
        assert_eq!(text(eigvals(&x)), format!("eigvals: {want}"));
        assert_eq!(text(svdvals(&x)), format!("svdvals: {want}"));
    }
}
