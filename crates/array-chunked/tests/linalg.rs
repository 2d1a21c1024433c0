//! Linear algebra on matrices that are cut: residuals, and what arrays in memory give.

mod cuts;

use array_api::{Array, DType, Namespace, Qr, Result, Svd, index};
use array_chunked::ChunkSpec;
use proptest::prelude::*;

use crate::cuts::cut;

fn space() -> Namespace {
    array_ndarray::namespace()
}

fn chunked(x: &Array, bits: [u64; 2]) -> Array {
    let spec = x.dims().iter().zip(bits).map(|(&n, bits)| cut(n, bits)).collect();
    array_chunked::from_array(x, ChunkSpec::Axes(spec)).unwrap()
}

fn random(shape: [usize; 2], dtype: DType, seed: u64) -> Array {
    let xp = space();
    let draw = |i: u64| xp.normal(xp.key(seed * 2 + i).unwrap(), shape).unwrap();
    if dtype.is_complex() {
        let imaginary = xp.asarray(array_api::Complex::<f64>::new(0.0, 1.0)).unwrap();
        let z = array_api::add(draw(0), array_api::multiply(imaginary, draw(1)).unwrap()).unwrap();
        return array_api::astype(z, dtype).unwrap();
    }
    array_api::astype(draw(0), dtype).unwrap()
}

fn adjoint(x: &Array) -> Array {
    let x = if x.dtype().is_complex() { array_api::conj(x).unwrap() } else { x.clone() };
    array_api::matrix_transpose(x).unwrap()
}

/// The largest difference of two arrays, of any kinds.
fn apart(x: &Array, y: &Array) -> f64 {
    let values = |x: &Array| if x.kind().name() == "chunked" { array_chunked::compute(x).unwrap() } else { x.clone() };
    let (x, y) = (values(x), values(y));
    assert_eq!((x.dims(), x.dtype()), (y.dims(), y.dtype()));
    if x.size().unwrap() == 0 {
        return 0.0;
    }
    let difference = array_api::abs(array_api::subtract(x, y).unwrap()).unwrap();
    let difference = array_api::astype(array_api::max(difference, ..).unwrap(), DType::Float64).unwrap();
    difference.item::<f64>().unwrap()
}

fn product(x: &Array, y: &Array) -> Array {
    array_api::matmul(x, y).unwrap()
}

/// How far the columns are from orthonormal.
fn skew(q: &Array) -> f64 {
    let identity = space().eye((q.dims()[1], q.dtype())).unwrap();
    apart(&product(&adjoint(q), q), &identity)
}

fn bound(dtype: DType) -> f64 {
    if matches!(dtype, DType::Float32 | DType::Complex64) { 2e-4 } else { 1e-11 }
}

