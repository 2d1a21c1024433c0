//! What decompositions write: for each matrix of a stack its place in one buffer, or in several.

/// Places that lie one after the other, to be handed out to threads.
pub(crate) trait Places: Sized + Send {
    /// The place of one matrix: slices.
    type One;
    /// The first `count` places, and those after them.
    fn split(self, count: usize) -> (Self, Self);
    /// The first place.
    fn one(self) -> Self::One;
}

/// So many elements for each matrix.
pub(crate) struct Of<'a, T> {
    elements: &'a mut [T],
    size: usize,
}

impl<'a, T> Of<'a, T> {
    pub(crate) fn size(size: usize, elements: &'a mut [T]) -> Of<'a, T> {
        Of { elements, size }
    }
}

impl<'a, T: Send> Places for Of<'a, T> {
    type One = &'a mut [T];
    #[inline]
    fn split(self, count: usize) -> (Self, Self) {
        let (before, after) = self.elements.split_at_mut(count * self.size);
        (Of::size(self.size, before), Of::size(self.size, after))
    }
    #[inline]
    fn one(self) -> &'a mut [T] {
        &mut self.elements[..self.size]
    }
}

impl<A: Places, B: Places> Places for (A, B) {
    type One = (A::One, B::One);
    #[inline]
    fn split(self, count: usize) -> (Self, Self) {
        let (a, b) = (self.0.split(count), self.1.split(count));
        ((a.0, b.0), (a.1, b.1))
    }
    #[inline]
    fn one(self) -> Self::One {
        (self.0.one(), self.1.one())
    }
}

/// Nothing beside the matrices.
impl Places for () {
    type One = ();
    #[inline]
    fn split(self, _: usize) -> ((), ()) {
        ((), ())
    }
    #[inline]
    fn one(self) {}
}
