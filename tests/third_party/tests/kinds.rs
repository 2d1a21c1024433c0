//! The kinds of this crate, what happens where kinds meet, and one function of somebody else's kind replaced.

use array_api::*;
use array_ndarray::{NdArray, namespace};
use array_transforms::{grad, vmap};
use third_party::diagonal::{DIAGONAL, Diagonal};
use third_party::length::Length;
use third_party::root_mean_square::{RootMeanSquareMethod, root_mean_square};
use third_party::sparse::Csr;

fn dense(x: &Array) -> Vec<f64> {
    x.to_vec().unwrap()
}

#[test]
fn functions_that_a_kind_never_wrote_run_through_compositions() {
    let x = Diagonal::array(&[-1.0, 2.0]);
    let y = relu(&x).unwrap();
    assert_eq!((y.kind().name(), dense(&y)), ("diagonal", vec![0.0, 0.0, 0.0, 2.0]));
    let mean = x.mean(axis(..).keepdims()).unwrap();
    assert_eq!((mean.kind().name(), dense(&mean)), ("diagonal", vec![0.25]));
    assert!(explain("relu", &[&x]).unwrap().to_string().contains("first: the operation's composition"));
}

#[test]
fn a_kind_refuses_the_compositions_that_would_densify_it() {
    let x = Diagonal::array(&[1.0, 2.0]);
    let e = softplus(&x).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::NotImplemented);
    assert_eq!(
        e.to_string(),
        "softplus: there is no implementation for diagonal; diagonal: refuses the composition, because it would fill the \
         zeros off the diagonal. Write `#[implements(softplus)]` for diagonal, or convert the argument to a kind that has it"
    );
    assert!(explain("softplus", &[&x]).unwrap().to_string().contains("it would fill the zeros off the diagonal"));
}

#[test]
fn declining_gives_the_reason_of_each() {
    let x = Diagonal::array(&[1.0, 2.0]);
    let e = (&x * 2.0).maximum(1.0).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::NotImplemented);
    assert!(e.message().contains("diagonal: only a number that is not above 0 keeps the zeros"), "{e}");
    let e = x.exp().unwrap_err();
    assert!(e.message().contains("nothing is registered, and the operation has no composition"), "{e}");
    assert!(e.message().contains("#[implements(exp)]"), "{e}");
}

#[test]
fn a_kind_is_made_without_an_array_to_ask() {
    for xp in [Namespace::new(&DIAGONAL), "diagonal".parse().unwrap()] {
        let x = xp.eye(2).unwrap();
        assert_eq!(dense(&x.matmul(Diagonal::array(&[3.0, 4.0])).unwrap()), [3.0, 0.0, 0.0, 4.0]);
    }
    let e = Namespace::new(&DIAGONAL).eye(Eye { k: 1, ..2.into() }).unwrap_err();
    assert!(e.message().contains("only the main diagonal"), "{e}");
}

#[test]
fn a_string_names_only_kinds_that_are_there() {
    let e = "diagnal".parse::<Namespace>().unwrap_err();
    assert_eq!(e.kind(), ErrorKind::NotImplemented);
    assert!(e.message().contains("no crate that is linked defines arrays of kind `diagnal`"), "{e}");
    assert!(e.message().contains("this program has:") && e.message().contains("diagonal"), "{e}");
    let e = "diagonal:gpu".parse::<Namespace>().unwrap_err();
    assert_eq!(e.to_string(), "device: `gpu` is not a device; write cpu, cuda or cuda:N");
}

#[test]
fn two_kinds_that_do_not_know_each_other_are_refused() {
    let xp = namespace();
    let (x, y) = (Diagonal::array(&[1.0]), xp.asarray([[2.0]]).unwrap());
    for e in [add(&x, &y).unwrap_err(), add(&y, &x).unwrap_err()] {
        assert_eq!(e.kind(), ErrorKind::NotImplemented);
        assert!(e.message().contains("and none of the kinds accepts the others; convert one of the arrays"), "{e}");
        assert!(e.message().contains("diagonal") && e.message().contains("ndarray"), "{e}");
    }
}

#[derive(Debug, Clone)]
struct Friendly(bool);

static EAST: Kind = Kind::new("east").accepts(&["west"]);
static WEST: Kind = Kind::new("west").accepts(&["east"]);

impl ArrayImpl for Friendly {
    fn kind(&self) -> &'static Kind {
        if self.0 { &EAST } else { &WEST }
    }
    fn dims(&self) -> Dims {
        Dims::SCALAR
    }
    fn dtype(&self) -> DType {
        DType::Float64
    }
}

#[test]
fn two_kinds_that_both_answer_are_ambiguous_in_either_order() {
    let (x, y) = (Array::new(Friendly(true)), Array::new(Friendly(false)));
    for e in [add(&x, &y).unwrap_err(), add(&y, &x).unwrap_err(), Namespace::of([&x, &y]).unwrap_err()] {
        assert_eq!(e.kind(), ErrorKind::Ambiguous);
        assert!(e.message().contains("each accepts the other"), "{e}");
    }
}

#[test]
fn a_kind_without_functions_is_explained() {
    let x = Array::new(Friendly(true));
    let e = exp(&x).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::NotImplemented);
    assert!(e.message().contains("the kind has no functions at all; either its crate registers none"), "{e}");
}

