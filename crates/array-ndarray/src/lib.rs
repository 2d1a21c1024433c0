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
//! These and what they share lie in `engine`; the protocol's functions are registered in files with the names of the
//! standard's categories.
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
mod creation;
mod elementwise;
mod engine;
mod fft;
mod indexing;
mod kind;
mod linalg;
mod linear_algebra;
mod manipulation;
mod random;
mod searching;
mod set;
mod sorting;
mod spectral;
mod statistical;

pub use array::{NdArray, NdElement};
pub use engine::kernel::Op;
pub use engine::pool::clear_pool;
pub use engine::{binary, cast, cumulative, map, matmul, position, reduce, simd, ternary, unary};
pub use kind::{FromNative, NDARRAY, namespace};
