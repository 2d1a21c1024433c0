//! Randomized-prior ensembles: honest uncertainty from many networks, each trained beside a fixed random function.
//!
//! Member `k` predicts `f_k(x) + s p_k(x)`: `f_k` is trained, `p_k` is drawn once and never trained, `s` is the prior scale
//! (Osband, Aslanides and Cassirer 2018). Members are written for one and trained as a stack, in groups, on any backend.
//!
//! What a combination of options means: the article's recipe (bootstrap, mean squared error, no penalty) is *not* a Bayes
//! posterior. In the linear-Gaussian case it is exactly one with [`Noise::Gaussian`] of the data's variance `s2`, a prior
//! network with weights from `N(m, lambda I)`, [`Reduction::Sum`] and [`Penalty::L2`] of `s2 / lambda`. A bootstrap in
//! place of the noise, or no penalty, is measurably something else.

mod checkpoint;
pub mod conformal;
mod elsewhere;
mod files;
mod fit;
mod member;
pub mod metrics;
mod model;
pub mod network;
pub mod optimizer;
mod options;
mod prediction;
mod prepared;
mod report;
mod scaling;
pub mod special;
mod store;
mod train;

pub use checkpoint::{Checkpoints, has_checkpoint};
pub use elsewhere::{TRAIN, train_all, train_piece};
pub use files::write_atomically;
pub use fit::{Fit, Observer, Snapshot};
pub use member::{Member, MemberData, MemberParams, PriorFunction, PriorParams};
pub use model::{Model, Parts};
pub use network::{Activation, BiasInitializer, Initializer};
pub use optimizer::Optimizer;
pub use options::{EarlyStopping, Head, Noise, Options, Penalty, Prior, Reduction, Solver};
pub use prediction::Prediction;
pub use report::{MemberReport, Status};
pub use scaling::Scaling;
pub use store::{Stored, load, save};
