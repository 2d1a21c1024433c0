//! What somebody who has only the protocol's crate can add to it.
//!
//! | file | adds |
//! |---|---|
//! | [`diagonal`] | a data kind of a handful of functions, with creation |
//! | [`sparse`] | a data kind that multiplies with any other kind, on either side |
//! | [`length`] | a wrapper kind of one handler: arrays with a unit |
//! | [`root_mean_square`] | an operation, with a composition and no kernel anywhere |

pub mod diagonal;
pub mod length;
pub mod root_mean_square;
pub mod sparse;
