//! One function of somebody else's kind replaced. In a program of its own, since the whole program sees it.

use array_api::*;
use array_ndarray::{NdArray, namespace};

/// The rational approximation of a person who needs speed more than digits.
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
    assert!(said.contains("override registered at") && said.contains("override.rs"), "{said}");
    assert!(handled_functions().conflicts().is_empty());
}
