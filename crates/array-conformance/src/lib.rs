//! The conformance kit: every row of the protocol, tried on your kind of array, a test per row.
//!
//! A backend's author adds this crate to the `[dev-dependencies]` and writes one test file, `tests/conformance.rs`:
//!
//! ```
//! array_conformance::conformance!(array_ndarray::namespace(), expected = {
//!     // "svd": "the library has no complex decompositions",
//! });
//! # fn main() {}
//! ```
//!
//! `cargo test --test conformance` then runs one test per row, named after it: `cargo test --test conformance sort` runs
//! those of sorting. A kind that cannot be created from values in memory by its namespace says how its arrays are made:
//!
//! ```
//! array_conformance::conformance!(
//!     constructor = |host, dims| array_ndarray::namespace().from_host(host, dims),
//!     expected = {}
//! );
//! # fn main() {}
//! ```
//!
//! Several kinds in one file, or one kind with several options, get a module each: `conformance!(mod gpu, ...)`.
//!
//! A kind that exists only while something runs, such as a transformation, says how a function runs inside of it, and gives
//! back what can be read:
//!
//! ```
//! use array_api::{Array, Result};
//!
//! // Here inside of nothing; of a tape, for one: wrap `x`, call, and give the results' values.
//! fn plainly(x: &[Array], f: &dyn Fn(&[Array]) -> Result<Vec<Array>>) -> Result<Vec<Array>> {
//!     f(x)
//! }
//! array_conformance::conformance!(mod plain, array_ndarray::namespace(), through = plainly, expected = {});
//! # fn main() {}
//! ```
//!
//! # What is checked
//!
//! - Values against a scalar reference of the kit's own, in which a loop over indices does what the standard says. No
//!   backend is asked for what is right. Integers, truth values, shapes and data types must be equal; elementwise reals
//!   within 4 numbers of the type, complex ones normwise within 16 epsilons; sums within a few `n eps sum|terms|`;
//!   Fourier terms within `4 eps (1 + log2 n) sum|terms|`; decompositions by residuals, singular values and Hermitian
//!   eigenvalues against rotations of the kit's own. Random draws must be those of the laws in `array_api::random`.
//! - Every data type that the standard allows, and that all others are refused; every pair of types, promoted or refused.
//! - Signed zeros, infinities, not-a-number, the limits of integers, branch cuts, broadcasting, empty and 0-d arrays,
//!   plain numbers on either side.
//! - Each call four times: with arrays in row-major order and as permuted, reversed views of the kind itself; borrowed,
//!   which must leave them as they were, and donated.
//! - Bad input, which must give an error of the kind that the protocol lists.
//! - Every row on random calls (see [`any_call`]): results or an error, never a panic.
//!   `ANY_CALL_TIMES=20000 ANY_CALL_SEED=7 cargo test --test conformance any_call` looks for longer, with
//!   `ANY_CALL_ROW=sort` at one row.
//!
//! What the standard leaves open (overflow of integers, shifts by too many bits, the order of complex unique values) is
//! not checked. A failed test prints the operation, types, shapes, parameters, and the first element that is wrong.
//!
//! # Expected failures
//!
//! A row in `expected` must fail, for the reason that stands there: one that has come to pass fails the test until its
//! entry is removed. A name that is no row is a failure too.

mod activation;
mod agreement;
mod along_axis;
mod any_call;
mod closeness;
mod compare;
mod complex;
mod convolution;
mod counts;
mod creation;
mod determinants;
mod eigen;
mod einsum;
mod elementwise;
mod fft;
mod frequencies;
mod gamma_functions;
mod incomplete;
mod indexing;
mod inputs;
mod jacobi;
mod kit;
mod linalg;
mod line;
mod linear_algebra;
mod manipulation;
mod matrix;
mod norms;
mod order_statistics;
mod padding;
mod products;
mod random;
mod real;
mod reference;
mod rows;
mod searching;
mod selection;
mod spectral;
mod statistical;
mod utility;
mod variates;

pub use agreement::agreement;
pub use any_call::{any_call, asked};
#[doc(hidden)]
pub use array_api as __array_api;
pub use compare::{Close, Want};
pub use kit::{Fields, Given, Kit, Make, Through};
pub use reference::Reference;
pub use rows::{held, known, names, run};

/// What a row must pass.
type Check = fn(&mut Kit);
