//! Every row of the protocol under every transformation, on whatever backend's arrays the crate's `namespace()` makes.
//!
//! A backend that is to be differentiated includes this folder in a test of its own, by `#[path]`: the rows, the arguments, the
//! tolerances and the expected failures are the same for all.

mod gradients;
mod kit;
mod table;
mod vmap;
