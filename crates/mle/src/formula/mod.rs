//! Formulas given as text.

mod expression;
mod parse;
mod token;

pub use expression::Expression;
