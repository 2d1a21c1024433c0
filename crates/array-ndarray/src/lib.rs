//! Eager arrays in memory: the compute engine of the default backend.
//!
//! Shapes and data types are decided by the protocol before a function here runs, so the engine receives operands that
//! already fit each other. What it promises instead is about numbers:
//!
//! - an element of an elementwise result has the same bits wherever it sits and however the array is laid out;
//! - the order of a reduction depends only on the reduced length, and that of a product only on `(m, k, n)` and dtype;
//! - none of it depends on the number of threads.
//!
//! Which not-a-number comes of several is left open, as IEEE 754 leaves it.
//!
//! | module | what it computes |
//! |---|---|
//! | [`unary`], [`binary`], [`ternary`], [`cast`] | tables of elementwise operations, run by [`map::map`] |
//! | [`reduce`], [`cumulative`], [`position`] | reductions, running ones, and positions of extremes, over any axes |
//! | [`matmul`] | batched matrix products |
//!
//! These and what they share lie in `engine`; the protocol's functions are registered in files with the names of the
//! standard's categories. Unit tests are of the engine: what is registered is tested through the protocol, in `tests/`, so
//! that its many instances are compiled once.
//!
//! ```
//! use array_ndarray::{NdArray, binary, map::map};
//! let x = NdArray::from_vec(vec![1.0, 2.0, 3.0], &[3]);
//! let y = NdArray::from_vec(vec![10.0], &[1]);
//! let z = map(&binary::ADD, [x.into(), (&y).into()], &[3])?;
//! assert_eq!(z.to_vec::<f64>(), Some(vec![11.0, 12.0, 13.0]));
//! # Ok::<(), array_api::Error>(())
//! ```

// Without the registrations much of the engine is not called.
#![cfg_attr(test, allow(dead_code, unused_imports, unused_macros))]

#[cfg(not(test))]
mod along;
mod array;
#[cfg(not(test))]
mod creation;
#[cfg(not(test))]
mod elementwise;
mod engine;
#[cfg(not(test))]
mod fft;
#[cfg(not(test))]
mod fftn;
#[cfg(not(test))]
mod indexing;
mod kind;
#[cfg(not(test))]
mod linalg;
#[cfg(not(test))]
mod linear_algebra;
#[cfg(not(test))]
mod manipulation;
#[cfg(not(test))]
mod random;
#[cfg(not(test))]
mod searching;
#[cfg(not(test))]
mod set;
#[cfg(not(test))]
mod sorting;
#[cfg(not(test))]
mod spectral;
#[cfg(not(test))]
mod statistical;

pub use array::{NdArray, NdElement};
pub use engine::kernel::Op;
pub use engine::pages::prefer_large_pages;
pub use engine::pool::clear_pool;
pub use engine::{binary, cast, cumulative, map, matmul, position, reduce, simd, ternary, unary, variance};
pub use kind::{FromNative, NDARRAY, namespace};
