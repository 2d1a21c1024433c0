//! Tables by operation, read on every call.

use array_api::Op;

/// Values by operation: open addressing on the descriptor's address, which never moves. A look-up is a multiplication and,
/// with at most half of the places taken, rarely more than one comparison.
pub(crate) struct ByOperation<T> {
    places: Box<[Option<(&'static Op, T)>]>,
}

impl<T> ByOperation<T> {
    fn first(&self, op: &'static Op) -> usize {
        // Fibonacci hashing (Knuth 6.4): the upper half of the product depends on all bits of the address.
        let product = (std::ptr::from_ref(op) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (product >> 32) as usize & (self.places.len() - 1)
    }

    /// The value of an operation.
    #[inline]
    pub(crate) fn get(&self, op: &'static Op) -> Option<&T> {
        let mut i = self.first(op);
        loop {
            match self.places.get(i)? {
                Some((at, value)) if *at == op => return Some(value),
                Some(_) => i = (i + 1) & (self.places.len() - 1),
                None => return None,
            }
        }
    }
}

impl<T> FromIterator<(&'static Op, T)> for ByOperation<T> {
    /// Of several values for one operation, the last one counts.
    fn from_iter<I: IntoIterator<Item = (&'static Op, T)>>(lines: I) -> ByOperation<T> {
        let lines: Vec<_> = lines.into_iter().collect();
        let mut table = ByOperation { places: (0..(2 * lines.len() + 1).next_power_of_two()).map(|_| None).collect() };
        for (op, value) in lines {
            let mut i = table.first(op);
            while table.places[i].as_ref().is_some_and(|(at, _)| *at != op) {
                i = (i + 1) & (table.places.len() - 1);
            }
            table.places[i] = Some((op, value));
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_found_and_the_last_line_counts() {
        let all: Vec<&'static Op> = array_api::operations().collect();
        let some = || all.iter().copied().enumerate().filter(|(i, _)| i % 3 != 0);
        let table: ByOperation<usize> = some().chain(some().take(1)).map(|(i, op)| (op, i)).collect();
        for (i, op) in all.iter().enumerate() {
            assert_eq!(table.get(op), (i % 3 != 0).then_some(&i));
        }
        let twice: ByOperation<u8> = [(all[0], 1), (all[1], 2), (all[0], 3)].into_iter().collect();
        assert_eq!((twice.get(all[0]), twice.get(all[1]), twice.get(all[2])), (Some(&3), Some(&2), None));
        let empty: ByOperation<u8> = [].into_iter().collect();
        assert_eq!(empty.get(all[0]), None);
    }
}
