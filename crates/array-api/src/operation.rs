//! Operations as rows: one row is a public function, a method, a rule, a reader of parameters and a place in the registry.

use std::fmt;

use crate::array::Array;
use crate::call::{Answer, Call, Outs, Verdict};
use crate::error::{Error, Result};
use crate::namespace::Namespace;
use crate::operand::Operand;
use crate::registry::Row;
use crate::value::{Params, Value};

/// What an operation does to its arguments, for wrappers that serve whole classes at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Class {
    /// Element by element, with broadcasting.
    Elementwise,
    /// Fewer or shorter axes, along `axis`.
    Reduction,
    /// Same shape, along `axis`: cumulative sums, sorting.
    Scan,
    /// Products of matrices and tensors over the last axes.
    Contraction,
    /// The last two axes are matrices, all axes before are a batch.
    Matrix,
    /// Elements move but do not change.
    Movement,
    /// No array argument, or only its shape and type matter.
    Creation,
    /// Random numbers from a key.
    Random,
    /// Elements are chosen or set by position.
    Indexing,
    /// None of these.
    Other,
}

/// How an argument may be given.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Role {
    /// Exactly one array or scalar.
    One,
    /// An array or scalar that may be left out.
    Maybe,
    /// Any number of arrays; always the last argument.
    Many,
}

