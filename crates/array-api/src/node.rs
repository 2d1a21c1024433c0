//! The counted allocation behind an `Array`: a count, a head that every call reads, and the value.
//!
//! `Arc<Node<dyn ArrayImpl>>` would do the same in safe code. Its pointer is wide, so that each look at the head first
//! computes where the head lies from the value's alignment, an answer does not fit two registers, and dropping the last
//! handle takes two atomic operations instead of none: together 30 ns of a call that has 20.

use std::any::TypeId;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering::*, fence};

use crate::array::{ArrayImpl, Head};

/// A counted handle on a [`Head`] and a value of any type.
pub(crate) struct Handle(NonNull<Node<()>>);

// `repr(C)` puts what is before the value at the same place for every type.
#[repr(C)]
struct Node<T> {
    count: AtomicUsize,
    type_id: TypeId,
    methods: &'static Methods,
    head: Head,
    value: T,
}

/// What depends on the value's type.
struct Methods {
    value: unsafe fn(NonNull<Node<()>>) -> NonNull<dyn ArrayImpl>,
    free: unsafe fn(NonNull<Node<()>>),
}

impl Methods {
    const fn of<T: ArrayImpl>() -> &'static Methods {
        &Methods { value: value::<T>, free: free::<T> }
    }
}

/// # Safety
/// The node must be a live `Node<T>`.
unsafe fn value<T: ArrayImpl>(node: NonNull<Node<()>>) -> NonNull<dyn ArrayImpl> {
    // SAFETY: the caller's promise; the pointer came from the whole `Node<T>`, so it may reach the value.
    unsafe { NonNull::new_unchecked(&raw mut (*node.cast::<Node<T>>().as_ptr()).value) }
}

/// # Safety
/// The node must be a live `Node<T>` made by [`Handle::new`], which nothing uses afterwards.
unsafe fn free<T>(node: NonNull<Node<()>>) {
    // SAFETY: the caller's promise.
    drop(unsafe { Box::from_raw(node.cast::<Node<T>>().as_ptr()) });
}

impl Handle {
    #[inline]
    pub(crate) fn new<T: ArrayImpl>(head: Head, value: T) -> Handle {
        let mut node = Box::<Node<T>>::new_uninit();
        let to = node.as_mut_ptr();
        // Field by field, since a node is otherwise put together on the stack and copied from there.
        // SAFETY: `to` points to memory for a node that nothing else knows yet, and each of its fields is written.
        let node = unsafe {
            (&raw mut (*to).count).write(AtomicUsize::new(1));
            (&raw mut (*to).type_id).write(TypeId::of::<T>());
            (&raw mut (*to).methods).write(Methods::of::<T>());
            (&raw mut (*to).head).write(head);
            (&raw mut (*to).value).write(value);
            node.assume_init()
        };
        Handle(NonNull::from(Box::leak(node)).cast())
    }

    #[inline]
    fn node(&self) -> &Node<()> {
        // SAFETY: this handle's share of the count keeps the node alive, and nothing changes it but the atomic count.
        // `Node<()>` is the beginning of every `Node<T>`.
        unsafe { self.0.as_ref() }
    }

    #[inline]
    pub(crate) fn head(&self) -> &Head {
        &self.node().head
    }

    #[inline]
    pub(crate) fn value(&self) -> &dyn ArrayImpl {
        // SAFETY: the methods are those of the node's own type, as `new` stored them; the node is alive.
        unsafe { (self.node().methods.value)(self.0).as_ref() }
    }

    /// The value, if it is a `T`. Saves the virtual call that `Any` needs, for every operand of every call.
    #[inline]
    pub(crate) fn downcast<T: ArrayImpl>(&self) -> Option<&T> {
        if self.node().type_id == TypeId::of::<T>() {
            // SAFETY: `new` stored the type id of the very value that it put into the node.
            Some(unsafe { &(*self.0.cast::<Node<T>>().as_ptr()).value })
        } else {
            None
        }
    }

    /// Whether no other handle exists; `mut`, so that none is cloned from this one meanwhile.
    pub(crate) fn is_unique(&mut self) -> bool {
        self.node().count.load(Acquire) == 1
    }

    pub(crate) fn same(&self, other: &Handle) -> bool {
        self.0 == other.0
    }
}

impl Clone for Handle {
    #[inline]
    fn clone(&self) -> Handle {
        // As in `Arc`: a new share needs no order, and leaking shares until the count wraps must not free the node.
        if self.node().count.fetch_add(1, Relaxed) > isize::MAX as usize {
            std::process::abort();
        }
        Handle(self.0)
    }
}

impl Drop for Handle {
    #[inline]
    fn drop(&mut self) {
        let count = &self.node().count;
        // The only handle cannot be cloned by anybody else meanwhile, so it need not count down.
        if count.load(Acquire) != 1 {
            if count.fetch_sub(1, Release) != 1 {
                return;
            }
            // What other threads did with the node happens before it is freed.
            fence(Acquire);
        }
        // SAFETY: this was the last handle, and the methods are those of the node's own type.
        unsafe { (self.node().methods.free)(self.0) }
    }
}

// SAFETY: as for `Arc`: values are `Send + Sync` by the bound on `ArrayImpl`, the head is plain data, the count is atomic.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

#[cfg(test)]
mod tests {
    use crate::{Array, ArrayImpl, DType, Dims, Kind};
    use std::sync::Arc;

    static TESTED: Kind = Kind::new("tested");

    #[derive(Debug)]
    struct Small(#[allow(dead_code)] Arc<()>); // held for its count

    /// Aligned beyond the head, which must then still be found.
    #[derive(Debug)]
    #[repr(align(128))]
    struct Aligned(u8);

    #[derive(Debug)]
    struct Empty;

    macro_rules! arrays {
        ($($t:ty),*) => { $(
            impl ArrayImpl for $t {
                fn kind(&self) -> &'static Kind { &TESTED }
                fn dims(&self) -> Dims { Dims::from([2; 9]) }
                fn dtype(&self) -> DType { DType::Int8 }
            }
        )* };
    }
    arrays!(Small, Aligned, Empty);

    #[test]
    fn heads_and_values_of_every_layout_are_found() {
        let all = [Array::new(Small(Arc::new(()))), Array::new(Aligned(7)), Array::new(Empty)];
        for x in &all {
            assert_eq!((x.dims(), x.dtype(), x.kind().name()), (&Dims::from([2; 9]), DType::Int8, "tested"));
        }
        assert_eq!(all[1].downcast_ref::<Aligned>().map(|a| a.0), Some(7));
        assert_eq!(std::ptr::from_ref(all[1].downcast_ref::<Aligned>().unwrap()).addr() % 128, 0);
        assert!(all[0].downcast_ref::<Aligned>().is_none() && all[2].downcast_ref::<Empty>().is_some());
        assert_eq!(all[1].to_string(), "Aligned(7)");
    }

    #[test]
    fn the_value_lives_as_long_as_its_last_handle_on_any_thread() {
        let counted = Arc::new(());
        let x = Array::new(Small(counted.clone()));
        std::thread::scope(|s| {
            for _ in 0..4 {
                let mine = x.clone();
                s.spawn(move || {
                    let copies: Vec<_> = (0..100).map(|_| mine.clone()).collect();
                    assert!(copies.iter().all(|c| c.same(&mine)));
                });
            }
        });
        assert_eq!(Arc::strong_count(&counted), 2);
        let y = x.clone();
        drop(x);
        assert_eq!(Arc::strong_count(&counted), 2);
        drop(y);
        assert_eq!(Arc::strong_count(&counted), 1);
    }
}
