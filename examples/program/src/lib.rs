//! What the example programs share: they fail with one line and exit code 2, read tables, draw figures, and write files
//! that appear whole or not at all. Nothing here names an array type.

pub mod backend;
pub mod canvas;
mod clip;
pub mod cluster;
pub mod color;
pub mod draw;
pub mod failure;
pub mod files;
pub mod output;
pub mod plot;
pub mod progress;
pub mod report;
pub mod scale;
#[cfg(test)]
mod scratch;
pub mod table;
pub mod trial;
