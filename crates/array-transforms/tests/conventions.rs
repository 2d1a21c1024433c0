//! What derivatives are at ties and kinks, as the tables document it.

use array_api::{Array, Result, axis};
use array_transforms::{grad, jvp, vjp};

fn x(v: &[f64]) -> Array {
    array_ndarray::namespace().asarray(v).unwrap()
}

/// The gradient of the sum, and the derivative along ones: the same for elementwise functions.
fn elementwise(f: impl Fn(&Array) -> Result<Array>, at: &[f64]) -> Vec<f64> {
    let at = x(at);
    let g = grad(|x: &Array| f(x)?.sum(..))(&at).unwrap().to_vec::<f64>().unwrap();
    let (_, t) = jvp(&f, &at, &at.namespace().ones(at.dims()).unwrap()).unwrap();
    assert_eq!(t.to_vec::<f64>().unwrap(), g);
    g
}

#[test]
fn kinks() {
    let at = [-1.0, 0.0, 2.0];
    assert_eq!(elementwise(|x| x.relu(), &at), [0.0, 0.0, 1.0]);
    assert_eq!(elementwise(|x| x.abs(), &at), [-1.0, 0.0, 1.0]);
    assert_eq!(elementwise(|x| x.sign(), &at), [0.0; 3]);
    assert_eq!(elementwise(|x| x.maximum(0), &at), [0.0, 0.5, 1.0]);
    assert_eq!(elementwise(|x| x.minimum(0.0), &at), [1.0, 0.5, 0.0]);
    assert_eq!(elementwise(|x| x.floor(), &at), [0.0; 3]);
    assert_eq!(elementwise(|x| x.round(), &at), [0.0; 3]);
    assert_eq!(elementwise(|x| x.elu(..), &[0.0]), [1.0]);
    assert_eq!(elementwise(|x| x.stop_gradient(), &at), [0.0; 3]);
    assert_eq!(elementwise(|x| (x * x.stop_gradient()?).ok(), &at), at);
}

#[test]
fn bounds_belong_to_the_inside() {
    assert_eq!(elementwise(|x| x.clip(-1.0, 1.0), &[-2.0, -1.0, 0.0, 1.0, 2.0]), [0.0, 1.0, 1.0, 1.0, 0.0]);
    // The upper bound wins where the bounds cross, as in the values.
    let (low, high) = (x(&[2.0]), x(&[1.0]));
    let f = |(x, low, high): &(Array, Array, Array)| x.clip(low, high)?.sum(..);
    let (dx, dlow, dhigh) = grad(f)(&(x(&[0.0]), low, high)).unwrap();
    assert_eq!([dx, dlow, dhigh].map(|g| g.item::<f64>().unwrap()), [0.0, 0.0, 1.0]);
}

#[test]
fn ties_share() {
    let at = x(&[1.0, 3.0, 3.0]);
    let g = |f: fn(&Array) -> Result<Array>| grad(f)(&at).unwrap().to_vec::<f64>().unwrap();
    assert_eq!(g(|x| x.max(..)), [0.0, 0.5, 0.5]);
    assert_eq!(g(|x| (-x).ok()?.min(..)), [0.0, -0.5, -0.5]);
    // Sorting takes ties in their order, which gives each its own place.
    let weights = x(&[1.0, 2.0, 4.0]);
    assert_eq!(
        grad(|x: &Array| (x.sort(..)? * &weights).sum(..))(&at).unwrap().to_vec::<f64>().unwrap(),
        [1.0, 2.0, 4.0]
    );
}

#[test]
fn windows_share_and_add_up() {
    // Two equal maxima share a window's cotangent; an element under two windows gets both.
    let image = x(&[1.0, 3.0, 3.0]).reshape([1, 3]).unwrap();
    let f = |x: &Array| x.max_pool2d(array_api::MaxPool2d::from([1, 2]).stride(1))?.sum(..);
    assert_eq!(grad(f)(&image).unwrap().to_vec::<f64>().unwrap(), [0.0, 1.5, 0.5]);
    let f = |x: &Array| x.convolve(x.namespace().asarray([1.0, 2.0])?, "valid")?.sum(..);
    assert_eq!(grad(f)(&x(&[1.0, 1.0, 1.0])).unwrap().to_vec::<f64>().unwrap(), [2.0, 3.0, 1.0]);
}

