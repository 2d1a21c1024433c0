//! An operation of a third party: differentiated through its composition, or by rules that it submits.

use array_api::{Array, Call, Handled, Operation, register};
use array_transforms::derivative::{Keep, Rule, Rules};
use array_transforms::{CheckGrads, check_grads, grad, vmap};

mod theirs {
    use array_api::{Array, add, multiply, operation, rule};
    operation! {
        /// `x1 + x1 * x2`.
        Through = through(x1: One, x2: One) {} -> Array;
        "elementwise", Elementwise, rule::numeric, compose |_, call| add(&call[0], multiply(&call[0], &call[1])?),
        methods (trait ThroughMethods)
    }
    operation! {
        /// `log(1 + exp(x))`, by a kernel alone.
        Bent = bent(x: One) {} -> Array;
        "elementwise", Elementwise, rule::real_floating, methods (trait BentMethods)
    }
    operation! {
        /// The same values, with a transpose that is wrong by a factor.
        Skewed = skewed(x: One) {} -> Array;
        "elementwise", Elementwise, rule::floating, methods (trait SkewedMethods)
    }
}
use theirs::{Bent, Skewed, bent, skewed, through};

array_api::__private::inventory::submit! {
    Rules(&[
        (<Bent as Operation>::OP, Rule::Partial(Keep::Operands, |c, _| array_api::sigmoid(c.x(0)?))),
        (<Skewed as Operation>::OP, Rule::Linear(Keep::Nothing, |_, g, _| array_api::multiply(g, 1.001))),
    ])
}

fn kernel(call: &mut Call<'_, '_>) -> Handled {
    match call[0].array() {
        Some(x) => Ok(array_api::softplus(x)?.into()),
        None => array_api::decline("takes an array"),
    }
}

#[test]
fn a_composition_is_differentiated_and_vectorised() {
    let xp = array_ndarray::namespace();
    let x = (xp.asarray([[1.0], [2.0]]).unwrap(), xp.asarray([3.0, -4.0]).unwrap());
    check_grads(|(a, b): &(Array, Array)| through(a, b), &x, CheckGrads::order(2)).unwrap();
    let y = vmap(|a: &Array| through(a, &x.1))(&x.0).unwrap();
    assert_eq!(y.to_vec::<f64>().unwrap(), [4.0, -3.0, 8.0, -6.0]);
}

#[test]
fn a_submitted_rule_is_used() {
    let _kernel = register(Bent::OP, &array_ndarray::NDARRAY, kernel).unwrap();
    let x = array_ndarray::namespace().asarray([-1.0, 0.0, 2.0]).unwrap();
    check_grads(|x: &Array| bent(x), &x, CheckGrads::order(3)).unwrap();
    let g = grad(|x: &Array| bent(x)?.sum(..))(&x).unwrap();
    assert_eq!(g.to_vec::<f64>().unwrap(), array_api::sigmoid(&x).unwrap().to_vec::<f64>().unwrap());
    assert_eq!(vmap(|x: &Array| bent(x))(&x).unwrap().to_vec::<f64>().unwrap().len(), 3);
}

#[test]
fn a_wrong_transpose_is_found_and_its_argument_named() {
    let same = |call: &mut Call<'_, '_>| match call[0].array() {
        Some(x) => Ok(x.clone().into()),
        None => array_api::decline("takes an array"),
    };
    let _kernel = register(Skewed::OP, &array_ndarray::NDARRAY, same).unwrap();
    let xp = array_ndarray::namespace();
    let x = vec![xp.asarray([1.0, 2.0]).unwrap(), xp.asarray([3.0, 4.0]).unwrap()];
    let f = |x: &Vec<Array>| (x[0].square()? + skewed(&x[1])?).ok();
    let e = check_grads(f, &x, CheckGrads::order(1)).unwrap_err();
    assert!(e.message().contains("reverse mode gives") && e.message().contains("leaf `1` alone"), "{e}");
    assert!(!e.message().contains("leaf `0`"), "{e}");
    check_grads(f, &x, CheckGrads::order(1).forward_only()).unwrap();
    let e = check_grads(f, &vec![xp.asarray([1]).unwrap()], CheckGrads::order(1)).unwrap_err();
    assert!(e.message().contains("leaf `0` has type int32"), "{e}");
}
