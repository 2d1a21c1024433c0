//! Which arrays compute. Nothing else in the program knows.

use array_api::Namespace;

use crate::failure::{Outcome, fail};

/// Backends by the cargo feature that builds them in.
const FEATURES: [&str; 3] = ["ndarray", "torch", "chunked"];

/// The backend of this name, such as `ndarray` or `torch:cuda:0`.
pub(crate) fn backend(name: &str) -> Outcome<Namespace> {
    // A crate that is never named is not linked, and then its registrations are not there.
    #[cfg(feature = "ndarray")]
    let _ = array_protocol::ndarray();
    #[cfg(feature = "torch")]
    let _ = array_protocol::torch();
    let kind = name.split(':').next().unwrap_or(name);
    match name.parse::<Namespace>() {
        Ok(namespace) => Ok(namespace),
        Err(e) if e.kind() != array_api::ErrorKind::NotImplemented => {
            fail(format!("--backend {name}: {}", e.message()))
        }
        Err(_) if FEATURES.contains(&kind) => fail(format!(
            "backend `{kind}` is not built into this program; build it in with \
             `cargo run --release --features {kind} --example ensemble`"
        )),
        Err(_) => fail(format!("there is no backend `{kind}`; backends are {}", FEATURES.join(", "))),
    }
}
