//! What ensembles promise on every backend, on arrays in memory. What only these promise is in `equality.rs`.

mod suite;

fn namespace() -> array_api::Namespace {
    array_ndarray::namespace()
}
