//! Every operation of the protocol works on arrays in memory, by a kernel or by its composition.
use array_api::{Source, coverage, operations};
use array_ndarray::NDARRAY;

/// Operations that may be missing, each with its reason.
const MISSING: [(&str, &str); 0] = [];

#[test]
fn every_operation_is_served() {
    let mut kernels = 0;
    for op in operations() {
        let reason = MISSING.iter().find(|(name, _)| *name == op.name);
        match (coverage(op, &NDARRAY), reason) {
            (Source::Kernel(..), None) => kernels += 1,
            (Source::Composition(_), None) => {}
            (source, None) => panic!("{}: {source}", op.name),
            (source, Some((_, why))) => assert!(matches!(source, Source::Missing), "{} is there, not {why}", op.name),
        }
    }
    // More than this were written when the test was; a crate that is not linked would leave none.
    assert!(kernels > 120, "only {kernels} kernels are registered");
}
