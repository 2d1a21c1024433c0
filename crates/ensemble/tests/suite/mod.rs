//! What ensembles promise on every backend, on that of the crate's `namespace()`.
//!
//! A backend includes this folder in a test of its own, by `#[path]`.

mod heads;
mod linear_gaussian;
mod store;
mod training;
