//! Lazy arrays in chunks: larger than memory, planned before they are computed.
//!
//! A chunked array stands for an expression. Functions of the protocol give chunked arrays at once; nothing is computed before
//! somebody asks: [`compute`] for the values as one array, [`persist`] for the computed chunks, or `to_vec` and `item`, which
//! read. Chunks are themselves arrays of any data kind, so a chunked array of libtorch tensors computes on libtorch.
//!
//! ```
//! use array_api::{random, Value};
//! let xp = array_chunked::over(&array_ndarray::namespace()).with("chunks", Value::Int(100));
//! let x = xp.normal(&xp.key(7)?, [300, 200])?;
//! let centred = array_api::subtract(&x, array_api::mean(&x, 0)?)?;
//! let spread = array_api::std(&centred, 0)?; // still nothing is computed
//! assert_eq!(array_chunked::compute(&spread)?.shape()?, [200]);
//! # Ok::<(), array_api::Error>(())
//! ```
//!
//! | module | idea |
//! |---|---|
//! | `chunks` | how arrays are cut |
//! | `node` | expressions of whole arrays |
//! | `rules` | how each operation works on chunks |
//! | `plan` | from expressions to tasks |
//! | `tasks`, `program` | tasks as data, and how one runs by tiles |
//! | `execute` | running tasks on all cores, with few chunks alive |

mod array;
mod chunks;
mod compute;
mod draw;
mod execute;
mod kind;
mod node;
mod place;
mod plan;
mod program;
mod rechunk;
mod rules;
mod tasks;

pub use array::{ChunkedArray, chunks_of, from_array, from_fn, map_blocks};
pub use chunks::{AUTO_BYTES, AxisChunks, AxisSpec, ChunkSpec, Chunks};
pub use compute::{compute, compute_all, compute_chunk_sizes, persist, rechunk};
pub use draw::Settings;
pub use kind::{CHUNKED, over};
pub use rules::svd_compressed;
