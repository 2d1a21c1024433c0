//! Independent work in parallel at the outermost axis.

use rayon::prelude::*;

use crate::error::Result;

/// Runs a function on every item in the thread pool and gives the results in order.
///
/// Enter the pool here, once, at the outermost axis: inside a worker, kernels below a size stay serial, so that
/// independent groups do not wait for each other at every operation.
///
/// # Errors
/// The first item's, in order, that failed.
///
/// ```
/// let squares = array_api::parallel::map(vec![1, 2, 3], |i| Ok(i * i)).unwrap();
/// assert_eq!(squares, [1, 4, 9]);
/// ```
pub fn map<T: Send, R: Send>(items: Vec<T>, f: impl Fn(T) -> Result<R> + Send + Sync) -> Result<Vec<R>> {
    if items.len() == 1 {
        // One item has nothing to wait for; its kernels may use the pool themselves.
        return items.into_iter().map(f).collect();
    }
    // Collected before the first error is looked for, so that which error is reported does not depend on timing.
    // A thread of the pool that waits for others may be given work that waits for it: what it has begun it does itself.
    if rayon::current_thread_index().is_some() {
        return items.into_iter().map(f).collect();
    }
    items.into_par_iter().with_max_len(1).map(f).collect::<Vec<_>>().into_iter().collect()
}
