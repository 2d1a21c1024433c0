//! Formulas given as text.

mod expression;
mod parse;
mod token;

pub use expression::Expression;
pub(crate) use token::{Token, Word, at, words};