#[test]
fn sparse_and_dense_multiply_in_both_orders() {
    let xp = namespace();
    let sparse = Csr::array([2, 3], &[(1, 2, 5.0), (0, 0, 1.0), (0, 2, 2.0)]);
    let y = xp.asarray([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]).unwrap();
    let right = matmul(&sparse, &y).unwrap();
    assert_eq!((right.kind().name(), dense(&right)), ("ndarray", vec![11.0, 14.0, 25.0, 30.0]));
    let left = matmul(xp.asarray([[1.0, 10.0]]).unwrap(), &sparse).unwrap();
    assert_eq!((left.kind().name(), dense(&left)), ("ndarray", vec![1.0, 0.0, 52.0]));
    let square = Csr::array([2, 2], &[(0, 1, 1.0)]);
    let e = matmul(&square, &square).unwrap_err();
    assert!(e.message().contains("csr: the product of two sparse matrices is not written"), "{e}");
    let e = matmul(&sparse, &square).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Shape);
    assert!(explain("matmul", &[&y, &sparse]).unwrap().to_string().contains("csr accepts the other kinds"));
}

#[test]
fn one_handler_gives_every_function_units() {
    let xp = namespace();
    let metres = |v: &[f64]| Length::array(xp.asarray(v).unwrap(), 1).unwrap();
    let power = |x: &Array| x.downcast_ref::<Length>().map_or(0, Length::power);
    let (x, y) = (metres(&[3.0, 1.0]), metres(&[4.0, 2.0]));
    let hypotenuse = (&x * &x + &y * &y).sqrt().unwrap();
    assert_eq!((power(&hypotenuse), dense(&hypotenuse)), (1, vec![5.0, 5.0_f64.sqrt()]));
    assert_eq!((power(&x.sum(..).unwrap()), power(&(&x * &y).sum(..).unwrap())), (1, 2));
    assert_eq!((&x / &y).ok().unwrap().kind().name(), "ndarray");
    let e = (&x + &x * &x).ok().unwrap_err();
    assert!(e.message().contains("length: m^1 and m^2 do not go together in add"), "{e}");
    assert!(x.cos().unwrap_err().message().contains("cos of m^1 has no unit"));
    // Wrappers are further out than data, so an array without a unit may stand on either side.
    let factor = xp.asarray([2.0, 2.0]).unwrap();
    assert_eq!(dense(&multiply(factor, &x).unwrap()), [6.0, 2.0]);
    // A derivative has the unit of the quotient.
    let gradient = grad(|x: &Array| (x * x * x).sum(..))(&x).unwrap();
    assert_eq!((power(&gradient), dense(&gradient)), (2, vec![27.0, 3.0]));
    // An array under differentiation cannot be hidden in a unit: its derivative would be lost.
    let e = grad(|x: &Array| Length::array(x.clone(), 1)?.sum(..))(&factor_of(&x)).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Transform);
    assert!(e.message().contains("apply the wrapper before the transformation starts"), "{e}");
}

fn factor_of(x: &Array) -> Array {
    x.downcast_ref::<Length>().unwrap().content().clone()
}

#[test]
fn an_operation_of_ones_own_runs_and_differentiates_through_its_parts() {
    let xp = namespace();
    let x = xp.asarray([[3.0, 4.0], [0.0, 2.0]]).unwrap();
    assert_eq!(dense(&x.root_mean_square(1).unwrap()), [12.5_f64.sqrt(), 2.0_f64.sqrt()]);
    assert_eq!(dense(&vmap(|x: &Array| root_mean_square(x, ..))(&x).unwrap()), [12.5_f64.sqrt(), 2.0_f64.sqrt()]);
    let row = xp.asarray([3.0, 4.0]).unwrap();
    let gradient = grad(|x: &Array| root_mean_square(x, ..))(&row).unwrap();
    for (g, x) in dense(&gradient).into_iter().zip([3.0, 4.0]) {
        assert!((g - x / (2.0 * 12.5_f64.sqrt())).abs() < 1e-15);
    }
    let e = root_mean_square(&row, 1).unwrap_err();
    assert_eq!(e.to_string(), "root_mean_square: there is no axis 1 in an array of 1 axes; valid are -1 to 0");
    assert!(operations().any(|op| op.name == "root_mean_square"));
}

/// The rational approximation of a person who needs speed more than digits. The whole program sees it: no other test here
/// is about tanh.
#[implements(tanh, override)]
fn fast_tanh(x: &NdArray) -> Result<Array> {
    let x = Array::new(x.clone());
    let square = x.square()?;
    ((27.0 + &square) * &x / (27.0 + 9.0 * &square)).ok()
}

#[test]
fn an_override_answers_in_place_of_the_backends_kernel() {
    let x = namespace().asarray([1.0]).unwrap();
    assert_eq!(tanh(&x).unwrap().to_vec::<f64>().unwrap(), [28.0 / 36.0]);
    // All others are the backend's.
    assert_eq!(sinh(&x).unwrap().to_vec::<f64>().unwrap(), [1.0_f64.sinh()]);
    let said = explain("tanh", &[&x]).unwrap().to_string();
    assert!(said.contains("override registered at") && said.contains("kinds.rs"), "{said}");
    assert!(handled_functions().conflicts().is_empty());
}
