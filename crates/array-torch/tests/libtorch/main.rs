//! libtorch as a backend: one program, since each that links libtorch and the arrays in memory takes a minute to build.

mod agreement;
mod conformance;
mod ensemble;
mod found;
mod precision;
mod random;
mod threads;
mod transforms;

fn namespace() -> array_api::Namespace {
    array_torch::namespace()
}

/// libtorch's devices here: cuda:0 too, where there is one. `cargo xtask test` names it as skipped where there is none.
fn devices() -> Vec<array_api::Namespace> {
    let gpu = if tch::Cuda::is_available() { vec!["torch:cuda:0".parse().unwrap()] } else { vec![] };
    [array_torch::namespace()].into_iter().chain(gpu).collect()
}
