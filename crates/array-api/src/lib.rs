//! The protocol.
mod dtype;
mod error;
pub mod random;
pub use dtype::{ALL as DTYPES, Category, DType, Element};
pub use error::{Error, ErrorKind, Result};
pub use num_complex::Complex;
