//! Arrays in memory pass the kit, and the kit has a check for every row or says why not.

use std::collections::BTreeSet;

array_conformance::conformance!(array_ndarray::namespace(), expected = {});

#[test]
fn every_row_of_the_protocol_is_checked() {
    let listed: Vec<&str> = array_conformance::names().collect();
    let set: BTreeSet<&str> = listed.iter().copied().collect();
    assert_eq!(listed.len(), set.len(), "a row is listed twice");
    let defined: BTreeSet<&str> = array_api::operations().map(|op| op.name).collect();
    assert_eq!(set, defined, "the list of rows is not the protocol's");
    assert!(listed.iter().all(|row| array_conformance::known(row)), "a listed row has no check");
}
