//! One set of array functions, and an open registry through which any array type answers to them.
//!
//! Everything of the protocol ([`array_api`]) is here, with the backends that the cargo features choose.
//!
//! An algorithm is a plain function from [`Array`] to [`Array`]. It runs on any kind of array, and inside any
//! transformation:
//!
//! ```
//! use array_protocol::prelude::*;
//!
//! /// Columns with mean 0 and standard deviation 1.
//! fn standardize(x: &Array) -> Result<Array> {
//!     let mean = x.mean(0)?;
//!     let sd = x.std(axis(0).correction(1.0))?;
//!     ((x - mean) / sd).ok()
//! }
//!
//! # fn main() -> Result<()> {
//! let xp = array_protocol::ndarray();
//! let x = xp.asarray([[1.0, 10.0], [3.0, 30.0]])?;
//! let z = standardize(&x)?;
//! assert!((z.to_vec::<f64>()?[3] - 0.5_f64.sqrt()).abs() < 1e-15);
//!
//! // The same function, differentiated.
//! let gradient = grad(|x: &Array| standardize(x)?.square()?.sum(..))(&x)?;
//! assert!(gradient.to_vec::<f64>()?.iter().all(|g| g.abs() < 1e-12)); // the sum of squares is constant
//! # Ok(())
//! # }
//! ```
//!
//! A new kind of array joins from any crate: it says what it is, and registers the functions that it knows better.
//!
//! ```
//! use array_protocol::prelude::*;
//! use std::sync::Arc;
//!
//! /// A square matrix that stores its diagonal only.
//! #[derive(Clone, Debug)]
//! struct Diagonal(Arc<[f64]>);
//!
//! static DIAGONAL: Kind = Kind::new("diagonal");
//!
//! impl ArrayImpl for Diagonal {
//!     fn kind(&self) -> &'static Kind { &DIAGONAL }
//!     fn dims(&self) -> Dims { Dims::from([self.0.len(); 2]) }
//!     fn dtype(&self) -> DType { DType::Float64 }
//! }
//!
//! impl Native for Diagonal {
//!     const KIND: &'static Kind = &DIAGONAL;
//! }
//!
//! #[implements(matmul)]
//! fn product(x: &Diagonal, y: &Diagonal) -> Result<Diagonal> {
//!     Ok(Diagonal(x.0.iter().zip(&*y.0).map(|(a, b)| a * b).collect()))
//! }
//!
//! /// Over all axes it is the sum of the diagonal; over one axis this function declines.
//! #[implements(sum)]
//! fn total(x: &Diagonal, p: &Sum) -> Result<Array, Exit> {
//!     if p.axis != Axes::All || p.keepdims {
//!         return decline("only the sum over all axes is known");
//!     }
//!     Ok(array_protocol::ndarray().asarray(x.0.iter().sum::<f64>())?)
//! }
//!
//! # fn main() -> Result<()> {
//! let x = Array::new(Diagonal(Arc::new([1.0, 2.0, 3.0])));
//! assert_eq!(x.matmul(&x)?.sum(..)?.item::<f64>()?, 14.0);
//!
//! // What it does not know is refused by name, never densified behind the user's back.
//! assert!(x.exp().unwrap_err().to_string().contains("#[implements(exp)]"));
//! # Ok(())
//! # }
//! ```

pub use array_api::*;
#[cfg(feature = "chunked")]
pub use array_chunked as chunked;
#[cfg(feature = "ndarray")]
pub use array_ndarray as ndarray;
#[cfg(feature = "torch")]
pub use array_torch as torch;
pub use array_transforms as transforms;
pub use ensemble;
pub use mle;

/// The namespace of arrays in memory: `ndarray().zeros([2, 3])`, `ndarray().asarray([1.0, 2.0])`.
///
/// Calling it links the backend, so that the string `"ndarray"` names it too.
#[cfg(feature = "ndarray")]
pub fn ndarray() -> Namespace {
    array_ndarray::namespace()
}

/// The namespace of libtorch's arrays on the CPU; `"torch:cuda:0".parse()` gives that of a GPU.
///
/// Calling it links the backend, so that the string `"torch"` names it too.
#[cfg(feature = "torch")]
pub fn torch() -> Namespace {
    array_torch::namespace()
}

/// The namespace of lazy arrays in chunks of another namespace's arrays: `chunked_over(&ndarray()).zeros([2, 3])`.
///
/// Calling it links the kind, so that the string `"chunked"` names it too, with chunks in memory.
#[cfg(feature = "chunked")]
pub fn chunked_over(chunks: &Namespace) -> Namespace {
    array_chunked::over(chunks)
}

/// Everything that code with arrays uses: the protocol's functions and types, and the transformations.
pub mod prelude {
    #[doc(no_inline)]
    pub use array_api::*;
    #[doc(no_inline)]
    pub use array_transforms::{grad, hessian, jvp, value_and_grad, vjp, vmap};
}

/// The README's examples run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(feature = "ndarray")]
#[doc = include_str!("../docs/examples.md")]
pub mod examples {}
