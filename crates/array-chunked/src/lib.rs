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
//! | `overlap` | functions of chunks and their neighbours |
//! | `plan` | from expressions to tasks |
//! | `tasks`, `program` | tasks as data, and how one runs by tiles |
//! | `push` | slices move towards the data |
//! | `fuse` | chains of elementwise operations as one |
//! | `schedule`, `execute`, `perform` | running tasks on all cores, with few chunks alive |
//! | `job`, `portable` | plans for other executors, and as JSON for other processes |
//! | `groups`, `describe` | tasks by the handful, each as bytes, for engines that run them elsewhere |
//! | `dask` | plans on a Dask cluster |
//! | `explain`, `draw_graph` | a plan as text and as a picture |
//! | `ledger` | the chunks that are alive, and those that wait on disk |
//! | `storage` | arrays in files: sources, and stores that are whole or not there |

mod allocator;
mod array;
mod chunk_spec;
mod chunks;
mod cluster;
mod compute;
mod dask;
mod describe;
mod draw;
mod draw_graph;
mod execute;
mod explain;
mod folder;
mod fuse;
mod groups;
mod job;
mod kind;
mod ledger;
mod local;
mod node;
mod overlap;
mod perform;
mod place;
mod plan;
mod portable;
mod program;
mod push;
mod readers;
mod rechunk;
mod rechunk_steps;
mod reducer;
mod rules;
mod schedule;
mod storage;
mod tasks;
mod trace;

pub use array::{
    ChunkedArray, chunks_of, computes_exports, computes_sizes, cut_by, from_array, from_array_in, from_fn, identity,
    map_blocks, with_callable,
};
pub use chunk_spec::{AUTO_BYTES, AxisSpec, ChunkSpec};
pub use chunks::{AxisChunks, Chunks};
pub use cluster::Cluster;
pub use compute::{compute, compute_all, compute_chunk_sizes, join_chunks, persist, persist_all, plan_size, rechunk};
pub use dask::Dask;
pub use describe::Task;
pub use draw::Settings;
pub use explain::{Explained, explain, visualize};
pub use groups::{Group, GroupWork, Groups};
pub use job::{Executor, Job};
pub use kind::{CHUNKED, OPTIONS, over};
pub use local::{Estimate, Local};
pub use node::Callable;
pub use overlap::{Boundary, Overlap, map_overlap};
pub use place::{Caller, Line, told_by};
pub use rules::{served, svd_compressed};
pub use storage::{
    Address, Format, Npy, Source, Store, Storing, Writer, finish_region, from_npy, from_source, store, write_chunk,
};
#[cfg(feature = "parquet")]
pub use storage::{Columns, Parquet, ParquetFormat, from_parquet};
#[cfg(feature = "zarr")]
pub use storage::{Zarr, ZarrFormat, from_zarr};
