//! Transformations of functions of arrays: derivatives in reverse and forward mode, and vectorisation.
//!
//! Each is an array kind with one generic handler and a table of rules written in protocol functions: any order of
//! derivative works, on any kind below, and they nest in any order.
//!
//! ```
//! use array_api::{Array, Result};
//! use array_transforms::grad;
//!
//! # let xp = array_ndarray::namespace();
//! let f = |x: &Array| (x * x * x).sum(..);
//! let x = xp.asarray([1.0, 2.0])?;
//! assert_eq!(grad(f)(&x)?.to_vec::<f64>()?, [3.0, 12.0]);
//! # Ok::<(), array_api::Error>(())
//! ```

pub mod batch;
mod by_operation;
mod check;
pub mod coverage;
pub mod derivative;
mod dual;
mod forward;
mod reverse;
mod tape;
mod vectorize;

pub use check::{CheckGrads, check_grads};
pub use forward::{hessian, jacobian_forward, jvp};
pub use reverse::{Pullback, grad, value_and_grad, vjp};
pub use vectorize::{vmap, vmap_n};
