//! The order of a norm: a number or one of the standard's words.

use std::fmt;

use crate::error::{Error, Result};
use crate::value::{Field, IntoField, Value};

/// The order of [`matrix_norm`](crate::matrix_norm) and [`vector_norm`](crate::vector_norm): a number, infinities
/// included, or a word (`"fro"`, `"nuc"`). Which of them a norm has is checked where it is called.
///
/// ```
/// use array_api::{MatrixNorm, NormOrder, VectorNorm};
/// assert_eq!(MatrixNorm::from("nuc").ord, NormOrder::Word("nuc".into()));
/// assert_eq!(VectorNorm::default().ord(f64::INFINITY).ord, NormOrder::Number(f64::INFINITY));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum NormOrder {
    /// The order as a number.
    Number(f64),
    /// The norm's name.
    Word(String),
}

impl fmt::Display for NormOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NormOrder::Number(x) => write!(f, "{x}"),
            NormOrder::Word(w) => write!(f, "{w:?}"),
        }
    }
}

impl Field for NormOrder {
    fn to_value(&self) -> Value {
        match self {
            NormOrder::Number(x) => Value::Float(*x),
            NormOrder::Word(w) => Value::Text(w.clone()),
        }
    }
    fn from_value(v: &Value) -> Result<Self> {
        match v {
            Value::Float(x) => Ok(NormOrder::Number(*x)),
            Value::Int(i) => Ok(NormOrder::Number(*i as f64)),
            Value::Text(w) => Ok(NormOrder::Word(w.clone())),
            v => Err(Error::value("parameter", format!("{v} is not a norm's order: a number or a word"))),
        }
    }
}

macro_rules! spelled {
    ($($given:ty: $x:ident => $order:expr;)*) => { $(
        impl From<$given> for NormOrder {
            fn from($x: $given) -> NormOrder { $order }
        }
        impl IntoField<NormOrder> for $given {
            fn into_field(self) -> NormOrder { self.into() }
        }
    )* };
}

spelled! {
    f64: x => NormOrder::Number(x);
    i32: i => NormOrder::Number(i.into());
    isize: i => NormOrder::Number(i as f64);
    &str: w => NormOrder::Word(w.to_string());
    String: w => NormOrder::Word(w);
}
