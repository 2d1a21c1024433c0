//! Where pieces of work are done that are given away: `--scheduler` and `--pieces`, if the program is built with Dask's executor.

use std::path::PathBuf;

use array_api::parallel::Workers;

use crate::failure::{Outcome, fail};

/// The scheduler of a cluster, as the command line names it.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Such as `tcp://host:8786`.
    pub address: String,
    /// Into how many pieces work is split at least.
    pub pieces: usize,
    /// A folder that the program and the workers see, for what pieces gave.
    pub checkpoint: Option<PathBuf>,
}

/// What a program without the executor answers; `example` is the program that asks.
///
/// # Errors
/// Always, with how the executor is built in.
pub fn not_built_in(cluster: &Cluster, example: &str) -> Outcome<Box<dyn Workers>> {
    fail(format!(
        "--scheduler {}: Dask's executor is not built into this program; build it in with `cargo run --release --features \
         chunked --example {example}`",
        cluster.address
    ))
}

/// The workers of a [`Cluster`](crate::cluster::Cluster), by the executor that the calling example is built with.
///
/// A macro, because only the caller knows its features.
#[macro_export]
macro_rules! workers {
    ($cluster:expr) => {{
        let cluster: &$crate::cluster::Cluster = $cluster;
        #[cfg(feature = "chunked")]
        {
            let mut dask = array_protocol::chunked::Dask::at(&cluster.address).pieces(cluster.pieces).progress(true);
            if let Some(folder) = &cluster.checkpoint {
                dask = dask.checkpoint(folder);
            }
            $crate::failure::Outcome::<Box<dyn array_api::parallel::Workers>>::Ok(Box::new(dask))
        }
        #[cfg(not(feature = "chunked"))]
        {
            $crate::cluster::not_built_in(cluster, env!("CARGO_CRATE_NAME"))
        }
    }};
}
