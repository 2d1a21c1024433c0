//! What ensembles promise on every backend, on that of the crate's `namespace()`.
//!
//! A backend includes this folder in a test of its own, by `#[path]`. That a member is the same bits in every grouping is no
//! part of it: that takes products whose order of additions does not depend on the batch, which libtorch's is free to.

mod heads;
mod linear_gaussian;
mod store;
mod training;
