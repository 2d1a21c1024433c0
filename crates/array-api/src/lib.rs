//! The protocol: one set of array functions, and an open registry through which any array type answers to them.
//!
//! A call goes from the public function through its row's rule (shapes and types are checked there, once, for every
//! backend) to [`dispatch`](dispatch::dispatch), which finds the implementation of the outermost kind among the arguments.
//!
//! This crate holds no numbers: link a backend for that, or write one (see [`Native`] and
//! [`implements`]).

extern crate self as array_api;

mod array;
mod axes;
mod call;
mod chain;
#[doc(hidden)]
pub mod coefficients;
mod define;
mod dims;
pub mod dispatch;
mod dtype;
mod error;
mod host;
mod index;
mod key;
mod kind;
mod namespace;
mod node;
mod norm;
mod operand;
mod operation;
mod ops;
pub mod parallel;
mod persist;
pub mod print;
pub mod random;
mod registry;
pub mod rule;
mod scalar;
mod sparing;
mod term;
mod tree;
mod value;

pub use array::{Array, ArrayImpl, Native};
pub use array_api_macros::{Tree, implements};
pub use axes::{Axes, AxisCorrection, AxisDType, AxisOptions, axis, normalize_axis};
pub use call::{Answer, Call, Exit, Handled, IntoAnswer, IntoOuts, Meta, Other, Outs, Verdict, decline};
pub use chain::{Chain, Chained, Fold, Folding, Folds, Form, Link, Step, chain, fold};
pub use dims::{Dims, UNKNOWN};
pub use dispatch::{Explanation, coverage, explain};
pub use dtype::{ALL as DTYPES, Category, DType, Element};
pub use error::{Error, ErrorKind, Result};
pub use host::{Host, Nested};
pub use index::{Index, Indices};
pub use key::{KeyEntry, at_key, set_at_key};
pub use kind::{FromHost, Handler, Kind, KindId, Level, Persist};
pub use namespace::{Device, Namespace};
pub use norm::NormOrder;
pub use num_complex::Complex;
pub use operand::{Arg, Args, IntoArg, IntoArgs, Maybe, One, Operand};
pub use operation::{Class, List, Op, Operation, Results, Role, operations, run};
pub use ops::*;
pub use persist::persist;
pub use registry::{
    Closure, HandledFunctions, Implementation, Registration, Run, Source, handled_functions, kinds, register,
    register_override,
};
pub use scalar::{FromScalar, Scalar};
pub use sparing::{Sparing, kept_at_most, sparing};
pub use term::Term;
pub use tree::{Tree, TreePath};
pub use value::{Field, IntoField, Params, Value};

#[doc(hidden)]
pub use operation::{ReadParams, Submission, composed, op_name, unknown_parameter, unreadable, wrong_count};
#[doc(hidden)]
pub use registry::Row;

/// What the macros write; not part of the interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::call::{arg, borrow, gives_arg, gives_value, native, value};
    pub use crate::operation::check_signature;
    pub use crate::registry::Submitted;
    pub use inventory;
}
