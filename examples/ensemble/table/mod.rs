//! A person's own table: reading it, turning it into numbers, and writing predictions beside it.
//!
//! [`Table`](program::table::read::Table) holds the cells as text with their line numbers; an [`Encoding`](encoding::Encoding), fitted
//! on the training rows and kept with the model, turns them into features; every refusal is a
//! [`TableError`](error::TableError) that names the file, the line, the column and the value.

pub(crate) mod encoding;
pub(crate) mod error;
pub(crate) mod fit;
pub(crate) mod predictions;
#[cfg(test)]
mod tests;