#[test]
fn parameters_of_incomplete_functions_have_no_derivative() {
    let at = x(&[0.5]);
    let e = grad(|a: &Array| a.gammainc(&at)?.sum(..))(&x(&[2.0])).unwrap_err();
    assert!(e.message().contains("no derivative with respect to the parameter a, only to x"), "{e}");
    let e = grad(|b: &Array| array_api::betainc(2.0, b, &at)?.sum(..))(&x(&[2.0])).unwrap_err();
    assert!(e.message().contains("the parameter b, only to x; stop_gradient(b) holds it"), "{e}");
    let g = grad(|x: &Array| array_api::gammainc(x.stop_gradient()?, x)?.sum(..))(&x(&[1.0])).unwrap();
    assert!((g.item::<f64>().unwrap() - (-1.0_f64).exp()).abs() < 1e-15);
    // Of the exponential and the uniform distribution, at the ends where logarithms are infinite.
    assert_eq!(elementwise(|x| array_api::gammainc(1.0, x), &[0.0]), [1.0]);
    assert_eq!(elementwise(|x| array_api::gammaincc(3.0, x), &[0.0]), [0.0]);
    assert_eq!(elementwise(|x| array_api::betainc(1.0, 1.0, x), &[0.0, 0.5, 1.0]), [1.0; 3]);
}

#[test]
fn zeros_are_exact_where_products_are_differentiated() {
    let at = x(&[2.0, 0.0, 3.0, 0.0]);
    assert_eq!(grad(|x: &Array| x.prod(..))(&at).unwrap().to_vec::<f64>().unwrap(), [0.0; 4]);
    let one = x(&[2.0, 0.0, 3.0]);
    assert_eq!(grad(|x: &Array| x.prod(..))(&one).unwrap().to_vec::<f64>().unwrap(), [0.0, 6.0, 0.0]);
    // d/dx of x0 + x0 x1 + x0 x1 x2.
    let g = grad(|x: &Array| x.cumulative_prod(..)?.sum(..))(&one).unwrap();
    assert_eq!(g.to_vec::<f64>().unwrap(), [1.0, 8.0, 0.0]);
    // Powers at zero.
    assert_eq!(elementwise(|x| x.pow(2), &[0.0]), [0.0]);
    assert_eq!(elementwise(|x| x.pow(1), &[0.0]), [1.0]);
    assert_eq!(elementwise(|x| x.pow(0), &[0.0]), [0.0]);
    let (base, exponent) = grad(|(x, y): &(Array, Array)| x.pow(y)?.sum(..))(&(x(&[0.0]), x(&[2.0]))).unwrap();
    assert_eq!((base.item::<f64>().unwrap(), exponent.item::<f64>().unwrap()), (0.0, 0.0));
}

#[test]
fn a_function_of_complex_numbers_points_uphill() {
    let xp = array_ndarray::namespace();
    let z = xp.asarray([array_api::Complex::new(3.0, 4.0)]).unwrap();
    let g = grad(|z: &Array| z.abs()?.sum(..))(&z).unwrap().to_vec::<array_api::Complex<f64>>().unwrap();
    assert!((g[0] - array_api::Complex::new(0.6, 0.8)).norm() < 1e-15);
    let zero = xp.asarray([array_api::Complex::new(0.0, 0.0)]).unwrap();
    let g = grad(|z: &Array| z.abs()?.sum(..))(&zero).unwrap().to_vec::<array_api::Complex<f64>>().unwrap();
    assert_eq!(g[0].norm(), 0.0);
}

#[test]
fn decompositions_say_where_they_have_no_derivative() {
    let xp = array_ndarray::namespace();
    let a = xp.asarray([[3.0, 1.0], [0.5, 2.0], [1.0, -1.0]]).unwrap();
    // The singular values of full matrices have one; the rest of a basis has not.
    let full = |a: &Array| a.svd(..)?.s.sum(..);
    let thin = |a: &Array| a.svd(array_api::Svd { full_matrices: false })?.s.sum(..);
    let (f, t) = (grad(full)(&a).unwrap(), grad(thin)(&a).unwrap());
    for (f, t) in f.to_vec::<f64>().unwrap().into_iter().zip(t.to_vec::<f64>().unwrap()) {
        assert!((f - t).abs() < 1e-13);
    }
    let e = grad(|a: &Array| a.svd(..)?.u.sum(..))(&a).unwrap_err();
    assert!(e.message().contains("full_matrices = false"), "{e}");
    let wide = a.matrix_transpose().unwrap();
    let e = grad(|a: &Array| a.qr(..)?.r.sum(..))(&wide).unwrap_err();
    assert!(e.message().contains("at least as many rows as columns"), "{e}");
}

