//! Contradictory registrations: neither wins, and the error names both places. In a program of its own.

use array_api::*;
use array_ndarray::{NdArray, namespace};
use third_party::diagonal::Diagonal;

#[implements(exp)]
fn first(x: &Diagonal) -> Result<Diagonal> {
    Ok(x.clone())
}

#[implements(exp)]
fn second(x: &Diagonal) -> Result<Diagonal> {
    Ok(x.clone())
}

#[implements(cosh, override)]
fn one_override(x: &NdArray) -> Result<NdArray> {
    Ok(x.clone())
}

#[implements(cosh, override)]
fn other_override(x: &NdArray) -> Result<NdArray> {
    Ok(x.clone())
}

/// Says that it is new, although the backend has one.
#[implements(tan)]
fn not_said_to_override(x: &NdArray) -> Result<NdArray> {
    Ok(x.clone())
}

#[test]
fn the_same_pair_twice_is_an_error_that_names_both_places() {
    let (x, y) = (Diagonal::array(&[1.0]), namespace().asarray([1.0]).unwrap());
    for (e, places) in [(exp(&x), 2), (cosh(&y), 2), (tan(&y), 1)] {
        let e = e.unwrap_err();
        assert_eq!(e.kind(), ErrorKind::Registry);
        assert_eq!(e.message().matches("conflicts.rs").count(), places, "{e}");
        assert!(e.message().contains("registered twice, at") && e.message().contains("neither is used"), "{e}");
    }
    assert!(tan(&y).unwrap_err().message().contains("array-ndarray"), "the backend's own place");
    assert_eq!(handled_functions().conflicts().len(), 3);
    // The rest of the program works.
    assert_eq!(sin(&y).unwrap().to_vec::<f64>().unwrap(), [1.0_f64.sin()]);
}

#[test]
fn a_run_time_registration_that_contradicts_is_refused_and_names_both_places() {
    let x = Diagonal::array(&[1.0]);
    let e = register(Matmul::OP, x.kind(), |_| decline("never asked")).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Registry);
    assert!(e.message().contains("diagonal.rs") && e.message().contains("conflicts.rs"), "{e}");
    assert!(e.message().contains("Use register_override to replace it"), "{e}");
    let over = register_override(Matmul::OP, x.kind(), |_| decline("not today")).unwrap();
    assert!(matmul(&x, &x).unwrap_err().message().contains("diagonal: not today"));
    drop(over);
    assert!(matmul(&x, &x).is_ok());
}
