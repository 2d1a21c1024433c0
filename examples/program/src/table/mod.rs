//! A person's own table: its cells as text with their line numbers, and every refusal named by file, line and value.

pub mod cell;
pub mod problem;
pub mod read;
