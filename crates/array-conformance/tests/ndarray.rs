//! Arrays in memory pass the kit, and the kit has a check for every row.

use std::collections::BTreeSet;

array_conformance::conformance!(array_ndarray::namespace(), expected = {});

#[test]
fn every_row_of_the_protocol_is_listed_once() {
    let listed: Vec<&str> = array_conformance::names().collect();
    let set: BTreeSet<&str> = listed.iter().copied().collect();
    assert_eq!(listed.len(), set.len(), "a row is listed twice");
    let defined: BTreeSet<&str> = array_api::operations().map(|op| op.name).collect();
    assert_eq!(set, defined, "the list of rows is not the protocol's");
}

#[test]
fn every_row_is_checked_or_has_a_reason() {
    for row in array_conformance::names() {
        let reason = array_conformance::UNCHECKED.iter().find(|(name, _)| *name == row);
        match (array_conformance::known(row), reason) {
            (true, None) | (false, Some(_)) => {}
            (true, Some((_, why))) => panic!("{row} has a check, and is listed as unchecked: {why}"),
            (false, None) => panic!("{row} has no check"),
        }
    }
}
