//! Networks: written for one member, vectorised over many by `vmap`.

mod activation;
mod initializer;
mod mlp;

pub use activation::Activation;
pub use initializer::{BiasInitializer, Initializer};
pub use mlp::{Linear, Mlp, MlpParams};
