//! Counter-based random numbers: the portable reference that every backend must reproduce.
//!
//! A number is a pure function of a key and a position, so the same key gives the same numbers on every
//! backend, in every chunking and with every thread count, and nothing is ever advanced.
//!
//! | file | idea |
//! |---|---|
//! | `philox` | the Philox4x32-10 block function |
//! | `keys` | [`Key`]: seeds, children, folded-in data, and which counters belong to what |
//! | `portable` | logarithm and sine of fixed bits: only operations that IEEE 754 rounds exactly |
//! | `draw` | [`Draw`]: element `i` under a key, and the blocked fill with the same bits |
//! | `blocks` | distributions that use a fixed share of one block |
//! | `discrete`, `gamma` | distributions that reject and try again, element by element |
//! | `host` | draws in the host's memory, for kinds without kernels of their own |
//!
//! ```
//! use array_api::random::{Draw, Key, Normal};
//! let key = Key::new(7).child(3);
//! let mut whole = [0.0_f64; 100];
//! Normal.fill(key, 0, &mut whole);
//! let mut part = [0.0_f64; 10];
//! Normal.fill(key, 40, &mut part);
//! assert_eq!(part, whole[40..50]);
//! let single: f64 = Normal.element(key, 41);
//! assert_eq!(single, whole[41]);
//! ```
mod blocks;
mod discrete;
mod draw;
mod gamma;
pub(crate) mod host;
mod keys;
mod philox;
mod portable;
#[cfg(test)]
mod tests;

pub use blocks::{Bits, Exponential, Normal, Uniform};
pub use discrete::{Integers, Poisson};
pub use draw::Draw;
pub use gamma::Gamma;
pub use host::part;
pub use keys::{Domain, Key};
pub use philox::philox4x32;
