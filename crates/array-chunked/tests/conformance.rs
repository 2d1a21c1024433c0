//! The conformance kit on chunked arrays, each cut at random.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use array_api::{Array, Dims, Host, Result, Value};
use array_chunked::{AxisSpec, ChunkSpec};

/// The next number of a sequence that is the same in every run of one test.
fn next() -> u64 {
    static STATE: AtomicU64 = AtomicU64::new(0x9E37_79B9_7F4A_7C15);
    let mut x = STATE.fetch_add(0x9E37_79B9_7F4A_7C15, Relaxed);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// Pieces at random places.
fn cut(extent: usize) -> AxisSpec {
    let mut sizes = vec![];
    let mut left = extent;
    while left > 0 {
        let size = 1 + next() as usize % left;
        sizes.push(size);
        left -= size;
    }
    AxisSpec::Sizes(sizes)
}

fn make(host: Host, dims: Dims) -> Result<Array> {
    let space = array_ndarray::namespace().with("chunks", Value::Int(3)).with("sizes", Value::Text("compute".into()));
    let data = space.from_host(host, dims)?;
    let spec = ChunkSpec::Axes(data.dims().iter().map(|&n| cut(n)).collect());
    let lazy = array_chunked::from_array(&data, spec)?;
    // The options travel with the namespace of the chunks.
    array_api::convert(
        &lazy,
        &lazy.namespace().with("sizes", Value::Text("compute".into())).with("chunks", Value::Int(3)),
    )
}

array_conformance::conformance!(constructor = make, expected = {});