fn any_matrix() -> impl Strategy<Value = ([usize; 2], [u64; 2], DType, u64)> {
    let dtype = prop_oneof![Just(DType::Float64), Just(DType::Float32), Just(DType::Complex128)];
    ([1_usize..24, 1_usize..24], any::<[u64; 2]>(), dtype, any::<u32>().prop_map(u64::from))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn qr_is_the_one_in_memory((shape, bits, dtype, seed) in any_matrix(), complete in any::<bool>()) {
        let x = random(shape, dtype, seed);
        let lazy = chunked(&x, bits);
        let mode = || Qr { mode: if complete { "complete" } else { "reduced" }.to_string() };
        let made = array_api::qr(&lazy, mode()).unwrap();
        prop_assert!(skew(&made.q) < bound(dtype));
        prop_assert!(apart(&product(&made.q, &made.r), &x) < bound(dtype));
        let own = array_api::qr(&x, mode()).unwrap();
        prop_assert!(apart(&made.r, &own.r) < 100.0 * bound(dtype), "the triangle is unique");
        prop_assert_eq!(made.q.dims(), own.q.dims());
        // Alone, R is made without Q: the same bits, since the same reflections are made.
        let both = array_chunked::compute_all(&[&made.q, &made.r]).unwrap();
        let alone = array_chunked::compute(&array_api::qr(&lazy, mode()).unwrap().r).unwrap();
        prop_assert_eq!(both[1].to_host().unwrap(), alone.to_host().unwrap());
        if !complete {
            let only = array_api::qr(&lazy, Qr { mode: "r".to_string() }).unwrap();
            prop_assert_eq!(only.q.dims(), &array_api::Dims::new(&[shape[0], 0]));
            let only = array_chunked::compute_all(&[&only.q, &only.r]).unwrap();
            prop_assert_eq!(only[0].dims(), &array_api::Dims::new(&[shape[0], 0]));
            prop_assert_eq!(only[1].to_host().unwrap(), alone.to_host().unwrap());
        }
    }

    #[test]
    fn svd_is_the_one_in_memory((shape, bits, dtype, seed) in any_matrix(), full in any::<bool>()) {
        let x = random(shape, dtype, seed);
        let lazy = chunked(&x, bits);
        let made = array_api::svd(&lazy, Svd { full_matrices: full }).unwrap();
        let own = array_api::svd(&x, Svd { full_matrices: full }).unwrap();
        prop_assert_eq!((made.u.dims(), made.vh.dims()), (own.u.dims(), own.vh.dims()));
        prop_assert!(apart(&made.s, &own.s) < bound(dtype));
        prop_assert!(apart(&array_api::svdvals(&lazy).unwrap(), &own.s) < bound(dtype));
        prop_assert!(skew(&made.u) < bound(dtype) && skew(&adjoint(&made.vh)) < bound(dtype));
        let k = shape[0].min(shape[1]) as isize;
        let u = array_api::at(&made.u, index![.., ..k]).unwrap();
        let vh = array_api::at(&made.vh, index![..k]).unwrap();
        let s = array_api::astype(&made.s, dtype).unwrap();
        prop_assert!(apart(&product(&array_api::multiply(u, s).unwrap(), &vh), &x) < bound(dtype));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn systems_are_solved((shape, bits, dtype, seed) in any_matrix(), more in any::<[u64; 2]>(), vector in any::<bool>()) {
        let [n, columns] = shape;
        let x = random([n, n], dtype, seed);
        let y = random([n, columns], dtype, seed + 1);
        let y = if vector { array_api::at(y, index![.., 0]).unwrap() } else { y };
        let (lazy, right) = (chunked(&x, bits), chunked(&y, more));
        let made = array_chunked::compute(&array_api::solve(&lazy, &right).unwrap()).unwrap();
        let scale = 1.0 + apart(&made, &space().zeros((made.dims(), dtype)).unwrap());
        prop_assert!(apart(&product(&x, &made), &y) < scale * bound(dtype));
        let inverse = array_chunked::compute(&array_api::inv(&lazy).unwrap()).unwrap();
        let scale = 1.0 + apart(&inverse, &space().zeros((inverse.dims(), dtype)).unwrap());
        prop_assert!(apart(&product(&x, &inverse), &space().eye((n, dtype)).unwrap()) < scale * bound(dtype));
        let own = array_api::slogdet(&x).unwrap();
        let made = array_api::slogdet(&lazy).unwrap();
        prop_assert!(apart(&made.logabsdet, &own.logabsdet) < scale * bound(dtype));
        prop_assert!(apart(&made.sign, &own.sign) < scale * bound(dtype));
        let own = array_api::det(&x).unwrap();
        let size = 1.0 + apart(&own, &space().zeros(((), dtype)).unwrap());
        prop_assert!(apart(&array_api::det(&lazy).unwrap(), &own) < size * scale * bound(dtype));
    }

    #[test]
    fn triangles_are_decomposed_and_solved_by_tiles(
        (shape, bits, dtype, seed) in any_matrix(), more in any::<[u64; 2]>(), upper in any::<bool>(), unit in any::<bool>(),
    ) {
        let [n, columns] = shape;
        let x = random([n, n], dtype, seed);
        let positive = array_api::add(product(&x, &adjoint(&x)), space().eye((n, dtype)).unwrap()).unwrap();
        // What lies on the other side of the diagonal is not read.
        let noise = random([n, n], dtype, seed + 2);
        let (own, other) = if upper {
            (array_api::triu(&positive, 0).unwrap(), array_api::tril(&noise, -1).unwrap())
        } else {
            (array_api::tril(&positive, 0).unwrap(), array_api::triu(&noise, 1).unwrap())
        };
        let half = array_api::add(own, other).unwrap();
        let factor = array_api::cholesky(chunked(&half, bits), array_api::Cholesky { upper }).unwrap();
        let again = if upper { product(&adjoint(&factor), &factor) } else { product(&factor, &adjoint(&factor)) };
        prop_assert!(apart(&again, &positive) < 100.0 * bound(dtype));
        let whole = array_chunked::compute(&factor).unwrap();
        let own = array_api::cholesky(&half, array_api::Cholesky { upper }).unwrap();
        prop_assert!(apart(&whole, &own) < 100.0 * bound(dtype));
        let whole = if unit { array_api::divide(&whole, 10.0).unwrap() } else { whole };
        let y = random([n, columns], dtype, seed + 1);
        let p = array_api::TriangularSolve { upper, unit_diagonal: unit };
        let made = array_api::triangular_solve(chunked(&whole, bits), chunked(&y, more), p.clone()).unwrap();
        let own = array_api::triangular_solve(&whole, &y, p).unwrap();
        let scale = 1.0 + apart(&own, &space().zeros((own.dims(), dtype)).unwrap());
        prop_assert!(apart(&made, &own) < 100.0 * scale * bound(dtype));
    }
}

proptest! {
    #[test]
    fn triangles_are_cut_by_one_diagonal((shape, bits, dtype, seed) in any_matrix(), k in -30_isize..30) {
        let x = random(shape, dtype, seed);
        let lazy = chunked(&x, bits);
        prop_assert_eq!(apart(&array_api::tril(&lazy, k).unwrap(), &array_api::tril(&x, k).unwrap()), 0.0);
        prop_assert_eq!(apart(&array_api::triu(&lazy, k).unwrap(), &array_api::triu(&x, k).unwrap()), 0.0);
    }
}

#[test]
fn pivots_are_those_of_the_whole_matrix() -> Result<()> {
    // Growth of the kind that pivoting within chunks only would suffer.
    let n = 60;
    let x = array_api::add(random([n, n], DType::Float64, 11), array_api::multiply(space().eye(n)?, 1e-14)?)?;
    let x = array_api::set_at(x, 1e-18, index![..20, ..20])?;
    let y = space().ones([n])?;
    let made = array_api::solve(array_chunked::from_array(&x, 20)?, array_chunked::from_array(&y, 20)?)?;
    assert!(apart(&made, &array_api::solve(&x, &y)?) < 1e-10);
    Ok(())
}

#[test]
fn a_singular_matrix_is_an_error_of_solve_and_has_determinant_zero() -> Result<()> {
    let x = array_api::set_at(random([12, 12], DType::Float64, 4), 0.0, index![.., 7])?;
    let lazy = array_chunked::from_array(&x, 5)?;
    let right = array_chunked::from_array(&space().ones([12])?, 5)?;
    let text = array_chunked::compute(&array_api::solve(&lazy, &right)?).unwrap_err().to_string();
    assert!(text.contains("singular") && text.contains("pivot"), "{text}");
    assert_eq!(array_api::det(&lazy)?.item::<f64>()?, 0.0);
    let made = array_api::slogdet(&lazy)?;
    assert_eq!((made.sign.item::<f64>()?, made.logabsdet.item::<f64>()?), (0.0, f64::NEG_INFINITY));
    let text = array_chunked::compute(&array_api::cholesky(&lazy, ..)?).unwrap_err().to_string();
    assert!(text.contains("not positive definite") && text.contains("row 0"), "{text}");
    Ok(())
}

#[test]
fn qr_of_tall_matrices_climbs_a_tree() -> Result<()> {
    let x = random([999, 3], DType::Float64, 5);
    let made = array_api::qr(array_chunked::from_array(&x, [7, 3])?, ..)?;
    assert!(skew(&made.q) < 1e-13);
    assert!(apart(&product(&made.q, &made.r), &x) < 1e-13);
    Ok(())
}

#[test]
fn q_is_orthonormal_for_matrices_without_full_rank() -> Result<()> {
    let x = random([40, 2], DType::Float64, 7);
    let x = product(&x, &random([2, 30], DType::Float64, 8));
    for x in [x, space().zeros([40, 30])?] {
        let made = array_api::qr(array_chunked::from_array(&x, 9)?, ..)?;
        assert!(skew(&made.q) < 1e-13);
        assert!(apart(&product(&made.q, &made.r), &x) < 1e-12);
    }
    Ok(())
}

#[test]
fn singular_values_of_a_random_matrix_are_those_in_memory() -> Result<()> {
    let xp = array_chunked::over(&space()).with("chunks", array_api::Value::Int(100));
    let x = xp.normal(&xp.key(1)?, [500, 100])?;
    let made = array_api::svd(&x, Svd { full_matrices: false })?;
    let own = array_api::svdvals(array_chunked::compute(&x)?)?;
    let ratio = array_api::divide(array_chunked::compute(&made.s)?, own)?;
    assert!(apart(&ratio, &space().ones([100])?) < 1e-12);
    Ok(())
}

#[test]
fn what_needs_all_of_a_large_matrix_declines_and_says_what_to_do() -> Result<()> {
    let xp = array_chunked::over(&space()).with("chunks", array_api::Value::Int(1000));
    let x = xp.zeros([4000, 4000])?;
    for (text, name) in [
        (array_api::eigh(&x).unwrap_err().to_string(), "rechunk the array"),
        (array_api::svd(&x, ..).unwrap_err().to_string(), "svd_compressed"),
    ] {
        assert!(text.contains(name) && text.contains("4000"), "{text}");
    }
    let small = random([6, 6], DType::Float64, 3);
    let small = array_api::add(&small, adjoint(&small))?;
    let made = array_api::eigvalsh(array_chunked::from_array(&small, 2)?)?;
    assert!(apart(&made, &array_api::eigvalsh(small)?) < 1e-12);
    Ok(())
}

#[test]
fn compressed_singular_values_are_the_leading_ones() -> Result<()> {
    let xp = array_chunked::over(&space()).with("chunks", array_api::Value::Int(64));
    let q = array_api::qr(xp.normal(&xp.key(1)?, [300, 40])?, ..)?.q;
    let s = array_api::exp(array_api::multiply(array_api::astype(xp.arange(0..40)?, DType::Float64)?, -0.5)?)?;
    let vh = adjoint(&array_api::qr(xp.normal(&xp.key(2)?, [200, 40])?, ..)?.q);
    let x = product(&array_api::multiply(q, &s)?, &vh);
    let made = array_chunked::svd_compressed(&x, 10, &xp.key(3)?, 2)?;
    assert!(apart(&made.s, &array_api::at(s, ..10)?) < 1e-10);
    assert!(skew(&made.u) < 1e-12 && skew(&adjoint(&made.vh)) < 1e-12);
    let text = array_chunked::svd_compressed(&x, 500, &xp.key(3)?, 2).unwrap_err().to_string();
    assert!(text.contains("500") && text.contains("200"), "{text}");
    Ok(())
}
