//! Every row under every transformation, on libtorch's arrays: the tests, expected failures included, are those of the arrays
//! in memory.

#[path = "../../../array-transforms/tests/suite/mod.rs"]
mod suite;
