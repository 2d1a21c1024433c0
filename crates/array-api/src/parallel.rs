//! Independent work in parallel at the outermost axis: in this process's pool, or by workers elsewhere.

use rayon::prelude::*;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use crate::error::Result;

/// Whether this process was forked from the one whose pool it would use: the pool's threads are there and not here, and work
/// handed to them would be waited for without end. What would be shared is done by the thread that has it.
///
/// ```
/// assert!(!array_api::parallel::forked());
/// ```
#[must_use]
pub fn forked() -> bool {
    /// The process that first asked.
    static OWNER: AtomicU32 = AtomicU32::new(0);
    let this = process::id();
    cfg!(unix) && OWNER.compare_exchange(0, this, Relaxed, Relaxed).is_err_and(|owner| owner != this)
}

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
    if rayon::current_thread_index().is_some() || forked() {
        return items.into_iter().map(f).collect();
    }
    items.into_par_iter().with_max_len(1).map(f).collect::<Vec<_>>().into_iter().collect()
}

/// One of many pieces of work for [`Workers`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What it is called in errors, checkpoints and on dashboards; no two pieces of a run have the same name, which is made of
    /// letters, digits and hyphens.
    pub name: String,
    /// What is to be done, as the function reads it.
    pub work: Vec<u8>,
}

/// Whoever does work that can be written down: processes that know functions by name, such as a cluster's.
///
/// An algorithm names a function of bytes, what all pieces share (data and settings), and the pieces. It must not matter for
/// the bits of a result which worker makes it, or how often.
///
/// ```
/// use array_api::parallel::{Piece, Workers};
///
/// /// Does the work at once; knows one function.
/// struct Here;
///
/// impl Workers for Here {
///     fn call(&self, function: &str, shared: &[u8], pieces: &[Piece]) -> array_api::Result<Vec<Vec<u8>>> {
///         assert_eq!(function, "append");
///         Ok(pieces.iter().map(|piece| [shared, &piece.work].concat()).collect())
///     }
/// }
///
/// let piece = Piece { name: "first".into(), work: b"!".to_vec() };
/// assert_eq!(Here.call("append", b"hello", &[piece])?, [b"hello!"]);
/// # Ok::<(), array_api::Error>(())
/// ```
pub trait Workers: Send + Sync {
    /// Into how many pieces work should be split at least, if there is that much. It is a setting and not what happens to run
    /// just now, so that a run that is resumed has the same pieces.
    fn pieces(&self) -> usize {
        8
    }

    /// Calls the function for every piece, and gives what each gave in the order of the pieces.
    ///
    /// # Errors
    /// The first error of a piece, with its name; if no worker can be reached, or none knows the function.
    fn call(&self, function: &str, shared: &[u8], pieces: &[Piece]) -> Result<Vec<Vec<u8>>>;
}
