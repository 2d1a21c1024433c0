//! Axes cut by the bits that a property test draws.

use array_chunked::AxisSpec;

/// Pieces of an axis, ended where the bits say.
pub(crate) fn cut(extent: usize, bits: u64) -> AxisSpec {
    let mut sizes = vec![0];
    for i in 0..extent {
        *sizes.last_mut().unwrap() += 1;
        if i + 1 < extent && bits >> (i % 64) & 1 == 1 {
            sizes.push(0);
        }
    }
    AxisSpec::Sizes(sizes)
}
