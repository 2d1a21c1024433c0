//! How each transformation serves an operation, for tables of coverage.

use array_api::{Class, Op};
use std::fmt;

use crate::{batch, derivative};

/// How a transformation serves an operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Served {
    /// By a rule of its own, or that of its class.
    Rule,
    /// Through the operation's composition.
    Composition,
    /// Not at all.
    Missing,
    /// There is nothing to do: the operation reads no array that could be transformed.
    Nothing,
}

impl fmt::Display for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Served::Rule => "rule",
            Served::Composition => "composition",
            Served::Missing => "missing",
            Served::Nothing => "",
        })
    }
}

fn served(op: &'static Op, rule: bool) -> Served {
    match (rule, op.compose) {
        _ if op.args.is_empty() => Served::Nothing,
        (true, _) => Served::Rule,
        (false, Some(_)) => Served::Composition,
        (false, None) => Served::Missing,
    }
}

/// How derivatives pass through an operation. Random numbers and positions have none.
///
/// ```
/// use array_api::Op;
/// use array_transforms::coverage::{Served, differentiated};
/// # let _ = array_ndarray::namespace();
/// assert_eq!(differentiated(Op::named("exp")?), Served::Rule);
/// assert_eq!(differentiated(Op::named("argmax")?), Served::Missing);
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn differentiated(op: &'static Op) -> Served {
    match op.class {
        Class::Random => Served::Nothing,
        _ => served(op, derivative::rule(op).is_some()),
    }
}

/// How `vmap` passes through an operation.
pub fn vectorised(op: &'static Op) -> Served {
    served(op, batch::has_rule(op))
}