#[test]
fn norms_at_zero() {
    use array_api::VectorNorm;
    let orders = [2.0, 1.0, 3.0, 1.5, 0.5, f64::INFINITY, 0.0];
    for ord in orders {
        let norm = |x: &Array| x.vector_norm(VectorNorm::default().ord(ord));
        assert_eq!(grad(norm)(&x(&[0.0, 0.0])).unwrap().to_vec::<f64>().unwrap(), [0.0; 2], "order {ord}");
    }
    // Zeros beside other numbers do not move the norm; the limit is taken for orders below 1 too.
    for ord in [2.0, 1.0, 3.0, 0.5, -1.0, -2.0] {
        let norm = |x: &Array| x.vector_norm(VectorNorm::default().ord(ord));
        let g = grad(norm)(&x(&[0.0, 2.0])).unwrap().to_vec::<f64>().unwrap();
        assert_eq!(g[0], 0.0, "order {ord}");
        assert!(if ord > 0.0 { (g[1] - 1.0).abs() < 1e-15 } else { g[1] == 0.0 }, "order {ord}: {g:?}");
    }
    // Singular values that are equal share the cotangent.
    let eye = array_ndarray::namespace().eye(2).unwrap();
    let g = grad(|x: &Array| x.matrix_norm(2))(&eye).unwrap().to_vec::<f64>().unwrap();
    assert!(g.iter().zip([0.5, 0.0, 0.0, 0.5]).all(|(g, e)| (g - e).abs() < 1e-15), "{g:?}");
    let zero = array_ndarray::namespace().zeros([2, 3]).unwrap();
    assert_eq!(grad(|x: &Array| x.matrix_norm(..))(&zero).unwrap().to_vec::<f64>().unwrap(), [0.0; 6]);
}

#[test]
fn equal_eigenvalues_and_singular_matrices() {
    let xp = array_ndarray::namespace();
    // Values have a derivative where vectors have none.
    let g = grad(|x: &Array| x.eigvalsh()?.sum(..))(&xp.eye(3).unwrap()).unwrap();
    assert!(
        g.to_vec::<f64>()
            .unwrap()
            .iter()
            .zip(xp.eye(3).unwrap().to_vec::<f64>().unwrap())
            .all(|(g, e)| (g - e).abs() < 1e-14)
    );
    let g = grad(|x: &Array| x.eigh()?.eigenvectors.sum(..))(&xp.eye(3).unwrap()).unwrap();
    assert!(g.to_vec::<f64>().unwrap().iter().any(|g| !g.is_finite()));
    // The inverse of the identity, whose singular values are all equal, has one.
    let g = grad(|x: &Array| x.pinv(None)?.trace(..))(&xp.eye(3).unwrap()).unwrap();
    assert!(
        g.to_vec::<f64>()
            .unwrap()
            .iter()
            .zip(xp.eye(3).unwrap().to_vec::<f64>().unwrap())
            .all(|(g, e)| (g + e).abs() < 1e-14)
    );
    let singular = xp.ones([2, 2]).unwrap();
    let e = grad(|x: &Array| x.det())(&singular).unwrap_err();
    assert!(e.message().contains("singular"), "{e}");
    let g = grad(|x: &Array| x.slogdet()?.sign.sum(..))(&x(&[2.0]).reshape([1, 1]).unwrap()).unwrap();
    assert_eq!(g.to_vec::<f64>().unwrap(), [0.0]);
}

#[test]
fn arguments_are_checked_with_their_names() {
    let xp = array_ndarray::namespace();
    let e = grad(|x: &Array| Ok(x.clone()))(&x(&[1.0, 2.0])).unwrap_err();
    assert!(e.message().contains("float64(2,), but must be one real number"), "{e}");
    let e = grad(|x: &Vec<Array>| x[0].sum(..))(&vec![x(&[1.0]), xp.asarray([1]).unwrap()]).unwrap_err();
    assert!(e.message().contains("leaf `1` has type int32"), "{e}");
    let e = jvp(|x: &Array| x.sum(..), &x(&[1.0]), &x(&[1.0, 2.0])).unwrap_err();
    assert!(e.message().contains("a leaf is float64(1,), its tangent float64(2,)"), "{e}");
    let (_, pull) = vjp(|x: &Array| x.sum(axis(0).keepdims()), &x(&[1.0, 2.0])).unwrap();
    let e = pull.apply(&x(&[1.0, 2.0])).unwrap_err();
    assert!(e.message().contains("a cotangent is float64(2,), its value float64(1,)"), "{e}");
    let e = grad(|x: &Array| x.unique_values()?.sum(..))(&x(&[1.0, 2.0])).unwrap_err();
    assert!(e.message().contains("no derivative rule for unique_all"), "{e}");
}

#[test]
fn the_gradient_reaches_what_a_mask_chose() {
    let mask = array_ndarray::namespace().asarray([true, false, true]).unwrap();
    let g = grad(|a: &Array| array_api::square(array_api::at_mask(a, &mask)?)?.sum(..))(&x(&[1.0, 2.0, 3.0])).unwrap();
    assert_eq!(g.to_vec::<f64>().unwrap(), [2.0, 0.0, 6.0]);
    let g = grad(|v: &Array| {
        let set = array_api::set_at_mask(x(&[1.0, 2.0, 3.0]), &mask, v)?;
        array_api::square(set)?.sum(..)
    })(&x(&[5.0, 7.0]))
    .unwrap();
    assert_eq!(g.to_vec::<f64>().unwrap(), [10.0, 14.0]);
}
