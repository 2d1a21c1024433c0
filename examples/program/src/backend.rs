//! Which arrays compute. Nothing else in a program knows.

use array_api::Namespace;

use crate::failure::{Outcome, fail};

/// Backends by the cargo feature that builds them in.
const FEATURES: [&str; 3] = ["ndarray", "torch", "chunked"];

/// The backend of this name, such as `ndarray` or `torch:cuda:0`; `example` is the program that asks.
///
/// Backends have to be linked by the program: the macro [`backend!`](crate::backend!) does.
///
/// # Errors
/// If there is no such backend or device, or it was not built in.
pub fn named(name: &str, example: &str) -> Outcome<Namespace> {
    let kind = name.split(':').next().unwrap_or(name);
    // A device that is not there is noticed by the first array on it, which is better made now than after hours.
    match name.parse::<Namespace>().and_then(|xp| xp.zeros([1]).map(|_| xp)) {
        Ok(namespace) => Ok(namespace),
        Err(e) if e.kind() != array_api::ErrorKind::NotImplemented => {
            fail(format!("--backend {name}: {}", e.message()))
        }
        Err(_) if FEATURES.contains(&kind) => fail(format!(
            "backend `{kind}` is not built into this program; build it in with \
             `cargo run --release --features {kind} --example {example}`"
        )),
        Err(_) => fail(format!("there is no backend `{kind}`; backends are {}", FEATURES.join(", "))),
    }
}

/// The backend that `--backend` names, of those that the calling example is built with.
///
/// A macro, because a crate that is never named is not linked, and then its registrations are not there; and only the
/// caller knows its features.
#[macro_export]
macro_rules! backend {
    ($name:expr) => {{
        #[cfg(feature = "ndarray")]
        let _ = array_protocol::ndarray();
        #[cfg(feature = "torch")]
        let _ = array_protocol::torch();
        #[cfg(all(feature = "chunked", feature = "ndarray"))]
        let _ = array_protocol::chunked_over(&array_protocol::ndarray());
        $crate::backend::named($name, env!("CARGO_CRATE_NAME"))
    }};
}
