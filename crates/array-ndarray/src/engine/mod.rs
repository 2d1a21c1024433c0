//! The compute engine: loops over elements, reductions, products, sorting keys and buffers. It knows nothing of the
//! protocol's functions; the category files beside it register them.

pub(crate) mod argsort;
mod bidiagonal;
pub mod binary;
mod block;
pub(crate) mod by_size;
pub(crate) mod by_type;
pub mod cast;
pub(crate) mod chain;
pub(crate) mod cholesky;
mod conquer;
pub(crate) mod copy;
mod count;
mod count_kernel;
pub mod cumulative;
mod deviation_kernel;
pub(crate) mod dots;
pub(crate) mod eigen;
pub(crate) mod entry;
pub(crate) mod fold;
pub(crate) mod inner;
pub(crate) mod interleave;
mod join;
pub(crate) mod kernel;
#[cfg(test)]
mod levels;
pub(crate) mod lines;
pub(crate) mod lu;
pub mod map;
pub(crate) mod math;
pub mod matmul;
mod merge;
mod microkernel;
#[cfg(target_arch = "x86_64")]
mod network;
pub(crate) mod nonzero;
pub(crate) mod order;
pub(crate) mod pack;
pub(crate) mod pages;
#[allow(unreachable_pub)] // the macro of tables writes public ones
pub(crate) mod pairs;
pub(crate) mod places;
pub(crate) mod pool;
pub mod position;
mod position_kernel;
pub(crate) mod qr;
#[cfg(target_arch = "x86_64")]
mod quick;
pub(crate) mod radix;
mod rank_one;
pub mod reduce;
mod reduce_kernel;
pub(crate) mod repeat;
mod scan_kernel;
mod secular;
pub(crate) mod sequence;
pub(crate) mod share;
pub mod simd;
pub(crate) mod singular;
pub(crate) mod small;
pub(crate) mod stack;
mod standby;
mod stream;
pub(crate) mod systems;
pub mod ternary;
pub(crate) mod tiles;
pub(crate) mod total_kernel;
pub(crate) mod triangle;
pub(crate) mod triangular;
pub(crate) mod turn;
pub mod unary;
pub mod variance;
