//! libtorch as a kind of array, on the CPU and on CUDA devices.
//!
//! The protocol decides shapes and data types and finds the kernel; kernels here are calls of libtorch through `tch`, with
//! its special cases brought to the standard's. libtorch's own differentiation is never used: derivatives are the protocol's.
//!
//! ```
//! use array_api::{Array, Result};
//! fn standardize(x: &Array) -> Result<Array> {
//!     let (mean, sd) = (x.mean(0)?, x.std(0)?);
//!     ((x - mean) / sd).ok()
//! }
//! let xp = array_torch::namespace();
//! let z = standardize(&xp.asarray([[1.0, 10.0], [3.0, 30.0]])?)?;
//! assert_eq!(z.to_vec::<f64>()?, [-1.0, -1.0, 1.0, 1.0]);
//! # Ok::<(), array_api::Error>(())
//! ```
//!
//! Files have the names of the standard's categories. What they share:
//!
//! | file | what it is about |
//! |---|---|
//! | `array` | [`TorchArray`], a tensor with the protocol's data type |
//! | `carrier` | the unsigned types that libtorch stores but does not compute with |
//! | `complex` | functions of complex numbers where libtorch's have other special values than the standard's |
//! | `donation` | when a result may take an operand's place |
//! | `error` | libtorch's failures as the protocol's errors |
//! | `kind` | the kind, its devices, how values enter and leave |
//! | `memory` | memory that tensors share with others; `share.cpp` is what tch lacks for it |

mod array;
mod carrier;
mod complex;
mod creation;
mod data_type;
mod donation;
mod elementwise;
mod error;
mod fft;
mod indexing;
mod kind;
mod linalg;
mod linear_algebra;
mod manipulation;
mod memory;
mod numbers;
mod searching;
mod set;
mod sorting;
mod statistical;

pub use array::TorchArray;
pub use kind::{TORCH, devices, namespace};
pub use memory::Strided;
