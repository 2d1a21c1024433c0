//! Eager arrays in memory: the compute engine of the default backend.
//!
//! Shapes and data types are decided by the protocol before a function here runs, so the engine receives operands that
//! already fit each other. What it promises instead is about numbers:
//!
//! - an element of an elementwise result has the same bits wherever it sits and however the array is laid out;
//! - the order of a reduction depends only on the reduced length, and that of a product only on `(m, k, n)` and dtype;
//! - none of it depends on the number of threads.
//!
//! | module | what it computes |
//! |---|---|
//! | [`unary`], [`binary`], [`ternary`], [`cast`] | tables of elementwise operations, run by [`map::map`] |
//! | [`reduce`], [`cumulative`], [`position`] | reductions, running ones, and positions of extremes, over any axes |
//! | [`matmul`] | batched matrix products |
//!
//! The protocol's functions are registered in files with the names of the standard's categories; sorting and sets share the
//! integer keys of `order` and the digit sort of `radix`, decompositions the matrices of `stack`.
//!
//! ```
//! use array_ndarray::{NdArray, binary, map::map};
//! let x = NdArray::from_vec(vec![1.0, 2.0, 3.0], &[3]);
//! let y = NdArray::from_vec(vec![10.0], &[1]);
//! let z = map(&binary::ADD, [x.into(), (&y).into()], &[3])?;
//! assert_eq!(z.to_vec::<f64>(), Some(vec![11.0, 12.0, 13.0]));
//! # Ok::<(), array_api::Error>(())
//! ```
mod array;
pub mod binary;
mod by_size;
pub mod cast;
mod creation;
pub mod cumulative;
mod elementwise;
mod indexing;
mod kernel;
mod kind;
mod linalg;
mod linear_algebra;
mod manipulation;
pub mod map;
mod math;
pub mod matmul;
mod microkernel;
mod order;
mod pack;
mod pool;
pub mod position;
mod radix;
mod random;
pub mod reduce;
mod reduce_kernel;
mod searching;
mod set;
pub mod simd;
mod sorting;
mod stack;
mod statistical;
pub mod ternary;
mod tiles;
pub mod unary;

pub use array::{NdArray, NdElement};
pub use kernel::Op;
pub use kind::{FromNative, NDARRAY, namespace};
pub use pool::clear_pool;
