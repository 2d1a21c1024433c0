//! libtorch beside the in-memory arrays: every row on random calls (`ANY_CALL_TIMES=5000 ANY_CALL_SEED=7` looks for longer).

use array_conformance::{agreement, asked};

#[test]
fn libtorch_agrees_with_the_arrays_in_memory() {
    let (here, there) = (array_ndarray::namespace(), array_torch::namespace());
    let one = move |host, dims| here.from_host(host, dims);
    let other = move |host, dims| there.from_host(host, dims);
    if let Err(wrong) = agreement(&one, &other, asked("SEED", 1), asked("TIMES", 200) as usize) {
        panic!("{wrong}");
    }
}
