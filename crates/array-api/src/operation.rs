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
        self.check_arity(args)?;
        let mut params = params.boxed();
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
    let verdict = params.rule(args)?;
    let call = &mut Call { op: O::OP, params: &params, args, verdict: &verdict, namespace };
    O::Output::from_answer(O::OP, crate::dispatch::dispatch(call))
}

/// Defines an operation: its parameters' struct, public function, methods, descriptor and reader.
///
/// ```
/// use array_api::{operation, rule, multiply, add, Result, Array};
/// operation! {
///     /// `x1 + x1 * x2`: no kernel anywhere, a composition.
///     Outsider = outsider(x1: One, x2: One) {} -> Array;
///     "elementwise", Elementwise, rule::numeric, compose |_, call| add(&call[0], multiply(&call[0], &call[1])?),
///     methods (trait OutsiderMethods)
/// }
/// # fn main() {}
/// ```
///
/// The parts, in order: `Params = function(argument: Role, ...) { parameter: Type = default, ... } -> Output`, where
/// `Output` is `Array`, `List`, or a new struct with named results; the category; the [`Class`]; the rule
/// `fn(&'static Op, &mut Params, &mut [Operand]) -> Result<Verdict>`; optionally a composition
/// `|params, call| -> Result<Array>`; and where methods go: on `Array` and `Term` (nothing said, in the protocol's crate),
/// `methods (trait Name)` for an extension trait, `methods (namespace)` for creation.
#[macro_export]
macro_rules! operation {
    ($(#[doc = $doc:literal])* $Op:ident = $f:ident ($($a:ident: $role:ident),*)
     { $($(#[doc = $pdoc:literal])* $p:ident: $T:ty = $d:expr),* $(,)? } -> $Out:ident $({ $($r:ident),* $(,)? })?;
     $category:literal, $class:ident, $rule:expr $(, compose $compose:expr)? $(, methods $methods:tt)?) => {
        #[doc = concat!("Parameters of `", stringify!($f), "`, and the operation's type.")]
        #[derive(Clone, Debug, PartialEq)]
        pub struct $Op {
            $($(#[doc = $pdoc])* #[doc = concat!("Parameter `", stringify!($p), "`; `", stringify!($d), "` unless given.")] pub $p: $T),*
        }

        #[allow(clippy::derivable_impls)]
        impl Default for $Op {
            fn default() -> Self { $Op { $($p: $d),* } }
        }

        impl $Op {
            $(
                #[doc = concat!("Sets `", stringify!($p), "`.")]
                pub fn $p(mut self, $p: impl Into<$T>) -> Self { self.$p = $p.into(); self }
            )*
        }

        impl $crate::Params for $Op {
            fn write(&self) -> Vec<(&'static str, $crate::Value)> {
                vec![$((stringify!($p), $crate::Field::to_value(&self.$p))),*]
            }
            fn boxed(&self) -> Box<dyn $crate::Params> { Box::new(self.clone()) }
        }

        const _: () = {
            fn read(op: &'static $crate::Op, fields: &[(&str, $crate::Value)]) -> $crate::Result<Box<dyn $crate::Params>> {
                #[allow(unused_mut)]
                let mut params = $Op::default();
                for (name, value) in fields {
                    match *name {
                        $(stringify!($p) => params.$p = $crate::Field::from_value(value)
                            .map_err(|e| $crate::unreadable(op, name, e))?,)*
                        _ => { let _ = value; return Err($crate::unknown_parameter(op, name)) }
                    }
                }
                Ok(Box::new(params))
            }
            fn rule(params: &mut dyn $crate::Params, args: &mut [$crate::Operand<'_>]) -> $crate::Result<$crate::Verdict> {
                match (params as &mut dyn std::any::Any).downcast_mut::<$Op>() {
                    Some(params) => $crate::Operation::rule(params, args),
                    None => Err($crate::Error::value(stringify!($f), "the parameters are those of another operation")),
                }
            }
            static OP: $crate::Op = $crate::Op {
                name: $crate::op_name(stringify!($f)),
                category: $category,
                class: $crate::Class::$class,
                args: &[$((stringify!($a), $crate::Role::$role)),*],
                params: &[$((stringify!($p), stringify!($T), stringify!($d))),*],
                results: &[$($(stringify!($r)),*)?],
                doc: concat!($($doc, "\n"),*),
                compose: $crate::operation!(@compose $Op $($compose)?),
                rule,
                read,
                row: $crate::Row::new(),
            };
            $crate::__private::inventory::submit! { $crate::Submission(&OP) }
            impl $crate::Operation for $Op {
                type Output = $Out;
                const OP: &'static $crate::Op = &OP;
                const ROLES: &'static [$crate::Role] = &[$($crate::Role::$role),*];
                #[inline]
                fn rule(&mut self, args: &mut [$crate::Operand<'_>]) -> $crate::Result<$crate::Verdict> {
                    let rule: fn(&'static $crate::Op, &mut $Op, &mut [$crate::Operand<'_>]) -> $crate::Result<$crate::Verdict> = $rule;
                    rule(&OP, self, args)
                }
            }
        };

        $(
            #[doc = concat!("Results of `", stringify!($f), "`.")]
            #[derive(Clone, Debug)]
            pub struct $Out { $(#[doc = concat!("Result `", stringify!($r), "`.")] pub $r: $crate::Array),* }
            impl $crate::Results for $Out {
                fn from_outs(op: &'static $crate::Op, outs: $crate::Outs) -> $crate::Result<Self> {
                    match <[$crate::Array; [$(stringify!($r)),*].len()]>::try_from(outs.into_vec()) {
                        Ok([$($r),*]) => Ok($Out { $($r),* }),
                        Err(v) => Err($crate::wrong_count(op, [$(stringify!($r)),*].len(), v.len())),
                    }
                }
            }
        )?

        $crate::operation!(@front [$(#[doc = $doc])*] $Op $f [$($a $role)*] [$($p)*] $Out $($methods)?);
    };

    (@compose $Op:ident) => { None };
    (@compose $Op:ident $compose:expr) => {{
        fn compose(call: &mut $crate::Call<'_, '_>) -> $crate::Result<$crate::Outs> {
            // The parameters live as long as the call, not as this borrow of it.
            let params: &dyn std::any::Any = call.params;
            let Some(params) = params.downcast_ref::<$Op>() else { return Err(call.params::<$Op>().unwrap_err()) };
            let params = params.clone();
            $crate::composed::<$Op, _>(&params, call, $compose)
        }
        Some(compose)
    }};

    // Creation: a method of the namespace, never a free function, since there is no array to ask.
    (@front [$($doc:tt)*] $Op:ident $f:ident [$($a:ident $role:ident)*] [$($p:ident)+] $Out:ident (namespace)) => {
        impl $crate::Namespace {
            $($doc)*
            #[allow(clippy::needless_lifetimes, clippy::extra_unused_lifetimes, clippy::should_implement_trait)] // rows differ in their arguments
            pub fn $f<'a>(&self, $($a: impl $crate::IntoArg<'a, $crate::$role>,)* params: impl Into<$Op>) -> $crate::Result<$Out> {
                $crate::run::<$Op>(params.into(), &mut [$($a.into_operand()?),*], Some(self))
            }
        }
    };
    (@front [$($doc:tt)*] $Op:ident $f:ident [$($a:ident $role:ident)*] [] $Out:ident (namespace)) => {
        impl $crate::Namespace {
            $($doc)*
            #[allow(clippy::needless_lifetimes, clippy::extra_unused_lifetimes, clippy::should_implement_trait)] // rows differ in their arguments
            pub fn $f<'a>(&self, $($a: impl $crate::IntoArg<'a, $crate::$role>),*) -> $crate::Result<$Out> {
                $crate::run::<$Op>($Op {}, &mut [$($a.into_operand()?),*], Some(self))
            }
        }
    };
    // A list of arrays: no method, since none of them is first among equals.
    (@front [$($doc:tt)*] $Op:ident $f:ident [$a:ident Many] [$($p:ident)+] $Out:ident $($methods:tt)?) => {
        $($doc)*
        #[allow(clippy::needless_lifetimes, clippy::extra_unused_lifetimes, clippy::should_implement_trait)] // rows differ in their arguments
        pub fn $f<'a>($a: impl $crate::IntoArgs<'a>, params: impl Into<$Op>) -> $crate::Result<$Out> {
            let mut args = $crate::Args::new();
            $a.append_operands(&mut args);
            $crate::run::<$Op>(params.into(), &mut args, None)
        }
    };
    (@front [$($doc:tt)*] $Op:ident $f:ident [$a:ident Many] [] $Out:ident $($methods:tt)?) => {
        $($doc)*
        #[allow(clippy::needless_lifetimes, clippy::extra_unused_lifetimes, clippy::should_implement_trait)] // rows differ in their arguments
        pub fn $f<'a>($a: impl $crate::IntoArgs<'a>) -> $crate::Result<$Out> {
            let mut args = $crate::Args::new();
            $a.append_operands(&mut args);
            $crate::run::<$Op>($Op {}, &mut args, None)
        }
    };
    (@front [$($doc:tt)*] $Op:ident $f:ident [$x:ident One $($a:ident $role:ident)*] [] $Out:ident $($methods:tt)?) => {
        $($doc)*
        #[inline]
        #[allow(clippy::needless_lifetimes, clippy::extra_unused_lifetimes, clippy::should_implement_trait)] // rows differ in their arguments
        pub fn $f<'a>($x: impl $crate::IntoArg<'a, $crate::One> $(, $a: impl $crate::IntoArg<'a, $crate::$role>)*) -> $crate::Result<$Out> {
            $crate::run::<$Op>($Op {}, &mut [$x.into_operand()? $(, $a.into_operand()?)*], None)
        }
        $crate::operation!(@methods [$($doc)*] $f [$($a $role)*] [] $Out $($methods)?);
    };
    (@front [$($doc:tt)*] $Op:ident $f:ident [$x:ident One $($a:ident $role:ident)*] [$($p:ident)+] $Out:ident $($methods:tt)?) => {
        $($doc)*
        #[inline]
        #[allow(clippy::needless_lifetimes, clippy::extra_unused_lifetimes, clippy::should_implement_trait)] // rows differ in their arguments
        pub fn $f<'a>($x: impl $crate::IntoArg<'a, $crate::One> $(, $a: impl $crate::IntoArg<'a, $crate::$role>)*, params: impl Into<$Op>) -> $crate::Result<$Out> {
            $crate::run::<$Op>(params.into(), &mut [$x.into_operand()? $(, $a.into_operand()?)*], None)
        }
        $crate::operation!(@methods [$($doc)*] $f [$($a $role)*] [$Op] $Out $($methods)?);
    };

    (@methods [$($doc:tt)*] $f:ident [$($a:ident $role:ident)*] [$($Op:ident)?] $Out:ident) => {
        impl $crate::Array {
            $($doc)*
            #[inline]
            #[allow(clippy::needless_lifetimes, clippy::extra_unused_lifetimes, clippy::should_implement_trait)] // rows differ in their arguments
            pub fn $f<'a>(&'a self $(, $a: impl $crate::IntoArg<'a, $crate::$role>)* $(, params: impl Into<$Op>)?) -> $crate::Result<$Out> {
                $f(self $(, $a)* $(, Into::<$Op>::into(params))?)
            }
        }
        impl $crate::Term {
            $($doc)*
            #[inline]
            #[allow(clippy::needless_lifetimes, clippy::extra_unused_lifetimes, clippy::should_implement_trait)] // rows differ in their arguments
            pub fn $f<'a>(self $(, $a: impl $crate::IntoArg<'a, $crate::$role>)* $(, params: impl Into<$Op>)?) -> $crate::Result<$Out> {
                $f(self $(, $a)* $(, Into::<$Op>::into(params))?)
            }
        }
    };
    // Outside this crate there are no inherent methods on `Array`: an extension trait instead.
    (@methods [$($doc:tt)*] $f:ident [$($a:ident $role:ident)*] [$($Op:ident)?] $Out:ident (trait $Methods:ident)) => {
        #[doc = concat!("The method `", stringify!($f), "` of arrays.")]
        pub trait $Methods {
            $($doc)*
            #[allow(clippy::needless_lifetimes, clippy::extra_unused_lifetimes, clippy::should_implement_trait)] // rows differ in their arguments
            fn $f<'a>(&'a self $(, $a: impl $crate::IntoArg<'a, $crate::$role>)* $(, params: impl Into<$Op>)?) -> $crate::Result<$Out>;
        }
        impl $Methods for $crate::Array {
            #[allow(clippy::needless_lifetimes, clippy::extra_unused_lifetimes, clippy::should_implement_trait)] // rows differ in their arguments
            fn $f<'a>(&'a self $(, $a: impl $crate::IntoArg<'a, $crate::$role>)* $(, params: impl Into<$Op>)?) -> $crate::Result<$Out> {
                $f(self $(, $a)* $(, Into::<$Op>::into(params))?)
            }
        }
    };
    (@methods [$($doc:tt)*] $f:ident [$($a:ident $role:ident)*] [$($Op:ident)?] $Out:ident (none)) => {};

    // What is left is written wrongly.
    (@front [$($doc:tt)*] $Op:ident $f:ident $($rest:tt)*) => {
        compile_error!(concat!(
            "the arguments of `", stringify!($f), "` must each be `name: One` or `name: Maybe`, the first `One`, or a single \
             `name: Many`; without arguments it is creation: `methods (namespace)`"
        ));
    };
    (@methods [$($doc:tt)*] $f:ident $($rest:tt)*) => {
        compile_error!(concat!(
            "the methods of `", stringify!($f), "` are `methods (trait Name)`, `methods (namespace)` or `methods (none)`"
        ));
    };
    ($($row:tt)*) => {
        compile_error!(
            "an operation is `/// doc` `Params = function(argument: Role, ..) { parameter: Type = default, .. } -> Output; \
             \"category\", Class, rule`, then optionally `, compose closure` and `, methods (..)`"
        );
    };
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
