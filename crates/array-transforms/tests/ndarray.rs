//! Every row under every transformation, on arrays in memory.

mod suite;

fn namespace() -> array_api::Namespace {
    array_ndarray::namespace()
}