/// Reads an operation's parameters by name.
#[doc(hidden)]
pub type ReadParams = fn(&'static Op, &[(&str, Value)]) -> Result<Box<dyn Params>>;

/// The erased side of a row: a static that everything else refers to.
pub struct Op {
    /// The function's name, as in the standard.
    pub name: &'static str,
    /// The standard's category.
    pub category: &'static str,
    /// What it does to its arguments.
    pub class: Class,
    /// Names and roles of the arguments.
    pub args: &'static [(&'static str, Role)],
    /// Names, types and defaults of the parameters.
    pub params: &'static [(&'static str, &'static str, &'static str)],
    /// Names of the results, where there are several.
    pub results: &'static [&'static str],
    /// The documentation.
    pub doc: &'static str,
    /// The default composition, if the operation has one.
    pub compose: Option<fn(&mut Call<'_, '_>) -> Result<Outs>>,
    #[doc(hidden)]
    pub rule: fn(&mut dyn Params, &mut [Operand<'_>]) -> Result<Verdict>,
    #[doc(hidden)]
    pub read: ReadParams,
    #[doc(hidden)]
    pub row: Row,
}

impl Op {
    /// Reads parameters by name; what is not given has its default.
    ///
    /// # Errors
    /// For a name that the operation does not have, or a value of the wrong form.
    pub fn read(&'static self, fields: &[(&str, Value)]) -> Result<Box<dyn Params>> {
        (self.read)(self, fields)
    }

    /// Calls the operation with parameters as data: the same front door that the typed function uses.
    ///
    /// # Errors
    /// The front door's and the implementation's.
    pub fn apply(
        &'static self,
        params: &dyn Params,
        args: &mut [Operand<'_>],
        namespace: Option<&Namespace>,
    ) -> Result<Outs> {
        self.apply_owned(params.boxed(), args, namespace)
    }

    /// [`apply`](Op::apply) with parameters that are not needed afterwards, as [`read`](Op::read) gives them.
    ///
    /// # Errors
    /// The front door's and the implementation's.
    pub fn apply_owned(
        &'static self,
        mut params: Box<dyn Params>,
        args: &mut [Operand<'_>],
        namespace: Option<&Namespace>,
    ) -> Result<Outs> {
        self.check_arity(args)?;
        let verdict = (self.rule)(&mut *params, args)?;
        let call = &mut Call { op: self, params: &*params, args, verdict: &verdict, namespace };
        crate::dispatch::dispatch(call).outs(self)
    }

    fn check_arity(&self, args: &[Operand<'_>]) -> Result<()> {
        let many = matches!(self.args.last(), Some((_, Role::Many)));
        let fixed = self.args.len() - usize::from(many);
        if args.len() < fixed || (!many && args.len() > fixed) {
            let names: Vec<_> = self.args.iter().map(|(n, _)| *n).collect();
            let message = format!("takes the arguments ({}), {} were given", names.join(", "), args.len());
            return Err(Error::value(self.name, message));
        }
        for ((name, role), arg) in self.args.iter().zip(args) {
            if *role == Role::One && arg.is_absent() {
                return Err(Error::value(self.name, format!("the argument {name} is missing")));
            }
        }
        Ok(())
    }

    /// The operation of this name.
    ///
    /// # Errors
    /// If no crate that is linked defines it.
    pub fn named(name: &str) -> Result<&'static Op> {
        operations()
            .find(|op| op.name == name)
            .ok_or_else(|| Error::not_implemented(name, "no crate that is linked defines this operation"))
    }
}

impl PartialEq for Op {
    fn eq(&self, other: &Op) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Op {}

impl fmt::Debug for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Op({})", self.name)
    }
}

/// Every operation of the program, the standard's and third parties'.
pub fn operations() -> impl Iterator<Item = &'static Op> {
    inventory::iter::<Submission>.into_iter().map(|s| s.0)
}

/// What a row submits.
#[doc(hidden)]
pub struct Submission(pub &'static Op);
inventory::collect!(Submission);

/// The typed side of a row. The struct of the parameters *is* the operation's type.
pub trait Operation: Params + Sized {
    /// What the function returns: an array, a struct of named arrays, or a list.
    type Output: Results;
    /// The erased side.
    const OP: &'static Op;
    /// The arguments' roles, for what is checked while compiling.
    #[doc(hidden)]
    const ROLES: &'static [Role];

    /// The shape-and-dtype rule: checks the call, makes operands one type, normalises the parameters.
    ///
    /// # Errors
    /// Bad input, with a message that shows it.
    fn rule(&mut self, args: &mut [Operand<'_>]) -> Result<Verdict>;
}

/// What a function may return.
pub trait Results: Sized {
    /// From the results of a call.
    ///
    /// # Errors
    /// If an implementation gave another number of results.
    fn from_outs(op: &'static Op, outs: Outs) -> Result<Self>;

    /// From an answer.
    ///
    /// # Errors
    /// If the call failed.
    #[inline]
    fn from_answer(op: &'static Op, answer: Answer) -> Result<Self> {
        Self::from_outs(op, answer.outs(op)?)
    }
}

impl Results for Array {
    #[inline]
    fn from_answer(op: &'static Op, answer: Answer) -> Result<Array> {
        match answer {
            Answer::One(a) => Ok(a),
            other => Self::from_outs(op, other.outs(op)?),
        }
    }
    fn from_outs(op: &'static Op, outs: Outs) -> Result<Array> {
        match outs {
            Outs::One(a) => Ok(a),
            Outs::Many(v) => Err(wrong_count(op, 1, v.len())),
        }
    }
}

/// A list of results, such as one array per axis.
pub type List = Vec<Array>;

impl Results for List {
    fn from_outs(_: &'static Op, outs: Outs) -> Result<List> {
        Ok(outs.into_vec())
    }
}

/// Holds a kernel's parameters against the row while compiling.
#[doc(hidden)]
pub const fn check_signature(roles: &[Role], arrays: usize, list: bool) {
    let many = matches!(roles.last(), Some(Role::Many));
    assert!(!list || many, "the operation has no list argument: take arrays one by one, not `&[&T]`");
    assert!(list || !many, "the operation's last argument is a list: take it as `&[&T]`");
    assert!(arrays == roles.len(), "the function takes another number of arrays than the operation has arguments");
}

#[cold]
#[doc(hidden)]
pub fn wrong_count(op: &'static Op, want: usize, got: usize) -> Error {
    Error::backend(op.name, format!("the implementation gave {got} results where {want} were due"))
}

/// What every public function is, once its arguments are operands.
///
/// # Errors
/// The front door's and the implementation's.
#[inline]
pub fn run<O: Operation>(mut params: O, args: &mut [Operand<'_>], namespace: Option<&Namespace>) -> Result<O::Output> {
    // Used where it lies: moved out of the result, it would be read at once in wider words than it was written in.
    let ruled = params.rule(args);
    let verdict = match ruled {
        Ok(ref verdict) => verdict,
        Err(e) => return Err(e),
    };
    let call = &mut Call { op: O::OP, params: &params, args, verdict, namespace };
    O::Output::from_answer(O::OP, crate::dispatch::dispatch(call))
}

/// The standard's name of a function: `where` is a keyword in Rust, so its function is `where_`.
#[doc(hidden)]
pub const fn op_name(function: &'static str) -> &'static str {
    let bytes = function.as_bytes();
    if bytes[bytes.len() - 1] == b'_' { function.split_at(bytes.len() - 1).0 } else { function }
}

/// Gives a composition's closure its types.
#[doc(hidden)]
pub fn composed<P, R: Into<Outs>>(
    params: &P,
    call: &mut Call<'_, '_>,
    f: impl Fn(&P, &mut Call<'_, '_>) -> Result<R>,
) -> Result<Outs> {
    f(params, call).map(Into::into)
}

#[cold]
#[doc(hidden)]
pub fn unknown_parameter(op: &'static Op, name: &str) -> Error {
    let names: Vec<_> = op.params.iter().map(|(n, ..)| *n).collect();
    let known = if names.is_empty() { "it has none".to_string() } else { format!("it has {}", names.join(", ")) };
    Error::value(op.name, format!("there is no parameter {name}; {known}"))
}

#[cold]
#[doc(hidden)]
pub fn unreadable(op: &'static Op, name: &str, e: Error) -> Error {
    Error::value(op.name, format!("parameter {name}: {}", e.message()))
}
