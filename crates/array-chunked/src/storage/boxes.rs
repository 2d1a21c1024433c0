//! Where the elements of a box lie in an array that is stored row after row.

use array_api::Dims;

/// Elements that lie side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// The number of elements before the first one.
    pub(crate) at: u64,
    /// How many there are.
    pub(crate) count: usize,
}

/// The runs of the box that begins at `start`, in the box's own row-major order. `dims` are the extents of the whole array.
pub(crate) fn runs(dims: &[usize], start: &[usize], extents: &[usize]) -> impl Iterator<Item = Run> {
    // From this axis on the box has all that the array has, so that its rows lie side by side.
    let whole = (0..dims.len()).rev().find(|&a| extents[a] != dims[a]).unwrap_or(0);
    let count: usize = extents[whole.min(extents.len())..].iter().product();
    let strides: Vec<u64> = (0..dims.len()).map(|a| dims[a + 1..].iter().map(|&n| n as u64).product()).collect();
    let first: u64 = start.iter().zip(&strides).map(|(&s, stride)| s as u64 * stride).sum();
    let outer: Dims = if extents.contains(&0) { Dims::from([0]) } else { extents[..whole].into() };
    crate::tasks::places(&outer).map(move |place| Run {
        at: first + place.iter().zip(&strides).map(|(&i, stride)| i as u64 * stride).sum::<u64>(),
        count,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(dims: &[usize], start: &[usize], extents: &[usize]) -> Vec<u64> {
        runs(dims, start, extents).flat_map(|r| r.at..r.at + r.count as u64).collect()
    }

    #[test]
    fn runs_are_the_elements_of_the_box_in_order() {
        assert_eq!(elements(&[3, 4], &[1, 2], &[2, 2]), [6, 7, 10, 11]);
        assert_eq!(runs(&[3, 4], &[1, 0], &[2, 4]).collect::<Vec<_>>(), [Run { at: 4, count: 8 }]);
        assert_eq!(runs(&[2, 3, 4], &[1, 1, 0], &[1, 2, 4]).count(), 1);
        assert_eq!(elements(&[2, 2, 3], &[0, 1, 1], &[2, 1, 2]), [4, 5, 10, 11]);
    }

    #[test]
    fn a_number_is_one_run_and_nothing_is_none() {
        assert_eq!(elements(&[], &[], &[]), [0]);
        assert_eq!(elements(&[0, 3], &[0, 0], &[0, 3]), [0; 0]);
        assert_eq!(elements(&[4], &[1], &[0]), [0; 0]);
    }
}
